"""Plans that put things together, as text: bins and what they hold, batches of orders, chosen sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qopt.report.tables import number, numbers
from qopt.report.views import column, hanging, loads_text


def text_groups(plan: Mapping[str, Any], width: int) -> list[str]:
    """Lines no wider than ``width`` where the names allow it."""
    if "bins" in plan:
        return _bins(plan, width)
    return _batches(plan, width) if "batches" in plan else _sets(plan, width)


def _bins(plan: Mapping[str, Any], width: int) -> list[str]:
    bins = plan["bins"]
    columns = [
        column("bin", [str(line["bin"]) for line in bins], left=True),
        column("load", loads_text([line["load"] for line in bins])),
    ]
    lines = _beside(columns, "holds", [_copies(line["items"]) for line in bins], width)
    return lines + (hanging("not packed  ", _copies(plan["unpacked"]), width) if plan["unpacked"] else [])


def _batches(plan: Mapping[str, Any], width: int) -> list[str]:
    batches = plan["batches"]
    columns = [column("batch", [str(line["batch"]) for line in batches])]
    if any("load" in line for line in batches):
        columns.append(column("load", loads_text([line.get("load") for line in batches])))
    columns.append(column("walk", numbers([line["distance"] for line in batches])))
    lines = _beside(columns, "orders", [[str(name) for name in line["orders"]] for line in batches], width)
    if plan["unpicked"]:
        lines += hanging("not picked  ", [str(name) for name in plan["unpicked"]], width)
    return [*lines, f"walked {number(plan['distance'])}; one by one it would be {number(plan['alone'])}"]


def _sets(plan: Mapping[str, Any], width: int) -> list[str]:
    lines = hanging("chosen  ", [str(name) for name in plan["sets"]] or ["nothing"], width)
    facts = [f"{key} {number(plan[key])}" for key in ("cost", "unmet", "value") if plan.get(key)]
    lines += hanging("        ", facts, width) if facts else []
    short = [f"{x['element']} has {x['times']} of {x['need']}: {x['reason']}" for x in plan["uncovered"]]
    return lines + short


def _copies(pairs: Sequence[Any]) -> list[str]:
    return [str(name) if count == 1 else f"{count} × {name}" for name, count in pairs]


def _beside(columns: Sequence[list[str]], title: str, parts: Sequence[Sequence[str]], width: int) -> list[str]:
    """Columns, and behind each of their lines the parts that belong to it."""
    heads = ["  ".join(cells) for cells in zip(*columns)]
    return [line for head, texts in zip(heads, [[title], *parts]) for line in hanging(f"{head}  ", texts, width)]
