"""Formulation ``pool`` of rich routing: choose among the tours of known proposals, no visit twice.

Everything that one tour tells (times, loads, breaks, its cost) is settled inside it, so that the choice is a set
partitioning with a limit per kind of vehicle, whatever the rules. What ties tours together (rules between visits, the
balance of durations, the last return) is not said: an instance with such rules does not offer this formulation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from qopt.core.arrays import Floats
from qopt.core.forms.fleet import Fleet, Proposal, Tour, evaluate
from qopt.core.names import Labels, NameTable
from qopt.core.polynomial import Polynomial
from qopt.core.problem import Columns, Level, Part, Problem
from qopt.core.rows import Rows

ADDITIVE = ("unserved", "cost", "distance", "duration", "vehicles")
"""Measures that are sums over tours and visits left out."""


def fits(form: Fleet) -> bool:
    """Whether tours can be chosen one by one."""
    return not form.company and all(name in ADDITIVE for level in form.levels for name, _ in level)


def distinct(form: Fleet, pool: Sequence[Proposal]) -> list[tuple[Tour, dict[str, float]]]:
    """The tours of a pool that hold by themselves, with their parts; of the same kind and visits only the cheapest."""
    best: dict[tuple[int, bytes], tuple[tuple[float, ...], Tour, dict[str, float]]] = {}
    nothing = evaluate(form, Proposal(())).parts
    for proposal in pool:
        for tour in proposal.tours:
            made = np.unique(tour.items[tour.items < form.items.visits])
            key = (tour.kind, made.tobytes())
            check = evaluate(form, Proposal((tour,)))
            if any(v.name != "visits" or " is made " in v.message for v in check.violations):
                continue
            rank = check.levels
            if key not in best or rank < best[key][0]:
                own = {name: float(check.parts[name] - nothing[name]) for name in ADDITIVE}
                best[key] = (rank, tour, own)
    return [(tour, own) for _, tour, own in best.values()]


def build(form: Fleet, pool: Sequence[Proposal], ids: tuple[str, ...], kinds: tuple[str, ...], name: str) -> Problem:
    """Columns tour[items in order]: what a tour adds to every level, against making nothing."""
    tours = distinct(form, pool)
    texts = tuple(_text(tour) for tour, _ in tours)
    columns = Columns.binaries(NameTable((Labels("tour", (len(tours),), (texts,)),) if tours else ()))
    nothing = evaluate(form, Proposal(())).parts
    levels = []
    for level in form.levels:
        parts = []
        for measure, weight in level:
            linear = np.array([weight * own[measure] for _, own in tours], dtype=np.float64)
            parts.append(Part(measure, Polynomial(linear, offset=float(weight * nothing[measure]))))
        levels.append(Level(tuple(parts)))
    must = np.isinf(form.items.penalty[: form.items.visits]) & (not form.counts_unserved)
    made = [np.flatnonzero([visit in tour.items for tour, _ in tours]) for visit in range(form.items.visits)]
    used = [np.flatnonzero([tour.kind == k for tour, _ in tours]) for k in range(len(kinds))]
    lines = [({int(c): 1.0 for c in members}, float(must[v]), 1.0) for v, members in enumerate(made)]
    lines += [({int(c): 1.0 for c in members}, -np.inf, float(form.kinds.count[k])) for k, members in enumerate(used)]
    names = NameTable(
        (
            Labels("visit", (len(made),), (ids,), why="a visit is made at most once"),
            Labels("vehicles", (len(used),), (kinds,), why="no more routes than vehicles"),
        )
    )
    return Problem(columns, tuple(levels), rows=Rows.of(lines, names), name=name)


def _text(tour: Tour) -> str:
    return f"{tour.kind}:" + "-".join(str(item) for item in tour.items.tolist())


def lift(form: Fleet, pool: Sequence[Proposal], proposal: Proposal) -> Floats | None:
    """The chosen tours; None when one of them is not in the pool (with this kind and these visits)."""

    def key(tour: Tour) -> tuple[int, bytes]:
        return tour.kind, np.unique(tour.items[tour.items < form.items.visits]).tobytes()

    place = {key(tour): k for k, (tour, _) in enumerate(distinct(form, pool))}
    chosen = [place.get(key(tour)) for tour in proposal.tours]
    if any(k is None for k in chosen):
        return None
    values = np.zeros(len(place))
    values[np.array(chosen, dtype=np.int64)] = 1.0
    return values


def lower(form: Fleet, pool: Sequence[Proposal], values: Any) -> Proposal:
    """The chosen tours of the pool."""
    tours = distinct(form, pool)
    return Proposal(tuple(tours[k][0] for k in np.flatnonzero(np.asarray(values) > 0.5)))
