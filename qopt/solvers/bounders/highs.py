"""A bound on a whole Problem by HiGHS: branch and bound, or its relaxation where time is short."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from qopt.core.accepts import AcceptsForm
from qopt.core.arrays import Floats
from qopt.core.budget import Budget
from qopt.core.errors import NotApplicableError
from qopt.core.problem import Problem
from qopt.core.result import Bound
from qopt.core.solution import Candidate, Origin
from qopt.core.watch import Watch
from qopt.milp.solve import solve


@dataclass(frozen=True)
class HighsBounder:
    """Bounds the first level of any problem that has a linear model within ``products``.

    Parameters
    ----------
    products
        Most products that are linearised.
    """

    products: int = 20_000
    accepts: AcceptsForm = AcceptsForm("")

    def bound(self, subject: Any, *, incumbent: float | None, budget: Budget, watch: Watch) -> Bound | None:
        """The dual bound at the end of the budget; feasible points found on the way are offered to the watch.

        ``incumbent`` is not used: a bound found under a cutoff would say nothing of the whole problem.
        """
        if not isinstance(subject, Problem):
            raise NotApplicableError("highs", [f"it bounds a Problem, not a {type(subject).__name__}"])

        def offer(values: Floats) -> None:
            watch.offer(Candidate(Origin.EXACT, "highs", values), float(subject.objectives(values)[0, 0]), "highs")

        outcome = solve(
            subject,
            watch=watch.within(budget.seconds),
            threads=watch.threads,
            level=0,
            limit=self.products,
            on_incumbent=offer,
        )
        if outcome.bound is not None:
            watch.bound(outcome.bound)
        return outcome.bound


PLUGIN = HighsBounder()
