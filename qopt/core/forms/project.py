"""Project: tasks in one of several modes, on machines and resources, with lags, set-ups, calendars and due dates.

The rich relative of ``shop``: job, flexible, open and flow shops and resource-constrained projects are all of them.
Times are whole numbers in the instance's unit.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from qopt.core.arrays import Bools, Floats, Indices, Ints, frozen
from qopt.core.forms._project_judge import judge
from qopt.core.solution import Check

FOREVER = 2**40
"""A time that nothing reaches: no deadline, no longest lag."""

MEASURES = ("makespan", "weighted_tardiness", "tardy", "flow_time", "setup", "changes", "soft")
"""What an objective level may sum up, each made small: the last end; weight times time past due, and weight, of the
jobs that end late; time from release to end of all jobs; time spent on set-ups; prices of what is done otherwise than
now; prices of soft lags that are missed."""


@dataclass(frozen=True, eq=False)
class Modes:
    """Ways to do the tasks: those of task t are ``start[t]..start[t+1]-1``, at least one.

    Parameters
    ----------
    start
        Shape (tasks + 1,).
    duration
        Shape (modes,), >= 0.
    use_start, resource, amount
        CSR over modes: what each takes while it runs, amounts > 0.
    """

    start: Ints
    duration: Ints
    use_start: Ints
    resource: Indices
    amount: Ints

    def __post_init__(self) -> None:
        for name in ("start", "duration", "use_start", "amount"):
            object.__setattr__(self, name, frozen(getattr(self, name), np.int64))
        object.__setattr__(self, "resource", frozen(self.resource, np.int32))

    def __len__(self) -> int:
        return len(self.duration)

    def uses(self, mode: int) -> list[tuple[int, int]]:
        """``(resource, amount)`` of a mode."""
        span = slice(self.use_start[mode], self.use_start[mode + 1])
        return list(zip(self.resource[span].tolist(), self.amount[span].tolist()))


@dataclass(frozen=True, eq=False)
class Resources:
    """What tasks compete for.

    Parameters
    ----------
    capacity
        Shape (resources,); a machine has 1.
    closed_start, closed_from, closed_until
        CSR: the times in which no task that uses the resource may run, ascending and apart.
    setup
        Per resource: None, or shape (families + 1, families) for a machine: time between the end of a task and the
        start of the next one, by their families; the last line is for the first task.
    """

    capacity: Ints
    closed_start: Ints
    closed_from: Ints
    closed_until: Ints
    setup: tuple[Ints | None, ...] = ()

    def __post_init__(self) -> None:
        for name in ("capacity", "closed_start", "closed_from", "closed_until"):
            object.__setattr__(self, name, frozen(getattr(self, name), np.int64))
        tables = tuple(None if table is None else frozen(table, np.int64) for table in self.setup)
        object.__setattr__(self, "setup", tables or (None,) * len(self.capacity))
        for r, table in enumerate(self.setup):
            if table is not None and self.capacity[r] != 1:
                raise ValueError(
                    f"resource {r} has set-ups and capacity {self.capacity[r]}; only machines have set-ups"
                )

    def __len__(self) -> int:
        return len(self.capacity)


@dataclass(frozen=True, eq=False)
class Lags:
    """``least <= start[after] - (end or start)[before] <= most``; all arrays have one line per lag.

    Parameters
    ----------
    from_start
        Whether the lag counts from the start of ``before``, rather than from its end.
    least, most
        May be negative; ``most`` is FOREVER for none. No-wait is 0 and 0.
    """

    before: Indices
    after: Indices
    from_start: Bools
    least: Ints
    most: Ints

    def __post_init__(self) -> None:
        kinds = {"before": np.int32, "after": np.int32, "from_start": np.bool_, "least": np.int64, "most": np.int64}
        for name, kind in kinds.items():
            object.__setattr__(self, name, frozen(getattr(self, name), kind))

    def __len__(self) -> int:
        return len(self.before)


@dataclass(frozen=True, eq=False)
class Soft:
    """Lags that may be missed at a price.

    Parameters
    ----------
    price
        Shape (lags,), >= 0: of each unit of time by which the second task starts too early or too late.
    rule
        One name per lag; those of one rule have one name, for the parts ``soft.NAME``.
    """

    lags: Lags
    price: Floats
    rule: tuple[str, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "price", frozen(self.price, np.float64))
        if not len(self.lags) == len(self.price) == len(self.rule):
            raise ValueError("every soft lag needs a price and the name of its rule")


@dataclass(frozen=True, eq=False)
class Current:
    """The plan that is being changed: mode and start of every task today, -1 for none; and the price of doing a task
    otherwise, infinity for a task that is pinned."""

    mode: Indices
    start: Ints
    price: Floats


@dataclass(frozen=True, eq=False)
class Project:
    """Everything a planner knows.

    Parameters
    ----------
    modes, resources, lags
        How tasks can be done, on what, and in which order.
    job
        Shape (tasks,): the job of each task, numbered from 0.
    release, deadline
        Shape (tasks,): no start before, no end after.
    due, weight
        Shape (jobs,): when a job should have ended, FOREVER for whenever, and what it weighs.
    family
        Shape (tasks,): for set-ups, -1 for none (which takes none).
    levels
        Levels of the objective, first things first: names of ``MEASURES`` with their weights.
    current
        The plan of now, if any.
    names
        One name per task, for violations.
    soft
        Lags that may be missed, if any.
    """

    modes: Modes
    resources: Resources
    lags: Lags
    job: Indices
    release: Ints
    deadline: Ints
    due: Ints
    weight: Floats
    family: Indices
    levels: tuple[tuple[tuple[str, float], ...], ...] = ((("makespan", 1.0),),)
    current: Current | None = None
    names: tuple[str, ...] = field(default=(), repr=False)
    soft: Soft | None = None

    def __post_init__(self) -> None:
        for name in ("job", "family"):
            object.__setattr__(self, name, frozen(getattr(self, name), np.int32))
        for name in ("release", "deadline", "due"):
            object.__setattr__(self, name, frozen(getattr(self, name), np.int64))
        object.__setattr__(self, "weight", frozen(self.weight, np.float64))
        unknown = {name for level in self.levels for name, _ in level} - set(MEASURES)
        if unknown or not self.levels:
            raise ValueError(f"levels need measures among {MEASURES}, got {sorted(unknown)}")
        if not len(self.job) == len(self.release) == len(self.deadline) == len(self.family) == self.tasks:
            raise ValueError("the arrays of the tasks disagree in length")

    @property
    def tasks(self) -> int:
        """Number of tasks."""
        return len(self.modes.start) - 1

    @property
    def jobs(self) -> int:
        """Number of jobs."""
        return len(self.due)

    @cached_property
    def integral(self) -> bool:
        """Whether the first level is a whole number for every proposal."""
        weights = [weight for _, weight in self.levels[0]]
        weighted = any(name in ("weighted_tardiness", "tardy", "changes") for name, _ in self.levels[0])
        whole = all(float(w).is_integer() for w in weights)
        if self.soft is not None and any(name == "soft" for name, _ in self.levels[0]):
            whole = whole and bool(np.all(self.soft.price == np.rint(self.soft.price)))
        return whole and (not weighted or bool(np.all(self.weight == np.rint(self.weight)) and self.current is None))

    @property
    def planned(self) -> Proposal | None:
        """The plan of now, where it says of every task when and how."""
        now = self.current
        return None if now is None or np.any(now.mode < 0) or np.any(now.start < 0) else Proposal(now.mode, now.start)

    def name(self, task: int) -> str:
        """Name of a task."""
        return self.names[task] if self.names else f"task {task}"


@dataclass(frozen=True, eq=False)
class Proposal:
    """Mode (an index into the modes of all tasks) and start of every task, shapes (tasks,)."""

    mode: Indices
    start: Ints

    def __post_init__(self) -> None:
        object.__setattr__(self, "mode", frozen(self.mode, np.int32))
        object.__setattr__(self, "start", frozen(self.start, np.int64))

    def key(self) -> tuple[tuple[int, int], ...]:
        """Two proposals are the same when every task has the same mode and start."""
        return tuple(zip(self.mode.tolist(), self.start.tolist()))


def evaluate(form: Project, proposal: Proposal) -> Check:
    """Judge a proposal: every rule of the planner, and the levels of the objective."""
    return judge(form, proposal)
