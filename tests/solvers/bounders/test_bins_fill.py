"""Bounds on packings: by hand, and never above what enumeration finds."""

from __future__ import annotations

import numpy as np
import pytest

from qopt.core.forms.bins import Bins
from qopt.solvers.bounders.bins_fill import clique, continuous, halves, priced
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
