"""Distances between places: the plane with a rule of rounding, and the two geographic rules of TSPLIB."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from qopt.core.arrays import Floats

Rounding = Literal["none", "nearest", "up", "down", "down1"]

ROUNDINGS: dict[str, Callable[[Floats], Floats]] = {
    "none": lambda d: d,
    "nearest": lambda d: np.floor(d + 0.5),
    "up": np.ceil,
    "down": np.floor,
    "down1": lambda d: np.floor(10.0 * d + 1e-9) / 10.0,
}
"""What becomes of a length; ``nearest`` rounds a half up, as TSPLIB's EUC_2D does; ``down1`` keeps one decimal, as the
DIMACS challenge does for routes with time windows."""

EARTH = 6378.388
"""Radius of the earth in TSPLIB's GEO rule, in km."""


def euclidean(points: ArrayLike, rounding: Rounding = "none") -> Floats:
    """Distances in the plane between points (n, 2), shape (n, n)."""
    return ROUNDINGS[rounding](np.sqrt(squares(points)))


def pseudo_euclidean(points: ArrayLike) -> Floats:
    """TSPLIB's ATT rule for points (n, 2): the root of a tenth of the squared length, rounded up (Reinelt, 1995)."""
    distance: Floats = np.ceil(np.sqrt(squares(points) / 10.0))
    return distance


def squares(points: ArrayLike) -> Floats:
    """Squared distances in the plane, shape (n, n)."""
    x, y = np.asarray(points, dtype=np.float64).T
    square: Floats = (x[:, None] - x[None, :]) ** 2 + (y[:, None] - y[None, :]) ** 2
    return square


def geographic(points: ArrayLike) -> Floats:
    """TSPLIB's GEO rule: whole kilometres on a sphere between (latitude, longitude), shape (n, n) (Reinelt, 1995).

    Degrees are written DDD.MM: the whole part is degrees, the rest minutes. The rule's pi is 3.141592.
    """
    p = np.asarray(points, dtype=np.float64)
    degrees = np.trunc(p)
    radians = 3.141592 * (degrees + 5.0 * (p - degrees) / 3.0) / 180.0
    latitude, longitude = radians[:, 0], radians[:, 1]
    q1 = np.cos(longitude[:, None] - longitude[None, :])
    q2 = np.cos(latitude[:, None] - latitude[None, :])
    q3 = np.cos(latitude[:, None] + latitude[None, :])
    inner = np.clip(0.5 * ((1.0 + q1) * q2 - (1.0 - q1) * q3), -1.0, 1.0)
    distance = np.trunc(EARTH * np.arccos(inner) + 1.0)
    np.fill_diagonal(distance, 0.0)
    return distance


def haversine(points: ArrayLike) -> Floats:
    """Great circles in metres between (latitude, longitude) in degrees, shape (n, n), on a sphere of 6371.0088 km."""
    latitude, longitude = np.radians(np.asarray(points, dtype=np.float64)).T
    half = np.sin((latitude[:, None] - latitude) / 2) ** 2
    half += np.cos(latitude[:, None]) * np.cos(latitude) * np.sin((longitude[:, None] - longitude) / 2) ** 2
    distance: Floats = 2 * 6371008.8 * np.arcsin(np.sqrt(np.clip(half, 0.0, 1.0)))
    np.fill_diagonal(distance, 0.0)
    return distance
