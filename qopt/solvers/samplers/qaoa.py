"""QAOA on an exact state vector, through qiskit-optimization (Farhi, Goldstone & Gutmann 2014)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from qopt.core.accepts import Accepts
from qopt.core.arrays import Bits, Floats
from qopt.core.batch import SampleBatch
from qopt.core.budget import Budget
from qopt.core.compiled import Compiled
from qopt.core.errors import BackendUnavailableError
from qopt.core.ising import ising
from qopt.core.polynomial import Polynomial
from qopt.core.watch import Watch
from qopt.solvers._structure import refuse

MOST_QUBITS = 20


class _OutOfTime(Exception):
    """Leaves the classical optimiser when the watch expires; never seen outside this file."""


@dataclass(frozen=True)
class Qaoa:
    """Quantum approximate optimization, simulated without noise.

    Parameters
    ----------
    reps
        Layers of cost and mixer, >= 1; the circuit has 2 * reps angles.
    shots
        Measurements per circuit, >= 1; ``budget.shots`` limits those of the whole run.
    iterations
        Most evaluations of the classical optimiser (COBYLA), >= 1.
    cvar
        Share of the best measurements whose mean is minimised, 0 < cvar <= 1 (Barkoutsos et al. 2020); 1 is the plain
        expectation.
    """

    reps: int = 2
    shots: int = 1024
    iterations: int = 60
    cvar: float = 0.25

    accepts = Accepts(bits=MOST_QUBITS, degree=2)

    def __post_init__(self) -> None:
        if self.reps < 1 or self.shots < 1 or self.iterations < 1 or not 0 < self.cvar <= 1:
            raise ValueError(f"reps, shots and iterations must be >= 1 and 0 < cvar <= 1, got {self}")

    def sample(
        self, compiled: Compiled, *, budget: Budget, seed: int, watch: Watch, initial: Bits | None = None
    ) -> SampleBatch:
        """Optimise the angles, then measure; every distinct outcome is a row.

        ``initial`` is not used. The record's info holds qubits, depth, shots, the angles and the optimiser's trace.
        """
        refuse(compiled, "qaoa", self.accepts)
        began = watch.clock()
        n = compiled.num_bits
        if n == 0 or compiled.polynomial.degree == 0:
            row = np.zeros((1, n), dtype=np.int8)
            return SampleBatch(row, compiled.energies(row), "qaoa", seed, "done", 0.0, {"qubits": n, "shots": 0})
        states, info, stopped_by = self._measure(compiled.polynomial, budget, seed, watch)
        bits = ((states[:, None] >> np.arange(n)) & 1).astype(np.int8)
        return SampleBatch(bits, compiled.energies(bits), "qaoa", seed, stopped_by, watch.clock() - began, info)

    def _measure(
        self, polynomial: Polynomial, budget: Budget, seed: int, watch: Watch
    ) -> tuple[np.ndarray[Any, Any], dict[str, Any], str]:
        try:
            from qiskit.primitives import StatevectorSampler
            from qiskit_optimization.minimum_eigensolvers import QAOA
        except ImportError as error:
            raise BackendUnavailableError("sampler qaoa", "qaoa") from error
        most = self.iterations
        if budget.shots is not None:
            most = max(1, min(most, budget.shots // self.shots - 1))
        trace: list[float] = []
        best: list[Floats] = []

        def minimise(fun: Any, x0: Floats, jac: Any = None, bounds: Any = None) -> Any:
            return _minimise(fun, x0, most, watch, trace, best)

        operator, scale = ising_operator(polynomial)
        start = np.concatenate([np.linspace(0.7, 0.2, self.reps), np.linspace(0.2, 0.7, self.reps)])
        solver = QAOA(
            sampler=StatevectorSampler(default_shots=self.shots, seed=seed),
            optimizer=minimise,
            reps=self.reps,
            initial_point=start,
            aggregation=self.cvar,
        )
        outcome: Any = solver.compute_minimum_eigenvalue(operator)
        states = np.array(sorted(outcome.eigenstate), dtype=np.int64)
        info = {
            "qubits": polynomial.n,
            "depth": outcome.optimal_circuit.decompose(reps=6).depth(),
            "shots": self.shots * (len(trace) + 1),
            "reads": self.shots,
            "reps": self.reps,
            "angles": [round(float(a), 6) for a in outcome.optimal_point],
            "trace": [round(value * scale, 6) for value in trace],
            "optimiser": "COBYLA",
        }
        ended = "cancelled" if watch.stop[0] else "seconds" if watch.expired() else "done"
        return states, info, ended


def _minimise(fun: Any, x0: Floats, most: int, watch: Watch, trace: list[float], best: list[Floats]) -> Any:
    """COBYLA with a watch: stops before the evaluation that would overrun, and returns the best angles seen."""
    from scipy.optimize import OptimizeResult, minimize

    lowest = [np.inf]
    slowest = [0.0]

    def value(x: Floats) -> float:
        if len(trace) >= most or (trace and (watch.expired() or watch.remaining() < 2.5 * slowest[0])):
            raise _OutOfTime
        began = watch.clock()
        found = float(np.real(fun(x)))
        slowest[0] = max(slowest[0], watch.clock() - began)
        trace.append(found)
        if found < lowest[0]:
            lowest[0] = found
            best[:] = [np.array(x, dtype=np.float64)]
        return found

    try:
        minimize(value, x0, method="COBYLA", options={"maxiter": most + len(x0) + 2, "rhobeg": 0.3})
    except _OutOfTime:
        return OptimizeResult(x=best[0], fun=lowest[0], nfev=len(trace), success=False, status=1)
    return OptimizeResult(x=best[0], fun=lowest[0], nfev=len(trace), success=True, status=0)


def ising_operator(polynomial: Polynomial) -> tuple[Any, float]:
    """A quadratic polynomial over bits as a diagonal operator in Z, and the scale it was divided by.

    Z is 1 for the bit 0, so Z = -s. Constants are left out; the largest coefficient of the operator is 1, so that the
    angles mean the same for every problem.
    """
    from qiskit.quantum_info import SparsePauliOp

    field, (row, col, coupling), _ = ising(polynomial)
    scale = float(max(np.abs(field).max(initial=0.0), np.abs(coupling).max(initial=0.0))) or 1.0
    terms: list[tuple[str, list[int], float]] = [("Z", [i], float(-h / scale)) for i, h in enumerate(field) if h]
    for i, j, q in zip(row.tolist(), col.tolist(), coupling.tolist()):
        terms.append(("ZZ", [i, j], q / scale))
    return SparsePauliOp.from_sparse_list(terms or [("Z", [0], 0.0)], polynomial.n), scale


PLUGIN = Qaoa()
