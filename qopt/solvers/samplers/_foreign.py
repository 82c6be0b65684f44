"""Samplers of other libraries that take a dimod BQM: several short calls instead of a long one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from qopt.core.accepts import QUBO
from qopt.core.arrays import Bits
from qopt.core.batch import SampleBatch
from qopt.core.budget import Budget
from qopt.core.compiled import Compiled
from qopt.core.watch import Watch
from qopt.solvers._structure import refuse
from qopt.solvers.search.pool import Pool, stop_reason

if TYPE_CHECKING:
    import dimod

KEEP = 200
"""Most distinct rows returned."""

Draw = Callable[[int, int, "Bits | None"], "dimod.SampleSet"]
"""``draw(reads, seed, states)``: that many reads, the first of them from the rows of ``states``."""


class Calls:
    """Reads of a foreign sampler, a few per call, until they are done or the watch expires.

    The number of reads doubles from call to call and is cut to what the last calls say will fit before the deadline, so
    a run that no deadline cuts depends on the seed and the reads alone. A call cannot be interrupted: what it takes
    beyond the deadline is kept as ``overshoot``.

    Parameters
    ----------
    compiled
        A plain QUBO, of at least one bit.
    """

    most_reads = 64
    slice_seconds = 0.25

    def __init__(self, backend: str, compiled: Compiled, budget: Budget, seed: int, watch: Watch) -> None:
        refuse(compiled, backend, QUBO)
        self.backend, self.compiled, self.seed = backend, compiled, seed
        self.began = watch.clock()
        self.watch = watch.within(budget.seconds)
        self.pool = Pool(compiled, self.watch, backend, KEEP)
        self.reads = self.number = 0

    def call(self, draw: Draw, reads: int, states: Bits | None = None) -> float:
        """Call once and take in what comes; returns the seconds it took."""
        before = self.watch.clock()
        seed = np.random.SeedSequence([self.seed & (2**64 - 1), self.number]).generate_state(1)[0]
        sampled = draw(reads, int(seed) >> 1, states)
        self.number += 1
        order = [sampled.variables.index(k) for k in range(self.compiled.num_bits)]
        bits = sampled.record.sample[:, order]
        self.pool.add(bits, self.compiled.verify(bits, sampled.record.energy, self.backend))
        self.reads += reads
        return self.watch.clock() - before

    def forget(self) -> None:
        """Count the calls so far as trials: what they found stays, the reads begin anew."""
        self.reads = 0

    def run(self, draw: Draw, reads: int | None, initial: Bits | None = None) -> None:
        """At least one read, then up to ``reads`` in all (None: until the watch expires)."""
        states = None if initial is None else np.atleast_2d(initial)
        ask, per_read = 1 if states is None else len(states), 0.0
        while self.reads == 0 or not self.watch.expired():
            left = np.inf if reads is None else reads - self.reads
            fits = min(self.slice_seconds, self.watch.remaining()) / per_read if per_read else np.inf
            now = int(max(1, min(ask, left, fits if np.isfinite(self.watch.remaining()) else np.inf)))
            if left <= 0:
                break
            if self.reads and per_read > self.watch.remaining():
                break
            per_read = self.call(draw, now, None if states is None else states[:now]) / now
            states, ask = None, min(self.most_reads, 2 * ask)

    def batch(self, info: Mapping[str, Any], *, asked: int | None, complete: bool = False) -> SampleBatch:
        """The batch of everything taken in."""
        w = self.watch
        overshoot = 0.0 if w.deadline is None else max(0.0, w.clock() - w.deadline)
        complete = complete or (asked is not None and self.reads >= asked)
        facts = {"reads": self.reads, **info, "overshoot": overshoot}
        reason = stop_reason(w, complete=complete)
        return self.pool.batch(seed=self.seed, stopped_by=reason, seconds=w.clock() - self.began, info=facts)


def nothing_to_decide(backend: str, compiled: Compiled, budget: Budget, seed: int, watch: Watch) -> SampleBatch | None:
    """The only row of a QUBO without bits, for libraries that fail on it; None when there are bits."""
    if compiled.num_bits:
        return None
    bits = np.zeros((1, 0), dtype=np.int8)
    return SampleBatch(
        bits, compiled.energies(bits), backend, seed, info={"reads": budget.reads or 1, "overshoot": 0.0}
    )


def as_states(states: Bits | None) -> Any:
    """Rows of bits as dimod's ``(array, labels)``, or None."""
    return None if states is None else (np.asarray(states, dtype=np.int8), list(range(states.shape[1])))
