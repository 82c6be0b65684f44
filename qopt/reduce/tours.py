"""Recognise a tour: a square one side of whose factors joins places to their neighbours along a line or a ring."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qopt.core.arrays import Ints
from qopt.reduce.kronecker import Factors

_ROUNDING = 1e-11


@dataclass(frozen=True, eq=False)
class Tour:
    """A square as a tour of its stops: each permutation pays, up to a constant, for the steps it makes.

    Parameters
    ----------
    step
        Shape (n, n), from row to column, diagonal 0. For a ring the stops are the items; for a line, stop 0 is where it
        begins and ends, and item k is stop k + 1.
    order
        Shape (items,): the places in the order along the ring or line.
    rows
        Whether the items are the rows of the square and the places its columns, rather than the other way round.
    """

    step: NDArray[np.float64]
    order: Ints
    rows: bool

    @property
    def ring(self) -> bool:
        """Whether the last place meets the first."""
        return len(self.step) == len(self.order)

    @property
    def symmetric(self) -> bool:
        """Whether steps cost the same both ways."""
        return np.array_equal(self.step, self.step.T)

    def place(self, tour: Ints) -> Ints:
        """The column of every row, for the stops in the order of a tour; a line's tour begins with stop 0."""
        items = tour if self.ring else tour[1:] - 1
        column = np.empty(len(self.order), dtype=np.int64)
        if self.rows:
            column[items] = self.order
        else:
            column[self.order] = items
        return column

    def tour(self, place: Ints) -> Ints:
        """The stops in the order of a tour, for the column of every row."""
        items = np.argsort(place)[self.order] if self.rows else place[self.order]
        return np.asarray(items if self.ring else np.append(0, items + 1), dtype=np.int64)


def tour_of(factors: Factors, linear: NDArray[Any]) -> Tour | None:
    """The tour that a square is, or None.

    Parameters
    ----------
    factors
        Of its pair weights.
    linear
        Shape (side, side): what row i pays in column p. Parts that every permutation pays alike are left out; else only
        the ends of a line may cost, which becomes steps from and to stop 0.
    """
    for rows in (True, False):
        items, places = (factors.flow, factors.distance) if rows else (factors.distance, factors.flow)
        alone = np.asarray(linear if rows else linear.T, dtype=np.float64)
        found = _along(items / factors.scale, places.astype(np.float64), alone)
        if found is not None:
            return Tour(*found, rows)
    return None


def _along(
    items: NDArray[np.float64], places: NDArray[np.float64], linear: NDArray[np.float64]
) -> tuple[NDArray[np.float64], Ints] | None:
    """The steps between items, and the places in order; None where the places form neither a ring nor a line."""
    joined = (places != 0).any(axis=0)
    order = _order(joined)
    if order is None:
        return None
    ring = bool(joined[order[0], order[-1]]) and len(order) > 2
    ahead = np.roll(order, -1) if ring else order[1:]
    rates = places[:, order[: len(ahead)], ahead]
    if np.abs(rates - rates[:, :1]).max() > _ROUNDING * np.abs(rates).max():
        return None
    step = np.einsum("c,cij->ij", rates[:, 0], items)
    inside = order if ring else order[1:-1]
    shift = linear[:, inside] - linear[:1, inside]
    slack = _ROUNDING * np.abs(linear).max(initial=0.0)
    if np.abs(shift - shift[:, :1]).max(initial=0.0) > slack:
        return None
    if not ring:
        own = shift[:, 0] if len(inside) else np.zeros(len(linear))
        begin, end = (linear[:, order[k]] - own for k in (0, -1))
        step = np.block([[np.zeros((1, 1)), begin[None]], [end[:, None], step]])
    np.fill_diagonal(step, 0.0)
    return step, order


def _order(joined: NDArray[np.bool_]) -> Ints | None:
    """The places along one ring or line through all of them, a line from its lower end; None where there is none."""
    degree = joined.sum(axis=1)
    n = len(joined)
    ends = np.flatnonzero(degree == 1)
    if n < 3 or degree.max() > 2 or degree.min() < 1 or len(ends) not in (0, 2):
        return None
    order = [int(ends[0]) if len(ends) else 0]
    while len(order) < n:
        ahead = [int(k) for k in np.flatnonzero(joined[order[-1]]) if k not in order[-2:]]
        if not ahead or ahead[0] == order[0]:
            return None
        order.append(ahead[0])
    return np.array(order)
