"""The contract of a file format: it takes its own files whole, no others, and says where a broken one is broken."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qopt.core import registry
from qopt.core.errors import ModelError
from qopt.core.hashing import structure_hash
from qopt.core.problem import Problem
from qopt.models.detect import detect, read
from qopt.models.instance import Instance

GARBAGE = ("", "\n \n", "hello, world", "{", "0", "-1 2", "1 2 three", "\u2028", "a: [", "NAME:")
"""Texts that are files of no format; without a suffix that a format claims, none may take them, or fail when asked."""


@dataclasses.dataclass(frozen=True)
class Sample:
    """A small file of a format, and ways to break it.

    Parameters
    ----------
    file
        Its name, with a suffix of the format.
    text
        The whole file; bytes for a binary format.
    broken
        Files that look like the format but break it; each must be refused at a line.
    """

    file: str
    text: str | bytes
    broken: Sequence[str | bytes]


def check_format(name: str, sample: Sample, folder: Path) -> None:
    """Check a reader of files against its contract; ``folder`` is an empty directory to write in.

    Raises
    ------
    AssertionError
        The rule that is broken.
    """
    reader: Any = registry.load("formats", name)
    assert dataclasses.is_dataclass(type(reader)), f"{name}: PLUGIN must be a frozen dataclass instance"
    assert reader.suffixes, f"{name}: a reader of files has suffixes"
    for suffix in reader.suffixes:
        assert suffix == suffix.lower() and suffix.startswith("."), f"{name}: suffix {suffix!r} is not like .txt"
    path = folder / sample.file
    assert path.suffix in reader.suffixes, f"{name}: the sample's name has none of the format's suffixes"
    path.write_bytes(_bytes(sample.text))

    for text in GARBAGE:
        assert reader.accepts(folder / "garbage", text) is False, f"{name} accepts {text!r}"
    found, _, text = detect(path)
    assert found == name, f"the sample of {name} is taken for {found}"
    assert text == (sample.text if isinstance(sample.text, str) else ""), f"{name}: the text of a binary file is empty"
    _check_members(name, reader, path, text)
    _check_broken(name, reader, folder, sample)
    try:
        read(path, format=name, member=None, no_such_option=1)
    except ModelError as error:
        assert "no_such_option" in str(error), f"{name}: an unknown option is refused without its name"
    else:
        raise AssertionError(f"{name} takes an option that it does not have")


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode()


def _check_members(name: str, reader: Any, path: Path, text: str) -> None:
    """Every problem of the file is read, twice the same; what can be written reads back the same."""
    members = reader.members(text)
    assert len(members) >= 1 and all(isinstance(member, str) for member in members), f"{name}: members are names"
    for k in range(1, len(members) + 1):
        first, again = (read(path, member=str(k)) for _ in range(2))
        assert isinstance(first, (Instance, Problem)), f"{name} reads a {type(first).__name__}"
        if isinstance(first, Instance):
            assert first == again, f"{name}: reading a file twice gives two different instances"
            assert first.family in registry.names("families"), f"{name}: there is no family {first.family!r}"
        if hasattr(reader, "write") and isinstance(first, Instance):
            target = path.with_name(f"written-{k}{path.suffix}")
            reader.write(first, target)
            copy = read(target, format=name).model_copy(update={"name": first.name})
            assert copy == first, f"{name}: what is written does not read back the same"
        if isinstance(first, Problem):
            assert structure_hash(first) == structure_hash(again), f"{name}: reading a file twice gives two problems"
            if hasattr(reader, "write"):
                target = path.with_name(f"written-{k}{path.suffix}")
                reader.write(first, target)
                copied = structure_hash(read(target, format=name))
                assert copied == structure_hash(first), f"{name}: what is written does not read back the same"


def _check_broken(name: str, reader: Any, folder: Path, sample: Sample) -> None:
    """Reading a broken file names file and line, and no other format takes it."""
    assert sample.broken, f"{name}: at least one broken text is needed"
    for k, text in enumerate(sample.broken):
        path = folder / f"broken-{k}{Path(sample.file).suffix}"
        path.write_bytes(_bytes(text))
        try:
            read(path, format=name)
        except ModelError as error:
            place = error.issues[0].place
            assert place.line > 0, f"{name}: no line in the error of broken text {k}: {error}"
            assert place.file == str(path), f"{name}: no file in the error of broken text {k}: {error}"
        else:
            raise AssertionError(f"{name} reads broken text {k}")
        try:
            found, _, _ = detect(path)
        except ModelError:
            continue
        assert found == name, f"broken text {k} of {name} is taken for {found}"
