"""Lines of whole numbers with their places, for the readers of scheduling files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from qopt.core.errors import Issue, ModelError, Place

_WORD = re.compile(r"\S+")
_WHOLE = re.compile(r"[+-]?\d+", re.ASCII)


@dataclass(frozen=True)
class Word:
    """A word of a text and where it stands, from 1."""

    text: str
    line: int
    column: int


def words(line: str, number: int) -> list[Word]:
    """The words of a line."""
    return [Word(found[0], number, found.start() + 1) for found in _WORD.finditer(line)]


def lines(text: str) -> list[list[Word]]:
    """The words of every line that holds some."""
    found = (words(line, number) for number, line in enumerate(text.split("\n"), 1))
    return [line for line in found if line]


class Words:
    """Words taken one after the other; errors name the one that they speak of.

    Parameters
    ----------
    given
        The words.
    file
        Name of the file, for messages.
    """

    def __init__(self, given: Sequence[Word], file: str) -> None:
        self.given, self.file, self.next = given, file, 0

    @property
    def left(self) -> int:
        """How many have not been taken yet."""
        return len(self.given) - self.next

    def whole(self, what: str, least: int = 0, most: int = 10**15) -> int:
        """The next word as a whole number.

        Raises
        ------
        ModelError
            There is none, or it is no whole number between the two.
        """
        if not self.left:
            self.refuse(f"the file ends, or the line does, before {what}")
        word = self.given[self.next]
        value = int(word.text) if _WHOLE.fullmatch(word.text) and len(word.text) <= 18 else None
        if value is None or not least <= value <= most:
            side = f"of at least {least}" if most == 10**15 else f"from {least} to {most}"
            self.refuse(f"{what} must be a whole number {side}", word.text[:40])
        self.next += 1
        return value

    def end(self, what: str) -> None:
        """Check that nothing is left."""
        if self.left:
            self.refuse(f"{self.left} numbers too many behind {what}", self.given[self.next].text[:40])

    def refuse(self, rule: str, value: str = "", suggestion: str = "") -> NoReturn:
        """Refuse the word that comes next, or what should stand behind the last one."""
        at = self.given[min(self.next, len(self.given) - 1)] if self.given else Word("", 1, 1)
        raise ModelError(Issue(rule, value, Place(self.file, at.line, at.column), suggestion))
