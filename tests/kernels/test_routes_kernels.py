"""The route kernels against plain Python, and against themselves with the JIT off."""

import os
import subprocess
import sys

import numpy as np
import pytest

from qopt.core.forms.routes import Proposal, evaluate
from qopt.kernels import routes as kernel
from qopt.kernels.routes_tour import improve_tour, kick, reverse, settle
from qopt.solvers.proposers import _routes_state as states
from qopt.testing.forms import random_routes


def state_of(form, seed=1):
    return states.routes_state(form, seed, elites=5, stride=7, target=None)


def tour_of(form, seed=1):
    return states.tour_state(form, seed, elites=5, stride=7, target=None)


def routes_of(state):
    return [state.route[r, : state.length[r]].tolist() for r in range(len(state.length)) if state.length[r]]


def length(form, routes):
    return sum(form.distance[a, b] for line in routes for a, b in zip([0, *line], [*line, 0]))


def started(form, seed=1):
    """A state after the first greedy construction."""
    state = state_of(form, seed)
    kernel.ruin_and_recreate(state, 1)
    return state


def naive_insertion(form, routes, customer):
    """The cheapest way to add a customer: (cost, new routes), a route of its own included."""
    options = []
    for r, line in enumerate(routes):
        if form.demand[[*line, customer]].sum() <= form.capacity:
            for at in range(len(line) + 1):
                options.append([*routes[:r], [*line[:at], customer, *line[at:]], *routes[r + 1 :]])
    if len(routes) < form.vehicles:
        options.append([*routes, [customer]])
    return min((length(form, option) for option in options), default=None)


@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_insertion_is_the_cheapest(seed, directed):
    form = random_routes(12, seed=seed, vehicles=5, directed=directed)
    state = state_of(form)
    state.now["blink"] = 10**9  # overlook nothing
    for customer in np.random.default_rng(seed).permutation(np.arange(1, 12)).tolist():
        best = naive_insertion(form, routes_of(state), customer)
        placed = kernel.insert(state, customer)
        assert placed == (best is not None)
        if placed:
            assert length(form, routes_of(state)) == pytest.approx(best)
            assert state.now["cost"][0] == pytest.approx(best)
            assert customer in routes_of(state)[[customer in line for line in routes_of(state)].index(True)]


def test_blinking_overlooks_one_position_in_a_hundred():
    rng = np.array([12345], dtype=np.uint64)
    gaps = [kernel.until_blink(rng) for _ in range(20_000)]
    assert min(gaps) == 1
    assert np.mean(gaps) == pytest.approx(100, rel=0.03)


@pytest.mark.parametrize("seed", range(5))
def test_ruin_takes_strings_and_undo_puts_them_back(seed):
    form = random_routes(40, seed=seed, vehicles=12)
    state = started(form, seed)
    before, cost = routes_of(state), float(state.now["cost"][0])
    state.now["touched"] = 0
    state.mark[:] = 0
    state.now["old_absent"] = 0
    kernel.ruin(state, 7)
    removed = state.removed[: state.now["removed"][0]].tolist()
    left = routes_of(state)
    assert removed and len(set(removed)) == len(removed)
    assert sorted([*removed, *(c for line in left for c in line)]) == list(range(1, 40))
    assert all(state.owner[c] == -1 for c in removed)
    assert state.now["cost"][0] == pytest.approx(length(form, left))
    for line in left:  # what is left of a route keeps its order
        whole = next(old for old in before if line[0] in old)
        assert line == [c for c in whole if c in line]
    kernel.undo(state)
    assert routes_of(state) == before
    assert length(form, before) == pytest.approx(cost)
    assert all(state.owner[c] == r for r in range(12) for c in state.route[r, : state.length[r]])
    assert np.array_equal(state.load, [form.demand[state.route[r, : state.length[r]]].sum() for r in range(12)])


@pytest.mark.parametrize("vehicles", [3, 4, 25])
def test_state_stays_consistent(vehicles):
    """After many iterations, with and without absent customers, all running sums are what they should be."""
    form = random_routes(25, seed=3, vehicles=vehicles, capacity=30.0)
    state = started(form)
    state.now["temperature"] = 5.0
    kernel.ruin_and_recreate(state, 3000)
    now, routes = state.now[0], routes_of(state)
    absent = state.absent[: now["absent"]].tolist()
    assert sorted([*absent, *(c for line in routes for c in line)]) == list(range(1, 25))
    assert (vehicles == 3) == bool(absent)  # three vehicles carry 90, the customers weigh more
    assert now["cost"] == pytest.approx(length(form, routes))
    assert now["missing"] == pytest.approx(state.weight[absent].sum())
    assert all(form.demand[line].sum() <= 30 for line in routes)
    assert len(routes) <= vehicles
    assert now["iteration"] == 3001


def test_elites_are_distinct_and_truly_priced():
    form = random_routes(20, seed=4, vehicles=6)
    state = started(form)
    kernel.ruin_and_recreate(state, 5000)
    elites = states.elites(state)
    assert len(elites) == 5
    assert len({tuple(sorted(min(tuple(r), tuple(r[::-1])) for r in p.routes)) for _, p in elites}) == 5
    for cost, proposal in elites:
        check = evaluate(form, proposal)
        assert check.feasible
        assert check.objective == pytest.approx(cost)
    assert elites[0][0] == state.now["best"][0]


