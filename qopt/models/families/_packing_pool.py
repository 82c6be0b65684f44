"""Formulation ``pool`` of packing: how often to use each bin of known packings, so that every item is in one at least.

A bin from which something is taken is still a good bin, so what is packed twice is left out of the later ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from qopt.core.arrays import Floats, Ints
from qopt.core.forms.bins import Bins, Proposal, evaluate
from qopt.core.names import Labels, NameTable
from qopt.core.polynomial import Polynomial
from qopt.core.problem import Columns, Kind, Problem
from qopt.core.rows import Rows

Pattern = tuple[int, tuple[int, ...]]
"""A kind and the types in it."""
_BROKEN = ("capacity", "kind", "conflict")


def patterns(form: Bins, pool: Sequence[Proposal]) -> list[Pattern]:
    """The different bins of a pool that hold by themselves, sorted."""
    found = {(int(k), tuple(b.tolist())) for proposal in pool for k, b in zip(proposal.kind, proposal.bins)}
    return [p for p in sorted(found) if not any(v.name in _BROKEN for v in evaluate(form, _single(p)).violations)]


def _single(pattern: Pattern) -> Proposal:
    return Proposal(np.array([pattern[0]]), (np.array(pattern[1]),))


def build(form: Bins, pool: Sequence[Proposal], types: tuple[str, ...], kinds: tuple[str, ...], name: str) -> Problem:
    """Columns bin[kind: types]: how many bins are packed so."""
    told = patterns(form, pool)
    texts = tuple(f"{k}:" + "-".join(str(t) for t in inside) for k, inside in told)
    held = _held(form, told)
    kind = np.array([k for k, _ in told], dtype=np.int64)
    upper = np.minimum(form.limit[kind], form.copies)
    names = NameTable((Labels("bin", (len(told),), (texts,)),) if told else ())
    columns = Columns(np.full(len(told), Kind.INTEGER, np.int8), np.zeros(len(told)), upper, names)
    lines = [
        ({int(c): float(held[c, t]) for c in np.flatnonzero(held[:, t])}, float(n), np.inf)
        for t, n in enumerate(form.count)
    ]
    lines += [({int(c): 1.0 for c in np.flatnonzero(kind == k)}, -np.inf, float(n)) for k, n in enumerate(form.limit)]
    labels = (
        Labels("packed", (form.types,), (types,), why="every item is packed"),
        Labels("bins", (form.kinds,), (kinds,), why="no more bins than there are"),
    )
    cost = Polynomial(form.cost[kind] if told else np.zeros(0))
    return Problem.build(columns, {"bins": cost}, rows=Rows.of(lines, NameTable(labels)), name=name)


def _held(form: Bins, told: Sequence[Pattern]) -> Ints:
    """How many copies of each type each pattern holds, shape (patterns, types)."""
    held = [np.bincount(inside, minlength=form.types) for _, inside in told]
    return np.array(held, dtype=np.int64).reshape(len(told), form.types)


def lift(form: Bins, pool: Sequence[Proposal], proposal: Proposal) -> Floats | None:
    """How often each bin of a packing is used; None when the pool does not have one of them."""
    place = {pattern: k for k, pattern in enumerate(patterns(form, pool))}
    values = np.zeros(len(place))
    for kind, inside in zip(proposal.kind.tolist(), proposal.bins):
        c = place.get((kind, tuple(inside.tolist())))
        if c is None:
            return None
        values[c] += 1
    return values


def lower(form: Bins, pool: Sequence[Proposal], values: Any) -> Proposal:
    """The chosen bins, without what earlier ones hold already."""
    left = form.count.copy()
    kind: list[int] = []
    bins: list[Ints] = []
    for (k, inside), times in zip(patterns(form, pool), np.rint(np.asarray(values)).astype(np.int64).tolist()):
        for _ in range(times):
            kept = []
            for t in inside:
                if left[t] > 0:
                    left[t] -= 1
                    kept.append(t)
            kind.append(k)
            bins.append(np.array(kept, dtype=np.int64))
    return Proposal(np.array(kind, dtype=np.int64), tuple(bins))
