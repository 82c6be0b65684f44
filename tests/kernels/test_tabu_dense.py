"""One-flip tabu search against a plain twin that takes every cost from the matrix, with the JIT on and off."""

import os
import platform
import subprocess
import sys

import numba
import numpy as np
import pytest
from anneal_cases import case, weights
from naive_anneal import Stream, energy

from qopt.kernels import anneal_fields, tabu_dense
from qopt.kernels.tabu_dense import BEST, BLOCK, IDLE, NEVER, NOW, STEP

CASES = {
    "small": case(1, 21),
    "blocks": case(2, 2 * BLOCK + 37),
    "ties": case(3, BLOCK + 9, density=0.01),
    "even": case(4, 30)._replace(matrix=4 * case(4, 30).matrix),
    "fractions": case(5, 25, whole=False),
}


def costs(c, bits):
    """What flipping each bit costs."""
    return (1 - 2 * bits.astype(np.int64)) * (c.linear + c.matrix @ bits)


def naive(c, bits, units, patience, tenure, spread, until, seed):
    """The search in plain Python; returns point, best point, energies, steps, idle steps."""
    bits, until, random = bits.copy(), until.copy(), Stream(seed)
    now = best = energy(c.linear, c.matrix, bits)
    kept, idle = bits.copy(), 0
    blocks = -(-len(bits) // BLOCK)
    for step in range(units):
        allowed = np.flatnonzero(until <= step)
        if idle >= patience or not len(allowed):
            return bits, kept, now, best, step, idle
        every = costs(c, bits)
        least = every[allowed].min()
        drawn = random.advance()
        first, mask = (drawn >> 32) * blocks >> 32, drawn % BLOCK
        ties = [int(k) for k in allowed if every[k] == least]
        k = min(ties, key=lambda k: ((k // BLOCK - first) % blocks, k % BLOCK ^ mask))
        bits[k] ^= 1
        until[k] = step + 1 + tenure + ((random.advance() >> 33) * spread >> 31)
        now, idle = now + least, idle + 1
        if now < best:
            best, idle, kept = now, 0, bits.copy()
    return bits, kept, now, best, units, idle


def start(c, dense, seed, until=None):
    """The arrays of a run at the case's own point."""
    parts, n, number = weights(c.matrix, dense), len(c.linear), c.linear.dtype
    if dense and number == np.int32:
        parts = (*parts[:2], parts[2].astype(np.int8))
    field, sign = np.empty((2, n), dtype=number)
    anneal_fields.load(c.linear, *parts, c.start, field, sign)
    here = anneal_fields.energy_of(c.linear, field, sign)
    until = np.zeros(n, np.int32) if until is None else until.copy()
    low, random = np.empty(-(-n // BLOCK), number), np.array([seed], np.uint64)
    return [*parts, field, sign, until, low, c.start.copy(), random, np.array([here, here]), np.zeros(3, np.int64)]


@pytest.mark.parametrize("dense", [True, False])
@pytest.mark.parametrize("name", CASES)
def test_search_twin(name, dense):
    c = CASES[name]
    units, patience, tenure, spread = 90, 40, 5, 4
    expected = naive(c, c.start, units, patience, tenure, spread, np.zeros(len(c.linear)), 77)
    for chunk in (units, 1, 7):
        arrays = start(c, dense, 77)
        done = 0
        while done < units:
            did = tabu_dense.search(min(chunk, units - done), patience, tenure, spread, *arrays)
            done += did
            if did == 0:
                break
        field, sign, kept, energies, at = arrays[3], arrays[4], arrays[7], arrays[9], arrays[10]
        assert np.array_equal(sign < 0, expected[0])
        assert np.array_equal(kept, expected[1])
        assert np.allclose((energies[NOW], energies[BEST]), expected[2:4])
        assert (at[STEP], at[IDLE]) == expected[4:]
        assert np.isclose(energy(c.linear, c.matrix, kept), energies[BEST])
        assert np.allclose(sign * field, costs(c, expected[0]))


def test_path_twin():
    """With a tenure of NEVER bits that are allowed are flipped once each, the cheapest first, and then it is over."""
    c = CASES["blocks"]
    until = np.full(len(c.linear), NEVER, np.int32)
    until[[3, 70, 256, 300, 301, 548]] = 0
    arrays = start(c, True, 5, until)
    assert tabu_dense.search(4, 100, NEVER, 1, *arrays) == 4
    bits, kept, now, best, *_ = naive(c, c.start, 4, 100, NEVER, 1, until, 5)
    assert np.array_equal(arrays[4] < 0, bits)
    assert np.array_equal(arrays[7], kept)
    assert (arrays[9] == [now, best]).all()
    assert tabu_dense.search(100, 100, NEVER, 1, *arrays) == 2
    assert np.flatnonzero((arrays[4] < 0) != c.start).tolist() == [3, 70, 256, 300, 301, 548]


@pytest.mark.parametrize("dense", [True, False])
def test_move_twin(dense):
    c = CASES["blocks"]
    arrays = start(c, dense, 1)
    target = np.random.default_rng(9).integers(0, 2, len(c.linear), dtype=np.int8)
    apart = np.count_nonzero(target != c.start)
    assert tabu_dense.move(7, *arrays[:5], target) == 7
    assert np.count_nonzero(arrays[4] != 1 - 2 * target) == apart - 7
    assert tabu_dense.move(10**6, *arrays[:5], target) == apart - 7
    assert np.array_equal(arrays[4], 1 - 2 * target)
    assert np.array_equal(arrays[4] * arrays[3], costs(c, target))


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="nothing is compiled")
@pytest.mark.skipif(
    platform.machine() not in ("x86_64", "AMD64"), reason="the instructions looked for are those of x86"
)
def test_passes_are_vector_instructions():
    """The minimum of a block is taken many bits at a time; one by one a step would take four to ten times as long."""
    _, _, matrix, field, sign, until, low, _, random, *_ = start(CASES["blocks"], True, 1)
    step, number = np.int32(0), np.int32(2)
    for passed, arguments in (
        (tabu_dense.survey, (field, sign, until, step, low)),
        (tabu_dense.turn_and_survey, (matrix[0], number, field, sign, until, step, low)),
        (tabu_dense.locate, (number, field, sign, until, step, low, random)),
    ):
        compiled = numba.njit(passed.py_func)
        compiled.compile(tuple(numba.typeof(argument) for argument in arguments))
        assert "pminsd" in next(iter(compiled.inspect_asm().values()))


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="this run is the one without JIT")
def test_twins_hold_without_the_jit():
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "ignore::RuntimeWarning",
         "-k", "twin and not without", __file__],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    assert "passed" in done.stdout
