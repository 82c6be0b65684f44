"""Graph: the largest cut, the heaviest independent set or clique, a colouring, or an even partition of a graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from qopt.core.arrays import Floats
from qopt.core.errors import ModelError, RecordError
from qopt.core.problem import Problem
from qopt.core.solution import Solution
from qopt.models.families import _graph_build
from qopt.models.families._graph_check import faults
from qopt.models.families._graph_document import TASKS, WITH_EDGE_WEIGHTS, WITH_NODE_WEIGHTS, GraphInstance, Node
from qopt.models.plans import entries, named_nonzeros

__all__ = ["PLUGIN", "TASKS", "WITH_EDGE_WEIGHTS", "WITH_NODE_WEIGHTS", "Graph", "GraphInstance", "Node"]

_VIEW = {"max_cut": "sides", "colouring": "colours", "partition": "parts"}
"""Where a plan says the class of every node; the other tasks have a ``set`` of nodes."""


@dataclass(frozen=True)
class Graph:
    """The family of problems on graphs."""

    name: str = "graph"
    instance: type[GraphInstance] = GraphInstance
    formulations: Mapping[str, str] = field(
        default_factory=lambda: {
            "bits": "one binary column per node, or per node and colour or part",
            "spins": "max_cut: one spin per node",
        }
    )

    def offers(self, instance: GraphInstance) -> tuple[str, ...]:
        """The formulations that the instance's task has."""
        return ("bits", "spins") if instance.task == "max_cut" else ("bits",)

    def choose(self, instance: GraphInstance, purpose: str) -> str:
        """Bits, for every purpose: their coefficients are whole where the weights are."""
        return "bits"

    def size(self, instance: GraphInstance, formulation: str = "bits") -> tuple[int, int]:
        """Columns, and nonzeros of objective, rows and groups together (an upper bound)."""
        return _graph_build.size(instance, formulation)

    def build(self, instance: GraphInstance, *, formulation: str = "auto", pool: Any = None) -> Problem:
        """The instance as a Problem over ``side``, ``spin``, ``take``, ``colour`` (and ``used``) or ``part``.

        Raises
        ------
        ModelError
            No such formulation, or one that the task does not have.
        UnsupportedModelError
            More than ``MOST_NONZEROS`` nonzeros.
        """
        name = self.choose(instance, "sample") if formulation == "auto" else formulation
        if name not in self.formulations:
            raise ModelError(f"graph has no formulation {name!r}; it has: {', '.join(self.formulations)}")
        if name not in self.offers(instance):
            raise ModelError(f"{instance.task} has no formulation {name!r}; it has: {', '.join(self.offers(instance))}")
        return _graph_build.build(instance, name)

    def interpret(self, instance: GraphInstance, solution: Solution) -> dict[str, Any]:
        """The plan: ``sides`` and ``cut``, ``set`` and ``weight``, ``colours`` and ``used``, or ``parts`` and ``cut``.

        Sides are 0 and 1, colours their names or numbers. A node with several colours or parts has the list of them, a
        node without any is left out: no feasible plan has such nodes.
        """
        assert solution.values is not None and solution.labels is not None
        values, graph, ids = solution.values > 0.5, instance.arrays, instance.ids
        plan: dict[str, Any] = {"values": named_nonzeros(solution.labels, solution.values)}
        if instance.task in ("independent_set", "clique"):
            chosen = np.flatnonzero(values)
            return plan | {"set": [ids[v] for v in chosen.tolist()], "weight": _tidy(graph.node[chosen].sum())}
        if instance.task == "max_cut":
            plan["sides"] = {str(label): int(side) for label, side in zip(ids, values)}
            return plan | {"cut": _tidy(graph.weight[values[graph.first] != values[graph.second]].sum())}
        count = instance.most_colours if instance.task == "colouring" else instance.parts or 2
        table = values[: len(ids) * count].reshape(len(ids), count)
        names = instance.colour_names or range(count)
        classes = [[names[c] for c in np.flatnonzero(line).tolist()] for line in table]
        view = {str(label): own[0] if len(own) == 1 else own for label, own in zip(ids, classes) if own}
        if instance.task == "colouring":
            return plan | {"colours": view, "used": int(table.any(axis=0).sum())}
        together = (table[graph.first] & table[graph.second]).any(axis=1)
        return plan | {"parts": view, "cut": _tidy(graph.weight[~together].sum())}

    def restore(self, instance: GraphInstance, plan: Mapping[str, Any]) -> Floats:
        """A plan's own view as column values of the formulation ``bits``.

        Where few colours are wanted the plan's colours are taken in the order in which the nodes show them, so that any
        names will do.

        Raises
        ------
        RecordError
            The view is missing, or names a node, side, colour or part that the instance does not have.
        """
        if instance.task in ("independent_set", "clique"):
            values = np.zeros(len(instance.ids))
            for k, label in enumerate(entries(plan, "set")):
                values[_node(instance, label, f"set[{k}]")] = 1.0
            return values
        view = _VIEW[instance.task]
        given = plan.get(view)
        if not isinstance(given, Mapping):
            raise RecordError(f"the plan has no {view!r} by node")
        fixed = _class_names(instance)
        known = {name: c for c, name in enumerate(fixed or ())}
        count = instance.most_colours if fixed is None else len(fixed)
        nodes = {_node(instance, label, view): str(own) for label, own in given.items()}
        table = np.zeros((len(instance.ids), count))
        for node, own in sorted(nodes.items()):
            at = known.setdefault(own, len(known)) if fixed is None else known.get(own, count)
            if at >= count:
                there_are = f"{count} are enough" if fixed is None else f"there are: {', '.join(fixed)}"
                raise RecordError(f"{view}: node {instance.ids[node]} has {own}; {there_are}")
            table[node, at] = 1.0
        if instance.task == "max_cut":
            if len(nodes) < len(instance.ids):
                raise RecordError(f"sides: {len(nodes)} nodes have one, {instance.name} has {len(instance.ids)} nodes")
            return np.array(table[:, 1])
        return np.concatenate([table.ravel(), table.any(axis=0)]) if fixed is None else table.ravel()

    def key(self, plan: Mapping[str, Any]) -> Any:
        """Two plans are the same when they differ in the names of sides, colours or parts alone."""
        if "set" in plan:
            return tuple(sorted(str(node) for node in plan["set"]))
        view = next(plan[name] for name in _VIEW.values() if name in plan)
        classes: dict[str, list[str]] = {}
        for node, own in view.items():
            classes.setdefault(str(own), []).append(str(node))
        return tuple(sorted(tuple(sorted(nodes)) for nodes in classes.values()))

    def example(self) -> GraphInstance:
        """Six speakers, two rooms: as much rivalry as possible between the rooms, though one triangle cannot be cut."""
        return GraphInstance(
            name="two-rooms",
            task="max_cut",
            edges=(
                ("ada", "ben", 4.0),
                ("ben", "cem", 3.0),
                ("ada", "cem", 2.0),
                ("cem", "dua"),
                ("dua", "eve", 5.0),
                ("eve", "fay", 2.0),
                ("ben", "fay"),
            ),
        )

    def generate(self, size: int, *, seed: int, task: str = "") -> GraphInstance:
        """A random graph of ``size`` nodes with about three edges each; without ``task`` the seed chooses it."""
        rng = np.random.default_rng(seed)
        task = task or TASKS[seed % 5]
        n = max(2, size)
        first, second = np.triu_indices(n, 1)
        drawn = rng.random(len(first)) < (0.5 if task == "clique" else min(0.5, 6 / n))
        weights = {"weight": rng.integers(1, 10, int(drawn.sum()))} if task in WITH_EDGE_WEIGHTS else {}
        if task in ("independent_set", "clique"):
            weights = {"node_weight": rng.integers(1, 10, n)}
        return GraphInstance.from_arrays(task, n, first[drawn], second[drawn], name=f"{task}-{size}-{seed}", **weights)

    def domain_check(self, instance: GraphInstance, plan: Mapping[str, Any]) -> list[str]:
        """Every rule that a plan breaks, one sentence each."""
        return faults(instance, plan)


def _node(instance: GraphInstance, label: Any, where: str) -> int:
    node = instance.position.get(str(label))
    if node is None:
        raise RecordError(f"{where} names {label!r}, which is no node of {instance.name}")
    return node


def _class_names(instance: GraphInstance) -> tuple[str, ...] | None:
    """Names of the sides, colours or parts; None where any name of a colour will do."""
    if instance.task == "colouring" and instance.colours is None:
        return None
    counts = {"max_cut": 2, "partition": instance.parts or 2}
    count = instance.most_colours if instance.task == "colouring" else counts[instance.task]
    return instance.colour_names or tuple(map(str, range(count)))


def _tidy(value: float) -> int | float:
    return int(value) if float(value).is_integer() else float(value)


PLUGIN = Graph()
