"""Exactly-one groups that hide in a polynomial over bits as penalties ``P * (sum x - 1)**2``, each with a proof.

Two bits *conflict* when, whatever the others are, switching off one of the two does not cost: then some minimiser has
no conflicting pair on. A *line* is a set of bits that all conflict with each other, so at most one of it is on. A line
that is off becomes a group when switching on one of its bits does not cost either:

    a line by itself    the change of its best bit, or of its bits on average, is at most 0 for the dearest bit of every
                        other line and all dear bits of no line; below 0 where these conflict with bits outside the line
    a square            lines that cross like rows and columns: as many rows as columns are off, and the change of each
                        bit is at most 0 for the dearest bit of every other row, or of every other column

Take a minimiser without conflicts and, of these, one with fewest lines off: every group has exactly one bit on. The
weights need not be equal, nor known to be penalties. Integer coefficients are compared exactly; fractions to 1e-12 of
what meets in a bit, which is what its energy is rounded by.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qopt.core.arrays import Ints
from qopt.core.names import Labels, NameTable
from qopt.core.polynomial import Polynomial
from qopt.core.rows import GroupKind, Groups
from qopt.kernels import lift_tables
from qopt.reduce.groups import with_permutations

_ROUNDING = 1e-12
_LARGEST_TABLE = 2**22  # entries; with more lines nothing is lifted
_FAILURES = 256
"""Pairs tried in vain before cliques are given up, and four times as many as were found."""


@dataclass(frozen=True, eq=False)
class Lines:
    """Candidate lines (sets of bits of which at most one need be on), and what may conflict across them.

    Parameters
    ----------
    members
        The bits of each.
    outside
        Shape (n,): whether a bit conflicts with one that shares no line with it.
    crossed
        Shape (n,): whether it is in two lines.
    slack
        Shape (n,): what counts as nothing when the energy of switching a bit is compared with 0.
    """

    members: list[Ints]
    outside: NDArray[np.bool_]
    crossed: NDArray[np.bool_]
    slack: NDArray[np.float64]


@dataclass(eq=False)
class _Cliques:
    """Conflicting pairs as neighbours, and the lines grown from them."""

    n: int
    indptr: Ints
    near: Ints
    weight: NDArray[np.float64]
    found: list[Ints] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._mark, self._room = np.zeros((2, self.n), dtype=np.int64)
        self._lines: list[list[int]] = [[] for _ in range(self.n)]
        self._stamp = 0

    def grow(self) -> None:
        """Find at most two lines per bit; stops early where most pairs are in no clique."""
        holds: list[set[int]] = []
        failures = 0
        for i in range(self.n):
            for place in range(int(self.indptr[i]), int(self.indptr[i + 1])):
                if len(self._lines[i]) == 2 or failures > max(_FAILURES, 4 * len(holds)):
                    break
                if any(int(self.near[place]) in holds[line] for line in self._lines[i]):
                    continue
                bits = self._around(i, place)
                if len(bits) == 0 or any(len(self._lines[k]) == 2 for k in bits.tolist()):
                    failures += 1
                    continue
                self.found.append(np.sort(bits))
                holds.append(set(bits.tolist()))
                for k in bits.tolist():
                    self._lines[k].append(len(holds) - 1)

    def _around(self, i: int, place: int) -> Ints:
        """The larger clique of a pair and all that conflicts with both of it, by the pair's own weight or by any."""
        best: Ints = np.zeros(0, dtype=np.int64)
        for value in (float(self.weight[place]), 0.0):
            self._stamp += 1
            arrays = (self.indptr, self.near, self.weight, i, int(self.near[place]), value)
            count = int(lift_tables.clique(*arrays, self._stamp, self._mark, self._room))
            if count > len(best):
                best = self._room[:count].copy()
        return best


def lines_of(p: Polynomial, stays: NDArray[np.bool_]) -> Lines:
    """The lines among the bits that do not stay (those of groups, rows and products do)."""
    n = p.n
    slack = np.zeros(n)
    if not p.integral:
        slack = _ROUNDING * (np.abs(p.linear) + sum(np.bincount(k, np.abs(p.value), n) for k in (p.row, p.col)))
    low = np.empty(n)
    lift_tables.least(p.row, p.col, p.value, p.linear, low)
    marked = np.empty(len(p.value), dtype=np.int8)
    count = int(lift_tables.conflicting(p.row, p.col, p.value, low, slack, stays, marked))
    cliques = _Cliques(n, np.zeros(n + 1, np.int64), np.empty(2 * count, np.int64), np.empty(2 * count))
    lift_tables.neighbours(p.row, p.col, p.value, marked, cliques.indptr, cliques.near, cliques.weight)
    cliques.grow()
    first, second = _two_lines(cliques.found, n)
    row, col = p.row[marked != 0], p.col[marked != 0]
    shared = (first[row] >= 0) & (first[row] == first[col])
    for a in (first, second):
        shared |= (second[row] >= 0) & (second[row] == a[col])
        shared |= (second[col] >= 0) & (second[col] == a[row])
    outside = np.zeros(n, dtype=bool)
    outside[row[~shared]] = outside[col[~shared]] = True
    return Lines(cliques.found, outside, second >= 0, slack)


