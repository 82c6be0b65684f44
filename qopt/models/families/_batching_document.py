"""The document of the batching family: a warehouse, its trolleys, and the orders that are picked in batches."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field, Strict, model_validator

from qopt.core.forms.batches import Batches, Walks, length
from qopt.models.amounts import Amounts, flat, mismatch
from qopt.models.amounts import dimensions as names_of
from qopt.models.documents.issues import closest
from qopt.models.faults import Fault, refuse
from qopt.models.instance import Instance, Name
from qopt.models.instance import Strict as Part

if TYPE_CHECKING:
    from qopt.models.families._batching_pairs import Grid
    from qopt.models.families._batching_select import Columns

Id = Name | Annotated[int, Strict()]
Amount = Annotated[float, Strict(), Field(ge=0)]
Count = Annotated[int, Strict(), Field(ge=1, le=1_000_000)]
Spot = tuple[Annotated[int, Strict(), Field(ge=0)], Amount]
"""The number of an aisle, and the distance from its front end."""


class Aisles(Part):
    """Parallel aisles between a front and a back cross aisle.

    Parameters
    ----------
    count
        How many; they are numbered from 0, from left to right.
    length, pitch
        Of an aisle from its front end to its back end, and between neighbouring aisles.
    depot
        The aisle at whose front end a walk begins and ends.
    walk
        ``s_shape``: aisles with picks are walked through; ``return``: they are left where they were entered;
        ``largest_gap``: the largest gap of an inner aisle is not walked.
    """

    count: Count
    length: Annotated[float, Strict(), Field(gt=0)]
    pitch: Amount
    depot: Annotated[int, Strict(), Field(ge=0)] = 0
    walk: Literal["s_shape", "return", "largest_gap"] = "s_shape"


class Table(Part):
    """Distances between locations, where there are no parallel aisles.

    Parameters
    ----------
    locations
        Ids; the first is the depot.
    distance
        One row per location, the same both ways.
    """

    locations: tuple[Id, ...] = Field(min_length=2)
    distance: tuple[tuple[Amount, ...], ...]


class Order(Part):
    """An order.

    Parameters
    ----------
    picks
        Where its items lie: ``[aisle, distance from the front]`` in aisles, the location's id in a table.
    load
        What it takes on a trolley, in the shape of the capacity; left out: the number of its picks, where the capacity
        is one number.
    """

    id: Id
    picks: tuple[Spot | Id, ...] = Field(min_length=1)
    load: Amounts | None = None


class Trolley(Part):
    """What a batch may hold.

    Parameters
    ----------
    capacity
        A number, a list (one number per dimension), or names with numbers; left out: no limit.
    orders
        Most orders of a batch.
    count
        Most batches; left out: as many as are needed.
    """

    capacity: Amounts | None = None
    orders: Count | None = None
    count: Count | None = None


class BatchingInstance(Instance):
    """Orders that are picked in batches, each on one walk from the depot; the walks are to be short.

    Parameters
    ----------
    aisles, table
        The warehouse: exactly one of them.
    """

    family: ClassVar[str] = "batching"

    problem: Literal["batching"] = "batching"
    aisles: Aisles | None = None
    table: Table | None = None
    trolley: Trolley = Trolley()
    orders: tuple[Order, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _consistent(self) -> BatchingInstance:
        refuse("batching", self._warehouse())
        refuse("batching", [*self._picks(), *self._loads()])
        return self

    @property
    def names(self) -> tuple[str, ...] | None:
        """Names of the dimensions of loads; None where they have none."""
        return None if self.trolley.capacity is None else names_of(self.trolley.capacity)

    def loads(self) -> np.ndarray[Any, Any]:
        """What every order takes, shape (orders, dimensions)."""
        if self.trolley.capacity is None:
            return np.zeros((len(self.orders), 0))
        return np.array(
            [[float(len(o.picks))] if o.load is None else flat(o.load, self.names) for o in self.orders],
            dtype=np.float64,
        )

    @cached_property
    def spots(self) -> tuple[Any, ...]:
        """Every location with a pick, as the orders name it: sorted by aisle and position, or as in the table."""
        used = {pick for order in self.orders for pick in order.picks}
        if self.table is None:
            return tuple(sorted(used, key=lambda spot: (spot[0], spot[1])))
        told = {str(name) for name in used}
        return tuple(name for name in self.table.locations[1:] if str(name) in told)

    @cached_property
    def form(self) -> Batches:
        """The native form ``batches``."""
        number = {_key(spot): k for k, spot in enumerate(self.spots)}
        stops = [sorted({number[_key(pick)] for pick in order.picks}) for order in self.orders]
        n = len(self.orders)
        capacity = [] if self.trolley.capacity is None else flat(self.trolley.capacity, self.names)
        return Batches(
            np.append(0, np.cumsum([len(part) for part in stops])),
            np.concatenate([np.array(part, dtype=np.int32) for part in stops]),
            self.loads(),
            np.array(capacity, dtype=np.float64),
            min(n, self.trolley.orders or n),
            min(n, self.trolley.count or n),
            self._walks(),
        )

    @cached_property
    def alone(self) -> float:
        """How far is walked when every order has a walk of its own."""
        return sum(length(self.form, np.array([o])) for o in range(len(self.orders)))

    @cached_property
    def pairs(self) -> Grid:
        """The orders and batches of the formulation ``pairs``."""
        from qopt.models.families._batching_pairs import grid

        return grid(self.form)

    @cached_property
    def columns(self) -> Columns | None:
        """Every batch that may be; None where there are too many."""
        from qopt.models.families._batching_select import every

        return every(self.form)

    def _walks(self) -> Walks:
        if self.table is not None:
            kept = [0, *(self.table.locations.index(name) for name in self.spots)]
            distance = np.array(self.table.distance, dtype=np.float64)[np.ix_(kept, kept)]
            return Walks("table", np.zeros(0, np.int64), np.zeros(0), distance=distance)
        assert self.aisles is not None
        aisle = np.array([spot[0] for spot in self.spots])
        position = np.array([spot[1] for spot in self.spots], dtype=np.float64)
        told = self.aisles
        return Walks(told.walk, aisle, position, told.length, told.pitch, told.depot)

    def _warehouse(self) -> list[Fault]:
        """Aisles or a table, and nothing wrong with it; ids of orders."""
        if (self.aisles is None) == (self.table is None):
            which: tuple[str, ...] = () if self.aisles is None else ("table",)
            return [(which, "exactly one of aisles and table is needed", "both" if which else "none")]
        faults: list[Fault] = []
        seen: set[str] = set()
        for k, order in enumerate(self.orders):
            if str(order.id) in seen:
                faults.append((("orders", k, "id"), "an id may occur once", order.id))
            seen.add(str(order.id))
        if self.aisles is not None and self.aisles.depot >= self.aisles.count:
            faults.append((("aisles", "depot"), f"aisles are numbered 0 to {self.aisles.count - 1}", self.aisles.depot))
        if self.table is None:
            return faults
        names, size = [str(name) for name in self.table.locations], len(self.table.locations)
        for k, name in enumerate(names):
            if name in names[:k]:
                faults.append((("table", "locations", k), "an id may occur once", name))
        if len(self.table.distance) != size:
            rule = f"one row for each of {size} locations is needed"
            faults.append((("table", "distance"), rule, len(self.table.distance)))
        for i, row in enumerate(self.table.distance):
            if len(row) != size:
                faults.append((("table", "distance", i), f"a row needs {size} numbers", len(row)))
        if not faults:
            for i, row in enumerate(self.table.distance):
                for j in range(i):
                    if row[j] != self.table.distance[j][i]:
                        rule = f"the way back is {self.table.distance[j][i]:g}; distances are the same both ways"
                        faults.append((("table", "distance", i, j), rule, row[j]))
        return faults

    def _picks(self) -> list[Fault]:
        """Picks that lie nowhere."""
        faults: list[Fault] = []
        known = [] if self.table is None else [str(name) for name in self.table.locations[1:]]
        for k, order in enumerate(self.orders):
            for j, pick in enumerate(order.picks):
                where: tuple[str | int, ...] = ("orders", k, "picks", j)
                if self.table is not None:
                    if isinstance(pick, tuple) or str(pick) not in known:
                        faults.append(
                            (where, f"there is no such location to pick at; {closest(str(pick), known)}", pick)
                        )
                elif not isinstance(pick, tuple):
                    faults.append((where, "a pick in aisles is [aisle, distance from the front]", pick))
                elif self.aisles is not None and pick[0] >= self.aisles.count:
                    faults.append(((*where, 0), f"aisles are numbered 0 to {self.aisles.count - 1}", pick[0]))
                elif self.aisles is not None and pick[1] > self.aisles.length:
                    faults.append(((*where, 1), f"an aisle is {self.aisles.length:g} long", pick[1]))
        return faults

    def _loads(self) -> list[Fault]:
        """Loads that do not have the shape of the capacity, or fit no trolley."""
        faults: list[Fault] = []
        capacity = self.trolley.capacity
        if capacity is None:
            rule = "a load needs a capacity to be measured against: trolley: {capacity: …}"
            return [(("orders", k, "load"), rule, o.load) for k, o in enumerate(self.orders) if o.load is not None]
        room = np.array(flat(capacity, self.names))
        for k, order in enumerate(self.orders):
            given: Any = float(len(order.picks)) if order.load is None else order.load
            reason = mismatch(given, capacity, "load")
            if reason:
                faults.append((("orders", k, *(() if order.load is None else ("load",))), reason, order.load))
            elif np.any(np.array(flat(given, self.names)) > room):
                rule = f"it is too much for a trolley, which holds {', '.join(f'{v:g}' for v in room)}"
                faults.append((("orders", k, *(() if order.load is None else ("load",))), rule, given))
        return faults


def _key(spot: Any) -> Any:
    """A location as it is looked up: ids by their text."""
    return spot if isinstance(spot, tuple) else str(spot)
