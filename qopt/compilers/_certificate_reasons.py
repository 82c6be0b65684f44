"""What a presolve did, and the reasons behind it: bounds that rows imply, chains of implications, rows found again."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import gcd, inf
from typing import Any

import numpy as np

from qopt.compilers.passes.exact import simplest
from qopt.core.problem import Problem
from qopt.core.rows import GroupKind, Rows
from qopt.reduce.implications import implications
from qopt.reduce.lines import Lines
from qopt.reduce.steps import domain

Ref = list[Any]
"""What a line goes by: ``["row", k]``, ``["group", line]`` or ``["clique", k]``."""
Raw = dict[str, Any]
"""A step, or another part of a document."""


@dataclass(eq=False)
class Trail:
    """What a presolve did so far.

    Parameters
    ----------
    rows, lines
        Of every row of the problem as it is now, and of every line of its groups, the name it goes by: that of a row,
        of a line of a group as they were given, or of a set made on the way.
    steps
        In order.
    """

    rows: list[Ref]
    lines: list[Ref]
    steps: list[Raw] = field(default_factory=list)
    cliques: int = 0

    @classmethod
    def of(cls, problem: Problem) -> Trail:
        """The trail of nothing done yet."""
        lines = sum(1 for _ in problem.groups.simple())
        return cls([["row", k] for k in range(len(problem.rows))], [["group", k] for k in range(lines)])


class Book:
    """Every hard line in whole numbers, as plain Python numbers."""

    def __init__(self, problem: Problem) -> None:
        lines = Lines.of(problem)
        self.row = lines.row.tolist()
        self.first_group = sum(row >= 0 for row in self.row)
        self.line_of_row = {row: line for line, row in enumerate(self.row) if row >= 0}
        self.terms: list[dict[int, int]] = [{} for _ in self.row]
        self.of_column: list[list[int]] = [[] for _ in range(problem.n)]
        for line, c, a in zip(lines.owner.tolist(), lines.index.tolist(), lines.value.tolist()):
            self.terms[line][c] = int(a)
            self.of_column[c].append(line)
        self.lower, self.upper = numbers(lines.lower), numbers(lines.upper)
        self.low, self.high = (numbers(end) for end in domain(problem.columns))

    def least(self, line: int, way: int, prices: Mapping[int, Fraction]) -> Fraction:
        """A lower bound of a line, or of the line turned around, from multiples of lines with the sides they have.

        A line counts with its lower side for a positive price, else with its upper side.
        """
        rest = {c: Fraction(way * a) for c, a in self.terms[line].items()}
        total = Fraction(0)
        for other, price in prices.items():
            total += price * ((self.lower if price > 0 else self.upper)[other] or 0)
            for c, a in self.terms[other].items():
                rest[c] = rest.get(c, Fraction(0)) - price * a
        return total + sum(a * ((self.low[c] if a > 0 else self.high[c]) or 0) for c, a in rest.items() if a)

    def implied(
        self, line: int, low: Sequence[Any], high: Sequence[Any], spin: Any
    ) -> list[tuple[int, Any, Any]] | None:
        """Columns that a line narrows, with their new ends (None for one that stays); None where it says more than is
        wanted."""
        terms = self.terms[line]
        least: float = 0
        most: float = 0
        for c, a in terms.items():
            first, last = self._ends(c, a)
            least, most = least + first, most + last
        moves = []
        upper, lower = self.upper[line], self.lower[line]
        for c, a in terms.items():
            if self.low[c] == low[c] and self.high[c] == high[c]:
                continue
            first, last = self._ends(c, a)
            # What a x may be at most and at least, the others being where they help it most.
            top = None if upper is None else self._rest(upper, least, first, terms, c, 0)
            bottom = None if lower is None else self._rest(lower, most, last, terms, c, 1)
            if a < 0:
                top, bottom = bottom, top
            new_low = None if bottom is None else -(-bottom // a)
            new_high = None if top is None else top // a
            if spin[c]:
                new_low = 1 if new_low is not None and new_low > -1 else new_low
                new_high = -1 if new_high is not None and new_high < 1 else new_high
            move: list[int | None] = []
            for new, now, wanted, way in ((new_low, self.low[c], low[c], 1), (new_high, self.high[c], high[c], -1)):
                closer = new is not None and now != wanted and (now is None or (new - now) * way > 0)
                if closer and (wanted is None or ((new or 0) - wanted) * way > 0):
                    return None
                move.append(new if closer else None)
            if move != [None, None]:
                moves.append((c, move[0], move[1]))
        return moves

    def _ends(self, c: int, a: int) -> tuple[float, float]:
        first, last = (self.low[c], self.high[c]) if a > 0 else (self.high[c], self.low[c])
        return -inf if first is None else a * first, inf if last is None else a * last

    def _rest(self, side: int, total: float, own: float, terms: dict[int, int], c: int, which: int) -> int | None:
        """The side less the others' end; None where one of them is open."""
        if abs(own) != inf:
            return None if abs(total) == inf else int(side - (total - own))
        rest = sum(self._ends(d, b)[which] for d, b in terms.items() if d != c)
        return None if abs(rest) == inf else int(side - rest)


