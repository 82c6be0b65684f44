"""Formulations ``select`` and ``pool`` of batching: choose among batches, every order in exactly one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from qopt.core.arrays import Floats, Ints
from qopt.core.forms.batches import NOISE, Batches, Proposal, length
from qopt.core.names import Labels, NameTable
from qopt.core.polynomial import Polynomial
from qopt.core.problem import Columns as ProblemColumns
from qopt.core.problem import Problem
from qopt.core.rows import GroupKind, Groups, Rows

MOST, MOST_TOURS = 20_000, 500
"""Most batches that ``select`` has columns for; by a table of distances, where each needs a tour."""


@dataclass(frozen=True, eq=False)
class Columns:
    """Batches that may be chosen and the lengths of their walks."""

    batches: tuple[tuple[int, ...], ...]
    length: Floats


def every(form: Batches) -> Columns | None:
    """Every batch that is few and light enough, smaller ones first; None where there are more than ``MOST``."""
    most = MOST_TOURS if form.walks.policy == "table" else MOST
    found: list[tuple[int, ...]] = []
    orders = np.arange(form.orders)
    batch, load = orders[:, None], form.load
    room = form.capacity * (1 + NOISE) + NOISE
    while len(batch):
        kept = np.all(load <= room, axis=1)
        batch, load = batch[kept], load[kept]
        found += map(tuple, batch.tolist())
        if len(found) > most:
            return None
        if batch.shape[1] == form.most:
            break
        which, order = np.nonzero(orders[None, :] > batch[:, -1:])
        batch = np.concatenate([batch[which], order[:, None]], axis=1)
        load = load[which] + form.load[order]
    return _measured(form, found)


def known(form: Batches, pool: Sequence[Proposal]) -> Columns:
    """The different batches of a pool that are few and light enough, sorted."""
    found = {tuple(batch.tolist()) for proposal in pool for batch in proposal.batches}
    return _measured(form, sorted(batch for batch in found if form.fits(np.array(batch))))


def _measured(form: Batches, batches: Sequence[tuple[int, ...]]) -> Columns:
    return Columns(tuple(batches), np.array([length(form, np.array(batch)) for batch in batches]))


def build(form: Batches, columns: Columns, orders: tuple[str, ...], name: str) -> Problem:
    """Columns batch[numbers of its orders]; an order that no batch holds is an empty group, which nothing satisfies."""
    count = len(columns.batches)
    texts = tuple("-".join(str(o) for o in batch) for batch in columns.batches)
    owner = np.repeat(np.arange(count, dtype=np.int32), [len(batch) for batch in columns.batches])
    order = np.array([o for batch in columns.batches for o in batch], dtype=np.int64)
    arranged = np.argsort(order, kind="stable")
    groups = Groups(
        np.full(form.orders, GroupKind.EXACTLY_ONE, np.int8),
        np.append(0, np.cumsum(np.bincount(order, minlength=form.orders))),
        owner[arranged],
        NameTable((Labels("picked", (form.orders,), (orders,), why="every order is picked once"),)),
    )
    rows = Rows()
    if form.limit < form.orders:
        why = Labels("batches", why="no more batches than allowed")
        rows = Rows.of([(dict.fromkeys(range(count), 1.0), -np.inf, float(form.limit))], NameTable((why,)))
    names = NameTable((Labels("batch", (count,), (texts,)),) if count else ())
    return Problem.build(
        ProblemColumns.binaries(names), {"distance": Polynomial(columns.length)}, groups=groups, rows=rows, name=name
    )


def lift(columns: Columns, proposal: Proposal) -> Floats | None:
    """The chosen batches; None when one of them has no column."""
    place = {batch: k for k, batch in enumerate(columns.batches)}
    chosen = [place.get(tuple(batch.tolist())) for batch in proposal.batches]
    if any(k is None for k in chosen):
        return None
    values = np.zeros(len(place))
    values[np.array(chosen, dtype=np.int64)] = 1.0
    return values


def lower(batches: Sequence[Sequence[int]], values: Any) -> Proposal:
    """The proposal of the chosen batches."""
    chosen: list[Ints] = [np.array(batches[k]) for k in np.flatnonzero(np.asarray(values) > 0.5).tolist()]
    return Proposal(tuple(chosen))
