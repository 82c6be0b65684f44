"""Proposer ``project_search``: lists of tasks that breed, each scheduled task by task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from qopt.core.accepts import AcceptsForm
from qopt.core.batch import Proposals
from qopt.core.budget import Budget
from qopt.core.forms.project import Lags, Project, Proposal, evaluate
from qopt.core.solution import Candidate, Origin
from qopt.core.watch import Watch, run_in_chunks
from qopt.solvers.proposers import _project_state as states

NAME = "project_search"
DEFAULT_WORK = 20_000
"""Schedules when neither seconds nor work are given."""

_NOW = np.dtype([(name, np.int64) for name in ("worst", "made", "stale", "iteration")] + [("best", np.float64)])


class Population(NamedTuple):
    """See ``kernels.project_search``."""

    order: Any
    mode: Any
    start: Any
    price: Any
    now: Any


class Work(NamedTuple):
    """Scratch of one schedule, shapes (tasks and genes,) and ``done`` (jobs + 1,)."""

    order: Any
    other: Any
    mode: Any
    flag: Any
    left: Any
    heap: Any
    key: Any
    done: Any


@dataclass(frozen=True)
class ProjectSearch:
    """A genetic search over lists and modes with serial generation and double justification.

    Sources: Hartmann (1998) for the crossover of lists, Valls, Ballestin and Quintanilla (2005) for justification.

    Parameters
    ----------
    members
        Of the population, at least 2; also the most proposals returned.
    """

    members: int = 60
    accepts: AcceptsForm = AcceptsForm("project")

    def propose(
        self, form: Project, *, budget: Budget, seed: int, watch: Watch, pool: Sequence[Proposal] = ()
    ) -> Proposals:
        """Search for short schedules; see ``core.protocols.Proposer``. A unit of work is one schedule."""
        from qopt.kernels.project_search import project_search

        begin = watch.clock()
        if form.tasks == 0:
            nothing = Proposal(np.zeros(0, np.int32), np.zeros(0, np.int64))
            return Proposals((nothing,), (evaluate(form, nothing).objective,), NAME, seed, "done")
        if budget.seconds is not None and watch.deadline is None:
            watch = watch.within(budget.seconds)
        work = DEFAULT_WORK if budget.work is None and watch.deadline is None else budget.work
        f, g = states.facts(form), states.facts(mirrored(form))
        s, back = states.state_of(form, f, seed), states.state_of(form, g, seed)
        p, w = self._population(len(f.task)), _work(form, len(f.task))
        given = [proposal for proposal in pool if evaluate(form, proposal).feasible][: self.members // 2]
        for proposal in given:
            _enter(form, f, p, w, proposal)
        best = np.inf

        def step(units: int) -> int:
            nonlocal best
            done = int(project_search(f, g, s, back, p, w, units))
            price = float(p.price[: p.now["made"][0]].min(initial=np.inf))
            if price < best - 1e-9:
                best = price
                proposal = _member(form, p, int(np.argmin(p.price[: p.now["made"][0]])))
                if evaluate(form, proposal).feasible:
                    watch.offer(Candidate(Origin.PROPOSED, NAME, proposal=proposal), None, NAME)
            return done

        did = step(1)  # whatever the watch says: there is always an answer
        did += run_in_chunks(step, watch, work=None if work is None else work - 1, first=8)
        made = int(p.now["made"][0])
        found = {proposal.key(): proposal for proposal in [*given, *(_member(form, p, m) for m in range(made))]}
        checks = {key: evaluate(form, proposal) for key, proposal in found.items()}
        keys = sorted(found, key=lambda key: (not checks[key].feasible, checks[key].levels))
        if checks[keys[0]].feasible:
            keys = [key for key in keys if checks[key].feasible]
        reason = "cancelled" if watch.stop[0] else "seconds" if work is None or did < work else "work"
        return Proposals(
            tuple(found[key] for key in keys),
            tuple(checks[key].objective for key in keys),
            NAME,
            seed,
            reason,
            watch.clock() - begin,
            {"schedules": did},
        )

    def _population(self, n: int) -> Population:
        order, mode, start = np.zeros((3, self.members, n), np.int64)
        now = np.zeros(1, _NOW)
        now["best"] = np.inf
        return Population(order, mode, start, np.full(self.members, np.inf), now)


def mirrored(form: Project) -> Project:
    """The project with time turned round, as far as justification needs it: lags, modes and resources alone."""
    lags = form.lags
    back = Lags(lags.after, lags.before, lags.from_start, lags.least, lags.most)
    return Project(
        form.modes, form.resources, back, form.job, form.release * 0, form.deadline, form.due, form.weight, form.family
    )


def _work(form: Project, n: int) -> Work:
    order, other, mode, flag, left, heap = np.zeros((6, n), np.int64)
    return Work(order, other, mode, flag, left, heap, np.zeros(n), np.zeros(form.jobs + 1, np.int64))


def _member(form: Project, p: Population, member: int) -> Proposal:
    return Proposal(p.mode[member, : form.tasks].copy(), p.start[member, : form.tasks].copy())


def _enter(form: Project, f: states.Facts, p: Population, w: Work, proposal: Proposal) -> None:
    """A known schedule into the population, as the list of its starts."""
    from qopt.kernels.project_search import arrange

    at = int(p.now["made"][0])
    p.mode[at], p.start[at] = states.with_genes(form, f, proposal)
    arrange(f, p.start[at].astype(np.float64), w.order, w.left, w.heap)
    p.order[at] = w.order
    parts = evaluate(form, proposal).parts
    p.price[at] = sum(price * parts[name] for name, price in zip(states.MEASURED, f.price, strict=True))
    p.now["made"] += 1
    p.now["worst"] = int(np.argmax(p.price[: at + 1]))


PLUGIN = ProjectSearch()
