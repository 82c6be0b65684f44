"""Plans as plain data: columns that are not zero, and the readers of plans that anyone may have written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

import numpy as np

from qopt.core.arrays import Floats
from qopt.core.errors import RecordError
from qopt.core.names import NameTable
from qopt.core.problem import Problem


def nonzeros(problem: Problem, values: Floats) -> dict[str, list[list[Any]]]:
    """``{family: [[index…, value], …]}`` of the columns that are not zero; whole numbers as int."""
    return named_nonzeros(problem.columns.names, values)


def named_nonzeros(names: NameTable, values: Floats) -> dict[str, list[list[Any]]]:
    """The same from the names of the columns alone."""
    out: dict[str, list[list[Any]]] = {}
    for family, start in zip(names.families, names.starts):
        part = values[start : start + family.size]
        lines = []
        for k in np.flatnonzero(part):
            value = float(part[k])
            lines.append([*family.index(int(k)), int(value) if value.is_integer() else value])
        out[family.name] = lines
    return out


def from_nonzeros(problem: Problem, plan: Mapping[str, Any]) -> Floats:
    """Column values from ``{"values": {family: [[index…, value], …]}}``; what is not listed is 0.

    Raises
    ------
    RecordError
        An unknown family or index, or an entry without a number.
    """
    families = plan.get("values")
    if not isinstance(families, Mapping):
        raise RecordError("the plan has no 'values' by name of variable")
    names = problem.columns.names
    values = np.zeros(problem.n)
    for name in families:
        try:
            labels, span = names.family(name), names.span(name)
        except KeyError:
            known = ", ".join(family.name for family in names.families)
            raise RecordError(f"the plan names a variable {name!r}; the problem has: {known}") from None
        places = {tuple(str(k) for k in labels.index(p)): p for p in range(labels.size)}
        for k, line in enumerate(entries(families, name)):
            if not isinstance(line, (list, tuple)) or tuple(str(part) for part in line[:-1]) not in places:
                raise RecordError(f"{name}[{k}] is {line!r}, which fits no variable of {labels.name}")
            position = places[tuple(str(part) for part in line[:-1])]
            values[span.start + position] = amount(line[-1] if line else None, f"{name}[{k}]")
    return values


def entries(plan: Mapping[str, Any], key: str) -> Sequence[Any]:
    """The list that a plan holds under a key.

    Raises
    ------
    RecordError
        There is none.
    """
    found = plan.get(key)
    if not isinstance(found, (list, tuple)):
        raise RecordError(f"the plan has no list of {key!r}")
    return found


def amount(value: Any, where: str) -> float:
    """A finite number of a plan.

    Raises
    ------
    RecordError
        It is none.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not isfinite(value):
        raise RecordError(f"{where} needs a finite number, got {value!r}")
    return float(value)
