"""Matrices in files: a routing document names a table where a matrix may stand.

The table has the ids of the locations in its header and in its first column, in any order; or it has a line for each
pair, with the columns ``from``, ``to`` and what it takes. Locations that the document does not have are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from qopt.core.errors import Issue, ModelError, Place
from qopt.models.documents.document import Document
from qopt.models.documents.issues import MOST, closest, placed
from qopt.models.documents.nodes import Node, Positions, planted
from qopt.models.families._routing_parts import Rows
from qopt.models.records import read_table
from qopt.models.table_rows import Cell, Expansion, Table, TablePointer, shape_of

_INSIDE = shape_of([Rows])[1]


def with_matrices(document: Document) -> Document:
    """The document with the rows of its matrices in the place of the names of their files.

    Raises
    ------
    ModelError
        Every file that cannot be read, lacks a location or a pair, or has one twice.
    """
    root = document.positions.root
    found = [path for path in _paths(root) if isinstance(getattr(document.positions.node(path), "value", None), str)]
    if not found:
        return document
    ids, tables, issues = _ids(root), dict[str, Table](), list[Issue]()
    for path in found:
        named = document.positions.node(path)
        assert named is not None
        file = str(named.value)
        try:
            if file not in tables:
                tables[file] = read_table(file, document, corner=True)
            rows = _matrix(tables[file], ids, str(path[-1]))
        except ModelError as error:
            issues += [placed(issue, path, document.positions) for issue in error.issues]
        else:
            root = planted(root, path, rows)
    if issues:
        raise ModelError(list(dict.fromkeys(issues))[:MOST])
    positions = document.positions
    return replace(document, positions=Positions(root, positions.text, positions.file))


def _paths(root: Node) -> Iterator[tuple[str, ...]]:
    """Where a matrix may stand."""
    profiles = root.child("profiles")
    names = profiles.value if profiles is not None and isinstance(profiles.value, dict) else {}
    for travel in (("travel",), *(("profiles", name) for name in names)):
        yield from ((*travel, "matrix", *inside) for inside in ((), ("time",), ("distance",)))


def _ids(root: Node) -> list[str]:
    """Ids of the locations; none where they are not as they should be, which is told later."""
    given = root.child("locations")
    places = given.plain() if given is not None and isinstance(given.value, list) else []
    return [str(place.get("id") if isinstance(place, dict) else place) for place in places]


def _matrix(table: Table, ids: Sequence[str], measure: str) -> Node:
    """The rows of a table in the order of the locations."""
    if {"from", "to"} <= set(table.header):
        return _of_pairs(table, ids, measure)
    lines = {str(row[0]): k for k, row in enumerate(table.rows)}
    issues = [
        Issue(f"{table.file} has no column for this location", name, _header(table), closest(name, table.header[1:]))
        for name in ids
        if name not in table.header[1:]
    ]
    issues += [
        Issue(f"{table.file} has no row for this location", name, _header(table), closest(name, lines))
        for name in ids
        if name not in lines
    ]
    issues += [
        Issue("a location has two rows", str(row[0]), Cell(table, k, 0).place(), "keep one of them")
        for k, row in enumerate(table.rows)
        if lines[str(row[0])] != k
    ]
    if issues:
        raise ModelError(issues[:MOST])
    rows: list[Any] = Expansion(table, TablePointer(table=table.file, columns=tuple(ids)), "rows", _INSIDE).node().value
    return Node([rows[lines[name]] for name in ids], Cell(table, -1, -1))


def _of_pairs(table: Table, ids: Sequence[str], measure: str) -> Node:
    """The rows of a table with a line per pair; from a location to itself it takes nothing, unless a line says so."""
    others = [name for name in table.header if name not in ("from", "to")]
    value = measure if measure in others else others[0] if len(others) == 1 else ""
    if not value:
        rule = f"beside from and to the table needs a column {measure}, or just one column"
        raise ModelError(Issue(rule, ", ".join(others), _header(table)))
    taken = Expansion(table, TablePointer(table=table.file, columns=(value,)), "values", _INSIDE).node().value
    ends = [table.header.index("from"), table.header.index("to")]
    cells: dict[tuple[str, str], Any] = {}
    issues = []
    for k, row in enumerate(table.rows):
        pair = str(row[ends[0]]), str(row[ends[1]])
        if pair in cells:
            issues.append(Issue("a pair stands twice", " to ".join(pair), Cell(table, k, ends[0]).place(), "keep one"))
        cells[pair] = taken[k]
    start = Cell(table, -1, -1)
    cells = {(name, name): Node(0, start) for name in ids} | cells
    missing = [(a, b) for a in ids for b in ids if (a, b) not in cells]
    issues += [
        Issue(f"{table.file} has no line for this pair", f"{a} to {b}", _header(table), "add it") for a, b in missing
    ]
    if issues:
        raise ModelError(issues[:MOST])
    return Node([Node([cells[a, b] for b in ids], start) for a in ids], start)


def _header(table: Table) -> Place:
    return table.place(-1, 0)
