"""Plans of projects: every task with its machine and times, the jobs, what it costs; and back to proposals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from qopt.core.errors import RecordError
from qopt.core.forms.project import FOREVER, Project, Proposal, evaluate
from qopt.models.families._project_form import rule_name, way_of
from qopt.models.plans import amount, entries

if TYPE_CHECKING:
    from qopt.models.families._shop_document import ShopInstance


def plan_of(shop: ShopInstance, form: Project, proposal: Proposal) -> dict[str, Any]:
    """A proposal in a planner's words, ready for JSON; times as the document writes them.

    Returns
    -------
    ``tasks``: in the order of the document, with machine, uses, start and end. ``jobs``: when each ends, how late, and
    what that costs.
    ``machines``: those, and the resources, that take several tasks or are closed at times, for reports. ``makespan``:
    in units of time after 0. ``kpis``: the measures of the objective. ``rules``, where some are soft: those that are
    missed, with their cost and why they are there.
    """
    mode = proposal.mode.astype(np.int64)
    start = proposal.start
    end = start + form.modes.duration[mode]
    tasks = []
    for t, (job, task, name) in enumerate(shop.tasks):
        way = task.ways[int(mode[t] - form.modes.start[t])]
        line: dict[str, Any] = {"job": job.id, "task": name, "machine": way.machine}
        line |= {"uses": dict(way.uses)} if way.uses else {}
        tasks.append(line | {"start": moment(shop, int(start[t])), "end": moment(shop, int(end[t]))})
    parts = evaluate(form, proposal).parts
    used = {name for level in form.levels for name, _ in level} | {"makespan"}
    makespan = int(end.max(initial=0))
    missed = {} if form.soft is None else {"rules": list(_missed(shop, parts))}
    return {
        "tasks": tasks,
        "jobs": [_job(shop, form, j, end) for j in range(form.jobs)],
        "machines": list(_machines(shop, form, makespan)),
        "makespan": makespan,
        "kpis": {n: tidy(value) for n, value in parts.items() if (value or n in used) and not n.startswith("soft.")},
        **missed,
    }


def _missed(shop: ShopInstance, parts: Mapping[str, float]) -> Iterator[dict[str, Any]]:
    told = dict[str, dict[str, str]]()
    for k, rule in enumerate(shop.rules):
        why = {} if rule.why is None else {"why": rule.why}
        told.setdefault(rule_name(shop, k), {"says": rule.name or rule.says} | why)
    for name, words in told.items():
        if f"soft.{name}" in parts:
            yield {"rule": name, "cost": tidy(parts[f"soft.{name}"])} | words


def _job(shop: ShopInstance, form: Project, j: int, end: np.ndarray[Any, Any]) -> dict[str, Any]:
    done = int(end[form.job == j].max(initial=0))
    out: dict[str, Any] = {"job": shop.jobs[j].id, "end": moment(shop, done)}
    if form.due[j] < FOREVER:
        late = max(0, done - int(form.due[j]))
        out |= {"due": moment(shop, int(form.due[j])), "late": late}
        weights = {name: weight for level in form.levels for name, weight in level}
        price = weights.get("weighted_tardiness", 0.0) * late + weights.get("tardy", 0.0) * (late > 0)
        out |= {"cost": tidy(price * float(form.weight[j]))} if price else {}
    return out


def _machines(shop: ShopInstance, form: Project, makespan: int) -> Any:
    resources = form.resources
    for r, thing in enumerate(shop.things):
        span = range(resources.closed_start[r], resources.closed_start[r + 1])
        shut = [(int(resources.closed_from[k]), int(resources.closed_until[k])) for k in span]
        shut = [(low, high) for low, high in shut if low < makespan]
        line: dict[str, Any] = {"machine": thing.id, "capacity": thing.capacity}
        line |= {"closed": [[moment(shop, low), moment(shop, high)] for low, high in shut]} if shut else {}
        if len(line) > 2 or thing.capacity != 1:
            yield line


def moment(shop: ShopInstance, value: int) -> int | str:
    """A time as the document writes times: a timestamp or clock text where it has a horizon, else a number."""
    return value if shop.horizon is None else shop.clock.text(value)


def tidy(value: float) -> int | float:
    """A whole number as int; others without the noise of sums."""
    near = round(value, 9)
    return int(near) if float(near).is_integer() else near


def restore(shop: ShopInstance, form: Project, plan: Mapping[str, Any]) -> Proposal:
    """A plan's machines, uses and starts; what its ends and sums say is not looked at, but where ways differ in time.

    Raises
    ------
    RecordError
        A task that is missing, unknown, planned twice, done in no way that the document has, or without a whole start.
    """
    mode, start = np.full(form.tasks, -1), np.zeros(form.tasks, dtype=np.int64)
    for k, line in enumerate(entries(plan, "tasks")):
        t = shop.number.get(f"{line.get('job')}.{line.get('task')}") if isinstance(line, Mapping) else None
        if t is None:
            raise RecordError(f"tasks[{k}] is {line!r}, which fits no task of {shop.name}")
        if mode[t] >= 0:
            raise RecordError(f"tasks[{k}] plans {form.name(t)} a second time")
        start[t] = _time(shop, line.get("start"), f"the start of tasks[{k}]")
        machine, uses = line.get("machine"), line.get("uses")
        took = _time(shop, line["end"], f"the end of tasks[{k}]") - int(start[t]) if "end" in line else None
        way = way_of(shop, t, machine, uses, took)
        if way is None:
            raise RecordError(f"tasks[{k}] does {form.name(t)} on {machine!r}, which the document does not allow")
        mode[t] = form.modes.start[t] + way
    if (mode < 0).any():
        raise RecordError(f"the plan does not say when to do {form.name(int(np.argmax(mode < 0)))}")
    return Proposal(mode, start)


def _time(shop: ShopInstance, value: Any, where: str) -> int:
    """A time of a plan as a whole number of units after 0."""
    if isinstance(value, str):
        try:
            found = shop.clock.moment(value)
        except ValueError as error:
            raise RecordError(f"{where} is {value!r}: {error}") from None
    else:
        found = amount(value, where)
    if abs(found - round(found)) > 1e-6 or abs(found) >= 2**53:
        raise RecordError(f"{where} is {value!r}, no whole number of units of time")
    return round(found)


def key(plan: Mapping[str, Any]) -> Any:
    """Plans are the same where every task is done in the same way and machines and resources take them in one order."""
    ways: list[Any] = []
    orders: dict[str, list[Any]] = {}
    for line in plan["tasks"]:
        name = (str(line["job"]), str(line["task"]))
        uses = sorted((line.get("uses") or {}).items())
        ways.append((*name, str(line["machine"]), tuple(uses)))
        if line["end"] != line["start"]:
            for place in ([] if line["machine"] is None else [str(line["machine"])]) + [str(u) for u, _ in uses]:
                orders.setdefault(place, []).append((line["start"], *name))
    lines = tuple((place, tuple(entry[1:] for entry in sorted(found))) for place, found in sorted(orders.items()))
    return tuple(ways), lines
