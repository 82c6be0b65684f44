"""Small fleets with every rule of the form, and their best plans by plain enumeration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, permutations, product
from typing import Any

import numpy as np

from qopt.core.forms.fleet import Company, Fleet, Items, Kinds, Proposal, Role, Tour, evaluate


def items_of(lines: Sequence[Mapping[str, Any]], loads: int = 1) -> Items:
    """Items from mappings of the fields of ``Items``, ``windows`` as pairs; left out: 0, any time, must be made."""
    n = len(lines)
    windows = [line.get("windows", ()) for line in lines]
    flat = [w for part in windows for w in part]

    def number(key: str, default: float = 0.0) -> np.ndarray[Any, Any]:
        return np.array([line.get(key, default) for line in lines])

    def load(key: str) -> np.ndarray[Any, Any]:
        return np.array([np.broadcast_to(line.get(key, 0.0), loads) for line in lines], float).reshape(n, loads)

    return Items(
        role=number("role", Role.VISIT),
        place=number("place"),
        service=number("service"),
        setup=number("setup"),
        deliver=load("deliver"),
        collect=load("collect"),
        change=load("change"),
        window_start=np.concatenate([[0], np.cumsum([len(w) for w in windows])]),
        earliest=np.array([w[0] for w in flat], float),
        latest=np.array([w[1] for w in flat], float),
        late_price=number("late_price", np.inf),
        priority=number("priority", 1.0),
        penalty=number("penalty", np.inf),
        delivery=number("delivery", -1),
        owner=number("owner", -1),
    )


def kinds_of(*lines: Mapping[str, Any], loads: int = 1) -> Kinds:
    """Kinds from mappings of the fields of ``Kinds``; what is left out binds and costs nothing but the distance."""
    zero = ("start", "end", "profile", "earliest", "fixed", "per_time", "per_overtime")
    free = ("latest", "overtime_after", "max_distance", "max_duration", "max_stops")
    given = {"count": 1.0, "trips": 1.0, "per_distance": 1.0, **dict.fromkeys(zero, 0.0), **dict.fromkeys(free, np.inf)}
    fields = {name: np.array([line.get(name, value) for line in lines]) for name, value in given.items()}
    capacity = np.array([np.broadcast_to(line.get("capacity", np.inf), loads) for line in lines], float)
    return Kinds(capacity=capacity.reshape(len(lines), loads), **fields)


def random_fleet(visits: int, *, seed: int, rules: bool = True, vehicles: int = 1) -> Fleet:
    """Two kinds of vehicles and a bit of everything: windows, loads, a break, a reload, a shipment, penalties, prices.

    With ``rules`` also rules between visits and a level for what is not made.
    """
    rng = np.random.default_rng(seed)
    spot = rng.integers(0, 20, (visits + 1, 2))
    distance = np.abs(spot[:, None] - spot[None]).sum(axis=2).astype(float)
    time = distance + rng.integers(0, 3, distance.shape)
    lines: list[dict[str, Any]] = []
    for k in range(visits):
        opens = float(rng.integers(0, 60))
        line: dict[str, Any] = {
            "place": k + 1,
            "service": float(rng.integers(0, 6)),
            "setup": float(rng.integers(0, 3)),
        }
        line["windows"] = [(), ((opens, opens + 40),), ((0.0, 15.0), (opens + 20, opens + 70))][rng.integers(0, 3)]
        line[("deliver", "collect")[rng.integers(0, 2)]] = rng.integers(0, 5, 2).astype(float)
        if rng.random() < 0.3:
            line["late_price"] = float(rng.integers(1, 4))
        if rng.random() < 0.3:
            line["penalty"] = float(rng.integers(5, 60))
        line["priority"] = float(rng.integers(1, 4))
        lines.append(line)
    if visits >= 4:
        load = rng.integers(1, 4, 2).astype(float)
        lines[0] |= {"deliver": 0.0, "collect": 0.0, "change": load, "delivery": 1, "penalty": np.inf}
        lines[1] |= {"deliver": 0.0, "collect": 0.0, "change": -load, "penalty": np.inf}
    lines.append({"role": Role.BREAK, "place": -1, "service": 5.0, "windows": [(20.0, 70.0)], "owner": 0})
    lines.append({"role": Role.RELOAD, "place": 0, "service": 3.0, "owner": 1})
    kinds = kinds_of(
        {"count": vehicles, "capacity": 12.0, "fixed": 10.0, "per_time": 0.5, "latest": 150.0, "overtime_after": 50.0}
        | {"per_overtime": 1.0},
        {"count": vehicles, "capacity": 8.0, "end": -1, "trips": 2, "latest": 160.0, "max_stops": max(2, visits - 1)},
        loads=2,
    )
    allowed = np.ones((2, len(lines)), dtype=bool)
    allowed[1, visits], allowed[0, visits + 1] = False, False
    allowed[0, visits - 1] = rng.random() < 0.5
    levels: Any = ((("cost", 1.0),),)
    company: tuple[Company, ...] = ()
    if rules and visits >= 3:
        levels = ((("unserved", 1.0),), (("cost", 1.0), ("duration_spread", 0.5)))
        a, b, c = (int(v) for v in rng.choice(visits, 3, replace=False))
        company = (
            Company("together", (a, b), price=float(rng.choice([7.0, np.inf])), name="crew"),
            Company("apart", (b, c), price=float(rng.choice([9.0, np.inf])), name="rivals"),
            Company("before", (c, a), price=float(rng.choice([4.0, np.inf])), name="order"),
        )
    return Fleet(distance[None], time[None], items_of(lines, 2), kinds, allowed, company, levels)


def tours(form: Fleet, kind: int) -> Iterator[Tour]:
    """Every tour of a kind: some visits in some order, its breaks, and at most one reload after a visit."""
    items, n = form.items, form.items.visits
    breaks = [i for i in range(n, len(items)) if items.role[i] == Role.BREAK and items.owner[i] == kind]
    reloads = [i for i in range(n, len(items)) if items.role[i] == Role.RELOAD and items.owner[i] == kind]
    for size in range(1, n + 1):
        for chosen in combinations(range(n), size):
            for more in ([], *([r] for r in reloads)):
                for line in permutations([*chosen, *breaks, *more]):
                    if not more or any(i < n for i in line[: line.index(more[0])]):
                        yield Tour(kind, np.array(line))


def cheapest(form: Fleet) -> tuple[float, ...] | None:
    """Levels of the best plan of all; None where nothing is feasible.

    All combinations of tours that hold by themselves are judged: few visits and one vehicle of each kind.
    """
    by_visits: list[dict[tuple[int, ...], list[Tour]]] = []
    for kind in range(len(form.kinds)):
        held: dict[tuple[int, ...], list[Tour]] = {(): []}
        for tour in tours(form, kind):
            broken = {v.name for v in evaluate(form, Proposal((tour,))).violations}
            if not broken - {"visits", *(rule.name for rule in form.company)}:
                made = tuple(sorted(i for i in tour.items.tolist() if i < form.items.visits))
                held.setdefault(made, []).append(tour)
        by_visits.append(held)
    best: tuple[float, ...] | None = None
    for sets in product(*by_visits):
        together = [visit for part in sets for visit in part]
        if len(set(together)) != len(together):
            continue
        lines = [[()] if not part else [(tour,) for tour in by_visits[k][part]] for k, part in enumerate(sets)]
        for chosen in product(*lines):
            check = evaluate(form, Proposal(tuple(tour for part in chosen for tour in part)))
            if check.feasible and (best is None or check.levels < best):
                best = check.levels
    return best
