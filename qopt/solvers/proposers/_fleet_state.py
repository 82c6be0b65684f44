"""The state of a search over a fleet: built from a form, filled from a proposal, read back as proposals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from qopt.core.arrays import Floats, Ints
from qopt.core.forms.fleet import Fleet, Proposal, Tour
from qopt.solvers.proposers._breeding import Line, Population
from qopt.solvers.proposers._fleet_facts import FAR, LEVEL, Facts, prices
from qopt.solvers.proposers._routes_state import random_state

NOW = np.dtype(
    [(name, np.float64) for name in ("cost", "missing", "penalties", "extra", "broken", "price", "least_price")]
    + [(name, np.float64) for name in ("most_price", "hard", "big", "temperature", "decay", "best", "target")]
    + [(name, np.float64) for name in ("per_spread", "per_end")]
    + [(name, np.int64) for name in ("iteration", "stride", "absent", "old_absent", "removed", "touched", "stamp")]
    + [(name, np.int64) for name in ("blink", "elites", "last_slot", "last_entry")]
    + [(name, np.bool_) for name in ("rules", "changes", "reloads", "may_miss")]
)
"""The scalars of a search. ``cost`` is that of all routes, ``missing`` the priority of the absent visits (each unit of
which costs ``price``), ``penalties`` their penalties, ``extra`` and ``broken`` the prices and the number of what
``whole_price`` finds; an elite is entered every ``stride`` iterations."""

VEHICLE = np.dtype(
    [(name, np.float64) for name in ("cost", "idle", "duration", "end")]
    + [
        (name, np.int64)
        for name in ("kind", "length", "made", "trips", "done", "plain_length", "old_length", "touched")
    ]
    + [(name, np.bool_) for name in ("begun", "mark", "spanned", "holds")]
)
"""``made`` counts visits, ``done`` the items that the route has begun with, ``plain_length`` the items of a route
without free visits. ``touched`` of line k is the k-th vehicle that this iteration changes. ``spanned`` says whether the
steps hold what ``kernels.fleet_spans`` keeps of a route, ``holds`` whether its times and loads do."""

VISIT = np.dtype([(name, np.int64) for name in ("owner", "spot", "absent", "old_absent", "removed")] + [("key", float)])
"""Vehicle and position of a visit (-1: absent); the other columns are lists of visits."""

STEP = np.dtype(
    [(name, np.float64) for name in ("start", "leave", "cum", "slack", "due", "begin", "done")]
    + [("at", np.int64)]
    + [(name, np.float64) for name in ("opens", "closes", "later", "need", "spent", "depart", "leap")]
    + [(name, np.float64) for name in ("rest", "back", "open", "jump")]
)
"""Of an item of a route: see ``kernels.fleet_times`` (``follow``, ``slacken``, ``settle``) and ``kernels.fleet_spans``.
All in one array: one more array in the state made every kernel that takes the state slower, by half and more."""

HEAD = np.dtype([("cost", np.float64), ("code", np.int64)])


class State(NamedTuple):
    """What a search changes: V vehicles, n visits, routes of at most T items, D loads, E elites."""

    now: NDArray[Any]  # (1,) of NOW
    rng: NDArray[np.uint64]  # (1,)
    vehicle: NDArray[Any]  # (V,) of VEHICLE
    visit: NDArray[Any]  # (n,) of VISIT
    route: NDArray[np.int32]  # (V, T)
    old_route: NDArray[np.int32]  # (V, T)
    step: NDArray[Any]  # (V, T + 1) of STEP
    load: Floats  # (V, 3, T + 1, D): on board, highest so far, highest from here
    seen: Ints  # (K,)
    scratch: NDArray[np.int32]  # (T + 3,)
    trial_step: NDArray[Any]  # (T + 4,) of STEP
    trial_load: Floats  # (3, T + 4, D)
    elite: NDArray[np.int32]  # (E, …) -2 - kind before each route, -1 at the end
    head: NDArray[Any]  # (E,) of HEAD


def vehicles(form: Fleet) -> Ints:
    """The kind of every vehicle that can be of use, shape (V,)."""
    most = max(1, form.items.visits)
    return np.repeat(np.arange(len(form.kinds)), np.minimum(form.kinds.count, most)).astype(np.int64)


def state_of(form: Fleet, f: Facts, seed: int, *, elites: int, stride: int) -> State:
    """A state without routes; ``place`` fills it."""
    n, size = form.items.visits, form.items.deliver.shape[1]
    kind = vehicles(form)
    breaks = int((f.kind["breaks_end"] - f.kind["breaks"]).max(initial=0))
    again = int((f.kind["trips"] - 1).max(initial=0)) if (f.kind["reloads_end"] > f.kind["reloads"]).any() else 0
    longest = n + breaks + min(again, n) + 1
    price = prices(form)
    now = np.zeros(1, NOW)
    now["best"], now["target"], now["decay"], now["blink"] = np.inf, -np.inf, 1.0, 1
    now["stride"], now["last_slot"] = stride, -1
    now["per_spread"], now["per_end"] = price["spread"], price["end"]
    now["rules"], now["changes"], now["reloads"] = len(f.rule) > 0, form.current is not None, again > 0
    now["may_miss"] = form.counts_unserved
    vehicle = np.zeros(len(kind), VEHICLE)
    vehicle["kind"] = kind
    begun = [_begun(form, k) for k in kind.tolist()]
    vehicle["done"], vehicle["begun"] = [len(b) for b in begun], [len(b) > 0 for b in begun]
    vehicle["plain_length"] = [len(plain(form, f, k)) for k in kind.tolist()]
    visit = np.zeros(n, VISIT)
    visit["owner"] = -1
    return State(
        now=now,
        rng=random_state(seed),
        vehicle=vehicle,
        visit=visit,
        route=np.zeros((len(kind), longest), np.int32),
        old_route=np.zeros((len(kind), longest), np.int32),
        step=np.zeros((len(kind), longest + 1), STEP),
        load=np.zeros((len(kind), 3, longest + 1, size)),
        seen=np.zeros(len(f.kind), np.int64),
        scratch=np.zeros(longest + 3, np.int32),
        trial_step=np.zeros(longest + 4, STEP),
        trial_load=np.zeros((3, longest + 4, size)),
        elite=np.full((elites, len(form.items) + len(kind) * (2 + breaks + again) + 1), -1, np.int32),
        head=np.array([(np.inf, 0)] * elites, HEAD),
    )


def _begun(form: Fleet, kind: int) -> tuple[int, ...]:
    """What a vehicle of this kind has begun with."""
    return () if form.current is None or not form.current.done else form.current.done[kind]


def plain(form: Fleet, f: Facts, kind: int) -> list[int]:
    """The items of a route without free visits: what it has begun with, and its breaks."""
    begun = _begun(form, kind)
    breaks = f.lists[f.kind["breaks"][kind] : f.kind["breaks_end"][kind]].tolist()
    return [*begun, *(item for item in breaks if item not in begun)]


def place(form: Fleet, f: Facts, s: State, tours: Sequence[Tour]) -> bool:
    """Put tours into the state in place of what is there, the rest absent; False when they do not hold."""
    from qopt.kernels.fleet_moves import refresh
    from qopt.kernels.fleet_search import whole_price

    now = s.now[0]
    s.visit["owner"] = -1
    s.vehicle["cost"] = 0.0
    now["cost"] = 0.0
    left = {k: np.flatnonzero(s.vehicle["kind"] == k).tolist() for k in range(len(f.kind))}
    line = {v: plain(form, f, int(s.vehicle["kind"][v])) for v in range(len(s.vehicle))}
    held = True
    for tour in tours:
        if left[tour.kind]:
            line[left[tour.kind].pop(0)] = tour.items.tolist()
        else:
            held = False
    for v, items in line.items():
        s.vehicle["length"][v] = len(items)
        s.route[v, : len(items)] = items
        held = bool(refresh(f, s, v)) and held
    gone = np.flatnonzero(s.visit["owner"] < 0)
    s.visit["absent"][: len(gone)] = gone
    now["absent"], now["missing"] = len(gone), f.item["priority"][gone].sum()
    penalty = f.item["penalty"][gone]
    now["penalties"] = penalty[penalty < FAR].sum()
    whole_price(f, s)
    return held


def scale(form: Fleet, f: Facts, s: State) -> None:
    """Prices of absence and of broken rules, from what a visit costs about."""
    now, n = s.now[0], form.items.visits
    ride = float(form.time[0].mean()) if form.time.size else 0.0
    leg = float(np.median(f.item["far"][:n])) * float(f.kind["per_distance"].mean())
    leg = max(1e-6, leg + float(f.kind["per_time"].mean()) * ride)
    fixed = float(f.kind["fixed"].max(initial=0.0))
    now["least_price"], now["price"], now["most_price"] = leg / 2, 8 * leg, 1e6 * leg + fixed
    now["hard"] = 100 * leg + fixed
    now["big"] = LEVEL**2 * max(1.0, n * leg + fixed)


def elites(s: State) -> list[Proposal]:
    """The elites, cheapest first."""
    order = np.argsort(s.head["cost"], kind="stable")[: s.now[0]["elites"]]
    return [read_elite(s, int(e)) for e in order]


def read_elite(s: State, slot: int) -> Proposal:
    """The proposal held in an elite's slot."""
    tours: list[tuple[int, list[int]]] = []
    for code in s.elite[slot].tolist():
        if code == -1:
            break
        if code < 0:
            tours.append((-2 - code, []))
        else:
            tours[-1][1].append(code)
    return Proposal(tuple(Tour(kind, np.array(items, np.int64)) for kind, items in tours))


