"""What the arms search: the inner bits and their moves, the couplings, and what is there beyond pairs."""

from __future__ import annotations

from dataclasses import dataclass

from qopt.core.accepts import Accepts
from qopt.core.arrays import Floats
from qopt.core.compiled import Compiled
from qopt.solvers._structure import Structure
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

    @property
    def plain(self) -> bool:
        """Whether pairs say it all: no products, no rows."""
        return not len(self.compiled.polynomial.products) and not len(self.compiled.rows)

    @property
    def free(self) -> bool:
        """Whether every bit is free."""
        return self.structure.free == self.structure.size

    def energies(self, inner: Floats) -> Floats:
        """Energies of the Compiled for inner energies."""
        return self.couplings.energies(inner)
