"""What a backend that carries rows and products is handed: fewer bits, and a minimiser under the rows is an optimum."""

import numpy as np
import pytest
from random_models import MODELS, names, rows_of

from qopt.compilers.compile import compile_problem
from qopt.core.accepts import Accepts
from qopt.core.errors import CompileError
from qopt.core.polynomial import polynomial_of
from qopt.core.problem import Columns, Kind, Problem
from qopt.core.rows import GroupKind
from qopt.testing.brute import all_points, holds
from qopt.testing.encodings import check_compiled

NATIVE = Accepts(degree=None, groups=frozenset(GroupKind), rows=True)
SEEDS = 8


@pytest.mark.parametrize("presolve", [True, False])
@pytest.mark.parametrize("make", MODELS, ids=lambda make: make.__name__)
def test_the_minimiser_under_the_rows_is_an_optimum(make, presolve):
    tried = kept = given = 0
    for seed in range(SEEDS):
        problem = make(np.random.default_rng([seed, 7, len(make.__name__)]))
        try:
            compiled = compile_problem(problem, accepts=NATIVE, guarantee="argmin", presolve=presolve)
        except CompileError as error:
            assert "can never hold" in str(error)
            assert not holds(problem, all_points(problem)).any()
            continue
        assert compiled.guarantee in ("argmin", "total")
        assert compiled.stats["ancilla_bits"] == 0
        kept += len(compiled.rows)
        given += int((~problem.rows.soft).sum()) + len(problem.indicators)
        if compiled.num_bits <= 14:
            check_compiled(compiled)
            tried += 1
    assert tried >= SEEDS // 3
    assert kept or not given, "linear rows stayed rows"


def test_linear_rows_take_no_slack_and_no_penalty():
    lines = [(-np.inf, {0: 3.0, 1: 5.0, 2: 7.0, 3: 2.0}, 9.0), (4.0, {0: 2.0, 2: 3.0, 3: 4.0}, 7.0)]
    kinds = np.array([Kind.BINARY] * 3 + [Kind.INTEGER])
    columns = Columns(kinds, np.zeros(4), np.array([1.0, 1.0, 1.0, 3.0]), names("x", 4))
    problem = Problem.build(columns, polynomial_of(4, {(0,): -3.0, (1,): -2.0, (3,): 1.0}), rows=rows_of(lines, 4))
    compiled = compile_problem(problem, accepts=NATIVE, presolve=False)
    assert compiled.num_bits == 5, "three binaries, and two bits of the integer"
    assert compiled.penalties == ()
    assert len(compiled.rows) == 2
    index, value = compiled.rows.row(0)
    assert dict(zip(index.tolist(), value.tolist())) == {0: 3.0, 1: 5.0, 2: 7.0, 3: 2.0, 4: 4.0}
    check_compiled(compiled)


def test_products_of_spins_need_no_ancilla():
    """s_0 s_1 s_2 s_3 over bits is all subsets of four, and nothing else."""
    columns = Columns(np.full(4, Kind.SPIN), np.full(4, -1.0), np.ones(4), names("s", 4))
    problem = Problem.build(columns, polynomial_of(4, {(0, 1, 2, 3): 1.0}))
    compiled = compile_problem(problem, accepts=NATIVE)
    assert compiled.num_bits == 4
    assert compiled.polynomial.offset == 1.0
    assert set(compiled.polynomial.linear) == {-2.0}
    assert set(compiled.polynomial.value) == {4.0}
    assert sorted(compiled.polynomial.products.coefficient.tolist()) == [-8.0] * 4 + [16.0]
    check_compiled(compiled)
