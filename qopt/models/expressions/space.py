"""The columns that one model has declared so far."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qopt.core.arrays import Floats, frozen
from qopt.core.names import Labels, NameTable
from qopt.core.problem import Columns, Kind


class Space:
    """Columns in the order of declaration, families end to end; expressions of one model share one space."""

    def __init__(self) -> None:
        self.families: dict[str, Labels] = {}
        self._parts: list[tuple[Floats, Floats, Floats]] = []
        self._kind = np.zeros(0, dtype=np.int8)

    def __len__(self) -> int:
        return len(self._kind)

    @property
    def kind(self) -> NDArray[np.int8]:
        """Kind of every column, shape (columns,)."""
        return self._kind

    def declare(
        self, labels: Labels, kind: Kind, lower: Floats, upper: Floats, resolution: float = 0.0
    ) -> NDArray[np.int32]:
        """Add a family; its columns in the shape of its labels. ``lower`` and ``upper`` have that shape."""
        start, size = len(self), labels.size
        self._parts.append((lower.ravel(), upper.ravel(), np.full(size, resolution)))
        self._kind = np.concatenate([self._kind, np.full(size, kind, dtype=np.int8)])
        self.families[labels.name] = labels
        return frozen(np.arange(start, start + size), np.int32).reshape(labels.shape)

    def name(self, column: int) -> str:
        """Name of a column."""
        return NameTable(tuple(self.families.values()))[column]

    def columns(self) -> Columns:
        """Everything declared so far, as a Problem holds it."""
        names = NameTable(tuple(self.families.values()))
        if not self._parts:
            return Columns.binaries(names)
        lower, upper, resolution = (np.concatenate(part) for part in zip(*self._parts))
        return Columns(self._kind, lower, upper, names, resolution if resolution.any() else None)
