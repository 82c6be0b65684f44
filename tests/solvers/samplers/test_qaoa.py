"""QAOA: the operator is the polynomial, and the record says what was run."""

from __future__ import annotations

import time

import numpy as np
import pytest

from qopt.core.budget import Budget
from qopt.core.compiled import Compiled
from qopt.core.errors import NotApplicableError
from qopt.core.polynomial import polynomial_of
from qopt.core.watch import Watch
from qopt.solvers.samplers.qaoa import MOST_QUBITS, Qaoa, ising_operator

pytest.importorskip("qiskit_optimization", reason="needs the extra 'qaoa'")


def test_operator_has_the_energies_of_the_polynomial() -> None:
    """Every diagonal entry, up to one constant, is the polynomial at those bits."""
    rng = np.random.default_rng(1)
    terms = {(i, j): float(rng.integers(-5, 6)) for i in range(4) for j in range(i, 4)}
    p = polynomial_of(4, {(i,) if i == j else (i, j): v for (i, j), v in terms.items()})
    operator, scale = ising_operator(p)
    bits = (np.arange(16)[:, None] >> np.arange(4)) & 1
    diagonal = np.real(np.diag(operator.to_matrix())) * scale
    difference = p.evaluate(bits) - diagonal

    assert difference == pytest.approx(np.full(16, difference[0]))


def test_finds_the_minimum_of_a_small_problem_and_says_how() -> None:
    p = polynomial_of(4, {(0,): -1, (1,): -1, (2,): -1, (3,): -1, (0, 1): 3, (1, 2): 3, (2, 3): 3})
    compiled = Compiled.of_polynomial(p)
    sampler = Qaoa(reps=2, shots=256, iterations=25)
    watch = Watch(clock=time.perf_counter)
    batch = sampler.sample(compiled, budget=Budget(), seed=1, watch=watch)

    assert batch.energies[0] == -2.0
    assert batch.info["qubits"] == 4
    assert batch.info["shots"] == 256 * (len(batch.info["trace"]) + 1)
    assert len(batch.info["angles"]) == 4
    assert batch.info["depth"] > 4
    again = sampler.sample(compiled, budget=Budget(), seed=1, watch=watch)
    assert np.array_equal(again.bits, batch.bits)


def test_shots_are_limited_by_the_budget() -> None:
    compiled = Compiled.of_polynomial(polynomial_of(3, {(0, 1): -1, (1, 2): 1}))
    sampler = Qaoa(shots=100, iterations=50)
    batch = sampler.sample(compiled, budget=Budget(shots=500), seed=0, watch=Watch(clock=time.perf_counter))

    assert batch.info["shots"] <= 500


def test_more_qubits_than_the_simulator_takes_are_refused() -> None:
    compiled = Compiled.of_polynomial(polynomial_of(MOST_QUBITS + 1, {(0,): 1.0}))
    with pytest.raises(NotApplicableError, match="needs 21 bits, at most 20"):
        Qaoa().sample(compiled, budget=Budget(), seed=0, watch=Watch(clock=time.perf_counter))
