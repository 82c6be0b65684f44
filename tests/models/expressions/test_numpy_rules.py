"""Formulas over variables are worth what the same numpy formulas over numbers are worth."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.sparse

from qopt.core.errors import ModelError
from qopt.models.expressions.arrays import Expression
from qopt.models.expressions.relations import Relation
from qopt.models.modelling import Model, evaluate

RNG = np.random.default_rng(7)
D34 = RNG.integers(-4, 5, (3, 4))
D23 = RNG.integers(-4, 5, (2, 3))
D5 = RNG.integers(-4, 5, 5)
SPARSE = scipy.sparse.csr_array(RNG.integers(0, 2, (4, 2)))


def dense(matrix: Any, like: Any) -> Any:
    """The sparse matrix for expressions, the same as an array for numbers."""
    return matrix if isinstance(like, Expression) else matrix.toarray()


FORMULAS: dict[str, Callable[..., Any]] = {
    "data 2-D right of @": lambda x, y, t, u: x @ D34,
    "data 1-D right of @": lambda x, y, t, u: x @ D34[:, 0],
    "data 2-D left of @": lambda x, y, t, u: D34.T @ y,
    "data 1-D left of @": lambda x, y, t, u: D23[:, 0] @ x,
    "data on both sides": lambda x, y, t, u: D23.T @ x @ D34,
    "vector @ data": lambda x, y, t, u: u @ np.stack([D5, D5 + 1], axis=1),
    "data @ vector": lambda x, y, t, u: np.stack([D5, D5 + 1]) @ u,
    "three axes @ data": lambda x, y, t, u: t @ D34,
    "data @ three axes": lambda x, y, t, u: D5[:3] @ t,
    "data 2-D @ three axes": lambda x, y, t, u: D34.T @ t,
    "expressions 2-D @ 2-D": lambda x, y, t, u: x @ y,
    "expressions 1-D @ 2-D": lambda x, y, t, u: x[0] @ y,
    "expressions 2-D @ 1-D": lambda x, y, t, u: x @ y[:, 1],
    "expressions 1-D @ 1-D": lambda x, y, t, u: u @ u[::-1],
    "expressions of three axes": lambda x, y, t, u: t @ y,
    "sparse right of @": lambda x, y, t, u: y @ dense(SPARSE, y),
    "sparse left of @": lambda x, y, t, u: dense(SPARSE, x) @ x,
    "a constant inside": lambda x, y, t, u: (x + 1) @ D34 - 2 * D23[:, :1],
    "products with a shift": lambda x, y, t, u: ((y @ D34.T) * y[[1, 2, 0], :3]).sum(),
    "product of constants": lambda x, y, t, u: (x + D23) * (2 - x),
    "cube": lambda x, y, t, u: (u.sum() - 2) ** 3,
    "transpose": lambda x, y, t, u: x.T + D23.T,
    "transpose of three": lambda x, y, t, u: t.transpose(2, 0, 1) - D34.T.reshape(4, 3)[:3, :1, None] * 0,
    "reshape": lambda x, y, t, u: x.reshape(3, 2) * y[:, :2],
    "ravel": lambda x, y, t, u: (2 * x).ravel(),
    "iteration": lambda x, y, t, u: sum(row * k for k, row in enumerate(y)),
    "python sum": lambda x, y, t, u: sum(u),
    "sum over two axes": lambda x, y, t, u: t.sum(axis=(0, 2)),
    "keepdims": lambda x, y, t, u: x - x.sum(axis=1, keepdims=True),
    "np.sum": lambda x, y, t, u: np.sum(x, axis=0),
    "np.dot": lambda x, y, t, u: np.dot(x, D34),
    "np.roll": lambda x, y, t, u: np.roll(y, -1, axis=0) * y,
    "np.transpose": lambda x, y, t, u: np.transpose(t, (1, 0, 2)),
    "np.tile": lambda x, y, t, u: np.tile(2 * u, 2),
    "np.repeat": lambda x, y, t, u: np.repeat(x, 2, axis=0),
    "np.diagonal": lambda x, y, t, u: np.diagonal(y[:, :3]).sum(),
    "np.concatenate": lambda x, y, t, u: np.concatenate([x, 2 * y[:, :3], D23]),
    "np.stack": lambda x, y, t, u: np.stack([x[0], x[1] * 3, y[:, 0]], axis=1),
    "np.hstack": lambda x, y, t, u: np.hstack([u, x[0]]),
    "np.expand_dims": lambda x, y, t, u: np.expand_dims(u, 0) * u[:, None],
    "mask over two axes": lambda x, y, t, u: x[D23 > 0],
    "two lists": lambda x, y, t, u: t[[0, 1, 1], :, [2, 0, 1]],
    "ellipsis": lambda x, y, t, u: t[..., 0] - t[0, ...][:2],
    "negative step": lambda x, y, t, u: u[::-2],
    "np.float64 on the left": lambda x, y, t, u: np.float64(2.5) * x - np.float64(1),
    "division": lambda x, y, t, u: x / np.array([1, 2, 4]),
    "lists as data": lambda x, y, t, u: [1, 2, 3] * x + [[1], [2]],
}


@pytest.mark.parametrize("what", FORMULAS)
def test_a_formula_is_worth_what_numpy_says(what: str) -> None:
    m = Model()
    shapes = [(2, 3), (3, 4), (2, 3, 3), (5,)]
    variables = [m.integer(name, -9, 9, shape) for name, shape in zip("xytu", shapes)]
    made = FORMULAS[what](*variables)
    for _ in range(3):
        values = [RNG.integers(-9, 10, shape) for shape in shapes]
        point = np.concatenate([value.ravel() for value in values])
        wanted = np.asarray(FORMULAS[what](*values))
        assert isinstance(made, Expression)
        assert made.shape == wanted.shape
        np.testing.assert_allclose(evaluate(made, point), wanted, rtol=1e-12)


SIDES: dict[str, tuple[Callable[..., Any], float, float]] = {
    "<=": (lambda x: x <= 3, -np.inf, 3),
    ">=": (lambda x: x >= 3, 3, np.inf),
    "==": (lambda x: x == 3, 3, 3),
    "reversed <=": (lambda x: x >= 3, 3, np.inf),
    "reversed >=": (lambda x: x <= 3, -np.inf, 3),
    "reversed ==": (lambda x: 3 == x, 3, 3),  # noqa: SIM300
    "array <=": (lambda x: np.full(2, 3) <= x, 3, np.inf),
    "array >=": (lambda x: np.full(2, 3) >= x, -np.inf, 3),
    "array ==": (lambda x: np.full(2, 3) == x, 3, 3),
    "np.float64 <=": (lambda x: np.float64(3) <= x, 3, np.inf),
    "moved constants": (lambda x: 2 * x + 4 <= x + 7, -np.inf, 3),
    "open side": (lambda x: x <= np.inf, -np.inf, np.inf),
}


@pytest.mark.parametrize("what", SIDES)
def test_a_comparison_has_the_right_sides(what: str) -> None:
    x = Model().integer("x", -9, 9, 2)
    compare, lower, upper = SIDES[what]
    relation = compare(x)
    assert isinstance(relation, Relation)
    np.testing.assert_array_equal(relation.lower, np.full(2, lower))
    np.testing.assert_array_equal(relation.upper, np.full(2, upper))
    np.testing.assert_array_equal(relation.terms.evaluate(np.array([4.0, 5.0])), [4, 5])


def test_a_part_of_a_variable_is_still_a_variable() -> None:
    m = Model()
    x = m.binary("x", (3, 4))
    part = x[1:, [0, 2]].T
    assert part.columns.tolist() == [[4, 8], [6, 10]]
    assert x.name == "x" and part.name is None
    assert {x: 1}[x] == 1


def test_a_product_of_more_terms_than_fit_is_refused_before_it_is_made() -> None:
    x = Model().integer("x", 0, 1, 20_000)
    with pytest.raises(ModelError, match="400,000,000"):
        x.sum() * x.sum()


def test_expressions_say_what_they_are() -> None:
    x = Model().binary("x", (2, 3))
    assert repr(x) == "<variable x: shape (2, 3)>"
    assert repr(x.sum() * 2) == "<an expression: scalar, 6 terms>"
    assert repr(x.sum(axis=0) <= 1) == "<relation: shape (3,), 6 terms>"
    assert len(x) == 2
    with pytest.raises(TypeError, match="scalar"):
        len(x.sum())
