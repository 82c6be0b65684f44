"""The ruin_recreate proposer: optimal on what can be enumerated, exact about its fleet, repeatable."""

import time
from pathlib import Path

import numpy as np
import pytest

from qopt.core import registry
from qopt.core.budget import Budget
from qopt.core.forms.routes import Proposal, Routes, evaluate
from qopt.core.watch import Watch
from qopt.solvers.proposers.ruin_recreate import PLUGIN
from qopt.testing.forms import random_routes, shortest_routes

INSTANCES = Path(__file__).resolve().parents[3].parent / "shared" / "instances"


def propose(form, work=3000, *, seed=1, plugin=PLUGIN, target=None, pool=(), watch=None):
    watch = watch or Watch(clock=time.perf_counter)
    return plugin.propose(form, budget=Budget(work=work, target=target), seed=seed, watch=watch, pool=pool)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("vehicles", "capacity"), [(1, np.inf), (2, 22.0), (8, 12.0)])
def test_finds_the_optimum_of_small_forms(seed, vehicles, capacity):
    form = random_routes(8, seed=seed, vehicles=vehicles, capacity=capacity, directed=seed % 2 == 1)
    optimum = shortest_routes(form)
    found = propose(form)
    check = evaluate(form, found.proposals[0])
    assert check.feasible == (optimum is not None)
    if optimum is not None:
        assert check.objective == optimum


@pytest.mark.parametrize("seed", range(3))
def test_long_tours_are_searched_by_chains_and_short_ones_need_not(seed):
    form = random_routes(9, seed=seed, vehicles=1, capacity=np.inf)
    chains = registry.load("proposers", "ruin_recreate", tour_from=5)
    found = propose(form, plugin=chains)
    assert found.info["kernel"] == "improve_tour"
    assert found.objectives[0] == shortest_routes(form) == propose(form).objectives[0]
    assert propose(form).info["kernel"] == "ruin_and_recreate"
    assert evaluate(form, found.proposals[0]).feasible


def test_same_seed_same_answer_whatever_the_pace():
    """A clock that leaps makes the chunks other sizes; nothing else may change."""
    form = random_routes(40, seed=3, vehicles=12)
    slow = iter(np.cumsum(np.tile([0.0001, 3.0, 0.01, 0.5], 100_000)))
    a = propose(form, 5000)
    b = propose(form, 5000, watch=Watch(clock=lambda: float(next(slow))))
    assert a.objectives == b.objectives
    assert [p.key() for p in a.proposals] == [p.key() for p in b.proposals]
    assert a.objectives != propose(form, 5000, seed=2).objectives


def test_full_fleet_is_met_exactly():
    """Loads that fill four vehicles of 10 to the last unit in one way only: 7 + 3, 6 + 4, 5 + 5, 8 + 2."""
    rng = np.random.default_rng(5)
    x, y = rng.integers(0, 50, (2, 9))
    form = Routes(np.hypot(x[:, None] - x, y[:, None] - y), np.array([0, 7, 5, 8, 3, 6, 4, 2, 5]), 10.0, 4)
    found = propose(form)
    check = evaluate(form, found.proposals[0])
    assert check.feasible
    assert sorted(sorted(form.demand[r].tolist()) for r in found.proposals[0].routes) == [
        [2, 8],
        [3, 7],
        [4, 6],
        [5, 5],
    ]
    assert check.objective == pytest.approx(shortest_routes(form))


def test_says_so_when_the_fleet_is_too_small():
    form = random_routes(12, seed=1, vehicles=1, capacity=10.0)
    found = propose(form)
    check = evaluate(form, found.proposals[0])
    assert not check.feasible
    assert {v.name for v in check.violations} == {"vehicles"}  # everybody served, nobody overloaded
    assert found.info["absent"] > 0
    assert found.objectives[0] == pytest.approx(check.objective)


def test_pool_is_a_start_and_is_kept():
    form = random_routes(60, seed=6, vehicles=20)
    good = propose(form, 20_000).proposals[:3]
    worse = Proposal(tuple(np.array([c]) for c in range(1, 60)))  # too many routes: of no use
    found = propose(form, 1, pool=[worse, *good])
    assert found.objectives[0] <= evaluate(form, good[0]).objective
    assert {p.key() for p in good} <= {p.key() for p in found.proposals}


def test_stops_at_its_target_and_at_its_work():
    form = random_routes(30, seed=7, vehicles=9)
    best = propose(form, 20_000).objectives[0]
    found = propose(form, 10**9, target=best * 1.2)
    assert found.stopped_by == "target"
    assert found.objectives[0] <= best * 1.2
    found = propose(form, 777)
    assert (found.stopped_by, found.info["iterations"]) == ("work", 777)


def test_elites_differ_and_come_best_first():
    form = random_routes(30, seed=8, vehicles=9)
    found = propose(form, 20_000)
    assert len(found) == PLUGIN.elites
    assert list(found.objectives) == sorted(found.objectives)
    assert len({p.key() for p in found.proposals}) == len(found)
    assert len({r for p in found.proposals for r in p.key()}) > 12  # more routes than one answer has


def test_no_customer_and_one_customer():
    assert propose(Routes(np.zeros((1, 1)), np.zeros(1))).proposals[0].routes == ()
    alone = propose(Routes(np.array([[0.0, 2], [3, 0]]), np.array([0.0, 1]), 1.0, 1))
    assert alone.objectives == (5.0,)


@pytest.mark.parametrize(
    ("name", "optimum", "work"),
    [
        ("tsp/burma14.tsp", 3323, 20_000),
        ("tsp/gr17.tsp", 2085, 20_000),
        ("tsp/fri26.tsp", 937, 50_000),
        ("tsp/berlin52.tsp", 7542, 200_000),
        ("tsp/eil101.tsp", 629, 4_000),
        ("cvrp/E-n22-k4.vrp", 375, 50_000),
        ("cvrp/P-n22-k8.vrp", 603, 50_000),
        ("cvrp/E-n30-k3.vrp", 534, 200_000),
        ("cvrp/XSH-n20-k4-01.vrp", 646, 200_000),
        ("cvrp/A-n32-k5.vrp", 784, 200_000),
    ],
)
def test_published_optima_with_the_fleet_they_hold_for(name, optimum, work):
    from qopt.models.frontends import cvrplib, tsplib

    path = INSTANCES / name
    if not path.exists():
        pytest.skip("the shared benchmark instances are not here")
    form = (tsplib if path.suffix == ".tsp" else cvrplib).PLUGIN.read(path).form
    found = propose(form, work, target=optimum)
    check = evaluate(form, found.proposals[0])
    assert check.feasible
    assert check.objective == optimum
