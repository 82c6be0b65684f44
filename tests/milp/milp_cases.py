"""Random small problems with every kind of thing in them, and their answers by plain enumeration."""

from __future__ import annotations

import itertools
import time

import numpy as np

from qopt.core.names import Labels, NameTable
from qopt.core.polynomial import polynomial_of
from qopt.core.problem import Columns, Kind, Level, Part, Problem, Sense
from qopt.core.rows import GroupKind, Groups, Indicators, Norm, PolynomialRow, Rows
from qopt.core.watch import Watch


def watch_for(seconds=30.0):
    return Watch(clock=time.perf_counter, deadline=time.perf_counter() + seconds)


def columns_of(kinds, lower, upper):
    return Columns(np.array(kinds), np.array(lower, float), np.array(upper, float), NameTable.numbered("x", len(kinds)))


def rows_of(entries, *, name="r", price=None, norm=None, level=None):
    """Rows from ``[({column: coefficient}, lower, upper), …]``."""
    indptr = np.cumsum([0] + [len(e) for e, _, _ in entries])
    return Rows(
        indptr,
        [c for e, _, _ in entries for c in sorted(e)],
        [e[c] for e, _, _ in entries for c in sorted(e)],
        [low for _, low, _ in entries],
        [high for _, _, high in entries],
        NameTable.numbered(name, len(entries)),
        None if price is None else np.array(price, float),
        norm,
        level,
    )


def random_problem(seed, *, tightness=0.5):
    """At most about 1,000 points: binaries, spins, integers; all kinds of rows, soft prices, groups and products."""
    rng = np.random.default_rng(seed)
    binaries, spins, integers = int(rng.integers(2, 6)), int(rng.integers(0, 3)), int(rng.integers(0, 3))
    n = binaries + spins + integers
    kinds = [Kind.BINARY] * binaries + [Kind.SPIN] * spins + [Kind.INTEGER] * integers
    lower = [0.0] * binaries + [-1.0] * spins + list(rng.integers(-2, 1, integers).astype(float))
    upper = [1.0] * (binaries + spins) + [
        lower[binaries + spins + k] + float(rng.integers(0, 4)) for k in range(integers)
    ]

    def polynomial(degree, terms):
        out = {(): float(rng.integers(-5, 6))}
        for _ in range(terms):
            size = int(rng.integers(1, degree + 1))
            key = tuple(sorted(int(c) for c in rng.integers(0, n, size)))
            out[key] = out.get(key, 0.0) + float(rng.integers(-6, 7))
        return polynomial_of(n, out)

    def line():
        chosen = rng.choice(n, size=int(rng.integers(1, min(n, 4) + 1)), replace=False)
        return {int(c): float(rng.integers(1, 5) * rng.choice([-1, 1])) for c in chosen}

    def sides():
        middle, style = float(rng.integers(-3, 4)), rng.integers(0, 3)
        if style == 0:
            return -np.inf, middle
        if style == 1:
            return middle, np.inf
        return middle, middle + float(rng.integers(0, 3))

    depth = int(rng.integers(1, 3))
    levels = tuple(Level((Part(f"part{k}", polynomial(3, int(rng.integers(1, 8)))),)) for k in range(depth))
    entries, price, norm, level = [], [], [], []
    for _ in range(int(rng.integers(0, 5))):
        soft = rng.random() > tightness
        entries.append((line(), *sides()))
        price.append(float(rng.integers(0, 5)) if soft else np.nan)
        norm.append(int(rng.integers(0, 3)))
        level.append(int(rng.integers(0, depth)))
    rows = rows_of(entries, price=price, norm=norm, level=level) if entries else Rows()
    groups = Groups()
    if rng.random() < 0.4:
        kind = rng.choice([GroupKind.EXACTLY_ONE, GroupKind.AT_MOST_ONE])
        members = rng.choice(binaries, size=2, replace=False)
        groups = Groups([kind], [0, 2], members, NameTable((Labels("pick"),)))
    if binaries >= 4 and rng.random() < 0.3:
        groups = Groups([GroupKind.PERMUTATION], [0, 4], [0, 1, 2, 3], NameTable((Labels("order"),)))
    polynomial_rows = []
    if rng.random() < 0.5:
        soft = rng.random() < 0.5
        polynomial_rows.append(
            PolynomialRow(
                polynomial(3, 3),
                *sides(),
                Labels("curved"),
                float(rng.integers(1, 4)) if soft else None,
                Norm(int(rng.integers(0, 3))),
                int(rng.integers(0, depth)),
            )
        )
    indicators = Indicators()
    if rng.random() < 0.4:
        switch = int(rng.integers(0, binaries))
        indicators = Indicators([switch], [int(rng.integers(0, 2))], rows_of([(line(), *sides())], name="when"))
    sense = Sense.MAXIMIZE if rng.random() < 0.5 else Sense.MINIMIZE
    return Problem(columns_of(kinds, lower, upper), levels, rows, groups, tuple(polynomial_rows), indicators, sense)


