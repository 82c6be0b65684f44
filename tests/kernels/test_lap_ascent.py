"""Linear assignment with duals and dual ascent, against all permutations and with the JIT off."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from qopt.kernels.lap_ascent import BOUND, CURSOR, ROUNDS, ascend, reduce_square


def work_space(m):
    return [np.zeros(m + 1, np.int64) for _ in range(6)]


def objective(pair, leader, state, p):
    n = len(p)
    total = int(state[BOUND]) + sum(int(leader[i, p[i]]) for i in range(n))
    return total + sum(int(pair[i, p[i], k, p[k]]) for i in range(n) for k in range(n) if i != k)


def random_state(n, seed):
    rng = np.random.default_rng(seed)
    pair = rng.integers(-50, 100, (n, n, n, n))
    for i in range(n):
        pair[i, :, i, :] = 0
        pair[:, i, :, i] = 0
    leader = rng.integers(-50, 100, (n, n))
    return pair, leader, np.arange(n * n), np.zeros(3, np.int64), np.array([7], np.uint64)


@pytest.mark.parametrize("m", range(7))
def test_reduce_square_takes_off_the_least_assignment(m):
    """Value, reduced costs and duals of random squares, of either sign, inside a larger array."""
    rng = np.random.default_rng(m)
    for _ in range(5):
        cost = rng.integers(-30, 60, (m + 2, m + 2))
        before = cost.copy()
        u, v, *rest = work_space(m)
        total = reduce_square(cost, m, u, v, *rest)
        assert total == min(sum(int(before[i, p[i]]) for i in range(m)) for p in permutations(range(m)))
        assert total == u[:m].sum() + v[:m].sum()
        assert (cost[:m, :m] >= 0).all()
        assert (cost[:m, :m] == before[:m, :m] - u[:m, None] - v[None, :m]).all()
        assert (cost[m:] == before[m:]).all() and (cost[:, m:] == before[:, m:]).all()


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_ascent_never_changes_an_objective(n):
    """After any step every permutation has the objective it had; at the end of a round nothing is negative."""
    pair, leader, order, state, rng = random_state(n, n)
    before = {p: objective(pair, leader, state, p) for p in permutations(range(n))}
    last = None
    for _ in range(5 * n * n):
        assert ascend(pair, leader, order, state, rng, 1) == 1
        assert {p: objective(pair, leader, state, p) for p in before} == before
        if state[CURSOR] == 0:
            assert pair.min() >= 0 and leader.min() >= 0
            assert last is None or state[BOUND] >= last
            last = int(state[BOUND])
    assert state[ROUNDS] == 5
    assert last <= min(before.values())


def test_first_round_is_the_bound_of_gilmore_and_lawler():
    """One least assignment per pair and one over them all, by trying every permutation."""
    n = 4
    pair, leader, order, state, rng = random_state(n, 11)
    least = leader.astype(object).copy()
    for i in range(n):
        for p in range(n):
            rows, cols = [k for k in range(n) if k != i], [q for q in range(n) if q != p]
            least[i, p] += min(sum(int(pair[i, p, k, q]) for k, q in zip(rows, c)) for c in permutations(cols))
    expected = min(sum(least[i, p[i]] for i in range(n)) for p in permutations(range(n)))
    ascend(pair, leader, order, state, rng, n * n)
    # the mean of two duals is rounded down, which may cost one unit per line of each submatrix
    assert expected - 2 * n * n <= state[BOUND] <= expected


def test_steps_may_be_cut_anywhere():
    """Forty single steps and forty at once end in the same state."""
    one, many = random_state(4, 5), random_state(4, 5)
    ascend(*many, 40)
    for _ in range(40):
        ascend(*one, 1)
    for a, b in zip(one, many):
        assert (a == b).all()


def test_without_the_jit_the_same_happens():
    """The plain Python functions give the same state."""
    compiled, plain = random_state(3, 9), random_state(3, 9)
    ascend(*compiled, 30)
    with np.errstate(over="ignore"):
        ascend.py_func(*plain, 30)
    for a, b in zip(compiled, plain):
        assert (a == b).all()
    cost = np.random.default_rng(1).integers(0, 99, (6, 6))
    other = cost.copy()
    assert reduce_square(cost, 6, *work_space(6)) == reduce_square.py_func(other, 6, *work_space(6))
    assert (cost == other).all()
