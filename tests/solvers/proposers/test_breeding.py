"""Populations of routes: distinct members, children of whole routes, a new start when nothing gets better."""

import time
from dataclasses import replace

import numpy as np
import pytest

from qopt.core import registry
from qopt.core.budget import Budget
from qopt.core.forms.fleet import evaluate
from qopt.core.watch import Watch
from qopt.solvers.proposers._breeding import PATIENCE, Grown, Population, breed
from qopt.testing.fleets import random_fleet


def random_lines(rng, visits, routes):
    """Every visit once, and in every route one item that is no visit."""
    order = rng.permutation(visits)
    cuts = np.sort(rng.choice(np.arange(1, visits), routes - 1, replace=False))
    return [(k % 2, [*part.tolist(), visits + k]) for k, part in enumerate(np.split(order, cuts))]


def legs(lines):
    return {leg for _, items in lines for leg in zip([-1, *items], [*items, -1])}


def population(size=5, apart=6, visits=20, seed=1):
    spot = np.random.default_rng(seed).random((visits, 2))
    return Population(size, apart, np.linalg.norm(spot[:, None] - spot[None], axis=2), seed)


def test_members_are_few_distinct_and_the_cheapest():
    rng, some = np.random.default_rng(1), population()
    best = np.inf
    for turn in range(60):
        lines = random_lines(rng, 20, 4) if not some.members or rng.random() < 0.5 else some.members[0].lines
        if rng.random() < 0.5:  # a near relative
            lines = [(kind, items[::-1] if k == 0 else items) for k, (kind, items) in enumerate(lines)]
        before = [member.cost for member in some.members]
        cost = float(rng.integers(0, 10**6)) * 0.9**turn
        taken = some.enter(cost, lines)
        best = min(best, cost)
        held = [member.cost for member in some.members]
        assert taken == (cost in held)
        assert set(held) <= {*before, cost}
        assert min(held) == best
        assert len(held) <= 5
        for a in some.members:
            assert a.legs == legs(a.lines)
            assert all(len(a.legs - b.legs) >= 6 for b in some.members if b is not a)
    assert len(some.members) == 5


@pytest.mark.parametrize("seed", range(5))
def test_a_child_has_whole_routes_of_one_parent_and_the_rest_of_the_other(seed):
    rng, some = np.random.default_rng(seed), population(size=2, seed=seed)
    while len(some.members) < 2:
        some.enter(1.0, random_lines(rng, 20, 6))
    mixed = 0
    for _ in range(30):
        child = some.child()
        items = [item for _, line in child for item in line]
        visits = [item for item in items if item < 20]
        assert len(set(visits)) == len(visits)
        assert len(child) <= 6
        fits = False
        for a, b in (some.members, some.members[::-1]):
            whole = [line for line in child if line in a.lines]
            inside = {item for _, line in whole for item in line if item < 20}
            rest = [line for line in child if line not in a.lines]
            left = [(kind, [item for item in line if item not in inside]) for kind, line in b.lines]
            fits = fits or (1 <= len(whole) <= 3 and all(line in left for line in rest))
            mixed += bool(rest)
        assert fits
    assert mixed


def test_routes_that_lie_together_are_chosen():
    """Two towns far apart: routes of one of them alone take the place of the other parent's there."""
    spot = np.array([[0.0], [1.0], [2.0], [3.0], [100.0], [101.0], [102.0], [103.0]])
    some = Population(2, 1, np.abs(spot - spot.T), 3)
    some.enter(1.0, [(0, [0, 1]), (0, [4, 5]), (0, [2, 3]), (0, [6, 7])])
    some.enter(2.0, [(0, [0, 2]), (0, [4, 6]), (0, [1, 3]), (0, [5, 7])])
    seen = set()
    for _ in range(40):
        child = some.child()
        assert sorted(item for _, line in child for item in line) in (
            list(range(8)),
            *([k for k in range(8) if k != c] for c in range(8)),
        )
        for town in (range(4), range(4, 8)):
            seen.add(tuple(sorted(tuple(line) for _, line in child if set(line) <= set(town))))
    assert ((0, 1), (2, 3)) in seen
    assert ((0, 2), (1, 3)) in seen


def test_begins_anew_when_nothing_gets_better():
    rng, some = np.random.default_rng(2), population(size=4)
    grown = [random_lines(rng, 20, 4) for _ in range(200)]
    asked, watch = [], Watch(clock=time.perf_counter)

    def grow(lines, most):
        asked.append(lines)
        return Grown(1, 10.0 + 0.001 * len(asked), grown[len(asked) % 200])

    assert breed(some, grow, watch, 60) == 60
    fresh = [k for k, lines in enumerate(asked) if not lines]
    first, again = fresh[:4], fresh[4:8]
    assert first == [0, 1, 2, 3]
    assert again == list(range(4 + PATIENCE * 4 + 1, 8 + PATIENCE * 4 + 1))


def test_stops_where_the_search_has_nothing_to_do():
    assert breed(population(), lambda lines, most: Grown(0, 1.0, []), Watch(clock=time.perf_counter), None) == 0


@pytest.mark.parametrize("rules", [False, True])
def test_bred_fleets_hold_and_repeat(rules):
    form = random_fleet(14, seed=5, vehicles=3, rules=rules)
    plugin = replace(registry.load("proposers", "fleet_search"), members=4, fresh=10, raised=10)
    runs = [
        plugin.propose(form, budget=Budget(work=4000), seed=2, watch=Watch(clock=time.perf_counter)) for _ in range(2)
    ]
    assert [p.key() for p in runs[0].proposals] == [p.key() for p in runs[1].proposals]
    assert runs[0].info["iterations"] == 4000
    checks = [evaluate(form, proposal) for proposal in runs[0].proposals]
    assert all(check.feasible for check in checks)
    assert [check.levels for check in checks] == sorted(check.levels for check in checks)
    alone = replace(plugin, members=10**6).propose(
        form, budget=Budget(work=4000), seed=2, watch=Watch(clock=time.perf_counter)
    )
    assert [p.key() for p in alone.proposals] != [p.key() for p in runs[0].proposals]
