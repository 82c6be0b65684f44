"""The arrays that the kernels of flexible job shops work on, built from a project."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from qopt.core.arrays import Ints
from qopt.core.forms.project import Project, Proposal
from qopt.solvers.proposers._routes_state import random_state

_TABU = np.dtype([(name, np.int64) for name in ("best", "length", "iteration", "stale", "patience", "target")])
_ANNEAL = np.dtype(
    [(name, np.int64) for name in ("best", "goal", "width", "target", "moves", "plan", "penalty")]
    + [(name, np.float64) for name in ("hot", "temperature")]
)
_TASK = np.dtype(
    [
        (name, np.int32)
        for name in ("before", "after", "first_mode", "end_mode", "place", "mode", "prev", "next", "changed")
    ]
    + [(name, np.int64) for name in ("end", "rest", "kept", "best_end", "best_mode")],
    align=True,
)
_MACHINE = np.dtype([("first", np.int32), ("last", np.int32), ("least", np.int64)], align=True)
_MODE = np.dtype([("machine", np.int32), ("duration", np.int64)], align=True)
_TIGHT = 20
"""A round's goal is below the best schedule by one part in so many."""


class Facts(NamedTuple):
    """See ``kernels.flexible_tabu``."""

    before: Ints
    after: Ints
    modes: Ints
    machine: Ints
    duration: Ints


class State(NamedTuple):
    """See ``kernels.flexible_tabu``; ``left`` and ``place`` are scratch: predecessors not listed, places in order."""

    now: NDArray[Any]
    rng: NDArray[np.uint64]
    mode: Ints
    prev: Ints
    next: Ints
    head: Ints
    tail: Ints
    order: Ints
    place: Ints
    left: Ints
    free_head: Ints
    free_tail: Ints
    best_mode: Ints
    best_head: Ints
    first: Ints
    tabu: Ints


class Line(NamedTuple):
    """See ``kernels.flexible_line``."""

    tasks: NDArray[Any]
    machines: NDArray[Any]
    modes: NDArray[Any]
    order: NDArray[np.int32]
    marks: NDArray[np.uint64]
    ways: NDArray[np.int32]
    now: NDArray[Any]
    rng: NDArray[np.uint64]


def facts_of(form: Project) -> Facts:
    """The shop, of a project that is one."""
    before, after = np.full((2, form.tasks), -1, dtype=np.int64)
    before[form.lags.after] = form.lags.before
    after[form.lags.before] = form.lags.after
    machine = form.modes.resource[form.modes.use_start[:-1]].astype(np.int64)
    return Facts(before, after, np.array(form.modes.start), machine, np.array(form.modes.duration))


def state_of(form: Project, seed: int, patience: int, target: int) -> State:
    """A tabu search that has no schedule yet; ``patience`` is per task."""
    n, machines = form.tasks, len(form.resources)
    now = np.zeros(1, _TABU)
    now["patience"], now["target"] = patience * n, target
    tasks = [name for name in State._fields if name not in ("now", "rng", "first", "tabu")]
    arrays = dict(zip(tasks, np.zeros((len(tasks), n), np.int64), strict=True))
    first, tabu = np.full(machines, -1, np.int64), np.zeros((n, machines), np.int64)
    return State(now=now, rng=random_state(seed), first=first, tabu=tabu, **arrays)


def line_of(facts: Facts, machines: int, seed: int, target: int) -> Line:
    """An annealer that has no schedule yet."""
    n = len(facts.before)
    tasks, now = np.zeros(n + 1, _TASK), np.zeros(1, _ANNEAL)
    tasks["before"][:n] = np.where(facts.before < 0, n, facts.before)
    tasks["after"][:n] = np.where(facts.after < 0, n, facts.after)
    tasks["first_mode"][:n], tasks["end_mode"][:n] = facts.modes[:-1], facts.modes[1:]
    modes = np.zeros(len(facts.machine), _MODE)
    modes["machine"], modes["duration"] = facts.machine, facts.duration
    now["target"] = target
    ways = np.full((n, machines), -1, np.int32)
    swift = np.argsort(-facts.duration, kind="stable")  # of two modes on one machine, the shorter one counts
    ways[np.repeat(np.arange(n), np.diff(facts.modes))[swift], facts.machine[swift]] = swift
    order, marks = np.zeros(n, np.int32), np.zeros(-(-n // 64), np.uint64)
    return Line(tasks, np.zeros(machines, _MACHINE), modes, order, marks, ways, now, random_state(seed))


def begin_round(line: Line, best: Proposal, length: int, moves: int, hot: float) -> None:
    """Let an annealer begin a round of so many moves from the best schedule, which has this length."""
    from qopt.kernels.flexible_line import arrange

    now = line.now[0]
    now["width"] = max(1, length // _TIGHT)
    now["best"], now["goal"], now["moves"], now["plan"] = length, length - now["width"], 0, moves
    now["hot"] = hot
    line.order[:] = np.argsort(best.start, kind="stable")
    line.tasks["mode"][:-1] = best.mode
    arrange(line.tasks, line.machines, line.modes, line.order, line.now)


def greedy(form: Project) -> Proposal:
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
