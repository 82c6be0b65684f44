"""At-most-one groups: pairs that exclude each other become larger sets, and sets inside others go. Equivalent."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from qopt.core.arrays import Ints
from qopt.core.names import Labels, NameTable
from qopt.core.problem import Problem
from qopt.core.rows import GroupKind, Groups
from qopt.reduce.steps import Done, Step
from qopt.reduce.substitute import select_groups

MOST_PAIRS = 100_000
"""Pairs that are looked at; a problem with more keeps them as they are."""
_NAME = "at most one"


def merged_cliques(problem: Problem) -> Step:
    """The same problem with pairs ``x + y <= 1`` merged into sets of which at most one is set.

    Pairs that lie inside a larger group go. The others are taken in order; each not yet covered grows into a set by
    the lowest columns that exclude all of it, so every pair ends in a set and every two of a set were a pair.
    """
    groups = problem.groups
    two = (groups.kind == GroupKind.AT_MOST_ONE) & (np.diff(groups.indptr) == 2)
    pairs = np.flatnonzero(two)
    if len(pairs) < 2 or len(pairs) > MOST_PAIRS:
        return Step(problem, Done(_NAME))
    ends = np.sort(groups.index[groups.indptr[pairs][:, None] + np.arange(2)].astype(np.int64), axis=1)
    inside = _inside_larger(groups, two, ends, problem.n)
    cliques = _cliques(ends[~inside].tolist())
    sizes = [len(members) for members, _ in cliques]
    if not inside.any() and max(sizes, default=2) == 2:
        return Step(problem, Done(_NAME))
    rest = select_groups(groups, np.flatnonzero(~two))
    left = pairs[~inside]
    labels = [_label(groups.names, int(left[first]), int(left[last]), len(m)) for m, (first, last) in cliques]
    members = [np.array(m, dtype=np.int32) for m, _ in cliques]
    made = Groups(
        np.concatenate([rest.kind, np.full(len(cliques), GroupKind.AT_MOST_ONE, np.int8)]),
        np.concatenate([rest.indptr, rest.indptr[-1] + np.cumsum(sizes, dtype=np.int64)]),
        np.concatenate([rest.index, *members]),
        NameTable(rest.names.families + tuple(labels)),
    )
    counts = {"pairs merged": len(pairs), "groups made": len(cliques)}
    removed = groups.names.select(pairs.tolist())
    return Step(replace(problem, groups=made), Done(_NAME, counts=counts, removed=removed))


def _inside_larger(groups: Groups, two: np.ndarray, ends: Ints, n: int) -> np.ndarray:
    """Which pairs lie inside a group of another kind or size."""
    sets: list[set[int]] = [set() for _ in range(n)]
    for number, (g, _, line) in enumerate(groups.simple()):
        if not two[g]:
            for c in line.tolist():
                sets[c].add(number)
    return np.array([not sets[x].isdisjoint(sets[y]) for x, y in ends.tolist()], dtype=bool)


def _cliques(pairs: list[list[int]]) -> list[tuple[list[int], tuple[int, int]]]:
    """Sets that cover all pairs, each with the first and the last of the pairs it covers newly."""
    near: dict[int, set[int]] = {}
    number: dict[tuple[int, int], int] = {}
    for k, (x, y) in enumerate(pairs):
        near.setdefault(x, set()).add(y)
        near.setdefault(y, set()).add(x)
        number.setdefault((x, y), k)
    covered: set[tuple[int, int]] = set()
    out = []
    for x, y in pairs:
        if (x, y) in covered:
            continue
        members, common = [x, y], near[x] & near[y]
        while common:
            best = min(common)
            members.append(best)
            common = common & near[best]
        members.sort()
        new = [(a, b) for i, a in enumerate(members) for b in members[i + 1 :] if (a, b) not in covered]
        covered.update(new)
        numbers = [number[pair] for pair in new]
        out.append((members, (min(numbers), max(numbers))))
    return out


def _label(names: NameTable, first: int, last: int, size: int) -> Labels:
    """The label of the pair for a pair, and of the first and the last for a larger set."""
    family, position = names.locate(first)
    text = family.text(position) if size == 2 else f"{family.text(position)}…{names[last]}"
    return Labels(text, (), (), family.place, family.why)
