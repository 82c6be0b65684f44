"""A batching form as the arrays of ``kernels.batches``, and the state of a search."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from qopt.core.arrays import Floats, Ints
from qopt.core.forms.batches import POLICIES, Batches, Proposal, first_fit
from qopt.kernels.batches import WAITING, walk
from qopt.solvers.proposers._routes_state import random_state

NOW = np.dtype(
    [("price", np.float64), ("best", np.float64)]
    + [(name, np.int64) for name in ("waiting", "best_waiting", "found", "at", "cycle")]
)
_NEAR = 30
"""How many orders are kept as those that lie closest by."""


class Facts(NamedTuple):
    """n orders, S locations, D dimensions."""

    holds: NDArray[np.int16]  # (n + 1, S) the last row is empty
    load: Floats  # (n, D)
    room: Floats  # (D,)
    alone: Floats  # (n,) walk of each order alone
    near: Ints  # (n, R)
    aisle: Ints  # (S,)
    position: Floats  # (S,)
    layout: Floats  # (4,) policy, length, pitch, depot
    distance: Floats  # (S + 1, S + 1), or (1, 1) without a table
    most: Ints  # (2,) orders of a batch, batches
    heat: Floats  # (2,)
    cycle: Ints  # (2,)


class Plan(NamedTuple):
    """Which order is in which of B batches."""

    where: Ints  # (n,) batch or -1
    size: Ints  # (B,) orders
    load: Floats  # (B, D)
    held: NDArray[np.int16]  # (B, S) orders by location
    length: Floats  # (B,)


class State(NamedTuple):
    """The plan of a search, the one before its last move, the best one, and scratch."""

    where: Ints
    size: Ints
    load: Floats
    held: NDArray[np.int16]
    length: Floats
    old: Plan
    best: Plan
    queue: Ints  # (n,)
    key: Floats  # (n,)
    path: Ints  # (S + 2,)
    rng: NDArray[np.uint64]  # (1,)
    now: NDArray[Any]  # (1,) of NOW


def facts(form: Batches, *, heat: tuple[float, float], cycle: tuple[int, int]) -> Facts:
    """The constants of a form; temperatures are given in walks of an average order."""
    n, walks = form.orders, form.walks
    size = walks.locations
    holds = np.zeros((n + 1, size), np.int16)
    holds[np.repeat(np.arange(n), np.diff(form.indptr)), form.stop] = 1
    table = walks.distance is not None
    out = Facts(
        holds,
        np.array(form.load),
        np.array(form.capacity),
        np.zeros(n),
        _near(form, holds[:n]),
        np.zeros(size, np.int64) if table else np.array(walks.aisle),
        np.zeros(size) if table else np.array(walks.position),
        np.array([POLICIES.index(walks.policy), walks.length, walks.pitch, walks.depot], dtype=np.float64),
        np.zeros((1, 1)) if walks.distance is None else np.array(walks.distance),
        np.array([form.most, form.limit]),
        np.array(heat),
        np.array(cycle),
    )
    scratch = _state(form, 1, random_state(0))
    out.alone[:] = [walk(out, scratch, holds[i], holds[n]) for i in range(n)]
    out.heat[:] = np.array(heat) * max(float(out.alone.mean()), 1e-9)
    return out


def _near(form: Batches, holds: NDArray[np.int16]) -> Ints:
    """For each order those that lie closest by: that share most aisles, or by the table on average."""
    n, walks = form.orders, form.walks
    if walks.distance is not None:
        share = holds / holds.sum(axis=1, keepdims=True)
        far = share @ walks.distance[1:, 1:] @ share.T
    else:
        aisles = int(walks.aisle.max(initial=0)) + 1
        visits = np.zeros((n, aisles))
        np.maximum.at(visits.T, walks.aisle, holds.T.astype(np.float64))
        far = -(visits @ visits.T) / np.sqrt(np.outer(visits.sum(axis=1), visits.sum(axis=1)))
    np.fill_diagonal(far, np.inf)
    return np.argsort(far, axis=1, kind="stable")[:, : min(n - 1, _NEAR)].astype(np.int64)


def _plan(form: Batches, batches: int) -> Plan:
    shape = (batches, len(form.capacity)), (batches, form.walks.locations)
    counts = np.zeros(batches, np.int64)
    return Plan(np.full(form.orders, -1), counts, np.zeros(shape[0]), np.zeros(shape[1], np.int16), np.zeros(batches))


def _state(form: Batches, batches: int, rng: NDArray[np.uint64]) -> State:
    n = form.orders
    scratch = np.zeros(n, np.int64), np.zeros(n), np.zeros(form.walks.locations + 2, np.int64)
    return State(*_plan(form, batches), _plan(form, batches), _plan(form, batches), *scratch, rng, np.zeros(1, NOW))


def state_of(form: Batches, f: Facts, seed: int) -> State:
    """A state with every order waiting, and some more batches than a greedy plan has."""
    greedy = first_fit(form)
    most = min(form.limit, form.orders)
    s = _state(form, most if greedy is None else min(most, len(greedy.batches) * 4 // 3 + 2), random_state(seed))
    s.now["cycle"] = f.cycle[0]
    s.now["waiting"] = s.now["best_waiting"] = form.orders
    s.now["price"] = s.now["best"] = WAITING * form.orders
    return s


def enter(form: Batches, f: Facts, s: State, proposal: Proposal) -> bool:
    """Go on from a feasible plan, and take it for the best; False where it has too many batches for the state."""
    if len(proposal.batches) > len(s.size):
        return False
    now: tuple[NDArray[Any], ...] = s[:5]
    for part, empty in zip(now, _plan(form, len(s.size))):
        part[:] = empty
    for b, batch in enumerate(proposal.batches):
        s.where[batch] = b
        s.size[b] = len(batch)
        s.load[b] = f.load[batch].sum(axis=0)
        s.held[b] = f.holds[batch].sum(axis=0)
        s.length[b] = walk(f, s, s.held[b], f.holds[form.orders])
    best: tuple[NDArray[Any], ...] = tuple(s.best)
    for source, target in zip(now, best):
        target[:] = source
    s.now["price"] = s.now["best"] = s.length.sum()
    s.now["waiting"] = s.now["best_waiting"] = 0
    return True


def read(plan: Plan | State) -> Proposal:
    """A plan of the state as a proposal, without the orders that wait."""
    return Proposal(tuple(np.flatnonzero(plan.where == b) for b in range(len(plan.size))))
