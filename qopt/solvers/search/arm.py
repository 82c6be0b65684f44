"""The seam between the portfolio and the ways of searching it spends time on.

An arm is a frozen object over a landscape, made once per run by its module's ``fit(landscape) -> Arm | None`` (None
where it cannot search such a landscape). It keeps no state between turns but calibration that does not change what it
finds: what a turn finds depends on the landscape, the turn's number, seed, elite and work, so a run limited by work is
the same whatever the number of threads.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple, Protocol

import numpy as np

from qopt.core.arrays import Bits, Floats
from qopt.core.watch import Watch


class Entry(NamedTuple):
    """A point somebody found: an inner point (size,), its inner energy, and by how much it breaks rows (0: holds)."""

    point: Bits
    energy: float
    violation: float = 0.0

    @property
    def rank(self) -> tuple[float, float]:
        """Lower is better: what holds comes first."""
        return self.violation, self.energy


class Turn(NamedTuple):
    """One call of an arm.

    Parameters
    ----------
    number
        Of this turn among all of the run: with ``seed`` it names the turn's random stream.
    elite
        What is known, best first; may be empty.
    work
        Moves it may propose, about; None: until the watch ends.
    watch
        Ends the turn, by its deadline or its stop. An arm returns within 20 ms of either.
    """

    number: int
    seed: int
    elite: tuple[Entry, ...]
    work: int | None
    watch: Watch


@dataclass(frozen=True, eq=False)
class Ends:
    """What a turn found.

    Parameters
    ----------
    points
        Inner points that satisfy every group, shape (rows, size), int8. At least one.
    energies
        Their inner energies (before factor and offset of the landscape), shape (rows,): exact for whole couplings.
    moves
        Moves proposed (a step of a search that looks at n moves at once counts n).
    complete
        Whether the turn came to its own end rather than to the watch's.
    violations
        By how much each point breaks the rows, shape (rows,), >= 0; None: nothing is broken.
    exhaustive
        The first point is proven to be a minimiser.
    """

    points: Bits
    energies: Floats
    moves: int
    complete: bool
    violations: Floats | None = None
    exhaustive: bool = False

    def best(self) -> Ends:
        """The best point alone."""
        ranks = [entry.rank for entry in self.entries()]
        k = min(range(len(ranks)), key=ranks.__getitem__)
        one = slice(k, k + 1)
        violations = None if self.violations is None else self.violations[one]
        return Ends(self.points[one], self.energies[one], self.moves, self.complete, violations, self.exhaustive)

    def entries(self) -> list[Entry]:
        """One entry per point."""
        broken = np.zeros(len(self.energies)) if self.violations is None else self.violations
        return [Entry(p, float(e), float(v)) for p, e, v in zip(self.points, self.energies, broken, strict=True)]


class Arm(Protocol):
    """A way of searching a landscape."""

    name: ClassVar[str]
    needs: ClassVar[int]
    """Entries of the elite without which it has nothing to work on."""
    patient: ClassVar[bool]
    """Whether it takes a long turn to do it justice, as for a slow anneal."""

    @property
    def prior(self) -> float:
        """How likely a turn is to pay on this landscape, as far as can be told before any was taken; in (0, 1]."""
        ...

    def spend(self, turn: Turn) -> Ends:
        """Search for the length of a turn."""
        ...
