"""The rule with the smaller coefficients: by duality where that proves what is asked, else by range."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from qopt.compilers.bounds import MOST_PRODUCTS, MOST_SECONDS
from qopt.compilers.lowered import Lowered, Penalties
from qopt.compilers.penalties.dual import MOST_MEASURED, Dual
from qopt.compilers.penalties.range import Range
from qopt.compilers.size import precision_bits, weighed


@dataclass(frozen=True)
class Auto:
    """Weights by ``dual`` or by ``range``, whichever needs fewer coefficient bits; ``dual`` where that is equal.

    Parameters
    ----------
    scale
        Factor on the proven weights, > 0; below 1 nothing is proven any more.
    seconds
        For each linear relaxation, > 0: where that is too little a subgradient ascent takes its place.
    """

    scale: float = 1.0
    seconds: float = MOST_SECONDS
    tightens: ClassVar[bool] = True

    def weigh(self, lowered: Lowered, *, guarantee: str, incumbent: float | None = None) -> Penalties:
        """The better of the two; without rules there is nothing to prove, nor to relax."""
        if not len(lowered.rules):
            return Range(self.scale).weigh(lowered, guarantee=guarantee, incumbent=incumbent)
        dual = Dual(self.scale, self.seconds).weigh(lowered, guarantee=guarantee, incumbent=incumbent)
        if dual.proof["rule"] != "dual":
            return dual
        pairs = float(lowered.rules.forms.couplings().sum())
        if pairs > MOST_MEASURED or len(lowered.objective.value) > MOST_PRODUCTS:
            return dual
        ranged = Range(self.scale).weigh(lowered, guarantee=guarantee, incumbent=incumbent)
        smaller = precision_bits(weighed(lowered, ranged)) < precision_bits(weighed(lowered, dual))
        return ranged if smaller and ranged.guarantee == dual.guarantee else dual


PLUGIN = Auto()
