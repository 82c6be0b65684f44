"""Sparse free bits arranged for ``kernels.anneal_blocks``: one chain at a time, 64 bits at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from qopt.core.arrays import Bits, Floats, Ints
from qopt.kernels import anneal_blocks, anneal_fields
from qopt.kernels.anneal_blocks import WIDE


class Chain(NamedTuple):
    """The state of one chain; see ``kernels.anneal_blocks``."""

    field: NDArray[Any]
    sign: NDArray[Any]
    random: NDArray[np.uint64]
    key: NDArray[np.uint32]
    at: Ints


@dataclass(frozen=True, eq=False)
class Blocks:
    """Couplings in the arranged order; a bit k of the problem is at ``place[k]``.

    Parameters
    ----------
    linear, indptr, col, weight
        As in ``kernels.anneal_fields``, of the type of the fields; places that no bit has cost too much to be on.
    """

    place: Ints
    linear: NDArray[Any]
    indptr: NDArray[np.uint32]
    col: NDArray[np.uint32]
    weight: NDArray[Any]

    @classmethod
    def of(cls, linear: NDArray[Any], indptr: Ints, col: NDArray[np.int32], weight: NDArray[Any]) -> Blocks:
        """Arrange couplings of type int32 or float64, with both directions of every pair."""
        number = linear.dtype
        place = np.empty(len(linear), dtype=np.int64)
        size = anneal_blocks.arrange(indptr, col, place) * WIDE
        filled = np.full(size, np.iinfo(np.int32).max if number == np.int32 else np.inf, dtype=number)
        filled[place] = linear
        degree = np.diff(indptr)
        start = np.zeros(size + 1, dtype=np.int64)
        start[1 + place] = degree
        np.cumsum(start, out=start)
        order = np.argsort(place)
        old = np.repeat(indptr[:-1][order] - start[place[order]], degree[order]) + np.arange(len(col))
        return cls(
            place, filled, start.astype(np.uint32), place[col[old]].astype(np.uint32), weight[old].astype(number)
        )

    @property
    def sweep(self) -> int:
        """Units of a sweep."""
        return len(self.linear)

    def chain(self, point: Bits, random: NDArray[np.uint64]) -> Chain:
        """A chain at a point (n,), drawing from a xorshift64* state (1,)."""
        bits = np.zeros(len(self.linear), dtype=np.int8)
        bits[self.place] = point
        field, sign = np.empty((2, len(bits)), dtype=self.linear.dtype)
        anneal_fields.load(self.linear, self.indptr, self.col, self.weight, bits, field, sign)
        return Chain(field, sign, random, np.zeros(1, np.uint32), np.zeros(5, np.int64))

    def step(self, units: int, chain: Chain, temperatures: Floats, least: float) -> int:
        """See ``anneal_blocks.anneal``."""
        room = np.empty(WIDE, dtype=self.linear.dtype), np.empty(WIDE, dtype=np.int8)
        done: int = anneal_blocks.anneal(
            units, self.indptr, self.col, self.weight, temperatures, least, *chain, *room
        )  # fmt: skip
        return done

    def point(self, chain: Chain) -> Bits:
        """Where a chain stands."""
        return (chain.sign[self.place] < 0).astype(np.int8)

    def energy(self, chain: Chain) -> float:
        """The energy there."""
        energy: float = anneal_fields.energy_of(self.linear, chain.field, chain.sign)
        return energy
