"""Products beside local fields, sequences, and tabu search over both, against naive twins; with the JIT on and off."""

import os
import subprocess
import sys

import numba
import numpy as np
import pytest
from naive_terms import gains, tabu

from qopt.core.accepts import Accepts
from qopt.core.compiled import Compiled
from qopt.core.polynomial import polynomial_of
from qopt.kernels import anneal_fields, correlations, tabu_pool, terms_fields, terms_tabu
from qopt.kernels.rng import streams
from qopt.solvers._structure import Structure
from qopt.solvers.search.terms import Terms


def polynomial(n, *, spins, whole, seed=0):
    """Random terms of degree 1 to 5; few enough over spins, or over bits, that the one or the other is chosen."""
    random = np.random.default_rng([seed, n])
    total = {}
    for _ in range(2 * n):
        columns = tuple(sorted(random.choice(n, size=random.integers(1, 6), replace=False).tolist()))
        value = float(random.integers(-9, 10)) if whole else float(random.normal())
        subsets = [[]]
        for c in columns if spins else ():
            subsets += [[*s, c] for s in subsets]
        if spins:  # a product of spins 2 x - 1, multiplied out
            for s in subsets:
                total[tuple(s)] = total.get(tuple(s), 0.0) + value * 2.0 ** len(s) * (-1.0) ** (len(columns) - len(s))
        else:
            total[columns] = total.get(columns, 0.0) + value
    return polynomial_of(n, total)


CASES = {
    f"{'spins' if spins else 'bits'}, {'whole' if whole else 'fractions'}": (spins, whole)
    for spins in (True, False)
    for whole in (True, False)
}


def made(name, n=9):
    spins, whole = CASES[name]
    p = polynomial(n, spins=spins, whole=whole)
    terms = Terms.of(p, Structure.of(Compiled.of_polynomial(p), "test", Accepts(degree=None)))
    assert terms.spins == spins
    assert terms.couplings.exact == whole
    assert {3, 4, 5} <= set(np.diff(terms.products.indptr).tolist())
    return p, terms


def loaded(terms, bits):
    c, n = terms.couplings, len(bits)
    number = c.linear.dtype
    field, sign, push = np.empty((3, n), dtype=number)
    state = np.zeros(len(terms.products), dtype=number if terms.spins else np.int32)
    anneal_fields.load(c.linear, c.indptr, c.col, c.weight, bits, field, sign)
    energy = anneal_fields.energy_of(c.linear, field, sign)
    terms_fields.load_terms(terms.arrays, field, sign, push, state)
    return field, sign, push, state, energy + terms_fields.energy_of_terms(terms.arrays, state)


@pytest.mark.parametrize("name", CASES)
def test_gains_are_differences_of_energies_wherever_the_bits_go(name):
    p, terms = made(name)
    c, random = terms.couplings, np.random.default_rng(3)
    bits = random.integers(0, 2, p.n).astype(np.int8)
    field, sign, push, state, energy = loaded(terms, bits)
    assert c.energies(energy) == pytest.approx(float(p.evaluate(bits)[0]))
    for k in random.integers(0, p.n, 60).tolist():
        wanted = np.array(gains(lambda x: float(p.evaluate(x)[0]), bits)) * c.factor
        assert sign * field + push == pytest.approx(wanted, abs=1e-6 * c.factor)
        on = bool(sign[k] > 0)
        terms_fields.turn_terms(terms.arrays, field, sign, push, state, k, on)
        anneal_fields.turn(c.indptr, c.col, c.weight, field, k, on)
        sign[k] = -sign[k]
        bits[k] ^= 1
    again = loaded(terms, bits)
    for kept, fresh in zip((field, sign, push, state), again):
        assert np.allclose(kept, fresh, rtol=0, atol=1e-6 * c.factor)


def start(n, members, seed):
    random = np.empty(1, dtype=np.uint64)
    streams(np.uint64(seed), 0, random)
    best, until, gain = np.zeros(n, dtype=np.int8), np.zeros(n, dtype=np.int64), np.zeros(n)
    pool, worth = np.zeros((members, n), dtype=np.int8), np.full(members, np.inf)
    return tabu_pool.Runs(best, until, gain, pool, worth, random, np.zeros(3, dtype=np.int64), np.full(2, np.inf))


PLAN = tabu_pool.Plan(np.array([12]), np.array([2]), np.array([1]))


def same(runs, energy, random, count):
    """After so many steps the naive search has the same pool and the same best of the run."""
    pool, worth, best, lowest = tabu(energy, len(runs.best), 4, 12, 2, 1, random, count)
    assert np.isfinite(worth).all(), "children were made"
    assert runs.worth.tolist() == worth
    assert np.array_equal(runs.pool, np.array(pool))
    assert np.array_equal(runs.best, best)
    assert runs.energy[tabu_pool.BEST] == lowest == energy(runs.best)


@pytest.mark.parametrize("name", ["spins, whole", "bits, whole"])
@pytest.mark.parametrize("chunks", [1, 7])
def test_tabu_twin(name, chunks):
    p, terms = made(name)
    c, n = terms.couplings, p.n
    runs = start(n, 4, 5)
    random, count = int(runs.random[0]), 140
    field, sign, push = np.zeros((3, n), dtype=c.linear.dtype)
    products = np.zeros(len(terms.products), dtype=c.linear.dtype if terms.spins else np.int32)
    fields, pairs = terms_tabu.Fields(field, sign, push, products), terms_tabu.Pairs(*pairs_of(c))
    for _ in range(chunks):
        units = n * count // chunks
        assert terms_tabu.search(units, pairs, terms.arrays, fields, runs, PLAN) == units
    same(runs, lambda x: round((float(p.evaluate(x)[0]) - c.offset) * c.factor), random, count)


def pairs_of(c):
    return c.linear, c.indptr, c.col, c.weight


def squares(bits):
    """The sum of squared autocorrelations, by its definition."""
    s = 2 * np.asarray(bits, dtype=int) - 1
    return sum(int(s[: len(s) - k] @ s[k:]) ** 2 for k in range(1, len(s)))


def sequence(n):
    wide = -(-(n - 1) // correlations.WIDTH) * correlations.WIDTH
    return correlations.Fields(*(np.zeros(shape, dtype=np.int16) for shape in (n, wide, (n, wide))))


@pytest.mark.parametrize("n", [2, 11, 17, 33])
def test_sequence_gains_twin(n):
    random = np.random.default_rng(n)
    bits, fields, gain = random.integers(0, 2, n).astype(np.int8), sequence(n), np.zeros(n)
    assert correlations.load_sequence(fields, bits) == squares(bits)
    for k in random.integers(0, n, 20).tolist():
        correlations.sequence_gains(fields, gain)
        assert gain.tolist() == gains(squares, bits)
        correlations.turn_sign(fields, k)
        bits[k] ^= 1
    again = sequence(n)
    correlations.load_sequence(again, bits)
    for kept, fresh in zip(fields, again):
        assert np.array_equal(kept, fresh)


def test_sequence_tabu_twin():
    n, count = 13, 150
    runs, fields = start(n, 4, 8), sequence(n)
    random = int(runs.random[0])
    assert correlations.search(n * count, fields, runs, PLAN) == n * count
    same(runs, squares, random, count)


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="this run is the one without JIT")
def test_twins_hold_without_the_jit():
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "ignore::RuntimeWarning",
         "-k", "not without", __file__],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    assert "passed" in done.stdout
