"""Proposers of rosters: the best plan of small ones, pins and given plans kept, windows that gain on annealing."""

import time

import numpy as np
import pytest

from qopt.core import registry
from qopt.core.budget import Budget
from qopt.core.errors import NotApplicableError
from qopt.core.forms.roster import Proposal, evaluate
from qopt.core.watch import Watch
from qopt.testing.forms import small_forms
from qopt.testing.rosters import random_roster


def propose(form, *, name="roster_search", work=4000, seed=1, pool=(), **parameters):
    plugin = registry.load("proposers", name, **parameters)
    watch = Watch(clock=time.perf_counter)
    return plugin.propose(form, budget=Budget(work=work), seed=seed, watch=watch, pool=pool)


@pytest.mark.parametrize("name", ["roster_search", "roster_windows"])
@pytest.mark.parametrize("seed", range(3))
def test_finds_the_best_plan_of_small_rosters(name, seed):
    for form, optimum in small_forms("roster"):
        found = evaluate(form, propose(form, name=name, seed=seed).proposals[0])
        assert found.feasible == (optimum is not None)
        if optimum is not None:
            assert found.objective == optimum


def test_pins_hold_and_no_duty_that_is_not_allowed_is_proposed():
    form = random_roster(6, 14, 2, seed=4)
    now = form.current
    pinned = np.isinf(now.price)
    assert pinned.any()
    for plan in propose(form, work=20_000).proposals:
        assert np.array_equal(plan.duty[pinned], now.duty[pinned])
        assert {v.name for v in evaluate(form, plan).violations}.isdisjoint({"available", "pinned", "duties"})


def test_never_loses_a_plan_it_is_given():
    form = random_roster(8, 14, 2, seed=7, rich=False)
    good = propose(form, work=60_000).proposals[:1]
    assert evaluate(form, good[0]).feasible
    for name in ("roster_search", "roster_windows"):
        again = propose(form, name=name, work=1, seed=5, pool=good).proposals
        assert evaluate(form, again[0]).objective <= evaluate(form, good[0]).objective


def test_windows_improve_on_a_short_annealing():
    """Where the annealing gets a tenth of its moves, exact windows find what it missed."""
    form = random_roster(8, 14, 2, seed=3, rich=False)
    start = propose(form, work=3000, seed=2).proposals[:1]
    found = propose(form, name="roster_windows", work=60_000, seed=2, share=0.01, pool=start)
    assert found.info["gains"] > 0
    assert found.objectives[0] < evaluate(form, start[0]).objective


def test_a_window_that_is_the_whole_roster_ends_the_search():
    form = random_roster(2, 3, 2, seed=3, rich=False)
    found = propose(form, name="roster_windows", work=50_000)
    assert found.stopped_by == "done" and found.objectives[0] == small_forms("roster")[3][1]


def test_large_rosters_are_refused_by_windows():
    form = random_roster(5, 10, 2, seed=1)
    plugin = registry.load("proposers", "roster_windows", largest=50)
    assert "at most 50" in plugin.refuses(form)[0]
    with pytest.raises(NotApplicableError):
        propose(form, name="roster_windows", largest=50)


def test_a_given_plan_that_may_not_be_is_not_walked_from():
    form = random_roster(3, 4, 1, seed=6)
    p, d = np.argwhere(~form.allowed[:, :, 1])[0]
    duty = np.zeros(form.shape[:2], np.int64)
    duty[p, d] = 1
    best = propose(form, pool=[Proposal(duty)]).proposals[0]
    assert evaluate(form, best).objective == small_forms("roster")[5][1]
