"""Rosters in kernels: what is kept up move by move is what the judge counts anew, with and without the JIT."""

import os
import subprocess
import sys

import numba
import numpy as np
import pytest

from qopt.core.forms._roster_judge import counts, spreads, sums, tallies
from qopt.core.forms.roster import Proposal, evaluate
from qopt.kernels import roster as kernels
from qopt.solvers.proposers import _roster_state as states
from qopt.testing.rosters import random_roster

MOVES = 60 if numba.config.DISABLE_JIT else 3000


def plain(arrays):
    """Records whose fields can be named without the JIT as well."""
    kept = [a.view(np.recarray) if a.dtype.names and numba.config.DISABLE_JIT else a for a in arrays]
    return type(arrays)(*kept)


def prepared(seed, rich=True, people=4, days=9):
    form = random_roster(people, days, 2, seed=seed, rich=rich)
    made = states.facts(form, heat=(3.0, 0.2), cycles=(500, 4000))
    f = plain(made)
    blank = states.state_of(made, seed) if not numba.config.DISABLE_JIT else None
    if blank is None:
        original = states.enter
        states.enter = lambda f, s, duty: original(f, plain(s), duty)
        try:
            blank = states.state_of(f, seed)
        finally:
            states.enter = original
    return form, f, plain(blank)


def naive(form, duty):
    """Price and what is broken of each kind, from the judge alone."""
    check = evaluate(form, Proposal(duty))
    broken = np.zeros(states.KINDS)
    for violation in check.violations:
        kind = {"run of work": 0, "run of rest": 0, "successions": 0, "weekends": 1, "cover": 3}.get(violation.name)
        if kind is not None:
            broken[kind] += violation.amount
    totals, have = form.totals, sums(form, duty)
    for k in range(len(totals)):
        if np.isinf(totals.price[k]):
            off = max(0, totals.least[k] - have[k]) + max(0, have[k] - totals.most[k])
            broken[2] += off / max(1, min(a for a in totals.amount[k].tolist() if a > 0))
    return check.objective, broken


def check_state(form, f, s):
    price, broken = naive(form, np.array(s.duty))
    assert float(s.now["price"][0]) == pytest.approx(price)
    assert np.allclose(s.broken, broken)
    assert np.array_equal(s.tally, tallies(form, np.array(s.duty)) * form.balance.members)
    assert np.array_equal(s.spread, spreads(form, np.array(s.duty)))
    assert sorted(s.have.tolist()) == sorted(counts(form, np.array(s.duty)).tolist())
    people, days, _ = form.shape
    allowed = f.allowed[np.arange(people)[:, None], np.arange(days), s.duty]
    assert allowed.all()


@pytest.mark.parametrize("seed", range(4))
def test_moves_twin(seed):
    """After any number of moves everything kept is what the judge finds."""
    form, f, s = prepared(seed, rich=seed != 3)
    check_state(form, f, s)
    for units in (1, 7, MOVES):
        kernels.roster_search(f, s, units)
        check_state(form, f, s)
    price, broken = naive(form, np.array(s.best))
    assert float(s.now["best_price"][0]) == pytest.approx(price)
    assert float(s.now["best_broken"][0]) == pytest.approx(broken.sum())


def test_exchange_twin():
    """A move that is taken back leaves no trace."""
    _, f, s = prepared(5)
    kernels.roster_search(f, s, 50)
    for _ in range(50):
        before = [np.array(part) for part in (s.duty, s.have, s.sum, s.tally, s.spread, s.broken)]
        price = float(s.now["price"][0])
        ok, p, q = kernels.draw(f, s)
        if not ok:
            continue
        kernels.exchange(f, s)
        assert not np.array_equal(before[0], s.duty)
        kernels.exchange(f, s)
        kernels.walk(f, s, p)
        kernels.walk(f, s, q)
        assert float(s.now["price"][0]) == pytest.approx(price)
        for old, new in zip(before, (s.duty, s.have, s.sum, s.tally, s.spread, s.broken), strict=True):
            assert np.allclose(old, new)


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="one run is long enough without JIT")
def test_steps_do_not_change_what_is_computed():
    one, many = prepared(6)[1:], prepared(6)[1:]
    kernels.roster_search(*one, 5000)
    for units in (1, 999, 2500, 1500):
        kernels.roster_search(*many, units)
    assert np.array_equal(one[1].duty, many[1].duty) and np.array_equal(one[1].best, many[1].best)
    assert one[1].rng[0] == many[1].rng[0]


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="this run is the one without JIT")
def test_twins_hold_without_the_jit():
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "ignore::RuntimeWarning",
         "-k", "twin and not without", __file__],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    assert "passed" in done.stdout
