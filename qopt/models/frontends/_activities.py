"""Projects of the literature as instances: one job of activities that use resources, each before others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qopt.models.families._shop_parts import Resource, Rule, Way
from qopt.models.families.shop import Job, ShopInstance, Task

JOB = "project"


@dataclass(frozen=True)
class Activity:
    """Ways to do it, each a duration and an amount of every resource; numbers of what comes after it, from 1."""

    ways: Sequence[tuple[int, Sequence[int]]]
    successors: Sequence[int]


def instance_of(name: str, capacities: Sequence[int], activities: Sequence[Activity]) -> ShopInstance:
    """The instance: activities are numbered from 1, resources are R1, R2, …"""
    ids = [f"R{k}" for k in range(1, len(capacities) + 1)]
    tasks, rules = [], []
    for number, activity in enumerate(activities, 1):
        ways = [Way(time=time, uses={r: a for r, a in zip(ids, used) if a}) for time, used in activity.ways]
        distinct = tuple(way for k, way in enumerate(ways) if way not in ways[:k])
        if len(distinct) == 1:
            tasks.append(Task(id=number, time=distinct[0].time, uses=distinct[0].uses))
        else:
            tasks.append(Task(id=number, any_of=distinct))
        rules += [Rule(before=(f"{JOB}.{number}", f"{JOB}.{later}")) for later in activity.successors]
    return ShopInstance(
        name=name,
        resources=tuple(Resource(id=r, capacity=c) for r, c in zip(ids, capacities)),
        jobs=(Job(id=JOB, order="parallel", tasks=tuple(tasks)),),
        rules=tuple(rules),
    )
