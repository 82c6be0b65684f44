"""Formulation ``pairs`` of batching: orders in numbered batches, and what each two of them save by being together.

Two orders picked on one walk save ``d(i) + d(j) - d(i + j)``. In a batch of two that is the truth; in a larger one the
pairs count one saving several times, so each counts 2 / m of itself where m orders share a batch: for m alike orders
the sum is the truth again. It proposes; the form says how far is walked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from qopt.core.arrays import Floats, Ints
from qopt.core.forms.batches import Batches, Proposal, first_fit, length
from qopt.core.names import Labels, NameTable
from qopt.core.polynomial import Polynomial
from qopt.core.problem import Columns, Problem
from qopt.core.rows import GroupKind, Groups, Rows


@dataclass(frozen=True, eq=False)
class Grid:
    """Which orders may be in which numbered batches: the first order in the first one, the second in the first two, …

    Parameters
    ----------
    batches
        How many there are.
    order, batch
        Shape (pairs,): the pairs that have a column, sorted by order.
    together
        How many orders share a batch, about.
    """

    batches: int
    order: Ints
    batch: Ints
    together: int


def grid(form: Batches) -> Grid:
    """As many batches as a greedy plan has, and one to spare."""
    greedy = first_fit(form)
    needed = form.orders if greedy is None else len(greedy.batches)
    batches = min(form.limit, form.orders, needed + 1)
    order, batch = np.nonzero(np.arange(batches)[None, :] <= np.arange(form.orders)[:, None])
    together = max(2, 2 if greedy is None else max(len(b) for b in greedy.batches))
    return Grid(batches, order, batch, min(together, form.most) if form.most > 1 else 2)


def size(form: Batches, cells: Grid) -> tuple[int, int]:
    """Columns, and nonzeros of objective, rows and groups."""
    inside = np.bincount(cells.batch, minlength=cells.batches)
    products = int((inside * (inside - 1) // 2).sum())
    rules = len(form.capacity) + (form.most < form.orders)
    return len(cells.order), products + (2 + rules) * len(cells.order)


def build(form: Batches, cells: Grid, orders: tuple[str, ...], name: str) -> Problem:
    """Columns in[order,batch]."""
    count = len(cells.order)
    texts = tuple(f"{orders[o]},{b + 1}" for o, b in zip(cells.order.tolist(), cells.batch.tolist()))
    n = form.orders
    alone = np.array([length(form, np.array([o])) for o in range(n)])
    saving = np.zeros((n, n))
    for i in range(n):
        for j in range(i):
            if form.fits(np.array([j, i])):
                saving[i, j] = alone[i] + alone[j] - length(form, np.array([j, i]))
    saving *= 2.0 / cells.together
    row, col, value = [], [], []
    inside = [np.flatnonzero(cells.batch == b) for b in range(cells.batches)]
    for members in inside:
        first, second = np.tril_indices(len(members), -1)
        row.append(members[first])
        col.append(members[second])
        value.append(-saving[cells.order[members[first]], cells.order[members[second]]])
    distance = Polynomial.from_pairs(
        alone[cells.order], np.concatenate(row), np.concatenate(col), np.concatenate(value)
    )
    groups = Groups(
        np.full(n, GroupKind.EXACTLY_ONE, np.int8),
        np.append(0, np.cumsum(np.bincount(cells.order, minlength=n))),
        np.arange(count, dtype=np.int32),
        NameTable((Labels("picked", (n,), (orders,), why="every order is picked once"),)),
    )
    lines: list[tuple[dict[int, float], float, float]] = []
    families = []
    numbers = tuple(str(b + 1) for b in range(cells.batches))
    for d, room in enumerate(form.capacity.tolist()):
        loads = form.load[cells.order, d]
        lines += [({int(c): float(loads[c]) for c in part if loads[c]}, -np.inf, room) for part in inside]
        families.append(Labels(f"capacity {d}", (len(inside),), (numbers,), why="a trolley holds what it has room for"))
    if form.most < n:
        lines += [({int(c): 1.0 for c in part}, -np.inf, float(form.most)) for part in inside]
        families.append(Labels("orders", (len(inside),), (numbers,), why="a batch has no more orders than allowed"))
    rows = Rows.of(lines, NameTable(tuple(families)))
    columns = Columns.binaries(NameTable((Labels("in", (count,), (texts,)),)))
    return Problem.build(columns, {"distance": distance}, groups=groups, rows=rows, name=name)


def lift(form: Batches, cells: Grid, proposal: Proposal) -> Floats | None:
    """Batches numbered by their first order; None where there are more than have a number."""
    if len(proposal.batches) > cells.batches:
        return None
    of = {(int(o), int(b)): c for c, (o, b) in enumerate(zip(cells.order, cells.batch))}
    values = np.zeros(len(cells.order))
    for b, batch in enumerate(sorted(proposal.batches, key=lambda batch: int(batch[0]))):
        for o in batch.tolist():
            if (o, b) not in of:
                return None
            values[of[o, b]] = 1.0
    return values


def lower(cells: Grid, values: Any) -> Proposal:
    """The batches of columns."""
    chosen = np.flatnonzero(np.asarray(values) > 0.5)
    return Proposal(tuple(cells.order[chosen[cells.batch[chosen] == b]] for b in range(cells.batches)))
