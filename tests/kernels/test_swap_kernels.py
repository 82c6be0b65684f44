"""Tempering and tabu search of quadratic assignments against their naive twins, with the JIT on and off."""

import itertools
import os
import subprocess
import sys

import numba
import numpy as np
import pytest
from assignment_cases import energy, square, swapped
from naive_anneal import Stream

from qopt.kernels import swap_fields, swap_tabu, swap_tempering
from qopt.kernels.exponential import exponential, scrambled

CASES = {
    "symmetric": square(1, 6),
    "two rows": square(2, 2),
    "directed": square(3, 5, directed=True),
    "fractions": square(4, 6, whole=False),
    "directed fractions": square(5, 5, directed=True, whole=False),
}


def replicas_of(problem, starts, random):
    (count, n), kind, parts = starts.shape, problem.linear.dtype, len(problem.flow)
    replicas = swap_tempering.Replicas(
        starts.copy(), np.zeros(count), np.zeros((count, n, n), kind), np.zeros((count, parts, n, n), kind),
        np.zeros((count, n), kind), np.zeros_like(starts), np.zeros(count), np.arange(count), np.zeros(count, np.int64),
        np.zeros(n, kind), np.zeros(n, np.int8), np.zeros(2, np.int64), np.array([random], np.uint64),
    )  # fmt: skip
    swap_tempering.begin(problem, replicas)
    return replicas


def permutations(seed, count, n):
    random = np.random.default_rng(seed)
    return np.array([random.permutation(n) for _ in range(count)])


def below(stream, bound):
    return ((stream.advance() >> 33) * bound) >> 31


@pytest.mark.parametrize("name", CASES)
def test_fields_and_swaps_twin(name):
    problem = CASES[name]
    n = len(problem.linear)
    place, field = permutations(7, 1, n)[0], np.empty_like(problem.linear)
    assert np.isclose(swap_fields.load(problem, place, field), energy(problem, place))
    for r, s in itertools.combinations(range(n), 2):
        cost = swap_fields.swap_cost(problem, field, place, r, s)
        assert np.isclose(cost, energy(problem, swapped(place, r, s)) - energy(problem, place))
        moved, anew = field.copy(), np.empty_like(field)
        swap_fields.swap_fields(problem, moved, r, s, place[r], place[s], np.empty(n, field.dtype))
        swap_fields.load(problem, swapped(place, r, s), anew)
        assert np.allclose(moved, anew)


@pytest.mark.parametrize("name", CASES)
def test_tempering_twin(name):
    problem = CASES[name]
    n, ladder = len(problem.linear), np.array([2.0, 9.0, 30.0])
    starts = permutations(8, 3, n)
    stream, order = Stream(99), [0, 1, 2]
    places = [start.copy() for start in starts]
    best = [(energy(problem, p), p.copy()) for p in places]
    accepted = [0, 0, 0]
    for turn in range(6):
        for rung, temperature in enumerate(ladder):
            k = order[rung]
            for r in range(n):
                key = np.uint32(stream.advance() >> 32)
                for s in range(n):
                    cost = energy(problem, swapped(places[k], r, s)) - energy(problem, places[k])
                    threshold = np.float32(temperature) * exponential(scrambled(np.uint32(s), key))
                    if r == s or np.float32(cost) > threshold:
                        continue
                    places[k] = swapped(places[k], r, s)
                    accepted[rung] += 1
                    if energy(problem, places[k]) < best[k][0] - 1e-9:
                        best[k] = (energy(problem, places[k]), places[k].copy())
        for rung in range(turn % 2, 2, 2):
            low, high = (energy(problem, places[order[rung + by]]) for by in (0, 1))
            gain = (1 / ladder[rung] - 1 / ladder[rung + 1]) * (low - high)
            if gain >= 0 or (stream.advance() >> 11) * 2.0**-53 < np.exp(gain):
                order[rung], order[rung + 1] = order[rung + 1], order[rung]
    each = n * (n - 1)
    for chunk in (6 * 3 * each, 1):
        replicas, done = replicas_of(problem, starts, 99), 0
        while done < 6 * 3 * each:
            done += swap_tempering.temper(chunk, problem, ladder, replicas)
        assert np.array_equal(replicas.place, places)
        assert np.array_equal(replicas.order, order)
        assert replicas.accepted.tolist() == accepted
        assert np.allclose(replicas.energy, [energy(problem, p) for p in places])
        assert np.allclose(replicas.least, [least for least, _ in best])
        assert np.array_equal(replicas.best, [p for _, p in best])
        for k, place in enumerate(places):
            field = np.empty_like(problem.linear)
            swap_fields.load(problem, place, field)
            assert np.allclose(replicas.along[k], field[:, place])
            assert np.allclose(replicas.own[k], field[np.arange(n), place])
            assert np.array_equal(replicas.near[k], problem.distance[:, place][:, :, place])


