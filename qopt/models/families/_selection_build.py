"""Selections as columns, rows and groups: one binary column per item."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qopt.core.names import Labels, NameTable
from qopt.core.polynomial import Polynomial
from qopt.core.problem import Columns, Problem, Sense
from qopt.core.rows import GroupKind, Groups, Rows

if TYPE_CHECKING:
    from qopt.models.families._selection_document import SelectionInstance

Line = tuple[dict[int, float], float, float]


def problem_of(instance: SelectionInstance) -> Problem:
    """Maximise scores and synergies less redundancies; sets of which one may be selected are groups."""
    ids = tuple(instance.ids)
    n = len(ids)
    columns = Columns.binaries(NameTable((Labels("take", (n,), (ids,)),)))
    objective = {"score": Polynomial(np.array(instance.values(), dtype=np.float64))}
    for name, pairs, sign in (("synergy", instance.helps(), 1.0), ("redundancy", instance.overlaps(), -1.0)):
        if pairs:
            ends = np.array(list(pairs), dtype=np.int64)
            value = sign * np.array(list(pairs.values()))
            objective[name] = Polynomial.from_pairs(np.zeros(n), ends[:, 0], ends[:, 1], value)
    rows, groups = _rules(instance)
    return Problem.build(columns, objective, rows=rows, groups=groups, sense=Sense.MAXIMIZE, name=instance.name)


def _rules(instance: SelectionInstance) -> tuple[Rows, Groups]:
    lines: list[Line] = []
    families: list[Labels] = []
    sets: list[tuple[GroupKind, list[int]]] = []
    titles: list[Labels] = []
    place = {name: k for k, name in enumerate(instance.ids)}

    def add(name: str, why: str, axis: tuple[str, ...], found: list[Line]) -> None:
        if found:
            lines.extend(found)
            families.append(Labels(name, (len(axis),), (axis,), why=why))

    names, sizes = instance.budgets()
    costs = np.array(instance.costs(), dtype=np.float64)
    spent = [{int(k): float(costs[k, d]) for k in np.flatnonzero(costs[:, d])} for d in range(len(sizes))]
    budgets = [(line, -np.inf, size) for line, size in zip(spent, sizes)]
    add("budget", "no more is spent than there is", tuple(names), budgets)
    count = instance.count
    if count.min or count.max is not None:
        most = np.inf if count.max is None else float(count.max)
        add(
            "count", "so many are selected", ("all",), [(dict.fromkeys(range(len(place)), 1.0), float(count.min), most)]
        )
    for grouping, group, limit, members in instance.grouped():
        why = f"so many of {grouping} {group} are selected"
        if limit.max == 1 and members:
            sets.append((GroupKind.EXACTLY_ONE if limit.min else GroupKind.AT_MOST_ONE, members))
            titles.append(Labels(grouping, (1,), ((group,),), why=why))
        elif limit.min or limit.max is not None:
            most = np.inf if limit.max is None else float(limit.max)
            add(grouping, why, (group,), [(dict.fromkeys(members, 1.0), float(limit.min), most)])
    for several in instance.incompatible:
        sets.append((GroupKind.AT_MOST_ONE, [place[str(name)] for name in several]))
        label = "+".join(str(name) for name in several)
        titles.append(Labels("incompatible", (1,), ((label,),), why="at most one of them is selected"))
    pairs = [(place[str(a)], place[str(b)]) for a, b in instance.requires]
    axis = tuple(f"{a}+{b}" for a, b in instance.requires)
    add("requires", "the first needs the second", axis, [({a: 1.0, b: -1.0}, -np.inf, 0.0) for a, b in pairs])
    for name, wanted, value in (("must", instance.must, 1.0), ("never", instance.never, 0.0)):
        told = tuple(dict.fromkeys(str(item) for item in wanted))
        why = "this is to be selected" if value else "this is not to be selected"
        add(name, why, told, [({place[item]: 1.0}, value, value) for item in told])
    return Rows.of(lines, NameTable(tuple(families))), Groups.of(sets, NameTable(tuple(titles)))
