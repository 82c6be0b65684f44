"""Polynomials over bits as polynomials over spins, s = 2 b - 1."""

from __future__ import annotations

import numpy as np

from qopt.core.arrays import Floats, Indices
from qopt.core.polynomial import Polynomial


def ising(polynomial: Polynomial) -> tuple[Floats, tuple[Indices, Indices, Floats], float]:
    """``offset + sum(h * s) + sum(J * s[row] * s[col])``, equal to the polynomial where s = 2 b - 1.

    With b = (1 + s) / 2: ``a b = a/2 + a/2 s`` and ``q b c = q/4 (1 + s_b + s_c + s_b s_c)``.

    Parameters
    ----------
    polynomial
        Over bits, of degree 2 at most.

    Returns
    -------
    h (n,), (row, col, J) with row < col, and the offset.
    """
    if len(polynomial.products):
        raise ValueError(f"an Ising model has degree 2, the polynomial has {polynomial.degree}")
    pair = polynomial.row != polynomial.col  # the square of a bit is the bit
    row, col, quarter = polynomial.row[pair], polynomial.col[pair], polynomial.value[pair] / 4
    linear = np.array(polynomial.linear)
    np.add.at(linear, polynomial.row[~pair], polynomial.value[~pair])
    field = linear / 2
    np.add.at(field, row, quarter)
    np.add.at(field, col, quarter)
    return field, (row, col, quarter), polynomial.offset + float(linear.sum()) / 2 + float(quarter.sum())
