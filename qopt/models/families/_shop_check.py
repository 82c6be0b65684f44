"""Judge a shop plan in plain terms, from the document and the plan alone."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from qopt.models.families._shop_document import ShopInstance


def faults(instance: ShopInstance, plan: Mapping[str, Any]) -> list[str]:
    """Every rule that the plan breaks and every number it states wrongly, one sentence each."""
    out: list[str] = []
    wanted = {}
    for job in instance.jobs:
        for k, task in enumerate(job.tasks):
            wanted[job.id, k if task.id is None else task.id] = task
    lines = {}
    for line in plan["tasks"]:
        name = (line["job"], line["task"])
        if name not in wanted:
            out.append(f"task {name[1]} of job {name[0]} is planned but not in the document")
        elif name in lines:
            out.append(f"task {name[1]} of job {name[0]} is planned twice")
        else:
            lines[name] = line
    for (job_id, task_id), task in wanted.items():
        planned = lines.get((job_id, task_id))
        if planned is None:
            out.append(f"task {task_id} of job {job_id} is not planned")
            continue
        if planned["machine"] != task.machine:
            out.append(f"task {task_id} of job {job_id} runs on {planned['machine']}, it needs {task.machine}")
        if planned["start"] < 0:
            out.append(f"task {task_id} of job {job_id} starts at {planned['start']}, before time 0")
        if planned["end"] - planned["start"] != task.time:
            took = planned["end"] - planned["start"]
            out.append(f"task {task_id} of job {job_id} takes {took}, it needs {task.time}")
    for job in instance.jobs:
        names = [(job.id, k if task.id is None else task.id) for k, task in enumerate(job.tasks)]
        for a, b in pairwise(name for name in names if name in lines):
            if lines[b]["start"] < lines[a]["end"]:
                out.append(f"job {job.id}: task {b[1]} starts before task {a[1]} has ended")
    for machine in instance.machines:
        here = [n for n, line in lines.items() if line["machine"] == machine.id and line["end"] > line["start"]]
        here.sort(key=lambda name: (lines[name]["start"], lines[name]["end"]))
        for a, b in pairwise(here):
            if lines[b]["start"] < lines[a]["end"]:
                out.append(f"machine {machine.id}: task {b[1]} of job {b[0]} starts before {a[1]} of {a[0]} has ended")
    last = max((line["end"] for line in lines.values()), default=0)
    if plan["makespan"] != last:
        out.append(f"the makespan is stated as {plan['makespan']}, the last task ends at {last}")
    return out
