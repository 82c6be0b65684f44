"""One weight for all rules, from the range of the objective.

Let F be the objective energy over bits, L <= F <= U its termwise bounds over *all* bit strings, and P_1, …, P_m the
rules: each is 0 where it holds, at least 1 where it does not, and negative nowhere. Let the energy be
E = F + W (P_1 + … + P_m).

* On a bit string that keeps every rule E = F, which is the objective.
* On any other E >= L + W, because one rule adds at least W and no other takes anything away.

So W > T - L puts every string that breaks a rule above every kept one of energy at most T: T = U for *total*, the
energy of any feasible point for *argmin*, that plus the margin for *top*. Three things are easily got wrong here, and
each was by somebody: the bounds must hold on invalid codes too, or a string may gain more by leaving the code than
validity costs (so they are taken over bits, not over values, and no count of flips is needed); they must be those of F
alone, or the penalties of earlier rules inflate those of later ones; and a rule must never be negative, or breaking one
could pay for breaking another.

New bits of soft rows and of products keep this true: least over them F is the objective itself, so an answer lies at
its objective with the right ones and not below it with any others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qopt.compilers.lowered import Guarantee, Lowered, Penalties
from qopt.core.errors import CompileError

_MARGIN = 2.0**-20
"""Relative margin where energies are not whole; far above the rounding error of sums of a million floats."""
NOISE = 2.0**-28
"""What a weight is at least, relative to the constant: where coefficients cancel down to rounding error, the constant
stays and drowns them. Above the 1e-9 at which energies are told apart."""


@dataclass(frozen=True)
class Range:
    """Weights by the termwise range of the objective.

    Parameters
    ----------
    scale
        Factor on the proven weight, > 0; below 1 nothing is proven any more.
    """

    scale: float = 1.0

    def weigh(self, lowered: Lowered, *, guarantee: str, incumbent: float | None = None) -> Penalties:
        """One weight for all rules.

        Parameters
        ----------
        incumbent
            Energy of a feasible point; None when none is known (then the weight proves ``total``).

        Raises
        ------
        CompileError
            An incumbent below every possible energy, or a scale that is not positive.
        """
        if not self.scale > 0:
            raise CompileError(f"penalty scale must be above 0, got {self.scale!r}")
        goal = Guarantee.of(guarantee)
        objective = lowered.objective
        coefficients = np.concatenate([objective.linear, objective.value, objective.products.coefficient])
        span = float(np.abs(coefficients).sum())
        lowest = objective.offset + float(np.minimum(coefficients, 0).sum())
        proven, needed = "total", span
        if incumbent is not None and goal.level in ("argmin", "top"):
            wanted = goal.above(incumbent) - lowest
            if wanted < -_MARGIN * max(1.0, span):
                raise CompileError(f"incumbent {incumbent:g} is below {lowest:g}, which nothing can be below")
            if wanted < span:
                proven, needed = guarantee, max(0.0, wanted)
        if objective.integral and span < 2**53:
            floor = float(np.floor(needed)) + 1.0
        else:
            floor = _few_digits(needed + _MARGIN * span + NOISE * abs(objective.offset)) if span else 1.0
        weight = floor * self.scale
        return Penalties(
            np.full(len(lowered.rules), weight),
            proven if self.scale >= 1 else "none",
            {"rule": "range", "lower": lowest, "range": span, "floor": floor, "scale": self.scale},
        )


def _few_digits(value: float) -> float:
    """``value`` rounded up to 20 binary digits, so that its products with small whole numbers are exact."""
    mantissa, exponent = np.frexp(value)
    return float(np.ldexp(np.ceil(mantissa * 2**20), int(exponent) - 20))


PLUGIN = Range()
