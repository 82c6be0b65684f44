"""Small SVG charts: the incumbent over time, and bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from qopt.report.tables import number

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 720, 240, 76, 30, 12, 16


def incumbent_chart(
    incumbents: Sequence[Mapping[str, Any]], bounds: Sequence[Mapping[str, Any]], *, seconds: float
) -> str:
    """The best objective as a step line over time, each point coloured by its origin, and the bound below (or above).

    Parameters
    ----------
    incumbents
        ``{"seconds", "objective", "origin", "backend"}`` in the order of time.
    bounds
        ``{"seconds", "bound", "source"}`` in the order of time.
    seconds
        End of the axis.
    """
    if not incumbents:
        return "<p>No feasible answer was found.</p>"
    values = [float(e["objective"]) for e in incumbents] + [float(e["bound"]) for e in bounds]
    low, high = min(values), max(values)
    if high == low:
        low, high = low - max(1.0, abs(low) * 0.05), high + max(1.0, abs(high) * 0.05)
    low, high = low - 0.06 * (high - low), high + 0.06 * (high - low)
    end = max(seconds, max(float(e["seconds"]) for e in incumbents), 1e-3)

    def at(time: float, value: float) -> tuple[float, float]:
        x = LEFT + (WIDTH - LEFT - RIGHT) * time / end
        y = TOP + (HEIGHT - TOP - BOTTOM) * (high - value) / (high - low)
        return round(x, 1), round(y, 1)

    out = [f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="objective over time">']
    out += _axes(low, high, end, at)
    if bounds:
        out.append(_steps([(float(e["seconds"]), float(e["bound"])) for e in bounds], end, at, "bound"))
    out.append(_steps([(float(e["seconds"]), float(e["objective"])) for e in incumbents], end, at, "best"))
    for event in incumbents[-200:]:
        x, y = at(float(event["seconds"]), float(event["objective"]))
        text = f"{number(event['objective'])} after {event['seconds']:.2f} s, {event['origin']} by {event['backend']}"
        out.append(
            f'<circle cx="{x}" cy="{y}" r="3.5" class="o-{event["origin"]}"><title>{escape(text)}</title></circle>'
        )
    out.append("</svg>")
    return "\n".join(out)


def _axes(low: float, high: float, end: float, at: Any) -> list[str]:
    out = []
    for k in range(5):
        value = low + (high - low) * k / 4
        x, y = at(0.0, value)
        out.append(f'<line x1="{x}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}" class="grid"/>')
        out.append(f'<text x="{x - 8}" y="{y + 4}" text-anchor="end">{number(_short(value, high - low))}</text>')
    for k in range(5):
        x, _ = at(end * k / 4, low)
        out.append(f'<text x="{x}" y="{HEIGHT - 8}" text-anchor="middle">{_short(end * k / 4, end):g} s</text>')
    return out


def _short(value: float, span: float) -> float:
    """A tick label with no more digits than the span needs."""
    digits = 0
    while span < 20 and digits < 6:
        span, digits = span * 10, digits + 1
    return round(value, digits)


def _steps(points: Sequence[tuple[float, float]], end: float, at: Any, kind: str) -> str:
    path = []
    last = None
    for time, value in points:
        x, y = at(time, value)
        path.append(f"M{x} {y}" if last is None else f"H{x}V{y}")
        last = y
    path.append(f"H{at(end, 0.0)[0]}")
    return f'<path d="{"".join(path)}" class="{kind}"/>'


def bars(rows: Sequence[tuple[str, str]]) -> str:
    """Horizontal bars of counts: rows of ``(label, "count …")``, as an HTML table."""
    counts = [int(text.split()[0]) for _, text in rows]
    largest = max(counts, default=0) or 1
    out = ['<table class="bars">']
    for (label, text), count in zip(rows, counts):
        share = 100 * (count / largest) ** 0.5
        out.append(
            f"<tr><th>{escape(label)}</th><td><span style='width:{share:.1f}%'></span></td><td>{escape(text)}</td></tr>"
        )
    out.append("</table>")
    return "\n".join(out)
