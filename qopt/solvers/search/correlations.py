"""Products of four spins that are the squared autocorrelations of a sequence, multiplied out: found again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qopt.core.arrays import Floats
from qopt.kernels.correlations import LONGEST
from qopt.solvers.search.couplings import Couplings
from qopt.solvers.search.terms import Terms


@dataclass(frozen=True, eq=False)
class Correlations:
    """``inner energy of the terms = weight * (sum of squared autocorrelations) + rest`` for the bits in their order."""

    terms: Terms
    weight: float
    rest: float

    @classmethod
    def of(cls, terms: Terms) -> Correlations | None:
        """What the terms are, exactly; None where they are anything else.

        Four spins a < b < c < d occur in the squares where a + d = b + c, in two of them, twice each; two spins at an
        even distance occur in one, twice; nothing else does.
        """
        p, c = terms.products, terms.couplings
        n, weight = len(c.linear), p.coefficient[0] * c.factor / 4 if len(p) else 0.0
        if not terms.spins or not 4 <= n <= LONGEST or len(p) != quadruples(n) or weight <= 0:
            return None
        if len(p.index) != 4 * len(p) or (p.coefficient != p.coefficient[0]).any():
            return None
        a, b, d, e = np.sort(p.index.reshape(-1, 4), axis=1).T
        if (a + e != b + d).any():
            return None
        place = np.arange(n)
        even = (np.abs(place[:, None] - place) % 2 == 0) & (place[:, None] != place)
        pairs = 8.0 * weight * even  # 2 s_i s_j = 8 x_i x_j - 4 x_i - 4 x_j + 2
        if not np.array_equal(_matrix(c), pairs) or not np.array_equal(c.linear, -pairs.sum(axis=1) / 2):
            return None
        # All spins down: no bit is on, every product of pairs is 1.
        down = float(np.round(p.coefficient * c.factor).sum() if c.exact else (p.coefficient * c.factor).sum())
        return cls(terms, weight, down - weight * float((np.arange(1, n) ** 2).sum()))

    def energies(self, squares: Floats) -> Floats:
        """Energies of the Compiled for sums of squared autocorrelations."""
        return self.terms.couplings.energies(self.weight * squares + self.rest)

    def squares(self, energies: Floats) -> Floats:
        """Sums of squared autocorrelations for energies of the Compiled."""
        return np.rint((self.terms.couplings.inner(energies) - self.rest) / self.weight)


def quadruples(n: int) -> int:
    """Number of a < b < c < d below n with a + d = b + c."""
    spans = np.arange(3, n)
    return int(((n - spans) * ((spans - 1) // 2)).sum())


def _matrix(c: Couplings) -> Floats:
    """The pairs as a full matrix."""
    if c.dense:
        return c.weight * float(c.indptr[0])
    n = len(c.linear)
    full = np.zeros((n, n))
    full[np.repeat(np.arange(n), np.diff(c.indptr)), c.col] = c.weight
    return full
