"""What the arms search: the inner bits and their moves, the couplings, and what is there beyond pairs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from qopt.core.accepts import Accepts
from qopt.core.arrays import Bits, Floats
from qopt.core.compiled import Compiled
from qopt.reduce.kronecker import Factors, factors_of
from qopt.solvers._structure import Structure
from qopt.solvers.search.arm import Entry
from qopt.solvers.search.arranged import Arranged
from qopt.solvers.search.couplings import Couplings


@dataclass(frozen=True, eq=False)
class Landscape:
    """A Compiled in the arrays of the kernels.

    Parameters
    ----------
    compiled
        What is searched; points of it come from inner points by ``structure.outer``.
    structure
        The inner bits: free ones, exactly-one sets, permutation squares.
    couplings
        Linear and pair part over inner bits. Products of three and more bits (``compiled.polynomial.products``) and
        rows (``compiled.rows``) are not in it: an arm that cannot carry them does not fit.
    """

    compiled: Compiled
    structure: Structure
    couplings: Couplings

    @classmethod
    def of(cls, compiled: Compiled, backend: str, accepts: Accepts) -> Landscape:
        """The landscape of a Compiled.

        Raises
        ------
        NotApplicableError
            The Compiled is not something ``accepts`` allows, or two groups share a bit.
        """
        structure = Structure.of(compiled, backend, accepts)
        return cls(compiled, structure, Couplings.of(compiled, structure))

    @cached_property
    def factors(self) -> Factors | None:
        """Flow and distance, where pairs say it all, the bits are one square and its weights are their product."""
        structure, couplings = self.structure, self.couplings
        alone = structure.free == structure.sets == 0 and len(structure.side) == 1
        if not (self.plain and alone and structure.side[0] > 1):
            return None
        return factors_of(couplings.indptr, couplings.col, couplings.weight, int(structure.side[0]))

    @cached_property
    def arranged(self) -> Arranged:
        """The pairs arranged for the kernels that anneal them, once for all arms."""
        return Arranged(self.structure, self.couplings)

    @property
    def plain(self) -> bool:
        """Whether pairs say it all: no products, no rows."""
        return not len(self.compiled.polynomial.products) and not len(self.compiled.rows)

    @property
    def free(self) -> bool:
        """Whether every bit is free."""
        return self.structure.free == self.structure.size

    def entries(self, points: list[Bits]) -> list[Entry]:
        """Inner points as entries."""
        if not points:
            return []
        rows = self.structure.outer(np.array(points))
        energies = (self.compiled.energies(rows) - self.couplings.offset) * self.couplings.factor
        broken = violations(self.compiled, rows)
        broken = np.zeros(len(rows)) if broken is None else broken
        return [Entry(p, float(e), float(v)) for p, e, v in zip(points, energies, broken, strict=True)]

    @property
    def facts(self) -> dict[str, object]:
        """For the record: how the pairs are held."""
        return {"layout": "dense" if self.couplings.dense else "sparse", "weights": str(self.couplings.weight.dtype)}

    def energies(self, inner: Floats) -> Floats:
        """Energies of the Compiled for inner energies."""
        return self.couplings.energies(inner)


def violations(compiled: Compiled, rows: Bits) -> Floats | None:
    """By how much rows of a Compiled's bits break its rows, summed up, shape (rows,); None where it has none."""
    kept = compiled.rows
    if not len(kept):
        return None
    activity = kept.activity(rows)
    return np.asarray(np.maximum(0.0, np.maximum(kept.lower - activity, activity - kept.upper)).sum(axis=1))
