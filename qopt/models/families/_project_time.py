"""A project as one bit for every task, mode and start that it may have, and for completions where these are shared.

Everything that orders times is a statement on sets of bits of which at most one is 1, so that no slack bits arise:

    start[task,mode,.]   exactly one
    a lag: at most one of "the first holds the second off beyond t" and "the second starts by t"
    a longest lag: at most one of "the first calls for the second before t" and "the second starts at t or later"
    a machine at time t: at most one of the starts that keep it busy then; with set-ups also those that do so until the
        other task may begin
    the makespan, the end of a job with several last tasks: at most one of "a task ends later than t" and "done by t"

Resources of which there are several are rows. Soft lags are products of starts. Closed times, releases, deadlines and
pinned tasks are starts left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from qopt.core.arrays import Floats, Ints
from qopt.core.forms.project import FOREVER, Project, Proposal
from qopt.core.names import Labels, NameTable
from qopt.core.polynomial import Polynomial
from qopt.core.problem import Columns, Level, Part, Problem
from qopt.core.rows import GroupKind, Groups, Rows
from qopt.models.families._project_layout import Layout, users_of

Set = tuple[GroupKind, str, str, Ints]
"""Kind, family, label and columns of a group."""


def fits(form: Project) -> bool:
    """Whether the columns can say everything: no set-ups are counted, and none is shorter by way of a third task."""
    if any(name == "setup" for level in form.levels for name, _ in level):
        return False
    return all(table is None or _direct(form, r, table) for r, table in enumerate(form.resources.setup))


def _direct(form: Project, r: int, table: Ints) -> bool:
    """Whether two tasks that keep the set-up between them keep it whatever stands between them."""
    families = table.shape[1] + 1  # the last one: of no family
    padded = np.zeros((families + 1, families), dtype=np.int64)
    padded[: families - 1, :-1], padded[-1, :-1] = table[:-1], table[-1]
    shortest = np.full(families, FOREVER)
    for t in range(form.tasks):
        for m in range(form.modes.start[t], form.modes.start[t + 1]):
            if form.modes.duration[m] > 0 and any(used == r for used, _ in form.modes.uses(m)):
                family = int(form.family[t]) if form.family[t] >= 0 else families - 1
                shortest[family] = min(shortest[family], form.modes.duration[m])
    by_way = (padded[:, :, None] + shortest[None, :, None] + padded[None, :families, :]).min(axis=1)
    return bool((padded <= by_way).all())


def build(layout: Layout, tasks: tuple[str, ...], resources: tuple[str, ...], name: str) -> Problem:
    """Columns ``start[task,mode,time]``, ``makespan[time]`` and ``done[job,time]``.

    Parameters
    ----------
    tasks, resources
        A label for every task, such as ``J1,cut``, and every resource.
    """
    sets = [(GroupKind.EXACTLY_ONE, "once", tasks[t], layout.of(t)) for t in range(layout.form.tasks)]
    sets += _completed(layout, tasks)
    sets += _lagged(layout, tasks)
    sets += _machines(layout, tasks, resources)
    return Problem(
        Columns.binaries(_names(layout, tasks)),
        _levels(layout),
        rows=_rows(layout, tasks, resources),
        groups=_groups(sets),
        name=name,
    )


def _names(layout: Layout, tasks: tuple[str, ...]) -> NameTable:
    texts = []
    for t in range(layout.form.tasks):
        first, several = layout.form.modes.start[t], layout.form.modes.start[t + 1] - layout.form.modes.start[t] > 1
        for c in layout.of(t).tolist():
            way = f",{layout.mode[c] - first}" if several else ""
            texts.append(f"{tasks[t]}{way},{layout.start[c]}")
    whole = [c for c in layout.completions if c.bits and not c.label]
    jobs = [c for c in layout.completions if c.bits and c.label]
    families = [Labels("start", (len(texts),), (tuple(texts),))]
    for name, found in (("makespan", whole), ("done", jobs)):
        ends = tuple(f"{c.label}{',' if c.label else ''}{end}" for c in found for end in range(c.low, c.high + 1))
        families += [Labels(name, (len(ends),), (ends,))] if ends else []
    return NameTable(tuple(families))


def _levels(layout: Layout) -> tuple[Level, ...]:
    form, now = layout.form, layout.form.current
    out = []
    for k, level in enumerate(form.levels):
        parts = []
        for name, weight in level:
            linear, offset = np.zeros(layout.columns), 0.0
            for completion, first in zip(layout.completions, layout.completion_offset):
                cost = completion.cost.get((k, name))
                if cost is not None and completion.bits:
                    linear[first : first + completion.bits] += cost
                elif cost is not None:
                    own = layout.of(completion.last[0])
                    linear[own] += cost[np.maximum(0, layout.end[own] - completion.low)]
            if name == "changes" and now is not None:
                for t in np.flatnonzero((now.start >= 0) & np.isfinite(now.price)).tolist():
                    own = layout.of(t)
                    linear[own[(layout.start[own] != now.start[t]) | (layout.mode[own] != now.mode[t])]] += (
                        weight * now.price[t]
                    )
            found = Polynomial(linear, offset=offset)
            parts.append(Part(name, _missed(layout, weight) if name == "soft" else found))
        out.append(Level(tuple(parts)))
    return tuple(out)


def _missed(layout: Layout, weight: float) -> Polynomial:
    """What soft lags cost: a product of every two starts that miss one."""
    soft = layout.form.soft
    rows, columns, costs = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], [np.zeros(0)]
    for k in range(0 if soft is None else len(soft.lags)):
        assert soft is not None
        lags = soft.lags
        before, after = layout.of(int(lags.before[k])), layout.of(int(lags.after[k]))
        anchor = (layout.start if lags.from_start[k] else layout.end)[before]
        lag = layout.start[after][None, :] - anchor[:, None]
        missed = np.maximum(0, lags.least[k] - lag) + np.maximum(0, lag - lags.most[k])
        x, y = np.nonzero(missed)
        rows.append(before[x])
        columns.append(after[y])
        costs.append(weight * soft.price[k] * missed[x, y])
    zero = np.zeros(layout.columns)
    return Polynomial.from_pairs(zero, np.concatenate(rows), np.concatenate(columns), np.concatenate(costs))


def _completed(layout: Layout, tasks: tuple[str, ...]) -> Iterator[Set]:
    for completion, first in zip(layout.completions, layout.completion_offset):
        if not completion.bits:
            continue
        bits = np.arange(first, first + completion.bits)
        yield GroupKind.EXACTLY_ONE, "one_end" if completion.label else "one_makespan", completion.label, bits
        for t in completion.last:
            own = layout.of(t)
            for k in range(completion.bits - 1):
                later = own[layout.end[own] > completion.low + k]
                if len(later):
                    text = f"{tasks[t]},{completion.low + k}"
                    what = "job_end" if completion.label else "end"
                    yield GroupKind.AT_MOST_ONE, what, text, np.concatenate([later, bits[: k + 1]])


def _lagged(layout: Layout, tasks: tuple[str, ...]) -> Iterator[Set]:
    lags = layout.form.lags
    for k in range(len(lags)):
        a, b = int(lags.before[k]), int(lags.after[k])
        before, after = layout.of(a), layout.of(b)
        anchor = (layout.start if lags.from_start[k] else layout.end)[before]
        begins = layout.start[after]
        for time in np.unique(begins).tolist():
            off, by = before[anchor + lags.least[k] > time], after[begins <= time]
            if len(off):
                yield GroupKind.AT_MOST_ONE, "after", f"{tasks[b]},{tasks[a]},{k},{time}", np.concatenate([off, by])
            early, late = before[anchor + lags.most[k] < time], after[begins >= time]
            if len(early):
                text = f"{tasks[b]},{tasks[a]},{k},{time}"
                yield GroupKind.AT_MOST_ONE, "within", text, np.concatenate([early, late])


def _machines(layout: Layout, tasks: tuple[str, ...], resources: tuple[str, ...]) -> Iterator[Set]:
    form = layout.form
    for r in np.flatnonzero(form.resources.capacity == 1).tolist():
        users = users_of(layout, r)
        if len(users) < 2:
            continue
        every = np.concatenate(list(users.values()))
        for time in np.unique(layout.start[every]).tolist():
            busy = every[(layout.start[every] <= time) & (layout.end[every] > time)]
            if len(busy) > 1:
                yield GroupKind.AT_MOST_ONE, "machine", f"{resources[r]},{time}", busy
        table = form.resources.setup[r]
        for a, first in users.items() if table is not None else ():
            for b, second in users.items():
                x, y = int(form.family[a]), int(form.family[b])
                need = int(table[x, y]) if a != b and min(x, y) >= 0 else 0  # type: ignore[index]
                for time in np.unique(layout.start[second]).tolist() if need else ():
                    held = first[(layout.start[first] <= time) & (layout.end[first] + need > time)]
                    if len(held):
                        both = np.concatenate([held, second[layout.start[second] == time]])
                        yield GroupKind.AT_MOST_ONE, "setup", f"{tasks[b]},{tasks[a]},{time}", both


def _rows(layout: Layout, tasks: tuple[str, ...], resources: tuple[str, ...]) -> Rows:
    """Resources of which there are several, at the times when something may start; and tasks that fit nowhere."""
    form = layout.form
    lines: list[tuple[Ints, Floats, float]] = []
    used: list[str] = []
    for r in np.flatnonzero(form.resources.capacity != 1).tolist():
        users = users_of(layout, r)
        capacity = float(form.resources.capacity[r])
        amount = np.array([sum(a for used_, a in form.modes.uses(m) if used_ == r) for m in range(len(form.modes))])
        need = amount[layout.mode].astype(np.float64)
        if sum(float(need[own].max()) for own in users.values()) <= capacity:
            continue
        every = np.concatenate(list(users.values()))
        for time in np.unique(layout.start[every]).tolist():
            busy = every[(layout.start[every] <= time) & (layout.end[every] > time)]
            if need[busy].sum() > capacity:
                lines.append((busy, need[busy], capacity))
                used.append(f"{resources[r]},{time}")
    lines += [(layout.of(t), np.ones(1), 0.0) for t in layout.horizon.impossible]
    nowhere = tuple(tasks[t] for t in layout.horizon.impossible)
    why = "the task fits into no open time between its release and its deadline"
    named = [("resource", tuple(used), "no more is used than there is"), ("fits", nowhere, why)]
    return Rows(
        np.append(0, np.cumsum([len(index) for index, _, _ in lines])),
        np.concatenate([index for index, _, _ in lines]).astype(np.int32) if lines else np.zeros(0, np.int32),
        np.concatenate([value for _, value, _ in lines]) if lines else np.zeros(0),
        np.full(len(lines), -np.inf),
        np.array([upper for _, _, upper in lines]),
        NameTable(tuple(Labels(name, (len(t),), (t,), why=why) for name, t, why in named if t)),
    )


def _groups(sets: Sequence[Set]) -> Groups:
    """Groups in CSR form; those of one name stand together."""
    order: dict[str, list[Set]] = {}
    for entry in sets:
        order.setdefault(entry[1], []).append(entry)
    lined = [entry for found in order.values() for entry in found]
    names = []
    for what, found in order.items():
        texts = tuple(text for _, _, text, _ in found)
        names.append(Labels(what, (len(texts),), (texts,)) if texts[0] else Labels(what))
    return Groups(
        np.array([kind for kind, _, _, _ in lined]),
        np.append(0, np.cumsum([len(columns) for _, _, _, columns in lined])),
        np.concatenate([columns for _, _, _, columns in lined]),
        NameTable(tuple(names)),
    )


def lift(layout: Layout, proposal: Proposal) -> Floats | None:
    """The bits of the starts and of the completions; None where a start is not among the columns."""
    form = layout.form
    values = np.zeros(layout.columns)
    for t in range(form.tasks):
        own = layout.of(t)
        found = own[(layout.start[own] == proposal.start[t]) & (layout.mode[own] == proposal.mode[t])]
        if len(found) != 1:
            return None
        values[found[0]] = 1.0
    end = proposal.start + form.modes.duration[proposal.mode]
    for completion, first in zip(layout.completions, layout.completion_offset):
        if completion.bits:
            done = max(completion.low, *(int(end[t]) for t in completion.last))
            values[first + done - completion.low] = 1.0
    return values


def lower(layout: Layout, values: Any) -> Proposal | None:
    """The modes and starts that are chosen; None unless every task has exactly one."""
    chosen = np.flatnonzero(np.asarray(values)[: layout.horizon.columns] > 0.5)
    task = np.searchsorted(layout.offset, chosen, side="right") - 1
    if not np.array_equal(task, np.arange(layout.form.tasks)):
        return None
    return Proposal(layout.mode[chosen].astype(np.int32), layout.start[chosen])
