"""Proposer ``roster_windows``: annealing, and exact solves of parts of the best plan, by turns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qopt.core.accepts import AcceptsForm
from qopt.core.arrays import Bools
from qopt.core.batch import Proposals
from qopt.core.budget import Budget
from qopt.core.errors import NotApplicableError
from qopt.core.forms.roster import Proposal, Roster, evaluate
from qopt.core.forms.roster_cells import Cells
from qopt.core.watch import Watch
from qopt.milp.solve import solve
from qopt.solvers.proposers._finds import Finds
from qopt.solvers.proposers.roster_search import DEFAULT_WORK, RosterSearch, Walk

NAME = "roster_windows"
PIECE = 2000
"""What a window counts in moves, for budgets of work."""


@dataclass(frozen=True)
class RosterWindows:
    """Fix-and-optimise around an annealed plan: some people, or some days of all people, are freed and solved by HiGHS.

    Source: Rahimian, Akartunali and Levine (2017) for exact windows and neighbourhood search by turns on rosters.

    Parameters
    ----------
    search
        The annealing.
    share
        Of the time that goes to annealing before the first window, and of each turn later.
    each
        Most seconds of one window.
    nodes
        Most branch-and-bound nodes of one window when the budget counts work.
    free
        Cells of the first windows; they grow while windows are solved quickly and shrink when they are not.
    patience
        Windows without a better plan after which it anneals again.
    largest
        Most columns of a roster that it takes.
    """

    search: RosterSearch = RosterSearch()
    share: float = 0.25
    each: float = 3.0
    nodes: int = 200
    free: int = 120
    patience: int = 12
    largest: int = 60_000
    accepts: AcceptsForm = AcceptsForm("roster")

    def refuses(self, form: Roster) -> list[str]:
        """Rosters with too many columns for windows to be built in good time."""
        columns = Cells(form).size
        return [f"{columns} columns, at most {self.largest} are taken"] if columns > self.largest else []

    def propose(
        self, form: Roster, *, budget: Budget, seed: int, watch: Watch, pool: Sequence[Proposal] = ()
    ) -> Proposals:
        """Search for cheap plans; see ``core.protocols.Proposer``. A unit of work is one move, a window many.

        Raises
        ------
        NotApplicableError
            A roster that is too large.
        """
        reasons = self.refuses(form)
        if reasons:
            raise NotApplicableError(NAME, reasons)
        begin = watch.clock()
        if budget.seconds is not None and watch.deadline is None:
            watch = watch.within(budget.seconds)
        work = DEFAULT_WORK if budget.work is None and watch.deadline is None else budget.work
        finds = Finds(form, evaluate, NAME, watch, self.search.most)
        for proposal in pool:
            finds.take(proposal, offer=False)
        turns = _Turns(self, form, seed, finds, work)
        turns.run(watch)
        reason = (
            "cancelled" if watch.stop[0] else "seconds" if watch.expired() else "work" if turns.left == 0 else "done"
        )
        info = {"moves": turns.moves, "windows": turns.windows, "gains": turns.gains}
        return finds.proposals(seed, reason, watch.clock() - begin, info)


class _Turns:
    """One call: the walk, the problem, and what was spent."""

    def __init__(self, settings: RosterWindows, form: Roster, seed: int, finds: Finds, work: int | None) -> None:
        self.settings, self.form, self.finds = settings, form, finds
        self.rng = np.random.default_rng(seed)
        self.walk = Walk(settings.search, form, seed, finds)
        self.cells = Cells(form)
        self.left = work
        self.counted = work is not None
        self.size = float(settings.free)
        self.moves = self.windows = self.gains = 0
        self.proven = False

    def run(self, watch: Watch) -> None:
        self._anneal(watch)
        problem = None
        while not watch.expired() and self.left != 0 and not self.proven:
            if problem is None:
                problem = self.cells.problem()
            stale = 0
            while stale < self.settings.patience and not watch.expired() and self.left != 0 and not self.proven:
                stale = 0 if self._window(problem, watch) else stale + 1
            self._anneal(watch)

    def _anneal(self, watch: Watch) -> None:
        """A turn of annealing, from the best plan."""
        best = self.finds.best
        if best is not None:
            self.walk.enter(best[0])
        share = self.settings.share
        if self.counted:
            assert self.left is not None
            wanted = min(self.left, max(1, int(share * self.left), PIECE))
            did = self.walk.run(watch, wanted)
            self.left -= did
        else:
            did = self.walk.run(watch.within(share * watch.remaining()), None)
        self.moves += did

    def _window(self, problem: object, watch: Watch) -> bool:
        """Solve one window exactly; whether the best plan got better."""
        best = self.finds.best
        assert best is not None
        proposal, check = best
        free = self._free() if check.feasible else self._around(self.walk.faulty(proposal))
        values = self.cells.lift(proposal)
        fixed = np.full(self.cells.size, np.nan)
        shifts = self.form.shape[2] - 1
        held = np.repeat(~free.ravel(), shifts)
        fixed[: self.cells.cells][held] = values[: self.cells.cells][held]
        share = watch if self.counted else watch.within(self.settings.each)
        outcome = solve(
            problem,  # type: ignore[arg-type]
            watch=share.silent(),
            start=values if check.feasible else None,
            fixed=fixed,
            nodes=self.settings.nodes if self.counted else None,
            seed=int(self.rng.integers(2**31 - 1)),
        )
        self.windows += 1
        if self.left is not None:
            self.left = max(0, self.left - PIECE)
        for found in outcome.values:
            plan = self.cells.lower(found)
            if plan is not None:
                self.finds.take(plan)
        after = self.finds.best
        assert after is not None
        better = after[0].key() != proposal.key()
        self.gains += better
        solved = outcome.status in ("optimal", "infeasible")
        self.proven = solved and bool(free.all())
        quick = solved and (self.counted or outcome.seconds < self.settings.each / 4)
        self.size = min(self.size * 1.15, free.size) if quick else max(self.size * 0.85, 20.0)
        return better

    def _around(self, faulty: Bools) -> Bools:
        """All days of the people whose rules are broken, and of others up to the size; shape (people, days)."""
        people, days, _ = self.form.shape
        order = self.rng.permutation(people)
        order = order[np.argsort(~faulty[order], kind="stable")]
        free = np.zeros((people, days), dtype=bool)
        free[order[: max(int(faulty.sum()), min(people, max(2, round(self.size / days))))]] = True
        return free

    def _free(self) -> Bools:
        """Cells set free, shape (people, days): some people's, or those of a stretch of days."""
        people, days, _ = self.form.shape
        free = np.zeros((people, days), dtype=bool)
        if self.size >= free.size:
            return ~free
        if self.rng.random() < 0.5 and people > 1:
            count = min(people, max(2, round(self.size / days)))
            free[self.rng.choice(people, count, replace=False)] = True
        else:
            # A stretch of days for as many people as fit, at least half a week.
            length = min(days, max(4, round(self.size / people)))
            first = int(self.rng.integers(1 - length // 2, days - length // 2))
            count = min(people, max(2, round(self.size / length)))
            chosen = self.rng.choice(people, count, replace=False)
            free[np.ix_(chosen, np.arange(max(0, first), min(days, first + length)))] = True
        return free


PLUGIN = RosterWindows()
