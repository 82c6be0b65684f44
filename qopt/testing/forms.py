"""Small forms with their optima by plain enumeration, and one larger form of each kind to interrupt."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import permutations
from typing import Any

import numpy as np

from qopt.core.forms.batches import POLICIES
from qopt.core.forms.routes import Routes
from qopt.core.forms.shop import Shop
from qopt.testing.batches import random_batches, shortest_batches
from qopt.testing.bins import cheapest_bins, random_bins
from qopt.testing.fleets import cheapest, random_fleet
from qopt.testing.projects import flexible_shop, random_project, shortest_project
from qopt.testing.rosters import cheapest_roster, random_roster


def small_forms(name: str) -> list[tuple[Any, float | None]]:
    """Forms of a kind, each with its optimum; None where nothing is feasible.

    Raises
    ------
    LookupError
        No such kind: a new form needs its own examples here.
    """
    if name not in _SMALL:
        raise LookupError(f"no small examples of the form {name!r}; there are: {', '.join(_SMALL)}")
    return _SMALL[name]()


def large_forms(name: str) -> list[Any]:
    """Forms of a kind that keep any search busy for minutes: one for every specialist."""
    made: dict[str, Callable[[], list[Any]]] = {
        "routes": lambda: [random_routes(200, seed=1, vehicles=60)],
        "shop": lambda: [random_shop(20, 15, seed=1)],
        "fleet": lambda: [random_fleet(60, seed=1, vehicles=30)],
        "project": lambda: [random_project(60, seed=1), flexible_shop(20, 10, seed=1)],
        "roster": lambda: [random_roster(30, 28, 3, seed=1, rich=rich) for rich in (True, False)],
        "bins": lambda: [random_bins(120, seed=1, copies=3, dimensions=2, kinds=2)],
        "batches": lambda: [random_batches(150, seed=1, most=10)],
    }
    return made[name]()


def random_routes(n: int, *, seed: int, vehicles: int, capacity: float = 20.0, directed: bool = False) -> Routes:
    """Points in a square with whole distances; with ``directed`` each direction has a distance of its own."""
    rng = np.random.default_rng(seed)
    x, y = rng.integers(0, 100, (2, n))
    distance = np.rint(np.hypot(x[:, None] - x, y[:, None] - y))
    if directed:
        distance += rng.integers(0, 40, (n, n))
    return Routes(distance, np.append(0, rng.integers(1, 8, n - 1)), capacity, vehicles)


def random_shop(jobs: int, machines: int, *, seed: int) -> Shop:
    """Every job visits every machine once, in random order."""
    rng = np.random.default_rng(seed)
    machine = np.concatenate([rng.permutation(machines) for _ in range(jobs)]).astype(np.int32)
    return Shop(np.arange(jobs + 1, dtype=np.int32) * machines, machine, rng.integers(1, 20, jobs * machines), machines)


def shortest_routes(form: Routes) -> float | None:
    """The length of the best set of routes: every order of every set of at most 9 customers; None if there is none."""
    customers = range(1, form.n)
    if form.n > 10:
        raise ValueError(f"{form.n - 1} customers are too many to enumerate, at most 9")
    single: dict[int, float] = {}
    for size in range(1, form.n):
        for line in permutations(customers, size):
            if sum(form.demand[c] for c in line) > form.capacity:
                continue
            length = sum(form.distance[a, b] for a, b in zip((0, *line), (*line, 0)))
            members = sum(1 << c for c in line)
            single[members] = min(single.get(members, np.inf), length)

    @cache
    def best(left: int, vehicles: int) -> float:
        if left == 0:
            return 0.0
        if vehicles == 0:
            return np.inf
        first = left & -left
        return min(
            (
                length + best(left & ~members, vehicles - 1)
                for members, length in single.items()
                if members & first and members & ~left == 0
            ),
            default=np.inf,
        )

    value = best(sum(1 << c for c in customers), form.vehicles)
    return None if np.isinf(value) else float(value)


def shortest_makespan(form: Shop) -> float:
    """The least makespan over every order in which the jobs' tasks may be started one after the other."""
    sequence = [int(j) for j in form.job]
    best = np.inf
    for order in set(permutations(sequence)):
        ready, free = np.zeros(form.jobs), np.zeros(form.machines)
        following = list(form.indptr[:-1])
        for job in order:
            task = following[job]
            end = max(ready[job], free[form.machine[task]]) + form.duration[task]
            ready[job] = free[form.machine[task]] = end
            following[job] += 1
        best = min(best, float(ready.max()))
    return float(best)


