"""Levels of the objective become one energy."""

import numpy as np

from qopt.compilers.passes.levels import combined
from qopt.core.polynomial import polynomial_of


def test_a_level_that_is_a_fractional_constant_outvotes_nothing():
    """Presolve can fix every variable of a level."""
    energy, weights, exact = combined((polynomial_of(2, {(): 0.5}), polynomial_of(2, {(0,): 3.0, (1,): -1.0})))
    assert exact and weights == (1.0, 1.0)
    np.testing.assert_array_equal(energy.evaluate([[0, 0], [1, 0], [0, 1]]), [0.5, 3.5, -0.5])