class Chains:
    """The graph of implications between literals, to walk from one to another."""

    def __init__(self, problem: Problem, rows: Sequence[Ref], lines: Sequence[Ref]) -> None:
        edges = implications(problem)
        owner = [g for g, _, _ in problem.groups.simple()]
        members = [set(line.tolist()) for _, _, line in problem.groups.simple()]
        self.next: dict[int, list[tuple[int, Ref]]] = {}
        for tail, head, row in zip(edges.tail.tolist(), edges.head.tolist(), edges.row.tolist()):
            if row >= 0:
                ref = rows[row]
            else:
                both = {tail // 2, head // 2}
                ref = next(r for g, m, r in zip(owner, members, lines) if g == -1 - row and both <= m)
            self.next.setdefault(tail, []).append((head, ref))

    def circle(self, source: int, literals: set[tuple[int, int]]) -> list[Any] | None:
        """A walk ``[[reference, column, value], …]`` from ``source = 1`` past all literals and back; None for none."""
        start = 2 * source
        missing, here, walk = {2 * c + 1 - value for c, value in literals}, start, []
        while missing or here != start:
            leg = self._to_nearest(here, missing or {start})
            if leg is None:
                return None
            walk += [[ref, there // 2, 1 - there % 2] for ref, there in leg]
            missing -= {there for _, there in leg}
            here = leg[-1][1]
        return walk

    def _to_nearest(self, start: int, wanted: set[int]) -> list[tuple[Ref, int]] | None:
        """The shortest chain of implications to one of some literals."""
        came: dict[int, tuple[int, Ref]] = {start: (start, [])}
        queue = deque([start])
        while queue:
            here = queue.popleft()
            for there, ref in self.next.get(here, []):
                if there in came:
                    continue
                came[there] = (here, ref)
                if there in wanted:
                    leg = []
                    while there != start:
                        before, by = came[there]
                        leg.append((by, there))
                        there = before
                    return leg[::-1]
                queue.append(there)
        return None


def numbers(values: Any) -> list[int | None]:
    """Whole numbers, None for infinities."""
    return [int(v) if np.isfinite(v) else None for v in values.tolist()]


def factor_of(values: list[float]) -> Fraction:
    """What makes numbers whole and coprime."""
    exact = [simplest(v) for v in values if v]
    common = 1
    for v in exact:
        common = common * v.denominator // gcd(common, v.denominator)
    return Fraction(common, gcd(*(int(v * common) for v in exact)) or 1)


def restated(old: Rows, new: Rows) -> list[int]:
    """Rows that say the same in other numbers; both have the same rows."""
    return [
        k
        for k in range(len(old))
        if old.lower[k] != new.lower[k]
        or old.upper[k] != new.upper[k]
        or _content(old, k, False) != _content(new, k, False)
    ]


def remaining(old: Rows, new: Rows, *, sides: bool = True) -> list[int]:
    """The rows of ``old`` that ``new`` consists of, in order."""
    out, k = [], 0
    for j in range(len(new)):
        wanted = _content(new, j, sides)
        while _content(old, k, sides) != wanted:
            k += 1
        out.append(k)
        k += 1
    return out


def _content(rows: Rows, k: int, sides: bool) -> tuple[Any, ...]:
    index, value = rows.row(k)
    ends = (rows.lower[k], rows.upper[k]) if sides else ()
    return (rows.names[k], index.tobytes(), value.tobytes(), *ends)


def left_side(rows: Rows, k: int, sign: int) -> tuple[tuple[int, float], ...]:
    """The columns and coefficients of a row, or of the row turned around."""
    index, value = rows.row(k)
    return tuple(sorted(zip(index.tolist(), (sign * value).tolist())))


def members_of(kind: GroupKind, line: Any, free: Any) -> tuple[Any, ...]:
    """Kind and free members of a line of a group."""
    return (int(kind), *sorted(c for c in line.tolist() if free[c]))
