"""From terms and comparisons to the arrays of a Problem."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from qopt.core.arrays import Floats
from qopt.core.names import Labels, NameTable
from qopt.core.polynomial import Polynomial, Products
from qopt.core.rows import Groups, Indicators, Norm, PolynomialRow, Rows
from qopt.models.expressions.terms import Monomials, Terms


@dataclass(frozen=True, eq=False)
class Price:
    """What a family of soft rows costs.

    Parameters
    ----------
    price
        Shape (rows,), >= 0: for one unit of violation, or for its occurrence.
    """

    price: Floats
    norm: Norm
    level: int


def polynomial(terms: Terms, columns: int) -> Polynomial:
    """The sum of all elements as one polynomial over so many columns; like terms are added up."""
    merged = terms.scatter(np.zeros(terms.size, dtype=np.int64), 1).collected(columns)
    linear, pairs = np.zeros(columns), None
    higher = []
    for block in merged.blocks:
        if block.degree == 1:
            linear[block.column[:, 0]] = block.coefficient
        elif block.degree == 2:
            pairs = block
        else:
            higher.append(block)
    products, offset = _products(higher), float(merged.constant[0])
    if pairs is None:
        return Polynomial(linear, products=products, offset=offset)
    return Polynomial(linear, pairs.column[:, 0], pairs.column[:, 1], pairs.coefficient, products, offset)


def _products(blocks: Sequence[Monomials]) -> Products:
    if not blocks:
        return Products()
    lengths = np.concatenate([np.full(len(block), block.degree) for block in blocks])
    return Products(
        np.concatenate([[0], np.cumsum(lengths)]),
        np.concatenate([block.column.ravel() for block in blocks]),
        np.concatenate([block.coefficient for block in blocks]),
    )


def rows(terms: Terms, lower: Floats, upper: Floats, labels: Labels, columns: int, price: Price | None = None) -> Rows:
    """Linear rows, one per element."""
    indptr = np.zeros(terms.size + 1, dtype=np.int64)
    index, value = np.zeros(0, dtype=np.int32), np.zeros(0)
    for block in terms.collected(columns).blocks:
        np.cumsum(np.bincount(block.element, minlength=terms.size), out=indptr[1:])
        index, value = block.column[:, 0], block.coefficient
    names = NameTable((labels,))
    if price is None:
        return Rows(indptr, index, value, lower, upper, names)
    norm = np.full(terms.size, price.norm, dtype=np.int8)
    level = np.full(terms.size, price.level, dtype=np.int32)
    return Rows(indptr, index, value, lower, upper, names, price.price, norm, level)


@dataclass(frozen=True, eq=False)
class PolynomialFamily:
    """Rows of which at least one has degree 2 or more, kept as terms until the number of columns is known."""

    terms: Terms
    lower: Floats
    upper: Floats
    labels: Labels
    price: Price | None

    def split(self, columns: int) -> tuple[list[Rows], list[PolynomialRow]]:
        """Each element as a row of its own: linear where it is linear after all."""
        linear, curved = [], []
        for k, terms in enumerate(self.terms.split()):
            made = polynomial(terms, columns)
            labels = Labels(self.labels.text(k), (), (), self.labels.place, self.labels.why)
            price = None if self.price is None else Price(self.price.price[[k]], self.price.norm, self.price.level)
            if made.degree < 2:
                linear.append(rows(terms, self.lower[[k]], self.upper[[k]], labels, columns, price))
                continue
            soft: dict[str, Any] = {}
            if price is not None:
                soft = {"price": float(price.price[0]), "norm": price.norm, "level": price.level}
            curved.append(PolynomialRow(made, float(self.lower[k]), float(self.upper[k]), labels, **soft))
        return linear, curved


def joined_rows(parts: Sequence[Rows]) -> Rows:
    """Rows end to end."""
    if len(parts) < 2:
        return parts[0] if parts else Rows()
    soft = any(part.price is not None for part in parts)
    return Rows(
        _pointers([part.indptr for part in parts]),
        np.concatenate([part.index for part in parts]),
        np.concatenate([part.value for part in parts]),
        np.concatenate([part.lower for part in parts]),
        np.concatenate([part.upper for part in parts]),
        _names(parts),
        _filled([part.price for part in parts], parts, np.nan) if soft else None,
        _filled([part.norm for part in parts], parts, Norm.LINEAR) if soft else None,
        _filled([part.level for part in parts], parts, 0) if soft else None,
    )


def joined_groups(parts: Sequence[Groups]) -> Groups:
    """Groups end to end."""
    if len(parts) < 2:
        return parts[0] if parts else Groups()
    return Groups(
        np.concatenate([part.kind for part in parts]),
        _pointers([part.indptr for part in parts]),
        np.concatenate([part.index for part in parts]),
        _names(parts),
    )


def joined_indicators(parts: Sequence[Indicators]) -> Indicators:
    """Indicator rows end to end."""
    if len(parts) < 2:
        return parts[0] if parts else Indicators()
    return Indicators(
        np.concatenate([part.column for part in parts]),
        np.concatenate([part.active for part in parts]),
        joined_rows([part.rows for part in parts]),
    )


def _names(parts: Sequence[Rows] | Sequence[Groups]) -> NameTable:
    return NameTable(tuple(family for part in parts for family in part.names.families))


def _pointers(pointers: Sequence[Any]) -> Any:
    """CSR pointers end to end."""
    lengths = np.concatenate([np.diff(pointer) for pointer in pointers])
    return np.concatenate([[0], np.cumsum(lengths)])


def _filled(given: Sequence[Any], parts: Sequence[Rows], default: float) -> Any:
    return np.concatenate([np.full(len(p), default) if g is None else g for g, p in zip(given, parts)])
