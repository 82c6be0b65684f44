"""Proposer ``project_search``: the best schedule of small projects, and schedules that the form's judge accepts."""

import time
from dataclasses import replace

import numpy as np
import pytest

from qopt.core import registry
from qopt.core.budget import Budget
from qopt.core.forms.project import FOREVER, Current, Lags, Proposal, Soft, evaluate
from qopt.core.watch import Watch
from qopt.solvers.proposers._project_state import facts, with_genes
from qopt.testing.projects import project_of, random_project, shortest_project


def propose(form, *, work=400, seed=1, pool=()):
    plugin = registry.load("proposers", "project_search")
    watch = Watch(clock=time.perf_counter)
    return plugin.propose(form, budget=Budget(work=work), seed=seed, watch=watch, pool=pool)


@pytest.mark.parametrize("seed", range(16))
def test_finds_the_best_schedule_of_three_tasks(seed):
    form = random_project(3, seed=seed, rich=seed % 4 != 0)
    best = shortest_project(form, 11)
    check = evaluate(form, propose(form).proposals[0])
    assert check.feasible == (best is not None)
    if best is not None:
        assert check.levels == best


@pytest.mark.parametrize("seed", range(12))
def test_schedules_of_forty_tasks_hold(seed):
    """The judge accepts what the kernel says holds, whatever rules there are."""
    form = random_project(40, seed=seed, rich=seed % 3 != 0)
    found = propose(form, work=150).proposals
    held = [evaluate(form, proposal).feasible for proposal in found]
    assert all(held) or not any(held)
    if seed % 3 == 0:
        assert all(held)


def test_justification_shortens_a_known_project():
    """Two tasks of the one resource beside a chain: the only schedule of 6 starts the long one first."""
    tasks = [[(3, {0: 1})], [(3, {0: 1})], [(2, {1: 1})], [(4, {1: 1})]]
    form = project_of(tasks, [1, 1], [(2, 3)])
    assert evaluate(form, propose(form, work=20).proposals[0]).objective == 6


def test_never_loses_a_schedule_it_is_given():
    form = random_project(30, seed=6, rich=False)
    good = propose(form, work=500).proposals[:1]
    again = propose(form, work=1, seed=9, pool=good).proposals
    assert evaluate(form, again[0]).levels <= evaluate(form, good[0]).levels


def test_what_is_pinned_stays_and_changes_are_paid():
    """Task 0 is pinned at 4; task 1 keeps its place although it could start earlier, as moving it costs more."""
    now = Current(np.array([0, 1]), np.array([4, 9]), np.array([np.inf, 3.0]))
    tasks = [[(2, {0: 1})], [(2, {0: 1})]]
    levels = ((("makespan", 1.0), ("changes", 5.0)),)
    form = project_of(tasks, [1], current=now, levels=levels)
    found = propose(form, work=300, pool=[Proposal(np.array([0, 1]), np.array([4, 9]))]).proposals[0]
    assert found.start.tolist() == [4, 9]


def test_a_longest_lag_moves_the_task_before():
    """The machine is busy until 5, so the task before waits: no more than 1 may pass between the two."""
    tasks = [[(1, {})], [(2, {0: 1})]]
    form = project_of(tasks, [1], [(0, 1, False, 0, 1)], closed=[(0, 0, 5)])
    assert propose(form, work=5).proposals[0].start.tolist() == [3, 5]


@pytest.mark.parametrize("seed", range(10))
def test_finds_the_best_schedule_with_soft_lags(seed):
    """Keeping, missing and reversing what is only wished for are found, beside every hard rule."""
    rng = np.random.default_rng(seed)
    form = random_project(3, seed=seed, rich=seed % 3 != 0)
    pairs = [(0, 1), (1, 2)][: 1 + seed % 2]
    lags = Lags(
        np.array([a for a, _ in pairs]),
        np.array([b for _, b in pairs]),
        rng.random(len(pairs)) < 0.3,
        rng.integers(-1, 3, len(pairs)),
        rng.choice([2, FOREVER], len(pairs)),
    )
    soft = Soft(lags, rng.integers(1, 9, len(pairs)).astype(float), tuple(map(str, range(len(pairs)))))
    levels = ((*form.levels[0], ("soft", 1.0)), *form.levels[1:])
    form = replace(form, soft=soft, levels=levels)
    best = shortest_project(form, 11)
    check = evaluate(form, propose(form, work=600).proposals[0])
    assert check.feasible == (best is not None)
    if best is not None:
        assert check.levels == best


def test_soft_lags_are_judged_by_unit_of_time_and_by_rule():
    lags = Lags(
        np.array([0, 1, 0]), np.array([1, 2, 2]), np.array([False, False, True]), *np.array([[2, 0, 0], [9, 1, 5]])
    )
    soft = Soft(lags, np.array([3.0, 5.0, 7.0]), ("gap", "soon", "gap"))
    form = project_of([[(2, {})]] * 3, [1], soft=soft, levels=((("soft", 1.0),),))
    check = evaluate(form, Proposal(np.array([0, 1, 2]), np.array([0, 3, 10])))
    assert check.feasible and check.levels == (3 * 1 + 5 * 4 + 7 * 5,)
    assert (check.parts["soft.gap"], check.parts["soft.soon"], check.parts["soft"]) == (38, 20, 58)


def test_a_given_schedule_has_the_genes_that_make_it():
    """The first of its modes keeps a soft lag, the second lets it go."""
    lags = Lags(np.array([0, 0]), np.array([1, 1]), np.array([False, True]), np.array([0, 4]), np.array([0, FOREVER]))
    form = project_of([[(1, {})], [(2, {0: 1})]], [1], soft=Soft(lags, np.array([4.0, 1.0]), ("no wait", "late")))
    f = facts(form)
    for start, let_go in (([4, 5], [0, 1]), ([0, 4], [1, 0]), ([0, 1], [0, 1]), ([0, 3], [1, 1])):
        mode, starts = with_genes(form, f, Proposal(np.array([0, 1]), np.array(start)))
        assert mode.tolist() == [0, 1, 2 + let_go[0], 4 + let_go[1]] and starts.tolist() == [*start, 0, 0]


def test_a_soft_longest_lag_moves_the_task_before():
    """The machine is busy until 5: waiting for it costs nothing, being early does."""
    soft = Soft(Lags(*np.array([[0], [1], [0], [0], [0]])), np.array([4.0]), ("no wait",))
    levels = ((("soft", 1.0), ("makespan", 1.0)),)
    form = project_of([[(1, {})], [(2, {0: 1})]], [1], soft=soft, closed=[(0, 0, 5)], levels=levels)
    assert propose(form, work=40).proposals[0].start.tolist() == [4, 5]
