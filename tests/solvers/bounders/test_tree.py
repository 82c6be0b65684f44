"""The tree bounder: never above an optimum, whatever the distances; known values."""

from pathlib import Path

import numpy as np
import pytest

from qopt.core.budget import Budget
from qopt.core.forms.routes import Routes
from qopt.core.watch import Watch
from qopt.solvers.bounders.tree import PLUGIN, route_counts, safe
from qopt.testing.forms import random_routes, shortest_routes

INSTANCES = Path(__file__).resolve().parents[3].parent / "shared" / "instances"


def bound_of(form, incumbent=None, **listeners):
    return PLUGIN.bound(form, incumbent=incumbent, budget=Budget(), watch=Watch(clock=lambda: 0.0, **listeners))


def test_never_above_the_optimum():
    """Random distances without the triangle inequality, both directions alike or not; tight and loose fleets."""
    rng = np.random.default_rng(0)
    met = 0
    for trial in range(120):
        n = int(rng.integers(2, 8))
        distance = rng.integers(0, 60, (n, n)).astype(float)
        if trial % 2:
            distance = np.minimum(distance, distance.T)
        if trial % 5 == 0:
            distance += rng.random((n, n))
        demand = np.append(0, rng.integers(0 if trial % 3 else 1, 9, n - 1))
        capacity = float(rng.integers(8, 30)) if trial % 4 else np.inf
        form = Routes(distance, demand, capacity, int(rng.integers(1, n)))
        optimum = shortest_routes(form)
        bound = bound_of(form)
        if optimum is not None:
            assert bound is not None
            assert bound.value <= optimum + 1e-9
            met += bound.value == pytest.approx(optimum)
    assert met > 30


def test_route_counts_allow_every_feasible_set():
    """Two of 6 and four of 2 under 8: 20 / 8 up is 3 routes, the 6s alone and the 2s together; in 6 all are alone."""
    form = Routes(np.ones((7, 7)), np.array([0, 6, 6, 2, 2, 2, 2]), 8.0, 6)
    fewest, singles = route_counts(form)
    assert fewest == 3
    assert singles.tolist() == [2, 3, 4, 6]
    assert route_counts(Routes(np.ones((3, 3)), np.array([0, 9, 9]), 5.0, 2))[1].size == 0  # nothing fits


def test_no_bound_where_there_is_nothing_to_bound():
    assert bound_of(Routes(np.zeros((1, 1)), np.zeros(1))) is None


def test_whole_distances_are_rounded_up_safely():
    assert safe(9.2, integral=True) == 10
    assert safe(9.0000000001, integral=True) == 9
    assert safe(8.9999999999, integral=True) == 9
    assert 9.2 - 1e-6 < safe(9.2, integral=False) < 9.2


def test_reports_better_and_better_bounds_and_stops_when_the_incumbent_is_met():
    form = random_routes(30, seed=2, vehicles=1, capacity=np.inf)
    heard = []
    last = bound_of(form, on_bound=heard.append)
    values = [bound.value for bound in heard]
    assert values == sorted(set(values))
    assert values[-1] == last.value
    assert last.source == "one_tree" and last.proof == "combinatorial"
    assert bound_of(form, incumbent=values[0]).value == values[0]


@pytest.mark.parametrize(
    ("name", "least", "optimum"), [("burma14", 3323, 3323), ("berlin52", 7542, 7542), ("eil51", 420, 426)]
)
def test_known_tours(name, least, optimum):
    from qopt.models.frontends.tsplib import PLUGIN as reader

    path = INSTANCES / "tsp" / f"{name}.tsp"
    if not path.exists():
        pytest.skip("the shared benchmark instances are not here")
    assert least <= bound_of(reader.read(path).form).value <= optimum
