"""Assignment of items to places: one each (linear), within capacities (generalised), or paid by flows (quadratic)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from qopt.core.arrays import Floats, Indices, Ints
from qopt.core.errors import Issue, ModelError, RecordError, UnsupportedModelError
from qopt.core.names import Labels, NameTable
from qopt.core.polynomial import Polynomial
from qopt.core.problem import Columns, Problem, Sense
from qopt.core.rows import GroupKind, Groups, Rows
from qopt.core.solution import Solution
from qopt.models.families._assignment_document import AssignmentInstance
from qopt.models.plans import entries

__all__ = ["PLUGIN", "Assignment", "AssignmentInstance", "flow_times_distance"]

MOST_PAIRS = 30_000_000
"""Largest number of pairs of columns in the objective of a quadratic assignment (about 0.5 GB)."""


@dataclass(frozen=True)
class Assignment:
    """The family of assignment problems."""

    name: str = "assignment"
    instance: type[AssignmentInstance] = AssignmentInstance
    formulations: Mapping[str, str] = field(
        default_factory=lambda: {"assign": "one binary column per item and place that may go together"}
    )

    def size(self, instance: AssignmentInstance, formulation: str = "assign") -> tuple[int, int]:
        """Columns, and nonzeros of objective, rows and groups together (an upper bound)."""
        n, m = instance.shape
        if instance.kind != "quadratic":
            return n * m, 4 * n * m
        flow, distance = np.asarray(instance.flow), np.asarray(instance.distance)
        used = np.count_nonzero(np.triu((flow != 0) | (flow.T != 0), 1))
        far = np.count_nonzero(((distance != 0) | (distance.T != 0)) & ~np.eye(n, dtype=bool))
        return n * n, int(used) * int(far) + 3 * n * n

    def build(self, instance: AssignmentInstance, *, formulation: str = "auto", pool: Any = None) -> Problem:
        """The instance as a Problem over columns ``assign[item,place]``.

        Raises
        ------
        ModelError
            No such formulation.
        UnsupportedModelError
            A quadratic assignment with more than ``MOST_PAIRS`` pairs.
        """
        if formulation not in ("auto", *self.formulations):
            raise ModelError(f"assignment has no formulation {formulation!r}; it has: {', '.join(self.formulations)}")
        if instance.kind == "quadratic":
            return _quadratic(instance, self.size(instance)[1])
        worth, sense, part = _worth(instance)
        allowed = ~np.isnan(worth)
        column = np.where(allowed, np.cumsum(allowed).reshape(worth.shape) - 1, -1).astype(np.int32)
        groups, rows = (_linear_groups, _no_rows) if instance.kind == "linear" else (_generalised_groups, _capacities)
        return Problem.build(
            Columns.binaries(NameTable((_pair_labels(instance, column),))),
            {part: Polynomial(worth[allowed])},
            groups=groups(instance, column),
            rows=rows(instance, column),
            sense=sense,
            name=instance.name,
        )

    def interpret(self, instance: AssignmentInstance, solution: Solution) -> dict[str, Any]:
        """``{"assignment": [[item, place], …]}`` in the order of the items; for the generalised kind also the loads."""
        assert solution.values is not None
        taken = np.flatnonzero(solution.values > 0.5)
        if instance.kind != "quadratic":
            worth, _, _ = _worth(instance)
            taken = np.flatnonzero(~np.isnan(worth))[taken]
        m = instance.shape[1]
        pairs = [divmod(int(k), m) for k in taken]
        items, places = instance.item_ids, instance.place_ids
        plan: dict[str, Any] = {"assignment": [[items[i], places[p]] for i, p in pairs]}
        if instance.resource is not None and instance.capacity is not None:
            load = [0.0] * m
            for i, p in pairs:
                load[p] += instance.resource[i][p]
            plan["loads"] = [
                {"place": places[p], "load": _tidy(load[p]), "capacity": _tidy(instance.capacity[p])} for p in range(m)
            ]
        return plan

    def restore(self, instance: AssignmentInstance, plan: Mapping[str, Any]) -> Floats:
        """A plan's pairs as column values.

        Raises
        ------
        RecordError
            No pairs, or a pair of this instance's items and places that does not exist or may not go together.
        """
        n, m = instance.shape
        quadratic = instance.kind == "quadratic"
        allowed = np.ones((n, m), dtype=bool) if quadratic else ~np.isnan(_worth(instance)[0])
        column = np.cumsum(allowed).reshape(n, m) - 1
        values = np.zeros(int(allowed.sum()))
        item_at = {str(item): i for i, item in enumerate(instance.item_ids)}
        place_at = {str(place): p for p, place in enumerate(instance.place_ids)}
        for k, pair in enumerate(entries(plan, "assignment")):
            if not isinstance(pair, (list, tuple)) or len(pair) != 2:
                raise RecordError(f"assignment[{k}] is no pair of an item and a place, got {pair!r}")
            i, p = item_at.get(str(pair[0])), place_at.get(str(pair[1]))
            if i is None or p is None:
                raise RecordError(f"assignment[{k}] names {pair[0 if i is None else 1]!r}, unknown to {instance.name}")
            if not allowed[i, p]:
                raise RecordError(f"assignment[{k}]: {pair[0]} may not go to {pair[1]}")
            values[column[i, p]] = 1.0
        return values

    def key(self, plan: Mapping[str, Any]) -> Any:
        """Two plans are the same when the same items go to the same places."""
        return tuple(sorted((str(item), str(place)) for item, place in plan["assignment"]))

    def example(self) -> AssignmentInstance:
        """Three people and three jobs; the cheapest pairs overall leave nobody their own favourite but Cleo."""
        return AssignmentInstance(
            name="three-jobs",
            items=("ana", "bo", "cleo"),
            places=("bake", "drive", "sell"),
            cost=((4, 1, 3), (2, 0, 5), (3, 2, 2)),
        )

    def generate(self, size: int, *, seed: int, kind: str = "") -> AssignmentInstance:
        """A random instance of ``size`` items; without ``kind`` the seed chooses it."""
        rng = np.random.default_rng(seed)
        kind = kind or ("linear", "generalised", "quadratic")[seed % 3]
        n, name = max(1, size), f"{kind}-{size}-{seed}"

        def whole(low: int, high: int, *shape: int) -> Any:
            return rng.integers(low, high + 1, shape).astype(float)

        if kind == "linear":
            return AssignmentInstance(name=name, cost=whole(1, 99, n, n).tolist())
        if kind == "generalised":
            m = max(1, n // 4)
            resource = whole(5, 25, n, m)
            start = rng.permutation(n) % m  # a plan that fits, with a tenth to spare
            used = np.bincount(start, weights=resource[np.arange(n), start], minlength=m)
            return AssignmentInstance(
                name=name,
                kind="generalised",
                cost=whole(10, 50, n, m).tolist(),
                resource=resource.tolist(),
                capacity=np.ceil(1.1 * used).tolist(),
            )
        point = rng.integers(0, 10, (n, 2))
        distance = np.abs(point[:, None] - point[None]).sum(axis=2).astype(float)
        flow = np.triu(whole(0, 9, n, n), 1)
        return AssignmentInstance(
            name=name, kind="quadratic", flow=(flow + flow.T).tolist(), distance=distance.tolist()
        )

    def domain_check(self, instance: AssignmentInstance, plan: Mapping[str, Any]) -> list[str]:
        """Every rule that a plan breaks, one sentence each."""
        broken: list[str] = []
        items, places = list(instance.item_ids), list(instance.place_ids)
        place_of: dict[int, int] = {}
        for item, place in plan["assignment"]:
            if item not in items or place not in places:
                broken.append(f"{item} to {place}: there is no such item or place")
            elif items.index(item) in place_of:
                broken.append(f"item {item} goes to more than one place")
            else:
                place_of[items.index(item)] = places.index(place)
        worth = instance.cost or instance.value
        for i, p in place_of.items():
            if worth is not None and worth[i][p] is None:
                broken.append(f"item {items[i]} may not go to place {places[p]}")
        return broken + _counts(instance, place_of, items, places)


def _counts(
    instance: AssignmentInstance, place_of: Mapping[int, int], items: Sequence[Any], places: Sequence[Any]
) -> list[str]:
    """Items without a place, places with too many items or too much load."""
    broken = []
    short = instance.kind == "linear" and len(items) > len(places)
    for i in range(len(items)):
        if not short and i not in place_of:
            broken.append(f"item {items[i]} has no place")
    for p in range(len(places)):
        here = [i for i in place_of if place_of[i] == p]
        if instance.resource is not None and instance.capacity is not None:
            load = sum(instance.resource[i][p] for i in here)
            if load > instance.capacity[p] + 1e-6 * max(1.0, load):
                broken.append(f"place {places[p]} is loaded with {load:g}, its capacity is {instance.capacity[p]:g}")
        elif len(here) > 1:
            broken.append(f"place {places[p]} has {len(here)} items")
        elif short and not here:
            broken.append(f"place {places[p]} has no item")
    return broken


def _worth(instance: AssignmentInstance) -> tuple[Floats, Sense, str]:
    """Costs or values with NaN at forbidden pairs, the direction, and the name of the objective's part."""
    if instance.cost is not None:
        return np.array(instance.cost, dtype=np.float64), Sense.MINIMIZE, "cost"
    return np.array(instance.value, dtype=np.float64), Sense.MAXIMIZE, "value"


