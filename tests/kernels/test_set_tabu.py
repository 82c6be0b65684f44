"""Tabu search over sets and free bits against a naive twin, with the JIT on and off."""

import os
import subprocess
import sys

import numba
import numpy as np
import pytest
from anneal_cases import case, weights
from naive_anneal import Stream, energy, gain_of

from qopt.kernels import set_tabu

CASES = {
    "sets": case(11, 0, sets=(3, 4, 2)),
    "sets and free bits": case(12, 3, sets=(3, 1, 4)),
    "fractions": case(13, 2, sets=(4, 3), whole=False),
    "sparse": case(14, 4, sets=(5, 5, 5, 3), density=0.2),
}
PLAN = np.array([1, 3, 80])


def sites_of(c, dense):
    start = np.array([*range(c.free), *(begin for begin, _ in c.sets), c.sets[-1][1]])
    owner = np.repeat(np.arange(len(start) - 1), np.diff(start))
    return set_tabu.Sites(c.linear, *weights(c.matrix, dense), start, owner, np.array([c.free]))


def chosen_of(c, bits):
    free = [k if bits[k] else -1 for k in range(c.free)]
    return np.array(free + [begin + int(np.flatnonzero(bits[begin:end])[0]) for begin, end in c.sets])


def run_of(c, sites, random):
    n, count = len(c.linear), len(sites.start) - 1
    run = set_tabu.Run(
        np.zeros(n, c.linear.dtype), chosen_of(c, c.start), np.zeros(n, np.int64), np.zeros((count, 2)),
        np.zeros((count, 2), np.int64), np.zeros(count, np.int64), np.zeros(count, np.int8), np.zeros(count, np.int64),
        np.zeros(2), np.zeros(2, np.int64), np.array([random], np.uint64),
    )  # fmt: skip
    set_tabu.begin(sites, run)
    return run


def below(stream, bound):
    return ((stream.advance() >> 33) * bound) >> 31


def naive(c, random):
    """(last point, best point): every move of every step priced by two whole energies."""
    stream, bits, best = Stream(random), c.start.copy(), c.start.copy()
    until = np.full(len(bits), -1)
    spans = [(k, k + 1) for k in range(c.free)] + list(c.sets)
    for step in range(PLAN[2]):
        now, least = (energy(c.linear, c.matrix, x) for x in (bits, best))
        moves = []
        for s, (begin, end) in enumerate(spans):
            for bit in range(begin, end):
                if s < c.free:
                    moves.append((gain_of(c.linear, c.matrix, bits, (bit,)), s, bit, (bit,)))
                elif not bits[bit]:
                    on = begin + int(np.flatnonzero(bits[begin:end])[0])
                    moves.append((gain_of(c.linear, c.matrix, bits, (on, bit)), s, bit, (on, bit)))
        allowed = [m for m in moves if until[m[2]] < step]
        if not allowed or now + min(m[0] for m in moves) < least - 1e-9:
            allowed = moves
        price = min(m[0] for m in allowed)
        ties = [m for m in allowed if m[0] <= price + 1e-9]
        s = below(stream, len(spans))
        while not any(m[1] == s for m in ties):
            s = (s + 1) % len(spans)
        _, _, _, changed = next(m for m in ties if m[1] == s)
        last = step + PLAN[0] + below(stream, PLAN[1] - PLAN[0] + 1)
        until[changed[0]] = last
        bits[list(changed)] ^= 1
        if energy(c.linear, c.matrix, bits) < energy(c.linear, c.matrix, best) - 1e-9:
            best = bits.copy()
    return bits, best


@pytest.mark.parametrize("dense", [True, False])
@pytest.mark.parametrize("name", CASES)
def test_shifts_and_flips_twin(name, dense):
    c = CASES[name]
    sites = sites_of(c, dense)
    bits, best = naive(c, 21)
    for chunk in (10**9, 1, 30):
        run = run_of(c, sites, 21)
        assert np.isclose(run.energy[0], energy(c.linear, c.matrix, c.start))
        while run.at[set_tabu.STEP] < PLAN[2]:
            set_tabu.search(chunk, sites, run, PLAN)
        assert np.array_equal(run.chosen, chosen_of(c, bits))
        assert np.array_equal(run.best, chosen_of(c, best))
        assert np.allclose(run.energy, [energy(c.linear, c.matrix, x) for x in (bits, best)])


def test_a_run_without_moves_ends():
    c = case(15, 0, sets=(1, 1))
    sites = sites_of(c, dense=True)
    run = run_of(c, sites, 3)
    assert set_tabu.search(1000, sites, run, PLAN) < 1000
    assert run.at[set_tabu.STEP] == 0


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="this run is the one without JIT")
def test_twins_hold_without_the_jit():
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "ignore::RuntimeWarning",
         "-k", "twin and not without", __file__],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    assert "passed" in done.stdout
