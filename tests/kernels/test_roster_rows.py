"""Rows of one person: dynamic programming finds what enumeration finds, with and without the JIT."""

import os
import subprocess
import sys
from dataclasses import replace
from itertools import product

import numba
import numpy as np
import pytest

from qopt.core.forms import _roster_judge as judges
from qopt.core.forms.roster import UNBOUND, Balance, Totals
from qopt.solvers.proposers import _roster_person as persons
from qopt.solvers.proposers import _roster_rows as rows
from qopt.testing.rosters import random_roster

SEEDS = range(2) if numba.config.DISABLE_JIT else range(12)


def priced(form, p, row, price):
    """What a row costs by the judge alone; infinity where it breaks a rule of the person's own."""
    if not form.allowed[p, np.arange(len(row)), row].all():
        return np.inf
    own = (judges._successions(form, p, row), judges._runs(form, p, row), judges._weekends(form, p, row))
    if any(list(told) for told in own):
        return np.inf
    cost = price[np.arange(len(row)), row].sum()
    totals = form.totals
    for k in np.flatnonzero(totals.person == p):
        have = totals.amount[k][row[totals.first[k] : totals.last[k]]].sum()
        off = max(0, totals.least[k] - have) + max(0, have - totals.most[k])
        cost += off * totals.price[k] if off else 0.0
    return cost


def enumerated(form, p, price):
    """The least that a row of a person costs."""
    days, duties = price.shape
    return min(priced(form, p, np.array(row), price) for row in product(range(duties), repeat=days))


def made(form):
    found = rows.Rows(form, np.array(form.allowed))
    if numba.config.DISABLE_JIT:  # fields of records can then be named in a recarray only
        found._found = found._found[:5000].view(np.recarray)
    return found


def with_totals(form, extra):
    """A form with more lines of totals: person, first, last, amount, least, most, price."""
    old = form.totals
    person, first, last, amount, least, most, price = zip(*extra)
    totals = Totals(
        np.append(old.person, person),
        np.append(old.first, first),
        np.append(old.last, last),
        np.vstack([old.amount, amount]),
        np.append(old.least, least),
        np.append(old.most, most),
        np.append(old.price, price),
    )
    return replace(form, totals=totals)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("rich", [False, True])
def test_cheapest_row_twin(seed, rich):
    form = random_roster(2, 7, 2, seed=seed, rich=rich)
    # Periods that end within the roster, a cap that binds, and a price for too little.
    form = with_totals(
        form,
        [(0, 1, 4, [0, 1, 1], 1, 2, np.inf), (1, 0, 5, [0, 2, 3], 4, 7, 3.0), (0, 2, 7, [0, 1, 0], 0, 1, np.inf)],
    )
    found, rng = made(form), np.random.default_rng(seed)
    for p in range(2):
        for _ in range(2):
            price = rng.integers(-9, 10, (7, 3)).astype(float)
            best = enumerated(form, p, price)
            value, some = found.cheapest(p, price, most=4)
            assert value == best and (len(some) == 0) == np.isinf(best)
            assert [priced(form, p, row, price) for row in some[:1]] == [best] * (len(some) > 0)
            dearer = [priced(form, p, row, price) for row in some]
            assert dearer == sorted(dearer) and np.isfinite(dearer).all()
            assert len(np.unique(some, axis=0)) == len(some)
            # Nothing below what it costs, but a bound that is as good.
            if np.isfinite(best):
                assert not len(found.cheapest(p, price, best)[1])
                assert found.cheapest(p, price, best)[0] == best
                assert found.cheapest(p, price, best + 1)[0] == best


@pytest.mark.parametrize("seed", SEEDS)
def test_sums_counted_late_twin(seed, monkeypatch):
    """Caps for which there is no room at first are counted once a row breaks them."""
    monkeypatch.setattr(persons, "NARROW", 1)
    form = random_roster(1, 7, 2, seed=seed, rich=False)
    form = with_totals(form, [(0, 0, 7, [0, 1, 0], 0, 2, np.inf), (0, 0, 7, [0, 0, 1], 0, 2, np.inf)])
    price = np.tile([0.0, -3.0, -2.0], (7, 1)) - np.random.default_rng(seed).random((7, 3))
    found = made(form)
    before = len(found.person(0).chosen)
    value, some = found.cheapest(0, price)
    assert value == pytest.approx(enumerated(form, 0, price))
    assert (len(some) == 0) == np.isinf(value)
    if np.isfinite(value):
        assert len(found.person(0).chosen) > before
        assert priced(form, 0, some[0], price) == pytest.approx(value)


