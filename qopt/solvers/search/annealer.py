"""Annealed reads of one problem: which kernel takes them, temperatures from the problem, reads in chunks."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from qopt.core.arrays import Bits, Floats
from qopt.core.watch import Watch
from qopt.kernels import anneal_lanes
from qopt.kernels.anneal_words import CHAINS
from qopt.kernels.rng import streams
from qopt.solvers._structure import Structure
from qopt.solvers.search.arm import Ends
from qopt.solvers.search.arranged import Arranged
from qopt.solvers.search.couplings import Couplings
from qopt.solvers.search.landscape import Landscape
from qopt.solvers.search.pacing import Run, counted
from qopt.solvers.search.schedule import Schedule
from qopt.solvers.search.words import State, Words

MOST_LANES = 64
LEAST_LANES = 48
"""Fewer reads than this are faster one after the other: much of the lanes' vectors would be idle."""

LEAST_WORDS = 32
"""Fewer reads than this are faster in blocks, one after the other, than in words, of which they would use few bits."""

_LANE_BYTES = 2**26
_AT_A_TIME = 64  # points taken out of words
_PILOT_SHARE = 0.05  # of all sweeps, or of the time, at most


Drive = Callable[[Run], tuple[int, bool]]
"""Runs chains to their end; returns the units done and whether they came there in time."""


class Block(NamedTuple):
    """Reads to be run by one thread, and the temperature of every sweep.

    Parameters
    ----------
    starts
        The number of each read and the inner point it starts at; a range of reads starts at random points.
    lanes
        Whether they go side by side, or one after the other.
    """

    starts: Sequence[tuple[int, Bits]] | range
    temperatures: Floats
    lanes: bool


