"""Annealed improvement of one symmetric tour: chained Lin-Kernighan by flips, kicked by local double bridges.

Shen Lin and Brian Kernighan, "An Effective Heuristic Algorithm for the Traveling-Salesman Problem", Operations
Research 21(2), 1973, in the flip form of Johnson and McGeoch (1997); kicks and acceptance after Martin, Otto and
Felten, "Large-step Markov chains for the TSP", 1992. Every change is a reversal of a stretch of the tour, so a journal
of reversals undoes any of them.

``s`` is the state of a search, a tuple of arrays described in ``solvers/proposers/_routes_state.py``.
"""

from typing import Any

import numpy as np

from qopt.kernels.jit import bare
from qopt.kernels.rng import unit
from qopt.kernels.routes import keep_elite

EPSILON = 1e-9
BREADTH = 8  # neighbours tried at the first level of a chain
NARROW = 5  # neighbours tried below
DEPTH = 12  # longest chain of flips
KICK = 40  # longest stretch moved by a kick


@bare
def reverse(tour: Any, place: Any, i: int, j: int) -> None:
    """Reverse the tour from position i round to position j, or the rest of it when that is shorter: the same tour."""
    n = len(tour)
    inside = j - i + 1 if j >= i else j - i + 1 + n
    if 2 * inside > n:
        i, j, inside = (j + 1) % n, (i - 1) % n, n - inside
    for _ in range(inside // 2):
        a, b = tour[i], tour[j]
        tour[i], tour[j] = b, a
        place[b], place[a] = i, j
        i = i + 1 if i + 1 < n else 0
        j = j - 1 if j > 0 else n - 1


@bare
def flip(s: Any, first: int, last: int) -> None:
    """Reverse the stretch from one node to another and note it in the journal."""
    now = s.now[0]
    i, j = s.place[first], s.place[last]
    s.journal[now["flips"], 0] = i
    s.journal[now["flips"], 1] = j
    now["flips"] += 1
    reverse(s.tour, s.place, i, j)


@bare
def rewind(s: Any, mark: int) -> None:
    """Undo the flips noted after the journal had ``mark`` entries."""
    now = s.now[0]
    while now["flips"] > mark:
        now["flips"] -= 1
        reverse(s.tour, s.place, s.journal[now["flips"], 0], s.journal[now["flips"], 1])


@bare
def beside(tour: Any, place: Any, node: int, forward: bool) -> int:
    """The node after (or before) a node."""
    i = place[node]
    if forward:
        return tour[i + 1] if i + 1 < len(tour) else tour[0]
    return tour[i - 1] if i > 0 else tour[len(tour) - 1]


@bare
def awaken(s: Any, node: int) -> None:
    """Put a node on the list of those whose surroundings have changed."""
    now = s.now[0]
    if s.awake[node] == 0:
        s.awake[node] = 1
        s.waiting[now["waiting"]] = node
        now["waiting"] += 1


@bare
def added(joined: Any, depth: int, a: int, b: int) -> bool:
    """Whether the chain has added the edge a - b at one of its first ``depth`` levels."""
    for k in range(depth):  # noqa: SIM110 -- no generators in kernels
        if (joined[k, 0] == a and joined[k, 1] == b) or (joined[k, 0] == b and joined[k, 1] == a):
            return True
    return False


@bare
def chain(s: Any, base: int, forward: bool) -> float:
    """Try chains of flips that begin by taking out the edge beside a node; keep the first that gains.

    Returns the gain, 0 when there is none (the tour is then unchanged). A flip may turn the rest of the tour instead
    (see ``reverse``), so the side of ``base`` on which the chain goes on, ``way``, may change.
    """
    now, tour, place, out = s.now[0], s.tour, s.place, s.out
    mark = now["flips"]
    first = beside(tour, place, base, forward)
    for k in range(1, min(BREADTH + 1, s.near.shape[1])):
        near = s.near[first, k]
        gain = out[base, first] - out[first, near]
        if gain <= EPSILON:
            break
        if near == base or beside(tour, place, near, not forward) == first:
            continue
        end, depth, best, best_mark, way = first, 0, 0.0, mark, forward
        while True:
            s.joined[depth, 0], s.joined[depth, 1] = end, near
            depth += 1
            fresh = beside(tour, place, near, not way)
            if way:
                flip(s, end, fresh)
            else:
                flip(s, fresh, end)
            if beside(tour, place, base, way) != fresh:
                way = not way
            gain += out[near, fresh]
            if gain - out[fresh, base] > best + EPSILON:
                best, best_mark = gain - out[fresh, base], now["flips"]
            if depth == DEPTH:
                break
            end, near, most = fresh, -1, -np.inf
            for c in range(1, min(NARROW + 1, s.near.shape[1])):
                other = s.near[end, c]
                if gain - out[end, other] <= best + EPSILON:
                    break
                prior = beside(tour, place, other, not way)
                if other == base or prior == end or added(s.joined, depth, prior, other):
                    continue
                if out[prior, other] - out[end, other] > most:
                    near, most = other, out[prior, other] - out[end, other]
            if near < 0:
                break
            gain -= out[end, near]
        rewind(s, best_mark)
        if best > 0.0:
            awaken(s, base)
            awaken(s, beside(tour, place, base, forward))
            for level in range(depth):
                awaken(s, s.joined[level, 0])
                awaken(s, s.joined[level, 1])
            return best
    return 0.0


@bare
def settle(s: Any) -> None:
    """Improve around the waiting nodes until none is left (or the journal is nearly full)."""
    now = s.now[0]
    while now["waiting"] > 0:
        now["waiting"] -= 1
        node = s.waiting[now["waiting"]]
        s.awake[node] = 0
        for forward in (True, False):
            while now["flips"] + DEPTH < len(s.journal):
                gain = chain(s, node, forward)
                if gain <= 0.0:
                    break
                now["cost"] -= gain


@bare
def kick(s: Any) -> None:
    """Exchange two neighbouring stretches, of at most half the tour, at a random place: a local double bridge."""
    now = s.now[0]
    n = len(s.tour)
    limit = max(1, min(KICK, n // 4))
    at = int(unit(s.rng) * n)
    split = at + 1 + int(unit(s.rng) * limit)
    end = split + 1 + int(unit(s.rng) * limit)
    before, head, middle = s.tour[at], s.tour[(at + 1) % n], s.tour[split % n]
    second, tail, after = s.tour[(split + 1) % n], s.tour[end % n], s.tour[(end + 1) % n]
    now["cost"] += s.out[before, second] + s.out[tail, head] + s.out[middle, after]
    now["cost"] -= s.out[before, head] + s.out[middle, second] + s.out[tail, after]
    flip(s, head, middle)
    flip(s, second, tail)
    flip(s, middle, second)
    for node in (before, head, middle, second, tail, after):
        awaken(s, node)


@bare
def show_route(s: Any) -> None:
    """Write the tour as one route from node 0."""
    n = len(s.tour)
    start = s.place[0]
    for k in range(1, n):
        s.route[0, k - 1] = s.tour[(start + k) % n]


@bare
def improve_tour(s: Any, units: int) -> int:
    """Run ``units`` kicks with improvement, fewer only when the target is reached; return how many were run."""
    now = s.now[0]
    for done in range(units):
        if now["best"] <= now["target"]:
            return done
        now["iteration"] += 1
        old_cost = now["cost"]
        now["flips"] = 0
        if now["waiting"] == 0:
            kick(s)
        settle(s)
        if now["cost"] < now["best"] - EPSILON or now["iteration"] % now["stride"] == 0:
            show_route(s)
            keep_elite(s)
        change = now["cost"] - old_cost
        if change > 0.0 and change >= -now["temperature"] * np.log(1.0 - unit(s.rng)):
            rewind(s, 0)
            now["cost"] = old_cost
        now["temperature"] *= now["decay"]
    return units
