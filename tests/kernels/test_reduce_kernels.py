"""The reduction kernels against their naive twins, with the JIT on and off."""

import os
import subprocess
import sys

import numba
import numpy as np
import pytest
from naive_reduction import Naive, least

from qopt.core.polynomial import Polynomial
from qopt.kernels import reduce_graph, reduce_spins, reduce_survey, reduce_tables, reduce_twins
from qopt.kernels.reduce_graph import FREE, GONE, KEPT
from qopt.reduce.polynomial.grid import Grid
from qopt.reduce.polynomial.reduction import Reduction

SEEDS = 6 if numba.config.DISABLE_JIT else 60


def random_grid(random, n, density, largest, *, fields=True):
    """Spins with whole couplings from -largest to largest; with ``fields`` None of them has a field."""
    i, j = np.triu_indices(n, 1)
    chosen = random.random(len(i)) < density
    i, j = i[chosen], j[chosen]
    value = random.integers(-largest, largest + 1, len(i)).astype(float)
    linear = random.integers(-largest, largest + 1, n).astype(float)
    if not fields:
        linear = -(np.bincount(i, weights=value, minlength=n) + np.bincount(j, weights=value, minlength=n)) / 2
    return Grid.of(Polynomial.from_pairs(linear, i, j, value))


def state_of(work):
    """Couplings of a reduction as a matrix like that of Naive, from its edge arrays."""
    n = len(work.graph.field)
    matrix = np.zeros((n + 1, n + 1), dtype=object)
    for i, j, w in zip(*(part.tolist() for part in work._edges())):
        assert matrix[i, j] == 0, "a pair has two edges"
        matrix[i, j] = matrix[j, i] = w
    matrix[:n, n] = matrix[n, :n] = [int(f) for f in work.graph.field]
    return matrix


def check_lists(graph):
    """Every list leads through the edges of its spin and back, and sums and degrees are those of the list."""
    for i in range(len(graph.head)):
        h, before, count, total = graph.head[i], -1, 0, 0
        while h >= 0:
            assert graph.to[h ^ 1] == i
            assert graph.prev[h] == before
            count, total = count + 1, total + abs(int(graph.weight[h >> 1]))
            before, h = h, graph.next[h]
        assert (graph.degree[i], graph.total[i]) == (count, total)


def replay(naive, work, since):
    records = work.records
    for t in range(since, work.removed):
        row = (int(records.spin[t]), int(records.rule[t]), records.source[t].tolist(), records.factor[t].tolist())
        naive.replay(*row)
    assert naive.constant == work.work.at[reduce_spins.CONSTANT]
    assert (naive.matrix == state_of(work)).all()
    check_lists(work.graph)
    return work.removed


@pytest.mark.parametrize("seed", range(SEEDS))
def test_every_elimination_twin(seed):
    """Spin by spin: what a record claims holds at every point, and the couplings left are those of the twin."""
    random = np.random.default_rng(seed)
    n = int(random.integers(1, 16))
    density, largest = float(random.choice([0.1, 0.25, 0.6])), int(random.choice([1, 3, 50]))
    grid = random_grid(random, n, density, largest, fields=bool(seed % 2))
    stays = random.random(n) < (0.2 if seed % 3 == 0 else 0.0)
    work, naive = Reduction(grid, stays), Naive(grid, stays)
    seen = 0
    while reduce_spins.eliminate(1, work.graph, work.records, work.work):
        seen = replay(naive, work, seen)
    for i in range(n):
        assert (work.graph.state[i] == GONE) == naive.gone[i]
        if work.graph.state[i] == FREE:
            assert not naive.reducible(i)
    for _ in range(3):
        work.merge_twins()
        seen = replay(naive, work, seen)
        work.eliminate()
        seen = replay(naive, work, seen)


def test_twins_of_both_kinds_twin():
    """Three strangers that feel the same up to sign, and two neighbours, among spins that no other rule takes."""
    random = np.random.default_rng(3)
    n = 12
    matrix = np.triu(random.integers(3, 9, (n, n)) * random.choice([-1, 1], (n, n)), 1)
    matrix += matrix.T
    for k, sign in ((1, 1), (2, -1)):
        matrix[k, 3:] = sign * matrix[0, 3:]
        matrix[3:, k] = matrix[k, 3:]
    matrix[:3, :3] = 0
    matrix[11, :10] = -matrix[10, :10]
    matrix[:10, 11] = matrix[11, :10]
    matrix[10, 11] = matrix[11, 10] = 4
    i, j = np.triu_indices(n, 1)
    value = 2.0 * matrix[i, j]
    linear = -matrix.sum(axis=1).astype(float) * 1.0
    grid = Grid.of(Polynomial.from_pairs(linear, i, j, value))
    work, naive = Reduction(grid, np.zeros(n, bool)), Naive(grid, np.zeros(n, bool))
    work.eliminate()
    assert work.removed == 0
    assert work.merge_twins() == 3
    assert (work.records.rule[:3] == reduce_spins.TWIN).all()
    replay(naive, work, 0)


def test_twins_that_must_stay_are_left():
    grid = random_grid(np.random.default_rng(1), 6, 1.0, 5)
    stays = np.ones(6, bool)
    work = Reduction(grid, stays)
    work.run(2**10, None)
    assert work.removed == 0
    assert (work.graph.state == KEPT).all()


