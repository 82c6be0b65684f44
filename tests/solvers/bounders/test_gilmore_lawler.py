"""The Gilmore-Lawler bounder against all permutations."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest

from qopt.core.budget import Budget
from qopt.core.names import Labels, NameTable
from qopt.core.polynomial import Polynomial, polynomial_of
from qopt.core.problem import Columns, Problem, Sense
from qopt.core.rows import GroupKind, Groups, Rows
from qopt.core.watch import Watch
from qopt.solvers.bounders.gilmore_lawler import PLUGIN, GilmoreLawler

SHARED = Path(__file__).resolve().parents[3].parent / "shared" / "instances"


def permutation_problem(n, polynomial, columns=None, **rest):
    columns = np.arange(n * n) if columns is None else columns
    groups = Groups(
        np.array([GroupKind.PERMUTATION]), np.array([0, n * n]), columns, NameTable((Labels("permutation"),))
    )
    return Problem.build(Columns.binaries(NameTable.numbered("x", n * n)), polynomial, groups=groups, **rest)


def random_polynomial(n, rng, *, whole, offset=0.0):
    size = n * n
    row, col = np.triu_indices(size)
    keep = rng.random(len(row)) < 0.6
    value = rng.integers(-9, 20, keep.sum()).astype(float)
    linear = rng.integers(-9, 20, size).astype(float)
    if not whole:
        value, linear = value + rng.random(len(value)), linear + rng.random(size)
    return Polynomial.from_pairs(linear, row[keep], col[keep], value, offset=offset)


def points(problem):
    side = problem.groups.side(0)
    square = problem.groups.members(0).reshape(side, side)
    out = np.zeros((0, problem.n))
    for p in permutations(range(side)):
        x = np.zeros(problem.n)
        x[square[range(side), p]] = 1
        out = np.vstack([out, x])
    return out


def bound(problem, *, incumbent=None, budget=None, plugin=PLUGIN, seconds=None, listener=None):
    budget = budget or Budget()
    watch = Watch(clock=time.perf_counter, on_bound=listener)
    return plugin.bound(
        problem, incumbent=incumbent, budget=budget, watch=watch if seconds is None else watch.within(seconds)
    )


@pytest.mark.parametrize("sense", list(Sense))
@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("n", [1, 2, 3, 4, 5])
def test_no_permutation_is_better_than_the_bound(n, whole, sense):
    """Any quadratic objective, squares included, whole or not, with an offset, minimised or maximised."""
    rng = np.random.default_rng(100 * n + whole)
    for trial in range(4):
        columns = rng.permutation(n * n) if trial % 2 else None
        polynomial = random_polynomial(n, rng, whole=whole, offset=-7.0 if whole else 0.25)
        problem = permutation_problem(n, polynomial, columns, sense=sense)
        values = problem.objectives(points(problem))[:, 0] * sense.sign
        found = bound(problem, budget=Budget(work=40 * n * n))
        assert found.proof == "combinatorial" and found.scope == "problem" and found.source == "gilmore_lawler"
        rounding = 0.0 if whole else 1e-12 * np.abs(values).max()  # of the evaluation in floats; the bound is exact
        assert found.value * sense.sign <= values.min() + rounding
        if whole:
            assert found.value.is_integer()
        if n <= 2:  # nothing is relaxed but the rounding of the scaled prices
            assert found.value * sense.sign >= values.min() - 1e-3


def test_linear_objective_is_solved():
    """Without pairs the bound is the least assignment."""
    rng = np.random.default_rng(2)
    problem = permutation_problem(5, Polynomial(rng.integers(0, 99, 25).astype(float)))
    assert bound(problem).value == problem.objectives(points(problem)).min()


def test_large_and_tiny_prices_keep_the_bound_valid():
    """The scaling follows the size of the prices."""
    rng = np.random.default_rng(6)
    for factor in (1e15, 2.0**-40, 1e-300):
        problem = permutation_problem(4, random_polynomial(4, rng, whole=True).scaled(factor))
        values = problem.objectives(points(problem))[:, 0]
        found = bound(problem, budget=Budget(work=400)).value
        assert found <= values.min()
        assert found >= values.min() - 0.5 * (values.max() - values.min())


def test_soft_rows_only_make_answers_worse():
    """Prices of soft rows are not in the bound, which stays below every answer that pays them."""
    rows = Rows(
        np.array([0, 2]),
        np.array([0, 5]),
        np.ones(2),
        np.array([-np.inf]),
        np.array([0.0]),
        NameTable.numbered("soft", 1),
        price=np.array([4.0]),
    )
    rng = np.random.default_rng(8)
    for sense in Sense:
        problem = permutation_problem(4, random_polynomial(4, rng, whole=True), rows=rows, sense=sense)
        values = problem.objectives(points(problem))[:, 0] * sense.sign
        assert bound(problem).value * sense.sign <= values.min()


def test_other_problems_get_no_bound():
    """No permutation, a column outside it, products of three, or too large a side."""
    n = 3
    plain = permutation_problem(n, Polynomial.zero(9))
    assert bound(plain).value == 0
    assert bound(replace(plain, groups=Groups())) is None
    assert bound(permutation_problem(n, polynomial_of(9, {(0, 4, 8): 1.0}))) is None
    wide = Problem.build(Columns.binaries(NameTable.numbered("x", 10)), groups=plain.groups)
    assert bound(wide) is None
    assert bound(plain, plugin=GilmoreLawler(max_side=2)) is None


def test_out_of_time_in_the_first_round_is_no_bound():
    """A deadline in the past gives None."""
    problem = permutation_problem(4, random_polynomial(4, np.random.default_rng(1), whole=True))
    assert bound(problem, seconds=0.0) is None
    assert bound(problem, budget=Budget(work=15)) is None
    assert bound(problem, budget=Budget(work=16)) is not None


def test_rising_bounds_are_reported_and_the_same_work_gives_the_same():
    """Each reported bound is tighter than the one before; the last is returned; runs repeat."""
    problem = permutation_problem(6, random_polynomial(6, np.random.default_rng(4), whole=True))
    runs = []
    for _ in range(2):
        seen = []
        last = bound(problem, budget=Budget(work=36 * 30), listener=seen.append)
        assert seen[-1] == last and len(seen) > 1
        assert all(a.value < b.value for a, b in zip(seen, seen[1:]))
        runs.append([b.value for b in seen])
    assert runs[0] == runs[1]


def test_ascent_ends_when_the_incumbent_is_proved():
    """With the optimum as incumbent no round is spent after the bound has met it."""
    rng = np.random.default_rng(5)
    problem = permutation_problem(4, Polynomial(rng.integers(0, 99, 16).astype(float)))
    best = float(problem.objectives(points(problem)).min())
    seen = []
    assert bound(problem, incumbent=best, listener=seen.append).value == best
    assert len(seen) == 1


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared benchmark instances are not here")
@pytest.mark.parametrize(
    ("name", "plain", "raised", "optimum"), [("nug12", 493, 512, 578), ("tai12a", 195918, 218000, 224416)]
)
def test_published_bounds_are_met_and_raised(name, plain, raised, optimum):
    """The first round gives the published bound; dual ascent goes well beyond it, never over the optimum."""
    from qopt.models.families.assignment import PLUGIN as FAMILY
    from qopt.models.frontends.qaplib import PLUGIN as READER

    problem = FAMILY.build(READER.read(SHARED / "qap" / f"{name}.txt"))
    assert bound(problem, budget=Budget(work=144)).value == plain
    assert raised <= bound(problem, budget=Budget(work=144 * 200)).value <= optimum
