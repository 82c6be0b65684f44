"""Columns replaced by affine functions of others, everywhere in a problem. Equivalent."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import sparse

from qopt.core.arrays import Floats
from qopt.core.polynomial import Polynomial, Products
from qopt.core.problem import Level, Part, Problem
from qopt.core.rows import Groups, Indicators, PolynomialRow, Rows
from qopt.reduce.steps import Way, domain


def exact_data(problem: Problem) -> bool:
    """Whether objective and soft rows are whole, so that sums of their coefficients are exact."""
    return all(level.total.integral for level in problem.levels) and (not problem.has_soft or problem.integral)


def substituted(problem: Problem, way: Way) -> Problem:
    """The problem with ``x[column] = offset + scale * x[source]`` put in for every replaced column.

    The replaced columns occur nowhere any more and are fixed at their lower bound. Groups that hold one must hold it
    with ``x[column] = x[source]``; a switch of an indicator may be the complement too.
    """
    n = problem.n
    place, scale, offset = np.arange(n), np.ones(n), np.zeros(n)
    place[way.column], scale[way.column], offset[way.column] = way.source, way.scale, way.offset
    matrix = sparse.csr_array((scale, (np.arange(n), place)), shape=(n, n))
    low, high = domain(problem.columns)
    high = high.copy()
    high[way.column] = low[way.column]
    binary = problem.columns.binary

    def of(p: Polynomial) -> Polynomial:
        return _polynomial(p, matrix, offset, binary)

    switched = problem.indicators
    flipped = scale[switched.column] < 0
    return replace(
        problem,
        columns=replace(problem.columns, lower=low, upper=high),
        levels=tuple(Level(tuple(Part(q.name, of(q.polynomial)) for q in lv.parts)) for lv in problem.levels),
        rows=_rows(problem.rows, matrix, offset),
        groups=_groups(problem.groups, place),
        polynomial_rows=tuple(_curve(row, of(row.polynomial)) for row in problem.polynomial_rows),
        indicators=Indicators(
            place[switched.column].astype(np.int32),
            np.where(flipped, 1 - switched.active, switched.active).astype(np.int8),
            _rows(switched.rows, matrix, offset),
        ),
    )


def _curve(row: PolynomialRow, p: Polynomial) -> PolynomialRow:
    return replace(row, polynomial=p)


def _rows(rows: Rows, matrix: sparse.csr_array, offset: Floats) -> Rows:
    if not len(rows):
        return rows
    a = sparse.csr_array((rows.value, rows.index, rows.indptr), shape=(len(rows), len(offset)))
    shift = a @ offset
    made = sparse.csr_array(a @ matrix)
    made.sum_duplicates()
    made.eliminate_zeros()
    return Rows(
        made.indptr,
        made.indices,
        made.data,
        rows.lower - shift,
        rows.upper - shift,
        rows.names,
        rows.price,
        rows.norm,
        rows.level,
    )


def _groups(groups: Groups, place: np.ndarray) -> Groups:
    return replace(groups, index=place[groups.index])


def _polynomial(p: Polynomial, matrix: sparse.csr_array, offset: Floats, binary: np.ndarray) -> Polynomial:
    q = sparse.csr_array((p.value, (p.row, p.col)), shape=(p.n, p.n))
    linear = matrix.T @ (p.linear + q @ offset + q.T @ offset)
    constant = p.offset + float(p.linear @ offset + offset @ (q @ offset))
    pairs = (matrix.T @ q @ matrix).tocoo()
    extra: dict[tuple[int, ...], float] = {}
    for t in range(len(p.products)):
        for key, value in _expanded(p.products.term(t).tolist(), matrix, offset, binary).items():
            extra[key] = extra.get(key, 0.0) + value * float(p.products.coefficient[t])
    row, col, data = [pairs.row], [pairs.col], [pairs.data]
    high: dict[tuple[int, ...], float] = {}
    for key, value in extra.items():
        if len(key) == 0:
            constant += value
        elif len(key) == 1:
            linear[key[0]] += value
        elif len(key) == 2:
            row, col, data = [*row, [key[0]]], [*col, [key[1]]], [*data, [value]]
        else:
            high[key] = value
    parts = (np.concatenate(part) for part in (row, col, data))
    return Polynomial.from_pairs(linear, *parts, products=Products.from_terms(high), offset=constant, binary=binary)


def _expanded(
    columns: list[int], matrix: sparse.csr_array, offset: Floats, binary: np.ndarray
) -> dict[tuple[int, ...], float]:
    """A product of columns in terms of their sources; a binary factor counts once."""
    terms: dict[tuple[int, ...], float] = {(): 1.0}
    for c in columns:
        source, scale = int(matrix.indices[c]), float(matrix.data[c])
        grown: dict[tuple[int, ...], float] = {}
        for key, value in terms.items():
            if offset[c]:
                grown[key] = grown.get(key, 0.0) + value * float(offset[c])
            longer = key if source in key and binary[source] else tuple(sorted((*key, source)))
            grown[longer] = grown.get(longer, 0.0) + value * scale
        terms = grown
    return {key: value for key, value in terms.items() if value}


def groups_to_rows(problem: Problem, chosen: np.ndarray) -> Problem:
    """The problem with some of its groups written as rows again."""
    groups = problem.groups
    gone = np.flatnonzero(chosen)
    rows = select_groups(groups, gone).as_rows()
    given = problem.rows
    m, k = len(given), len(rows)

    def padded(values: np.ndarray | None, fill: float, dtype: type) -> np.ndarray | None:
        return None if values is None else np.concatenate([values, np.full(k, fill, dtype)])

    merged = Rows(
        np.concatenate([given.indptr, given.indptr[-1] + rows.indptr[1:]]),
        np.concatenate([given.index, rows.index]),
        np.concatenate([given.value, rows.value]),
        np.concatenate([given.lower, rows.lower]),
        np.concatenate([given.upper, rows.upper]),
        given.names.extended(*rows.names.families),
        padded(given.price, np.nan, np.float64),
        padded(given.norm, 0, np.int8),
        padded(given.level, 0, np.int32),
    )
    assert len(merged) == m + k
    return replace(problem, rows=merged, groups=select_groups(groups, np.flatnonzero(~chosen)))


def select_groups(groups: Groups, chosen: np.ndarray) -> Groups:
    """Some of the groups, in the order given."""
    members = [groups.members(int(g)) for g in chosen]
    indptr = np.concatenate([[0], np.cumsum([len(m) for m in members], dtype=np.int64)])
    index = np.concatenate([np.empty(0, np.int32), *members])
    return Groups(groups.kind[chosen].astype(np.int8), indptr, index, groups.names.select(chosen.tolist()))
