"""What recognition is made of, against naive twins with the JIT on and off: factors of squares, tables of lines."""

import itertools
import os
import subprocess
import sys

import numba
import numpy as np
import pytest
from anneal_cases import csr
from assignment_cases import factors, weights_of

from qopt.kernels import kronecker, lift_tables


def layouts(matrix):
    return (np.array([1]), np.zeros(0, np.int32), matrix), csr(matrix)


@pytest.mark.parametrize("directed", [False, True])
def test_pairs_of_a_square_twin(directed):
    side = 4
    flow, distance = factors(7, side, directed)
    matrix = weights_of(flow, distance)
    cube = matrix.reshape(side, side, side, side)
    together, apart = cube + cube.transpose(0, 3, 2, 1), cube - cube.transpose(0, 3, 2, 1)
    for parts in layouts(matrix):
        blocks, lines = np.empty((2, side, side), np.int64), np.empty((2, side, side), np.int64)
        kronecker.block(*parts, side, 1, 3, *blocks)
        assert np.array_equal(blocks, [together[1, :, 3, :], apart[1, :, 3, :]])
        kronecker.across(*parts, side, 0, 2, *lines)
        assert np.array_equal(lines, [together[:, 0, :, 2], apart[:, 0, :, 2]])
        at = np.empty(4, np.int64)
        for want, table in enumerate((together, apart)):
            found = kronecker.first(*parts, side, 0.0, want, at)
            assert found == bool(table.any())
            if found:
                i, k, p, q = at.tolist()
                assert table[i, p, k, q] != 0
                assert i < k
        assert kronecker.agrees(*parts, side, flow, distance, 1, 0.0)
        assert not kronecker.agrees(*parts, side, flow, distance, 2, 0.0)
        for wrong in (flow + np.eye(side, k=1, dtype=int) + np.eye(side, k=-1, dtype=int), flow * 0):
            assert not kronecker.agrees(*parts, side, wrong, distance, 1, 0.0)


def pairs(seed, n):
    random = np.random.default_rng(seed)
    row, col = np.array(list(itertools.combinations(range(n), 2)), dtype=np.int32).T
    value = random.integers(-4, 8, len(row)).astype(float) * (random.random(len(row)) < 0.8)
    full = np.zeros((n, n))
    full[row, col] = full[col, row] = value
    return row.copy(), col.copy(), value, full, random.integers(-9, 9, n).astype(float)


@pytest.mark.parametrize("seed", range(4))
def test_tables_of_lines_twin(seed):
    n = 8
    row, col, value, full, linear = pairs(seed, n)
    line = np.array([0, 0, 1, 1, 2, -1, -1, 2])
    other = np.array([0, 1, 0, 1, -1, -1, -1, -1])
    out = np.empty(n)
    lift_tables.least(row, col, value, linear, out)
    assert np.array_equal(out, linear + np.minimum(full, 0).sum(axis=1))
    table, alone = np.empty((n, 3)), np.empty(n)
    lift_tables.dearest(row, col, value, line, other, table, alone)
    for k in range(n):
        dear = [
            max(full[k, u], 0.0)
            if (line[k] < 0 or line[u] != line[k]) and (other[k] < 0 or other[u] != other[k])
            else 0.0
            for u in range(n)
        ]
        assert alone[k] == sum(dear[u] for u in range(n) if line[u] < 0)
        for number in range(3):
            assert table[k, number] == max(dear[u] for u in range(n) if line[u] == number)
    sums = np.empty((3, n))
    lift_tables.together(row, col, value, line, sums)
    for number in range(3):
        expected = np.where(line == number, 0.0, full[line == number].sum(axis=0))
        assert np.array_equal(sums[number], expected)
    pair, near = np.empty((n, 2)), np.empty((n, 2), np.int64)
    dear, rest = np.empty(n), np.empty(n)
    lift_tables.cheapest(row, col, value, pair, near, dear, rest)
    assert np.array_equal(dear, np.maximum(full, 0).sum(axis=1))
    for k in range(n):
        cheap = np.minimum(full[k], 0.0)
        assert pair[k].tolist() == sorted(cheap.tolist())[:2]
        assert all(full[k, u] == p if p < 0 else u == -1 for p, u in zip(pair[k], near[k]))
        assert rest[k] == cheap.sum() - pair[k].sum()


@pytest.mark.parametrize("seed", range(4))
def test_conflicts_and_cliques_twin(seed):
    n = 8
    row, col, value, full, linear = pairs(seed, n)
    low, slack = linear + np.minimum(full, 0).sum(axis=1), np.zeros(n)
    stays = np.arange(n) == 3
    marked = np.empty(len(value), np.int8)
    count = lift_tables.conflicting(row, col, value, low, slack, stays, marked)
    expected = [
        v > 0 and not (stays[i] or stays[j]) and v + max(low[i], low[j]) >= 0 for i, j, v in zip(row, col, value)
    ]
    assert marked.astype(bool).tolist() == expected
    assert count == sum(expected)
    marked[:] = value > 0  # more of them, so that there are cliques to find
    count = int(marked.sum())
    indptr, near, weight = np.empty(n + 1, np.int64), np.empty(2 * count, np.int64), np.empty(2 * count)
    lift_tables.neighbours(row, col, value, marked, indptr, near, weight)
    for k in range(n):
        told = dict(zip(near[indptr[k] : indptr[k + 1]].tolist(), weight[indptr[k] : indptr[k + 1]].tolist()))
        assert told == {u: full[k, u] for u in range(n) if full[k, u] > 0}
    mark, out = np.zeros((2, n), dtype=np.int64)
    stamp = 0
    for i, j, v in zip(row[marked != 0], col[marked != 0], value[marked != 0]):
        for wanted in (v, 0.0):
            stamp += 1
            joined = full == wanted if wanted else full > 0
            members = {int(i), int(j), *(u for u in range(n) if joined[i, u] and joined[j, u])}
            good = all(joined[a, b] for a, b in itertools.combinations(members, 2))
            found = lift_tables.clique(indptr, near, weight, i, j, wanted, stamp, mark, out)
            assert set(out[:found].tolist()) == (members if good else set())


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="this run is the one without JIT")
def test_twins_hold_without_the_jit():
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "ignore::RuntimeWarning",
         "-k", "twin and not without", __file__],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    assert "passed" in done.stdout
