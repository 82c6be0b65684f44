"""The arm that tempers whatever has groups."""

import itertools

import numpy as np
import pytest
from arm_cases import compiled_of, landscape_of, owed, quadratic_assignment

from qopt.core.polynomial import Polynomial
from qopt.core.rows import GroupKind
from qopt.solvers.search.arms import tempering

GROUPS = {
    "squares": [(GroupKind.PERMUTATION, range(4)), (GroupKind.PERMUTATION, range(4, 13))],
    "sets and free bits": [(GroupKind.EXACTLY_ONE, [0, 3, 5, 7]), (GroupKind.AT_MOST_ONE, [1, 2, 8])],
    "one square that is no product": [(GroupKind.PERMUTATION, range(9))],
    "all": [(GroupKind.PERMUTATION, range(2, 11)), (GroupKind.EXACTLY_ONE, [0, 12])],
}


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("name", GROUPS)
def test_the_arm_finds_the_minimum(name, whole):
    random = np.random.default_rng(3)
    n = 9 if name.startswith("one") else 13
    row, col = np.array(list(itertools.combinations(range(n), 2))).T
    linear, value = (random.integers(-9, 10, len(a)) if whole else random.normal(size=len(a)) for a in (range(n), row))
    compiled = compiled_of(Polynomial.from_pairs(linear.astype(float), row, col, value.astype(float)), GROUPS[name])
    points = np.array(list(itertools.product((0, 1), repeat=n)), dtype=np.int8)
    for _, kind, members in compiled.groups.simple():
        on = points[:, members].sum(axis=1)
        points = points[on == 1 if kind == GroupKind.EXACTLY_ONE else on <= 1]
    landscape = landscape_of(compiled)
    arm = tempering.fit(landscape)
    assert np.isclose(owed(landscape, arm), compiled.energies(points).min(), rtol=0, atol=1e-9)


def test_products_of_a_square_and_free_bits_are_left_to_others():
    flow = 1 - np.eye(3)
    assert tempering.fit(landscape_of(quadratic_assignment(flow, flow))) is None
    assert tempering.fit(landscape_of(compiled_of(Polynomial(np.ones(3)), []))) is None
