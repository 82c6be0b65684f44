"""Small random packings and their cheapest answers by plain enumeration."""

from __future__ import annotations

import numpy as np

from qopt.core.forms.bins import Bins


def random_bins(
    types: int, *, seed: int, copies: int = 1, dimensions: int = 1, kinds: int = 1, rich: bool = False
) -> Bins:
    """Types of 2 to 9 in bins of about 12; with ``rich`` some may not meet, and some not go into every kind."""
    rng = np.random.default_rng(seed)
    capacity = rng.integers(10, 15, (kinds, dimensions)).astype(float)
    conflict = np.zeros((types, types), dtype=bool)
    allowed = np.ones((types, kinds), dtype=bool)
    limit = np.full(kinds, types * copies)
    if rich:
        conflict = rng.random((types, types)) < 0.3
        conflict |= conflict.T
        allowed = rng.random((types, kinds)) < 0.8
        limit[0] = rng.integers(1, 4)
    return Bins(
        rng.integers(2, 10, (types, dimensions)).astype(float),
        rng.integers(1, copies + 1, types),
        capacity,
        rng.integers(3, 9, kinds).astype(float) if kinds > 1 else np.ones(1),
        limit,
        allowed,
        conflict,
    )


def cheapest_bins(form: Bins) -> float | None:
    """The cost of the cheapest packing: copy after copy into every bin there is, or into a new one of every kind."""
    copies = np.repeat(np.arange(form.types), form.count).tolist()
    best = np.inf

    def place(k: int, bins: list[tuple[int, list[int]]], cost: float) -> None:
        nonlocal best
        if cost >= best:
            return
        if k == len(copies):
            best = cost
            return
        t = copies[k]
        for kind, inside in bins:
            load = form.size[[*inside, t]].sum(axis=0)
            if form.allowed[t, kind] and (load <= form.capacity[kind]).all() and not form.conflict[t, inside].any():
                inside.append(t)
                place(k + 1, bins, cost)
                inside.pop()
        for kind in range(form.kinds):
            left = form.limit[kind] - sum(other == kind for other, _ in bins)
            if left > 0 and form.allowed[t, kind] and (form.size[t] <= form.capacity[kind]).all():
                place(k + 1, [*bins, (kind, [t])], cost + float(form.cost[kind]))

    place(0, [], 0.0)
    return None if np.isinf(best) else best
