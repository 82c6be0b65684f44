"""Reduced polynomials keep the minimum, exactly, and restore gives a point that has it."""

import doctest
import itertools
import time
from pathlib import Path

import numpy as np
import pytest

from qopt.core.polynomial import Polynomial, Products, polynomial_of
from qopt.core.watch import Watch
from qopt.kernels import reduce_spins
from qopt.reduce.polynomial import reduce
from qopt.reduce.polynomial.grid import Grid
from qopt.reduce.polynomial.reduce import reduce_polynomial
from qopt.reduce.polynomial.reduction import RULES, Reduction

INSTANCES = Path(__file__).resolve().parents[3].parent / "shared" / "instances" / "qubo"
POINTS = {n: np.array(list(itertools.product((0, 1), repeat=n)), dtype=np.int8).reshape(2**n, n) for n in range(11)}


def values_of(random, kind, size):
    """Coefficients of a kind; some of them 0."""
    if kind == "signs":
        return random.choice([-1.0, 1.0], size)
    if kind == "whole":
        return random.integers(-9, 10, size).astype(float)
    if kind == "large":
        return random.integers(-(10**9), 10**9, size).astype(float)
    if kind == "quarters":
        return random.integers(-9, 10, size) / 4
    if kind == "decimals":
        return random.integers(-99, 100, size) / 10
    return random.normal(size=size) * random.choice([1.0, 1e6, 1e-9], size)  # of very different sizes


EXACT = ("signs", "whole", "large", "quarters")


def random_polynomial(random, kind, *, n=None, density=None):
    n = int(random.integers(1, 10)) if n is None else n
    density = float(random.choice([0.15, 0.3, 0.5, 1.0])) if density is None else density
    i, j = np.triu_indices(n, 1)
    chosen = random.random(len(i)) < density
    i, j = i[chosen], j[chosen]
    value = values_of(random, kind, len(i))
    linear = values_of(random, kind, n) * (random.random(n) < random.choice([0.0, 0.3, 1.0]))
    if random.random() < 0.3:  # no fields: a cut of a graph
        linear = -np.bincount(i, weights=value, minlength=n) / 2 - np.bincount(j, weights=value, minlength=n) / 2
    return Polynomial.from_pairs(linear, i, j, value, offset=float(values_of(random, kind, 1)[0]))


def check(polynomial, reduced, tolerance=0.0):
    """Every point left restores to one of its energy, and the least energy is still there."""
    points = POINTS[reduced.polynomial.n]
    energies = reduced.polynomial.evaluate(points)
    restored = reduced.restore(points)
    assert np.abs(polynomial.evaluate(restored) - energies).max() <= tolerance
    assert np.array_equal(reduced.restrict(restored), points)
    assert abs(energies.min() - polynomial.evaluate(POINTS[polynomial.n]).min()) <= tolerance


@pytest.mark.parametrize("kind", [*EXACT, "decimals", "sizes"])
def test_minimum_is_kept_and_attained(kind):
    """500 polynomials of each kind: bits that must stay do, and whole numbers are exact to the last bit."""
    random = np.random.default_rng(len(kind))
    removed = dict.fromkeys(RULES, 0)
    for k in range(500):
        polynomial = random_polynomial(random, kind)
        keep = np.flatnonzero(random.random(polynomial.n) < 0.25) if k % 3 == 0 else None
        reduced = reduce_polynomial(polynomial, keep=keep, cells=0 if k % 2 else 2**12)
        assert reduced.error == 0 or kind not in EXACT
        size = np.abs(polynomial.linear).sum() + np.abs(polynomial.value).sum() + abs(polynomial.offset)
        assert reduced.error <= 1e-13 * size
        check(polynomial, reduced, 0.0 if kind in EXACT else reduced.error + 1e-14 * size)
        if keep is not None:
            assert np.isin(keep, reduced.kept).all()
        assert sum(reduced.counts.values()) == reduced.removed == polynomial.n - reduced.polynomial.n
        for rule, count in reduced.counts.items():
            removed[rule] += count
    assert {rule for rule, count in removed.items() if count == 0} <= {"twins"}, "a rule was never tried"


