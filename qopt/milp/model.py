"""A mixed-integer linear model as arrays, and whether it says what the problem says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from qopt.core.arrays import Bools, Floats, Ints
from qopt.core.problem import Problem


@dataclass(frozen=True, slots=True)
class Linearisation:
    """Whether a problem is a mixed-integer linear model, and at what cost.

    Parameters
    ----------
    exact
        Whether the model says the same as the problem.
    products
        How many products became columns.
    reason
        Why there is no exact model, in one sentence; empty when there is one.
    """

    exact: bool
    products: int = 0
    reason: str = ""


@dataclass(frozen=True, eq=False)
class Model:
    """Minimise ``costs[level] @ y + offsets[level]`` over ``row_lower <= A y <= row_upper``, ``lower <= y <= upper``.

    The first ``problem.n`` columns are the problem's own: ``x = shift + scale * y``. The rest are products, bits of
    integers and violations of soft rows.

    Parameters
    ----------
    indptr, index, value
        CSR of A.
    source, member
        Shape (rows,): what each row stands for, and which row, group, … of the problem it is (-1 for definitions).
    levels
        Which objective levels were lowered; ``costs`` (levels, columns) and ``offsets`` have their sign turned so that
        small is good.
    """

    problem: Problem
    lower: Floats
    upper: Floats
    integer: Bools
    shift: Floats
    scale: Floats
    indptr: Ints
    index: Ints
    value: Floats
    row_lower: Floats
    row_upper: Floats
    source: Ints
    member: Ints
    levels: tuple[int, ...]
    costs: Floats
    offsets: Floats

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.row_lower)

    @property
    def columns(self) -> int:
        """Number of columns."""
        return len(self.lower)

    def values(self, y: ArrayLike) -> Floats:
        """Values of the problem's columns at a point of the model, discrete ones rounded."""
        x = self.shift + self.scale * np.asarray(y, dtype=np.float64)[: self.problem.n]
        discrete = self.problem.columns.discrete
        x[discrete] = np.rint(x[discrete])
        return x

    def point(self, values: ArrayLike) -> Floats:
        """The first ``problem.n`` columns of the model at given values of the problem's columns."""
        y: Floats = (np.asarray(values, dtype=np.float64) - self.shift) / self.scale
        return y
