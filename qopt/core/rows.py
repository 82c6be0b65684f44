"""Constraints as arrays: linear rows, polynomial rows, indicator rows, and groups."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qopt.core.arrays import Floats, Indices, Ints, frozen, no_flags, no_floats, no_indices, no_pointers
from qopt.core.names import Labels, NameTable
from qopt.core.polynomial import Polynomial


class Norm(IntEnum):
    """How the price of a soft row grows with its violation v."""

    LINEAR = 0  # price * v
    QUADRATIC = 1  # price * v**2
    OCCURRENCE = 2  # price once, whenever v > 0


@dataclass(frozen=True, eq=False)
class Rows:
    """Linear rows ``lower <= A x <= upper`` in CSR form.

    Parameters
    ----------
    indptr, index, value
        CSR of A; a column occurs at most once in a row.
    lower, upper
        Shape (m,), with infinities for an open side; equal for an equality.
    price
        Shape (m,): NaN for a hard row; for a soft one the price, >= 0, of one unit of violation. None: all hard.
    norm
        Shape (m,), of ``Norm``; only read where price is finite. None: all linear.
    level
        Shape (m,): the objective level that a soft row's price belongs to. None: all level 0.
    names
        One name per row.
    """

    indptr: Ints = field(default_factory=no_pointers)
    index: Indices = field(default_factory=no_indices)
    value: Floats = field(default_factory=no_floats)
    lower: Floats = field(default_factory=no_floats)
    upper: Floats = field(default_factory=no_floats)
    names: NameTable = field(default_factory=NameTable)
    price: Floats | None = None
    norm: NDArray[np.int8] | None = None
    level: NDArray[np.int32] | None = None

    def __post_init__(self) -> None:
        for name, dtype in (
            ("indptr", np.int64),
            ("index", np.int32),
            ("value", np.float64),
            ("lower", np.float64),
            ("upper", np.float64),
            ("price", np.float64),
            ("norm", np.int8),
            ("level", np.int32),
        ):
            given = getattr(self, name)
            if given is not None:
                object.__setattr__(self, name, frozen(given, dtype))
        m = len(self.lower)
        if not (
            len(self.indptr) == m + 1 and len(self.upper) == m and len(self.index) == len(self.value) == self.indptr[-1]
        ):
            raise ValueError("the arrays of the rows disagree in length")
        if len(self.names) != m:
            raise ValueError(f"{m} rows but {len(self.names)} names")

    def __len__(self) -> int:
        return len(self.lower)

    @classmethod
    def of(cls, lines: Iterable[tuple[Mapping[int, float], float, float]], names: NameTable, **more: Any) -> Rows:
        """A few rows from ``({column: coefficient}, lower, upper)``; handy in tests and examples."""
        told = list(lines)
        index = [c for coefficients, _, _ in told for c in coefficients]
        value = [v for coefficients, _, _ in told for v in coefficients.values()]
        indptr = np.concatenate([[0], np.cumsum([len(coefficients) for coefficients, _, _ in told], dtype=np.int64)])
        lower, upper = (np.array([line[k] for line in told], dtype=np.float64) for k in (1, 2))
        return cls(indptr, np.array(index, np.int32), np.array(value, np.float64), lower, upper, names, **more)

    @property
    def soft(self) -> NDArray[np.bool_]:
        """Mask of the soft rows."""
        return np.zeros(len(self), bool) if self.price is None else ~np.isnan(self.price)

    @property
    def equality(self) -> NDArray[np.bool_]:
        """Mask of the rows whose two sides are equal."""
        return self.lower == self.upper

    def row(self, k: int) -> tuple[Indices, Floats]:
        """Columns and coefficients of row k."""
        span = slice(self.indptr[k], self.indptr[k + 1])
        return self.index[span], self.value[span]

    def row_of_entry(self) -> Ints:
        """The row of each nonzero, shape (nnz,)."""
        return np.repeat(np.arange(len(self)), np.diff(self.indptr))

    def activity(self, points: ArrayLike) -> Floats:
        """``A x`` for each row of ``points``: (rows, n) -> (rows, m), in float64."""
        x = np.atleast_2d(np.asarray(points, dtype=np.float64))
        out = np.zeros((len(x), len(self)))
        if len(self.value) == 0:
            return out
        row = self.row_of_entry()
        for k in range(len(x)):
            out[k] = np.bincount(row, weights=self.value * x[k][self.index], minlength=len(self))
        return out

    def select(self, keep: ArrayLike) -> Rows:
        """The rows of a mask or an index list, in that order, with the names they have here."""
        chosen = np.asarray(keep)
        chosen = np.flatnonzero(chosen) if chosen.dtype == bool else chosen.astype(np.int64)
        lengths = np.diff(self.indptr)[chosen]
        indptr = np.zeros(len(chosen) + 1, dtype=np.int64)
        np.cumsum(lengths, out=indptr[1:])
        entry = np.repeat(self.indptr[:-1][chosen] - indptr[:-1], lengths) + np.arange(indptr[-1])
        return Rows(
            indptr,
            self.index[entry],
            self.value[entry],
            self.lower[chosen],
            self.upper[chosen],
            self.names.select(chosen.tolist()),
            None if self.price is None else self.price[chosen],
            None if self.norm is None else self.norm[chosen],
            None if self.level is None else self.level[chosen],
        )


@dataclass(frozen=True, eq=False)
class PolynomialRow:
    """One row ``lower <= polynomial(x) <= upper`` of degree 2 or more; soft when ``price`` is not None."""

    polynomial: Polynomial
    lower: float
    upper: float
    labels: Labels
    price: float | None = None
    norm: Norm = Norm.LINEAR
    level: int = 0

    @property
    def name(self) -> str:
        """The row's name."""
        return self.labels.text(0) if self.labels.size == 1 else self.labels.name


