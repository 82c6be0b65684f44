"""A plan on a page: a map, a Gantt chart or a table, and always the same as text."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from qopt.models.subject import Subject
from qopt.report.markup import folded, table
from qopt.report.route_map import COLOURS, estimated_points, route_map
from qopt.report.tables import number, numbers
from qopt.report.views import text_view

MAP_STOPS = 3000
"""Largest plan that is drawn."""


def plan_view(plan: Mapping[str, Any], subject: Subject) -> str:
    """The plan as a picture where there is one, and as text."""
    picture = ""
    if plan.get("tasks"):
        from qopt.report.gantt import gantt_svg

        picture = gantt_svg(plan, width=950)
    elif plan.get("routes"):
        picture = _map(plan, subject) + _routes(plan)
    elif plan.get("roster"):
        from qopt.report.roster_table import html_roster

        picture = html_roster(plan)
    elif plan.get("loads"):
        picture = _loads(plan)
    elif plan.get("items"):
        picture = _items(plan, subject)
    text = f"<pre>{escape(text_view(plan, width=112))}</pre>"
    return picture + folded("as text", text) if picture else text


def _map(plan: Mapping[str, Any], subject: Subject) -> str:
    ids, points = subject.family.points(subject.instance)
    if len(ids) > MAP_STOPS:
        return ""
    note = ""
    if points is None:
        points = estimated_points(subject.form.distance)
        note = '<p class="soft">There are no coordinates: positions are estimated from the travel costs.</p>'
    where = {str(name): (float(x), float(y)) for name, (x, y) in zip(ids, points)}
    return route_map(plan, where, str(ids[0])) + note


def _routes(plan: Mapping[str, Any]) -> str:
    routes = plan["routes"]
    loads = numbers([route.get("load") for route in routes])
    costs = numbers([route.get("cost") for route in routes])
    rows = [
        (
            f'<span class="r{k % COLOURS}"><span class="swatch"></span></span>{escape(str(route["vehicle"]))}',
            loads[k],
            costs[k],
            str(len(route["stops"])),
            " → ".join(escape(str(stop)) for stop in route["stops"]),
        )
        for k, route in enumerate(routes)
    ]
    columns = (
        ("vehicle", "left"),
        ("load", "right"),
        ("cost", "right"),
        ("visits", "right"),
        ("in this order", "words"),
    )
    missing = "".join(
        f'<p class="bad">not visited: {escape(str(item["visit"]))} ({escape(str(item["reason"]))})</p>'
        for item in plan.get("unserved", ())
    )
    return table(columns, rows, hidden=() if any(route.get("load") for route in routes) else ("load",)) + missing


def _loads(plan: Mapping[str, Any]) -> str:
    held: dict[str, list[str]] = {}
    for item, place in plan["assignment"]:
        held.setdefault(str(place), []).append(escape(str(item)))
    rows = [
        (
            escape(str(line["place"])),
            number(line["load"]),
            number(line["capacity"]),
            ", ".join(held.get(str(line["place"]), ())),
        )
        for line in plan["loads"]
    ]
    return table((("place", "left"), ("load", "right"), ("capacity", "right"), ("items", "words")), rows)


def _items(plan: Mapping[str, Any], subject: Subject) -> str:
    pairs = [item if isinstance(item, (list, tuple)) else (item, 1) for item in plan["items"]]
    rows = [(escape(str(item)), str(count)) for item, count in pairs]
    weights = ", ".join(number(weight) for weight in plan.get("weights", ()))
    return table((("taken", "left"), ("copies", "right")), rows) + (f"<p>weight {weights}</p>" if weights else "")
