"""Kernels ``flexible_line`` and ``flexible_anneal`` against a twin that follows definitions on lists."""

import os
import subprocess
import sys

import numba
import numpy as np
import pytest

from qopt.kernels import flexible_anneal, flexible_line
from qopt.solvers.proposers._flexible_state import begin_round, facts_of, greedy, line_of
from qopt.solvers.proposers._routes_state import random_state
from qopt.testing.projects import flexible_shop

RECORDS = ("tasks", "machines", "modes", "now")


def shop_of(line):
    """What both moves work on."""
    return line.tasks, line.machines, line.modes, line.order, line.marks, line.now


def arrange(line):
    flexible_line.arrange(line.tasks, line.machines, line.modes, line.order, line.now)


def made(jobs, machines, seed, moves=1000):
    """A line with its greedy schedule, at the beginning of a round."""
    form = flexible_shop(jobs, machines, seed=seed)
    first = greedy(form)
    line = line_of(facts_of(form), machines, seed, -1)
    if numba.config.DISABLE_JIT:  # records are read as kernels read them
        line = line._replace(**{name: getattr(line, name).view(np.recarray) for name in RECORDS})
    length = int((first.start + form.modes.duration[first.mode]).max())
    begin_round(line, first, length, moves, 0.5)
    return form, line


def naive(form, order, mode, goal):
    """Ends, work behind every task on its machine, and penalty."""
    machine = form.modes.resource[form.modes.use_start[:-1]]
    of_job, of_machine = {}, {}
    end, rest, seen = {}, {}, []
    for t in order:
        m, j = int(machine[mode[t]]), int(form.job[t])
        end[t] = max(of_job.get(j, 0), of_machine.get(m, 0)) + int(form.modes.duration[mode[t]])
        of_job[j] = of_machine[m] = end[t]
        for u in seen:
            if machine[mode[u]] == m:
                rest[u] += int(form.modes.duration[mode[t]])
        seen.append(t)
        rest[t] = 0
    tasks = range(len(order))
    return [end[t] for t in tasks], [rest[t] for t in tasks], sum(max(0, e - goal) ** 2 for e in of_machine.values())


def late_machines(form, order, mode, goal):
    """By how much every machine ends behind the goal."""
    end = naive(form, order, mode, goal)[0]
    late, machine = [0] * len(form.resources), form.modes.resource[form.modes.use_start[:-1]]
    for t in order:
        late[machine[mode[t]]] = max(0, end[t] - goal)
    return late


def agrees(form, line):
    """Whether everything a line holds is what its order and modes say, and its order keeps to the jobs."""
    tasks, order = line.tasks[:-1], line.order.tolist()
    mode = tasks["mode"].tolist()
    end, rest, late = naive(form, order, mode, int(line.now["goal"][0]))
    assert sorted(order) == list(range(form.tasks))
    assert [order[place] for place in tasks["place"]] == list(range(form.tasks))
    assert all(order.index(a) < order.index(b) for a, b in zip(form.lags.before, form.lags.after))
    assert all(form.modes.start[t] <= mode[t] < form.modes.start[t + 1] for t in order)
    assert tasks["end"].tolist() == end
    assert tasks["rest"].tolist() == rest
    assert line.now["penalty"][0] == late
    machine = form.modes.resource[form.modes.use_start[:-1]]
    for m in range(len(form.resources)):
        there, t = [], int(line.machines["first"][m])
        while t < form.tasks:
            there.append(t)
            t = int(tasks["next"][t])
        assert there == [t for t in order if machine[mode[t]] == m]
        assert line.machines["last"][m] == (there[-1] if there else form.tasks)
        assert [int(tasks["prev"][t]) for t in there] == [form.tasks, *there][: len(there)]
    return late


def held(line):
    """Everything but scratch."""
    assert not line.marks.any()
    names = [name for name in line.tasks.dtype.names if name not in ("kept", "changed")]
    parts = [line.tasks[name][:-1].tolist() for name in names]
    return parts, line.machines[["first", "last"]].tolist(), line.order.tolist(), line.now["penalty"].tolist()


