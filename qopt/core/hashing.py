"""Hashes of the mathematics of a problem."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from qopt.core.polynomial import Polynomial
from qopt.core.problem import Kind, Problem
from qopt.core.rows import Rows


def problem_hash(problem: Problem) -> str:
    """SHA-256 of columns, levels and rows in the order of their names; provenance, reasons and the title left out.

    Two doors that carry the same model with the same names give the same hash, in whatever order they declare things.
    An integer from 0 to 1 is a binary, and ``a >= b`` is ``-a <= -b``.
    """
    order = np.array(sorted(range(problem.n), key=problem.columns.names.__getitem__), dtype=np.int64)
    return _digest(problem, order, named=True)


def structure_hash(problem: Problem) -> str:
    """The same without names, columns in their own order: for doors such as LP and MPS that mangle names."""
    return _digest(problem, np.arange(problem.n), named=False)


def qubo_hash(energy: Polynomial) -> str:
    """SHA-256 of an energy: number of bits, constant, linear part and pairs in the order of their bits, then longer
    products, where it has any, in the order of theirs."""
    order = np.lexsort((energy.col, energy.row))
    digest = hashlib.sha256(repr((energy.n, float(energy.offset) + 0.0)).encode())
    for part in (energy.linear + 0.0, energy.row[order], energy.col[order], energy.value[order] + 0.0):
        digest.update(part.tobytes())
    products = energy.products
    longer = [(tuple(products.term(t).tolist()), float(products.coefficient[t])) for t in range(len(products))]
    if longer:
        digest.update(repr(sorted(longer)).encode())
    return digest.hexdigest()


def _digest(problem: Problem, order: np.ndarray[Any, Any], *, named: bool) -> str:
    digest = hashlib.sha256()
    place = np.empty(problem.n, dtype=np.int64)
    place[order] = np.arange(problem.n)

    def feed(*things: Any) -> None:
        for thing in things:
            data = np.ascontiguousarray(thing).tobytes() if isinstance(thing, np.ndarray) else repr(thing).encode()
            digest.update(len(data).to_bytes(8, "little"))
            digest.update(data)

    columns = problem.columns
    bits = (columns.kind == Kind.INTEGER) & (columns.lower == 0) & (columns.upper == 1)
    kind = np.where(bits, Kind.BINARY, columns.kind).astype(np.int8)
    feed(problem.sense.value, problem.n, kind[order], columns.lower[order] + 0.0, columns.upper[order] + 0.0)
    if named:
        for k in order:
            feed(columns.names[k])
    for level in problem.levels:
        feed(*_polynomial(level.total, place, order))
    group_rows = problem.groups.as_rows()
    lines = [*_rows(problem.rows, place, named), *_rows(group_rows, place, named)]
    for row in problem.polynomial_rows:
        lower, upper = row.lower, row.upper
        parts = _polynomial(row.polynomial, place, order)
        if _turned(lower, upper, [*parts[1], *parts[4], *(value for _, value in parts[5])]):
            lower, upper = -upper, -lower
            parts = _polynomial(row.polynomial.scaled(-1.0), place, order)
        lines.append(
            (row.name if named else "", lower + 0.0, upper + 0.0, row.price, int(row.norm), row.level)
            + tuple(part.tobytes() if isinstance(part, np.ndarray) else part for part in parts)
        )
    for k, line in enumerate(_rows(problem.indicators.rows, place, named)):
        lines.append((*line, int(place[problem.indicators.column[k]]), int(problem.indicators.active[k])))
    for line in sorted(lines, key=repr):
        feed(line)
    return digest.hexdigest()


def _polynomial(p: Polynomial, place: np.ndarray[Any, Any], order: np.ndarray[Any, Any]) -> tuple[Any, ...]:
    i, j = place[p.row], place[p.col]
    low, high = np.minimum(i, j), np.maximum(i, j)
    rank = np.lexsort((high, low))
    products = sorted(
        (tuple(sorted(int(place[c]) for c in p.products.term(t))), float(p.products.coefficient[t]))
        for t in range(len(p.products))
    )
    return (p.offset + 0.0, p.linear[order] + 0.0, low[rank], high[rank], p.value[rank], tuple(products))


def _rows(rows: Rows, place: np.ndarray[Any, Any], named: bool) -> list[tuple[Any, ...]]:
    out = []
    for k in range(len(rows)):
        index, value = rows.row(k)
        where = place[index]
        rank = np.argsort(where)
        value, lower, upper = value[rank], float(rows.lower[k]), float(rows.upper[k])
        if _turned(lower, upper, value):
            value, lower, upper = -value, -upper, -lower
        price = None if rows.price is None or np.isnan(rows.price[k]) else float(rows.price[k])
        out.append(
            (
                rows.names[k] if named else "",
                lower + 0.0,
                upper + 0.0,
                price,
                0 if rows.norm is None else int(rows.norm[k]),
                0 if rows.level is None else int(rows.level[k]),
                where[rank].tobytes(),
                (value + 0.0).tobytes(),
            )
        )
    return out


def _turned(lower: float, upper: float, coefficients: Any) -> bool:
    """Whether a row is hashed with its signs changed: as ``<=`` where one side is open, else first coefficient > 0."""
    if np.isinf(lower) != np.isinf(upper):
        return bool(np.isinf(upper))
    return next((bool(value < 0) for value in coefficients if value), False)
