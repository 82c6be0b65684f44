"""The document of a graph problem, the rules between its fields, and its arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike
from pydantic import BeforeValidator, Field, ValidationError, model_validator
from pydantic import Strict as Exact

from qopt.core.arrays import Floats, Indices, frozen
from qopt.core.errors import Issue, ModelError, Place
from qopt.models.families._graph_colours import greedy
from qopt.models.faults import Fault, refuse
from qopt.models.instance import Instance, Name, Strict, path_text

Id = Name | Annotated[int, Exact()]
Number = Annotated[float, Exact()]
Edge = tuple[Id, Id] | tuple[Id, Id, Number]

TASKS = ("max_cut", "independent_set", "clique", "colouring", "partition")
WITH_NODE_WEIGHTS = ("independent_set", "clique", "partition")
WITH_EDGE_WEIGHTS = ("max_cut", "partition")


def _spelling(task: Any) -> Any:
    return "colouring" if task == "coloring" else task


class Node(Strict):
    """A node with its weight: what it counts for in a set, a clique or a part."""

    id: Id
    weight: Annotated[float, Exact(), Field(ge=0)] = 1.0


@dataclass(frozen=True, eq=False)
class Arrays:
    """A graph by number: edge e joins nodes ``first[e] < second[e]`` with ``weight[e]``; ``node`` weighs the nodes."""

    first: Indices
    second: Indices
    weight: Floats
    node: Floats


class GraphInstance(Instance):
    """A graph, and what is looked for in it.

    Parameters
    ----------
    task
        ``max_cut``: two sides with the heaviest edges between them. ``independent_set``: the heaviest set of nodes that
        no edge joins. ``clique``: the heaviest set of nodes that are all joined. ``colouring``: a colour for every
        node, no edge with one colour at both ends. ``partition``: parts of even size with the lightest edges between.
    nodes
        Ids, or ``{id: …, weight: …}`` (weight 1 when left out). Left out: the ends of the edges, as they first occur.
    edges
        Two ids each, and the weight where the task has one (max_cut, partition; 1 when left out).
    colours
        Colouring: how many colours there are, or their names. Left out: as few colours as possible are used.
    parts
        Partition: how many parts; 2 when left out.
    balance
        Partition: how far the weight of a part may be from an even share, as a fraction of that share; 0 is as even as
        whole numbers allow.
    """

    family: ClassVar[str] = "graph"

    problem: Literal["graph"] = "graph"
    task: Annotated[
        Literal["max_cut", "independent_set", "clique", "colouring", "partition"], BeforeValidator(_spelling)
    ]
    nodes: tuple[Id | Node, ...] | None = None
    edges: tuple[Edge, ...] = ()
    colours: Annotated[int, Exact(), Field(ge=1, le=100_000)] | tuple[Name, ...] | None = None
    parts: Annotated[int, Exact(), Field(ge=2, le=100_000)] | None = None
    balance: Annotated[float, Field(ge=0, le=1)] | None = None

    @model_validator(mode="after")
    def _consistent(self) -> GraphInstance:
        refuse("graph", _foreign(self) or _repeated(self) or _loose(self))
        return self

    @classmethod
    def from_arrays(
        cls,
        task: str,
        nodes: int | Sequence[str | int],
        first: ArrayLike,
        second: ArrayLike,
        weight: ArrayLike | None = None,
        *,
        node_weight: ArrayLike | None = None,
        **fields: Any,
    ) -> GraphInstance:
        """An instance from arrays of edges; parallel edges are merged and their weights added up.

        Parameters
        ----------
        nodes
            Ids, or how many nodes there are, called 0, 1, …
        first, second
            Shape (edges,): 0-based positions of the ends.
        weight, node_weight
            Shapes (edges,) and (nodes,); None: 1 each. A task that has no such weights refuses other ones.
        fields
            Other fields, such as ``name``, ``colours`` or ``balance``.

        Raises
        ------
        ModelError
            An edge that ends at no node, or what a document would be refused for.
        """
        ids = list(range(nodes)) if isinstance(nodes, int) else list(nodes)
        a, b = (np.asarray(part, dtype=np.int64).ravel() for part in (first, second))
        outside = [end for end in (*a.tolist(), *b.tolist()) if not 0 <= end < len(ids)]
        if outside:
            raise ModelError(Issue(f"an edge ends at a position in 0..{len(ids) - 1}", str(outside[0])))
        key, inverse = np.unique(np.minimum(a, b) * len(ids) + np.maximum(a, b), return_inverse=True)
        ends = [[ids[k] for k in part.tolist()] for part in np.divmod(key, max(1, len(ids)))]
        edges: Any = list(zip(*ends))
        if weight is not None:
            total: Any = np.bincount(inverse, np.asarray(weight, dtype=np.float64).ravel(), minlength=len(key))
            edges = list(zip(*ends, total.tolist()))
        given: Any = ids
        if node_weight is not None:
            weights = np.asarray(node_weight, dtype=np.float64).tolist()
            given = [{"id": label, "weight": w} for label, w in zip(ids, weights, strict=True)]
        try:
            return cls.model_validate({"task": task, "nodes": given, "edges": edges, **fields})
        except ValidationError as error:
            raise ModelError([_issue(found) for found in error.errors(include_url=False)]) from None

    @cached_property
    def ids(self) -> tuple[str | int, ...]:
        """Ids of the nodes, in their order."""
        if self.nodes is None:
            return tuple({str(end): end for edge in self.edges for end in edge[:2]}.values())
        return tuple(node.id if isinstance(node, Node) else node for node in self.nodes)

    @cached_property
    def position(self) -> dict[str, int]:
        """The number of every node, by its id as text."""
        return {str(label): k for k, label in enumerate(self.ids)}

    @cached_property
    def arrays(self) -> Arrays:
        """The graph by number."""
        count, position = len(self.edges), self.position
        ends = np.fromiter((position[str(end)] for edge in self.edges for end in edge[:2]), np.int32, 2 * count)
        ends = np.sort(ends.reshape(-1, 2), axis=1)
        weight = np.fromiter((edge[2] if len(edge) == 3 else 1.0 for edge in self.edges), np.float64, count)
        node = np.ones(len(self.ids))
        for k, given in enumerate(self.nodes or ()):
            node[k] = given.weight if isinstance(given, Node) else 1.0
        return Arrays(
            frozen(ends[:, 0], np.int32), frozen(ends[:, 1], np.int32), frozen(weight, float), frozen(node, float)
        )

    @cached_property
    def most_colours(self) -> int:
        """How many colours there are; where few are wanted, as many as a greedy colouring needs."""
        if self.colours is None:
            return max(greedy(len(self.ids), self.arrays.first, self.arrays.second)) + 1
        return self.colours if isinstance(self.colours, int) else len(self.colours)

    @property
    def colour_names(self) -> tuple[str, ...] | None:
        """Names of the colours; None where they are numbered from 0."""
        return self.colours if isinstance(self.colours, tuple) else None


def _issue(found: Any) -> Issue:
    """What pydantic found, as an issue at a path of the instance."""
    return Issue(str(found["msg"]), repr(found["input"]), Place(path=path_text(found["loc"])))


def _foreign(instance: GraphInstance) -> list[Fault]:
    """Fields that belong to another task; no nodes, or fewer nodes than parts."""
    task = instance.task
    owner = {"colours": "colouring", "parts": "partition", "balance": "partition"}
    faults: list[Fault] = [
        ((name,), f"{name} belongs to the task {of}, this one is {task}", getattr(instance, name))
        for name, of in owner.items()
        if task != of and getattr(instance, name) is not None
    ]
    if task not in WITH_NODE_WEIGHTS:
        for k, node in enumerate(instance.nodes or ()):
            if isinstance(node, Node) and node.weight != 1:
                faults.append((("nodes", k, "weight"), f"nodes have no weight in the task {task}", node.weight))
    if task not in WITH_EDGE_WEIGHTS:
        for k, edge in enumerate(instance.edges):
            if len(edge) == 3 and edge[2] != 1:
                faults.append((("edges", k, 2), f"edges have no weight in the task {task}", edge[2]))
    if not instance.nodes and not instance.edges:
        faults.append((("edges",), "a graph has nodes: list edges, or nodes", None))
    if instance.colours == ():
        faults.append((("colours",), "at least one colour is needed", "[]"))
    return faults


def _repeated(instance: GraphInstance) -> list[Fault]:
    """Ids and names of colours that occur twice."""
    faults: list[Fault] = []
    for field, labels in (("nodes", instance.ids if instance.nodes else ()), ("colours", instance.colour_names or ())):
        seen: set[str] = set()
        for k, label in enumerate(labels):
            if str(label) in seen:
                faults.append(((field, k), f"an id may occur once in {field}", label))
            seen.add(str(label))
    if instance.task == "partition" and (instance.parts or 2) > len(instance.ids):
        rule = f"a graph of {len(instance.ids)} nodes has at most as many parts"
        faults.append((("parts",), rule, instance.parts))
    return faults


def _loose(instance: GraphInstance) -> list[Fault]:
    """Edges with an end that is no node, with one node at both ends, or that occur twice."""
    faults: list[Fault] = []
    position = instance.position
    seen: set[tuple[int, int]] = set()
    for k, edge in enumerate(instance.edges):
        a, b = position.get(str(edge[0])), position.get(str(edge[1]))
        if a is None or b is None:
            where = 0 if a is None else 1
            faults.append((("edges", k, where), "an edge ends at nodes of the graph", edge[where]))
            continue
        pair = (a, b) if a < b else (b, a)
        if a == b:
            faults.append((("edges", k), "an edge joins two different nodes", edge[0]))
        elif pair in seen:
            rule = "an edge may occur once; add its weights up"
            faults.append((("edges", k), rule, f"{edge[0]} to {edge[1]} again"))
        seen.add(pair)
    return faults