def random_move(rng, form, line):
    t = int(rng.integers(form.tasks))
    low, high = flexible_anneal.window(line.tasks, t)
    return t, int(rng.integers(form.modes.start[t], form.modes.start[t + 1])), int(rng.integers(low, high + 1))


def partners(form, line, t, mode):
    """Tasks on a mode's machine that can exchange places with a task, with the mode that each needs."""
    order, modes, machine = line.order.tolist(), line.tasks["mode"][:-1].tolist(), line.modes["machine"]
    found = {}
    for u in order:
        ways = [m for m in range(form.modes.start[u], form.modes.start[u + 1]) if machine[m] == machine[modes[t]]]
        changed = [t if v == u else u if v == t else v for v in order]
        holds = all(changed.index(a) < changed.index(b) for a, b in zip(form.lags.before, form.lags.after))
        if u != t and machine[modes[u]] == machine[mode] and ways and holds:
            found[u] = ways[0]
    return found


@pytest.mark.parametrize("seed", range(4))
def test_partners_are_those_that_leave_the_jobs_in_order(seed):
    form, line = made(5, 4, seed)
    rng = np.random.default_rng(seed)
    told = 0
    for _ in range(60):
        t, mode, _ = random_move(rng, form, line)
        machine = int(line.modes["machine"][mode])
        state = random_state(int(rng.integers(100)))
        args = line.tasks, line.machines, line.modes, line.ways, state, t, machine
        chosen = {flexible_anneal.partner(*args) for _ in range(60)}
        expected = partners(form, line, t, mode)
        assert chosen == (set(expected) or {-1})
        assert all(line.ways[u, line.modes["machine"][line.tasks["mode"][t]]] == m for u, m in expected.items())
        told += len(expected)
    assert told > 15


@pytest.mark.parametrize("seed", range(6))
def test_moves_that_are_made_and_moves_that_are_turned_down_leave_all_in_order(seed):
    form, line = made(5, 4, seed)
    rng = np.random.default_rng(seed)
    shop = shop_of(line)
    done = {(move, limit): 0 for move in ("reinsert", "exchange") for limit in (-1.0, np.inf)}
    for k in range(600):
        t, mode, place = random_move(rng, form, line)
        limit = -1.0 if k % 2 else np.inf
        before, sequences = held(line), line.tasks[["mode", "prev", "next"]][:-1].tolist()
        others = partners(form, line, t, mode)
        if k % 3 and others:
            move, u = "exchange", list(others)[k % len(others)]
            made_it = flexible_anneal.exchange(*shop, t, mode, u, others[u], limit)
            assert made_it == (limit > 0)
        else:
            move, made_it = "reinsert", flexible_anneal.reinsert(*shop, t, mode, place, limit)
            assert made_it or limit < 0
        if made_it:
            done[move, limit] += 1
            assert line.tasks["mode"][t] == mode
            assert limit > 0 or line.tasks[["mode", "prev", "next"]][:-1].tolist() == sequences
        else:
            assert held(line) == before
        agrees(form, line)
    assert done["reinsert", np.inf] > 50
    assert done["exchange", np.inf] > 50
    assert done["exchange", -1.0] == 0


def turned_down_early(late, then, touched):
    """Whether a machine that a change does not touch ends earlier, which no one sees who turns it down before."""
    return any(b < a for k, (a, b) in enumerate(zip(late, then)) if k not in touched)


