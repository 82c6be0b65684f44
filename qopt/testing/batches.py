"""Small random forms of order batching and their best answers by plain enumeration."""

from __future__ import annotations

import numpy as np

from qopt.core.forms.batches import Batches, Walks, length


def random_batches(
    orders: int, *, seed: int, policy: str = "s_shape", most: int = 3, limit: int | None = None
) -> Batches:
    """Orders of one to three picks in five aisles of 20, weights of 1 to 5 in trolleys of 9."""
    rng = np.random.default_rng(seed)
    picks = [rng.integers(0, (5, 21), (int(rng.integers(1, 4)), 2)) for _ in range(orders)]
    spots = np.unique(np.concatenate(picks), axis=0)
    number = {tuple(spot): k for k, spot in enumerate(spots.tolist())}
    stops = [sorted({number[tuple(pick)] for pick in part.tolist()}) for part in picks]
    distance = None
    if policy == "table":
        place = np.vstack([[0, 0], spots * [4, 1]])
        distance = np.abs(place[:, None] - place[None]).sum(axis=2).astype(float)
    walks = Walks(policy, spots[:, 0], spots[:, 1].astype(float), 20.0, 4.0, int(rng.integers(0, 5)), distance)
    return Batches(
        np.append(0, np.cumsum([len(part) for part in stops])),
        np.concatenate(stops),
        rng.integers(1, 6, (orders, 1)).astype(float),
        np.array([9.0]),
        most,
        orders if limit is None else limit,
        walks,
    )


def shortest_batches(form: Batches) -> float | None:
    """The least total walk over every way to share the orders out."""
    best = np.inf

    def place(o: int, batches: list[list[int]]) -> None:
        nonlocal best
        if o == form.orders:
            best = min(best, sum(length(form, np.array(batch)) for batch in batches))
            return
        for batch in batches:
            if form.fits(np.array([*batch, o])):
                batch.append(o)
                place(o + 1, batches)
                batch.pop()
        if len(batches) < form.limit and form.fits(np.array([o])):
            place(o + 1, [*batches, [o]])

    place(0, [])
    return None if np.isinf(best) else best
