"""The numbers that stand beside expressions: checked once, where they enter."""

from __future__ import annotations

from typing import Any

import numpy as np

from qopt.core.arrays import Floats
from qopt.models.expressions.faults import fault

_EXACT = 2**53


def numbers(value: Any, *, side: str = "") -> Floats:
    """Data as float64.

    Parameters
    ----------
    value
        A number, an array of numbers, nested lists of them, or a sparse matrix.
    side
        ``<=`` or ``>=`` where the value is a side of a row: the infinity that leaves the side open is then allowed.

    Raises
    ------
    ModelError
        Not numbers, NaN or infinite, or whole numbers that float64 cannot hold exactly.
    """
    array = np.asarray(value.toarray() if hasattr(value, "toarray") else value)
    if array.dtype.kind not in "biuf":
        array = _converted(value, array)
    if array.dtype.kind in "iu" and array.size and (array.max() > _EXACT or array.min() < -_EXACT):
        raise fault("whole numbers are at most 2**53 in size", _first(array, np.abs(array.astype(float)) > _EXACT))
    out = array.astype(np.float64)
    fine = np.isfinite(out)
    if side in ("<=", ">="):
        fine |= out == (np.inf if side == "<=" else -np.inf)
    if not fine.all():
        raise fault("data are finite numbers", _first(out, ~fine))
    return out


def _converted(value: Any, array: Any) -> Any:
    """Data that numpy holds as objects (fractions, decimals, mixed lists of numbers)."""
    try:
        if array.dtype.kind == "O" and not any(entry is None for entry in array.ravel()):
            return array.astype(np.float64)
    except (TypeError, ValueError):
        pass
    suggestion = ""
    if isinstance(value, list | tuple):
        suggestion = "join expressions with np.stack([...]) or np.concatenate([...])"
    elif isinstance(value, str):
        suggestion = "a choice by name is a part of a categorical, such as colour['red']"
    raise fault("numbers are needed here", f"{type(value).__name__} {value!r:.60}", suggestion)


def _first(array: Any, wrong: Any) -> str:
    """The first wrong entry and where it is."""
    where = tuple(int(k) for k in np.argwhere(wrong)[0])
    return f"{array[where]!s} at {list(where)}" if where else str(array)


def same_shape(left: tuple[int, ...], right: tuple[int, ...], sign: str) -> tuple[int, ...]:
    """The shape two operands broadcast to."""
    if left == right:
        return left
    try:
        return np.broadcast_shapes(left, right)
    except ValueError:
        suggestion = ""
        if len(left) == 1 and len(right) == 2 and left[0] == right[0]:
            suggestion = "to go along the first axis write a[:, None]"
        elif len(left) == 2 and len(right) == 1 and left[0] == right[0]:
            suggestion = "to go along the first axis write b[:, None]"
        raise fault(f"the two sides of {sign} fit in shape", f"{left} and {right}", suggestion) from None
