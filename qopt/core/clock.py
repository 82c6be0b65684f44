"""The clock of runs: it stands still while kernels are compiled, once per machine, which is no part of any search."""

from __future__ import annotations

import threading
import time


class Clock:
    """Seconds on a monotonic scale, without the pauses.

    Pauses may nest and overlap, from several threads: what is left out is the time with any pause open.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open = 0
        self._since = 0.0
        self._paused = 0.0

    def __call__(self) -> float:
        """Seconds now."""
        with self._lock:
            return (self._since if self._open else time.perf_counter()) - self._paused

    def pause(self) -> None:
        """Stand still from now on."""
        with self._lock:
            if not self._open:
                self._since = time.perf_counter()
            self._open += 1

    def resume(self) -> None:
        """End a pause."""
        with self._lock:
            self._open -= 1
            if not self._open:
                self._paused += time.perf_counter() - self._since

    @property
    def still(self) -> bool:
        """Whether a pause is open."""
        return self._open > 0

    @property
    def paused(self) -> float:
        """Seconds left out so far, those of an open pause among them."""
        with self._lock:
            return self._paused + (time.perf_counter() - self._since if self._open else 0.0)


now = Clock()
"""The clock of this process; ``qopt.kernels`` pauses it."""
