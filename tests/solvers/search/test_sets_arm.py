"""The arm that searches sets by tabu."""

import itertools

import numpy as np
import pytest
from arm_cases import compiled_of, landscape_of, owed, quadratic_assignment

from qopt.core.polynomial import Polynomial
from qopt.core.rows import GroupKind
from qopt.solvers.search.arms import sets


def problem(seed, n, whole=True):
    random = np.random.default_rng(seed)
    row, col = np.array(list(itertools.combinations(range(n), 2))).T
    keep = random.random(len(row)) < 0.6
    linear = random.integers(-9, 9, n) if whole else random.normal(size=n)
    value = random.integers(-9, 9, keep.sum()) if whole else random.normal(size=keep.sum())
    return Polynomial.from_pairs(linear.astype(float), row[keep], col[keep], value.astype(float))


def least(compiled):
    points = np.array(list(itertools.product((0, 1), repeat=compiled.num_bits)), dtype=np.int8)
    for _, kind, members in compiled.groups.simple():
        on = points[:, members].sum(axis=1)
        points = points[on == 1 if kind == GroupKind.EXACTLY_ONE else on <= 1]
    return compiled.energies(points).min()


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("seed", range(4))
def test_the_arm_finds_the_minimum(seed, whole):
    groups = [(GroupKind.EXACTLY_ONE, [3, 0, 7]), (GroupKind.AT_MOST_ONE, [1, 2, 8, 10]), (GroupKind.EXACTLY_ONE, [4])]
    compiled = compiled_of(problem(seed, 12, whole), groups)
    landscape = landscape_of(compiled)
    arm = sets.fit(landscape)
    assert np.isclose(owed(landscape, arm), least(compiled), rtol=0, atol=1e-9)


def test_squares_and_free_bits_alone_are_refused():
    assert sets.fit(landscape_of(quadratic_assignment(np.eye(3), 1 - np.eye(3)))) is None
    assert sets.fit(landscape_of(compiled_of(problem(1, 4), []))) is None
