"""A plan on a page: a map, a Gantt chart or a table, and always the same as text."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from math import cos, radians
from typing import Any

from qopt.models.subject import Subject
from qopt.report.markup import folded, table
from qopt.report.places import Places
from qopt.report.route_map import COLOURS, route_map
from qopt.report.tables import number, numbers
from qopt.report.timetable import timetable
from qopt.report.views import change_text, hour_text, loads_text, rules_text, stops_text, text_view

MAP_STOPS = 3000
"""Largest plan that is drawn."""


def plan_view(plan: Mapping[str, Any], subject: Subject) -> str:
    """The plan as a picture where there is one, and as text."""
    picture = ""
    if plan.get("tasks"):
        from qopt.report.gantt import gantt_svg

        picture = gantt_svg(plan, width=950) + _rules(plan)
    elif plan.get("routes"):
        picture = _map(plan, subject) + timetable(plan) + _routes(plan) + _rules(plan)
    elif plan.get("roster"):
        from qopt.report.roster_table import html_roster

        picture = html_roster(plan)
    elif plan.get("holdings") or plan.get("selected"):
        from qopt.report.choices import html_holdings, html_selection

        picture = html_holdings(plan) if "holdings" in plan else html_selection(plan)
    elif plan.get("loads"):
        picture = _loads(plan)
    elif plan.get("items"):
        picture = _items(plan, subject)
    text = f"<pre>{escape(text_view(plan, width=112))}</pre>"
    return picture + folded("as text", text) if picture else text


def _rules(plan: Mapping[str, Any]) -> str:
    return "".join(f"<p>{escape(line)}</p>" for line in rules_text(plan))


def _map(plan: Mapping[str, Any], subject: Subject) -> str:
    instance: Any = subject.instance
    if len(instance.locations) > MAP_STOPS:
        return ""
    places = Places.of(instance)
    note = '<p class="soft">There are no coordinates: positions are estimated from the travel costs.</p>'
    ends = [_names(*places.ends(route)) for route in plan["routes"]]
    where = {str(end): places.spots[end] for route in plan["routes"] for end in places.ends(route) if end is not None}
    where |= {visit: places.spots[place] for visit, place in places.at.items()}
    drawing = route_map(plan, _straight(where) if places.kind == "degrees" else where, str(instance.depot), ends)
    return drawing + (note if places.kind == "estimated" else "")


def _names(start: Any, end: Any) -> tuple[str | None, str | None]:
    return (None if start is None else str(start)), (None if end is None else str(end))


def _straight(spots: Mapping[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
    """Degrees as plane coordinates that look right around their middle."""
    middle = sum(lat for _, lat in spots.values()) / len(spots)
    return {name: (lon * cos(radians(middle)), lat) for name, (lon, lat) in spots.items()}


def _routes(plan: Mapping[str, Any]) -> str:
    routes = plan["routes"]
    loads = loads_text([route.get("load") for route in routes])
    costs = numbers([route.get("cost") for route in routes])
    clock = [key for key in ("depart", "end") if any(key in route for route in routes)]
    hours = [[escape(hour_text(route.get(key))) for route in routes] for key in clock]
    rows = [
        (
            f'<span class="r{k % COLOURS}"><span class="swatch"></span></span>{escape(str(route["vehicle"]))}',
            loads[k],
            costs[k],
            str(len(route["stops"])),
            *(times[k] for times in hours),
            " → ".join(escape(stop) for stop in stops_text(route)),
        )
        for k, route in enumerate(routes)
    ]
    columns = (
        ("vehicle", "left"),
        ("load", "right"),
        ("cost", "right"),
        ("visits", "right"),
        *((key, "right") for key in clock),
        ("in this order", "words"),
    )
    missing = "".join(
        f'<p class="bad">not visited: {escape(str(item["visit"]))} ({escape(str(item["reason"]))})</p>'
        for item in plan.get("unserved", ())
    )
    missing += "".join(f"<p>{escape(change_text(change))}</p>" for change in plan.get("changes", ()))
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
