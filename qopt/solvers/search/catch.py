"""What a search has found so far, as rows of the Compiled that was asked about."""

from __future__ import annotations

import numpy as np

from qopt.core.arrays import Bits, Floats
from qopt.core.batch import SampleBatch
from qopt.core.compiled import Compiled
from qopt.core.watch import Watch
from qopt.solvers.search.arm import Ends
from qopt.solvers.search.landscape import Landscape
from qopt.solvers.search.left import Left
from qopt.solvers.search.pool import Pool

_ROWS = 32  # restored at a time
_VERIFY_SHARE = 0.05  # of the time, at most, goes into evaluating the kept rows anew
_LAST_SECONDS = 0.02  # likewise, once the run has been cancelled


class Catch:
    """Restores what arms find, keeps the best rows, and knows how long evaluating them at the end will take.

    Parameters
    ----------
    compiled
        What was asked about; ``left`` is what of it is searched, ``landscape`` the same as arrays.
    keep
        Most rows; fewer where evaluating them would take more than a twentieth of the time.
    """

    def __init__(
        self, compiled: Compiled, left: Left, landscape: Landscape, watch: Watch, backend: str, keep: int
    ) -> None:
        self.left, self.landscape = left, landscape
        self.reads, self.moves, self.total = 0, 0, 0.0
        self._watch = watch
        self._cost = _seconds_of(compiled, watch)
        if watch.deadline is not None:
            keep = int(min(keep, max(1.0, _VERIFY_SHARE * watch.remaining() / self._cost)))
        self.keep = keep
        self.pool = Pool(compiled, watch, backend, keep)

    @property
    def search(self) -> Watch:
        """The watch for the search: what is left when the rows at the end have had their time."""
        watch = self._watch
        if watch.deadline is None:
            return watch
        reserve = 1.5 * self.keep * self._cost + 0.02 * min(1.0, watch.remaining())
        return watch.within(max(0.0, watch.remaining() - reserve))

    def take(self, ends: Ends) -> None:
        """Take in what a turn found."""
        energies = self.landscape.energies(ends.energies)
        for first in range(0, len(energies), _ROWS):
            some = slice(first, first + _ROWS)
            rows = self.left.restore(self.landscape.structure.outer(ends.points[some]))
            self.rows(rows, energies[some], None if ends.violations is None else ends.violations[some])
        self.moves += ends.moves

    def rows(self, rows: Bits, energies: Floats, violations: Floats | None = None) -> None:
        """Take in rows of the Compiled with their energies."""
        self.pool.add(rows, energies, violations)
        self.reads += len(rows)
        self.total += float(energies.sum())

    def batch(self, *, seed: int, stopped_by: str, seconds: float, info: dict[str, object]) -> SampleBatch:
        """Everything kept; of a cancelled run only as many rows as can be evaluated at once."""
        if self._watch.stop[0]:
            self.pool.keep = min(self.keep, max(1, int(_LAST_SECONDS / self._cost)))
        facts = {"reads": self.reads, "moves_proposed": self.moves, "mean_energy": self.total / max(1, self.reads)}
        return self.pool.batch(seed=seed, stopped_by=stopped_by, seconds=seconds, info={**facts, **info})


def _seconds_of(compiled: Compiled, watch: Watch) -> float:
    """Seconds that evaluating one row takes: the better of two tries."""
    row = np.zeros((1, compiled.num_bits), dtype=np.int8)
    cost = np.inf
    for _ in range(2):
        before = watch.clock()
        compiled.energies(row)
        cost = min(cost, max(1e-7, watch.clock() - before))
    return cost
