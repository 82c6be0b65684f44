"""The best plan as text for a terminal: routes, a Gantt chart, an assignment, a selection, or plain values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from qopt.report.tables import number, plan_rows

LINES = 40
"""Longest text view; what is cut off is counted in the last line."""


def text_view(plan: Mapping[str, Any], family: str, *, width: int = 100) -> str:
    """The plan as text no wider than ``width``; empty for an empty plan."""
    for key, view in _VIEWS.items():
        if key in plan:
            return view(plan, width)
    return ""


def _routes(plan: Mapping[str, Any], width: int) -> str:
    lines = []
    for route in plan["routes"]:
        head = f"{route['vehicle']}: "
        facts = f"  cost {number(route['cost'])}"
        if route.get("load") is not None:
            facts += f", load {number(route['load'])}"
        stops = " → ".join(str(stop) for stop in route["stops"])
        room = max(20, width - len(head) - len(facts))
        if len(stops) > room:
            stops = stops[: room - 2].rsplit(" → ", 1)[0] + " → …"
        lines.append(head + stops + facts)
    for item in plan.get("unserved", ()):
        lines.append(f"unserved: {item['visit']} ({item['reason']})")
    return _cut(lines)


def _tasks(plan: Mapping[str, Any], width: int) -> str:
    from qopt.report.gantt import text_gantt

    return text_gantt(plan, width=width)


def _assignment(plan: Mapping[str, Any], width: int) -> str:
    return _wrapped([f"{item} → {place}" for item, place in plan["assignment"]], width)


def _items(plan: Mapping[str, Any], width: int) -> str:
    chosen = [f"{item[0]} ×{item[1]}" if isinstance(item, (list, tuple)) else str(item) for item in plan["items"]]
    return "chosen: " + _wrapped(chosen, width - 8)


def _values(plan: Mapping[str, Any], width: int) -> str:
    return _wrapped([f"{name} = {value}" for name, value in plan_rows(dict(plan))], width)


def _wrapped(parts: list[str], width: int) -> str:
    lines, line = [], ""
    for part in parts:
        if line and len(line) + 2 + len(part) > width:
            lines.append(line)
            line = ""
        line = f"{line}, {part}" if line else part
    return _cut([*lines, line] if line else lines)


def _cut(lines: list[str]) -> str:
    if len(lines) > LINES:
        lines = [*lines[:LINES], f"… and {len(lines) - LINES} more lines"]
    return "\n".join(lines)


_VIEWS: dict[str, Callable[[Mapping[str, Any], int], str]] = {
    "routes": _routes,
    "tasks": _tasks,
    "assignment": _assignment,
    "items": _items,
    "values": _values,
}
