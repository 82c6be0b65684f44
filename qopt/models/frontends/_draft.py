"""A model while its file is being read: named columns and rows one by one, then a Problem at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np

from qopt.core.arrays import Bools, Floats
from qopt.core.errors import Issue, ModelError, Place
from qopt.core.names import Labels, NameTable
from qopt.core.polynomial import Polynomial
from qopt.core.problem import Columns, Kind, Problem, Sense
from qopt.core.rows import Indicators, PolynomialRow, Rows
from qopt.models.frontends._names import table
from qopt.models.frontends._quadratic import Quadratic

INFINITE = 1e20
"""Bounds and sides of this size or more mean that there is none: the custom of LP and MPS readers."""


@dataclass
class Row:
    """One row: ``lower <= function <= upper``, where the column ``switch[0]`` has the value ``switch[1]`` if given.

    The function has no constant.
    """

    name: str
    function: Quadratic
    lower: float
    upper: float
    place: Place
    switch: tuple[int, int] | None = None


class Draft:
    """Collects a model.

    Parameters
    ----------
    file
        Name of the file, for messages.
    name
        What to call the problem.
    """

    def __init__(self, file: str, name: str) -> None:
        self.file, self.name = file, name
        self.sense = Sense.MINIMIZE
        self.index: dict[str, int] = {}
        self.lower: list[float] = []
        self.upper: list[float] = []
        self.integer: list[bool] = []
        self.objective = Quadratic()
        self.rows: dict[str, Row] = {}

    def column(self, name: str) -> int:
        """The index of a column; a new one is real and not negative."""
        k = self.index.setdefault(name, len(self.index))
        if k == len(self.lower):
            self.lower.append(0.0)
            self.upper.append(np.inf)
            self.integer.append(False)
        return k

    def known(self, name: str, place: Place) -> int:
        """The index of a column that must be there."""
        if name not in self.index:
            near = get_close_matches(name, list(self.index)[:10_000], n=1)
            hint = f"did you mean {near[0]}?" if near else "give it a coefficient, if only 0, in the objective"
            raise ModelError(Issue("no row and no objective has this variable", name, place, hint))
        return self.index[name]

    def add(self, row: Row) -> None:
        """Add a row; its name must be new."""
        if row.name in self.rows:
            raise ModelError(Issue("two constraints have this name", row.name, row.place))
        self.rows[row.name] = row

    def problem(self) -> Problem:
        """The model as a Problem. Whole variables from 0 to 1 become binaries, like terms are added up."""
        lower, upper = self._sides(self.lower, self.upper)
        whole = np.array(self.integer, dtype=bool)
        kind = np.where(whole, np.where((lower == 0) & (upper == 1), Kind.BINARY, Kind.INTEGER), Kind.REAL)
        columns = Columns(kind.astype(np.int8), lower, upper, table(list(self.index)))
        binary = kind == Kind.BINARY
        straight: list[tuple[Row, Polynomial | None]] = []
        switched: list[tuple[Row, Polynomial | None]] = []
        curved: list[PolynomialRow] = []
        for row in self.rows.values():
            polynomial = self._polynomial(row.function, binary) if row.function.pairs else None
            if polynomial is None or polynomial.degree < 2:
                (straight if row.switch is None else switched).append((row, polynomial))
            elif row.switch is not None:
                raise ModelError(Issue("a constraint with a condition must be linear", row.name, row.place))
            else:
                low, high = (float(side[0]) for side in self._sides([row.lower], [row.upper]))
                curved.append(PolynomialRow(polynomial, low, high, Labels(row.name, place=row.place)))
        indicators = Indicators()
        if switched:
            column, active = zip(*(row.switch for row, _ in switched if row.switch is not None))
            indicators = Indicators(np.array(column), np.array(active), self._linear(switched))
        return Problem.build(
            columns,
            self._polynomial(self.objective, binary),
            rows=self._linear(straight),
            polynomial_rows=tuple(curved),
            indicators=indicators,
            sense=self.sense,
            name=self.name,
        )

    def _sides(self, lower: Sequence[float], upper: Sequence[float]) -> tuple[Floats, Floats]:
        low, high = np.array(lower, dtype=np.float64), np.array(upper, dtype=np.float64)
        return np.where(low <= -INFINITE, -np.inf, low), np.where(high >= INFINITE, np.inf, high)

    def _polynomial(self, function: Quadratic, binary: Bools) -> Polynomial:
        linear = np.zeros(len(binary))
        if function.linear:
            column, value = zip(*function.linear)
            np.add.at(linear, list(column), value)
        row, col, pair = zip(*function.pairs) if function.pairs else ((), (), ())
        return Polynomial.from_pairs(linear, row, col, pair, offset=function.constant, binary=binary)

    def _linear(self, rows: Sequence[tuple[Row, Polynomial | None]]) -> Rows:
        """Linear rows; those that came with squares of binaries bring their polynomial."""
        if not rows:
            return Rows()
        n, m = len(self.index), len(rows)
        size: list[int] = []
        column: list[int] = []
        value: list[float] = []
        for row, polynomial in rows:
            terms = row.function.linear
            if polynomial is not None:
                terms = [(int(c), float(polynomial.linear[c])) for c in np.flatnonzero(polynomial.linear)]
            size.append(len(terms))
            column += [c for c, _ in terms]
            value += [v for _, v in terms]
        key = np.repeat(np.arange(m), size) * n + np.array(column, dtype=np.int64)
        entry = np.array(value, dtype=np.float64)
        if len(key) and not np.all(key[1:] > key[:-1]):
            key, inverse = np.unique(key, return_inverse=True)
            entry = np.bincount(inverse, weights=entry, minlength=len(key)).astype(np.float64)
        keep = entry != 0
        key, entry = key[keep], entry[keep]
        indptr = np.zeros(m + 1, dtype=np.int64)
        np.cumsum(np.bincount(key // max(n, 1), minlength=m), out=indptr[1:])
        lower, upper = self._sides([row.lower for row, _ in rows], [row.upper for row, _ in rows])
        names = NameTable(tuple(Labels(row.name, place=row.place) for row, _ in rows))
        return Rows(indptr, (key % max(n, 1)).astype(np.int32), entry, lower, upper, names)
