"""The samplers of dwave-samplers behind our seam."""

import itertools
import time

import numpy as np
import pytest

from qopt.core import registry
from qopt.core.budget import Budget
from qopt.core.compiled import Compiled
from qopt.core.errors import ModelError, NotApplicableError
from qopt.core.polynomial import polynomial_of
from qopt.core.watch import Watch
from qopt.solvers.samplers.dwave_tree import elimination_order
from qopt.testing.samplers import random_polynomial

pytest.importorskip("dwave.samplers")

NAMES = ("dwave_sa", "dwave_tabu", "dwave_greedy")


def sample(name, compiled, *, budget=None, watch=None, initial=None, seed=1, **parameters):
    plugin = registry.load("samplers", name, **parameters)
    watch = watch or Watch(clock=time.perf_counter)
    return plugin.sample(compiled, budget=budget or Budget(), seed=seed, watch=watch, initial=initial)


def lowest(compiled):
    points = np.array(list(itertools.product((0, 1), repeat=compiled.num_bits)), dtype=np.int8)
    return compiled.energies(points).min()


@pytest.mark.parametrize("name", [*NAMES, "dwave_tree"])
def test_finds_the_optimum_of_ten_bits(name):
    compiled = Compiled.of_polynomial(random_polynomial(10, 3))
    assert sample(name, compiled, budget=Budget(reads=20)).energies[0] == lowest(compiled)


@pytest.mark.parametrize("name", NAMES)
def test_deadline_cuts_the_reads(name):
    compiled = Compiled.of_polynomial(random_polynomial(12, 4))
    watch = Watch(clock=time.perf_counter, deadline=time.perf_counter() + 0.2)
    batch = sample(name, compiled, watch=watch, budget=Budget(reads=10**9))
    assert batch.stopped_by == "seconds"
    assert 1 <= batch.info["reads"] < 10**9
    assert batch.info["overshoot"] >= 0


def test_an_expired_watch_still_gives_a_row_and_owns_up_to_the_overshoot():
    compiled = Compiled.of_polynomial(random_polynomial(12, 4))
    for name in NAMES:
        watch = Watch(clock=time.perf_counter, deadline=time.perf_counter() - 1)
        batch = sample(name, compiled, watch=watch)
        assert len(batch) >= 1
        assert batch.info["overshoot"] > 0


def test_annealing_takes_as_many_sweeps_as_fit():
    compiled = Compiled.of_polynomial(random_polynomial(12, 4))
    watch = Watch(clock=time.perf_counter, deadline=time.perf_counter() + 0.2)
    batch = sample("dwave_sa", compiled, watch=watch, budget=Budget(reads=1), sweeps=10**9)
    assert 1 <= batch.info["sweeps"] < 10**9


def test_starts_are_passed_on():
    """Descent from the minimum stays there; the seed alone would rarely begin there."""
    compiled = Compiled.of_polynomial(random_polynomial(10, 6))
    best = sample("dwave_tree", compiled).bits[:1]
    batch = sample("dwave_greedy", compiled, budget=Budget(reads=1), initial=best)
    assert np.array_equal(batch.bits, best)


def test_tree_returns_the_lowest_rows_and_its_width():
    terms = {(k, k + 1): (-1) ** k for k in range(11)} | {(k,): 0.25 * (k % 3) - 0.2 for k in range(12)}
    compiled = Compiled.of_polynomial(polynomial_of(12, terms))
    batch = sample("dwave_tree", compiled, budget=Budget(reads=5))
    points = np.array(list(itertools.product((0, 1), repeat=12)), dtype=np.int8)
    assert np.allclose(batch.energies, np.sort(compiled.energies(points))[:5])
    assert batch.info["treewidth"] == 1
    assert batch.info["exhaustive"] is True


def test_tree_refuses_wide_problems():
    with pytest.raises(NotApplicableError, match="treewidth above 18"):
        sample("dwave_tree", Compiled.of_polynomial(random_polynomial(40, 1)))
    grid = {(10 * r + c, 10 * r + c + 1): 1 for r in range(10) for c in range(9)}
    grid |= {(10 * r + c, 10 * r + c + 10): 1 for r in range(9) for c in range(10)}
    order, width = elimination_order(polynomial_of(100, grid), 18)
    assert 10 <= width <= 18
    assert sorted(order) == list(range(100))
    assert elimination_order(polynomial_of(100, grid), 5)[0] is None


def test_wrong_parameters_are_refused():
    cases = [("dwave_sa", {"sweeps": 0}), ("dwave_sa", {"beta_min": 1.0}), ("dwave_sa", {"schedule": "cubic"})]
    cases += [("dwave_tabu", {"tenure": -1}), ("dwave_greedy", {"reads": 0}), ("dwave_tree", {"max_treewidth": 26})]
    for name, wrong in cases:
        with pytest.raises(ModelError, match=f"sampler {name}"):
            registry.load("samplers", name, **wrong)
