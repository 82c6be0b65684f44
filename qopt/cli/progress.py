"""The live line on a terminal: best, bound, gap and time, on standard error."""

from __future__ import annotations

import sys
import threading
import time
from types import TracebackType
from typing import Any, Self


class Live:
    """Shows events of a run on standard error while it lasts.

    On a terminal one line is redrawn ten times a second; elsewhere each incumbent is a line of its own, and nothing is
    shown when ``quiet`` and not on a terminal.

    Parameters
    ----------
    name
        Shown in front.
    seconds
        The budget, for the clock; None when unknown.
    quiet
        Whether standard output is a JSON document: then events are shown only on a terminal.
    """

    def __init__(self, name: str, *, seconds: float | None, quiet: bool) -> None:
        self.name, self.seconds = name, seconds
        self.tty = sys.stderr.isatty()
        self.lines = not self.tty and not quiet
        self.best: float | None = None
        self.bound: float | None = None
        self.backend = ""
        self._began = time.perf_counter()
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def __call__(self, event: dict[str, Any]) -> None:
        """Take an event of the run (from any thread)."""
        if event["kind"] == "incumbent":
            self.best, self.backend = event["objective"], event["backend"]
            if self.lines:
                print(
                    f"{event['seconds']:8.2f} s  {self.best:<12g} {event['origin']} by {self.backend}", file=sys.stderr
                )
        elif event["kind"] == "bound":
            self.bound = event["bound"]
        elif event["kind"] == "fallback" and (self.lines or self.tty):
            print(f"\r\033[Kfallback: {event['text']}" if self.tty else f"fallback: {event['text']}", file=sys.stderr)

    def __enter__(self) -> Self:
        if self.tty:
            self._thread = threading.Thread(target=self._redraw, name="qopt-progress", daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join()
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()

    def _redraw(self) -> None:
        while not self._over.wait(0.1):
            sys.stderr.write(f"\r\033[K{self.line()}")
            sys.stderr.flush()

    def line(self) -> str:
        """The line as it stands."""
        spent = time.perf_counter() - self._began
        clock = f"{spent:5.1f} s" + (f" of {self.seconds:g}" if self.seconds else "")
        if self.best is None:
            return f"{self.name}  {clock}  searching …"
        text = f"{self.name}  {clock}  best {self.best:g} ({self.backend})"
        if self.bound is not None:
            gap = abs(self.best - self.bound) / max(1e-9, abs(self.best))
            text += f"  bound {self.bound:g}  gap {gap:.2%}"
        return text