def _axis(ids: tuple[str | int, ...] | None) -> tuple[str, ...] | None:
    return None if ids is None else tuple(str(k) for k in ids)


def _pair_labels(instance: AssignmentInstance, column: Indices) -> Labels:
    """Names of the columns: a full grid, or the allowed pairs one by one when some are forbidden."""
    if (column >= 0).all():
        return Labels("assign", instance.shape, (_axis(instance.items), _axis(instance.places)))
    items, places = instance.item_ids, instance.place_ids
    pairs = tuple(f"{items[i]},{places[p]}" for i, p in np.argwhere(column >= 0).tolist())
    return Labels("assign", (len(pairs),), (pairs,))


def _sets(column: Indices) -> tuple[Ints, Indices]:
    """CSR of the columns in each line of a matrix of column numbers (-1: none)."""
    return np.concatenate([[0], np.cumsum((column >= 0).sum(axis=1))]), column[column >= 0]


def _linear_groups(instance: AssignmentInstance, column: Indices) -> Groups:
    """A permutation for a full square; else one set per item and per place, exactly one on the shorter side."""
    n, m = column.shape
    if n == m and (column >= 0).all():
        return _permutation(n)
    lines = (
        ("place_of", "an item goes to one place", column, instance.item_ids, n <= m),
        ("item_of", "a place takes one item", column.T, instance.place_ids, m <= n),
    )
    kinds, sets, labels = [], [], []
    for name, why, matrix, ids, needed in lines:
        used = (matrix >= 0).any(axis=1)
        kinds.append(np.full(np.count_nonzero(used), GroupKind.EXACTLY_ONE if needed else GroupKind.AT_MOST_ONE))
        sets.append(_sets(matrix[used]))
        labels.append(
            Labels(name, (len(kinds[-1]),), (tuple(str(ids[k]) for k in np.flatnonzero(used).tolist()),), why=why)
        )
    (first, head), (second, tail) = sets
    return Groups(
        np.concatenate(kinds),
        np.concatenate([first, first[-1] + second[1:]]),
        np.concatenate([head, tail]),
        NameTable(tuple(labels)),
    )


