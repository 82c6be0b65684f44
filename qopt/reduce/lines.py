"""Every hard linear rule in whole numbers as one matrix: rows, then the lines of groups."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qopt.core.arrays import Bools, Floats, Indices, Ints
from qopt.core.problem import Problem
from qopt.reduce.steps import ImpossibleRow, whole_rows


@dataclass(frozen=True, eq=False)
class Lines:
    """Rules ``lower <= A x <= upper``, A and the sides whole.

    Parameters
    ----------
    owner, index, value
        The line, the column and the coefficient of each entry, lines ascending.
    row
        Shape (lines,): the row of ``problem.rows``, or ``-1 - g`` for a line of group g.
    """

    problem: Problem
    owner: Ints
    index: Indices
    value: Floats
    lower: Floats
    upper: Floats
    row: Ints

    @classmethod
    def of(cls, problem: Problem) -> Lines:
        """The hard rows in whole numbers and all groups of a problem."""
        chosen = np.flatnonzero(whole_rows(problem))
        rows, count = problem.rows, len(chosen)
        place = np.full(len(rows), -1, dtype=np.int64)
        place[chosen] = np.arange(count)
        owner = place[rows.row_of_entry()]
        keep = (owner >= 0) & (rows.value != 0)
        groups = problem.groups.as_rows()
        group = np.array([g for g, _, _ in problem.groups.simple()], dtype=np.int64)
        return cls(
            problem,
            np.concatenate([owner[keep], groups.row_of_entry() + count]),
            np.concatenate([rows.index[keep], groups.index]),
            np.concatenate([rows.value[keep], groups.value]),
            np.concatenate([rows.lower[chosen], groups.lower]),
            np.concatenate([rows.upper[chosen], groups.upper]),
            np.concatenate([chosen, -1 - group]),
        )

    def __len__(self) -> int:
        return len(self.lower)

    def sums(self, entries: Floats | Bools) -> Floats:
        """Sum over the entries of each line."""
        return np.bincount(self.owner, weights=entries, minlength=len(self)).astype(np.float64)

    def activity(self, low: Floats, high: Floats) -> tuple[Floats, Floats]:
        """Least and greatest left side of each line over column bounds, infinite where a bound is."""
        a, b = self.value * low[self.index], self.value * high[self.index]
        return self.sums(np.minimum(a, b)), self.sums(np.maximum(a, b))

    def name(self, line: int) -> str:
        """The name of the row or group."""
        row = int(self.row[line])
        return self.problem.rows.names[row] if row >= 0 else self.problem.groups.names[-1 - row]

    def refuse_impossible(self, least: Floats, most: Floats) -> None:
        """Refuse lines whose left side never reaches their sides.

        Raises
        ------
        ImpossibleRow
            The first such line.
        """
        never = (least > self.upper) | (most < self.lower) | (self.lower > self.upper)
        if never.any():
            k = int(np.argmax(never))
            raise ImpossibleRow(self.name(k), least[k], most[k], self.lower[k], self.upper[k])
