"""Recognising tours among squares."""

import itertools

import numpy as np
import pytest

from qopt.reduce.kronecker import factors_of
from qopt.reduce.tours import tour_of

SIDE = 5


def problem(seed, ring, directed, rows, order):
    """(matrix, linear, cost) of a random tour over a square, with parts of the cost that all permutations pay alike."""
    random = np.random.default_rng(seed)
    step = random.integers(1, 30, (SIDE, SIDE))
    if not directed:
        step = step + step.T
    np.fill_diagonal(step, 0)
    ahead = np.zeros((SIDE, SIDE), dtype=int)
    for t in range(SIDE if ring else SIDE - 1):
        ahead[order[t], order[(t + 1) % SIDE]] = 1
    linear = random.integers(0, 9, SIDE)[:, None] + random.integers(0, 9, SIDE)[None]
    if not ring:
        linear[:, order[0]] += random.integers(0, 9, SIDE)
        linear[:, order[-1]] += random.integers(0, 9, SIDE)
    pair = np.kron(step, ahead) if rows else np.kron(ahead, step)
    linear = linear if rows else linear.T
    matrix = pair + pair.T
    return matrix, linear


def cost(matrix, linear, place):
    bits = np.arange(SIDE) * SIDE + np.array(place)
    return int(np.triu(matrix, 1)[np.ix_(bits, bits)].sum()) + int(linear.ravel()[bits].sum())


def factors(matrix):
    return factors_of(np.array([1]), np.zeros(0, np.int32), matrix, SIDE)


@pytest.mark.parametrize("rows", [True, False])
@pytest.mark.parametrize("directed", [True, False])
@pytest.mark.parametrize("ring", [True, False])
@pytest.mark.parametrize("order", [(0, 1, 2, 3, 4), (3, 1, 4, 0, 2)])
def test_tours_cost_what_the_square_costs(ring, directed, rows, order):
    matrix, linear = problem(1, ring, directed, rows, order)
    tour = tour_of(factors(matrix), linear)
    assert tour is not None
    assert tour.ring == ring
    assert not (directed and tour.symmetric)
    apart = set()
    for place in itertools.permutations(range(SIDE)):
        stops = tour.tour(np.array(place))
        assert sorted(stops.tolist()) == list(range(len(tour.step)))
        assert tour.place(stops).tolist() == list(place)
        steps = tour.step[stops, np.roll(stops, -1)].sum()
        apart.add(round(cost(matrix, linear, place) - steps, 6))
    assert len(apart) == 1


@pytest.mark.parametrize("rows", [True, False])
def test_what_is_no_tour_is_refused(rows):
    order = (2, 0, 3, 1, 4)
    matrix, linear = problem(2, True, False, rows, order)
    priced = linear.copy()
    priced[1, 2] += 1
    assert tour_of(factors(matrix), priced) is None
    matrix, linear = problem(2, False, False, rows, order)
    priced = linear.copy()
    inside = (1, order[2]) if rows else (order[2], 1)
    priced[inside] += 1
    assert tour_of(factors(matrix), linear) is not None
    assert tour_of(factors(matrix), priced) is None
    random = np.random.default_rng(3)
    flow, distance = random.integers(1, 9, (2, SIDE, SIDE))
    dense = np.kron(flow + flow.T, distance + distance.T)
    assert tour_of(factors(dense * (np.kron(1 - np.eye(SIDE, dtype=int), 1 - np.eye(SIDE, dtype=int)))), linear) is None


def test_two_rings_and_uneven_rings_are_no_tours():
    flow = np.ones((6, 6), dtype=int) - np.eye(6, dtype=int)
    two = np.kron(np.eye(2, dtype=int), np.ones((3, 3), dtype=int) - np.eye(3, dtype=int))
    uneven = np.roll(np.eye(6, dtype=int), 1, axis=1)
    uneven[0, 1] = 2
    for distance in (two, uneven + uneven.T):
        weights = np.kron(flow, distance)
        found = factors_of(np.array([1]), np.zeros(0, np.int32), weights, 6)
        assert found is not None
        assert tour_of(found, np.zeros((6, 6))) is None
