"""Bounds on one machine of a shop: Jackson's preemptive schedule."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def preemptive(head: Any, duration: Any, tail: Any, left: Any) -> int:
    """Shortest preemptive schedule of tasks with heads and tails on one machine: a bound for the one without breaks.

    At every moment the released task with the longest tail runs (Jackson 1955; Carlier 1982).

    Parameters
    ----------
    head, duration, tail
        Shape (k,): earliest start, time on the machine, least time from its end to the end of the schedule.
    left
        Shape (k,): scratch.
    """
    k = len(head)
    left[:] = duration
    now = np.int64(0)
    longest = np.int64(0)
    while True:
        run = -1
        release = np.int64(2**62)
        waiting = False
        for i in range(k):
            if left[i] == 0:
                continue
            if head[i] > now:
                waiting = True
                release = min(release, head[i])
            elif run < 0 or tail[i] > tail[run]:
                run = i
        if run < 0:
            if not waiting:
                return int(longest)
            now = release
            continue
        spent = min(left[run], release - now)
        now += spent
        left[run] -= spent
        if left[run] == 0:
            longest = max(longest, now + tail[run])