@dataclass(frozen=True, eq=False)
class Indicators:
    """Rows that hold only when a binary column has a given value: row k binds where ``x[column[k]] == active[k]``."""

    column: Indices = field(default_factory=no_indices)
    active: NDArray[np.int8] = field(default_factory=no_flags)
    rows: Rows = field(default_factory=Rows)

    def __post_init__(self) -> None:
        object.__setattr__(self, "column", frozen(self.column, np.int32))
        object.__setattr__(self, "active", frozen(self.active, np.int8))
        if not len(self.column) == len(self.active) == len(self.rows):
            raise ValueError("indicators need one column and one value per row")

    def __len__(self) -> int:
        return len(self.column)


class GroupKind(IntEnum):
    """What a group says of its binary columns."""

    EXACTLY_ONE = 0
    AT_MOST_ONE = 1
    PERMUTATION = 2  # side * side columns, row-major: exactly one in each row and in each column of the square


@dataclass(frozen=True, eq=False)
class Groups:
    """Constraints over sets of binary columns, kept as structure until a backend cannot take it.

    A group stands *instead of* the rows it says the same as: a Problem never carries both.

    Parameters
    ----------
    kind
        Shape (g,), of ``GroupKind``.
    indptr, index
        CSR of the member columns. A permutation lists ``side * side`` columns row by row. Groups may overlap.
    names
        One name per group: that of the rows it came from.
    """

    kind: NDArray[np.int8] = field(default_factory=no_flags)
    indptr: Ints = field(default_factory=no_pointers)
    index: Indices = field(default_factory=no_indices)
    names: NameTable = field(default_factory=NameTable)

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", frozen(self.kind, np.int8))
        object.__setattr__(self, "indptr", frozen(self.indptr, np.int64))
        object.__setattr__(self, "index", frozen(self.index, np.int32))
        if len(self.indptr) != len(self.kind) + 1 or len(self.index) != self.indptr[-1]:
            raise ValueError("the arrays of the groups disagree in length")
        if len(self.names) != len(self.kind):
            raise ValueError(f"{len(self.kind)} groups but {len(self.names)} names")
        sizes = np.diff(self.indptr)[self.kind == GroupKind.PERMUTATION]
        if np.any(np.round(np.sqrt(sizes)) ** 2 != sizes):
            raise ValueError("a permutation group needs a square number of columns")

    def __len__(self) -> int:
        return len(self.kind)

    @classmethod
    def of(cls, sets: Iterable[tuple[GroupKind, Sequence[int]]], names: NameTable) -> Groups:
        """A few groups from ``(kind, columns)``; handy in tests and examples."""
        told = list(sets)
        index = np.array([c for _, columns in told for c in columns], np.int32)
        indptr = np.concatenate([[0], np.cumsum([len(columns) for _, columns in told], dtype=np.int64)])
        return cls(np.array([kind for kind, _ in told], np.int8), indptr, index, names)

    def members(self, g: int) -> Indices:
        """The columns of group g."""
        return self.index[self.indptr[g] : self.indptr[g + 1]]

    def side(self, g: int) -> int:
        """The side of permutation g."""
        return round(len(self.members(g)) ** 0.5)

    def simple(self) -> Iterator[tuple[int, GroupKind, Indices]]:
        """Every group as exactly-one or at-most-one sets, ``(group, kind, columns)``; 2 * side for a permutation."""
        for g in range(len(self)):
            kind = GroupKind(self.kind[g])
            if kind is GroupKind.PERMUTATION:
                square = self.members(g).reshape(self.side(g), -1)
                for line in (*square, *square.T):
                    yield g, GroupKind.EXACTLY_ONE, line
            else:
                yield g, kind, self.members(g)

    def as_rows(self) -> Rows:
        """The same as linear rows, named after the groups."""
        sets = list(self.simple())
        indptr = np.zeros(len(sets) + 1, dtype=np.int64)
        if sets:
            np.cumsum([len(columns) for _, _, columns in sets], out=indptr[1:])
        index = np.concatenate([columns for _, _, columns in sets]) if sets else no_indices()
        lower = np.array([1.0 if kind == GroupKind.EXACTLY_ONE else -np.inf for _, kind, _ in sets])
        families = []
        for g, _, _ in sets:
            labels, position = self.names.locate(g)
            families.append(Labels(labels.text(position), (), (), labels.place, labels.why))
        return Rows(indptr, index, np.ones(len(index)), lower, np.ones(len(sets)), NameTable(tuple(families)))
