"""The HiGHS repairer: near, feasible, new; recombination that improves; time and stop respected."""

import time

import numpy as np
import pytest

from qopt.core import registry
from qopt.core.budget import Budget
from qopt.core.errors import NotApplicableError
from qopt.core.forms.routes import Routes
from qopt.core.names import Labels, NameTable
from qopt.core.polynomial import polynomial_of
from qopt.core.problem import Columns, Problem
from qopt.core.rows import GroupKind, Groups
from qopt.core.solution import Candidate, Origin
from qopt.core.watch import Watch
from qopt.milp.solve import solve
from qopt.testing.repairers import assignment, feasible, scrambled

REPAIRER = registry.load("repairers", "highs")


def watch_for(seconds=30.0, **listeners):
    return Watch(clock=time.perf_counter, deadline=time.perf_counter() + seconds, **listeners)


def quadratic_assignment(n, seed=0):
    """n things on n places: a permutation and n**4 / 2 products."""
    rng = np.random.default_rng(seed)
    flow, far = rng.integers(1, 9, (n, n)), rng.integers(1, 9, (n, n))
    terms = {}
    for i in range(n):
        for j in range(i):
            for k in range(n):
                for l in range(n):
                    if k != l:
                        terms[(i * n + k, j * n + l)] = float(flow[i, j] * far[k, l])
    columns = Columns.binaries(NameTable((Labels("place", (n, n)),)))
    groups = Groups([GroupKind.PERMUTATION], [0, n * n], np.arange(n * n), NameTable((Labels("order"),)))
    return Problem.build(columns, polynomial_of(n * n, terms), groups=groups)


def test_moves_no_further_than_needed():
    problem = assignment(10, 3)
    best = solve(problem, watch=watch_for()).values[0]
    spoilt = np.array(best)
    spoilt[np.flatnonzero(best)[0]] = 0.0
    candidate = Candidate(Origin.SAMPLED, "test", spoilt)
    made = REPAIRER.repair(problem, [candidate], budget=Budget(work=1), seed=1, watch=watch_for())
    repaired = [c for c in made if c.origin is Origin.REPAIRED]
    assert len(repaired) == 1 and repaired[0].parent is candidate
    assert np.abs(repaired[0].values - spoilt).sum() == 1


def test_recombination_reaches_the_optimum_of_a_small_problem():
    problem = assignment(20, 4)
    proven = solve(problem, watch=watch_for())
    made = REPAIRER.repair(problem, scrambled(problem, 3, seed=2), budget=Budget(work=1), seed=1, watch=watch_for())
    best = min(float(problem.objectives(c.values)[0, 0]) for c in made)
    assert best == proven.objectives[0][0]
    assert any(c.origin is Origin.RECOMBINED for c in made)


def test_nothing_that_was_known_comes_back():
    problem = assignment(8, 3)
    pool = [Candidate(Origin.EXACT, "test", solve(problem, watch=watch_for()).values[0])]
    made = REPAIRER.repair(problem, pool, pool=pool, budget=Budget(work=1), seed=1, watch=watch_for())
    assert all(not np.array_equal(c.values, pool[0].values) for c in made)


@pytest.mark.parametrize("n", [5, 8])
def test_quadratic_objectives_few_and_many(n):
    """8 things have more products than repair linearises: the gradient leads it, small parts are then solved."""
    problem = quadratic_assignment(n)
    offered = []
    watch = watch_for(on_offer=lambda candidate, objective, backend: offered.append((candidate, objective)))
    repairer = registry.load("repairers", "highs", free=12, patience=4, nodes=20)
    made = repairer.repair(problem, scrambled(problem, 1, seed=3), budget=Budget(work=1), seed=1, watch=watch)
    assert {c.origin for c in made} == {Origin.REPAIRED, Origin.RECOMBINED}
    assert all(feasible(problem, c.values.tolist()) for c in made)
    assert [c for c, _ in offered] == list(made)
    assert all(objective == problem.objectives(c.values)[0, 0] for c, objective in offered)
    first = min(problem.objectives(c.values)[0, 0] for c in made if c.origin is Origin.REPAIRED)
    assert min(objective for _, objective in offered) < first


def test_infeasible_problem_gives_nothing():
    columns = Columns.binaries(NameTable.numbered("x", 3))
    names = NameTable((Labels("a"), Labels("b"), Labels("c")))
    groups = Groups([GroupKind.EXACTLY_ONE] * 3, [0, 2, 4, 6], [0, 1, 1, 2, 0, 2], names)
    problem = Problem.build(columns, groups=groups)
    made = REPAIRER.repair(problem, scrambled(problem, 4, seed=0), budget=Budget(work=1), seed=1, watch=watch_for())
    assert list(made) == []


def test_a_form_is_refused():
    form = Routes(np.ones((3, 3)), np.zeros(3))
    with pytest.raises(NotApplicableError, match="Problem"):
        REPAIRER.repair(form, [], budget=Budget(), seed=1, watch=watch_for())


def test_neighbourhoods_leave_out_what_cannot_move():
    from qopt.milp.verify import Verifier
    from qopt.solvers.repairers._neighbourhood import Neighbourhood

    problem = quadratic_assignment(5)
    verifier = Verifier(problem)
    near = Neighbourhood(verifier.structure, verifier.sets)
    identity = np.eye(5).ravel()
    lines = np.zeros((5, 5), dtype=bool)
    lines[[1, 3]] = True
    movable = near.movable(lines.ravel(), identity).reshape(5, 5)
    assert set(zip(*map(list, np.nonzero(movable)))) == {(1, 1), (1, 3), (3, 1), (3, 3)}
    grown = near.grow(np.zeros(25, dtype=bool), identity, 9, np.random.default_rng(0))
    assert grown.sum() >= 9
    assert np.array_equal(grown, near.movable(grown, identity))
