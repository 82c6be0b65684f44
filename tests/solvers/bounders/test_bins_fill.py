"""Bounds on packings: by hand, and never above what enumeration finds."""

from __future__ import annotations

import time

import numpy as np
import pytest

from qopt.core.budget import Budget
from qopt.core.forms.bins import Bins
from qopt.core.watch import Watch
from qopt.solvers.bounders.bins_fill import clique, continuous, halves, priced
from qopt.solvers.bounders.bins_patterns import BinsPatterns
from qopt.testing.bins import cheapest_bins, random_bins


def plain(sizes, capacity, *, conflict=None):
    n = len(sizes)
    none = np.zeros((n, n), bool)
    for a, b in conflict or ():
        none[a, b] = none[b, a] = True
    return Bins(np.array(sizes, float)[:, None], np.ones(n), [[capacity]], [1], [n], np.ones((n, 1), bool), none)


def test_sizes_in_sum():
    """4 + 4 + 4 in bins of 6: two bins of water; three in truth."""
    assert continuous(plain([4, 4, 4], 6)) == 2


def test_halves_do_not_pair_up():
    """Sizes above one half need a bin each; what fits beside none of them needs more."""
    assert halves(plain([4, 4, 4], 6)) == 3
    assert halves(plain([8, 6, 5, 3, 3, 3], 10)) == 3
    assert halves(plain([6, 6, 6, 3, 3, 3, 3, 3, 3], 10)) == 4


def test_what_may_not_meet_takes_a_bin_each():
    """A triangle and a tail."""
    assert clique(plain([1, 1, 1, 1], 10, conflict=[(0, 1), (1, 2), (0, 2), (2, 3)])) == 3
    assert clique(plain([1, 1], 10)) == 1


def test_bins_are_priced_from_the_cheapest():
    """Two at 3, the third at 5."""
    form = Bins([[1.0]], [3], [[1.0], [1.0]], [5, 3], [9, 2], np.ones((1, 2), bool), [[False]])
    assert priced(form, 3) == 11
    assert continuous(form) == 11


@pytest.mark.parametrize("seed", range(25))
def test_no_bound_is_above_the_optimum(seed):
    """Two dimensions, two kinds, conflicts."""
    form = random_bins(5, seed=seed, dimensions=1 + seed % 2, kinds=1 + seed % 3 % 2, rich=seed % 2 == 0)
    best = cheapest_bins(form)
    if best is not None:
        assert max(continuous(form), priced(form, halves(form)), priced(form, clique(form))) <= best + 1e-9


def patterns(form, *, incumbent=None, rounds=500):
    watch = Watch(clock=time.perf_counter)
    return BinsPatterns(rounds=rounds).bound(form, incumbent=incumbent, budget=Budget(), watch=watch)


def test_patterns_see_what_sums_do_not():
    """Three 4s in two dimensions of 6 and 7: in water 12 / 6 = 2 bins, but no bin holds two of them."""
    form = Bins([[4.0, 3.0]], [3], [[6.0, 7.0]], [1], [3], [[True]], [[False]])
    assert continuous(form) == 2
    assert patterns(form).value == 3


def test_patterns_keep_apart_what_may_not_meet():
    """A ring of five, each with its neighbours in conflict: two share a bin at most, so 5 / 2 bins, rounded up."""
    ring = plain([1] * 5, 10, conflict=[(k, (k + 1) % 5) for k in range(5)])
    assert clique(ring) == 2
    assert patterns(ring).value == 3


def test_plain_packings_are_left_to_arcs():
    """Whole sizes in one dimension without rules."""
    assert patterns(plain([4, 4, 4], 6)) is None


@pytest.mark.parametrize("seed", range(20))
def test_no_bound_by_patterns_is_above_the_optimum(seed):
    """Whatever the number of rounds; with all of them it is not below the sums in any dimension."""
    form = random_bins(5, seed=seed, copies=1 + seed % 2, dimensions=2, kinds=1 + seed % 3 % 2, rich=seed % 2 == 0)
    best = cheapest_bins(form)
    if best is not None:
        for rounds in (1, 3, 500):
            found = patterns(form, rounds=rounds)
            assert found is None or found.value <= best + 1e-9
        assert patterns(form).value >= continuous(form) - 1e-6
