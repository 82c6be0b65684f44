"""numba functions over contiguous arrays, nothing else. Each has a naive twin in tests/kernels.

A kernel that is not in the cache yet is compiled where it is first called; meanwhile the clock of runs stands still.
"""

from numba.core import event

from qopt.core.clock import now


class _Pause(event.Listener):
    def on_start(self, event: event.Event) -> None:
        now.pause()

    def on_end(self, event: event.Event) -> None:
        now.resume()


event.register("numba:compile", _Pause())
