"""Job shop bounds by exhaustion: constraint propagation and branch and bound on the order of pairs of tasks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from qopt.core.accepts import AcceptsForm
from qopt.core.arrays import Ints
from qopt.core.budget import Budget
from qopt.core.forms.shop import Shop, evaluate, semi_active
from qopt.core.result import Bound
from qopt.core.solution import Candidate, Origin
from qopt.core.watch import Watch, run_in_chunks
from qopt.solvers.bounders._shop_tree import FAILED, FULL, HORIZON, LEVEL, SOLVED, tree_of
from qopt.solvers.bounders.one_machine import jackson

NAME = "branch_shop"


class Question:
    """Whether there is a schedule of at most ``horizon``, asked by depth-first search; it can be left and gone on with.

    Parameters
    ----------
    form
        A shop without tasks of duration 0.
    megabytes
        Most memory for the levels of the tree; the search gives up below that depth.
    """

    def __init__(self, form: Shop, megabytes: float) -> None:
        self.tree = tree_of(form, megabytes)

    def begin(self, horizon: int) -> None:
        """Ask anew; the weights learned so far are kept."""
        tree = self.tree
        tree.state[:] = 0
        tree.lows[0], tree.highs[0], tree.pairs[0] = 0, horizon, 0
        tree.touched[:] = 1
        self.tighten(horizon)

    def tighten(self, horizon: int) -> None:
        """Ask for less, from where the search stands."""
        self.tree.state[HORIZON] = horizon
        self.tree.state[SOLVED] = 0

    def run(self, units: int) -> int:
        """At most ``units`` nodes; fewer when there is an answer or the memory does not suffice."""
        from qopt.kernels.shop_branch import branch

        done: int = branch(self.tree, units)
        return done

    @property
    def horizon(self) -> int:
        """The length asked for."""
        return int(self.tree.state[HORIZON])

    @property
    def refuted(self) -> bool:
        """Whether no schedule ends by the horizon: every case was visited."""
        return bool(self.tree.state[FAILED])

    @property
    def gave_up(self) -> bool:
        """Whether the memory did not suffice."""
        return bool(self.tree.state[FULL])

    @property
    def start(self) -> Ints | None:
        """The starts of a schedule that ends by the horizon, once one is found."""
        state = self.tree.state
        return self.tree.lows[state[LEVEL]].copy() if state[SOLVED] else None


class Search:
    """Questions with several horizons, until the bounds meet.

    One asks for a schedule below the incumbent; where that takes long, a second one asks for much shorter ones and so
    raises the bound, in turns that grow. Both use counted nodes alone, so the course of the search depends on no
    clock.

    Attributes
    ----------
    lower, upper
        No schedule is shorter than ``lower``; one of length ``upper`` is known.
    schedule
        Starts of a schedule of length ``upper``, when this search found it.
    """

    def __init__(self, form: Shop, *, lower: int, upper: int, megabytes: float, turn: int) -> None:
        self.lower, self.upper, self.turn = lower, upper, turn
        self.form, self.megabytes = form, megabytes
        self.schedule: Ints | None = None
        self._asked: Question
        self._turns = self._schedule_of_turns()
        self._left = 0

    def _schedule_of_turns(self) -> Iterator[tuple[Question, int]]:
        main, side = Question(self.form, self.megabytes), Question(self.form, self.megabytes)
        main.begin(self.upper - 1)
        nodes = self.turn
        while not main.gave_up:
            main.tighten(self.upper - 1)
            yield main, nodes
            low, high = self.lower, self.upper - 1
            while low < high:
                horizon = (low + high) // 2
                side.begin(horizon)
                yield side, max(1, nodes // 8)
                low, high = (horizon + 1, high) if side.refuted else (low, horizon)
                low, high = max(low, self.lower), min(high, self.upper - 1)
            nodes *= 2

    def step(self, units: int) -> int:
        """At most ``units`` nodes; fewer when lower and upper have met, or the memory does not suffice to go on."""
        done = 0
        while done < units and self.lower < self.upper:
            if self._left == 0:
                turn = next(self._turns, None)
                if turn is None:
                    break
                self._asked, self._left = turn
            did = self._asked.run(min(units - done, self._left))
            done, self._left = done + did, self._left - did
            self._learn(self._asked)
            if self._asked.refuted or self._asked.gave_up:
                self._left = 0
        return done

    def _learn(self, asked: Question) -> None:
        """Take what a search has found: a shorter schedule, or that none ends by its horizon."""
        start = asked.start
        if start is not None:
            self.schedule = start
            self.upper = int((start + self.form.duration).max(initial=0))
            asked.tighten(self.upper - 1)
        elif asked.refuted and asked.horizon >= self.lower:
            self.lower = asked.horizon + 1


@dataclass(frozen=True)
class BranchShop:
    """A proof by exhaustion for small shops, and the best bound that time allows for larger ones.

    Windows of the tasks are propagated by job order, by pairs that fit in one order only and by edge finding; the pair
    with the least room is ordered both ways (Carlier & Pinson 1989; Brucker, Jurisch & Sievers 1994; Baptiste & Le Pape
    1996). Refuted horizons raise the bound; shorter schedules met on the way are offered as candidates.

    Parameters
    ----------
    turn
        Nodes of the first turn, >= 8; every later one is twice as long.
    megabytes
        Most memory for each of two trees, > 0; a search that would need more gives up.
    exhausts
        That what it cannot close, HiGHS will not close either.
    patience
        Share of its time, 0 to 1, after which it ends where neither bound has moved: another search uses it better.
    """

    turn: int = 4096
    megabytes: float = 64.0
    patience: float = 0.3
    exhausts: bool = True
    accepts: AcceptsForm = AcceptsForm("shop")

    def bound(self, subject: Shop, *, incumbent: float | None, budget: Budget, watch: Watch) -> Bound | None:
        """The best bound found before the watch expires or ``budget.work`` nodes are done.

        Proof ``exhaustive`` where it rests on a refuted horizon, ``combinatorial`` where it is Jackson's. Without an
        incumbent the search starts from a quick schedule and makes its own.
        """
        watch = watch.within(budget.seconds)
        form = subject.busy()
        lower = jackson(form)
        quick = min((semi_active(form, p) for p in (form.head, -form.tail)), key=lambda s: evaluate(form, s).objective)
        upper = int(evaluate(form, quick).objective)
        if incumbent is not None:
            upper = min(upper, int(np.floor(incumbent + 1e-6)))
        search = Search(form, lower=lower, upper=upper, megabytes=self.megabytes, turn=self.turn)
        best = Bound(float(lower), "combinatorial", source="jackson_preemptive")
        watch.bound(best)
        moved, patience = watch.clock(), self.patience * watch.remaining()

        def step(units: int) -> int:
            nonlocal best, moved
            upper, lower = search.upper, search.lower
            if watch.clock() - moved > patience:
                return 0
            done = search.step(units)
            if (search.upper, search.lower) != (upper, lower):
                moved = watch.clock()
            if search.upper < upper and search.schedule is not None:
                proposal = subject.with_idle(search.schedule)
                watch.offer(Candidate(Origin.EXACT, NAME, proposal=proposal), float(search.upper), NAME)
            if search.lower > best.value:
                best = Bound(float(search.lower), "exhaustive", source=NAME)
                watch.bound(best)
            return done

        run_in_chunks(step, watch, work=budget.work, first=64)
        return best


PLUGIN = BranchShop()
