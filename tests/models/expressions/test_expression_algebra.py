"""Random numpy-like programs over expressions, against the same programs over object arrays of dictionaries."""

import operator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive_polynomials import Naive, as_objects, naive_variables, terms_of

from qopt.core.problem import Kind, Problem
from qopt.models.expressions.arrays import Expression
from qopt.models.expressions.variables import Variables
from qopt.models.modelling import Model, evaluate

Pair = tuple[Expression, np.ndarray]
KINDS = [Kind.BINARY] * 6 + [Kind.SPIN] * 3 + [Kind.INTEGER] * 4 + [Kind.REAL] * 1


def fresh() -> tuple[Model, list[Variables]]:
    m = Model()
    made = [m.binary("b", (2, 3)), m.spin("s", 3), m.integer("k", -2, 3, (2, 2)), m.real("r", -1, 4)]
    return m, made


def pairs(made: list[Variables]) -> list[Pair]:
    return [(x, naive_variables(x.columns, KINDS)) for x in made]


def numbers(draw: Any, shape: tuple[int, ...]) -> np.ndarray:
    size = int(np.prod(shape))
    return np.array(draw(st.lists(st.integers(-3, 3), min_size=size, max_size=size))).reshape(shape)


def index_of(draw: Any, shape: tuple[int, ...]) -> Any:
    """A number, slice, list, mask, new axis or ellipsis that numpy takes for this shape."""
    key: list[Any] = []
    for length in shape:
        choice = draw(st.sampled_from(["number", "slice", "list", "mask"]))
        if choice == "number":
            key.append(draw(st.integers(-length, length - 1)))
        elif choice == "slice":
            key.append(slice(draw(st.integers(0, length - 1)), None, draw(st.sampled_from([1, 2]))))
        elif choice == "list" and not any(isinstance(part, list | np.ndarray) for part in key):
            key.append(draw(st.lists(st.integers(-length, length - 1), min_size=1, max_size=4)))
        elif choice == "mask" and not any(isinstance(part, list | np.ndarray) for part in key):
            key.append(np.arange(length) <= draw(st.integers(0, length - 1)))
        else:
            key.append(slice(None))
    if draw(st.booleans()):
        key.append(None)
    if key and draw(st.booleans()):
        key = [..., *key[-draw(st.integers(1, len(key))) :]]
    return tuple(key)


