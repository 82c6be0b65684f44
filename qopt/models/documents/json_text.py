"""JSON text -> tree. The standard library keeps no places, takes NaN and lets the last of two equal keys win."""

from __future__ import annotations

import re
from json import JSONDecodeError
from json.decoder import scanstring  # type: ignore[attr-defined]

from qopt.models.documents.faults import Faults
from qopt.models.documents.limits import Limits
from qopt.models.documents.nodes import Node
from qopt.models.documents.scalars import NotFinite, meaning

_SPACE = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?(?![0-9A-Za-z_.+-])")
_WORD = re.compile(r"[^\s,\[\]{}:\"]+")
_WORDS = {"true": True, "false": False, "null": None}
_HALF = re.compile("[\ud800-\udfff]")


def read_json(text: str, faults: Faults, limits: Limits) -> Node:
    """The tree of a JSON text (RFC 8259).

    Raises
    ------
    ModelError
        Syntax, duplicate keys, NaN and infinities, nesting deeper than ``limits.depth``.
    """
    reader = _Reader(text, faults, limits)
    node, at = reader.value(reader.skip(0), 0)
    at = reader.skip(at)
    if at < len(text):
        faults.stop(at, "text after the end of the document", suggestion="delete it")
    faults.stop_if_any()
    return node


class _Reader:
    """Recursive descent; the depth is bounded by the limits, so is the recursion."""

    def __init__(self, text: str, faults: Faults, limits: Limits) -> None:
        self.text, self.faults, self.limits = text, faults, limits

    def skip(self, at: int) -> int:
        """The offset of the next character that is not white space."""
        found = _SPACE.match(self.text, at)
        return found.end() if found else at

    def value(self, at: int, depth: int) -> tuple[Node, int]:
        """The value that begins at an offset, and the offset behind it."""
        char = self.text[at : at + 1]
        if char in ("{", "["):
            if depth >= self.limits.depth:
                self.faults.stop(
                    at,
                    f"the document is nested {depth + 1} deep, at most {self.limits.depth} is accepted",
                    suggestion="flatten it",
                )
            return self._mapping(at, depth) if char == "{" else self._list(at, depth)
        if char == '"':
            word, end = self._string(at)
            return Node(word, at, '"'), end
        return self._bare(at)

    def _bare(self, at: int) -> tuple[Node, int]:
        found = _NUMBER.match(self.text, at)
        if found:
            try:
                return Node(meaning(found.group()), at), found.end()
            except NotFinite:
                self._not_finite(at, found.group())
                return Node(0, at), found.end()
        bare = _WORD.match(self.text, at)
        if not bare:
            rule = "a value is missing" if at < len(self.text) else "the document ends too early"
            self.faults.stop(at, rule, suggestion="check the ',' and the closing brackets")
        return self._word(at, bare.group()), bare.end()

    def _word(self, at: int, word: str) -> Node:
        not_finite = word.lstrip("+-").lower() in ("nan", "inf", "infinity")
        if not_finite:
            self._not_finite(at, word)
        elif word not in _WORDS:
            self.faults.stop(at, "not a JSON value", word[:40], "put text in double quotes")
        return Node(_WORDS.get(word, 0), at)

    def _not_finite(self, at: int, word: str) -> None:
        suggestion = "leave the entry out where nothing limits it"
        self.faults.add(at, "a number must be finite", word[:40], suggestion)

    def _string(self, at: int) -> tuple[str, int]:
        try:
            word, end = scanstring(self.text, at + 1, True)
        except JSONDecodeError as error:
            if "Unterminated" in error.msg:
                self.faults.stop(at, "a quote is not closed", suggestion="close it")
            self.faults.stop(error.pos, f"in a text: {error.msg.lower()}", suggestion="write it as \\n, \\t or \\uXXXX")
        if _HALF.search(word):
            self.faults.add(at, "half of a character pair", suggestion="write the character itself")
            word = "?"
        return word, end

    def _mapping(self, at: int, depth: int) -> tuple[Node, int]:
        node = Node({}, at, keys={})
        keys: dict[str, int] = {}
        node.keys = keys
        at = self.skip(at + 1)
        if self.text[at : at + 1] == "}":
            return node, at + 1
        while True:
            if self.text[at : at + 1] != '"':
                self.faults.stop(at, "a key in double quotes must stand here", suggestion="check the ',' before it")
            start = at
            key, at = self._string(at)
            at = self.skip(at)
            if self.text[at : at + 1] != ":":
                self.faults.stop(at, "a ':' must stand after a key", suggestion="add it")
            child, at = self.value(self.skip(at + 1), depth + 1)
            if key in keys:
                self.faults.add(start, "the same key stands twice in one mapping", key, "keep one of the two")
            elif not key:
                self.faults.add(start, "a key is empty", suggestion="name it")
            keys.setdefault(key, start)
            node.value.setdefault(key, child)
            at, done = self._next(at, "}")
            if done:
                return node, at

    def _list(self, at: int, depth: int) -> tuple[Node, int]:
        node = Node([], at)
        at = self.skip(at + 1)
        if self.text[at : at + 1] == "]":
            return node, at + 1
        while True:
            child, at = self.value(at, depth + 1)
            node.value.append(child)
            at, done = self._next(at, "]")
            if done:
                return node, at

    def _next(self, at: int, closing: str) -> tuple[int, bool]:
        at = self.skip(at)
        char = self.text[at : at + 1]
        if char == closing:
            return at + 1, True
        if char != ",":
            rule = f"a ',' or a '{closing}' must stand here"
            self.faults.stop(at, rule, suggestion="check the commas and the brackets")
        return self.skip(at + 1), False
