"""Formulation ``arcs`` of routing: which arcs are driven, and a flow that forbids rounds without the depot.

Bezalel Gavish and Stephen Graves, "The Travelling Salesman Problem and Related Problems", 1978: a single commodity
leaves the depot and every visit keeps its part. Its relaxation is stronger than that of ordering variables (Miller,
Tucker and Zemlin, 1960). Where every visit has a load, the load itself is the commodity, which also holds the capacity.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from qopt.core.arrays import Floats, Ints
from qopt.core.forms.routes import Proposal, Routes
from qopt.core.names import Labels, NameTable
from qopt.core.polynomial import Polynomial
from qopt.core.problem import Columns, Kind, Problem
from qopt.core.rows import GroupKind, Groups, Rows


def commodities(form: Routes) -> list[tuple[str, Floats, float]]:
    """The flows that are needed, ``(name, kept at each node, most on an arc)``: the load, visits counted, or both."""
    demand = form.demand[1:]
    out = []
    if float(demand.sum()) > form.capacity:
        out.append(("load", np.array(form.demand), form.capacity))
    if not out or not np.all(demand > 0):
        loads = np.cumsum(np.sort(demand))
        fit = max(1, int(np.searchsorted(loads, form.capacity + 1e-9, side="right")))
        out.append(("count", np.append(0.0, np.ones(form.n - 1)), float(fit)))
    return out


def size(form: Routes) -> tuple[int, int]:
    """Columns, and nonzeros of objective, groups and rows together."""
    arcs, flows = form.n * (form.n - 1), len(commodities(form))
    return arcs * (1 + flows), arcs * (4 + 6 * flows)


def ends(n: int) -> tuple[Ints, Ints]:
    """From and to of every arc, in the order of the columns."""
    start, stop = np.divmod(np.arange(n * n), n)
    return start[start != stop], stop[start != stop]


def build(form: Routes, ids: tuple[str, ...], depot: str, name: str) -> Problem:
    """Columns arc[from,to] and, per commodity, its flow on every arc."""
    n = form.n
    start, stop = ends(n)
    arcs, flows = len(start), commodities(form)
    nodes = (depot, *ids)
    pairs = tuple(f"{nodes[i]},{nodes[j]}" for i, j in zip(start.tolist(), stop.tolist()))
    upper = np.concatenate([np.ones(arcs), *(np.full(arcs, most) for _, _, most in flows)])
    kind = np.full(len(upper), Kind.REAL, np.int8)
    kind[:arcs] = Kind.BINARY
    names = NameTable(tuple(Labels(what, (arcs,), (pairs,)) for what in ("arc", *(what for what, _, _ in flows))))
    columns = Columns(kind, np.zeros(len(upper)), upper, names)
    linear = np.zeros(len(upper))
    linear[:arcs] = form.distance[start, stop]
    return Problem.build(
        columns,
        {"travel": Polynomial(linear)},
        groups=_degrees(n, start, stop, ids),
        rows=_rows(form, start, stop, ids, pairs, flows),
        name=name,
    )


def _degrees(n: int, start: Ints, stop: Ints, ids: tuple[str, ...]) -> Groups:
    """One arc out of and one into every visit."""
    out, into = (np.argsort(end, kind="stable")[n - 1 :] for end in (start, stop))  # the depot's arcs come first
    why = "every visit is made once"
    return Groups(
        np.full(2 * (n - 1), GroupKind.EXACTLY_ONE),
        np.arange(2 * (n - 1) + 1) * (n - 1),
        np.concatenate([out, into]),
        NameTable((Labels("visit", (n - 1,), (ids,), why=why), Labels("arrive", (n - 1,), (ids,), why=why))),
    )


def _rows(
    form: Routes, start: Ints, stop: Ints, ids: tuple[str, ...], pairs: tuple[str, ...], flows: list[Any]
) -> Rows:
    """The fleet, the conservation of each flow, and its limits where an arc is driven or not."""
    n, arcs = form.n, len(start)
    arc = np.arange(arcs)
    blocks: list[tuple[Ints, Ints, Floats, Floats, Floats]] = []  # row inside the block, column, value, lower, upper
    labels = []
    fewest = 1 if math.isinf(form.capacity) else max(1, math.ceil(form.demand.sum() / form.capacity - 1e-9))
    leave = arc[start == 0]
    blocks.append((0 * leave, leave, np.ones(len(leave)), np.array([fewest]), np.array([form.vehicles])))
    labels.append(Labels("vehicles", why="no more routes than vehicles"))
    for k, (what, kept, most) in enumerate(flows):
        flow = arcs * (k + 1) + arc
        inner, outer = stop > 0, start > 0
        row = np.concatenate([stop[inner] - 1, start[outer] - 1])
        column = np.concatenate([flow[inner], flow[outer]])
        value = np.concatenate([np.ones(inner.sum()), -np.ones(outer.sum())])
        blocks.append((row, column, value, kept[1:], kept[1:]))
        labels.append(Labels(f"{what}_kept", (n - 1,), (ids,), why="what a visit needs stays there"))
        both, room = np.concatenate([arc, arc]), most - kept[start]
        column, none = np.concatenate([flow, arc]), np.full(arcs, np.inf)
        blocks.append((both, column, np.concatenate([np.ones(arcs), -room]), -none, np.zeros(arcs)))
        labels.append(Labels(f"{what}_most", (arcs,), (pairs,), why="a vehicle carries at most its capacity"))
        blocks.append((both, column, np.concatenate([np.ones(arcs), -kept[stop]]), np.zeros(arcs), none))
        labels.append(Labels(f"{what}_least", (arcs,), (pairs,), why="a vehicle brings what the next visit needs"))
    first = np.cumsum([0, *(len(lower) for _, _, _, lower, _ in blocks)])
    row = np.concatenate([block[0] + at for block, at in zip(blocks, first)])
    order = np.argsort(row, kind="stable")
    return Rows(
        np.append(0, np.cumsum(np.bincount(row, minlength=first[-1]))),
        np.concatenate([block[1] for block in blocks])[order],
        np.concatenate([block[2] for block in blocks])[order],
        np.concatenate([block[3] for block in blocks]),
        np.concatenate([block[4] for block in blocks]),
        NameTable(tuple(labels)),
    )


def lift(form: Routes, proposal: Proposal) -> Floats | None:
    """Arcs and flows of a proposal; None when it does not visit every node once."""
    n = form.n
    stops = np.concatenate(proposal.routes) if proposal.routes else np.zeros(0, np.int64)
    if sorted(stops.tolist()) != list(range(1, n)):
        return None
    flows = commodities(form)
    driven = np.zeros((1 + len(flows), n, n))
    for route in proposal.routes:
        path = np.concatenate([[0], route, [0]])
        driven[0, path[:-1], path[1:]] = 1.0
        for k, (_, kept, _) in enumerate(flows):
            driven[k + 1, path[:-1], path[1:]] = kept[path].sum() - np.cumsum(kept[path[:-1]])
    start, stop = ends(n)
    return driven[:, start, stop].ravel()


def lower(form: Routes, values: Any) -> Proposal | None:
    """The routes that the arcs make; None when a visit has not one arc in and one out, or is not reached."""
    n = form.n
    start, stop = ends(n)
    driven = np.asarray(values)[: len(start)] > 0.5
    start, stop = start[driven], stop[driven]
    after = np.zeros(n, np.int64)
    if not (np.array_equal(np.sort(start[start > 0]), np.arange(1, n)) and len(np.unique(stop[stop > 0])) == n - 1):
        return None
    if np.count_nonzero(stop > 0) != n - 1:
        return None
    after[start[start > 0]] = stop[start > 0]
    routes, reached = [], 0
    for node in stop[start == 0].tolist():
        route = []
        while node:
            route.append(node)
            node = int(after[node])
        routes.append(np.array(route, dtype=np.int64))
        reached += len(route)
    return Proposal(tuple(routes)) if reached == n - 1 else None
