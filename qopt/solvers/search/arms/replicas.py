"""Annealed reads from random points, or from entries of the elite warmed up half-way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from qopt.core.arrays import Bits
from qopt.core.watch import Watch
from qopt.kernels.anneal_words import CHAINS
from qopt.solvers.search.annealer import Annealer
from qopt.solvers.search.arm import Ends, Turn
from qopt.solvers.search.landscape import Landscape
from qopt.solvers.search.pacing import Run, counted, timed
from qopt.solvers.search.schedule import Schedule

AGAIN = 0.8
"""How often a turn begins at the elite, where there is one."""

WARM = 0.25, 0.9
"""Where in the schedule such a turn begins: drawn between these."""

LEAST_SWEEPS = 96
"""Fewer than this are worth more in fewer reads."""

_BESIDE = 8  # reads of a turn where they go one after the other
_EARLY_SECONDS = 0.05
_KEPT = 16  # ends of a turn where they go side by side
_WORDS_PACE, _SINGLE_PACE = 5e9, 2e7  # moves per second, before any were made


@dataclass(eq=False)
class Replicas:
    """As many sweeps as fit into the turn, in 512 reads side by side or in a few one after the other.

    Each turn, all of its reads begin at random points and at the hottest temperature, or all at entries of the elite
    and at a moderate one.
    """

    landscape: Landscape
    pace: dict[bool, float] = field(default_factory=lambda: {True: _WORDS_PACE, False: _SINGLE_PACE})
    """Moves per second of the last turn, side by side or not: which reads a turn by time has room for."""

    name: ClassVar[str] = "replicas"
    needs: ClassVar[int] = 0
    patient: ClassVar[bool] = True

    @property
    def prior(self) -> float:
        """High where a short turn has room for all 512 reads: nothing else finds as good points so early."""
        most = CHAINS * self.landscape.structure.size * LEAST_SWEEPS
        early = most < _EARLY_SECONDS * _WORDS_PACE and self.landscape.arranged.words is not None
        return 0.95 if early else 0.5

    def spend(self, turn: Turn) -> Ends:
        """Anneal one block of reads."""
        schedule = self.landscape.arranged.schedule(turn.watch)
        random = np.random.default_rng([turn.seed, turn.number, 3])
        annealer = Annealer.of(self.landscape, int(random.integers(2**63)))
        points, begin = None, 0.0
        if turn.elite and random.random() < AGAIN:
            points = np.array([entry.point for entry in turn.elite])[random.permutation(len(turn.elite))]
            begin = random.uniform(*WARM)
        size, words = max(1, self.landscape.structure.moves), annealer.arranged.words
        if words is not None and self._room(turn, True) >= CHAINS * size * LEAST_SWEEPS:
            sweeps = self._room(turn, True) // (CHAINS * size)

            def drive(run: Run) -> tuple[int, bool]:
                return _down(run, schedule, begin, None if turn.work is None else sweeps, turn.watch)

            before = turn.watch.clock()
            ends = annealer.in_words(words, drive, points=points, lowest=_KEPT)
            self._clock(ends.moves, before, turn.watch, True)
            return ends
        return self._one_by_one(turn, annealer, schedule, points, begin)

    def _one_by_one(
        self, turn: Turn, annealer: Annealer, schedule: Schedule, points: Bits | None, begin: float
    ) -> Ends:
        size, room = max(1, self.landscape.structure.moves), self._room(turn, False)
        reads = max(1, min(_BESIDE, room // (size * LEAST_SWEEPS)))
        sweeps = None if turn.work is None else max(1, room // (size * reads))
        left = reads

        def starts() -> Iterator[tuple[int, Bits]]:
            for read in range(reads):
                yield read, annealer.start(read) if points is None else points[read % len(points)]

        def drive(run: Run) -> tuple[int, bool]:
            nonlocal left
            last, left = left == 1, left - 1
            watch = turn.watch if last or sweeps else turn.watch.within(turn.watch.remaining() / (left + 1))
            done, complete = _down(run, schedule, begin, sweeps, watch)
            return done, complete or not turn.watch.expired()

        before = turn.watch.clock()
        found = list(annealer.one_by_one(starts(), drive))
        moves = sum(ends.moves for ends in found)
        self._clock(moves, before, turn.watch, False)
        return Ends(
            np.concatenate([ends.points for ends in found]),
            np.concatenate([ends.energies for ends in found]),
            moves,
            all(ends.complete for ends in found),
        )

    def _room(self, turn: Turn, words: bool) -> int:
        """Moves that the turn has room for, about."""
        if turn.work is not None:
            return turn.work
        return int(self.pace[words] * min(turn.watch.remaining(), 10.0))

    def _clock(self, moves: int, before: float, watch: Watch, words: bool) -> None:
        self.pace[words] = max(1.0, moves) / max(1e-4, watch.clock() - before)


def _down(run: Run, schedule: Schedule, begin: float, sweeps: int | None, watch: Watch) -> tuple[int, bool]:
    """That many sweeps of the schedule, or as many as there is time for."""
    if sweeps is None:
        return timed(run, schedule, begin, watch)
    return counted(run, schedule.sweeps(sweeps, begin), watch)


def fit(landscape: Landscape) -> Replicas | None:
    """For everything that pairs say."""
    return Replicas(landscape) if landscape.plain else None
