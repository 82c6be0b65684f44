"""Groups without the columns that are decided already. Equivalent."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from qopt.core.arrays import Bools, Floats
from qopt.core.names import Labels, NameTable
from qopt.core.problem import Problem
from qopt.core.rows import GroupKind, Groups
from qopt.reduce.steps import Done, Step, domain


def trimmed(problem: Problem) -> Step:
    """The same problem with fixed columns taken out of its groups.

    A group that holds a column fixed at 1 says nothing more once bounds are propagated, nor does an at-most-one group
    of fewer than two columns. A permutation with a fixed column falls into its lines.
    """
    groups = problem.groups
    low, high = domain(problem.columns)
    fixed = low == high
    if not len(groups) or not fixed[groups.index].any():
        return Step(problem, Done("groups trimmed"))
    kind: list[GroupKind] = []
    members: list[np.ndarray] = []
    labels: list[Labels] = []
    for g in range(len(groups)):
        for each, line in _left(groups, g, fixed, low, high):
            family, position = groups.names.locate(g)
            kind.append(each)
            members.append(line)
            labels.append(Labels(family.text(position), (), (), family.place, family.why))
    made = Groups(
        np.array(kind, dtype=np.int8),
        np.concatenate([[0], np.cumsum([len(m) for m in members], dtype=np.int64)]),
        np.concatenate([np.empty(0, np.int32), *members]),
        NameTable(tuple(labels)),
    )
    touched = sum(bool(fixed[groups.members(g)].any()) for g in range(len(groups)))
    return Step(replace(problem, groups=made), Done("groups trimmed", counts={"groups trimmed": touched}))


def _left(groups: Groups, g: int, fixed: Bools, low: Floats, high: Floats) -> list[tuple[GroupKind, np.ndarray]]:
    """What remains of one group: itself, smaller sets, or nothing."""
    whole = groups.members(g)
    kind = GroupKind(int(groups.kind[g]))
    if not fixed[whole].any():
        return [(kind, whole)]
    if kind is GroupKind.PERMUTATION:
        square = whole.reshape(groups.side(g), -1)
        lines = [(GroupKind.EXACTLY_ONE, line) for line in (*square, *square.T)]
    else:
        lines = [(kind, whole)]
    out = []
    for each, line in lines:
        free = line[~fixed[line]]
        ones = int((low[line[fixed[line]]] == 1).sum())
        if ones == 0 and (each is GroupKind.EXACTLY_ONE or len(free) > 1):
            out.append((each, free))
        elif ones > 1 or (ones == 1 and len(free)):
            # Bounds were not propagated through it: it stays as it is, and is judged as a row later.
            out.append((each, line))
    return out