class Annealer:
    """A problem ready to be annealed.

    Parameters
    ----------
    seed
        Read k draws from stream k of this seed and from nothing else.
    """

    def __init__(self, structure: Structure, couplings: Couplings, seed: int) -> None:
        self.arranged = Arranged(structure, couplings)
        self.structure, self.couplings = structure, couplings
        self._seed = seed & (2**64 - 1)

    @classmethod
    def of(cls, landscape: Landscape, seed: int) -> Annealer:
        """An annealer that shares what others of the landscape have arranged."""
        annealer = cls(landscape.structure, landscape.couplings, seed)
        annealer.arranged = landscape.arranged
        return annealer

    def reseeded(self, seed: int) -> Annealer:
        """The same problem, arranged once, with reads of another seed."""
        other = copy.copy(self)
        other._seed = seed & (2**64 - 1)
        return other

    def lanes(self, reads: int) -> int:
        """Most lanes of a block when there are so many reads in all; 0 when they are better run one by one.

        It depends on the problem and the reads alone, so that threads and deadlines do not change what a read does.
        """
        if reads < LEAST_LANES or not self.arranged.sparse:
            return 0
        room = _LANE_BYTES // (2 * self.couplings.linear.itemsize * self.structure.size)
        return min(MOST_LANES, room) if room >= LEAST_LANES else 0

    def together(self, reads: int) -> int:
        """Reads of a block that share random words when there are so many in all; 0 when none do.

        What such a read does depends on its number and on the number of the first read of its block.
        """
        return CHAINS if reads >= LEAST_WORDS and self.arranged.words is not None else 0

    def start(self, read: int) -> Bits:
        """The random starting point of a read."""
        return self.structure.random_points(np.random.default_rng([self._seed, read]), 1)[0]

    def _random(self, read: int) -> NDArray[np.uint64]:
        random = np.empty(1, dtype=np.uint64)
        streams(np.uint64(self._seed), read, random)
        return random

    def temperatures(self, watch: Watch) -> tuple[float, float]:
        """Hottest and coldest temperature, in inner energies; the same for all seeds."""
        return self.arranged.temperatures(watch)

    def schedule(self, watch: Watch, *, sweeps: int | None = None) -> Schedule:
        """The temperatures of a read, told from a pilot; the same for all seeds.

        Parameters
        ----------
        sweeps
            Sweeps of all reads together; None: no matter how many. Where the pilot would take more than a twentieth of
            them, or of the time that is left, the temperature falls by a constant factor.
        """
        if watch.deadline is not None:
            watch = watch.within(_PILOT_SHARE * watch.remaining())
        return self.arranged.schedule(watch, sweeps=None if sweeps is None else int(_PILOT_SHARE * sweeps))

    def run(self, block: Block, watch: Watch) -> Iterator[Ends]:
        """Anneal a block and yield the ends as they come; stops early when the watch expires.

        A read that is stopped descends for up to 15 ms and is yielded too.
        """

        def drive(run: Run) -> tuple[int, bool]:
            return counted(run, block.temperatures, watch)

        starts = block.starts
        words = self.arranged.words if block.lanes and len(starts) >= LEAST_WORDS else None
        if words is not None:
            yield from self._all_in_words(words, starts, drive)
            return
        pairs = ((k, self.start(k)) for k in starts) if isinstance(starts, range) else starts
        if block.lanes:
            yield self._in_lanes(list(pairs), drive)
        else:
            yield from self.one_by_one(pairs, drive)

    def run_all(self, blocks: list[Block], watch: Watch) -> Iterator[Ends]:
        """Anneal blocks, each in a thread of its own when they are several; their ends in the order of the blocks."""
        if len(blocks) == 1:
            yield from self.run(blocks[0], watch)
            return
        with ThreadPoolExecutor(len(blocks)) as threads:
            for ends in threads.map(lambda block: list(self.run(block, watch)), blocks):
                yield from ends

    def one_by_one(self, starts: Iterable[tuple[int, Bits]], drive: Drive) -> Iterator[Ends]:
        """Reads one after the other, until one does not come to its end."""
        single, least = self.arranged.single, self.arranged.least
        for read, point in starts:
            chain = single.chain(point, self._random(read))

            def step(units: int, temperatures: Floats, chain: Any = chain) -> int:
                return single.step(units, chain, temperatures, least)

            done, complete = drive(Run(step, chain.at, single.sweep))
            moves = done * self.structure.moves // max(1, single.sweep)
            yield Ends(single.point(chain)[None], np.array([single.energy(chain)]), moves, complete)
            if not complete:
                return

    def in_words(
        self, words: Words, drive: Drive, *, first: int = 0, points: Bits | None = None, lowest: int = CHAINS
    ) -> Ends:
        """512 reads side by side, numbered from ``first``: the ``lowest`` of their ends, best first.

        They start at ``points`` (rows, size), over and over, or at random ones.
        """
        state = words.state(seed=self._seed, first=first, start=points)
        done, complete = drive(self._words_run(words, state))
        energies = words.energies(state)
        chosen = np.argsort(energies, kind="stable")[:lowest]
        return Ends(words.points(state, chosen), energies[chosen], done, complete)

    def _words_run(self, words: Words, state: State) -> Run:
        def step(units: int, temperatures: Floats) -> int:
            return words.step(units, state, temperatures)

        return Run(step, state.at, CHAINS * self.structure.size)

    def _all_in_words(self, words: Words, starts: Sequence[tuple[int, Bits]] | range, drive: Drive) -> Iterator[Ends]:
        """At most 512 reads side by side; their ends some at a time, since the words take less room than the points."""
        if isinstance(starts, range):
            state = words.state(seed=self._seed, first=starts.start)
        else:
            points = np.array([point for _, point in starts], dtype=np.int8)
            state = words.state(seed=self._seed, first=starts[0][0], start=points)
        done, complete = drive(self._words_run(words, state))
        done = done * len(starts) // CHAINS
        energies = words.energies(state)
        for k in range(0, len(starts), _AT_A_TIME):
            chosen = np.arange(k, min(k + _AT_A_TIME, len(starts)))
            yield Ends(words.points(state, chosen), energies[chosen], 0 if k else done, complete)

    def _in_lanes(self, starts: list[tuple[int, Bits]], drive: Drive) -> Ends:
        c, lanes = self.couplings, len(starts)
        weights, number = (c.indptr, c.col, c.weight), c.linear.dtype
        points = np.array([point for _, point in starts], dtype=np.int8)
        random = np.concatenate([self._random(read) for read, _ in starts])
        field, sign = np.empty((2, self.structure.size, lanes), dtype=number)
        anneal_lanes.load(c.linear, *weights, points, field, sign)
        key, delta, at = np.zeros(lanes, np.uint32), np.zeros(lanes, number), np.zeros(4, np.int64)

        def step(units: int, temperatures: Floats) -> int:
            done: int = anneal_lanes.anneal(
                units, *weights, temperatures, self.arranged.least, field, sign, random, key, delta, at
            )  # fmt: skip
            return done

        moves, complete = drive(Run(step, at, lanes * self.structure.size))
        energies = np.empty(lanes)
        anneal_lanes.energies_of(c.linear, field, sign, energies)
        return Ends(np.ascontiguousarray((sign < 0).T.astype(np.int8)), energies, moves, complete)


def watch_for(seconds: float, watch: Watch) -> Watch:
    """A watch of its own that ends after so many seconds, whatever has become of the given one."""
    return Watch(clock=watch.clock, deadline=watch.clock() + seconds)
