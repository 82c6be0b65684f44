"""Recognising flow times distance among the weights of a square."""

import numpy as np
import pytest
from scipy import sparse

from qopt.reduce.kronecker import factors_of


def layouts(matrix):
    """The matrix itself, half of it in units of two where that is whole, and as CSR."""
    rows = sparse.csr_array(matrix)
    rows.sort_indices()
    yield np.array([1]), np.zeros(0, np.int32), matrix
    if matrix.dtype.kind == "i" and not (matrix & 1).any():
        yield np.array([2]), np.zeros(0, np.int32), matrix // 2
    yield rows.indptr.astype(np.int64), rows.indices.astype(np.int32), rows.data


def plain(random, side, low=0, high=9):
    a = random.integers(low, high, (side, side))
    np.fill_diagonal(a, 0)
    return a


def weights(flow, distance):
    """What ``sum flow[i, k] distance[p, q] x_ip x_kq`` is as a symmetric matrix over the bits."""
    whole = np.kron(flow, distance)
    return whole + whole.T


@pytest.mark.parametrize("kinds", ["symmetric", "flow", "both", "whole numbers of one side", "cycle"])
@pytest.mark.parametrize("seed", range(4))
def test_factors_make_up_the_weights(kinds, seed):
    random = np.random.default_rng(seed)
    side = 5
    flow, distance = plain(random, side), plain(random, side, -3, 4)
    if kinds in ("symmetric", "flow"):
        distance = distance + distance.T
    if kinds == "symmetric":
        flow = flow + flow.T
    if kinds == "cycle":
        distance = np.roll(np.eye(side, dtype=int), 1, axis=1)
    if kinds == "whole numbers of one side":
        flow = np.triu(flow)
    matrix = weights(flow, distance)
    for parts in layouts(matrix):
        found = factors_of(*parts, side)
        assert found is not None
        total = sum(np.kron(f, d) for f, d in zip(found.flow, found.distance))
        assert np.array_equal(total, found.scale * matrix)
        assert np.array_equal(found.flow[0], found.flow[0].T)
        assert np.array_equal(found.distance[0], found.distance[0].T)
        assert found.directed == (not (np.array_equal(flow, flow.T) or np.array_equal(distance, distance.T)))
        if found.directed:
            assert np.array_equal(found.flow[1], -found.flow[1].T)
            assert np.array_equal(found.distance[1], -found.distance[1].T)


@pytest.mark.parametrize("seed", range(20))
def test_one_other_weight_is_no_product(seed):
    random = np.random.default_rng(seed)
    side = 4
    matrix = weights(plain(random, side, 1), plain(random, side, 1))
    while True:
        a, b = random.integers(0, side * side, 2)
        if a // side != b // side and a % side != b % side:
            break
    matrix[a, b] += 1
    matrix[b, a] = matrix[a, b]
    for parts in layouts(matrix):
        assert factors_of(*parts, side) is None
    matrix[a, b] = matrix[b, a] = 0
    for parts in layouts(matrix):
        assert factors_of(*parts, side) is None


def test_fractions_are_compared_with_room_for_rounding():
    random = np.random.default_rng(1)
    flow, distance = random.random((2, 6, 6))
    np.fill_diagonal(flow, 0)
    np.fill_diagonal(distance, 0)
    matrix = weights(flow, distance + distance.T)
    for parts in layouts(matrix):
        found = factors_of(*parts, 6)
        assert found is not None
        total = sum(np.kron(f, d) for f, d in zip(found.flow, found.distance))
        assert np.allclose(total, found.scale * matrix, rtol=0, atol=1e-12)
    matrix[0, 7] += 1e-6
    matrix[7, 0] += 1e-6
    for parts in layouts(matrix):
        assert factors_of(*parts, 6) is None


def test_no_weights_at_all_are_a_product():
    for parts in layouts(np.zeros((9, 9), dtype=np.int8)):
        found = factors_of(*parts, 3)
        assert found is not None
        assert not found.flow.any()
