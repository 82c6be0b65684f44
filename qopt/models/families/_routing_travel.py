"""Distances and times between the locations of a routing document."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qopt.core.arrays import Floats
from qopt.models import travel
from qopt.models.clock import UNITS
from qopt.models.families._routing_parts import Location, Matrix, Travel, Units

METRES = {"km": 1000.0, "m": 1.0, "mi": 1609.344}
"""Metres of a unit of distance, for great circles."""


def distances(rule: Travel, locations: Sequence[Location], units: Units) -> tuple[Floats, Floats]:
    """Distances and times between locations, shapes (locations, locations).

    Where the document gives only one of the two, the other is the same numbers.
    """
    if isinstance(rule.matrix, Matrix):
        time, distance = (
            None if m is None else np.array(m, dtype=np.float64) for m in (rule.matrix.time, rule.matrix.distance)
        )
        first = distance if distance is not None else time
        assert first is not None
        return first, time if time is not None else first
    if rule.matrix is not None:
        matrix = np.array(rule.matrix, dtype=np.float64)
        return matrix, matrix
    if rule.haversine is not None:
        points = np.array([(p.lat, p.lon) for p in locations], dtype=np.float64)
        distance = travel.haversine(points) / METRES.get(units.distance, 1000.0) * rule.haversine.detour
        return distance, distance / rule.haversine.speed * 3600.0 / UNITS[units.time]
    if rule.geo is not None:
        distance = travel.geographic(np.array([(p.lat, p.lon) for p in locations], dtype=np.float64))
        return distance, distance
    points = np.array([(p.x, p.y) for p in locations], dtype=np.float64)
    if rule.att is not None:
        distance = travel.pseudo_euclidean(points)
        return distance, distance
    assert rule.euclidean is not None
    distance = travel.euclidean(points, rule.euclidean.rounding)
    return distance, distance / rule.euclidean.speed
