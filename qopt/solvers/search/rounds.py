"""Which reads an annealing run makes: a given number, or rounds of longer and longer ones until a deadline."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from qopt.core.arrays import Bits
from qopt.core.watch import Watch
from qopt.kernels.anneal_words import CHAINS
from qopt.solvers.search.annealer import MOST_LANES, Annealer, Block
from qopt.solvers.search.schedule import Schedule

_FIRST_SWEEPS, _MOST_SWEEPS = 32, 65536
_ONE_BY_ONE = 8  # reads of a block whose reads go one after the other


@dataclass(frozen=True, eq=False)
class Rounds:
    """Lists of blocks; the blocks of a list run side by side, one per thread.

    Parameters
    ----------
    given
        Inner points to start from: each is descended from as it is, then annealed from at half the schedule.
    schedule
        Of every read, in inner energies.
    """

    annealer: Annealer
    watch: Watch
    given: list[Bits]
    schedule: Schedule

    def counted(self, reads: int, sweeps: int) -> Iterator[list[Block]]:
        """That many reads of that many sweeps (0: descent alone)."""
        yield from self._descents()
        yield from self._reads(0, reads, sweeps)

    def until_deadline(self, sweeps: int | None) -> Iterator[list[Block]]:
        """Rounds of reads until the watch expires, at least one; None: the sweeps double from round to round."""
        yield from self._descents()
        watch = self.watch
        beside = self.annealer.together(CHAINS) or self.annealer.lanes(MOST_LANES) or _ONE_BY_ONE
        many = 1 if watch.expired() else watch.threads * beside
        first, now, last, spent = 0, sweeps or _FIRST_SWEEPS, 0, 0.0
        while first == 0 or not watch.expired():
            if sweeps is None and last:
                possible = 0.95 * watch.remaining() * last / max(spent, 1e-6)
                now = max(_FIRST_SWEEPS, int(min(2 * last, _MOST_SWEEPS, possible)))
            before = watch.clock()
            yield from self._reads(first, many, now)
            spent, last = watch.clock() - before, now
            first += many

    def _descents(self) -> Iterator[list[Block]]:
        if self.given:
            yield [Block(list(enumerate(self.given)), np.zeros(0), False)]

    def _reads(self, first: int, reads: int, sweeps: int) -> Iterator[list[Block]]:
        temperatures = self.schedule.sweeps(sweeps)
        again = min(len(self.given), reads) if first == 0 else 0
        if again:
            yield [Block(list(enumerate(self.given[:again])), temperatures[sweeps // 2 :], False)]
        threads, together = self.watch.threads, self.annealer.together(reads - again)
        lanes = together or self.annealer.lanes(reads - again)
        size = together or min(lanes or _ONE_BY_ONE, -(-(reads - again) // threads))
        blocks: list[Block] = []
        for k in range(first + again, first + reads, max(1, size)):
            blocks.append(Block(range(k, min(k + size, first + reads)), temperatures, lanes > 0))
            if len(blocks) == threads:
                yield blocks
                blocks = []
        if blocks:
            yield blocks
