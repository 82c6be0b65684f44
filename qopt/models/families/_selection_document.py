"""Selections as documents: items with scores, budgets, groups, pairs that overlap or help, and rules between items."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, Strict, model_validator

from qopt.models.amounts import Amounts, dimensions, flat, mismatch
from qopt.models.documents.issues import closest
from qopt.models.faults import Fault, refuse
from qopt.models.instance import Instance, Name
from qopt.models.instance import Strict as Part

Id = Name | Annotated[int, Strict()]
Number = Annotated[float, Strict()]
Amount = Annotated[float, Strict(), Field(ge=0)]
Count = Annotated[int, Strict(), Field(ge=0)]
Pair = tuple[Id, Id, Amount]
EACH = "each"
"""In a grouping: the limits of every group that has none of its own."""


class Item(Part):
    """Something to select.

    Parameters
    ----------
    id
        Unique.
    score
        What selecting it is worth; left out: what ``scores`` says.
    cost
        What it takes of the budgets, in their shape; a named budget left out is 0.
    groups
        The group it belongs to in each grouping, such as ``{region: north}``.
    """

    id: Id
    score: Number | None = None
    cost: Amounts | None = None
    groups: dict[Name, Id] = Field(default_factory=dict)


class Limits(Part):
    """How many are selected, at least and at most."""

    min: Count = 0
    max: Count | None = None


def _exactly(value: Any) -> Any:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return {"min": value, "max": value} if whole else value


AnyLimits = Annotated[Limits, BeforeValidator(_exactly)]


class Similarity(Part):
    """How alike items are; of two that are, the second adds less.

    Parameters
    ----------
    matrix
        By name and name (of two mirrored entries one is enough), or rows in the order of the items.
    weight
        What each unit of similarity of two selected items takes away.
    above
        Smaller similarities do not count.
    """

    matrix: dict[Name, dict[Name, Number]] | tuple[tuple[Number, ...], ...]
    weight: Amount = 1.0
    above: Number = 0.0


class SelectionInstance(Instance):
    """Items of which some are selected, so that their scores and what their pairs add or take away are most.

    Parameters
    ----------
    items
        What there is to choose from.
    scores
        Scores by id, such as the output of a model, for items without one.
    budget
        What there is to spend: a number, a list, or names with numbers such as ``{euro: 900, days: 40}``.
    count
        How many are selected: a number, or ``min`` and ``max``.
    groups
        By grouping and group how many are selected, such as ``{region: {north: {min: 1}, each: {max: 3}}}``; ``each``
        speaks of the groups that are not named.
    redundancy
        Two ids and what selecting both takes away.
    synergy
        Two ids and what selecting both adds.
    similarity
        Redundancy from a matrix.
    incompatible
        Sets of ids of which at most one is selected.
    requires
        Two ids each: the first is selected only with the second.
    must, never
        Ids that are selected, and that are not.
    """

    family: ClassVar[str] = "selection"

    problem: Literal["selection"] = "selection"
    items: tuple[Item, ...] = Field(min_length=1)
    scores: dict[Name, Number] = Field(default_factory=dict)
    budget: Amounts | None = None
    count: AnyLimits = Limits()
    groups: dict[Name, dict[Name, AnyLimits]] = Field(default_factory=dict)
    redundancy: tuple[Pair, ...] = ()
    synergy: tuple[Pair, ...] = ()
    similarity: Similarity | None = None
    incompatible: tuple[tuple[Id, ...], ...] = ()
    requires: tuple[tuple[Id, Id], ...] = ()
    must: tuple[Id, ...] = ()
    never: tuple[Id, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> SelectionInstance:
        refuse("selection", _items(self))
        refuse("selection", [*_named(self), *_limits(self), *_alike(self)])
        return self

    @property
    def ids(self) -> list[str]:
        """Ids as text, by which everything refers to items."""
        return [str(item.id) for item in self.items]

    def values(self) -> list[float]:
        """The score of every item."""
        return [self.scores[str(item.id)] if item.score is None else item.score for item in self.items]

    def budgets(self) -> tuple[list[str], list[float]]:
        """Names and sizes of the budgets."""
        if self.budget is None:
            return [], []
        sizes = flat(self.budget, dimensions(self.budget))
        single = isinstance(self.budget, float)
        names = ["budget"] if single else [f"budget {k + 1}" for k in range(len(sizes))]
        return list(dimensions(self.budget) or names), sizes

    def costs(self) -> list[list[float]]:
        """What every item takes of each budget."""
        if self.budget is None:
            return [[] for _ in self.items]
        names, count = dimensions(self.budget), len(self.budgets()[0])
        return [[0.0] * count if item.cost is None else flat(item.cost, names) for item in self.items]

    def grouped(self) -> Iterator[tuple[str, str, Limits, list[int]]]:
        """Every group with its grouping, its limits and the positions of its items; named groups without items too."""
        for grouping, limits in self.groups.items():
            inside: dict[str, list[int]] = {name: [] for name in limits if name != EACH}
            for k, item in enumerate(self.items):
                if grouping in item.groups:
                    inside.setdefault(str(item.groups[grouping]), []).append(k)
            for group, members in inside.items():
                yield grouping, group, limits.get(group, limits.get(EACH, Limits())), members

    def overlaps(self) -> dict[tuple[int, int], float]:
        """What each pair of positions takes away, from redundancy and similarity together."""
        place = {name: k for k, name in enumerate(self.ids)}
        found: dict[tuple[int, int], float] = {}
        for a, b, value in self.redundancy:
            i, j = sorted((place[str(a)], place[str(b)]))
            found[i, j] = found.get((i, j), 0.0) + value
        for i, j, value in () if self.similarity is None else _entries(self.similarity, place):
            if value > self.similarity.above and self.similarity.weight:  # type: ignore[union-attr]
                found[i, j] = found.get((i, j), 0.0) + value * self.similarity.weight  # type: ignore[union-attr]
        return found

    def helps(self) -> dict[tuple[int, int], float]:
        """What each pair of positions adds."""
        place = {name: k for k, name in enumerate(self.ids)}
        found: dict[tuple[int, int], float] = {}
        for a, b, value in self.synergy:
            i, j = sorted((place[str(a)], place[str(b)]))
            found[i, j] = found.get((i, j), 0.0) + value
        return found


def _entries(similarity: Similarity, place: dict[str, int]) -> Iterator[tuple[int, int, float]]:
    """Entries above the diagonal, each pair once."""
    given = similarity.matrix
    if not isinstance(given, dict):
        yield from ((i, j, value) for i, row in enumerate(given) for j, value in enumerate(row) if i < j)
        return
    for a, line in given.items():
        for b, value in line.items():
            if place[a] < place[b] or (place[a] > place[b] and a not in given.get(b, {})):
                yield min(place[a], place[b]), max(place[a], place[b]), value


def _items(instance: SelectionInstance) -> list[Fault]:
    faults: list[Fault] = []
    seen: set[str] = set()
    for k, item in enumerate(instance.items):
        if str(item.id) in seen:
            faults.append((("items", k, "id"), "ids must differ", item.id))
        seen.add(str(item.id))
        if item.score is None and str(item.id) not in instance.scores:
            faults.append((("items", k), "a score is needed, here or under scores", str(item.id)))
        if item.cost is not None:
            reason = "a cost needs a budget: add 'budget: …'"
            if instance.budget is not None:
                reason = mismatch(item.cost, instance.budget, "cost").replace("capacity", "budget")
            if reason:
                faults.append((("items", k, "cost"), reason, item.cost))
    return faults


def _named(instance: SelectionInstance) -> list[Fault]:
    """Ids that name no item, and rules that name one item twice."""
    known = set(instance.ids)
    faults: list[Fault] = []

    def known_id(path: tuple[str | int, ...], name: Any) -> None:
        if str(name) not in known:
            hint = closest(str(name), known, show=0)
            faults.append((path, f"there is no such item{f'; {hint}' if hint else ''}", name))

    for key in ("redundancy", "synergy", "incompatible", "requires"):
        for k, members in enumerate(getattr(instance, key)):
            ids = [str(name) for name in (members[:2] if key in ("redundancy", "synergy") else members)]
            for j, name in enumerate(ids):
                known_id((key, k, j), name)
            if len(set(ids)) < len(ids):
                faults.append(((key, k), "an item stands twice here", ", ".join(ids)))
            elif len(ids) < 2:
                faults.append(((key, k), "two items at least are needed", ", ".join(ids)))
    for key in ("must", "never"):
        for k, name in enumerate(getattr(instance, key)):
            known_id((key, k), name)
    must = {str(name) for name in instance.must}
    faults += [
        (("never", k), "this item must be selected, says must", name)
        for k, name in enumerate(instance.never)
        if str(name) in must
    ]
    if isinstance(getattr(instance.similarity, "matrix", None), dict):
        for a, line in instance.similarity.matrix.items():  # type: ignore[union-attr]
            known_id(("similarity", "matrix", a), a)
            for b in line:
                known_id(("similarity", "matrix", a, b), b)
    return faults


def _limits(instance: SelectionInstance) -> list[Fault]:
    faults: list[Fault] = []
    groupings = {grouping for item in instance.items for grouping in item.groups}
    for grouping, limits in instance.groups.items():
        if grouping not in groupings:
            hint = closest(grouping, sorted(groupings))
            faults.append((("groups", grouping), f"no item has this grouping{f'; {hint}' if hint else ''}", grouping))
            continue
        names = {str(item.groups[grouping]) for item in instance.items if grouping in item.groups}
        for group, limit in limits.items():
            if group != EACH and group not in names:
                rule = f"no item is in this group; {closest(group, sorted(names))}"
                faults.append((("groups", grouping, group), rule, group))
            faults += _crossed(("groups", grouping, group), limit)
    return faults + _crossed(("count",), instance.count)


def _crossed(path: tuple[str, ...], limit: Limits) -> list[Fault]:
    if limit.max is not None and limit.min > limit.max:
        return [((*path, "min"), f"min is above max, which is {limit.max}", limit.min)]
    return []


def _alike(instance: SelectionInstance) -> Sequence[Fault]:
    if instance.similarity is None:
        return []
    given, count = instance.similarity.matrix, len(instance.items)
    at: tuple[str | int, ...] = ("similarity", "matrix")
    if isinstance(given, dict):
        return [
            ((*at, a, b), f"the entry of {b} and {a} is another", value)
            for a, line in given.items()
            for b, value in line.items()
            if given.get(b, {}).get(a, value) != value
        ]
    if len(given) != count or any(len(row) != count for row in given):
        return [(at, f"a matrix of {count} by {count} numbers is needed", f"{len(given)} rows")]
    skew = [(i, j) for i, row in enumerate(given) for j in range(i) if row[j] != given[j][i]]
    return [((*at, *skew[0]), "the mirrored entry is another", given[skew[0][0]][skew[0][1]])] if skew else []
