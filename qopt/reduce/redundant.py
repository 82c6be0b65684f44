"""Rows that say nothing, or nothing that another row does not say. Equivalent."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from qopt.core.arrays import Bools, Floats, Ints
from qopt.core.problem import Problem
from qopt.core.rows import Rows
from qopt.reduce.lines import Lines
from qopt.reduce.steps import Done, ImpossibleRow, Step, domain, whole_rows, with_sides

_SEED = 20_011


def redundant_dropped(problem: Problem) -> Step:
    """The same problem without rows that hold everywhere within the bounds of their columns.

    Raises
    ------
    ImpossibleRow
        A row that holds nowhere.
    """
    lines = Lines.of(problem)
    least, most = lines.activity(*domain(problem.columns))
    lines.refuse_impossible(least, most)
    idle = lines.row[(least >= lines.lower) & (most <= lines.upper)]
    gone = np.zeros(len(problem.rows), dtype=bool)
    gone[idle[idle >= 0]] = True
    return _without(problem, gone, "always true")


def parallel_merged(problem: Problem) -> Step:
    """The same problem with one row in place of several that have the same left side, up to sign.

    Raises
    ------
    ImpossibleRow
        Two rows that contradict each other; the message names both.
    """
    rows = problem.rows
    chosen = np.flatnonzero(whole_rows(problem) & (np.diff(rows.indptr) > 0))
    candidates, sign = _same_hash(rows, chosen, problem.n)
    gone = np.zeros(len(rows), dtype=bool)
    lower, upper = np.array(rows.lower), np.array(rows.upper)
    for group in candidates:
        kept: list[int] = []
        for k in group:
            twin = next((j for j in kept if _same_side(rows, j, k, sign[j] * sign[k])), None)
            if twin is None:
                kept.append(k)
                continue
            low, high = (rows.lower[k], rows.upper[k]) if sign[k] == sign[twin] else (-rows.upper[k], -rows.lower[k])
            lower[twin], upper[twin] = max(lower[twin], low), min(upper[twin], high)
            gone[k] = True
            if lower[twin] > upper[twin]:
                why = f"row {rows.names[k]} with the same left side contradicts it"
                raise ImpossibleRow(rows.names[twin], np.nan, np.nan, lower[twin], upper[twin], why)
    if not gone.any():
        return Step(problem, Done("same left side"))
    return _without(replace(problem, rows=with_sides(rows, lower, upper)), gone, "same left side")


def dominated_dropped(problem: Problem) -> Step:
    """The same problem without one-sided rows that a row over the same columns implies.

    ``a x <= b`` follows from ``c x <= d`` over columns that are never negative when c >= a in every entry and d <= b.
    """
    rows = problem.rows
    low, _ = domain(problem.columns)
    signless = np.ones(len(rows), dtype=bool)
    signless[rows.row_of_entry()[low[rows.index] < 0]] = False
    one_sided = np.isneginf(rows.lower) & np.isfinite(rows.upper)
    chosen = np.flatnonzero(whole_rows(problem) & signless & one_sided & (np.diff(rows.indptr) > 0))
    gone = np.zeros(len(rows), dtype=bool)
    for group in _same_columns(rows, chosen, problem.n):
        for k in group:
            if gone[k]:
                continue
            for j in group:
                if j != k and not gone[j] and rows.upper[k] <= rows.upper[j] and _covers(rows, k, j):
                    gone[j] = True
    return _without(problem, gone, "implied by another row")


def _without(problem: Problem, gone: Bools, name: str) -> Step:
    if not gone.any():
        return Step(problem, Done(name))
    names = problem.rows.names.select(np.flatnonzero(gone).tolist())
    done = Done(name, counts={"rows removed": int(gone.sum())}, removed=names)
    return Step(replace(problem, rows=problem.rows.select(~gone)), done)


def _hashes(rows: Rows, value: Floats | None, n: int) -> Ints:
    """One 64-bit number per row from its columns (and coefficients): equal for equal rows, rarely so for others."""
    key = np.random.default_rng(_SEED).integers(1, 2**62, size=n, dtype=np.int64)
    with np.errstate(over="ignore"):
        entry = key[rows.index] if value is None else key[rows.index] * value.astype(np.int64)
        total = np.concatenate([[np.int64(0)], np.cumsum(entry)])
        return total[rows.indptr[1:]] - total[rows.indptr[:-1]]


def _same_hash(rows: Rows, chosen: Ints, n: int) -> tuple[list[list[int]], Ints]:
    """Rows that may have the same left side, and the sign of each row's coefficient of its lowest column."""
    owner = rows.row_of_entry()
    order = np.lexsort((rows.index, owner))
    first = order[np.minimum(rows.indptr[:-1], max(len(order) - 1, 0))] if len(order) else rows.indptr[:-1]
    sign = np.ones(len(rows), dtype=np.int64)
    if len(order):
        sign = np.where(rows.value[first] < 0, -1, 1)
    whole = np.zeros(len(rows), dtype=bool)
    whole[chosen] = True
    value = np.where(whole[owner], rows.value * sign[owner], 0.0)
    return _groups(_hashes(rows, value, n), chosen), sign


def _same_columns(rows: Rows, chosen: Ints, n: int) -> list[list[int]]:
    return _groups(_hashes(rows, None, n), chosen)


def _groups(key: Ints, chosen: Ints) -> list[list[int]]:
    """Chosen rows of equal key, two or more each, at most 64."""
    order = chosen[np.argsort(key[chosen], kind="stable")]
    if len(order) < 2:
        return []
    starts = np.concatenate([[0], np.flatnonzero(np.diff(key[order])) + 1, [len(order)]])
    several = np.flatnonzero(np.diff(starts) > 1)
    return [order[starts[g] : min(starts[g + 1], starts[g] + 64)].tolist() for g in several.tolist()]


def _sorted(rows: Rows, k: int) -> tuple[Ints, Floats]:
    index, value = rows.row(k)
    order = np.argsort(index)
    return index[order].astype(np.int64), value[order]


def _same_side(rows: Rows, j: int, k: int, sign: int) -> bool:
    (columns, a), (others, b) = _sorted(rows, j), _sorted(rows, k)
    return np.array_equal(columns, others) and np.array_equal(a, sign * b)


def _covers(rows: Rows, k: int, j: int) -> bool:
    """Whether row k has the columns of row j, each with at least its coefficient."""
    (columns, a), (others, b) = _sorted(rows, k), _sorted(rows, j)
    return np.array_equal(columns, others) and bool((a >= b).all())
