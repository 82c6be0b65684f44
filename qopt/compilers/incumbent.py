"""A feasible point from the problem alone: fix bit by bit, propagate the rows, then exchange. Cheap and deterministic.

Several orders are tried and the best answer is kept: where exactly-one groups hold all bits, the group first that has
most to lose by waiting; towards the linear relaxation; the largest load first; the dearest bits to 0 first; the
cheapest bits to 1 first as long as some row asks for more. A bit that contradicts a row takes its other value; when
both contradict, that order has failed: nothing is searched, so a hard problem simply gets no incumbent. The random
numbers that move the best point a little, to exchange again, are always the same.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from qopt.core.arrays import Bits, Floats, Ints
from qopt.core.polynomial import Polynomial
from qopt.kernels.exchange import exchange_bits, exchange_labels, kick, mirror_labels
from qopt.kernels.greedy import CHEAP, GIVEN, REGRET, Partial, construct, propagate

MOST_ENTRIES = 200_000
"""Nonzeros of rows above which no point is sought."""
MOST_BITS = 10_000
"""Bits above which no order is tried that looks at all of them again and again."""
MOST_MOVES = 4_000_000
"""Exchanges looked at from all points together: some hundredths of a second."""
MOST_FOLLOWED = 24_000_000
"""Couplings followed by reversals from all points together: some hundredths of a second."""
KICKS = 40
"""Points tried about the best one, as long as moves are left."""


def greedy(
    objective: Polynomial,
    matrix: sparse.csr_array,
    lo: Ints,
    hi: Ints,
    hint: Floats | None = None,
    enough: float = -np.inf,
) -> Bits | None:
    """Bits with ``lo <= matrix @ bits <= hi`` and a small objective (terms of degree 3 and above are not looked at).

    Parameters
    ----------
    hint
        Shape (bits,), 0 to 1: a relaxed optimum.
    enough
        The first point without more than this, the constant left out, ends the search.

    Returns
    -------
    Shape (bits,), or None when no order ends at a feasible point.
    """
    if matrix.nnz > MOST_ENTRIES:
        return None
    search = _Search(objective, matrix, lo, hi)
    best: Bits | None = None
    lowest = np.inf
    for order, sequence, wanted in search.orders(hint):
        bits = search.constructed(order, sequence, wanted)
        if bits is None:
            continue
        energy = search.exchanged(bits)
        if energy < lowest:
            best, lowest = bits, energy
        if lowest <= enough:
            return best
    return None if best is None else search.kicked(best, lowest, enough)


class _Search:
    """Rows and objective in the arrays of the kernels."""

    def __init__(self, objective: Polynomial, matrix: sparse.csr_array, lo: Ints, hi: Ints) -> None:
        n = objective.n
        self.linear = np.array(objective.linear)
        pairs = sparse.coo_array((objective.value, (objective.row, objective.col)), shape=(n, n)).tocsr()
        couplings = sparse.csr_array(pairs + pairs.T)
        couplings.sort_indices()
        across = sparse.csr_array(matrix.T)
        self.lo, self.hi = lo.astype(np.int64), hi.astype(np.int64)
        self.rows = _lines(matrix)
        self.bits = _lines(across)
        self.couplings = (*_pointers(couplings), couplings.data.astype(np.float64))
        self.grid = _grid(matrix, self.lo, self.hi)
        self.matrix, self.symmetric = matrix, couplings
        self.moves, self.couplings_left = MOST_MOVES, MOST_FOLLOWED

    def orders(self, hint: Floats | None) -> list[tuple[int, Ints, Ints]]:
        """The orders to try: kind, sequence and wanted values."""
        n = len(self.linear)
        none = np.empty(0, dtype=np.int64)
        out = []
        if n <= MOST_BITS and len(self.grid):
            out.append((REGRET, none, none))
        if hint is not None:
            sequence = np.lexsort((self.linear, -np.abs(hint - 0.5), -np.rint(hint)))
            out.append((GIVEN, sequence, np.rint(hint).astype(np.int64)))
        share = self._shares()
        if share.max(initial=0.0) > 0:
            out.append((GIVEN, np.lexsort((self.linear, -share)), (share > 0).astype(np.int64)))
        sequence = np.lexsort((np.arange(n), -self.linear))
        out.append((GIVEN, sequence, (self.linear < 0).astype(np.int64)))
        if n <= MOST_BITS:
            out.append((CHEAP, none, none))
        return out

    def _shares(self) -> Floats:
        """The largest share that each bit takes of the room of a row with unequal coefficients."""
        start, index, size = self.rows
        owner = np.repeat(np.arange(len(self.lo)), np.diff(start))
        widest = np.zeros(len(self.lo), dtype=np.int64)
        np.maximum.at(widest, owner, size)
        loads = (widest > 1) & (self.hi > 0)
        out = np.zeros(len(self.linear))
        there = loads[owner]
        np.maximum.at(out, index[there], size[there] / self.hi[owner[there]])
        return out

    def constructed(self, order: int, sequence: Ints, wanted: Ints) -> Bits | None:
        """One pass over all bits in one order."""
        (row_start, _, size), m, n = self.rows, len(self.lo), len(self.linear)
        owner = np.repeat(np.arange(m), np.diff(row_start))
        below, above = (np.zeros(m, np.int64) for _ in range(2))
        np.add.at(below, owner, np.minimum(size, 0))
        np.add.at(above, owner, np.maximum(size, 0))
        widest = np.zeros(m, dtype=np.int64)
        np.maximum.at(widest, owner, np.abs(size))
        value = np.full(n, -1, dtype=np.int64)
        p = Partial(
            *self.rows,
            *self.bits,
            self.lo,
            self.hi,
            widest,
            value,
            below.copy(),
            above,
            -below,
            np.arange(m),
            np.ones(m, np.int8),
            np.empty(n, np.int64),
            np.array([0, m]),
        )
        there = self.grid >= 0
        groups = np.concatenate([[0], np.cumsum(there.sum(axis=1))])
        found = propagate(p) and construct(
            p, order, sequence, wanted, groups, self.grid[there], *self.couplings, self.linear.copy()
        )
        return value.astype(np.int8) if found else None

    def exchanged(self, bits: Bits) -> float:
        """Exchange as long as that gains, in place; the energy without the constant."""
        state = self._state(bits)
        if len(self.grid):
            self.moves = exchange_labels(*(*state, self.grid, self.moves))
            self.couplings_left = mirror_labels(*(*state, self.grid, self.couplings_left))
            self.moves = exchange_labels(*(*state, self.grid, self.moves))
        else:
            self.moves = exchange_bits(*(*state, self.moves))
        x = bits.astype(np.float64)
        return float(self.linear @ x + x @ (self.symmetric @ x) / 2)

    def kicked(self, best: Bits, lowest: float, enough: float) -> Bits:
        """The best of some points about a good one: two random pairs flipped, and exchanged again."""
        rng = np.array([0x9E3779B97F4A7C15], dtype=np.uint64)
        for _ in range(KICKS):
            if self.moves <= 0 or len(self.grid) or len(best) < 2 or lowest <= enough:
                break
            bits = best.copy()
            kick(*(*self._state(bits), rng, 2))
            energy = self.exchanged(bits)
            if energy < lowest:
                best, lowest = bits, energy
        return best

    def _state(self, bits: Bits) -> tuple[Any, ...]:
        """Rows, couplings and the point as the exchanges take them."""
        field = self.linear + self.symmetric @ bits.astype(np.float64)
        activity = (self.matrix @ bits.astype(np.int64)).astype(np.int64)
        return (*self.bits, self.lo, self.hi, activity, *self.couplings, field, bits)


def _lines(matrix: sparse.csr_array) -> tuple[Ints, Ints, Ints]:
    return (*_pointers(matrix), matrix.data.astype(np.int64))


def _pointers(matrix: sparse.csr_array) -> tuple[Ints, Ints]:
    return matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64)


def _grid(matrix: sparse.csr_array, lo: Ints, hi: Ints) -> Ints:
    """Groups and labels: exactly-one rows that hold every bit once, shape (groups, labels); (0, 0) without such.

    Rows of one length have their bits in the order of the labels; otherwise a label is what other exactly-one rows
    say, and the one bit of a row that none of them holds. -1 where a group lacks a label.
    """
    m, n = matrix.shape
    size = np.diff(matrix.indptr)
    owner = np.repeat(np.arange(m), size)
    ones = np.bincount(owner[matrix.data == 1], minlength=m) == size
    families = np.full((2, n), -1)
    count = [0, 0]
    for r in np.flatnonzero(ones & (lo == 1) & (hi == 1)).tolist():
        bits = matrix.indices[matrix.indptr[r] : matrix.indptr[r + 1]]
        for k in (0, 1):
            if (families[k, bits] < 0).all():
                families[k, bits] = count[k]
                count[k] += 1
                break
    whole = np.all(families >= 0, axis=1)
    nothing = np.empty((0, 0), dtype=np.int64)
    if n == 0 or not whole.any():
        return nothing
    group, label = families if whole[0] else families[::-1]
    groups, labels = group.max() + 1, label.max() + 1
    length = np.bincount(group)
    order = np.argsort(group, kind="stable")
    if (length == length[0]).all():
        return order.reshape(groups, -1).astype(np.int64)
    label = np.where(label < 0, labels, label)
    grid = np.full((groups, labels + 1), -1, dtype=np.int64)
    grid[group, label] = np.arange(n)
    return grid if (grid >= 0).sum() == n else nothing
