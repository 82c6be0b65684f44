"""Rows as running activities, and the chain that anneals under them, against naive twins; with the JIT on and off."""

import os
import subprocess
import sys
import time
from dataclasses import replace

import numba
import numpy as np
import pytest
from naive_activities import Chain

from qopt.core.accepts import Accepts
from qopt.core.compiled import Compiled
from qopt.core.names import NameTable
from qopt.core.polynomial import polynomial_of
from qopt.core.rows import GroupKind, Groups, Rows
from qopt.core.watch import Watch
from qopt.kernels import activities, activities_chain, activities_probe
from qopt.solvers.search.landscape import Landscape, violations
from qopt.solvers.search.priced import Priced

ANY = Accepts(degree=None, groups=frozenset(GroupKind), rows=True)
ONE, SQUARE = GroupKind.EXACTLY_ONE, GroupKind.PERMUTATION
CASES = {
    "free": (9, (), (), 3, 2),
    "free, products": (8, (), (), 2, 4),
    "sets": (0, (3, 4, 3, 3), (), 3, 2),
    "sets, products": (2, (3, 3, 2, 3), (), 2, 4),
    "square": (0, (), (4,), 2, 2),
    "all": (5, (3, 3), (3,), 3, 4),
    "no rows": (4, (3, 3), (3,), 0, 4),
}


def landscape(name):
    """A random polynomial of some degree over free bits, sets and squares, under random rows that can be met."""
    free, sets, sides, rows, degree = CASES[name]
    random = np.random.default_rng([len(name), free, rows])
    n = free + sum(sets) + sum(side * side for side in sides)
    groups, at = [], free
    for kind, size in [*((ONE, s) for s in sets), *((SQUARE, s * s) for s in sides)]:
        groups.append((kind, range(at, at + size)))
        at += size
    terms = {}
    for _ in range(5 * n):
        columns = random.choice(n, size=random.integers(1, degree + 1), replace=False)
        terms[tuple(sorted(columns.tolist()))] = float(random.integers(-9, 10))
    compiled = Compiled.of_polynomial(
        polynomial_of(n, terms), Groups.of(groups, NameTable.numbered("g", len(groups))) if groups else None
    )
    lines = []
    for k in range(rows):
        members = random.choice(n, size=max(3, n // 2), replace=False)
        values = random.integers(1, 9, len(members)) * random.choice([-1.0, 1.0, 1.0], len(members))
        middle = float(values.sum() * (len(groups) or 4) / n)
        lower, upper = [(-np.inf, middle), (middle, np.inf), (middle - 2, middle + 2)][k % 3]
        lines.append((dict(zip(members.tolist(), values.tolist())), np.floor(lower), np.ceil(upper)))
    kept = Rows.of(lines, NameTable.numbered("row", rows))
    return Landscape.of(replace(compiled, rows=kept), "test", ANY)


def naive(priced, point, price, random):
    """The twin at a point; energies are inner ones of the terms."""
    s, c = priced.landscape.structure, priced.terms.couplings
    kept, p = priced.landscape.compiled.rows, priced.landscape.compiled.polynomial
    matrix = np.zeros((len(kept), s.size))
    for k in range(len(kept)):
        columns, values = kept.row(k)
        matrix[k, s.inner[columns]] = values
    edges, starts = s.set_start.tolist(), s.square_start.tolist()
    return Chain(
        lambda bits: round(float((p.evaluate(s.outer(bits[None]))[0] - c.offset) * c.factor)),
        matrix,
        kept.lower,
        kept.upper,
        s.free,
        list(zip(edges[:-1], edges[1:])),
        list(zip(starts, s.side.tolist())),
        point,
        price,
        random,
    )


@pytest.mark.parametrize("name", CASES)
def test_chain_twin(name):
    priced = Priced(landscape(name))
    assert (len(priced.terms.products) > 0) == (CASES[name][4] > 2)
    point = priced.landscape.structure.random_points(np.random.default_rng(5), 1)[0]
    state = priced._state(point, priced.first_prices.price, 3, 7)
    random = int(state.random[0])
    temperatures = np.geomspace(30.0, 0.5, 12)
    plan = priced._plan(temperatures, priced.first_prices)
    twin = naive(priced, point, priced.first_prices.price, random)
    proposed = twin.anneal(temperatures, plan.table, float(plan.least[0]), int(plan.settle[0]), int(plan.patience[0]),
                           plan.rate, plan.limit)  # fmt: skip
    done = 0
    while True:  # in pieces, which must change nothing
        step = activities_chain.anneal(50, priced.problem, state, plan)
        done += step
        if step < 50:
            break
    assert state.at[activities_chain.ENDED] == 1
    assert done == proposed
    assert np.array_equal(state.sign, 1 - 2 * twin.bits)
    assert state.ledger[:, activities.PRICE] == pytest.approx(twin.price, rel=1e-12)
    assert state.energy[activities_chain.NOW] == twin.energy(twin.bits)
    assert state.at[activities_chain.BROKEN] == (twin.violations(twin.bits) > 0).sum()
    assert state.energy[activities_chain.BEST] == twin.best_energy
    if twin.best is not None:
        assert np.array_equal(state.best, twin.best)


@pytest.mark.parametrize("name", CASES)
def test_probed_costs_twin(name):
    """Singles are the moves of a sweep; what a probe says is what the naive chain would see."""
    priced = Priced(landscape(name))
    point = priced.landscape.structure.random_points(np.random.default_rng(6), 1)[0]
    state = priced._state(point, priced.first_prices.price, 3, 7)
    seen = []

    class Listening(Chain):
        def propose(self, changed, temperature, table, least):
            after = self.bits.copy()
            after[list(changed)] ^= 1
            rise = float(self.price @ (self.violations(after) - self.violations(self.bits)))
            seen.append(self.energy(after) - self.energy(self.bits) + rise)
            return False

    twin = naive(priced, point, priced.first_prices.price, 1)
    twin.__class__ = Listening
    twin.sweep(1.0, np.ones(4096), 0.0)
    out = np.empty(priced.landscape.structure.moves)
    assert activities_probe.singles(priced.problem, state, 1, out) == len(out)
    assert out == pytest.approx(seen[: len(out)], abs=1e-9)
    before = state.ledger.copy()
    for _ in range(20):  # trades are drawn, so compare with all there are
        count = activities_probe.trades(priced.problem, state, out)
        assert np.isfinite(out[:count]).all()
    assert np.array_equal(state.ledger, before), "the activities come back as they were"


def test_reads_say_what_their_points_are():
    for name in CASES:
        landscape_ = landscape(name)
        priced, c = Priced(landscape_), landscape_.compiled
        watch = Watch(clock=time.perf_counter)
        hot, cold = priced.temperatures(priced.first_prices, watch)
        assert 0 < cold <= hot
        for stream in range(4):
            read = priced.read(
                None, np.geomspace(hot, cold, 20), priced.first_prices, seed=1, stream=stream, watch=watch
            )
            row = landscape_.structure.outer(read.point[None])
            assert landscape_.energies(np.array([read.energy]))[0] == c.energies(row)[0]
            broken = violations(landscape_.compiled, row)
            assert read.violation == (0.0 if broken is None else broken[0])
            assert read.complete


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="this run is the one without JIT")
def test_twins_hold_without_the_jit():
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "ignore::RuntimeWarning",
         "-k", "twin and not without", __file__],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    assert "passed" in done.stdout
