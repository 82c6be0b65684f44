"""The kernels that recombine points against their naive twins, with the JIT on and off."""

import itertools
import os
import subprocess
import sys

import numba
import numpy as np
import pytest
from anneal_cases import case, csr
from naive_anneal import Stream, energy

from qopt.kernels import anneal_fields, crossover

CASES = {
    "sparse": case(1, 40, density=0.08),
    "sparser": case(2, 40, density=0.03),
    "fractions": case(3, 30, whole=False, density=0.08),
    "all pairs": case(4, 9),
    "one bit": case(5, 1),
}


def loaded(c, bits):
    field, sign = np.empty((2, len(c.linear)), dtype=c.linear.dtype)
    anneal_fields.load(c.linear, *csr(c.matrix), bits, field, sign)
    return field, sign


def clusters(matrix, code):
    """Connected sets of bits of equal code, by their lowest bits."""
    left, found = set(range(len(code))), []
    while left:
        grown, edge = set(), {min(left)}
        while edge:
            grown |= edge
            edge = {u for v in edge for u in np.flatnonzero(matrix[v]).tolist() if code[u] == code[v]} - grown
        left -= grown
        found.append(sorted(grown))
    return found


def crossed(c, bits, other, random):
    """The twin of ``cross``: every cluster judged by whole energies."""
    bits, apart = bits.copy(), bits != other
    if 2 * apart.sum() > len(bits):
        apart = ~apart
    for cluster in clusters(c.matrix, apart.astype(int)):
        if not apart[cluster[0]]:
            continue
        turned = bits.copy()
        turned[cluster] ^= 1
        change = energy(c.linear, c.matrix, turned) - energy(c.linear, c.matrix, bits)
        if change < 0 or (change == 0 and not random.advance() >> 63):
            bits = turned
    return bits


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", CASES)
def test_cross_twin(name, seed):
    c, random = CASES[name], np.random.default_rng(seed)
    n = len(c.linear)
    state, twin = np.array([seed + 9], dtype=np.uint64), Stream(seed + 9)
    mark, stack = np.empty(n, np.int8), np.empty(n, np.int32)
    bits = random.integers(0, 2, n, dtype=np.int8)
    field, sign = loaded(c, bits)
    for share in (0.1, 0.3, 0.8, 1.0):
        other = bits ^ (random.random(n) < share).astype(np.int8)
        expected = crossed(c, bits, other, twin)
        change = crossover.cross(*csr(c.matrix), field, sign, other, state, mark, stack)
        assert np.array_equal(sign < 0, expected)
        assert np.isclose(change, energy(c.linear, c.matrix, expected) - energy(c.linear, c.matrix, bits))
        bits = expected
        again = loaded(c, bits)
        assert np.allclose(field, again[0], atol=1e-9)
        assert np.array_equal(sign, again[1])


def test_cross_is_the_best_of_all_children():
    """No choice of clusters of either parent is better."""
    c = CASES["sparser"]
    n = len(c.linear)
    some = False
    for seed in range(20):
        random = np.random.default_rng(seed)
        bits = random.integers(0, 2, n, dtype=np.int8)
        other = bits ^ (random.random(n) < 0.3).astype(np.int8)
        field, sign = loaded(c, bits)
        state = np.array([1], dtype=np.uint64)
        crossover.cross(*csr(c.matrix), field, sign, other, state, np.empty(n, np.int8), np.empty(n, np.int32))
        apart = [s for s in clusters(c.matrix, (bits != other).astype(int)) if bits[s[0]] != other[s[0]]]
        some |= len(apart) > 3
        children = []
        for taken in itertools.product((0, 1), repeat=len(apart)):
            child = bits.copy()
            child[[i for s, t in zip(apart, taken) if t for i in s]] ^= 1
            children.append(energy(c.linear, c.matrix, child))
        assert energy(c.linear, c.matrix, sign < 0) == min(children)
    assert some


@pytest.mark.parametrize("codes", [1, 2, 5])
@pytest.mark.parametrize("name", CASES)
def test_contract_twin(name, codes):
    c, random = CASES[name], np.random.default_rng(codes)
    n, weights = len(c.linear), csr(c.matrix)
    bits = random.integers(0, 2, n, dtype=np.int8)
    code = random.integers(0, codes, n)
    label, member, start = np.empty(n, np.int32), np.empty(n, np.int32), np.empty(n + 1, np.int64)
    number = c.linear.dtype
    small = np.empty(n, number), np.empty(n + 1, np.int64), np.empty(len(weights[1]), np.int32), np.empty(
        len(weights[1]), number)  # fmt: skip
    k = crossover.contract(*weights, *loaded(c, bits), code, label, member, start, small)
    expected = clusters(c.matrix, code)
    assert k == len(expected)
    assert [sorted(member[start[q] : start[q + 1]].tolist()) for q in range(k)] == expected
    for q, cluster in enumerate(expected):
        assert set(label[cluster]) == {q}
    linear, indptr, col, weight = small
    matrix = np.zeros((k, k))
    for q in range(k):
        ends = col[indptr[q] : indptr[q + 1]]
        assert len(set(ends.tolist())) == len(ends)
        matrix[q, ends] = weight[indptr[q] : indptr[q + 1]]
    assert np.allclose(matrix, matrix.T)
    assert not matrix.diagonal().any()
    for _ in range(10):
        turned = random.integers(0, 2, k)
        whole = energy(c.linear, c.matrix, bits ^ turned[label])
        assert np.isclose(whole - energy(c.linear, c.matrix, bits), energy(linear[:k], matrix, turned))


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="this run is the one without JIT")
def test_twins_hold_without_the_jit():
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "ignore::RuntimeWarning",
         "-k", "twin and not without", __file__],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    assert "passed" in done.stdout