def test_steps_may_be_cut_anywhere():
    form = random_routes(30, seed=5, vehicles=9)
    whole, parts = state_of(form), state_of(form)
    assert kernel.ruin_and_recreate(whole, 700) == 700
    for units in (1, 99, 300, 300):
        kernel.ruin_and_recreate(parts, units)
    assert all(np.array_equal(a, b) for a, b in zip(whole, parts))


def naive_reverse(tour, i, j):
    """Reverse positions i..j round the end: as a list turned to start at i."""
    turned = tour[i:] + tour[:i]
    size = (j - i) % len(tour) + 1
    return turned[:size][::-1] + turned[size:]


def same_round(a, b):
    """Whether two lists are the same closed tour."""
    turned = b[b.index(a[0]) :] + b[: b.index(a[0])]
    return a in (turned, [turned[0], *turned[:0:-1]])


@pytest.mark.parametrize("n", [5, 8, 9])
def test_reverse_makes_the_same_tour_as_the_naive_twin(n):
    for i in range(n):
        for j in range(n):
            tour, place = np.arange(n, dtype=np.int32), np.arange(n, dtype=np.int32)
            reverse(tour, place, i, j)
            assert same_round(tour.tolist(), naive_reverse(list(range(n)), i, j))
            assert np.array_equal(tour[place], np.arange(n))
            reverse(tour, place, i, j)
            assert np.array_equal(tour, np.arange(n))


@pytest.mark.parametrize("n", [5, 6, 9, 40])
def test_kick_exchanges_two_neighbouring_stretches(n):
    form = random_routes(n, seed=n, vehicles=1, capacity=np.inf)
    for seed in range(20):
        state = tour_of(form, seed)
        before = state.tour.tolist()
        cost = float(state.now["cost"][0])
        kick(state)
        after = state.tour.tolist()
        assert sorted(after) == list(range(n))
        edges = [{frozenset(e) for e in zip(t, [*t[1:], t[0]])} for t in (before, after)]
        assert len(edges[0] - edges[1]) <= 3
        gain = sum(form.distance[a, b] for a, b in zip(after, [*after[1:], after[0]])) - cost
        assert state.now["cost"][0] - cost == pytest.approx(gain)


@pytest.mark.parametrize("seed", range(4))
def test_settled_tour_is_shorter_and_whole(seed):
    form = random_routes(60, seed=seed, vehicles=1, capacity=np.inf)
    state = tour_of(form)
    cost = float(state.now["cost"][0])
    settle(state)
    tour = state.tour.tolist()
    assert sorted(tour) == list(range(60))
    assert state.now["cost"][0] < cost
    assert state.now["cost"][0] == pytest.approx(sum(form.distance[a, b] for a, b in zip(tour, [*tour[1:], tour[0]])))
    # no exchange of two edges gains, the naive twin of one level of a chain, except beyond the nearest neighbours
    near = {a: set(state.near[a, 1:9].tolist()) for a in range(60)}
    for i in range(60):
        for j in range(i + 2, 60 if i else 59):
            a, b, c, d = tour[i], tour[i + 1], tour[j], tour[(j + 1) % 60]
            gain = form.distance[a, b] + form.distance[c, d] - form.distance[a, c] - form.distance[b, d]
            assert gain <= 1e-9 or (c not in near[a] and a not in near[c] and d not in near[b] and b not in near[d])


def test_tour_elites_are_tours():
    form = random_routes(30, seed=9, vehicles=1, capacity=np.inf)
    state = tour_of(form)
    improve_tour(state, 500)
    elites = states.elites(state)
    assert elites
    for cost, proposal in elites:
        check = evaluate(form, Proposal(proposal.routes))
        assert check.feasible
        assert check.objective == pytest.approx(cost)


SCRIPT = """
import numpy as np
from qopt.testing.forms import random_routes
from qopt.solvers.proposers import _routes_state as states
from qopt.kernels.routes import ruin_and_recreate
from qopt.kernels.routes_tour import improve_tour
np.seterr(over="ignore")
for form in (random_routes(14, seed=1, vehicles=4), random_routes(9, seed=2, vehicles=2, capacity=16.0, directed=True)):
    state = states.routes_state(form, 5, elites=5, stride=7, target=None)
    state.now["temperature"], state.now["decay"] = 9.0, 0.99
    ruin_and_recreate(state, 300)
    print(state.now.tolist(), state.rng.tolist(), state.elite.tolist(), state.route.tolist())
form = random_routes(12, seed=3, vehicles=1, capacity=np.inf)
state = states.tour_state(form, 5, elites=5, stride=7, target=None)
state.now["temperature"] = 2.0
improve_tour(state, 60)
print(state.now.tolist(), state.rng.tolist(), state.elite.tolist(), state.tour.tolist())
"""


def test_same_answer_with_the_jit_off():
    outputs = []
    for off in ("0", "1"):
        run = subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env={**os.environ, "NUMBA_DISABLE_JIT": off},
            capture_output=True,
            text=True,
            check=True,
        )
        outputs.append(run.stdout)
    assert len(outputs[0]) > 1000
    assert outputs[0] == outputs[1]
