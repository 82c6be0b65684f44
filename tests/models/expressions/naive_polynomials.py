"""The obvious twin of the arrays of expressions: numpy object arrays of dictionaries from columns to coefficients."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from qopt.core.polynomial import Polynomial
from qopt.core.problem import Kind


class Naive:
    """A polynomial ``{(columns ascending): coefficient}``; ``kinds`` says which powers fall away."""

    def __init__(self, terms: Mapping[tuple[int, ...], float], kinds: list[Kind]) -> None:
        self.kinds = kinds
        self.terms: dict[tuple[int, ...], float] = {}
        for columns, value in terms.items():
            key = self.reduced(columns)
            self.terms[key] = self.terms.get(key, 0) + value

    def reduced(self, columns: tuple[int, ...]) -> tuple[int, ...]:
        out: list[int] = []
        for column, power in sorted(Counter(columns).items()):
            if self.kinds[column] is Kind.BINARY:
                power = 1
            elif self.kinds[column] is Kind.SPIN:
                power %= 2
            out += [column] * power
        return tuple(out)

    def __add__(self, other: Any) -> Naive:
        out = dict(self.terms)
        for key, value in (other.terms if isinstance(other, Naive) else {(): other}).items():
            out[key] = out.get(key, 0) + value
        return Naive(out, self.kinds)

    __radd__ = __add__

    def __mul__(self, other: Any) -> Naive:
        right = other.terms if isinstance(other, Naive) else {(): other}
        total = Naive({}, self.kinds)
        for a, v in self.terms.items():
            for b, w in right.items():
                total = total + Naive({a + b: v * w}, self.kinds)
        return total

    __rmul__ = __mul__

    def __neg__(self) -> Naive:
        return self * -1

    def __sub__(self, other: Any) -> Naive:
        return self + -1 * other

    def __rsub__(self, other: Any) -> Naive:
        return other + -1 * self

    def __truediv__(self, other: float) -> Naive:
        return self * (1 / other)

    def nonzero(self) -> dict[tuple[int, ...], float]:
        return {key: value for key, value in self.terms.items() if value != 0}


def naive_variables(columns: np.ndarray, kinds: list[Kind]) -> np.ndarray:
    out = np.empty(columns.shape, dtype=object)
    for where in np.ndindex(columns.shape):
        out[where] = Naive({(int(columns[where]),): 1}, kinds)
    return out


def as_objects(thing: Any) -> np.ndarray:
    """An object array, also of a single polynomial."""
    if isinstance(thing, np.ndarray):
        return thing
    out = np.empty((), dtype=object)
    out[()] = thing
    return out


def terms_of(polynomial: Polynomial) -> dict[tuple[int, ...], float]:
    """The stored terms; fails on a pair or product that is stored twice, unsorted or zero."""
    out: dict[tuple[int, ...], float] = {(): polynomial.offset} if polynomial.offset else {}
    out |= {(c,): float(v) for c, v in enumerate(polynomial.linear) if v}
    for i, j, v in zip(polynomial.row.tolist(), polynomial.col.tolist(), polynomial.value.tolist()):
        assert i <= j and v != 0 and (i, j) not in out
        out[i, j] = v
    for t in range(len(polynomial.products)):
        key = tuple(polynomial.products.term(t).tolist())
        assert len(key) > 2 and list(key) == sorted(key) and key not in out
        assert polynomial.products.coefficient[t] != 0
        out[key] = float(polynomial.products.coefficient[t])
    return out
