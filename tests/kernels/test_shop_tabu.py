"""The tabu walk's incremental state against longest paths computed anew."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from qopt.core.forms.shop import Shop, semi_active
from qopt.kernels import shop as kernel
from qopt.solvers.proposers._shop_walk import Side, Walk, walk_of


def random_walk(rng: np.random.Generator) -> Walk:
    """A loaded walk; jobs may be empty or come back to a machine, even at once."""
    machines = int(rng.integers(1, 5))
    sizes = rng.integers(0, 6, size=rng.integers(1, 6))
    n = int(sizes.sum())
    form = Shop(np.append(0, np.cumsum(sizes)), rng.integers(machines, size=n), rng.integers(1, 9, size=n), machines)
    walk = walk_of(form, seed=int(rng.integers(2**32)))
    walk.order[:] = np.argsort(semi_active(form, rng.random(n)).start, kind="stable")
    kernel.load(walk)
    return walk


def longest(job: np.ndarray, line: np.ndarray, duration: np.ndarray) -> np.ndarray:
    """Longest path up to and with every task, relaxed until nothing changes; fails on a cycle."""
    n = len(duration) - 1
    out = np.zeros(n + 1, dtype=np.int64)
    for _ in range(n + 2):
        new = np.maximum(out[job], out[line]) + duration
        new[n] = 0
        if np.array_equal(new, out):
            return out
        out = new
    raise AssertionError("the orders have a cycle")


def assert_sound(walk: Walk) -> None:
    n = len(walk.order)
    for side, sign in ((walk.past, 1), (walk.future, -1)):
        assert side.reach.tolist() == longest(side.job, side.line, walk.duration).tolist()
        for t in range(n):
            for other in (side.job[t], side.line[t]):
                assert other == n or sign * (walk.rank[t] - walk.rank[other]) > 0
    assert walk.order[walk.rank].tolist() == list(range(n))
    assert not walk.marked.any()
    for t in range(n):
        assert walk.future.line[walk.past.line[t]] == t or walk.past.line[t] == n


def through_sequence(walk: Walk, past: Side, future: Side, tasks: list[int]) -> int:
    """Longest path through any of the tasks once they follow one another on the machine, all else as it stands."""
    line_before = min((past.line[t] for t in tasks if past.line[t] not in tasks), default=len(walk.order))
    line_after = min((future.line[t] for t in tasks if future.line[t] not in tasks), default=len(walk.order))
    head, tail = past.reach[line_before], future.reach[line_after]
    heads, tails = {}, {}
    for t in tasks:
        head = heads[t] = max(head, past.reach[past.job[t]]) + walk.duration[t]
    for t in reversed(tasks):
        tail = tails[t] = max(tail, future.reach[future.job[t]]) + walk.duration[t]
    return max(heads[t] + tails[t] - walk.duration[t] for t in tasks)


@pytest.mark.parametrize("jit", [True, False])
def test_moves_keep_the_state_and_are_valued_exactly(jit: bool) -> None:
    value, move = (kernel.value, kernel.move) if jit else (kernel.value.py_func, kernel.move.py_func)
    rng = np.random.default_rng(12)
    made = {1: 0, -1: 0}
    for _ in range(100):
        walk = random_walk(rng)
        assert_sound(walk)
        for _ in range(8):
            length = kernel.critical_path(walk)
            count, _ = kernel.list_moves(walk, length)
            moves = [tuple(int(x) for x in row) for row in walk.moves[:count]]
            rng.shuffle(moves)
            for u, v, forward in moves:
                past, future, step = (walk.past, walk.future, 1) if forward else (walk.future, walk.past, -1)
                first, last = (u, v) if forward else (v, u)
                if not kernel._allowed(past, future, first, last):
                    continue
                between = [first]
                while between[-1] != last:
                    between.append(int(future.line[between[-1]]))
                found = value(walk, past, future, first, last, 10**9)
                assert found == through_sequence(walk, past, future, [*between[1:], first])
                assert found == value(walk, past, future, first, last, found)
                assert found - 1 < value(walk, past, future, first, last, found - 1) <= found
                move(walk, past, future, first, last, step)
                walk.state[kernel.MAKESPAN] = walk.past.reach.max()
                assert_sound(walk)
                through = walk.past.reach + walk.future.reach - walk.duration
                assert found >= through[between].max()
                assert found == through[between].max() or len(between) > 2
                made[step] += 1
                break
    assert min(made.values()) > 50


def test_moves_are_those_of_the_blocks() -> None:
    """Blocks of 3, 2 and 3 tasks, path from last to first: 7 6 5 | 4 3 | 2 1 0."""
    sizes, machines = [1, 1, 2, 2, 1, 1], [0, 0, 0, 1, 1, 2, 2, 2]
    form = Shop(np.append(0, np.cumsum(sizes)), machines, np.ones(8), 3)
    walk = walk_of(form, seed=1)
    walk.path[:] = [7, 6, 5, 4, 3, 2, 1, 0]
    count, blocks = kernel.list_moves(walk, 8)
    assert blocks == 3
    found = {tuple(int(x) for x in row) for row in walk.moves[:count]}
    first = {(0, 2, 1), (1, 2, 1), (0, 2, 0)}
    middle = {(3, 4, 1), (3, 4, 0)}
    last = {(5, 6, 0), (5, 7, 0), (5, 6, 1)}
    equal = {(3, 4, 0): (3, 4, 1), (5, 6, 1): (5, 6, 0)}  # neighbours exchanged: the same either way
    assert {equal.get(m, m) for m in found} >= {equal.get(m, m) for m in middle}
    assert {m for m in found if m[0] < 3} == first
    assert {m for m in found if m[0] > 4} <= last | {(5, 7, 1)} and {(5, 7, 0), (5, 6, 0)} <= found


def test_the_search_keeps_the_state_and_its_best() -> None:
    rng = np.random.default_rng(7)
    for _ in range(40):
        walk = random_walk(rng)
        before = int(walk.state[kernel.BEST])
        kernel.search(walk, 300, 200, 0, 5)
        assert_sound(walk)
        assert walk.state[kernel.BEST] <= min(before, walk.state[kernel.MAKESPAN])
        assert walk.best_end.max(initial=0) == walk.state[kernel.BEST]
        if walk.state[kernel.OPTIMAL]:
            job = max((walk.duration[:-1][j : k + 1].sum() for j, k in zip(firsts(walk), walk.lasts)), default=0)
            line = np.bincount(walk.machine, walk.duration[:-1]).max(initial=0)
            assert walk.state[kernel.MAKESPAN] == max(job, line)


def firsts(walk: Walk) -> np.ndarray:
    return np.flatnonzero(walk.past.job[:-1] == len(walk.order))


def test_an_order_taken_away_is_tabu_until_its_tenure_is_over() -> None:
    form = Shop(np.arange(4), [0, 0, 0], [3, 2, 1], 1)
    walk = walk_of(form, seed=1)
    walk.order[:] = [0, 1, 2]
    kernel.load(walk)
    kernel._forbid(walk, 0, 2, True, 5)
    kernel.move(walk, walk.past, walk.future, 0, 2, 1)
    assert walk.order.tolist() == [1, 2, 0]
    assert kernel._is_tabu(walk, 1, 0, False) and kernel._is_tabu(walk, 2, 0, True)
    assert not kernel._is_tabu(walk, 1, 2, True)
    walk.state[kernel.ITERATION] = 5
    assert not kernel._is_tabu(walk, 1, 0, False)


def test_the_search_is_the_same_without_the_compiler() -> None:
    code = (
        "from test_shop_tabu import *; w = random_walk(np.random.default_rng(33));"
        "kernel.search(w, 150, 100, 0, 4); print(w.order.tolist(), w.state.tolist(), w.random.tolist())"
    )
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(Path(__file__).parent)}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    walk = random_walk(np.random.default_rng(33))
    kernel.search(walk, 150, 100, 0, 4)
    assert walk.state[kernel.ITERATION] > 20
    assert run.stdout.strip() == f"{walk.order.tolist()} {walk.state.tolist()} {walk.random.tolist()}"
