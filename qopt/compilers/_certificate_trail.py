"""The steps of a presolve, each written down so that somebody else can check it from the problem alone.

A pass says what it made, not why that is right. For every step the trail finds the reasons again (the row that a bound
comes from, the implications behind two equal columns) and refuses a step for which it has none; the compile then goes
on without that step.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from fractions import Fraction
from math import ceil, floor
from typing import Any

import numpy as np

from qopt.compilers._certificate_reasons import (
    Book,
    Raw,
    Ref,
    Trail,
    factor_of,
    left_side,
    numbers,
    remaining,
    restated,
)
from qopt.compilers._certificate_sets import equal_columns, groups_found, pairs_merged
from qopt.compilers.passes.exact import simplest
from qopt.compilers.passes.ranges import GRID
from qopt.core.problem import Kind, Problem
from qopt.reduce.steps import Step, domain


def takes(trail: Trail, before: Problem, step: Step) -> bool:
    """Write a step down; False, with nothing written, where there is no reason for it."""
    writer = _WRITERS.get(step.done.name)
    attempt = Trail(list(trail.rows), list(trail.lines), [], trail.cliques)
    if writer is None or not writer(attempt, before, step):
        return False
    trail.rows, trail.lines, trail.cliques = attempt.rows, attempt.lines, attempt.cliques
    trail.steps += attempt.steps
    return True


def _whole(trail: Trail, before: Problem, step: Step) -> bool:
    """Rows in the smallest whole numbers: the factor of each."""
    old, new = before.rows, step.problem.rows
    low, _ = domain(before.columns)
    for k in restated(old, new):
        was, now = (dict(zip(*(part.tolist() for part in rows.row(k)))) for rows in (old, new))
        ratios = {simplest(now[c]) / simplest(was[c]) for c in now}
        factor = ratios.pop() if ratios else factor_of(list(was.values()))
        shift = sum((simplest(was[c]) * int(low[c]) for c in was.keys() - now.keys() if was[c]), Fraction(0))
        ends = ((old.lower[k], new.lower[k], ceil), (old.upper[k], new.upper[k], floor))
        # A side within float noise of a whole number may have been taken for it.
        exact = all(
            way((simplest(float(side)) - shift) * factor) == made for side, made, way in ends if np.isfinite(side)
        )
        if ratios or (now and not exact):
            return False
        trail.steps.append({"step": "whole", "row": trail.rows[k], "by": str(factor)})
    return True


def _tighten(trail: Trail, before: Problem, step: Step) -> bool:
    """Coefficients cut to the excess of their row."""
    old, new = before.rows, step.problem.rows
    for k in restated(old, new):
        (index, value), (_, cut) = old.row(k), new.row(k)
        changed = np.flatnonzero(value != cut).tolist()
        side = new.upper[k] if np.isfinite(new.upper[k]) else new.lower[k]
        terms = [[int(index[t]), str(simplest(float(cut[t])))] for t in changed]
        trail.steps.append({"step": "tighten", "row": trail.rows[k], "terms": terms, "side": str(int(side))})
    return True


def _count(trail: Trail, before: Problem, step: Step) -> bool:
    """Rows that only say how many of their literals may be set."""
    old, new = before.rows, step.problem.rows
    for k in restated(old, new):
        _, value = new.row(k)
        above = np.isfinite(new.upper[k])
        side = new.upper[k] if above else -new.lower[k]
        clear = int(((value < 0) if above else (value > 0)).sum())
        trail.steps.append({"step": "count", "row": trail.rows[k], "at": int(side) + clear})
    return True


def _sums(trail: Trail, before: Problem, step: Step) -> bool:
    """Sides moved to sums that occur."""
    old, new = before.rows, step.problem.rows
    moves = []
    for k in restated(old, new):
        for end, was, now in (("low", old.lower[k], new.lower[k]), ("high", old.upper[k], new.upper[k])):
            if was != now:
                moves.append(_move(trail.rows[k], end, int(now), "sums", None))
    trail.steps.append({"step": "sides", "moves": moves})
    return True


def _move(ref: Ref, end: str, at: int, by: Any, bound: Fraction | None) -> Raw:
    return {"row": ref, "end": end, "at": at, "by": by, "bound": None if bound is None else str(bound)}


def _ranged(trail: Trail, before: Problem, step: Step) -> bool:
    """Sides that multiples of other lines imply, as the relaxation found them."""
    book, rows, moves = Book(before), step.problem.rows, []
    for k, end, prices in step.proof:
        exact = {line: Fraction(y, int(GRID)) for line, y in prices.items()}
        bound = book.least(book.line_of_row[k], 1 if end == "low" else -1, exact)
        at = int(rows.lower[k] if end == "low" else rows.upper[k])
        by = [[_name(trail, book, line), str(y)] for line, y in sorted(exact.items())]
        moves.append(_move(trail.rows[k], end, at, by, bound))
    trail.steps.append({"step": "sides", "moves": moves})
    return True


def _name(trail: Trail, book: Book, line: int) -> Ref:
    row = book.row[line]
    return trail.rows[row] if row >= 0 else trail.lines[line - book.first_group]


def _bounds(trail: Trail, before: Problem, step: Step) -> bool:
    """Bounds of columns, each from one row: the rows are gone through until all bounds are there."""
    book = Book(before)
    low, high = (numbers(end) for end in domain(step.problem.columns))
    spin = before.columns.kind == Kind.SPIN
    queue = deque(range(len(book.terms)))
    waiting = set(queue)
    missing = sum(book.low[c] != low[c] for c in range(before.n)) + sum(
        book.high[c] != high[c] for c in range(before.n)
    )
    while queue and missing:
        line = queue.popleft()
        waiting.discard(line)
        moves = book.implied(line, low, high, spin)
        if moves is None:
            return False
        if not moves:
            continue
        for c, first, last in moves:
            book.low[c] = book.low[c] if first is None else first
            book.high[c] = book.high[c] if last is None else last
            missing -= (first is not None and first == low[c]) + (last is not None and last == high[c])
            fresh = [other for other in book.of_column[c] if other not in waiting]
            queue.extend(fresh)
            waiting.update(fresh)
        trail.steps.append({"step": "bounds", "row": _name(trail, book, line), "moves": [list(m) for m in moves]})
    return missing == 0


def _idle(trail: Trail, before: Problem, step: Step) -> bool:
    """Rows that always hold need no reason: that is seen from the bounds."""
    trail.rows = [trail.rows[k] for k in remaining(before.rows, step.problem.rows)]
    return True


def _parallel(trail: Trail, before: Problem, step: Step) -> bool:
    """Rows of the same left side: the sides meet in one of them, and the others follow from it."""
    old, book = before.rows, Book(before)
    kept = remaining(old, step.problem.rows, sides=False)
    at = {left_side(old, k, sign): (k, sign) for k in kept for sign in (1, -1)}
    staying = set(kept)
    twins = {k: at.get(left_side(old, k, 1)) for k in range(len(old)) if k not in staying}
    lines = {k: book.line_of_row.get(k) for k in range(len(old))}
    follow = []
    for k, found in twins.items():
        if found is None or lines[k] is None or lines[found[0]] is None:
            return False
        twin, sign = found
        mine, own = lines[twin], lines[k]
        assert mine is not None and own is not None
        for end, way, ends in (("low", 1, book.lower), ("high", -1, book.upper)):
            side = (book.lower if way * sign > 0 else book.upper)[own]
            if side is None:
                continue
            side, now = sign * side, ends[mine]
            if now is None or way * side > way * now:
                by, bound = [[trail.rows[k], str(way * sign)]], book.least(mine, way, {own: Fraction(way * sign)})
                trail.steps.append({"step": "sides", "moves": [_move(trail.rows[twin], end, side, by, bound)]})
                ends[mine] = side
        follow.append((own, trail.rows[k], mine, trail.rows[twin], sign))
    trail.steps += [_follows(book, *each) for each in follow]
    trail.rows = [trail.rows[k] for k in kept]
    return True


def _follows(book: Book, line: int, ref: Ref, other: int, other_ref: Ref, sign: int) -> Raw:
    """A row that follows, on both of its sides, from another row or from that row turned around."""
    raw: Raw = {"step": "drop", "row": ref}
    for end, way, side in (("low", 1, book.lower[line]), ("high", -1, book.upper[line])):
        bound = None if side is None else book.least(line, way, {other: Fraction(way * sign)})
        raw[end] = None if bound is None else {"by": [[other_ref, str(way * sign)]], "bound": str(bound)}
    return raw


def _dominated(trail: Trail, before: Problem, step: Step) -> bool:
    """One-sided rows that a row over the same columns implies."""
    book = Book(before)
    kept = remaining(before.rows, step.problem.rows)
    by_columns: dict[tuple[int, ...], list[int]] = {}
    for k in kept:
        line = book.line_of_row.get(k, -1)
        if line >= 0 and book.upper[line] is not None:
            by_columns.setdefault(tuple(sorted(book.terms[line])), []).append(k)
    staying = set(kept)
    for j in range(len(before.rows)):
        if j in staying:
            continue
        mine = book.line_of_row.get(j, -1)
        for k in by_columns.get(tuple(sorted(book.terms[mine])), []) if mine >= 0 else []:
            other = book.line_of_row[k]
            within = (book.upper[other] or 0) <= (book.upper[mine] or 0)
            if within and all(book.terms[other][c] >= a for c, a in book.terms[mine].items()):
                trail.steps.append(_follows(book, mine, trail.rows[j], other, trail.rows[k], 1))
                break
        else:
            return False
    trail.rows = [trail.rows[k] for k in kept]
    return True


_WRITERS: dict[str, Callable[[Trail, Problem, Step], bool]] = {
    "whole numbers": _whole,
    "bounds": _bounds,
    "always true": _idle,
    "smaller coefficients": _tighten,
    "counts": _count,
    "reachable sums": _sums,
    "same left side": _parallel,
    "implied by another row": _dominated,
    "equal variables": equal_columns,
    "groups trimmed": groups_found,
    "groups": groups_found,
    "at most one": pairs_merged,
    "range by the relaxation": _ranged,
}
