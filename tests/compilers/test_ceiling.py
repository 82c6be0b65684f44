"""What everything feasible is at most, against enumeration, and the weights that rest on it, on every bit string."""

from __future__ import annotations

import numpy as np
import pytest
from random_models import MODELS as LINEAR
from test_raised_objective import MODELS, lowered_of

from qopt.compilers.ceiling import Blocks, Relaxed, ceiling
from qopt.compilers.compile import compile_problem
from qopt.compilers.penalties.dual import Dual, grids, shapes
from qopt.compilers.penalties.range import Range
from qopt.testing.brute import all_bits, all_points, holds
from qopt.testing.encodings import energies

EVERY = (*LINEAR, *MODELS)


@pytest.mark.parametrize("make", EVERY, ids=lambda make: make.__name__)
def test_nothing_kept_is_above_the_ceiling(make, monkeypatch):
    tried, kinds, products = 0, set(), 0
    for seed in range(25):
        problem = make(np.random.default_rng([seed, 21]))
        if not holds(problem, all_points(problem)).any():
            continue
        lowered = lowered_of(problem)
        forms = lowered.rules.forms
        if lowered.objective.n > 13 or not len(forms):
            continue
        if seed % 3 == 0:
            monkeypatch.setattr("qopt.compilers.ceiling.MOST_ENTRIES", -1)
        else:
            monkeypatch.undo()
        _, unit, steps = grids(lowered.objective)
        found = ceiling(lowered, shapes(lowered.rules), min(unit, *steps), steps[0])
        bits = all_bits(lowered.objective.n)
        g = bits @ np.pad(forms.matrix.toarray(), ((0, 0), (0, bits.shape[1] - forms.matrix.shape[1]))).T
        g = g + forms.constant
        kept = (forms.alpha * g * g + forms.beta * g == 0).all(axis=1)
        assert energies(lowered.objective, bits)[kept].max() <= found.value
        tried += 1
        kinds.add(type(found))
        products += isinstance(found, Relaxed) and found.products is not None
    if make in MODELS:
        assert tried >= 8 and Blocks in kinds
        # Gains alone are at most 0, which blocks say too.
        assert make.__name__ == "quadratic_knapsack" or (Relaxed in kinds and products)


@pytest.mark.parametrize("make", EVERY, ids=lambda make: make.__name__)
def test_everything_feasible_lies_below_everything_else(make):
    tried = dual = 0
    for seed in range(15):
        problem = make(np.random.default_rng([seed, 22]))
        guarantee, rule = (("total", "auto"), ("argmin", Dual()), ("total", Dual()))[seed % 3]
        points = all_points(problem)
        if not holds(problem, points).any():
            continue
        compiled = compile_problem(problem, guarantee=guarantee, penalty=rule, cut=False)
        if compiled.num_bits > 13 or compiled.guarantee != "total":
            continue
        bits = all_bits(compiled.num_bits)
        energy = energies(compiled.polynomial, bits)
        values, valid = compiled.decode(bits)
        kept = valid & holds(problem, values)
        best = {}
        for key, e in zip(map(bytes, values[kept]), energy[kept]):
            best[key] = min(best.get(key, np.inf), e)
        assert energy[~kept].min(initial=np.inf) > max(best.values())
        tried += 1
        dual += "ceiling" in compiled.stats["penalty"]
    assert tried >= 5 or make.__name__ in ("levels", "mixed", "soft", "polynomial_rows")
    assert dual or make not in MODELS


def test_a_tour_needs_far_less_than_the_range():
    from test_raised_objective import tour

    problem = tour(np.random.default_rng(4))
    ours, plain = (compile_problem(problem, guarantee="total", penalty=rule) for rule in (Dual(), Range()))
    assert ours.guarantee == plain.guarantee == "total"
    assert 2 * max(p.weight for p in ours.penalties) < max(p.weight for p in plain.penalties)


def test_a_large_problem_is_not_kept_waiting(monkeypatch):
    """Without any relaxation the blocks alone carry *total*."""
    from test_raised_objective import tour

    def refused(*_, **__):
        raise AssertionError("a relaxation was solved")

    monkeypatch.setattr("qopt.compilers.penalties.dual.MOST_PRODUCTS", 3)
    monkeypatch.setattr("qopt.compilers.ceiling.MOST_PRODUCTS", 3)
    monkeypatch.setattr("qopt.compilers.bounds.relax", refused)
    made = compile_problem(tour(np.random.default_rng(4)), guarantee="total", penalty=Dual())
    assert made.guarantee == "total" and "ceiling" in made.stats["penalty"]
