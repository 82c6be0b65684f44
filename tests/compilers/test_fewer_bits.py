"""Compiles whose polynomial is reduced at the end: fewer bits, the same best answers, every column back."""

import numpy as np
import pytest
from random_models import MODELS

from qopt.compilers.compile import compile_problem
from qopt.core.accepts import QUBO, Accepts
from qopt.core.errors import CompileError
from qopt.core.names import NameTable
from qopt.core.polynomial import polynomial_of
from qopt.core.problem import Columns, Problem
from qopt.core.rows import GroupKind
from qopt.testing.brute import all_bits, all_points, holds, kept_by_backend

BACKENDS = {
    "qubo": QUBO,
    "any degree": Accepts(degree=None),
    "native": Accepts(degree=None, groups=frozenset(GroupKind), rows=True),
}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("make", MODELS, ids=lambda make: make.__name__)
def test_minimisers_are_the_best_answers(make, backend):
    fewer = 0
    for seed in range(6):
        problem = make(np.random.default_rng([seed, 5]))
        try:
            whole = compile_problem(problem, accepts=BACKENDS[backend])
        except CompileError:
            continue
        compiled = compile_problem(problem, accepts=BACKENDS[backend], reduce=True)
        assert whole.guarantee in ("argmin", "total")
        assert compiled.guarantee == ("argmin" if compiled.num_bits < whole.num_bits else whole.guarantee)
        points = all_points(problem)
        points = points[holds(problem, points)]
        if compiled.num_bits > 14 or not len(points):
            continue
        bits = all_bits(compiled.num_bits)
        bits = bits[kept_by_backend(compiled, bits)]
        energies = compiled.energies(bits)
        best = bits[energies <= energies.min() + 1e-9 * max(1.0, abs(energies.min()))]
        values, valid = compiled.decode(best)
        assert valid.all()
        assert holds(problem, values).all()
        objectives = problem.sense.sign * problem.objectives(points)
        lowest = min(map(tuple, objectives.tolist()))
        for found in (problem.sense.sign * problem.objectives(values)).tolist():
            assert found == pytest.approx(lowest)
        encoded = compiled.encode(points[:3])
        assert encoded.shape == (len(points[:3]), compiled.num_bits)
        assert compiled.encode(points[0]).shape == (compiled.num_bits,)
        assert compiled.stats["reduced"]["bits_before"] - compiled.num_bits == sum(
            compiled.stats["reduced"]["removed"].values()
        )
        fewer += compiled.num_bits < whole.num_bits
        if compiled.num_bits == 0 < whole.num_bits:
            assert any("solved classically" in note for note in compiled.notes)
    assert fewer or backend == "native"


def test_a_ranking_or_a_certificate_is_not_reduced():
    problem = MODELS[0](np.random.default_rng(1))
    for guarantee in ("top:10%", "total"):
        with pytest.raises(CompileError, match="ask for argmin"):
            compile_problem(problem, guarantee=guarantee, reduce=True)
    with pytest.raises(CompileError, match="leave out reduce or certify"):
        compile_problem(problem, certify=True, reduce=True)


def test_a_limit_of_bits_is_one_of_what_is_left():
    columns = Columns.binaries(NameTable.numbered("x", 40))
    path = Problem.build(columns, polynomial_of(40, {(k, k + 1): (-1.0) ** k * 3 + k for k in range(39)}))
    with pytest.raises(CompileError, match="needs 40 bits, at most 10"):
        compile_problem(path, max_bits=10, presolve=False)
    assert compile_problem(path, max_bits=10, presolve=False, reduce=True).num_bits == 0
    knot = Problem.build(
        columns, polynomial_of(40, {(i, j): 1.0 + (i * j) % 7 - (i + j) % 5 for i in range(40) for j in range(i)})
    )
    whole = compile_problem(knot, presolve=False, reduce=True).num_bits
    assert whole > 10
    with pytest.raises(CompileError, match=f"needs {whole} bits, at most 10 are allowed; .* what is left of 40 bits"):
        compile_problem(knot, max_bits=10, presolve=False, reduce=True)
