"""Formulation ``pool`` of routing: choose among the routes of known proposals, every visit on exactly one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from qopt.core.arrays import Floats, Ints
from qopt.core.forms.routes import Proposal, Routes
from qopt.core.names import Labels, NameTable
from qopt.core.polynomial import Polynomial
from qopt.core.problem import Columns, Problem
from qopt.core.rows import GroupKind, Groups, Rows


def length(form: Routes, route: Ints) -> float:
    """Length of a closed route through the depot."""
    path = np.concatenate([[0], route, [0]])
    return float(form.distance[path[:-1], path[1:]].sum())


def distinct(form: Routes, pool: Sequence[Proposal]) -> list[tuple[float, Ints]]:
    """The routes of a pool that a vehicle may drive, with their lengths; of the same visits only the shortest."""
    best: dict[bytes, tuple[float, Ints]] = {}
    for proposal in pool:
        for route in proposal.routes:
            visits = np.unique(route)
            if len(visits) < len(route) or visits[0] < 1 or visits[-1] >= form.n:
                continue
            if float(form.demand[visits].sum()) > form.capacity + 1e-9:
                continue
            cost, key = length(form, route), visits.tobytes()
            if key not in best or cost < best[key][0]:
                best[key] = (cost, route)
    return list(best.values())


def build(form: Routes, pool: Sequence[Proposal], ids: tuple[str, ...], name: str) -> Problem:
    """Columns route[nodes in order]; visits that no route holds make an empty group, which nothing satisfies."""
    routes = distinct(form, pool)
    texts = tuple("-".join(str(int(c)) for c in route) for _, route in routes)
    columns = Columns.binaries(NameTable((Labels("route", (len(routes),), (texts,)),) if routes else ()))
    column = np.repeat(np.arange(len(routes), dtype=np.int32), [len(route) for _, route in routes])
    visit = np.concatenate([route for _, route in routes]) if routes else np.zeros(0, np.int64)
    order = np.argsort(visit, kind="stable")
    groups = Groups(
        np.full(form.n - 1, GroupKind.EXACTLY_ONE),
        np.append(0, np.cumsum(np.bincount(visit, minlength=form.n)[1:])),
        column[order],
        NameTable((Labels("visit", (form.n - 1,), (ids,), why="every visit is made once"),)),
    )
    rows = Rows(
        np.array([0, len(routes)]),
        np.arange(len(routes), dtype=np.int32),
        np.ones(len(routes)),
        np.array([-np.inf]),
        np.array([float(form.vehicles)]),
        NameTable((Labels("vehicles", why="no more routes than vehicles"),)),
    )
    travel = Polynomial(np.array([cost for cost, _ in routes], dtype=np.float64))
    return Problem.build(columns, {"travel": travel}, groups=groups, rows=rows, name=name)


def lift(form: Routes, pool: Sequence[Proposal], proposal: Proposal) -> Floats | None:
    """The chosen routes; None when one of them is not in the pool (with these visits)."""
    place = {np.unique(route).tobytes(): k for k, (_, route) in enumerate(distinct(form, pool))}
    chosen = [place.get(np.unique(route).tobytes()) for route in proposal.routes]
    if any(k is None for k in chosen):
        return None
    values = np.zeros(len(place))
    values[np.array(chosen, dtype=np.int64)] = 1.0
    return values


def lower(form: Routes, pool: Sequence[Proposal], values: Any) -> Proposal:
    """The chosen routes of the pool."""
    routes = distinct(form, pool)
    return Proposal(tuple(routes[k][1] for k in np.flatnonzero(np.asarray(values) > 0.5)))
