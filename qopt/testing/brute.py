"""Plain enumeration of small problems, in the most obvious way."""

from __future__ import annotations

from typing import Any

import numpy as np

from qopt.core.arrays import Bools, Floats, Ints
from qopt.core.compiled import Compiled
from qopt.core.problem import Kind, Problem, violation
from qopt.core.rows import GroupKind

TOLERANCE = 1e-9


def all_bits(n: int) -> np.ndarray[Any, Any]:
    """Every bit string of n <= 20 bits, shape (2**n, n)."""
    if n > 20:
        raise ValueError(f"{n} bits are too many to enumerate, at most 20")
    return (np.arange(2**n)[:, None] >> np.arange(n) & 1).astype(np.int8)


def all_points(problem: Problem) -> Floats:
    """Every point of the domain, reals at their resolution; shape (points, columns)."""
    columns = problem.columns
    step = columns.steps()
    axes = []
    for c in range(problem.n):
        low, high = columns.lower[c], columns.upper[c]
        if columns.kind[c] == Kind.INTEGER:
            low, high = np.ceil(low), np.floor(high)
        axes.append(low + step[c] * np.arange(round((high - low) / step[c]) + 1))
    if not axes:
        return np.zeros((1, 0))
    return np.stack([grid.ravel() for grid in np.meshgrid(*axes, indexing="ij")], axis=1)


def holds(problem: Problem, points: Floats) -> Bools:
    """Which points satisfy every hard rule, to float noise."""
    x = np.asarray(points, dtype=np.float64)
    ok = np.ones(len(x), dtype=bool)
    hard = ~problem.rows.soft
    over = violation(problem.rows.activity(x), problem.rows.lower, problem.rows.upper)
    ok &= (over[:, hard] <= TOLERANCE).all(axis=1)
    for _, kind, members in problem.groups.simple():
        count = x[:, members].sum(axis=1)
        ok &= (count == 1) if kind == GroupKind.EXACTLY_ONE else (count <= 1)
    for row in problem.polynomial_rows:
        if row.price is None:
            value = row.polynomial.evaluate(x)
            ok &= violation(value, np.float64(row.lower), np.float64(row.upper)) <= TOLERANCE
    switched = problem.indicators
    over = violation(switched.rows.activity(x), switched.rows.lower, switched.rows.upper)
    ok &= ((over <= TOLERANCE) | (x[:, switched.column] != switched.active)).all(axis=1)
    return ok


def kept_by_backend(compiled: Compiled, bits: np.ndarray[Any, Any]) -> Bools:
    """Which bit strings keep the groups and rows that were left to the backend."""
    ok = np.ones(len(bits), dtype=bool)
    for _, kind, members in compiled.groups.simple():
        count = bits[:, members].sum(axis=1)
        ok &= (count == 1) if kind == GroupKind.EXACTLY_ONE else (count <= 1)
    if len(compiled.rows):
        over = violation(compiled.rows.activity(bits), compiled.rows.lower, compiled.rows.upper)
        ok &= (over <= TOLERANCE).all(axis=1)
    return ok


def lexicographic(levels: Floats) -> Ints:
    """Rank of each row of ``levels`` (rows, levels), equal rows alike; small is good."""
    _, rank = np.unique(np.round(levels, 9), axis=0, return_inverse=True)
    return rank.ravel()
