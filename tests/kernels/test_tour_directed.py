"""Annealed moves of stretches against a naive twin, with the JIT on and off."""

import os
import subprocess
import sys

import numba
import numpy as np
import pytest
from assignment_cases import TABLE
from naive_anneal import Stream

from qopt.kernels import tour_directed


def problem(seed, n):
    random = np.random.default_rng(seed)
    step = random.integers(1, 40, (n, n)).astype(float)
    np.fill_diagonal(step, 0)
    away = step + np.diag(np.full(n, np.inf))
    return step, np.argsort(away, axis=1, kind="stable")[:, : n - 2].copy(), random.permutation(n)


def length(step, tour):
    return sum(step[a, b] for a, b in zip(tour, [*tour[1:], tour[0]]))


def below(stream, bound):
    return ((stream.advance() >> 33) * bound) >> 31


@pytest.mark.parametrize("temperature", [1.0, 25.0])
@pytest.mark.parametrize("n", [4, 9])
def test_moved_stretches_twin(n, temperature):
    step, near, start = problem(n, n)
    stream, tour, best, longest = Stream(77), start.tolist(), start.tolist(), 3
    for _ in range(400):
        stop = below(stream, n)
        first = int(near[stop, below(stream, near.shape[1])])
        turned = tour[tour.index(first) :] + tour[: tour.index(first)]  # the same tour from ``first`` on
        where = turned.index(stop)
        if where == n - 1:
            continue
        size = 1 + below(stream, min(longest, where))
        made = turned[size : where + 1] + turned[:size] + turned[where + 1 :]
        change = length(step, made) - length(step, tour)
        if change > 0 and change > temperature * TABLE[stream.advance() >> 52]:
            continue
        tour = made
        if length(step, tour) < length(step, best):
            best = tour
    for chunk in (400, 1, 37):
        cost = np.full(2, tour_directed.length_of(step, start))
        trip = tour_directed.Trip(
            start.copy(), np.argsort(start), start.copy(), cost, np.empty(n, np.int64), np.array([77], np.uint64)
        )
        done = 0
        while done < 400:
            done += tour_directed.anneal(min(chunk, 400 - done), step, near, longest, temperature, TABLE, trip)
        at = trip.tour.tolist().index(tour[0])
        assert trip.tour.tolist()[at:] + trip.tour.tolist()[:at] == tour
        assert np.array_equal(trip.place[trip.tour], np.arange(n))
        at = trip.best.tolist().index(best[0])
        assert trip.best.tolist()[at:] + trip.best.tolist()[:at] == best
        assert trip.cost.tolist() == [length(step, tour), length(step, best)]


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="this run is the one without JIT")
def test_twins_hold_without_the_jit():
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "ignore::RuntimeWarning",
         "-k", "twin and not without", __file__],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    assert "passed" in done.stdout
