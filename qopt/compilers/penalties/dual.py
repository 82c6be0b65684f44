"""Weights by duality: what breaks a rule is lifted above an incumbent, not above the range of the objective.

Let F be the objective energy over bits, P_j = P(g_j) the rules over whole forms g_j (k**2, k (k - 1) / 2 or abs(k) at
g_j = k), and mu any multipliers. With L(b) = l(b) + sum mu_j g_j(b), where l is a linear function below F, let
theta_j(k) be a lower bound of L on all bit strings with g_j = k (``compilers/bounds.py``). The energy is

    E = F + sum over squares of mu_j g_j + sum w_j P_j .

* A square is kept only at g = 0, so its mu_j g_j is emitted and vanishes on everything kept.
* A window is kept at 0 and 1. Its multiplier is not emitted but lent: w_j >= abs(mu_j) makes
  ``w_j P_j >= mu_j g_j - m_j`` for all whole g_j, with m_j = max(0, mu_j). A line over abs(k) lends without loss.
* So with M = sum m_j everything has E >= L - M, and a string that breaks rule j with g_j = k has
  ``E >= theta_j(k) - M + m_j - s_j k + w_j P(k)``, where s_j = mu_j for a lent multiplier and 0 for an emitted one.

Weights that make this at least T = U + allowance + margin for every k that breaks the rule are enough: on everything
kept E is F, everything else is at or above T. They grow with the gap between the incumbent U and the relaxation, not
with the range of the objective (augmented Lagrangian duality for integer programs: Feizollahi, Ahmed and Sun, 2017,
doi 10.1007/s10107-016-1012-8). Rules of other shapes are at least 1 where broken and get w >= T - (min L - M).

Two things make the bound of a quadratic objective better and the weights smaller. F may be stood in for by another
polynomial that equals it on everything kept (``raised.py``); this is done where the coefficients become shorter. And
squares whose forms add up to nothing are never broken alone (``identities.py``): with one weight w for all of them
those broken add up to at least w (k**2 + abs(k)).

The limits: pairs above ``bounds.MOST_PRODUCTS`` are bounded one by one, rows above ``bounds.MOST_ENTRIES`` get good
rather than best multipliers, numbers too large to be exact are left to the range rule.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from qopt.compilers.bounds import (
    MOST_PRODUCTS,
    MOST_SECONDS,
    Prices,
    climbs,
    plain_shares,
    reduced,
    relaxed,
    shares_in_units,
    unit_for,
)
from qopt.compilers.bounds_floor import Shape, floors
from qopt.compilers.ceiling import Ceiling, ceiling
from qopt.compilers.identities import identities
from qopt.compilers.lowered import Evidence, Guarantee, Lowered, Penalties, Rules
from qopt.compilers.passes.exact import common_scale, simplest
from qopt.compilers.penalties.range import NOISE
from qopt.compilers.penalties.range import PLUGIN as RANGE
from qopt.compilers.raised import Raised, uses_of
from qopt.compilers.size import coefficients, largest_of, precision_bits, weighed
from qopt.core.arrays import Floats, Ints
from qopt.core.errors import CompileError
from qopt.core.polynomial import Polynomial

MOST_MEASURED = 300_000
"""Pairs of rules up to which several grids are tried and the one with the smallest coefficients is taken."""
MOST_RAISED = 2_000
"""Pairs of the objective up to which it is raised on several grids."""
_FINEST_DECIMAL = 10**6


@dataclass(frozen=True)
class Dual:
    """Weights by the gap between an incumbent and the relaxation.

    Parameters
    ----------
    scale
        Operating point: factor on the proven weights, > 0; below 1 nothing is proven any more.
    seconds
        For each linear relaxation, > 0: where that is too little a subgradient ascent takes its place.
    """

    scale: float = 1.0
    seconds: float = MOST_SECONDS
    tightens: ClassVar[bool] = True
    """An incumbent is looked for, and columns and rows are cut by it, before this rule weighs."""

    def weigh(self, lowered: Lowered, *, guarantee: str, incumbent: float | None = None) -> Penalties:
        """Weights and multipliers; without an incumbent, and for *total*, what everything feasible is at most takes its
        place. Those of the range rule for *none*, and where numbers or relaxations are too large.

        Raises
        ------
        CompileError
            An incumbent below every possible energy, or a scale that is not positive.
        """
        goal = Guarantee.of(guarantee)
        if not self.scale > 0:
            raise CompileError(f"penalty scale must be above 0, got {self.scale!r}")
        ranged = replace(RANGE, scale=self.scale).weigh
        objective, rules = lowered.objective, lowered.rules
        margin, unit, steps = grids(objective)
        above: Ceiling | None = None
        proven = guarantee
        if goal.level != "none" and (goal.level == "total" or incumbent is None):
            goal, proven = Guarantee("total"), "total"
            above = ceiling(lowered, shapes(rules), min(unit, *steps), steps[0])
            incumbent = above.value
        if goal.level == "none" or incumbent is None:
            return ranged(lowered, guarantee=guarantee)
        large = rules.forms.couplings().sum() > MOST_MEASURED or len(objective.value) > MOST_PRODUCTS
        steps = steps[:1] if large else steps
        # Whoever asks for all answers in order of a large problem does not wait for relaxations.
        quick = large and Guarantee.of(guarantee).level == "total"
        sums = identities(rules.forms, rules.forms.alpha == 1)
        found = [
            made
            for step, prices, raised in _bounds(lowered, steps, self.seconds, quick=quick)
            if (made := _weigh(lowered, prices, raised, sums, goal, incumbent, margin, min(unit, step), step))
        ]
        if not found:
            return ranged(lowered, guarantee=guarantee, incumbent=None if above else incumbent)
        best = min(found, key=lambda p: _size(lowered, p)) if len(found) > 1 else found[0]
        return replace(
            best,
            weights=best.weights * self.scale,
            guarantee=proven if self.scale >= 1 else "none",
            proof={**best.proof, "scale": self.scale},
            evidence=best.evidence and replace(best.evidence, ceiling=above),
        )


def grids(objective: Polynomial) -> tuple[float, float, tuple[float, ...]]:
    """The margin above the answers, the unit of exact bounds, and the grids that weights may lie on, all energies.

    Whole objectives differ by 1. Decimals differ by their last digit; others get 2**-20 of the range and a little for
    the constant. Grids are the common divisor of whole coefficients, which costs a weight little and keeps it common,
    and powers of two, so that weights times whole numbers stay exact floats.
    """
    if objective.integral:
        divisor = float(np.gcd.reduce(coefficients(objective).astype(np.int64), initial=0))
        return 1.0, 1.0, (divisor, 1.0, 0.5, 0.25) if divisor > 1 else (1.0, 0.5, 0.25)
    values = np.unique(np.abs(coefficients(objective)))
    scale = common_scale(simplest(float(v)) for v in values) if len(values) <= 4096 else None
    span = float(values.sum())
    rough = span * 2.0**-20 + abs(objective.offset) * NOISE
    margin = 1.0 / scale if scale is not None and scale <= _FINEST_DECIMAL else rough
    step = 2.0 ** np.floor(np.log2(margin))
    return margin, float(step) * 2.0**-12, (float(step), float(step) / 4)


def shapes(rules: Rules) -> np.ndarray:
    """The shape of every form."""
    alpha = rules.forms.alpha
    return np.where(alpha == 1, Shape.SQUARE, np.where(alpha == 0, Shape.LINEAR, Shape.WINDOW)).astype(np.int8)


def _relaxed(objective: Polynomial, rules: Rules, seconds: float, most_products: int = MOST_PRODUCTS) -> Prices | None:
    """The relaxation with every form between its kept values."""
    kept, forms = (shapes(rules) == Shape.WINDOW).astype(np.float64), rules.forms
    lower, upper = -forms.constant, kept - forms.constant
    return relaxed(objective, forms.matrix, lower, upper, most_products=most_products, seconds=seconds)


def _none(objective: Polynomial, rules: Rules) -> Prices:
    """No multipliers: every term of the objective bounded by itself."""
    return Prices(np.zeros(len(rules.forms)), plain_shares(objective), np.zeros(objective.n), np.nan)


def _bounds(
    lowered: Lowered, steps: tuple[float, ...], seconds: float, *, quick: bool
) -> Iterator[tuple[float, Prices, Raised | None]]:
    """What may be bounded: on every grid the objective as it is, and raised where that can be; quick: as it is."""
    objective, rules = lowered.objective, lowered.rules
    if quick:
        yield steps[0], _none(objective, rules), None
        return
    plain = lowered.prices or _relaxed(objective, rules, seconds) or _none(objective, rules)
    uses = uses_of(objective, rules.forms)
    for step in steps:
        yield step, plain, None
        if uses is None or (step != steps[0] and len(objective.value) > MOST_RAISED):
            continue
        raised = uses.ascend(objective, step)
        if raised is not None:
            made = raised.objective
            # Pairs that cost something are best left alone: what they force was moved to the bits.
            most = MOST_PRODUCTS if (made.value < 0).any() else 0
            yield step, _relaxed(made, rules, seconds, most) or _none(made, rules), raised


def _weigh(
    lowered: Lowered,
    prices: Prices,
    raised: Raised | None,
    sums: list[tuple[Ints, Ints]],
    goal: Guarantee,
    incumbent: float,
    margin: float,
    unit: float,
    step: float,
) -> Penalties | None:
    """Weights and emitted multipliers on a grid of ``step``; None when the numbers are too large to be exact."""
    rules = lowered.rules
    objective = lowered.objective if raised is None else raised.objective
    forms, shape = rules.forms, shapes(rules)
    matrix, constant = forms.matrix, forms.constant.astype(np.int64)
    lent = shape != Shape.SQUARE
    # What is not emitted may be finer than what is.
    unit = unit_for(replace(prices, rows=np.where(lent, prices.rows, 0.0)), objective, matrix, unit)
    coarse = round(step / unit)
    grid = np.where(lent, 1, coarse)
    price = np.rint(prices.rows / (grid * unit)).astype(np.int64) * grid
    line = shape == Shape.LINEAR
    sign = np.where(forms.beta < 0, -1, 1)
    # A line lends only upwards: its rule cannot be negative.
    price = np.where(line, sign * np.maximum(sign * price, 0), price)
    under = reduced(objective, prices.shares, unit, matrix, constant, price)
    steps = None if under is None else climbs(matrix, constant, under)
    if under is None or steps is None:
        return None
    loss = np.where(shape == Shape.WINDOW, np.maximum(price, 0), 0)
    least = under.least - int(loss.sum())
    allowance = goal.above(incumbent) - incumbent
    # Coefficients that are not whole come from sums of floats: each may be a unit off after rounding down.
    terms = objective.n + len(objective.value) + len(objective.products.index)
    noise = 0 if lowered.objective.integral else terms
    target = np.ceil((incumbent + allowance + margin) / unit) + noise
    if not abs(target) < 2.0**50:
        return None
    if (incumbent + allowance) / unit < least:
        if goal.level == "total":
            return None
        raise CompileError(f"incumbent {incumbent:g} is below {least * unit:g}, which nothing feasible can be below")
    together = shape.copy()
    for members, _ in sums:
        together[members] = Shape.SHARED
    floor = floors(together, int(target) - least - loss, np.where(lent, price, 0), steps)
    if floor is None:
        return None
    for members, _ in sums:
        floor[members] = floor[members].max()
    weight = np.maximum(floor, np.where(lent, np.abs(price), 0))
    others = np.full(len(rules.polynomials), max(0, int(target) - least), dtype=np.int64)
    whole = -(-np.concatenate([weight, others]) // coarse) * coarse
    shares = shares_in_units(objective, prices.shares, unit).astype(np.int64)
    weights: Floats = whole * unit
    floor_top = float(np.concatenate([floor, others]).max(initial=0)) * unit
    return Penalties(
        weights,
        "",
        {
            "rule": "dual",
            "ceiling" if goal.level == "total" else "incumbent": incumbent,
            "lower": least * unit,
            "target": float(target) * unit,
            "floor": float(weights.max(initial=0.0)),
            "bound": floor_top,
            "priced": int(np.count_nonzero(price)),
            "products": 0 if raised is None else len(raised.products.price),
            "identities": len(sums),
        },
        np.where(lent, 0, price) * unit,
        Evidence(
            unit,
            price,
            shares,
            None if goal.level == "total" else incumbent,
            allowance,
            margin,
            products=None if raised is None else raised.products,
            identities=tuple(sums),
        ),
        None if raised is None else objective,
    )


def _size(lowered: Lowered, penalties: Penalties) -> float:
    """Coefficient bits of the energy; of many couplings about as many as the largest coefficient has."""
    if lowered.rules.forms.couplings().sum() <= MOST_MEASURED:
        return precision_bits(weighed(lowered, penalties))
    wanted = lowered.objective if penalties.objective is None else penalties.objective
    own = np.abs(coefficients(wanted)).max(initial=0.0)
    return float(np.log2(max(own, largest_of(lowered.rules, penalties).max(initial=0.0)) + 1))


PLUGIN = Dual()
