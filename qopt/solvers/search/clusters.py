"""What points of a sparse landscape have in common, and what is better in one of them than in the other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qopt.core.arrays import Bits
from qopt.core.watch import Watch
from qopt.kernels import anneal_fields, crossover
from qopt.kernels.rng import streams
from qopt.solvers._structure import Structure
from qopt.solvers.search.couplings import Couplings


class Merged:
    """A point that takes over from others the clusters that are better there; see ``kernels.crossover.cross``.

    Parameters
    ----------
    point
        Where it begins, an inner point (size,).
    seed
        Of the choices between clusters of the same energy.
    """

    def __init__(self, couplings: Couplings, point: Bits, seed: int) -> None:
        self.couplings = couplings
        self._weights = (couplings.indptr, couplings.col, couplings.weight)
        self._field, self._sign = _load(couplings, point)
        self._mark, self._stack = np.empty(len(point), np.int8), np.empty(len(point), np.int32)
        self._random = np.empty(1, dtype=np.uint64)
        streams(np.uint64(seed & (2**64 - 1)), 0, self._random)

    @property
    def point(self) -> Bits:
        """Where it is now."""
        return (self._sign < 0).astype(np.int8)

    @property
    def energy(self) -> float:
        """Its inner energy."""
        return float(anneal_fields.energy_of(self.couplings.linear, self._field, self._sign))

    def cross(self, points: Iterable[Bits], watch: Watch) -> None:
        """Cross with one point after the other, until the watch expires."""
        for point in points:
            if watch.expired():
                return
            crossover.cross(*self._weights, self._field, self._sign, point, self._random, self._mark, self._stack)


@dataclass(frozen=True, eq=False)
class Contracted:
    """The smaller problem of turning over whole clusters of bits that some points never part.

    Parameters
    ----------
    point
        The one of the points whose clusters are turned over.
    label
        The cluster of each bit, shape (size,).
    structure, couplings
        Of the clusters, as free bits: 0 everywhere is ``point``.
    energy
        Inner energy of ``point``, which the couplings leave out.
    """

    point: Bits
    label: NDArray[np.int32]
    structure: Structure
    couplings: Couplings
    energy: float

    @classmethod
    def of(cls, couplings: Couplings, points: Bits) -> Contracted:
        """The problem that the points (2 to 64, size) share, seen from the first of them."""
        n, number = points.shape[1], couplings.linear.dtype
        weights = (couplings.indptr, couplings.col, couplings.weight)
        place = np.left_shift(np.int64(1), np.arange(len(points) - 1))
        code = place @ (points[1:] != points[0])
        field, sign = _load(couplings, points[0])
        label, member, start = np.empty(n, np.int32), np.empty(n, np.int32), np.empty(n + 1, np.int64)
        pairs = len(couplings.col)
        small = np.empty(n, number), np.empty(n + 1, np.int64), np.empty(pairs, np.int32), np.empty(pairs, number)
        k = crossover.contract(*weights, field, sign, code, label, member, start, small)
        linear, indptr, col, weight = small
        indptr = indptr[: k + 1]
        made = Couplings(linear[:k], indptr, col[: indptr[k]], weight[: indptr[k]], 1.0, 0.0)
        none = np.zeros(0, dtype=np.int64)
        structure = Structure(k, np.arange(k), k, np.array([k]), none, none)
        energy = float(anneal_fields.energy_of(couplings.linear, field, sign))
        return cls(points[0], label, structure, made, energy)

    def restore(self, turned: Bits) -> Bits:
        """The inner point in which those clusters are turned over."""
        return self.point ^ turned[self.label]


def _load(couplings: Couplings, point: Bits) -> tuple[NDArray[Any], NDArray[Any]]:
    field, sign = np.empty((2, len(point)), dtype=couplings.linear.dtype)
    anneal_fields.load(couplings.linear, couplings.indptr, couplings.col, couplings.weight, point, field, sign)
    return field, sign
