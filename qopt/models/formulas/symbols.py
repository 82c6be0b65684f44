"""What the names of an expression stand for: sets, data and variables, as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qopt.core.arrays import Floats


@dataclass(frozen=True, eq=False)
class IndexSet:
    """A set that variables, data and loops run over.

    Parameters
    ----------
    name
        As declared.
    labels
        Its elements in declared order; empty for a range.
    start, count
        For a range: its first number and how many there are. ``start`` is None for a list.
    """

    name: str
    labels: tuple[str, ...] = ()
    start: int | None = None
    count: int = 0

    def __len__(self) -> int:
        return self.count if self.start is not None else len(self.labels)

    def label(self, position: int) -> str | int:
        """The element at a position: a number for a range, else text."""
        return self.labels[position] if self.start is None else self.start + position

    @cached_property
    def axis(self) -> tuple[str, ...] | None:
        """Labels for ``core.names.Labels``: None where numbering from 0 says the same."""
        if self.start is None:
            return self.labels
        return None if self.start == 0 else tuple(str(self.start + k) for k in range(self.count))

    @cached_property
    def positions(self) -> Mapping[str, int]:
        """The position of every element by its text."""
        return {str(self.label(k)): k for k in range(len(self))}

    @cached_property
    def numbers(self) -> Floats:
        """The elements of a range as numbers, shape (len,)."""
        return np.arange(len(self), dtype=np.float64) + (self.start or 0)

    def positions_of(self, other: IndexSet) -> NDArray[np.int64]:
        """For each element of another set its position here, -1 where it is not in this set."""
        return np.array([self.positions.get(str(other.label(k)), -1) for k in range(len(other))], dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Table:
    """Data over sets: ``values`` has one axis per set of ``over``; shape () for one number."""

    name: str
    over: tuple[IndexSet, ...]
    values: Floats


@dataclass(frozen=True, eq=False)
class Variables:
    """A family of decision columns: consecutive from ``start``, C order over the sets of ``over``."""

    name: str
    over: tuple[IndexSet, ...]
    start: int

    @property
    def shape(self) -> tuple[int, ...]:
        """One length per set."""
        return tuple(len(s) for s in self.over)


@dataclass(frozen=True)
class Symbols:
    """Everything that the expressions of one model may name.

    Parameters
    ----------
    kind
        Shape (columns,), of ``core.problem.Kind``; empty while no columns exist (bounds are data alone).
    """

    sets: Mapping[str, IndexSet]
    tables: Mapping[str, Table]
    variables: Mapping[str, Variables] = field(default_factory=dict)
    kind: NDArray[np.int8] = field(default_factory=lambda: np.empty(0, np.int8))

    def find(self, name: str) -> Any:
        """The set, table or variables of that name; None when there is none."""
        return self.tables.get(name) or self.variables.get(name) or self.sets.get(name)

    def names(self) -> list[str]:
        """All names, for suggestions."""
        return [*self.variables, *self.tables, *self.sets]
