"""The arm that anneals under rows: exact claims, what holds first, deterministic by work, optimal on small models."""

import itertools
import time

import numpy as np
import pytest

import qopt
from qopt.compilers.compile import compile_problem
from qopt.core.accepts import Accepts
from qopt.core.compiled import Compiled
from qopt.core.polynomial import polynomial_of
from qopt.core.rows import GroupKind
from qopt.core.watch import Watch
from qopt.evaluate.check import check
from qopt.solvers.search.arm import Entry, Turn
from qopt.solvers.search.arms import activities
from qopt.solvers.search.landscape import Landscape, violations
from qopt.testing.samplers import groups_of

ANY = Accepts(degree=None, groups=frozenset(GroupKind), rows=True)


def turn(number=0, *, elite=(), work=None, seconds=None, seed=3):
    watch = Watch(clock=time.perf_counter, deadline=None if seconds is None else time.perf_counter() + seconds)
    return Turn(number, seed, elite, work, watch)


def assignment(seed):
    """Items to places of limited room, one or two of them together more costly than each alone."""
    random = np.random.default_rng(seed)
    m = qopt.Model("gap")
    x = m.binary("x", shape=(6, 3))
    size = random.integers(2, 9, 6)
    m.minimize((random.integers(1, 30, (6, 3)) * x).sum() + 7 * (x[0] * x[1] * x[2]).sum())
    m.exactly_one("once", x, axis=1)
    m.add("room", size @ x <= int(np.ceil(size.sum() / 3)) + 2)
    return m.problem()


def knapsack():
    """Sixty things in two sacks' worth of limits."""
    random = np.random.default_rng(1)
    m = qopt.Model("sack")
    x = m.binary("x", shape=60)
    m.maximize((random.integers(20, 90, 60) * x).sum())
    weight = random.integers(20, 90, (2, 60))
    m.add("room", weight @ x <= weight.sum(axis=1) // 3)
    return m.problem()


def choices(problem):
    """The best objective over all assignments of six items to three places; None where none fits."""
    points = np.zeros((3**6, 18))
    for row, places in enumerate(itertools.product(range(3), repeat=6)):
        points[row, np.arange(6) * 3 + np.array(places)] = 1
    activity = problem.rows.activity(points)
    fits = ((activity >= problem.rows.lower) & (activity <= problem.rows.upper)).all(axis=1)
    return problem.objectives(points[fits])[:, 0].min() if fits.any() else None


@pytest.mark.parametrize("seed", range(4))
def test_optimum_of_small_assignments_with_products(seed):
    problem = assignment(seed)
    best = choices(problem)
    assert best is not None
    compiled = compile_problem(problem, accepts=ANY)
    assert len(compiled.rows)
    assert len(compiled.groups)
    landscape = Landscape.of(compiled, "test", ANY)
    arm = activities.fit(landscape)
    ends = arm.spend(turn(work=40_000))
    first = min(ends.entries(), key=lambda entry: entry.rank)
    values, valid = compiled.decode(landscape.structure.outer(first.point[None]))
    judged = check(problem, values[0])
    assert valid.all()
    assert judged.feasible
    assert judged.objective == best
    assert first.violation == 0.0


def test_claims_are_exact_and_broken_rows_are_told():
    """A row that can hardly be met: what breaks it says by how much, and comes after what holds."""
    m = qopt.Model("tight")
    x = m.binary("x", shape=30)
    weight = np.random.default_rng(1).integers(20, 90, 30)
    m.maximize((x * np.arange(30)).sum() - (x[:10] * x[10:20] * x[20:]).sum())
    m.add("sum", (weight * x).sum() == int(weight[::2].sum()))
    compiled = compile_problem(m.problem(), accepts=ANY)
    landscape = Landscape.of(compiled, "test", ANY)
    ends = activities.fit(landscape).spend(turn(work=3_000))
    rows = landscape.structure.outer(ends.points)
    assert landscape.energies(ends.energies).tolist() == compiled.energies(rows).tolist()
    assert ends.violations.tolist() == violations(landscape.compiled, rows).tolist()


def test_a_turn_by_work_is_the_same_again_and_in_any_order():
    landscape = Landscape.of(compile_problem(knapsack(), accepts=ANY), "test", ANY)
    one, two = activities.fit(landscape), activities.fit(landscape)
    first = [one.spend(turn(number, work=9_000)) for number in (0, 1)]
    again = [two.spend(turn(number, work=9_000)) for number in (1, 0)]
    for a, b in zip(first, reversed(again)):
        assert np.array_equal(a.points, b.points)
        assert np.array_equal(a.violations, b.violations)
        assert a.moves == b.moves
    assert not np.array_equal(first[0].points, first[1].points)


def test_a_turn_that_is_over_at_once_satisfies_the_groups():
    landscape = Landscape.of(compile_problem(assignment(2), accepts=ANY), "test", ANY)
    arm = activities.fit(landscape)
    ends = arm.spend(turn(seconds=0.0))
    assert not ends.complete
    for entry in ends.entries():
        assert len(landscape.structure.chosen(entry.point)) == landscape.structure.sets
    elite = tuple(Entry(e.point, e.energy, e.violation) for e in ends.entries())
    ends = arm.spend(turn(1, elite=elite, seconds=0.0))
    assert all(len(landscape.structure.chosen(e.point)) == landscape.structure.sets for e in ends.entries())


def test_fits_what_is_no_pair():
    plain = Compiled.of_polynomial(polynomial_of(3, {(0, 1): 1.0}))
    assert activities.fit(Landscape.of(plain, "test", ANY)) is None
    alone = Compiled.of_polynomial(polynomial_of(3, {(0, 1, 2): 1.0}))
    assert activities.fit(Landscape.of(alone, "test", ANY)) is None, "arm products takes them"
    grouped = Compiled.of_polynomial(polynomial_of(5, {(0, 2, 4): 1.0}), groups_of((GroupKind.EXACTLY_ONE, [0, 1])))
    arm = activities.fit(Landscape.of(grouped, "test", ANY))
    ends = arm.spend(turn(work=1_000))
    assert ends.violations is None
    assert ends.energies.min() == 0.0
