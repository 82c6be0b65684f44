"""Sampler ``anneal``: simulated annealing whose moves keep exactly-one, at-most-one and permutation groups."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from qopt.core.accepts import Accepts
from qopt.core.arrays import Bits
from qopt.core.batch import SampleBatch
from qopt.core.budget import Budget
from qopt.core.compiled import Compiled
from qopt.core.errors import ModelError
from qopt.core.rows import GroupKind
from qopt.core.watch import Watch
from qopt.solvers._structure import Structure
from qopt.solvers.samplers._pool import Pool, stop_reason

if TYPE_CHECKING:
    from qopt.solvers.search.annealer import Annealer, Block
    from qopt.solvers.search.rounds import Rounds

NAME = "anneal"
READS, SWEEPS = 32, 1000
"""Of a run that nothing limits."""

SWEEPS_BESIDE = 32
"""Of the reads beside a known optimum."""

_VERIFY_SHARE = 0.05  # of the time, at most, goes into evaluating the kept rows anew
_LAST_SECONDS = 0.02  # likewise, once the run has been cancelled


@dataclass(frozen=True)
class Anneal:
    """Simulated annealing by local fields.

    The polynomial is reduced first, exactly and in about linear time, what is left is annealed, and its points are
    restored. Where nothing is left the first row is a minimiser, ``info["exhaustive"]`` is True, and a few reads of the
    whole problem stand beside it.

    With ``budget.reads`` (or ``reads``) that many reads of ``sweeps`` sweeps; with ``budget.work``, reads of as many
    sweeps as the work allows; with a deadline alone, rounds of reads whose sweeps double until it comes. A read that
    runs to its end depends on the problem, the seed and its own number only, not on ``watch.threads``.

    Parameters
    ----------
    reads
        Independent reads, at least 1; ``budget.reads`` wins. None: 32, or as many as the deadline allows.
    sweeps
        Sweeps of a read, at least 1. None: 1000, or growing with the time that a deadline leaves.
    beta_min, beta_max
        Inverse temperatures of the first and last sweep, above 0, in 1 / energy. None: from the fields of a random
        point and of the local minimum below it.
    schedule
        ``geometric`` or ``linear`` in beta.
    reduce
        Whether to reduce. Without it the rows are reads of the problem as it is.
    keep
        Most distinct rows returned, lowest energies first; fewer where evaluating them would take too long.
    """

    reads: int | None = None
    sweeps: int | None = None
    beta_min: float | None = None
    beta_max: float | None = None
    schedule: str = "geometric"
    reduce: bool = True
    keep: int = 200

    accepts: ClassVar[Accepts] = Accepts(
        groups=frozenset({GroupKind.EXACTLY_ONE, GroupKind.AT_MOST_ONE, GroupKind.PERMUTATION})
    )

    def __post_init__(self) -> None:
        for name in ("reads", "sweeps", "beta_min", "beta_max", "keep"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ModelError(f"sampler {NAME}: {name} must be above 0, got {value!r}")
        if self.schedule not in ("geometric", "linear"):
            raise ModelError(f"sampler {NAME}: schedule must be geometric or linear, got {self.schedule!r}")

    def sample(
        self, compiled: Compiled, *, budget: Budget, seed: int, watch: Watch, initial: Bits | None = None
    ) -> SampleBatch:
        """Anneal; rows of ``initial`` are descended from as they are, and annealed from at half the schedule.

        Raises
        ------
        NotApplicableError
            Rows are left, the degree is above 2, or two groups share a bit.
        """
        from qopt.solvers.search.annealer import Annealer
        from qopt.solvers.search.couplings import Couplings
        from qopt.solvers.search.left import Left
        from qopt.solvers.search.rounds import Rounds

        began = watch.clock()
        watch = watch.within(budget.seconds)
        structure = whole = Structure.of(compiled, NAME, self.accepts)
        left = Left.of(compiled, watch) if self.reduce else Left(compiled)
        facts, optimum = left.facts, left.optimum
        if optimum is not None:
            left = Left(compiled)
        elif left.reduced is not None:
            structure = Structure.of(left.compiled, NAME, self.accepts)
        couplings = Couplings.of(left.compiled, structure)
        annealer = Annealer(structure, couplings, seed)
        keep, cost = self._verification(compiled, left.restore(structure.outer(annealer.start(0)[None])), watch)
        reserve = 0.0 if watch.deadline is None else 1.5 * keep * cost + 0.02 * min(1.0, watch.remaining())
        pool = Pool(compiled, watch, NAME, keep)
        search = watch if watch.deadline is None else watch.within(max(0.0, watch.remaining() - reserve))
        hot, cold = self._range(annealer, search)
        rows = np.zeros((0, compiled.num_bits), np.int8) if initial is None else np.atleast_2d(initial)
        random = np.random.default_rng([seed & (2**64 - 1), 1])
        if left.reduced is not None and len(rows):
            rows = whole.outer(np.array([whole.nearest_point(row, random) for row in rows[:keep]]))
            pool.add(rows, compiled.energies(rows))
        given = [structure.nearest_point(row, random) for row in left.restrict(rows)]
        moves, reads, longest, complete, total, searching = 0, 0, 0, True, 0.0, watch.clock()
        if optimum is not None:
            energies = compiled.energies(optimum)
            pool.add(optimum, energies)
            total, reads = float(energies[0]), 1
        rounds = Rounds(annealer, search, given, hot, cold, self.schedule == "linear")
        for blocks in self._blocks(rounds, budget, solved=optimum is not None):
            for ends in annealer.run_all(blocks, search):
                energies = couplings.energies(ends.energies)
                pool.add(left.restore(structure.outer(ends.points)), energies)
                total += float(energies.sum())
                moves += ends.moves
                reads += len(ends.points)
                complete = complete and ends.complete
            longest = max(longest, len(blocks[-1].temperatures))
            if not complete:
                break
        info = {
            "reads": reads,
            "sweeps": longest,
            "beta_range": [couplings.factor / hot, couplings.factor / cold],
            "moves_proposed": moves,
            "mean_energy": total / reads,
            "sampling_seconds": watch.clock() - searching,
            "layout": "dense" if couplings.dense else "sparse",
            "weights": str(couplings.weight.dtype),
            **facts,
        }
        if optimum is not None:
            info["exhaustive"] = True
        reason = stop_reason(search, complete=complete and (optimum is not None or self._bounded(budget, search)))
        if reason == "done" and budget.work is not None:
            reason = "work"
        if watch.stop[0]:
            pool.keep = min(keep, max(1, int(_LAST_SECONDS / cost)))
        return pool.batch(seed=seed, stopped_by=reason, seconds=watch.clock() - began, info=info)

    def _bounded(self, budget: Budget, watch: Watch) -> bool:
        """Whether anything but the deadline ends the run."""
        return bool(budget.work or budget.reads or self.reads) or watch.deadline is None

    def _verification(self, compiled: Compiled, row: Bits, watch: Watch) -> tuple[int, float]:
        """Rows to keep, and the seconds that evaluating one of them anew takes; ``row`` (1, bits) is any."""
        cost = np.inf
        for _ in range(2):
            before = watch.clock()
            compiled.energies(row)
            cost = min(cost, max(1e-7, watch.clock() - before))
        if watch.deadline is None:
            return self.keep, cost
        return int(min(self.keep, max(1.0, _VERIFY_SHARE * watch.remaining() / cost))), cost

    def _range(self, annealer: Annealer, watch: Watch) -> tuple[float, float]:
        """Hottest and coldest temperature in inner energies: as asked for, else tuned."""
        factor = annealer.couplings.factor
        if self.beta_min is not None and self.beta_max is not None:
            return factor / self.beta_min, factor / self.beta_max
        hot, cold = annealer.temperatures(watch)
        hot = hot if self.beta_min is None else factor / self.beta_min
        cold = cold if self.beta_max is None else factor / self.beta_max
        return hot, cold

    def _blocks(self, rounds: Rounds, budget: Budget, *, solved: bool) -> Iterator[list[Block]]:
        """The reads that the budget and the parameters ask for; beside a known optimum one less, of fewer sweeps."""
        reads, sweeps = budget.reads or self.reads, self.sweeps
        if solved:
            reads, sweeps = (reads or READS) - 1, sweeps or SWEEPS_BESIDE
            if budget.work is not None:
                sweeps = min(sweeps, budget.work // max(1, reads * rounds.annealer.structure.moves))
            return rounds.counted(reads, sweeps)
        if budget.work is not None:
            moves = max(1, rounds.annealer.structure.moves)
            reads = reads or max(1, min(READS, budget.work // (moves * (sweeps or SWEEPS))))
            allowed = budget.work // (moves * reads)
            return rounds.counted(reads, min(sweeps or allowed, allowed))
        if not self._bounded(budget, rounds.watch):
            return rounds.until_deadline(sweeps)
        return rounds.counted(reads or READS, sweeps or SWEEPS)


PLUGIN = Anneal()
