"""Find exactly-one, at-most-one and permutation groups among rows. Equivalent: the feasible points stay the same."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from qopt.core.arrays import Ints
from qopt.core.names import Labels, NameTable
from qopt.core.problem import Problem
from qopt.core.rows import GroupKind, Groups


def with_groups(problem: Problem) -> Problem:
    """The same problem with rows that are groups kept as groups.

    A hard row of two or more binary columns, all with coefficient 1, that says sum = 1 or sum <= 1 becomes a group of
    its name. Exactly-one groups that cross each other as the rows and columns of a square become one permutation.
    """
    rows = problem.rows
    owner = rows.row_of_entry()
    odd = (rows.value != 1.0) | ~problem.columns.binary[rows.index]
    simple = (np.bincount(owner[odd], minlength=len(rows)) == 0) & ~rows.soft & (np.diff(rows.indptr) >= 2)
    at_most_one = simple & (np.floor(rows.upper) == 1)
    exactly_one = at_most_one & (np.ceil(rows.lower) == 1)
    found = exactly_one | (at_most_one & (np.ceil(rows.lower) <= 0))
    if found.any():
        chosen = rows.select(found)
        kind = np.where(exactly_one[found], GroupKind.EXACTLY_ONE, GroupKind.AT_MOST_ONE)
        given = problem.groups
        groups = Groups(
            np.concatenate([given.kind, kind]),
            np.concatenate([given.indptr, given.indptr[-1] + chosen.indptr[1:]]),
            np.concatenate([given.index, chosen.index]),
            NameTable(given.names.families + chosen.names.families),
        )
        problem = replace(problem, rows=rows.select(~found), groups=groups)
    return replace(problem, groups=with_permutations(problem.groups, problem.n)) if len(problem.groups) else problem


@dataclass(frozen=True, eq=False)
class _Crossings:
    """Columns that lie in exactly two exactly-one groups: column k joins groups ``first[k] < second[k]``."""

    column: Ints
    first: Ints
    second: Ints


def with_permutations(groups: Groups, n: int) -> Groups:
    """The same groups with every square of exactly-one groups as one permutation.

    A square of side s is a set of 2 s groups of s columns each, in two halves, where every group of one half shares
    exactly one column with every group of the other and the columns lie in no third exactly-one group. The half that
    holds the lowest group gives the rows; both keep their order.
    """
    exact = np.flatnonzero(groups.kind == GroupKind.EXACTLY_ONE)
    if len(exact) < 4:
        return groups
    joins = _crossings(groups, exact, n)
    if not len(joins.column):
        return groups
    size = np.diff(groups.indptr)
    graph = sparse.coo_array((np.ones(len(joins.first)), (joins.first, joins.second)), shape=(len(groups),) * 2)
    count, component = connected_components(graph, directed=False)
    # 2 s groups of s columns with s**2 crossings between them: then every column of theirs is a crossing.
    members = np.bincount(component, minlength=count)
    columns = np.bincount(component[joins.first], minlength=count)
    good = (members % 2 == 0) & (columns == (members // 2) ** 2) & (members >= 4)
    np.logical_and.at(good, component, size == members[component] // 2)
    order = np.argsort(component[joins.first], kind="stable")
    ends = np.searchsorted(component[joins.first][order], np.arange(count + 1))
    permutations: list[tuple[Ints, Ints, Ints]] = []
    for c in np.flatnonzero(good).tolist():
        entries = order[ends[c] : ends[c + 1]]
        found = _square(joins.first[entries], joins.second[entries], joins.column[entries])
        if found is not None:
            permutations.append(found)
    return _replaced(groups, permutations) if permutations else groups


def _crossings(groups: Groups, exact: Ints, n: int) -> _Crossings:
    is_exact = np.zeros(len(groups), dtype=bool)
    is_exact[exact] = True
    owner = np.repeat(np.arange(len(groups)), np.diff(groups.indptr))
    entry = np.flatnonzero(is_exact[owner])
    index, owner = groups.index[entry].astype(np.int64), owner[entry]
    twice = np.bincount(index, minlength=n) == 2
    index, owner = index[twice[index]], owner[twice[index]]
    order = np.argsort(index, kind="stable")
    pair = owner[order].reshape(-1, 2)
    return _Crossings(index[order][::2], pair[:, 0], pair[:, 1])


def _square(first: Ints, second: Ints, column: Ints) -> tuple[Ints, Ints, Ints] | None:
    """The groups of the rows, those of the columns, and the columns row by row; None when this is no square."""
    lowest = min(first.min(), second.min())
    across = np.unique(np.concatenate([second[first == lowest], first[second == lowest]]))
    everyone = np.unique(np.concatenate([first, second]))
    along = np.setdiff1d(everyone, across)
    if len(along) != len(across):
        return None
    flipped = np.isin(first, across)
    row, col = np.where(flipped, second, first), np.where(flipped, first, second)
    if not (np.isin(row, along).all() and np.isin(col, across).all()):
        return None
    grid = np.full((len(along), len(across)), -1, dtype=np.int64)
    grid[np.searchsorted(along, row), np.searchsorted(across, col)] = column
    return None if (grid < 0).any() else (along, across, grid.ravel())


def _replaced(groups: Groups, permutations: list[tuple[Ints, Ints, Ints]]) -> Groups:
    """The groups with their squares replaced; a permutation stands where its first group stood."""
    gone = np.zeros(len(groups), dtype=bool)
    starts: dict[int, tuple[Ints, Ints, Ints]] = {}
    for along, across, grid in permutations:
        gone[along] = gone[across] = True
        starts[int(along[0])] = (along, across, grid)
    kind: list[GroupKind] = []
    members: list[NDArray[Any]] = []
    families: list[Labels] = []
    kept: list[int] = []

    def flush() -> None:
        families.extend(groups.names.select(kept).families)
        kept.clear()

    for g in range(len(groups)):
        if g in starts:
            flush()
            along, across, grid = starts[g]
            kind.append(GroupKind.PERMUTATION)
            members.append(grid)
            families.append(_label(groups.names, along, across))
        elif not gone[g]:
            kept.append(g)
            kind.append(GroupKind(int(groups.kind[g])))
            members.append(groups.members(g))
    flush()
    indptr = np.concatenate([[0], np.cumsum([len(m) for m in members])])
    return Groups(np.array(kind, dtype=np.int8), indptr, np.concatenate(members), NameTable(tuple(families)))


def _label(names: NameTable, along: Ints, across: Ints) -> Labels:
    """One label for a permutation, from the two families that it came from."""
    texts = []
    for half in (along, across):
        family, _ = names.locate(int(half[0]))
        whole = family.size == len(half) and all(names.locate(int(g))[0] is family for g in half)
        texts.append(family.name if whole else f"{names[int(half[0])]}…{names[int(half[-1])]}")
    first, _ = names.locate(int(along[0]))
    return Labels(" and ".join(dict.fromkeys(texts)), (), (), first.place, first.why)
