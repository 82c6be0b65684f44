"""Linear and quadratic functions as foreign modelling libraries hand them over, on their way into a Problem."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qopt.core.arrays import Floats
from qopt.core.names import Labels
from qopt.core.polynomial import Polynomial
from qopt.core.rows import PolynomialRow, Rows
from qopt.models.expressions import builder
from qopt.models.expressions.builder import PolynomialFamily, Price
from qopt.models.expressions.terms import Monomials, Terms


@dataclass
class Quadratic:
    """``constant + sum(linear[c] * x[c]) + sum(pairs[i, j] * x[i] * x[j])``, entries in any order, repeats added up."""

    constant: float = 0.0
    linear: list[tuple[int, float]] = field(default_factory=list)
    pairs: list[tuple[int, int, float]] = field(default_factory=list)


def stacked(functions: Sequence[Quadratic], kind: NDArray[np.int8]) -> Terms:
    """The functions as one array of polynomials, squares of binary and spin columns simplified."""
    constant = np.array([function.constant for function in functions], dtype=np.float64)
    lines = [(e, c, v) for e, function in enumerate(functions) for c, v in function.linear]
    pairs = [(e, i, j, v) for e, function in enumerate(functions) for i, j, v in function.pairs]
    parts = [Terms(constant)]
    if lines:
        element, column, value = (np.array(part) for part in zip(*lines))
        linear = Monomials(element, column.astype(np.int32).reshape(-1, 1), value.astype(np.float64))
        parts.append(Terms(np.zeros(len(functions)), (linear,)))
    if pairs:
        element, first, second, value = (np.array(part) for part in zip(*pairs))
        both = np.stack([first, second], axis=1).astype(np.int32)
        for block in Monomials(element, both, value.astype(np.float64)).simplified(kind):
            if block.degree:
                parts.append(Terms(np.zeros(len(functions)), (block,)))
            else:
                squares: Any = np.bincount(block.element, block.coefficient, minlength=len(functions))
                parts.append(Terms(squares))
    return Terms.total(parts)


def polynomial(function: Quadratic, kind: NDArray[np.int8]) -> Polynomial:
    """One function as a polynomial over all columns, of the given kinds."""
    return builder.polynomial(stacked([function], kind), len(kind))


def rows(
    functions: Sequence[Quadratic],
    lower: Floats,
    upper: Floats,
    labels: Labels,
    kind: NDArray[np.int8],
    price: Price | None = None,
) -> tuple[list[Rows], list[PolynomialRow]]:
    """``lower <= function <= upper`` for a family of functions: linear rows, and those that are not."""
    terms = stacked(functions, kind).collected(len(kind))
    low, high = lower - terms.constant, upper - terms.constant
    terms = Terms(np.zeros(terms.size), terms.blocks)
    if terms.degree < 2:
        return [builder.rows(terms, low, high, labels, len(kind), price)], []
    return PolynomialFamily(terms, low, high, labels, price).split(len(kind))


def family(name: str, keys: Sequence[Hashable]) -> Labels:
    """The record of an indexed family from its keys in order: a grid where they form one, else a labelled list.

    The single key None means a scalar. An axis with keys 0, 1, … is numbered, others carry the keys as labels.
    """
    if list(keys) == [None]:
        return Labels(name)
    tuples = [key if isinstance(key, tuple) else (key,) for key in keys]
    if len({len(key) for key in tuples}) == 1:
        axes = [list(dict.fromkeys(part)) for part in zip(*tuples)]
        if list(product(*axes)) == tuples:
            labels = tuple(None if axis == list(range(len(axis))) else tuple(map(str, axis)) for axis in axes)
            return Labels(name, tuple(len(axis) for axis in axes), labels)
    return Labels(name, (len(tuples),), (tuple(",".join(map(str, key)) for key in tuples),))
