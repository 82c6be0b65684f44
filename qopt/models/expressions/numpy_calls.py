"""What numpy's own functions do when they are given expressions.

A function that only moves elements about is applied to an array that stands for them; the elements then follow.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from qopt.models.expressions.arrays import Expression
from qopt.models.expressions.data import numbers
from qopt.models.expressions.faults import fault
from qopt.models.expressions.terms import Terms

MOVES: set[Any] = {
    np.broadcast_to,
    np.diagonal,
    np.expand_dims,
    np.flip,
    np.fliplr,
    np.flipud,
    np.moveaxis,
    np.ravel,
    np.repeat,
    np.reshape,
    np.roll,
    np.rot90,
    np.squeeze,
    np.swapaxes,
    np.take,
    np.tile,
    np.transpose,
}
JOINS: set[Any] = {np.concatenate, np.stack, np.hstack, np.vstack, np.column_stack}


def call(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Expression:
    """The result of ``function(*args, **kwargs)`` where at least one argument is an expression."""
    first = args[0] if args else None
    if function in MOVES and isinstance(first, Expression):
        return first._rearranged(lambda grid: function(grid, *args[1:], **kwargs))
    if function in JOINS and isinstance(first, Iterable):
        return _joined(function, list(first), args[1:], kwargs)
    if function is np.sum and isinstance(first, Expression):
        return first.sum(*args[1:], **kwargs)
    if function is np.dot and len(args) == 2 and not kwargs:
        left, right = args
        return left @ right if isinstance(left, Expression) else right.__rmatmul__(left)
    known = sorted(f.__name__ for f in (*MOVES, *JOINS, np.dot, np.sum))
    raise fault("this numpy function takes no expressions", function.__name__, f"these do: {', '.join(known)}")


def _joined(function: Any, parts: list[Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Expression:
    space = next(part.space for part in parts if isinstance(part, Expression))
    start, positions, terms = 0, [], []
    for part in parts:
        if not isinstance(part, Expression):
            data = numbers(part)
            part = Expression(space, data.shape, Terms(data.ravel()))
        elif part.space is not space:
            raise fault("the arrays that are joined belong to the same model", repr(part))
        positions.append(np.arange(start, start + part.size).reshape(part.shape))
        terms.append(part.terms)
        start += part.size
    chain = Expression(space, (start,), Terms.chained(terms))
    return chain._rearranged(lambda _: function(positions, *args, **kwargs))
