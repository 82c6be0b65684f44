"""Which groups a backend keeps by its own moves, and the rows that say the rest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from qopt.compilers.passes.encode import Coded
from qopt.compilers.passes.integers import IntegerRows, integer_rows
from qopt.core.accepts import Accepts
from qopt.core.arrays import Bools, Ints
from qopt.core.names import Labels, NameTable
from qopt.core.rows import GroupKind, Groups


@dataclass(frozen=True, eq=False)
class _Line:
    """A group over bits that is kept or lowered as a whole."""

    kind: GroupKind
    bits: Ints
    labels: Labels


def kept(groups: Groups, coded: Coded, accepts: Accepts) -> tuple[Groups, list[IntegerRows]]:
    """Split the groups of a problem and of its encodings.

    Backends keep groups only when these are pairwise disjoint; permutations are taken first, then exactly-one, then
    at-most-one, larger ones first. A permutation that cannot be kept as such is offered as its lines, rows first.

    Returns
    -------
    Groups over bits for the backend, and rows over bits for all others.
    """
    taken = np.zeros(coded.bits, dtype=bool)
    chosen: list[_Line] = []
    left: list[_Line] = []
    whole, odd = _of_problem(groups, coded)
    offers = [*whole, *_of_encodings(coded)]
    order = {GroupKind.PERMUTATION: 0, GroupKind.EXACTLY_ONE: 1, GroupKind.AT_MOST_ONE: 2}
    squares = [line for line in offers if line.kind is GroupKind.PERMUTATION]
    lines = [line for line in offers if line.kind is not GroupKind.PERMUTATION]
    for square in sorted(squares, key=lambda line: -len(line.bits)):
        if not _take(square, accepts, taken, chosen):
            lines += _lines(square)
    for line in sorted(lines, key=lambda line: (order[line.kind], -len(line.bits))):
        if not _take(line, accepts, taken, chosen):
            left.append(line)
    rows = [_rows(left, coded.bits)]
    if odd.any():
        given = _select(groups, odd).as_rows()
        rows.append(integer_rows(given, coded)[0])
    return _groups(chosen), rows


def _of_problem(groups: Groups, coded: Coded) -> tuple[list[_Line], Bools]:
    """Groups whose members all have a bit of their own, and the mask of the others (a member is fixed)."""
    bit = coded.plain[groups.index]
    owner = np.repeat(np.arange(len(groups)), np.diff(groups.indptr))
    odd = np.bincount(owner[bit < 0], minlength=len(groups)) > 0
    names = list(groups.names.families) if all(not f.shape for f in groups.names.families) else _scalars(groups.names)
    lines = [
        _Line(GroupKind(int(groups.kind[g])), bit[groups.indptr[g] : groups.indptr[g + 1]], names[g])
        for g in np.flatnonzero(~odd).tolist()
    ]
    return lines, odd


def _scalars(names: NameTable) -> list[Labels]:
    return [Labels(f.text(k), (), (), f.place, f.why) for f in names.families for k in range(f.size)]


def _of_encodings(coded: Coded) -> Iterator[_Line]:
    for block in coded.blocks:
        for g, kind, members in block.encoded.groups.simple():
            yield _Line(kind, members.astype(np.int64) + block.start, Labels(f"{block.encoding} code {g}"))


def _take(line: _Line, accepts: Accepts, taken: Bools, chosen: list[_Line]) -> bool:
    if line.kind not in accepts.groups or taken[line.bits].any():
        return False
    taken[line.bits] = True
    chosen.append(line)
    return True


def _lines(square: _Line) -> list[_Line]:
    side = round(len(square.bits) ** 0.5)
    grid = square.bits.reshape(side, side)
    return [_Line(GroupKind.EXACTLY_ONE, line, square.labels) for line in (*grid, *grid.T)]


def _groups(lines: list[_Line]) -> Groups:
    if not lines:
        return Groups()
    indptr = np.concatenate([[0], np.cumsum([len(line.bits) for line in lines])])
    kinds = np.array([line.kind for line in lines], dtype=np.int8)
    return Groups(
        kinds, indptr, np.concatenate([line.bits for line in lines]), NameTable(tuple(x.labels for x in lines))
    )


def _rows(lines: list[_Line], bits: int) -> IntegerRows:
    lines = [line for line in lines if line.kind is GroupKind.EXACTLY_ONE or len(line.bits) > 1]
    size = np.array([len(line.bits) for line in lines], dtype=np.int64)
    index = np.concatenate([np.empty(0, np.int64), *(line.bits for line in lines)])
    indptr = np.concatenate([[0], np.cumsum(size, dtype=np.int64)])
    matrix = sparse.csr_array((np.ones(len(index), np.int64), index, indptr), shape=(len(lines), bits))
    lo = np.array([line.kind is GroupKind.EXACTLY_ONE for line in lines], dtype=np.int64)
    names = NameTable(tuple(line.labels for line in lines))
    one, zero = np.ones(len(lines), np.int64), np.zeros(len(lines), np.int64)
    return IntegerRows(matrix, lo, one, zero, size, zero.astype(float), one.astype(float), names)


def _select(groups: Groups, keep: Bools) -> Groups:
    chosen = np.flatnonzero(keep)
    members = [groups.members(int(g)) for g in chosen]
    indptr = np.concatenate([[0], np.cumsum([len(m) for m in members])])
    return Groups(groups.kind[chosen], indptr, np.concatenate(members), groups.names.select(chosen.tolist()))
