"""Dual ascent on products of bits and exactly-one rules: what it must keep, and the naive twin of every step."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from qopt.kernels.product_ascent import gather, spread


def grid_model(rng, n, full):
    """x[i, p]: bits of different rows and columns are paired, all of them or those of neighbouring rows alone.

    Returns
    -------
    Slots (start, other, twin), uses (bit pointer, rule members) with their slots, and the place of each slot in the
    square of its bit.
    """
    start, other = [0], []
    for i, p in product(range(n), range(n)):
        other += [k * n + q for k, q in product(range(n), range(n)) if k != i and q != p and (full or abs(k - i) == 1)]
        start.append(len(other))
    at = [{b: start[a] + t for t, b in enumerate(other[start[a] : start[a + 1]])} for a in range(n * n)]
    twin = [at[b][a] for a in range(n * n) for b in other[start[a] : start[a + 1]]]
    use_start, slots, side, cell = [0], [], [], np.zeros(len(other), dtype=np.int64)
    for i, p in product(range(n), range(n)):
        a = i * n + p
        rows = [k for k in range(n) if k != i and (full or abs(k - i) == 1)]
        slots += [[at[a][k * n + q] for q in range(n) if q != p] for k in rows]
        if full:
            slots += [[at[a][k * n + q] for k in range(n) if k != i] for q in range(n) if q != p]
            for t, b in enumerate(other[start[a] : start[a + 1]]):
                cell[start[a] + t] = t
                assert b // n != i and b % n != p
        side.append(n - 1 if full else 0)
        use_start.append(len(slots))
    slot_start = np.cumsum([0, *(len(s) for s in slots)])
    arrays = (start, twin, use_start, slot_start, np.concatenate(slots), cell, side)
    return tuple(np.array(part, dtype=np.int64) for part in arrays), slots, np.array(other)


def costs(model, linear, value, n):
    """What every permutation costs."""
    arrays, _, other = model
    start = arrays[0]
    owner = np.repeat(np.arange(n * n), np.diff(start))
    out = []
    for p in product(range(n), repeat=n):
        if len(set(p)) == n:
            x = np.zeros(n * n, dtype=np.int64)
            x[np.arange(n) * n + np.array(p)] = 1
            out.append(int(linear @ x + (value * x[owner] * x[other]).sum()))
    return out


def naive_gather(model, linear, value, price, down, full):
    """The same in words: take over, least slot of each use (or the least assignment), move."""
    (start, twin, use_start, *_), slots, _ = model
    bits = range(len(linear))
    for a in reversed(bits) if down else bits:
        for s in range(start[a], start[a + 1]):
            value[s] += value[twin[s]]
            value[twin[s]] = 0
        if full:
            continue
        for u in range(use_start[a], use_start[a + 1]):
            least = min(value[s] for s in slots[u])
            for s in slots[u]:
                value[s] -= least
            linear[a] += least
            price[u] -= least


@pytest.mark.parametrize("n", [2, 3, 4, 5])
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("jit", [True, False])
def test_no_permutation_changes_its_cost(n, full, jit):
    rng = np.random.default_rng([n, full])
    model = grid_model(rng, n, full)
    start, twin, use_start, slot_start, slot, cell, side = model[0]
    linear, value = rng.integers(-20, 40, n * n), rng.integers(-10, 30, len(twin))
    price = np.zeros(len(model[1]), dtype=np.int64)
    before, first = costs(model, linear, value, n), value.copy()
    took = np.zeros(n * n, dtype=np.int64)
    for number in range(3):
        run = gather if jit else gather.py_func
        run(linear, start, twin, value, use_start, slot_start, slot, cell, side, price, bool(number % 2))
        assert costs(model, linear, value, n) == before
        assert value.min() >= 0, "no pair is left negative: every slot is in a use"
        spare = rng.integers(0, 30, n * n)
        (spread if jit else spread.py_func)(linear, spare, value, use_start, slot_start, slot, price)
        assert costs(model, linear, value, n) == before
        took += spare
    # Prices tell what the slots got, use by use.
    told = first.copy()
    for u, members in enumerate(model[1]):
        told[members] += price[u]
    assert (told + told[twin] == value + value[twin]).all()


@pytest.mark.parametrize("seed", range(5))
def test_gathering_is_the_naive_one(seed):
    rng = np.random.default_rng(seed)
    n = 4
    model = grid_model(rng, n, False)
    start, twin, use_start, slot_start, slot, cell, side = model[0]
    linear, value = rng.integers(-20, 40, n * n), rng.integers(-10, 30, len(twin))
    price = np.zeros(len(model[1]), dtype=np.int64)
    naive = linear.copy(), value.copy(), price.copy()
    for down in (False, True):
        gather(linear, start, twin, value, use_start, slot_start, slot, cell, side, price, down)
        naive_gather(model, *naive, down, False)
        for ours, theirs in zip((linear, value, price), naive):
            assert (ours == theirs).all()


def test_a_square_gives_its_least_assignment():
    """With all the cost on one bit's side, what it moves to itself is the assignment's value, to rounding."""
    rng = np.random.default_rng(7)
    n = 5
    model = grid_model(rng, n, True)
    start, twin, use_start, slot_start, slot, cell, side = model[0]
    for _ in range(5):
        linear, value = np.zeros(n * n, dtype=np.int64), np.zeros(len(twin), dtype=np.int64)
        value[: start[1]] = rng.integers(-30, 60, start[1])
        square = value[: start[1]].reshape(n - 1, n - 1)
        rows, columns = linear_sum_assignment(square)
        least = int(square[rows, columns].sum())
        price = np.zeros(len(model[1]), dtype=np.int64)
        gather(linear, start, twin, value, use_start, slot_start, slot, cell, side, price, False)
        assert least - (n - 1) <= linear[0] <= least


def test_shares_are_even():
    rng = np.random.default_rng(1)
    model = grid_model(rng, 3, False)
    _, twin, use_start, slot_start, slot, *_ = model[0]
    linear, value, spare = np.full(9, 100), np.zeros(len(twin), dtype=np.int64), np.full(9, 7)
    price = np.zeros(len(model[1]), dtype=np.int64)
    spread(linear, spare, value, use_start, slot_start, slot, price)
    for a in range(9):
        mine = price[use_start[a] : use_start[a + 1]]
        assert mine.sum() == 7 and mine.max() - mine.min() <= 1
    assert (linear == 93).all()
