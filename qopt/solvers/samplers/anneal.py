"""Sampler ``anneal``: a portfolio of searches whose moves keep groups and rows; simulated annealing among them."""

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
from qopt.solvers.search.pool import stop_reason

if TYPE_CHECKING:
    from qopt.solvers.search.annealer import Annealer, Block
    from qopt.solvers.search.catch import Catch
    from qopt.solvers.search.rounds import Rounds
    from qopt.solvers.search.schedule import Schedule

NAME = "anneal"
READS, SWEEPS = 32, 1000
"""Of a run that nothing limits."""

SWEEPS_BESIDE = 32
"""Of the reads beside a known optimum."""

ELITE = 20
"""Points that the arms learn from."""


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
        Inverse temperatures of the first and last sweep, above 0, in 1 / energy. None: from what moves change at a
        random point and at the local minimum below it, and from the couplings.
    schedule
        ``geometric`` or ``linear`` in beta, or ``tuned``: by a pilot of at most a twentieth of the sweeps, so that each
        temperature has the time it needs. With ``beta_min`` or ``beta_max`` the last is ``geometric``.
    reduce
        Whether to reduce. Without it the rows are reads of the problem as it is.
    keep
        Most distinct rows returned, lowest energies first; fewer where evaluating them would take too long.
    """

    reads: int | None = None
    sweeps: int | None = None
    beta_min: float | None = None
    beta_max: float | None = None
    schedule: str = "tuned"
    reduce: bool = True
    keep: int = 200

    accepts: ClassVar[Accepts] = Accepts(
        degree=None,
        groups=frozenset({GroupKind.EXACTLY_ONE, GroupKind.AT_MOST_ONE, GroupKind.PERMUTATION}),
        rows=True,
    )

    def __post_init__(self) -> None:
        for name in ("reads", "sweeps", "beta_min", "beta_max", "keep"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ModelError(f"sampler {NAME}: {name} must be above 0, got {value!r}")
        if self.schedule not in ("tuned", "geometric", "linear"):
            raise ModelError(f"sampler {NAME}: schedule must be tuned, geometric or linear, got {self.schedule!r}")

    def sample(
        self, compiled: Compiled, *, budget: Budget, seed: int, watch: Watch, initial: Bits | None = None
    ) -> SampleBatch:
        """Search; rows of ``initial`` are among the answers (where they satisfy the groups) and are searched from.

        Raises
        ------
        NotApplicableError
            Two groups share a bit.
        """
        from qopt.solvers.search.catch import Catch
        from qopt.solvers.search.landscape import Landscape
        from qopt.solvers.search.left import Left

        began = watch.clock()
        watch = watch.within(budget.seconds)
        structure = Structure.of(compiled, NAME, self.accepts)
        left = Left.of(compiled, watch) if self.reduce else Left(compiled)
        facts, optimum = left.facts, left.optimum
        if optimum is not None:
            left = Left(compiled)
        landscape = Landscape.of(left.compiled, NAME, self.accepts)
        catch = Catch(compiled, left, landscape, watch, NAME, self.keep)
        if optimum is not None:
            catch.rows(optimum, compiled.energies(optimum))
        given = self._given(compiled, structure, catch, initial, seed)
        search = catch.search
        began_search = watch.clock()
        if optimum is not None or self._counted(budget, watch):
            more, complete = self._reads(catch, budget, search, seed, given, solved=optimum is not None)
        else:
            more, complete = self._portfolio(catch, budget, search, seed, given)
        info = {**facts, **more, "sampling_seconds": watch.clock() - began_search}
        if optimum is not None:
            info["exhaustive"] = True
        reason = stop_reason(search, complete=complete)
        if reason == "done" and budget.work is not None and not info.get("exhaustive"):
            reason = "work"
        return catch.batch(seed=seed, stopped_by=reason, seconds=watch.clock() - began, info=info)

    def _counted(self, budget: Budget, watch: Watch) -> bool:
        """Whether independent reads are asked for, or nothing else would end the run."""
        schedule = (self.reads, self.sweeps, self.beta_min, self.beta_max)
        asked = budget.reads is not None or any(value is not None for value in schedule)
        return asked or (budget.work is None and watch.deadline is None)

    def _given(
        self, compiled: Compiled, structure: Structure, catch: Catch, initial: Bits | None, seed: int
    ) -> list[Bits]:
        """Inner points to search from: rows of the Compiled, mended where they break groups; they are answers too."""
        from qopt.solvers.search.landscape import violations

        if initial is None or not len(initial):
            return []
        random = np.random.default_rng([seed & (2**64 - 1), 1])
        rows = np.atleast_2d(initial)[: self.keep]
        rows = structure.outer(np.array([structure.nearest_point(row, random) for row in rows]))
        catch.rows(rows, compiled.energies(rows), violations(compiled, rows))
        return [catch.landscape.structure.nearest_point(row, random) for row in catch.left.restrict(rows)]

    def _portfolio(
        self, catch: Catch, budget: Budget, search: Watch, seed: int, given: list[Bits]
    ) -> tuple[dict[str, object], bool]:
        """Let the arms search until the time or the work is spent."""
        from qopt.solvers.search.arms import fitting
        from qopt.solvers.search.elite import Elite
        from qopt.solvers.search.portfolio import Portfolio

        landscape = catch.landscape
        elite = Elite(ELITE, max(1, landscape.structure.size // 200))
        for entry in landscape.entries(given):
            elite.add(entry)
        portfolio = Portfolio(fitting(landscape), elite, seed=seed, found=catch.take)
        if budget.work is None:
            portfolio.by_time(search)
        else:
            portfolio.by_work(budget.work, search, least=64 * max(1, landscape.structure.moves))
        info: dict[str, object] = {"arms": portfolio.facts, "elite": len(elite), **landscape.facts}
        if portfolio.exhaustive:
            info["exhaustive"] = True
        return info, portfolio.exhaustive or not search.expired()

    def _reads(
        self, catch: Catch, budget: Budget, search: Watch, seed: int, given: list[Bits], *, solved: bool
    ) -> tuple[dict[str, object], bool]:
        """Independent reads; points given are descended from, then annealed from at half the schedule."""
        from qopt.solvers.search.annealer import Annealer
        from qopt.solvers.search.rounds import Rounds

        landscape = catch.landscape
        if not landscape.plain:
            return self._turns(catch, budget, search, seed, given)
        annealer = Annealer(landscape.structure, landscape.couplings, seed)
        asked = (budget.reads or self.reads or READS) * (self.sweeps or SWEEPS)
        total = asked if self._bounded(budget, search) else None
        schedule = self._schedule(annealer, search, total)
        rounds = Rounds(annealer, search, given, schedule)
        longest, complete = 0, True
        for blocks in self._blocks(rounds, budget, solved=solved):
            for ends in annealer.run_all(blocks, search):
                catch.take(ends)
                complete = complete and ends.complete
            longest = max(longest, len(blocks[-1].temperatures))
            if not complete:
                break
        factor = landscape.couplings.factor
        beta_range = [factor / schedule.hot, factor / schedule.cold]
        info = {"sweeps": longest, "beta_range": beta_range, **landscape.facts}
        return info, complete and (solved or self._bounded(budget, search))

    def _turns(
        self, catch: Catch, budget: Budget, search: Watch, seed: int, given: list[Bits]
    ) -> tuple[dict[str, object], bool]:
        """The same where there are products or rows: a read is one turn of the arm that carries them."""
        from qopt.solvers.search.arm import Turn
        from qopt.solvers.search.arms import fitting

        landscape = catch.landscape
        arm = max(fitting(landscape), key=lambda arm: arm.prior)
        moves = max(1, landscape.structure.moves)
        reads = budget.reads or self.reads or (READS if budget.work is None else 1)
        work = moves * (self.sweeps or SWEEPS) if budget.work is None else budget.work // reads
        known = tuple(landscape.entries(given))
        complete = True
        for read in range(reads):
            ends = arm.spend(Turn(read, seed & (2**64 - 1), known, max(1, work), search))
            catch.take(ends.best())
            complete = complete and ends.complete
            if search.expired():
                break
        return {"arms": {arm.name: {"turns": reads}}, **landscape.facts}, complete and not search.expired()

    def _bounded(self, budget: Budget, watch: Watch) -> bool:
        """Whether anything but the deadline ends the run."""
        return bool(budget.work or budget.reads or self.reads) or watch.deadline is None

    def _schedule(self, annealer: Annealer, watch: Watch, sweeps: int | None) -> Schedule:
        """As asked for, else tuned; ``sweeps`` are those of all reads, None where the deadline says how many."""
        from qopt.solvers.search.schedule import Schedule

        if self.schedule == "tuned" and self.beta_min is None and self.beta_max is None:
            return annealer.schedule(watch, sweeps=sweeps)
        hot = cold = 0.0
        if self.beta_min is None or self.beta_max is None:
            hot, cold = annealer.temperatures(watch)
        factor = annealer.couplings.factor
        hot = hot if self.beta_min is None else factor / self.beta_min
        cold = cold if self.beta_max is None else factor / self.beta_max
        return (Schedule.even_in_beta if self.schedule == "linear" else Schedule.geometric)(hot, cold)

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
