"""Lagrangean lower bound on routes by trees: Held-Karp's 1-tree, and its generalisation to K routes.

Michael Held and Richard Karp, "The Traveling-Salesman Problem and Minimum Spanning Trees", Operations Research 18(6),
1970; Marshall Fisher, "Optimal Solution of Vehicle Routing Problems Using Minimum K-Trees", Operations Research 42(4),
1994 (without his capacity cuts).
"""

from typing import Any

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def spanning_tree(distance: Any, price: Any, parent: Any, edge: Any, nearest: Any) -> None:
    """Minimum spanning tree of nodes 1..n-1 with lengths ``distance[i, j] + price[i] + price[j]``, by Prim.

    Writes the parent of each node (0 for the root, node 1) and the length of the edge to it. ``nearest``, shape (n,),
    is scratch: the length of the shortest edge into the tree so far, infinity once a node is inside.
    """
    n = len(price)
    for i in range(1, n):
        nearest[i] = np.inf
        edge[i] = np.inf
        parent[i] = 0
    here = 1
    edge[1] = 0.0
    for _ in range(n - 2):
        nearest[here] = -np.inf
        following, least = 0, np.inf
        for j in range(1, n):
            if nearest[j] == -np.inf:
                continue
            length = distance[here, j] + price[here] + price[j]
            if length < nearest[j]:
                nearest[j] = length
                parent[j] = here
            if nearest[j] < least:
                following, least = j, nearest[j]
        here = following
        edge[here] = least


@njit(cache=True, nogil=True)
def tree_bound(
    distance: Any, price: Any, fewest: int, singles: Any, degree: Any, parent: Any, edge: Any, nearest: Any
) -> float:
    """Smallest priced weight of a relaxed set of K routes, over all K; writes the degree of each node in it.

    A set of K routes is, without the depot, a forest of n - 1 - K edges, and it uses 2 K depot edges, of which at most
    ``singles[K - fewest]`` twice (routes of one customer). The relaxation is the least forest of that size (the
    spanning tree without its K - 1 longest edges) and the 2 K cheapest depot edges under that limit.

    Returns the least weight over K = fewest, ..., fewest + len(singles) - 1, minus twice the sum of the prices: a lower
    bound on every set of routes, whatever the prices of nodes 1..n-1 (price[0] is not used).
    """
    n = len(price)
    spanning_tree(distance, price, parent, edge, nearest)
    by_edge = np.argsort(edge[2:]) + 2 if n > 2 else np.zeros(0, np.int64)
    depot = distance[0, 1:] + price[1:]
    by_depot = np.argsort(depot) + 1
    forest = np.zeros(n - 1)
    for k in range(n - 2):
        forest[k + 1] = forest[k] + edge[by_edge[k]]
    least, best, best_twice = np.inf, 0, 0
    for k in range(len(singles)):
        routes = fewest + k
        once, twice, total = 0, 0, 0.0
        while once + twice < 2 * routes:
            again = twice < singles[k] and twice < once
            if once < n - 1 and not (again and depot[by_depot[twice] - 1] <= depot[by_depot[once] - 1]):
                total += depot[by_depot[once] - 1]
                once += 1
            elif again:
                total += depot[by_depot[twice] - 1]
                twice += 1
            else:
                total = np.inf
                break
        if total + forest[n - 1 - routes] < least:
            least, best, best_twice = total + forest[n - 1 - routes], routes, twice
    degree[:] = 0
    for k in range(n - 1 - best):
        degree[by_edge[k]] += 1
        degree[parent[by_edge[k]]] += 1
    for k in range(2 * best - best_twice):
        degree[by_depot[k]] += 1
    for k in range(best_twice):
        degree[by_depot[k]] += 1
    degree[0] = 2 * best
    return least - 2.0 * price[1:].sum()


@njit(cache=True, nogil=True)
def ascend(
    distance: Any, fewest: int, singles: Any, price: Any, best_price: Any, slope: Any, now: Any, units: int
) -> int:
    """Up to ``units`` steps of subgradient ascent on the prices; fewer when finished. Returns the steps taken.

    ``now``, shape (1,), is the record ``bound, goal, scale, stale``: the best bound, what is aimed at, the length of
    the steps and how many have passed without a better bound. ``slope``, shape (n,), carries the direction.
    """
    n = len(price)
    state = now[0]
    degree, parent = np.zeros(n, np.int64), np.zeros(n, np.int64)
    edge, nearest = np.zeros(n), np.zeros(n)
    for done in range(units):
        if state["scale"] < 1e-4:
            return done
        value = tree_bound(distance, price, fewest, singles, degree, parent, edge, nearest)
        if value > state["bound"] + 1e-9 * max(1.0, abs(value)):
            state["bound"] = value
            state["stale"] = 0
            best_price[:] = price
        else:
            state["stale"] += 1
            if state["stale"] >= 30:
                state["stale"] = 0
                state["scale"] /= 2
                price[:] = best_price
        norm = 0.0
        for i in range(1, n):
            norm += (degree[i] - 2.0) ** 2
        if norm == 0.0:  # the relaxed set has the degrees of routes: no prices can raise its weight
            state["scale"] = 0.0
            return done + 1
        goal = max(state["goal"], state["bound"] + 0.01 * abs(state["bound"]) + 1e-9)
        step = state["scale"] * (goal - value) / norm
        for i in range(1, n):
            slope[i] = 0.7 * (degree[i] - 2.0) + 0.3 * slope[i]
            price[i] += step * slope[i]
    return units
