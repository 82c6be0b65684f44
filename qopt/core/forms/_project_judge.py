"""The judge of ``project`` proposals, in plain numpy and Python."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from qopt.core.arrays import Ints
from qopt.core.solution import Check, Violation

if TYPE_CHECKING:
    from qopt.core.forms.project import Project, Proposal


def judge(form: Project, proposal: Proposal) -> Check:
    """Every rule, every part of the objective, and its levels. Exact: all times are whole numbers."""
    mode, start = proposal.mode.astype(np.int64), proposal.start
    if len(mode) != form.tasks or len(start) != form.tasks:
        raise ValueError(f"{len(mode)} modes and {len(start)} starts for {form.tasks} tasks")
    wrong = (mode < form.modes.start[:-1]) | (mode >= form.modes.start[1:])
    broken = [Violation("modes", 1.0, f"{form.name(t)} has no mode {mode[t]}") for t in np.flatnonzero(wrong).tolist()]
    mode = np.where(wrong, form.modes.start[:-1], mode)
    end = start + form.modes.duration[mode]
    broken += _times(form, start, end)
    broken += _lags(form, start, end)
    setup = 0
    for r in range(len(form.resources)):
        users = _users(form, mode, r)
        broken += _closed(form, r, users, start, end)
        if form.resources.setup[r] is not None:
            found, spent = _setups(form, r, users, start, end)
            broken += found
            setup += spent
        broken += _capacity(form, r, users, start, end)
    changes, pinned = _changes(form, mode, start)
    broken += pinned
    parts = _parts(form, end) | {"setup": float(setup), "changes": changes} | _soft(form, start, end)
    levels = tuple(float(sum(weight * parts[name] for name, weight in level)) for level in form.levels)
    return Check(not broken, levels, tuple(broken), parts)


def _parts(form: Project, end: Ints) -> dict[str, float]:
    """Completion of the jobs and what it costs."""
    done = np.zeros(form.jobs, dtype=np.int64)
    np.maximum.at(done, form.job, end)
    released = np.full(form.jobs, np.iinfo(np.int64).max)
    np.minimum.at(released, form.job, form.release)
    late = np.maximum(0, done - form.due)
    return {
        "makespan": float(end.max(initial=0)),
        "weighted_tardiness": float(form.weight @ late),
        "tardy": float(form.weight @ (late > 0)),
        "flow_time": float((done - np.minimum(released, done)).sum()),
    }


def _times(form: Project, start: Ints, end: Ints) -> Iterator[Violation]:
    for t in np.flatnonzero(start < np.maximum(0, form.release)).tolist():
        early = max(0, int(form.release[t])) - int(start[t])
        yield Violation("release", float(early), f"{form.name(t)} starts {early} too early")
    for t in np.flatnonzero(end > form.deadline).tolist():
        late = int(end[t] - form.deadline[t])
        yield Violation("deadline", float(late), f"{form.name(t)} ends {late} after its deadline")


def _lags(form: Project, start: Ints, end: Ints) -> Iterator[Violation]:
    lags = form.lags
    anchor = np.where(lags.from_start, start[lags.before], end[lags.before])
    lag = start[lags.after] - anchor
    for k in np.flatnonzero(lag < lags.least).tolist():
        short = int(lags.least[k] - lag[k])
        told = f"{form.name(int(lags.after[k]))} starts {short} too early after {form.name(int(lags.before[k]))}"
        yield Violation("order", float(short), told)
    for k in np.flatnonzero(lag > lags.most).tolist():
        long = int(lag[k] - lags.most[k])
        told = f"{form.name(int(lags.after[k]))} starts {long} too late after {form.name(int(lags.before[k]))}"
        yield Violation("start within", float(long), told)


def _soft(form: Project, start: Ints, end: Ints) -> dict[str, float]:
    """What missed soft lags cost: together, and each rule that is missed."""
    out = {"soft": 0.0}
    if form.soft is None:
        return out
    lags = form.soft.lags
    lag = start[lags.after] - np.where(lags.from_start, start[lags.before], end[lags.before])
    missed = np.maximum(0, lags.least - lag) + np.maximum(0, lag - lags.most)
    for rule, cost in zip(form.soft.rule, (form.soft.price * missed).tolist()):
        out["soft"] += cost
        if cost:
            out[f"soft.{rule}"] = out.get(f"soft.{rule}", 0.0) + cost
    return out


def _users(form: Project, mode: Ints, resource: int) -> list[tuple[int, int]]:
    """``(task, amount)`` of the tasks that use a resource and take time."""
    out = []
    for t, m in enumerate(mode.tolist()):
        if form.modes.duration[m] > 0:
            out += [(t, amount) for r, amount in form.modes.uses(m) if r == resource]
    return out


def _closed(form: Project, r: int, users: list[tuple[int, int]], start: Ints, end: Ints) -> Iterator[Violation]:
    span = slice(form.resources.closed_start[r], form.resources.closed_start[r + 1])
    low, high = form.resources.closed_from[span], form.resources.closed_until[span]
    for t, _ in users:
        inside = np.minimum(end[t], high) - np.maximum(start[t], low)
        if len(inside) and inside.max() > 0:
            over = int(inside[inside > 0].sum())
            yield Violation("calendar", float(over), f"{form.name(t)} runs for {over} while resource {r} is closed")


def _setups(form: Project, r: int, users: list[tuple[int, int]], start: Ints, end: Ints) -> tuple[list[Violation], int]:
    """Set-ups that are too short, and the time that all of them take."""
    table = form.resources.setup[r]
    assert table is not None
    order = sorted((t for t, _ in users), key=lambda t: (start[t], end[t]))
    broken, spent, before = [], 0, -1
    for t in order:
        family = int(form.family[t])
        last = len(table) - 1 if before < 0 else int(form.family[before])
        need = int(table[last, family]) if family >= 0 and last >= 0 else 0
        free = 0 if before < 0 else int(end[before])
        spent += need
        if start[t] < free + need:
            short = free + need - int(start[t])
            broken.append(Violation("setup", float(short), f"{form.name(t)} starts {short} before its set-up is done"))
        before = t
    return broken, spent


def _capacity(form: Project, r: int, users: list[tuple[int, int]], start: Ints, end: Ints) -> Iterator[Violation]:
    """The worst excess of a resource over its capacity, and when."""
    steps = sorted([(int(start[t]), a) for t, a in users] + [(int(end[t]), -a) for t, a in users])
    load, worst, when = 0, 0, 0
    for at, amount in steps:
        load += amount
        if load - form.resources.capacity[r] > worst:
            worst, when = load - int(form.resources.capacity[r]), at
    if worst > 0:
        told = f"resource {r} is used {worst} above its capacity of {form.resources.capacity[r]} at {when}"
        yield Violation("capacity", float(worst), told)


def _changes(form: Project, mode: Ints, start: Ints) -> tuple[float, list[Violation]]:
    now = form.current
    if now is None:
        return 0.0, []
    moved = (now.start >= 0) & ((now.start != start) | (now.mode != mode))
    fixed = np.isinf(now.price)
    broken = [
        Violation("pinned", 1.0, f"{form.name(t)} is pinned and not done as it was planned")
        for t in np.flatnonzero(moved & fixed).tolist()
    ]
    return float(now.price[moved & ~fixed].sum()), broken
