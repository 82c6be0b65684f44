"""What a search has to do of a Compiled: the polynomial reduced, the groups kept, and the way back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qopt.core.arrays import Bits
from qopt.core.compiled import Compiled
from qopt.core.watch import Watch
from qopt.reduce.polynomial.reduced import Reduced
from qopt.reduce.polynomial.whole import reduce_compiled

_NOISE = 1e-9


@dataclass(frozen=True, eq=False)
class Left:
    """A smaller Compiled whose points restore to points of the given one with the same energy.

    Parameters
    ----------
    compiled
        Over the bits that are left; the given one where nothing could be taken out.
    reduced
        None where nothing could be taken out.
    """

    compiled: Compiled
    reduced: Reduced | None = None

    @classmethod
    def of(cls, compiled: Compiled, watch: Watch) -> Left:
        """Reduce a Compiled; bits of groups stay."""
        smaller, reduced = reduce_compiled(compiled, watch=watch)
        return cls(smaller, reduced) if reduced.removed else cls(compiled)

    @property
    def optimum(self) -> Bits | None:
        """The one row of a minimiser (1, bits) where no bit is left, to nine digits of its energy; else None."""
        if self.reduced is None or self.compiled.num_bits:
            return None
        exact = self.reduced.error <= _NOISE * abs(self.compiled.polynomial.offset)
        return self.reduced.restore(np.zeros((1, 0), dtype=np.int8)) if exact else None

    def restore(self, bits: NDArray[np.int8]) -> Bits:
        """Rows of the given Compiled, from rows of what is left."""
        return bits if self.reduced is None else self.reduced.restore(bits)

    def restrict(self, bits: NDArray[np.int8]) -> Bits:
        """Rows of what is left, from rows of the given Compiled."""
        return bits if self.reduced is None else self.reduced.restrict(bits)

    @property
    def facts(self) -> dict[str, object]:
        """For the record: how many bits are left, and what took out the others; empty where nothing did."""
        if self.reduced is None:
            return {}
        return {"bits_left": self.compiled.num_bits, "reduced": dict(self.reduced.counts)}