def data_beside(draw: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Data that broadcast with the shape, perhaps beyond it."""
    other = tuple(draw(st.sampled_from([1, length])) for length in shape)[draw(st.integers(0, len(shape))) :]
    return numbers(draw, (2, *shape) if draw(st.integers(0, 5)) == 0 else other)


def step(draw: Any, pool: list[Pair]) -> Pair:
    x, naive = draw(st.sampled_from(pool))
    kind = draw(st.sampled_from(["index", "data", "pair", "sum", "matmul", "power", "negate", "move", "divide"]))
    if kind == "index" and naive.ndim:
        key = index_of(draw, naive.shape)
        return x[key], as_objects(naive[key])
    if kind == "data":
        op = draw(st.sampled_from([operator.add, operator.sub, operator.mul]))
        data = data_beside(draw, naive.shape)
        if draw(st.booleans()):
            return op(x, data), as_objects(op(naive, data.astype(object)))
        return op(data, x), as_objects(op(data.astype(object), naive))
    if kind == "pair":
        op = draw(st.sampled_from([operator.add, operator.sub, operator.mul]))
        fitting = [p for p in pool if fits(naive.shape, p[1].shape)]
        y, other = draw(st.sampled_from(fitting))
        if op is not operator.mul or x.degree + y.degree <= 4:
            return op(x, y), as_objects(op(naive, other))
    if kind == "sum":
        axis = draw(st.sampled_from([None, *range(-naive.ndim, naive.ndim)]))
        keep = draw(st.booleans())
        return x.sum(axis=axis, keepdims=keep), as_objects(np.sum(naive, axis=axis, keepdims=keep))
    if kind == "matmul" and naive.ndim:
        width = draw(st.integers(1, 3))
        inner, outer = naive.shape[-1], naive.shape[max(naive.ndim - 2, 0)]
        side = draw(st.sampled_from(["right", "right 1-D", "left", "left 1-D"]))
        if side.startswith("right"):
            data = numbers(draw, (inner,) if side == "right 1-D" else (inner, width))
            return x @ data, as_objects(naive @ data.astype(object))
        data = numbers(draw, (outer,) if side == "left 1-D" else (width, outer))
        return data @ x, as_objects(data.astype(object) @ naive)
    if kind == "power" and x.degree <= 2:
        return x**2, as_objects(naive * naive)
    if kind == "move" and naive.ndim:
        move = draw(st.sampled_from([np.transpose, np.flip, np.ravel, lambda a: np.roll(a, 1, axis=0)]))
        return move(x), as_objects(move(naive))
    if kind == "divide":
        return x / np.array(2), as_objects(naive / 2)
    return -x, as_objects(-1 * naive)


def fits(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    try:
        return int(np.prod(np.broadcast_shapes(a, b))) <= 60
    except ValueError:
        return False


def compare_rows(problem: Problem, naive: np.ndarray, limit: float) -> None:
    """Every element ``<= limit`` stands in the problem, linear or not, with its constant on the other side."""
    found: dict[str, tuple[dict[tuple[int, ...], float], float]] = {}
    for k in range(len(problem.rows)):
        index, value = problem.rows.row(k)
        assert np.all(np.diff(index) > 0) and np.all(value != 0) and problem.rows.lower[k] == -np.inf
        found[problem.rows.names[k]] = (
            {(int(c),): float(v) for c, v in zip(index, value)},
            float(problem.rows.upper[k]),
        )
    for row in problem.polynomial_rows:
        assert row.polynomial.degree >= 2 and row.polynomial.offset == 0
        found[row.name] = (terms_of(row.polynomial), row.upper)
    assert len(found) == naive.size
    for where in np.ndindex(naive.shape):
        name = f"row[{','.join(map(str, where))}]" if where else "row"
        wanted = naive[where].nonzero()
        constant = wanted.pop((), 0)
        assert found[name] == (wanted, limit - constant)


@settings(max_examples=250, deadline=None, derandomize=True)
@given(st.data())
def test_a_random_program_builds_what_its_obvious_twin_says(data: st.DataObject) -> None:
    m, made = fresh()
    pool = pairs(made)
    for _ in range(data.draw(st.integers(1, 6))):
        x, naive = step(data.draw, pool)
        assert x.shape == naive.shape and x.size == naive.size
        if naive.size <= 60:
            pool.append((x, naive))
    x, naive = pool[-1]
    if naive.size == 0:
        return
    m.minimize(x.sum(), name="cost")
    m.add("row", x <= 5)
    built = m.problem()
    total = sum(naive.ravel(), Naive({}, KINDS))
    assert terms_of(built.objective) == total.nonzero()
    compare_rows(built, naive, 5)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.data())
def test_values_of_expressions_are_those_of_numpy(data: st.DataObject) -> None:
    """At a random point every expression is worth what the same formula over numbers is worth."""
    _, (b, s, k, r) = fresh()
    seed = data.draw(st.integers(0, 10_000))
    rng = np.random.default_rng(seed)
    vb, vs, vk, vr = (
        rng.integers(0, 2, (2, 3)),
        rng.choice([-1, 1], 3),
        rng.integers(-2, 4, (2, 2)),
        rng.integers(-1, 5),
    )
    point = np.concatenate([vb.ravel(), vs, vk.ravel(), [vr]])
    D = rng.integers(-3, 4, (3, 3))

    def formula(b: Any, s: Any, k: Any, r: Any) -> list[Any]:
        return [
            (b @ D) * b[::-1, :],
            ((b @ D) * s).sum(axis=1) ** 3,
            k @ b,
            (k @ k - 2 * k.T) * r,
            1 - (s[None, :] * s[:, None]).sum(axis=0),
            D @ s @ D @ s,
        ]

    for made, wanted in zip(formula(b, s, k, r), formula(vb, vs, vk, vr)):
        got = evaluate(made, point)
        assert got.shape == np.shape(wanted)
        np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("power", range(1, 6))
def test_powers_of_binaries_and_spins_fall_away(power: int) -> None:
    m, (b, s, k, _) = fresh()
    assert (b**power).degree == 1
    m.minimize((s**power).sum() + (k**power)[0, 0])
    found = terms_of(m.problem().objective)
    spins = {(6,): 1.0, (7,): 1.0, (8,): 1.0} if power % 2 else {(): 3.0}
    assert found == spins | {(9,) * power: 1.0}


def test_a_long_python_sum_is_the_same_as_sum() -> None:
    """20,000 summands are joined once at the end, without recursion."""
    m = Model()
    x = m.binary("x", 200)
    looped = sum(k * x[k % 200] for k in range(20_000))
    assert isinstance(looped, Expression)
    m.minimize(looped)
    weights = np.bincount(np.arange(20_000) % 200, weights=np.arange(20_000))
    np.testing.assert_array_equal(m.problem().objective.linear, weights)
