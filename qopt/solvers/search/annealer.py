"""Annealed reads of one problem: the arrays of ``kernels.anneal_*``, temperatures from the problem, reads in chunks."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from qopt.core.arrays import Bits, Floats
from qopt.core.watch import Watch, run_in_chunks
from qopt.kernels import anneal_chain, anneal_fields, anneal_lanes
from qopt.kernels.rng import streams
from qopt.solvers._structure import Structure
from qopt.solvers.search.arm import Ends
from qopt.solvers.search.couplings import Couplings
from qopt.solvers.search.temperatures import coldest, hottest

MOST_LANES = 64
LEAST_LANES = 8
"""Fewer reads than this go one after the other: most of a vector would be idle."""

_LANE_BYTES = 2**26
_SETTLE_SECONDS = 0.015
_PROBES = 4096
_TABLE = -np.log((np.arange(4096) + 0.5) / 4096).astype(np.float32)


class Block(NamedTuple):
    """Ends to be run by one thread: each a number and a starting inner point, and the temperature of every sweep.

    ``lanes`` says whether they go through the vector lanes together, or one after the other.
    """

    starts: list[tuple[int, Bits]]
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
        self.structure, self.couplings = structure, couplings
        self._seed = seed & (2**64 - 1)
        c = couplings
        self._weights = (c.indptr, c.col, c.weight)
        self._couplings = anneal_chain.Couplings(c.linear, *self._weights, np.array([c.lowest]))
        s = structure
        free = np.array([s.free], dtype=np.int64)
        self._layout = anneal_chain.Layout(free, s.set_start, s.square_start, s.side, s.row_start)
        self._least = 1.0 if c.exact else 1e-6
        self._first = 4096

    # starting points

    def start(self, read: int) -> Bits:
        """The random starting point of a read."""
        return self.structure.random_points(np.random.default_rng([self._seed, read]), 1)[0]

    # one chain

    def _chain(self, point: Bits, read: int) -> anneal_chain.Chain:
        number = self.couplings.linear.dtype
        random = np.empty(1, dtype=np.uint64)
        streams(np.uint64(self._seed), read, random)
        field, sign = np.empty((2, self.structure.size), dtype=number)
        anneal_fields.load(self.couplings.linear, *self._weights, point, field, sign)
        at = np.zeros(5, dtype=np.int64)
        return anneal_chain.Chain(field, sign, self.structure.chosen(point), self.structure.place(point), random, at)

    def _plan(self, temperatures: Floats) -> anneal_chain.Plan:
        return anneal_chain.Plan(temperatures, _TABLE, np.array([self._least]))

    def _gains(self, chain: anneal_chain.Chain) -> Floats:
        out = np.empty(min(self.structure.moves, _PROBES))
        stride = -(-self.structure.moves // _PROBES)
        count = anneal_chain.gains(self._couplings, self._layout, chain, max(1, stride), out)
        return out[:count]

    def temperatures(self, watch: Watch) -> tuple[float, float]:
        """Hottest and coldest temperature, in inner energies.

        A random point tells the first: nine tenths of its moves change the energy by less than 2.2 temperatures. The
        local minimum below it tells the last: a sweep of it is expected to accept next to no worsening moves.
        """
        chain = self._chain(self.start(-1 & (2**32 - 1)), -1 & (2**32 - 1))
        sizes = np.abs(self._gains(chain))
        sizes = sizes[sizes > 0]
        if len(sizes) == 0:
            return 1.0, 1.0
        hot = hottest(sizes)
        self._run(chain, self._plan(np.zeros(0)), watch)
        up = self._gains(chain)
        share = self.structure.moves / len(up)
        up = up[up > 0]
        cold = coldest(up if len(up) else sizes, share)
        return max(hot, cold), min(hot, cold)

    def _run(self, chain: anneal_chain.Chain, plan: anneal_chain.Plan, watch: Watch) -> int:
        def step(units: int) -> int:
            done: int = anneal_chain.anneal(units, self._couplings, self._layout, chain, plan)
            return done

        return run_in_chunks(step, watch, first=self._first)

    def _one_by_one(self, starts: list[tuple[int, Bits]], temperatures: Floats, watch: Watch) -> Iterator[Ends]:
        plan = self._plan(temperatures)
        for read, point in starts:
            chain = self._chain(point, read)
            moves = self._run(chain, plan, watch)
            complete = bool(chain.at[anneal_chain.ENDED])
            if not complete:
                chain.at[anneal_chain.SWEEP] = len(temperatures)
                moves += self._run(chain, plan, watch_for(_SETTLE_SECONDS, watch))
            energy = anneal_fields.energy_of(self.couplings.linear, chain.field, chain.sign)
            yield Ends((chain.sign < 0).astype(np.int8)[None], np.array([energy]), moves, complete)
            if not complete:
                return

    # many chains side by side

    def lanes(self, reads: int) -> int:
        """Most lanes of a block when there are so many reads in all; 0 when they are better run one by one.

        It depends on the problem and the reads alone, so that threads and deadlines do not change what a read does.
        """
        s = self.structure
        if reads < LEAST_LANES or self.couplings.dense or s.free < s.size or s.size == 0:
            return 0
        room = _LANE_BYTES // (2 * self.couplings.linear.itemsize * s.size)
        return min(MOST_LANES, room) if room >= LEAST_LANES else 0

    def _side_by_side(self, starts: list[tuple[int, Bits]], temperatures: Floats, watch: Watch) -> Ends:
        number, n, lanes = self.couplings.linear.dtype, self.structure.size, len(starts)
        points = np.array([point for _, point in starts], dtype=np.int8)
        random = np.empty(lanes, dtype=np.uint64)
        for k, (read, _) in enumerate(starts):
            streams(np.uint64(self._seed), read, random[k : k + 1])
        field, sign = np.empty((2, n, lanes), dtype=number)
        anneal_lanes.load(self.couplings.linear, *self._weights, points, field, sign)
        key, delta, at = np.zeros(lanes, np.uint32), np.zeros(lanes, number), np.zeros(4, np.int64)

        def step(units: int) -> int:
            done: int = anneal_lanes.anneal(
                units, *self._weights, temperatures, self._least, field, sign, random, key, delta, at
            )
            return done

        moves = run_in_chunks(step, watch, first=self._first)
        complete = bool(at[anneal_lanes.ENDED])
        if not complete:
            at[anneal_lanes.SWEEP] = len(temperatures)
            moves += run_in_chunks(step, watch_for(_SETTLE_SECONDS, watch), first=self._first)
        energies = np.empty(lanes)
        anneal_lanes.energies_of(self.couplings.linear, field, sign, energies)
        return Ends(np.ascontiguousarray((sign < 0).T.astype(np.int8)), energies, moves, complete)

    def run(self, block: Block, watch: Watch) -> Iterator[Ends]:
        """Anneal a block and yield the ends as they come; stops early when the watch expires.

        A read that is stopped descends for up to 15 ms and is yielded too.
        """
        if block.lanes:
            yield self._side_by_side(block.starts, block.temperatures, watch)
        else:
            yield from self._one_by_one(block.starts, block.temperatures, watch)

    def run_all(self, blocks: list[Block], watch: Watch) -> Iterator[Ends]:
        """Anneal blocks, each in a thread of its own when they are several; their ends in the order of the blocks."""
        if len(blocks) == 1:
            yield from self.run(blocks[0], watch)
            return
        with ThreadPoolExecutor(len(blocks)) as threads:
            for ends in threads.map(lambda block: list(self.run(block, watch)), blocks):
                yield from ends


def watch_for(seconds: float, watch: Watch) -> Watch:
    """A watch of its own that ends after so many seconds, whatever has become of the given one."""
    return Watch(clock=watch.clock, deadline=watch.clock() + seconds)
