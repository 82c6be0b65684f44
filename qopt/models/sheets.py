"""Excel sheets beside a document, read as tables: the first row that is not empty is the header."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from qopt.core.errors import Issue, ModelError, Place
from qopt.models.documents.issues import closest
from qopt.models.documents.limits import DEFAULT, Limits

SUFFIXES = (".xlsx", ".xlsm")
"""Names of files that are read as sheets."""


@dataclass(frozen=True, eq=False)
class SheetTable:
    """A sheet with a header.

    Parameters
    ----------
    file
        Its name as the document writes it, with the name of the sheet behind ``!``.
    header
        Names of the columns.
    rows
        Cells as None, bool, int, float or str; every row is as long as the header.
    lines
        The number of each row in the sheet, from 1.
    columns
        The number of each column in the sheet, from 1.
    top
        The number of the header's row.
    """

    file: str
    header: tuple[str, ...]
    rows: list[list[Any]]
    lines: list[int]
    columns: tuple[int, ...]
    top: int = 1

    def place(self, row: int, column: int) -> Place:
        """The row and the column of a cell in its sheet; row -1 is the header."""
        return Place(self.file, self.top if row < 0 else self.lines[row], self.columns[column])


def read_sheet(path: Path, file: str, sheet: str | None, limits: Limits = DEFAULT) -> SheetTable:
    """A sheet of an Excel file; the first one unless another is named. Formulas count as their last value.

    Raises
    ------
    ModelError
        openpyxl is not installed, the file is broken, there is no such sheet, it is empty, it has more cells than
        ``limits.terms``, or its header has a name twice.
    """
    if find_spec("openpyxl") is None:
        suggestion = "pip install 'qopt[tables]', or save the sheet as CSV"
        raise ModelError(Issue("Excel files are read with openpyxl, which is not installed", file, Place(), suggestion))
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except (InvalidFileException, BadZipFile, KeyError, ValueError, OSError) as error:
        raise ModelError(Issue(f"this is no Excel file: {error}", file, suggestion="save it again as .xlsx")) from None
    try:
        names = list(book.sheetnames)
        if sheet is not None and sheet not in names:
            raise ModelError(Issue(f"{file} has no such sheet", sheet, suggestion=closest(sheet, names)))
        name = names[0] if sheet is None else sheet
        return _table(f"{file}!{name}", _lines(book[name].iter_rows(values_only=True), file, limits))
    finally:
        book.close()


def _lines(rows: Iterator[tuple[Any, ...]], file: str, limits: Limits) -> list[tuple[int, list[Any]]]:
    """The rows that are not empty, with their numbers."""
    out: list[tuple[int, list[Any]]] = []
    cells = 0
    for number, row in enumerate(rows, 1):
        cells += len(row)
        if cells > limits.terms:
            raise ModelError(Issue(f"a sheet may have at most {limits.terms:,} cells", file, suggestion="split it"))
        values = [plain(cell) for cell in row]
        if any(value is not None for value in values):
            out.append((number, values))
    return out


def _table(file: str, lines: list[tuple[int, list[Any]]]) -> SheetTable:
    if not lines:
        raise ModelError(Issue("the sheet is empty", file))
    top, first = lines[0]
    columns = [k for k, name in enumerate(first) if name is not None]
    header = tuple(str(first[k]) for k in columns)
    issues = [
        Issue("two columns have one name", name, Place(file, top, columns[k] + 1), "rename one in the header")
        for k, name in enumerate(header)
        if name in header[:k]
    ]
    if issues:
        raise ModelError(issues)
    rows = [[row[k] if k < len(row) else None for k in columns] for _, row in lines[1:]]
    return SheetTable(file, header, rows, [n for n, _ in lines[1:]], tuple(k + 1 for k in columns), top)


def plain(value: Any) -> Any:
    """A cell as documents write it: dates and times as text, whole numbers as int, missing ones as None."""
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, timedelta):
        return None if value != value else f"{value.total_seconds():g}s"
    if isinstance(value, datetime):
        if value != value:
            return None
        return value.date().isoformat() if value.time() == time() else value.isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return value.isoformat(timespec="seconds" if value.second else "minutes")
    if hasattr(value, "item"):
        value = value.item()  # a scalar of numpy
    if isinstance(value, float) and (value != value or value.is_integer()):
        return None if value != value else int(value)
    return value
