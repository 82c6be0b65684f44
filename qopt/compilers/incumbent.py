"""A feasible point from the problem alone: fix bit by bit, propagate the rows, then exchange. Cheap and deterministic.

Three orders are tried and the best answer is kept: towards the linear relaxation, the dearest bits to 0 first, and the
cheapest bits to 1 first as long as some row asks for more. A bit that contradicts a row takes its other value; when
both contradict, that order has failed: nothing is searched, so a hard problem simply gets no incumbent.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from qopt.core.arrays import Bits, Floats, Ints
from qopt.core.polynomial import Polynomial

MOST_ENTRIES = 200_000
"""Nonzeros of rows above which no point is sought."""
MOST_MOVES = 2e6
"""Work of the exchanges, in bits and row entries looked at: some hundredths of a second."""


def greedy(
    objective: Polynomial, matrix: sparse.csr_array, lo: Ints, hi: Ints, hint: Floats | None = None
) -> Bits | None:
    """Bits with ``lo <= matrix @ bits <= hi`` and a small objective (terms of degree 3 and above are not looked at).

    Parameters
    ----------
    hint
        Shape (bits,), 0 to 1: a relaxed optimum.

    Returns
    -------
    Shape (bits,), or None when no order ends at a feasible point.
    """
    if matrix.nnz > MOST_ENTRIES:
        return None
    gains = _Gains(objective)
    best: Bits | None = None
    lowest = np.inf
    for order in ("hint", "dear", "cheap"):
        if order == "hint" and hint is None:
            continue
        bits = _constructed(_Rows(matrix, lo, hi), gains, order, hint)
        if bits is None:
            continue
        bits = _exchanged(bits, gains, matrix, lo, hi)
        energy = float(gains.energy(bits))
        if energy < lowest:
            best, lowest = bits, energy
    return best


class _Gains:
    """The quadratic objective, ready for changes of single bits."""

    def __init__(self, p: Polynomial) -> None:
        self.linear = np.array(p.linear)
        pairs = sparse.coo_array((p.value, (p.row, p.col)), shape=(p.n, p.n)).tocsr()
        self.couplings = sparse.csr_array(pairs + pairs.T)

    def change(self, bits: Bits) -> Floats:
        """What setting each bit to 1, rather than 0, adds."""
        return self.linear + self.couplings @ bits.astype(np.float64)

    def energy(self, bits: Bits) -> float:
        """The objective without its constant."""
        x = bits.astype(np.float64)
        return float(self.linear @ x + x @ (self.couplings @ x) / 2)

    def neighbours(self, bit: int) -> tuple[Ints, Floats]:
        """The bits that share a pair with one, and the coefficients."""
        span = slice(self.couplings.indptr[bit], self.couplings.indptr[bit + 1])
        return self.couplings.indices[span], self.couplings.data[span]


class _Rows:
    """Rows under partial assignment: activity bounds, and what they force."""

    def __init__(self, matrix: sparse.csr_array, lo: Ints, hi: Ints) -> None:
        split = [slice(a, b) for a, b in zip(matrix.indptr[:-1], matrix.indptr[1:])]
        self.rows = [list(zip(matrix.indices[s].tolist(), matrix.data[s].tolist())) for s in split]
        self.of_bit: list[list[tuple[int, int]]] = [[] for _ in range(matrix.shape[1])]
        for r, entries in enumerate(self.rows):
            for bit, a in entries:
                self.of_bit[bit].append((r, a))
        self.lo, self.hi = lo.tolist(), hi.tolist()
        self.least = [sum(min(a, 0) for _, a in entries) for entries in self.rows]
        self.most = [sum(max(a, 0) for _, a in entries) for entries in self.rows]
        self.widest = [max((abs(a) for _, a in entries), default=0) for entries in self.rows]
        self.value = [-1] * matrix.shape[1]
        self.trail: list[int] = []
        self.sound = self._propagate(set(range(len(self.rows))))

    def fix(self, bit: int, value: int) -> bool:
        """Set a bit and everything that follows; nothing at all is set when that contradicts a row."""
        mark = len(self.trail)
        touched = self._set(bit, value)
        if self._propagate(touched):
            return True
        while len(self.trail) > mark:
            self._unset(self.trail.pop())
        return False

    def asks(self, bit: int) -> bool:
        """Whether some row still lacks activity that this bit would add."""
        return any(a > 0 and self.least[r] + self._free_loss(r) < self.lo[r] for r, a in self.of_bit[bit])

    def _free_loss(self, r: int) -> int:
        """What free bits with negative coefficients take from the least activity."""
        return sum(-a for bit, a in self.rows[r] if a < 0 and self.value[bit] < 0)

    def _set(self, bit: int, value: int) -> set[int]:
        self.value[bit] = value
        self.trail.append(bit)
        for r, a in self.of_bit[bit]:
            self.least[r] += a * value - min(a, 0)
            self.most[r] += a * value - max(a, 0)
        return {r for r, _ in self.of_bit[bit]}

    def _unset(self, bit: int) -> None:
        value = self.value[bit]
        self.value[bit] = -1
        for r, a in self.of_bit[bit]:
            self.least[r] -= a * value - min(a, 0)
            self.most[r] -= a * value - max(a, 0)

    def _propagate(self, queue: set[int]) -> bool:
        while queue:
            r = queue.pop()
            above, below = self.hi[r] - self.least[r], self.most[r] - self.lo[r]
            if above < 0 or below < 0:
                return False
            if self.widest[r] <= min(above, below):
                continue
            for bit, a in self.rows[r]:
                if self.value[bit] < 0 and abs(a) > min(above, below):
                    low = (a > 0) if abs(a) > above else (a < 0)
                    queue |= self._set(bit, 0 if low else 1)
                    above, below = self.hi[r] - self.least[r], self.most[r] - self.lo[r]
                    if above < 0 or below < 0:
                        return False
        return True


def _constructed(rows: _Rows, gains: _Gains, order: str, hint: Floats | None) -> Bits | None:
    """One pass over all bits in one order."""
    if not rows.sound:
        return None
    n = len(gains.linear)
    if order == "cheap":
        return _cheapest_first(rows, gains)
    if order == "hint":
        assert hint is not None
        sequence = np.lexsort((gains.linear, -np.abs(hint - 0.5), -np.rint(hint)))
        wanted = np.rint(hint).astype(int)
    else:
        sequence = np.lexsort((np.arange(n), -gains.linear))
        wanted = (gains.linear < 0).astype(int)
    for bit in sequence.tolist():
        if rows.value[bit] >= 0:
            continue
        first = int(wanted[bit])
        if not (rows.fix(bit, first) or rows.fix(bit, 1 - first)):
            return None
    return np.array(rows.value, dtype=np.int8)


def _cheapest_first(rows: _Rows, gains: _Gains) -> Bits | None:
    """Bits to 1 in the order of what each would add now, while it gains or a row asks for it; the rest to 0."""
    n = len(gains.linear)
    change = gains.linear.copy()
    counted = np.zeros(n, dtype=bool)
    dead = np.zeros(n, dtype=bool)
    seen = 0
    while True:
        for bit in rows.trail[seen:]:
            dead[bit] = True
            if rows.value[bit] == 1 and not counted[bit]:
                counted[bit] = True
                near, value = gains.neighbours(bit)
                change[near] += value
        seen = len(rows.trail)
        if dead.all():
            return np.array(rows.value, dtype=np.int8)
        bit = int(np.argmin(np.where(dead, np.inf, change)))
        wanted = 1 if change[bit] < 0 or rows.asks(bit) else 0
        if not (rows.fix(bit, wanted) or rows.fix(bit, 1 - wanted)):
            return None


def _exchanged(bits: Bits, gains: _Gains, matrix: sparse.csr_array, lo: Ints, hi: Ints) -> Bits:
    """Flip one bit, or one up and one down, as long as that gains and keeps every row."""
    m, n = matrix.shape
    if m * n > MOST_MOVES / 4:
        return bits
    dense = matrix.toarray()
    couplings = gains.couplings.toarray() if n <= 2000 else None
    bits, left = bits.copy(), MOST_MOVES
    while left > 0 and couplings is not None:
        sign = 1 - 2 * bits.astype(np.int64)
        change = sign * gains.change(bits)
        moved = dense * sign
        activity = dense @ bits.astype(np.int64)
        best = -1e-9
        pair: tuple[int, ...] = ()
        for first in [-1, *range(n)]:
            if left < 0:
                break
            start = activity if first < 0 else activity + moved[:, first]
            total = change if first < 0 else change + change[first] + sign * sign[first] * couplings[first]
            promising = np.flatnonzero(total < best)
            promising = promising[promising > first]
            left -= n + m * (len(promising) + 1)
            after = start[:, None] + moved[:, promising]
            kept = promising[((after >= lo[:, None]) & (after <= hi[:, None])).all(axis=0)]
            if len(kept):
                second = int(kept[np.argmin(total[kept])])
                best, pair = float(total[second]), (second,) if first < 0 else (first, second)
        if not pair:
            break
        bits[list(pair)] ^= 1
    return bits
