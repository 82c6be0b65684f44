"""The rows of a table as a part of a document: records, rows, values or a mapping, every value knowing its cell."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal, Protocol, get_args, get_origin

from pydantic import Field

from qopt.core.errors import Issue, ModelError, Place
from qopt.models.documents.faults import Faults
from qopt.models.documents.issues import MOST, closest
from qopt.models.documents.keys import annotations_at, fields_of, is_model
from qopt.models.documents.limits import DEFAULT, Limits
from qopt.models.documents.nodes import KEY, Node, path_parts
from qopt.models.documents.scalars import NotFinite, meaning
from qopt.models.instance import Strict, path_text

Word = str | int | float | bool
Columns = list[tuple[tuple[str | int, ...], int]]
"""The path in a record that a column of a table fills, and the number of the column."""


class TablePointer(Strict):
    """Instead of a list of records: a table whose rows they are.

    Parameters
    ----------
    table
        A CSV file (comma, semicolon or tab; UTF-8) or an Excel file, in the folder of the document.
    sheet
        Of an Excel file; the first one when left out.
    columns
        Which columns to take: a list, or our name for each with the name in the header. Left out: all, under the names
        in the header. A name may be a path, such as ``demand.kg`` or ``windows[0][1]``.
    where
        Only rows that have these values, or one of a list of values, in these columns of the table.
    decimal
        The decimal sign of numbers; with a comma, points may group thousands.
    """

    table: Annotated[str, Field(min_length=1)]
    sheet: str | None = None
    columns: dict[str, str] | tuple[str, ...] | None = None
    where: dict[str, Word | tuple[Word, ...]] = Field(default_factory=dict)
    decimal: Literal[".", ","] = "."


class Table(Protocol):
    """What a CSV file, a sheet and a frame have in common."""

    @property
    def file(self) -> str:
        """What to call it in messages."""
        ...

    @property
    def header(self) -> tuple[str, ...]:
        """Names of the columns."""
        ...

    @property
    def rows(self) -> Sequence[Sequence[Any]]:
        """Cells as text or as plain values, every row as long as the header; None or empty text where there is none."""
        ...

    def place(self, row: int, column: int) -> Place:
        """The place of a cell; row -1 is the header."""
        ...


@dataclass(frozen=True, slots=True)
class Cell:
    """Where a value of a table stands; column -1 is the row as a whole."""

    table: Table
    row: int
    column: int

    def place(self) -> Place:
        """File, row, column, and the header as path."""
        if self.column < 0:
            return self.table.place(self.row, 0)
        return replace(self.table.place(self.row, self.column), path=self.table.header[self.column])


def shape_of(annotations: Sequence[Any]) -> tuple[str, list[Any]]:
    """What the rows of a table become where these annotations stand, and what may stand in one.

    ``records``: a list of mappings; ``rows``: a list of lists; ``values``: a list of scalars, the cells of one column;
    ``keyed``: a mapping from the first column to the rest; empty where no table fits.
    """
    found: dict[str, list[Any]] = {}
    for annotation in annotations:
        origin, arguments = get_origin(annotation), get_args(annotation)
        if is_model(annotation) and "table" in annotation.model_fields:
            return "", []
        if not isinstance(origin, type) or not arguments:
            continue
        if issubclass(origin, Mapping):
            found.setdefault("keyed", annotations_at([annotation], ("",)))
        elif origin is list or (origin is tuple and arguments[-1] is Ellipsis):
            inside = annotations_at([annotation], (0,))
            nested = [is_model(arm) or _is(arm, Mapping) for arm in inside]
            listed = [_is(arm, (tuple, list)) for arm in inside]
            found.setdefault("records" if any(nested) else "rows" if any(listed) else "values", inside)
    return next(((shape, found[shape]) for shape in ("records", "keyed", "rows", "values") if shape in found), ("", []))


def _is(annotation: Any, kind: Any) -> bool:
    origin = get_origin(annotation)
    return isinstance(origin, type) and issubclass(origin, kind)


class Expansion:
    """The rows of one table as the value of one place in a document.

    Parameters
    ----------
    shape, inside
        As ``shape_of`` tells them.
    """

    def __init__(
        self, table: Table, pointer: TablePointer, shape: str, inside: Sequence[Any], limits: Limits = DEFAULT
    ) -> None:
        self.table, self.pointer, self.shape, self.inside, self.limits = table, pointer, shape, inside, limits
        self.issues: list[Issue] = []
        self._texts: dict[tuple[str | int, ...], bool] = {}

    def node(self) -> Node:
        """A list or a mapping in which every value knows its cell.

        Raises
        ------
        ModelError
            A column that is not there or fits no key, a key that stands twice, a number that is too large.
        """
        taken = self.columns()
        self.stop_if_any()
        rows = list(self._rows())
        start = Cell(self.table, -1, -1)
        if self.shape == "keyed":
            out = self._keyed(rows, taken, start)
        elif self.shape == "records":
            out = Node([self._record(row, taken) for row in rows], start)
        elif self.shape == "rows":
            out = Node([self._list(row, taken) for row in rows], start)
        else:
            out = Node([self._cell(row, taken[0][1], self._as_text(())) for row in rows], start)
        self.stop_if_any()
        return out

    def stop_if_any(self) -> None:
        """Raise what has been found."""
        if self.issues:
            raise ModelError(self.issues[:MOST])

    def columns(self) -> Columns:
        """The path in a record that each column of the table fills, and the number of the column."""
        given, header = self.pointer.columns, self.table.header
        named = (
            dict(zip(header, header))
            if given is None
            else given
            if isinstance(given, dict)
            else dict(zip(given, given))
        )
        fields = fields_of(self.inside)
        out = []
        for k, (ours, theirs) in enumerate(named.items()):
            path = path_parts(ours)
            if not fields or path_text(path) != ours:
                path = (ours,)  # where any key may stand, or what is no path, is a name as it is
            at = Place(path=path_text(("columns", ours if isinstance(given, dict) else k)))
            free = self.shape in ("rows", "values") or not fields or (self.shape == "keyed" and k == 0)
            known = free or path[0] in fields
            if theirs not in header:
                self.issues.append(Issue(f"{self.table.file} has no such column", theirs, at, closest(theirs, header)))
            elif not known and given is None:
                near = closest(ours, fields)
                suggestion = near if near.startswith("did") else f"name the columns to take under 'columns:'; {near}"
                place = Cell(self.table, -1, header.index(theirs)).place()
                self.issues.append(Issue("the table has a column that is no key here", ours, place, suggestion))
            elif not known:
                at = Place(path=at.path + KEY) if isinstance(given, dict) else at
                self.issues.append(Issue("unknown key", ours, at, closest(ours, fields)))
            else:
                out.append((path, header.index(theirs)))
        wanted = {"values": "one column", "keyed": "two columns, keys and values,"}.get(self.shape)
        fits = len(out) == (1 if self.shape == "values" else 2) or (len(out) > 2 and _nested(self.inside))
        if wanted and not fits and not self.issues:
            suggestion = "name what to take under 'columns:'"
            self.issues.append(Issue(f"{wanted} fit here", f"{len(out)}", Place(path="table"), suggestion))
        return out

    def _rows(self) -> Iterator[int]:
        """The rows that are wanted."""
        tests = []
        for name, value in self.pointer.where.items():
            if name not in self.table.header:
                place = Place(path=path_text(("where", name)) + KEY)
                suggestion = closest(name, self.table.header)
                self.issues.append(Issue(f"{self.table.file} has no such column", name, place, suggestion))
            else:
                tests.append((self.table.header.index(name), value if isinstance(value, tuple) else (value,)))
        self.stop_if_any()
        for k, row in enumerate(self.table.rows):
            if all(row[column] in wanted or self._cell(k, column, False).value in wanted for column, wanted in tests):
                yield k

    def _list(self, row: int, taken: Columns) -> Node:
        cells = [self._cell(row, column, self._as_text((0,))) for _, column in taken]
        return Node(cells, Cell(self.table, row, -1))

    def _record(self, row: int, taken: Columns) -> Node:
        tree: dict[str | int, Any] = {}
        keys: dict[str, Cell] = {}
        for path, column in taken:
            keys.setdefault(str(path[0]), Cell(self.table, row, column))
            cell = self._cell(row, column, self._as_text(path))
            if cell.value is not None:
                branch = tree
                for part in path[:-1]:
                    branch = branch.setdefault(part, {})
                branch[path[-1]] = cell
        return _grown(tree, Cell(self.table, row, -1), keys)

    def _keyed(self, rows: Sequence[int], taken: Columns, start: Cell) -> Node:
        """A mapping from the first column to the second, to a list or to a mapping of the others by their names."""
        (_, first), *rest = taken
        listed = any(_is(arm, (tuple, list)) for arm in self.inside)
        out: dict[str, Node] = {}
        for row in rows:
            given = self.table.rows[row][first]
            key = "" if given is None else str(given)
            if not key or key in out:
                place = Cell(self.table, row, first).place()
                rule, suggestion = ("a key stands twice", "keep one of the rows") if key else ("a row needs a key", "")
                self.issues.append(Issue(rule, key, place, suggestion))
            elif listed:
                out[key] = self._list(row, rest)
            elif _nested(self.inside):
                out[key] = self._record(row, rest)
            else:
                out[key] = self._cell(row, rest[0][1], self._as_text(()))
        return Node(out, start, keys={key: node.start for key, node in out.items()})

    def _cell(self, row: int, column: int, as_text: bool) -> Node:
        """A cell as a node; a text in brackets is the list or the mapping that it is in a document."""
        at = Cell(self.table, row, column)
        given = self.table.rows[row][column]
        if as_text and given not in (None, ""):
            return Node(str(given), at)
        if isinstance(given, str) and given[:1] + given[-1:] in ("[]", "{}"):
            from qopt.models.documents.yaml_text import read_yaml

            try:
                return _moved(read_yaml(given, Faults(given, self.table.file), self.limits), at)
            except ModelError as error:
                self.issues += [replace(issue, place=at.place()) for issue in error.issues[:1]]
                return Node(None, at)
        try:
            return Node(self._meaning(row, column), at)
        except NotFinite:
            self.issues.append(Issue("a number must be finite", str(given), at.place(), "leave the cell empty"))
            return Node(None, at)

    def _meaning(self, row: int, column: int) -> Any:
        """A cell as the word means it in a document."""
        given = self.table.rows[row][column]
        if not isinstance(given, str):
            return given
        if self.pointer.decimal == "," and _COMMA.fullmatch(given):
            given = given.replace(".", "").replace(",", ".")
        return meaning(given)

    def _as_text(self, path: Sequence[str | int]) -> bool:
        """Whether text alone may stand at a path of a record, so that an article number stays one."""
        path = tuple(path)
        if path not in self._texts:
            arms = annotations_at(self.inside, path)
            self._texts[path] = str in arms and not {int, float}.intersection(
                arm for arm in arms if isinstance(arm, type)
            )
        return self._texts[path]


def _nested(annotations: Sequence[Any]) -> bool:
    return any(is_model(arm) or _is(arm, (Mapping, tuple, list)) for arm in annotations)


_COMMA = re.compile(r"[-+]?(?:\d{1,3}(?:\.\d{3})+|\d+)(?:,\d+)?", re.ASCII)


def _grown(tree: dict[str | int, Any], start: Cell, keys: dict[str, Cell] | None = None) -> Node:
    """A tree of parts of paths as nodes: numbered parts are a list."""
    grown = {part: _grown(child, start) if isinstance(child, dict) else child for part, child in tree.items()}
    if tree and all(isinstance(part, int) for part in tree):
        return Node([grown[part] for part in sorted(grown, key=int)], start)
    named = {str(part): child for part, child in grown.items()}
    return Node(named, start, keys=dict.fromkeys(named, start) if keys is None else keys)


def _moved(node: Node, start: Cell) -> Node:
    """A tree whose every part stands in one cell."""
    if isinstance(node.value, dict):
        parts = {key: _moved(child, start) for key, child in node.value.items()}
        return Node(parts, start, keys=dict.fromkeys(parts, start))
    return Node([_moved(child, start) for child in node.value] if isinstance(node.value, list) else node.value, start)
