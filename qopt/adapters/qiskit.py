"""Out to qiskit: a compiled problem as an operator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qopt.core.compiled import Compiled
from qopt.core.errors import BackendUnavailableError

if TYPE_CHECKING:
    from qiskit.quantum_info import SparsePauliOp


def to_sparse_pauli_op(compiled: Compiled) -> tuple[SparsePauliOp, float]:
    """A compiled QUBO as a diagonal operator in Z, and the constant that was left out.

    Qubit k is bit k, and Z is 1 for the bit 0: the energy of a bit string is its eigenvalue plus the constant. A QUBO
    without any term gives the operator 0.

    Raises
    ------
    BackendContractError
        Groups, rows or products of three and more are left: compile with ``accepts=qopt.QUBO``.
    BackendUnavailableError
        qiskit is not installed.
    """
    try:
        from qiskit.quantum_info import SparsePauliOp
    except ImportError as error:
        raise BackendUnavailableError("to_sparse_pauli_op", "qaoa") from error
    h, (row, col, coupling), offset = compiled.to_ising()
    terms = [("Z", [k], -value) for k, value in enumerate(h.tolist()) if value]
    terms += [("ZZ", [i, j], value) for i, j, value in zip(row.tolist(), col.tolist(), coupling.tolist())]
    return SparsePauliOp.from_sparse_list(terms or [("", [], 0.0)], compiled.num_bits), offset
