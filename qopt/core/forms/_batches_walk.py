"""How far a picker walks for some locations: by a rule in parallel aisles, or by a short tour over a table.

Aisles run from a front cross aisle at 0 to a back one at ``length``, the depot is at the front end of an aisle. Rules
(Hall, 1993; Roodbergen & de Koster, 2001), aisles taken from left to right:

    s_shape      every aisle with a pick is walked through; a last one that would end at the back is left where it was
                 entered
    return       every aisle is left at the front, from the farthest pick
    largest_gap  the first and the last aisle are walked through, the others entered from both ends, so that the largest
                 gap between picks, or between a pick and an end, is not walked; a single aisle as by return
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np

from qopt.core.arrays import Floats, Ints, frozen, is_integral

POLICIES = ("s_shape", "return", "largest_gap", "table")
_EXACT = 7
"""Most stops of a tour that is the shortest by dynamic programming; longer ones are 2-opt from nearest neighbours."""


@dataclass(frozen=True, eq=False)
class Walks:
    """Where things lie and how a picker walks.

    Parameters
    ----------
    policy
        One of ``POLICIES``.
    aisle, position
        Shape (locations,): the number of the aisle, and the distance from its front end; sorted by both. Unused by
        ``table``.
    length, pitch
        Of an aisle, and between neighbouring aisles.
    depot
        The number of the aisle at whose front end a walk begins and ends.
    distance
        Shape (locations + 1, locations + 1), symmetric; row 0 is the depot. Used by ``table`` alone.
    """

    policy: str
    aisle: Ints
    position: Floats
    length: float = 0.0
    pitch: float = 0.0
    depot: int = 0
    distance: Floats | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "aisle", frozen(self.aisle, np.int64))
        object.__setattr__(self, "position", frozen(self.position, np.float64))
        if self.policy not in POLICIES:
            raise ValueError(f"policy must be one of {', '.join(POLICIES)}, got {self.policy!r}")
        if self.policy == "table":
            if self.distance is None:
                raise ValueError("a table of distances is needed")
            object.__setattr__(self, "distance", frozen(self.distance, np.float64))

    @property
    def locations(self) -> int:
        """Number of locations."""
        return len(self.aisle) if self.distance is None else len(self.distance) - 1

    @cached_property
    def tours(self) -> dict[bytes, Ints]:
        """Tours that were worked out before, by their stops."""
        return {}

    @property
    def integral(self) -> bool:
        """Whether every walk is a whole number."""
        if self.distance is not None:
            return is_integral(self.distance)
        return is_integral(self.position) and is_integral(np.array([self.length, self.pitch]))


def walked(walks: Walks, stops: Ints) -> float:
    """Length of the walk from the depot past some locations (sorted, different) and back; 0 for none."""
    if len(stops) == 0:
        return 0.0
    if walks.policy == "table":
        return closed(walks, tour(walks, stops))
    aisle, position = walks.aisle[stops], walks.position[stops]
    visited, first = np.unique(aisle, return_index=True)
    farthest = position[np.append(first[1:], len(stops)) - 1]
    low, high = min(int(visited[0]), walks.depot), max(int(visited[-1]), walks.depot)
    across = 2.0 * walks.pitch * (high - low)
    if walks.policy == "return" or (walks.policy == "largest_gap" and len(visited) == 1):
        return across + 2.0 * float(farthest.sum())
    if walks.policy == "s_shape":
        odd = len(visited) % 2
        return across + walks.length * (len(visited) - odd) + (2.0 * float(farthest[-1]) if odd else 0.0)
    inner = 0.0
    for a in visited[1:-1]:
        ends = np.concatenate([[0.0], position[aisle == a], [walks.length]])
        inner += 2.0 * (walks.length - float(np.diff(ends).max()))
    return across + 2.0 * walks.length + inner


def closed(walks: Walks, order: Sequence[int] | Ints) -> float:
    """Length of a walk by the table, past locations in the given order."""
    assert walks.distance is not None
    path = np.concatenate([[0], np.asarray(order, dtype=np.int64) + 1, [0]])
    return float(walks.distance[path[:-1], path[1:]].sum())


def tour(walks: Walks, stops: Ints) -> Ints:
    """A short order of some locations by the table: the shortest where they are few. Each is worked out once."""
    assert walks.distance is not None
    key = np.asarray(stops, dtype=np.int64).tobytes()
    if key not in walks.tours:
        chosen = [int(s) + 1 for s in stops]
        order = _shortest(walks.distance, chosen) if len(chosen) <= _EXACT else _two_opt(walks.distance, chosen)
        walks.tours[key] = np.array(order, dtype=np.int64) - 1
    return walks.tours[key]


def _shortest(distance: Floats, nodes: list[int]) -> list[int]:
    """Held and Karp's dynamic program (1962)."""
    best: dict[tuple[frozenset[int], int], tuple[float, int]] = {
        (frozenset([v]), v): (float(distance[0, v]), 0) for v in nodes
    }
    for size in range(2, len(nodes) + 1):
        for group in combinations(nodes, size):
            members = frozenset(group)
            for v in group:
                rest = members - {v}
                best[members, v] = min((best[rest, u][0] + float(distance[u, v]), u) for u in rest)
    members = frozenset(nodes)
    last = min(nodes, key=lambda v: (best[members, v][0] + float(distance[v, 0]), v))
    order = []
    while last:
        order.append(last)
        members, last = members - {last}, best[members, last][1]
    return order[::-1]


def _two_opt(distance: Floats, nodes: list[int]) -> list[int]:
    """Nearest neighbours from the depot, then pieces turned round while that shortens the tour."""
    path, left = [0], list(nodes)
    while left:
        path.append(min(left, key=lambda v: (distance[path[-1], v], v)))
        left.remove(path[-1])
    path.append(0)
    better = True
    while better:
        better = False
        for i in range(1, len(path) - 2):
            for j in range(i + 1, len(path) - 1):
                a, b, c, d = path[i - 1], path[i], path[j], path[j + 1]
                if distance[a, c] + distance[b, d] < distance[a, b] + distance[c, d] - 1e-9:
                    path[i : j + 1] = path[i : j + 1][::-1]
                    better = True
    return path[1:-1]
