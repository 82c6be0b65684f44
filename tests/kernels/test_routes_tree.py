"""The tree kernel against enumeration of every relaxed set of edges."""

from itertools import combinations, combinations_with_replacement

import numpy as np
import pytest
from scipy.sparse.csgraph import minimum_spanning_tree

from qopt.kernels.routes_tree import ascend, spanning_tree, tree_bound
from qopt.solvers.bounders.tree import STATE


def priced(seed, n):
    rng = np.random.default_rng(seed)
    distance = rng.integers(1, 50, (n, n)).astype(float)
    distance = np.minimum(distance, distance.T)
    price = rng.normal(0, 10, n)
    price[0] = 0.0
    return distance, price


def scratch(n):
    return np.zeros(n, np.int64), np.zeros(n, np.int64), np.zeros(n), np.zeros(n)


def acyclic(edges):
    parts = {}
    for a, b in edges:
        part_a, part_b = parts.get(a, {a}), parts.get(b, {b})
        if part_a is part_b or b in part_a:
            return False
        joined = part_a | part_b
        parts.update(dict.fromkeys(joined, joined))
    return True


def naive_bound(distance, price, fewest, singles):
    """Every forest of n - 1 - K edges with every 2 K depot edges, at most singles[K] of them twice."""
    n = len(price)
    weight = distance + price[:, None] + price[None, :]
    inner = list(combinations(range(1, n), 2))
    best = np.inf
    for routes, twice in enumerate(singles, start=fewest):
        forest = min(
            (sum(weight[e] for e in edges) for edges in combinations(inner, n - 1 - routes) if acyclic(edges)),
            default=np.inf,
        )
        depot = min(
            (
                sum(weight[0, c] for c in ends)
                for ends in combinations_with_replacement(range(1, n), 2 * routes)
                if max(ends.count(c) for c in ends) <= 2 and sum(ends.count(c) == 2 for c in set(ends)) <= twice
            ),
            default=np.inf,
        )
        best = min(best, forest + depot)
    return best - 2 * price.sum()


@pytest.mark.parametrize("n", [3, 6, 30])
def test_spanning_tree_weighs_what_scipy_finds(n):
    distance, price = priced(n, n)
    _, parent, edge, nearest = scratch(n)
    spanning_tree(distance, price, parent, edge, nearest)
    shift = 1000.0  # scipy takes 0 for no edge, and prices may be negative
    weight = distance[1:, 1:] + price[1:, None] + price[None, 1:] + shift
    np.fill_diagonal(weight, 0.0)
    expected = minimum_spanning_tree(weight).sum() - shift * (n - 2)
    assert edge[2:].sum() == pytest.approx(expected)
    for node in range(2, n):
        assert edge[node] == pytest.approx(distance[node, parent[node]] + price[node] + price[parent[node]])


@pytest.mark.parametrize(
    ("n", "fewest", "singles"),
    [
        (2, 1, [1]),
        (3, 1, [0]),
        (3, 1, [0, 2]),
        (5, 1, [0]),
        (5, 2, [1, 2]),
        (6, 1, [0, 1, 3]),
        (6, 3, [1]),
        (6, 5, [5]),
    ],
)
def test_tree_bound_is_the_least_relaxed_set(n, fewest, singles):
    for seed in range(5):
        distance, price = priced(100 * n + seed, n)
        degree, parent, edge, nearest = scratch(n)
        found = tree_bound(distance, price, fewest, np.array(singles), degree, parent, edge, nearest)
        assert found == pytest.approx(naive_bound(distance, price, fewest, singles))
        assert degree.sum() == 2 * (n - 1 + degree[0] // 2)  # n - 1 + K edges
        again = scratch(n)
        with_python = tree_bound.py_func(distance, price, fewest, np.array(singles), *again)
        assert with_python == pytest.approx(found)
        assert np.array_equal(again[0], degree)


def test_ascent_never_loses_its_best_bound_and_may_be_cut():
    distance, _ = priced(7, 25)
    results = []
    for cuts in ((400,), (1, 149, 250)):
        now = np.zeros(1, STATE)
        now["bound"], now["goal"], now["scale"] = -np.inf, -np.inf, 1.0
        price, best_price, slope = np.zeros(25), np.zeros(25), np.zeros(25)
        bounds = []
        for units in cuts:
            ascend(distance, 1, np.array([0]), price, best_price, slope, now, units)
            bounds.append(float(now["bound"][0]))
        assert bounds == sorted(bounds)
        assert tree_bound(distance, best_price, 1, np.array([0]), *scratch(25)) == bounds[-1]
        results.append((bounds[-1], price.tolist()))
    assert results[0] == results[1]
