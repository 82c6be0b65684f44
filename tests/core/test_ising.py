"""Energies over spins are those over bits."""

import numpy as np
import pytest

from qopt.core.compiled import Compiled
from qopt.core.errors import BackendContractError
from qopt.core.ising import ising
from qopt.core.names import NameTable
from qopt.core.polynomial import Polynomial, polynomial_of
from qopt.core.rows import GroupKind, Groups


def test_an_ising_model_has_the_energies_of_its_qubo():
    """By plain loops over all 32 points."""
    rng = np.random.default_rng(3)
    pairs = {(i, j): float(rng.integers(-9, 10)) for i in range(5) for j in range(i + 1, 5) if rng.random() < 0.7}
    terms = {(): 2.5} | {(i,): float(rng.integers(-9, 10)) for i in range(5)} | pairs
    compiled = Compiled.of_polynomial(polynomial_of(5, terms))
    h, (row, col, coupling), offset = compiled.to_ising()
    assert np.all(row < col)
    for k in range(32):
        bits = [k >> i & 1 for i in range(5)]
        spin = [2 * b - 1 for b in bits]
        energy = offset + sum(h[i] * spin[i] for i in range(5))
        energy += sum(v * spin[i] * spin[j] for i, j, v in zip(row, col, coupling))
        assert energy == compiled.energies(bits)[0]


def test_the_square_of_a_bit_is_the_bit():
    square = Polynomial(np.zeros(2), np.array([0, 0]), np.array([0, 1]), np.array([6.0, 4.0]))
    h, (row, col, coupling), offset = ising(square)
    assert h.tolist() == [4.0, 1.0] and (row.tolist(), col.tolist(), coupling.tolist()) == ([0], [1], [1.0])
    assert offset == 4.0


def test_what_is_no_qubo_is_refused():
    with pytest.raises(ValueError, match="has 3"):
        ising(polynomial_of(3, {(0, 1, 2): 1.0}))
    one = Groups(np.array([GroupKind.EXACTLY_ONE]), np.array([0, 2]), np.array([0, 1]), NameTable.numbered("g", 1))
    with pytest.raises(BackendContractError, match=r"an Ising model.*1 groups"):
        Compiled.of_polynomial(Polynomial.zero(2), one).to_ising()
