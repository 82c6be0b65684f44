"""A first schedule of a project, to bound the times of better ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qopt.core.arrays import Ints
from qopt.core.forms.project import Project, Proposal

Busy = list[tuple[int, int, int, int]]
"""Start, end, amount and task of what uses a resource."""


def serial(form: Project) -> Proposal | None:
    """Tasks by their latest starts, each in the mode and at the time that ends first, behind the set-ups so far.

    Longest lags and deadlines are not looked at: the schedule may break them. None where shortest lags go in a circle.
    """
    n, lags = form.tasks, form.lags
    leads: list[list[int]] = [[] for _ in range(n)]
    for k, after in enumerate(lags.after.tolist()):
        leads[after].append(k)
    left = np.argsort(_urgency(form), kind="stable").tolist()
    mode, start = np.full(n, -1), np.zeros(n, dtype=np.int64)
    busy: list[Busy] = [[] for _ in range(len(form.resources))]
    while left:
        t = next((t for t in left if all(mode[lags.before[k]] >= 0 for k in leads[t])), None)
        if t is None:
            return None
        left.remove(t)
        ready = max(0, int(form.release[t]))
        for k in leads[t]:
            a = int(lags.before[k])
            anchor = start[a] if lags.from_start[k] else start[a] + form.modes.duration[mode[a]]
            ready = max(ready, int(anchor + lags.least[k]))
        ways = range(form.modes.start[t], form.modes.start[t + 1])
        tries = [(_earliest(form, t, m, ready, busy) + int(form.modes.duration[m]), m) for m in ways if _fits(form, m)]
        if not tries:
            return None
        end, mode[t] = min(tries)
        start[t] = end - form.modes.duration[mode[t]]
        if start[t] < end:
            for r, amount in form.modes.uses(int(mode[t])):
                busy[r].append((int(start[t]), end, amount, t))
    return Proposal(mode, start)


def _urgency(form: Project) -> Ints:
    """Latest starts: due dates, deadlines and the work behind each task."""
    lags = form.lags
    tail = np.minimum.reduceat(form.modes.duration, form.modes.start[:-1]) if form.tasks else np.zeros(0, np.int64)
    shortest = tail.copy()
    for _ in range(form.tasks):
        longer = tail.copy()
        np.maximum.at(longer, lags.before, shortest[lags.before] + tail[lags.after])
        if np.array_equal(longer, tail):
            break
        tail = longer
    return np.minimum(form.due[form.job], form.deadline) - tail


def _fits(form: Project, mode: int) -> bool:
    return all(amount <= form.resources.capacity[r] for r, amount in form.modes.uses(mode))


def _earliest(form: Project, t: int, mode: int, ready: int, busy: Sequence[Busy]) -> int:
    """The earliest start from ``ready`` on at which all that a mode uses is open and free."""
    duration = int(form.modes.duration[mode])
    if duration == 0:
        return ready
    uses, resources = form.modes.uses(mode), form.resources
    at, before = ready, -1
    while at != before:
        before = at
        for r, amount in uses:
            at = _free(busy[r], at, duration, int(resources.capacity[r]) - amount)
            table = resources.setup[r]
            if table is not None:
                at = max(at, _set_up(form, t, table, busy[r]))
            for k in range(resources.closed_start[r], resources.closed_start[r + 1]):
                if at < resources.closed_until[k] and at + duration > resources.closed_from[k]:
                    at = int(resources.closed_until[k])
    return at


def _free(busy: Busy, at: int, duration: int, room: int) -> int:
    """The earliest start from ``at`` on at which others never use more than ``room``."""
    while True:
        over = [line for line in busy if line[0] < at + duration and line[1] > at]
        times = {at, *(line[0] for line in over if line[0] > at)}
        full = [time for time in times if sum(a for s, e, a, _ in over if s <= time < e) > room]
        if not full:
            return at
        at = min(e for s, e, _, _ in over if s <= min(full) < e)


def _set_up(form: Project, t: int, table: Ints, busy: Busy) -> int:
    """When a machine is ready for a task behind all that it does so far."""
    family = int(form.family[t])
    last = max(busy, key=lambda line: line[1], default=None)
    before = len(table) - 1 if last is None else int(form.family[last[3]])
    return (0 if last is None else last[1]) + (int(table[before, family]) if family >= 0 and before >= 0 else 0)
