"""The document of a job shop, the rules between its fields, and its arrays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import BeforeValidator, Field, model_validator
from pydantic import Strict as Exact

from qopt.core.forms.shop import Shop
from qopt.models.families._shop_windows import Windows
from qopt.models.faults import Fault, refuse
from qopt.models.instance import Instance, Name, Strict

Id = Name | Annotated[int, Exact()]
Time = Annotated[int, Exact(), Field(ge=0)]

LONGEST = 2**52
"""Largest sum of all times: every makespan is then exact as a float."""


class Units(Strict):
    """What the numbers of the document are counted in; for people only."""

    time: Name


class Machine(Strict):
    """A machine takes one task at a time; ``label`` is what reports call it, its id when left out."""

    id: Id
    label: Name | None = None


class Task(Strict):
    """A task keeps its machine for ``time``, without a break; a time of 0 takes no place there.

    Parameters
    ----------
    id
        Unique in the job; left out: its number, from 0.
    machine
        Id of the machine.
    time
        A whole number >= 0, in ``units.time``.
    """

    id: Id | None = None
    machine: Id
    time: Time


class Job(Strict):
    """Tasks one after another in the order listed; ``label`` is what reports call it, its id when left out."""

    id: Id
    label: Name | None = None
    tasks: tuple[Task, ...]


class Objective(Strict):
    """What is made small: the makespan, the end of the last task."""

    minimise: Literal["makespan"] = "makespan"


def _machine(given: Any) -> Any:
    """A bare id stands for a machine without a label."""
    return {"id": given} if isinstance(given, (str, int)) and not isinstance(given, bool) else given


def _spelling(given: Any) -> Any:
    """``minimize`` is ``minimise``."""
    if isinstance(given, dict) and "minimize" in given and "minimise" not in given:
        return {"minimise" if key == "minimize" else key: value for key, value in given.items()}
    return given


class ShopInstance(Instance):
    """Jobs of tasks on machines that take one task at a time.

    Parameters
    ----------
    units
        What times are counted in, such as {time: min}.
    machines
        The machines; a bare id where there is no label.
    jobs
        The jobs; their tasks run one after another in the order listed.
    objective
        What to minimise. Default and only choice: the makespan.
    """

    family: ClassVar[str] = "shop"

    problem: Literal["shop"] = "shop"
    units: Units | None = None
    machines: tuple[Annotated[Machine, BeforeValidator(_machine)], ...] = Field(min_length=1)
    jobs: tuple[Job, ...] = Field(min_length=1)
    objective: tuple[Annotated[Objective, BeforeValidator(_spelling)], ...] = Field(
        default=(Objective(),), min_length=1, max_length=1
    )

    @model_validator(mode="after")
    def _consistent(self) -> ShopInstance:
        refuse("shop", [*_repeated(self), *_unknown(self), *_too_long(self)])
        return self

    @cached_property
    def names(self) -> tuple[tuple[str | int, str | int, str | int], ...]:
        """Ids of every task in the form's order: job, task, machine."""
        return tuple(
            (job.id, k if task.id is None else task.id, task.machine)
            for job in self.jobs
            for k, task in enumerate(job.tasks)
        )

    @cached_property
    def form(self) -> Shop:
        """The native form: machines and jobs by their place in the document."""
        place = {machine.id: k for k, machine in enumerate(self.machines)}
        starts = [0]
        for job in self.jobs:
            starts.append(starts[-1] + len(job.tasks))
        tasks = [task for job in self.jobs for task in job.tasks]
        machine = np.array([place[task.machine] for task in tasks], dtype=np.int32)
        time = np.array([task.time for task in tasks], dtype=np.int64)
        return Shop(np.array(starts, dtype=np.int32), machine, time, len(self.machines))

    @cached_property
    def windows(self) -> Windows:
        """When the tasks may start, by the makespan of a quick schedule."""
        return Windows.of(self.form)


def _twice(ids: Iterable[str | int]) -> Iterator[int]:
    """Positions of ids that occurred before; 1 and "1" look the same to a person and count as equal."""
    seen: set[str] = set()
    for k, name in enumerate(ids):
        if str(name) in seen:
            yield k
        seen.add(str(name))


def _repeated(shop: ShopInstance) -> list[Fault]:
    """Ids that occur twice."""
    faults: list[Fault] = []
    machines, jobs = [machine.id for machine in shop.machines], [job.id for job in shop.jobs]
    faults += [(("machines", k), "every machine needs an id of its own", machines[k]) for k in _twice(machines)]
    faults += [(("jobs", k, "id"), "every job needs an id of its own", jobs[k]) for k in _twice(jobs)]
    for j, job in enumerate(shop.jobs):
        ids = [k if task.id is None else task.id for k, task in enumerate(job.tasks)]
        rule = "every task of a job needs an id of its own (a task without one has its number, from 0)"
        faults += [(("jobs", j, "tasks", k), rule, ids[k]) for k in _twice(ids)]
    return faults


def _unknown(shop: ShopInstance) -> list[Fault]:
    """Machines that no task may name."""
    known = {machine.id for machine in shop.machines}
    listed = ", ".join(str(machine.id) for machine in shop.machines[:10]) + (", …" if len(shop.machines) > 10 else "")
    return [
        (("jobs", j, "tasks", k, "machine"), f"a task names a machine that is not listed; there are: {listed}", named)
        for j, job in enumerate(shop.jobs)
        for k, task in enumerate(job.tasks)
        if (named := task.machine) not in known
    ]


def _too_long(shop: ShopInstance) -> list[Fault]:
    """Times so long that a makespan would not be exact."""
    total = sum(task.time for job in shop.jobs for task in job.tasks)
    return [(("jobs",), f"all times together may be at most {LONGEST:,}", total)] if total > LONGEST else []
