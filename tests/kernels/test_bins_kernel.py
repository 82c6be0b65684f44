"""The search for packings against plain sums, step by step, with and without the JIT."""

from __future__ import annotations

import os
import subprocess
import sys

import numba
import numpy as np
import pytest

from qopt.core.forms.bins import evaluate
from qopt.kernels import bins as kernels
from qopt.solvers.proposers import _bins_state as states
from qopt.testing.bins import cheapest_bins, random_bins


def forms():
    yield random_bins(7, seed=1, copies=2)
    yield random_bins(5, seed=2, copies=3, dimensions=2, kinds=2)
    yield random_bins(8, seed=3, kinds=2, rich=True)
    yield random_bins(8, seed=4, rich=True, dimensions=3)


def begun(form, seed=5):
    facts = states.facts(form, heat=(0.2, 0.002), cycle=(50, 400))
    state = states.state_of(form, facts, seed)
    return facts, state._replace(now=state.now.view(np.recarray)) if numba.config.DISABLE_JIT else state


def plain_price(form, facts, packing):
    """What bins cost, less by the square of how full they are on average over dimensions."""
    total = 0.0
    for b, kind in enumerate(packing.kind):
        if kind >= 0:
            load = sum((facts.size[i] for i in np.flatnonzero(packing.where == b)), np.zeros(form.size.shape[1]))
            full = float(np.mean(load / facts.room[kind]))
            total += form.cost[kind] / form.cost.max() * (1 - full**2)
    return total


@pytest.mark.parametrize("form", list(forms()))
def test_twin_of_every_move(form):
    """After each move the lists, loads and counts are those of ``where``, the price is the plain one, rules hold."""
    facts, state = begun(form)
    for _ in range(60):
        kernels.bins_search(facts, state, 1)
        for b, kind in enumerate(state.kind):
            inside, i = [], state.first[b]
            while i >= 0:
                inside.append(int(i))
                i = state.next[i]
            assert sorted(inside) == np.flatnonzero(state.where == b).tolist()
            assert (kind >= 0) == bool(inside)
            assert np.allclose(state.load[b], facts.size[inside].sum(axis=0))
        assert state.used.tolist() == [int(np.sum(state.kind == k)) for k in range(form.kinds)]
        waiting = int(np.sum(state.where < 0))
        assert waiting == state.now["waiting"][0]
        assert np.isclose(state.now["price"][0], plain_price(form, facts, state) + kernels.WAITING * waiting)
        broken = {v.name for v in evaluate(form, states.read(form, facts, state)).violations}
        assert broken <= {"items"} and (waiting == 0) == (not broken)
    assert state.now["best"][0] <= state.now["price"][0] + 1e-9


@pytest.mark.parametrize("form", list(forms()))
def test_chunks_change_nothing(form):
    """The state is whole between calls."""
    one, many = begun(form), begun(form)
    kernels.bins_search(*one, 900)
    for units in (1, 99, 500, 300):
        kernels.bins_search(*many, units)
    assert np.array_equal(one[1].where, many[1].where) and np.array_equal(one[1].best.where, many[1].best.where)
    assert one[1].rng[0] == many[1].rng[0]


@pytest.mark.parametrize("seed", range(6))
def test_the_cheapest_packing_is_found(seed):
    """Six copies are few enough for it, whatever the rules."""
    form = random_bins(6, seed=seed, kinds=2, rich=True)
    best = cheapest_bins(form)
    facts, state = begun(form)
    kernels.bins_search(facts, state, 3000)
    found = evaluate(form, states.read(form, facts, state.best))
    assert found.feasible == (best is not None)
    assert best is None or found.objective == best


def test_a_packing_enters_and_is_read_back():
    """The search goes on from there: nothing waits, and the best is this."""
    form = random_bins(7, seed=1, copies=2)
    facts, state = begun(form)
    kernels.bins_search(facts, state, 50)
    known = states.read(form, facts, state.best)
    _, other = begun(form)
    states.enter(form, facts, other, known)
    assert states.read(form, facts, other).key() == states.read(form, facts, other.best).key() == known.key()
    assert np.isclose(other.now["best"][0], plain_price(form, facts, other))


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="this run is the one without JIT")
def test_twins_hold_without_the_jit():
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "ignore::RuntimeWarning",
         "-k", "twin and not without", __file__],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    assert "passed" in done.stdout
