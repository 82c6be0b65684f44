"""Products as arrays, and the arm that searches them."""

import itertools
import time

import numpy as np
import pytest

import qopt
from qopt.compilers.compile import compile_problem
from qopt.core.accepts import Accepts
from qopt.core.compiled import Compiled
from qopt.core.polynomial import Polynomial, polynomial_of
from qopt.core.rows import GroupKind
from qopt.core.watch import Watch
from qopt.solvers._structure import Structure
from qopt.solvers.search.arm import Entry, Turn
from qopt.solvers.search.arms import products
from qopt.solvers.search.correlations import Correlations
from qopt.solvers.search.landscape import Landscape
from qopt.solvers.search.terms import Terms
from qopt.testing.samplers import groups_of

ANY = Accepts(degree=None, groups=frozenset(GroupKind))


def sequences(n):
    """Low-autocorrelation sequences of length n, written with spins."""
    m = qopt.Model("labs")
    s = m.spin("s", shape=n)
    m.minimize(sum((s[: n - k] * s[k:]).sum() ** 2 for k in range(1, n)))
    return compile_problem(m.problem(), accepts=ANY)


def correlations(bits):
    """The energy of a sequence by its definition."""
    s = 2 * bits.astype(int) - 1
    return sum(int((s[: len(s) - k] * s[k:]).sum()) ** 2 for k in range(1, len(s)))


def turn(number=0, *, elite=(), work=None, seconds=None, seed=3):
    watch = Watch(clock=time.perf_counter, deadline=None if seconds is None else time.perf_counter() + seconds)
    return Turn(number, seed, elite, work, watch)


def test_sequences_are_products_of_four_spins():
    """About N**3 / 12 quadruples i, i + k, j, j + k; over bits there are thrice as many products."""
    compiled = sequences(20)
    terms = Terms.of(compiled.polynomial, Structure.of(compiled, "test", ANY))
    assert terms.spins
    assert set(np.diff(terms.products.indptr)) == {4}
    assert len(terms.products) == sum(1 for a, b, c, d in itertools.combinations(range(20), 4) if a + d == b + c)
    assert 3 * len(terms.products) < len(compiled.polynomial.products)
    assert set(terms.products.coefficient) == {4.0}
    assert terms.couplings.factor == 0.25


def test_sequences_are_recognised_and_nothing_else():
    compiled = sequences(13)
    structure = Structure.of(compiled, "test", ANY)
    found = Correlations.of(Terms.of(compiled.polynomial, structure))
    points = np.random.default_rng(2).integers(0, 2, (20, 13))
    wanted = [correlations(point) for point in points]
    energies = compiled.energies(points)
    assert energies.tolist() == wanted
    assert found.squares(energies).tolist() == wanted
    assert found.energies(np.array(wanted)).tolist() == wanted
    scaled = Terms.of(compiled.polynomial.scaled(0.3), structure)
    assert Correlations.of(scaled).squares(0.3 * energies).tolist() == wanted
    for extra in ((3,), (2, 4), (2, 3), (0, 1, 2), (0, 1, 2, 3), (0, 1, 2, 4)):
        other = Polynomial.sum([compiled.polynomial, polynomial_of(13, {extra: 1.0})])
        assert Correlations.of(Terms.of(other, structure)) is None
    assert Correlations.of(Terms.of(compiled.polynomial.scaled(-1.0), structure)) is None


def test_products_that_are_no_sequence_are_added_up():
    """The same search without the tables: the energy of a sequence plus a field on one spin."""
    compiled = sequences(12)
    p = Polynomial.sum([compiled.polynomial, polynomial_of(12, {(4,): 3.0})])
    landscape = Landscape.of(Compiled.of_polynomial(p), "test", ANY)
    arm = products.fit(landscape)
    assert arm.correlations is None
    ends = arm.spend(turn(work=60_000))
    points = np.array(list(itertools.product((0, 1), repeat=12)))
    assert landscape.energies(ends.energies).min() == p.evaluate(points).min()
    assert landscape.energies(ends.energies).tolist() == p.evaluate(ends.points).tolist()


