"""The chain over a matrix against the plain one that visits bits in order, with the JIT on and off."""

import os
import subprocess
import sys

import numba
import numpy as np
import pytest
from anneal_cases import case, weights
from naive_anneal import energy
from naive_words import visit_in_order

from qopt.kernels import exponential
from qopt.kernels.anneal_blocks import ACCEPTED, ENDED, SWEEP
from qopt.solvers.search.couplings import Couplings
from qopt.solvers.search.matrix import Matrix

CASES = {
    "whole": case(1, 150),
    "one block": case(2, 64),
    "even": case(4, 70)._replace(matrix=4 * case(4, 70).matrix),
    "fractions": case(5, 90, whole=False),
}


@pytest.mark.parametrize("name", CASES)
def test_chain_twin(name):
    c = CASES[name]
    whole = c.linear.dtype == np.int32
    indptr, col, matrix = weights(c.matrix, True)
    made = Matrix(Couplings(c.linear, indptr, col, matrix.astype(np.int8) if whole else matrix, 1.0, 0.0))
    least, n = 1.0 if whole else 1e-6, len(c.linear)
    temperatures = np.geomspace(30.0, 1.0, 8) if whole else np.geomspace(5.0, 0.1, 8)
    expected = visit_in_order(
        c.linear, c.matrix, np.arange(n), c.start, 77, temperatures, least, exponential.exponential
    )
    for chunk in (10**9, 1, 100):
        chain = made.chain(c.start, np.array([77], dtype=np.uint64))
        done = 0
        while not chain.at[ENDED]:
            done += made.step(chunk, chain, temperatures, least)
        assert np.array_equal(made.point(chain), expected)
        assert done == chain.at[SWEEP] * made.sweep
        assert chain.at[ACCEPTED] > n // 2
        assert made.energy(chain) == pytest.approx(energy(c.linear, c.matrix, expected))
        assert np.allclose(chain.field, c.linear + c.matrix @ expected, atol=1e-9)


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="this run is the one without JIT")
def test_twins_hold_without_the_jit():
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "ignore::RuntimeWarning",
         "-k", "twin and not without", __file__],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    assert "passed" in done.stdout
