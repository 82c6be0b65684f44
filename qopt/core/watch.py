"""What every search is handed to stay alive with: stop, deadline, incumbents, bounds, threads."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


class Watch:
    """The line between a running search and whoever waits for it.

    Parameters
    ----------
    clock
        Seconds on a monotonic scale. (Core reads no wall clock itself: the engine passes ``core.clock.now``.)
    deadline
        On the clock's scale; None for no deadline.
    threads
        Threads the search may use.
    on_offer
        Called with ``(candidate, objective, backend)`` for each incumbent offered; must be quick and thread-safe.
    on_bound
        Called with ``(bound)`` for each bound found.

    Attributes
    ----------
    stop
        uint8 array of shape (1,): 0 while the search may go on. Kernels read it at least every 10 ms. Shared with every
        watch made by ``within``.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float],
        deadline: float | None = None,
        threads: int = 1,
        on_offer: Callable[[Any, float | None, str], None] | None = None,
        on_bound: Callable[[Any], None] | None = None,
        stop: NDArray[np.uint8] | None = None,
    ) -> None:
        self.clock = clock
        self.deadline = deadline
        self.threads = threads
        self.stop: NDArray[np.uint8] = np.zeros(1, dtype=np.uint8) if stop is None else stop
        self._on_offer = on_offer
        self._on_bound = on_bound
        self._reason = ""
        self._lock = threading.Lock()

    def offer(self, candidate: Any, objective: float | None = None, backend: str = "") -> None:
        """Report an incumbent: a ``Candidate`` and its objective in the user's sense (None: not yet judged)."""
        if self._on_offer is not None:
            self._on_offer(candidate, objective, backend)

    def bound(self, bound: Any) -> None:
        """Report a ``Bound`` on the whole problem."""
        if self._on_bound is not None:
            self._on_bound(bound)

    def remaining(self) -> float:
        """Seconds to the deadline: never negative, infinity without one."""
        return float("inf") if self.deadline is None else max(0.0, self.deadline - self.clock())

    def expired(self) -> bool:
        """Whether the search must end: stop was set, or the deadline has passed."""
        return bool(self.stop[0]) or (self.deadline is not None and self.clock() >= self.deadline)

    def cancel(self, reason: str = "cancelled") -> None:
        """Set ``stop``; the first reason given is kept."""
        with self._lock:
            if not self._reason:
                self._reason = reason
        self.stop[0] = 1

    @property
    def reason(self) -> str:
        """Why ``stop`` was set; empty while it is not."""
        return self._reason

    def silent(self) -> Watch:
        """The same stop, deadline and threads, without listeners: for a search whose answers need translating first."""
        return Watch(clock=self.clock, deadline=self.deadline, threads=self.threads, stop=self.stop)

    def within(self, seconds: float | None, *, threads: int | None = None) -> Watch:
        """A watch for a share of this one's time: same stop, same listeners, an earlier deadline."""
        deadline = self.deadline
        if seconds is not None:
            own = self.clock() + seconds
            deadline = own if deadline is None else min(deadline, own)
        return Watch(
            clock=self.clock,
            deadline=deadline,
            threads=threads or self.threads,
            on_offer=self._on_offer,
            on_bound=self._on_bound,
            stop=self.stop,
        )


class Stoppable(Protocol):
    """A kernel's step: run about ``units`` of work from where the state stands, return the units done."""

    def __call__(self, units: int) -> int: ...


def run_in_chunks(
    step: Stoppable, watch: Watch, *, work: int | None = None, first: int = 256, slice_seconds: float = 0.008
) -> int:
    """Drive a kernel in calibrated chunks of about ``slice_seconds`` until the watch expires or the work is done.

    Parameters
    ----------
    step
        Called with a number of units, returns how many were done; fewer than asked (or 0) means that it has finished.
    work
        Most units in all; None for no limit.
    first
        Units of the first chunk.

    Returns
    -------
    Units done. The chunking does not change what the kernel computes: a kernel keeps its whole state (and its random
    state) between steps, so a run limited by ``work`` gives the same answer on every machine.
    """
    done, units = 0, first
    while not watch.expired():
        ask = units if work is None else min(units, work - done)
        if ask <= 0:
            break
        before = watch.clock()
        did = step(ask)
        done += did
        if did < ask:
            break
        spent = watch.clock() - before
        left = min(slice_seconds, max(watch.remaining(), 1e-4))
        rate = left / max(spent, 1e-7)
        units = max(1, int(ask * min(4.0, max(0.25, rate))))
    return done
