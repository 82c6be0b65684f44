"""The plain judge of plans on graphs: loops over nodes and edges, nothing shared with the other judges."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil, floor
from typing import Any

from qopt.models.families._graph_document import GraphInstance, Node


def faults(instance: GraphInstance, plan: Mapping[str, Any]) -> list[str]:
    """Every rule that a plan breaks, one sentence each."""
    if instance.task in ("independent_set", "clique"):
        return _set(instance, plan)
    if instance.task == "max_cut":
        broken = _classes(instance, plan["sides"], ["0", "1"], "side")
        return broken or _cut(instance, plan["sides"], plan["cut"])
    if instance.task == "partition":
        broken = _classes(instance, plan["parts"], [str(p) for p in range(instance.parts or 2)], "part")
        return broken or _sizes(instance, plan["parts"]) + _cut(instance, plan["parts"], plan["cut"])
    colours = [str(c) for c in instance.colours] if isinstance(instance.colours, tuple) else None
    if isinstance(instance.colours, int):
        colours = [str(c) for c in range(instance.colours)]
    broken = _classes(instance, plan["colours"], colours, "colour")
    for edge in instance.edges:
        a, b = str(edge[0]), str(edge[1])
        if a in plan["colours"] and plan["colours"][a] == plan["colours"].get(b):
            broken.append(f"{a} and {b} are joined and both have colour {plan['colours'][a]}")
    different = {str(colour) for colour in plan["colours"].values()}
    if not broken and len(different) != plan["used"]:
        broken.append(f"the plan says {plan['used']} colours are used, it uses {len(different)}")
    return broken


def _nodes(instance: GraphInstance) -> dict[str, float]:
    """Every node as text, with its weight."""
    if instance.nodes is not None:
        return {
            str(node.id if isinstance(node, Node) else node): node.weight if isinstance(node, Node) else 1.0
            for node in instance.nodes
        }
    return {str(end): 1.0 for edge in instance.edges for end in edge[:2]}


def _set(instance: GraphInstance, plan: Mapping[str, Any]) -> list[str]:
    weights = _nodes(instance)
    chosen = [str(node) for node in plan["set"]]
    broken = [f"there is no node {node}" for node in chosen if node not in weights]
    if len(set(chosen)) < len(chosen):
        broken.append("a node is listed twice")
    joined = {frozenset((str(edge[0]), str(edge[1]))) for edge in instance.edges}
    for k, a in enumerate(chosen):
        for b in chosen[:k]:
            if instance.task == "independent_set" and frozenset((a, b)) in joined:
                broken.append(f"{b} and {a} are joined")
            if instance.task == "clique" and frozenset((a, b)) not in joined:
                broken.append(f"{b} and {a} are not joined")
    weight = sum(weights.get(node, 0.0) for node in chosen)
    if not broken and abs(weight - plan["weight"]) > 1e-6 * max(1.0, weight):
        broken.append(f"the plan states a weight of {plan['weight']:g}, its nodes weigh {weight:g}")
    return broken


def _classes(instance: GraphInstance, view: Mapping[str, Any], known: list[str] | None, what: str) -> list[str]:
    """Every node has one class, of those that there are (None: of any)."""
    nodes = _nodes(instance)
    broken = [f"there is no node {node}" for node in view if node not in nodes]
    for node in nodes:
        if node not in view:
            broken.append(f"{node} has no {what}")
        elif isinstance(view[node], list):
            broken.append(f"{node} has {len(view[node])} {what}s")
        elif known is not None and str(view[node]) not in known:
            broken.append(f"{node} has {what} {view[node]}, there are: {', '.join(known)}")
    return broken


def _sizes(instance: GraphInstance, view: Mapping[str, Any]) -> list[str]:
    weights = _nodes(instance)
    count, balance = instance.parts or 2, instance.balance or 0.0
    total = sum(weights.values())
    low, high = (1 - balance) * total / count, (1 + balance) * total / count
    if all(weight == int(weight) for weight in weights.values()):
        low, high = floor(low), ceil(high)
    broken = []
    for part in range(count):
        load = sum(weights[node] for node in weights if str(view[node]) == str(part))
        if not low - 1e-6 * max(1.0, load) <= load <= high + 1e-6 * max(1.0, load):
            broken.append(f"part {part} weighs {load:g}, between {low:g} and {high:g} are allowed")
    return broken


def _cut(instance: GraphInstance, view: Mapping[str, Any], stated: float) -> list[str]:
    cut = 0.0
    for edge in instance.edges:
        if view[str(edge[0])] != view[str(edge[1])]:
            cut += edge[2] if len(edge) == 3 else 1.0
    off = abs(cut - stated) > 1e-6 * max(1.0, abs(cut))
    return [f"the plan states a cut of {stated:g}, it is {cut:g}"] if off else []
