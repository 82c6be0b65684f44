"""Shop: jobs of tasks on machines, with the resources, calendars, set-ups, rules and due dates of a real workshop."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from qopt.core.arrays import Floats
from qopt.core.errors import ModelError, RecordError
from qopt.core.forms.project import Project
from qopt.core.forms.project import Proposal as Schedule
from qopt.core.forms.shop import Proposal, Shop
from qopt.core.problem import Problem
from qopt.core.solution import Solution
from qopt.models.families import _project_check as rich_judge
from qopt.models.families import _project_plan as rich
from qopt.models.families import _project_time as rich_time
from qopt.models.families import _shop_check as judge
from qopt.models.families import _shop_disjunctive as disjunctive
from qopt.models.families import _shop_time as time_indexed
from qopt.models.families._project_layout import Layout
from qopt.models.families._shop_document import Job, Machine, ShopInstance, Task
from qopt.models.plans import amount, entries

__all__ = ["PLUGIN", "Job", "JobShop", "Machine", "ShopInstance", "Task"]


BEYOND = (10**9, 10**9)
"""The size of a formulation that an instance does not have."""


@dataclass(frozen=True)
class JobShop:
    """The family of job, flexible, open and flow shops, and of projects with limited resources."""

    name: str = "shop"
    differ: float = 0.05
    instance: type[ShopInstance] = ShopInstance
    formulations: Mapping[str, str] = field(
        default_factory=lambda: {
            "disjunctive": "start times, and one binary column per pair of tasks that share a machine",
            "time_indexed": "one binary column per task and time at which it may start, for QUBO; small horizons only",
        }
    )

    def form(self, instance: ShopInstance) -> Shop | Project:
        """The native form: ``shop`` where that says everything, else ``project``."""
        return instance.form

    def offers(self, instance: ShopInstance) -> tuple[str, ...]:
        """Formulations of an instance: rich ones have the time-indexed one, where their times are bounded and few."""
        if instance.plain:
            return tuple(self.formulations)
        return () if instance.layout is None else ("time_indexed",)

    def choose(self, instance: ShopInstance, purpose: str) -> str:
        """``time_indexed`` to sample and for what is rich, else ``disjunctive``."""
        return "disjunctive" if purpose != "sample" and instance.plain else "time_indexed"

    def size(self, instance: ShopInstance, formulation: str = "auto") -> tuple[int, int]:
        """Columns and nonzeros without building anything; every column of ``time_indexed`` is one bit."""
        if not instance.plain:
            layout = instance.layout
            return BEYOND if layout is None else (layout.columns, layout.nonzeros)
        if self._formulation(instance, formulation) == "disjunctive":
            return disjunctive.size(instance.shop)
        return time_indexed.size(instance.shop, instance.windows)

    def build(self, instance: ShopInstance, *, formulation: str = "auto", pool: Any = None) -> Problem:
        """The instance as a Problem; schedules worse than that of a quick rule may be outside of all formulations.

        Raises
        ------
        ModelError
            No such formulation, or none for this instance.
        """
        tasks = tuple(f"{job},{task}" for job, task, _ in instance.names)
        machines = tuple(str(machine.id) for machine in instance.machines)
        chosen = self._formulation(instance, formulation)
        if not instance.plain:
            others = (*(str(r.id) for r in instance.resources), *(str(j.id) for j in instance.jobs if j.order == "any"))
            return rich_time.build(_bounded(instance), tasks, (*machines, *others), instance.name)
        if chosen == "disjunctive":
            return disjunctive.build(instance.shop, instance.windows, tasks, instance.name)
        return time_indexed.build(instance.shop, instance.windows, tasks, machines, instance.name)

    def lift(self, instance: ShopInstance, proposal: Any, *, formulation: str = "auto") -> Floats | None:
        """A proposal as columns of a formulation; None when a task starts outside its window."""
        chosen = self._formulation(instance, formulation)
        if not instance.plain:
            return rich_time.lift(_bounded(instance), proposal)
        return (disjunctive if chosen == "disjunctive" else time_indexed).lift(
            instance.shop, instance.windows, proposal
        )

    def lower(self, instance: ShopInstance, values: Any, *, formulation: str = "auto") -> Any:
        """The proposal behind columns of a formulation, not shifted; None when they give a task no or two starts."""
        chosen = self._formulation(instance, formulation)
        if not instance.plain:
            return rich_time.lower(_bounded(instance), values)
        if chosen == "disjunctive":
            return disjunctive.lower(instance.shop, values)
        return time_indexed.lower(instance.shop, instance.windows, values)

    def interpret(self, instance: ShopInstance, solution: Solution) -> dict[str, Any]:
        """Every task with its machine, start and end, in the order of the document, and the makespan.

        Rich instances also tell uses, the jobs with their lateness, and what counts; see ``_project_plan``.

        Raises
        ------
        ModelError
            Values that give a task no or two starts.
        """
        proposal = solution.candidate.proposal
        if proposal is None:
            proposal = self._described(instance, solution)
        if not instance.plain:
            return rich.plan_of(instance, instance.project, proposal)
        ends = proposal.start + instance.shop.duration
        return {
            "tasks": [
                {"job": job, "task": task, "machine": machine, "start": start, "end": end}
                for (job, task, machine), start, end in zip(instance.names, proposal.start.tolist(), ends.tolist())
            ],
            "makespan": int(ends.max(initial=0)),
        }

    def restore(self, instance: ShopInstance, plan: Mapping[str, Any]) -> Proposal | Schedule:
        """The proposal of a plan as ``interpret`` writes it.

        Raises
        ------
        RecordError
            A task that is missing, unknown or without a whole start.
        """
        if not instance.plain:
            return rich.restore(instance, instance.project, plan)
        place = {(str(job), str(task)): k for k, (job, task, _) in enumerate(instance.names)}
        start = np.full(len(place), -1, dtype=np.int64)
        for k, line in enumerate(entries(plan, "tasks")):
            found = place.get((str(line.get("job")), str(line.get("task")))) if isinstance(line, Mapping) else None
            if found is None:
                raise RecordError(f"tasks[{k}] is {line!r}, which fits no task of {instance.name}")
            time = amount(line.get("start"), f"the start of tasks[{k}]")
            if not time.is_integer() or abs(time) >= 2**53:
                raise RecordError(f"tasks[{k}] is {line!r}, which fits no task: it starts at no whole number")
            start[found] = int(time)
        missing = [f"{job},{task}" for (job, task), k in place.items() if start[k] < 0]
        if missing:
            raise RecordError(f"the plan gives no start at or after 0 to task {missing[0]}")
        return Proposal(start)

    def key(self, plan: Mapping[str, Any]) -> Any:
        """Plans are the same when every machine takes its tasks in the same order: the rest is idle time.

        Of rich instances also every task must be done in the same way.
        """
        if "jobs" in plan:
            return rich.key(plan)
        lines = [line for line in plan["tasks"] if line["end"] > line["start"]]
        lines.sort(key=lambda line: (str(line["machine"]), line["start"]))
        return tuple((str(line["machine"]), str(line["job"]), str(line["task"])) for line in lines)

    def decisions(self, plan: Mapping[str, Any]) -> list[Any]:
        """What follows what on every machine and resource, and how every task of a rich instance is done."""
        key = self.key(plan)
        if "jobs" not in plan:
            return [pair for pair in zip(key, key[1:]) if pair[0][0] == pair[1][0]]
        ways, lines = key
        return [*ways, *((place, *pair) for place, found in lines for pair in zip(found, found[1:]))]

    def example(self) -> ShopInstance:
        """Three cakes: the oven is busy for 24 and cannot begin before 2, so 26 is best, with the torte baked last."""
        return ShopInstance.model_validate(
            {
                "name": "three-cakes",
                "units": {"time": "5 min"},
                "machines": [{"id": "mixer"}, {"id": "oven"}, {"id": "bench", "label": "finishing bench"}],
                "jobs": [
                    {"id": cake, "tasks": [{"id": name, "machine": m, "time": t} for name, m, t in steps]}
                    for cake, steps in {
                        "tart": [("dough", "mixer", 3), ("bake", "oven", 8), ("fruit", "bench", 3)],
                        "sponge": [("batter", "mixer", 2), ("bake", "oven", 6), ("icing", "bench", 7)],
                        "torte": [("nuts", "bench", 2), ("batter", "mixer", 4), ("bake", "oven", 10)],
                    }.items()
                ],
            }
        )

    def generate(self, size: int, *, seed: int) -> ShopInstance:
        """``size`` jobs over about as many machines, at most 15, each visited once in random order; times 1 to 9."""
        rng = np.random.default_rng(seed)
        jobs = max(1, size)
        machines = min(jobs, 15)
        return ShopInstance.model_validate(
            {
                "name": f"shop-{jobs}-{seed}",
                "machines": list(range(machines)),
                "jobs": [
                    {
                        "id": j,
                        "tasks": [
                            {"machine": m, "time": t}
                            for m, t in zip(rng.permutation(machines).tolist(), rng.integers(1, 10, machines).tolist())
                        ],
                    }
                    for j in range(jobs)
                ],
            }
        )

    def domain_check(self, instance: ShopInstance, plan: Mapping[str, Any]) -> list[str]:
        """Every rule that a plan breaks and every number it states wrongly, one sentence each."""
        return judge.faults(instance, plan) if instance.plain else rich_judge.faults(instance, plan)

    def _formulation(self, instance: ShopInstance, wanted: str) -> str:
        if wanted == "auto":
            return self.choose(instance, "sample")
        if wanted not in self.formulations:
            raise ModelError(f"shop has no formulation {wanted!r}; it has: {', '.join(self.formulations)}")
        return wanted

    def _described(self, instance: ShopInstance, solution: Solution) -> Any:
        """The proposal behind a solution's values; the shape of its makespan tells the formulation, or their number."""
        values = np.asarray(solution.values)
        if not instance.plain:
            whole = False
        elif solution.labels is not None:
            whole = solution.labels.family("makespan").shape == ()
        else:
            whole = len(values) == self.size(instance, "disjunctive")[0]
        proposal = self.lower(instance, values, formulation="disjunctive" if whole else "time_indexed")
        if proposal is None:
            raise ModelError("the values give some task no start or several")
        return proposal


def _bounded(instance: ShopInstance) -> Layout:
    """The columns of a rich instance.

    Raises
    ------
    ModelError
        It has none: nothing bounds its times, they are too many, or its objective is not one of ends alone.
    """
    if instance.layout is None:
        rule = "its times are not bounded or too many, or set-ups are counted or shorter by way of a third task"
        raise ModelError(f"{instance.name} has no time-indexed formulation: {rule}")
    return instance.layout


PLUGIN = JobShop()
