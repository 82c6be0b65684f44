"""Job shop by tabu search inside critical blocks, restarted from blends of an elite pool."""

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
from qopt.solvers.proposers._shop_pool import Elite, Pool
from qopt.solvers.proposers._shop_walk import walk_of

NAME = "critical_tabu"


@dataclass(frozen=True)
class CriticalTabu:
    """Tabu search on the critical path, from starts blended out of an elite pool.

    Every round walks from a start until ``patience`` iterations brought nothing; its best schedule goes to the pool.
    The first rounds start from the schedules handed in and from random ones, later rounds from blends of two members of
    the pool. When most of the members have come together, all but the best give way to new ones.

    Parameters
    ----------
    patience
        Iterations without a better schedule that end a round, >= 1.
    elites
        Members of the pool, >= 2.
    apart
        Least distance of two members, as the mean difference of a task's place in order of start.
    tenure
        An order of two tasks that was taken away may not come back for this many to 1.5 times as many iterations; 0 for
        10 + jobs / machines.
    keep
        Most proposals handed back, >= 1.
    encore
        Most rounds after a schedule is known to be optimal, to find others as short.

    Notes
    -----
    Tabu search with path relinking: Peng, Lü & Cheng (2015). Work is counted in iterations, plus one for each round.
    """

    patience: int = 4000
    elites: int = 12
    apart: float = 2.0
    tenure: int = 0
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
        run = Run(self, form, budget.target, seed, watch, pool)
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
    stopped_by
        ``done``, ``target``, or empty while there is something left to do.
    """

    def __init__(
        self, plugin: CriticalTabu, form: Shop, target: float | None, seed: int, watch: Watch, given: Sequence[Proposal]
    ) -> None:
        self.plugin, self.form, self.watch = plugin, form, watch
        self.target = -1 if target is None else int(np.floor(target))
        self.random = np.random.default_rng(seed)
        self.shop = form.busy()
        self.walk = walk_of(self.shop, int(self.random.integers(2**32)))
        self.tenure = plugin.tenure or 10 + form.jobs // max(1, form.machines)
        self.pool = Pool(plugin.elites, plugin.apart)
        self.lower = jackson(form)
        self.archive: dict[bytes, tuple[int, Proposal]] = {}
        self.rounds = self.encores = self.fresh = 0
        self.in_round = False
        self.stopped_by = ""
        first = semi_active(form, -form.tail)
        self.best = int(evaluate(form, first).objective)
        self._offer(first)
        for proposal in (first, *given):
            self._archive(semi_active(form, proposal.start))
        self.starts = [proposal.start[form.duration > 0] for _, proposal in self.archive.values()]
        if self.shop.tasks == 0:
            self.stopped_by = "done"

    def step(self, units: int) -> int:
        """Search for at most ``units`` iterations; fewer when there is nothing left to do."""
        from qopt.kernels import shop

        walk, done = self.walk, 0
        while done < units and not self.stopped_by:
            if not self.in_round:
                self._begin_round()
                done += 1
            known = self.lower >= self.best
            patience = min(self.plugin.patience, 500) if known else self.plugin.patience
            goal = max(self.target, self.lower)
            did = shop.search(walk, units - done, patience, goal, self.tenure)
            done += did
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
        if self.fresh > 3 * size and len(pool.members) < max(2, size // 3):
            pool.thin()
            self.fresh = 0
        if self.starts:
            order = np.argsort(self.starts.pop(), kind="stable")
        elif self.fresh < size or len(pool.members) < 2:
            start = semi_active(self.shop, self.random.random(self.shop.tasks)).start
            order = np.argsort(start, kind="stable")
        else:
            order = pool.blend(self.random)
        self.fresh += 1
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
        self.pool.add(Elite.of(makespan, self._start()))
        if state[shop.OPTIMAL]:
            self.lower = max(self.lower, int(state[shop.MAKESPAN]))
        if self.best <= self.target:
            self.stopped_by = "target"
        elif self.best <= self.lower:
            self.encores += 1
            found = sum(makespan == self.best for makespan, _ in self.archive.values())
            if self.encores > self.plugin.encore or found >= self.plugin.keep:
                self.stopped_by = "done"

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
