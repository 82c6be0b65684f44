"""Arms that temper replicas on a ladder of temperatures: where a turn starts, goes on and ends."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from qopt.core.arrays import Bits, Floats
from qopt.core.watch import run_in_chunks
from qopt.kernels.rng import streams
from qopt.solvers.search.arm import Ends, Turn
from qopt.solvers.search.landscape import Landscape


@dataclass(frozen=True, eq=False)
class Ladder(ABC):
    """Replicas at temperatures that are all their own.

    A turn by work starts from the elite or from anywhere. A turn by time mostly goes on where one before it ended: a
    ladder pays the longer it stands.
    """

    landscape: Landscape
    parked: list[Any] = field(default_factory=list)
    """Replicas of turns by time that have ended; whoever goes on takes them out."""

    needs: ClassVar[int] = 0
    patient: ClassVar[bool] = True
    count: ClassVar[int] = 6
    """Replicas."""
    go_on: ClassVar[float] = 0.75
    """Share of the turns by time that take up parked replicas."""

    @abstractmethod
    def replicas(self, points: Bits, random: NDArray[np.uint64]) -> Any:
        """Replicas that start at inner points (replicas, size), in the order of the ladder."""

    @abstractmethod
    def temper(self, units: int, replicas: Any) -> int:
        """Propose at least that many moves; returns how many."""

    @abstractmethod
    def best(self, replicas: Any) -> tuple[Bits, Floats]:
        """The best inner point that each replica has been at, and its energy."""

    def start(self, turn: Turn) -> Any:
        """The replicas of a turn: parked ones, or new ones from the elite in random choice, or from anywhere."""
        random = np.random.default_rng([turn.seed & (2**64 - 1), turn.number])
        if turn.work is None and random.random() < self.go_on:
            with suppress(IndexError):  # other threads have them, or there are none yet
                return self.parked.pop()
        points = self.landscape.structure.random_points(random, self.count)
        if random.random() < 0.5:
            count = min(self.count, len(turn.elite))
            for k, chosen in enumerate(np.sort(random.choice(len(turn.elite), count, replace=False))):
                points[k] = turn.elite[chosen].point
        state = np.empty(1, dtype=np.uint64)
        streams(np.uint64(turn.seed & (2**64 - 1)), turn.number, state)
        return self.replicas(points, state)

    def spend(self, turn: Turn) -> Ends:
        """Temper until the work is done or the watch ends; at least one sweep."""
        replicas = self.start(turn)

        def step(units: int) -> int:
            return self.temper(units, replicas)

        moves = step(1)
        moves += run_in_chunks(step, turn.watch, work=None if turn.work is None else turn.work - moves)
        points, energies = self.best(replicas)
        if turn.work is None:
            self.parked.append(replicas)
        return Ends(points, energies, moves, not turn.watch.expired())
