"""The least weights that lift everything which breaks a rule above a target: a maximum over all amounts of breaking.

A rule P over a whole form g is k**2 (*square*), k (k - 1) / 2 (*window*) or abs(k) (*linear*) where g = k, and
k**2 + abs(k) for a square that is never broken alone (*shared*, see ``identities.py``). A bit string with g = k has
at least ``target - need(k)`` without the rule's own weight, with ``need(k) = room + slope k - climb(k)`` concave, and P
convex: on either side of the kept values the quotient need / P rises and then falls, so its maximum over whole k lies
at the ends of the pieces of ``climb``, at the kept values' neighbours, or beside the one stationary point of a piece.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from qopt.compilers.bounds import Climbs
from qopt.core.arrays import Floats, Ints


class Shape(IntEnum):
    """How a rule grows with its form."""

    SQUARE = 0
    WINDOW = 1
    LINEAR = 2
    SHARED = 3


WIDEST_FORM = 2**30
"""Forms reach at most this far, so that their squares are exact."""


def amount(shape: NDArray[np.int8], k: Ints) -> Ints:
    """P at k."""
    window = np.where(shape == Shape.WINDOW, k * (k - 1) // 2, np.abs(k))
    return np.where(shape == Shape.SQUARE, k * k, np.where(shape == Shape.SHARED, k * k + np.abs(k), window))


def floors(shape: NDArray[np.int8], room: Ints, slope: Ints, climbs: Climbs) -> Ints | None:
    """Weights in units, >= 0, rounded up; None when the forms reach too far to be exact.

    Parameters
    ----------
    room, slope
        Shape (forms,), in units.
    """
    count = len(shape)
    out = np.zeros(count, dtype=np.int64)
    sign: Ints = np.where(climbs.up, 1, -1)
    start = climbs.at[climbs.owner] + sign * climbs.before_size
    end = start + sign * climbs.size
    furthest = max(np.abs(end).max(initial=0), np.abs(climbs.at).max(initial=0))
    widest = float(np.abs(room).max(initial=0)) + float(np.abs(slope).max(initial=0)) * float(furthest)
    if furthest > WIDEST_FORM or widest >= 2.0**61:
        return None
    everyone = np.arange(count)
    _raise(out, everyone, climbs.at, np.zeros(count, np.int64), shape, room, slope)
    owner = climbs.owner
    low, high = np.minimum(start, end), np.maximum(start, end)
    kind = shape[owner]
    after: Ints = np.where(kind == Shape.WINDOW, 2, 1)
    points = [end, np.full(len(owner), -1), after]
    roots = _stationary(kind, room[owner], slope[owner], climbs, start, sign)
    for root in roots if np.isin(kind, (Shape.WINDOW, Shape.SHARED)).any() else roots[:1]:
        points += [root - 1, root, root + 1, root + 2]
    for point in points:
        k = np.clip(point, low, high)
        moved = np.abs(k - start)
        climb = climbs.before_cost + climbs.cost * moved // np.maximum(climbs.size, 1)
        _raise(out, owner, k, climb, shape, room, slope)
    return out


def _raise(out: Ints, owner: Ints, k: Ints, climb: Ints, shape: NDArray[np.int8], room: Ints, slope: Ints) -> None:
    """Raise the weights to what is needed at k."""
    p = amount(shape[owner], k)
    broken = p > 0
    owner, k, climb, p = owner[broken], k[broken], climb[broken], p[broken]
    need = room[owner] + slope[owner] * k - climb
    np.maximum.at(out, owner, -(-need // p))


def _stationary(
    shape: NDArray[np.int8], room: Ints, slope: Ints, climbs: Climbs, start: Ints, sign: Ints
) -> list[Ints]:
    """Where need / P can be stationary on each piece, rounded down; need = p + q k there.

    For k**2 at ``-2 p / q``, for k (k - 1) / 2 at the roots of ``q k**2 + 2 p k - p``, for k**2 + abs(k) at the roots
    of ``q k**2 + 2 p k + p`` where k > 0 and of ``q k**2 + 2 p k - p`` where k < 0; a line over abs(k) nowhere.
    """
    q: Floats = slope - sign * climbs.cost / np.maximum(climbs.size, 1)
    p: Floats = room - climbs.before_cost + sign * climbs.cost / np.maximum(climbs.size, 1) * start
    with np.errstate(divide="ignore", invalid="ignore"):
        found = []
        for bend in (q, -q) if (shape == Shape.SHARED).any() else (q,):
            root = np.sqrt(np.maximum(p * p + p * bend, 0.0))
            found += [(-p + way * root) / q for way in (1, -1)]
        found[0] = np.where(shape == Shape.SQUARE, -2 * p / q, found[0])
    ends = float(WIDEST_FORM)
    clean = (np.clip(np.nan_to_num(at, nan=0.0, posinf=ends, neginf=-ends), -ends, ends) for at in found)
    return [np.floor(at).astype(np.int64) for at in clean]
