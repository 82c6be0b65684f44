"""The arms that search one square of flow times distance."""

import itertools

import numpy as np
import pytest
from arm_cases import compiled_of, landscape_of, owed, quadratic_assignment, turn

from qopt.core.polynomial import Polynomial
from qopt.core.rows import GroupKind
from qopt.solvers.search.arms import permutation, permutation_tabu


def problem(seed, side, whole=True, symmetric=True, linear=True):
    random = np.random.default_rng(seed)
    flow, distance = random.integers(0, 9, (2, side, side)) if whole else random.random((2, side, side))
    if symmetric:
        flow = flow + flow.T
    np.fill_diagonal(flow, 0)
    return flow, distance, random.integers(-9, 9, (side, side)) if linear else np.zeros((side, side))


def least(flow, distance, linear):
    """The optimum by trying every permutation."""
    side = len(flow)
    return min(
        float((flow * distance[np.ix_(p, p)]).sum() + linear[np.arange(side), p].sum())
        for p in map(np.array, itertools.permutations(range(side)))
    )


@pytest.mark.parametrize("arm", [permutation, permutation_tabu])
@pytest.mark.parametrize("kind", ["symmetric", "directed", "fractions", "two rows", "large numbers"])
def test_arms_find_the_optimum(arm, kind):
    side = 2 if kind == "two rows" else 6
    flow, distance, linear = problem(5, side, kind != "fractions", kind != "directed")
    np.fill_diagonal(distance, 0)
    if kind == "large numbers":
        flow = flow * 200_000
    landscape = landscape_of(quadratic_assignment(flow, distance, linear))
    made = arm.fit(landscape)
    assert np.isclose(owed(landscape, made), least(flow, distance, linear), rtol=0, atol=1e-9)


@pytest.mark.parametrize("arm", [permutation, permutation_tabu])
def test_arms_refuse_what_is_no_product(arm):
    flow, distance, _ = problem(1, 4)
    compiled = quadratic_assignment(flow, distance)
    p = compiled.polynomial
    members = (GroupKind.PERMUTATION, range(16))
    other = Polynomial.from_pairs(p.linear, p.row, p.col, p.value + (np.arange(len(p.value)) == 9))
    assert arm.fit(landscape_of(compiled_of(other, [members]))) is None
    tour = quadratic_assignment(*problem(1, 8)[:1], np.roll(np.eye(8), 1, axis=1))
    assert arm.fit(landscape_of(tour)) is None
    free = Polynomial.from_pairs(np.append(p.linear, 1.0), p.row, p.col, p.value)
    assert arm.fit(landscape_of(compiled_of(free, [members]))) is None


def test_a_turn_by_time_goes_on_where_one_ended():
    flow, distance, linear = problem(2, 8)
    arm = permutation.fit(landscape_of(quadratic_assignment(flow, distance, linear)))
    arm.spend(turn(seconds=0.01, number=0))
    assert len(arm.parked) == 1
    rounds = [int(arm.parked[0].at[1])]
    for number in range(1, 8):
        arm.spend(turn(seconds=0.005, number=number))
        rounds.append(max(int(replicas.at[1]) for replicas in arm.parked))
    assert rounds[-1] > rounds[0]
    assert len(arm.parked) < 8
    arm.spend(turn(work=100, number=9))
    assert len(arm.parked) < 8
