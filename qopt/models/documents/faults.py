"""Collecting what is wrong with a text while it is read."""

from __future__ import annotations

from typing import NoReturn

from qopt.core.errors import Issue, ModelError, Place
from qopt.models.documents.nodes import line_column, line_starts


class Faults:
    """Issues of one text, by offset; raised together so that a person sees all of them at once.

    Parameters
    ----------
    text, file
        What is read, and its name.
    """

    _MOST = 100  # issues kept; nobody reads more

    def __init__(self, text: str, file: str) -> None:
        self._lines, self._file = line_starts(text), file
        self._found: list[tuple[int, Issue]] = []

    def add(self, at: int, rule: str, value: str = "", suggestion: str = "") -> None:
        """Something wrong at an offset; reading goes on."""
        if len(self._found) < self._MOST:
            place = Place(self._file, *line_column(self._lines, at))
            self._found.append((at, Issue(rule, value, place, suggestion)))

    def stop(self, at: int, rule: str, value: str = "", suggestion: str = "") -> NoReturn:
        """Something wrong after which reading on makes no sense."""
        self._found = self._found[: self._MOST - 1]
        self.add(at, rule, value, suggestion)
        self._raise()

    def stop_if_any(self) -> None:
        """Raise everything found so far, in reading order."""
        if self._found:
            self._raise()

    def _raise(self) -> NoReturn:
        raise ModelError([issue for _, issue in sorted(self._found, key=lambda item: item[0])])
