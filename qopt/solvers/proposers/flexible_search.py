"""Proposer ``flexible_search``: tabu search and annealing of flexible job shops, with the makespan as objective."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qopt.core.accepts import AcceptsForm
from qopt.core.arrays import Ints
from qopt.core.batch import Proposals
from qopt.core.budget import Budget
from qopt.core.errors import NotApplicableError
from qopt.core.forms.project import FOREVER, Project, Proposal, evaluate
from qopt.core.solution import Candidate, Origin
from qopt.core.watch import Watch, run_in_chunks
from qopt.solvers.proposers._flexible_state import begin_round, facts_of, greedy, line_of, state_of

NAME = "flexible_search"
DEFAULT_WORK = 2_000_000
"""Moves when neither seconds nor work are given."""
LEAST = 1000
"""Moves of a round, at least, where time limits them."""
SURE = 0.02
"""Share of the last round after which its pace is known."""


@dataclass(frozen=True)
class FlexibleSearch:
    """Tabu search for a first good schedule, then rounds of annealing: longer and longer ones from hot, then warm ones.

    The tabu search moves critical tasks to the best places on their machines (Mastrolilli and Gambardella, 2000). A
    round of annealing goes from hot to cold; the last one ends with the budget.

    It takes what is a flexible job shop: tasks in chains, each mode on one machine, no lags, set-ups, calendars or
    dates, and the makespan alone as the objective.

    Parameters
    ----------
    opening
        Share of the budget that tabu search gets, in [0, 1].
    most
        Steps of tabu search, at most.
    patience
        Steps without a better schedule after which the best one is shaken, per task.
    round
        Moves of the first round of annealing, per task.
    growth
        How many times as long the next round is.
    longest
        Moves of a round from hot, about, at most, per task.
    again
        Moves of the rounds after it, per task, which begin warm: they keep much of the best schedule.
    hot, warm
        Temperatures at the beginning of a round, in squares of the goal's distance from the best schedule.
    """

    opening: float = 0.25
    most: int = 20_000
    patience: int = 25
    round: int = 1000
    growth: int = 4
    longest: int = 100_000
    again: int = 33_000
    hot: float = 0.5
    warm: float = 0.25
    accepts: AcceptsForm = AcceptsForm("project")

    def refuses(self, form: Project) -> list[str]:
        """Why a project is no flexible job shop; empty where it is one."""
        return misfits(form)

    def propose(
        self, form: Project, *, budget: Budget, seed: int, watch: Watch, pool: Sequence[Proposal] = ()
    ) -> Proposals:
        """Search for short schedules; see ``core.protocols.Proposer``.

        A unit of work is a move of the annealer; a step of tabu search, which weighs many, is one for each task.

        Raises
        ------
        NotApplicableError
            The project is no flexible job shop.
        """
        reasons = self.refuses(form)
        if reasons:
            raise NotApplicableError(NAME, reasons)
        begin = watch.clock()
        if budget.seconds is not None:
            watch = watch.within(budget.seconds)
        work = DEFAULT_WORK if budget.work is None and watch.deadline is None else budget.work
        known = sorted((evaluate(form, p).objective, k) for k, p in enumerate(pool) if evaluate(form, p).feasible)
        run = Run(self, form, pool[known[0][1]] if known else greedy(form), budget.target, seed, watch, work)
        did = run_in_chunks(run.step, watch, work=work, first=64)
        found = {proposal.key(): proposal for proposal in [*run.found, *(pool[k] for _, k in known[:20])]}
        checks = {key: evaluate(form, proposal).objective for key, proposal in found.items()}
        keys = sorted(found, key=lambda key: checks[key])[:30]
        reason = "cancelled" if watch.stop[0] else "seconds" if work is None or did < work else "work"
        return Proposals(
            tuple(found[key] for key in keys),
            tuple(checks[key] for key in keys),
            NAME,
            seed,
            "target" if run.best <= run.target else reason,
            watch.clock() - begin,
            {"moves": did, "rounds": run.rounds},
        )


class Run:
    """One call of ``propose``: the opening, the rounds and the schedules found, each shorter than those before."""

    def __init__(
        self,
        plugin: FlexibleSearch,
        form: Project,
        first: Proposal,
        target: float | None,
        seed: int,
        watch: Watch,
        work: int | None,
    ) -> None:
        from qopt.kernels.flexible_tabu import keep, load

        self.plugin, self.watch, self.work, self.tasks = plugin, watch, work, form.tasks
        self.target = -1 if target is None else int(np.ceil(target))
        self.facts = facts_of(form)
        self.tabu = state_of(form, seed, plugin.patience, self.target)
        self.line = line_of(self.facts, len(form.resources), seed + 1, self.target)
        load(self.facts, self.tabu, first.mode.astype(np.int64), first.start)
        keep(self.tabu)
        self.best = int(self.tabu.now["best"][0])
        self.found = [_proposal(self.tabu.best_mode, self.tabu.best_head)]
        self.begun = self.round_begun = watch.clock()
        self.moves = self.owed = self.rounds = self.annealed = 0
        self.until = (
            plugin.most * form.tasks if work is None else min(plugin.most * form.tasks, int(plugin.opening * work))
        )
        self.length, self.longest = plugin.round * form.tasks, plugin.longest * form.tasks
        self.last, self.hot = False, plugin.hot

    def step(self, units: int) -> int:
        """Search for so many units; fewer where the target is reached."""
        done = 0
        while done < units and self.best > self.target:
            did = self._open(units - done) if self._opening() else self._anneal(units - done)
            self.moves += did
            done += did
        return done

    def _note(self, length: int, mode: Ints, start: Ints) -> None:
        if length < self.best:
            self.best = length
            self.found.append(_proposal(mode, start))
            self.watch.offer(Candidate(Origin.PROPOSED, NAME, proposal=self.found[-1]), None, NAME)

    # -- the opening ---------------------------------------------------------------------------------------------

    def _opening(self) -> bool:
        if self.work is None and self._spent(self.begun) >= self.plugin.opening:
            self.until = min(self.until, self.moves)
        return self.moves < self.until

    def _open(self, units: int) -> int:
        """Tabu search; units that do not make a whole step are owed to it."""
        from qopt.kernels.flexible_tabu import flexible_tabu

        units = min(units, self.until - self.moves)
        steps, self.owed = divmod(self.owed + units, self.tasks)
        flexible_tabu(self.facts, self.tabu, steps)
        self._note(int(self.tabu.now["best"][0]), self.tabu.best_mode, self.tabu.best_head)
        return units

    # -- the rounds ----------------------------------------------------------------------------------------------

    def _anneal(self, units: int) -> int:
        """A part of a round, of a new one where the last is over."""
        from qopt.kernels.flexible_anneal import flexible_anneal

        now = self.line.now[0]
        if now["moves"] >= now["plan"] or self.best <= now["goal"]:
            self._begin_round()
        elif self.last and self.work is None:
            spent = self._spent(self.round_begun)
            if spent > SURE:
                now["plan"] = max(int(now["moves"]) + 1, int(now["moves"] / spent))
        did = int(flexible_anneal(*self.line, units))
        self.annealed += did
        tasks = self.line.tasks[:-1]
        mode = tasks["best_mode"]
        self._note(int(now["best"]), mode, tasks["best_end"] - self.facts.duration[mode])
        return did

    def _begin_round(self) -> None:
        """The next round: longer than the one before, then warm ones, or as long as there is left."""
        left, now = self._left(), self.watch.clock()
        self.last = left < min(3 * self.length, 2 * self.longest)
        begin_round(self.line, self.found[-1], self.best, int(left) if self.last else self.length, self.hot)
        if self.length == self.longest:
            self.hot = self.plugin.warm
            self.length = self.longest = self.plugin.again * self.line.order.size
        self.length = min(self.length * self.plugin.growth, self.longest)
        self.rounds += 1
        self.round_begun = now

    def _left(self) -> float:
        """Moves left, or about as many as the rest of the time allows; without any made yet, no limit is known."""
        if self.work is not None:
            return self.work - self.moves
        if self.rounds == 0:
            self.annealing_begun = self.watch.clock()
            return np.inf
        rate = self.annealed / max(1e-6, self.watch.clock() - self.annealing_begun)
        return max(LEAST, rate * self.watch.remaining())

    def _spent(self, begun: float) -> float:
        """Share of the time from a moment to the deadline that has passed."""
        passed = self.watch.clock() - begun
        return passed / max(1e-9, passed + self.watch.remaining())


def _proposal(mode: Ints, start: Ints) -> Proposal:
    return Proposal(mode.astype(np.int32), start.copy())


def misfits(form: Project) -> list[str]:
    """Why a project is no flexible job shop; empty where it is one."""
    lags, resources = form.lags, form.resources
    chains = len(np.unique(lags.before)) == len(lags) == len(np.unique(lags.after))
    told = {
        "has no tasks": form.tasks == 0,
        "minimises more than the makespan": form.levels not in (((("makespan", 1.0),),),),
        "has tasks that follow several others": not chains,
        "has lags": bool((lags.least != 0).any() or (lags.most < FOREVER).any() or lags.from_start.any()),
        "has modes on several machines, or on none": bool((np.diff(form.modes.use_start) != 1).any()),
        "has resources that are no machines": bool((resources.capacity != 1).any()),
        "has calendars": len(resources.closed_from) > 0,
        "has set-ups": any(table is not None for table in resources.setup),
        "has dates": bool((form.release > 0).any() or (form.deadline < FOREVER).any()),
        "has tasks without duration": bool((form.modes.duration == 0).any()),
        "changes a plan": form.current is not None,
        "has soft rules": form.soft is not None,
    }
    return [reason for reason, there in told.items() if there]


PLUGIN = FlexibleSearch()
