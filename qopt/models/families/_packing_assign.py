"""Formulation ``assign`` of packing: which copy lies in which bin of a numbered row of bins for every kind.

Bins of a kind are alike, so they are numbered by their first item: copy number i (largest first) lies in one of the
first i + 1 bins of a kind, and bins are used in order. A greedy packing says how many bins of a kind are worth having.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from qopt.core.arrays import Floats, Ints
from qopt.core.forms.bins import Bins, Proposal, first_fit
from qopt.core.names import Labels, NameTable
from qopt.core.polynomial import Polynomial
from qopt.core.problem import Columns, Problem
from qopt.core.rows import GroupKind, Groups, Rows


@dataclass(frozen=True, eq=False)
class Grid:
    """Which copies may lie in which bins.

    Parameters
    ----------
    type
        Shape (copies,): the type of each copy, largest first.
    kind
        Shape (bins,): the kind of each bin.
    copy, bin
        Shape (pairs,): the pairs that have a column, sorted by copy.
    """

    type: Ints
    kind: Ints
    copy: Ints
    bin: Ints


def grid(form: Bins) -> Grid:
    """The pairs of copies and bins that are worth a column."""
    order = np.argsort(-form.weight, kind="stable")
    types = np.repeat(order, form.count[order])
    most = np.minimum(form.limit, len(types))
    greedy = first_fit(form)
    if greedy is not None:
        price = float(form.cost[greedy.kind].sum())
        paid = form.cost > 0
        most[paid] = np.minimum(most[paid], np.floor(price / form.cost[paid] + 1e-9).astype(np.int64))
    kinds = np.repeat(np.arange(form.kinds), most)
    number = np.arange(len(kinds)) - np.repeat(np.cumsum(most) - most, most)
    copy, box = np.nonzero((number[None, :] <= np.arange(len(types))[:, None]) & form.allowed[types][:, kinds])
    return Grid(types, kinds, copy, box)


def size(form: Bins, cells: Grid) -> tuple[int, int]:
    """Columns, and nonzeros of objective, rows and groups, about."""
    bins, pairs = len(cells.kind), len(cells.copy)
    clashes = int(np.triu(form.conflict[np.ix_(cells.type, cells.type)], 1).sum()) * bins
    return bins + pairs, pairs * (1 + form.size.shape[1]) + 4 * bins + 3 * clashes


def build(form: Bins, cells: Grid, copies: tuple[str, ...], kinds: tuple[str, ...], name: str) -> Problem:
    """Columns use[bin] and in[copy,bin]."""
    bins, pairs = len(cells.kind), len(cells.copy)
    number = [int(np.sum(cells.kind[:b] == cells.kind[b])) + 1 for b in range(bins)]
    boxes = tuple(f"{kinds[k]}-{i}" for k, i in zip(cells.kind.tolist(), number))
    texts = tuple(f"{copies[c]},{boxes[b]}" for c, b in zip(cells.copy.tolist(), cells.bin.tolist()))
    columns = Columns.binaries(NameTable((Labels("use", (bins,), (boxes,)), Labels("in", (pairs,), (texts,)))))
    cost = np.append(form.cost[cells.kind], np.zeros(pairs))
    column = bins + np.arange(pairs)
    groups = Groups(
        np.full(len(copies), GroupKind.EXACTLY_ONE, np.int8),
        np.append(0, np.cumsum(np.bincount(cells.copy, minlength=len(copies)))),
        column.astype(np.int32),
        NameTable((Labels("packed", (len(copies),), (copies,), why="every item is packed once"),)),
    )
    lines: list[tuple[dict[int, float], float, float]] = []
    families: list[Labels] = []

    def rule(label: str, told: list[str], new: list[tuple[dict[int, float], float]], why: str) -> None:
        if new:
            families.append(Labels(label, (len(told),), (tuple(told),), why=why))
            lines.extend((line, -np.inf, upper) for line, upper in new)

    inside = [np.flatnonzero(cells.bin == b) for b in range(bins)]
    several = form.size.shape[1] > 1
    told, new = [], []
    for b in range(bins):
        for d in range(form.size.shape[1]):
            taken = form.size[cells.type[cells.copy[inside[b]]], d]
            line = {int(column[p]): float(v) for p, v in zip(inside[b], taken) if v}
            told.append(f"{boxes[b]},{d}" if several else boxes[b])
            new.append((line | {b: -float(form.capacity[cells.kind[b], d])}, 0.0))
    rule("capacity", told, new, "a bin holds what it has room for")
    weightless = form.size.max(axis=1, initial=0.0) == 0
    chosen = [(b, int(p)) for b in range(bins) for p in inside[b] if weightless[cells.type[cells.copy[p]]]]
    told = [f"{copies[cells.copy[p]]},{boxes[b]}" for b, p in chosen]
    rule("only used bins", told, [({int(column[p]): 1.0, b: -1.0}, 0.0) for b, p in chosen], "what is unused is empty")
    pairs_of = [(b, p, q) for b in range(bins) for p, q in _clashes(form, cells, inside[b])]
    told = [f"{copies[cells.copy[p]]},{copies[cells.copy[q]]},{boxes[b]}" for b, p, q in pairs_of]
    new = [({int(column[p]): 1.0, int(column[q]): 1.0, b: -1.0}, 0.0) for b, p, q in pairs_of]
    rule("apart", told, new, "these items do not share a bin")
    after = [b for b in range(1, bins) if cells.kind[b] == cells.kind[b - 1]]
    new = [({b: 1.0, b - 1: -1.0}, 0.0) for b in after]
    rule("in order", [boxes[b] for b in after], new, "bins of a kind are alike, so they are used in order")
    rows = Rows.of(lines, NameTable(tuple(families)))
    return Problem.build(columns, {"bins": Polynomial(cost)}, rows=rows, groups=groups, name=name)


def _clashes(form: Bins, cells: Grid, inside: Ints) -> list[tuple[int, int]]:
    """Pairs of columns of one bin whose copies may not share it."""
    types = cells.type[cells.copy[inside]]
    first, second = np.nonzero(np.triu(form.conflict[np.ix_(types, types)], 1))
    return [(int(inside[a]), int(inside[b])) for a, b in zip(first, second)]


def lift(form: Bins, cells: Grid, proposal: Proposal) -> Floats | None:
    """A packing as columns; None where it uses more bins than there are columns for."""
    waiting: dict[int, list[int]] = {}
    for c, t in enumerate(cells.type.tolist()):
        waiting.setdefault(t, []).append(c)
    held: list[tuple[int, list[int]]] = []
    for kind, inside in zip(proposal.kind.tolist(), proposal.bins):
        if any(not waiting[t] for t in set(inside.tolist())):
            return None
        held.append((kind, sorted(waiting[t].pop(0) for t in inside.tolist() if waiting[t])))
    held.sort(key=lambda bin_: bin_[1])
    of = {(int(c), int(b)): p for p, (c, b) in enumerate(zip(cells.copy, cells.bin))}
    free = [iter(np.flatnonzero(cells.kind == k).tolist()) for k in range(form.kinds)]
    bins = len(cells.kind)
    values = np.zeros(bins + len(cells.copy))
    for kind, copies in held:
        b = next(free[kind], None)
        if b is None or any((c, b) not in of for c in copies):
            return None
        values[b] = 1.0
        values[[bins + of[c, b] for c in copies]] = 1.0
    return values


def lower(cells: Grid, values: Any) -> Proposal:
    """The packing of columns."""
    bins = len(cells.kind)
    chosen = np.flatnonzero(np.asarray(values)[bins:] > 0.5)
    inside = [cells.type[cells.copy[chosen[cells.bin[chosen] == b]]] for b in range(bins)]
    return Proposal(cells.kind, tuple(inside))
