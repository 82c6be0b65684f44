"""Comparisons of expressions: rows that do not belong to a model yet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from qopt.core.arrays import Floats
from qopt.models.expressions.faults import fault
from qopt.models.expressions.labels import Axes
from qopt.models.expressions.terms import Terms

if TYPE_CHECKING:
    from qopt.models.expressions.arrays import Expression
    from qopt.models.expressions.space import Space


class Relation:
    """Rows ``lower <= terms <= upper``, one per element, for ``Model.add``.

    Parameters
    ----------
    expression
        What is compared; its constants are moved to the sides.
    lower, upper
        Sides in the expression's shape; infinite where open.
    """

    __slots__ = ("axes", "lower", "shape", "space", "terms", "upper")

    def __init__(self, expression: Expression, lower: Floats, upper: Floats) -> None:
        terms = expression.terms
        self.space: Space = expression.space
        self.shape: tuple[int, ...] = expression.shape
        self.axes: Axes = expression.axes
        self.terms = Terms(np.zeros(terms.size), terms.blocks)
        self.lower: Floats = lower.ravel() - terms.constant + 0.0  # + 0.0: never a negative zero
        self.upper: Floats = upper.ravel() - terms.constant + 0.0

    @classmethod
    def listed(cls, relations: Sequence[Relation], labels: Sequence[str] | None = None) -> Relation:
        """Scalar relations as one array, with labels if they have some.

        Raises
        ------
        ModelError
            An entry that is no scalar relation, or relations of several models.
        """
        for k, relation in enumerate(relations):
            if not isinstance(relation, Relation) or relation.shape:
                raise fault(f"entry {k if labels is None else repr(labels[k])} is a scalar comparison", repr(relation))
            if relation.space is not relations[0].space:
                raise fault("all rows belong to the same model", repr(relation))
        out = cls.__new__(cls)
        out.space, out.shape = relations[0].space, (len(relations),)
        out.axes = (None if labels is None else tuple(labels),)
        out.terms = Terms.chained([relation.terms for relation in relations])
        out.lower = np.concatenate([relation.lower for relation in relations])
        out.upper = np.concatenate([relation.upper for relation in relations])
        return out

    def __repr__(self) -> str:
        return f"<relation: {'scalar' if not self.shape else f'shape {self.shape}'}, {self.terms.count} terms>"

    def __bool__(self) -> NoReturn:
        raise fault(
            "a comparison has no truth value before it is solved: not in `and`, `or`, `not`, `if` or a <= x <= b",
            suggestion="two sides: m.add(name, x, lower=a, upper=b); several rows: one m.add each",
        )

    def _logic(self, other: Any = None) -> NoReturn:
        raise fault(
            "comparisons are not combined with & | ~",
            suggestion="rows hold together anyway; for a choice use m.indicator(name, binary, row)",
        )

    __and__ = __or__ = __xor__ = __rand__ = __ror__ = __invert__ = _logic

    def _chain(self, other: Any) -> NoReturn:
        raise fault("a comparison is not compared again", suggestion="two sides: m.add(name, x, lower=a, upper=b)")

    __le__ = __ge__ = __lt__ = __gt__ = _chain

    def _number(self, other: Any = None) -> NoReturn:
        raise fault("a comparison is no number", suggestion="for a row that counts when broken use soft= in add")

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __neg__ = _number
