"""A map of routes as SVG: the depot, the stops in their order, one colour per vehicle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from qopt.core.arrays import Floats
from qopt.report.tables import number

COLOURS = 10
"""Classes r0 to r9 of the style sheet."""
WIDTH, HEIGHT, MARGIN = 900, 560, 30
NUMBERED = 60
"""Most stops that are drawn with their number and name."""


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
    squares = d**2
    centred = -0.5 * (squares - squares.mean(axis=0) - squares.mean(axis=1)[:, None] + squares.mean())
    values, vectors = np.linalg.eigh(centred)
    return np.stack([vectors[:, -k] * np.sqrt(max(float(values[-k]), 0.0)) for k in (1, 2)], axis=1)


def route_map(
    plan: Mapping[str, Any],
    points: Mapping[str, tuple[float, float]],
    depot: str,
    ends: Sequence[tuple[str | None, str | None]] | None = None,
) -> str:
    """The plan's routes over a map; the legs from and to the depot are drawn fainter.

    Parameters
    ----------
    points
        Position (x to the right, y upwards) of every stop and of the depots, by id as text.
    depot
        The depot's id as text.
    ends
        Where each route begins and ends, None for at its first or its last stop. Default: the depot.
    """
    ends = [(depot, depot)] * len(plan["routes"]) if ends is None else ends
    place, width, height = _projection(points)
    numbered = len(points) <= NUMBERED
    lines, stops = [], []
    for k, route in enumerate(plan["routes"]):
        spots = [place[str(stop)] for stop in route["stops"]]
        colour = f"r{k % COLOURS}"
        facts = f"{route['vehicle']}: {len(spots)} visits, cost {number(route['cost'])}"
        title = f"<title>{escape(facts)}</title>"
        first, last = ([] if end is None else [place[end]] for end in ends[k])
        path = [*first, *spots, *last]
        if numbered:
            lines.append(f'<g class="{colour}">{title}{_line(path)}</g>')
        else:
            legs = (_line(path[:2], "leg") if first else "") + (_line(path[-2:], "leg") if last else "")
            lines.append(f'<g class="{colour}">{title}{legs}{_line(spots)}</g>')
        for order, (stop, (x, y)) in enumerate(zip(route["stops"], spots), start=1):
            said = f"<title>{escape(f'{stop}: visit {order} of ' + str(route['vehicle']))}</title>"
            circle = f'<circle cx="{x}" cy="{y}" r="{9 if numbered else 3.5}"/>'
            text = f'<text x="{x}" y="{y + 3.5:.1f}" class="order">{order}</text>' if numbered else ""
            stops.append(f'<g class="{colour}">{said}{circle}{text}</g>')
    depots = [name for name in dict.fromkeys(end for pair in ends for end in pair) if name is not None]
    boxes = [_depot(name, place[name]) for name in depots]
    here: dict[tuple[float, float], list[str]] = {}
    for name, spot in place.items():
        here.setdefault(spot, []).append(name)
    told = {spot: ", ".join([*names[:3], *(["…"] if len(names) > 3 else [])]) for spot, names in here.items()}
    labels = [_label(names, spot, width) for spot, names in told.items()] if numbered else []
    return "\n".join(
        (
            f'<svg class="map" viewBox="0 0 {width} {height}" role="img" aria-label="map of the routes">',
            *lines,
            *stops,
            *boxes,
            *labels,
            "</svg>",
        )
    )


def _depot(name: str, spot: tuple[float, float]) -> str:
    x, y = spot
    box = f'<rect x="{x - 8:.1f}" y="{y - 8:.1f}" width="16" height="16" rx="3" class="depot"/>'
    return f"<g><title>{escape(f'depot {name}')}</title>{box}</g>"


def _projection(points: Mapping[str, tuple[float, float]]) -> tuple[dict[str, tuple[float, float]], int, int]:
    """Pixels of every point, and the width and height of the picture: one scale both ways, centred."""
    xy = np.array(list(points.values()), dtype=np.float64)
    low, span = xy.min(axis=0), np.maximum(xy.max(axis=0) - xy.min(axis=0), 1e-9)
    scale = float(min((WIDTH - 2 * MARGIN) / span[0], (HEIGHT - 2 * MARGIN) / span[1]))
    height = round(float(span[1]) * scale + 2 * MARGIN)
    left = (WIDTH - float(span[0]) * scale) / 2
    place = {
        name: (round(left + (x - low[0]) * scale, 1), round(height - MARGIN - (y - low[1]) * scale, 1))
        for name, (x, y) in points.items()
    }
    return place, WIDTH, height


def _line(spots: list[tuple[float, float]], kind: str = "") -> str:
    mark = f' class="{kind}"' if kind else ""
    return f'<polyline points="{" ".join(f"{x},{y}" for x, y in spots)}"{mark}/>'


def _label(name: str, spot: tuple[float, float], width: int) -> str:
    """The names of a point to its right, or to the left where the picture ends."""
    x, y = spot
    room = width - x - 14
    side = 'text-anchor="end"' if 6.5 * len(name) > room else ""
    dx = -13 if side else 13
    return f'<text x="{x + dx:.1f}" y="{y - 7:.1f}" class="label" {side}>{escape(name)}</text>'
