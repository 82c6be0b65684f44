"""What everything feasible is at most: it stands in for an incumbent where none is known, and proves *total*.

Two bounds are tried and the lower one is taken.

* *blocks*: exactly-one rules without common bits part the bits into groups. On everything kept one bit of each is set,
  so that the pairs between two groups cost at most what the dearest of them does, and those inside one nothing.
* *relaxed*: the objective with its sign turned is bounded from below like the objective itself, raised first where that
  can be (``raised.py``), with multipliers on the rules. On everything kept a square is 0 and a window 0 or 1, so that
  with ``under`` the least of ``-F + sum price_j g_j`` over all bit strings, ``F <= sum over windows of
  max(0, price_j) - under``. It takes a linear relaxation, and is left out where that is too large.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qopt.compilers.bounds import MOST_ENTRIES, MOST_PRODUCTS, Prices, reduced, relaxed, shares_in_units
from qopt.compilers.bounds_floor import Shape
from qopt.compilers.lowered import Lowered
from qopt.compilers.passes.assemble import Forms
from qopt.compilers.raised import Products, exactly_one, families, uses_of
from qopt.core.arrays import Floats, Ints
from qopt.core.polynomial import Polynomial

FINER = 256
"""Prices of a ceiling are not emitted and may lie on a grid so much finer than weights."""
MOST_BLOCKS = 4_000_000
"""Pairs of groups that are looked at."""
MOST_TWICE = 2_000
"""Pairs up to which an objective that can be raised is also bounded as it is."""
_NOISE = 2.0**-40
"""Relative rounding error allowed to sums of coefficients that are not whole."""


@dataclass(frozen=True, eq=False)
class Blocks:
    """A bound from above by the dearest pair between any two groups.

    Parameters
    ----------
    value
        The bound.
    rules
        The exactly-one rules that part the bits.
    """

    value: float
    rules: Ints


@dataclass(frozen=True, eq=False)
class Relaxed:
    """A bound from above by the relaxation.

    Parameters
    ----------
    value
        The bound.
    unit
        A power of two; prices and shares are whole multiples of it.
    prices
        One per form, in units.
    objective
        What was bounded: the objective with its sign turned, raised or as it is.
    shares
        One per pair of it, in units.
    products
        Multipliers that raised it; None where it was bounded as it is.
    """

    value: float
    unit: float
    prices: Ints
    objective: Polynomial
    shares: Ints
    products: Products | None


Ceiling = Blocks | Relaxed


def ceiling(lowered: Lowered, shape: np.ndarray, unit: float, step: float) -> Ceiling:
    """The lowest of the bounds.

    Parameters
    ----------
    shape
        Of every form.
    unit, step
        Those of the weights: exact bounds are computed in ``unit / FINER``, multipliers lie on ``step``.
    """
    objective, forms = lowered.objective, lowered.rules.forms
    found: list[Ceiling | None] = list(_blocks(objective, forms))
    if forms.matrix.nnz <= MOST_ENTRIES and len(objective.value) <= MOST_PRODUCTS:
        turned = objective.scaled(-1.0)
        uses = uses_of(turned, forms)
        raised = None if uses is None else uses.ascend(turned, step)
        if raised is None or len(turned.value) <= MOST_TWICE:
            found.append(_relaxed(lowered, turned, shape, unit / FINER, MOST_PRODUCTS, None))
        if raised is not None:
            most = MOST_PRODUCTS if (raised.objective.value < 0).any() else 0
            found.append(_relaxed(lowered, raised.objective, shape, unit / FINER, most, raised.products))
    return min((one for one in found if one is not None), key=lambda one: one.value)


def _blocks(objective: Polynomial, forms: Forms) -> list[Blocks]:
    """A bound for each family of exactly-one rules without common bits, or for no rules at all."""
    number = exactly_one(forms)
    if len(number) ** 2 > MOST_BLOCKS:
        number = number[:0]
    family = families(forms.matrix[number])
    chosen = [number[family == k] for k in (0, 1)]
    return [_by_blocks(objective, forms, rules) for rules in chosen if len(rules) or rules is chosen[0]]


def _by_blocks(objective: Polynomial, forms: Forms, rules: Ints) -> Blocks:
    m = len(rules)
    group = np.full(objective.n, m)
    matrix = forms.matrix[rules]
    group[matrix.indices] = np.repeat(np.arange(m), np.diff(matrix.indptr))
    size = np.diff(matrix.indptr).astype(np.float64)
    alone = group == m
    dearest = np.full(m, -np.inf)
    np.maximum.at(dearest, group[~alone], objective.linear[~alone])
    total = objective.offset + float(dearest.sum()) + float(np.maximum(objective.linear[alone], 0).sum())
    one, two = group[objective.row], group[objective.col]
    free = (one == m) | (two == m)
    total += float(np.maximum(objective.value[free], 0).sum())
    between = ~free & (one != two)
    total += _between(one[between], two[between], objective.value[between], size)
    total += float(np.maximum(objective.products.coefficient, 0).sum())
    if not objective.integral:
        parts = (objective.linear, objective.value, objective.products.coefficient)
        total += _NOISE * (abs(objective.offset) + sum(float(np.abs(part).sum()) for part in parts))
    return Blocks(total, rules)


def _between(one: Ints, two: Ints, value: Floats, size: Floats) -> float:
    """The dearest pair of every two groups, added up; a pair that has no term costs nothing."""
    m = len(size)
    block = np.minimum(one, two) * m + np.maximum(one, two)
    count = np.bincount(block, minlength=m * m)
    dearest = np.full(m * m, -np.inf)
    np.maximum.at(dearest, block, value)
    full = count == np.multiply.outer(size, size).ravel()
    dearest = np.where(full, dearest, np.maximum(dearest, 0))
    return float(dearest[count > 0].sum())


def _relaxed(
    lowered: Lowered,
    turned: Polynomial,
    shape: np.ndarray,
    unit: float,
    most: int,
    products: Products | None,
) -> Relaxed | None:
    forms = lowered.rules.forms
    window = shape == Shape.WINDOW
    lower, upper = -forms.constant, window - forms.constant
    prices: Prices | None = relaxed(turned, forms.matrix, lower, upper, most_products=most)
    if prices is None:
        return None
    price = np.rint(prices.rows / unit).astype(np.int64)
    under = reduced(turned, prices.shares, unit, forms.matrix, forms.constant.astype(np.int64), price)
    if under is None:
        return None
    loss = int(np.maximum(price[window], 0).sum())
    terms = turned.n + len(turned.value) + len(turned.products.index)
    noise = 0 if lowered.objective.integral else terms
    shares = shares_in_units(turned, prices.shares, unit).astype(np.int64)
    value = (loss - under.least + noise) * unit
    value = float(np.floor(value)) if lowered.objective.integral else value
    return Relaxed(value, unit, price, turned, shares, products)
