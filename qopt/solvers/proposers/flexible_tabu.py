"""Proposer ``flexible_tabu``: tabu search over flexible job shops with the makespan as their objective."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from qopt.core.accepts import AcceptsForm
from qopt.core.batch import Proposals
from qopt.core.budget import Budget
from qopt.core.errors import NotApplicableError
from qopt.core.forms.project import FOREVER, Project, Proposal, evaluate
from qopt.core.solution import Candidate, Origin
from qopt.core.watch import Watch, run_in_chunks
from qopt.solvers.proposers._routes_state import random_state

NAME = "flexible_tabu"
DEFAULT_WORK = 5_000
"""Steps when neither seconds nor work are given."""

_NOW = np.dtype([(name, np.int64) for name in ("best", "length", "iteration", "stale", "patience", "target")])


class Facts(NamedTuple):
    """See ``kernels.flexible``."""

    before: Any
    after: Any
    modes: Any
    machine: Any
    duration: Any


class State(NamedTuple):
    """See ``kernels.flexible``; ``left`` and ``place`` are scratch: predecessors not listed, position in ``order``."""

    now: Any
    rng: Any
    mode: Any
    prev: Any
    next: Any
    head: Any
    tail: Any
    order: Any
    place: Any
    left: Any
    free_head: Any
    free_tail: Any
    best_mode: Any
    best_head: Any
    first: Any
    tabu: Any


@dataclass(frozen=True)
class FlexibleTabu:
    """Tabu search that moves critical tasks to the best places on their machines (Mastrolilli and Gambardella, 2000).

    It takes what is a flexible job shop: tasks in chains, each mode on one machine, no lags, set-ups, calendars or
    dates, and the makespan alone as the objective.

    Parameters
    ----------
    patience
        Steps without a better schedule after which the best one is shaken, per task.
    """

    patience: int = 25
    accepts: AcceptsForm = AcceptsForm("project")

    def refuses(self, form: Project) -> list[str]:
        """Why a project is no flexible job shop; empty where it is one."""
        return misfits(form)

    def propose(
        self, form: Project, *, budget: Budget, seed: int, watch: Watch, pool: Sequence[Proposal] = ()
    ) -> Proposals:
        """Search for short schedules; see ``core.protocols.Proposer``. A unit of work is one step.

        Raises
        ------
        NotApplicableError
            The project is no flexible job shop.
        """
        from qopt.kernels.flexible import flexible_tabu, keep, load

        reasons = self.refuses(form)
        if reasons:
            raise NotApplicableError(NAME, reasons)
        begin = watch.clock()
        if budget.seconds is not None and watch.deadline is None:
            watch = watch.within(budget.seconds)
        work = DEFAULT_WORK if budget.work is None and watch.deadline is None else budget.work
        known = sorted((evaluate(form, p).objective, k) for k, p in enumerate(pool) if evaluate(form, p).feasible)
        first = pool[known[0][1]] if known else _greedy(form)
        f, s = _facts(form), _state(form, seed, self.patience)
        load(f, s, first.mode.astype(np.int64), first.start)
        keep(s)
        found: dict[Any, Proposal] = {}

        def note() -> None:
            proposal = Proposal(s.best_mode.copy(), s.best_head.copy())
            found[proposal.key()] = proposal

        note()
        best = int(s.now["best"][0])

        def step(units: int) -> int:
            nonlocal best
            done = int(flexible_tabu(f, s, units))
            if s.now["best"][0] < best:
                best = int(s.now["best"][0])
                note()
                watch.offer(Candidate(Origin.PROPOSED, NAME, proposal=next(reversed(found.values()))), None, NAME)
            return done

        s.now["target"] = -1 if budget.target is None else int(np.ceil(budget.target))
        did = run_in_chunks(step, watch, work=work, first=4)
        found |= {pool[k].key(): pool[k] for _, k in known[:20]}
        checks = {key: evaluate(form, proposal).objective for key, proposal in found.items()}
        keys = sorted(found, key=lambda key: checks[key])[:30]
        reason = "cancelled" if watch.stop[0] else "seconds" if work is None or did < work else "work"
        if s.now["best"][0] <= s.now["target"][0]:
            reason = "target"
        return Proposals(
            tuple(found[key] for key in keys),
            tuple(checks[key] for key in keys),
            NAME,
            seed,
            reason,
            watch.clock() - begin,
            {"steps": did},
        )


def misfits(form: Project) -> list[str]:
    """Why a project is no flexible job shop; empty where it is one."""
    lags, resources = form.lags, form.resources
    chains = len(np.unique(lags.before)) == len(lags) == len(np.unique(lags.after))
    told = {
        "has no tasks": form.tasks == 0,
        "minimises more than the makespan": form.levels not in (((("makespan", 1.0),),),),
        "has tasks that follow several others": not chains,
        "has lags": bool((lags.least != 0).any() or (lags.most < FOREVER).any() or lags.from_start.any()),
        "has modes on several machines, or on none": bool((np.diff(form.modes.use_start) != 1).any()),
        "has resources that are no machines": bool((resources.capacity != 1).any()),
        "has calendars": len(resources.closed_from) > 0,
        "has set-ups": any(table is not None for table in resources.setup),
        "has dates": bool((form.release > 0).any() or (form.deadline < FOREVER).any()),
        "has tasks without duration": bool((form.modes.duration == 0).any()),
        "changes a plan": form.current is not None,
    }
    return [reason for reason, there in told.items() if there]


def _greedy(form: Project) -> Proposal:
    """Task by task along the chains, the one that can begin first, each on the machine that ends it first."""
    after = {int(a): int(b) for a, b in zip(form.lags.before, form.lags.after)}
    ready = dict.fromkeys(set(range(form.tasks)) - set(after.values()), 0)
    free = np.zeros(len(form.resources), dtype=np.int64)
    mode, start = np.zeros(form.tasks, np.int32), np.zeros(form.tasks, np.int64)
    modes = form.modes
    while ready:
        choices = []
        for t, at in ready.items():
            for m in range(modes.start[t], modes.start[t + 1]):
                begin = max(at, int(free[modes.resource[modes.use_start[m]]]))
                choices.append((begin + int(modes.duration[m]), begin, t, m))
        end, begin, t, m = min(choices)
        mode[t], start[t] = m, begin
        free[modes.resource[modes.use_start[m]]] = end
        del ready[t]
        if t in after:
            ready[after[t]] = end
    return Proposal(mode, start)


def _facts(form: Project) -> Facts:
    before, after = np.full((2, form.tasks), -1, dtype=np.int64)
    before[form.lags.after] = form.lags.before
    after[form.lags.before] = form.lags.after
    machine = form.modes.resource[form.modes.use_start[:-1]].astype(np.int64)
    return Facts(before, after, np.array(form.modes.start), machine, np.array(form.modes.duration))


def _state(form: Project, seed: int, patience: int) -> State:
    n = form.tasks
    now = np.zeros(1, _NOW)
    now["patience"] = patience * n
    machines = len(form.resources)
    tasks = [name for name in State._fields if name not in ("now", "rng", "first", "tabu")]
    arrays = dict(zip(tasks, np.zeros((len(tasks), n), np.int64), strict=True))
    first, tabu = np.full(machines, -1, np.int64), np.zeros((n, machines), np.int64)
    return State(now=now, rng=random_state(seed), first=first, tabu=tabu, **arrays)


PLUGIN = FlexibleTabu()
