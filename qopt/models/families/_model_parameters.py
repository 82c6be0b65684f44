"""The parameters of a generic model: from lists, mappings and tables to dense arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from qopt.core.arrays import Floats, frozen
from qopt.core.errors import Issue, ModelError
from qopt.models.documents.issues import closest
from qopt.models.documents.nodes import summary
from qopt.models.families._model_sets import ReadElements
from qopt.models.families._model_values import Issues, Values
from qopt.models.formulas.symbols import IndexSet
from qopt.models.tables import CsvTable, Tables

_MOST = 20  # issues of one parameter that are listed


def filled(parameters: dict[str, Any], sets: Mapping[str, IndexSet], tables: Tables) -> dict[str, Any]:
    """The parameters as dense arrays, tables read and defaults filled in.

    Raises
    ------
    ModelError
        Unknown sets and elements, values that are missing without a default, given twice, or no finite numbers.
    """
    issues = Issues()
    out: dict[str, Any] = {}
    for name, given in parameters.items():
        out[name] = given if isinstance(given, float) else _Filler(name, given, sets, tables, issues).filled()
    issues.stop_if_any()
    return out


class _Filler:
    """Fills one parameter."""

    def __init__(self, name: str, given: Any, sets: Mapping[str, IndexSet], tables: Tables, issues: Issues) -> None:
        self.name, self.given, self.sets, self.tables, self.issues = name, given, sets, tables, issues
        self.before = len(issues.found)
        self.over: tuple[IndexSet, ...] = ()
        self.array: Any = np.empty(0)

    def filled(self) -> Any:
        """The parameter with a dense array; as given after an issue."""
        given, unknown = self.given, False
        for k, over in enumerate(given.over):
            if over not in self.sets:
                self._add(("over", k), "no such set", over, closest(over, self.sets) or "declare it under sets:")
                unknown = True
        if unknown or not self._one_source():
            return given
        self.over = tuple(self.sets[over] for over in given.over)
        shape = tuple(len(s) for s in self.over)
        if prod(shape) > self.tables.limits.terms:
            most = f"it has {prod(shape):,} values, at most {self.tables.limits.terms:,} are accepted"
            self._add(("over",), most, suggestion="use smaller sets")
            return given
        self.array = np.full(shape, np.nan)
        if given.file is not None:
            self._from_table(given.file)
        elif given.values is not None:
            if isinstance(given.values.raw, np.ndarray):
                return given
            self._from_values((), given.values.raw, ("values",))
        if len(self.issues.found) > self.before:
            return given
        return self._complete()

    def _one_source(self) -> bool:
        given = self.given
        extra = [key for key in ("row", "column", "index", "value") if getattr(given, key) is not None]
        if given.file is None and extra:
            self._add((extra[0],), f"{extra[0]} speaks of a table, but there is no file", suggestion="add 'file: …'")
        elif given.file is not None and given.values is not None:
            self._add(("file",), "either values or a file, not both", suggestion="delete one")
        elif given.file is None and given.values is None and given.default is None:
            self._add((), "a parameter needs values, a file or a default", suggestion="add 'values: …'")
        else:
            return True
        return False

    def _add(self, path: Sequence[str | int], rule: str, value: str = "", suggestion: str = "") -> None:
        if len(self.issues.found) - self.before < _MOST:
            self.issues.add((self.name, *path), rule, value, suggestion)

    # values in the document -------------------------------------------------------------------------------------

    def _from_values(self, where: tuple[int, ...], raw: Any, path: tuple[str | int, ...]) -> None:
        depth = len(where)
        if depth == len(self.over):
            self._one_value(where, raw, path)
            return
        over = self.over[depth]
        for position, value, below in self._entries(over, raw, path):
            self._from_values((*where, position), value, below)

    def _one_value(self, where: tuple[int, ...], raw: Any, path: tuple[str | int, ...]) -> None:
        if isinstance(raw, bool) or not isinstance(raw, (int, float)):
            sets = f"one number per element of {', '.join(s.name for s in self.over)}" if self.over else "one number"
            self._add(path, f"must be a number: {self.name} has {sets}", summary(raw))
        elif isinstance(raw, int) and abs(raw) > 2**53:
            self._add(path, "a whole number above 2**53 is not exact", str(raw), "change the unit")
        elif not np.isfinite(raw):
            self._add(path, "a number must be finite", str(raw), "leave it out where nothing limits it")
        else:
            self.array[where] = raw

    def _entries(
        self, over: IndexSet, raw: Any, path: tuple[str | int, ...]
    ) -> Iterator[tuple[int, Any, tuple[str | int, ...]]]:
        """Position, value and path of every entry along one set."""
        if isinstance(raw, dict):
            for key, value in raw.items():
                position = over.positions.get(str(key))
                if position is None:
                    self._add(
                        (*path, str(key)), f"no element of {over.name}", str(key), closest(str(key), over.positions)
                    )
                else:
                    yield position, value, (*path, str(key))
        elif isinstance(raw, (list, tuple)):
            if len(raw) != len(over):
                rule = f"the list has {len(raw)} values, {over.name} has {len(over)} elements"
                self._add(path, rule, suggestion="give one per element, or a mapping")
                return
            for k, value in enumerate(raw):
                yield k, value, (*path, k)
        else:
            rule = f"must be a list or a mapping over {over.name}"
            self._add(path, rule, summary(raw), "a value for all elements is written as 'default:'")

    # values in a table ------------------------------------------------------------------------------------------

    def _from_table(self, file: str) -> None:
        try:
            table = self.tables.table(file)
        except ModelError as error:
            self.issues.take((self.name, "file"), error)
            return
        keys, value = self._columns(table)
        if len(self.issues.found) > self.before:
            return
        try:
            if value is None:
                self._from_wide(table, keys[0])
            else:
                self._from_long(table, keys, value)
        except ModelError as error:
            self.issues.take((self.name, "file"), error)

    def _columns(self, table: CsvTable) -> tuple[list[int], int | None]:
        """The columns that hold the elements, and the one that holds the values; None for a wide table."""
        given = self.given
        names: list[tuple[tuple[str | int, ...], Any]]
        if given.index is not None:
            names = [(("index", k), name) for k, name in enumerate(given.index)]
        elif len(self.over) == 1:
            names = [(("row",), given.row or self._own_column(table))]
        else:
            names = [((key,), name) for key, name in (("row", given.row), ("column", given.column)) if name]
        wide = given.index is None and len(self.over) == 2 and len(names) == 1 and given.value is None
        if len(names) != len(self.over) and not wide:
            sets = ", ".join(given.over) or "no set"
            rule = f"the columns that hold the elements are needed, one per set: {self.name} is over {sets}"
            self._add(("file",), rule, suggestion="write 'row:' and 'column:', or 'index: […]'")
            return [], None
        at_value: tuple[str | int, ...] = ("value",)
        value = given.value
        if value is None and len(self.over) <= 1:
            at_value, value = ("column",), given.column
        if value is None and not wide:
            self._add(("file",), "the column that holds the values is needed", suggestion="write 'value: …'")
            return [], None
        columns = []
        for path, name in [*names, *([] if value is None else [(at_value, value)])]:
            if name not in table.header:
                self._add(path, f"{table.file} has no such column", str(name), closest(str(name), table.header))
            else:
                columns.append(table.column(name))
        if wide or len(self.issues.found) > self.before:
            return columns, None
        return columns[:-1], columns[-1]

    def _own_column(self, table: CsvTable) -> str:
        """The column with the elements of a parameter over one set, when the document does not say it."""
        elements = self.over[0].labels
        if isinstance(elements, ReadElements) and elements.file == table.file:
            return elements.column
        return self.over[0].name if self.over[0].name in table.header else table.header[0]

    def _from_long(self, table: CsvTable, keys: list[int], value: int) -> None:
        numbers = table.numbers(value)
        where = [self._positions(over, table, column) for over, column in zip(self.over, keys)]
        known = np.all([position >= 0 for position in where], axis=0) if where else np.ones(len(numbers), bool)
        rows = np.flatnonzero(known)
        if not where:
            self._add(("file",), "a single number is written into the document", suggestion="write 'values: …'")
            return
        flat = np.ravel_multi_index(tuple(position[rows] for position in where), self.array.shape)
        _, first, count = np.unique(flat, return_index=True, return_counts=True)
        if np.any(count > 1):
            again = sorted(set(range(len(flat))) - set(first.tolist()))
            for k in again[:_MOST]:
                names = ",".join(table.rows[rows[k]][column] for column in keys)
                place = table.place(int(rows[k]), keys[0])
                self.issues.found.append(Issue("a value is given twice", names, place, "keep one of the two rows"))
        self.array.reshape(-1)[flat] = numbers[rows]

    def _from_wide(self, table: CsvTable, row: int) -> None:
        where = self._positions(self.over[0], table, row)
        for k, name in enumerate(table.header):
            column = self.over[1].positions.get(name, -1)
            if k == row or column < 0:
                continue
            numbers = table.numbers(k)
            for at, position in enumerate(where.tolist()):
                if position >= 0:
                    if not np.isnan(self.array[position, column]):
                        raise ModelError(Issue("a value is given twice", name, table.place(at, row), "delete one row"))
                    self.array[position, column] = numbers[at]

    def _positions(self, over: IndexSet, table: CsvTable, column: int) -> np.ndarray[Any, Any]:
        """Positions in a set of a column's cells; -1 for elements that the set leaves out.

        Rows about other elements are left out, as when a plan is made for some of the towns. With a ``default:`` they
        are refused, for then a slip of the pen would go unseen.
        """
        known = over.positions
        found = np.array([known.get(cell, -1) for cell in table.cells(column)], dtype=np.int64)
        if self.given.default is not None:
            for k in np.flatnonzero(found < 0)[:_MOST].tolist():
                cell = table.rows[k][column]
                place = table.place(k, column)
                self.issues.found.append(Issue(f"no element of {over.name}", cell, place, closest(cell, known)))
        return found

    # the end ----------------------------------------------------------------------------------------------------

    def _complete(self) -> Any:
        """The parameter, when every value is there."""
        missing = np.isnan(self.array)
        if missing.any() and self.given.default is None:
            first = np.unravel_index(int(np.argmax(missing)), self.array.shape) if self.over else ()
            names = ",".join(str(s.label(int(k))) for s, k in zip(self.over, first))
            count = int(missing.sum())
            more = f" (and {count - 1} more)" if count > 1 else ""
            source = "values" if self.given.file is None else "file"
            self._add((source,), f"{self.name}[{names}] has no value{more}", suggestion="add it, or a 'default:'")
            return self.given
        values: Floats = np.where(missing, self.given.default if missing.any() else 0.0, self.array)
        source_keys = dict.fromkeys(("file", "row", "column", "index", "value", "default"))
        return self.given.model_copy(
            update={**source_keys, "values": Values(frozen(values, np.float64).reshape(values.shape))}
        )
