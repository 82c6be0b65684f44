"""The total order of solutions, and metrics with worked numbers."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest

from qopt.core.problem import Sense
from qopt.core.result import Bound
from qopt.core.solution import Candidate, Check, Origin, Solution, Violation
from qopt.evaluate.metrics import gap_at, time_to_target
from qopt.evaluate.rank import difference, rank


def made(key: str, *levels: float, broken: float = 0.0, origin: Origin = Origin.SAMPLED) -> Solution:
    violations = (Violation("r", broken),) if broken else ()
    return Solution(Candidate(origin, "b", np.zeros(1)), Check(not broken, levels, violations), None, {}, key)


def keys(solutions: tuple[Solution, ...]) -> list[str]:
    return [solution.key for solution in solutions]


def test_feasible_first_then_level_by_level() -> None:
    pool = [made("c", 2, 9), made("a", 1, 5), made("b", 2, 3)]

    assert keys(rank(pool, sense=Sense.MINIMIZE, top=9)) == ["a", "b", "c"]
    assert keys(rank(pool, sense=Sense.MAXIMIZE, top=9)) == ["c", "b", "a"]


def test_infeasible_answers_show_only_when_nothing_is_feasible() -> None:
    worse, better = made("x", 1, broken=5), made("y", 9, broken=2)

    assert keys(rank([worse, better, made("ok", 3)], sense=Sense.MINIMIZE, top=9)) == ["ok"]
    assert keys(rank([worse, better], sense=Sense.MINIMIZE, top=9)) == ["y", "x"]


def test_the_same_plan_counts_once_and_keeps_its_first_origin() -> None:
    pool = [made("a", 1, origin=Origin.REPAIRED), made("a", 1, origin=Origin.SAMPLED), made("b", 2)]
    ranked = rank(pool, sense=Sense.MINIMIZE, top=9, bound=Bound(1.0, "highs"))

    assert keys(ranked) == ["a", "b"]
    assert (ranked[0].origin, ranked[0].seen) == (Origin.SAMPLED, 2)
    assert [s.gap for s in ranked] == [0.0, 0.5]


def test_time_to_target_by_hand() -> None:
    """Half of the runs succeed in 2 s on average: 2 * log(0.01) / log(0.5)."""
    assert time_to_target([1, 3], [True, False]) == pytest.approx(2 * math.log(0.01) / math.log(0.5))
    assert time_to_target([1, 3], [True, True]) == 2.0
    assert time_to_target([1.0], [False]) == math.inf
    with pytest.raises(ValueError, match="got 0 and 0"):
        time_to_target([], [])


def test_gap_is_that_of_the_incumbent_at_the_moment() -> None:
    gaps = gap_at([1.0, 2.0], [110.0, 100.0], [0.5, 1.5, 2.0], 100.0)

    assert np.isnan(gaps[0])
    assert gaps[1:].tolist() == pytest.approx([0.1, 0.0])


def test_the_order_in_which_floats_were_added_decides_nothing() -> None:
    """0.1 + 0.2 + 0.3 differs from 0.3 + 0.2 + 0.1 in the last bit; the plan keeps its first origin."""
    found, proven = made("a", 0.1 + 0.2 + 0.3, origin=Origin.PROPOSED), made("a", 0.3 + 0.2 + 0.1, origin=Origin.EXACT)

    assert found.objective > proven.objective
    assert rank([proven, found], sense=Sense.MINIMIZE, top=9)[0].origin is Origin.PROPOSED
    assert keys(rank([made("b", 10**11 + 1.0), made("a", 10.0**11)], sense=Sense.MINIMIZE, top=9)) == ["a", "b"]


def test_plans_that_are_too_alike_are_passed_over() -> None:
    """abcd; abce differs in a quarter; abgh in half of both; xy, which is shorter, in all of the longer ones."""
    pool = [made("abcd", 1), made("abce", 2), made("abgh", 3), made("abgi", 4), made("xy", 5), made("xz", 6)]

    def ranked(differ: float, top: int = 9) -> list[tuple[str, float | None]]:
        found = rank(
            pool, sense=Sense.MINIMIZE, top=top, differ=differ, decisions=lambda solution: Counter(solution.key)
        )
        return [(s.key, s.differs) for s in found]

    assert ranked(0.0) == [("abcd", 0), ("abce", 0.25), ("abgh", 0.5), ("abgi", 0.5), ("xy", 1), ("xz", 1)]
    assert ranked(0.5) == [("abcd", 0), ("abgh", 0.5), ("xy", 1), ("xz", 1)]
    assert ranked(0.6) == [("abcd", 0), ("xy", 1)]
    assert ranked(0.5, top=2) == [("abcd", 0), ("abgh", 0.5)]


def test_decisions_count_as_often_as_they_are_taken() -> None:
    assert difference(Counter("aab"), Counter("aab")) == 0
    assert difference(Counter("aab"), Counter("ab")) == pytest.approx(1 / 3)
    assert difference(Counter(), Counter()) == 0
