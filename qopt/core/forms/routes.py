"""Routes: vehicles from one depot visit every customer once.

The arrays that route searches work on; problem D's richer rules extend this form.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qopt.core.arrays import Floats, Ints, frozen, is_integral
from qopt.core.solution import Check, Violation


@dataclass(frozen=True, eq=False)
class Routes:
    """Minimise the length of at most ``vehicles`` closed routes through node 0 that visit nodes 1..n-1 once.

    Parameters
    ----------
    distance
        Shape (n, n); ``distance[i, j]`` from i to j; may be asymmetric. The diagonal is ignored.
    demand
        Shape (n,), >= 0; demand[0] = 0.
    capacity
        Largest load of a route; infinity for none.
    vehicles
        Most routes; n - 1 means unlimited. A travelling salesman is 1 vehicle without capacity.
    """

    distance: Floats
    demand: Floats
    capacity: float = np.inf
    vehicles: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "distance", frozen(self.distance, np.float64))
        object.__setattr__(self, "demand", frozen(self.demand, np.float64))
        n = len(self.demand)
        if self.distance.shape != (n, n):
            raise ValueError(f"distance has shape {self.distance.shape}, expected {(n, n)}")
        if self.vehicles < 1:
            raise ValueError(f"vehicles must be at least 1, got {self.vehicles}")

    @property
    def n(self) -> int:
        """Number of nodes, the depot included."""
        return len(self.demand)

    @property
    def integral(self) -> bool:
        """Whether every distance is whole (so two objectives differ by at least 1)."""
        return is_integral(self.distance)

    @property
    def symmetric(self) -> bool:
        """Whether the distance is the same both ways."""
        return bool(np.array_equal(self.distance, self.distance.T))


@dataclass(frozen=True, eq=False)
class Proposal:
    """Routes as sequences of customers, depot left out; empty routes are dropped."""

    routes: tuple[Ints, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "routes", tuple(frozen(r, np.int64) for r in self.routes if len(r)))

    def key(self) -> tuple[tuple[int, ...], ...]:
        """The same for proposals that differ only in the order of routes; direction counts, as distances may too."""
        return tuple(sorted(tuple(int(c) for c in route) for route in self.routes))


def evaluate(form: Routes, proposal: Proposal) -> Check:
    """Judge a proposal: every customer once, no load above capacity, no more routes than vehicles; its length."""
    violations: list[Violation] = []
    visits = np.zeros(form.n, dtype=np.int64)
    length = 0.0
    for k, route in enumerate(proposal.routes):
        if len(route) and (route.min() < 1 or route.max() >= form.n):
            violations.append(Violation("visits", 1.0, f"route {k + 1} names a node outside 1..{form.n - 1}"))
            route = route[(route >= 1) & (route < form.n)]
        np.add.at(visits, route, 1)
        if len(route) == 0:
            continue
        path = np.concatenate([[0], route, [0]])
        length += float(form.distance[path[:-1], path[1:]].sum())
        load = float(form.demand[route].sum())
        if load > form.capacity + 1e-9:
            message = f"route {k + 1} carries {load:g}, the capacity is {form.capacity:g}"
            violations.append(Violation("capacity", load - form.capacity, message))
    for node in np.flatnonzero(visits[1:] != 1) + 1:
        message = f"node {node} is visited {visits[node]} times"
        violations.append(Violation("visits", float(abs(visits[node] - 1)), message))
    if len(proposal.routes) > form.vehicles:
        extra = len(proposal.routes) - form.vehicles
        violations.append(
            Violation("vehicles", float(extra), f"{len(proposal.routes)} routes for {form.vehicles} vehicles")
        )
    return Check(not violations, (length,), tuple(violations), {"travel": length})
