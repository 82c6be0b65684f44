"""Cuts of rows never cost bits."""

import numpy as np
import pytest
from random_models import names, rows_of

from qopt.compilers.compile import compile_problem
from qopt.core.polynomial import polynomial_of
from qopt.core.problem import Columns, Problem
from qopt.testing.brute import all_bits, all_points, holds
from qopt.testing.encodings import energies


@pytest.mark.parametrize("seed", range(6))
def test_a_row_that_only_forbids_pairs_gets_no_second_side(seed):
    """``sum x <= m y`` needs no slack; between two sides it would."""
    rng = np.random.default_rng(seed)
    sites, clients = 3, 3
    n = sites + sites * clients
    cell = sites + np.arange(sites * clients).reshape(sites, clients)
    lines = [(1.0, dict.fromkeys(cell[:, j].tolist(), 1.0), 1.0) for j in range(clients)]
    lines += [(-np.inf, {**dict.fromkeys(cell[i].tolist(), 1.0), i: -float(clients)}, 0.0) for i in range(sites)]
    cost = np.concatenate([rng.integers(10, 31, sites), rng.integers(1, 21, sites * clients)])
    objective = polynomial_of(n, {(k,): float(v) for k, v in enumerate(cost)})
    problem = Problem.build(Columns.binaries(names("x", n)), objective, rows=rows_of(lines, n))
    compiled = compile_problem(problem)
    assert compiled.stats["slack_bits"] == 0
    points = all_points(problem)
    best = problem.objectives(points[holds(problem, points)]).min()
    assert energies(compiled.polynomial, all_bits(compiled.num_bits)).min() == best
