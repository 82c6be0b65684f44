"""A landscape that is one quadratic assignment, flow times distance, in the arrays of ``kernels.swap_*``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qopt.core.arrays import Bits, Floats, Ints
from qopt.kernels import anneal_fields
from qopt.kernels.swap_fields import Square
from qopt.reduce.kronecker import Factors
from qopt.reduce.tours import Tour, tour_of
from qopt.solvers.search.couplings import Couplings
from qopt.solvers.search.landscape import Landscape

_LEAST_STOPS = 8
_LARGEST = 2.0**27
"""Of a field in int32, so that a price of four fields and a pair fits too."""


@dataclass(frozen=True, eq=False)
class Assignment:
    """One permutation square whose pair weights factor.

    Parameters
    ----------
    factors
        As recognised: whole numbers where the couplings are.
    square
        The same for kernels, in energies of ``factors.scale`` times the inner ones.
    """

    landscape: Landscape
    factors: Factors
    square: Square

    @classmethod
    def of(cls, landscape: Landscape) -> Assignment | None:
        """The assignment that a landscape is; None where it is anything else, or a tour."""
        factors, couplings = landscape.factors, landscape.couplings
        if factors is None or tour_in(landscape) is not None:
            return None
        linear = factors.scale * couplings.linear.astype(factors.flow.dtype).reshape(factors.side, -1)
        parts = (linear, factors.flow, factors.distance)
        number = np.int32 if factors.flow.dtype.kind == "i" and _reach(*parts) <= _LARGEST else np.float64
        return cls(landscape, factors, Square(*(np.ascontiguousarray(part, dtype=number) for part in parts)))

    @property
    def side(self) -> int:
        """Rows of the square."""
        return self.factors.side

    @property
    def swaps(self) -> int:
        """Swaps at any point."""
        return self.side * (self.side - 1) // 2

    def place(self, point: Bits) -> Ints:
        """The column of every row at an inner point, shape (side,)."""
        return self.landscape.structure.place(point)

    def points(self, places: NDArray[Any]) -> Bits:
        """Inner points of permutations: (rows, side) -> (rows, size)."""
        return square_points(places)

    def energies(self, points: Bits) -> Floats:
        """Inner energies of inner points, from the couplings themselves."""
        return inner_energies(self.landscape.couplings, points)


def tour_in(landscape: Landscape) -> Tour | None:
    """The tour that a landscape is, of at least eight stops (kicks need room); None where it is anything else."""
    factors = landscape.factors
    if factors is None:
        return None
    tour = tour_of(factors, landscape.couplings.linear.reshape(factors.side, -1))
    return tour if tour is not None and len(tour.step) >= _LEAST_STOPS else None


def square_points(places: NDArray[Any]) -> Bits:
    """Points of one square from the columns of its rows: (points, side) -> (points, side * side)."""
    count, side = places.shape
    points = np.zeros((count, side * side), dtype=np.int8)
    points[np.arange(count)[:, None], np.arange(side) * side + places] = 1
    return points


def inner_energies(couplings: Couplings, points: Bits) -> Floats:
    """Inner energies of inner points (rows, size), exact for whole couplings."""
    number, out = couplings.linear.dtype, np.empty(len(points))
    field, sign = np.empty((2, len(couplings.linear)), dtype=number)
    for k, point in enumerate(points):
        anneal_fields.load(couplings.linear, couplings.indptr, couplings.col, couplings.weight, point, field, sign)
        out[k] = anneal_fields.energy_of(couplings.linear, field, sign)
    return out


def _reach(linear: NDArray[Any], flow: NDArray[Any], distance: NDArray[Any]) -> float:
    """More than any field can be."""
    far = np.abs(distance).max(axis=(1, 2), initial=0)
    return float(np.abs(linear).max(initial=0) + (np.abs(flow).sum(axis=2).max(axis=1, initial=0) * far).sum())
