"""The arrays that the route kernels work on: built from a form, filled from a proposal, read back as proposals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from qopt.core.arrays import Floats, Indices, Ints
from qopt.core.forms.routes import Proposal, Routes, evaluate

NOW = np.dtype(
    [(name, np.float64) for name in ("cost", "missing", "price", "least_price", "temperature", "decay")]
    + [(name, np.float64) for name in ("best", "target", "capacity")]
    + [(name, np.int64) for name in ("iteration", "stride", "high", "absent", "old_absent", "removed", "touched")]
    + [(name, np.int64) for name in ("blink", "elites", "last_slot", "last_entry", "flips", "waiting")]
)
"""The scalars of a search. ``cost`` is that of the present routes, ``best`` that of the best complete answer;
``missing`` is the weight of the absent customers and ``price`` what a unit of it costs; ``high`` is one above the last
route in use; ``blink`` counts down to the next overlooked position; an elite is entered every ``stride`` iterations."""


class RoutesState(NamedTuple):
    """For ``kernels.routes``: R routes of at most L customers, K neighbours, E elites.

    ``old_*``, ``touched`` and ``mark`` serve undoing; ``removed`` and ``key`` are scratch. An elite is its routes one
    after the other, each ended by 0, and -1 at the end.
    """

    now: NDArray[Any]  # (1,) of NOW
    rng: NDArray[np.uint64]  # (1,)
    out: Floats  # (n, n) distance from row to column
    into: Floats  # (n, n) its transpose
    near: Indices  # (n, K) nearest customers of each node, itself first
    demand: Floats  # (n,)
    weight: Floats  # (n,) absence of each customer, 1 on average
    code: Ints  # (n,) random numbers below 2**31 that make the hash of a set of routes
    route: Indices  # (R, L)
    length: Ints  # (R,)
    load: Floats  # (R,)
    owner: Indices  # (n,) route of each customer, -1 when in none
    absent: Indices  # (n,)
    removed: Indices  # (n,)
    key: Floats  # (n,)
    old_route: Indices  # (R, L)
    old_length: Ints  # (R,)
    old_load: Floats  # (R,)
    old_absent: Indices  # (n,)
    touched: Indices  # (R,)
    mark: NDArray[np.uint8]  # (R,)
    elite: Indices  # (E, 2 n)
    elite_cost: Floats  # (E,)
    elite_code: Ints  # (E,)


class TourState(NamedTuple):
    """For ``kernels.routes_tour``: one tour of all nodes; ``route`` and ``length`` show it to ``keep_elite``."""

    now: NDArray[Any]  # (1,) of NOW
    rng: NDArray[np.uint64]  # (1,)
    out: Floats  # (n, n), symmetric
    near: Indices  # (n, K) nearest nodes of each node, itself first
    code: Ints  # (n,)
    tour: Indices  # (n,) node at each position
    place: Indices  # (n,) position of each node
    journal: Indices  # (J, 2) positions of the reversals since the last kick
    waiting: Indices  # (n,) nodes whose surroundings have changed
    awake: NDArray[np.uint8]  # (n,) whether a node is among them
    joined: Indices  # (DEPTH, 2) edges added by the chain at hand
    route: Indices  # (1, n - 1)
    length: Ints  # (1,)
    elite: Indices  # (E, 2 n)
    elite_cost: Floats  # (E,)
    elite_code: Ints  # (E,)


def random_state(seed: int) -> NDArray[np.uint64]:
    """The state of the random numbers of a seed, shape (1,)."""
    from qopt.kernels.rng import streams

    state = np.zeros(1, dtype=np.uint64)
    streams(np.uint64(seed), 0, state)
    return state


def longest_route(form: Routes) -> int:
    """The most customers that one vehicle can carry: the smallest demands as far as they fit."""
    loads = np.cumsum(np.sort(form.demand[1:]))
    return max(1, int(np.searchsorted(loads, form.capacity + 1e-9, side="right")))


def nearest(distance: Floats, count: int, *, depot: bool) -> Indices:
    """The ``count`` nodes nearest to each node by the shorter direction, itself first, shape (n, count).

    The depot is left out unless ``depot`` is set.
    """
    close = np.minimum(distance, distance.T)
    np.fill_diagonal(close, -np.inf)
    if not depot:
        close[:, 0] = np.inf
    return np.ascontiguousarray(np.argsort(close, axis=1, kind="stable")[:, :count], dtype=np.int32)


def _common(form: Routes, seed: int, elites: int, stride: int, target: float | None) -> dict[str, Any]:
    n = form.n
    distance = np.array(form.distance)
    np.fill_diagonal(distance, 0.0)
    now = np.zeros(1, dtype=NOW)
    now["best"], now["target"] = np.inf, -np.inf if target is None else target
    now["capacity"], now["decay"], now["blink"], now["stride"] = form.capacity, 1.0, 1, stride
    now["last_slot"] = -1
    return {
        "now": now,
        "rng": random_state(seed),
        "out": distance,
        "code": np.random.default_rng(n).integers(1, 2**31, size=n, dtype=np.int64),
        "elite": np.full((elites, 2 * n), -1, np.int32),
        "elite_cost": np.full(elites, np.inf),
        "elite_code": np.zeros(elites, np.int64),
    }


def routes_state(form: Routes, seed: int, *, elites: int, stride: int, target: float | None) -> RoutesState:
    """A state with every customer absent."""
    n, most, longest = form.n, min(form.vehicles, form.n - 1), longest_route(form)
    common = _common(form, seed, elites, stride, target)
    distance, now = common["out"], common["now"]
    weight = 0.5 + 0.5 * form.demand / (float(form.demand[1:].mean()) or 1.0)
    absent = np.append(np.arange(1, n), 0).astype(np.int32)
    now["absent"], now["missing"] = n - 1, weight[1:].sum()
    now["least_price"] = max(float(np.median(distance[0, 1:] + distance[1:, 0])) / 4, 1e-6)
    now["price"] = 8 * now["least_price"]
    return RoutesState(
        into=np.ascontiguousarray(distance.T),
        near=nearest(distance, min(n - 1, 100), depot=False),
        demand=np.array(form.demand),
        weight=weight,
        route=np.zeros((most, longest), np.int32),
        length=np.zeros(most, np.int64),
        load=np.zeros(most),
        owner=np.full(n, -1, np.int32),
        absent=absent,
        removed=np.zeros(n, np.int32),
        key=np.zeros(n),
        old_route=np.zeros((most, longest), np.int32),
        old_length=np.zeros(most, np.int64),
        old_load=np.zeros(most),
        old_absent=np.zeros(n, np.int32),
        touched=np.zeros(most, np.int32),
        mark=np.zeros(most, np.uint8),
        **common,
    )


def tour_state(form: Routes, seed: int, *, elites: int, stride: int, target: float | None) -> TourState:
    """A state with the nearest-neighbour tour from node 0."""
    n = form.n
    common = _common(form, seed, elites, stride, target)
    distance, now = common["out"], common["now"]
    left = np.ones(n, dtype=bool)
    tour = np.zeros(n, np.int32)
    for k in range(1, n):
        left[tour[k - 1]] = False
        tour[k] = np.argmin(np.where(left, distance[tour[k - 1]], np.inf))
    now["cost"] = distance[tour, np.roll(tour, -1)].sum()
    now["high"] = 1
    now["waiting"] = n
    return TourState(
        near=nearest(distance, min(n, 12), depot=True),
        tour=tour,
        place=np.argsort(tour).astype(np.int32),
        journal=np.zeros((50 * n + 1000, 2), np.int32),
        waiting=tour[::-1].copy(),
        awake=np.ones(n, np.uint8),
        joined=np.zeros((16, 2), np.int32),
        route=tour[None, 1:].copy(),
        length=np.array([n - 1]),
        **common,
    )


def place_routes(state: RoutesState, proposal: Proposal) -> None:
    """Put a feasible proposal into the state in place of what is there."""
    now = state.now[0]
    state.length[:] = 0
    state.load[:] = 0.0
    now["cost"] = 0.0
    for r, route in enumerate(proposal.routes):
        state.route[r, : len(route)] = route
        state.length[r] = len(route)
        state.load[r] = state.demand[route].sum()
        state.owner[route] = r
        path = np.concatenate([[0], route, [0]])
        now["cost"] += state.out[path[:-1], path[1:]].sum()
    now["high"], now["absent"], now["missing"] = len(proposal.routes), 0, 0.0


def place_tour(state: TourState, proposal: Proposal) -> None:
    """Put a feasible proposal (one route) into the state in place of what is there, all of it to be improved."""
    now = state.now[0]
    state.tour[1:] = proposal.routes[0]
    state.tour[0] = 0
    state.place[state.tour] = np.arange(len(state.tour))
    state.route[0] = state.tour[1:]
    state.waiting[:] = state.tour
    state.awake[:] = 1
    now["waiting"] = len(state.tour)
    now["cost"] = state.out[state.tour, np.roll(state.tour, -1)].sum()


def elites(state: RoutesState | TourState) -> list[tuple[float, Proposal]]:
    """The elites with their costs, best first."""
    return [(float(state.elite_cost[e]), read_elite(state, int(e))) for e in ranked(state)]


def ranked(state: RoutesState | TourState) -> Ints:
    """The slots in use, best first."""
    return np.argsort(state.elite_cost, kind="stable")[: state.now[0]["elites"]]


def read_elite(state: RoutesState | TourState, slot: int) -> Proposal:
    """The proposal held in an elite's slot."""
    line = state.elite[slot]
    line = line[: np.flatnonzero(line == -1)[0]].astype(np.int64)
    ends = np.flatnonzero(line == 0)
    return Proposal(tuple(line[a:b] for a, b in zip([0, *(ends[:-1] + 1)], ends)))


def unfinished(form: Routes, state: RoutesState | TourState) -> Proposal:
    """The present routes, and the absent customers on routes of their own (first fit by falling demand)."""
    now = state.now[0]
    if isinstance(state, TourState):
        return Proposal((state.route[0].astype(np.int64),))
    routes = [state.route[r, : state.length[r]] for r in range(now["high"])]
    extra: list[list[int]] = []
    for c in sorted(state.absent[: now["absent"]].tolist(), key=lambda c: -form.demand[c]):
        room = [line for line in extra if form.demand[[*line, c]].sum() <= form.capacity]
        if room:
            room[0].append(c)
        else:
            extra.append([c])
    return Proposal((*(r.astype(np.int64) for r in routes), *(np.array(line, np.int64) for line in extra)))


def usable(form: Routes, pool: Sequence[Proposal], limit: int) -> list[Proposal]:
    """The feasible proposals of a pool, shortest first, at most ``limit``."""
    judged = [(evaluate(form, proposal), proposal) for proposal in pool]
    good = sorted(((check.objective, k) for k, (check, _) in enumerate(judged) if check.feasible))
    return [judged[k][1] for _, k in good[:limit]]
