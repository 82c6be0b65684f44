"""Small shop documents with every rule, at random."""

from __future__ import annotations

from typing import Any

import numpy as np

from qopt.models.families.shop import ShopInstance


def random_document(seed: int, *, tasks: int = 4) -> dict[str, Any]:
    """Two jobs on two machines and a resource, with some of all that a document can say."""
    rng = np.random.default_rng(seed)

    def chance(p: float = 0.5) -> bool:
        return bool(rng.random() < p)

    def way() -> dict[str, Any]:
        out: dict[str, Any] = {"time": int(rng.integers(0, 4))}
        if chance(0.85):
            out["machine"] = str(rng.choice(["saw", "saw", "oven"]))
        if chance(0.4):
            out["uses"] = {"people": int(rng.integers(1, 3))}
        return out

    def task() -> dict[str, Any]:
        first, second = way(), way()
        second["time"] += int(first == second)
        out: dict[str, Any] = {"any_of": [first, second]} if chance(0.3) else first
        if chance(0.85):
            out["family"] = str(rng.choice(["a", "b"]))
        if chance(0.2):
            out["start_within"] = int(rng.integers(0, 3))
        if chance(0.2):
            out["release"] = int(rng.integers(0, 3))
        return out

    count = int(rng.integers(1, tasks))
    jobs: list[dict[str, Any]] = [
        {"id": name, "tasks": [task() for _ in range(many)]} for name, many in (("J", count), ("K", tasks - count))
    ]
    for job in jobs:
        job["order"] = str(rng.choice(["listed", "listed", "any", "parallel"]))
        if chance():
            job |= {"due": int(rng.integers(1, 6)), "weight": int(rng.integers(0, 4))}
        if chance(0.3):
            job["release"] = int(rng.integers(0, 3))
        if chance(0.2):
            job["deadline"] = int(rng.integers(6, 9))
    setup = {"between": {"a": {"b": int(rng.integers(0, 3))}}, "first": {"b": int(rng.integers(0, 2))}, "other": 1}
    document: dict[str, Any] = {
        "machines": [{"id": "saw"}, {"id": "oven", "capacity": int(rng.integers(1, 3))}],
        "resources": [{"id": "people", "capacity": 2}],
        "calendars": {"shut": [[2, 4]]},
        "jobs": jobs,
    }
    if chance(0.7):
        document["machines"][0]["setup"] = setup
    if chance():
        document["machines"][0]["calendar"] = "shut"
    if chance(0.3):
        document["resources"][0]["calendar"] = "shut"
    rules: list[dict[str, Any]] = [
        {"before": ["J.0", "K.0"], "lag": int(rng.integers(-1, 3)), "lag_from": str(rng.choice(["start", "end"]))},
        {"no_wait": ["J.0", "K.0"]},
        {"start_within": ["J.0", "K.0"], "time": 2},
    ]
    if chance():
        document["rules"] = [rules[int(rng.integers(0, 3))]]
    aims = [
        [{"minimise": "makespan"}],
        [{"minimise": "weighted_tardiness"}, {"minimise": "makespan"}],
        [{"minimise": "tardy"}, {"minimise": "flow_time", "weight": 0.5}],
        [{"minimise": "makespan"}, {"minimise": "flow_time"}],
    ]
    document["objective"] = aims[int(rng.integers(0, 4))]
    if chance(0.3):
        first = jobs[0]["tasks"][0]
        machine = first["any_of"][0].get("machine") if "any_of" in first else first.get("machine")
        uses = first["any_of"][0].get("uses", {}) if "any_of" in first else first.get("uses", {})
        document["plan"] = {"change_cost": 1, "tasks": [{"job": "J", "task": 0, "start": 1, "uses": uses}]}
        if machine is not None:
            document["plan"]["tasks"][0]["machine"] = machine
        if chance():
            document["plan"]["pinned"] = {"tasks": ["J.0"]}
        if chance():
            document["plan"]["now"] = 1
    return document


def random_instance(seed: int, *, tasks: int = 4) -> ShopInstance:
    """The same as an instance."""
    return ShopInstance.model_validate({"name": f"shop-{seed}", **random_document(seed, tasks=tasks)})
