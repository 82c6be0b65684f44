"""Random small models full of what a presolve looks for: pairs, circles of implications, copies, wide coefficients."""

from __future__ import annotations

import numpy as np
from random_models import INF, names, polynomial, rows_of, sense

from qopt.core.names import NameTable
from qopt.core.problem import Columns, Kind, Problem
from qopt.core.rows import Groups, Indicators


def _line(rng, n, low=-3, high=4, size=None):
    used = rng.choice(n, size=int(size or rng.integers(1, n + 1)), replace=False)
    return {int(c): float(v) for c in used if (v := rng.integers(low, high)) != 0} or {int(used[0]): 1.0}


def pairs(rng) -> Problem:
    """Rules over two binaries each: conflicts, implications, covers, equalities, in any signs."""
    n = int(rng.integers(3, 8))
    lines = []
    for _ in range(int(rng.integers(2, 9))):
        x, y = rng.choice(n, size=2, replace=False).tolist()
        lines.append(
            [
                (-INF, {x: 1.0, y: 1.0}, 1.0),
                (-INF, {x: 1.0, y: -1.0}, 0.0),
                (1.0, {x: 1.0, y: 1.0}, INF),
                (0.0, {x: 2.0, y: -2.0}, 0.0),
                (1.0, {x: 1.0, y: 1.0}, 1.0),
                (-INF, {x: 3.0, y: -2.0}, 1.0),
                (-INF, {x: 1.0, y: 1.0}, 1.0),
            ][rng.integers(7)]
        )
    objective = polynomial(rng, n, degree=4, terms=8)
    return Problem.build(Columns.binaries(names("x", n)), objective, rows=rows_of(lines, n), sense=sense(rng))


def wide(rng) -> Problem:
    """Knapsack rows of both signs and directions, some with very large or very uneven coefficients."""
    n = int(rng.integers(3, 7))
    lines = []
    for _ in range(int(rng.integers(1, 4))):
        terms = _line(rng, n, -9, 30) if rng.random() < 0.7 else {c: float(rng.choice([6, 10, 15])) for c in range(n)}
        side = float(rng.integers(-8, max(2, int(sum(terms.values())) + 1)))
        lines.append([(-INF, terms, side), (side, terms, INF), (side, terms, side + 7)][rng.integers(3)])
    return Problem.build(Columns.binaries(names("x", n)), polynomial(rng, n), rows=rows_of(lines, n), sense=sense(rng))


def copies(rng) -> Problem:
    """Rows that are multiples, mirror images or weaker versions of one another."""
    n = int(rng.integers(2, 6))
    first = _line(rng, n, -3, 5)
    lines = []
    for _ in range(int(rng.integers(2, 5))):
        factor = float(rng.choice([1, 1, 1, 2, -1, -3, 0.5]))
        terms = {c: v * factor for c, v in first.items()}
        if rng.random() < 0.3:
            terms = {c: v + 1 for c, v in terms.items() if v + 1}
        reach = sum(v for v in terms.values() if v > 0)
        side = float(rng.integers(1, 6)) * factor
        lines.append([(-INF, terms, side), (-INF, terms, reach - 1), (side - 6, terms, side)][rng.integers(3)])
    return Problem.build(Columns.binaries(names("x", n)), polynomial(rng, n), rows=rows_of(lines, n), sense=sense(rng))


def boundless(rng) -> Problem:
    """Integers and spins that rows hold together, soft rows, switches and groups beside them."""
    n = int(rng.integers(3, 6))
    kind = np.array([Kind.INTEGER, *rng.choice([Kind.BINARY, Kind.BINARY, Kind.SPIN, Kind.INTEGER], n - 1)])
    lower = np.where(kind == Kind.SPIN, -1.0, np.where(kind == Kind.INTEGER, rng.integers(-2, 2, n), 0.0))
    upper = np.where(kind == Kind.INTEGER, lower + rng.integers(0, 5, n), 1.0)
    lines = [(-INF, {0: 1.0, n - 1: float(rng.choice([-2, 1, 3]))}, float(rng.integers(-1, 4)))]
    for _ in range(int(rng.integers(1, 4))):
        terms = _line(rng, n)
        side = float(rng.integers(-3, 4))
        lines.append([(-INF, terms, side), (side, terms, INF), (side, terms, side + 1)][rng.integers(3)])
    soft = rng.random(len(lines)) < 0.25
    rows = rows_of(lines, n, price=np.where(soft, 2.0, np.nan), norm=rng.integers(0, 3, len(lines)))
    binary = np.flatnonzero(kind == Kind.BINARY)
    extra = {}
    if len(binary) > 1 and rng.random() < 0.6:
        chosen = rng.choice(binary, size=int(rng.integers(2, len(binary) + 1)), replace=False)
        extra["groups"] = Groups(np.array([rng.integers(0, 2)]), [0, len(chosen)], chosen, names("group", 1))
    if len(binary) and rng.random() < 0.5:
        when = rows_of([(-INF, _line(rng, n), float(rng.integers(-1, 3)))], n, family="when")
        extra["indicators"] = Indicators([int(rng.choice(binary))], [int(rng.integers(0, 2))], when)
    columns = Columns(kind.astype(np.int8), lower, upper, NameTable.numbered("z", n))
    return Problem.build(columns, polynomial(rng, n, degree=3, terms=5), rows=rows, sense=sense(rng), **extra)


def conflicts(rng) -> Problem:
    """Pairs that exclude each other, dense enough for larger sets, beside groups that hold some of them."""
    n = int(rng.integers(4, 9))
    lines = [(-INF, {x: 1.0, y: 1.0}, 1.0) for x in range(n) for y in range(x + 1, n) if rng.random() < 0.6] or [
        (-INF, {0: 1.0, 1: 1.0}, 1.0)
    ]
    lines.append((-INF, dict.fromkeys(rng.choice(n, size=3, replace=False).tolist(), 1.0), 1.0))
    return Problem.build(Columns.binaries(names("x", n)), polynomial(rng, n), rows=rows_of(lines, n), sense=sense(rng))


TANGLED = (conflicts, pairs, wide, copies, boundless)
