"""The live line on a terminal: time, best, bound and gap, on standard error."""

from __future__ import annotations

import os
import sys
import threading
from types import TracebackType
from typing import Any, Self

from qopt.core.clock import now
from qopt.report.tables import SPACE, number, percent

ERASE = "\r\033[K"
BAR = 20


class Live:
    """Shows events of a run on standard error while it lasts.

    On a terminal one line is redrawn ten times a second; elsewhere each incumbent is a line of its own, and nothing is
    shown when ``quiet`` and not on a terminal.

    Parameters
    ----------
    seconds
        The budget, for the bar; None when unknown.
    quiet
        Whether standard output is a JSON document: then events are shown only on a terminal.
    """

    def __init__(self, *, seconds: float | None, quiet: bool) -> None:
        self.seconds = seconds
        self.terminal = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self.lines = not self.terminal and not quiet
        self.best: float | None = None
        self.bound: float | None = None
        self.backend = ""
        self._began = now()
        self._over = threading.Event()
        self._writing = threading.Lock()
        self._thread: threading.Thread | None = None

    def __call__(self, event: dict[str, Any]) -> None:
        """Take an event of the run (from any thread)."""
        if event["kind"] == "incumbent":
            self.best, self.backend = event["objective"], event["backend"]
            if self.lines:
                self._say(f"{event['seconds']:7.2f} s  {number(self.best):>12}  {self.backend} ({event['origin']})\n")
        elif event["kind"] == "bound":
            self.bound = event["bound"]
        elif event["kind"] == "fallback" and (self.lines or self.terminal):
            self._say(f"{ERASE if self.terminal else ''}fallback: {event['text']}\n")

    def __enter__(self) -> Self:
        if self.terminal:
            self._thread = threading.Thread(target=self._redraw, name="qopt-progress", daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join()
            self._say(ERASE)

    def _redraw(self) -> None:
        while not self._over.wait(0.1):
            try:
                width = os.get_terminal_size(sys.stderr.fileno()).columns
            except OSError:
                width = 80
            self._say(ERASE + self.line(width - 1))

    def _say(self, text: str) -> None:
        with self._writing:
            sys.stderr.write(text)
            sys.stderr.flush()

    def line(self, width: int) -> str:
        """The line as it stands, no longer than ``width``."""
        spent = now() - self._began
        clock = f"{spent:.1f} s"
        if self.seconds:
            done = min(BAR, int(BAR * spent / self.seconds))
            clock = f"{'━' * done}{'─' * (BAR - done)}  {clock} of {number(self.seconds)} s"
        if now.still:
            return f"{clock}  compiling kernels, once on this machine …"[:width]
        if self.best is None:
            return f"{clock}  searching …"[:width]
        parts = [clock, f"best {number(self.best)}"]
        if self.bound is not None:
            gap = abs(self.best - self.bound) / max(1e-9, abs(self.best))
            parts.append(f"gap {percent(gap)}".replace(SPACE, " "))
        parts.append(f"by {self.backend}")
        return "  ".join(parts)[:width]
