"""Tabu walks and path relinking: minima of small problems, the same however a turn is cut, back in time."""

import itertools
import time
from dataclasses import replace

import numpy as np
import pytest

from qopt.core.compiled import Compiled
from qopt.core.polynomial import polynomial_of
from qopt.core.rows import GroupKind
from qopt.core.watch import Watch
from qopt.solvers.samplers.anneal import PLUGIN
from qopt.solvers.search.arm import Entry, Turn
from qopt.solvers.search.arms import relink, tabu
from qopt.solvers.search.landscape import Landscape
from qopt.solvers.search.walk import Walk
from qopt.testing.samplers import groups_of, random_polynomial


def landscape(n, seed, groups=None, **kwargs):
    return Landscape.of(Compiled.of_polynomial(random_polynomial(n, seed, **kwargs), groups), "test", PLUGIN.accepts)


def endless(**kwargs):
    return Watch(clock=time.perf_counter, **kwargs)


def elite_of(made, seed, number):
    """Random points as an elite, best first."""
    points = list(made.structure.random_points(np.random.default_rng(seed), number))
    return tuple(sorted(made.entries(points), key=lambda entry: entry.rank))


def turn(elite=(), work=None, watch=None, number=3, seed=11):
    return Turn(number, seed, elite, work, watch or endless())


def true_energies(made, ends):
    return made.compiled.energies(made.structure.outer(ends.points))


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("density", [1.0, 0.05])
@pytest.mark.parametrize("module", [tabu, relink])
def test_energies_are_those_of_the_points(module, density, whole):
    made = landscape(90, 2, density=density, whole=whole)
    elite = elite_of(made, 4, 6)
    ends = module.fit(made).spend(turn(elite, work=90 * 3000))
    assert made.energies(ends.energies) == pytest.approx(true_energies(made, ends))
    assert ends.energies[0] == ends.energies.min()
    assert ends.energies[0] < elite[0].energy
    assert ends.complete


@pytest.mark.parametrize("seed", range(5))
def test_tabu_finds_the_minimum_of_sixteen_bits(seed):
    made = landscape(16, seed)
    every = np.array(list(itertools.product((0, 1), repeat=16)), dtype=np.int8)
    ends = tabu.fit(made).spend(turn(work=16 * 2000))
    assert made.energies(ends.energies)[0] == made.compiled.energies(every).min()


@pytest.mark.parametrize("module", [tabu, relink])
def test_a_turn_of_some_work_is_the_same_however_it_is_cut(module):
    """A clock that jumps makes every chunk as small as it gets."""
    made = landscape(70, 3)
    elite = elite_of(made, 1, 5)
    ticks = itertools.count()
    slow = Watch(clock=lambda: next(ticks) * 0.5)
    one, other = (module.fit(made).spend(turn(elite, 70 * 4000, watch)) for watch in (endless(), slow))
    assert np.array_equal(one.points, other.points)
    assert one.moves == other.moves
    assert abs(one.moves - 70 * 4000) <= 70
    one, other = (module.fit(made).spend(turn(elite, 70 * 9, number=number)) for number in (3, 4))
    assert not np.array_equal(one.points, other.points), "every turn has random numbers of its own"


@pytest.mark.parametrize("module", [tabu, relink])
def test_a_turn_ends_with_its_watch(module):
    made = landscape(60, 5)
    elite = elite_of(made, 1, 5)
    ticks = itertools.count()
    watch = Watch(clock=lambda: next(ticks) * 0.001, deadline=0.2)
    ends = module.fit(made).spend(turn(elite, watch=watch))
    assert 0.2 <= next(ticks) * 0.001 < 0.22
    assert not ends.complete
    stopped = endless()
    stopped.cancel()
    ends = module.fit(made).spend(turn(elite, watch=stopped))
    assert made.energies(ends.energies) == pytest.approx(true_energies(made, ends))


def test_between_two_points_only_what_differs_is_flipped():
    made = landscape(200, 6)
    one, other = made.structure.random_points(np.random.default_rng(3), 2)
    walk = Walk(made.couplings, 1, 1, endless())
    walk.between(one, other)
    middle = walk.improve(0).point
    third = np.count_nonzero(one != other) // 3
    assert not np.any((one == other) & (middle != one))
    assert third <= np.count_nonzero(middle != one) <= 2 * third
    point, path = one.copy(), []
    for _ in range(2 * third):  # the cheapest flip of what differs, every one tried
        left = np.flatnonzero(point != other)
        tried = np.repeat(point[None], len(left), axis=0)
        tried[np.arange(len(left)), left] ^= 1
        energies = made.compiled.energies(made.structure.outer(tried))
        point = tried[int(np.argmin(energies))]
        path.append(energies.min())
    assert made.compiled.energies(made.structure.outer(middle[None]))[0] == min(path[third - 1 :])


def test_relinking_needs_no_elite():
    made = landscape(100, 12)
    alone = relink.fit(made).spend(turn(work=100 * 20_000))
    assert alone.energies[0] == tabu.fit(made).spend(turn(work=100 * 40_000)).energies[0]
    assert relink.Relink.needs == 0


def test_where_walks_suit():
    square = groups_of((GroupKind.PERMUTATION, list(range(9))))
    products = Compiled.of_polynomial(polynomial_of(12, {(0, 1, 2): 1.0, (3, 4): 2.0}))
    products = Landscape.of(products, "test", replace(PLUGIN.accepts, degree=None))
    assert tabu.fit(landscape(12, 1)) is not None
    assert tabu.fit(landscape(12, 1, square)) is None
    assert tabu.fit(products) is None
    long = Compiled.of_polynomial(polynomial_of(tabu.MOST_BITS + 1, {(0, 1): 1.0}))
    sparse = Landscape.of(long, "test", PLUGIN.accepts)
    assert tabu.fit(sparse) is None
    assert relink.fit(sparse) is None
    assert relink.fit(landscape(20, 1)).prior > relink.fit(landscape(300, 1, density=0.01)).prior


def test_an_elite_of_equals_is_not_walked_between():
    made = landscape(10, 1)
    point = np.ones(10, dtype=np.int8)
    twice = (Entry(point, made.entries([point])[0].energy), Entry(point, made.entries([point])[0].energy))
    ends = relink.fit(made).spend(turn(twice, work=1000))
    assert made.energies(ends.energies) == pytest.approx(true_energies(made, ends))
