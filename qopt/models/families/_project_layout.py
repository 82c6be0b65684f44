"""Which column of the time-indexed formulation of a project is what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from qopt.core.arrays import Floats, Ints
from qopt.core.forms.project import FOREVER, Project
from qopt.models.families._project_windows import Horizon


@dataclass(frozen=True, eq=False)
class Completion:
    """The end of several tasks together, as bits of its own where no single task is the last.

    Parameters
    ----------
    label
        The job, empty for the makespan.
    last
        Tasks of which one ends last.
    low, high
        Ends that matter: an earlier one counts as ``low``.
    cost
        Shape (levels, ends from low to high), by measure.
    """

    label: str
    last: tuple[int, ...]
    low: int
    high: int
    cost: dict[tuple[int, str], Floats]

    @property
    def bits(self) -> int:
        """Bits of its own."""
        return self.high - self.low + 1 if len(self.last) > 1 else 0


@dataclass(frozen=True, eq=False)
class Layout:
    """Which column is what.

    Parameters
    ----------
    form, horizon
        The project, and the starts that its tasks may have.
    jobs
        A label for every job.
    """

    form: Project
    horizon: Horizon
    jobs: tuple[str, ...]

    @cached_property
    def mode(self) -> Ints:
        """The mode of each start column."""
        return np.repeat(np.arange(len(self.horizon.starts)), [len(s) for s in self.horizon.starts])

    @cached_property
    def start(self) -> Ints:
        """The start of each start column."""
        return np.concatenate(self.horizon.starts)

    @cached_property
    def end(self) -> Ints:
        """The end of each start column."""
        return self.start + self.form.modes.duration[self.mode]

    @cached_property
    def offset(self) -> Ints:
        """First start column of every task, and their number behind them."""
        sizes = np.array([len(s) for s in self.horizon.starts], dtype=np.int64)
        return np.append(0, np.cumsum(sizes))[self.form.modes.start]

    def of(self, t: int) -> Ints:
        """The start columns of a task."""
        return np.arange(self.offset[t], self.offset[t + 1])

    @cached_property
    def completions(self) -> tuple[Completion, ...]:
        """What of the objective is a matter of ends."""
        form = self.form
        late: list[tuple[int, str, float]] = []
        whole: list[tuple[int, str, float]] = []
        for k, level in enumerate(form.levels):
            for name, weight in level:
                (whole if name == "makespan" else late).append((k, name, weight))
        out = []
        if whole:
            last, low, high = self._ends(range(form.tasks))
            out.append(Completion("", last, low, high, {(k, n): w * np.arange(low, high + 1.0) for k, n, w in whole}))
        for j in range(form.jobs):
            tasks = np.flatnonzero(form.job == j).tolist()
            if tasks:
                out += self._of_job(j, tasks, late)
        return tuple(out)

    def _ends(self, tasks: Sequence[int]) -> tuple[tuple[int, ...], int, int]:
        """Tasks of which one ends last, the earliest and the latest end of all."""
        form, earliest = self.form, self.horizon.earliest
        behind = set()
        for k in range(len(form.lags)):
            a, b = int(form.lags.before[k]), int(form.lags.after[k])
            comes_later = (earliest[b], b) > (earliest[a], a)
            if comes_later and not form.lags.from_start[k] and form.lags.least[k] >= 0 and b in tasks:
                behind.add(a)
        last = tuple(t for t in tasks if t not in behind)
        low = max(int(self.end[self.of(t)].min()) for t in last)
        return last, low, max(low, *(int(self.end[self.of(t)].max()) for t in last))

    def _of_job(self, j: int, tasks: list[int], measures: list[tuple[int, str, float]]) -> Iterator[Completion]:
        form = self.form
        last, low, high = self._ends(tasks)
        if all(name != "flow_time" for _, name, _ in measures):
            low = max(low, min(high, int(form.due[j])))
        ends = np.arange(low, high + 1)
        late = np.maximum(0, ends - form.due[j])
        found = {
            "weighted_tardiness": form.weight[j] * late,
            "tardy": form.weight[j] * (late > 0),
            "flow_time": ends - np.minimum(form.release[tasks].min(), ends),
        }
        cost = {(k, name): weight * found[name] for k, name, weight in measures if name in found}
        cost = {key: value.astype(np.float64) for key, value in cost.items() if value.any()}
        if cost:
            yield Completion(self.jobs[j], last, low, high, cost)

    @cached_property
    def completion_offset(self) -> tuple[int, ...]:
        """First column of every completion."""
        sizes = [completion.bits for completion in self.completions]
        return tuple((self.horizon.columns + np.append(0, np.cumsum(sizes))).astype(int).tolist())

    @property
    def columns(self) -> int:
        """Number of columns."""
        return self.completion_offset[-1]

    @property
    def nonzeros(self) -> int:
        """At most so many nonzeros."""
        form, sizes = self.form, np.diff(self.offset)
        before, after = sizes[form.lags.before], sizes[form.lags.after]
        lags = int((after * (before + after)).sum()) * (1 + int((form.lags.most < FOREVER).any()))
        uses = np.diff(form.modes.use_start)[self.mode]
        busy = int((uses * np.maximum(1, form.modes.duration[self.mode])).sum())
        ends = sum(c.bits * (c.bits + int(sizes[t])) for c in self.completions for t in c.last if c.bits)
        pairs = sum(_setup_size(self, r) for r, table in enumerate(form.resources.setup) if table is not None)
        soft = 0 if form.soft is None else int((sizes[form.soft.lags.before] * sizes[form.soft.lags.after]).sum())
        return 3 * self.columns + lags + busy + ends + pairs + soft


def users_of(layout: Layout, r: int) -> dict[int, Ints]:
    """The start columns that use a resource, by task."""
    form = layout.form
    using = np.array([any(used == r for used, _ in form.modes.uses(m)) for m in range(len(form.modes))])
    chosen = np.flatnonzero((using & (form.modes.duration > 0))[layout.mode])
    task = np.searchsorted(layout.offset, chosen, side="right") - 1
    return {t: chosen[task == t] for t in np.unique(task).tolist()}


def _setup_size(layout: Layout, r: int) -> int:
    users = users_of(layout, r)
    table = layout.form.resources.setup[r]
    assert table is not None
    return sum(map(len, users.values())) * len(users) * (2 + int(table.max(initial=0)))