def test_decimals_leave_no_crumbs_over_spins():
    """0.1 is no sum of halves in float64, yet terms that cancel over spins must be gone."""
    spins = {(0, 1, 2, 5): 0.3, (2, 3, 4, 5): -0.1, (1, 3, 4, 5): 0.7}
    total = {}
    for columns, value in spins.items():
        for size in range(5):
            for s in itertools.combinations(columns, size):
                total[s] = total.get(s, 0.0) + value * 2.0**size * (-1.0) ** (4 - size)
    p = polynomial_of(6, total)
    terms = Terms.of(p, Structure.of(Compiled.of_polynomial(p), "test", ANY))
    assert terms.spins
    assert [tuple(terms.products.term(t)) for t in range(3)] == sorted(spins)
    assert terms.products.coefficient == pytest.approx([spins[key] for key in sorted(spins)], rel=1e-12)
    assert not terms.couplings.weight.any()


def test_long_products_stay_products_of_bits():
    p = polynomial_of(40, {tuple(range(40)): -5.0, tuple(range(30)): 2.0, (0, 1, 2): 1.0, (0,): 1.0})
    terms = Terms.of(p, Structure.of(Compiled.of_polynomial(p), "test", ANY))
    assert not terms.spins
    assert len(terms.products) == 3


def test_products_of_bits_never_on_together_are_left_out():
    groups = groups_of((GroupKind.EXACTLY_ONE, [1, 2, 3]))
    p = polynomial_of(6, {(1, 2, 4): 5.0, (0, 1, 5): 1.0, (3, 4, 5): 2.0, (1, 3, 4, 5): 9.0})
    structure = Structure.of(Compiled.of_polynomial(p, groups), "test", ANY)
    terms = Terms.of(p, structure)
    outer = [sorted(structure.order[terms.products.term(t)].tolist()) for t in range(len(terms.products))]
    assert outer == [[0, 1, 5], [3, 4, 5]]


def test_best_sequence_of_sixteen():
    compiled = sequences(16)
    landscape = Landscape.of(compiled, "test", ANY)
    arm = products.fit(landscape)
    ends = arm.spend(turn(work=400_000))
    energies = landscape.energies(ends.energies)
    assert energies.min() == 24.0
    assert energies.tolist() == [correlations(point) for point in ends.points]
    assert ends.violations is None


def test_a_turn_by_work_is_the_same_again_and_another_turn_is_not():
    arm = products.fit(Landscape.of(sequences(24), "test", ANY))
    first, again, other = (arm.spend(turn(number, work=50_000)) for number in (5, 5, 6))
    assert np.array_equal(first.points, again.points)
    assert np.array_equal(first.energies, again.energies)
    assert first.moves == again.moves >= 50_000
    assert not np.array_equal(first.points[0], other.points[0])
    assert first.complete


def test_the_elite_is_where_a_turn_begins():
    compiled = sequences(24)
    landscape = Landscape.of(compiled, "test", ANY)
    arm = products.fit(landscape)
    known = arm.spend(turn(1, work=600_000))
    order = np.argsort(known.energies)[:4]
    elite = tuple(Entry(known.points[k], float(known.energies[k])) for k in order)
    ends = arm.spend(turn(2, elite=elite, work=100))
    assert ends.energies.min() == known.energies.min()
    assert landscape.energies(ends.energies).tolist() == [correlations(point) for point in ends.points]


def test_a_turn_ends_with_its_watch():
    arm = products.fit(Landscape.of(sequences(20), "test", ANY))
    ends = arm.spend(turn(seconds=0.0))
    assert len(ends.points) >= 1
    assert not ends.complete


def test_fits_products_alone():
    free = Landscape.of(sequences(8), "test", ANY)
    assert products.fit(free) is not None
    pairs = Landscape.of(Compiled.of_polynomial(polynomial_of(3, {(0, 1): 1.0})), "test", ANY)
    assert products.fit(pairs) is None
    groups = groups_of((GroupKind.EXACTLY_ONE, [0, 1]))
    grouped = Compiled.of_polynomial(polynomial_of(4, {(0, 2, 3): 1.0}), groups)
    assert products.fit(Landscape.of(grouped, "test", ANY)) is None
