"""Plain judgement of points before they leave: nothing that HiGHS says is passed on unchecked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from qopt.core.arrays import Bools, Floats
from qopt.core.polynomial import Polynomial
from qopt.core.problem import Kind, Problem, violation
from qopt.core.rows import GroupKind, Rows

TOLERANCE = 1e-6
"""Constraints that are not whole numbers over discrete columns may be broken by this times max(1, |activity|)."""


class Verifier:
    """The hard constraints of one problem, numbered: rows, sets of the groups, polynomial rows, indicator rows.

    Attributes
    ----------
    structure
        Sparse 0/1 matrix, shape (constraints, columns): which columns each constraint reads.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self._rows = problem.rows.select(~problem.rows.soft) if problem.has_soft else problem.rows
        self._rows_exact = _exact(self._rows, problem.columns.discrete)
        sets = list(problem.groups.simple())
        self._sets = _incidence([members for _, _, members in sets], problem.n)
        self._least = np.array([1.0 if kind is GroupKind.EXACTLY_ONE else 0.0 for _, kind, _ in sets])
        self._polynomial_rows = [row for row in problem.polynomial_rows if row.price is None]
        self._switched = problem.indicators.rows
        self._switched_exact = _exact(self._switched, problem.columns.discrete)

    @property
    def structure(self) -> sparse.csr_matrix:
        rows, switched = self._rows, self._switched
        polynomials = _incidence([row.polynomial.columns() for row in self._polynomial_rows], self.problem.n)
        with_switch = [np.append(switched.row(k)[0], self.problem.indicators.column[k]) for k in range(len(switched))]
        return sparse.vstack(
            [
                sparse.csr_matrix((np.ones(len(rows.index)), rows.index, rows.indptr), (len(rows), self.problem.n)),
                self._sets,
                polynomials,
                _incidence(with_switch, self.problem.n),
            ],
            format="csr",
        )

    @property
    def sets(self) -> sparse.csr_matrix:
        """Sparse 0/1 matrix, shape (sets, columns): the exactly-one and at-most-one sets of the groups."""
        return self._sets

    def broken(self, values: ArrayLike) -> Bools:
        """Which constraints a point breaks."""
        x = np.asarray(values, dtype=np.float64)
        counts = self._sets @ x
        out = [
            _broken(self._rows, self._rows_exact, x),
            (counts > 1) | (counts < self._least),
            np.array([self._breaks(row.polynomial, row.lower, row.upper, x) for row in self._polynomial_rows], bool),
        ]
        indicators = self.problem.indicators
        active = x[indicators.column] == indicators.active
        out.append(active & _broken(self._switched, self._switched_exact, x))
        return np.concatenate(out)

    def _breaks(self, polynomial: Polynomial, lower: float, upper: float, x: Floats) -> bool:
        activity = float(polynomial.evaluate(x)[0])
        whole = polynomial.integral and self.problem.columns.discrete[polynomial.columns()].all()
        slack = 0.0 if whole else TOLERANCE * max(1.0, abs(activity))
        return not lower - slack <= activity <= upper + slack

    def accepts(self, values: ArrayLike) -> bool:
        """Whether a point lies in the columns' domains and breaks no hard constraint."""
        x = np.asarray(values, dtype=np.float64)
        columns = self.problem.columns
        if x.shape != (self.problem.n,) or not np.isfinite(x).all():
            return False
        slack = np.where(columns.discrete, 0.0, TOLERANCE * np.maximum(1.0, np.abs(x)))
        inside = (x >= columns.lower - slack) & (x <= columns.upper + slack)
        whole = ~columns.discrete | (x == np.rint(x))
        spin = (columns.kind != Kind.SPIN) | (np.abs(x) == 1)
        return bool((inside & whole & spin).all()) and not self.broken(x).any()


def _incidence(members: Sequence[NDArray[np.signedinteger[Any]]], n: int) -> sparse.csr_matrix:
    indptr = np.concatenate([[0], np.cumsum([len(m) for m in members])]).astype(np.int64)
    index = np.concatenate(members) if members else np.empty(0, np.int64)
    return sparse.csr_matrix((np.ones(len(index)), index, indptr), (len(members), n))


def _exact(rows: Rows, discrete: Bools) -> Bools:
    """Rows with whole coefficients over discrete columns: float64 sums of them are exact below 2**53."""
    exact = np.ones(len(rows), dtype=bool)
    good = (rows.value == np.rint(rows.value)) & discrete[rows.index]
    exact[rows.row_of_entry()[~good]] = False
    return exact


def _broken(rows: Rows, exact: Bools, x: Floats) -> Bools:
    activity = rows.activity(x)[0]
    over = violation(activity, rows.lower, rows.upper)
    return np.asarray(over > np.where(exact, 0.0, TOLERANCE * np.maximum(1.0, np.abs(activity))))
