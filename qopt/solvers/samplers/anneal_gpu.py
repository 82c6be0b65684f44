"""Sampler ``anneal_gpu``: many annealed reads side by side on a CUDA device, and tabu search from where they end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from qopt.core.accepts import QUBO, Accepts
from qopt.core.arrays import Bits
from qopt.core.batch import SampleBatch
from qopt.core.budget import Budget
from qopt.core.compiled import Compiled
from qopt.core.errors import BackendUnavailableError, ModelError
from qopt.core.watch import Watch
from qopt.solvers._structure import refuse
from qopt.solvers.samplers._foreign import nothing_to_decide
from qopt.solvers.search.pool import stop_reason

if TYPE_CHECKING:
    from qopt.solvers.search.annealer import Annealer
    from qopt.solvers.search.arm import Ends
    from qopt.solvers.search.device import Device, Reads
    from qopt.solvers.search.schedule import Schedule

NAME = "anneal_gpu"
SWEEPS = 1000
"""Of a read that nothing limits."""

_FIRST_SECONDS = 0.1
_GIVEN = 2**32  # first stream of what starts at given points; nobody's read
_MOST_BYTES = 2**31
_BYTES = 16  # per bit and read: fields, signs, tabu and what is kept


@dataclass(frozen=True)
class AnnealGpu:
    """Simulated annealing and one-flip tabu search in CUDA, a block of threads per read.

    Coefficients that no factor makes whole are rounded for the search, to 2**-29 of the largest local field. With
    ``budget.reads`` (or ``reads``) that many reads; with ``budget.work``, reads of as many sweeps and steps as the work
    allows; with a deadline alone, rounds of reads, each twice as long as the last, until it comes. A read depends on
    the problem, the seed and its own number only.

    Parameters
    ----------
    reads
        Independent reads, at least 1; ``budget.reads`` wins. None: as many as run side by side, or as the deadline
        allows.
    sweeps
        Sweeps of a read, at least 1. None: 1000, or as many as the time or the work allows.
    steps
        Tabu steps after them, each of which looks at every bit, at least 0. None: as many where the weights are a
        matrix, none where they are sparse.
    replicas
        Reads side by side, at least 1; fewer where they would take more than 2 GiB.
    threads
        Of the block of a read, a power of two up to 256. None: by the number of bits.
    keep
        Most distinct rows returned, lowest energies first; fewer where evaluating them would take too long.
    """

    reads: int | None = None
    sweeps: int | None = None
    steps: int | None = None
    replicas: int = 512
    threads: int | None = None
    keep: int = 200

    accepts: ClassVar[Accepts] = QUBO

    def __post_init__(self) -> None:
        for name, least in (("reads", 1), ("sweeps", 1), ("steps", 0), ("replicas", 1), ("keep", 1)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise ModelError(f"sampler {NAME}: {name} must be at least {least}, got {value!r}")
        if self.threads not in (None, *(2**k for k in range(9))):
            raise ModelError(f"sampler {NAME}: threads must be a power of two up to 256, got {self.threads!r}")

    def sample(
        self, compiled: Compiled, *, budget: Budget, seed: int, watch: Watch, initial: Bits | None = None
    ) -> SampleBatch:
        """Sample a plain QUBO; rows of ``initial`` are among the answers, and are descended and searched from.

        Raises
        ------
        NotApplicableError
            Products of three or more bits, rows or groups are left.
        BackendUnavailableError
            There is no CUDA device, or numba cannot use it.
        """
        _require_device()
        from qopt.solvers.search.annealer import Annealer
        from qopt.solvers.search.catch import Catch
        from qopt.solvers.search.device import Device, whole
        from qopt.solvers.search.landscape import Landscape
        from qopt.solvers.search.left import Left

        began = watch.clock()
        watch = watch.within(budget.seconds)
        refuse(compiled, NAME, self.accepts)
        empty = nothing_to_decide(NAME, compiled, budget, seed, watch)
        if empty is not None:
            return empty
        landscape = Landscape.of(compiled, NAME, self.accepts)
        couplings = whole(landscape.couplings)
        landscape = replace(landscape, couplings=couplings)
        catch = Catch(compiled, Left(compiled), landscape, watch, NAME, self.keep)
        search, annealer = catch.search, Annealer(landscape.structure, couplings, seed)
        device = Device(couplings, self.threads)
        replicas = max(1, min(self.replicas, _MOST_BYTES // (_BYTES * device.size)))
        reads, sweeps, steps = self._lengths(budget, search, device.size, replicas, dense=couplings.dense)
        schedule = annealer.schedule(search, sweeps=None if reads is None else reads * sweeps)
        batches = _Batches(device, annealer, schedule, seed, replicas, search)
        if initial is not None and len(initial):
            given = np.atleast_2d(initial)[: self.keep]
            catch.rows(given, compiled.energies(given))
            catch.take(batches.descended(given, steps))
        made, complete = 0, True
        rounds = reads is None and self.sweeps is None and self.steps is None
        for ends in batches.timed(tabu=steps > 0) if rounds else batches.counted(reads, sweeps, steps):
            catch.take(ends)
            made, complete = made + len(ends.energies), complete and ends.complete
        info: dict[str, object] = {
            "device": device.name,
            "replicas": replicas,
            "beta_range": [couplings.factor / schedule.hot, couplings.factor / schedule.cold],
            **({} if rounds else {"sweeps": sweeps, "steps": steps}),
            **landscape.facts,
        }
        reason = stop_reason(search, complete=complete and made == reads)
        if reason == "done" and budget.work is not None:
            reason = "work"
        return catch.batch(seed=seed, stopped_by=reason, seconds=watch.clock() - began, info=info)

    def _lengths(
        self, budget: Budget, watch: Watch, bits: int, replicas: int, *, dense: bool
    ) -> tuple[int | None, int, int]:
        """Reads (None: until the deadline), and the sweeps and tabu steps of each."""
        reads = budget.reads or self.reads
        if budget.work is None:
            sweeps = self.sweeps or SWEEPS
            steps = self.steps if self.steps is not None else sweeps if dense else 0
            return reads or (replicas if watch.deadline is None else None), sweeps, steps
        reads = reads or max(1, min(replicas, budget.work // (SWEEPS * bits)))
        each = budget.work // (reads * bits)
        steps = min(each, self.steps if self.steps is not None else each // 2 if dense else 0)
        return reads, min(each - steps, self.sweeps or each), steps


@dataclass(frozen=True, eq=False)
class _Batches:
    """Reads of a run, at most ``replicas`` side by side."""

    device: Device
    annealer: Annealer
    schedule: Schedule
    seed: int
    replicas: int
    watch: Watch

    def descended(self, points: Bits, steps: int) -> Ends:
        """The minima below some points, and what tabu search finds from there."""
        from qopt.solvers.search.device import Reads
        from qopt.solvers.search.pacing import counted

        reads = Reads(self.device, points, seed=self.seed, first=_GIVEN)
        return self._ends(reads, *counted(reads.run, np.zeros(0), self.watch), steps, self.watch)

    def counted(self, reads: int | None, sweeps: int, steps: int) -> Iterator[Ends]:
        """That many reads (None: until the watch expires), at least one batch of them."""
        from qopt.solvers.search.pacing import counted

        temperatures, first = self.schedule.sweeps(sweeps), 0
        while first == 0 or (not self.watch.expired() and (reads is None or first < reads)):
            count = self.replicas if reads is None else min(self.replicas, reads - first)
            batch = self._reads(first, count)
            first += count
            moves, complete = counted(batch.run, temperatures, self.watch)
            yield self._ends(batch, moves, complete, steps, self.watch)

    def timed(self, *, tabu: bool) -> Iterator[Ends]:
        """Rounds that take twice as long each time, at least one; half of the time is for tabu search, if any."""
        from qopt.solvers.search.pacing import timed

        seconds, first = _FIRST_SECONDS, 0
        while first == 0 or not self.watch.expired():
            left = self.watch.remaining()
            mine = self.watch.within(seconds if left > 3 * seconds else left)
            batch = self._reads(first, self.replicas)
            hot = mine.within(mine.remaining() / 2) if tabu else mine
            moves, complete = timed(batch.run, self.schedule, 0.0, hot)
            yield self._ends(batch, moves, complete, None if tabu else 0, mine)
            first, seconds = first + self.replicas, 2 * seconds

    def _reads(self, first: int, count: int) -> Reads:
        from qopt.solvers.search.device import Reads

        points = np.array([self.annealer.start(read) for read in range(first, first + count)])
        return Reads(self.device, points, seed=self.seed, first=first)

    def _ends(self, reads: Reads, moves: int, complete: bool, steps: int | None, watch: Watch) -> Ends:
        """Where annealed reads are after so many tabu steps; None: as many as the watch allows."""
        from qopt.solvers.search.device import Tabu

        if steps == 0:
            return reads.ends(moves, complete=complete)
        tabu = Tabu(reads)
        moves += tabu.search(steps, watch)
        return tabu.ends(moves, complete=complete and not watch.expired())


def _require_device() -> None:
    """Raise BackendUnavailableError where numba has no CUDA device (or its simulator) to work with."""
    try:
        from numba import cuda
    except ImportError as error:
        raise BackendUnavailableError(f"sampler {NAME}", "gpu") from error
    if not cuda.is_available():
        raise BackendUnavailableError(f"sampler {NAME}", "gpu", needs="a CUDA device that numba can use")


PLUGIN = AnnealGpu()
