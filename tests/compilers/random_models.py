"""Random small models of every class, for tests that try every bit string."""

from __future__ import annotations

import numpy as np

from qopt.core.names import Labels, NameTable
from qopt.core.polynomial import Polynomial, polynomial_of
from qopt.core.problem import Columns, Kind, Level, Part, Problem, Sense
from qopt.core.rows import Groups, Indicators, Norm, PolynomialRow, Rows

INF = np.inf


def names(family: str, count: int) -> NameTable:
    return NameTable.numbered(family, count)


def rows_of(lines, n, *, family="row", price=None, norm=None, level=None) -> Rows:
    """Rows from ``(lower, {column: value}, upper)``."""
    indptr = np.concatenate([[0], np.cumsum([len(terms) for _, terms, _ in lines])]).astype(int)
    index = [c for _, terms, _ in lines for c in terms]
    value = [v for _, terms, _ in lines for v in terms.values()]
    lower, upper = [low for low, _, _ in lines], [high for _, _, high in lines]
    return Rows(indptr, index, value, lower, upper, names(family, len(lines)), price, norm, level)


def polynomial(rng, n, *, degree=2, terms=6, low=-5, high=6, scale=1.0) -> Polynomial:
    made = {(): float(rng.integers(low, high)) * scale}
    for _ in range(terms):
        size = int(rng.integers(1, degree + 1))
        key = tuple(sorted(rng.choice(n, size=min(size, n), replace=False).tolist()))
        made[key] = made.get(key, 0.0) + float(rng.integers(low, high)) * scale
    return polynomial_of(n, made)


def sense(rng) -> Sense:
    return Sense.MAXIMIZE if rng.random() < 0.5 else Sense.MINIMIZE


def knapsack(rng) -> Problem:
    n = int(rng.integers(3, 8))
    weight = rng.integers(1, 12, n)
    rows = rows_of(
        [(-INF, dict(enumerate(weight.tolist())), float(rng.integers(3, max(4, weight.sum()))))], n, family="cap"
    )
    value = polynomial_of(n, {(k,): float(v) for k, v in enumerate(rng.integers(1, 9, n))})
    return Problem.build(Columns.binaries(names("x", n)), value, rows=rows, sense=Sense.MAXIMIZE)


def choose_k(rng) -> Problem:
    n = int(rng.integers(3, 9))
    k = int(rng.integers(1, n))
    low, high = sorted((k, int(rng.integers(1, n + 1))))
    line = dict.fromkeys(range(n), 1.0)
    rows = rows_of([(float(low), line, float(high))], n)
    return Problem.build(Columns.binaries(names("x", n)), polynomial(rng, n), rows=rows, sense=sense(rng))


def linking(rng) -> Problem:
    n = int(rng.integers(2, 6))
    lines = [(-INF, {c: 1.0, n: -1.0}, 0.0) for c in range(n)]
    lines.append(
        (1.0, dict.fromkeys(range(n), 1.0), INF) if rng.random() < 0.5 else (-INF, dict.fromkeys(range(n), 1.0), 1.0)
    )
    return Problem.build(
        Columns.binaries(names("x", n + 1)), polynomial(rng, n + 1), rows=rows_of(lines, n + 1), sense=sense(rng)
    )


def mixed_columns(rng, n, *, wide=5) -> Columns:
    kind = rng.choice([Kind.BINARY, Kind.SPIN, Kind.INTEGER], n)
    lower = np.where(kind == Kind.SPIN, -1.0, np.where(kind == Kind.INTEGER, rng.integers(-3, 2, n), 0.0))
    upper = np.where(kind == Kind.INTEGER, lower + rng.integers(0, wide, n), 1.0)
    return Columns(kind, lower, upper, names("z", n))


def mixed(rng) -> Problem:
    n = int(rng.integers(2, 5))
    columns = mixed_columns(rng, n)
    lines = []
    for _ in range(int(rng.integers(1, 3))):
        used = rng.choice(n, size=int(rng.integers(1, n + 1)), replace=False)
        terms = {int(c): float(rng.choice([-3, -2, -1, 1, 2, 3])) for c in used}
        side = float(rng.integers(-4, 5))
        lines.append(
            [(-INF, terms, side), (side, terms, INF), (side, terms, side), (side, terms, side + 2)][rng.integers(4)]
        )
    return Problem.build(columns, polynomial(rng, n), rows=rows_of(lines, n), sense=sense(rng))


def decimals(rng) -> Problem:
    n = int(rng.integers(2, 6))
    grain = float(rng.choice([0.5, 0.1, 0.25, 1 / 3]))
    terms = {c: float(rng.integers(1, 6)) * grain for c in range(n)}
    side = float(rng.integers(1, 9)) * grain + float(rng.choice([0.0, 0.04]))
    rows = rows_of([(-INF, terms, side)] if rng.random() < 0.7 else [(side, terms, INF)], n)
    objective = polynomial(rng, n, scale=float(rng.choice([0.1, 1.0, 0.7])))
    return Problem.build(Columns.binaries(names("x", n)), objective, rows=rows, sense=sense(rng))