def run_of(problem, start, random):
    n, kind = len(start), problem.linear.dtype
    half, parts = n // 2, len(problem.flow)
    run = swap_tabu.Run(
        np.zeros((n, n), kind), start.copy(), np.zeros((half, n), kind), np.zeros((half, n), np.int32),
        np.zeros((n, n), np.int32), np.zeros((parts, n + half + 1), kind), np.zeros((parts, n + half + 1), kind),
        np.zeros(n, kind), np.zeros(n, kind), np.zeros(n, np.int64), np.zeros(2), np.zeros(1, np.int64),
        np.array([random], dtype=np.uint64),
    )  # fmt: skip
    swap_tabu.begin(problem, run)
    return run


@pytest.mark.parametrize("name", CASES)
def test_tabu_twin(name):
    problem = CASES[name]
    n = len(problem.linear)
    start, tenure = permutations(9, 1, n)[0], np.array([2, 4])
    stream, place, best = Stream(5), start.copy(), start.copy()
    forbidden = np.full((n, n), -1)
    pairs = sorted(itertools.combinations(range(n), 2))
    for step in range(60):
        costs = {(r, s): energy(problem, swapped(place, r, s)) - energy(problem, place) for r, s in pairs}
        until = {(r, s): min(forbidden[r, place[s]], forbidden[s, place[r]]) for r, s in pairs}
        allowed = [pair for pair in pairs if until[pair] < step]
        cheapest = min(costs.values())
        if not allowed or energy(problem, place) + cheapest < energy(problem, best) - 1e-9:
            allowed = pairs
        price = min(costs[pair] for pair in allowed)
        ties = [pair for pair in allowed if costs[pair] <= price + 1e-9]
        r, line = below(stream, n), below(stream, n // 2)
        u, v = chosen(ties, n, r, line)
        a, b = place[u], place[v]
        place = swapped(place, u, v)
        forbidden[u, a] = step + 2 + below(stream, 3)
        forbidden[v, b] = step + 2 + below(stream, 3)
        if energy(problem, place) < energy(problem, best) - 1e-9:
            best = place.copy()
    for chunk in (10**9, 1):
        run = run_of(problem, start, 5)
        done = 0
        while run.at[0] < 60:
            done += swap_tabu.search(min(chunk, 60 * len(pairs)), problem, run, tenure)
        assert done == 60 * len(pairs)
        assert np.array_equal(run.place, place)
        assert np.array_equal(run.best, best)
        assert np.allclose(run.energy, [energy(problem, place), energy(problem, best)])


def chosen(ties, n, row, line):
    """The first tie in the order in which the kernel looks: rows from ``row`` on, then distances from ``line`` on."""
    known = {tuple(pair) for pair in ties}
    for i in range(n):
        r = (row + i) % n
        for k in range(n // 2):
            d = (line + k) % (n // 2) + 1
            s = (r + d) % n
            if (2 * d < n or r < n // 2) and (min(r, s), max(r, s)) in known:
                return r, s
    raise AssertionError("no tie was found")


@pytest.mark.parametrize("n", [2, 5, 9])
def test_child_twin(n):
    for seed in range(20):
        first, second = permutations(seed, 2, n)
        child = np.empty(n, dtype=np.int64)
        swap_tabu.cross(first, second, child, np.array([seed + 1], dtype=np.uint64))
        stream, order, expected, taken = Stream(seed + 1), list(range(n)), [-1] * n, set()
        for i in range(n - 1, 0, -1):
            k = below(stream, i + 1)
            order[i], order[k] = order[k], order[i]
        for i in range(n):
            if first[i] == second[i]:
                expected[i] = first[i]
                taken.add(first[i])
        for i in order:
            if expected[i] < 0:
                pair = (first[i], second[i]) if below(stream, 2) == 0 else (second[i], first[i])
                free = [column for column in pair if column not in taken]
                if free:
                    expected[i] = free[0]
                    taken.add(free[0])
        column = below(stream, n)
        for i in order:
            if expected[i] < 0:
                while column in taken:
                    column = (column + 1) % n
                expected[i] = column
                taken.add(column)
        assert child.tolist() == expected
        assert sorted(child.tolist()) == list(range(n))


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="this run is the one without JIT")
def test_twins_hold_without_the_jit():
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "ignore::RuntimeWarning",
         "-k", "twin and not without", __file__],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    assert "passed" in done.stdout