def _two_lines(members: list[Ints], n: int) -> tuple[Ints, Ints]:
    """The number of the first and of the second line of every bit, -1 where there is none."""
    first, second = np.full((2, n), -1, dtype=np.int64)
    for number, bits in enumerate(members):
        taken = first[bits] >= 0
        second[bits[taken]] = number
        first[bits[~taken]] = number
    return first, second


def proven_groups(p: Polynomial, lines: Lines) -> Groups:
    """Disjoint groups that some minimiser of the polynomial satisfies; squares first, then the largest lines."""
    names = NameTable(tuple(Labels(f"line {k}") for k in range(len(lines.members))))
    crossed = with_permutations(Groups.of([(GroupKind.EXACTLY_ONE, m.tolist()) for m in lines.members], names), p.n)
    squares = [crossed.members(g) for g in range(len(crossed)) if crossed.kind[g] == GroupKind.PERMUTATION]
    alone = [crossed.members(g) for g in range(len(crossed)) if crossed.kind[g] == GroupKind.EXACTLY_ONE]
    line, other, count = _numbered(p.n, squares, alone)
    if max(p.n, 1) * count > _LARGEST_TABLE:
        return Groups()
    dear = _dearest(p, line, other, count)
    if squares:
        dear = np.minimum(dear, _dearest(p, np.where(other >= 0, other, line), line, count))
    taken = np.zeros(p.n, dtype=bool)
    out: list[tuple[GroupKind, Any]] = []
    for square in squares:
        strict = lines.outside[square] & (p.linear[square] + dear[square] >= 0)
        if not strict.any() and np.all(p.linear[square] + dear[square] <= lines.slack[square]):
            out.append((GroupKind.PERMUTATION, square))
            taken[square] = True
    averages = _Averages(p, line, count)
    numbered = list(enumerate(alone, start=count - len(alone)))
    for number, bits in sorted(numbered, key=lambda one: -len(one[1])):
        own = bits[line[bits] == number]  # of those that count for another line, the pairs in that one are not known
        whole = len(own) == len(bits)
        if not taken[bits].any() and (
            _best_pays(p, own, dear, lines) or (whole and averages.pays(number, bits, lines))
        ):
            out.append((GroupKind.EXACTLY_ONE, bits))
            taken[bits] = True
    return Groups.of(out, NameTable(tuple(Labels(f"lifted {k}") for k in range(len(out)))))


def _numbered(n: int, squares: list[Any], alone: list[Any]) -> tuple[Ints, Ints, int]:
    """Per bit a number of the row or line that holds it and of the column, -1 for none, and how many there are.

    A bit of two lines that do not cross as a square counts for the first one only.
    """
    line, other = np.full((2, n), -1, dtype=np.int64)
    count = 0
    for square in squares:
        side = round(len(square) ** 0.5)
        grid = square.reshape(side, side)
        line[grid] = count + np.arange(side)[:, None]
        other[grid] = count + np.arange(side)[None]
        count += side
    for bits in alone:
        line[bits[line[bits] < 0]] = count
        count += 1
    return line, other, count


def _dearest(p: Polynomial, line: Ints, other: Ints, count: int) -> NDArray[np.float64]:
    """The most that others can add to each bit: the dearest of every line, and all that are in no line."""
    table, alone = np.empty((p.n, count)), np.empty(p.n)
    lift_tables.dearest(p.row, p.col, p.value, line, other, table, alone)
    total: NDArray[np.float64] = table.sum(axis=1) + alone
    return total


def _best_pays(p: Polynomial, bits: NDArray[Any], dear: NDArray[np.float64], lines: Lines) -> bool:
    """Whether one of these bits of a line can be switched on without cost, whatever is on outside."""
    change = p.linear[bits] + dear[bits]
    strict = lines.outside[bits] | lines.crossed[bits]
    return bool(np.any(np.where(strict, change < 0, change <= lines.slack[bits])))


class _Averages:
    """What all bits of a line cost on average, for the dearest bit of every other line and all dear bits of none."""

    def __init__(self, p: Polynomial, line: Ints, count: int) -> None:
        self._p, self._line, self._count = p, line, count
        self._table: NDArray[np.float64] | None = None

    def pays(self, number: int, bits: NDArray[Any], lines: Lines) -> bool:
        """Whether switching on the best bit of a line does not cost because it does not on average."""
        if self._table is None:
            self._table = np.empty((self._count, self._p.n))
            lift_tables.together(self._p.row, self._p.col, self._p.value, self._line, self._table)
        dear = np.maximum(self._table[number], 0.0)
        inside = self._line >= 0
        worst = np.zeros(self._count)
        np.maximum.at(worst, self._line[inside], dear[inside])
        change = float(self._p.linear[bits].sum() + worst.sum() + dear[~inside].sum())
        strict = bool(np.any(lines.outside[bits] | lines.crossed[bits]))
        return change < 0 if strict else change <= float(lines.slack[bits].sum())