@cache
def _small_routes() -> list[tuple[Any, float | None]]:
    forms = [
        random_routes(8, seed=1, vehicles=7),
        random_routes(8, seed=2, vehicles=2),
        random_routes(7, seed=3, vehicles=3, capacity=12.0, directed=True),
        random_routes(8, seed=4, vehicles=1, capacity=np.inf),
        random_routes(7, seed=5, vehicles=1, capacity=np.inf, directed=True),
        Routes(np.array([[0.0, 3.0], [4.0, 0.0]]), np.array([0.0, 1.0]), 1.0, 1),
        Routes(1.0 - np.eye(3), np.array([0.0, 2.0, 2.0]), 3.0, 1),
    ]
    return [(form, shortest_routes(form)) for form in forms]


@cache
def _small_shops() -> list[tuple[Any, float | None]]:
    forms = [random_shop(2, 3, seed=1), random_shop(3, 2, seed=2), random_shop(4, 2, seed=3), random_shop(1, 4, seed=4)]
    return [(form, shortest_makespan(form)) for form in forms]


@cache
def _small_fleets() -> list[tuple[Any, float | None]]:
    forms = [random_fleet(3, seed=seed, rules=seed % 2 == 0) for seed in range(4)]
    levels = [cheapest(form) for form in forms]
    return [(form, None if best is None else best[0]) for form, best in zip(forms, levels, strict=True)]


@cache
def _small_projects() -> list[tuple[Any, float | None]]:
    forms = [random_project(3, seed=seed, rich=seed % 2 == 0) for seed in range(6)]
    forms += [flexible_shop(2, 2, seed=seed) for seed in range(3)]
    levels = [shortest_project(form, 9) for form in forms]
    return [(form, None if best is None else best[0]) for form, best in zip(forms, levels, strict=True)]


@cache
def _small_rosters() -> list[tuple[Any, float | None]]:
    forms = [random_roster(2, 3, 2, seed=seed, rich=seed % 2 == 0) for seed in range(4)]
    forms += [random_roster(1, 7, 1, seed=5), random_roster(3, 4, 1, seed=6)]
    return [(form, cheapest_roster(form)) for form in forms]


@cache
def _small_bins() -> list[tuple[Any, float | None]]:
    forms = [random_bins(6, seed=seed) for seed in range(3)]
    forms += [random_bins(3, seed=seed, copies=3, dimensions=2, kinds=2) for seed in range(3)]
    forms += [random_bins(6, seed=seed, kinds=2, rich=True) for seed in range(6)]
    return [(form, cheapest_bins(form)) for form in forms]


@cache
def _small_batches() -> list[tuple[Any, float | None]]:
    forms = [random_batches(6, seed=seed, policy=policy) for seed, policy in enumerate(POLICIES)]
    forms += [random_batches(5, seed=4, limit=1), random_batches(1, seed=5), random_batches(6, seed=6, most=6, limit=4)]
    return [(form, shortest_batches(form)) for form in forms]


_SMALL = {
    "routes": _small_routes,
    "shop": _small_shops,
    "fleet": _small_fleets,
    "project": _small_projects,
    "roster": _small_rosters,
    "bins": _small_bins,
    "batches": _small_batches,
}
