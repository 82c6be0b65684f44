"""Proposer ``bins_search``: packings by annealed ruin and recreate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qopt.core.accepts import AcceptsForm
from qopt.core.batch import Proposals
from qopt.core.budget import Budget
from qopt.core.forms.bins import Bins, Proposal, evaluate, first_fit
from qopt.core.watch import Watch, run_in_chunks
from qopt.solvers.proposers import _bins_state as states
from qopt.solvers.proposers._finds import Finds

NAME = "bins_search"
DEFAULT_WORK = 20_000
"""Moves when neither seconds nor work are given."""


@dataclass(frozen=True)
class BinsSearch:
    """Ruin and recreate in cycles of growing length; see ``kernels.bins``.

    Parameters
    ----------
    hot, cold
        Temperatures at which a cycle begins and ends, in costs of the dearest bin.
    cycle, longest
        Moves of the first cycle, and of the longest: each is twice as long as the one before.
    most
        Most proposals returned.
    """

    hot: float = 0.2
    cold: float = 0.01
    cycle: int = 5_000
    longest: int = 500_000
    most: int = 30
    accepts: AcceptsForm = AcceptsForm("bins")

    def propose(
        self, form: Bins, *, budget: Budget, seed: int, watch: Watch, pool: Sequence[Proposal] = ()
    ) -> Proposals:
        """Search for cheap packings; see ``core.protocols.Proposer``. A unit of work is one move."""
        from qopt.kernels.bins import bins_search

        begin = watch.clock()
        if budget.seconds is not None and watch.deadline is None:
            watch = watch.within(budget.seconds)
        work = DEFAULT_WORK if budget.work is None and watch.deadline is None else budget.work
        finds = Finds(form, evaluate, NAME, watch, self.most)
        for proposal in pool:
            finds.take(proposal, offer=False)
        greedy = first_fit(form)
        if greedy is not None:
            finds.take(greedy)
        f = states.facts(form, heat=(self.hot, self.cold), cycle=(self.cycle, self.longest))
        s = states.state_of(form, f, seed)
        if finds.best is not None and finds.best[1].feasible:
            states.enter(form, f, s, finds.best[0])
        found = 0

        def step(units: int) -> int:
            nonlocal found
            done = int(bins_search(f, s, units))
            if work is None:  # where the chunks end depends on the clock; an answer limited by work may not
                better, found = int(s.now["found"][0]) != found, int(s.now["found"][0])
                if better or s.now["waiting"][0] == 0:
                    finds.take(states.read(form, f, s.best if better else s))
            return done

        did = run_in_chunks(step, watch, work=work) if len(s.kind) else 0
        for packing in (s.best, s):
            finds.take(states.read(form, f, packing))
        reason = "cancelled" if watch.stop[0] else "seconds" if work is None or did < work else "work"
        return finds.proposals(seed, reason, watch.clock() - begin, {"moves": did})


PLUGIN = BinsSearch()
