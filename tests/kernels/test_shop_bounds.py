"""Jackson's preemptive schedule and edge finding against their plain definitions."""

from itertools import combinations

import numpy as np
import pytest

from qopt.kernels import shop_bounds, shop_branch


def tick_by_tick(head: np.ndarray, duration: np.ndarray, tail: np.ndarray) -> int:
    """One unit of time after the other, the released task with the longest tail runs."""
    left = duration.copy()
    now = longest = 0
    while left.any():
        ready = [i for i in range(len(head)) if left[i] and head[i] <= now]
        now += 1
        if ready:
            run = max(ready, key=lambda i: tail[i])
            left[run] -= 1
            if left[run] == 0:
                longest = max(longest, now + tail[run])
    return longest


@pytest.mark.parametrize("jit", [True, False])
def test_preemptive_schedule(jit: bool) -> None:
    kernel = shop_bounds.preemptive if jit else shop_bounds.preemptive.py_func
    rng = np.random.default_rng(3)
    for _ in range(200):
        k = int(rng.integers(0, 7))
        head, duration, tail = rng.integers(0, 12, k), rng.integers(1, 6, k), rng.integers(0, 12, k)
        assert kernel(head, duration, tail, np.empty(k, dtype=np.int64)) == tick_by_tick(head, duration, tail)


def releases_by_subsets(release: np.ndarray, due: np.ndarray, duration: np.ndarray) -> np.ndarray | None:
    """Every set of tasks: too much work for its window, or an outside task that can only come behind it."""
    k = len(release)
    sets = [list(c) for size in range(1, k + 1) for c in combinations(range(k), size)]
    if any(release[s].min() + duration[s].sum() > due[s].max() for s in sets):
        return None
    out = release.copy()
    for i in range(k):
        for s in sets:
            if i not in s and min(release[i], release[s].min()) + duration[i] + duration[s].sum() > due[s].max():
                subsets = [list(c) for size in range(1, len(s) + 1) for c in combinations(s, size)]
                out[i] = max(out[i], *(release[t].min() + duration[t].sum() for t in subsets))
    return out


@pytest.mark.parametrize("jit", [True, False])
def test_edge_finding(jit: bool) -> None:
    kernel = shop_branch.edge_finding if jit else shop_branch.edge_finding.py_func
    rng = np.random.default_rng(6)
    results = []
    for _ in range(250):
        k = int(rng.integers(1, 6))
        duration = rng.integers(1, 6, k)
        release = rng.integers(0, 8, k)
        due = release + duration + rng.integers(0, 14, k)
        expected = releases_by_subsets(release, due, duration)
        found = release.copy()
        result = kernel(found, due, duration, *np.zeros((3, k), dtype=np.int64))
        results.append(result)
        if expected is None:
            assert result == -1
        else:
            assert found.tolist() == expected.tolist()
            assert result == int((expected > release).any())
    assert {results.count(value) > 10 for value in (-1, 0, 1)} == {True}
