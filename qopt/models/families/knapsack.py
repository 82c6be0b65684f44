"""Knapsack: the most valuable items that fit, in one dimension or several, each once or in copies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field, Strict, model_validator

from qopt.core.arrays import Floats
from qopt.core.errors import ModelError, RecordError
from qopt.core.names import Labels, NameTable
from qopt.core.polynomial import Polynomial
from qopt.core.problem import Columns, Kind, Problem, Sense
from qopt.core.rows import Rows
from qopt.core.solution import Solution
from qopt.models.amounts import Amounts, dimensions, flat, mismatch
from qopt.models.faults import Fault, refuse
from qopt.models.instance import Instance, Name
from qopt.models.instance import Strict as Part
from qopt.models.plans import amount, entries

Number = Annotated[float, Strict()]
Id = Name | Annotated[int, Strict()]


class Item(Part):
    """Something to take.

    Parameters
    ----------
    id
        Its number from 0 when left out.
    value
        Worth of one copy.
    weight
        What one copy uses, in the shape of ``capacity``; a named dimension left out is 0.
    copies
        How many there are.
    """

    id: Id | None = None
    value: Number
    weight: Amounts
    copies: Annotated[int, Strict(), Field(ge=1, le=1_000_000)] = 1


class KnapsackInstance(Instance):
    """Items and what there is room for.

    Parameters
    ----------
    capacity
        A number, a list (one number per dimension), or names with numbers such as ``{kg: 20, litres: 60}``.
    """

    family: ClassVar[str] = "knapsack"

    problem: Literal["knapsack"] = "knapsack"
    items: tuple[Item, ...]
    capacity: Amounts

    @model_validator(mode="after")
    def _consistent(self) -> KnapsackInstance:
        faults: list[Fault] = []
        for name, given in (("items", self.items), ("capacity", self.capacities())):
            if not given:
                faults.append(((name,), f"{name} may not be empty", given))
        refuse("knapsack", faults)
        seen: set[str] = set()
        for k, (item, label) in enumerate(zip(self.items, self.ids)):
            reason = mismatch(item.weight, self.capacity, "weight")
            if reason:
                faults.append((("items", k, "weight"), reason, item.weight))
            if str(label) in seen:
                faults.append((("items", k, "id"), "an id may occur once", label))
            seen.add(str(label))
        refuse("knapsack", faults)
        return self

    @property
    def ids(self) -> list[str | int]:
        """Id of every item, or its number from 0."""
        return [k if item.id is None else item.id for k, item in enumerate(self.items)]

    @property
    def dimensions(self) -> tuple[str, ...] | None:
        """Names of the dimensions; None where they have none."""
        return dimensions(self.capacity)

    def capacities(self) -> list[float]:
        """Capacity of every dimension."""
        return flat(self.capacity, self.dimensions)

    def weights(self) -> list[list[float]]:
        """Weight of every item in every dimension: dimensions by items."""
        return [list(line) for line in zip(*(flat(item.weight, self.dimensions) for item in self.items))]


@dataclass(frozen=True)
class Knapsack:
    """The family of knapsack problems."""

    name: str = "knapsack"
    instance: type[KnapsackInstance] = KnapsackInstance
    formulations: Mapping[str, str] = field(
        default_factory=lambda: {"take": "one column per item: how many copies are taken"}
    )

    def size(self, instance: KnapsackInstance, formulation: str = "take") -> tuple[int, int]:
        """Columns, and nonzeros of objective and rows together (an upper bound)."""
        n = len(instance.items)
        return n, n * (1 + len(instance.capacities()))

    def build(self, instance: KnapsackInstance, *, formulation: str = "auto", pool: Any = None) -> Problem:
        """The instance as a Problem over ``take[item]``: binary for single items, integer for those with copies.

        Raises
        ------
        ModelError
            No such formulation.
        """
        if formulation not in ("auto", *self.formulations):
            raise ModelError(f"knapsack has no formulation {formulation!r}; it has: {', '.join(self.formulations)}")
        n = len(instance.items)
        copies = np.array([item.copies for item in instance.items], dtype=np.float64)
        ids = tuple(str(k) for k in instance.ids) if any(item.id is not None for item in instance.items) else None
        names = NameTable((Labels("take", (n,), (ids,)),))
        columns = Columns(np.where(copies > 1, Kind.INTEGER, Kind.BINARY), np.zeros(n), copies, names)
        value = Polynomial(np.array([item.value for item in instance.items], dtype=np.float64))
        rows = _capacities(instance)
        return Problem.build(columns, {"value": value}, rows=rows, sense=Sense.MAXIMIZE, name=instance.name)

    def interpret(self, instance: KnapsackInstance, solution: Solution) -> dict[str, Any]:
        """What is taken (``[id, copies]`` for items that have copies), its value, and its weight per dimension."""
        assert solution.values is not None
        taken = [(k, round(x)) for k, x in enumerate(solution.values.tolist()) if round(x)]
        ids, items = instance.ids, instance.items
        return {
            "values": {"take": [[ids[k], count] for k, count in taken]},
            "items": [ids[k] if items[k].copies == 1 else [ids[k], count] for k, count in taken],
            "value": _tidy(sum(items[k].value * count for k, count in taken)),
            "weights": [_tidy(sum(line[k] * count for k, count in taken)) for line in instance.weights()],
        }

    def restore(self, instance: KnapsackInstance, plan: Mapping[str, Any]) -> Floats:
        """A plan's ``items`` as column values; an item without a number of copies is taken once.

        Raises
        ------
        RecordError
            No items, or an entry that is no item of this instance or no number of copies.
        """
        position = {str(label): k for k, label in enumerate(instance.ids)}
        values = np.zeros(len(instance.items))
        for k, entry in enumerate(entries(plan, "items")):
            label, copies = entry if isinstance(entry, (list, tuple)) and len(entry) == 2 else (entry, 1)
            if str(label) not in position:
                raise RecordError(f"items[{k}] is {label!r}, which is no item of {instance.name}")
            values[position[str(label)]] += amount(copies, f"items[{k}]")
        return values

    def key(self, plan: Mapping[str, Any]) -> Any:
        """Two plans are the same when they take the same number of every item."""
        return tuple(sorted((str(item), count) for item, count in plan["values"]["take"]))

    def example(self) -> KnapsackInstance:
        """A day's hike with 10 kg: the tent (6 kg) shuts out both camera and stove, which are worth more together."""
        return KnapsackInstance(
            name="day-hike",
            items=(
                Item(id="tent", value=11, weight=6),
                Item(id="stove", value=7, weight=3),
                Item(id="camera", value=8, weight=4),
                Item(id="water", value=3, weight=1, copies=3),
            ),
            capacity=10,
        )

    def generate(self, size: int, *, seed: int) -> KnapsackInstance:
        """A random instance of ``size`` items in one to three dimensions, some with copies; half of everything fits."""
        rng = np.random.default_rng(seed)
        n, m = max(1, size), 1 + seed % 3
        weight = rng.integers(1, 50, (n, m)).astype(float)
        copies = np.where(rng.random(n) < 0.2, rng.integers(2, 5, n), 1)
        value = np.rint(weight.mean(axis=1) + rng.integers(0, 20, n))
        items = tuple(
            Item(value=v, weight=tuple(w), copies=c)
            for v, w, c in zip(value.tolist(), weight.tolist(), copies.tolist())
        )
        capacity = np.floor((weight * copies[:, None]).sum(axis=0) / 2)
        return KnapsackInstance(name=f"knapsack-{size}-{seed}", items=items, capacity=tuple(capacity.tolist()))

    def domain_check(self, instance: KnapsackInstance, plan: Mapping[str, Any]) -> list[str]:
        """Every rule that a plan breaks, one sentence each."""
        broken: list[str] = []
        number = {str(label): k for k, label in enumerate(instance.ids)}
        count = [0] * len(instance.items)
        for entry in plan["items"]:
            label, copies = entry if isinstance(entry, list) else (entry, 1)
            if str(label) not in number:
                broken.append(f"there is no item {label}")
            else:
                count[number[str(label)]] += copies
        for k, item in enumerate(instance.items):
            if not 0 <= count[k] <= item.copies:
                broken.append(f"item {instance.ids[k]} is taken {count[k]} times, there are {item.copies}")
        for d, capacity in enumerate(instance.capacities()):
            load = 0.0
            weights = instance.weights()[d]
            for k in range(len(count)):
                load += count[k] * weights[k]
            if load > capacity + 1e-6 * max(1.0, load):
                name = instance.dimensions[d] if instance.dimensions else str(d)
                broken.append(f"dimension {name} holds {load:g}, its capacity is {capacity:g}")
        value = sum(item.value * c for item, c in zip(instance.items, count))
        if abs(value - plan["value"]) > 1e-6 * max(1.0, abs(value)):
            broken.append(f"the plan states a value of {plan['value']:g}, its items are worth {value:g}")
        return broken


def _capacities(instance: KnapsackInstance) -> Rows:
    """What is taken fits every dimension."""
    weight = np.array(instance.weights(), dtype=np.float64)
    capacity = instance.capacities()
    dimension, item = np.nonzero(weight)
    indptr = np.searchsorted(dimension, np.arange(len(capacity) + 1))
    single = isinstance(instance.capacity, float)
    labels = Labels("capacity", () if single else (len(capacity),), () if single else (instance.dimensions,))
    open_side = np.full(len(capacity), -np.inf)
    return Rows(
        indptr, item.astype(np.int32), weight[dimension, item], open_side, np.array(capacity), NameTable((labels,))
    )


def _tidy(value: float) -> int | float:
    return int(value) if float(value).is_integer() else float(value)


PLUGIN = Knapsack()