def test_a_mirrored_edge_keeps_twins_apart():
    """s_0 and s_1 feel the same and repel: neither agreeing nor differing is always best."""
    pairs = {(0, 1): 3, (0, 2): 2, (1, 2): 2, (0, 3): 2, (1, 3): 2, (0, 4): 2, (1, 4): 2}
    i, j = np.array(list(pairs)).T
    grid = Grid.of(Polynomial.from_pairs(np.zeros(5), i, j, np.array(list(pairs.values()), float)))
    work = Reduction(grid, np.zeros(5, bool))
    assert reduce_twins.related(work.graph, work.work.mark, 0, 1) == 0
    assert (work.work.mark == -1).all()


@pytest.mark.parametrize("seed", range(SEEDS))
def test_tables_twin(seed):
    """The least energy of a piece, a point that has it, and the neighbours that each spin has in its turn."""
    random = np.random.default_rng(seed)
    n = int(random.integers(1, 10))
    matrix = np.triu(random.integers(-5, 6, (n, n)) * (random.random((n, n)) < 0.5), 1)
    matrix += matrix.T
    field = random.integers(-5, 6, n)
    row, col = np.nonzero(matrix)
    indptr = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=n))])
    order, start, near = np.empty(n, np.int32), np.empty(n + 1, np.int64), np.empty(n * n, np.int32)
    cells = reduce_tables.plan_order(indptr, col.astype(np.int32), 20, 2**20, order, start, near)
    around = {v: set(np.flatnonzero(matrix[v]).tolist()) for v in range(n)}
    total = 0
    for t, v in enumerate(order.tolist()):
        assert len(around[v]) == min(map(len, around.values()))
        met = around.pop(v)
        assert sorted(near[start[t] : start[t + 1]].tolist()) == sorted(met)
        for u in met:
            around[u] = (around[u] | met) - {u, v}
        total += 2 ** len(met)
    assert cells == total
    spin = np.empty(n, np.int8)
    least_of = reduce_tables.solve(
        field, indptr, col.astype(np.int32), matrix[row, col], order, start, near, cells, spin
    )
    assert least_of == least(field, matrix)
    assert field @ spin + spin @ matrix @ spin // 2 == least_of


def test_an_order_beyond_its_limits_is_refused():
    """A clique of 6: width 5, 63 cells, 15 neighbours."""
    n = 6
    indptr, col = np.arange(n + 1) * (n - 1), np.array([j for i in range(n) for j in range(n) if i != j], np.int32)
    order, start = np.empty(n, np.int32), np.empty(n + 1, np.int64)
    assert reduce_tables.plan_order(indptr, col, 5, 63, order, start, np.empty(15, np.int32)) == 63
    assert reduce_tables.plan_order(indptr, col, 4, 63, order, start, np.empty(15, np.int32)) == -1
    assert reduce_tables.plan_order(indptr, col, 5, 62, order, start, np.empty(15, np.int32)) == -1
    assert reduce_tables.plan_order(indptr, col, 5, 63, order, start, np.empty(14, np.int32)) == -1


def test_components_twin():
    grid = random_grid(np.random.default_rng(5), 30, 0.04, 3)
    work = Reduction(grid, np.zeros(30, bool))
    work.graph.state[[3, 4]] = GONE
    for i in (3, 4):
        while work.graph.head[i] >= 0:
            reduce_graph.detach(work.graph, work.graph.head[i] >> 1)
    label = np.empty(30, np.int32)
    count = reduce_tables.components(work.graph, label)
    joined = np.eye(30, dtype=int) + (state_of(work)[:30, :30] != 0)
    reach = np.linalg.matrix_power(joined, 30) > 0
    expected = (label[:, None] == label[None, :]) & (label >= 0)[:, None]
    expected[[3, 4], [3, 4]] = True
    assert np.array_equal(reach, expected)
    assert sorted(set(label.tolist())) == list(range(-1, count))


def test_survey_twin():
    random = np.random.default_rng(2)
    i, j = np.triu_indices(9, 1)
    value, field = random.integers(-4, 5, len(i)).astype(float), random.integers(-1, 2, 9).astype(float)
    kept = value != 0
    i, j, value = i[kept].astype(np.int32), j[kept].astype(np.int32), value[kept]
    total, largest, degree = np.zeros(9), np.zeros(9), np.zeros(9, np.int64)
    reduce_survey.survey(i, j, value, field, total, largest, degree)
    matrix = np.zeros((9, 10))
    matrix[i, j] = matrix[j, i] = np.abs(value)
    matrix[:, 9] = np.abs(field)
    assert np.array_equal(total, matrix.sum(axis=1))
    assert np.array_equal(largest, matrix.max(axis=1))
    assert np.array_equal(degree, (matrix > 0).sum(axis=1))


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="this run is the one without JIT")
def test_twins_hold_without_the_jit():
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "ignore::RuntimeWarning",
         "-k", "twin and not without", __file__],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    assert "passed" in done.stdout


@pytest.mark.parametrize("reach", [1, 2, 3])
def test_an_order_is_the_same_with_hardly_any_room(reach):
    """A ring whose spins have neighbours up to ``reach`` away: with a tight width the lists must be compacted."""
    n = 80
    col = np.array([(i + d) % n for i in range(n) for d in range(-reach, reach + 1) if d], np.int32)
    indptr = np.arange(n + 1) * (2 * reach)
    found = []
    for width in (2 * reach, 20):
        order, start, near = np.empty(n, np.int32), np.empty(n + 1, np.int64), np.empty(6 * n * reach, np.int32)
        cells = reduce_tables.plan_order(indptr, col, width, 2**30, order, start, near)
        found.append((cells, order.tolist(), start.tolist(), near[: start[-1]].tolist()))
    assert found[0][0] > 0
    assert found[0] == found[1]
