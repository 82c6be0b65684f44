"""A compiled problem as an operator of qiskit: its diagonal is the energies."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import qopt
from qopt.adapters.qiskit import to_sparse_pauli_op
from qopt.core.compiled import Compiled
from qopt.core.errors import BackendContractError
from qopt.core.polynomial import Polynomial, polynomial_of

pytest.importorskip("qiskit.quantum_info", reason="the extra 'qaoa' is not installed")


def diagonal(compiled):
    operator, offset = to_sparse_pauli_op(compiled)
    matrix = operator.to_matrix()
    assert np.count_nonzero(matrix - np.diag(np.diag(matrix))) == 0
    return np.diag(matrix).real + offset


def points(n):
    """Bit k of a basis state is bit k of its number."""
    return (np.arange(2**n)[:, None] >> np.arange(n)) & 1


def test_the_diagonal_is_the_energies():
    compiled = Compiled.of_polynomial(
        polynomial_of(4, {(): 1.5, (0,): 2.0, (2,): -3.0, (0, 1): 4.0, (1, 3): -2.5, (2, 3): 1.0})
    )
    assert diagonal(compiled).tolist() == compiled.energies(points(4)).tolist()


def test_a_model_keeps_its_optimum():
    m = qopt.Model()
    x = m.binary("x", shape=(4,))
    m.maximize(np.array([3, 4, 5, 1]) @ x - 2 * x[0] * x[3])
    m.exactly_one("one", x[:3])
    compiled = qopt.compile(m)
    energies = diagonal(compiled)
    assert energies == pytest.approx(compiled.energies(points(compiled.num_bits)))
    assert energies.min() == pytest.approx(-6)


def test_nothing_is_the_operator_of_nothing():
    operator, offset = to_sparse_pauli_op(Compiled.of_polynomial(Polynomial(np.zeros(2), offset=3.0)))
    assert operator.num_qubits == 2 and not operator.to_matrix().any() and offset == 3


def test_what_is_no_qubo_is_refused():
    with pytest.raises(BackendContractError, match="1 products"):
        to_sparse_pauli_op(Compiled.of_polynomial(polynomial_of(3, {(0, 1, 2): 1.0})))


def test_importing_it_imports_no_library():
    code = "import sys, qopt.adapters.qiskit; print('qiskit' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
