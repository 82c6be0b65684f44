"""A packing form as the arrays of ``kernels.bins``, and the state of a search."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from qopt.core.arrays import Bools, Floats, Ints
from qopt.core.forms.bins import NOISE, Bins, Proposal
from qopt.kernels.bins import WAITING, price
from qopt.solvers.proposers._routes_state import random_state

NOW = np.dtype(
    [("price", np.float64), ("best", np.float64)]
    + [(name, np.int64) for name in ("waiting", "best_waiting", "found", "at", "cycle")]
)


class Facts(NamedTuple):
    """n copies of T types, K kinds, D dimensions."""

    type: Ints  # (n,)
    size: Floats  # (n, D)
    weight: Floats  # (n,)
    conflict: Bools  # (T, T)
    shy: Bools  # (T,) whether a type has conflicts
    allowed: Bools  # (T, K)
    room: Floats  # (K, D) capacity with what float sums may be off by
    cost: Floats  # (K,) the largest being 1
    value: Floats  # (K,) cost for the room
    limit: Ints  # (K,)
    heat: Floats  # (2,) first and last temperature
    cycle: Ints  # (2,) moves of the first cycle, and of the longest


class Packing(NamedTuple):
    """Which copy lies in which of B bins."""

    where: Ints  # (n,) bin or -1
    kind: Ints  # (B,) or -1
    load: Floats  # (B, D)
    first: Ints  # (B,) first copy of a bin, or -1
    next: Ints  # (n,) next copy in the same bin, or -1
    used: Ints  # (K,)


class State(NamedTuple):
    """The packing of a search, the one before its last move, the best one, and scratch."""

    where: Ints
    kind: Ints
    load: Floats
    first: Ints
    next: Ints
    used: Ints
    old: Packing
    best: Packing
    queue: Ints  # (n,)
    key: Floats  # (n,)
    rng: NDArray[np.uint64]  # (1,)
    now: NDArray[Any]  # (1,) of NOW


def facts(form: Bins, *, heat: tuple[float, float], cycle: tuple[int, int]) -> Facts:
    """The constants of a form."""
    types = np.repeat(np.arange(form.types), form.count)
    scale = max(float(form.cost.max()), 1e-300)
    share = np.minimum(form.capacity / np.maximum(form.capacity.max(axis=0), 1e-300), 1.0).mean(axis=1)
    cost = form.cost / scale if form.cost.max() > 0 else np.ones(form.kinds)
    return Facts(
        types,
        form.size[types],
        form.weight[types],
        np.array(form.conflict),
        np.array(form.conflict.any(axis=1)),
        np.array(form.allowed),
        form.capacity + NOISE * np.maximum(1.0, form.capacity),
        cost,
        cost / np.maximum(share, 1e-12),
        np.array(form.limit),
        np.array(heat),
        np.array(cycle),
    )


def _nothing(form: Bins) -> Packing:
    n = form.copies
    bins = min(n, int(form.limit.sum()))
    none = np.full(bins, -1)
    load = np.zeros((bins, form.size.shape[1]))
    return Packing(np.full(n, -1), none, load, none.copy(), np.full(n, -1), np.zeros(form.kinds, np.int64))


def state_of(form: Bins, f: Facts, seed: int) -> State:
    """A state with every copy waiting."""
    now = np.zeros(1, NOW)
    now["cycle"] = f.cycle[0]
    now["waiting"] = now["best_waiting"] = form.copies
    now["price"] = now["best"] = WAITING * form.copies
    scratch = np.zeros(form.copies, np.int64), np.zeros(form.copies)
    return State(*_nothing(form), _nothing(form), _nothing(form), *scratch, random_state(seed), now)


def enter(form: Bins, f: Facts, s: State, proposal: Proposal) -> None:
    """Go on from a feasible packing, and take it for the best."""
    first = np.append(0, np.cumsum(form.count))
    given = np.zeros(form.types, np.int64)
    for part, empty in zip(s[:6], _nothing(form)):
        part[:] = empty
    for b, (kind, inside) in enumerate(zip(proposal.kind.tolist(), proposal.bins)):
        s.kind[b] = kind
        s.used[kind] += 1
        for t in inside.tolist():
            i = int(first[t] + given[t])
            given[t] += 1
            s.where[i], s.next[i], s.first[b] = b, s.first[b], i
            s.load[b] += f.size[i]
    for source, target in zip(s[:6], s.best):
        target[:] = source
    s.now["price"] = s.now["best"] = price(f, s)
    s.now["waiting"] = s.now["best_waiting"] = 0


def read(form: Bins, f: Facts, packing: Packing | State) -> Proposal:
    """A packing of the state as a proposal, without the copies that wait."""
    bins = np.flatnonzero(packing.kind >= 0)
    return Proposal(packing.kind[bins], tuple(f.type[packing.where == b] for b in bins))
