"""Elements as indices and in comparisons: the same element may be named by a loop, a text or a number."""

from __future__ import annotations

import ast
import operator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qopt.models.documents.issues import closest
from qopt.models.formulas.frame import Element
from qopt.models.formulas.parse import Formula
from qopt.models.formulas.symbols import IndexSet

_OPERATORS: dict[type[ast.cmpop], Any] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


def position_in(formula: Formula, node: ast.AST, value: Any, over: IndexSet) -> NDArray[np.int64]:
    """Positions in ``over`` of an index.

    Raises
    ------
    FormulaFault
        An element that the set does not have, or an index that is none.
    """
    position = _positions(formula, node, value, over)
    if np.any(position < 0):
        at = int(np.flatnonzero(np.atleast_1d(position) < 0)[0])
        word = _word(value, at)
        if over.start is not None:
            rule = f"the index leaves {over.name}, which runs from {over.start} to {over.start + len(over) - 1}"
            raise formula.fault(node, rule, word, "add a condition that keeps it inside")
        raise formula.fault(node, f"no element of {over.name}", word, closest(word, over.labels))
    return position


def element_in(formula: Formula, node: ast.AST, value: Any, over: IndexSet) -> NDArray[np.bool_]:
    """Whether an index is an element of a set."""
    return _positions(formula, node, value, over) >= 0


def _positions(formula: Formula, node: ast.AST, value: Any, over: IndexSet) -> NDArray[np.int64]:
    """Positions in ``over``, -1 where there is none."""
    if isinstance(value, Element):
        if value.of is over:
            return value.position
        if value.of.start is not None and over.start is not None:
            return _in_range(value.of.numbers[value.position], over)
        return over.positions_of(value.of)[value.position]
    if isinstance(value, str):
        return np.asarray(over.positions.get(value, -1))
    if not isinstance(value, (np.ndarray, np.floating)):
        suggestion = "an index is a loop's name, an element in quotes, or a number"
        raise formula.fault(node, "a variable is no index", formula.source(node), suggestion)
    numbers = np.asarray(value)
    if over.start is not None:
        return _in_range(numbers, over)
    if numbers.ndim:
        rule = f"{over.name} is a list: its elements have no arithmetic"
        raise formula.fault(node, rule, formula.source(node), "declare it as {range: [first, last]}")
    return np.asarray(over.positions.get(_digits(float(numbers)), -1))


def _in_range(numbers: NDArray[np.float64], over: IndexSet) -> NDArray[np.int64]:
    step = numbers - (over.start or 0)
    inside = (step >= 0) & (step < len(over)) & (step == np.rint(step))
    return np.where(inside, step, -1).astype(np.int64)


def _word(value: Any, at: int) -> str:
    """An index as a word, for a message."""
    if isinstance(value, Element):
        return str(value.of.label(int(np.atleast_1d(value.position)[at])))
    return value if isinstance(value, str) else _digits(float(np.atleast_1d(value)[at]))


def _digits(number: float) -> str:
    """A number as a person writes it: whole numbers without a point."""
    return str(int(number)) if number == int(number) else repr(number)


def compared(
    formula: Formula, op: ast.cmpop, left: tuple[ast.AST, Any], right: tuple[ast.AST, Any]
) -> NDArray[np.bool_]:
    """A comparison of elements, texts and numbers at every point.

    Elements of one list compare in declared order; elements of different lists, and texts, are equal or not.
    """
    holds = _OPERATORS[type(op)]
    one, two = left[1], right[1]
    if isinstance(one, Element) and isinstance(two, Element) and one.of is two.of:
        return np.asarray(holds(one.position, two.position))
    numeric = [not isinstance(v, str) and (not isinstance(v, Element) or v.of.start is not None) for v in (one, two)]
    if all(numeric):
        return np.asarray(holds(_numbers(one), _numbers(two)))
    if not isinstance(op, (ast.Eq, ast.NotEq)):
        rule = "these have no common order"
        raise formula.fault(left[0], rule, suggestion="compare elements of one set, or numbers")
    if not isinstance(one, Element):
        left, right, one, two = right, left, two, one
    if not isinstance(one, Element):
        raise formula.fault(left[0], "a text is compared with an element", suggestion="compare it with a loop's name")
    position = _positions(formula, right[0], two, one.of)
    if not isinstance(two, Element) and np.any(position < 0):
        word = _word(two, 0)
        raise formula.fault(right[0], f"no element of {one.of.name}", word, closest(word, one.of.positions))
    return np.asarray(holds(one.position, position))


def _numbers(value: Any) -> NDArray[np.float64]:
    return value.of.numbers[value.position] if isinstance(value, Element) else np.asarray(value)
