"""The incumbent over time as SVG, with the bound and the gap between them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from math import ceil, floor, log10
from typing import Any

from qopt.report.tables import number

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 900, 260, 84, 32, 12, 22
MOST_POINTS = 300

At = Callable[[float, float], tuple[float, float]]
Steps = Sequence[tuple[float, float]]


def incumbent_chart(
    incumbents: Sequence[Mapping[str, Any]], bounds: Sequence[Mapping[str, Any]], *, seconds: float
) -> str:
    """The best objective as a step line over time, each point coloured by its origin, and the bound beside it.

    Parameters
    ----------
    incumbents
        ``{"seconds", "objective", "origin", "backend"}`` in the order of time; at least one.
    bounds
        ``{"seconds", "bound", "source"}`` in the order of time.
    seconds
        End of the axis.
    """
    best = [(float(e["seconds"]), float(e["objective"])) for e in incumbents]
    bound = [(float(e["seconds"]), float(e["bound"])) for e in bounds]
    low, high = _range([value for _, value in best], [value for _, value in bound])
    end = max(seconds, best[-1][0], 1e-3)

    def at(time: float, value: float) -> tuple[float, float]:
        x = LEFT + (WIDTH - LEFT - RIGHT) * time / end
        y = TOP + (HEIGHT - TOP - BOTTOM) * (high - min(max(value, low), high)) / (high - low)
        return round(x, 1), round(y, 1)

    out = [f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="objective over time">']
    out += _axes(low, high, end, at)
    if bound:
        out.append(_band(best, bound, end, at))
        out.append(_steps(bound, end, at, "bound"))
    out.append(_steps(best, end, at, "best"))
    for event in incumbents[-MOST_POINTS:]:
        x, y = at(float(event["seconds"]), float(event["objective"]))
        said = f"{number(event['objective'])} after {event['seconds']:.2f} s, {event['origin']} by {event['backend']}"
        mark = f'<circle cx="{x}" cy="{y}" r="4"/>'
        out.append(f'<g class="o-{escape(str(event["origin"]))}"><title>{escape(said)}</title>{mark}</g>')
    return "\n".join([*out, "</svg>"])


def _range(best: Sequence[float], bound: Sequence[float]) -> tuple[float, float]:
    """Lower and upper end of the axis. A first incumbent or bound that is far off does not squeeze the rest flat: the
    axis is at most eight times as long as the way from the median incumbent to the last bound or incumbent."""
    values = [*best, *bound]
    low, high = min(values), max(values)
    final, middle = best[-1], sorted(best)[len(best) // 2]
    near = [final, middle, *bound[-1:]]
    reach = 8 * (max(near) - min(near))
    if reach > 0:
        low, high = max(low, min(near) - reach), min(high, max(near) + reach)
    if high == low:
        low, high = low - max(1.0, abs(low) * 0.05), high + max(1.0, abs(high) * 0.05)
    margin = 0.06 * (high - low)
    return low - margin, high + margin


def _axes(low: float, high: float, end: float, at: At) -> list[str]:
    out = []
    for value in ticks(low, high):
        x, y = at(0.0, value)
        out.append(f'<line x1="{x}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}" class="grid"/>')
        out.append(f'<text x="{x - 10}" y="{y + 4}" text-anchor="end">{number(value)}</text>')
    for time in ticks(0.0, end):
        x, _ = at(time, low)
        out.append(f'<text x="{x}" y="{HEIGHT - 8}" text-anchor="middle">{number(time)} s</text>')
    return out


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers (1, 2 or 5 times a power of ten apart) between both ends, at most ``most`` + 1 of them."""
    power = floor(log10((high - low) / most))
    step = min(s for s in (m * 10.0 ** (power + e) for e in (0, 1) for m in (1, 2, 5)) if (high - low) / s <= most)
    first, last = ceil(low / step - 1e-9), floor(high / step + 1e-9)
    return [float(f"{k * step:.12g}") for k in range(first, last + 1)]


def _corners(points: Steps, begin: float, end: float) -> list[tuple[float, float]]:
    """The corners of a step line from ``begin`` to ``end``: a value holds until the next one."""
    out: list[tuple[float, float]] = []
    for time, value in points:
        moment = max(time, begin)
        if out:
            out = [corner for corner in out if corner[0] < moment or corner[0] == begin < moment]
        if out:
            out.append((moment, out[-1][1]))
        out.append((moment, value))
    return [*out, (end, out[-1][1])]


def _steps(points: Steps, end: float, at: At, kind: str) -> str:
    spots = [at(time, value) for time, value in _corners(points, points[0][0], end)]
    return f'<path d="M{" L".join(f"{x} {y}" for x, y in spots)}" class="{kind}"/>'


def _band(best: Steps, bound: Steps, end: float, at: At) -> str:
    """The gap: the area between both lines from the time when both are known."""
    begin = max(best[0][0], bound[0][0])
    there = [at(time, value) for time, value in _corners(best, begin, end)]
    back = [at(time, value) for time, value in reversed(_corners(bound, begin, end))]
    return f'<path d="M{" L".join(f"{x} {y}" for x, y in [*there, *back])}Z" class="band"/>'
