"""CSV tables beside a document: read once, checked cell by cell, every fault at its line and column."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field
from functools import cached_property
from math import isfinite
from pathlib import Path

import numpy as np

from qopt.core.arrays import Floats
from qopt.core.errors import Issue, ModelError, Place
from qopt.models.documents.issues import closest
from qopt.models.documents.limits import DEFAULT, Limits
from qopt.models.source import decoded, read_bytes


@dataclass(frozen=True, eq=False)
class CsvTable:
    """A table with a header.

    Parameters
    ----------
    file
        Its name as the document writes it.
    header
        Names of the columns.
    rows
        Cells without the white space around them; every row is as long as the header.
    lines
        The line of each row in the file, from 1.
    text
        What it was read from.
    top
        The line of the header.
    """

    file: str
    header: tuple[str, ...]
    rows: list[list[str]]
    lines: list[int]
    text: str = field(repr=False, default="")
    top: int = 1

    def column(self, name: str) -> int:
        """The number of a column.

        Raises
        ------
        ModelError
            No such column, at the header.
        """
        if name in self.header:
            return self.header.index(name)
        raise ModelError(Issue("no such column", name, Place(self.file, 1, 1), closest(name, self.header)))

    def cells(self, column: int) -> list[str]:
        """A column's cells."""
        return [row[column] for row in self.rows]

    def numbers(self, column: int) -> Floats:
        """A column as finite numbers.

        Raises
        ------
        ModelError
            The first cells (at most 20) that are none.
        """
        cells = self.cells(column)
        if _SAFE.fullmatch("\n".join(cells)):
            values = np.array(cells, dtype=np.float64)
            if np.all(np.isfinite(values)):
                return values
        wrong = [k for k, cell in enumerate(cells) if not is_number(cell)]
        raise ModelError(
            [
                Issue("must be a finite number", cell or "nothing", self.place(k, column), _as_number(cell))
                for k in wrong[:20]
                for cell in (self.rows[k][column],)
            ]
        )

    def place(self, row: int, column: int) -> Place:
        """The place of a cell; row -1 is the header."""
        line = self.top if row < 0 else self.lines[row]
        written = self._written[line - 1]
        at, quoted = 0, False
        separator = _separator(self.text)
        for k, char in enumerate(written):
            if column == 0:
                break
            quoted ^= char == '"'
            if char == separator and not quoted:
                column -= 1
                at = k + 1
        lead = len(written[at:]) - len(written[at:].lstrip())
        return Place(self.file, line, at + lead + 1)

    @cached_property
    def _written(self) -> list[str]:
        return self.text.split("\n")


_PLAIN = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_NUMBER = re.compile(_PLAIN, re.ASCII)
_SAFE = re.compile(rf"{_PLAIN}(?:\n{_PLAIN})*", re.ASCII)  # a whole column at once


def is_number(cell: str) -> bool:
    """Whether a cell is a finite number in plain notation."""
    return _NUMBER.fullmatch(cell) is not None and isfinite(float(cell))


def _as_number(cell: str) -> str:
    if is_number(cell.replace(",", ".")):
        return "write the decimal point as '.'"
    return "write a number, or delete the row" if cell else "fill the cell, or delete the row"


class Tables:
    """The tables of one document, each file read once.

    Parameters
    ----------
    base_dir
        The folder that names are relative to; None where files are not allowed.
    limits
        ``table_bytes`` and ``tables_anywhere``.
    """

    def __init__(self, base_dir: Path | None, limits: Limits = DEFAULT) -> None:
        self.base_dir, self.limits = base_dir, limits
        self._read: dict[str, CsvTable] = {}

    def table(self, file: str) -> CsvTable:
        """The table of that name.

        Raises
        ------
        ModelError
            No such file, outside the document's folder, too large, not UTF-8, rows of unequal length, a column named
            twice. An issue without a file of its own belongs to the place that names the table.
        """
        if file not in self._read:
            self._read[file] = self._load(file)
        return self._read[file]

    def _load(self, file: str) -> CsvTable:
        return parse_csv(decoded(read_bytes(beside(self.base_dir, file, self.limits)), file), file)


def beside(base_dir: Path | None, file: str, limits: Limits, *, what: str = "table") -> Path:
    """The path of a file that a document names.

    Raises
    ------
    ModelError
        No such file, outside the document's folder, or too large.
    """
    if base_dir is None:
        suggestion = "write the values into the document"
        raise ModelError(Issue(f"there is no folder to look for {what}s in", file, suggestion=suggestion))
    base = base_dir.resolve()
    path = _inside(base, file)
    if not limits.tables_anywhere and not path.is_relative_to(base):
        suggestion = "put it beside the document"
        raise ModelError(Issue(f"a {what} must lie in the folder of its document", file, suggestion=suggestion))
    if not path.is_file():
        raise ModelError(Issue(f"there is no such {what} file", file, suggestion=_near(path)))
    size = path.stat().st_size
    if size > limits.table_bytes:
        rule = f"the {what} has {size:,} bytes, at most {limits.table_bytes:,} are accepted"
        raise ModelError(Issue(rule, file, suggestion="split it"))
    return path


def _inside(base: Path, file: str) -> Path:
    try:
        return (base / file).resolve()
    except (OSError, ValueError):  # a NUL character, or a name longer than any file's
        raise ModelError(Issue("this is no file name", file[:60], suggestion="check it")) from None


def _near(path: Path) -> str:
    names = [p.name for p in path.parent.glob(f"*{path.suffix}")] if path.parent.is_dir() else []
    return closest(path.name, names) or f"put it into {path.parent.name or 'the folder of the document'}"


def _separator(text: str) -> str:
    """``,``, ``;`` or a tab: what stands most often in the header, outside quotes."""
    header = re.sub(r'"[^"]*"', "", text.lstrip().partition("\n")[0])
    return max((",", ";", "\t"), key=header.count)


def parse_csv(text: str, file: str, *, corner: bool = False, twice: str = "") -> CsvTable:
    """A CSV text: a header, then rows; separated by commas, semicolons or tabs; empty lines are skipped.

    Parameters
    ----------
    corner
        Whether the first column may lack a name, as in a matrix with names on two sides.
    twice
        A name that two columns may have.

    Raises
    ------
    ModelError
        Every row that is not as long as the header, a column without a name or named twice, an open quote.
    """
    reader = csv.reader(io.StringIO(text), delimiter=_separator(text), strict=True)
    rows: list[list[str]] = []
    lines: list[int] = []
    line = 1
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if any(cells):
                rows.append(cells)
                lines.append(line)
            line = reader.line_num + 1
    except csv.Error as error:
        raise ModelError(Issue(f"the table cannot be read: {error}", place=Place(file, line, 1))) from None
    header = tuple(rows[0]) if rows else ()
    issues = []
    for k, name in enumerate(header):
        if (not name and not (corner and k == 0)) or (
            name in header[:k] and (name != twice or header[:k].count(name) > 1)
        ):
            rule = "two columns have one name" if name else "a column has no name"
            issues.append(Issue(rule, name, Place(file, lines[0], 1), "name it in the header"))
    for row, at in zip(rows[1:], lines[1:]):
        if len(row) != len(header):
            rule = f"the header has {len(header)} columns, this row has {len(row)}"
            issues.append(Issue(rule, place=Place(file, at, 1), suggestion="check the separators and the quotes"))
    if issues:
        raise ModelError(issues[:20])
    return CsvTable(file, header, rows[1:], lines[1:], text, lines[0] if lines else 1)
