"""A point of a sparse landscape that takes over from other points the clusters that are better there."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from qopt.core.arrays import Bits
from qopt.core.watch import Watch
from qopt.kernels import anneal_fields, crossover
from qopt.kernels.rng import streams
from qopt.solvers.search.couplings import Couplings


class Merged:
    """A point and its fields; see ``kernels.crossover``.

    Parameters
    ----------
    point
        Where it begins, an inner point (size,).
    seed, stream
        Of the random choices between clusters of the same energy.
    """

    def __init__(self, couplings: Couplings, point: Bits, seed: int, stream: int) -> None:
        self.couplings = couplings
        self._weights = (couplings.indptr, couplings.col, couplings.weight)
        self._field, self._sign = np.empty((2, len(point)), dtype=couplings.linear.dtype)
        self._mark, self._stack = np.empty(len(point), np.int8), np.empty(len(point), np.int32)
        self._random = np.empty(1, dtype=np.uint64)
        streams(np.uint64(seed & (2**64 - 1)), stream, self._random)
        anneal_fields.load(couplings.linear, *self._weights, point, self._field, self._sign)

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
