"""networkx graphs in memory, as instances of the family ``graph``; ``task`` says what is looked for."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qopt.core.errors import Issue, ModelError, UnsupportedModelError
from qopt.models.families.graph import TASKS, WITH_EDGE_WEIGHTS, WITH_NODE_WEIGHTS, GraphInstance


@dataclass(frozen=True)
class Networkx:
    """Door for undirected graphs and multigraphs of networkx."""

    suffixes: tuple[str, ...] = ()
    objects: bool = True

    def accepts(self, path: Path, text: str) -> bool:
        """False: this door takes objects."""
        return False

    def members(self, text: str) -> Sequence[str]:
        """None: this door takes objects."""
        return ()

    def accepts_object(self, thing: Any) -> bool:
        """Whether the thing is a graph of networkx, which is not imported to find out."""
        modules = (base.__module__ for base in type(thing).__mro__)
        return any(module.startswith("networkx.") for module in modules) and hasattr(thing, "is_directed")

    def read(
        self,
        source: Any,
        *,
        base_dir: Path | None = None,
        member: str | None = None,
        task: str | None = None,
        weight: str = "weight",
        colours: int | Sequence[str] | None = None,
        parts: int | None = None,
        balance: float | None = None,
    ) -> GraphInstance:
        """The graph with a task. Nothing in it is changed.

        Parameters
        ----------
        source
            A networkx Graph or MultiGraph; weights of parallel edges are added up. Nodes that are neither text nor
            whole numbers are called by their text, ``(0, 1)`` by ``0,1``.
        task
            ``max_cut``, ``independent_set``, ``clique``, ``colouring`` or ``partition``.
        weight
            Attribute that holds the weight of an edge or a node, 1 where it is missing; read only where the task has
            such weights.
        colours, parts, balance
            As in the family's documents.

        Raises
        ------
        UnsupportedModelError
            A directed graph.
        ModelError
            No task, nodes that read the same, an edge from a node to itself, or a weight that is no finite number.
        """
        if task is None:
            raise ModelError(
                Issue("a graph needs a task", suggestion=f'give one, as in task="{TASKS[0]}": {", ".join(TASKS)}')
            )
        task = "colouring" if task == "coloring" else task
        if source.is_directed():
            raise UnsupportedModelError(Issue("a directed graph is not carried", suggestion="give G.to_undirected()"))
        nodes: list[Hashable] = list(source)
        position = {node: k for k, node in enumerate(nodes)}
        edges = list(source.edges(data=weight, default=1))
        loop = next((a for a, b, _ in edges if a == b), None)
        if loop is not None:
            suggestion = "G.remove_edges_from(list(nx.selfloop_edges(G)))"
            raise ModelError(Issue("an edge joins two different nodes", f"{loop!r} to itself", suggestion=suggestion))
        given: dict[str, Any] = {"colours": colours, "parts": parts, "balance": balance}
        if task in WITH_EDGE_WEIGHTS:
            given["weight"] = [_number(value, f"edge {a!r} to {b!r}") for a, b, value in edges]
        if task in WITH_NODE_WEIGHTS:
            given["node_weight"] = [_number(value, f"node {node!r}") for node, value in source.nodes(weight, default=1)]
        return GraphInstance.from_arrays(
            task,
            [_id(node) for node in nodes],
            [position[a] for a, _, _ in edges],
            [position[b] for _, b, _ in edges],
            name=str(source.name) or "graph",
            **{key: value for key, value in given.items() if value is not None},
        )


def _id(node: Any) -> str | int:
    if isinstance(node, (str, int)) and not isinstance(node, bool):
        return node
    return ",".join(map(str, node)) if isinstance(node, tuple) else str(node)


def _number(value: Any, what: str) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise ModelError(Issue(f"the weight of {what} is a number", repr(value))) from None


PLUGIN = Networkx()
