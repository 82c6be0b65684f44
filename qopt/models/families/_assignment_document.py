"""The document of an assignment problem, and the rules between its fields."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, Strict, model_validator

from qopt.models.faults import Fault, refuse
from qopt.models.instance import Instance, Name

Number = Annotated[float, Strict()]
Amount = Annotated[float, Strict(), Field(ge=0)]
Id = Name | Annotated[int, Strict()]
Matrix = tuple[tuple[Number, ...], ...]
Pairs = tuple[tuple[Number | None, ...], ...]


def _spelling(kind: Any) -> Any:
    return "generalised" if kind == "generalized" else kind


class AssignmentInstance(Instance):
    """Items, places, and what it costs (or is worth) to bring an item to a place.

    Parameters
    ----------
    kind
        ``linear``: every item of the shorter side gets a place of its own. ``generalised``: every item gets one place,
        a place takes items up to its capacity. ``quadratic``: a permutation, paid by flow x distance.
    items, places
        Ids, at most one of each; numbers from 0 when left out.
    cost, value
        Items by places; ``cost`` is minimised, ``value`` maximised. null forbids the pair. Exactly one of them; a
        quadratic assignment may have ``cost`` and needs none.
    resource, capacity
        Generalised: what an item uses of a place (items by places), and what a place has.
    flow, distance
        Quadratic: ``flow[i][k] * distance[p][q]`` is paid when i goes to p and k goes to q.
    """

    family: ClassVar[str] = "assignment"

    problem: Literal["assignment"] = "assignment"
    kind: Annotated[Literal["linear", "generalised", "quadratic"], BeforeValidator(_spelling)] = "linear"
    items: tuple[Id, ...] | None = None
    places: tuple[Id, ...] | None = None
    cost: Pairs | None = None
    value: Pairs | None = None
    resource: tuple[tuple[Amount, ...], ...] | None = None
    capacity: tuple[Amount, ...] | None = None
    flow: Matrix | None = None
    distance: Matrix | None = None

    @model_validator(mode="after")
    def _consistent(self) -> AssignmentInstance:
        refuse("assignment", _missing(self) or _misshapen(self) or _unplaceable(self))
        return self

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of items and of places."""
        if self.flow is not None:
            return len(self.flow), len(self.flow)
        worth = self.cost or self.value or ()
        return len(worth), len(worth[0])

    @property
    def item_ids(self) -> Sequence[str | int]:
        """Ids of the items, or their numbers from 0."""
        return range(self.shape[0]) if self.items is None else self.items

    @property
    def place_ids(self) -> Sequence[str | int]:
        """Ids of the places, or their numbers from 0."""
        return range(self.shape[1]) if self.places is None else self.places


_FIELDS = {
    "linear": ((), ()),
    "generalised": (("resource", "capacity"), ()),
    "quadratic": (("flow", "distance"), ("cost",)),
}
"""Fields that a kind needs and fields that it may have, besides ``cost`` or ``value``."""


def _missing(instance: AssignmentInstance) -> list[Fault]:
    """Fields that the kind needs and that are missing, or that belong to another kind."""
    needed, free = _FIELDS[instance.kind]
    faults: list[Fault] = []
    lacking = [name for name in needed if not getattr(instance, name)]
    if lacking:
        rule = f"a {instance.kind} assignment needs {' and '.join(lacking)}"
        faults.append((("kind",), rule, instance.kind))
    for name in ("cost", "value", "resource", "capacity", "flow", "distance"):
        foreign = name not in needed + free and (instance.kind == "quadratic" or name not in ("cost", "value"))
        if foreign and getattr(instance, name) is not None:
            faults.append(((name,), f"a {instance.kind} assignment has no {name}", name))
    if instance.kind != "quadratic" and (not instance.cost) == (not instance.value):
        where: tuple[str, ...] = ("value",) if instance.value else ()
        faults.append((where, "exactly one of cost (minimised) and value (maximised) is needed", where))
    return faults


def _misshapen(instance: AssignmentInstance) -> list[Fault]:
    """Matrices and lists of the wrong length, repeated ids."""
    n, m = instance.shape
    faults: list[Fault] = []
    for name in ("cost", "value", "resource", "flow", "distance"):
        matrix = getattr(instance, name)
        if matrix is None:
            continue
        if len(matrix) != n:
            faults.append(((name,), f"{name} needs {n} rows, one per item", len(matrix)))
        for i, row in enumerate(matrix):
            if len(row) != m or m == 0:
                faults.append(((name, i), f"every row of {name} needs {m or 1} numbers, one per place", len(row)))
    if instance.capacity is not None and len(instance.capacity) != m:
        faults.append((("capacity",), f"capacity needs {m} numbers, one per place", len(instance.capacity)))
    for name, count in (("items", n), ("places", m)):
        ids = getattr(instance, name)
        if ids is not None and len(ids) != count:
            faults.append(((name,), f"{name} needs {count} ids, as the matrices have", len(ids)))
        seen: set[str] = set()
        for k, label in enumerate(ids or ()):
            if str(label) in seen:
                faults.append(((name, k), f"an id may occur once in {name}", label))
            seen.add(str(label))
    return faults


def _unplaceable(instance: AssignmentInstance) -> list[Fault]:
    """Nulls where the kind knows none, and items or places to which every pair is forbidden though they need one."""
    n, m = instance.shape
    name = "value" if instance.value is not None else "cost"
    matrix = getattr(instance, name) or ()
    if instance.kind == "quadratic":
        return [
            ((name, i, p), "a quadratic assignment forbids no pair", None)
            for i, row in enumerate(matrix)
            for p, worth in enumerate(row)
            if worth is None
        ]
    faults: list[Fault] = []
    if instance.kind == "generalised" or n <= m:
        for i, row in enumerate(matrix):
            if all(worth is None for worth in row):
                faults.append(((name, i), "every item needs a place that is not forbidden", "null in every column"))
    if instance.kind == "linear" and n >= m:
        for p in range(m):
            if all(row[p] is None for row in matrix):
                rule = "every place needs an item that is not forbidden"
                faults.append(((name,), rule, f"null in every row of column {p}"))
    return faults
