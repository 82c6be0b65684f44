"""The judge against fractions, and its bulk twin against itself."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from qopt.core.names import Labels, NameTable
from qopt.core.polynomial import polynomial_of
from qopt.core.problem import Columns, Kind, Problem
from qopt.core.rows import GroupKind, Groups, Indicators, PolynomialRow, Rows
from qopt.evaluate.check import check, feasible


def rows_of(lines: list[tuple[dict[int, float], float, float]], **more: object) -> Rows:
    indptr = np.cumsum([0] + [len(c) for c, _, _ in lines])
    index = [k for c, _, _ in lines for k in c]
    value = [v for c, _, _ in lines for v in c.values()]
    names = NameTable((Labels("row", (len(lines),), (), why="because"),))
    return Rows(indptr, index, value, [a for _, a, _ in lines], [b for _, _, b in lines], names, **more)


def random_problem(rng: np.random.Generator) -> Problem:
    n = 6
    kinds = np.array([Kind.BINARY, Kind.BINARY, Kind.BINARY, Kind.SPIN, Kind.INTEGER, Kind.INTEGER])
    lower = np.array([0, 0, 0, -1, -2, 0.0])
    upper = np.array([1, 1, 1, 1, 3, 4.0])
    columns = Columns(kinds, lower, upper, NameTable.numbered("x", n))
    lines = []
    for _ in range(3):
        chosen = rng.choice(n, 3, replace=False)
        bound = float(rng.integers(-3, 5))
        coefficients = {int(k): float(rng.integers(-4, 5) or 1) for k in chosen}
        lines.append((coefficients, bound if rng.random() < 0.3 else -np.inf, bound + float(rng.integers(0, 3))))
    soft = np.where(rng.random(3) < 0.3, 2.0, np.nan)
    groups = Groups([GroupKind.AT_MOST_ONE], [0, 2], [0, 1], NameTable((Labels("g"),)))
    square = PolynomialRow(polynomial_of(n, {(4, 5): 1.0, (0, 3): 2.0}), -np.inf, 6.0, Labels("product"))
    indicators = Indicators([2], [1], rows_of([({4: 1.0}, -np.inf, 1.0)]))
    return Problem.build(
        columns,
        polynomial_of(n, {(0,): 1.0, (4, 5): -1.0}),
        rows=rows_of(lines, price=soft),
        groups=groups,
        polynomial_rows=(square,),
        indicators=indicators,
    )


def naive_feasible(problem: Problem, x: np.ndarray) -> bool:
    """Every rule read aloud, in fractions."""
    for c in range(problem.n):
        if not problem.columns.lower[c] <= x[c] <= problem.columns.upper[c] or x[c] != int(x[c]):
            return False
        if problem.columns.kind[c] == Kind.SPIN and x[c] not in (-1, 1):
            return False
    for k in range(len(problem.rows)):
        if not problem.rows.soft[k]:
            index, value = problem.rows.row(k)
            total = sum(Fraction(float(a)) * int(x[c]) for c, a in zip(index, value))
            if not problem.rows.lower[k] <= total <= problem.rows.upper[k]:
                return False
    if x[0] + x[1] > 1 or x[4] * x[5] + 2 * x[0] * x[3] > 6:
        return False
    return not (x[2] == 1 and x[4] > 1)


@pytest.mark.parametrize("seed", range(30))
def test_verdict_is_that_of_the_rules_read_aloud(seed: int) -> None:
    rng = np.random.default_rng(seed)
    problem = random_problem(rng)
    low, high = problem.columns.lower - 1, problem.columns.upper + 1
    points = np.stack([rng.integers(low, high + 1) for _ in range(60)]).astype(float)
    inside = np.clip(points, problem.columns.lower, problem.columns.upper)
    inside[:, 3] = np.where(inside[:, 3] >= 0, 1, -1)
    points = np.vstack([points, inside])
    expected = [naive_feasible(problem, x) for x in points]

    assert [check(problem, x).feasible for x in points] == expected
    assert feasible(problem, points).tolist() == expected
    assert any(expected) or seed  # at least the first seed must exercise both verdicts


def test_a_rounding_error_is_forgiven_and_a_half_is_not() -> None:
    problem = Problem.build(Columns.binaries(NameTable.numbered("x", 2)), rows=rows_of([({0: 1, 1: 1}, 1, 1)]))

    assert check(problem, [1 - 1e-8, 1e-9]).feasible
    assert not check(problem, [0.5, 0.5]).feasible


def test_rows_with_fractions_have_a_tolerance() -> None:
    """0.1 + 0.2 is 0.3 to a person."""
    problem = Problem.build(Columns.binaries(NameTable.numbered("x", 2)), rows=rows_of([({0: 0.1, 1: 0.2}, 0.3, 0.3)]))
    verdict = check(problem, [1, 1])

    assert verdict.feasible
    assert 0 < verdict.tolerance <= 1e-6


def test_large_whole_rows_are_judged_in_integers() -> None:
    """2**60 + 1 <= 2**60 is false, though not in float64."""
    columns = Columns([2, 2], [0, 0], [4, 4], NameTable.numbered("x", 2))
    big = float(2**52)
    problem = Problem.build(columns, rows=rows_of([({0: big, 1: 1.0}, -np.inf, 4 * big)]))

    assert check(problem, [4, 0]).feasible
    assert not check(problem, [4, 1]).feasible


def test_messages_speak_the_users_words() -> None:
    problem = Problem.build(Columns.binaries(NameTable.numbered("x", 3)), rows=rows_of([({0: 2, 1: 3}, -np.inf, 4)]))
    verdict = check(problem, [1, 1, 0])

    assert [v.message for v in verdict.violations] == ["row[0] (because): is 5, must be at most 4"]
    assert verdict.total_violation == 1.0


def test_soft_rows_never_make_an_answer_infeasible() -> None:
    problem = Problem.build(
        Columns.binaries(NameTable.numbered("x", 2)), rows=rows_of([({0: 1, 1: 1}, -np.inf, 1)], price=[7.0])
    )
    verdict = check(problem, [1, 1])

    assert verdict.feasible
    assert verdict.objective == 7.0
    assert verdict.parts["soft.row"] == 7.0
