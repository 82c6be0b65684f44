"""A table of the plan, for spreadsheets: a row per stop, task or shift (RFC 4180, UTF-8)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from qopt.models.families.batching import BatchingInstance
from qopt.models.families.covering import CoveringInstance
from qopt.models.families.roster import RosterInstance
from qopt.models.families.routing import RoutingInstance
from qopt.models.subject import Subject
from qopt.report.places import Places

Row = dict[str, Any]


@dataclass(frozen=True)
class Csv:
    """Writer of tables."""

    suffixes: tuple[str, ...] = (".csv",)
    families: tuple[str, ...] = (
        *("assignment", "batching", "covering", "knapsack", "packing"),
        *("portfolio", "roster", "routing", "selection", "shop"),
    )

    def check(self, subject: Subject) -> None:
        """Every plan can be a table."""

    def texts(self, plan: Mapping[str, Any], subject: Subject) -> dict[str, str]:
        """The table, under no name."""
        rows = list(_rows(plan, subject))
        header = list(dict.fromkeys(key for row in rows for key in row))
        out = io.StringIO()
        writer = csv.DictWriter(out, header, restval="", lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(rows)
        return {"": out.getvalue()}


def _rows(plan: Mapping[str, Any], subject: Subject) -> Iterator[Row]:
    instance = subject.instance
    if isinstance(instance, RoutingInstance):
        yield from _stops(plan, instance)
    elif isinstance(instance, RosterInstance):
        yield from _shifts(plan, instance)
    elif "tasks" in plan:
        for task in plan["tasks"]:
            uses = "; ".join(f"{amount} {name}" for name, amount in (task.get("uses") or {}).items())
            yield {key: task[key] for key in ("job", "task", "machine", "start", "end")} | (
                {"uses": uses} if uses else {}
            )
    elif "assignment" in plan:
        yield from ({"item": item, "place": place} for item, place in plan["assignment"])
    elif "holdings" in plan:
        yield from plan["holdings"]
    elif "selected" in plan:
        yield from _choices(plan)
    elif isinstance(instance, BatchingInstance):
        yield from _picks(plan, instance)
    elif "bins" in plan:
        yield from _contents(plan)
    elif isinstance(instance, CoveringInstance):
        yield from _sets(plan, instance)
    else:
        for item in plan["items"]:
            name, count = item if isinstance(item, (list, tuple)) else (item, 1)
            yield {"item": name, "copies": count}


def _choices(plan: Mapping[str, Any]) -> Iterator[Row]:
    """Every item, whether it is selected, and what is told of it."""
    told = {str(line["item"]): line for line in (*plan.get("taken", ()), *plan.get("left_out", ()))}
    names = [(name, 1) for name in plan["selected"]] + [(line["item"], 0) for line in plan.get("left_out", ())]
    for name, selected in names:
        facts = told.get(str(name), {})
        yield {"item": name, "selected": selected} | {
            key: facts.get(key, "") for key in ("adds", "price", "code", "reason")
        }


def _contents(plan: Mapping[str, Any]) -> Iterator[Row]:
    """Every item of every bin, and what is in none."""
    for line in plan["bins"]:
        for item, count in line["items"]:
            yield {"bin": line["bin"], "kind": line["kind"], "item": item, "copies": count}
    for item, count in plan["unpacked"]:
        yield {"bin": "", "kind": "", "item": item, "copies": count}


def _picks(plan: Mapping[str, Any], instance: BatchingInstance) -> Iterator[Row]:
    """Every place of every walk in order, with the orders that have something there."""
    places = {str(order.id): {_place(pick) for pick in order.picks} for order in instance.orders}
    for line in plan["batches"]:
        for position, spot in enumerate(line["walk"], start=1):
            orders = "; ".join(str(name) for name in line["orders"] if _place(spot) in places[str(name)])
            where = {"aisle": spot[0], "from front": spot[1]} if isinstance(spot, list) else {"location": spot}
            yield {"batch": line["batch"], "position": position, **where, "orders": orders}
    for name in plan["unpicked"]:
        yield {"batch": "", "orders": name}


def _place(pick: Any) -> Any:
    return (int(pick[0]), float(pick[1])) if isinstance(pick, (list, tuple)) else str(pick)


def _sets(plan: Mapping[str, Any], instance: CoveringInstance) -> Iterator[Row]:
    """Every chosen set, then every element that lacks one."""
    for name in plan["sets"]:
        choice = instance.sets[instance.number[str(name)]]
        yield {"set": name, "cost": choice.cost, "covers": "; ".join(str(element) for element in choice.covers)}
    for line in plan["uncovered"]:
        yield {"set": "", "covers": line["element"], "reason": line["reason"]}


def _stops(plan: Mapping[str, Any], instance: RoutingInstance) -> Iterator[Row]:
    """Every step of every route, and the visits that nobody makes."""
    places = Places.of(instance)
    labels = {str(visit.id): visit.label for visit in instance.stops}
    labelled = any(labels.values())
    names = {"degrees": ("lon", "lat"), "plane": ("x", "y")}.get(places.kind)
    for route in plan["routes"]:
        steps = route.get("schedule", [{"what": "visit", "id": stop} for stop in route["stops"]])
        for position, step in enumerate(steps, start=1):
            visit = step["id"] if step["what"] == "visit" else ""
            row: Row = {"vehicle": route["vehicle"], "position": position, "what": step["what"], "visit": visit}
            row |= {"label": labels.get(str(visit)) or ""} if labelled else {}
            row |= _where(places, visit, names)
            row |= {key: step[key] for key in ("arrive", "start", "leave") if key in step}
            row |= {"late": step.get("late", 0)} if "start" in step else {}
            load = step.get("load")
            row |= {f"load {name}": value for name, value in load.items()} if isinstance(load, Mapping) else {}
            yield row if load is None or isinstance(load, Mapping) else row | {"load": load}
    for line in plan.get("unserved", ()):
        row = {"vehicle": "", "what": "not visited", "visit": line["visit"]}
        row |= {"label": labels.get(str(line["visit"])) or ""} if labelled else {}
        yield row | _where(places, line["visit"], names) | {"reason": line["reason"]}


def _where(places: Places, visit: Any, names: tuple[str, str] | None) -> Row:
    if visit == "":
        return {}
    location = places.location(visit)
    return {"location": location} | (dict(zip(names, places.spots[location])) if names else {})


def _shifts(plan: Mapping[str, Any], instance: RosterInstance) -> Iterator[Row]:
    """Every shift of every person."""
    shifts = {str(shift.id): shift for shift in instance.shifts}
    for line in plan["roster"]:
        for day, name in zip(plan["days"], line["shifts"], strict=True):
            if name is not None:
                shift = shifts[str(name)]
                row: Row = {"person": line["person"], "day": day, "shift": name}
                row |= {"label": shift.label} if shift.label else {}
                yield row | {"start": shift.start or "", "end": shift.end or "", "minutes": instance.minutes(shift)}


PLUGIN = Csv()
