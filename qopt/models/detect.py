"""Which format a file has, and what is in it. Exactly one reader must accept the whole file; a guess is never made."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from qopt.core import registry
from qopt.core.errors import Issue, ModelError, Place
from qopt.models.source import decoded, member_of, read_bytes, unpacked_path

_CALL = ("source", "base_dir", "member")
"""Arguments of every reader; whatever else a reader's ``read`` takes is an option of its format."""


def read(path: str | Path, *, format: str | None = None, member: str | int | None = None, **options: Any) -> Any:
    """A file as a family instance or a Problem.

    Parameters
    ----------
    path
        Any file that a reader in ``models/frontends`` accepts.
    format
        Name of the reader to use; None: detected.
    member
        Which problem of a file that holds several: its number, from 1.
    options
        The format's own, such as ``sense`` of OR-Library GAP files; None stands for not given.

    Raises
    ------
    ModelError
        No text, no or several formats, an option that the format does not have, a member that is missing or does not
        exist, or what the reader itself refuses.
    """
    path = Path(path)
    name, reader, text = detect(path, format=format)
    place = Place(str(path))
    given = {key: value for key, value in options.items() if value is not None}
    _check_options(name, reader, given, place)
    number = member_of(_members(reader, text, path), member, str(path)) + 1
    return reader.read(path, base_dir=path.parent, member=None if member is None else str(number), **given)


def detect(path: str | Path, *, format: str | None = None) -> tuple[str, Any, str]:
    """Name of the format, its reader, and the text of the file (empty for a binary format).

    A binary format is known by its first bytes: the reader's ``magic``. Readers of text are all asked. When several
    accept the file, one of them is chosen only if it alone claims the suffix.

    Raises
    ------
    ModelError
        No text, no reader that accepts the whole file (with what the nearest ones object to), or several.
    UnknownPluginError
        ``format`` names no reader.
    """
    path = Path(path)
    readers = _readers() if format is None else {format: _reader_of_files(format, path)}
    data = read_bytes(path)
    for name, reader in readers.items():
        magic = getattr(reader, "magic", None)
        if magic is not None and data.startswith(magic):
            return name, reader, ""
    not_utf8: ModelError | None = None
    try:
        text = decoded(data, str(path))
    except ModelError as error:
        readers = {name: reader for name, reader in readers.items() if getattr(reader, "latin1", False)}
        if not readers:
            raise
        text, not_utf8 = decoded(data, str(path), latin1=True), error
    shape = unpacked_path(path)
    accepting = [format] if format else [name for name, reader in readers.items() if reader.accepts(shape, text)]
    if len(accepting) > 1:
        claiming = [name for name in accepting if shape.suffix.lower() in readers[name].suffixes]
        accepting = claiming if len(claiming) == 1 else accepting
    if len(accepting) == 1:
        return accepting[0], readers[accepting[0]], text
    if accepting:
        rule = f"several formats fit this file: {', '.join(accepting)}"
        raise ModelError(Issue(rule, place=Place(str(path)), suggestion=f"choose one: --format {accepting[0]}"))
    raise not_utf8 or ModelError(_refusals(path, readers))


def _readers() -> dict[str, Any]:
    """Every reader of files, by name."""
    found = {name: registry.load("formats", name) for name in registry.names("formats")}
    return {name: reader for name, reader in found.items() if not getattr(reader, "objects", False)}


def _reader_of_files(format: str, path: Path) -> Any:
    reader = registry.load("formats", format)
    if getattr(reader, "objects", False):
        raise ModelError(Issue("this format is read from objects in memory, not from files", format, Place(str(path))))
    return reader


def _refusals(path: Path, readers: dict[str, Any]) -> list[Issue]:
    """Why no reader takes the file: in the words of the one that its suffix points to, or of each that it may be."""
    place = Place(str(path))
    suffix = unpacked_path(path).suffix.lower()
    near = {name: reader for name, reader in readers.items() if suffix in reader.suffixes}
    reasons: dict[str, Sequence[Issue]] = {}
    for name, reader in near.items():
        try:
            reader.read(path, base_dir=path.parent)
        except ModelError as error:
            reasons[name] = error.issues
        else:
            rule = "this file could be of another format too, so it is only read as this one when that is asked for"
            reasons[name] = [Issue(rule, name, place, f"--format {name}")]
    if len(reasons) == 1:
        return list(*reasons.values())
    rule = f"no format fits this file; there are: {', '.join(readers)}"
    out = [Issue(rule, place=place, suggestion="choose one to see what it objects to: --format NAME")]
    return out + [
        Issue(f"not {name}: {issues[0].rule}", issues[0].value, issues[0].place, issues[0].suggestion)
        for name, issues in reasons.items()
    ]


def _members(reader: Any, text: str, path: Path) -> Sequence[str]:
    """Names of the problems in the file; errors name the file."""
    try:
        members: Sequence[str] = reader.members(text)
        return members
    except ModelError as error:
        issues = [replace(issue, place=replace(issue.place, file=str(path))) for issue in error.issues]
        raise type(error)(issues) from error


def options_of(reader: Any) -> list[str]:
    """Options of a format: the keywords of its ``read`` besides those of every reader."""
    parameters = inspect.signature(reader.read).parameters.values()
    return [p.name for p in parameters if p.kind is p.KEYWORD_ONLY and p.name not in _CALL]


def _check_options(name: str, reader: Any, options: dict[str, Any], place: Place) -> None:
    """Refuse options that the format does not have."""
    known = options_of(reader)
    unknown = [key for key in options if key not in known]
    if unknown:
        has = f"it has: {', '.join(known)}" if known else "it has none"
        raise ModelError([Issue(f"format {name} has no such option; {has}", f"--{key}", place) for key in unknown])
