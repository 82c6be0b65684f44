"""Proposer ``batches_search``: order batches by annealed ruin and recreate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qopt.core.accepts import AcceptsForm
from qopt.core.batch import Proposals
from qopt.core.budget import Budget
from qopt.core.forms.batches import Batches, Proposal, evaluate, first_fit
from qopt.core.watch import Watch
from qopt.solvers.proposers import _batches_state as states
from qopt.solvers.proposers._cycles import limited, searched
from qopt.solvers.proposers._finds import Finds

NAME = "batches_search"


@dataclass(frozen=True)
class BatchesSearch:
    """Ruin and recreate in cycles of growing length; see ``kernels.batches``.

    Parameters
    ----------
    hot, cold
        Temperatures at which a cycle begins and ends, in walks of an average order alone.
    cycle, longest
        Moves of the first cycle, and of the longest: each is twice as long as the one before.
    most
        Most proposals returned.
    """

    hot: float = 0.1
    cold: float = 0.01
    cycle: int = 10_000
    longest: int = 500_000
    most: int = 30
    accepts: AcceptsForm = AcceptsForm("batches")

    def propose(
        self, form: Batches, *, budget: Budget, seed: int, watch: Watch, pool: Sequence[Proposal] = ()
    ) -> Proposals:
        """Search for short walks; see ``core.protocols.Proposer``. A unit of work is one move."""
        from qopt.kernels.batches import batches_search

        begin = watch.clock()
        watch, work = limited(budget, watch)
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
        did, reason = searched(batches_search, f, s, states.read, finds, work=work, watch=watch)
        return finds.proposals(seed, reason, watch.clock() - begin, {"moves": did})


PLUGIN = BatchesSearch()