def test_larger_sparse_polynomials():
    """Of 24 bits: the least energy against a second reduction that solves nothing by tables."""
    random = np.random.default_rng(8)
    for _ in range(100):
        polynomial = random_polynomial(random, "whole", n=24, density=0.15)
        solved, left = reduce_polynomial(polynomial), reduce_polynomial(polynomial, cells=0)
        assert solved.polynomial.n == 0
        if left.polynomial.n <= 10:
            check(left.polynomial, reduce_polynomial(left.polynomial))
            assert left.polynomial.evaluate(POINTS[left.polynomial.n]).min() == solved.polynomial.offset
        assert polynomial.evaluate(solved.restore(np.zeros((1, 0))))[0] == solved.polynomial.offset


def test_products_are_left_alone():
    random = np.random.default_rng(4)
    for _ in range(100):
        plain = random_polynomial(random, "whole", n=9, density=0.3)
        products = Products.from_terms({(0, 3, 4): 5, (3, 5, 8): -7})
        polynomial = Polynomial(plain.linear, plain.row, plain.col, plain.value, products, plain.offset)
        reduced = reduce_polynomial(polynomial)
        assert np.isin([0, 3, 4, 5, 8], reduced.kept).all()
        check(polynomial, reduced)


def test_twins_are_merged():
    """Three spins of degree 6 with the same couplings, on a frame that no other rule takes apart."""
    random = np.random.default_rng(1)
    terms = {(i, j): float(random.choice([-5, 3, 4])) for i in range(3, 10) for j in range(i + 1, 10)}
    for w in range(3, 9):
        value = float(random.choice([-5, 3, 4]))
        terms |= {(0, w): value, (1, w): value, (2, w): value}
    polynomial = polynomial_of(10, terms)
    spins = polynomial_of(10, {(k,): -sum(v for pair, v in terms.items() if k in pair) / 2 for k in range(10)} | terms)
    reduced = reduce_polynomial(spins, cells=0)
    assert reduced.counts["twins"] >= 2
    check(spins, reduced)
    check(polynomial, reduce_polynomial(polynomial, cells=0))


def test_nothing_to_reduce_costs_no_copy():
    random = np.random.default_rng(2)
    i, j = np.triu_indices(400, 1)
    dense = Polynomial.from_pairs(random.integers(-9, 9, 400), i, j, random.choice([-1.0, 1.0], len(i)))
    reduced = reduce_polynomial(dense)
    assert reduced.polynomial is dense
    assert (reduced.removed, reduced.counts, reduced.error) == (0, {}, 0.0)
    everything = reduce_polynomial(polynomial_of(3, {(0, 1): 1}), keep=[True, True, True])
    assert everything.kept.tolist() == [0, 1, 2]
    assert reduce_polynomial(Polynomial.zero(0)).restore([[]]).shape == (1, 0)


@pytest.mark.parametrize(("last", "removed"), [(2, 0), (3, 1)])
def test_a_star_that_cannot_be_halved_stays(last, removed):
    """3 + 2 + 2 is odd, and the grid has no finer unit; 3 + 2 + 3 is even."""
    star = Grid(
        field=np.zeros(4, np.int64),
        row=np.zeros(3, np.int32),
        col=np.arange(1, 4, dtype=np.int32),
        weight=np.array([3, 2, last]),
        constant=0,
        unit=1.0,
        rounded=0.0,
    )
    work = Reduction(star, np.array([False, True, True, True]))
    work.eliminate()
    assert work.removed == removed


