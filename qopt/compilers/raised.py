"""A quadratic objective in other words: the same on everything kept, and higher from below on everything else.

Let g_j be the form of a rule that is kept only where exactly one of its bits is set, and x_a a bit. Then
``mu * x_a * g_j`` is 0 on everything kept, whatever mu, and so is ``nu * x_a * x_b`` for two bits of one such rule. So

    F' = F + sum of mu_aj x_a g_j + sum of nu_ab x_a x_b

may stand in the energy in place of F, and every bound and every weight may be computed from F' (level 1 of Sherali and
Adams, 1990, whose dual for permutations holds the bound of Gilmore, 1962, and Lawler, 1963). Its pairs are made whole
and non-negative where that can be, so that no pair needs to be bounded by itself, and pairs of one rule cost nothing
(nu). A multiplier is used only where every other pair of its product has a coupling already.

The multipliers come from a dual ascent in whole multiples of a step (``kernels/product_ascent.py``); any others would
be as valid.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from qopt.compilers.passes.assemble import Forms, widened
from qopt.core.arrays import Ints
from qopt.core.polynomial import Polynomial
from qopt.kernels.product_ascent import gather, spread

MOST_SLOTS = 6_000_000
"""Pairs of bits, seen from both sides, above which no multipliers are sought."""
WORK = 4_000_000
"""Slots looked at in all the rounds together, about: some hundredths of a second."""
MOST_ROUNDS = 8
_LARGEST = 2.0**40
"""Costs in steps stay below this, so that sums of them are exact."""


@dataclass(frozen=True, eq=False)
class Products:
    """Multipliers of products of a bit and an exactly-one rule, all different and not 0.

    Parameters
    ----------
    step
        A unit of energy.
    bit, rule, price
        Shape (products,). ``price[k] * step * x[bit[k]] * g[rule[k]]`` is added to the objective.
    """

    step: float
    bit: Ints
    rule: Ints
    price: Ints


@dataclass(frozen=True, eq=False)
class Raised:
    """An objective in other words.

    Parameters
    ----------
    objective
        F': what F is on everything kept.
    """

    objective: Polynomial
    products: Products


def uses_of(objective: Polynomial, forms: Forms) -> Uses | None:
    """Where multipliers may stand; None where there is no place for any, or looking for them would take too long."""
    if not len(objective.value) or len(objective.products) or 2 * len(objective.value) > MOST_SLOTS:
        return None
    exactly, at_most = exactly_one(forms), at_most_one(forms)
    if not len(exactly) or len(exactly) * objective.n > MOST_SLOTS or forms.couplings()[at_most].sum() > MOST_SLOTS:
        return None
    matrix = widened(forms.matrix, objective.n)
    uses = Uses(objective, exactly, matrix[exactly], matrix[at_most])
    return uses if len(uses.use_rule) or uses.inside.any() else None


def exactly_one(forms: Forms) -> Ints:
    """The rules that are kept only where exactly one of their bits is set."""
    return np.flatnonzero(_of_ones(forms) & (forms.alpha == 1) & (forms.constant == -1))


def at_most_one(forms: Forms) -> np.ndarray:
    """Mask of the rules that are kept only where at most one of their bits is set: those, and windows of the like."""
    mask = _of_ones(forms) & (forms.alpha != 0) & (forms.alpha != 1) & (forms.constant == 0)
    mask[exactly_one(forms)] = True
    return np.asarray(mask)


def _of_ones(forms: Forms) -> np.ndarray:
    size, count = np.diff(forms.matrix.indptr), len(forms)
    owner = np.repeat(np.arange(count), size)
    return np.asarray((np.bincount(owner[forms.matrix.data == 1], minlength=count) == size) & (size > 0))


class Uses:
    """Where multipliers may stand: pairs as slots, and every bit beside every exactly-one rule that it is paired with.

    Parameters
    ----------
    objective
        Of degree 2.
    number
        The exactly-one rules.
    exactly, at_most
        CSR over bits: their bits, and those of all rules on at most one of theirs.
    """

    def __init__(
        self, objective: Polynomial, number: Ints, exactly: sparse.csr_array, at_most: sparse.csr_array
    ) -> None:
        n = objective.n
        family = families(exactly)
        order = np.argsort(family, kind="stable")
        self.number, exactly, family = number[order], exactly[order], family[order]
        self.rules = exactly
        apart = sparse.csr_array(at_most.T @ at_most)
        row, col = objective.row.astype(np.int64), objective.col.astype(np.int64)
        self.inside = _holds(apart, row, col)
        free = np.flatnonzero(~self.inside)
        count = len(free)
        one, two = row[free], col[free]
        half = np.arange(count)
        both = sparse.csr_array(
            (np.concatenate([half, half + count]) + 1, (np.concatenate([one, two]), np.concatenate([two, one]))),
            shape=(n, n),
        )
        both.sort_indices()
        side_of = both.data - 1
        self.start, self.other = both.indptr.astype(np.int64), both.indices
        self.pair = side_of % max(count, 1)
        self.free, self.first = free, side_of < count
        place = np.empty(2 * count, dtype=np.int64)
        place[side_of] = np.arange(2 * count)
        self.twin = place[np.where(self.first, side_of + count, side_of - count)] if count else place
        self._find(both, exactly, family, apart)

    def _find(self, both: sparse.csr_array, exactly: sparse.csr_array, family: Ints, apart: sparse.csr_array) -> None:
        n, m = both.shape[0], exactly.shape[0]
        across = sparse.csr_array(exactly.T)
        paired = sparse.csr_array(_ones(both) @ across)
        covered = sparse.csr_array(paired + _ones(apart) @ across)
        size = np.diff(exactly.indptr)
        whole = covered.data == size[covered.indices]
        allowed = sparse.csr_array((whole.astype(np.int64), covered.indices, covered.indptr), shape=(n, m))
        allowed = sparse.csr_array(allowed.multiply(_ones(paired)))
        allowed.eliminate_zeros()
        allowed.sort_indices()
        self.use_rule = self.number[allowed.indices]
        self.use_start = allowed.indptr.astype(np.int64)
        number = np.full(n * m, -1, dtype=np.int32)
        bit = np.repeat(np.arange(n), np.diff(allowed.indptr))
        number[bit * m + allowed.indices] = np.arange(len(bit), dtype=np.int32)
        self.use_bit = bit
        owner = np.repeat(np.arange(n), np.diff(self.start))
        fan = np.diff(across.indptr)[self.other]
        slot = np.repeat(np.arange(len(self.other)), fan)
        entry = np.arange(len(slot)) - np.repeat(np.cumsum(fan) - fan, fan) + across.indptr[self.other][slot]
        use = number[owner[slot] * m + across.indices[entry]]
        slot, use = slot[use >= 0], use[use >= 0]
        by_use = sparse.csr_array((slot, (use, np.arange(len(slot)))), shape=(len(bit), len(slot)))
        self.slot, self.slot_start = by_use.data.astype(np.int64), by_use.indptr.astype(np.int64)
        self._squares(family[allowed.indices])

    def _squares(self, family: Ints) -> None:
        """Find the bits whose uses are the rows and columns of a full square."""
        n, slots = len(self.start) - 1, np.diff(self.start)
        uses = np.diff(self.use_start)
        rows = np.bincount(self.use_bit[family == 0], minlength=n)
        columns = np.bincount(self.use_bit[family == 1], minlength=n)
        side = np.where((rows == columns) & (rows + columns == uses) & (rows * rows == slots), rows, 0)
        self.side, self.cell = np.zeros(n, dtype=np.int64), np.zeros(len(self.other), dtype=np.int64)
        if not side.any():
            return
        use = np.repeat(np.arange(len(self.use_bit)), np.diff(self.slot_start))
        rank = (np.arange(len(self.use_bit)) - self.use_start[self.use_bit])[use]
        m = side[self.use_bit[use]]
        inside = m > 0
        step = np.where(family[use] == 0, rank * m, rank - m)[inside]
        hit = np.bincount(self.slot[inside], minlength=len(self.other))
        self.cell = np.bincount(self.slot[inside], weights=step, minlength=len(self.other)).astype(np.int64)
        owner = np.repeat(np.arange(n), slots)
        there = (side[owner] > 0) & (hit == 2) & (self.cell >= 0) & (self.cell < slots[owner])
        reached = np.bincount((self.start[owner] + self.cell)[there], minlength=len(self.other)) == 1
        full = np.bincount(owner[reached], minlength=n) == slots
        self.side = np.where(full, side, 0).astype(np.int64)

    def ascend(self, objective: Polynomial, step: float) -> Raised | None:
        """The objective with multipliers in whole steps; None when its numbers are too large."""
        value = np.floor(objective.value[self.free] / step)
        linear = np.floor(objective.linear / step)
        if not (np.abs(value).sum() + np.abs(linear).sum()) < _LARGEST * max(1, objective.n):
            return None
        whole = value.astype(np.int64)[self.pair]
        share = np.where(self.first, whole // 2, whole - whole // 2)
        cost = linear.astype(np.int64)
        price = np.zeros(len(self.use_rule), dtype=np.int64)
        uses = (self.use_start, self.slot_start, self.slot)
        for number in range(int(np.clip(WORK // max(1, len(self.slot)), 1, MOST_ROUNDS))):
            if number:
                spread(cost, _left(cost, self.rules), share, *uses, price)
            gather(cost, self.start, self.twin, share, *uses, self.cell, self.side, price, bool(number % 2))
        return self._made(objective, step, price)

    def _made(self, objective: Polynomial, step: float, price: Ints) -> Raised:
        """The objective plus the products, pairs that never hold both left out."""
        by_slot = np.bincount(self.slot, weights=np.repeat(price, np.diff(self.slot_start)), minlength=len(self.other))
        added = np.bincount(self.pair, weights=by_slot, minlength=len(self.free)) * step
        taken = np.bincount(self.use_bit, weights=price, minlength=objective.n) * step
        value = objective.value[self.free] + added
        there = value != 0
        chosen = self.free[there]
        made = Polynomial(
            objective.linear - taken,
            objective.row[chosen],
            objective.col[chosen],
            value[there],
            offset=objective.offset,
        )
        used = price != 0
        return Raised(made, Products(step, self.use_bit[used], self.use_rule[used], price[used]))


def _left(cost: Ints, rules: sparse.csr_array) -> Ints:
    """What is left of the linear costs when each rule in turn takes the least of its bits."""
    left = cost.copy()
    for j in range(rules.shape[0]):
        bits = rules.indices[rules.indptr[j] : rules.indptr[j + 1]]
        left[bits] -= left[bits].min()
    return np.maximum(left, 0)


def families(rules: sparse.csr_array) -> Ints:
    """0 for rules without common bits, 1 for others without common bits, 2 for the rest; as they come."""
    taken = np.zeros((2, rules.shape[1]), dtype=bool)
    out = np.full(rules.shape[0], 2)
    for j in range(rules.shape[0]):
        bits = rules.indices[rules.indptr[j] : rules.indptr[j + 1]]
        for c in (0, 1):
            if not taken[c, bits].any():
                taken[c, bits] = True
                out[j] = c
                break
    return out


def _holds(pattern: sparse.csr_array, row: Ints, col: Ints) -> np.ndarray:
    """Whether the pattern has an entry at each place."""
    n = pattern.shape[1]
    keys = np.repeat(np.arange(pattern.shape[0]), np.diff(pattern.indptr)) * n + pattern.indices
    keys.sort()
    wanted = row * n + col
    if not len(keys):
        return np.zeros(len(wanted), dtype=bool)
    return np.asarray(keys[np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)] == wanted)


def _ones(matrix: sparse.csr_array) -> sparse.csr_array:
    return sparse.csr_array((np.ones(matrix.nnz, np.int64), matrix.indices, matrix.indptr), shape=matrix.shape)
