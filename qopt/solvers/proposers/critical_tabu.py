"""Job shop by tabu search inside critical blocks, restarted from blends of an elite pool that draws together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qopt.core.accepts import AcceptsForm
from qopt.core.batch import Proposals
from qopt.core.budget import Budget
from qopt.core.forms.shop import Proposal, Shop, evaluate, semi_active
from qopt.core.solution import Candidate, Origin
from qopt.core.watch import Watch, run_in_chunks
from qopt.solvers.bounders.one_machine import jackson
from qopt.solvers.proposers._shop_pool import Elite, Pool, spread
from qopt.solvers.proposers._shop_walk import walk_of

NAME = "critical_tabu"


@dataclass(frozen=True)
class CriticalTabu:
    """Tabu search on the critical path, from starts blended out of an elite pool.

    Every round walks from a start until ``patience`` iterations brought nothing; its best schedule goes to the pool.
    The first rounds start from schedules handed in and from random ones, later rounds from blends of two members of the
    pool. Its members are kept far apart at first and may come together as the budget runs out: left to itself, a pool
    gathers around the first good schedule, and what it blends from then on is all alike.

    Parameters
    ----------
    patience
        Iterations without a better schedule that end a round, >= 1.
    elites
        Members of the pool, >= 2.
    wide
        Least distance of two members at first, as a share of the mean distance of schedules of random rounds, >= 0.
    apart
        Least distance of two members at last, as the mean difference of a task's place on its machine.
    tenure
        An order of two tasks that was taken away may not come back for this many to 1.5 times as many iterations; drawn
        for every round from this range.
    cycle
        Rounds until the pool has drawn together, where the budget does not end before; then a new one begins with the
        best schedule.
    steady
        That one call for a long time serves better than several shorter ones.
    keep
        Most proposals handed back, >= 1.
    encore
        Most rounds after a schedule is known to be optimal, to find others as short.

    Notes
    -----
    Tabu search with path relinking: Peng, Lü & Cheng (2015). A distance of members that falls to the end of the run:
    Constantino & Segura (2022). Work is counted in iterations, plus one for each round.
    """

    patience: int = 4000
    elites: int = 20
    wide: float = 0.3
    apart: float = 0.1
    tenure: tuple[int, int] = (3, 9)
    cycle: int = 3000
    steady: bool = True
    keep: int = 30
    encore: int = 30
    accepts: AcceptsForm = AcceptsForm("shop")

    def propose(
        self, form: Shop, *, budget: Budget, seed: int, watch: Watch, pool: Sequence[Proposal] = ()
    ) -> Proposals:
        """Search until the watch expires, the work is done, the target is met or a schedule is known to be optimal.

        Returns
        -------
        At least one and up to ``keep`` schedules that differ in a start time, shortest first; all feasible and
        left-shifted.
        """
        began = watch.clock()
        watch = watch.within(budget.seconds)
        run = Run(self, form, budget, seed, watch, pool)
        work = run_in_chunks(run.step, watch, work=budget.work)
        run.end_round()
        best = sorted(run.archive.values(), key=lambda entry: entry[0])[: self.keep]
        stopped_by = run.stopped_by or ("cancelled" if watch.stop[0] else "seconds" if watch.expired() else "work")
        info = {"iterations": work, "rounds": run.rounds, "optimal": run.lower >= run.best}
        return Proposals(
            tuple(proposal for _, proposal in best),
            tuple(float(makespan) for makespan, _ in best),
            NAME,
            seed,
            stopped_by,
            watch.clock() - began,
            info,
        )


class Run:
    """One call of ``propose``: the rounds of a walk, the pool, and an archive of distinct schedules.

    Attributes
    ----------
    lower, best
        No schedule is shorter than ``lower``; the shortest known has length ``best``.
    archive
        Schedules by their starts, with their makespans.
    random_rounds
        Best schedules of the cycle's random rounds.
    still
        Rounds since the pool has changed.
    stopped_by
        ``done``, ``target``, or empty while there is something left to do.
    """

    def __init__(
        self, plugin: CriticalTabu, form: Shop, budget: Budget, seed: int, watch: Watch, given: Sequence[Proposal]
    ) -> None:
        self.plugin, self.form, self.watch = plugin, form, watch
        self.target = -1 if budget.target is None else int(np.floor(budget.target))
        self.work, self.done, self.began = budget.work, 0, watch.clock()
        self.random = np.random.default_rng(seed)
        self.shop = form.busy()
        self.walk = walk_of(self.shop, int(self.random.integers(2**32)))
        self.tenure = plugin.tenure[0]
        self.pool = Pool(plugin.elites, plugin.apart)
        self.lower = jackson(form)
        self.archive: dict[bytes, tuple[int, Proposal]] = {}
        self.rounds = self.encores = 0
        self.random_rounds: list[Elite] = []
        self.cycle_rounds = self.still = 0
        self.cycle_from = self.wide = 0.0
        self.in_round = self.from_random = False
        self.stopped_by = ""
        first = semi_active(form, -form.tail)
        self.best = int(evaluate(form, first).objective)
        self._offer(first)
        for proposal in (first, *given):
            self._archive(semi_active(form, proposal.start))
        known = sorted(self.archive.values(), key=lambda entry: entry[0])[: max(1, plugin.elites // 4)]
        self.starts = [proposal.start[form.duration > 0] for _, proposal in reversed(known)]
        if self.shop.tasks == 0:
            self.stopped_by = "done"

    def step(self, units: int) -> int:
        """Search for at most ``units`` iterations; fewer when there is nothing left to do."""
        from qopt.kernels import shop

        walk, done = self.walk, 0
        while done < units and not self.stopped_by:
            if not self.in_round:
                self._begin_round()
                done, self.done = done + 1, self.done + 1
            known = self.lower >= self.best
            patience = min(self.plugin.patience, 500) if known else self.plugin.patience
            goal = max(self.target, self.lower)
            did = shop.search(walk, units - done, patience, goal, self.tenure)
            done, self.done = done + did, self.done + did
            if walk.state[shop.BEST] < self.best:
                self.best = int(walk.state[shop.BEST])
                self._offer(self._proposal())
            if done < units:
                self.end_round()
        return done

    def _begin_round(self) -> None:
        """Start the walk from a schedule handed in, a random one, or a blend."""
        from qopt.kernels import shop

        pool, size = self.pool, self.plugin.elites
        if self.still > 2 * size and self._phase() >= 1.0:
            pool.thin()
            self.random_rounds.clear()
            self.cycle_from, self.cycle_rounds, self.still = self._used(), 0, 0
        self.from_random = False
        if self.starts:
            order = np.argsort(self.starts.pop(), kind="stable")
        elif len(self.random_rounds) < size or len(pool.members) < 2:
            start = semi_active(self.shop, self.random.random(self.shop.tasks)).start
            order = np.argsort(start, kind="stable")
            self.from_random = True
        else:
            order = pool.blend(self.random)
        self.tenure = int(self.random.integers(self.plugin.tenure[0], self.plugin.tenure[1] + 1))
        self.cycle_rounds += 1
        self.rounds += 1
        self.walk.order[:] = order
        shop.load(self.walk)
        self.in_round = True

    def end_round(self) -> None:
        """Take in the round's best schedule, and see whether there is anything left to do."""
        from qopt.kernels import shop

        if not self.in_round:
            return
        self.in_round = False
        state = self.walk.state
        makespan = int(state[shop.BEST])
        self._archive(self._proposal())
        self._breed(Elite.of(makespan, self._start(), self.shop.machine))
        if state[shop.OPTIMAL]:
            self.lower = max(self.lower, int(state[shop.MAKESPAN]))
        if self.best <= self.target:
            self.stopped_by = "target"
        elif self.best <= self.lower:
            self.encores += 1
            found = sum(makespan == self.best for makespan, _ in self.archive.values())
            if self.encores > self.plugin.encore or found >= self.plugin.keep:
                self.stopped_by = "done"

    def _breed(self, elite: Elite) -> None:
        """Take a round's best schedule into the pool, and let the pool draw together as the cycle goes on."""
        pool, plugin = self.pool, self.plugin
        self.still = 0 if pool.add(elite) else self.still + 1
        if self.from_random:
            self.random_rounds.append(elite)
            if len(self.random_rounds) == plugin.elites:
                self.wide = plugin.wide * spread(self.random_rounds)
                pool.part(max(plugin.apart, self.wide * (1 - self._phase())))
        if len(self.random_rounds) >= plugin.elites:
            pool.apart = max(plugin.apart, self.wide * (1 - self._phase()))

    def _used(self) -> float:
        """Share of the work, or else of the seconds, that is used up; 0 without a limit."""
        if self.work is not None:
            return min(1.0, self.done / self.work)
        if self.watch.deadline is None:
            return 0.0
        whole = self.watch.deadline - self.began
        return min(1.0, (self.watch.clock() - self.began) / whole) if whole > 0 else 1.0

    def _phase(self) -> float:
        """How far the cycle is: 0 when it begins, 1 when the budget or its rounds end."""
        left = 1.0 - self.cycle_from
        share = (self._used() - self.cycle_from) / left if left > 0 else 1.0
        return min(1.0, max(share, self.cycle_rounds / self.plugin.cycle))

    def _start(self) -> NDArray[np.int64]:
        return self.walk.best_end - self.shop.duration

    def _proposal(self) -> Proposal:
        """The round's best schedule."""
        return self.form.with_idle(self._start())

    def _archive(self, proposal: Proposal) -> None:
        makespan = int((proposal.start + self.form.duration).max(initial=0))
        self.archive[proposal.start.tobytes()] = (makespan, proposal)
        self.best = min(self.best, makespan)

    def _offer(self, proposal: Proposal) -> None:
        self.watch.offer(Candidate(Origin.PROPOSED, NAME, proposal=proposal), float(self.best), NAME)


PLUGIN = CriticalTabu()
