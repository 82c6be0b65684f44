"""Files that hold nothing but numbers in free layout: QAPLIB and the OR-Library sets."""

from __future__ import annotations

import re
from contextlib import suppress
from itertools import islice
from math import isfinite, prod
from pathlib import Path

import numpy as np

from qopt.core.arrays import Floats
from qopt.core.errors import Issue, ModelError, Place
from qopt.models.source import text_of, unpacked_path

_TOKEN = re.compile(r"\S+", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_ONLY = re.compile(r"[\d+\-.eE\s]*", re.ASCII)


class Numbers:
    """The numbers of a text in reading order, taken from the front a block at a time.

    Errors name the line and column of the number they speak of.

    Parameters
    ----------
    source
        A ``Path``, or the text itself.
    file
        Name of the file that the text came from, for messages.

    Raises
    ------
    ModelError
        Something that is not a finite number.
    """

    def __init__(self, source: str | Path, file: str = "") -> None:
        self.text, self.file = text_of(source)
        self.file = file or self.file
        self.values = self._parsed()
        self.next = 0

    def _parsed(self) -> Floats:
        if _ONLY.fullmatch(self.text):
            with suppress(ValueError):
                values = np.array(self.text.split(), dtype=np.float64)
                if np.isfinite(values).all():
                    return values
        bad = next(t for t in _TOKEN.finditer(self.text) if not _NUMBER.fullmatch(t[0]) or not isfinite(float(t[0])))
        shown = bad[0] if len(bad[0]) <= 40 else bad[0][:40] + "…"
        raise ModelError(Issue("a finite number is needed here", shown, self._place(bad.start())))

    def place(self, k: int) -> Place:
        """Where the k-th number stands; the end of the text when there are fewer."""
        found = next(islice(_TOKEN.finditer(self.text), k, None), None)
        return self._place(len(self.text.rstrip()) if found is None else found.start())

    def _place(self, start: int) -> Place:
        return place_of(self.text, start, self.file)

    @property
    def left(self) -> int:
        """How many numbers have not been taken yet."""
        return len(self.values) - self.next

    def take(self, *shape: int, what: str, least: float = -np.inf) -> Floats:
        """The next numbers as an array of that shape.

        Raises
        ------
        ModelError
            The text ends before, or a number is below ``least``.
        """
        count = prod(shape)
        if count > self.left:
            missing = f"the file ends too early: {count:,} numbers are needed for {what}"
            raise ModelError(Issue(missing, f"{self.left:,}", self.place(len(self.values))))
        block = self.values[self.next : self.next + count]
        if count and block.min() < least:
            k = int(np.argmax(block < least))
            raise ModelError(
                Issue(f"{what} must be numbers of at least {least:g}", f"{block[k]:g}", self.place(self.next + k))
            )
        self.next += count
        return block.reshape(shape)

    def count(self, *, what: str, least: int = 1) -> int:
        """The next number as a whole number of at least ``least``."""
        at = self.next
        (value,) = self.take(1, what=what).tolist()
        if not value.is_integer() or value < least:
            rule = f"{what} must be a whole number of at least {least}"
            raise ModelError(Issue(rule, f"{value:g}", self.place(at)))
        return int(value)

    def end(self, *, what: str) -> None:
        """Check that nothing is left."""
        if self.left:
            raise ModelError(Issue(f"{self.left:,} numbers too many behind {what}", "", self.place(self.next)))


def number(word: str, place: Place, what: str) -> float:
    """A finite number that stands alone."""
    if not _NUMBER.fullmatch(word) or not isfinite(float(word)):
        shown = word if len(word) <= 40 else word[:40] + "…"
        raise ModelError(Issue(f"{what} must be a finite number", shown or "nothing", place))
    return float(word)


def place_of(text: str, start: int, file: str) -> Place:
    """Line and column of a character of a text."""
    return Place(file, text.count("\n", 0, start) + 1, start - text.rfind("\n", 0, start))


def stem(source: str | Path) -> str:
    """A name for what a file holds: its own without the suffix."""
    return unpacked_path(source).stem if isinstance(source, Path) else "unnamed"


def plain(value: float) -> str:
    """A number as it is written to a file: whole ones without a point, others so that they read back the same."""
    return str(int(value)) if float(value).is_integer() else repr(float(value))
