"""A fleet as the constants that the fleet kernels work on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from qopt.core.arrays import Floats, Ints
from qopt.core.forms.fleet import Fleet, Role

FAR = 1e18
"""What the kernels take for infinity; prices stay below."""
LEVEL = 1e4
"""How much more than all levels after it a level of the objective weighs, about."""


def _dtype(floats: str, ints: str = "", flags: str = "") -> np.dtype[Any]:
    fields: list[tuple[str, Any]] = [(name, np.float64) for name in floats.split()]
    fields += [(name, np.int64) for name in ints.split()]
    return np.dtype([*fields, *((name, np.bool_) for name in flags.split())])


ITEM = _dtype(
    "service setup late_price priority penalty weight far move_absent",
    "place role delivery pickup window window_end rules rules_end mates mates_end",
)
"""``late_price`` and ``penalty`` are FAR for none; ``priority`` above 0 is priced adaptively while the visit is absent;
``weight`` and ``far`` order insertions; ``move_absent`` is the price of not making what the current plan makes. Windows
are lines of ``Facts.window``; rules and mates (visits that leave a route together) are in ``Facts.lists``."""

KIND = _dtype(
    "earliest latest overtime_after max_distance max_duration max_stops fixed per_distance per_time per_overtime",
    "start end profile trips breaks breaks_end reloads reloads_end",
    "timed plain",
)
"""As in the form, in one price; ``timed`` says that costs or limits depend on times, ``plain`` that there is one trip
and everything is delivered, so that a route is never fuller than at its start."""

RULE = _dtype("price", "kind visits visits_end")
"""Kinds 0, 1, 2: together, apart, before."""

KINDS_OF_RULES = ("together", "apart", "before")


class Facts(NamedTuple):
    """For ``kernels.fleet_*``: N items of which n are visits, K kinds of vehicles, L places, D loads."""

    ride: Floats  # (profiles, L + 1, L + 1, 4): way and time there, way and time back; place L, or -1, is nowhere
    item: NDArray[Any]  # (N,) of ITEM
    window: Floats  # (windows, 2)
    amount: Floats  # (N, 3, D): deliver, collect, change
    kind: NDArray[Any]  # (K,) of KIND
    capacity: Floats  # (K, D)
    allowed: NDArray[np.bool_]  # (K, N)
    move: Floats  # (K, n) price of the kind's making a visit that another one makes now
    near: NDArray[np.int32]  # (n, M) nearest visits, itself first
    rule: NDArray[Any]  # (R,) of RULE
    lists: Ints  # the lists that items, kinds and rules point into
    code: Ints  # (N + K,) random numbers below 2**31 for the hash of a plan


def prices(form: Fleet) -> dict[str, float]:
    """One price for every measure but ``unserved``."""
    out = dict.fromkeys(("money", "distance", "duration", "vehicles", "spread", "end"), 0.0)
    names = {"cost": "money", "duration_spread": "spread"}
    levels = [[(name, w) for name, w in level if name != "unserved"] for level in form.levels]
    for k, level in enumerate(reversed([level for level in levels if level])):
        for name, weight in level:
            out[names.get(name, name)] += weight * LEVEL**k
    return out


class _Index:
    """Lists laid end to end."""

    def __init__(self) -> None:
        self.values: list[int] = []

    def add(self, records: Any, name: str, lists: Iterable[Iterable[int]]) -> None:
        """Append a list for each record, and write where it begins and ends to ``name`` and ``name_end``."""
        for record, values in zip(records, lists, strict=True):
            record[name] = len(self.values)
            self.values.extend(int(value) for value in values)
            record[name + "_end"] = len(self.values)


def facts(form: Fleet) -> Facts:
    """The constants of a form; its levels become one price."""
    n, price, index = form.items.visits, prices(form), _Index()
    rules = [rule for rule in form.company if len(rule.visits) > 1]
    item = _items(form, price["money"])
    index.add(item[:n], "rules", ([r for r, rule in enumerate(rules) if c in rule.visits] for c in range(n)))
    index.add(item[:n], "mates", _mates(form, n))
    kind = _kinds(form, price)
    for name, role in (("breaks", Role.BREAK), ("reloads", Role.RELOAD)):
        owned = (form.items.role == role, form.items.owner)
        index.add(kind, name, (np.flatnonzero(owned[0] & (owned[1] == k)) for k in range(len(kind))))
    rule = np.zeros(len(rules), RULE)
    rule["kind"] = [KINDS_OF_RULES.index(one.kind) for one in rules]
    rule["price"] = finite(np.array([one.price for one in rules], np.float64), price["money"])
    index.add(rule, "visits", (one.visits for one in rules))
    move, now = np.zeros((len(kind), n)), form.current
    if now is not None:
        elsewhere = (now.route >= 0) & (now.route != np.arange(len(kind))[:, None])
        paid = finite(now.price, price["money"])
        move[elsewhere] = np.broadcast_to(paid, move.shape)[elsewhere]
        item["move_absent"][:n] = np.where(now.route >= 0, paid, 0.0)
    place = form.items.place[:n]
    close = np.minimum(form.distance[0], form.distance[0].T)[np.ix_(place, place)]
    np.fill_diagonal(close, -np.inf)
    return Facts(
        _rides(form),
        item,
        np.stack([form.items.earliest, form.items.latest], axis=1).reshape(-1, 2),
        np.stack([form.items.deliver, form.items.collect, form.items.change], axis=1),
        kind,
        finite(form.kinds.capacity),
        np.array(form.allowed),
        move,
        np.ascontiguousarray(np.argsort(close, axis=1, kind="stable")[:, : min(n, 100)], dtype=np.int32),
        rule,
        np.array(index.values, dtype=np.int64),
        np.random.default_rng(n).integers(1, 2**31, size=len(item) + len(kind), dtype=np.int64),
    )


def _rides(form: Fleet) -> Floats:
    """What the kernels need of two places, side by side."""
    out = np.zeros((*(size + 1 for size in form.distance.shape), 4))[:-1]
    for k, matrix in enumerate((form.distance, form.time)):
        out[:, :-1, :-1, k] = matrix
        out[:, :-1, :-1, 2 + k] = matrix.swapaxes(1, 2)
    places = np.arange(out.shape[1])
    out[:, places, places] = 0.0
    return out


def finite(values: Floats, factor: float = 1.0) -> Floats:
    """Values times a factor, FAR for infinity."""
    return np.where(np.isfinite(values), np.nan_to_num(values, posinf=0.0) * factor, FAR)


def _items(form: Fleet, money: float) -> NDArray[Any]:
    items, n = form.items, form.items.visits
    out = np.zeros(len(items), ITEM)
    for name in ("service", "setup", "place", "role", "delivery", "pickup"):
        out[name] = getattr(items, name)
    out["window"], out["window_end"] = items.window_start[:-1], items.window_start[1:]
    out["late_price"] = finite(items.late_price, money)
    out["penalty"][:n] = finite(items.penalty[:n], money)
    must = np.where(np.isinf(items.penalty[:n]), np.maximum(items.priority[:n], 1e-3), 0.0)
    out["priority"][:n] = items.priority[:n] if form.counts_unserved else must
    out["weight"] = (items.deliver + items.collect + np.abs(items.change)).sum(axis=1)
    starts = np.unique(form.kinds.start[form.kinds.start >= 0])
    if len(starts):
        out["far"][:n] = form.distance[0][np.ix_(starts, items.place[:n])].min(axis=0)
    return out


def _kinds(form: Fleet, price: dict[str, float]) -> NDArray[Any]:
    kinds = form.kinds
    out = np.zeros(len(kinds), KIND)
    for name in ("start", "end", "profile", "trips", "earliest"):
        out[name] = getattr(kinds, name)
    for name in ("latest", "overtime_after", "max_distance", "max_duration", "max_stops"):
        out[name] = finite(getattr(kinds, name))
    out["fixed"] = kinds.fixed * price["money"] + price["vehicles"]
    out["per_distance"] = kinds.per_distance * price["money"] + price["distance"]
    out["per_time"] = kinds.per_time * price["money"] + price["duration"]
    out["per_overtime"] = kinds.per_overtime * price["money"]
    late = bool(np.isfinite(form.items.late_price).any())
    balanced = price["spread"] > 0 or any(rule.kind == "before" for rule in form.company)
    dear = (out["per_time"] > 0) | (out["per_overtime"] > 0) | np.isfinite(kinds.max_duration)
    out["timed"] = dear | late | balanced
    out["plain"] = (kinds.trips == 1) & ~(form.items.collect.any() | form.items.change.any())
    return out


def _mates(form: Fleet, n: int) -> list[list[int]]:
    """Visits that leave a route with each visit: the other half of a shipment, and company that must stay together."""
    mates: list[set[int]] = [set() for _ in range(n)]
    bonds: list[tuple[int, ...]] = [
        (p, int(form.items.delivery[p])) for p in np.flatnonzero(form.items.delivery[:n] >= 0).tolist()
    ]
    bonds += [rule.visits for rule in form.company if rule.kind == "together"]
    for bond in bonds:
        for visit in bond:
            mates[visit] |= set(bond) - {visit}
    for visit in range(n):
        for other in list(mates[visit]):
            mates[visit] |= mates[other] - {visit}
    return [sorted(group) for group in mates]
