"""Reads that are annealed side by side, all from one point or all from random ones."""

from __future__ import annotations

from qopt.core.arrays import Bits, Floats
from qopt.core.watch import Watch
from qopt.kernels.anneal_words import CHAINS
from qopt.solvers.search.annealer import MOST_LANES, Annealer, Block
from qopt.solvers.search.arm import Ends
from qopt.solvers.search.pacing import counted


def side_by_side(annealer: Annealer) -> int:
    """How many reads go together; 0 where they do not."""
    return annealer.together(CHAINS) or annealer.lanes(MOST_LANES)


def annealed(
    annealer: Annealer, point: Bits | None, reads: range, temperatures: Floats, watch: Watch, *, lowest: int
) -> Ends:
    """The ``lowest`` ends of as many reads as go side by side, best first; fewer where fewer do.

    Parameters
    ----------
    point
        Where all of them start; None: each at a point of its own, at random.
    reads
        Their numbers.
    """
    words = annealer.arranged.words
    if words is not None:
        start = None if point is None else point[None]
        return annealer.in_words(
            words, lambda run: counted(run, temperatures, watch), first=reads.start, points=start, lowest=lowest
        )
    starts = reads if point is None else [(read, point) for read in reads]
    (ends,) = annealer.run(Block(starts, temperatures, True), watch)
    order = ends.energies.argsort(kind="stable")[:lowest]
    return Ends(ends.points[order], ends.energies[order], ends.moves, ends.complete)
