"""Proposer ``ruin_recreate``: annealed ruin-and-recreate for routes, annealed chains of flips for a single tour."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from qopt.core.accepts import AcceptsForm
from qopt.core.batch import Proposals
from qopt.core.budget import Budget
from qopt.core.forms.routes import Proposal, Routes, evaluate
from qopt.core.solution import Candidate, Origin
from qopt.core.watch import Stoppable, Watch, run_in_chunks
from qopt.solvers.proposers import _routes_state as states

NAME = "ruin_recreate"
DEFAULT_WORK = 200_000
"""Iterations when neither seconds nor work are given."""


@dataclass(frozen=True)
class Search:
    """A kernel with its state and its range of temperatures, relative to the mean leg."""

    name: str
    kernel: Callable[[Any, int], int]
    state: states.RoutesState | states.TourState
    hot: float
    cold: float


@dataclass(frozen=True)
class RuinRecreate:
    """Slack induction by string removals under simulated annealing (Christiaens and Vanden Berghe, 2020).

    The fleet is a hard limit: a customer for whom no route has room is absent, at a price that adapts, and only
    answers without absence are kept. When there is none in the end, the proposal returned has routes too many, which
    its judge will say. A large symmetric tour without a binding capacity is searched by chained Lin-Kernighan instead.

    Parameters
    ----------
    rounds
        Shares of the time, one annealing each: short ones first, so that a good answer comes early.
    hot, cold
        First and last temperature of a round, relative to the mean leg of the best answer (routes).
    tour_hot, tour_cold
        The same for a single tour.
    elites
        Most proposals returned.
    stride
        Iterations between two elites.
    tour_from
        Fewest nodes, at least 5, from which a single symmetric tour is searched by chains of flips: below, routes come
        to the same tours and to more of them.
    """

    rounds: tuple[float, ...] = (0.04, 0.16, 0.8)
    hot: float = 0.4
    cold: float = 0.004
    tour_hot: float = 0.1
    tour_cold: float = 0.005
    elites: int = 30
    stride: int = 100
    tour_from: int = 80
    accepts: AcceptsForm = AcceptsForm("routes")

    def propose(
        self, form: Routes, *, budget: Budget, seed: int, watch: Watch, pool: Sequence[Proposal] = ()
    ) -> Proposals:
        """Search for short routes; see ``core.protocols.Proposer``. A unit of work is one iteration."""
        begin = watch.clock()
        if form.n == 1:
            return Proposals((Proposal(()),), (0.0,), NAME, seed, "done")
        if budget.seconds is not None and watch.deadline is None:
            watch = watch.within(budget.seconds)
        work = DEFAULT_WORK if budget.work is None and watch.deadline is None else budget.work
        chains = form.n >= max(5, self.tour_from) and single_tour(form)
        search = self._tour(form, seed, budget, pool) if chains else self._routes(form, seed, budget, pool)
        done = self._anneal(search, work, watch)
        now = search.state.now[0]
        found = states.elites(search.state)
        if not found:  # only routes have a fleet that may be too small
            proposal = states.unfinished(form, search.state)
            found = [(evaluate(form, proposal).objective, proposal)]
        if now["best"] <= now["target"]:
            stopped_by = "target"
        elif watch.stop[0]:
            stopped_by = "cancelled"
        else:
            stopped_by = "seconds" if work is None or done < work else "work"
        return Proposals(
            tuple(proposal for _, proposal in found),
            tuple(objective for objective, _ in found),
            NAME,
            seed,
            stopped_by,
            watch.clock() - begin,
            {"iterations": done, "kernel": search.name, "absent": int(now["absent"]) if now["best"] == np.inf else 0},
        )

    def _routes(self, form: Routes, seed: int, budget: Budget, pool: Sequence[Proposal]) -> Search:
        from qopt.kernels.routes import keep_elite, ruin_and_recreate

        state = states.routes_state(form, seed, elites=self.elites, stride=self.stride, target=budget.target)
        known = states.usable(form, pool, self.elites)
        for proposal in [*known, *known[:1]]:
            states.place_routes(state, proposal)
            state.now["last_slot"] = -1
            keep_elite(state)
        return Search("ruin_and_recreate", ruin_and_recreate, state, self.hot, self.cold)

    def _tour(self, form: Routes, seed: int, budget: Budget, pool: Sequence[Proposal]) -> Search:
        from qopt.kernels.routes import keep_elite
        from qopt.kernels.routes_tour import improve_tour

        state = states.tour_state(form, seed, elites=self.elites, stride=self.stride, target=budget.target)
        known = states.usable(form, pool, self.elites)
        for proposal in [*known, *known[:1]]:
            states.place_tour(state, proposal)
            state.now["last_slot"] = -1
            keep_elite(state)
        return Search("improve_tour", improve_tour, state, self.tour_hot, self.tour_cold)

    def _anneal(self, search: Search, work: int | None, watch: Watch) -> int:
        """Run the rounds; the units done."""
        now = search.state.now[0]
        best = float(now["best"])

        def step(units: int) -> int:
            nonlocal best
            did = int(search.kernel(search.state, units))
            if now["best"] < best:
                best = float(now["best"])
                proposal = states.read_elite(search.state, int(states.ranked(search.state)[0]))
                watch.offer(Candidate(Origin.PROPOSED, NAME, proposal=proposal), best, NAME)
            return did

        now["temperature"] = 0.0
        done = run_in_chunks(step, watch, work=1)
        for k, share in enumerate(self.rounds):
            if watch.expired() or now["best"] <= now["target"]:
                break
            leg = (best if best < np.inf else float(now["cost"])) / (len(search.state.code) - 1 + now["high"])
            cold = max(search.cold * leg, 1e-9)
            hot = 10 * cold if k == 0 and len(self.rounds) > 1 else max(search.hot * leg, cold)
            share /= sum(self.rounds[k:])
            if work is not None:
                units = max(1, round((work - done) * share))
                now["temperature"], now["decay"] = hot, (cold / hot) ** (1 / units)
                done += run_in_chunks(step, watch, work=min(units, work - done))
            else:
                part = watch.within(watch.remaining() * share)
                done += run_in_chunks(cooled(step, now, part, hot, cold), part)
        return done


def single_tour(form: Routes) -> bool:
    """Whether the form is one symmetric tour that its vehicle can carry."""
    return form.vehicles == 1 and form.symmetric and float(form.demand.sum()) <= form.capacity


def cooled(step: Stoppable, now: Any, watch: Watch, hot: float, cold: float) -> Stoppable:
    """The step at a temperature that falls geometrically from ``hot`` now to ``cold`` at the watch's deadline."""
    length = max(watch.remaining(), 1e-9)

    def run(units: int) -> int:
        now["temperature"], now["decay"] = cold * (hot / cold) ** (watch.remaining() / length), 1.0
        return step(units)

    return run


PLUGIN = RuinRecreate()
