"""When the tasks of a project may start in a schedule that is no worse than one that is known."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from qopt.core.arrays import Ints
from qopt.core.forms.project import FOREVER, Project, Proposal, evaluate
from qopt.models.families._project_serial import serial

SERIAL_TASKS = 300
"""Largest project for which a first schedule is made here."""
MOST_STARTS = 2_000_000
"""Most pairs of a mode and a start; far above what anything solves."""


@dataclass(frozen=True, eq=False)
class Horizon:
    """Starts of every mode that some best schedule may have; none where a task does not fit in its time.

    Parameters
    ----------
    starts
        Per mode, ascending. A task that fits nowhere has its first mode at its earliest start.
    earliest, latest
        Shape (tasks,): no end earlier or later.
    impossible
        Tasks that fit nowhere.
    """

    starts: tuple[Ints, ...]
    earliest: Ints
    latest: Ints
    impossible: tuple[int, ...] = ()

    @classmethod
    def of(cls, form: Project) -> Horizon | None:
        """None where nothing bounds the times of a best schedule, or the project is too large to look."""
        if not 0 < form.tasks <= SERIAL_TASKS:
            return None
        latest = _latest(form)
        if latest is None:
            return None
        shortest = np.minimum.reduceat(form.modes.duration, form.modes.start[:-1])
        earliest = np.maximum(form.release, 0)
        latest = latest - shortest
        lags = list(zip(form.lags.before.tolist(), form.lags.after.tolist(), form.lags.from_start.tolist()))
        for _ in range(form.tasks):
            low, high = earliest.copy(), latest.copy()
            for k, (a, b, from_start) in enumerate(lags):
                least = int(form.lags.least[k]) + (0 if from_start else int(shortest[a]))
                earliest[b] = max(earliest[b], earliest[a] + least)
                latest[a] = min(latest[a], latest[b] - least)
            if np.array_equal(low, earliest) and np.array_equal(high, latest):
                break
        modes = np.diff(form.modes.start)
        if int((np.maximum(0, latest - earliest + 1) * modes).sum()) > MOST_STARTS:
            return None
        starts, impossible = [], []
        for t in range(form.tasks):
            ways = range(form.modes.start[t], form.modes.start[t + 1])
            last = latest[t] + shortest[t] - form.modes.duration[ways]
            found = [_allowed(form, t, m, np.arange(earliest[t], last[k] + 1)) for k, m in enumerate(ways)]
            if not sum(map(len, found)):
                impossible.append(t)
                found[0] = earliest[t : t + 1]
            starts += found
        return cls(tuple(starts), earliest + shortest, latest + shortest, tuple(impossible))

    @cached_property
    def columns(self) -> int:
        """How many pairs of a mode and a start there are."""
        return sum(map(len, self.starts))


def _allowed(form: Project, t: int, mode: int, starts: Ints) -> Ints:
    """The starts at which every resource that the mode uses is open, and the machine's first set-up done.

    Of a pinned task, only where it is.
    """
    duration, now = int(form.modes.duration[mode]), form.current
    if now is not None and now.start[t] >= 0 and np.isinf(now.price[t]):
        starts = starts[(starts == now.start[t]) & (now.mode[t] == mode)]
    if duration == 0:
        return starts
    open_ = np.ones(len(starts), dtype=bool)
    resources = form.resources
    for r, amount in form.modes.uses(mode):
        for k in range(resources.closed_start[r], resources.closed_start[r + 1]):
            open_ &= (starts >= resources.closed_until[k]) | (starts + duration <= resources.closed_from[k])
        table = resources.setup[r]
        if table is not None and form.family[t] >= 0:
            open_ &= starts >= table[-1, form.family[t]]
        if amount > resources.capacity[r]:
            open_[:] = False
    return starts[open_]


def _latest(form: Project) -> Ints | None:
    """Latest ends, by the deadlines, by a known schedule, and by doing one task after the other."""
    latest = np.minimum(form.deadline, FOREVER)
    known = [proposal for proposal in (serial(form), _now(form)) if proposal is not None]
    checks = [check for check in (evaluate(form, proposal) for proposal in known) if check.feasible]
    if checks:
        latest = np.minimum(latest, _no_worse(form, min(check.objective for check in checks)))
    if latest.max(initial=0) >= FOREVER:
        longest = _one_by_one(form)
        if longest is None:
            return None
        latest = np.minimum(latest, longest)
    return latest


def _now(form: Project) -> Proposal | None:
    now = form.current
    return None if now is None or (now.start < 0).any() else Proposal(now.mode, now.start)


def _no_worse(form: Project, value: float) -> Ints:
    """Latest ends where the first level is at most ``value``: every measure of it is at least 0."""
    latest = np.full(form.tasks, FOREVER)
    released = np.full(form.jobs, FOREVER)
    np.minimum.at(released, form.job, form.release)
    for name, weight in form.levels[0]:
        most = int(min(value / weight + 1e-6, FOREVER // 2))
        if name == "makespan":
            latest = np.minimum(latest, most)
        elif name == "flow_time":
            latest = np.minimum(latest, np.maximum(released, 0)[form.job] + most)
        elif name == "weighted_tardiness":
            heavy = form.weight > 0
            after = np.minimum(value / weight / np.where(heavy, form.weight, 1.0) + 1e-6, FOREVER // 2).astype(np.int64)
            latest = np.minimum(latest, np.where(heavy, np.minimum(form.due + after, FOREVER), FOREVER)[form.job])
    return latest


def _one_by_one(form: Project) -> int | None:
    """An end by which some best schedule is over, whatever is made small; None where a longest lag may forbid that.

    Of the best schedules take one and move its tasks to the left, in the order of their starts: each can begin as soon
    as all before it have ended, the longest gap has passed, and its resources stay open long enough. This needs
    measures that no later end makes smaller, and lags that no task breaks by beginning earlier, in that order.
    """
    lags, resources = form.lags, form.resources
    shortest = np.minimum.reduceat(form.modes.duration, form.modes.start[:-1])
    regular = form.current is None and all(name not in ("setup", "soft") for level in form.levels for name, _ in level)
    ordered = bool((lags.least >= np.where(lags.from_start, 0, -shortest[lags.before])).all())
    if not regular or not ordered or (lags.most < FOREVER).any():
        return None
    gap = max(0, int(lags.least.max(initial=0)))
    gap = max([gap, *(int(table.max(initial=0)) for table in resources.setup if table is not None)])
    longest = np.maximum.reduceat(form.modes.duration, form.modes.start[:-1])
    end = int(np.maximum(form.release, 0).max(initial=0)) + int((longest + gap).sum())
    closed = resources.closed_until - resources.closed_from
    wait = int(closed.sum()) + len(closed) * int(longest.max(initial=0))  # what every task could lose by all of them
    return end + wait
