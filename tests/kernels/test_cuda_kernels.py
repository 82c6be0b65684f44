"""Annealing and tabu search in CUDA against plain twins, bit for bit: on a device, or on numba's simulator of one."""

import os
import subprocess
import sys

import numba
import numpy as np
import pytest
from anneal_cases import case, weights
from naive_anneal import energy
from naive_cuda import anneal, colours, tabu
from numba import cuda

from qopt.kernels import colouring, exponential
from qopt.kernels.anneal_chain import ENDED, SWEEP
from qopt.kernels.rng import streams
from qopt.solvers.search.couplings import Couplings
from qopt.solvers.search.device import Device, Reads, Tabu, whole

sys.setswitchinterval(1e-5)  # the simulator's threads wait for one another at every barrier

needs_cuda = pytest.mark.skipif(not cuda.is_available(), reason="no CUDA device; the simulator stands in for it below")

CASES = {
    "matrix": (case(1, 13), True),
    "even": (case(4, 9)._replace(matrix=4 * case(4, 9).matrix), True),
    "sparse": (case(3, 30, density=0.1), False),
    "no couplings": (case(5, 6, density=0.0), False),
}
SEED, READS = 11, 2


def made(name):
    """(case, couplings, the order in which bits are visited, starting points, streams)."""
    c, dense = CASES[name]
    indptr, col, weight = weights(c.matrix, dense)
    couplings = Couplings(c.linear, indptr, col, weight.astype(np.int8), 1.0, 0.0)
    order = np.arange(len(c.linear)) if dense else np.argsort(colours(c.matrix), kind="stable")
    points = np.array([c.start, 1 - c.start])
    random = np.empty(READS, dtype=np.uint64)
    streams(np.uint64(SEED), 5, random)
    return c, couplings, order, points, random


def annealed(device, points, temperatures, chunk):
    """Reads driven to their end, so many sweeps at a time."""
    reads = Reads(device, points, seed=SEED, first=5)
    while reads.run.step(chunk * reads.run.sweep, temperatures):
        pass
    assert reads.run.at[ENDED]
    return reads


@needs_cuda
@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize(("threads", "chunk"), [(1, 1), (2, 100), (4, 3)])
def test_read_twin(name, threads, chunk):
    c, couplings, order, points, random = made(name)
    temperatures = np.geomspace(30.0, 1.0, 6)
    reads = annealed(Device(couplings, threads), points, temperatures, chunk)
    ends = reads.ends(0, complete=True)
    assert reads.run.at[SWEEP] > len(temperatures)
    for k in range(READS):
        expected = anneal(c.linear, c.matrix, order, points[k], random[k], temperatures, exponential.exponential)
        assert np.array_equal(ends.points[k], expected)
        assert ends.energies[k] == energy(c.linear, c.matrix, expected)
        assert np.array_equal(reads.field.copy_to_host()[k], (c.linear + c.matrix @ expected)[order])


@needs_cuda
@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize(("threads", "chunk"), [(1, 40), (4, 7)])
def test_tabu_twin(name, threads, chunk):
    c, couplings, order, points, random = made(name)
    search = Tabu(Reads(Device(couplings, threads), points, seed=SEED, first=5))
    for begin in range(0, 40, chunk):
        search.steps(min(chunk, 40 - begin))
    ends = search.ends(0, complete=True)
    for k in range(READS):
        bits, kept, best, waited = tabu(c.linear, c.matrix, order, points[k], random[k], 40, 0, 10)
        assert np.array_equal(ends.points[k], kept)
        assert ends.energies[k] == best == energy(c.linear, c.matrix, kept)
        now = search.reads.ends(0, complete=True)
        assert np.array_equal(now.points[k], bits)
        assert now.energies[k] == energy(c.linear, c.matrix, bits)
        assert waited > 0 or name != "no couplings"


@pytest.mark.parametrize("name", ["sparse", "no couplings", "matrix"])
def test_colours_are_those_of_the_twin(name):
    c, _ = CASES[name]
    indptr, col, _ = weights(c.matrix, False)
    for kernel in (colouring.colours, colouring.colours.py_func):
        out = np.empty(len(c.linear), dtype=np.int64)
        assert kernel(indptr, col, out) == colours(c.matrix).max() + 1
        assert np.array_equal(out, colours(c.matrix))


def test_fractions_become_whole_numbers_within_reach():
    linear, matrix = np.array([2.0**19, -0.4]), np.array([[0.0, 2.0**19], [2.0**19, 0.0]])
    given = Couplings(linear, np.array([1]), np.zeros(0, np.int32), matrix, 2.0, 7.0)
    rounded = whole(given)
    assert rounded.exact
    assert rounded.linear.tolist() == [2**28, -205]
    assert rounded.weight.dtype == np.int32
    assert rounded.energies(np.array([512.0])) == given.energies(np.array([1.0]))
    assert whole(rounded) is rounded


@pytest.mark.skipif(bool(numba.config.ENABLE_CUDASIM), reason="this run is the one on the simulator")
def test_twins_hold_on_the_simulator():
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "twin and not simulator", __file__],
        env={**os.environ, "NUMBA_ENABLE_CUDASIM": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    assert "skipped" not in done.stdout