def soft(rng) -> Problem:
    n = int(rng.integers(2, 5))
    columns = mixed_columns(rng, n, wide=3)
    lines, prices, norms = [], [], []
    for _ in range(int(rng.integers(1, 3))):
        used = rng.choice(n, size=int(rng.integers(1, n + 1)), replace=False)
        terms = {int(c): float(rng.choice([-2, -1, 1, 2])) * float(rng.choice([1, 0.5])) for c in used}
        side = float(rng.integers(-2, 3)) + float(rng.choice([0, 0.4]))
        lines.append(
            [(-INF, terms, side), (side, terms, INF), (side, terms, side), (side, terms, side + 1)][rng.integers(4)]
        )
        prices.append(float(rng.choice([np.nan, 0, 1, 2.5, 4], p=[0.1, 0.1, 0.3, 0.2, 0.3])))
        norms.append(int(rng.choice([Norm.LINEAR, Norm.QUADRATIC, Norm.OCCURRENCE])))
    rows = rows_of(lines, n, price=prices, norm=norms)
    return Problem.build(columns, polynomial(rng, n, terms=3), rows=rows, sense=sense(rng))


def switched(rng) -> Problem:
    n = int(rng.integers(3, 6))
    kind = np.where(np.arange(n) < n - 1, Kind.BINARY, Kind.INTEGER)
    upper = np.where(np.arange(n) < n - 1, 1.0, 3.0)
    columns = Columns(kind, np.zeros(n), upper, names("x", n))
    lines, column, active = [], [], []
    for _ in range(int(rng.integers(1, 4))):
        used = rng.choice(n, size=int(rng.integers(1, 4)), replace=False)
        terms = {int(c): float(rng.choice([-2, -1, 1, 2])) for c in used}
        side = float(rng.integers(-1, 3))
        lines.append([(-INF, terms, side), (side, terms, INF), (side, terms, side)][rng.integers(3)])
        column.append(int(rng.integers(0, n - 1)))
        active.append(int(rng.integers(0, 2)))
    indicators = Indicators(column, active, rows_of(lines, n, family="when"))
    return Problem.build(columns, polynomial(rng, n), indicators=indicators, sense=sense(rng))


def products(rng) -> Problem:
    n = int(rng.integers(3, 7))
    rows = rows_of([(-INF, dict.fromkeys(range(n), 1.0), float(rng.integers(1, n)))], n)
    objective = polynomial(rng, n, degree=4, terms=7)
    return Problem.build(Columns.binaries(names("x", n)), objective, rows=rows, sense=sense(rng))


def powers(rng) -> Problem:
    columns = mixed_columns(rng, 3, wide=4)
    terms = {
        (0, 0): 1.0,
        (0, 0, 1): float(rng.integers(-3, 4)),
        (1, 2): -2.0,
        (1, 1, 2, 2): float(rng.integers(-2, 3)),
        (2,): 1.0,
    }
    return Problem.build(columns, polynomial_of(3, terms), sense=sense(rng))


def polynomial_rows(rng) -> Problem:
    n = int(rng.integers(2, 5))
    columns = Columns.binaries(names("x", n)) if rng.random() < 0.6 else mixed_columns(rng, n, wide=3)
    made = []
    for k in range(int(rng.integers(1, 3))):
        p = polynomial(rng, n, degree=3 if columns.binary.all() else 2, terms=3, low=-2, high=3)
        side = float(rng.integers(-2, 4))
        low, high = [(-INF, side), (side, INF), (side, side), (side, side + 2)][rng.integers(4)]
        price = float(rng.integers(1, 4)) if rng.random() < 0.5 else None
        made.append(PolynomialRow(p, low, high, Labels(f"curve{k}"), price, Norm(int(rng.integers(0, 3)))))
    objective = polynomial(rng, n, terms=3)
    return Problem.build(columns, objective, polynomial_rows=tuple(made), sense=sense(rng))


def levels(rng) -> Problem:
    n = int(rng.integers(2, 5))
    scale = float(rng.choice([1.0, 0.5, 2.0]))
    made = tuple(
        Level((Part(f"level{k}", polynomial(rng, n, scale=scale if k < 2 else 0.3)),))
        for k in range(int(rng.integers(2, 4)))
    )
    line = dict.fromkeys(range(n), 1.0)
    rows = rows_of(
        [(1.0, line, INF), (-INF, line, 1.0)],
        n,
        price=[np.nan, 2.0],
        norm=[0, 0],
        level=[0, int(rng.integers(0, len(made)))],
    )
    return Problem(Columns.binaries(names("x", n)), made, rows, sense=sense(rng))


def assignment(rng) -> Problem:
    side = int(rng.integers(2, 4))
    n = side * side
    cells = np.arange(n).reshape(side, side)
    lines = [(1.0, {int(c): 1.0 for c in line}, 1.0) for line in (*cells, *cells.T)]
    columns = Columns.binaries(NameTable((Labels("x", (side, side)),)))
    return Problem.build(columns, polynomial(rng, n, terms=8), rows=rows_of(lines, n), sense=sense(rng))


def grouped(rng) -> Problem:
    n = int(rng.integers(4, 8))
    columns = Columns.binaries(names("x", n))
    kinds, members = [], []
    for _ in range(int(rng.integers(1, 4))):
        kinds.append(int(rng.integers(0, 2)))
        members.append(rng.choice(n, size=int(rng.integers(2, 4)), replace=False))
    groups = Groups(
        np.array(kinds),
        np.concatenate([[0], np.cumsum([len(m) for m in members])]),
        np.concatenate(members),
        names("group", len(kinds)),
    )
    return Problem.build(columns, polynomial(rng, n, degree=3), groups=groups, sense=sense(rng))


def free(rng) -> Problem:
    n = int(rng.integers(1, 7))
    return Problem.build(Columns.binaries(names("x", n)), polynomial(rng, n), sense=sense(rng))


MODELS = (
    knapsack,
    choose_k,
    linking,
    mixed,
    decimals,
    soft,
    switched,
    products,
    powers,
    polynomial_rows,
    levels,
    assignment,
    grouped,
    free,
)
