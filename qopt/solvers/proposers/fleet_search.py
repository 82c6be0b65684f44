"""Proposer ``fleet_search``: annealed ruin-and-recreate over fleets with every rule of the form ``fleet``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qopt.core.accepts import AcceptsForm
from qopt.core.batch import Proposals
from qopt.core.budget import Budget
from qopt.core.forms.fleet import Fleet, Proposal, evaluate
from qopt.core.solution import Candidate, Origin
from qopt.core.watch import Stoppable, Watch, run_in_chunks
from qopt.solvers.proposers import _fleet_state as states
from qopt.solvers.proposers._breeding import Grown, Line, Population, breed
from qopt.solvers.proposers._fleet_facts import Facts, facts
from qopt.solvers.proposers.ruin_recreate import cooled

NAME = "fleet_search"
DEFAULT_WORK = 50_000
"""Iterations when neither seconds nor work are given."""
AMPLE = 3
"""Plans are bred where there is time for so many first generations."""


@dataclass(frozen=True)
class FleetSearch:
    """Slack induction by string removals under simulated annealing (Christiaens and Vanden Berghe, 2020).

    Where there is time for it, most of it goes into breeding: many short annealings, of plans made from nothing and
    then of children of two plans. Plans whose routes are long lie in basins that a single annealing does not leave.

    The levels of the objective become one price, each level outweighing the ones after it. A visit that must be made,
    or that a level counts, is absent at a price that adapts while no vehicle has room for it. Only plans that keep
    every hard rule are kept; where there is none, the present routes are returned and their judge says what is wrong.

    Parameters
    ----------
    rounds
        Shares of the time, one annealing each: short ones first, so that a good answer comes early. With breeding, that
        takes everything after the first.
    hot, cold
        First and last temperature of a round, relative to the mean price of a visit in the best plan.
    members
        Plans in a population.
    fresh, raised
        Iterations per visit for a plan made from nothing, for a child.
    warm
        First temperature of a child.
    elites
        Most proposals returned, besides the population.
    stride
        Iterations between two elites.
    """

    rounds: tuple[float, ...] = (0.04, 0.16, 0.8)
    hot: float = 0.4
    cold: float = 0.004
    members: int = 24
    fresh: int = 40
    raised: int = 20
    warm: float = 0.03
    elites: int = 30
    stride: int = 100
    accepts: AcceptsForm = AcceptsForm("fleet")

    def propose(
        self, form: Fleet, *, budget: Budget, seed: int, watch: Watch, pool: Sequence[Proposal] = ()
    ) -> Proposals:
        """Search for cheap plans; see ``core.protocols.Proposer``. A unit of work is one iteration."""
        begin = watch.clock()
        if form.items.visits == 0 or len(states.vehicles(form)) == 0:
            return _told(form, [Proposal(())], seed, "done", watch.clock() - begin, 0)
        if budget.seconds is not None and watch.deadline is None:
            watch = watch.within(budget.seconds)
        work = DEFAULT_WORK if budget.work is None and watch.deadline is None else budget.work
        f = facts(form)
        s = states.state_of(form, f, seed, elites=self.elites, stride=self.stride)
        population = None if form.current is not None else states.population(form, self.members, seed)
        self._begin(form, f, s, pool, population)
        done = self._search(form, f, s, population, work, watch)
        bred = [] if population is None else [states.proposal_of(member.lines) for member in population.members]
        found = [*states.elites(s), *bred] or [states.present(s)]
        reason = "cancelled" if watch.stop[0] else "seconds" if work is None or done < work else "work"
        return _told(form, found, seed, reason, watch.clock() - begin, done)

    def _begin(
        self, form: Fleet, f: Facts, s: states.State, pool: Sequence[Proposal], population: Population | None
    ) -> None:
        """Prices of absence, the known plans among the elites and the population, and the best of them (or the plan of
        now) in place."""
        from qopt.kernels.fleet_search import keep_elite

        now = s.now[0]
        states.scale(form, f, s)
        judged = [(evaluate(form, proposal), proposal) for proposal in pool]
        good = sorted(((check.levels, k) for k, (check, _) in enumerate(judged) if check.feasible))[: self.elites]
        for _, k in [*good, *good[:1]]:
            states.place(form, f, s, judged[k][1].tours)
            now["last_slot"] = -1
            keep_elite(f, s)
            if population is not None:
                population.enter(states.present_price(s), states.lines_of(judged[k][1]))
        if not good and not (form.current is not None and states.place(form, f, s, form.current.tours)):
            states.place(form, f, s, ())

    def _search(
        self, form: Fleet, f: Facts, s: states.State, population: Population | None, work: int | None, watch: Watch
    ) -> int:
        """Run the rounds, or the first of them and breeding; the iterations done."""
        from qopt.kernels.fleet_search import fleet_search

        now = s.now[0]
        best = float(now["best"])

        def step(units: int) -> int:
            nonlocal best
            did = int(fleet_search(f, s, units))
            if now["best"] < best:
                best = float(now["best"])
                proposal = states.read_elite(s, int(np.argmin(s.head["cost"])))
                watch.offer(Candidate(Origin.PROPOSED, NAME, proposal=proposal), None, NAME)
            return did

        now["temperature"] = 0.0
        done, begin = run_in_chunks(step, watch, work=1), watch.clock()
        for k, share in enumerate(self.rounds):
            if watch.expired():
                break
            each = states.price_of_a_visit(f, s)
            cold = self.cold * each
            hot = 10 * cold if k == 0 and len(self.rounds) > 1 else max(self.hot * each, cold)
            share /= sum(self.rounds[k:])
            if work is not None:
                units = max(1, round((work - done) * share))
                now["temperature"], now["decay"] = hot, (cold / hot) ** (1 / units)
                done += run_in_chunks(step, watch, work=min(units, work - done), first=16)
                left = float(work - done)
            else:
                part = watch.within(watch.remaining() * share)
                done += run_in_chunks(cooled(step, now, part, hot, cold), part, first=16)
                left = watch.remaining() * done / max(1e-9, watch.clock() - begin)
            if population is not None and left >= AMPLE * self.members * self.fresh * form.items.visits:
                done += self._breed(form, f, s, population, step, None if work is None else work - done, watch)
                break
        return done

    def _breed(
        self,
        form: Fleet,
        f: Facts,
        s: states.State,
        population: Population,
        step: Stoppable,
        work: int | None,
        watch: Watch,
    ) -> int:
        """Breed for the rest of the time; the iterations done."""
        now, each = s.now[0], states.price_of_a_visit(f, s)
        cold = self.cold * each

        def grow(lines: list[Line], most: int | None) -> Grown:
            states.place(form, f, s, states.proposal_of(lines).tours)
            units = (self.raised if lines else self.fresh) * form.items.visits
            hot, before = (self.warm if lines else self.hot) * each, float(now["best"])
            now["temperature"], now["decay"], now["last_slot"] = hot, (cold / hot) ** (1 / units), -1
            did = run_in_chunks(step, watch, work=units if most is None else min(units, most))
            if now["best"] < before:
                proposal = states.read_elite(s, int(np.argmin(s.head["cost"])))
                return Grown(did, float(now["best"]), states.lines_of(proposal))
            return Grown(did, states.present_price(s), states.lines_of(states.present(s)))

        population.enter(states.present_price(s), states.lines_of(states.present(s)))
        return breed(population, grow, watch, work)


def _told(form: Fleet, found: list[Proposal], seed: int, reason: str, seconds: float, done: int) -> Proposals:
    checks = [evaluate(form, proposal) for proposal in found]
    order = sorted(range(len(found)), key=lambda k: (not checks[k].feasible, checks[k].levels))
    return Proposals(
        tuple(found[k] for k in order),
        tuple(checks[k].objective for k in order),
        NAME,
        seed,
        reason,
        seconds,
        {"iterations": done, "feasible": sum(check.feasible for check in checks)},
    )


PLUGIN = FleetSearch()
