"""Shares of pairs that bound better: valid, never worse, and near the roof dual that the relaxation finds."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from qopt.compilers import bounds
from qopt.compilers.bounds import ascended, linear_below, plain_shares, relaxed
from qopt.compilers.roof import shifted
from qopt.core.polynomial import Polynomial
from qopt.testing.brute import all_bits
from qopt.testing.encodings import energies


def sparse_objective(rng, n, share, low=-9, high=10) -> Polynomial:
    i, j = np.triu_indices(n, 1)
    chosen = rng.random(len(i)) < share
    value = rng.integers(low, high, int(chosen.sum())).astype(float)
    return Polynomial.from_pairs(rng.integers(-25, 26, n).astype(float), i[chosen], j[chosen], value, offset=2.0)


def least(objective, shares) -> float:
    linear, constant = linear_below(objective, shares, None)
    return constant + float(np.minimum(linear, 0).sum())


@pytest.mark.parametrize("seed", range(15))
def test_the_bound_is_what_is_said_and_below_everything(seed):
    rng = np.random.default_rng(seed)
    objective = sparse_objective(rng, 10, 0.4)
    plain = plain_shares(objective)
    linear, _ = linear_below(objective, plain, None)
    shares, gained = shifted(objective, plain, linear)
    assert ((shares >= 0) & (shares <= 1)).all() and gained >= 0
    assert np.isclose(least(objective, shares), least(objective, plain) + gained)
    assert energies(objective, all_bits(10)).min() >= least(objective, shares) - 1e-9


def test_most_of_the_roof_dual_is_reached():
    nothing, side = sparse.csr_array((0, 150), dtype=np.int64), np.zeros(0)
    reached = []
    for seed in range(8):
        objective = sparse_objective(np.random.default_rng([seed, 1]), 150, 0.03)
        plain = plain_shares(objective)
        linear, _ = linear_below(objective, plain, None)
        _, gained = shifted(objective, plain, linear)
        roof = relaxed(objective, nothing, side, side).value + objective.offset
        reached.append(gained / (roof - least(objective, plain)))
        assert reached[-1] <= 1 + 1e-9
    assert min(reached) > 0.6


@pytest.mark.parametrize("most_entries", [bounds.MOST_ENTRIES, 0])
def test_bounds_without_room_for_pairs_are_no_worse_than_plain_ones(monkeypatch, most_entries):
    """With the simplex method for the rows, and with subgradients."""
    monkeypatch.setattr(bounds, "MOST_ENTRIES", most_entries)
    better = 0
    for seed in range(10):
        rng = np.random.default_rng([seed, 2])
        n = 30
        objective = sparse_objective(rng, n, 0.3)
        matrix = sparse.csr_array(rng.integers(1, 6, (2, n)))
        upper = np.asarray(matrix.sum(axis=1)) // 2.0
        lower = np.full(2, -np.inf)
        found = relaxed(objective, matrix, lower, upper, most_products=0)
        assert found is not None
        values = []
        for shares in (plain_shares(objective), found.shares):
            linear, _ = linear_below(objective, shares, None)
            values.append(least(objective, shares) - float(np.minimum(linear, 0).sum()))
            values[-1] += float(np.minimum(linear + matrix.T @ found.rows, 0).sum()) - float(found.rows @ upper)
        assert values[1] >= values[0] - 1e-9
        better += values[1] > values[0] + 1e-6
        if not most_entries:
            assert np.isclose(found.value + objective.offset, values[1])
    assert better >= 5
    assert ascended(objective, matrix, lower, upper).value > -np.inf