def present(s: State) -> Proposal:
    """The present routes."""
    used = [v for v in range(len(s.vehicle)) if s.vehicle["made"][v] > 0]
    return Proposal(
        tuple(Tour(int(s.vehicle["kind"][v]), s.route[v, : s.vehicle["length"][v]].astype(np.int64)) for v in used)
    )


def present_price(s: State) -> float:
    """What the present plan costs in the order of the elites; infinity where it breaks a hard rule."""
    now = s.now[0]
    if now["broken"] > 0 or (now["missing"] > 0 and not now["may_miss"]):
        return np.inf
    return float(now["cost"] + now["penalties"] + now["extra"] + now["big"] * now["missing"])


def price_of_a_visit(f: Facts, s: State) -> float:
    """What a visit of the present plan costs on average, the use of vehicles left out."""
    used = s.vehicle[s.vehicle["made"] > 0]
    moving = float(s.now[0]["cost"]) - float(f.kind["fixed"][used["kind"]].sum())
    return max(1e-6, moving / max(1, int(used["made"].sum())))


def population(form: Fleet, size: int, seed: int) -> Population:
    """An empty population of plans of a form."""
    spot = form.items.place[: form.items.visits]
    return Population(size, max(1, form.items.visits // 12), form.distance[0][np.ix_(spot, spot)], seed)


def lines_of(proposal: Proposal) -> list[Line]:
    """The tours of a proposal as a population holds them."""
    return [(tour.kind, tour.items.tolist()) for tour in proposal.tours]


def proposal_of(lines: Sequence[Line]) -> Proposal:
    """The other way round."""
    return Proposal(tuple(Tour(kind, np.array(items, np.int64)) for kind, items in lines))
