"""Which bits a search may switch together: free bits, exactly-one sets and permutation squares, laid end to end."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import factorial, prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qopt.core.accepts import Accepts
from qopt.core.arrays import Bits, Ints, frozen
from qopt.core.compiled import Compiled
from qopt.core.errors import NotApplicableError
from qopt.core.rows import GroupKind


@dataclass(frozen=True, eq=False)
class Structure:
    """The bits of a Compiled in the order in which searches hold them: *inner* points.

    An at-most-one group becomes an exactly-one set by one more bit, on when none of the group is; it costs nothing and
    stands for no bit of the Compiled.

    Parameters
    ----------
    bits
        Number of bits of the Compiled.
    order
        Shape (size,): the bit behind each inner bit, -1 for the added ones. Free bits come first, then the sets, then
        the squares row by row.
    free
        Number of free bits.
    set_start
        Shape (sets + 1,): set k is the inner bits ``set_start[k]..set_start[k+1]-1``.
    square_start, side
        Shape (squares,): first inner bit and side of each square.
    """

    bits: int
    order: Ints
    free: int
    set_start: Ints
    square_start: Ints
    side: Ints

    @classmethod
    def of(cls, compiled: Compiled, backend: str, accepts: Accepts) -> Structure:
        """The structure of a Compiled.

        Raises
        ------
        NotApplicableError
            The Compiled is not something ``accepts`` allows, or has overlapping or empty groups.
        """
        refuse(compiled, backend, accepts)
        groups = compiled.groups
        n = compiled.num_bits
        if len(np.unique(groups.index)) != len(groups.index):
            raise NotApplicableError(backend, ["two groups share a bit: compile with disjoint groups"])
        sets: list[NDArray[Any]] = []
        squares: list[NDArray[Any]] = []
        for g in range(len(groups)):
            members = groups.members(g)
            if groups.kind[g] == GroupKind.PERMUTATION:
                squares.append(members)
            elif groups.kind[g] == GroupKind.AT_MOST_ONE:
                sets.append(np.append(members, -1))
            elif len(members):
                sets.append(members)
            else:
                raise NotApplicableError(backend, [f"exactly one of the empty group {groups.names[g]!r} can not hold"])
        grouped = np.zeros(n, dtype=bool)
        grouped[groups.index] = True
        free = np.flatnonzero(~grouped)
        set_start = len(free) + np.cumsum([0] + [len(s) for s in sets])
        square_start = set_start[-1] + np.cumsum([0] + [len(s) for s in squares])
        return cls(
            bits=n,
            order=frozen(np.concatenate([free, *sets, *squares]), np.int64),
            free=len(free),
            set_start=frozen(set_start, np.int64),
            square_start=frozen(square_start[:-1], np.int64),
            side=frozen([round(len(s) ** 0.5) for s in squares], np.int64),
        )

    @property
    def size(self) -> int:
        """Number of inner bits."""
        return len(self.order)

    @property
    def sets(self) -> int:
        """Number of exactly-one sets."""
        return len(self.set_start) - 1

    @cached_property
    def inner(self) -> Ints:
        """Shape (bits,): the inner bit of each bit of the Compiled."""
        real = np.flatnonzero(self.order >= 0)
        place = np.zeros(self.bits, dtype=np.int64)
        place[self.order[real]] = real
        return frozen(place, np.int64)

    @cached_property
    def row_start(self) -> Ints:
        """Shape (squares + 1,): the rows of all squares, numbered through."""
        return frozen(np.concatenate([[0], np.cumsum(self.side)]), np.int64)

    @cached_property
    def moves(self) -> int:
        """Single moves at any point: flips, shifts and swaps; what one sweep proposes."""
        shifts = int((np.diff(self.set_start) - 1).sum())
        return self.free + shifts + int((self.side * (self.side - 1) // 2).sum())

    @property
    def radix(self) -> list[int]:
        """States of each part by itself: 2 of a free bit, the size of a set, side! of a square."""
        return [2] * self.free + np.diff(self.set_start).tolist() + [factorial(side) for side in self.side.tolist()]

    @property
    def points(self) -> int:
        """Number of points that satisfy every group."""
        return prod(self.radix)

    def first_point(self) -> Bits:
        """Free bits off, the first bit of every set, the diagonal of every square."""
        point = np.zeros(self.size, dtype=np.int8)
        point[self.set_start[:-1]] = 1
        for start, side in zip(self.square_start.tolist(), self.side.tolist()):
            point[start + np.arange(side) * (side + 1)] = 1
        return point

    def outer(self, inner: NDArray[Any]) -> Bits:
        """Rows of inner bits as rows of the Compiled's bits: (rows, size) -> (rows, bits)."""
        real = self.order >= 0
        out = np.zeros((len(inner), self.bits), dtype=np.int8)
        out[:, self.order[real]] = inner[:, real]
        return out

    def random_points(self, random: np.random.Generator, rows: int) -> Bits:
        """Uniform inner points that satisfy every group, shape (rows, size)."""
        points = np.zeros((rows, self.size), dtype=np.int8)
        points[:, : self.free] = random.integers(0, 2, (rows, self.free), dtype=np.int8)
        each = np.arange(rows)[:, None]
        width = np.diff(self.set_start)
        points[each, self.set_start[:-1] + np.floor(random.random((rows, self.sets)) * width).astype(np.int64)] = 1
        for start, side in zip(self.square_start.tolist(), self.side.tolist()):
            place = np.argsort(random.random((rows, side)), axis=1)
            points[each, start + np.arange(side) * side + place] = 1
        return points

    def nearest_point(self, bits: NDArray[Any], random: np.random.Generator) -> Bits:
        """An inner point that satisfies every group and keeps as much of a row of the Compiled's bits as it easily can.

        Of a set with several bits on, a random one stays; a set with none takes its added bit, else a random one. The
        rows of a square keep their column where it is free, the others share what is left at random.
        """
        given = np.where(self.order >= 0, np.asarray(bits)[self.order], 0)
        point = np.zeros(self.size, dtype=np.int8)
        point[: self.free] = given[: self.free]
        for begin, end in zip(self.set_start[:-1].tolist(), self.set_start[1:].tolist()):
            on = begin + np.flatnonzero(given[begin:end])
            if len(on) == 0:
                on = np.array([end - 1]) if self.order[end - 1] < 0 else np.arange(begin, end)
            point[random.choice(on)] = 1
        for start, side in zip(self.square_start.tolist(), self.side.tolist()):
            square = given[start : start + side * side].reshape(side, side)
            place = np.full(side, -1)
            for r in range(side):
                open_columns = np.setdiff1d(np.flatnonzero(square[r]), place)
                if len(open_columns):
                    place[r] = open_columns[0]
            place[place < 0] = random.permutation(np.setdiff1d(np.arange(side), place))
            point[start + np.arange(side) * side + place] = 1
        return point

    def chosen(self, point: NDArray[Any]) -> Ints:
        """The bit of each set that is on at an inner point, shape (sets,)."""
        inside = slice(self.free, int(self.set_start[-1]))
        return self.free + np.flatnonzero(point[inside])

    def place(self, point: NDArray[Any]) -> Ints:
        """The column of every row of every square at an inner point."""
        parts = [
            np.flatnonzero(point[start : start + side * side]) % side
            for start, side in zip(self.square_start.tolist(), self.side.tolist())
        ]
        return np.concatenate([np.zeros(0, dtype=np.int64), *parts])


def refuse(compiled: Compiled, backend: str, accepts: Accepts) -> None:
    """Raise NotApplicableError with every reason why a backend that accepts this cannot take the Compiled."""
    reasons = list(
        accepts.refusals(
            bits=compiled.num_bits, couplings=compiled.num_couplings, degree=compiled.polynomial.products.degree or 2
        )
    )
    if len(compiled.rows) and not accepts.rows:
        reasons.append(f"has {len(compiled.rows)} rows left, none are accepted")
    left = {GroupKind(int(kind)) for kind in np.unique(compiled.groups.kind)} - accepts.groups
    reasons += [f"has groups of kind {kind.name.lower().replace('_', '-')}, which are not accepted" for kind in left]
    if reasons:
        raise NotApplicableError(backend, reasons)
