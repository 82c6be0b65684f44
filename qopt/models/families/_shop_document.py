"""The document of a shop: its fields, how it counts time, and the forms that it becomes."""

from __future__ import annotations

import re
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from qopt.core.forms.project import Project
from qopt.core.forms.shop import Shop
from qopt.models.clock import UNITS, Clock
from qopt.models.families._shop_now import Plan
from qopt.models.families._shop_parts import (
    AnyCalendar,
    AnyMachine,
    AnyObjective,
    Horizon,
    Import,
    Job,
    Machine,
    Objective,
    Resource,
    Rule,
    Task,
    Units,
)
from qopt.models.families._shop_span import first_time, long_enough
from qopt.models.families._shop_windows import Windows
from qopt.models.faults import refuse
from qopt.models.instance import Instance, Name

if TYPE_CHECKING:
    from qopt.models.families._project_layout import Layout

__all__ = ["LONGEST", "Job", "Machine", "Objective", "ShopInstance", "Task", "Units"]

LONGEST = 2**52
"""Largest sum of all times: every makespan is then exact as a float."""

_UNIT = re.compile(r"(\d+(?:\.\d+)?)?\s*([a-z]+)")


class ShopInstance(Instance):
    """Jobs of tasks on machines that take one task at a time.

    Parameters
    ----------
    units
        What times are counted in, such as {time: min}.
    horizon
        When the time in question starts and ends. Left out: it starts at the first of the releases, ``plan.now`` and
        the starts of the plan that are timestamps.
    machines
        The machines; a bare id where there is no label.
    resources
        What tasks use amounts of besides, such as people.
    calendars
        Opening hours by name; a bare list is one of closed stretches.
    jobs
        The jobs; their tasks run one after another in the order listed, unless ``order`` says otherwise.
    imports
        Jobs of files in other formats.
    rules
        Between tasks.
    objective
        What to minimise, first things first. Default: the makespan.
    plan
        The plan of now, for changing it.
    """

    family: ClassVar[str] = "shop"

    problem: Literal["shop"] = "shop"
    units: Units | None = None
    horizon: Horizon | None = None
    machines: tuple[AnyMachine, ...] = ()
    resources: tuple[Resource, ...] = ()
    calendars: dict[Name, AnyCalendar] = Field(default_factory=dict)
    jobs: tuple[Job, ...] = Field(min_length=1)
    imports: tuple[Import, ...] = ()
    rules: tuple[Rule, ...] = ()
    objective: tuple[AnyObjective, ...] = Field(default=(Objective(),), min_length=1)
    plan: Plan | None = None

    @classmethod
    def unfolded(cls, document: Any) -> Any:
        """The document with the jobs that it imports."""
        from qopt.models.families._shop_files import with_jobs

        return with_jobs(document)

    @model_validator(mode="after")
    def _consistent(self) -> ShopInstance:
        from qopt.models.families._shop_faults import faults

        if self.horizon is None and (start := first_time(self)) is not None:
            note = f"time counts from {start}, the first time named; a horizon can say otherwise"
            object.__setattr__(self, "horizon", Horizon(start=start))
            object.__setattr__(self, "notes", (*self.notes, note))
        refuse("shop", faults(self))
        return self

    @cached_property
    def unit(self) -> float | None:
        """Seconds of a unit of time; None where nobody can tell. Minutes where the document does not say."""
        found = _UNIT.fullmatch(self.units.time.strip().lower()) if self.units is not None else None
        if found is None or found[2] not in UNITS:
            return None if self.units is not None else UNITS["min"]
        return float(found[1] or 1) * UNITS[found[2]] or None

    @cached_property
    def clock(self) -> Clock:
        """How times are counted."""
        zero = None
        if self.horizon is not None and isinstance(self.horizon.start, str) and "-" in self.horizon.start:
            zero = datetime.fromisoformat(self.horizon.start.strip())
        return Clock(self.unit or UNITS["min"], zero)

    def moment(self, value: float | str) -> int:
        """A time of the document as a whole number of units."""
        return round(self.clock.moment(value))

    def length(self, value: float | str) -> int:
        """A duration of the document, or a lag, as a whole number of units."""
        if isinstance(value, str) and value.startswith("-"):
            return -self.length(value[1:])
        return value if isinstance(value, int) else round(self.clock.duration(value))

    @cached_property
    def end(self) -> int | None:
        """When everything must be over, in units after 0; None for whenever.

        A horizon without an end is over once every task could have waited for hours that are open long enough: nothing
        gains by later times, and calendars need not be written down for ever.
        """
        if self.horizon is not None and self.horizon.end is not None:
            return self.moment(self.horizon.end)
        return long_enough(self) if any(calendar.weekly for calendar in self.calendars.values()) else None

    @cached_property
    def links(self) -> tuple[tuple[int, int, int], ...]:
        """What the rules order: the number of the rule, and those of its two tasks."""
        return tuple(
            (k, before, after)
            for k, rule in enumerate(self.rules)
            for before in self.meant(rule.pair[0], last=rule.lag_from == "end")
            for after in self.meant(rule.pair[1], last=False)
        )

    def meant(self, name: str, *, last: bool) -> list[int]:
        """Numbers of the tasks that a rule means by JOB.TASK or JOB; empty where there is none of that name.

        A job stands for its last task or its first, for all where they have no order.
        """
        if name in self.number:
            return [self.number[name]]
        own = [k for k, (job, _, _) in enumerate(self.tasks) if str(job.id) == name]
        listed = bool(own) and self.tasks[own[0]][0].order == "listed"
        return own[-1:] if listed and last else own[:1] if listed else own

    @property
    def things(self) -> tuple[Machine | Resource, ...]:
        """The machines, then the resources: the order of the form."""
        return (*self.machines, *self.resources)

    @cached_property
    def tasks(self) -> tuple[tuple[Job, Task, str | int], ...]:
        """Every task with its job and its id, in the order of the forms."""
        return tuple(
            (job, task, k if task.id is None else task.id) for job in self.jobs for k, task in enumerate(job.tasks)
        )

    @cached_property
    def number(self) -> dict[str, int]:
        """The number of every task by its name JOB.TASK."""
        return {f"{job.id}.{name}": k for k, (job, _, name) in enumerate(self.tasks)}

    @cached_property
    def names(self) -> tuple[tuple[str | int, str | int, str | int | None], ...]:
        """Ids of every task in the form's order: job, task, machine (None where it can choose or needs none)."""
        return tuple((job.id, name, task.machine) for job, task, name in self.tasks)

    @property
    def plain(self) -> bool:
        """Whether the form ``shop`` says everything: machines for one task at a time, jobs in order, the makespan."""
        aims = len(self.objective) == 1 and self.objective[0].minimise == "makespan"
        aims = aims and self.objective[0].weight in (None, 1.0)
        if not aims or self.horizon or self.resources or self.rules or self.plan:
            return False
        if any(m.capacity > 1 or m.calendar or m.setup for m in self.machines):
            return False
        for job in self.jobs:
            times = (job.release, job.due, job.deadline)
            if job.order != "listed" or any(time is not None for time in times):
                return False
        return all(
            task.machine is not None
            and not task.uses
            and all(time is None for time in (task.start_within, task.release, task.deadline))
            for _, task, _ in self.tasks
        )

    @cached_property
    def form(self) -> Shop | Project:
        """The native form: ``shop`` where that says everything, else ``project``."""
        return self.shop if self.plain else self.project

    @cached_property
    def shop(self) -> Shop:
        """The form ``shop``: machines and jobs by their place in the document. Only for what is ``plain``."""
        place = {machine.id: k for k, machine in enumerate(self.machines)}
        starts = [0]
        for job in self.jobs:
            starts.append(starts[-1] + len(job.tasks))
        machine = np.array([place[name] for _, _, name in self.names if name is not None], dtype=np.int32)
        time = np.array([self.length(task.ways[0].time) for _, task, _ in self.tasks], dtype=np.int64)
        return Shop(np.array(starts, dtype=np.int32), machine, time, len(self.machines))

    @cached_property
    def project(self) -> Project:
        """The form ``project``, which says everything."""
        from qopt.models.families._project_form import project

        return project(self)

    @cached_property
    def layout(self) -> Layout | None:
        """The columns of the time-indexed formulation of the project; None where there is none."""
        from qopt.models.families._project_layout import Layout
        from qopt.models.families._project_time import fits
        from qopt.models.families._project_windows import Horizon

        horizon = Horizon.of(self.project) if fits(self.project) else None
        return None if horizon is None else Layout(self.project, horizon, tuple(str(job.id) for job in self.jobs))

    @cached_property
    def windows(self) -> Windows:
        """When the tasks of a plain shop may start, by the makespan of a quick schedule."""
        return Windows.of(self.shop)