@pytest.mark.parametrize("seed", SEEDS)
def test_rows_in_bands_twin(seed):
    """What is balanced counts on some days only, and no less or more of it than a band allows."""
    form = random_roster(2, 7, 2, seed=seed, rich=seed % 2 == 0)
    rng = np.random.default_rng(seed)
    counts = rng.random((2, 7, 3)) < 0.5
    counts[:, :, 0] = False
    form = replace(form, balance=Balance(counts, np.array([[True, True], [False, True]]), np.array([1.0, 2.0])))
    bands = persons.Bands(np.array([1, 0]), np.array([2, 1]))
    found, price = rows.Rows(form, np.array(form.allowed), bands), rng.integers(-9, 10, (7, 3)).astype(float)
    if numba.config.DISABLE_JIT:
        found._found = found._found[:5000].view(np.recarray)
    for p in range(2):
        best = np.inf
        for row in map(np.array, product(range(3), repeat=7)):
            tally = counts[:, np.arange(7), row].sum(axis=1)
            off = (tally < bands.least) | (tally > bands.most)
            if not (off & form.balance.members[:, p]).any():
                best = min(best, priced(form, p, row, price))
        value, some = found.cheapest(p, price)
        assert value == best and (len(some) == 0) == np.isinf(best)
        assert [priced(form, p, row, price) for row in some] == [best] * len(some)


@pytest.mark.parametrize("seed", SEEDS)
def test_without_room_there_is_a_bound_twin(seed, monkeypatch):
    """Where states or labels run out, no row comes back, but what no row is below."""
    form = random_roster(1, 7, 2, seed=seed, rich=False)
    form = with_totals(form, [(0, 0, 7, [0, 1, 1], 0, UNBOUND, np.inf), (0, 0, 7, [0, 1, 0], 0, 1, np.inf)])
    price = np.tile([0.0, -9.0, -8.0], (7, 1)) - np.random.default_rng(seed).random((7, 3))
    best = enumerated(form, 0, price)
    monkeypatch.setattr(persons, "NARROW", 1)
    monkeypatch.setattr(persons, "WIDE", 1)
    value, some = made(form).cheapest(0, price)
    assert value <= best + 1e-9 and (not len(some) or value == pytest.approx(best))
    few = made(form)
    few._found = few._found[:3]
    value, some = few.cheapest(0, price)
    assert not len(some) and value <= best + 1e-9


def test_limits_that_follow_one_another_stand_at_one_place():
    """Weekly minutes take a state no wider than one week does; what is known of completions shares with nothing new."""
    size, first, last = np.array([3, 9, 9, 4, 9]), np.array([0, 0, 7, 0, 14]), np.array([21, 7, 14, 21, 21])
    assert persons.strides(size, first, last, 5).tolist() == [1, 3, 3, 27, 3]
    assert persons.strides(size, first, last, 2).tolist() == [1, 3, 27, 243, 27]
    assert persons.strides(size, first, last + 1, 5).tolist() == [1, 3, 27, 243, 3]
    assert persons.falling(size, np.array([1, 3, 3, 27, 3]), np.array([0, 0, 1, 0, 0])).tolist() == [
        True, False, False, True, False,
    ]  # fmt: skip


def test_weekends_that_a_state_cannot_tell():
    form = random_roster(1, 9, 1, seed=1)
    assert not rows.odd_weekends(form)
    assert rows.odd_weekends(replace(form, weekend=np.array([0, -1, 0, -1, 1, 1, -1, -1, -1])))
    assert rows.odd_weekends(replace(form, weekend=np.array([0, 0, 0, -1, 1, 1, -1, -1, -1])))


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="this run is the one without JIT")
def test_twins_hold_without_the_jit():
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "ignore::RuntimeWarning",
         "-k", "twin and not without_the_jit", __file__],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    assert "passed" in done.stdout
