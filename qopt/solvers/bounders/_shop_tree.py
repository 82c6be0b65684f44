"""The state of one depth-first search over the order of pairs of tasks: what ``kernels.shop_branch`` works on."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qopt.core.arrays import Floats, Indices, Ints
from qopt.core.forms.shop import Shop

LEVEL, HORIZON, NODES, SOLVED, FAILED, FULL = 0, 1, 2, 3, 4, 5
"""Entries of ``Tree.state``, as in ``kernels.shop_branch``."""


class Tree(NamedTuple):
    """Everything a search is made of; n tasks, at most k of them on a machine.

    Parameters
    ----------
    machine, duration
        Shape (n,).
    job_start
        Shape (jobs + 1,): tasks of a job are consecutive.
    tasks_of, counts
        Shapes (machines, k), (machines,): the tasks of every machine by place, -1 behind the last; their number.
    slot
        Shape (n,): the place of every task on its machine.
    lows, highs, pairs, decisions
        Shapes (levels, n), (levels, n), (levels, n, k), (levels, 2): a node per level, and the pair decided there.
    weight
        Shape (machines,): 1 + refutations that a decision on the machine ended in.
    touched
        Shape (machines,): machines whose tasks' windows changed since they were last looked at.
    scratch, order
        Shapes (5, k), (k,).
    state
        Shape (6,).
    """

    machine: Indices
    duration: Ints
    job_start: Indices
    tasks_of: NDArray[np.int32]
    counts: Ints
    slot: NDArray[np.int32]
    lows: Ints
    highs: Ints
    pairs: NDArray[np.int8]
    decisions: NDArray[np.int32]
    weight: Floats
    touched: NDArray[np.uint8]
    scratch: Ints
    order: Ints
    state: Ints


def tree_of(form: Shop, megabytes: float) -> Tree:
    """A tree for a shop whose tasks all have a duration above 0, with as many levels as can be used and afforded."""
    n = form.tasks
    counts = np.bincount(form.machine, minlength=form.machines).astype(np.int64)
    k = int(counts.max(initial=1))
    slot = np.zeros(n, dtype=np.int32)
    tasks_of = np.full((form.machines, k), -1, dtype=np.int32)
    for m in range(form.machines):
        here = np.flatnonzero(form.machine == m)
        slot[here] = np.arange(len(here))
        tasks_of[m, : len(here)] = here
    pairs = int((counts * (counts - 1) // 2).sum())
    levels = max(1, min(pairs + 1, int(megabytes * 1e6 / max(1, n * (16 + k)))))
    return Tree(
        machine=form.machine,
        duration=form.duration,
        job_start=form.indptr,
        tasks_of=tasks_of,
        counts=counts,
        slot=slot,
        lows=np.zeros((levels, n), dtype=np.int64),
        highs=np.zeros((levels, n), dtype=np.int64),
        pairs=np.zeros((levels, n, k), dtype=np.int8),
        decisions=np.zeros((levels, 2), dtype=np.int32),
        weight=np.ones(form.machines),
        touched=np.zeros(form.machines, dtype=np.uint8),
        scratch=np.zeros((5, k), dtype=np.int64),
        order=np.zeros(k, dtype=np.int64),
        state=np.zeros(6, dtype=np.int64),
    )