def _value(p, x):
    total = p.offset + sum(float(a) * v for a, v in zip(p.linear, x))
    total += sum(float(v) * x[i] * x[j] for i, j, v in zip(p.row, p.col, p.value))
    for t in range(len(p.products)):
        term = float(p.products.coefficient[t])
        for c in p.products.term(t):
            term *= x[c]
        total += term
    return total


def _outside(activity, lower, upper):
    return max(lower - activity, activity - upper, 0.0)


def _price(price, norm, over):
    return price * {0: over, 1: over * over, 2: float(over > 0)}[int(norm)]


def judge(problem, x):
    """(feasible, levels) of one point, in plain loops."""
    values = [_value(level.total, x) for level in problem.levels]
    sign, good = problem.sense.sign, True
    rows = problem.rows
    for k in range(len(rows)):
        over = _outside(sum(a * x[c] for c, a in zip(*rows.row(k))), rows.lower[k], rows.upper[k])
        if rows.price is None or np.isnan(rows.price[k]):
            good &= over == 0
        else:
            values[0 if rows.level is None else rows.level[k]] += sign * _price(rows.price[k], rows.norm[k], over)
    for row in problem.polynomial_rows:
        over = _outside(_value(row.polynomial, x), row.lower, row.upper)
        if row.price is None:
            good &= over == 0
        else:
            values[row.level] += sign * _price(row.price, row.norm, over)
    for g in range(len(problem.groups)):
        members = [x[c] for c in problem.groups.members(g)]
        if problem.groups.kind[g] == GroupKind.PERMUTATION:
            side = problem.groups.side(g)
            square = [members[k * side : (k + 1) * side] for k in range(side)]
            good &= all(sum(line) == 1 for line in square) and all(sum(line) == 1 for line in zip(*square))
        elif problem.groups.kind[g] == GroupKind.EXACTLY_ONE:
            good &= sum(members) == 1
        else:
            good &= sum(members) <= 1
    for k in range(len(problem.indicators)):
        if x[problem.indicators.column[k]] == problem.indicators.active[k]:
            index, value = problem.indicators.rows.row(k)
            activity = sum(a * x[c] for c, a in zip(index, value))
            good &= _outside(activity, problem.indicators.rows.lower[k], problem.indicators.rows.upper[k]) == 0
    return bool(good), values


def points(problem):
    """Every point of the domain; discrete columns only."""
    choices = []
    for kind, low, high in zip(problem.columns.kind, problem.columns.lower, problem.columns.upper):
        choices.append([-1.0, 1.0] if kind == Kind.SPIN else [float(v) for v in range(int(low), int(high) + 1)])
    return itertools.product(*choices)


def enumerate_best(problem):
    """Levels of the best feasible point, or None."""
    best = None
    for x in points(problem):
        good, values = judge(problem, x)
        if good:
            rank = [problem.sense.sign * v for v in values]
            if best is None or rank < best[0]:
                best = (rank, values)
    return None if best is None else best[1]
