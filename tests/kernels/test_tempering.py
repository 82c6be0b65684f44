"""Tempering by flips, shifts and swaps against a naive twin, with the JIT on and off."""

import os
import subprocess
import sys

import numba
import numpy as np
import pytest
from anneal_cases import arrays, case
from naive_anneal import Stream, energy, gain_of, moves

from qopt.kernels import anneal_chain, tempering

TABLE = -np.log((np.arange(4096) + 0.5) / 4096).astype(np.float32)
CASES = {
    "free": case(21, 6),
    "sets": case(22, 0, sets=(3, 1, 4)),
    "square": case(23, 0, sides=(4,)),
    "all": case(24, 5, sets=(3, 2), sides=(3, 2)),
    "all, fractions": case(25, 3, sets=(4,), sides=(3,), whole=False),
}
LADDER = np.array([1.5, 6.0, 20.0])
ROUNDS = 5


def accepted(gain, temperature, stream):
    if gain <= 0:
        return True
    if gain > temperature * TABLE[0]:
        return False
    return gain <= temperature * TABLE[stream.advance() >> 52]


def naive(c, random):
    """(points, best points, order, moves proposed)."""
    stream, order, proposed = Stream(random), [0, 1, 2], 0
    points = [c.start.copy() for _ in LADDER]
    best = [c.start.copy() for _ in LADDER]
    for turn in range(ROUNDS):
        for rung, temperature in enumerate(LADDER):
            bits = points[order[rung]]
            for changed in moves(c.free, c.sets, c.squares, bits):
                proposed += 1
                if accepted(gain_of(c.linear, c.matrix, bits, changed), temperature, stream):
                    bits[list(changed)] ^= 1
            if energy(c.linear, c.matrix, bits) < energy(c.linear, c.matrix, best[order[rung]]):
                best[order[rung]] = bits.copy()
        for rung in range(turn % 2, 2, 2):
            low, high = (energy(c.linear, c.matrix, points[order[rung + by]]) for by in (0, 1))
            gain = (1 / LADDER[rung] - 1 / LADDER[rung + 1]) * (low - high)
            if gain >= 0 or (stream.advance() >> 11) * 2.0**-53 < np.exp(gain):
                order[rung], order[rung + 1] = order[rung + 1], order[rung]
    return points, best, order, proposed


def replicas_of(c, dense, random):
    couplings, layout, chain = arrays(c, dense, random)
    lines = [np.array([part] * len(LADDER)) for part in chain[:4]]
    start = energy(c.linear, c.matrix, c.start)
    best, least = np.array([c.start] * len(LADDER)), np.full(len(LADDER), start)
    state = np.array([random], np.uint64)
    replicas = tempering.Replicas(
        *lines, least.copy(), best, least, np.arange(len(LADDER)), np.zeros(2, np.int64), state
    )
    return couplings, layout, replicas


@pytest.mark.parametrize("dense", [True, False])
@pytest.mark.parametrize("name", CASES)
def test_replicas_twin(name, dense):
    c = CASES[name]
    points, best, order, proposed = naive(c, 31)
    plan = anneal_chain.Plan(LADDER, TABLE, np.array([1.0]))
    for chunk in (proposed, 1):
        couplings, layout, replicas = replicas_of(c, dense, 31)
        done = 0
        while replicas.at[tempering.ROUND] < ROUNDS:
            done += tempering.temper(chunk, couplings, layout, plan, replicas)
        assert done == proposed
        assert np.array_equal(replicas.sign < 0, points)
        assert np.array_equal(replicas.best, best)
        assert replicas.order.tolist() == order
        assert np.allclose(replicas.energy, [energy(c.linear, c.matrix, x) for x in points])
        assert np.allclose(replicas.least, [energy(c.linear, c.matrix, x) for x in best])


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="this run is the one without JIT")
def test_twins_hold_without_the_jit():
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "ignore::RuntimeWarning",
         "-k", "twin and not without", __file__],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    assert "passed" in done.stdout
