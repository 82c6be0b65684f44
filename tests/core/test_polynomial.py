"""Polynomials against a dictionary that multiplies everything out."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from qopt.core.polynomial import Polynomial, Products, polynomial_of


def naive(terms: dict[tuple[int, ...], float], x: np.ndarray) -> float:
    total = 0.0
    for columns, value in terms.items():
        factor = value
        for c in columns:
            factor *= x[c]
        total += factor
    return total


def random_terms(rng: np.random.Generator, n: int, degree: int) -> dict[tuple[int, ...], float]:
    terms: dict[tuple[int, ...], float] = {}
    for _ in range(12):
        size = int(rng.integers(0, degree + 1))
        key = tuple(sorted(rng.integers(0, n, size).tolist()))
        terms[key] = terms.get(key, 0.0) + float(rng.integers(-5, 6))
    return terms


@pytest.mark.parametrize("seed", range(20))
def test_evaluates_like_the_naive_sum(seed: int) -> None:
    """Every degree, repeated columns included."""
    rng = np.random.default_rng(seed)
    terms = random_terms(rng, 5, 4)
    points = rng.integers(-3, 4, (7, 5)).astype(float)
    expected = [naive(terms, x) for x in points]

    assert polynomial_of(5, terms).evaluate(points) == pytest.approx(expected)


@pytest.mark.parametrize("seed", range(20))
def test_bounds_hold_at_every_corner_and_inside(seed: int) -> None:
    """Termwise bounds are never beaten by a point of the box."""
    rng = np.random.default_rng(seed)
    p = polynomial_of(4, random_terms(rng, 4, 4))
    lower = rng.integers(-3, 1, 4).astype(float)
    upper = lower + rng.integers(0, 4, 4)
    low, high = p.bounds(lower, upper)
    grid = np.array(list(itertools.product(*[np.arange(a, b + 1) for a, b in zip(lower, upper)])))
    inside = lower + rng.random((200, 4)) * (upper - lower)
    values = p.evaluate(np.vstack([grid, inside]))

    assert low <= values.min() + 1e-9
    assert values.max() - 1e-9 <= high


def test_pairs_are_merged_whatever_their_order() -> None:
    """(1,0) and (0,1) are one pair; opposite values cancel and leave nothing."""
    p = Polynomial.from_pairs([0, 0, 0], [1, 0, 2, 1], [0, 1, 1, 2], [2.0, 3.0, 4.0, -4.0])

    assert (p.row.tolist(), p.col.tolist(), p.value.tolist()) == ([0], [1], [5.0])


def test_squares_of_binary_columns_become_linear() -> None:
    """x*x = x for a binary x, and stays a square for the others."""
    p = Polynomial.from_pairs([1, 1], [0, 1], [0, 1], [5.0, 7.0], binary=[True, False])

    assert p.linear.tolist() == [6.0, 1.0]
    assert (p.row.tolist(), p.value.tolist()) == ([1], [7.0])


def test_refuses_a_pair_outside_the_columns() -> None:
    with pytest.raises(ValueError, match=r"outside 0\.\.1"):
        Polynomial.from_pairs([0, 0], [0], [2], [1.0])


def test_sum_of_parts_is_the_sum_of_values() -> None:
    rng = np.random.default_rng(3)
    a, b = (polynomial_of(4, random_terms(rng, 4, 3)) for _ in range(2))
    points = rng.integers(-2, 3, (9, 4))

    assert Polynomial.sum([a, b]).evaluate(points) == pytest.approx(a.evaluate(points) + b.evaluate(points))


def test_products_merge_and_drop_zeros() -> None:
    products = Products.from_terms({(2, 1, 0): 1.5, (0, 1, 2): 0.5, (3, 3, 3): 0.0})

    assert len(products) == 1
    assert products.term(0).tolist() == [0, 1, 2]
    assert products.coefficient.tolist() == [2.0]


def test_arrays_cannot_be_written() -> None:
    p = polynomial_of(2, {(0, 1): 1.0})
    with pytest.raises(ValueError, match="read-only"):
        p.linear[0] = 3.0
