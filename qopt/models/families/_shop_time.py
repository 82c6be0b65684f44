"""Job shop as one bit for every task and time at which it may start, and one for every makespan.

Everything is a statement on sets of bits of which exactly one, or at most one, is 1, so that no slack bits arise:

    start[task,.]  exactly one            makespan[.]  exactly one
    a machine at time t: at most one of the starts that keep it busy then
    a task after another: at most one of "the first starts at t or later" and "the second starts before the first ends"
    the makespan: at most one of "a job ends later than t" and "the makespan is at most t"
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from qopt.core.arrays import Floats, Ints
from qopt.core.forms.shop import Proposal, Shop
from qopt.core.names import Labels, NameTable
from qopt.core.polynomial import Polynomial
from qopt.core.problem import Columns, Problem
from qopt.core.rows import GroupKind, Groups
from qopt.models.families._shop_windows import Windows

Range = tuple[int, int]
"""Columns from the first number up to, not including, the second."""


def size(form: Shop, windows: Windows) -> tuple[int, int]:
    """Columns, and nonzeros of objective and groups (the machines' a little too high).

    All tasks of a job have the same number of starts: the horizon less the job's length, plus one.
    """
    starts, makespans = windows.latest - windows.earliest + 1, windows.longest - windows.shortest + 1
    inner = np.flatnonzero(form.job[1:] == form.job[:-1])
    jobs = int(np.count_nonzero(np.diff(form.indptr)))
    columns = int(starts.sum()) + makespans
    after = int((starts[inner] * (starts[inner] - 1)).sum())
    ends = jobs * makespans * (makespans - 1)
    return columns, makespans + columns + int((starts * form.duration).sum()) + after + ends


def build(form: Shop, windows: Windows, tasks: tuple[str, ...], machines: tuple[str, ...], name: str) -> Problem:
    """Columns ``start[task,time]`` and ``makespan[time]``.

    Parameters
    ----------
    tasks, machines
        A label for every task, such as ``J1,cut``, and every machine.
    """
    offset = _offsets(windows)
    n = int(offset[-1])
    shortest, longest = windows.shortest, windows.longest
    exact = [(int(a), int(b)) for a, b in zip(offset[:-1], offset[1:])]
    groups: list[tuple[GroupKind, str, str, list[Range]]] = [
        (GroupKind.EXACTLY_ONE, "once", tasks[t], [exact[t]]) for t in range(form.tasks)
    ]
    groups.append((GroupKind.EXACTLY_ONE, "one_makespan", "", [(n, n + longest - shortest + 1)]))
    for what, label, ranges in _conflicts(form, windows, offset):
        text = f"{machines[label[0]] if what == 'machine' else tasks[label[0]]},{label[1]}"
        groups.append((GroupKind.AT_MOST_ONE, what, text, ranges))
    texts = tuple(
        f"{tasks[t]},{time}" for t in range(form.tasks) for time in range(windows.earliest[t], windows.latest[t] + 1)
    )
    times = tuple(str(time) for time in range(shortest, longest + 1))
    labels = [Labels("start", (n,), (texts,)), Labels("makespan", (len(times),), (times,))]
    return Problem.build(
        Columns.binaries(NameTable(tuple(family for family in labels if family.size))),
        {"makespan": Polynomial(np.append(np.zeros(n), np.arange(shortest, longest + 1)))},
        groups=_groups(groups),
        name=name,
    )


def lift(form: Shop, windows: Windows, proposal: Proposal) -> Floats | None:
    """The bits of the starts and of the makespan; None for a start outside its window."""
    if not windows.hold(proposal):
        return None
    offset = _offsets(windows)
    values = np.zeros(offset[-1] + windows.longest - windows.shortest + 1)
    values[offset[:-1] + proposal.start - windows.earliest] = 1.0
    makespan = max(int((proposal.start + form.duration).max(initial=0)), windows.shortest)
    values[offset[-1] + makespan - windows.shortest] = 1.0
    return values


def lower(form: Shop, windows: Windows, values: Any) -> Proposal | None:
    """The starts that are chosen; None unless every task has exactly one."""
    offset = _offsets(windows)
    chosen = np.flatnonzero(np.asarray(values)[: offset[-1]] > 0.5)
    task = np.searchsorted(offset, chosen, side="right") - 1
    if not np.array_equal(task, np.arange(form.tasks)):
        return None
    return Proposal(windows.earliest + chosen - offset[:-1])


def _offsets(windows: Windows) -> Ints:
    """First column of every task, and behind them that of the makespan; shape (tasks + 1,)."""
    return np.append(0, np.cumsum(windows.latest - windows.earliest + 1))


def _conflicts(form: Shop, windows: Windows, offset: Ints) -> Iterator[tuple[str, tuple[int, int], list[Range]]]:
    """Sets of which at most one may be chosen: what, (machine or task, time), ranges of columns."""
    earliest, latest, duration = windows.earliest.tolist(), windows.latest.tolist(), form.duration.tolist()
    column = (offset[:-1] - windows.earliest).tolist()

    def span(t: int, low: int, high: int) -> Range | None:
        """Columns of the starts of task t from ``low`` to ``high``."""
        low, high = max(low, earliest[t]), min(high, latest[t])
        return (column[t] + low, column[t] + high + 1) if low <= high else None

    for m in range(form.machines):
        here = np.flatnonzero((form.machine == m) & (form.duration > 0)).tolist()
        for time in range(windows.longest):
            spans = [span(t, time - duration[t] + 1, time) for t in here]
            found = [s for s in spans if s is not None]
            if len(found) > 1:
                yield "machine", (m, time), found
    for t in np.flatnonzero(form.job[1:] == form.job[:-1]).tolist():
        for time in range(earliest[t] + 1, latest[t] + 1):
            late, early = span(t, time, latest[t]), span(t + 1, 0, time + duration[t] - 1)
            assert late is not None and early is not None
            yield "after", (t + 1, time), [late, early]
    makespan = int(offset[-1]) - windows.shortest
    for stop in form.indptr[1:][np.diff(form.indptr) > 0].tolist():
        t = stop - 1
        for time in range(windows.shortest, windows.longest):
            late = span(t, time - duration[t] + 1, latest[t])
            assert late is not None
            yield "end", (t, time), [late, (makespan + windows.shortest, makespan + time + 1)]


def _groups(groups: list[tuple[GroupKind, str, str, list[Range]]]) -> Groups:
    """Groups in CSR form; those of one name stand together."""
    members = [np.concatenate([np.arange(a, b) for a, b in ranges]) for _, _, _, ranges in groups]
    families: dict[str, list[str]] = {}
    for _, what, text, _ in groups:
        families.setdefault(what, []).append(text)
    names = [Labels(what, (len(t),), (tuple(t),)) if t[0] else Labels(what) for what, t in families.items()]
    return Groups(
        np.array([kind for kind, _, _, _ in groups]),
        np.append(0, np.cumsum([len(part) for part in members])),
        np.concatenate(members),
        NameTable(tuple(names)),
    )
