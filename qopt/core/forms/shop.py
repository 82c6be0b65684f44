"""Shop: tasks of jobs on machines that take one task at a time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from qopt.core.arrays import Indices, Ints, frozen
from qopt.core.solution import Check, Violation


@dataclass(frozen=True, eq=False)
class Shop:
    """Minimise the makespan of a job shop.

    Tasks are numbered job after job in processing order: task t of job j runs after task t - 1 of the same job. A job
    may be empty and may visit a machine more than once. A task of duration 0 keeps its place in the job but takes no
    machine time, so it may fall inside another task's time on its machine.

    Parameters
    ----------
    indptr
        Shape (jobs + 1,): tasks of job j are ``indptr[j]..indptr[j+1]-1``.
    machine
        Shape (tasks,): the machine of each task, 0-based.
    duration
        Shape (tasks,): whole numbers >= 0, in the instance's unit of time.
    machines
        Number of machines.
    """

    indptr: Indices
    machine: Indices
    duration: Ints
    machines: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "indptr", frozen(self.indptr, np.int32))
        object.__setattr__(self, "machine", frozen(self.machine, np.int32))
        object.__setattr__(self, "duration", frozen(self.duration, np.int64))
        if len(self.machine) != len(self.duration) or self.indptr[-1] != len(self.machine):
            raise ValueError("tasks, machines and durations disagree in number")
        if len(self.machine) and not 0 <= self.machine.min() <= self.machine.max() < self.machines:
            raise ValueError(f"a task names a machine outside 0..{self.machines - 1}")

    @property
    def jobs(self) -> int:
        """Number of jobs."""
        return len(self.indptr) - 1

    @property
    def tasks(self) -> int:
        """Number of tasks."""
        return len(self.machine)

    @property
    def integral(self) -> bool:
        """Durations are whole numbers, so makespans differ by at least 1."""
        return True

    @cached_property
    def job(self) -> Indices:
        """The job of each task, shape (tasks,)."""
        return frozen(np.repeat(np.arange(self.jobs), np.diff(self.indptr)), np.int32)

    @cached_property
    def head(self) -> Ints:
        """Time of the tasks before each task in its job, shape (tasks,): no start can be earlier."""
        before = np.cumsum(self.duration) - self.duration
        return frozen(before - before[self.indptr[self.job]], np.int64)

    @cached_property
    def tail(self) -> Ints:
        """Time of the tasks behind each task in its job, shape (tasks,)."""
        through = np.append(0, np.cumsum(self.duration))
        return frozen(through[self.indptr[self.job + 1]] - through[1:], np.int64)

    def busy(self) -> Shop:
        """The shop without its tasks of duration 0: same jobs, same machines, same least makespan."""
        kept = self.duration > 0
        indptr = np.append(0, np.cumsum(kept))[self.indptr]
        return Shop(indptr, self.machine[kept], self.duration[kept], self.machines)

    def with_idle(self, start: Ints) -> Proposal:
        """The proposal of this shop for starts of ``busy()``: tasks of duration 0 start where the one before ends."""
        full = np.zeros(self.tasks, dtype=np.int64)
        full[self.duration > 0] = start
        for t in np.flatnonzero(self.duration == 0):
            if t > self.indptr[self.job[t]]:
                full[t] = full[t - 1] + self.duration[t - 1]
        return Proposal(full)


@dataclass(frozen=True, eq=False)
class Proposal:
    """Start time of every task, shape (tasks,)."""

    start: Ints

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", frozen(self.start, np.int64))

    def key(self) -> tuple[int, ...]:
        """Two proposals are the same when every task starts at the same time."""
        return tuple(int(t) for t in self.start)


def evaluate(form: Shop, proposal: Proposal) -> Check:
    """Judge a proposal: job order, one task at a time per machine, no start before 0; its makespan."""
    violations: list[Violation] = []
    start = proposal.start
    if len(start) != form.tasks:
        raise ValueError(f"{len(start)} starts for {form.tasks} tasks")
    end = start + form.duration
    for t in np.flatnonzero(start < 0):
        violations.append(Violation("start", float(-start[t]), f"task {t} starts at {start[t]}, before 0"))
    inner = np.ones(form.tasks, dtype=bool)
    inner[form.indptr[:-1][form.indptr[:-1] < form.tasks]] = False
    for t in np.flatnonzero(inner):
        late = int(end[t - 1] - start[t])
        if late > 0:
            j = int(form.job[t])
            message = f"job {j}: task {t - form.indptr[j]} starts {late} before the one before it ends"
            violations.append(Violation("job order", float(late), message))
    busy = np.flatnonzero(form.duration > 0)
    order = busy[np.lexsort((start[busy], form.machine[busy]))]
    for a, b in zip(order[:-1], order[1:]):
        if form.machine[a] == form.machine[b] and end[a] > start[b]:
            message = f"machine {form.machine[a]}: task {b} starts {end[a] - start[b]} before task {a} ends"
            violations.append(Violation("machine", float(end[a] - start[b]), message))
    makespan = float(end.max(initial=0))
    return Check(not violations, (makespan,), tuple(violations), {"makespan": makespan})


def semi_active(form: Shop, priority: ArrayLike) -> Proposal:
    """Place the tasks one by one by ascending priority, each as early as its job and its machine allow.

    Parameters
    ----------
    priority
        Shape (tasks,). Where it contradicts the job order, a job's places go to its tasks in their order. The starts of
        a feasible schedule give its left-shifted schedule, which is never longer.
    """
    places = form.job[np.argsort(np.asarray(priority), kind="stable")]
    due = form.indptr[:-1].copy()
    ready = np.zeros(form.jobs, dtype=np.int64)
    free = np.zeros(form.machines, dtype=np.int64)
    start = np.zeros(form.tasks, dtype=np.int64)
    for j in places:
        t = due[j]
        due[j] += 1
        duration, machine = form.duration[t], form.machine[t]
        start[t] = ready[j] if duration == 0 else max(ready[j], free[machine])
        ready[j] = start[t] + duration
        if duration > 0:
            free[machine] = ready[j]
    return Proposal(start)
