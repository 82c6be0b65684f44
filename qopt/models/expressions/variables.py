"""Arrays of decision variables."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qopt.core.names import Labels
from qopt.models.expressions.arrays import Expression
from qopt.models.expressions.labels import Axes
from qopt.models.expressions.space import Space
from qopt.models.expressions.terms import Terms


class Variables(Expression):
    """Decision variables in the shape they were declared in, or a part of them.

    Parameters
    ----------
    labels
        The declared family.
    columns
        The column of each variable.
    name
        The family's name; None for a part of it.
    """

    __slots__ = ("columns", "labels", "name")
    __hash__ = object.__hash__

    def __init__(
        self, space: Space, labels: Labels, columns: NDArray[np.int32], axes: Axes, name: str | None = None
    ) -> None:
        super().__init__(space, columns.shape, None, axes)
        self.labels, self.columns, self.name = labels, columns, name

    @property
    def terms(self) -> Terms:
        """The variables as polynomials, in C order."""
        if self._terms is None:
            self._terms = Terms.of_columns(self.columns.ravel())
        return self._terms

    def __repr__(self) -> str:
        return f"<{self._what()}: {'scalar' if not self.shape else f'shape {self.shape}'}>"

    def _grid(self) -> NDArray[np.int32]:
        """The columns stand for the variables."""
        return self.columns

    def _picked(self, found: NDArray[np.int32], axes: Axes = ()) -> Variables:
        return Variables(self.space, self.labels, found, axes)

    def _what(self) -> str:
        return f"variable {self.labels.name}" if self.name else f"a part of variable {self.labels.name}"


def columns_of(expression: Expression) -> NDArray[np.int32] | None:
    """The columns of an array whose elements are plain variables, in its shape; None for any other expression."""
    if isinstance(expression, Variables):
        return expression.columns
    terms = expression.terms
    if terms.constant.any() or terms.degree != 1 or terms.count != terms.size:
        return None
    block, _ = terms.blocks[0].grouped(terms.size)
    if not np.array_equal(block.element, np.arange(terms.size)) or not np.all(block.coefficient == 1.0):
        return None
    return block.column.reshape(expression.shape)
