"""The arms for large and sparse landscapes, and the clusters that they work with."""

import itertools
import time

import numpy as np
import pytest
from arm_cases import landscape_of, owed, quadratic_assignment, turn

from qopt.core.accepts import Accepts
from qopt.core.compiled import Compiled
from qopt.core.polynomial import Polynomial, polynomial_of
from qopt.core.watch import Watch
from qopt.solvers.search.arm import Entry
from qopt.solvers.search.arms import crossover, renewal
from qopt.solvers.search.clusters import Contracted, Merged
from qopt.solvers.search.landscape import Landscape
from qopt.testing.samplers import random_polynomial

WATCH = Watch(clock=time.perf_counter)
ROWS, COLUMNS = 16, 4


def couplings_on_a_torus(seed, whole):
    """Couplings of each place to the one below (0) and to the right (1), of random sign or of random size."""
    random = np.random.default_rng(seed)
    shape = (2, ROWS, COLUMNS)
    return random.choice((-1.0, 1.0), shape) if whole else random.normal(size=shape)


def glass(seed=1, whole=True):
    """A torus of spins as bits: the energy of the spins less the sum of all couplings."""
    place = np.arange(ROWS * COLUMNS).reshape(ROWS, COLUMNS)
    i = np.concatenate([place.ravel(), place.ravel()])
    j = np.concatenate([np.roll(place, -1, axis=0).ravel(), np.roll(place, -1, axis=1).ravel()])
    size = couplings_on_a_torus(seed, whole).ravel()
    n = place.size
    linear = -2 * (np.bincount(i, weights=size, minlength=n) + np.bincount(j, weights=size, minlength=n))
    return landscape_of(Compiled.of_polynomial(Polynomial.from_pairs(linear, i, j, 4 * size)))


def least(seed=1, whole=True):
    """The lowest energy of ``glass``: row after row, for every state of the first one."""
    down, right = couplings_on_a_torus(seed, whole)
    states = 2 * np.array(list(itertools.product((0, 1), repeat=COLUMNS))) - 1
    inside = (states * np.roll(states, -1, axis=1)) @ right.T  # (states, rows)
    between = np.einsum("as,rs,bs->rab", states, down, states)
    best = np.inf
    for first in range(len(states)):
        table = np.full(len(states), np.inf)
        table[first] = inside[first, 0]
        for r in range(1, ROWS):
            table = (table[:, None] + between[r - 1]).min(axis=0) + inside[:, r]
        best = min(best, (table + between[ROWS - 1][:, first]).min())
    return best - down.sum() - right.sum()


def entries(landscape, count, seed=2):
    """Random points, best first."""
    points = landscape.structure.random_points(np.random.default_rng(seed), count)
    energies = landscape.couplings.inner(landscape.compiled.energies(landscape.structure.outer(points)))
    return sorted((Entry(p, float(e)) for p, e in zip(points, energies)), key=lambda entry: entry.rank)


@pytest.mark.parametrize("whole", [True, False])
def test_renewal_owes_and_finds_the_minimum(whole):
    """Side by side in words where weights are small and whole, in lanes where they are not."""
    landscape = glass(whole=whole)
    assert (landscape.arranged.words is not None) == whole
    assert np.isclose(owed(landscape, renewal.fit(landscape)), least(whole=whole), rtol=0, atol=1e-9)


def test_rounds_go_on_from_the_elite_or_begin_at_random(monkeypatch):
    """Of the two lowest points, one the other turned over, a turn keeps the one it is given unless it begins anew."""
    landscape = glass(whole=False)
    arm = renewal.fit(landscape)
    ends = arm.spend(turn(10**7))
    assert landscape.energies(ends.energies)[0] == pytest.approx(least(whole=False))
    best = ends.entries()[0]
    for fresh in (0.0, 1.0):
        monkeypatch.setattr(renewal, "FRESH", fresh)
        found = [arm.spend(turn(10**6, number, [best])).points[0] for number in range(8)]
        assert all(np.array_equal(point, best.point) for point in found) == (fresh == 0.0)


def test_crossover_makes_the_same_children_of_the_same_elite():
    landscape = glass(3)
    elite = entries(landscape, 6)
    arm = crossover.fit(landscape)
    ends, again = arm.spend(turn(100_000, 1, elite)), arm.spend(turn(100_000, 1, elite))
    assert np.array_equal(ends.points, again.points)
    assert ends.complete
    assert ends.moves >= 100_000
    assert not np.array_equal(ends.points[:8], arm.spend(turn(100_000, 2, elite)).points[:8])
    stopped = turn(None, 1, elite)
    stopped.watch.cancel()
    for found in (ends, arm.spend(stopped), arm.spend(turn(None, 1, elite, seconds=0.01))):
        rows = landscape.structure.outer(found.points)
        assert len(rows)
        assert np.array_equal(landscape.energies(found.energies), landscape.compiled.energies(rows))
    assert ends.energies.min() < elite[0].energy


def test_neither_takes_what_it_cannot_search():
    dense = landscape_of(Compiled.of_polynomial(random_polynomial(20, 1)))
    square = landscape_of(quadratic_assignment(np.eye(3), 1 - np.eye(3)))
    compiled = Compiled.of_polynomial(polynomial_of(60, {(0, 1, 2): 1.0, (3, 4): 1.0}))
    cubic = Landscape.of(compiled, "test", Accepts(degree=None))
    for landscape in (dense, square, cubic):
        assert renewal.fit(landscape) is None
        assert crossover.fit(landscape) is None


@pytest.mark.parametrize("whole", [True, False])
def test_merged_holds_its_energy_and_takes_what_is_better(whole):
    landscape = glass(5, whole)
    known = entries(landscape, 12)
    merged = Merged(landscape.couplings, known[-1].point, 3)
    assert merged.energy == pytest.approx(known[-1].energy)
    energies = [merged.energy]
    for entry in reversed(known):
        merged.cross([entry.point], WATCH)
        energies.append(merged.energy)
        assert merged.energy <= entry.energy + 1e-6
        inner = landscape.couplings.inner(landscape.compiled.energies(merged.point[None]))
        assert merged.energy == pytest.approx(float(inner[0]))
    assert energies == sorted(energies, reverse=True)
    assert energies[-1] < known[0].energy
    over = Watch(clock=time.perf_counter)
    over.cancel()
    late = Merged(landscape.couplings, known[-1].point, 3)
    late.cross([known[0].point], over)
    assert np.array_equal(late.point, known[-1].point)


@pytest.mark.parametrize("whole", [True, False])
def test_contracted_holds_all_parents_at_their_energies(whole):
    landscape = glass(6, whole)
    known = entries(landscape, 5)
    points = np.array([entry.point for entry in known])
    child = Contracted.of(landscape.couplings, points)
    assert child.structure.size == child.label.max() + 1 <= landscape.structure.size
    row = np.repeat(np.arange(child.structure.size), np.diff(child.couplings.indptr))
    for entry in known:
        turned = np.zeros(child.structure.size, dtype=np.int8)
        turned[child.label] = entry.point ^ points[0]
        assert np.array_equal(child.restore(turned), entry.point)
        pairs = child.couplings.weight @ (turned[row] & turned[child.couplings.col]) / 2
        assert child.energy + child.couplings.linear @ turned + pairs == pytest.approx(entry.energy)
