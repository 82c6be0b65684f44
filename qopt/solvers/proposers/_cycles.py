"""Annealed ruin and recreate in cycles, from the best proposal that is known: what such proposers share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qopt.core.budget import Budget
from qopt.core.watch import Watch, run_in_chunks
from qopt.solvers.proposers._finds import Finds

DEFAULT_WORK = 20_000
"""Moves when neither seconds nor work are given."""


def limited(budget: Budget, watch: Watch) -> tuple[Watch, int | None]:
    """The watch of a search, and its moves at most; None where the watch alone ends it."""
    if budget.seconds is not None and watch.deadline is None:
        watch = watch.within(budget.seconds)
    return watch, DEFAULT_WORK if budget.work is None and watch.deadline is None else budget.work


def searched(
    kernel: Callable[[Any, Any, int], int],
    f: Any,
    s: Any,
    read: Callable[[Any], Any],
    finds: Finds,
    *,
    work: int | None,
    watch: Watch,
) -> tuple[int, str]:
    """Drive a kernel to the end of its work or of the watch; returns the moves done and what ended it.

    Parameters
    ----------
    kernel
        ``kernel(f, s, moves) -> moves done``; ``s.best`` is the best plan, ``s.now`` counts ``found`` and ``waiting``.
    read
        The proposal of a plan of the state.
    """
    found = 0

    def step(units: int) -> int:
        nonlocal found
        done = int(kernel(f, s, units))
        if work is None:  # where the chunks end depends on the clock; an answer limited by work may not
            better, found = int(s.now["found"][0]) != found, int(s.now["found"][0])
            if better or s.now["waiting"][0] == 0:
                finds.take(read(s.best if better else s))
        return done

    did = run_in_chunks(step, watch, work=work) if len(s.load) else 0
    for plan in (s.best, s):
        finds.take(read(plan))
    return did, "cancelled" if watch.stop[0] else "seconds" if work is None or did < work else "work"
