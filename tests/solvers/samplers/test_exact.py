"""Sampler ``exact`` against brute force."""

import itertools
import time

import numpy as np
import pytest

from qopt.core import registry
from qopt.core.budget import Budget
from qopt.core.compiled import Compiled
from qopt.core.errors import ModelError, NotApplicableError
from qopt.core.polynomial import Polynomial
from qopt.core.rows import GroupKind
from qopt.core.watch import Watch
from qopt.solvers.samplers import exact
from qopt.testing.samplers import groups_of, random_polynomial

ONE, MOST, SQUARE = GroupKind.EXACTLY_ONE, GroupKind.AT_MOST_ONE, GroupKind.PERMUTATION


def sample(compiled, budget=None, **parameters):
    plugin = registry.load("samplers", "exact", **parameters)
    return plugin.sample(compiled, budget=budget or Budget(), seed=0, watch=Watch(clock=time.perf_counter))


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize(
    "groups",
    [
        None,
        groups_of((ONE, [0, 3, 7]), (ONE, [1, 2, 11, 10])),
        groups_of((MOST, [0, 3, 7]), (MOST, [5, 4])),
        groups_of((SQUARE, [11, 10, 9, 8, 7, 6, 5, 4, 3]), (ONE, [0, 1])),
    ],
    ids=["free", "exactly-one", "at-most-one", "permutation"],
)
def test_lowest_rows_are_those_of_brute_force(groups, whole):
    compiled = Compiled.of_polynomial(random_polynomial(12, 8, whole=whole), groups)
    points = np.array(list(itertools.product((0, 1), repeat=12)), dtype=np.int8)
    for _, kind, members in compiled.groups.simple():
        count = points[:, members].sum(axis=1)
        points = points[count == 1 if kind is ONE else count <= 1]
    batch = sample(compiled, Budget(reads=7))
    assert batch.info["exhaustive"] is True
    assert batch.info["points"] == batch.info["of"] == len(points)
    assert np.allclose(batch.energies, np.sort(compiled.energies(points))[:7])
    assert len(np.unique(batch.bits, axis=0)) == 7


def test_a_run_cut_short_says_so():
    compiled = Compiled.of_polynomial(random_polynomial(18, 8))
    batch = sample(compiled, Budget(work=1000))
    assert batch.info["exhaustive"] is False
    assert batch.info["points"] == 1001
    assert batch.stopped_by == "work"


def test_too_many_points_are_refused():
    with pytest.raises(NotApplicableError, match="1099511627776 points"):
        sample(Compiled.of_polynomial(Polynomial.zero(40)))
    with pytest.raises(NotApplicableError, match="64 points, at most 63"):
        sample(Compiled.of_polynomial(Polynomial.zero(6)), states=63)
    with pytest.raises(ModelError, match="keep"):
        exact.Exact(keep=0)
