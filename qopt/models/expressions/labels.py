"""Named axes: declaring them, finding a label, and which labels are left after an operation.

``Axes`` holds, per axis, the tuple of its labels, or None for an axis that is numbered 0, 1, …
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

import numpy as np

from qopt.models.expressions.faults import fault

Axes = tuple[tuple[str, ...] | None, ...]


def declared(name: str, shape: Any, labels: Any) -> tuple[tuple[int, ...], Axes]:
    """Shape and axes of a family from what its declaration says.

    Parameters
    ----------
    shape
        A number, several, or None to take it from the labels (``()`` when there are none either).
    labels
        Per axis the labels (any iterable of texts) or None; for a single axis its labels alone will do.

    Raises
    ------
    ModelError
        A shape that is none, labels that are no texts, double, or not as many as the shape says.
    """
    given = None if shape is None else _shape(name, shape)
    if labels is None:
        return (given or (), (None,) * len(given or ()))
    if isinstance(labels, str) or not isinstance(labels, Iterable):
        raise fault(f"labels of {name!r} are given per axis", repr(labels), "such as labels=[['a', 'b'], ['u', 'v']]")
    parts = list(labels)
    if parts and all(isinstance(part, str) for part in parts):
        parts = [parts]
    if given is not None and len(parts) != len(given):
        raise fault(f"{name!r} has {len(given)} axes but labels for {len(parts)}", given, "give None for a plain axis")
    axes: list[tuple[str, ...] | None] = []
    for axis, part in enumerate(parts):
        if part is None:
            if given is None:
                raise fault(f"axis {axis} of {name!r} has neither labels nor a length", None, "give shape= as well")
            axes.append(None)
            continue
        found = _labels(name, axis, part)
        if given is not None and len(found) != given[axis]:
            raise fault(f"axis {axis} of {name!r} has length {given[axis]} but {len(found)} labels", given)
        axes.append(found)
    lengths = tuple(len(part) if part is not None else (given or ())[axis] for axis, part in enumerate(axes))
    return lengths, tuple(axes)


def _shape(name: str, shape: Any) -> tuple[int, ...]:
    lengths = tuple(shape) if isinstance(shape, Sequence) else (shape,)
    for length in lengths:
        if isinstance(length, bool) or not isinstance(length, int | np.integer) or length < 0:
            raise fault(f"the shape of {name!r} is one or several whole numbers from 0", shape)
    return tuple(int(length) for length in lengths)


def _labels(name: str, axis: int, part: Any) -> tuple[str, ...]:
    if isinstance(part, str) or not isinstance(part, Iterable):
        raise fault(f"labels of axis {axis} of {name!r} are a list of texts", repr(part))
    found = tuple(part)
    for label in found:
        if not isinstance(label, str):
            raise fault(f"a label of axis {axis} of {name!r} is no text", repr(label), "plain axes are numbered anyway")
    if len(set(found)) < len(found):
        double = next(label for k, label in enumerate(found) if label in found[:k])
        raise fault(f"axis {axis} of {name!r} has a label twice", repr(double))
    return tuple(str(label) for label in found)


def located(what: str, key: Any, shape: tuple[int, ...], axes: Axes) -> tuple[Any, ...]:
    """An index with every label replaced by its number; numpy checks the rest.

    Parameters
    ----------
    what
        Name of the array, for messages.
    """
    parts = key if isinstance(key, tuple) else (key,)
    used = sum(_width(part) for part in parts)
    out, axis = [], 0
    for part in parts:
        if part is Ellipsis:
            axis += max(0, len(shape) - used)
        elif axis < len(shape):
            part = _number(what, part, axis, axes[axis])
        out.append(part)
        axis += _width(part)
    return tuple(out)


def _width(part: Any) -> int:
    """How many axes one part of an index takes up; 0 for ``...`` and for a new axis."""
    if part is None or part is Ellipsis:
        return 0
    if isinstance(part, np.ndarray | list) and np.asarray(part).dtype == bool:
        return np.asarray(part).ndim
    return 1


def _number(what: str, part: Any, axis: int, labels: tuple[str, ...] | None) -> Any:
    if isinstance(part, slice):
        if isinstance(part.start, str) or isinstance(part.stop, str):
            raise fault(f"a slice of {what} by labels has no order", repr(part), "list the labels: x[['a', 'b']]")
        return part
    if isinstance(part, str):
        return _position(what, part, axis, labels)
    if isinstance(part, list | tuple | np.ndarray) and len(np.shape(part)) == 1 and len(part):
        if isinstance(part[0], str):
            return np.array([_position(what, str(label), axis, labels) for label in part], dtype=np.int64)
    elif isinstance(part, Mapping):
        raise fault(f"a mapping is no index of {what}", repr(part))
    return part


def _position(what: str, label: str, axis: int, labels: tuple[str, ...] | None) -> int:
    if labels is None:
        raise fault(f"axis {axis} of {what} has no labels", repr(label), "index it by number, or declare labels=")
    try:
        return labels.index(label)
    except ValueError:
        close = get_close_matches(label, labels, n=1)
        suggestion = (
            f"did you mean {close[0]!r}?"
            if close
            else f"there are: {', '.join(labels[:8])}" + (", …" if len(labels) > 8 else "")
        )
        raise fault(f"axis {axis} of {what} has no such label", repr(label), suggestion) from None


def picked(key: tuple[Any, ...], shape: tuple[int, ...], axes: Axes, result: tuple[int, ...]) -> Axes:
    """Labels of what an index (after ``located``) picks.

    Kept for numbers, slices, new axes and one list or mask over a single axis; several lists at once leave plain axes.
    """
    if not any(axes):
        return (None,) * len(result)
    used = sum(_width(part) for part in key)
    lists = sum(isinstance(part, np.ndarray | list) and np.ndim(part) > 0 for part in key)
    numbers = any(isinstance(part, int | np.integer) for part in key)
    if (
        lists > 1
        or (lists and numbers)
        or any(isinstance(part, np.ndarray | list) and np.ndim(part) > 1 for part in key)
    ):
        return (None,) * len(result)
    out: list[tuple[str, ...] | None] = []
    axis = 0
    for part in key:
        if part is None:
            out.append(None)
        elif part is Ellipsis:
            out += axes[axis : axis + len(shape) - used]
            axis += len(shape) - used
        else:
            if not isinstance(part, int | np.integer):
                labels = axes[axis]
                kept = None if labels is None else tuple(labels[k] for k in np.arange(shape[axis])[part].tolist())
                out.append(kept)
            axis += 1
    return tuple(out) + axes[axis:]


def broadcast(first: Axes, second: Axes, shape: tuple[int, ...]) -> Axes:
    """Labels of the elementwise combination: those of the first that has the whole axis and labels for it."""
    out: list[tuple[str, ...] | None] = []
    for back in range(len(shape), 0, -1):
        choices = (axes[-back] if back <= len(axes) else None for axes in (first, second))
        fits = (labels for labels in choices if labels is not None and len(labels) == shape[-back])
        out.append(next(fits, None))
    return tuple(out)
