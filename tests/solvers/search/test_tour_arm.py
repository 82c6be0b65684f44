"""The arm that searches tours written as permutations."""

import functools

import numpy as np
import pytest
from arm_cases import compiled_of, landscape_of, owed, quadratic_assignment

from qopt.core.polynomial import Polynomial
from qopt.core.rows import GroupKind
from qopt.solvers.search.arms import tour

SIDE = 9


def shortest(step, begin, end):
    """The cheapest order of all items by dynamic programming; ``begin`` and ``end`` None: a ring."""
    n = len(step)
    full = (1 << n) - 1

    @functools.cache
    def rest(last, seen, first):
        if seen == full:
            return step[last, first] if begin is None else end[last]
        return min(step[last, k] + rest(k, seen | 1 << k, first) for k in range(n) if not seen >> k & 1)

    if begin is None:
        return rest(0, 1, 0)
    return min(begin[k] + rest(k, 1 << k, 0) for k in range(n))


@pytest.mark.parametrize("rows", [True, False])
@pytest.mark.parametrize("directed", [True, False])
@pytest.mark.parametrize("ring", [True, False])
def test_the_arm_finds_the_shortest_tour(ring, directed, rows):
    random = np.random.default_rng(4)
    step = random.integers(1, 50, (SIDE, SIDE)).astype(float)
    begin = random.integers(0, 30, SIDE).astype(float)
    end = random.integers(0, 30, SIDE).astype(float) if directed else begin
    if not directed:
        step = step + step.T
    np.fill_diagonal(step, 0)
    ahead = np.roll(np.eye(SIDE), 1, axis=1)
    linear = np.zeros((SIDE, SIDE))
    if not ring:
        ahead[-1, 0] = 0
        linear[:, 0] += begin
        linear[:, -1] += end
    parts = (step, ahead) if rows else (ahead, step)
    landscape = landscape_of(quadratic_assignment(*parts, linear if rows else linear.T))
    arm = tour.fit(landscape)
    assert arm is not None
    best = owed(landscape, arm, work=60_000)
    assert best == shortest(step, *(None, None) if ring else (begin, end))


def test_distances_that_are_no_whole_numbers():
    random = np.random.default_rng(6)
    points = random.random((SIDE, 2))
    step = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))
    landscape = landscape_of(quadratic_assignment(step, np.roll(np.eye(SIDE), 1, axis=1)))
    assert not landscape.couplings.exact
    arm = tour.fit(landscape)
    assert arm is not None
    assert np.isclose(owed(landscape, arm), shortest(step, None, None), rtol=1e-12)


def test_what_is_no_tour_is_refused():
    random = np.random.default_rng(7)
    step = random.integers(1, 50, (SIDE, SIDE)) * (1 - np.eye(SIDE, dtype=int))
    ahead = np.roll(np.eye(SIDE, dtype=int), 1, axis=1)
    assert tour.fit(landscape_of(quadratic_assignment(step, ahead, random.random((SIDE, SIDE))))) is None
    assert tour.fit(landscape_of(quadratic_assignment(step, ahead + np.triu(np.ones_like(ahead), 3)))) is None
    small = quadratic_assignment(step[:5, :5], np.roll(np.eye(5, dtype=int), 1, axis=1))
    assert tour.fit(landscape_of(small)) is None
    sets = compiled_of(Polynomial(np.arange(6.0)), [(GroupKind.EXACTLY_ONE, range(6))])
    assert tour.fit(landscape_of(sets)) is None
