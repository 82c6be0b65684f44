"""A population of distinct plans of routes, and children of two of them: whole routes of one put into the other.

After the selective route exchange of Nagata and Kobayashi, "A memetic algorithm for the pickup and delivery problem
with time windows using selective route exchange crossover", PPSN XI, 2010: routes that lie together in one parent take
the place of those in the other that make much the same visits. What then has no place is left to the search that
follows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from qopt.core.arrays import Floats
from qopt.core.watch import Watch

PATIENCE = 4
"""A population is begun anew after so many children for each of its members that it would not take."""

Line = tuple[int, list[int]]
"""A route: kind of vehicle and its items."""


class Member(NamedTuple):
    """A plan with its cost and its legs (-1: where a route begins or ends)."""

    cost: float
    lines: list[Line]
    legs: frozenset[tuple[int, int]]


class Population:
    """Distinct plans, a limited number of them.

    Parameters
    ----------
    size
        Most members.
    apart
        Legs in which two members differ at least.
    distance
        Shape (items, items): how far two visits are apart. Items from ``len(distance)`` on are no visits and stay with
        their routes.
    seed
        Of the choices of parents and routes.
    """

    def __init__(self, size: int, apart: int, distance: Floats, seed: int) -> None:
        self.size, self.apart, self.distance = size, apart, distance
        self.members: list[Member] = []
        self._refused = 0
        self._random = np.random.default_rng(seed)

    @property
    def stale(self) -> bool:
        """Whether it has taken no plan for long."""
        return self._refused > PATIENCE * self.size

    def clear(self) -> None:
        """Let all members go."""
        self.members, self._refused = [], 0

    def enter(self, cost: float, lines: list[Line]) -> bool:
        """Take a plan in, in place of those it is too near to, or else of the dearest; False if it is no better."""
        legs = frozenset(leg for _, items in lines for leg in zip([-1, *items], [*items, -1]))
        new = Member(cost, lines, legs)
        differ = [len(legs - member.legs) for member in self.members]
        out = [k for k, legs in enumerate(differ) if legs < self.apart]
        if not out and len(self.members) >= self.size:
            out = [max(range(self.size), key=lambda k: self.members[k].cost)]
        if any(cost >= self.members[k].cost for k in out):
            self._refused += 1
            return False
        self.members = [member for k, member in enumerate(self.members) if k not in out]
        self.members.append(new)
        self._refused = 0
        return True

    def child(self) -> list[Line]:
        """Routes of two members, the more certain first; some visits may be left out."""
        a, b = (self.members[int(k)].lines for k in self._random.choice(len(self.members), 2, replace=False))
        count = int(self._random.integers(1, max(2, len(a) // 2 + 1)))
        chosen = [a[k] for k in self._together(a)[:count]]
        inside = {item for _, items in chosen for item in items if item < len(self.distance)}
        overlap = [sum(item in inside for item in items) / len(items) for _, items in b]
        stay = sorted(np.argsort(overlap, kind="stable")[: max(0, len(b) - count)].tolist())
        rest = [(b[k][0], [item for item in b[k][1] if item not in inside]) for k in stay]
        return chosen + sorted((line for line in rest if line[1]), key=lambda line: -len(line[1]))

    def _together(self, lines: list[Line]) -> list[int]:
        """The routes by their mean distance from one of them, which comes first."""
        visits = [[item for item in items if item < len(self.distance)] for _, items in lines]
        first = int(self._random.integers(len(lines)))
        far = [float(self.distance[np.ix_(visits[first], other)].min(axis=1).mean()) for other in visits]
        far[first] = -1.0
        return [int(k) for k in np.argsort(far, kind="stable")]


class Grown(NamedTuple):
    """What a search has made of a plan: iterations it took, cost (infinity: not complete) and routes."""

    iterations: int
    cost: float
    lines: list[Line]


def breed(
    population: Population, grow: Callable[[list[Line], int | None], Grown], watch: Watch, work: int | None
) -> int:
    """Add as many plans grown from nothing as a population may hold, then grow children; the iterations done.

    ``grow(lines, most)`` searches from these routes, for at most that many iterations. A population that is stale is
    begun anew.
    """
    done = fresh = 0
    while not watch.expired() and (work is None or done < work):
        if population.stale:
            population.clear()
            fresh = 0
        ready = fresh >= population.size and len(population.members) > 1
        lines = population.child() if ready else []
        fresh += not ready
        grown = grow(lines, None if work is None else work - done)
        done += grown.iterations
        if grown.iterations == 0:  # the target is reached
            break
        if np.isfinite(grown.cost):
            population.enter(grown.cost, grown.lines)
    return done
