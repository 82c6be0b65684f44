"""YAML text -> tree, from the parser's events: no Python object is ever built from a tag, nothing is expanded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

from qopt.core.errors import ModelError
from qopt.models.documents.faults import Faults
from qopt.models.documents.limits import Limits
from qopt.models.documents.nodes import Node
from qopt.models.documents.scalars import NotFinite, meaning

_INDENTED_BY_TAB = re.compile(r"^ *\t", re.MULTILINE)
_DIRECTIVE = re.compile(r"\A(?:[ \t]*(?:#.*)?\r?\n)*%")  # behind blank lines and remarks
_HALF = re.compile("[\ud800-\udfff]")


def read_yaml(text: str, faults: Faults, limits: Limits) -> Node:
    """The tree of a YAML text.

    Raises
    ------
    ModelError
        With everything refused: syntax, tabs, duplicate keys, anchors, aliases, merge keys, tags, numbers that are not
        finite, several documents, nesting deeper than ``limits.depth``.
    """
    directive = _DIRECTIVE.search(text)
    if directive:
        faults.stop(directive.end() - 1, "directives are not accepted", suggestion="delete the line")
    for match in _INDENTED_BY_TAB.finditer(text):
        faults.add(match.end() - 1, "a line is indented with a tab", suggestion="indent with spaces")
    faults.stop_if_any()
    composer = _Composer(faults, limits)
    try:
        for event in _events(text):
            composer.take(event)
    except ModelError:
        raise
    except ReaderError as error:
        faults.add(error.position, "a character that no document may hold", f"U+{error.character:04X}", "delete it")
    except MarkedYAMLError as error:
        _syntax(error, text, faults)
    except (YAMLError, ValueError, IndexError, AttributeError, AssertionError) as error:
        # the scanner has a few asserts and slips of its own on text that is no YAML
        faults.add(composer.at, "the text from here on is not YAML", suggestion=str(error).split("\n")[0][:80])
    faults.stop_if_any()
    if composer.root is None:
        faults.stop(0, "the document is empty", suggestion="begin with 'problem: …'; `qopt new FAMILY` writes a start")
    return composer.root


def _events(text: str) -> Iterator[Any]:
    yaml: Any = YAML(typ="safe", pure=True)
    return yaml.parse(text)


class _Composer:
    """Builds the tree from events with a stack of its own, so that nesting costs no recursion."""

    def __init__(self, faults: Faults, limits: Limits) -> None:
        self.faults, self.limits = faults, limits
        self.root: Any = None
        self.documents = 0
        self.at = 0
        self._stack: list[Node] = []
        self._pending: list[str | None] = []  # per open mapping: the key that waits for its value

    def take(self, event: Any) -> None:
        """One event; a fault that makes the rest pointless stops at once."""
        self.at = event.start_mark.index
        if isinstance(event, ScalarEvent):
            self._refuse_decoration(event)
            if self._wants_key():
                self._key(event)
            else:
                self._attach(self._scalar(event))
        elif isinstance(event, (MappingStartEvent, SequenceStartEvent)):
            self._refuse_decoration(event)
            if self._wants_key():
                self.faults.stop(self.at, "a key must be a single word or text", suggestion="use a plain key")
            mapping = isinstance(event, MappingStartEvent)
            node = Node({} if mapping else [], self.at, keys={} if mapping else None)
            self._attach(node)
            self._stack.append(node)
            self._pending.append(None)
            if len(self._stack) > self.limits.depth:
                self.faults.stop(
                    self.at,
                    f"the document is nested {len(self._stack)} deep, at most {self.limits.depth} is accepted",
                    suggestion="flatten it",
                )
        elif isinstance(event, (MappingEndEvent, SequenceEndEvent)):
            self._stack.pop()
            self._pending.pop()
        elif isinstance(event, AliasEvent):
            self.faults.add(self.at, "aliases are not accepted", f"*{event.anchor}", "write the value out again")
            if self._wants_key():
                self._take_key(f"*{event.anchor}")
            else:
                self._attach(Node(None, self.at))
        elif isinstance(event, DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                self.faults.stop(self.at, "a file holds one document", suggestion="split it at the '---'")

    def _wants_key(self) -> bool:
        return bool(self._stack) and isinstance(self._stack[-1].value, dict) and self._pending[-1] is None

    def _key(self, event: Any) -> None:
        owner = self._stack[-1]
        assert owner.keys is not None
        key = event.value
        if key == "<<" and event.style is None:
            self.faults.add(self.at, "merge keys are not accepted", "<<", "write the keys out again")
        elif key in owner.keys:
            self.faults.add(self.at, "the same key stands twice in one mapping", key, "keep one of the two")
        elif not key:
            self.faults.add(self.at, "a key is empty", suggestion="name it")
        elif _HALF.search(key):
            self.faults.add(self.at, "half of a character pair", suggestion="write the character itself")
            key = "?"
        self._take_key(key)

    def _take_key(self, key: str) -> None:
        owner = self._stack[-1]
        assert owner.keys is not None
        owner.keys.setdefault(key, self.at)
        self._pending[-1] = key

    def _attach(self, node: Node) -> None:
        if not self._stack:
            self.root = node
            return
        owner, key = self._stack[-1], self._pending[-1]
        if key is None:
            owner.value.append(node)
        else:
            owner.value.setdefault(key, node)
            self._pending[-1] = None

    def _scalar(self, event: Any) -> Node:
        if event.style is not None:
            if _HALF.search(event.value):
                self.faults.add(self.at, "half of a character pair", suggestion="write the character itself")
                return Node("?", self.at, event.style)
            return Node(event.value, self.at, event.style)
        try:
            # a value that is not there has no place of its own: its key's is where a person looks
            return Node(meaning(event.value), self.at if event.value else self._key_place())
        except NotFinite:
            self.faults.add(
                self.at, "a number must be finite", event.value[:40], "leave the entry out where nothing limits it"
            )
            return Node(0, self.at)

    def _key_place(self) -> int:
        owner, key = (self._stack[-1], self._pending[-1]) if self._stack else (None, None)
        return self.at if owner is None or key is None or owner.keys is None else owner.keys[key]

    def _refuse_decoration(self, event: Any) -> None:
        if event.anchor is not None:
            self.faults.add(self.at, "anchors are not accepted", f"&{event.anchor}", "delete it")
        if event.tag is not None:
            suggestion = "delete it; quotes make text, bare digits make a number"
            self.faults.add(self.at, "tags are not accepted", str(event.tag), suggestion)


_PHRASES: tuple[tuple[str, str, str], ...] = (
    ("mapping values are not allowed", "a ':' where no key can stand", "quote text that holds ': '; check the indent"),
    (
        "could not find expected ':'",
        "a line that is neither 'key: value' nor '- entry'",
        "check the indent and the ':'",
    ),
    ("cannot start any token", "a character that no value begins with", "put the text in quotes"),
    ("expected <block end>", "this line's indent fits no line above", "line it up with the keys it belongs to"),
    ("block sequence entries are not allowed", "a '- entry' where none can stand", "start it on a line of its own"),
    ("expected ',' or ']'", "a '[' is not closed, or a ',' is missing", "close it with ']'"),
    (
        "expected ',' or '}'",
        "a '{' is not closed, or a ',' is missing",
        "close it with '}'; quote text that holds [ ] { } or ,",
    ),
    ("expected the node content", "a value is missing or begins with a character that none begins with", "quote it"),
    ("unexpected end of stream", "a quote is not closed", "close it"),
    ("unexpected document separator", "a quote is not closed", "close it"),
    ("unknown escape", "an unknown escape after '\\'", "use single quotes for text with backslashes"),
    ("escape sequence", "a broken escape after '\\'", "use single quotes for text with backslashes"),
    ("expected <document start>", "text after the end of the document", "indent it, or delete it"),
)


def _begun_earlier(problem: str, context: Any, mark: Any) -> bool:
    """Whether a person must look at what was begun and not ended, rather than at where the parser gave up."""
    return "end of stream" in problem or ("expected ',' or" in problem and context.line != mark.line)


def _syntax(error: MarkedYAMLError, text: str, faults: Faults) -> None:
    """A syntax error of the parser, in plain words, where a person would look for it."""
    problem = str(error.problem or error.context or "not YAML")
    mark = error.problem_mark or error.context_mark
    if error.context_mark is not None and mark is not None and _begun_earlier(problem, error.context_mark, mark):
        mark = error.context_mark
    at = mark.index if mark is not None else 0
    if text[at : at + 1] == "\t":
        faults.add(at, "a tab between the parts of a line", suggestion="use spaces")
        return
    if "expected <block end>" in problem and text[text.rfind("\n", 0, at) + 1 : at].strip():
        faults.add(at, "text behind a value that has ended", suggestion="put the whole value in one pair of quotes")
        return
    for phrase, rule, suggestion in _PHRASES:
        if phrase in problem:
            faults.add(at, rule, suggestion=suggestion)
            return
    faults.add(at, f"not YAML: {problem}", suggestion="put text with special characters in quotes")
