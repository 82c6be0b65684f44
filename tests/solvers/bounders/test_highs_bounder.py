"""The HiGHS bounder: proven on small problems, honest on cut-off runs, nothing where there is no model."""

import time

import numpy as np
import pytest

from qopt.core import registry
from qopt.core.budget import Budget
from qopt.core.errors import NotApplicableError
from qopt.core.names import NameTable
from qopt.core.polynomial import polynomial_of
from qopt.core.problem import Columns, Problem, Sense
from qopt.core.watch import Watch
from qopt.testing.repairers import assignment, mixture

BOUNDER = registry.load("bounders", "highs")


def test_bound_is_reported_and_incumbents_are_offered():
    problem, bounds, offers = assignment(10, 3), [], []
    watch = Watch(
        clock=time.perf_counter,
        deadline=time.perf_counter() + 30,
        on_offer=lambda candidate, objective, backend: offers.append(objective),
        on_bound=bounds.append,
    )
    bound = BOUNDER.bound(problem, incumbent=None, budget=Budget(seconds=30), watch=watch)
    assert bounds == [bound] and bound.scope == "problem" and bound.proof == "highs"
    assert min(offers) == bound.value


def test_maximisation_is_bounded_from_above():
    problem = mixture()
    watch = Watch(clock=time.perf_counter, deadline=time.perf_counter() + 30)
    bound = BOUNDER.bound(problem, incumbent=None, budget=Budget(), watch=watch)
    assert problem.sense is Sense.MAXIMIZE
    assert bound.value == 8.0, "the best of all 36,864 points, by enumeration"


def test_no_model_no_bound():
    rng = np.random.default_rng(0)
    terms = {(i, j): float(rng.integers(1, 9)) for i in range(12) for j in range(i)}
    problem = Problem.build(Columns.binaries(NameTable.numbered("x", 12)), polynomial_of(12, terms))
    watch = Watch(clock=time.perf_counter, deadline=time.perf_counter() + 30)
    small = registry.load("bounders", "highs", products=10)
    assert small.bound(problem, incumbent=None, budget=Budget(), watch=watch) is None


def test_a_form_is_refused():
    watch = Watch(clock=time.perf_counter)
    with pytest.raises(NotApplicableError):
        BOUNDER.bound("no problem", incumbent=None, budget=Budget(), watch=watch)
