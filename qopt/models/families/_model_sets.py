"""The sets of a generic model: lists, ranges and columns of tables, every element once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qopt.core.errors import Issue, ModelError
from qopt.models.documents.issues import closest
from qopt.models.families._model_values import Issues
from qopt.models.tables import Tables


def members(sets: dict[str, Any], tables: Tables) -> dict[str, Any]:
    """The sets with the columns of tables read and every element checked to be there once.

    Raises
    ------
    ModelError
        Elements that stand twice, empty sets, ranges that run backwards or are too long, tables that cannot be read.
    """
    issues = Issues()
    out = {}
    for name, given in sets.items():
        out[name] = given
        if isinstance(given, tuple):
            _once(given, lambda k, name=name: (name, k), issues)
            if not given:
                issues.add((name,), "a set needs at least one element", suggestion="list its elements")
        elif hasattr(given, "range"):
            first, last = given.range
            count = last - first + 1
            if count < 1:
                issues.add((name, "range", 1), f"the last number is below the first, {first}", suggestion="swap them")
            elif count > tables.limits.terms:
                most = f"the range has {count:,} elements, at most {tables.limits.terms:,} are accepted"
                issues.add((name, "range", 1), most, suggestion="shorten it")
        else:
            out[name] = _column_members(name, given, tables, issues)
    issues.stop_if_any()
    return out


def _once(elements: Sequence[str], path: Any, issues: Issues) -> None:
    seen: dict[str, int] = {}
    for k, element in enumerate(elements):
        if element in seen:
            issues.add(path(k), "the same element stands twice in a set", element, "keep one of the two")
        seen.setdefault(element, k)


class ReadElements(tuple[str, ...]):
    """Elements that were read from a column of a table; the table's other columns are found by it again."""

    file: str
    column: str


def _column_members(name: str, given: Any, tables: Tables, issues: Issues) -> tuple[str, ...]:
    try:
        table = tables.table(given.file)
    except ModelError as error:
        issues.take((name, "file"), error)
        return ()
    if given.column not in table.header:
        issues.add(
            (name, "column"), f"{given.file} has no such column", given.column, closest(given.column, table.header)
        )
        return ()
    column = table.column(given.column)
    found: dict[str, int] = {}
    for k, cell in enumerate(table.cells(column)):
        if not cell:
            issues.found.append(Issue("an element is empty", "", table.place(k, column), "fill it, or delete the row"))
        elif cell in found:
            rule = "the same element stands twice in a set"
            issues.found.append(Issue(rule, cell, table.place(k, column), "keep one of the two rows"))
        found.setdefault(cell, k)
    if not table.rows:
        issues.add((name, "file"), "the table has no rows", given.file, "a set needs at least one element")
    elements = ReadElements(found)
    elements.file, elements.column = given.file, given.column
    return elements
