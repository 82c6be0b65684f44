"""The best plan as text for a terminal: routes, a Gantt chart, a roster, an assignment, bins, a selection, values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from qopt.report.tables import number, numbers

LINES = 40
"""Longest text view; what is cut off is counted in the last line."""
ROUTE_LINES = 4
"""Lines of one route."""


def text_view(plan: Mapping[str, Any], *, width: int = 100) -> str:
    """The plan as text no wider than ``width`` where its words allow it; empty for an empty plan."""
    for key, view in _VIEWS.items():
        if key in plan:
            return _cut(view(plan, width))
    return ""


def _routes(plan: Mapping[str, Any], width: int) -> list[str]:
    routes = plan["routes"]
    columns = [column("vehicle", [str(route["vehicle"]) for route in routes], left=True)]
    if any(route.get("load") for route in routes):
        columns.append(column("load", loads_text([route.get("load") for route in routes])))
    for key in ("depart", "end"):
        if any(key in route for route in routes):
            columns.append(column(key, [hour_text(route.get(key)) for route in routes]))
    columns.append(column("cost", numbers([route.get("cost") for route in routes])))
    columns.append(column("visits", [str(len(route["stops"])) for route in routes]))
    lines = []
    for k, head in enumerate("  ".join(cells) for cells in zip(*columns)):
        stops = ["in this order"] if k == 0 else stops_text(routes[k - 1])
        lines += hanging(f"{head}  ", stops, width, " →", ROUTE_LINES)
    for item in plan.get("unserved", ()):
        lines.append(f"not visited: {item['visit']} ({item['reason']})")
    lines += rules_text(plan)
    lines += [change_text(change) for change in plan.get("changes", ())]
    return lines


def rules_text(plan: Mapping[str, Any]) -> list[str]:
    """The soft rules that a plan breaks, what that costs, and why they are there."""
    out = []
    for rule in plan.get("rules", ()):
        why = f" ({rule['why']})" if "why" in rule else ""
        out.append(f"broken at a price of {number(rule['cost'])}: {rule.get('says', rule['rule'])}{why}")
    return out


def change_text(change: Mapping[str, Any]) -> str:
    """What becomes of a visit of the plan of now, in words."""
    visit, before, after = change["visit"], change["from"], change["to"]
    if change.get("off"):
        return f"off: {visit}, which {before} had"
    if before is None:
        return f"new: {visit}, {after} makes it"
    paid = f" at a price of {number(change['cost'])}" if change["cost"] else ""
    return f"moved: {visit} from {before} to {after}{paid}" if after else f"left out: {visit}, which {before} had{paid}"


def loads_text(values: Sequence[Any]) -> list[str]:
    """Loads that are numbers, numbers in a row, or numbers by name."""
    if any(isinstance(value, (list, tuple)) for value in values):
        return [", ".join(number(v) for v in value) for value in values]
    if any(isinstance(value, Mapping) for value in values):
        return [", ".join(f"{number(v)} {name}" for name, v in (value or {}).items() if v) for value in values]
    return numbers(values)


def hour_text(moment: Any) -> str:
    """A time of day where a moment has one."""
    if isinstance(moment, str):
        return moment.partition("T")[2][:5] or moment
    return "" if moment is None else number(moment)


def stops_text(route: Mapping[str, Any]) -> list[str]:
    """The stops of a route, with the times they begin where it has a schedule."""
    steps = route.get("schedule")
    if steps is None:
        return [str(stop) for stop in route["stops"]]
    told = [f"{hour_text(step['start'])} {step['id'] if step['what'] == 'visit' else step['what']}" for step in steps]
    return [text + (f" ({number(step['late'])} late)" if "late" in step else "") for text, step in zip(told, steps)]


def _tasks(plan: Mapping[str, Any], width: int) -> list[str]:
    from qopt.report.gantt import text_gantt

    return text_gantt(plan, width=width).splitlines() + rules_text(plan)


def _roster(plan: Mapping[str, Any], width: int) -> list[str]:
    from qopt.report.roster_table import text_roster

    return text_roster(plan, width)


def _assignment(plan: Mapping[str, Any], width: int) -> list[str]:
    if "loads" not in plan:
        pairs = [(str(item), str(place)) for item, place in plan["assignment"]]
        longest = max((len(item) for item, _ in pairs), default=0)
        return _tiles([f"{item:<{longest}} → {place}" for item, place in pairs], width)
    loads = plan["loads"]
    columns = [
        column("place", [str(line["place"]) for line in loads], left=True),
        column("load", numbers([line["load"] for line in loads])),
        column("of", numbers([line["capacity"] for line in loads])),
    ]
    held: dict[str, list[str]] = {}
    for item, place in plan["assignment"]:
        held.setdefault(str(place), []).append(str(item))
    lines = []
    for k, head in enumerate("  ".join(cells) for cells in zip(*columns)):
        items = ["items"] if k == 0 else held.get(str(loads[k - 1]["place"]), ["nothing"])
        lines += hanging(f"{head}  ", items, width)
    return lines


def _groups(plan: Mapping[str, Any], width: int) -> list[str]:
    from qopt.report.groups import text_groups

    return text_groups(plan, width)


def _holdings(plan: Mapping[str, Any], width: int) -> list[str]:
    from qopt.report.choices import text_holdings

    return text_holdings(plan, width)


def _selected(plan: Mapping[str, Any], width: int) -> list[str]:
    from qopt.report.choices import text_selection

    return text_selection(plan, width)


def _items(plan: Mapping[str, Any], width: int) -> list[str]:
    pairs = [item if isinstance(item, (list, tuple)) else (item, 1) for item in plan["items"]]
    chosen = [str(item) if count == 1 else f"{count} × {item}" for item, count in pairs]
    lines = hanging("taken   ", chosen or ["nothing"], width)
    if "weights" in plan:
        lines += hanging("weight  ", [number(weight) for weight in plan["weights"]], width)
    return lines


def _values(plan: Mapping[str, Any], width: int) -> list[str]:
    families = {str(name): lines for name, lines in plan["values"].items()}
    longest = max((len(name) for name in families), default=0)
    out = []
    for name, entries in families.items():
        plain = all(entry[-1] == 1 for entry in entries)
        texts = []
        for entry in entries:
            index = f"[{','.join(str(k) for k in entry[:-1])}]" if len(entry) > 1 else ""
            value = "" if plain and index else f"{' = ' if index else ''}{number(entry[-1])}"
            texts.append(index + value)
        out += hanging(f"{name:<{longest}}  ", texts or ["all 0"], width, "" if plain else ",")
    return out


def column(title: str, cells: Sequence[str], *, left: bool = False) -> list[str]:
    """A title and its cells, padded to one width."""
    width = max(len(text) for text in (title, *cells))
    return [text.ljust(width) if left else text.rjust(width) for text in (title, *cells)]


def hanging(head: str, parts: Sequence[str], width: int, joiner: str = ",", most: int = LINES) -> list[str]:
    """Parts joined behind a head, further lines indented; how many are cut off stands at the end."""
    room = max(20, width - len(head))
    lines = [""]
    for k, part in enumerate(parts):
        text = part + (joiner if k + 1 < len(parts) else "")
        if lines[-1] and len(lines[-1]) + 1 + len(text) > room:
            if len(lines) == most:
                lines.append(f"… and {len(parts) - k} more")
                break
            lines.append("")
        lines[-1] += f" {text}" if lines[-1] else text
    return [head + lines[0], *(" " * len(head) + line for line in lines[1:])]


def _tiles(texts: Sequence[str], width: int) -> list[str]:
    """Texts of about the same length in as many columns as fit, read downwards."""
    if not texts:
        return ["nothing"]
    cell = max(len(text) for text in texts) + 3
    across = max(1, (width + 3) // cell)
    down = -(-len(texts) // across)
    return ["".join(text.ljust(cell) for text in texts[row::down]).rstrip() for row in range(down)]


def _cut(lines: Sequence[str]) -> str:
    shown = [line.rstrip() for line in lines]
    if len(shown) > LINES:
        shown = [*shown[:LINES], f"… and {len(shown) - LINES} more lines"]
    return "\n".join(shown)


_VIEWS: dict[str, Callable[[Mapping[str, Any], int], list[str]]] = {
    "routes": _routes,
    "tasks": _tasks,
    "roster": _roster,
    "assignment": _assignment,
    "bins": _groups,
    "sets": _groups,
    "batches": _groups,
    "holdings": _holdings,
    "selected": _selected,
    "items": _items,
    "values": _values,
}
