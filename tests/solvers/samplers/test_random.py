"""Sampler ``random``: uniform over the points that satisfy the groups."""

import time

import numpy as np

from qopt.core import registry
from qopt.core.budget import Budget
from qopt.core.compiled import Compiled
from qopt.core.polynomial import Polynomial
from qopt.core.rows import GroupKind
from qopt.core.watch import Watch
from qopt.testing.samplers import groups_of


def test_every_point_comes_about_equally_often():
    """2 free states, 3 of the exactly-one set, 2 of the at-most-one set, 6 permutations: 72 points."""
    one, most, square = GroupKind.EXACTLY_ONE, GroupKind.AT_MOST_ONE, GroupKind.PERMUTATION
    groups = groups_of((one, [0, 5, 9]), (most, [2]), (square, [1, 3, 4, 6, 7, 8, 10, 11, 12]))
    compiled = Compiled.of_polynomial(Polynomial.zero(14), groups)
    batch = registry.load("samplers", "random").sample(
        compiled, budget=Budget(reads=7200), seed=5, watch=Watch(clock=time.perf_counter)
    )
    assert len(batch) == 7200
    points, times = np.unique(batch.bits, axis=0, return_counts=True)
    assert len(points) == 72
    assert ((times - 100) ** 2 / 100).sum() < 110  # chi-square, 71 degrees of freedom: 0.2 % lie above
