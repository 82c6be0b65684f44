"""Read-only arrays: the one place where data handed to qopt is frozen."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Indices = NDArray[np.int32]
Bits = NDArray[np.int8]
Bools = NDArray[np.bool_]

_SLICE = 2**16  # numbers looked at together: they stay in the cache


def frozen(values: ArrayLike, dtype: DTypeLike) -> NDArray[Any]:
    """A contiguous read-only array of the given dtype.

    An array that is already contiguous and of that dtype is *not copied*: its owner gives it up. A writable view is
    taken first where the caller's own array must stay writable.
    """
    array = np.ascontiguousarray(values, dtype=dtype)
    if array.flags.writeable:
        array = array.view()
        array.flags.writeable = False
    return array


def no_floats() -> Floats:
    """A read-only float64 array of length 0."""
    return frozen([], np.float64)


def no_indices() -> Indices:
    """A read-only int32 array of length 0."""
    return frozen([], np.int32)


def no_flags() -> NDArray[np.int8]:
    """A read-only int8 array of length 0."""
    return frozen([], np.int8)


def no_pointers() -> Ints:
    """The CSR pointer of no rows at all: ``[0]``."""
    return frozen([0], np.int64)


def is_integral(values: NDArray[Any]) -> bool:
    """Whether every entry is a finite whole number below 2**53 in size (so that float64 holds it exactly)."""
    flat = values.ravel()
    parts = (flat[first : first + _SLICE] for first in range(0, len(flat), _SLICE))
    return all(bool(np.all(np.abs(part) < 2**53) and np.all(part == np.rint(part))) for part in parts)
