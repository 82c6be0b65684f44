"""Terms at points -> polynomials and rows of a Problem."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qopt.core.arrays import Floats
from qopt.core.names import Labels
from qopt.core.polynomial import Polynomial
from qopt.core.polynomial import Products as HigherProducts
from qopt.core.rows import Norm, PolynomialRow
from qopt.models.formulas.terms import Products, Terms, collected


@dataclass(frozen=True, eq=False)
class LinearRows:
    """One family of linear rows in CSR form, with its names and, when it is soft, its prices."""

    labels: Labels
    indptr: NDArray[np.int64]
    index: NDArray[np.int32]
    value: Floats
    lower: Floats
    upper: Floats
    price: Floats | None
    norm: Norm
    level: int


def polynomial(terms: Terms, kind: NDArray[np.int8]) -> Polynomial:
    """The polynomial of an expression at its only point."""
    constant, by_degree = collected(terms, kind)
    return _polynomial(float(constant[0]), by_degree, len(kind))


def _polynomial(offset: float, by_degree: dict[int, Products], n: int) -> Polynomial:
    linear = np.zeros(n)
    pairs = np.empty((0, 2), np.int32)
    values = np.empty(0)
    if 1 in by_degree:
        linear[by_degree[1].columns[:, 0]] = by_degree[1].coefficient
    if 2 in by_degree:
        pairs, values = by_degree[2].columns, by_degree[2].coefficient
    higher = [piece for degree, piece in by_degree.items() if degree > 2]
    return Polynomial(linear, pairs[:, 0], pairs[:, 1], values, _products(higher), offset)


def _products(pieces: Sequence[Products]) -> HigherProducts:
    if not pieces:
        return HigherProducts()
    lengths = np.concatenate([np.full(len(p.coefficient), p.degree) for p in pieces])
    indptr = np.concatenate([[0], np.cumsum(lengths)])
    index = np.concatenate([p.columns.ravel() for p in pieces])
    return HigherProducts(indptr, index, np.concatenate([p.coefficient for p in pieces]))


def rows(
    terms: Terms,
    lower: Floats,
    upper: Floats,
    kind: NDArray[np.int8],
    labels: Labels,
    *,
    price: Floats | None = None,
    norm: Norm = Norm.LINEAR,
    level: int = 0,
) -> tuple[LinearRows | None, list[PolynomialRow]]:
    """The rows of one rule, one per point; those with products of variables apart.

    Parameters
    ----------
    lower, upper, price
        Shape (points,).
    labels
        Names of the rows in the order of the points.
    """
    constant, by_degree = collected(terms, kind)
    lower, upper = lower - constant + 0.0, upper - constant + 0.0
    curved = np.zeros(terms.points, dtype=bool)
    for degree, piece in by_degree.items():
        if degree > 1:
            curved[piece.point] = True
    straight = np.flatnonzero(~curved)
    linear = by_degree.get(1) or _nothing()
    found = None
    if len(straight):
        row = np.cumsum(~curved) - 1
        keep = ~curved[linear.point]
        indptr = np.concatenate([[0], np.cumsum(np.bincount(row[linear.point[keep]], minlength=len(straight)))])
        found = LinearRows(
            labels if len(straight) == terms.points else _some(labels, straight),
            indptr,
            linear.columns[keep, 0],
            linear.coefficient[keep],
            lower[straight],
            upper[straight],
            None if price is None else price[straight],
            norm,
            level,
        )
    products = []
    for k in np.flatnonzero(curved).tolist():
        at_k = {degree: _at(piece, k) for degree, piece in by_degree.items()}
        its_price = None if price is None else float(price[k])
        poly = _polynomial(0.0, at_k, len(kind))
        its_labels = _some(labels, [k])
        products.append(PolynomialRow(poly, float(lower[k]), float(upper[k]), its_labels, its_price, norm, level))
    return found, products


def _at(piece: Products, point: int) -> Products:
    span = slice(*np.searchsorted(piece.point, [point, point + 1]).tolist())
    return Products(piece.point[span], piece.columns[span], piece.coefficient[span])


def _nothing() -> Products:
    return Products(np.empty(0, np.int64), np.empty((0, 1), np.int32), np.empty(0))


def _some(labels: Labels, members: Any) -> Labels:
    """The names of a few members of a family, on one axis."""
    if not labels.shape:
        return labels
    names = tuple(",".join(str(part) for part in labels.index(int(k))) for k in members)
    return Labels(labels.name, (len(names),), (names,), labels.place, labels.why)
