"""Greedy construction and exchanges against plain Python that looks at whole points, and with the JIT off."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from qopt.kernels.exchange import exchange_bits, exchange_labels, kick, mirror_labels
from qopt.kernels.greedy import CHEAP, GIVEN, REGRET, Partial, construct, propagate


def lines(matrix):
    m = sparse.csr_array(matrix)
    m.sort_indices()
    return m.indptr.astype(np.int64), m.indices.astype(np.int64), m.data


def model(rng, n, rows):
    """Rows that some point keeps, and a quadratic objective."""
    a = rng.integers(-4, 6, (rows, n)) * (rng.random((rows, n)) < 0.7)
    point = rng.integers(0, 2, n)
    lo = a @ point - rng.integers(0, 5, rows)
    hi = a @ point + rng.integers(0, 5, rows)
    q = np.triu(rng.integers(-9, 10, (n, n)) * (rng.random((n, n)) < 0.5), 1)
    return a, lo, hi, rng.integers(-9, 10, n).astype(float), (q + q.T).astype(float), point


def partial(a, lo, hi):
    (m, n), owner = a.shape, np.abs(a)
    below, above = np.minimum(a, 0).sum(axis=1), np.maximum(a, 0).sum(axis=1)
    value = np.full(n, -1)
    widest = owner.max(axis=1, initial=0)
    rows, bits = lines(a), lines(a.T)
    state = (value, below.copy(), above, -below, np.arange(m), np.ones(m, np.int8), np.empty(n, int), np.array([0, m]))
    return Partial(*rows, *bits, lo, hi, widest, *state)


def naive_propagate(a, lo, hi, value):
    """Fix what a row alone forces, until nothing changes; None at a conflict."""
    value = value.copy()
    while True:
        for r in range(len(a)):
            free = value < 0
            known = int(a[r] @ np.where(free, 0, value))
            least, most = known + np.minimum(a[r][free], 0).sum(), known + np.maximum(a[r][free], 0).sum()
            if least > hi[r] or most < lo[r]:
                return None
        changed = False
        for r in range(len(a)):
            for b in np.flatnonzero((value < 0) & (a[r] != 0)):
                free = value < 0
                known = int(a[r] @ np.where(free, 0, value))
                least, most = known + np.minimum(a[r][free], 0).sum(), known + np.maximum(a[r][free], 0).sum()
                for to in (0, 1):
                    low = least + a[r, b] * to - min(a[r, b], 0)
                    high = most + a[r, b] * to - max(a[r, b], 0)
                    if (low > hi[r] or high < lo[r]) and value[b] < 0:
                        value[b] = 1 - to
                        changed = True
                        break
        if not changed:
            return value


def naive_construct(a, lo, hi, order, sequence, wanted, groups, linear, q):
    value = naive_propagate(a, lo, hi, np.full(len(linear), -1))
    while value is not None and (value < 0).any():
        change = linear + q @ (value == 1)
        free = np.flatnonzero(value < 0)
        chosen, to = -1, 1
        if order == GIVEN:
            chosen = next(b for b in sequence if value[b] < 0)
            to = wanted[chosen]
        if order == REGRET:
            widest = -1.0
            for group in groups:
                left = [b for b in group if value[b] < 0]
                costs = sorted(change[b] for b in left)
                if len(left) > 1 and costs[1] - costs[0] > widest:
                    widest = costs[1] - costs[0]
                    chosen = min(left, key=lambda b: change[b])
        if chosen < 0:
            chosen = free[np.argmin(change[free])]
            asked = False
            for r in range(len(a)):
                known = int(a[r] @ np.where(value < 0, 0, value))
                asked |= a[r, chosen] > 0 and known < lo[r]
            to = 1 if change[chosen] < 0 or asked else 0
        for attempt in (to, 1 - to):
            tried = value.copy()
            tried[chosen] = attempt
            after = naive_propagate(a, lo, hi, tried)
            if after is not None:
                break
        value = after
    return value


def built(a, lo, hi, order, sequence, wanted, groups, linear, q, kernel=construct):
    p = partial(a, lo, hi)
    start = np.cumsum([0, *(len(g) for g in groups)])
    flat = np.array([b for g in groups for b in g], dtype=np.int64)
    found = propagate(p) and kernel(p, order, sequence, wanted, start, flat, *lines(q), linear.copy())
    return p.value if found else None


@pytest.mark.parametrize("seed", range(25))
def test_construction_is_the_naive_one(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(3, 10))
    a, lo, hi, linear, q, _ = model(rng, n, int(rng.integers(1, 5)))
    groups = [part.tolist() for part in np.array_split(rng.permutation(n), 2)]
    sequence, wanted = rng.permutation(n), rng.integers(0, 2, n)
    for order in (GIVEN, CHEAP, REGRET):
        told = (a, lo, hi, order, sequence, wanted, groups, linear, q)
        ours, naive = built(*told), naive_construct(*told)
        assert (ours is None) == (naive is None)
        if naive is not None:
            assert (ours == naive).all()
            assert ((a @ ours >= lo) & (a @ ours <= hi)).all()


def energy(linear, q, bits):
    return float(linear @ bits + bits @ q @ bits / 2)


def exchanged(kernel, a, lo, hi, linear, q, bits, *rest):
    bits = bits.astype(np.int8)
    activity = (a @ bits).astype(np.int64)
    field = linear + q @ bits
    left = kernel(*lines(a.T), lo, hi, activity, *lines(q), field, bits, *rest)
    assert (activity == a @ bits).all() and np.allclose(field, linear + q @ bits), "what is carried along stays true"
    return bits.astype(int), left


@pytest.mark.parametrize("seed", range(15))
def test_no_exchange_of_two_bits_is_left(seed):
    rng = np.random.default_rng([seed, 1])
    n = int(rng.integers(3, 9))
    a, lo, hi, linear, q, point = model(rng, n, 2)
    bits, left = exchanged(exchange_bits, a, lo, hi, linear, q, point, 10**6)
    assert left > 0 and ((a @ bits >= lo) & (a @ bits <= hi)).all()
    assert energy(linear, q, bits) <= energy(linear, q, point)
    for one in range(n):
        for two in range(n):
            other = bits.copy()
            other[one] ^= 1
            other[two] ^= one != two
            if ((a @ other >= lo) & (a @ other <= hi)).all():
                assert energy(linear, q, other) >= energy(linear, q, bits) - 1e-9


def labelled(rng):
    """Groups that hold one label each, of which a few are lacking, one load row, and a point that keeps it."""
    groups, labels = int(rng.integers(3, 7)), int(rng.integers(2, 6))
    there = rng.random((groups, labels)) < 0.9
    there[:, 0] = True
    grid = np.full((groups, labels), -1)
    grid[there] = np.arange(int(there.sum()))
    n = int(there.sum())
    a = np.concatenate(
        [np.array([np.isin(np.arange(n), line) for line in grid]).astype(int), rng.integers(0, 4, (1, n))]
    )
    point = np.zeros(n, dtype=int)
    for line in grid:
        point[rng.choice(line[line >= 0])] = 1
    lo, hi = np.r_[np.ones(groups, int), 0], np.r_[np.ones(groups, int), a[-1] @ point + 2]
    q = np.triu(rng.integers(-9, 10, (n, n)) * (rng.random((n, n)) < 0.6), 1)
    return grid, a, lo, hi, rng.integers(-9, 10, n).astype(float), (q + q.T).astype(float), point


@pytest.mark.parametrize("seed", range(20))
def test_no_exchange_of_labels_is_left(seed):
    grid, a, lo, hi, linear, q, point = labelled(np.random.default_rng([seed, 2]))
    bits, left = exchanged(exchange_labels, a, lo, hi, linear, q, point, grid, 10**6)
    assert left > 0 and ((a @ bits >= lo) & (a @ bits <= hi)).all()
    best = energy(linear, q, bits)
    held = [int(np.flatnonzero((line >= 0) & (bits[line] == 1))[0]) for line in grid]
    others = [[*held[:g], k, *held[g + 1 :]] for g in range(len(grid)) for k in range(grid.shape[1])]
    for g in range(len(grid)):
        for h in range(g):
            swapped = list(held)
            swapped[g], swapped[h] = held[h], held[g]
            others.append(swapped)
    for labels in others:
        chosen = grid[np.arange(len(grid)), labels]
        if (chosen < 0).any():
            continue
        other = np.isin(np.arange(len(bits)), chosen).astype(int)
        if ((a @ other >= lo) & (a @ other <= hi)).all():
            assert energy(linear, q, other) >= best - 1e-9


@pytest.mark.parametrize("seed", range(20))
def test_no_reversal_is_left(seed):
    grid, a, lo, hi, linear, q, point = labelled(np.random.default_rng([seed, 3]))
    bits, left = exchanged(mirror_labels, a, lo, hi, linear, q, point, grid, 10**6)
    assert left > 0 and ((a @ bits >= lo) & (a @ bits <= hi)).all()
    best, groups = energy(linear, q, bits), len(grid)
    assert best <= energy(linear, q, point)
    held = [int(np.flatnonzero((line >= 0) & (bits[line] == 1))[0]) for line in grid]
    for first in range(groups):
        for length in range(2, groups + 1):
            places = [(first + t) % groups for t in range(length)]
            labels = list(held)
            lacking = False
            # Reversed from the middle out, as far as every group has the label that it would get.
            for t in range((length - 1) // 2, -1, -1):
                g, h = places[t], places[length - 1 - t]
                lacking |= grid[g, held[h]] < 0 or grid[h, held[g]] < 0
                labels[g], labels[h] = held[h], held[g]
            if lacking:
                continue
            other = np.isin(np.arange(len(bits)), grid[np.arange(groups), labels]).astype(int)
            if ((a @ other >= lo) & (a @ other <= hi)).all():
                assert energy(linear, q, other) >= best - 1e-9


@pytest.mark.parametrize("seed", range(6))
def test_a_kick_moves_pairs_and_keeps_the_rows(seed):
    rng = np.random.default_rng([seed, 5])
    a, lo, hi, linear, q, point = model(rng, 9, 2)
    random, moved = np.array([seed + 1], dtype=np.uint64), set()
    for _ in range(10):
        with np.errstate(over="ignore"):  # without the JIT, numpy tells of the products that wrap round
            bits, _ = exchanged(kick, a, lo, hi, linear, q, point, random, 1)
        assert ((a @ bits >= lo) & (a @ bits <= hi)).all()
        assert (bits != point).sum() in (0, 2)
        moved.add(tuple(np.flatnonzero(bits != point)))
    free = sum(
        ((a @ other >= lo) & (a @ other <= hi)).all()
        for x in range(9)
        for y in range(x)
        for other in [np.where(np.isin(np.arange(9), (x, y)), 1 - point, point)]
    )
    assert len(moved) > 1 or free < 3


def test_without_work_nothing_moves():
    grid, a, lo, hi, linear, q, point = labelled(np.random.default_rng(4))
    for kernel, rest in ((exchange_bits, (0,)), (exchange_labels, (grid, 0)), (mirror_labels, (grid, 0))):
        bits, _ = exchanged(kernel, a, lo, hi, linear, q, point, *rest)
        assert (bits == point).all()


def test_the_same_with_the_jit_off():
    chosen = "[3] or without_work"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", __file__, "-k", chosen]
    done = subprocess.run(
        command,
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        timeout=200,
    )
    assert done.returncode == 0, done.stdout[-2000:]
