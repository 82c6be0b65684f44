"""Tables in documents: wherever a document lists records, it may point to a table that holds them instead.

``customers: {table: customers.csv}`` stands for the list of customers that the table's rows are; so does a pandas
DataFrame in the same place of an instance made in Python. ``{file: stops.csv, id: stop, lon: x}`` says in short what
``{table: stops.csv, columns: {id: stop, lon: x}}`` does. The pointer is replaced before anything is checked, and every
value that came from a cell knows its cell: whoever finds fault with it names file, row, column and header.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from qopt.core.errors import Issue, ModelError, Place
from qopt.models.documents.issues import MOST, issues_of, placed
from qopt.models.documents.keys import annotations_at, fields_of
from qopt.models.documents.nodes import Node, Positions
from qopt.models.instance import path_text
from qopt.models.sheets import SUFFIXES, plain, read_sheet
from qopt.models.source import decoded, read_bytes
from qopt.models.table_rows import Expansion, Table, TablePointer, shape_of
from qopt.models.tables import Tables, beside, parse_csv

if TYPE_CHECKING:
    from qopt.models.documents.document import Document


def with_tables(document: Document, model: type[BaseModel]) -> Document:
    """The document with the rows of its tables in the place of the pointers to them.

    Raises
    ------
    ModelError
        Every table that cannot be read or does not fit its place.
    """
    positions = document.positions
    if "table" not in positions.text and "file" not in positions.text:
        return document
    reader = _Reader(document)
    root = reader.node(positions.root, [model], ())
    if reader.issues:
        raise ModelError(reader.issues[:MOST])
    if root is positions.root:
        return document
    return replace(document, positions=Positions(root, positions.text, positions.file))


class _Reader:
    """Walks a document beside the classes that describe it."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.tables = Tables(document.base_dir, document.limits)
        self.issues: list[Issue] = []

    def node(self, node: Node, annotations: Sequence[Any], path: tuple[str | int, ...]) -> Node:
        """The same node, or one with tables in it."""
        if not isinstance(node.value, (dict, list)) or not annotations:
            return node
        if isinstance(node.value, dict) and (word := _pointing(node.value)):
            shape, inside = shape_of(annotations)
            if shape and (word == "table" or (shape == "records" and "file" not in fields_of(inside))):
                return self._read(node, shape, inside, path)
        parts: Any = node.value.items() if isinstance(node.value, dict) else enumerate(node.value)
        changed = {
            part: new
            for part, child in parts
            if (new := self.node(child, annotations_at(annotations, (part,)), (*path, part))) is not child
        }
        if not changed:
            return node
        value: Any = dict(node.value) if isinstance(node.value, dict) else list(node.value)
        for part, new in changed.items():
            value[part] = new
        return Node(value, node.start, node.style, node.keys)

    def _read(self, node: Node, shape: str, inside: list[Any], path: tuple[str | int, ...]) -> Node:
        """The rows of the table that a node points to; the node itself after an issue."""
        positions = self.document.positions
        in_short = "table" not in node.value
        told = _spelled_out(node) if in_short else node
        try:
            pointer = TablePointer.model_validate(told.plain())
        except ValidationError as error:
            self.issues += issues_of(error, Positions(told, positions.text, positions.file), TablePointer)
            return node
        try:
            return Expansion(self._table(pointer), pointer, shape, inside, self.document.limits).node()
        except ModelError as error:
            for issue in error.issues:
                own = issue if str(issue.place) else replace(issue, place=Place(path=_key(pointer, issue)))
                if in_short:
                    own = replace(own, place=replace(own.place, path=_in_short(own.place.path, node)))
                self.issues.append(placed(own, path, positions))
            return node

    def _table(self, pointer: TablePointer) -> Table:
        if Path(pointer.table).suffix.lower() in SUFFIXES:
            return read_table(pointer.table, self.document, sheet=pointer.sheet)
        if pointer.sheet is not None:
            raise ModelError(Issue("only Excel files have sheets", pointer.sheet, suggestion="leave sheet: out"))
        return self.tables.table(pointer.table)


def read_table(
    file: str, document: Document, *, sheet: str | None = None, what: str = "table", corner: bool = False
) -> Table:
    """A CSV file or a sheet beside a document.

    Parameters
    ----------
    what
        What to call it where it is missing.
    corner
        Whether the first column of a CSV file may lack a name.

    Raises
    ------
    ModelError
        It cannot be read. An issue without a file of its own belongs to the place that names the table.
    """
    path = beside(document.base_dir, file, document.limits, what=what)
    if path.suffix.lower() in SUFFIXES:
        return read_sheet(path, file, sheet, document.limits)
    return parse_csv(decoded(read_bytes(path), file), file, corner=corner)


def _pointing(parts: Mapping[str, Node]) -> str:
    """The key by which a mapping points to a table; empty where it does not."""
    return next((word for word in ("table", "file") if word in parts and isinstance(parts[word].value, str)), "")


def _spelled_out(node: Node) -> Node:
    """A pointer in short, ``{file: F, ours: theirs}``, as ``{table: F, columns: {ours: theirs}}``."""
    kept = {key: part for key, part in node.value.items() if key in TablePointer.model_fields}
    named = {key: part for key, part in node.value.items() if key not in (*kept, "file")}
    if named and "columns" not in kept:
        kept["columns"] = Node(named, node.start, keys=node.keys)
        named = {}
    return Node({"table": node.value["file"], **kept, **named}, node.start, keys=node.keys)


def _in_short(path: str, node: Node) -> str:
    """A path in a pointer as it is spelled out, in the pointer in short."""
    return "file" if path == "table" else path if "columns" in node.value else path.removeprefix("columns.")


def _key(pointer: TablePointer, issue: Issue) -> str:
    """The key of the pointer that an issue without a place of its own belongs to."""
    return "sheet" if pointer.sheet is not None and issue.value == pointer.sheet else "table"


@dataclass(frozen=True, eq=False)
class FrameTable:
    """A frame as a table; its rows are counted from 0."""

    file: str
    header: tuple[str, ...]
    rows: list[list[Any]]

    def place(self, row: int, column: int) -> Place:
        """The row and the name of the column, for there is no file."""
        return Place(path=path_text((row, self.header[column]) if row >= 0 else (self.header[column],)))


def unframed(model: type[BaseModel], given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of an instance with frames replaced by the records, rows or values that the field wants.

    Raises
    ------
    ModelError
        A column that is no key there.
    """
    out = dict(given)
    for key, value in given.items():
        shape, inside = shape_of(annotations_at([model], (key,))) if hasattr(value, "to_dict") else ("", [])
        if shape:
            records = value.to_dict("records")
            names = list(dict.fromkeys(name for record in records for name in record))
            rows = [[plain(record.get(name)) for name in names] for record in records]
            table = FrameTable(key, tuple(str(name) for name in names), rows)
            out[key] = Expansion(table, TablePointer(table=key), shape, inside).node().plain()
    return out
