"""Every point of a small landscape, one after the other: its first answer is a minimiser, and proven."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from qopt.core.watch import run_in_chunks
from qopt.solvers.search.arm import Ends, Turn
from qopt.solvers.search.landscape import Landscape

STATES = 2**22
"""Points of the largest landscape that is searched through: about 0.1 s."""

WIDEST = 128  # bits


@dataclass(frozen=True, eq=False)
class Exhaust:
    """A walk over all points by a Gray code; a turn that is cut short has proven nothing and begins anew."""

    landscape: Landscape

    name: ClassVar[str] = "exhaust"
    needs: ClassVar[int] = 0
    patient: ClassVar[bool] = True
    prior: ClassVar[float] = 1.0

    def spend(self, turn: Turn) -> Ends:
        """Visit every point, or as many as the turn allows."""
        from qopt.solvers.search.states import Walk

        walk = Walk(self.landscape.structure, self.landscape.couplings, keep=20)
        run_in_chunks(walk.step, turn.watch, work=turn.work)
        points, energies = walk.found()
        return Ends(points, energies, walk.visited, walk.ended, exhaustive=walk.ended)


def fit(landscape: Landscape) -> Exhaust | None:
    """For what pairs say, where the points are few."""
    structure = landscape.structure
    few = structure.size <= WIDEST and structure.points <= STATES
    return Exhaust(landscape) if few and landscape.plain else None
