"""From pairs to a matrix, against plain Python."""

import math
import os
import subprocess
import sys
from fractions import Fraction

import numba
import numpy as np
import pytest

from qopt.kernels import anneal_pairs


def pairs_of(seed, n=13, count=40, factor=1.0):
    """Random pairs, squares and zeros among them; places in another order, some in lines."""
    random = np.random.default_rng(seed)
    row, col = np.sort(random.integers(0, n, (2, count)), axis=0).astype(np.int32)
    key = np.unique(row * n + col)
    row, col = (key // n).astype(np.int32), (key % n).astype(np.int32)
    owner, other = random.integers(-1, 3, (2, n))
    other[: n // 2] = -1
    value = random.integers(-6, 7, len(row)) * factor
    return anneal_pairs.Pairs(random.permutation(n), owner, other, row, col, value)


def counting(pairs):
    """(place, place, value) of the pairs that count, and of the squares."""
    inner, owner, other = pairs.inner.tolist(), pairs.owner.tolist(), pairs.other.tolist()
    listed = [(inner[i], inner[j], v) for i, j, v in zip(pairs.row, pairs.col, pairs.value.tolist())]
    squares = [(i, j, v) for i, j, v in listed if i == j]
    never = {(i, j) for i, j, _ in listed if owner[i] == owner[j] >= 0 or other[i] == other[j] >= 0}
    return [(i, j, v) for i, j, v in listed if i != j and (i, j) not in never], squares


@pytest.mark.parametrize("seed", range(5))
def test_tally_and_fill_twin(seed):
    pairs = pairs_of(seed)
    counted, squares = counting(pairs)
    n = len(pairs.inner)
    linear, reach = np.ones(n), np.full(n, 2.0)
    number, largest = anneal_pairs.tally(pairs, linear, reach)
    assert number == sum(v != 0 for *_, v in counted)
    assert largest == max(abs(v) for *_, v in counted)
    for kind in (np.int8, np.float64):
        matrix, expected = np.zeros((n, n), kind), np.zeros((n, n))
        anneal_pairs.fill(pairs, 0.5 if kind is np.float64 else 3.0, matrix)
        for i, j, v in counted:
            expected[i, j] = expected[j, i] = v * (0.5 if kind is np.float64 else 3.0)
        assert np.array_equal(matrix, expected)
    expected = np.ones(n)
    for i, _, v in squares:
        expected[i] += v
    assert np.array_equal(linear, expected)
    assert np.array_equal(reach, 2.0 + abs(matrix).sum(axis=1) * 2)


@pytest.mark.parametrize("seed", range(5))
def test_divisor_twin(seed):
    """Of tenths, taken times 10 they are whole; times 5 an odd one among them is not."""
    pairs = pairs_of(seed, factor=0.1 * (1 + seed))
    counted, _ = counting(pairs)
    whole = [Fraction(v).limit_denominator(100) * 10 for *_, v in counted]
    assert anneal_pairs.divisor_of_pairs(pairs, 10.0, 0) == math.gcd(*map(int, whole))
    assert anneal_pairs.divisor_of_pairs(pairs, 10.0, 3) == math.gcd(3, *map(int, whole))
    halves = anneal_pairs.divisor_of_pairs(pairs, 5.0, 0)
    assert (halves == -1) == any(v % 2 for v in whole)
    values = np.array([v for *_, v in counted])
    assert anneal_pairs.divisor(values, 10.0, 0) == math.gcd(*map(int, whole))
    assert anneal_pairs.divisor(np.array([1.0, np.inf]), 1.0, 0) == -1
    assert anneal_pairs.divisor(np.array([1.0, 2.0 + 1e-7]), 1.0, 0) == -1
    assert anneal_pairs.divisor(np.array([4.0, 2.0 + 1e-10]), 1.0, 0) == 2


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="this run is the one without JIT")
def test_twins_hold_without_the_jit():
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "twin and not without", __file__],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    assert "passed" in done.stdout
