"""The best proposals that a search has found, judged, offered and handed back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qopt.core.batch import Proposals
from qopt.core.solution import Candidate, Check, Origin
from qopt.core.watch import Watch


class Finds:
    """The best proposals found so far.

    Parameters
    ----------
    evaluate
        The form's judge.
    name
        The proposer's name.
    most
        How many are kept.
    """

    def __init__(self, form: Any, evaluate: Callable[[Any, Any], Check], name: str, watch: Watch, most: int) -> None:
        self.form, self.evaluate, self.name, self.watch, self.most = form, evaluate, name, watch, most
        self.known: dict[Any, tuple[Any, Check]] = {}
        self.best: tuple[Any, Check] | None = None

    def take(self, proposal: Any, *, offer: bool = True) -> Check:
        """Judge and keep a proposal; a feasible one that is the best so far is offered."""
        key = proposal.key()
        if key in self.known:
            return self.known[key][1]
        check = self.evaluate(self.form, proposal)
        self.known[key] = proposal, check
        if len(self.known) > 2 * self.most:
            self.known = dict(sorted(self.known.items(), key=lambda item: _rank(item[1][1]))[: self.most])
        if self.best is None or _rank(check) < _rank(self.best[1]):
            self.best = proposal, check
            if offer and check.feasible:
                self.watch.offer(Candidate(Origin.PROPOSED, self.name, proposal=proposal), check.objective, self.name)
        return check

    def proposals(self, seed: int, reason: str, seconds: float, info: dict[str, int]) -> Proposals:
        """The feasible proposals, best first; where there are none, what breaks least."""
        ranked = sorted(self.known.values(), key=lambda entry: _rank(entry[1]))[: self.most]
        if ranked[0][1].feasible:
            ranked = [entry for entry in ranked if entry[1].feasible]
        else:
            ranked = sorted(ranked, key=lambda entry: entry[1].objective)
        plans, checks = zip(*ranked)
        return Proposals(plans, tuple(c.objective for c in checks), self.name, seed, reason, seconds, info)


def _rank(check: Check) -> tuple[bool, float, float]:
    return not check.feasible, check.total_violation, check.objective
