"""A kernel driven down a schedule: by a number of sweeps, or so that it is cold when the time is up."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from qopt.core.arrays import Floats, Ints
from qopt.core.watch import Watch, run_in_chunks
from qopt.kernels.anneal_chain import ENDED
from qopt.solvers.search.schedule import Schedule

_FIRST = 4096  # units of the first chunk
_SETTLE_SECONDS = 0.015
_SPARE_SECONDS, _SPARE_SHARE = 0.002, 0.05  # of the time, kept for the descent
_SLICE_SECONDS = 0.004
_MOST_SECONDS = 1.0  # where nothing says when the time is up
_COLD = np.zeros(0)


class Run(NamedTuple):
    """Chains on their way.

    Parameters
    ----------
    step
        ``step(units, temperatures)`` goes on for about that many units and returns how many it did, fewer when the
        chains have ended; after the last temperature they descend.
    at
        Of the kernel; ``at[ENDED]`` says whether they have ended.
    sweep
        Units of a sweep.
    """

    step: Callable[[int, Floats], int]
    at: Ints
    sweep: int


def counted(run: Run, temperatures: Floats, watch: Watch) -> tuple[int, bool]:
    """One sweep at each temperature, then the descent; returns the units done and whether that was in time.

    Where the watch expires before, the chains descend for up to 15 ms.
    """
    done = _go(run, temperatures, watch)
    return _ended(run, done, watch)


def timed(run: Run, schedule: Schedule, begin: float, watch: Watch) -> tuple[int, bool]:
    """Down the schedule from a position, as slowly as the watch allows, then the descent; returns as ``counted``.

    Every few milliseconds the sweeps that are left are counted anew, so that the end is cold however fast it goes.
    """
    began, left = watch.clock(), watch.remaining() if watch.deadline is not None else _MOST_SECONDS
    left -= min(_SPARE_SECONDS + _SPARE_SHARE * left, 0.5 * left)
    temperatures = np.empty(256)
    position, step, sweeps, count, done, first = begin, 0.0, 0, 1, 0, _FIRST
    while position < 1.0 and not watch.expired():
        while sweeps + count > len(temperatures):
            temperatures = np.concatenate([temperatures, np.empty(len(temperatures))])
        temperatures[sweeps : sweeps + count] = schedule.at(position + step * np.arange(count, dtype=np.float64))
        before = watch.clock()
        done += _go(run, temperatures, watch, work=count * run.sweep, first=first)
        now = watch.clock()
        position, sweeps = position + step * count, sweeps + count
        seconds = max((now - before) / count, 1e-9)
        to_come = (began + left - now) / seconds
        step = (1.0 - position) / to_come if to_come > 1.0 else 1.0
        first = max(_FIRST, int(_SLICE_SECONDS / seconds * run.sweep))
        count = max(1, int(min(_SLICE_SECONDS / seconds, to_come, 4.0 * count)))
    if not watch.expired():
        done += _go(run, _COLD, watch)
    return _ended(run, done, watch)


def _go(run: Run, temperatures: Floats, watch: Watch, *, work: int | None = None, first: int = _FIRST) -> int:
    return run_in_chunks(lambda units: run.step(units, temperatures), watch, work=work, first=first)


def _ended(run: Run, done: int, watch: Watch) -> tuple[int, bool]:
    if run.at[ENDED]:
        return done, True
    own = Watch(clock=watch.clock, deadline=watch.clock() + _SETTLE_SECONDS)
    return done + _go(run, _COLD, own), False
