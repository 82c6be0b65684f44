"""Formulation ``arcs`` of packing: bins as paths through the levels of one dimension.

Node d is "so far d is taken". An arc (type, d) puts one copy on top of d; a loss arc leaves room empty; a path from 0
to the capacity of a kind is a bin of that kind. All paths together are a flow of whole numbers, whatever bin is which;
its linear relaxation is as strong as that of all patterns (Valerio de Carvalho, 1999). Types come largest first, so an
arc exists only where larger ones, and copies of its own, lead to (Brandao & Pedroso, 2016).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from qopt.core.arrays import Floats, Ints, is_integral
from qopt.core.forms.bins import Bins, Proposal
from qopt.core.names import Labels, NameTable
from qopt.core.polynomial import Polynomial
from qopt.core.problem import Columns, Kind, Problem
from qopt.core.rows import Rows

_LONGEST, _MOST = 200_000, 400_000
"""Largest capacity, and most arcs, of a graph that is drawn."""


@dataclass(frozen=True, eq=False)
class Graph:
    """The arcs, sorted by type.

    Parameters
    ----------
    nodes
        Levels that arcs and capacities reach, ascending; the first is 0.
    type, start
        Shape (arcs,): the type of each arc, and the number of the node it begins at.
    end
        Shape (arcs,): the number of the node it ends at.
    leave
        Shape (kinds,): the number of the node at which a bin of a kind is full.
    """

    nodes: Ints
    type: Ints
    start: Ints
    end: Ints
    leave: Ints

    @property
    def losses(self) -> int:
        """Arcs that leave room empty: from each node to the next."""
        return len(self.nodes) - 1


def graph(form: Bins) -> Graph | None:
    """The graph of a form; None where sizes are no whole numbers, in several dimensions or nothing, where rules say
    what may share a bin, or where it would be too large."""
    plain = form.size.shape[1] == 1 and form.allowed.all() and not form.conflict.any()
    if not plain or not is_integral(form.size) or not is_integral(form.capacity) or form.size.min() <= 0:
        return None
    room = form.capacity[:, 0].astype(np.int64)
    longest = int(room.max())
    if longest > _LONGEST:
        return None
    size = form.size[:, 0].astype(np.int64)
    reached = np.zeros(longest + 1, dtype=bool)
    reached[0] = True
    kept: list[tuple[int, Ints]] = []
    arcs = 0
    for t in np.argsort(-size, kind="stable").tolist():
        origin = np.zeros(longest + 1, dtype=bool)
        front = reached.copy()
        for _ in range(int(form.count[t])):
            front[longest - size[t] + 1 :] = False
            front &= ~origin
            if not front.any():
                break
            origin |= front
            front = np.append(np.zeros(size[t], dtype=bool), front[: longest + 1 - size[t]])
        starts = np.flatnonzero(origin)
        reached[starts + size[t]] = True
        kept.append((t, starts))
        arcs += len(starts)
        if arcs > _MOST:
            return None
    reached[room] = True
    nodes = np.flatnonzero(reached)
    type_ = np.concatenate([np.full(len(starts), t) for t, starts in kept])
    start = np.concatenate([starts for _, starts in kept])
    end = start + size[type_]
    return Graph(nodes, type_, *(np.searchsorted(nodes, part) for part in (start, end, room)))


def size(form: Bins, drawn: Graph) -> tuple[int, int]:
    """Columns, and nonzeros of objective and rows."""
    arcs, kinds = len(drawn.type), form.kinds
    return arcs + drawn.losses + kinds, 3 * arcs + 2 * drawn.losses + 3 * kinds


def build(form: Bins, drawn: Graph, types: tuple[str, ...], kinds: tuple[str, ...], name: str) -> Problem:
    """Columns take[type@level], loss[level], use[kind]; what comes in at a level goes out of it."""
    arcs, losses, most = len(drawn.type), drawn.losses, form.copies
    texts = tuple(f"{types[t]}@{d}" for t, d in zip(drawn.type.tolist(), drawn.nodes[drawn.start].tolist()))
    levels = tuple(str(d) for d in drawn.nodes.tolist())
    names = NameTable(
        (
            Labels("take", (arcs,), (texts,)),
            Labels("loss", (losses,), (levels[:-1],)),
            Labels("use", (form.kinds,), (kinds,)),
        )
    )
    n = len(names)
    upper = np.concatenate([form.count[drawn.type], np.full(losses, most), form.limit])
    columns = Columns(np.full(n, Kind.INTEGER, np.int8), np.zeros(n), upper, names)
    cost = np.append(np.zeros(n - form.kinds), form.cost)
    chain = np.arange(losses)
    tail = np.concatenate([drawn.start, chain, drawn.leave])
    head = np.concatenate([drawn.end, chain + 1, np.zeros(form.kinds, np.int64)])
    every = np.arange(n)
    row = np.concatenate([head, tail, len(drawn.nodes) + drawn.type])
    column = np.concatenate([every, every, every[:arcs]])
    value = np.concatenate([np.ones(n), -np.ones(n), np.ones(arcs)])
    order = np.lexsort((column, row))
    balance = np.zeros(len(drawn.nodes))
    rows = Rows(
        np.append(0, np.cumsum(np.bincount(row, minlength=len(balance) + form.types))),
        column[order],
        value[order],
        np.append(balance, form.count),
        np.append(balance, form.count),
        NameTable(
            (
                Labels("level", (len(levels),), (levels,), why="what reaches a level goes on from there"),
                Labels("packed", (form.types,), (types,), why="every item is packed once"),
            )
        ),
    )
    return Problem.build(columns, {"bins": Polynomial(cost)}, rows=rows, name=name)


def lift(form: Bins, drawn: Graph, proposal: Proposal) -> Floats | None:
    """A packing as a flow; None where a bin holds what the graph does not."""
    arcs = len(drawn.type)
    taken: dict[tuple[int, int], int] = {
        (t, d): a for a, (t, d) in enumerate(zip(drawn.type.tolist(), drawn.start.tolist()))
    }
    values = np.zeros(arcs + drawn.losses + form.kinds)
    for kind, inside in zip(proposal.kind.tolist(), proposal.bins):
        node = 0
        for t in sorted(inside.tolist(), key=lambda t: (-form.size[t, 0], t)):
            arc = taken.get((t, node))
            if arc is None:
                return None
            values[arc] += 1
            node = int(drawn.end[arc])
        if node > drawn.leave[kind]:
            return None
        values[arcs + node : arcs + int(drawn.leave[kind])] += 1
        values[arcs + drawn.losses + kind] += 1
    return values


def lower(form: Bins, drawn: Graph, values: Any) -> Proposal | None:
    """The bins behind a flow: path after path is taken out of it; None where it is no flow."""
    arcs = len(drawn.type)
    left = np.rint(np.asarray(values, dtype=np.float64)).astype(np.int64)
    if left.min(initial=0) < 0:
        return None
    out: list[list[int]] = [[] for _ in drawn.nodes]
    for a in np.flatnonzero(left[:arcs]).tolist():
        out[int(drawn.start[a])].append(a)
    loss, use = left[arcs : arcs + drawn.losses], left[arcs + drawn.losses :]
    leaving: list[list[int]] = [[k for k in range(form.kinds) if drawn.leave[k] == d] for d in range(len(drawn.nodes))]
    kind: list[int] = []
    bins: list[list[int]] = []
    for _ in range(int(use.sum())):
        path = _path(drawn, left, out, loss, use, leaving)
        if path is None:
            return None
        kind.append(path[0])
        bins.append(path[1])
    if left[:arcs].any() or loss.any():
        return None
    return Proposal(np.array(kind, dtype=np.int64), tuple(np.array(b, dtype=np.int64) for b in bins))


def _path(
    drawn: Graph, left: Ints, out: Sequence[list[int]], loss: Ints, use: Ints, leaving: Sequence[list[int]]
) -> tuple[int, list[int]] | None:
    """One path out of what is left of a flow: the kind at which it ends, and its types."""
    node = 0
    inside: list[int] = []
    while True:
        arc = next((a for a in out[node] if left[a] > 0), -1)
        full = next((k for k in leaving[node] if use[k] > 0), -1)
        if arc >= 0:
            left[arc] -= 1
            inside.append(int(drawn.type[arc]))
            node = int(drawn.end[arc])
        elif full >= 0:
            use[full] -= 1
            return full, inside
        elif node < len(loss) and loss[node] > 0:
            loss[node] -= 1
            node += 1
        else:
            return None
