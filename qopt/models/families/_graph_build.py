"""The tasks of a graph as Problems, in arrays throughout."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qopt.core.arrays import Floats, Indices
from qopt.core.errors import Issue, UnsupportedModelError
from qopt.core.names import Labels, NameTable
from qopt.core.polynomial import Polynomial
from qopt.core.problem import Columns, Kind, Problem, Sense
from qopt.core.rows import GroupKind, Groups, Rows
from qopt.models.expressions.builder import joined_rows
from qopt.models.families._graph_document import GraphInstance

MOST_NONZEROS = 30_000_000
"""Largest number of nonzeros in rows and objective together (about 0.5 GB)."""


def size(instance: GraphInstance, formulation: str) -> tuple[int, int]:
    """Columns, and nonzeros of objective, rows and groups together (an upper bound)."""
    n, m = len(instance.ids), len(instance.edges)
    if instance.task == "colouring":
        k = instance.most_colours
        return n * k + (k if instance.colours is None else 0), k * (3 * m + 3 * n + 3)
    if instance.task == "partition":
        k = instance.parts or 2
        return n * k, k * (m + 3 * n)
    if instance.task == "clique":
        return n, n * (n - 1) - 2 * m + n
    return n, n + (m if instance.task == "max_cut" else 2 * m)


def build(instance: GraphInstance, formulation: str) -> Problem:
    """The instance in a formulation that its task has."""
    nonzeros = size(instance, formulation)[1]
    if nonzeros > MOST_NONZEROS:
        rule = f"a {instance.task} may have at most {MOST_NONZEROS:,} nonzeros"
        raise UnsupportedModelError(Issue(rule, f"{nonzeros:,} with {len(instance.ids):,} nodes"))
    if instance.task == "max_cut":
        return _cut_of_spins(instance) if formulation == "spins" else _cut_of_bits(instance)
    if instance.task == "colouring":
        return _colouring(instance)
    return _partition(instance) if instance.task == "partition" else _selection(instance)


def _cut_of_bits(instance: GraphInstance) -> Problem:
    """The weight of u to v counts ``x_u + x_v - 2 x_u x_v`` times."""
    graph, n = instance.arrays, len(instance.ids)
    ends = np.concatenate([graph.first, graph.second])
    linear = np.bincount(ends, weights=np.tile(graph.weight, 2), minlength=n)
    cut = Polynomial.from_pairs(linear, graph.first, graph.second, -2 * graph.weight)
    columns = Columns.binaries(NameTable((_labels("side", instance.ids),)))
    return Problem.build(columns, {"cut": cut}, sense=Sense.MAXIMIZE, name=instance.name)


def _cut_of_spins(instance: GraphInstance) -> Problem:
    """The weight of u to v counts ``(1 - s_u s_v) / 2`` times."""
    graph, n = instance.arrays, len(instance.ids)
    half = graph.weight / 2
    cut = Polynomial.from_pairs(np.zeros(n), graph.first, graph.second, -half, offset=float(half.sum()))
    names = NameTable((_labels("spin", instance.ids),))
    columns = Columns(np.full(n, Kind.SPIN), np.full(n, -1.0), np.ones(n), names)
    return Problem.build(columns, {"cut": cut}, sense=Sense.MAXIMIZE, name=instance.name)


def _selection(instance: GraphInstance) -> Problem:
    """At most one end of every edge (independent set), or of every pair without an edge (clique)."""
    graph, n = instance.arrays, len(instance.ids)
    if instance.task == "independent_set":
        first, second, name, why = graph.first, graph.second, "edge", "joined nodes exclude each other"
    else:
        joined = np.eye(n, dtype=bool)
        joined[graph.first, graph.second] = joined[graph.second, graph.first] = True
        first, second = (part.astype(np.int32) for part in np.nonzero(np.triu(~joined)))
        name, why = "apart", "nodes that are not joined exclude each other"
    pairs = np.stack([first, second], axis=1)
    labels = Labels(name, (len(pairs),), (_ends(instance.ids, first, second),), why=why)
    return Problem.build(
        Columns.binaries(NameTable((_labels("take", instance.ids),))),
        {"weight": Polynomial(graph.node)},
        rows=_sums(pairs, np.ones(pairs.shape), 1.0, labels),
        sense=Sense.MAXIMIZE,
        name=instance.name,
    )


def _colouring(instance: GraphInstance) -> Problem:
    """One colour for every node; where few colours are wanted, they are used in their order."""
    graph, n, k = instance.arrays, len(instance.ids), instance.most_colours
    fewest = instance.colours is None
    colour, palette = np.arange(n * k, dtype=np.int32).reshape(n, k), instance.colour_names
    labels = [_labels("colour", instance.ids, (k, palette))]
    ends, edges = _ends(instance.ids, graph.first, graph.second), len(graph.first)
    members = [colour[graph.first].ravel(), colour[graph.second].ravel()]
    why = Labels("edge", (edges, k), (ends, palette), why="joined nodes differ in colour")
    if not fewest:
        pairs = np.stack(members, axis=1)
        rows, objective = _sums(pairs, np.ones(pairs.shape), 1.0, why), Polynomial.zero(n * k)
    else:
        labels.append(Labels("used", (k,)))
        used = np.arange(n * k, n * k + k, dtype=np.int32)
        triples = np.stack([*members, np.tile(used, edges)], axis=1)
        lonely = np.setdiff1d(np.arange(n), np.concatenate([graph.first, graph.second]))
        alone = np.stack([colour[lonely].ravel(), np.tile(used, len(lonely))], axis=1)
        texts = tuple(str(instance.ids[v]) for v in lonely.tolist())
        steps = np.stack([used[1:], used[:-1]], axis=1)
        rows = joined_rows(
            [
                _sums(triples, np.broadcast_to([1.0, 1.0, -1.0], triples.shape), 0.0, why),
                _sums(
                    alone, np.broadcast_to([1.0, -1.0], alone.shape), 0.0, Labels("alone", (len(lonely), k), (texts,))
                ),
                _sums(steps, np.broadcast_to([1.0, -1.0], steps.shape), 0.0, Labels("in_order", (k - 1,))),
            ]
        )
        objective = Polynomial(np.concatenate([np.zeros(n * k), np.ones(k)]))
    return Problem.build(
        Columns.binaries(NameTable(tuple(labels))),
        {"colours": objective},
        rows=rows,
        groups=_one_each("one_colour", instance.ids, colour, "a node has one colour"),
        name=instance.name,
    )


def _partition(instance: GraphInstance) -> Problem:
    """One part for every node; an edge counts unless its ends share a part."""
    graph, n, k = instance.arrays, len(instance.ids), instance.parts or 2
    part = np.arange(n * k, dtype=np.int32).reshape(n, k)
    cut = Polynomial.from_pairs(
        np.zeros(n * k),
        part[graph.first].ravel(),
        part[graph.second].ravel(),
        np.repeat(-graph.weight, k),
        offset=float(graph.weight.sum()),
    )
    low, high = share(graph.node, k, instance.balance or 0.0)
    heavy = np.flatnonzero(graph.node)
    rows = Rows(
        np.arange(k + 1) * len(heavy),
        part[heavy].T.ravel(),
        np.tile(graph.node[heavy], k),
        np.full(k, low),
        np.full(k, high),
        NameTable((Labels("size", (k,), why="parts are of even size"),)),
    )
    return Problem.build(
        Columns.binaries(NameTable((_labels("part", instance.ids, (k, None)),))),
        {"cut": cut},
        rows=rows,
        groups=_one_each("one_part", instance.ids, part, "a node is in one part"),
        name=instance.name,
    )


def share(weight: Floats, parts: int, balance: float) -> tuple[float, float]:
    """Least and most that a part may weigh: the even share, less and more by a fraction of it.

    Whole weights round both outwards (the upper side as in KaHIP), so that balance 0 is as even as whole numbers allow.
    """
    even = float(weight.sum()) / parts
    low, high = (1 - balance) * even, (1 + balance) * even
    return (float(np.floor(low)), float(np.ceil(high))) if np.all(weight == np.rint(weight)) else (low, high)


def _labels(name: str, ids: Sequence[str | int], *more: tuple[int, tuple[str, ...] | None]) -> Labels:
    """Names over the nodes, and perhaps over colours or parts."""
    numbered = list(ids) == list(range(len(ids)))
    axis = None if numbered else tuple(str(label) for label in ids)
    return Labels(name, (len(ids), *(count for count, _ in more)), (axis, *(labels for _, labels in more)))


def _ends(ids: Sequence[str | int], first: Indices, second: Indices) -> tuple[str, ...]:
    """Names of pairs of nodes."""
    return tuple(f"{ids[a]},{ids[b]}" for a, b in zip(first.tolist(), second.tolist()))


def _sums(index: Indices, value: Floats, upper: float, labels: Labels) -> Rows:
    """Rows ``value @ x[index] <= upper`` with the same number of columns each: index and value (rows, columns)."""
    count, width = index.shape
    names = NameTable((labels,)) if count else NameTable()
    return Rows(
        np.arange(count + 1) * width,
        index.ravel(),
        value.ravel(),
        np.full(count, -np.inf),
        np.full(count, upper),
        names,
    )


def _one_each(name: str, ids: Sequence[str | int], column: Indices, why: str) -> Groups:
    """Exactly one column of every line; a line of one column needs no less."""
    n, k = column.shape
    labels = _labels(name, ids)
    named = Labels(labels.name, labels.shape, labels.axes, why=why)
    return Groups(np.full(n, GroupKind.EXACTLY_ONE), np.arange(n + 1) * k, column.ravel(), NameTable((named,)))