def _generalised_groups(instance: AssignmentInstance, column: Indices) -> Groups:
    """Every item goes to exactly one place."""
    indptr, index = _sets(column)
    labels = Labels("place_of", (len(column),), (_axis(instance.items),), why="an item goes to one place")
    return Groups(np.full(len(column), GroupKind.EXACTLY_ONE), indptr, index, NameTable((labels,)))


def _no_rows(instance: AssignmentInstance, column: Indices) -> Rows:
    return Rows()


def _capacities(instance: AssignmentInstance, column: Indices) -> Rows:
    """What the items of a place use of it is at most its capacity."""
    use = np.where(column >= 0, np.array(instance.resource, dtype=np.float64), 0.0).T
    used = np.where(use != 0, column.T, -1)
    indptr, index = _sets(used)
    labels = Labels("capacity", (len(use),), (_axis(instance.places),), why="a place has a capacity")
    capacity = np.array(instance.capacity, dtype=np.float64)
    return Rows(indptr, index, use[used >= 0], np.full(len(use), -np.inf), capacity, NameTable((labels,)))


def _permutation(n: int) -> Groups:
    why = "every item goes to one place, every place takes one item"
    labels = NameTable((Labels("permutation", why=why),))
    return Groups(np.array([GroupKind.PERMUTATION]), np.array([0, n * n]), np.arange(n * n, dtype=np.int32), labels)


def _quadratic(instance: AssignmentInstance, nonzeros: int) -> Problem:
    """Flow times distance over a permutation."""
    n = instance.shape[0]
    if nonzeros > MOST_PAIRS:
        rule = f"a quadratic assignment may have at most {MOST_PAIRS:,} pairs of columns"
        raise UnsupportedModelError(Issue(rule, f"{nonzeros:,} with {n} items"))
    parts = {"flow": flow_times_distance(np.array(instance.flow), np.array(instance.distance))}
    if instance.cost is not None:
        parts["cost"] = Polynomial(np.array(instance.cost, dtype=np.float64).ravel())
    labels = Labels("assign", (n, n), (_axis(instance.items), _axis(instance.places)))
    columns = Columns.binaries(NameTable((labels,)))
    return Problem.build(columns, parts, groups=_permutation(n), name=instance.name)


def flow_times_distance(flow: Floats, distance: Floats) -> Polynomial:
    """``sum flow[i, k] * distance[p, q] * x[i, p] * x[k, q]`` over a permutation x, row-major.

    Pairs of the same item or of the same place never hold both and are left out; (i, k) and (k, i) are merged into one
    pair. Blocks come sorted, item by item, so nothing is sorted afterwards: O(n^4) time and memory where all flows and
    distances count.
    """
    n = len(flow)
    rows, cols, values = [], [], []
    place = np.arange(n)
    for i in range(n - 1):
        partner = i + 1 + np.flatnonzero((flow[i, i + 1 :] != 0) | (flow[i + 1 :, i] != 0))
        # block[p, k, q]: the price of i at p and partner k at q
        block = flow[i, partner][None, :, None] * distance[:, None, :]
        block += flow[partner, i][None, :, None] * distance.T[:, None, :]
        block[place, :, place] = 0.0
        p, k, q = np.nonzero(block)
        rows.append((i * n + p).astype(np.int32))
        cols.append((partner[k] * n + q).astype(np.int32))
        values.append(block[p, k, q])
    linear = np.outer(np.diagonal(flow), np.diagonal(distance)).ravel()
    if not rows:
        return Polynomial(linear)
    return Polynomial(linear, np.concatenate(rows), np.concatenate(cols), np.concatenate(values))


def _tidy(value: float) -> int | float:
    return int(value) if float(value).is_integer() else float(value)


PLUGIN = Assignment()