def test_wide_data_are_rounded_and_say_so():
    """One coefficient is 2**80 times another: energies differ by no more than the error says, and it is not 0."""
    polynomial = polynomial_of(4, {(0,): 2.0**80, (1, 2): 1 + 2.0**-30, (2, 3): -1.0, (1,): 0.3})
    reduced = reduce_polynomial(polynomial)
    assert 0 < reduced.error <= 2.0**30
    check(polynomial, reduced, reduced.error)


def test_components_are_those_of_the_terms():
    terms = {(i, j): 1.0 for group in ((0, 1, 2), (3, 4, 5)) for i, j in itertools.combinations(group, 2)}
    reduced = reduce_polynomial(polynomial_of(9, terms | {(5, 6, 7): 1.0}), keep=list(range(9)))
    assert reduced.components.tolist() == [0, 0, 0, 1, 1, 1, 1, 1, 2]


def test_a_stopped_reduction_is_right():
    """A clock that runs out after a while, and a watch that is cancelled before."""
    random = np.random.default_rng(6)
    polynomial = random_polynomial(random, "whole", n=10, density=0.3)
    cancelled = Watch(clock=time.perf_counter)
    cancelled.cancel()
    assert reduce_polynomial(polynomial, watch=cancelled).polynomial is polynomial
    n = 20_000
    chain = Polynomial.from_pairs(np.zeros(n), np.arange(n - 1), np.arange(1, n), random.choice([-1.0, 1.0], n - 1))
    ticks = itertools.count()
    hasty = reduce_polynomial(chain, watch=Watch(clock=lambda: float(next(ticks)), deadline=8.0))
    assert 0 < hasty.removed < n
    whole = reduce_polynomial(chain)
    assert reduce_polynomial(hasty.polynomial).polynomial.offset == whole.polynomial.offset
    point = whole.restore(np.zeros((1, 0)))
    assert chain.evaluate(point)[0] == whole.polynomial.offset


def test_rows_of_another_width_are_refused():
    with pytest.raises(ValueError, match="rows have 3 bits, 0 are left"):
        reduce_polynomial(polynomial_of(2, {(0, 1): 1})).restore([[0, 1, 1]])


def test_the_example_of_the_docstring():
    failed, tried = doctest.testmod(reduce)
    assert not failed
    assert tried


def test_names_of_the_rules():
    assert len(RULES) == reduce_spins.RULES
    assert RULES[reduce_spins.TWIN] == "twins"


@pytest.mark.parametrize(
    ("name", "left", "best"),
    [
        ("gset/G70.txt", 1429, None),
        ("gset/G55.txt", 3710, None),
        ("gset/G81.txt", 20000, None),
        ("mqlib_hard/g000435.txt", 0, 58537),
        ("mqlib_hard/g000762.txt", 0, 7919449),
    ],
)
def test_graphs_of_the_literature(name, left, best):
    """Sizes left, at most, of graphs whose largest cut is wanted; 7919449 is published (BiqMac, ising2.5-250)."""
    path = INSTANCES / name
    if not path.exists():
        pytest.skip(f"no {path.name} beside the project")
    lines = [line.split()[:3] for line in path.read_text(encoding="latin1").splitlines() if line[:1] != "#"]
    n, edges = int(lines[0][0]), np.array(lines[1:], dtype=float)
    i, j, weight = edges[:, 0].astype(int) - 1, edges[:, 1].astype(int) - 1, edges[:, 2]
    linear = -np.bincount(i, weights=weight, minlength=n) - np.bincount(j, weights=weight, minlength=n)
    polynomial = Polynomial.from_pairs(linear, i, j, 2 * weight)
    reduced = reduce_polynomial(polynomial)
    assert reduced.polynomial.n <= left
    point = np.random.default_rng(1).integers(0, 2, (3, reduced.polynomial.n), dtype=np.int8)
    assert np.array_equal(polynomial.evaluate(reduced.restore(point)), reduced.polynomial.evaluate(point))
    if best is not None:
        assert -reduced.polynomial.offset == best
