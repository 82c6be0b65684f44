"""Covering: which sets to choose so that what they hold is covered, shared out, packed, or reached as far as may be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from qopt.core.arrays import Floats
from qopt.core.errors import ModelError, RecordError
from qopt.core.names import Labels, NameTable
from qopt.core.polynomial import Polynomial
from qopt.core.problem import Columns, Problem, Sense
from qopt.core.rows import GroupKind, Groups, Rows
from qopt.core.solution import Solution
from qopt.models.families import _covering_check as judge
from qopt.models.families import _covering_reasons as reasons
from qopt.models.families._covering_document import Choice, CoveringInstance, Element, Task
from qopt.models.plans import entries

__all__ = ["PLUGIN", "Choice", "Covering", "CoveringInstance", "Element"]

_Line = tuple[dict[int, float], float, float]


@dataclass(frozen=True)
class Covering:
    """The family of set covering, partitioning, packing and maximum coverage."""

    name: str = "covering"
    instance: type[CoveringInstance] = CoveringInstance
    formulations: Mapping[str, str] = field(
        default_factory=lambda: {"choose": "choose[set], and reach[element] where the weight of what is reached counts"}
    )

    def size(self, instance: CoveringInstance, formulation: str = "choose") -> tuple[int, int]:
        """Columns, and nonzeros of objective, rows and groups together."""
        reached = len(instance.elements) if instance.task == "reach" else 0
        n = len(instance.sets) + reached
        rules = 2 * sum(map(len, instance.together)) + sum(map(len, instance.apart))
        return n, 3 * n + len(instance.held.set) + rules

    def build(self, instance: CoveringInstance, *, formulation: str = "auto", pool: Any = None) -> Problem:
        """The instance as a Problem.

        Raises
        ------
        ModelError
            No such formulation.
        """
        if formulation not in ("auto", *self.formulations):
            raise ModelError(f"covering has no formulation {formulation!r}; it has: {', '.join(self.formulations)}")
        sets, elements = (tuple(str(t.id) for t in things) for things in (instance.sets, instance.elements))
        n, reach = len(sets), instance.task == "reach"
        labels = (
            Labels("choose", (n,), (sets,)),
            *((Labels("reach", (len(elements),), (elements,)),) if reach else ()),
        )
        names = NameTable(labels)
        rows, groups = _rules(instance, elements)
        objective = np.zeros(len(names))
        part = "cost" if instance.task in ("cover", "partition") else "value"
        objective[:n] = [getattr(choice, part) for choice in instance.sets]
        if reach:
            objective[:n] = 0.0
            objective[n:] = [element.weight for element in instance.elements]
        sense = Sense.MINIMIZE if part == "cost" else Sense.MAXIMIZE
        columns = Columns.binaries(names)
        return Problem.build(
            columns, {part: Polynomial(objective)}, rows=rows, groups=groups, sense=sense, name=instance.name
        )

    def interpret(self, instance: CoveringInstance, solution: Solution) -> dict[str, Any]:
        """Chosen sets, what they cost and are worth, and what is not covered, with the reason."""
        assert solution.values is not None
        marked = np.flatnonzero(solution.values > 0.5)
        n = len(instance.sets)
        return reasons.plan_of(instance, marked[marked < n], marked[marked >= n] - n)

    def restore(self, instance: CoveringInstance, plan: Mapping[str, Any]) -> Floats:
        """A plan's sets as column values; an element is reached where it has what it needs.

        Raises
        ------
        RecordError
            No list of sets, or one that the instance does not have.
        """
        n = len(instance.sets)
        chosen = np.zeros(n)
        for k, name in enumerate(entries(plan, "sets")):
            if str(name) not in instance.number:
                raise RecordError(f"sets[{k}] is {name!r}, which is no set of {instance.name}")
            chosen[instance.number[str(name)]] += 1.0
        if instance.task != "reach":
            return chosen
        holder, element = instance.held.set, instance.held.element
        times = np.bincount(element, weights=chosen[holder] > 0, minlength=len(instance.elements))
        return np.append(chosen, times >= [e.need for e in instance.elements])

    def key(self, plan: Mapping[str, Any]) -> Any:
        """Two plans are the same when they choose the same sets."""
        return tuple(sorted(str(name) for name in plan["sets"]))

    def example(self) -> CoveringInstance:
        """Fire stations for five districts: two large ones cover all for 6, three small ones for 5."""
        return CoveringInstance(
            name="stations",
            elements=tuple(Element(id=name) for name in ("north", "east", "south", "west", "centre")),
            sets=(
                Choice(id="hill", cost=3, covers=("north", "west", "centre")),
                Choice(id="port", cost=3, covers=("south", "east")),
                Choice(id="mill", cost=2, covers=("north", "east")),
                Choice(id="park", cost=2, covers=("centre", "south")),
                Choice(id="gate", cost=1, covers=("west",)),
            ),
        )

    def generate(self, size: int, *, seed: int) -> CoveringInstance:
        """``size`` elements and twice as many sets; the task follows the seed: cover, partition, pack, reach."""
        rng = np.random.default_rng(seed)
        n = max(2, size)
        tasks: tuple[Task, ...] = ("cover", "partition", "pack", "reach")
        task = tasks[seed % 4]
        order = rng.permutation(n)
        whole = [part.tolist() for part in np.array_split(order, max(1, n // 3))]  # so that there is an answer
        some = [rng.choice(n, int(rng.integers(1, min(n, 4) + 1)), replace=False).tolist() for _ in range(2 * n)]
        sets = tuple(
            Choice(
                id=f"s{k}",
                cost=float(rng.integers(1, 5) + 2 * len(members)),
                value=float(rng.integers(1, 9)),
                covers=tuple(f"e{e}" for e in members),
            )
            for k, members in enumerate([*whole, *some][: max(2 * n, len(whole))])
        )
        return CoveringInstance(
            name=f"covering-{size}-{seed}",
            task=task,
            elements=tuple(Element(id=f"e{e}", weight=float(rng.integers(1, 9))) for e in range(n)),
            sets=sets,
            most_sets=max(1, n // 4) if task == "reach" else None,
        )

    def domain_check(self, instance: CoveringInstance, plan: Mapping[str, Any]) -> list[str]:
        """Every rule that a plan breaks and every number it states wrongly, one sentence each."""
        return judge.faults(instance, plan)


def _rules(instance: CoveringInstance, elements: tuple[str, ...]) -> tuple[Rows, Groups]:
    """Rows and groups: single needs that allow one set at most are groups."""
    holder, element = instance.held.set, instance.held.element
    ends = np.searchsorted(element, np.arange(len(elements) + 1))
    members = [holder[ends[e] : ends[e + 1]].tolist() for e in range(len(elements))]
    why = {"cover": "it is covered", "partition": "it is covered exactly", "pack": "no more sets may hold it"}
    lines: list[_Line] = []
    families: list[Labels] = []
    prices: list[float] = []
    grouped: list[tuple[GroupKind, list[int]]] = []
    group_names: list[Labels] = []
    n = len(instance.sets)
    for e, (one, name) in enumerate(zip(instance.elements, elements)):
        told = Labels("element", (1,), ((name,),), why=f"{name}: {why.get(instance.task, 'it is reached')}")
        if instance.task in ("partition", "pack") and one.need == 1:
            if members[e]:
                kind = GroupKind.EXACTLY_ONE if instance.task == "partition" else GroupKind.AT_MOST_ONE
                grouped.append((kind, members[e]))
                group_names.append(told)
            continue
        line = dict.fromkeys(members[e], 1.0)
        low = float(one.need) if instance.task in ("cover", "partition") else -np.inf
        high = float(one.need) if instance.task in ("partition", "pack") else np.inf
        if instance.task == "reach":
            line, low = {**line, n + e: -float(one.need)}, 0.0
        lines.append((line, low, high))
        families.append(told if one.unmet is None else replace(told, name="unmet"))
        prices.append(np.nan if one.unmet is None else one.unmet)
    number = instance.number
    for k, names in enumerate(instance.together):
        first, *others = dict.fromkeys(number[str(name)] for name in names)
        for j, other in enumerate(others):
            lines.append(({first: 1.0, other: -1.0}, 0.0, 0.0))
            families.append(Labels("together", (1, 1), ((str(k),), (str(j),)), why="these are chosen all or none"))
    for k, names in enumerate(instance.apart):
        grouped.append((GroupKind.AT_MOST_ONE, list(dict.fromkeys(number[str(name)] for name in names))))
        group_names.append(Labels("apart", (1,), ((str(k),),), why="at most one of these is chosen"))
    if instance.most_cost is not None:
        costs = {s: choice.cost for s, choice in enumerate(instance.sets) if choice.cost}
        lines.append((costs, -np.inf, instance.most_cost))
        families.append(Labels("most_cost", why="the chosen sets cost no more than allowed"))
    if instance.most_sets is not None:
        lines.append((dict.fromkeys(range(n), 1.0), -np.inf, float(instance.most_sets)))
        families.append(Labels("most_sets", why="no more sets than allowed"))
    prices += [np.nan] * (len(lines) - len(prices))
    priced = {"price": np.array(prices)} if not np.isnan(prices).all() else {}
    rows = Rows.of(lines, NameTable(tuple(families)), **priced)
    return rows, Groups.of(grouped, NameTable(tuple(group_names)))


PLUGIN = Covering()
