"""Plain data -> YAML that a person likes to read and that reads back as the same data."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from qopt.models.documents.scalars import NotFinite, meaning

_PLAIN = re.compile(r"[^\W_][\w .+*/()=<>-]*\Z")
_WIDTH = 110


def to_yaml(data: Mapping[str, Any], comments: Mapping[str, str] | None = None) -> str:
    """A document.

    Parameters
    ----------
    data
        Dicts with text keys, lists, None, bool, int, float, str.
    comments
        Lines to write above a top-level key.
    """
    lines: list[str] = []
    for key, value in data.items():
        if comments and key in comments:
            lines += [f"# {line}" for line in comments[key].splitlines()]
        lines += _block(key, value, 0)
    return "\n".join(lines) + "\n"


def _block(key: str, value: Any, indent: int) -> list[str]:
    """``key: value`` on one line where it fits, else one line per entry."""
    head = " " * indent + f"{_word(key)}:"
    flow = _flow(value)
    nested = isinstance(value, (dict, list, tuple)) and bool(value)
    deep = isinstance(value, dict) and any(isinstance(v, (dict, list, tuple)) for v in value.values()) and indent == 0
    if not nested or (not deep and len(head) + 1 + len(flow) <= _WIDTH):
        return [f"{head} {flow}"]
    lines = [head]
    if isinstance(value, dict):
        for k, v in value.items():
            lines += _block(k, v, indent + 2)
        return lines
    for v in value:
        lines += _entry(v, indent + 2)
    return lines


def _entry(value: Any, indent: int) -> list[str]:
    """``- value`` on one line where it fits, else a mapping with one line per key."""
    line = " " * indent + f"- {_flow(value)}"
    if len(line) <= _WIDTH or not isinstance(value, dict):
        return [line]
    lines = [line for key, below in value.items() for line in _block(key, below, indent + 2)]
    return [" " * indent + "- " + lines[0].lstrip(), *lines[1:]]


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_word(k)}: {_flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_flow(v) for v in value) + "]"
    if isinstance(value, str):
        return _word(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return json.dumps(value)


def _word(text: str) -> str:
    """Text without quotes where it reads back as the same text, else in quotes."""
    if _PLAIN.match(text) and text == text.rstrip() and ": " not in text and " #" not in text:
        try:
            if meaning(text) == text and isinstance(meaning(text), str):
                return text
        except NotFinite:
            return json.dumps(text)
    return json.dumps(text, ensure_ascii=False)
