"""A map of routes as SVG: the depot, the stops, one colour per vehicle."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import numpy as np

from qopt.core.arrays import Floats
from qopt.report.tables import number

PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#8c6d00", "#56b4e9", "#7a3fb5", "#b03030", "#4d7d2d", "#555555")
SIZE, MARGIN = 640, 24


def estimated_points(distance: Floats) -> Floats:
    """Positions in the plane whose distances come close to the given ones (classical scaling, Torgerson 1952).

    Parameters
    ----------
    distance
        Shape (n, n); symmetrised first.

    Returns
    -------
    Shape (n, 2).
    """
    d = (distance + distance.T) / 2
    np.fill_diagonal(d, 0.0)
    centred = -0.5 * (d**2 - (d**2).mean(axis=0) - (d**2).mean(axis=1)[:, None] + (d**2).mean())
    values, vectors = np.linalg.eigh(centred)
    top: Floats = vectors[:, -2:] * np.sqrt(np.maximum(values[-2:], 0.0))
    return top[:, ::-1]


def route_map(plan: Mapping[str, Any], points: Mapping[Any, tuple[float, float]], depot: Any) -> str:
    """The plan's routes over a map.

    Parameters
    ----------
    points
        Position of every stop and of the depot, by id.
    depot
        The depot's id.
    """
    names = list(points)
    xy = np.array([points[name] for name in names], dtype=np.float64)
    low, high = xy.min(axis=0), xy.max(axis=0)
    scale = (SIZE - 2 * MARGIN) / max(float((high - low).max()), 1e-9)
    height = round(float((high - low)[1]) * scale + 2 * MARGIN)
    width = round(float((high - low)[0]) * scale + 2 * MARGIN)

    def at(name: Any) -> tuple[float, float]:
        x, y = points[name]
        return round(MARGIN + (x - low[0]) * scale, 1), round(height - MARGIN - (y - low[1]) * scale, 1)

    out = [f'<svg class="map" viewBox="0 0 {width} {height}" role="img" aria-label="map of the routes">']
    for k, route in enumerate(plan["routes"]):
        colour = PALETTE[k % len(PALETTE)]
        line = " ".join(f"{x},{y}" for x, y in [at(depot), *[at(stop) for stop in route["stops"]], at(depot)])
        facts = f"{route['vehicle']}: {len(route['stops'])} stops, cost {number(route['cost'])}"
        out.append(f'<polyline points="{line}" stroke="{colour}"><title>{escape(facts)}</title></polyline>')
        for order, stop in enumerate(route["stops"], start=1):
            x, y = at(stop)
            text = escape(f"{stop}: stop {order} of {route['vehicle']}")
            out.append(f'<circle cx="{x}" cy="{y}" r="4" fill="{colour}"><title>{text}</title></circle>')
            if len(names) <= 40:
                out.append(f'<text x="{x + 6}" y="{y - 5}">{escape(str(stop))}</text>')
    x, y = at(depot)
    box = f'x="{x - 6}" y="{y - 6}" width="12" height="12" class="depot"'
    out.append(f"<rect {box}><title>depot {escape(str(depot))}</title></rect>")
    out.append("</svg>")
    return "\n".join(out)
