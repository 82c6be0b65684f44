"""The points at which an expression is compiled: all combinations of its loops that pass their conditions."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from qopt.models.formulas.symbols import IndexSet


@dataclass(frozen=True, eq=False)
class Element:
    """One element of a set at every point: positions of shape (points,), or () when it is the same everywhere."""

    of: IndexSet
    position: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Frame:
    """Points, and what each loop's name stands for at each of them.

    Parameters
    ----------
    points
        How many.
    elements
        Per name of a loop.
    parent
        For points made by ``expanded``: the point of the outer frame that each came from, ascending.
    by_set
        Elements that index data by bare name (bounds of variables), per name of the set.
    """

    points: int = 1
    elements: Mapping[str, Element] = field(default_factory=dict)
    parent: NDArray[np.int64] = field(default_factory=lambda: np.zeros(1, np.int64))
    by_set: Mapping[str, Element] = field(default_factory=dict)

    def expanded(self, name: str, over: IndexSet, keep: Collection[str]) -> Frame:
        """One more loop: every point times every element. Of the outer names only ``keep`` are carried along."""
        count = len(over)
        parent = np.repeat(np.arange(self.points), count)
        elements = {
            key: Element(e.of, e.position[parent] if e.position.ndim else e.position)
            for key, e in self.elements.items()
            if key in keep
        }
        elements[name] = Element(over, np.tile(np.arange(count), self.points))
        return Frame(self.points * count, elements, self.parent[parent], self.by_set)

    def nested(self) -> Frame:
        """The same points as the outer frame of loops to come."""
        return Frame(self.points, self.elements, np.arange(self.points), self.by_set)

    def filtered(self, mask: NDArray[np.bool_]) -> Frame:
        """The points where a condition holds."""
        if mask.all():
            return self
        elements = {
            key: Element(e.of, e.position[mask] if e.position.ndim else e.position) for key, e in self.elements.items()
        }
        return Frame(int(mask.sum()), elements, self.parent[mask], self.by_set)
