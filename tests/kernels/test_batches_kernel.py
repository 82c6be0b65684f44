"""The search for order batches against the form's own walks, step by step, with and without the JIT."""

from __future__ import annotations

import os
import subprocess
import sys

import numba
import numpy as np
import pytest

from qopt.core.forms.batches import POLICIES, closed, evaluate, length, tour
from qopt.kernels import batches as kernels
from qopt.solvers.proposers import _batches_state as states
from qopt.testing.batches import random_batches, shortest_batches


def begun(form, seed=5):
    facts = states.facts(form, heat=(0.1, 0.002), cycle=(50, 400))
    state = states.state_of(form, facts, seed)
    return facts, state._replace(now=state.now.view(np.recarray)) if numba.config.DISABLE_JIT else state


@pytest.mark.parametrize("policy", POLICIES[:3])
def test_twin_of_the_walks_in_aisles(policy):
    """Random sets of orders, alone and in two parts."""
    form = random_batches(12, seed=2, policy=policy)
    facts, state = begun(form)
    rng = np.random.default_rng(1)
    for _ in range(80):
        chosen = rng.choice(12, int(rng.integers(1, 9)), replace=False)
        held = facts.holds[chosen[1:]].sum(axis=0)
        found = kernels.walk(facts, state, held, facts.holds[chosen[0]])
        assert np.isclose(found, length(form, chosen))
    assert kernels.walk(facts, state, facts.holds[12], facts.holds[12]) == 0


def test_twin_of_the_tours_by_a_table():
    """More than seven stops: the same tour; up to seven: never shorter than the shortest."""
    form = random_batches(12, seed=3, policy="table")
    facts, state = begun(form)
    rng = np.random.default_rng(1)
    for size in (1, 3, 6, 8, 10, 12):
        chosen = rng.choice(12, size, replace=False)
        stops = form.stops(chosen)
        found = kernels.walk(facts, state, facts.holds[chosen].sum(axis=0), facts.holds[12])
        if len(stops) > 7:
            assert np.isclose(found, closed(form.walks, tour(form.walks, stops)))
        else:
            assert found >= length(form, chosen) - 1e-9


@pytest.mark.parametrize("policy", POLICIES)
def test_twin_of_every_move(policy):
    """After each move loads, places and lengths are those of ``where``, and the price is their sum; rules hold."""
    form = random_batches(9, seed=4, policy=policy, limit=6)
    facts, state = begun(form)
    for _ in range(60):
        kernels.batches_search(facts, state, 1)
        total = 0.0
        for b in range(len(state.size)):
            inside = np.flatnonzero(state.where == b)
            assert state.size[b] == len(inside)
            assert np.allclose(state.load[b], form.load[inside].sum(axis=0))
            assert np.array_equal(state.held[b], facts.holds[inside].sum(axis=0))
            if len(inside):
                assert np.isclose(state.length[b], kernels.walk(facts, state, state.held[b], facts.holds[9]))
                total += state.length[b]
        waiting = int(np.sum(state.where < 0))
        assert waiting == state.now["waiting"][0]
        assert np.isclose(state.now["price"][0], total + kernels.WAITING * waiting)
        broken = {v.name for v in evaluate(form, states.read(state)).violations}
        assert broken <= {"picked"} and (waiting == 0) == (not broken)


@pytest.mark.parametrize("policy", POLICIES)
def test_chunks_change_nothing(policy):
    """The state is whole between calls."""
    form = random_batches(10, seed=6, policy=policy)
    one, many = begun(form), begun(form)
    kernels.batches_search(*one, 600)
    for units in (1, 99, 300, 200):
        kernels.batches_search(*many, units)
    assert np.array_equal(one[1].where, many[1].where) and np.array_equal(one[1].best.where, many[1].best.where)
    assert one[1].rng[0] == many[1].rng[0]


@pytest.mark.parametrize("seed", range(4))
def test_the_shortest_walks_are_found(seed):
    """Six orders are few enough for it."""
    form = random_batches(6, seed=seed, policy=POLICIES[seed], most=3)
    facts, state = begun(form)
    kernels.batches_search(facts, state, 1500)
    found = evaluate(form, states.read(state.best))
    assert found.feasible and np.isclose(found.objective, shortest_batches(form))


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="this run is the one without JIT")
def test_twins_hold_without_the_jit():
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "ignore::RuntimeWarning",
         "-k", "twin and not without", __file__],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    assert "passed" in done.stdout
