"""The document of the packing family: kinds of bins, items, and which items share a bin or keep apart."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field, Strict, model_validator

from qopt.core.forms.bins import Bins
from qopt.models.amounts import Amounts, dimensions, flat, mismatch
from qopt.models.documents.issues import closest
from qopt.models.faults import Fault, refuse
from qopt.models.instance import Instance, Name
from qopt.models.instance import Strict as Part

if TYPE_CHECKING:
    from qopt.models.families._packing_arcs import Graph
    from qopt.models.families._packing_assign import Grid
    from qopt.models.families._packing_form import Units

Id = Name | Annotated[int, Strict()]
Count = Annotated[int, Strict(), Field(ge=1, le=100_000)]


class BinKind(Part):
    """A kind of bin.

    Parameters
    ----------
    capacity
        A number, a list (one number per dimension), or names with numbers such as ``{kg: 20, litres: 60}``.
    cost
        Price of a bin that is used. All 1: the number of bins is minimised.
    count
        How many there are; left out: as many as are needed.
    """

    id: Id
    capacity: Amounts
    cost: Annotated[float, Strict(), Field(ge=0)] = 1.0
    count: Count | None = None


class Item(Part):
    """Something to pack.

    Parameters
    ----------
    id
        Its number from 0 when left out.
    size
        What one copy takes, in the shape of the capacity; a named dimension left out is 0.
    count
        How many copies there are.
    only
        Kinds of bins that may hold it; left out: all.
    """

    id: Id | None = None
    size: Amounts
    count: Count = 1
    only: tuple[Id, ...] | None = Field(default=None, min_length=1)


class Begun(Part):
    """A bin that is begun: what it holds stays in it, and more may be added.

    Parameters
    ----------
    bin
        Its kind.
    holds
        Items that lie in it, with all their copies.
    """

    id: Id
    bin: Id
    holds: tuple[Id, ...] = Field(min_length=1)


class PackingInstance(Instance):
    """Items that go into bins; the bins are to cost as little as possible.

    Parameters
    ----------
    apart
        Lists of items of which no two may share a bin; an item that a list names twice keeps its copies apart.
    together
        Lists of items that share one bin, with all their copies.
    begun
        Bins that hold something already.
    """

    family: ClassVar[str] = "packing"

    problem: Literal["packing"] = "packing"
    bins: tuple[BinKind, ...] = Field(min_length=1)
    items: tuple[Item, ...] = Field(min_length=1)
    apart: tuple[Annotated[tuple[Id, ...], Field(min_length=2)], ...] = ()
    together: tuple[Annotated[tuple[Id, ...], Field(min_length=2)], ...] = ()
    begun: tuple[Begun, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> PackingInstance:
        refuse("packing", [*self._twice(), *self._unknown(), *self._shapes()])
        refuse("packing", self._oversized())
        refuse("packing", self._contradictions())
        return self

    @property
    def ids(self) -> list[str | int]:
        """Id of every item, or its number from 0."""
        return [k if item.id is None else item.id for k, item in enumerate(self.items)]

    @cached_property
    def position(self) -> dict[str, int]:
        """The number of each item by its id."""
        return {str(name): k for k, name in enumerate(self.ids)}

    @property
    def dimensions(self) -> tuple[str, ...] | None:
        """Names of the dimensions; None where they have none."""
        return dimensions(self.bins[0].capacity)

    def sizes(self) -> np.ndarray[Any, Any]:
        """Size of a copy of every item, shape (items, dimensions)."""
        return np.array([flat(item.size, self.dimensions) for item in self.items], dtype=np.float64)

    def capacities(self) -> np.ndarray[Any, Any]:
        """Capacity of every kind, shape (kinds, dimensions)."""
        return np.array([flat(kind.capacity, self.dimensions) for kind in self.bins], dtype=np.float64)

    @cached_property
    def units(self) -> Units:
        """What is packed as one, and which of that cannot be told apart."""
        from qopt.models.families._packing_form import units

        return units(self)

    @cached_property
    def form(self) -> Bins:
        """The native form ``bins``."""
        from qopt.models.families._packing_form import form

        return form(self, self.units)

    @cached_property
    def grid(self) -> Grid:
        """The copies and bins of the formulation ``assign``."""
        from qopt.models.families._packing_assign import grid

        return grid(self.form)

    @cached_property
    def graph(self) -> Graph | None:
        """The graph of the formulation ``arcs``; None where that cannot say everything."""
        from qopt.models.families._packing_arcs import graph

        return graph(self.form)

    def _twice(self) -> list[Fault]:
        """Ids that occur more than once, and items that several bins or groups claim."""
        faults: list[Fault] = []
        named = (("bins", [b.id for b in self.bins]), ("items", self.ids), ("begun", [b.id for b in self.begun]))
        for key, ids in named:
            seen: set[str] = set()
            for k, name in enumerate(ids):
                if str(name) in seen:
                    faults.append(((key, k, "id"), "an id may occur once", name))
                seen.add(str(name))
        held: set[str] = set()
        for k, begun in enumerate(self.begun):
            for j, name in enumerate(begun.holds):
                if str(name) in held:
                    faults.append((("begun", k, "holds", j), "an item lies in one bin", name))
                held.add(str(name))
        return faults

    def _unknown(self) -> list[Fault]:
        """References to nothing."""
        items, kinds = [str(name) for name in self.ids], [str(kind.id) for kind in self.bins]
        wanted: list[tuple[tuple[str | int, ...], str | int, str, list[str]]] = []
        for key in ("apart", "together"):
            for k, line in enumerate(getattr(self, key)):
                wanted += [((key, k, j), name, "item", items) for j, name in enumerate(line)]
        for k, begun in enumerate(self.begun):
            wanted.append((("begun", k, "bin"), begun.bin, "kind of bin", kinds))
            wanted += [(("begun", k, "holds", j), name, "item", items) for j, name in enumerate(begun.holds)]
        for k, item in enumerate(self.items):
            wanted += [(("items", k, "only", j), name, "kind of bin", kinds) for j, name in enumerate(item.only or ())]
        return [
            (where, f"there is no such {what}; {closest(str(name), known)}".rstrip("; "), name)
            for where, name, what, known in wanted
            if str(name) not in known
        ]

    def _shapes(self) -> list[Fault]:
        """Capacities and sizes that do not have the shape of the first capacity."""
        first = self.bins[0].capacity
        faults: list[Fault] = []
        if first in ((), {}):
            faults.append((("bins", 0, "capacity"), "capacity may not be empty", first))
        for k, kind in enumerate(self.bins[1:], start=1):
            reason = mismatch(kind.capacity, first, "capacity")
            if reason:
                faults.append((("bins", k, "capacity"), reason, kind.capacity))
        for k, item in enumerate(self.items):
            reason = mismatch(item.size, first, "size")
            if reason:
                faults.append((("items", k, "size"), reason, item.size))
        return faults

    def _oversized(self) -> list[Fault]:
        """Items that no bin holds."""
        rule = "it is too large for every bin that may hold it"
        return [(("items", k, "size"), rule, item.size) for k, item in enumerate(self.items) if not self._held({k: 1})]

    def _held(self, copies: dict[int, int]) -> bool:
        """Whether some kind may hold so many copies of items, and has the room."""
        load = sum(count * self.sizes()[k] for k, count in copies.items())
        for kind, room in zip(self.bins, self.capacities()):
            wanted = [self.items[k].only for k in copies]
            if all(only is None or str(kind.id) in {str(name) for name in only} for only in wanted) and np.all(
                load <= room * (1 + 1e-9)
            ):
                return True
        return False

    def _contradictions(self) -> list[Fault]:
        """Items that must share a bin and may not."""
        from qopt.models.families._packing_form import merged

        group = merged(self)
        faults: list[Fault] = []
        for k, line in enumerate(self.apart):
            seen: dict[int, int] = {}
            for j, name in enumerate(line):
                item = self.position[str(name)]
                if group[item] in seen and (seen[group[item]] != item or self._fixed(item, group)):
                    faults.append((("apart", k, j), "these items must share a bin, and may not", name))
                seen[group[item]] = item
        first: dict[int, int] = {}
        for k, begun in enumerate(self.begun):
            for j, name in enumerate(begun.holds):
                root = group[self.position[str(name)]]
                if first.setdefault(root, k) != k:
                    rule = f"what it must share a bin with lies in {self.begun[first[root]].id}"
                    faults.append((("begun", k, "holds", j), rule, name))
        for key, lines in (("together", self.together), ("begun", tuple(begun.holds for begun in self.begun))):
            for k, line in enumerate(lines):
                root = group[self.position[str(line[0])]]
                if not self._held({j: self.items[j].count for j in range(len(group)) if group[j] == root}):
                    rule = "what must share a bin is too large for every bin that may hold it"
                    faults.append(((key, k), rule, ", ".join(str(name) for name in line)))
        return faults

    def _fixed(self, item: int, group: list[int]) -> bool:
        """Whether several copies of an item must share one bin."""
        bound = any(self.position[str(name)] == item for line in self.together for name in line)
        held = any(self.position[str(name)] == item for begun in self.begun for name in begun.holds)
        return self.items[item].count > 1 and (bound or held)
