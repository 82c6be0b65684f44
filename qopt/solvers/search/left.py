"""What a search has to do of a Compiled: hidden structure lifted, the polynomial reduced, and the way back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qopt.core.arrays import Bits
from qopt.core.compiled import Compiled
from qopt.core.watch import Watch
from qopt.reduce.lift import Lifted, lift_compiled
from qopt.reduce.polynomial.reduced import Reduced
from qopt.reduce.polynomial.whole import reduce_compiled

_NOISE = 1e-9
_LEAST_SECONDS = 0.5  # of a run that can spare the time to look for hidden structure
_WORTHWHILE = 0.3
"""Share of the bits in hidden groups and products from which their moves pay more than single flips."""


@dataclass(frozen=True, eq=False)
class Left:
    """A smaller Compiled whose points restore to points of the given one with the same energy.

    Parameters
    ----------
    compiled
        Over the bits that are left; the given one where nothing could be done.
    lifted
        Groups and products that the given one hid, None where it hid none.
    reduced
        What could be taken out after that, None where nothing could.
    """

    compiled: Compiled
    lifted: Lifted | None = None
    reduced: Reduced | None = None

    @classmethod
    def of(cls, compiled: Compiled, watch: Watch) -> Left:
        """Reduce a Compiled; where most of it is hidden structure, lift that first. Bits of groups stay."""
        smaller, reduced = reduce_compiled(compiled, watch=watch)
        sparse = reduced.removed > _WORTHWHILE * compiled.num_bits  # groups bind their bits together
        if smaller.num_bits and not sparse and watch.remaining() >= _LEAST_SECONDS:
            lifted = lift_compiled(compiled)
            found = len(lifted.compiled.groups.index) - len(compiled.groups.index) + len(lifted.taken)
            if found >= _WORTHWHILE * compiled.num_bits:
                smaller, reduced = reduce_compiled(lifted.compiled, watch=watch)
                return cls(smaller, lifted, reduced if reduced.removed else None)
        return cls(smaller, None, reduced) if reduced.removed else cls(compiled)

    @property
    def changed(self) -> bool:
        """Whether the Compiled is another one."""
        return self.lifted is not None or self.reduced is not None

    @property
    def optimum(self) -> Bits | None:
        """The one row of a minimiser (1, bits) where no bit is left, to nine digits of its energy; else None."""
        if self.reduced is None or self.compiled.num_bits:
            return None
        exact = self.reduced.error <= _NOISE * abs(self.compiled.polynomial.offset)
        return self.restore(np.zeros((1, 0), dtype=np.int8)) if exact else None

    def restore(self, bits: NDArray[np.int8]) -> Bits:
        """Rows of the given Compiled, from rows of what is left."""
        for step in (self.reduced, self.lifted):
            bits = bits if step is None else step.restore(bits)
        return bits

    def restrict(self, bits: NDArray[np.int8]) -> Bits:
        """Rows of what is left, from rows of the given Compiled."""
        for step in (self.lifted, self.reduced):
            bits = bits if step is None else step.restrict(bits)
        return bits

    @property
    def facts(self) -> dict[str, object]:
        """For the record: how many bits are left, what was lifted, what took out others; empty where nothing did."""
        facts: dict[str, object] = {"bits_left": self.compiled.num_bits} if self.changed else {}
        if self.lifted is not None:
            facts["lifted"] = dict(self.lifted.counts)
        if self.reduced is not None:
            facts["reduced"] = dict(self.reduced.counts)
        return facts
