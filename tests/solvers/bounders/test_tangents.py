"""Tangents against enumeration: never on the wrong side of the best point, and close to it."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from qopt.core import registry
from qopt.core.budget import Budget
from qopt.core.names import Labels, NameTable
from qopt.core.polynomial import Polynomial, polynomial_of
from qopt.core.problem import Columns, Kind, Level, Part, Problem, Sense
from qopt.core.rows import GroupKind, Groups, PolynomialRow, Rows
from qopt.core.watch import Watch
from qopt.evaluate.check import check
from qopt.solvers.bounders.tangents import Tangents

BOUNDER = registry.load("bounders", "tangents")


def watch(**more):
    return Watch(clock=time.perf_counter, deadline=time.perf_counter() + 30, **more)


def drawn(seed: int) -> Problem:
    """Integers and binaries with convex squares to pay for; squares of binaries are written as linear terms."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(3, 6))
    upper = rng.integers(1, 5, n)
    upper[0] = 4
    binary = upper == 1
    factor = rng.normal(0, 1, (n, n)).round(2)
    matrix = factor.T @ factor
    sense = Sense.MAXIMIZE if seed % 2 else Sense.MINIMIZE
    row, col = np.triu_indices(n)
    value = sense.sign * np.where(row == col, 1.0, 2.0) * matrix[row, col]
    linear = rng.integers(-20, 20, n).astype(float)
    kind = np.where(binary, Kind.BINARY, Kind.INTEGER)
    columns = Columns(kind, np.zeros(n), upper.astype(float), NameTable.numbered("x", n))
    lines = [({k: float(v) for k, v in enumerate(rng.integers(1, 4, n))}, 2.0, float(rng.integers(6, 14)))]
    lines.append(({0: 1.0, 1: -1.0}, 0.0, np.inf))
    names = NameTable((Labels("room"), Labels("soft")))
    rows = Rows.of(lines, names, price=np.array([np.nan, 3.0 if seed % 3 else np.nan]))
    groups = Groups()
    if binary.sum() > 1 and seed % 4 == 0:
        groups = Groups.of([(GroupKind.AT_MOST_ONE, np.flatnonzero(binary).tolist())], NameTable((Labels("one"),)))
    objective = Polynomial.from_pairs(linear, row, col, value, binary=binary, offset=float(seed))
    return Problem.build(columns, objective, rows=rows, groups=groups, sense=sense)


def best_of(problem: Problem) -> float:
    """By enumeration."""
    points = product(*(range(int(high) + 1) for high in problem.columns.upper))
    verdicts = [check(problem, np.array(point, dtype=float)) for point in points]
    values = [problem.sense.sign * verdict.objective for verdict in verdicts if verdict.feasible]
    return problem.sense.sign * min(values)


@pytest.mark.parametrize("seed", range(14))
def test_the_bound_is_the_best_value_and_the_last_point_has_it(seed):
    problem, told, offers = drawn(seed), [], []
    listening = watch(on_bound=told.append, on_offer=lambda candidate, objective, backend: offers.append(candidate))
    bound = BOUNDER.bound(problem, incumbent=None, budget=Budget(), watch=listening)
    best, sign = best_of(problem), problem.sense.sign
    assert sign * bound.value <= sign * best + 1e-7
    assert bound.value == pytest.approx(best, rel=1e-6, abs=1e-6)
    assert all(sign * one.value <= sign * best + 1e-7 for one in told), "nor is any bound on the way"
    assert bound.proof == "highs" and bound.scope == "problem" and bound.source == "tangents"
    verdicts = [check(problem, candidate.values) for candidate in offers]
    assert all(verdict.feasible for verdict in verdicts)
    assert min(sign * verdict.objective for verdict in verdicts) == pytest.approx(sign * best, abs=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_few_tangents_give_a_looser_bound_on_the_right_side(seed):
    problem = drawn(seed)
    bound = Tangents(first=2, rounds=1).bound(problem, incumbent=None, budget=Budget(), watch=watch())
    assert problem.sense.sign * bound.value <= problem.sense.sign * best_of(problem) + 1e-7


def test_rows_of_higher_degree_and_later_levels_are_left_out():
    problem = drawn(1)
    tight = PolynomialRow(polynomial_of(problem.n, {(0, 0): 1.0}), -np.inf, 1.0, Labels("square"))
    second = Level((Part("second", polynomial_of(problem.n, {(0, 1): 5.0})),))
    soft = replace(problem.rows, level=np.array([0, 1], np.int32), price=np.array([np.nan, 3.0]))
    harder = replace(problem, polynomial_rows=(tight,), levels=(*problem.levels, second), rows=soft)
    free = replace(problem, rows=problem.rows.select([0]))
    bound = BOUNDER.bound(harder, incumbent=None, budget=Budget(), watch=watch())
    assert bound.value == pytest.approx(best_of(free), abs=1e-6)
    assert bound.value >= best_of(replace(harder, levels=problem.levels, rows=free.rows)) - 1e-7


def integers(terms, upper=3.0):
    columns = Columns(np.full(2, Kind.INTEGER), np.zeros(2), np.full(2, upper), NameTable.numbered("x", 2))
    return Problem.build(columns, polynomial_of(2, terms))


@pytest.mark.parametrize(
    "problem",
    [
        Problem.build(Columns.binaries(NameTable.numbered("x", 2)), polynomial_of(2, {(0, 1): 1.0})),
        integers({(0,): 1.0}),
        integers({(0, 1): 1.0}),
        integers({(0, 0): -1.0, (1, 1): 1.0}),
        integers({(0, 0): 1.0, (0, 0, 1): 1.0}),
        integers({(0, 0): 1.0}, upper=np.inf),
    ],
    ids=["binary", "linear", "saddle", "concave", "cubic", "unbounded"],
)
def test_what_is_not_convex_over_whole_columns_is_left_alone(problem):
    assert BOUNDER.bound(problem, incumbent=None, budget=Budget(), watch=watch()) is None


def test_a_large_one_is_left_alone_and_time_is_kept():
    problem = drawn(0)
    assert Tangents(most=2).bound(problem, incumbent=None, budget=Budget(), watch=watch()) is None
    late = Watch(clock=time.perf_counter, deadline=time.perf_counter() - 1)
    bound = BOUNDER.bound(problem, incumbent=None, budget=Budget(), watch=late)
    assert bound is None or bound.value <= best_of(problem) + 1e-7
