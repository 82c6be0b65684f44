"""A roster as a table of people by days: as text in blocks of weeks, and as HTML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from html import escape
from typing import Any

from qopt.report.markup import listing, table
from qopt.report.route_map import COLOURS
from qopt.report.tables import number

NOTES = 12
"""Most lines about what is not as wanted."""
_LETTERS = "MTWTFSS"


def text_roster(plan: Mapping[str, Any], width: int) -> list[str]:
    """Lines no wider than ``width`` where the names allow it; days go on in further blocks."""
    lines, days = plan["roster"], plan["days"]
    names = [str(line["person"]) for line in lines]
    cells = [["·" if shift is None else str(shift) for shift in line["shifts"]] for line in lines]
    heads = [_head(day) for day in days]
    cell = max((len(text) for row in (heads, *cells) for text in row), default=1) + 1
    left = max(len(name) for name in (*names, "person"))
    across = max(1, (width - left - 8) // cell)
    across -= across % 7 if across > 7 else 0
    out: list[str] = []
    for first in range(0, len(days), across):
        span = slice(first, first + across)
        last = first + across >= len(days)
        out += [""] if out else []
        out.append(
            f"{'person':<{left}}" + "".join(text.rjust(cell) for text in heads[span]) + ("  hours" if last else "")
        )
        for name, row, line in zip(names, cells, lines, strict=True):
            hours = f"{line['minutes'] / 60:7.1f}" if last else ""
            out.append(f"{name:<{left}}" + "".join(text.rjust(cell) for text in row[span]) + hours)
    return [*out, *notes(plan)]


def html_roster(plan: Mapping[str, Any]) -> str:
    """The table, shifts in colours, and what is not as wanted."""
    shifts = list(dict.fromkeys(str(s) for line in plan["roster"] for s in line["shifts"] if s is not None))
    colour = {shift: k % COLOURS for k, shift in enumerate(sorted(shifts))}
    columns = (("person", "left"), *((_head(day), "left") for day in plan["days"]), ("hours", "right"))
    rows = [
        (
            escape(str(line["person"])),
            *("" if shift is None else _shift(str(shift), colour[str(shift)]) for shift in line["shifts"]),
            f"{line['minutes'] / 60:.1f}",
        )
        for line in plan["roster"]
    ]
    told = notes(plan)
    return table(columns, rows) + (listing(told) if told else "")


def _shift(shift: str, colour: int) -> str:
    return f'<span class="r{colour}"><b>{escape(shift)}</b></span>'


def _head(day: Any) -> str:
    """A date as its day of the week and of the month; a number as it is."""
    if not isinstance(day, str):
        return str(day)
    when = date.fromisoformat(day)
    return f"{_LETTERS[when.weekday()]}{when.day}"


def notes(plan: Mapping[str, Any]) -> list[str]:
    """What is not as wanted, dearest first, and what everything costs."""
    told = [*_uncovered(plan), *_unmet(plan)]
    told.sort(key=lambda pair: -pair[0])
    out = [text for _, text in told[:NOTES]]
    if len(told) > NOTES:
        out.append(f"… and {len(told) - NOTES} more")
    costs = ", ".join(f"{name} {number(value)}" for name, value in plan.get("costs", {}).items())
    return [*out, f"cost {number(plan['cost'])}: {costs}"] if costs else out


def _uncovered(plan: Mapping[str, Any]) -> Iterator[tuple[float, str]]:
    for line in plan.get("cover", ()):
        who = f"{line['skill']} " if "skill" in line else ""
        text = f"{line['day']} {line['shift']}: {line['have']} {who}of {line['need']} ({number(line['cost'])})"
        yield line["cost"], text + (f", {line['why']}" if "why" in line else "")


def _unmet(plan: Mapping[str, Any]) -> Iterator[tuple[float, str]]:
    for line in plan.get("wishes", ()):
        what = f"wanted {line['want']}" if "want" in line else f"wanted no {line['avoid']}"
        yield line["cost"], f"{line['day']} {line['person']} {what} ({number(line['cost'])})"