@pytest.mark.parametrize("seed", range(4))
def test_an_exchange_is_made_where_its_penalty_is_within_the_limit(seed):
    form, line = made(5, 4, seed)
    line.now["goal"] -= 6
    arrange(line)
    rng = np.random.default_rng(seed)
    outcomes, goal = [], int(line.now["goal"][0])
    for _ in range(300):
        t, mode, _ = random_move(rng, form, line)
        others = partners(form, line, t, mode)
        if not others:
            continue
        u = list(others)[int(rng.integers(len(others)))]
        order, modes = line.order.tolist(), line.tasks["mode"][:-1].tolist()
        late = late_machines(form, order, modes, goal)
        touched = {int(line.modes["machine"][m]) for m in (modes[t], modes[u])}
        x, y = order.index(t), order.index(u)
        order[x], order[y], modes[t], modes[u] = u, t, mode, others[u]
        then = late_machines(form, order, modes, goal)
        limit = float(sum(x * x for x in then) + int(rng.integers(-1, 2)))
        outcomes.append(flexible_anneal.exchange(*shop_of(line), t, mode, u, others[u], limit))
        within = sum(x * x for x in then) <= limit
        assert outcomes[-1] == within or (within and turned_down_early(late, then, touched))
        assert agrees(form, line) == sum(x * x for x in (then if outcomes[-1] else late))
    assert {True, False} == set(outcomes)


@pytest.mark.parametrize("seed", range(4))
def test_a_task_is_put_where_the_line_says_unless_its_machine_would_be_too_late(seed):
    form, line = made(5, 4, seed)
    line.now["goal"] -= 6
    arrange(line)
    rng = np.random.default_rng(seed)
    goal, outcomes = int(line.now["goal"][0]), []
    for _ in range(300):
        t, mode, place = random_move(rng, form, line)
        order, modes = line.order.tolist(), line.tasks["mode"][:-1].tolist()
        late = late_machines(form, order, modes, goal)
        old, new = (int(line.modes["machine"][m]) for m in (modes[t], mode))
        source, gone = order.index(t), int(line.modes["duration"][modes[t]])
        order.remove(t)
        there = [u for u in order[:place] if line.modes["machine"][modes[u]] == new]
        order.insert(place, t)
        before = flexible_anneal.behind(line.tasks, line.modes, line.order, t, new, place)
        assert before == (there[-1] if there else form.tasks)
        modes[t] = mode
        then = late_machines(form, order, modes, goal)
        limit = float(sum(x * x for x in then) + int(rng.integers(-2, 20)))
        args = line.tasks, line.machines, line.modes, line.now, t, mode, before, place, limit
        hopeless = flexible_anneal.hopeless(*args)
        seen = [*late]
        seen[old] = max(0, late[old] - gone)
        seen[new] = then[new] if old == new else max(late[new], then[new])
        assert not hopeless or place > source or sum(x * x for x in seen) > limit
        same = mode == line.tasks["mode"][t] and before == line.tasks["prev"][t]
        outcomes.append(flexible_anneal.reinsert(*shop_of(line), t, mode, place, limit))
        within = not hopeless and sum(x * x for x in then) <= limit
        assert outcomes[-1] == (same or within) or (within and turned_down_early(late, then, {old, new}))
        assert agrees(form, line) == sum(x * x for x in (then if outcomes[-1] else late))
    assert {True, False} == set(outcomes)


def test_the_best_schedule_is_kept_and_a_round_is_the_same_in_parts():
    form, line = made(8, 5, 3, moves=6000)
    first = int(line.now["best"][0])
    assert flexible_anneal.flexible_anneal(*line, 6000) <= 6000
    tasks = line.tasks[:-1]
    assert tasks["best_end"].max() == line.now["best"][0] < first
    order = np.argsort(tasks["best_end"] - form.modes.duration[tasks["best_mode"]], kind="stable").tolist()
    assert naive(form, order, tasks["best_mode"].tolist(), 0)[0] == tasks["best_end"].tolist()
    _, parts = made(8, 5, 3, moves=6000)
    while flexible_anneal.flexible_anneal(*parts, 37) == 37:
        pass
    assert held(parts) == held(line)


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="this run is the one without JIT")
def test_the_same_without_jit():
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "ignore::RuntimeWarning", __file__],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
