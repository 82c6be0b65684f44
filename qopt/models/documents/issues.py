"""What pydantic says of a document -> issues with exact places, short rules and one suggestion each."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel, ValidationError

from qopt.core.errors import Issue, ModelError
from qopt.models.documents.keys import keys_at
from qopt.models.documents.nodes import KEY, Path, Positions, path_parts
from qopt.models.documents.scalars import looks_like_padded_number

MOST = 100
"""Issues that are told; nobody reads more."""

_TYPES = {
    "string_type": "text",
    "string_sub_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_parsing_size": "a whole number of a sensible size",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "set_type": "a list",
    "frozen_set_type": "a list",
    "dict_type": "a mapping of names to values",
    "mapping_type": "a mapping of names to values",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "dataclass_type": "a mapping",
    "none_required": "nothing",
}

_BOUNDS = {
    "greater_than": "must be above {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be below {lt}",
    "less_than_equal": "must be at most {le}",
    "multiple_of": "must be a multiple of {multiple_of}",
    "finite_number": "must be finite",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "string_pattern_mismatch": "must match the pattern {pattern}",
    "too_short": "needs at least {min_length} entries, has {actual_length}",
    "too_long": "takes at most {max_length} entries",
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
    "union_tag_invalid": "must be one of {expected_tags}",
    "union_tag_not_found": "needs the key {discriminator}",
}


@dataclass(frozen=True)
class _Located:
    """One pydantic error, walked through the document."""

    error: Any
    path: Path  # as far as the document goes
    branches: tuple[tuple[int, str], ...]  # where unions split, outermost first, and which arm this error speaks of

    @property
    def kind(self) -> str:
        return str(self.error["type"])

    @property
    def missing(self) -> str:
        return str(self.error["loc"][-1])


def issues_of(error: ValidationError, positions: Positions, model: type[BaseModel]) -> list[Issue]:
    """Every issue of a validation error, in reading order.

    A union that fails gives the issues of the arm that fits best, not of all arms. A validator may raise a
    ``ModelError`` whose issues have a path relative to its own place: they are given their line and column here.
    """
    located = [_locate(item, positions) for item in error.errors(include_url=False)]
    unique = {_order(issue, positions.file): issue for issue in _resolved(located, 0, positions, model)}
    return [unique[key] for key in sorted(unique)][:MOST]


def _order(issue: Issue, file: str) -> tuple[bool, str, int, int, str]:
    """The document first, then its tables; equal for one fault told twice."""
    place = issue.place
    return place.file != file, place.file, place.line, place.column, issue.rule


def closest(word: str, known: Iterable[str], *, show: int = 12) -> str:
    """A suggestion: the nearest known name, or the list of them."""
    names = list(known)
    near = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    lower = {name.lower(): name for name in names}
    if word.lower() in lower:
        near = [lower[word.lower()]]
    if near:
        return f"did you mean {near[0]}?"
    if not names or not show:
        return ""
    return "known: " + ", ".join(names[:show]) + (", …" if len(names) > show else "")


def _locate(item: Any, positions: Positions) -> _Located:
    node: Any = positions.root
    path: list[str | int] = []
    branches: list[tuple[int, str]] = []
    location: Sequence[str | int] = item["loc"]
    for k, part in enumerate(location):
        child = node.child(part)
        if child is not None:
            node = child
            path.append(part)
        elif item["type"] == "missing" and k == len(location) - 1:
            break
        elif part != KEY:
            branches.append((len(path), str(part)))
    return _Located(item, tuple(path), tuple(branches))


def _resolved(items: list[_Located], level: int, positions: Positions, model: type[BaseModel]) -> list[Issue]:
    """Issues of errors whose first ``level`` unions are settled."""
    out = [issue for item in items if len(item.branches) <= level for issue in _issues(item, positions, model)]
    unions: dict[Path, list[_Located]] = {}
    for item in items:
        if len(item.branches) > level:
            unions.setdefault(item.path[: item.branches[level][0]], []).append(item)
    for path, members in unions.items():
        out += _of_union(path, members, level, positions, model)
    return out


def _of_union(
    path: Path, items: list[_Located], level: int, positions: Positions, model: type[BaseModel]
) -> list[Issue]:
    """Issues of the arm that fits best: one whose kind of value is right, with the fewest faults."""
    arms: dict[str, list[_Located]] = {}
    for item in items:
        arms.setdefault(item.branches[level][1], []).append(item)

    def misfit(arm: list[_Located]) -> tuple[int, int, int]:
        wrong_kind = any(item.kind in _TYPES and item.path == path for item in arm)
        unknown = sum(item.kind in ("extra_forbidden", "missing") for item in arm)
        return wrong_kind, unknown, len(arm)

    best = min(arms.values(), key=misfit)
    if not misfit(best)[0]:
        return _resolved(best, level + 1, positions, model)
    kinds = dict.fromkeys(_TYPES[i.kind] for i in items if i.kind in _TYPES and i.path == path)
    rule = f"must be {' or '.join(kinds)}"
    return [Issue(rule, positions.written(path), positions.value(path), _retype(rule, positions, path))]


def _issues(item: _Located, positions: Positions, model: type[BaseModel]) -> list[Issue]:
    kind, path = item.kind, item.path
    value, place = positions.written(path), positions.value(path)
    context = item.error.get("ctx", {})
    if kind == "missing":
        return [_missing(item, positions)]
    if kind == "extra_forbidden":
        known = keys_at(model, path[:-1])
        return [Issue("unknown key", str(path[-1]), positions.key(path), closest(str(path[-1]), known))]
    if kind in _TYPES:
        rule = f"must be {_TYPES[kind]}"
        return [Issue(rule, value, place, _retype(rule, positions, path))]
    if kind in ("value_error", "assertion_error"):
        cause = context.get("error")
        if isinstance(cause, ModelError):
            return [placed(issue, path, positions) for issue in cause.issues]
        return [Issue(str(cause), positions.scalar(path), place)]
    if kind in ("literal_error", "enum"):
        expected = str(context["expected"]).replace("'", "")
        options = expected.replace(" or ", ", ").split(", ")
        return [Issue(f"must be {expected}", value, place, closest(value.strip('"'), options, show=0))]
    if item.error["loc"] and item.error["loc"][-1] == KEY:
        value, place = str(path[-1]), positions.key(path)
    if kind == "too_short" and _entries(positions, path) >= context["min_length"]:
        return []  # pydantic does not count the entries that have faults of their own
    if kind in _BOUNDS:
        told = {key: f"{given:g}" if isinstance(given, float) else given for key, given in context.items()}
        rule = _BOUNDS[kind].format(**told).replace("at least 1 entries", "at least one entry")
        return [Issue(rule, value, place)]
    return [Issue(str(item.error["msg"]).removeprefix("Input ").removeprefix("should").strip(), value, place)]


def _missing(item: _Located, positions: Positions) -> Issue:
    owner = item.path
    known = _written_keys(positions, owner)
    near = difflib.get_close_matches(item.missing, known, n=1, cutoff=0.75)
    suggestion = f"{near[0]} stands there: a slip?" if near else f"add '{item.missing}: …'"
    place, node = positions.lacking((*owner, item.missing)), positions.node(owner)
    if node is not None and not isinstance(node.start, int):
        empty = item.missing in (node.keys or ())
        suggestion = "fill the cell" if empty else f"say which column it is: 'columns: {{{item.missing}: …}}'"
    return Issue(f"the key {item.missing} is missing", place=place, suggestion=suggestion)


def _entries(positions: Positions, path: Path) -> int:
    node = positions.node(path)
    return len(node.value) if node is not None and isinstance(node.value, (dict, list)) else 0


def _written_keys(positions: Positions, path: Path) -> list[str]:
    node = positions.node(path)
    return list(node.value) if node is not None and isinstance(node.value, dict) else []


def _retype(rule: str, positions: Positions, path: Path) -> str:
    """How to turn the value into what is asked for."""
    node = positions.node(path)
    value = node.value if node is not None else None
    if value is None:
        return "write a value, or delete the key"
    if "text" in rule and isinstance(value, (int, float)):
        return "put it in quotes"
    if isinstance(value, str) and "number" in rule:
        if looks_like_padded_number(value):
            return "a word with leading zeros is text; write the number without them"
        if value.replace(",", ".", 1).replace(".", "", 1).isdigit() and "," in value:
            in_table = node is not None and not isinstance(node.start, int)
            return "add 'decimal: \",\"' behind 'table:'" if in_table else "write the decimal point as '.'"
        return "write bare digits, without quotes or units" if node is not None and node.style else "write bare digits"
    if isinstance(value, str) and "true" in rule:
        return "write true or false"
    if "list" in rule and not isinstance(value, (dict, list)):
        return "put it in [ ]"
    return ""


def placed(issue: Issue, path: Path, positions: Positions) -> Issue:
    """An issue with a path relative to ``path``, given its line, its column and its value as written."""
    if issue.place.line:
        return issue
    of_key = issue.place.path.endswith(KEY)
    full = path + path_parts(issue.place.path.removesuffix(KEY))
    value = issue.value or positions.scalar(full)
    return replace(issue, place=positions.key(full) if of_key else positions.value(full), value=value)
