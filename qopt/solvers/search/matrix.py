"""Dense free bits as they are, for ``kernels.anneal_dense``: one chain at a time, 64 bits at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qopt.core.arrays import Bits, Floats
from qopt.kernels import anneal_dense, anneal_fields
from qopt.kernels.anneal_blocks import WIDE
from qopt.solvers.search.blocks import Chain
from qopt.solvers.search.couplings import Couplings


@dataclass(frozen=True, eq=False)
class Matrix:
    """Couplings held as a square matrix, of free bits only."""

    couplings: Couplings

    @property
    def sweep(self) -> int:
        """Units of a sweep."""
        return len(self.couplings.linear)

    def chain(self, point: Bits, random: NDArray[np.uint64]) -> Chain:
        """A chain at a point (n,), drawing from a xorshift64* state (1,)."""
        c = self.couplings
        field, sign = np.empty((2, len(c.linear)), dtype=c.linear.dtype)
        anneal_fields.load(c.linear, c.indptr, c.col, c.weight, point, field, sign)
        return Chain(field, sign, random, np.zeros(1, np.uint32), np.zeros(5, np.int64))

    def step(self, units: int, chain: Chain, temperatures: Floats, least: float) -> int:
        """See ``anneal_dense.anneal``."""
        c = self.couplings
        room = np.empty(WIDE, dtype=c.linear.dtype), np.empty(WIDE, dtype=np.int8)
        done: int = anneal_dense.anneal(units, c.indptr, c.col, c.weight, temperatures, least, *chain, *room)
        return done

    def point(self, chain: Chain) -> Bits:
        """Where a chain stands."""
        return (chain.sign < 0).astype(np.int8)

    def energy(self, chain: Chain) -> float:
        """The energy there."""
        energy: float = anneal_fields.energy_of(self.couplings.linear, chain.field, chain.sign)
        return energy
