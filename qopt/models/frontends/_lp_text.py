"""The words of a CPLEX LP file: sections, and the tokens inside them."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import NoReturn

from qopt.core.errors import Issue, ModelError, Place, UnsupportedModelError

SENSE = re.compile(r"(?:min|max)(?:imi[sz]e|imum)?", re.IGNORECASE)
_HEADER = re.compile(
    r"""^[ \t]*(?:
        (?P<sense>(?:min|max)(?:imi[sz]e|imum)?(?:[ \t]+multi-objectives)?)
      | (?P<rows>subject[ \t]+to|such[ \t]+that|s\.t\.|st\.?|lazy[ \t]+constraints?)
      | (?P<bounds>bounds?)
      | (?P<refused>general[ \t]+constraints?|user[ \t]+cuts?|semi-continuous|semi-integer|semis?|sos[12]?|pwlobj)
      | (?P<generals>generals?|gen|integers?|int)
      | (?P<binaries>binar(?:y|ies)|bin)
      | (?P<end>end)
    )(?=\s|\Z)(?![ \t]*:)""",
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)
_REMARK = re.compile(r"\\[^\n]*")
_TOKEN = re.compile(
    r"""(?P<newline>\n)
      | (?P<space>[^\S\n]+)
      | (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
      | (?P<relation>->|<=|=<|>=|=>|==|<|>|=)
      | (?P<name>[^\s\d.+\-*/^<>=:\[\]\\](?:\[[^\s\[\]]*\]|[^\s+\-*^<>=:\[\]\\])*)
      | (?P<sign>[+\-*/^:\[\]])
      | (?P<other>.)""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Token:
    """A number, name, relation or sign; ``first`` when it is the first of its line."""

    kind: str
    text: str
    start: int
    first: bool


@dataclass(frozen=True, slots=True)
class Section:
    """One section: its kind, the words that open it, and where its content stands."""

    kind: str
    header: str
    at: int
    start: int
    end: int


class LpText:
    """The text of a file, remarks blanked out.

    Parameters
    ----------
    file
        Its name, for messages.
    """

    def __init__(self, text: str, file: str) -> None:
        self.file = file
        self.text = _REMARK.sub(lambda found: " " * len(found[0]), text)
        self._lines = [0, *(found.end() for found in re.finditer("\n", self.text))]

    def place(self, start: int) -> Place:
        """Line and column of a character."""
        line = bisect_right(self._lines, start)
        return Place(self.file, line, start - self._lines[line - 1] + 1)

    def refuse(self, rule: str, value: str, start: int, suggestion: str = "") -> NoReturn:
        """Raise a ModelError at a character of the text."""
        shown = value if len(value) <= 40 else value[:40] + "…"
        raise ModelError(Issue(rule, shown, self.place(start), suggestion))

    def sections(self) -> list[Section]:
        """The sections in their order; the first gives the direction, nothing stands behind the last."""
        heads = list(_HEADER.finditer(self.text))
        start = len(self.text) - len(self.text.lstrip())
        if not heads or heads[0].lastgroup != "sense" or self.text[: heads[0].start()].strip():
            self.refuse(
                "an LP file begins with Minimize or Maximize", self.text[start : start + 20].split("\n")[0], start
            )
        out: list[Section] = []
        for k, head in enumerate(heads):
            kind, words = str(head.lastgroup), head[0].strip()
            at = head.end() - len(words)
            end = heads[k + 1].start() if k + 1 < len(heads) else len(self.text)
            if kind == "refused" and not self.text[head.end() : end].strip():
                continue
            if kind == "refused" or "multi" in words.lower():
                rule, place = "this section of an LP file is not carried", self.place(at)
                raise UnsupportedModelError(Issue(rule, words, place))
            if kind == "sense" and k:
                self.refuse("the direction stands at the beginning of an LP file and once", words, at)
            if kind == "end":
                rest = self.text[head.end() :]
                if rest.strip():
                    self.refuse("nothing may stand behind End", "", len(self.text) - len(rest.lstrip()))
                return out
            out.append(Section(kind, words, at, head.end(), end))
        return out

    def tokens(self, section: Section) -> list[Token]:
        """The tokens of a section."""
        out: list[Token] = []
        first = True
        for found in _TOKEN.finditer(self.text, section.start, section.end):
            kind = str(found.lastgroup)
            if kind == "newline":
                first = True
            elif kind != "space":
                if kind == "other":
                    self.refuse("this character has no meaning in an LP file", found[0], found.start())
                out.append(Token(kind, found[0], found.start(), first))
                first = False
        return out
