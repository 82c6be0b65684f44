"""Linear bounds from below: an objective under a linear function, and the multipliers that make it high.

For a polynomial F over bits, whole multiples of a unit give a linear function that lies below F on every bit string:

* a coefficient is rounded down to the unit;
* ``q x y`` with q > 0 is at least ``s (x + y - 1)`` for any share 0 <= s <= q;
* ``q x y`` with q < 0 is at least ``- r x - (|q| - r) y`` for any share 0 <= r <= |q| (McCormick, 1976);
* a longer product with coefficient c < 0 is at least c / d times each of its d factors, one with c > 0 at least 0.

Any shares and any multipliers of rows give a valid bound, so those of the linear relaxation may be rounded freely.
Everything behind the relaxation is done in whole numbers of the unit: a bound here is a theorem, not a float.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from qopt.compilers.passes.assemble import widened
from qopt.compilers.roof import shifted
from qopt.core.arrays import Floats, Ints
from qopt.core.clock import now
from qopt.core.names import NameTable
from qopt.core.polynomial import Polynomial
from qopt.core.problem import Columns, Kind, Problem
from qopt.core.rows import Rows
from qopt.core.watch import Watch
from qopt.milp.relax import relax

MOST_PRODUCTS = 20_000
"""Pairs that get their own column in the relaxation; above it each pair is bounded by itself."""
MOST_ENTRIES = 20_000
"""Nonzeros of rows that are given to the simplex method; above it multipliers climb by subgradients."""
MOST_SECONDS = 2.0
"""Time limit of the simplex method; behind it subgradients take over."""
ROUNDS = 60
"""Steps of the subgradient ascent, each one pass over the rows: a fixed amount of work."""
WIDEST = 2.0**50
"""Products of numbers that must be exact stay below this, so that quotients of different ones differ as floats too."""


@dataclass(frozen=True, eq=False)
class Prices:
    """What the linear relaxation says.

    Parameters
    ----------
    rows
        Multiplier of each row's activity in a function that bounds the objective: ``F + sum(rows * activity)``.
    shares
        Shape (pairs,), 0 to 1: of a pair with q > 0 the part s / q, of one with q < 0 the part r / |q|.
    point
        Shape (bits,): the relaxed optimum.
    value
        Its objective, the constant left out.
    """

    rows: Floats
    shares: Floats
    point: Floats
    value: float


def plain_shares(objective: Polynomial) -> Floats:
    """Shares that bound every pair by itself: none of a positive one, half of a negative one on either side."""
    return np.where(objective.value > 0, 0.0, 0.5)


def relaxed(
    objective: Polynomial,
    matrix: sparse.csr_array,
    lower: Floats,
    upper: Floats,
    *,
    most_products: int = MOST_PRODUCTS,
    seconds: float = MOST_SECONDS,
) -> Prices | None:
    """Multipliers from the linear relaxation over bits; None when it has no point.

    Where it is too large for the simplex method they come from a subgradient ascent, and are merely good.

    Parameters
    ----------
    matrix, lower, upper
        Rows over bits, with infinities for open sides.
    most_products
        Pairs that get their own column at most.
    seconds
        For the simplex method, after which the ascent takes its place.
    """
    n, m = objective.n, len(lower)
    pairs = len(objective.value)
    if matrix.nnz > MOST_ENTRIES or n > MOST_ENTRIES:
        return ascended(objective, matrix, lower, upper)
    lifted = pairs if pairs <= most_products else 0
    shares = plain_shares(objective)
    below, _ = linear_below(objective, shares, None) if not lifted else (objective.linear, 0.0)
    rows, low, high = _mccormick(objective, lifted)
    every = sparse.csr_array(
        sparse.vstack([widened(matrix, n + lifted).astype(np.float64), widened(rows, n + lifted)], format="csr")
    )
    total = m + len(low)
    columns = Columns(
        np.full(n + lifted, Kind.REAL, np.int8),
        np.zeros(n + lifted),
        np.ones(n + lifted),
        NameTable.numbered("b", n + lifted),
    )
    problem = Problem.build(
        columns,
        Polynomial(np.concatenate([below, objective.value[:lifted]])),
        rows=Rows(
            every.indptr,
            every.indices,
            every.data,
            np.concatenate([lower, low]),
            np.concatenate([upper, high]),
            NameTable.numbered("r", total),
        ),
    )
    clock = now
    found = relax(problem, watch=Watch(clock=clock, deadline=clock() + seconds))
    if found.status == "infeasible":
        return None
    if found.status != "optimal":
        return ascended(objective, matrix, lower, upper)
    price, value = -found.row_duals[:m], float(found.objective)
    if lifted:
        shares = _shares(objective, -found.row_duals[m:])
    else:
        shares, gained = shifted(objective, shares, below + widened(matrix, n).T @ price)
        value += gained
    return Prices(price, shares, found.values[:n], value)


def ascended(objective: Polynomial, matrix: sparse.csr_array, lower: Floats, upper: Floats) -> Prices:
    """Multipliers by subgradient ascent with steps after Polyak, pairs bounded one by one.

    The target lies 5 % above the best bound so far, and half as far after five rounds without a better one (Held,
    Wolfe and Crowder, 1974).
    """
    shares = plain_shares(objective)
    linear, constant = linear_below(objective, shares, None)
    constant -= objective.offset
    across, bits = sparse.csr_array(matrix.T), objective.n
    price = best = np.zeros(len(lower))
    highest, ahead, idle = -np.inf, 0.05, 0
    point = np.zeros(bits)
    for _ in range(ROUNDS):
        cost = linear + across @ price
        star = (cost < 0).astype(np.float64)
        activity = matrix @ star
        side = np.where(price > 0, upper, np.where(price < 0, lower, np.clip(activity, lower, upper)))
        value = constant + float(np.minimum(cost, 0).sum()) - float(price @ np.where(price == 0, 0.0, side))
        point += star / ROUNDS
        if value > highest:
            highest, best, idle = value, price, 0
        else:
            idle += 1
            if idle == 5:
                ahead, idle = ahead / 2, 0
        slope = activity - side
        steepness = float(slope @ slope)
        if steepness == 0:
            break
        price = price + (highest + ahead * max(1.0, abs(highest)) - value) / steepness * slope
        # A price may only lean on a side that there is.
        price = np.clip(price, np.where(np.isinf(lower), 0.0, -np.inf), np.where(np.isinf(upper), 0.0, np.inf))
    shares, gained = shifted(objective, shares, linear + widened(matrix, bits).T @ best)
    return Prices(best, shares, point, highest + gained)


def _mccormick(objective: Polynomial, lifted: int) -> tuple[sparse.csr_array, Floats, Floats]:
    """Rows over bits and one column per pair: x + y - z <= 1 for q > 0; z - x <= 0 and z - y <= 0 for q < 0."""
    n = objective.n
    row, col, z = objective.row[:lifted], objective.col[:lifted], n + np.arange(lifted)
    positive = objective.value[:lifted] > 0
    up, down = np.flatnonzero(positive), np.flatnonzero(~positive)
    p, d = len(up), len(down)
    owner = [np.arange(p)] * 3 + [p + np.arange(d)] * 2 + [p + d + np.arange(d)] * 2
    index: list[Any] = [row[up], col[up], z[up], z[down], row[down], z[down], col[down]]
    sign = [1.0, 1.0, -1.0, 1.0, -1.0, 1.0, -1.0]
    data = [np.full(len(part), s) for part, s in zip(index, sign)]
    shape = (p + 2 * d, n + lifted)
    matrix = sparse.csr_array((np.concatenate(data), (np.concatenate(owner), np.concatenate(index))), shape=shape)
    return matrix, np.full(p + 2 * d, -np.inf), np.concatenate([np.ones(p), np.zeros(2 * d)])


def _shares(objective: Polynomial, price: Floats) -> Floats:
    positive = objective.value > 0
    p, d = int(positive.sum()), int((~positive).sum())
    out = np.full(len(objective.value), 0.5)
    out[positive] = price[:p] / objective.value[positive]
    first, second = price[p : p + d], price[p + d :]
    paid = first + second
    out[~positive] = np.where(paid > 0, first / np.where(paid > 0, paid, 1.0), 0.5)
    return np.clip(out, 0.0, 1.0)


def linear_below(objective: Polynomial, shares: Floats, unit: float | None) -> tuple[Floats, float]:
    """Coefficients and constant of a linear function below the objective, in units (None: not rounded at all).

    Parameters
    ----------
    unit
        A power of two, so that dividing by it is exact.
    """
    step = 1.0 if unit is None else unit
    down = np.floor if unit is not None else _same
    linear = down(objective.linear / step)
    constant = float(down(np.array([objective.offset / step]))[0])
    if len(objective.value):
        whole = down(objective.value / step)
        part = shares_in_units(objective, shares, unit)
        positive = objective.value > 0
        first = np.where(positive, part, -part)
        second = np.where(positive, part, whole + part)
        linear = linear + np.bincount(objective.row, weights=first, minlength=objective.n)
        linear = linear + np.bincount(objective.col, weights=second, minlength=objective.n)
        constant -= float(part[positive].sum())
    products = objective.products
    if len(products):
        size = np.diff(products.indptr)
        each = np.repeat(down(np.minimum(products.coefficient, 0.0) / step / size), size)
        linear = linear + np.bincount(products.index, weights=each, minlength=objective.n)
    return linear, constant


def shares_in_units(objective: Polynomial, shares: Floats, unit: float | None) -> Floats:
    """The numbers s or r of every pair, from 0 to the rounded |q|."""
    if unit is None:
        return shares * np.abs(objective.value)
    whole = np.abs(np.floor(objective.value / unit))
    return np.clip(np.rint(shares * np.abs(objective.value) / unit), 0, whole)


def _same(values: Floats) -> Floats:
    return values


@dataclass(frozen=True, eq=False)
class Reduced:
    """A linear function below the objective plus priced forms, in units: ``base + sum over bits of min(0, cost)``.

    Parameters
    ----------
    cost
        Shape (bits,), int64: reduced cost of each bit.
    least
        Least value of the function over all bit strings.
    """

    cost: Ints
    least: int

    @property
    def star(self) -> Ints:
        """The bits of its minimiser (0 where a bit costs nothing)."""
        return (self.cost < 0).astype(np.int64)


def reduced(
    objective: Polynomial, shares: Floats, unit: float, matrix: sparse.csr_array, constant: Ints, price: Ints
) -> Reduced | None:
    """The objective under a linear function plus ``price * (matrix @ bits + constant)``, all in units.

    Returns
    -------
    None when its numbers are too large to be exact.
    """
    linear, base = linear_below(objective, shares, unit)
    magnitude = np.abs(linear).sum() + abs(base) + float(np.abs(price).astype(np.float64) @ np.abs(constant))
    magnitude += float(np.abs(price).astype(np.float64) @ np.abs(matrix).sum(axis=1)) if len(price) else 0.0
    if not magnitude < WIDEST:
        return None
    cost = linear.astype(np.int64) + widened(matrix, objective.n).T @ price
    least = int(base) + int(price @ constant) + int(np.minimum(cost, 0).sum())
    return Reduced(cost, least)


def unit_for(prices: Prices, objective: Polynomial, matrix: sparse.csr_array, coarse: float) -> float:
    """A power of two, ``coarse`` at most, of which the smallest price has some 64, as far as numbers stay exact."""
    price = np.abs(prices.rows)
    price = price[price > 2.0**-40 * price.max(initial=0.0)]
    if not len(price):
        return coarse
    wanted = float(price.min()) / 64
    largest = float(np.abs(matrix.data).max(initial=1))
    cost = float(np.abs(objective.linear).max(initial=0.0)) + float(np.abs(objective.value).sum())
    total = float(np.abs(objective.linear).sum() + np.abs(objective.value).sum() + np.abs(objective.offset))
    total += float(np.abs(prices.rows) @ np.abs(matrix).sum(axis=1))
    exact = 8 * max(total, largest * (cost + float(np.abs(matrix.T @ prices.rows).max(initial=0.0)))) / WIDEST
    unit = float(2.0 ** np.floor(np.log2(max(wanted, exact))))
    return min(coarse, unit)


@dataclass(frozen=True, eq=False)
class Climbs:
    """What it costs at least to move forms away from their value at the minimiser: one convex function per form.

    With ``at`` the form's value at the minimiser, ``Reduced.least + climb(k)`` bounds the function on all bit strings
    where the form is k. Flipping a bit costs its reduced cost, without sign, and moves the form by its coefficient, so
    the cheapest moves come first: a knapsack with reduced costs, relaxed (Dantzig, 1957).

    Parameters
    ----------
    at
        Shape (forms,).
    owner, up, size, cost
        One entry per step, by form, downward steps first, cheapest first: how far it moves and what it costs in all.
    before_size, before_cost
        Sums of the steps before it in the same direction.
    """

    at: Ints
    owner: Ints
    up: np.ndarray
    size: Ints
    cost: Ints
    before_size: Ints
    before_cost: Ints


def climbs(matrix: sparse.csr_array, constant: Ints, by: Reduced) -> Climbs | None:
    """The climbs of the forms ``matrix @ bits + constant``; None when their numbers are too large to be exact."""
    owner = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    cost, size = np.abs(by.cost[matrix.indices]), np.abs(matrix.data).astype(np.int64)
    if len(size) and float(cost.max()) * float(size.max()) >= WIDEST:
        return None
    up = (matrix.data > 0) ^ (by.star[matrix.indices] == 1)
    filled = size > 0
    order = np.flatnonzero(filled)[np.lexsort(((cost / np.maximum(size, 1))[filled], up[filled], owner[filled]))]
    owner, up, size, cost = owner[order], up[order], size[order], cost[order]
    line = 2 * owner + up
    first = np.searchsorted(line, line)
    before_size, before_cost = (np.cumsum(part) - part for part in (size, cost))
    before_size, before_cost = (part - part[first] for part in (before_size, before_cost))
    at = matrix @ by.star[: matrix.shape[1]] + constant
    return Climbs(at, owner, up, size, cost, before_size, before_cost)


def reach(by: Climbs, budget: int) -> tuple[Ints, Ints]:
    """Least and greatest value of each form that climbing within a budget of units, >= 0, can give."""
    left = np.maximum(budget - by.before_cost, -1)
    whole = left >= by.cost
    part = np.where(left >= 0, np.minimum(left, by.cost) * by.size // np.maximum(by.cost, 1), 0)
    moved = np.where(whole, by.size, part)
    count = len(by.at)
    most = np.bincount(by.owner[by.up], weights=moved[by.up], minlength=count).astype(np.int64)
    least = np.bincount(by.owner[~by.up], weights=moved[~by.up], minlength=count).astype(np.int64)
    return by.at - least, by.at + most
