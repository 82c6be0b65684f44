"""Runs from children of a pool: what memetic arms have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qopt.solvers.search.arm import Turn

POOL = 12
_ANEW = 0.1  # share of the runs that have no parents


class Member(NamedTuple):
    """A point in the arm's own terms, and its energy in those of its kernel."""

    energy: float
    genes: NDArray[np.int64]


Search = Callable[[NDArray[np.int64] | None, NDArray[np.int64] | None, int | None], tuple[Member, int]]
"""From two parents, or from anywhere (None, None), and the most moves (None: its own length): the best, and moves."""


def breed(turn: Turn, known: list[Member], random: np.random.Generator, search: Search) -> tuple[list[Member], int]:
    """Run after run until the work is done or the watch ends, at least one; the best ones of the turn, and the moves.

    Parameters
    ----------
    known
        The pool at first, best first. What is found enters it where it is better, and no two members are the same.
    """
    pool, found, moves = known[:POOL], list[Member](), 0
    while True:
        first = second = None
        if len(pool) > 1 and random.random() >= _ANEW:
            i, j = random.choice(len(pool), 2, replace=False).tolist()
            first, second = pool[i].genes, pool[j].genes
        member, done = search(first, second, None if turn.work is None else turn.work - moves)
        moves += done
        for kept in (pool, found):
            _keep(kept, member)
        if turn.watch.expired() or (turn.work is not None and moves >= turn.work):
            return found, moves


def _keep(pool: list[Member], member: Member) -> None:
    """Take a member into a pool, best first, of at most ``POOL`` distinct ones."""
    if not any(np.array_equal(member.genes, other.genes) for other in pool):
        pool.append(member)
        pool.sort(key=lambda other: other.energy)
        del pool[POOL:]
