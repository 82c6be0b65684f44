"""The text of a file, or the reason why there is none."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from qopt.core.errors import Issue, ModelError, Place

LIMIT = 256_000_000
"""Largest file that is read, in bytes, packed or not."""
_PACKED: dict[str, tuple[bytes, Any]] = {
    ".gz": (b"\x1f\x8b\x08", gzip.open),
    ".xz": (b"\xfd7zXZ\0", lzma.open),
    ".bz2": (b"BZh", bz2.open),
}


def text_of(source: str | Path, *, latin1: bool = False) -> tuple[str, str]:
    """Text and file name of a source: a ``Path`` is read; a ``str`` is the text itself and has no file name.

    Parameters
    ----------
    latin1
        Whether bytes that are not UTF-8 are taken as Latin-1 (formats older than UTF-8 whose comments hold names).

    Raises
    ------
    ModelError
        No such file, a directory, empty, binary, not UTF-8 (with the place of the first bad byte), or above ``LIMIT``.
    """
    if isinstance(source, str):
        return source, ""
    return decoded(read_bytes(source), str(source), latin1=latin1), str(source)


def read_bytes(path: Path) -> bytes:
    """The bytes of a file that exists, is a file, is not empty and not above ``LIMIT``."""
    place = Place(str(path))
    try:
        if path.is_dir():
            problem = Issue("a file is needed, this is a directory", place=place)
        elif (size := path.stat().st_size) > LIMIT:
            problem = Issue(f"a file may hold at most {LIMIT:,} bytes", f"{size:,}", place)
        else:
            problem, data = None, path.read_bytes()
    except FileNotFoundError:
        problem = Issue("there is no such file", place=place, suggestion=_near(path))
    except OSError as error:
        problem = Issue(f"the file cannot be read: {error.strerror}", place=place)
    except ValueError:  # a NUL character in the path
        problem = Issue("this is no path", repr(str(path)))
    if problem is not None:
        raise ModelError(problem)
    data = _unpacked(path, data)
    if not data.strip():
        raise ModelError(Issue("the file is empty", place=place))
    return data


def unpacked_path(path: Path) -> Path:
    """The path that a packed file has once it is unpacked: ``labs.qs`` of ``labs.qs.xz``; other paths as they are."""
    return path.with_suffix("") if path.suffix.lower() in _PACKED else path


def _unpacked(path: Path, data: bytes) -> bytes:
    """The content of a file that its suffix and its first bytes call packed; other data as they are."""
    magic, opened = _PACKED.get(path.suffix.lower(), (b"", None))
    if opened is None or not data.startswith(magic):
        return data
    place = Place(str(path))
    try:
        with opened(io.BytesIO(data)) as file:
            content: bytes = file.read(LIMIT + 1)
    except (OSError, EOFError, lzma.LZMAError, zlib.error) as error:
        raise ModelError(Issue("the packed file is broken", str(error), place)) from error
    if len(content) > LIMIT:
        raise ModelError(Issue(f"a file may hold at most {LIMIT:,} bytes once unpacked", place=place))
    return content


def decoded(data: bytes, file: str, *, latin1: bool = False) -> str:
    """Bytes as text: UTF-8 (a byte order mark is dropped), or Latin-1 where that is allowed and needed."""
    zero = data.find(b"\0")
    if zero >= 0:
        raise ModelError(Issue("this is a binary file, not a text", f"a zero byte at byte {zero}", Place(file)))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if latin1:
            return data.decode("latin-1")
        # with a byte order mark the codec counts from behind it
        start = error.start + (3 if data.startswith(b"\xef\xbb\xbf") else 0)
        line = data.count(b"\n", 0, start) + 1
        column = start - data.rfind(b"\n", 0, start)
        raise ModelError(
            Issue(
                "the file is not UTF-8",
                f"byte 0x{data[start]:02x} at byte {start}",
                Place(file, line, column),
                "save it as UTF-8",
            )
        ) from error


def member_of(names: Sequence[str], member: str | int | None, file: str) -> int:
    """The 0-based position of the problem chosen by its 1-based number; the only one when there is just one.

    Parameters
    ----------
    names
        What to call each problem when they must be listed.

    Raises
    ------
    ModelError
        Several problems and none chosen, or no such problem; the issue lists them.
    """
    if member is None and len(names) <= 1:
        return 0
    last = max(1, len(names))
    listing = "; ".join(names[:20]) + ("; …" if len(names) > 20 else "")
    if member is None:
        rule = f"the file holds {last} problems: {listing}"
        raise ModelError(
            Issue(rule, place=Place(file), suggestion=f"choose one by its number, 1 to {last}: --member K")
        )
    number = str(member)
    if not (number.isascii() and number.isdigit() and 1 <= int(number) <= last):
        raise ModelError(Issue(f"member must be a number from 1 to {last}: {listing}", number, Place(file)))
    return int(number) - 1


def _near(path: Path) -> str:
    """A file of nearly that name beside it, as a suggestion; empty when there is none."""
    folder = path.parent
    if not folder.is_dir():
        return f"there is no directory {folder} either"
    close = get_close_matches(path.name, [p.name for p in folder.iterdir()], n=1)
    return f"did you mean {folder / close[0]}?" if close else ""
