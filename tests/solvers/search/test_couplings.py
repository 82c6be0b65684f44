"""The arrays that searches work on: structure of the groups, whole coefficients, layouts."""

import numpy as np
import pytest

from qopt.core.accepts import Accepts
from qopt.core.compiled import Compiled
from qopt.core.polynomial import Polynomial, polynomial_of
from qopt.core.rows import GroupKind
from qopt.kernels import anneal_fields
from qopt.solvers._structure import Structure
from qopt.solvers.search.couplings import Couplings, whole_factor
from qopt.testing.samplers import groups_of, random_polynomial

ONE, MOST, SQUARE = GroupKind.EXACTLY_ONE, GroupKind.AT_MOST_ONE, GroupKind.PERMUTATION
ALL = Accepts(groups=frozenset(GroupKind))


def lowered(polynomial, groups=None):
    compiled = Compiled.of_polynomial(polynomial, groups)
    structure = Structure.of(compiled, "test", ALL)
    return compiled, structure, Couplings.of(compiled, structure)


def inner_energy(couplings, point):
    x = point.astype(np.float64)
    if couplings.dense:
        matrix = couplings.weight.astype(np.float64)
    else:
        matrix = np.zeros((len(x), len(x)))
        row = np.repeat(np.arange(len(x)), np.diff(couplings.indptr))
        matrix[row, couplings.col] = couplings.weight
    assert np.array_equal(matrix, matrix.T)
    assert not matrix.diagonal().any()
    return couplings.linear @ x + x @ matrix @ x / 2


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("density", [1.0, 0.04])
def test_energies_agree_on_points_that_satisfy_the_groups(density, whole):
    groups = groups_of((MOST, [3, 17]), (SQUARE, [20, 1, 2, 4, 5, 6, 9, 8, 7]), (ONE, [0, 19, 18]))
    compiled, structure, couplings = lowered(random_polynomial(40, 2, density=density, whole=whole), groups)
    assert couplings.dense == (density == 1.0)
    assert couplings.exact == whole
    points = structure.random_points(np.random.default_rng(1), 50)
    bits = structure.outer(points)
    inner = np.array([inner_energy(couplings, point) for point in points])
    assert np.allclose(couplings.energies(inner), compiled.energies(bits))
    for point, row in zip(points, bits):
        again = structure.nearest_point(row, np.random.default_rng(2))
        assert np.array_equal(again, point), "a point that satisfies the groups is its own nearest"
        assert np.array_equal(np.flatnonzero(point[structure.free : structure.set_start[-1]]) + structure.free,
                              structure.chosen(point))  # fmt: skip
        corner, side = int(structure.square_start[0]), int(structure.side[0])
        assert (point[corner + np.arange(side) * side + structure.place(point)] == 1).all()


def test_pairs_that_are_never_on_together_have_no_weight():
    """Of a polynomial inside one group nothing but the linear part is left."""
    for kind, n in ((ONE, 5), (MOST, 5), (SQUARE, 4)):
        _, structure, couplings = lowered(random_polynomial(n, 3), groups_of((kind, list(range(n)))))
        expected = 2 if kind is SQUARE else 0  # in a square of side 2 the two diagonals
        assert np.count_nonzero(couplings.weight) == 2 * expected
        assert structure.size == n + (kind is MOST)


def test_squares_of_bits_are_linear():
    polynomial = Polynomial(np.zeros(2), np.array([0, 0]), np.array([0, 1]), np.array([3.0, -1.0]))
    compiled, _, couplings = lowered(polynomial)
    assert couplings.linear.tolist() == [3, 0]
    assert compiled.energies([[1, 1]])[0] == 2


@pytest.mark.parametrize(
    ("values", "factor", "whole"),
    [
        ([6, -9, 0], 1 / 3, True),
        ([0.5, 0.25], 4, True),
        ([0.1, 0.35], 20, True),
        ([], 1, True),
        ([0, 0], 1, True),
        ([1 / 3, 1.0], 1, False),
        ([2.0**-16], 2**16, True),
    ],
)
def test_whole_factor(values, factor, whole):
    found = whole_factor(np.array(values, dtype=float))
    assert found == (pytest.approx(factor), whole)


def test_narrowest_weights_and_too_large_numbers():
    assert lowered(polynomial_of(3, {(0, 1): 100, (1, 2): -127}))[2].weight.dtype == np.int8
    assert lowered(polynomial_of(3, {(0, 1): 128, (1, 2): -127}))[2].weight.dtype == np.int16
    assert lowered(polynomial_of(3, {(0, 1): 40_000, (1, 2): -127}))[2].weight.dtype == np.int32
    large = lowered(polynomial_of(3, {(0, 1): 2.0**40, (1, 2): 1, (0,): -1}))[2]
    assert not large.exact
    assert abs(large.linear).max() <= 2**30


def test_weights_of_a_matrix_share_a_unit():
    """Multiples of 16 fit into bytes as what they are multiples by; the energies stay the same."""
    whole = random_polynomial(30, 4, whole=True)
    even = Polynomial(whole.linear, whole.row, whole.col, 16 * whole.value, offset=1.5)
    assert abs(even.value).max() == 144
    compiled, structure, couplings = lowered(even)
    assert couplings.weight.dtype == np.int8
    assert couplings.indptr.tolist() == [16]
    assert couplings.lowest == even.value.min()
    points = structure.random_points(np.random.default_rng(1), 20)
    field, sign = np.empty((2, structure.size), dtype=np.int32)
    for point in points:
        parts = couplings.indptr, couplings.col, couplings.weight
        anneal_fields.load(couplings.linear, *parts, point, field, sign)
        inner = anneal_fields.energy_of(couplings.linear, field, sign)
        assert couplings.energies(np.array([inner]))[0] == compiled.energies(structure.outer(point[None]))[0]
