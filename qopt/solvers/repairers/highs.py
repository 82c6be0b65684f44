"""Repair and recombination by HiGHS: the nearest feasible point, then better ones where good points differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from qopt.core.arrays import Floats
from qopt.core.budget import Budget
from qopt.core.errors import NotApplicableError
from qopt.core.problem import Problem
from qopt.core.solution import Candidate, Origin
from qopt.core.watch import Watch
from qopt.milp.nearest import Nearest
from qopt.milp.solve import solve
from qopt.milp.verify import Verifier
from qopt.solvers.repairers._neighbourhood import Neighbourhood

NAME = "highs"
_PARENTS = 12


@dataclass(frozen=True)
class HighsRepairer:
    """Repairs column values of a Problem.

    Every infeasible candidate is moved to the nearest feasible point, first with only the columns around its broken
    constraints free, then with all. Then the pool is recombined: columns on which good points agree are fixed, the rest
    is solved with the true objective (large-neighbourhood search after Danna, Rothberg and Le Pape, 2005). Only
    verified points are returned, and only new ones. Nothing here says anything about the whole problem.

    Parameters
    ----------
    each
        Most seconds of one restricted solve.
    nodes
        Most branch-and-bound nodes of one restricted solve when the budget counts work.
    pull
        Weight of the objective beside the distance.
    free
        Movable columns of the first neighbourhoods; grows while they are solved easily and shrinks when not.
    patience
        Rounds of recombination without improvement after which it ends.
    """

    each: float = 2.0
    nodes: int = 500
    pull: float = 0.1
    free: int = 40
    patience: int = 10

    def repair(
        self,
        subject: Any,
        candidates: Sequence[Candidate],
        *,
        pool: Sequence[Candidate] = (),
        budget: Budget,
        seed: int,
        watch: Watch,
    ) -> Sequence[Candidate]:
        """Feasible points near the infeasible candidates, then recombinations of everything feasible.

        With ``budget.work`` the restricted solves are limited by nodes, otherwise by seconds; without any limit on
        time recombination ends by its patience.
        """
        if not isinstance(subject, Problem):
            raise NotApplicableError(NAME, [f"it repairs values of a Problem, not a {type(subject).__name__}"])
        return _Repair(self, subject, budget, seed, watch.within(budget.seconds)).run(candidates, pool)


class _Repair:
    """One call: what is known, what was made."""

    def __init__(self, settings: HighsRepairer, problem: Problem, budget: Budget, seed: int, watch: Watch) -> None:
        self.settings, self.problem, self.seed, self.watch = settings, problem, seed, watch
        self.nodes = None if budget.work is None else settings.nodes
        self.verifier = Verifier(problem)
        self.near = Neighbourhood(self.verifier.structure, self.verifier.sets)
        self.known: dict[bytes, tuple[tuple[float, ...], Floats]] = {}
        self.made: list[Candidate] = []

    def run(self, candidates: Sequence[Candidate], pool: Sequence[Candidate]) -> Sequence[Candidate]:
        broken: dict[bytes, tuple[Candidate, Floats]] = {}
        for candidate in (*pool, *candidates):
            values = self._rounded(candidate)
            if self.watch.expired() or values is None:
                continue
            if self.verifier.accepts(values):
                self._learn(values)
            else:
                broken.setdefault(values.tobytes(), (candidate, values))
        if broken:
            share = self.watch.remaining() / 2
            self._repair(list(broken.values()), self.watch.within(share if np.isfinite(share) else None))
        if self.known:
            self._recombine()
        return self.made

    def _rounded(self, candidate: Candidate) -> Floats | None:
        if candidate.values is None or len(candidate.values) != self.problem.n:
            return None
        values = np.array(candidate.values)
        discrete = self.problem.columns.discrete
        values[discrete] = np.rint(values[discrete])
        return values

    def _learn(self, values: Floats) -> bool:
        """Remember a feasible point; whether it was new."""
        key = values.tobytes()
        if key in self.known:
            return False
        levels = self.problem.sense.sign * self.problem.objectives(values)[0]
        self.known[key] = (tuple(levels.tolist()), values)
        return True

    def _make(self, values: Floats, origin: Origin, parent: Candidate | None = None) -> None:
        if self._learn(values):
            made = Candidate(origin, NAME, values, parent=parent)
            self.made.append(made)
            objective = self.known[values.tobytes()][0][0] * self.problem.sense.sign
            self.watch.offer(made, objective, NAME)

    def _repair(self, broken: Sequence[tuple[Candidate, Floats]], watch: Watch) -> None:
        nearest = Nearest(self.problem, self.verifier, pull=self.settings.pull)
        if not nearest.possible:
            return
        for candidate, values in broken:
            around = self.near.around(self.verifier.broken(values))
            for free in (around, None):
                if watch.expired():
                    return
                if free is not None and not 0 < free.sum() < self.problem.n:
                    continue
                share = watch.within(None if self.nodes else self.settings.each)
                found = nearest.find(values, watch=share, free=free, nodes=self.nodes, seed=self.seed)
                if found is not None:
                    self._make(found, Origin.REPAIRED, candidate)
                    break

    def _recombine(self) -> None:
        rng = np.random.default_rng(self.seed)
        size, stale, best = float(self.settings.free), 0, min(entry[0] for entry in self.known.values())
        while stale < self.settings.patience and not self.watch.expired():
            ranked = sorted(self.known.values(), key=lambda entry: entry[0])[:_PARENTS]
            base = ranked[0][1]
            free = np.zeros(self.problem.n, dtype=bool)
            if len(ranked) > 1 and rng.random() < 0.5:
                others = rng.choice(np.arange(1, len(ranked)), size=min(len(ranked) - 1, 2), replace=False)
                free |= np.any([ranked[k][1] != base for k in others.tolist()], axis=0)
            free = self.near.grow(free, base, int(size), rng)
            outcome = solve(
                self.problem,
                watch=self.watch.within(None if self.nodes else self.settings.each),
                start=base,
                fixed=np.where(free, np.nan, base),
                nodes=self.nodes,
                seed=int(rng.integers(2**31 - 1)),
            )
            for values in outcome.values:
                self._make(np.array(values), Origin.RECOMBINED)
            if outcome.status == "optimal" and free.all():
                break
            easy = outcome.status == "optimal" and (self.nodes or outcome.seconds < self.settings.each / 4)
            size = min(size * 1.5, self.problem.n) if easy else max(size * 0.7, 4.0)
            now = min(entry[0] for entry in self.known.values())
            stale = 0 if now < best else stale + 1
            best = now


PLUGIN = HighsRepairer()
