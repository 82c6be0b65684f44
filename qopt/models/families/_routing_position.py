"""Formulation ``position`` of routing: who is where in the order.

A tour is a permutation of the visits over positions. Routes are x[vehicle, position, node]: every position of every
vehicle holds exactly one visit or the depot, and a route's visits come first.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from qopt.core.arrays import Floats, Indices
from qopt.core.forms.routes import Proposal, Routes
from qopt.core.names import Labels, NameTable
from qopt.core.polynomial import Polynomial
from qopt.core.problem import Columns, Problem
from qopt.core.rows import GroupKind, Groups, Rows


def is_tour(form: Routes) -> bool:
    """Whether one vehicle carries everything: then the visits are permuted, and no column speaks of the depot."""
    return form.vehicles == 1 and float(form.demand.sum()) <= form.capacity


def shape(form: Routes) -> tuple[int, ...]:
    """Shape of the columns: (positions, visits) of a tour, else (vehicles, positions, nodes)."""
    if is_tour(form):
        return form.n - 1, form.n - 1
    fit = int(np.searchsorted(np.cumsum(np.sort(form.demand[1:])), form.capacity + 1e-9, side="right"))
    return min(form.vehicles, form.n - 1), max(1, fit), form.n


def size(form: Routes) -> tuple[int, int]:
    """Columns, and nonzeros of objective, groups and rows together."""
    if is_tour(form):
        m = form.n - 1
        return m * m, max(0, m - 1) * m * (m - 1) + 2 * m * m
    vehicles, positions, n = shape(form)
    columns = vehicles * positions * n
    return columns, vehicles * (positions - 1) * n * n + 3 * columns


def legs(distance: Floats, steps: int, block: int, repeats: int = 1) -> tuple[Indices, Indices, Floats]:
    """Pairs of columns paid between one position and the next, sorted: (row, col, value).

    ``block`` columns per position, ``steps + 1`` positions, ``repeats`` such lines one after the other; ``distance``,
    shape (block, block), from the earlier to the later.
    """
    i, j = np.nonzero(distance)
    at = (np.arange(repeats)[:, None] * (steps + 1) + np.arange(steps)).reshape(-1, 1) * block
    value = np.tile(distance[i, j], len(at))
    return (at + i).astype(np.int32).ravel(), (at + block + j).astype(np.int32).ravel(), value


def tour(form: Routes, ids: tuple[str, ...], name: str) -> Problem:
    """Columns x[position, visit] under one permutation; the depot stands before the first and behind the last."""
    m = form.n - 1
    linear = np.zeros((m, m))
    linear[0] += form.distance[0, 1:]
    linear[-1] += form.distance[1:, 0]
    between = np.array(form.distance[1:, 1:])
    np.fill_diagonal(between, 0.0)
    travel = Polynomial(linear.ravel(), *legs(between, m - 1, m))
    columns = Columns.binaries(NameTable((Labels("x", (m, m), (None, ids)),)))
    why = "every position holds one visit, every visit has one position"
    groups = Groups(
        np.array([GroupKind.PERMUTATION]),
        np.array([0, m * m]),
        np.arange(m * m, dtype=np.int32),
        NameTable((Labels("order", why=why),)),
    )
    return Problem.build(columns, {"travel": travel}, groups=groups, name=name)


def gap_price(distance: Floats) -> Floats:
    """What the leg from an idle position back to a visit is charged, shape (n - 1,).

    At least the way from the depot, and so much that closing the gap never costs more: for visits a, b around it
    ``d[a, 0] + price[b] >= d[a, b]``. So no row must forbid gaps, and none is in a best answer unless it is free.
    """
    between = np.array(distance[1:, 1:])
    np.fill_diagonal(between, 0.0)
    price: Floats = np.maximum(distance[0, 1:], (between - distance[1:, :1]).max(axis=0))
    return price


def fleet(form: Routes, ids: tuple[str, ...], depot: str, name: str) -> Problem:
    """Columns x[vehicle, position, node]; a position behind a route's last visit holds the depot."""
    vehicles, positions, n = shape(form)
    distance = np.array(form.distance)
    np.fill_diagonal(distance, 0.0)
    linear = np.zeros((vehicles, positions, n))
    linear[:, 0, 1:] += distance[0, 1:]
    linear[:, -1, 1:] += distance[1:, 0]
    distance[0, 1:] = gap_price(distance)
    travel = Polynomial(linear.ravel(), *legs(distance, positions - 1, n, vehicles))
    columns = Columns.binaries(NameTable((Labels("x", (vehicles, positions, n), (None, None, (depot, *ids))),)))
    grid = np.arange(vehicles * positions * n, dtype=np.int32).reshape(-1, n)
    groups = Groups(
        np.full(len(grid) + n - 1, GroupKind.EXACTLY_ONE),
        np.concatenate([np.arange(len(grid)) * n, grid.size + np.arange(n) * len(grid)]),
        np.concatenate([grid.ravel(), grid[:, 1:].T.ravel()]),
        NameTable(
            (
                Labels("position", (vehicles, positions), why="a position holds one visit or stays at the depot"),
                Labels("visit", (n - 1,), (ids,), why="every visit is made once"),
            )
        ),
    )
    rows = Rows()
    if np.isfinite(form.capacity):
        used = np.flatnonzero(form.demand)
        index = grid.reshape(vehicles, positions, n)[:, :, used].reshape(vehicles, -1)
        rows = Rows(
            np.arange(vehicles + 1) * index.shape[1],
            index.ravel(),
            np.tile(form.demand[used], vehicles * positions),
            np.full(vehicles, -np.inf),
            np.full(vehicles, form.capacity),
            NameTable((Labels("capacity", (vehicles,), why="a vehicle carries at most its capacity"),)),
        )
    return Problem.build(columns, {"travel": travel}, groups=groups, rows=rows, name=name)


def lift(form: Routes, proposal: Proposal) -> Floats | None:
    """The columns of a proposal, each route's visits first; None when it does not fit the columns."""
    values = np.zeros(shape(form))
    if is_tour(form):
        if len(proposal.routes) != 1 or sorted(proposal.routes[0].tolist()) != list(range(1, form.n)):
            return None
        values[np.arange(form.n - 1), proposal.routes[0] - 1] = 1.0
        return values.ravel()
    vehicles, positions, n = values.shape
    if len(proposal.routes) > vehicles or any(len(route) > positions for route in proposal.routes):
        return None
    values[:, :, 0] = 1.0
    for v, route in enumerate(proposal.routes):
        if route.min() < 1 or route.max() >= n:
            return None
        values[v, : len(route), 0] = 0.0
        values[v, np.arange(len(route)), route] = 1.0
    return values.ravel()


def lower(form: Routes, values: Any) -> Proposal | None:
    """The routes of columns, gaps closed; None when a position holds more or less than one node."""
    grid = np.asarray(values).reshape(shape(form)) > 0.5
    if np.any(grid.sum(axis=-1) != 1):
        return None
    held = grid.argmax(axis=-1)
    if is_tour(form):
        return Proposal((held + 1,))
    return Proposal(tuple(line[line > 0] for line in held))
