"""Proposer ``flexible_search``: the best of small flexible shops; heads and tails like those of a plain twin."""

import time

import numpy as np
import pytest

from qopt.core import registry
from qopt.core.budget import Budget
from qopt.core.errors import NotApplicableError
from qopt.core.forms.project import evaluate
from qopt.core.watch import Watch
from qopt.kernels import flexible_anneal
from qopt.kernels import flexible_tabu as flexible
from qopt.solvers.proposers import _flexible_state, flexible_search
from qopt.testing.projects import flexible_shop, random_project, shortest_project

SHORT = flexible_search.FlexibleSearch(opening=0.1, most=5000)
"""With little tabu search before the rounds."""


def propose(form, *, work=2000, seed=1, pool=()):
    plugin = registry.load("proposers", "flexible_search")
    watch = Watch(clock=time.perf_counter)
    return plugin.propose(form, budget=Budget(work=work), seed=seed, watch=watch, pool=pool)


@pytest.mark.parametrize("seed", range(6))
def test_finds_the_shortest_schedule_of_four_tasks(seed):
    form = flexible_shop(2, 2, seed=seed)
    found = propose(form).proposals
    assert evaluate(form, found[0]).levels == shortest_project(form, 9)


@pytest.mark.parametrize("seed", range(6))
def test_every_schedule_holds_and_is_as_long_as_claimed(seed):
    form = flexible_shop(8, 5, seed=seed)
    found = propose(form, seed=seed)
    for proposal, claim in zip(found.proposals, found.objectives, strict=True):
        check = evaluate(form, proposal)
        assert check.feasible
        assert check.objective == claim
    assert propose(form, work=1, seed=9, pool=found.proposals[:1]).objectives[0] <= found.objectives[0]


def naive(f, s, gone=-1):
    """Heads and tails by following definitions until nothing changes; ``gone`` takes no time."""
    n = len(s.mode)
    length = [0 if t == gone else int(f.duration[s.mode[t]]) for t in range(n)]
    head, tail = [0] * n, [0] * n
    for _ in range(n + 1):
        for t in range(n):
            head[t] = max([0, *(head[p] + length[p] for p in (f.before[t], s.prev[t]) if p >= 0)])
            tail[t] = max([0, *(tail[p] + length[p] for p in (f.after[t], s.next[t]) if p >= 0)])
    return head, tail


@pytest.mark.parametrize("seed", range(5))
def test_heads_and_tails_with_and_without_a_task(seed):
    form = flexible_shop(5, 4, seed=seed)
    f, s = _flexible_state.facts_of(form), _flexible_state.state_of(form, seed, 25, -1)
    first = _flexible_state.greedy(form)
    assert evaluate(form, first).feasible
    flexible.load(f, s, first.mode.astype(np.int64), first.start)
    flexible.shake(f, s, 20)
    head, tail = naive(f, s)
    assert s.head.tolist() == head
    assert s.tail.tolist() == tail
    for t in range(form.tasks):
        before = int(s.prev[t])
        flexible.unlink(f, s, t)
        s.prev[t] = s.next[t] = -1
        rest = flexible.without(f, s, t)
        head, tail = naive(f, s, gone=t)
        assert s.free_head.tolist() == head
        assert s.free_tail.tolist() == tail
        ends = [head[u] + int(f.duration[s.mode[u]]) for u in range(form.tasks) if u != t]
        assert rest == max(ends)
        flexible.link(f, s, t, int(s.mode[t]), before)


@pytest.mark.parametrize("seed", range(5))
def test_the_place_told_is_as_good_as_the_best_of_all_places(seed):
    """Against trying every place on every machine: none that the jobs allow gives a shorter way through the task."""
    form = flexible_shop(5, 4, seed=seed)
    f, s = _flexible_state.facts_of(form), _flexible_state.state_of(form, seed, 25, -1)
    first = _flexible_state.greedy(form)
    flexible.load(f, s, first.mode.astype(np.int64), first.start)
    for t in range(form.tasks):
        mode, before = int(s.mode[t]), int(s.prev[t])
        for m in range(f.modes[t], f.modes[t + 1]):
            flexible.unlink(f, s, t)
            rest = flexible.without(f, s, t)
            through, place = flexible.best_place(f, s, t, m)
            flexible.link(f, s, t, mode, before)
            told = max(rest, through)
            assert flexible.move(f, s, t, m, int(place)), "the place is one that the jobs allow"
            assert s.now["length"][0] <= told
            flexible.move(f, s, t, mode, before)
            lengths = []
            machine = int(f.machine[m])
            after = -1
            while True:
                if after != t and flexible.move(f, s, t, m, after):
                    lengths.append(int(s.now["length"][0]))
                    flexible.move(f, s, t, mode, before)
                after = int(s.first[machine]) if after < 0 else int(s.next[after])
                if after < 0:
                    break
            assert told <= min(lengths)


def test_rounds_better_what_the_opening_found():
    form = flexible_shop(15, 8, seed=4)
    opening = flexible_search.FlexibleSearch(opening=1.0)
    watch = Watch(clock=time.perf_counter)
    plain = opening.propose(form, budget=Budget(work=300_000), seed=1, watch=watch)
    found = SHORT.propose(form, budget=Budget(work=300_000), seed=1, watch=watch)
    assert plain.info["rounds"] == 0
    assert found.info["moves"] == 300_000
    assert found.info["rounds"] > 0
    assert found.objectives[0] < plain.objectives[0]
    again = SHORT.propose(form, budget=Budget(work=300_000), seed=1, watch=watch)
    assert found.proposals[0].key() == again.proposals[0].key()


@pytest.mark.parametrize("seconds", [None, 0.6])
def test_the_last_round_gets_cold_when_the_budget_ends(seconds):
    """With a clock by which a million moves, or readings, take a second."""
    runs, ticks = [], iter(range(10**6))
    watch = Watch(clock=lambda: 1e-6 * (next(ticks) + sum(run.moves for run in runs))).within(seconds)
    form = flexible_shop(15, 8, seed=4)
    work = None if seconds else 600_000
    runs.append(flexible_search.Run(SHORT, form, _flexible_state.greedy(form), None, 1, watch, work))
    rounds = {}
    while not watch.expired() and runs[0].moves < 600_000:
        runs[0].step(500)
        now = runs[0].line.now[0]
        rounds[runs[0].rounds] = runs[0].last, int(now["moves"]), now["temperature"] / max(1, now["width"]) ** 2
    last = [(moves, temperature) for last, moves, temperature in rounds.values() if last]
    moves, temperature = max(last)  # the opening is of none, and what is left at the end of little
    assert moves > 50_000
    assert temperature < 1.3 * flexible_anneal.COLD


def test_rounds_get_longer_from_hot_and_are_warm_once_the_longest_is_done():
    plugin = flexible_search.FlexibleSearch(opening=0.0, round=10, growth=4, longest=40, again=20)
    form = flexible_shop(15, 8, seed=4)
    run = flexible_search.Run(
        plugin, form, _flexible_state.greedy(form), None, 1, Watch(clock=time.perf_counter), 100_000
    )
    rounds = {}
    while run.moves < 15_000:
        run.step(1)
        rounds[run.rounds] = float(run.line.now[0]["hot"]), int(run.line.now[0]["plan"]) // form.tasks
    seen = list(rounds.values())
    assert seen[:2] == [(plugin.hot, 10), (plugin.hot, 40)]
    assert set(seen[2:]) == {(plugin.warm, 20)}


def test_other_projects_are_refused():
    with pytest.raises(NotApplicableError, match="calendars"):
        propose(random_project(5, seed=2))
