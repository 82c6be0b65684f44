"""A thousand models and more: with and without presolve the same answers, and every bit string in its place."""

import numpy as np
import pytest
from random_models import MODELS
from tangled_models import TANGLED

from qopt.compilers.compile import compile_problem
from qopt.core.accepts import Accepts
from qopt.core.errors import CompileError
from qopt.core.problem import Kind
from qopt.core.rows import GroupKind
from qopt.reduce.presolve import presolved
from qopt.reduce.steps import Tag
from qopt.testing.brute import all_points, holds
from qopt.testing.encodings import check_compiled

SEEDS = 56
ALL = (*MODELS, *TANGLED)


def drawn(make, seed):
    return make(np.random.default_rng([seed, 7, len(make.__name__)]))


def feasible(problem):
    points = all_points(problem)
    return points[holds(problem, points)]


def keys(points):
    return {tuple(point) for point in points.tolist()}


@pytest.mark.parametrize("make", ALL, ids=lambda make: make.__name__)
def test_presolve_keeps_the_feasible_points_and_their_objective(make):
    for seed in range(SEEDS):
        problem = drawn(make, seed)
        wanted = feasible(problem)
        try:
            made = presolved(problem)
        except CompileError as error:
            assert "can never hold" in str(error)
            assert not len(wanted), f"seed {seed} refused although feasible: {error}"
            continue
        assert made.tag is Tag.EQUIVALENT
        points = feasible(made.problem)
        lifted = made.way.lift(points)
        assert keys(lifted) == keys(wanted)
        assert len(points) == len(wanted), "no point stands for two"
        np.testing.assert_allclose(made.problem.objectives(points), problem.objectives(lifted), atol=1e-9)
        for point, inside in zip(lifted, points):
            np.testing.assert_array_equal(made.entering(point), inside)


@pytest.mark.parametrize("make", ALL, ids=lambda make: make.__name__)
def test_every_bit_string_with_and_without_presolve(make):
    """``total`` narrows nothing by an incumbent, so every feasible point must have its bits and its energy."""
    tried = 0
    for seed in range(SEEDS):
        problem = drawn(make, seed)
        for presolve in (True, False):
            try:
                compiled = compile_problem(problem, guarantee="total", presolve=presolve)
            except CompileError as error:
                assert "can never hold" in str(error)
                assert not len(feasible(problem)), f"seed {seed} refused although feasible: {error}"
                continue
            assert compiled.guarantee == "total"
            assert compiled.decode(np.zeros((1, compiled.num_bits)))[0].shape == (1, problem.n)
            if compiled.num_bits <= 11:
                check_compiled(compiled)
                tried += presolve
    assert tried >= SEEDS // 3


@pytest.mark.parametrize("make", TANGLED, ids=lambda make: make.__name__)
@pytest.mark.parametrize(
    "accepts",
    [Accepts(degree=None, groups=frozenset(GroupKind), rows=True), Accepts(groups=frozenset([GroupKind.AT_MOST_ONE]))],
    ids=["native", "at most one"],
)
def test_presolved_problems_for_backends_that_keep_structure(make, accepts):
    for seed in range(20):
        problem = drawn(make, seed)
        try:
            compiled = compile_problem(problem, guarantee="total", accepts=accepts)
        except CompileError:
            assert not len(feasible(problem))
            continue
        if compiled.num_bits <= 12:
            check_compiled(compiled)


@pytest.mark.parametrize("make", ALL, ids=lambda make: make.__name__)
def test_limits_are_kept_or_refused_with_numbers(make):
    for seed in range(6):
        problem = drawn(make, seed)
        try:
            free = compile_problem(problem, guarantee="total")
        except CompileError:
            continue
        for limit in ({"max_bits": free.num_bits - 1}, {"max_couplings": free.num_couplings - 1}):
            if min(limit.values()) < 0:
                continue
            try:
                made = compile_problem(problem, guarantee="total", **limit)
            except CompileError as error:
                assert "needs" in str(error) and "at most" in str(error)
                continue
            assert made.num_bits <= limit.get("max_bits", np.inf)
            assert made.num_couplings <= limit.get("max_couplings", np.inf)
        size = free.stats["coefficient_bits"]
        try:
            made = compile_problem(problem, guarantee="total", max_coefficient_bits=max(size - 2, 1))
        except CompileError as error:
            assert "coefficient bits, at most" in str(error)
            continue
        assert made.stats["coefficient_bits"] <= max(size - 2, 1)
        if made.num_bits <= 13:
            check_compiled(made)


def test_models_are_of_all_kinds():
    """The generators reach what they are for: all kinds of columns, and every pass does something somewhere."""
    done, kinds = set(), set()
    for make in ALL:
        for seed in range(SEEDS):
            problem = drawn(make, seed)
            kinds |= set(problem.columns.kind.tolist())
            try:
                done |= {step.name for step in presolved(problem).done}
            except CompileError:
                continue
    assert {int(Kind.BINARY), int(Kind.SPIN), int(Kind.INTEGER)} <= kinds
    assert done >= {
        "whole numbers",
        "bounds",
        "always true",
        "same left side",
        "smaller coefficients",
        "counts",
        "reachable sums",
        "equal variables",
        "groups",
        "groups trimmed",
        "at most one",
    }, done
