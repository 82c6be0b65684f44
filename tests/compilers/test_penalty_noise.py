"""Weights stand above the rounding error of energies, also where coefficients cancel."""

import numpy as np
import pytest
from random_models import names, rows_of

from qopt.compilers.compile import compile_problem
from qopt.core.polynomial import polynomial_of
from qopt.core.problem import Columns, Problem, Sense
from qopt.testing.brute import all_bits, holds
from qopt.testing.encodings import energies


@pytest.mark.parametrize("rule", ["auto", "dual", "range"])
def test_a_coefficient_that_cancels_down_to_rounding_error_sets_no_weight(rule):
    """With x1 fixed at 1, three times 0.7 meets 2.1: a range of 4e-16 beside a constant of 6.3."""
    terms = {(0,): -3 * 0.7, (1,): 7 * 0.7, (0, 1): 2.1, (): 1.4}
    assert terms[0,] + terms[0, 1] != 0
    rows = rows_of([(-np.inf, {0: 0.2, 1: 0.3}, 0.44)], 2)
    for fixed in (0.0, 1.0):
        columns = Columns(np.zeros(2, np.int8), np.array([0.0, fixed]), np.ones(2), names("x", 2))
        problem = Problem.build(columns, polynomial_of(2, terms), rows=rows, sense=Sense.MAXIMIZE)
        compiled = compile_problem(problem, penalty=rule)
        bits = all_bits(compiled.num_bits)
        energy = energies(compiled.polynomial, bits)
        values, _ = compiled.decode(bits[energy <= energy.min() + 1e-9 * abs(energy.min())])
        assert holds(problem, values).all()
        assert compiled.guarantee != "none"
