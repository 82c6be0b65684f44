"""The best points of a run, kept apart from each other."""

from __future__ import annotations

import numpy as np

from qopt.solvers.search.arm import Entry


class Elite:
    """At most ``capacity`` entries, best first, no two of them closer than ``apart`` bits.

    Parameters
    ----------
    capacity
        At least 1.
    apart
        Least number of bits in which two entries differ, at least 1. Of two closer ones the better stays.
    """

    def __init__(self, capacity: int, apart: int) -> None:
        self.capacity, self.apart = capacity, max(1, apart)
        self._entries: list[Entry] = []

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def best(self) -> Entry | None:
        """The best entry; None while there is none."""
        return self._entries[0] if self._entries else None

    def snapshot(self) -> tuple[Entry, ...]:
        """All entries, best first; entries never change."""
        return tuple(self._entries)

    def add(self, entry: Entry) -> bool:
        """Take an entry in if it is good and distinct enough; returns whether it was."""
        full = len(self._entries) >= self.capacity
        if full and entry.rank >= self._entries[-1].rank:
            return False
        near = [k for k, other in enumerate(self._entries) if np.count_nonzero(entry.point != other.point) < self.apart]
        if near and self._entries[near[0]].rank <= entry.rank:
            return False
        for k in reversed(near):
            del self._entries[k]
        if len(self._entries) >= self.capacity:
            self._entries.pop()
        place = sum(other.rank <= entry.rank for other in self._entries)
        self._entries.insert(place, entry)
        return True

    def thin(self, keep: int) -> None:
        """Forget all but the best ``keep``: the pool is to be built anew around them."""
        del self._entries[keep:]
