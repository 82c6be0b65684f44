"""The state of one tabu walk over machine orders: what ``kernels.shop`` works on."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qopt.core.arrays import Ints
from qopt.core.forms.shop import Shop


class Side(NamedTuple):
    """One side of every task, its past or its future; arrays of shape (n + 1,), the last entry for "none".

    Parameters
    ----------
    job, line
        The next task on this side in the job (fixed) and on the machine; n for none.
    reach
        Length of the longest path from this end of the schedule up to and with the task. In the past it is the task's
        end when all is left-shifted; in the future, its tail with its own duration.
    """

    job: NDArray[np.int32]
    line: NDArray[np.int32]
    reach: Ints


class Walk(NamedTuple):
    """Everything a walk is made of.

    Parameters
    ----------
    machine, slot
        Shape (n,): the machine of a task, and its fixed place among that machine's tasks.
    duration
        Shape (n + 1,).
    lasts
        The last task of every job.
    past, future
        The two sides of the tasks.
    order, rank
        Shape (n,): a topological order of the tasks, and its inverse.
    tabu
        Shape (n, most tasks on a machine): iteration up to which a task may not come before the task in a slot.
    state
        Shape (6,): iteration, makespan, the round's best, iterations since, optimal, stuck.
    random
        Shape (1,), uint64, not 0.
    best_end
        Shape (n,): ends in the round's best schedule.
    path, moves, marked, scratch, newest
        Room for a critical path, its moves (u, v, forward), marks (all 0 between calls), times, and one task a machine.
    """

    machine: NDArray[np.int32]
    slot: NDArray[np.int32]
    duration: Ints
    lasts: NDArray[np.int32]
    past: Side
    future: Side
    order: NDArray[np.int32]
    rank: NDArray[np.int32]
    tabu: Ints
    state: Ints
    random: NDArray[np.uint64]
    best_end: Ints
    path: NDArray[np.int32]
    moves: NDArray[np.int32]
    marked: NDArray[np.uint8]
    scratch: Ints
    newest: NDArray[np.int32]


def walk_of(form: Shop, seed: int) -> Walk:
    """A walk over a shop whose tasks all have a duration above 0; ``order`` is still to be set and loaded."""
    n = form.tasks
    slot = np.zeros(n, dtype=np.int32)
    for m in range(form.machines):
        here = np.flatnonzero(form.machine == m)
        slot[here] = np.arange(len(here))
    before, after, before_line, after_line = np.full((4, n + 1), n, dtype=np.int32)
    inner = np.flatnonzero(form.job[1:] == form.job[:-1])
    before[inner + 1], after[inner] = inner, inner + 1
    return Walk(
        machine=form.machine.copy(),
        slot=slot,
        duration=np.append(form.duration, 0),
        lasts=np.flatnonzero(after[:n] == n).astype(np.int32),
        past=Side(before, before_line, np.zeros(n + 1, dtype=np.int64)),
        future=Side(after, after_line, np.zeros(n + 1, dtype=np.int64)),
        order=np.zeros(n, dtype=np.int32),
        rank=np.zeros(n, dtype=np.int32),
        tabu=np.zeros((n, int(slot.max(initial=0)) + 1), dtype=np.int64),
        state=np.zeros(6, dtype=np.int64),
        random=np.random.default_rng(seed).integers(1, 2**63, size=1, dtype=np.uint64),
        best_end=np.zeros(n, dtype=np.int64),
        path=np.zeros(n, dtype=np.int32),
        moves=np.zeros((4 * n + 4, 3), dtype=np.int32),
        marked=np.zeros(n + 1, dtype=np.uint8),
        scratch=np.zeros(n + 1, dtype=np.int64),
        newest=np.zeros(form.machines, dtype=np.int32),
    )
