"""When every vehicle is where, as SVG: a row per route, a bar per stop, pale while it waits, grey while it rests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from qopt.report.gantt_rows import Axis
from qopt.report.route_map import COLOURS

_ROW, _BAR, _CHARACTER = 30, 20, 6.6  # pixels


def timetable(plan: Mapping[str, Any], *, width: int = 950) -> str:
    """The routes of a plan over time; empty where the plan has no times.

    Parameters
    ----------
    width
        Of the picture in pixels, >= 200.
    """
    routes = [route for route in plan["routes"] if route.get("schedule")]
    if not routes:
        return ""
    axis = Axis.of([{"start": route["depart"], "end": route["end"]} for route in routes])
    low = 0.0 if axis.zero is not None else min(axis.at(route["depart"]) for route in routes)
    left = round(max(len(str(route["vehicle"])) for route in routes) * _CHARACTER) + 16
    scale = (width - left - 24) / max(axis.horizon - low, 1e-9)
    bottom = len(routes) * _ROW + 8
    box = f'class="timetable" viewBox="0 0 {width} {bottom + 26}" font-size="12" fill="currentColor"'
    out = [f'<svg {box} role="img" aria-label="the routes over time">']
    for tick in axis.ticks(most=max(2, int((width - left) // 70))):
        if tick >= low:
            x = round(left + (tick - low) * scale, 1)
            out.append(f'<path d="M{x} 4V{bottom}" stroke="currentColor" stroke-opacity="0.15"/>')
            text = escape(axis.label(tick))
            out.append(f'<text x="{x}" y="{bottom + 16}" text-anchor="middle" fill-opacity="0.7">{text}</text>')
    for k, route in enumerate(routes):
        middle = k * _ROW + _ROW // 2 + 4
        out.append(f'<text x="{left - 8}" y="{middle + 4}" text-anchor="end">{escape(str(route["vehicle"]))}</text>')
        first, last = (left + (axis.at(route[key]) - low) * scale for key in ("depart", "end"))
        way = f'<path d="M{first:.1f} {middle}H{last:.1f}" stroke="currentColor" stroke-width="2"/>'
        bars = _bars(route, axis, left - low * scale, scale, middle - _BAR // 2)
        out.append(f'<g class="r{k % COLOURS}">{way}{"".join(bars)}</g>')
    return "\n".join([*out, "</svg>"])


def _bars(route: Mapping[str, Any], axis: Axis, left: float, scale: float, top: int) -> Iterator[str]:
    """Waits, stops and rests of a route, each with what it is for whoever rests the pointer on it."""
    number = 0
    for step in route["schedule"]:
        arrive, start, leave = (left + axis.at(step[key]) * scale for key in ("arrive", "start", "leave"))
        number += step["what"] == "visit"
        named = f"{number}. {step['id']}" if step["what"] == "visit" else str(step["what"])
        late = ", late" if "late" in step else ""
        times = " to ".join(axis.told(step[key]) for key in ("start", "leave"))
        said = f"<title>{escape(f'{named}: {times}{late}')}</title>"
        place = f'y="{top}" height="{_BAR}" rx="3"'
        if start - arrive > 1:
            pale = f'fill="currentColor" fill-opacity="0.25" x="{arrive:.1f}" width="{start - arrive:.1f}"'
            yield f"<g><title>{escape(f'waits for {named}')}</title><rect {place} {pale}/></g>"
        colour = 'fill="currentColor"' if step["what"] == "visit" else 'fill="#8c8c8c"'
        size = max(leave - start, 2.0)
        text = ""
        if step["what"] == "visit" and size > _CHARACTER * len(str(number)) + 4:
            middle = start + size / 2
            text = f'<text x="{middle:.1f}" y="{top + 14}" text-anchor="middle" class="order">{number}</text>'
        yield f'<g>{said}<rect {place} {colour} x="{start:.1f}" width="{size:.1f}"/>{text}</g>'
