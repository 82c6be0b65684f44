"""The identity compile: bits are columns."""

import numpy as np

from qopt.core.compiled import Compiled
from qopt.core.polynomial import Polynomial, polynomial_of


def test_bits_are_columns_and_energies_are_the_polynomial():
    compiled = Compiled.of_polynomial(polynomial_of(3, {(): 1, (0, 1): 2, (2,): -1}))
    bits = np.array([[0, 1, 1], [1, 1, 0]])
    values, valid = compiled.decode(bits)
    assert np.array_equal(values, bits)
    assert valid.all()
    assert compiled.energies(bits).tolist() == [0.0, 3.0]
    assert compiled.problem.objectives(bits)[:, 0].tolist() == [0.0, 3.0]


def test_no_bits_at_all():
    compiled = Compiled.of_polynomial(Polynomial.zero(0))
    values, valid = compiled.decode(np.zeros((2, 0)))
    assert values.shape == (2, 0)
    assert valid.tolist() == [True, True]
