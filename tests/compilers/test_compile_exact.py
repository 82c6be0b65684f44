"""Every bit string of many small models: the compile is exact, whatever the model, the encoding and the backend."""

import numpy as np
import pytest
from random_models import MODELS

from qopt.compilers.compile import compile_problem
from qopt.core.accepts import QUBO, Accepts
from qopt.core.errors import CompileError
from qopt.core.rows import GroupKind
from qopt.testing.brute import all_points, holds
from qopt.testing.encodings import check_compiled

BACKENDS = {
    "qubo": QUBO,
    "any degree": Accepts(degree=None),
    "cubic": Accepts(degree=3),
    "native": Accepts(degree=None, groups=frozenset(GroupKind), rows=True),
    "rows": Accepts(rows=True),
    "exactly one": Accepts(groups=frozenset([GroupKind.EXACTLY_ONE])),
}
ENCODINGS = ("auto", "one_hot", "unary", "domain_wall")
SEEDS = 14


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("make", MODELS, ids=lambda make: make.__name__)
def test_every_bit_string_of_random_models(make, backend):
    accepts = BACKENDS[backend]
    tried = 0
    for seed in range(SEEDS):
        problem = make(np.random.default_rng([seed, len(make.__name__)]))
        try:
            compiled = compile_problem(
                problem, accepts=accepts, encoding=ENCODINGS[seed % len(ENCODINGS)], guarantee="total"
            )
        except CompileError as error:
            assert "can never hold" in str(error)
            assert not holds(problem, all_points(problem)).any(), f"refused although feasible: {error}"
            continue
        assert compiled.guarantee == "total"
        assert accepts.degree is None or compiled.polynomial.degree <= accepts.degree
        assert set(compiled.groups.kind.tolist()) <= {int(kind) for kind in accepts.groups}
        assert accepts.rows or not len(compiled.rows)
        assert len(np.unique(compiled.groups.index)) == len(compiled.groups.index), "kept groups are disjoint"
        if compiled.num_bits <= 14:
            check_compiled(compiled)
            tried += 1
    assert tried >= SEEDS // 3


@pytest.mark.parametrize(
    "make", [make for make in MODELS if make.__name__ not in ("levels", "free")], ids=lambda m: m.__name__
)
def test_weights_from_an_incumbent_prove_what_they_say(make):
    for seed in range(8):
        problem = make(np.random.default_rng([seed, 99]))
        points = all_points(problem)
        points = points[holds(problem, points)]
        if not len(points):
            continue
        values = np.sort(problem.sense.sign * problem.objectives(points)[:, 0])
        incumbent = float(problem.sense.sign * values[len(values) // 4])
        for guarantee in ("argmin", "top:10%", "top:2"):
            compiled = compile_problem(problem, guarantee=guarantee, incumbent=incumbent)
            assert compiled.guarantee in ("total", guarantee)
            if compiled.num_bits <= 13:
                check_compiled(compiled, incumbent=incumbent)


def test_the_checks_would_notice_a_weight_that_is_too_small():
    """The harness itself: at a thousandth of the proven weight some model is caught."""
    from dataclasses import replace

    from qopt.compilers.penalties.range import Range

    caught = 0
    for seed in range(5):
        problem = MODELS[0](np.random.default_rng([seed, 1]))
        compiled = compile_problem(problem, penalty=Range(scale=0.001))
        assert compiled.guarantee == "none"
        try:
            check_compiled(replace(compiled, guarantee="argmin"))
        except AssertionError:
            caught += 1
    assert caught
