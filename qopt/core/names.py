"""Names of columns and rows, made only when somebody asks for one.

A million columns share one ``Labels`` record per declared family, so no Python string exists per column.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import prod

from qopt.core.errors import Place


@dataclass(frozen=True, slots=True)
class Labels:
    """The names of one declared family of columns, rows or groups.

    Parameters
    ----------
    name
        The family's name as declared, such as ``use``.
    shape
        Shape of its index; ``()`` for a scalar.
    axes
        One tuple of labels per axis, or None for an axis numbered 0, 1, …
    place
        Where the family was declared.
    why
        The user's reason for it (rows only); printed by explanations.
    """

    name: str
    shape: tuple[int, ...] = ()
    axes: tuple[tuple[str, ...] | None, ...] = ()
    place: Place = Place()
    why: str = ""

    @property
    def size(self) -> int:
        """Number of members."""
        return prod(self.shape)

    def index(self, position: int) -> tuple[str | int, ...]:
        """The index tuple of the member at ``position`` in C order: labels where an axis has them, else numbers."""
        out: list[str | int] = []
        for axis in range(len(self.shape) - 1, -1, -1):
            position, k = divmod(position, self.shape[axis])
            labels = self.axes[axis] if axis < len(self.axes) else None
            out.append(k if labels is None else labels[k])
        return tuple(reversed(out))

    def text(self, position: int) -> str:
        """The member's name as a user writes it: ``use[s1,york]``, or ``total`` for a scalar."""
        if not self.shape:
            return self.name
        return f"{self.name}[{','.join(str(k) for k in self.index(position))}]"


@dataclass(frozen=True)
class NameTable(Sequence[str]):
    """All names of one kind of thing, families laid end to end in the order of declaration.

    A read-only sequence of names: ``table[k]`` makes the k-th, ``table.find(name)`` goes back.
    """

    families: tuple[Labels, ...] = ()
    starts: tuple[int, ...] = field(init=False, default=())

    def __post_init__(self) -> None:
        starts = [0]
        for family in self.families:
            starts.append(starts[-1] + family.size)
        object.__setattr__(self, "starts", tuple(starts))

    def __len__(self) -> int:
        return self.starts[-1]

    def __getitem__(self, k):  # type: ignore[no-untyped-def]
        if isinstance(k, slice):
            return [self[i] for i in range(*k.indices(len(self)))]
        family, position = self.locate(k)
        return family.text(position)

    def __iter__(self) -> Iterator[str]:
        for family in self.families:
            for position in range(family.size):
                yield family.text(position)

    def locate(self, k: int) -> tuple[Labels, int]:
        """The family of the k-th member and the member's position in it."""
        k = int(k)
        if not 0 <= k < len(self):
            raise IndexError(f"index {k} is outside 0..{len(self) - 1}")
        which = bisect_right(self.starts, k) - 1
        return self.families[which], k - self.starts[which]

    def span(self, name: str) -> slice:
        """The range of members of the family called ``name``; KeyError when there is none."""
        for family, start in zip(self.families, self.starts):
            if family.name == name:
                return slice(start, start + family.size)
        raise KeyError(name)

    def family(self, name: str) -> Labels:
        """The family called ``name``; KeyError when there is none."""
        for family in self.families:
            if family.name == name:
                return family
        raise KeyError(name)

    def extended(self, *families: Labels) -> NameTable:
        """A table with more families behind these."""
        return NameTable(self.families + families)

    def select(self, chosen: Sequence[int]) -> NameTable:
        """The names at the given positions, in that order. A family taken whole stays as it is; of one taken in part,
        each run becomes a family of the same name with one axis, so that every text stays the same."""
        families: list[Labels] = []
        k = 0
        while k < len(chosen):
            family, position = self.locate(chosen[k])
            first, k = k, k + 1
            start = int(chosen[first]) - position
            while k < len(chosen) and start <= chosen[k] < start + family.size:
                k += 1
            run = [int(c) - start for c in chosen[first:k]]
            if run == list(range(family.size)):
                families.append(family)
            elif family.shape:
                axis = tuple(",".join(str(label) for label in family.index(p)) for p in run)
                families.append(Labels(family.name, (len(run),), (axis,), family.place, family.why))
            else:
                families += [family] * len(run)
        return NameTable(tuple(families))

    @classmethod
    def numbered(cls, name: str, count: int) -> NameTable:
        """``count`` members called ``name[0]``, ``name[1]``, …"""
        return cls((Labels(name, (count,)),) if count else ())
