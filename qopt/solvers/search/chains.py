"""Any landscape of pairs arranged for ``kernels.anneal_chain``: one chain at a time, by the moves of its groups."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qopt.core.arrays import Bits, Floats
from qopt.kernels import anneal_chain, anneal_fields
from qopt.kernels.anneal_chain import Chain
from qopt.solvers._structure import Structure
from qopt.solvers.search.couplings import Couplings

_PROBES = 4096
_TABLE = -np.log((np.arange(4096) + 0.5) / 4096).astype(np.float32)


class Chains:
    """The arrays that the kernel takes of a landscape."""

    def __init__(self, structure: Structure, couplings: Couplings) -> None:
        self.structure, self.couplings = structure, couplings
        c, s = couplings, structure
        self._weights = (c.indptr, c.col, c.weight)
        self.arrays = anneal_chain.Couplings(c.linear, *self._weights, np.array([c.lowest]))
        free = np.array([s.free], dtype=np.int64)
        self.layout = anneal_chain.Layout(free, s.set_start, s.square_start, s.side, s.row_start)

    @property
    def sweep(self) -> int:
        """Units of a sweep."""
        return self.structure.moves

    def chain(self, point: Bits, random: NDArray[np.uint64]) -> Chain:
        """A chain at an inner point, drawing from a xorshift64* state (1,)."""
        field, sign = np.empty((2, self.structure.size), dtype=self.couplings.linear.dtype)
        anneal_fields.load(self.couplings.linear, *self._weights, point, field, sign)
        at = np.zeros(5, dtype=np.int64)
        return Chain(field, sign, self.structure.chosen(point), self.structure.place(point), random, at)

    def step(self, units: int, chain: Chain, temperatures: Floats, least: float) -> int:
        """See ``anneal_chain.anneal``."""
        done: int = anneal_chain.anneal(units, self.arrays, self.layout, chain, self.plan(temperatures, least))
        return done

    def plan(self, temperatures: Floats, least: float) -> anneal_chain.Plan:
        """Temperatures, and the least gain of a step down, for the kernel."""
        return anneal_chain.Plan(temperatures, _TABLE, np.array([least]))

    def point(self, chain: Chain) -> Bits:
        """Where a chain stands."""
        return (chain.sign < 0).astype(np.int8)

    def energy(self, chain: Chain) -> float:
        """The energy there."""
        energy: float = anneal_fields.energy_of(self.couplings.linear, chain.field, chain.sign)
        return energy

    def gains(self, chain: Chain) -> Floats:
        """What some of the moves would change, evenly chosen from all of a sweep."""
        out = np.empty(min(self.structure.moves, _PROBES))
        stride = -(-self.structure.moves // _PROBES)
        count = anneal_chain.gains(self.arrays, self.layout, chain, max(1, stride), out)
        return out[:count]
