"""Arrays of expressions, with numpy's rules of indexing, broadcasting and arithmetic."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import prod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qopt.core.arrays import Floats
from qopt.models.expressions import labels as axis_labels
from qopt.models.expressions.data import numbers, same_shape
from qopt.models.expressions.faults import fault
from qopt.models.expressions.labels import Axes
from qopt.models.expressions.relations import Relation
from qopt.models.expressions.space import Space
from qopt.models.expressions.terms import Terms


class Expression:
    """An array of polynomials over the variables of one model; a scalar has shape ``()``.

    Made by arithmetic on ``Variables``, never changed. Arrays of data may stand on either side of an operator; ``@``,
    slicing, fancy indexing, masks, broadcasting and ``sum(axis=)`` follow numpy; ``<= >= ==`` give a ``Relation`` for
    ``Model.add``.
    """

    __slots__ = ("_summands", "_terms", "axes", "shape", "space")
    __array_ufunc__ = None  # arrays of data on the left leave every operator to this class
    __hash__ = object.__hash__

    _terms: Terms | None
    _summands: tuple[Expression, Expression] | None

    def __init__(self, space: Space, shape: tuple[int, ...], terms: Terms | None, axes: Axes = ()) -> None:
        self.space = space
        self.shape = shape
        self.axes = axes or (None,) * len(shape)
        self._terms = terms
        self._summands = None

    # what it is

    @property
    def terms(self) -> Terms:
        """The polynomials, in C order."""
        if self._terms is None:
            self._terms = Terms.total([part.terms for part in self._leaves()])
            self._summands = None
        return self._terms

    @property
    def size(self) -> int:
        """Number of elements."""
        return prod(self.shape)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def degree(self) -> int:
        """The largest degree of any element."""
        return self.terms.degree

    @property
    def T(self) -> Expression:
        """With the axes reversed."""
        return self._rearranged(np.transpose, tuple(reversed(self.axes)))

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("a scalar expression has no length")
        return self.shape[0]

    def __iter__(self) -> Iterator[Expression]:
        return (self[k] for k in range(len(self)))

    def __repr__(self) -> str:
        return f"<{self._what()}: {'scalar' if not self.shape else f'shape {self.shape}'}, {self.terms.count} terms>"

    def evaluate(self, values: ArrayLike) -> Floats:
        """The value at one point.

        Parameters
        ----------
        values
            Shape (columns,), in column order, such as ``solution.values``.

        Returns
        -------
        An array of this shape (0-dimensional for a scalar).

        Raises
        ------
        ModelError
            Not as many values as the model has columns.
        """
        point = np.asarray(values, dtype=np.float64)
        if point.shape != (len(self.space),):
            raise fault(f"values are one number for each of the model's {len(self.space)} columns", point.shape)
        return self.terms.evaluate(point).reshape(self.shape)

    # picking and rearranging

    def __getitem__(self, key: Any) -> Expression:
        key = axis_labels.located(self._what(), key, self.shape, self.axes)
        try:
            found = np.asarray(self._grid()[key])
        except (IndexError, ValueError, TypeError) as error:
            raise fault(f"{self._what()} of shape {self.shape} has no such index: {error}", key) from error
        return self._picked(found, axis_labels.picked(key, self.shape, self.axes, found.shape))

    def reshape(self, *shape: Any) -> Expression:
        """The same elements in another shape."""
        wanted = shape[0] if len(shape) == 1 else shape
        return self._rearranged(lambda positions: positions.reshape(wanted))

    def ravel(self) -> Expression:
        """The elements in one axis, C order."""
        return self.reshape(-1)

    def transpose(self, *axes: int) -> Expression:
        """With the axes in another order; reversed by default."""
        order = axes or tuple(reversed(range(self.ndim)))
        return self._rearranged(lambda positions: positions.transpose(order), tuple(self.axes[k] for k in order))

    def _rearranged(self, move: Callable[[NDArray[Any]], NDArray[Any]], axes: Axes = ()) -> Expression:
        """The elements that ``move`` leaves when it is given an array that stands for them."""
        try:
            found = np.asarray(move(self._grid()))
        except (ValueError, IndexError, TypeError) as error:
            raise fault(f"{self._what()} of shape {self.shape} cannot be rearranged so: {error}") from error
        return self._picked(found, axes)

    def _grid(self) -> NDArray[Any]:
        """An array of this shape that stands for the elements: here their positions in C order."""
        return np.arange(self.size).reshape(self.shape)

    def _picked(self, found: NDArray[Any], axes: Axes = ()) -> Expression:
        """The elements that entries of the grid stand for."""
        return Expression(self.space, found.shape, self.terms.gather(found.ravel()), axes)

    # sums and products

    def sum(self, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Expression:
        """Sum over all elements, or along one or several axes."""
        gone = self._axes_of(axis)
        kept = tuple(1 if k in gone else length for k, length in enumerate(self.shape))
        cells = np.arange(prod(kept)).reshape(kept)
        target = np.broadcast_to(cells, self.shape).ravel()
        terms = self.terms.scatter(target, cells.size)
        if keepdims:
            axes: Axes = tuple(None if k in gone else labels for k, labels in enumerate(self.axes))
            return Expression(self.space, kept, terms, axes)
        axes = tuple(labels for k, labels in enumerate(self.axes) if k not in gone)
        return Expression(self.space, tuple(n for k, n in enumerate(self.shape) if k not in gone), terms, axes)

    def _axes_of(self, axis: int | tuple[int, ...] | None) -> set[int]:
        """The axes meant, counted from 0."""
        if axis is None:
            return set(range(self.ndim))
        given = axis if isinstance(axis, tuple) else (axis,)
        try:
            found = {range(self.ndim)[k] for k in given}
        except (IndexError, TypeError) as error:
            raise fault(f"{self._what()} has {self.ndim} axes", f"axis={axis!r}") from error
        if len(found) < len(given):
            raise fault("an axis is named once", f"axis={axis!r}")
        return found

    def __matmul__(self, other: Any) -> Expression:
        right = self._operand(other)
        _needs_axes(self, right)
        if self.shape[-1] != right.shape[max(right.ndim - 2, 0)]:
            raise _inner(self.shape, right.shape)
        if isinstance(right, Expression):
            if right.ndim == 1:
                return (self * right).sum(axis=-1)
            if self.ndim == 1:
                return (self[:, None] * right).sum(axis=-2)
            return (self[..., :, None] * right[..., None, :, :]).sum(axis=-2)
        if right.ndim == 1:
            return (self * right).sum(axis=-1)
        if right.ndim > 2:
            raise fault("data right of @ have one or two axes", right.shape)
        shape = (*self.shape[:-1], right.shape[1])
        return Expression(self.space, shape, self.terms.through(right), (*self.axes[:-1], None))

    def __rmatmul__(self, other: Any) -> Expression:
        left = numbers(other)
        _needs_axes(left, self)
        if left.shape[-1] != self.shape[max(self.ndim - 2, 0)]:
            raise _inner(left.shape, self.shape)
        if self.ndim == 1:
            return self @ left.T
        if left.ndim == 1:
            return (left[:, None] * self).sum(axis=-2)
        return self._swapped().__matmul__(left.T)._swapped()

    def _swapped(self) -> Expression:
        order = (*range(self.ndim - 2), self.ndim - 1, self.ndim - 2)
        return self.transpose(*order)

    def __mul__(self, other: Any) -> Expression:
        right = self._operand(other)
        shape = same_shape(self.shape, right.shape, "*")
        left = self._spread(shape)
        if isinstance(right, Expression):
            terms = left.times(right._spread(shape), self.space.kind)
            return Expression(self.space, shape, terms, axis_labels.broadcast(self.axes, right.axes, shape))
        factor = np.broadcast_to(right, shape).ravel()
        return Expression(self.space, shape, left.scaled(factor), axis_labels.broadcast(self.axes, (), shape))

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Expression:
        right = self._operand(other)
        if isinstance(right, Expression):
            raise fault(
                "an expression is divided by numbers only", suggestion="multiply the row by the divisor instead"
            )
        if not right.all():
            raise fault("division by zero", right if right.ndim == 0 else f"at {np.argwhere(right == 0)[0].tolist()}")
        return self * (1.0 / right)

    def __rtruediv__(self, other: Any) -> Expression:
        raise fault("an expression is no divisor", suggestion="multiply the row by the divisor instead")

    def __pow__(self, power: Any) -> Expression:
        if isinstance(power, bool) or not isinstance(power, int | np.integer) or power < 1:
            raise fault("a power is a whole number from 1", repr(power))
        out = self
        for _ in range(int(power) - 1):
            out = out * self
        return out

    def __rpow__(self, other: Any) -> Expression:
        raise fault("an expression is no exponent", suggestion="a choice between powers is a sum over binaries")

    def __add__(self, other: Any) -> Expression:
        right = self._operand(other)
        shape = same_shape(self.shape, right.shape, "+")
        if isinstance(right, Expression):
            out = Expression(self.space, shape, None, axis_labels.broadcast(self.axes, right.axes, shape))
            out._summands = self._at(shape), right._at(shape)
            return out
        amount = np.broadcast_to(right, shape).ravel()
        axes = axis_labels.broadcast(self.axes, (), shape)
        if not amount.any() and shape == self.shape:
            return self
        return Expression(self.space, shape, self._spread(shape).shifted(amount), axes)

    __radd__ = __add__

    def __neg__(self) -> Expression:
        return self * -1.0

    def __pos__(self) -> Expression:
        return self

    def __sub__(self, other: Any) -> Expression:
        return self + -self._operand(other)

    def __rsub__(self, other: Any) -> Expression:
        return -self + other

    def __abs__(self) -> Expression:
        raise fault("abs() is no polynomial", suggestion="add a variable t with the rows expr <= t and -t <= expr")

    # comparisons

    def __le__(self, other: Any) -> Relation:
        return self._compared(other, "<=")

    def __ge__(self, other: Any) -> Relation:
        return self._compared(other, ">=")

    def __eq__(self, other: Any) -> Relation:  # type: ignore[override]
        return self._compared(other, "==")

    def __ne__(self, other: Any) -> Relation:  # type: ignore[override]
        raise fault("a row is <=, >= or ==", "!=", "forbid a value of a choice by fixing its binary to 0")

    def __lt__(self, other: Any) -> Relation:
        raise fault("a row is <=, >= or ==", "<", "write <= ; whole numbers: a <= b - 1")

    def __gt__(self, other: Any) -> Relation:
        raise fault("a row is <=, >= or ==", ">", "write >= ; whole numbers: a >= b + 1")

    def _compared(self, other: Any, sign: str) -> Relation:
        right = self._operand(other, side=sign)
        shape = same_shape(self.shape, right.shape, sign)
        if isinstance(right, Expression):
            difference, limit = self - right, np.zeros(shape)
        else:
            difference, limit = self._at(shape), np.broadcast_to(right, shape)
        nothing = np.full(shape, np.inf)
        lower = -nothing if sign == "<=" else limit
        upper = nothing if sign == ">=" else limit
        return Relation(difference, lower, upper)

    def __bool__(self) -> bool:
        raise fault("an expression has no truth value before it is solved", suggestion="compare and Model.add it")

    # joints

    def _what(self) -> str:
        return "an expression"

    def _operand(self, other: Any, *, side: str = "") -> Expression | Floats:
        """The other operand: an expression of the same model, or finite data (infinite where a side may be open)."""
        if isinstance(other, Expression):
            if other.space is not self.space:
                raise fault("both sides belong to the same model", f"{self._what()} and {other._what()} of another one")
            return other
        if isinstance(other, Relation):
            raise fault("a comparison is no number", suggestion="for a row that counts when broken use soft= in add")
        return numbers(other, side=side)

    def _spread(self, shape: tuple[int, ...]) -> Terms:
        """The terms repeated to a shape that this one broadcasts to."""
        if shape == self.shape:
            return self.terms
        positions = np.arange(self.size).reshape(self.shape)
        return self.terms.gather(np.broadcast_to(positions, shape).ravel())

    def _at(self, shape: tuple[int, ...]) -> Expression:
        if shape == self.shape:
            return self
        return Expression(self.space, shape, self._spread(shape), axis_labels.broadcast(self.axes, (), shape))

    def _leaves(self) -> Iterator[Expression]:
        """The summands of a sum that was put off, left to right: a long Python ``sum`` is joined once, at the end."""
        waiting: list[Expression] = [self]
        while waiting:
            part = waiting.pop()
            if part._summands is None:
                yield part
            else:
                waiting += reversed(part._summands)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """One object: foreign containers (sparse matrices) then leave their operators to this class."""
        out = np.empty((), dtype=object)
        out[()] = self
        return out

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        from qopt.models.expressions.numpy_calls import call

        return call(function, args, kwargs)


def _needs_axes(left: Any, right: Any) -> None:
    if not left.ndim or not right.ndim:
        raise fault("@ needs an axis on both sides", f"shapes {left.shape} and {right.shape}", "use * with a number")


def _inner(left: tuple[int, ...], right: tuple[int, ...]) -> Exception:
    return fault("the inner lengths of @ differ", f"shapes {left} and {right}")
