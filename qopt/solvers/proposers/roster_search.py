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
from qopt.core.watch import Watch, run_in_chunks
from qopt.solvers.proposers import _roster_state as states
from qopt.solvers.proposers._finds import Finds

NAME = "roster_search"
DEFAULT_WORK = 300_000
"""Moves when neither seconds nor work are given."""
HARVEST = 5000
"""Moves after which the best plan is looked at: the same plans come back however fast the moves are."""


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
        finds = Finds(form, evaluate, NAME, watch, self.most)
        for proposal in pool:
            finds.take(proposal, offer=False)
        walk = Walk(self, form, seed, finds)
        did = walk.run(watch, work)
        reason = "cancelled" if watch.stop[0] else "seconds" if work is None or did < work else "work"
        return finds.proposals(seed, reason, watch.clock() - begin, {"moves": did})


class Walk:
    """One annealing search that goes on where it stopped."""

    def __init__(self, settings: RosterSearch, form: Roster, seed: int, finds: Finds) -> None:
        heat, cycles = (settings.hot, settings.cold), (settings.cycle, settings.longest)
        self.form, self.finds = form, finds
        self.facts = states.facts(form, heat=heat, cycles=cycles)
        self.state = states.state_of(self.facts, seed)
        self.found = self.moves = 0
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
            did = 0
            while did < units:
                some = min(units - did, HARVEST - self.moves % HARVEST)
                roster_search(self.facts, self.state, some)
                self.moves += some
                did += some
                if self.moves % HARVEST == 0:
                    self._harvest()
            return did

        done = run_in_chunks(step, watch, work=work)
        self._harvest()
        return done

    def _harvest(self) -> None:
        """Judge the best plan where it is new."""
        if self.state.now["found"][0] != self.found:
            self.found = int(self.state.now["found"][0])
            self.finds.take(states.read(self.state))


PLUGIN = RosterSearch()
