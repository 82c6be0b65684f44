"""The tree of a document: plain values, each with the place where it stands."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from qopt.core.errors import Place
from qopt.models.instance import path_text

Path = tuple[str | int, ...]


class Elsewhere(Protocol):
    """Where something stands that is not in the text of the document, such as the cell of a table."""

    def place(self) -> Place:
        """Its place, worked out only when somebody asks."""
        ...


@dataclass(slots=True)
class Node:
    """One value of a document.

    Parameters
    ----------
    value
        A dict of nodes, a list of nodes, or a scalar: None, bool, int, float or str.
    start
        Offset of its first character in the document's text (for a block scalar, of its ``|`` or ``>``), or where else
        it stands.
    style
        How a scalar is written: ``'``, ``"``, ``|``, ``>``, or empty for an unquoted one.
    keys
        For a mapping: where each key stands. A row of a table has keys for its empty cells too.
    """

    value: Any
    start: Any  # int, or an Elsewhere
    style: str = ""
    keys: dict[str, Any] | None = None

    def plain(self) -> Any:
        """The value without its places. Nesting is bounded by ``Limits.depth``."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value

    def child(self, part: str | int) -> Node | None:
        """The node under a key or at an index; None when there is none."""
        if isinstance(self.value, dict) and isinstance(part, str):
            return self.value.get(part)
        if isinstance(self.value, list) and isinstance(part, int) and 0 <= part < len(self.value):
            return self.value[part]
        return None


def rooted(value: Any, start: Any) -> Node:
    """Plain data as a tree whose every part stands at one place, such as that of the name of its file."""
    if isinstance(value, Mapping):
        parts = {str(key): rooted(child, start) for key, child in value.items()}
        return Node(parts, start, keys=dict.fromkeys(parts, start))
    return Node([rooted(child, start) for child in value] if isinstance(value, (list, tuple)) else value, start)


def planted(node: Node, path: Sequence[str], new: Node) -> Node:
    """A tree of mappings with another part at a path; the tree itself stays as it is."""
    if not path:
        return new
    parts = dict(node.value)
    parts[path[0]] = planted(parts[path[0]], path[1:], new)
    return Node(parts, node.start, node.style, node.keys)


class Positions:
    """Where every key and value of a document stands.

    Parameters
    ----------
    root
        The document's tree.
    text
        The text it was read from.
    file
        The file's name as the user wrote it; empty for none.
    """

    def __init__(self, root: Node, text: str, file: str = "") -> None:
        self.root, self.text, self.file = root, text, file
        self._lines = line_starts(text)

    def node(self, path: Sequence[str | int]) -> Node | None:
        """The node at a path; None when the document has none there."""
        node: Node | None = self.root
        for part in path:
            node = node.child(part) if node is not None else None
        return node

    def value(self, path: Sequence[str | int], offset: int | None = None) -> Place:
        """The place of the value at ``path``, or ``offset`` characters into a text value.

        A path that the document does not have gives the deepest part that it has.
        """
        node = self.root
        for part in path:
            child = node.child(part)
            if child is None:
                return self._place(node.start, path)
            node = child
        if offset is None or not isinstance(node.value, str) or not isinstance(node.start, int):
            return self._place(node.start, path)
        return self._place(self._inside(node, node.start, offset), path)

    def key(self, path: Sequence[str | int]) -> Place:
        """The place of the last key of ``path`` (of the value itself when it is an entry of a list)."""
        owner = self.node(path[:-1])
        if path and owner is not None and owner.keys is not None and path[-1] in owner.keys:
            return self._place(owner.keys[str(path[-1])], path)
        return self.value(path)

    def lacking(self, path: Sequence[str | int]) -> Place:
        """The place to fill when the last key of ``path`` has no value: the mapping, or the empty cell of a table, or
        the header of a table that has no such column."""
        owner, above = self.node(path[:-1]), self.node(path[:-2])
        if owner is not None and above is not None and not isinstance(owner.start, int):
            empty = owner.keys is not None and path[-1] in owner.keys
            return self.key(path) if empty else self._place(above.start, path[:-1])
        return self.value(path[:-1])

    def written(self, path: Sequence[str | int]) -> str:
        """The value at ``path`` as the user wrote it, shortened; a summary for lists and mappings."""
        node = self.node(path)
        return "" if node is None else summary(node.value)

    def scalar(self, path: Sequence[str | int]) -> str:
        """The same, empty for lists and mappings and where the document has nothing."""
        node = self.node(path)
        return "" if node is None or isinstance(node.value, (dict, list)) else summary(node.value)

    def _place(self, at: int | Elsewhere, path: Sequence[str | int]) -> Place:
        if not isinstance(at, int):
            return at.place()
        line, column = line_column(self._lines, at)
        return Place(self.file, line, column, path_text(path))

    def _inside(self, node: Node, start: int, offset: int) -> int:
        """Where character ``offset`` of a text value stands: folding changes white space alone, so count the rest."""
        target = len("".join(node.value[:offset].split()))
        at = start + (node.style in ("'", '"'))
        if node.style in ("|", ">"):
            at = self.text.find("\n", at) + 1 or len(self.text)
        while at < len(self.text):
            char = self.text[at]
            if char == "\\" and node.style == '"':
                return start  # an escape: characters no longer correspond one to one
            if not char.isspace():
                if target == 0:
                    return at
                target -= 1
                at += char == "'" and node.style == "'"  # a quote inside quotes is written twice
            at += 1
        return start


def summary(value: Any) -> str:
    """A value in a few words, for a message."""
    if isinstance(value, dict):
        return f"a mapping of {len(value)} {'key' if len(value) == 1 else 'keys'}"
    if isinstance(value, (list, tuple)):
        return f"a list of {len(value)}"
    if value is None:
        return "nothing"
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, (str, bool)) else str(value)
    return text if len(text) <= 60 else text[:57] + "…"


def line_starts(text: str) -> list[int]:
    """Offset of the first character of every line."""
    return [0] + [match.end() for match in re.finditer(r"\r\n|\n|\r", text)]


def line_column(starts: list[int], at: int) -> tuple[int, int]:
    """Line and column, both 1-based, of an offset."""
    line = bisect_right(starts, at)
    return line, at - starts[line - 1] + 1


_PARTS = re.compile(r'\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]|\.?([^\W\d][\w-]*)(?!\])')
KEY = "[key]"
"""Behind a path: not the value there but its key."""


def path_parts(text: str) -> Path:
    """The parts of a path written by ``path_text``."""
    return tuple(_path_parts(text))


def _path_parts(text: str) -> Iterator[str | int]:
    for match in _PARTS.finditer(text):
        number, quoted, bare = match.groups()
        if number is not None:
            yield int(number)
        else:
            yield json.loads(quoted) if quoted is not None else bare
