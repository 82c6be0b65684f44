"""Proposer ``roster_search``: annealing over duties, with rules at weights that follow what is broken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qopt.core.accepts import AcceptsForm
from qopt.core.arrays import Bools
from qopt.core.batch import Proposals
from qopt.core.budget import Budget
from qopt.core.forms.roster import Proposal, Roster, evaluate
from qopt.core.solution import Candidate, Check, Origin
from qopt.core.watch import Watch, run_in_chunks
from qopt.solvers.proposers import _roster_state as states

NAME = "roster_search"
DEFAULT_WORK = 300_000
"""Moves when neither seconds nor work are given."""


@dataclass(frozen=True)
class RosterSearch:
    """Simulated annealing in cycles of growing length; see ``kernels.roster``.

    Parameters
    ----------
    hot, cold
        Temperatures at which a cycle begins and ends, in units of the median price.
    cycle, longest
        Moves of the first cycle, and of the longest: each is twice as long as the one before.
    most
        Most proposals returned: the best plans, as they were found.
    """

    hot: float = 15.0
    cold: float = 0.15
    cycle: int = 100_000
    longest: int = 20_000_000
    most: int = 30
    accepts: AcceptsForm = AcceptsForm("roster")

    def propose(
        self, form: Roster, *, budget: Budget, seed: int, watch: Watch, pool: Sequence[Proposal] = ()
    ) -> Proposals:
        """Search for cheap plans; see ``core.protocols.Proposer``. A unit of work is one move."""
        begin = watch.clock()
        if budget.seconds is not None and watch.deadline is None:
            watch = watch.within(budget.seconds)
        work = DEFAULT_WORK if budget.work is None and watch.deadline is None else budget.work
        finds = Finds(form, NAME, watch, self.most)
        for proposal in pool:
            finds.take(proposal, offer=False)
        walk = Walk(self, form, seed, finds)
        did = walk.run(watch, work)
        reason = "cancelled" if watch.stop[0] else "seconds" if work is None or did < work else "work"
        return finds.proposals(seed, reason, watch.clock() - begin, {"moves": did})


class Finds:
    """The best plans found so far.

    Parameters
    ----------
    most
        How many are kept.
    """

    def __init__(self, form: Roster, name: str, watch: Watch, most: int) -> None:
        self.form, self.name, self.watch, self.most = form, name, watch, most
        self.known: dict[bytes, tuple[Proposal, Check]] = {}

    def take(self, proposal: Proposal, *, offer: bool = True) -> Check:
        """Judge and keep a plan; a feasible one that is the best so far is offered."""
        if proposal.key() in self.known:
            return self.known[proposal.key()][1]
        check = evaluate(self.form, proposal)
        best = self.best
        first = best is None or _rank(check) < _rank(best[1])
        self.known[proposal.key()] = proposal, check
        if len(self.known) > 2 * self.most:
            kept = sorted(self.known.items(), key=lambda item: _rank(item[1][1]))[: self.most]
            self.known = dict(kept)
        if offer and first and check.feasible:
            self.watch.offer(Candidate(Origin.PROPOSED, self.name, proposal=proposal), check.objective, self.name)
        return check

    @property
    def best(self) -> tuple[Proposal, Check] | None:
        """The best plan and what the judge says of it."""
        return min(self.known.values(), key=lambda entry: _rank(entry[1]), default=None)

    def proposals(self, seed: int, reason: str, seconds: float, info: dict[str, int]) -> Proposals:
        """The feasible plans, best first; where there are none, what breaks least."""
        ranked = sorted(self.known.values(), key=lambda entry: _rank(entry[1]))[: self.most]
        if ranked[0][1].feasible:
            ranked = [entry for entry in ranked if entry[1].feasible]
        else:
            ranked = sorted(ranked, key=lambda entry: entry[1].objective)
        plans, checks = zip(*ranked)
        return Proposals(plans, tuple(c.objective for c in checks), self.name, seed, reason, seconds, info)


def _rank(check: Check) -> tuple[bool, float, float]:
    return not check.feasible, check.total_violation, check.objective


class Walk:
    """One annealing search that goes on where it stopped."""

    def __init__(self, settings: RosterSearch, form: Roster, seed: int, finds: Finds) -> None:
        heat, cycles = (settings.hot, settings.cold), (settings.cycle, settings.longest)
        self.form, self.finds = form, finds
        self.facts = states.facts(form, heat=heat, cycles=cycles)
        self.state = states.state_of(self.facts, seed)
        self.found = 0
        if finds.best is not None:
            self.enter(finds.best[0])
        self._harvest()

    def faulty(self, proposal: Proposal) -> Bools:
        """People whose own rules a plan breaks, shape (people,)."""
        self.enter(proposal)
        return states.faulty(self.facts, self.state)

    def enter(self, proposal: Proposal) -> None:
        """Go on from a plan, when everybody may do what it says."""
        duty = proposal.duty
        people, days, _ = self.form.shape
        if self.facts.allowed[np.arange(people)[:, None], np.arange(days), duty].all():
            states.enter(self.facts, self.state, duty)

    def run(self, watch: Watch, work: int | None) -> int:
        """Search until the watch expires or the work is done; returns the moves."""
        from qopt.kernels.roster import roster_search

        def step(units: int) -> int:
            done = int(roster_search(self.facts, self.state, units))
            self._harvest()
            return done

        return run_in_chunks(step, watch, work=work)

    def _harvest(self) -> None:
        """Judge the best plan where it is new."""
        if self.state.now["found"][0] != self.found:
            self.found = int(self.state.now["found"][0])
            self.finds.take(states.read(self.state))


PLUGIN = RosterSearch()
