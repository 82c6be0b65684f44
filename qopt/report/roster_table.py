"""A roster as a table of people by days: as text in blocks of weeks, and as HTML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from html import escape
from typing import Any

from qopt.report.markup import listing
from qopt.report.route_map import COLOURS
from qopt.report.tables import number

NOTES = 12
"""Most lines about what is not as wanted."""
_LETTERS = "MTWTFSS"


def text_roster(plan: Mapping[str, Any], width: int) -> list[str]:
    """What is not as wanted, then lines no wider than ``width`` where the names allow it; days go on in blocks."""
    lines, days = plan["roster"], plan["days"]
    staffed = _staffed(plan)
    names = [*(_name(line) for line in lines), *staffed]
    cells = [["·" if shift is None else str(shift) for shift in line["shifts"]] for line in lines]
    cells += [[str(count or "·") for count in counts] for counts in staffed.values()]
    hours = [f"{line['minutes'] / 60:7.1f}" for line in lines] + [""] * len(staffed)
    heads = [_head(day) for day in days]
    cell = max((len(text) for row in (heads, *cells) for text in row), default=1) + 1
    left = max(len(name) for name in (*names, "person"))
    across = max(1, (width - left - 8) // cell)
    across -= across % 7 if across > 7 else 0
    told = notes(plan)
    out = [*told, ""] if told else []
    for first in range(0, len(days), across):
        span = slice(first, first + across)
        last = first + across >= len(days)
        out += [""] if first else []
        out.append(
            f"{'person':<{left}}" + "".join(text.rjust(cell) for text in heads[span]) + ("  hours" if last else "")
        )
        for name, row, worked in zip(names, cells, hours, strict=True):
            out.append(f"{name:<{left}}" + "".join(text.rjust(cell) for text in row[span]) + (worked if last else ""))
    return out


def html_roster(plan: Mapping[str, Any]) -> str:
    """What is not as wanted, and the table: shifts in colours, weekends shaded, how many people each shift has."""
    staffed = _staffed(plan)
    colour = {shift: k % COLOURS for k, shift in enumerate(staffed)}
    heads = [_head(day) for day in plan["days"]]
    free = [' class="free"' if head[0] == "S" else "" for head in heads]
    short = {(str(line["shift"]), line["day"]) for line in plan.get("cover", ()) if line["have"] < line["need"]}
    counted = "".join(f"<th>{_shift(shift, colour[shift])}</th>" for shift in staffed)
    days = "".join(f"<th{mark}>{escape(head)}</th>" for head, mark in zip(heads, free, strict=True))
    rows = [f"<thead><tr><th>person</th>{days}<th>hours</th>{counted}</tr></thead><tbody>"]
    for line in plan["roster"]:
        shifts = [None if shift is None else str(shift) for shift in line["shifts"]]
        cells = ["" if shift is None else _shift(shift, colour[shift]) for shift in shifts]
        row = "".join(f"<td{mark}>{text}</td>" for text, mark in zip(cells, free, strict=True))
        sums = "".join(f"<td>{shifts.count(shift) or ''}</td>" for shift in staffed)
        rows.append(f"<tr><td>{escape(_name(line))}</td>{row}<td>{line['minutes'] / 60:.1f}</td>{sums}</tr>")
    for shift, counts in staffed.items():
        marks = [' class="bad"' if (shift, day) in short else mark for day, mark in zip(plan["days"], free)]
        row = "".join(f"<td{mark}>{count or ''}</td>" for count, mark in zip(counts, marks, strict=True))
        rows.append(
            f"<tr><td>{_shift(shift, colour[shift])} people</td>{row}<td></td>{'<td></td>' * len(staffed)}</tr>"
        )
    told = notes(plan)
    drawn = f'<div class="wide"><table class="roster">{"".join(rows)}</tbody></table></div>'
    return (listing(told) if told else "") + drawn


def _name(line: Mapping[str, Any]) -> str:
    return str(line.get("name", line["person"]))


def _staffed(plan: Mapping[str, Any]) -> dict[str, list[int]]:
    """How many people each shift that somebody works has on each day."""
    rows = [[None if shift is None else str(shift) for shift in line["shifts"]] for line in plan["roster"]]
    shifts = sorted({shift for row in rows for shift in row if shift is not None})
    return {shift: [sum(row[day] == shift for row in rows) for day in range(len(plan["days"]))] for shift in shifts}


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
    told = [*_uncovered(plan), *_uneven(plan), *_unmet(plan)]
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


def _uneven(plan: Mapping[str, Any]) -> Iterator[tuple[float, str]]:
    for line in plan.get("fairness", ()):
        if line["cost"]:
            each = f"{line['least']} to {line['most']} each of {line['people']} people"
            yield line["cost"], f"{line['balance']}: {each} ({number(line['cost'])})"


def _unmet(plan: Mapping[str, Any]) -> Iterator[tuple[float, str]]:
    name = {str(line["person"]): _name(line) for line in plan["roster"]}
    for line in plan.get("wishes", ()):
        what = f"wanted {line['want']}" if "want" in line else f"wanted no {line['avoid']}"
        yield (
            line["cost"],
            f"{line['day']} {name.get(str(line['person']), line['person'])} {what} ({number(line['cost'])})",
        )
