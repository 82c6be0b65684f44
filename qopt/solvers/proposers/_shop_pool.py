"""Good schedules of a shop that differ, and orders between two of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qopt.core.arrays import Indices, Ints


@dataclass(frozen=True, eq=False)
class Elite:
    """A schedule: its makespan, and the place of every task in order of start, among all tasks and on its machine."""

    makespan: int
    rank: Ints
    place: Ints

    @classmethod
    def of(cls, makespan: int, start: Ints, machine: Indices) -> Elite:
        """With its places. As every task has a duration, the order of starts is topological."""
        rank, place = np.empty((2, len(start)), dtype=np.int64)
        rank[np.argsort(start, kind="stable")] = np.arange(len(start))
        order = np.lexsort((start, machine))
        place[order] = np.arange(len(start)) - np.searchsorted(machine[order], machine[order])
        return cls(makespan, rank, place)

    def distance(self, other: Elite) -> float:
        """Mean difference of a task's places on its machine: what all tasks wait together makes no difference."""
        return float(np.abs(self.place - other.place).mean())


class Pool:
    """A few good schedules that differ.

    Parameters
    ----------
    size
        Most members, >= 2.
    apart
        Least distance between two members; of two nearer ones the shorter stays.
    """

    def __init__(self, size: int, apart: float) -> None:
        self.size, self.apart = size, apart
        self.members: list[Elite] = []

    def add(self, elite: Elite) -> bool:
        """Take the schedule in where it is short or different enough; whether it was."""
        near = [member for member in self.members if member.distance(elite) < self.apart]
        if any(member.makespan <= elite.makespan for member in near):
            return False
        self.members = [member for member in self.members if member not in near]
        self.members.append(elite)
        self.members.sort(key=lambda member: member.makespan)
        del self.members[self.size :]
        return elite in self.members

    def part(self, apart: float) -> None:
        """Set the least distance, and let those go that are nearer to a shorter one."""
        self.apart = apart
        members, self.members = self.members, []
        for member in members:
            self.add(member)

    def thin(self) -> None:
        """Keep the best alone."""
        del self.members[1:]

    def blend(self, random: np.random.Generator) -> NDArray[np.int64]:
        """The tasks in an order between those of two members: without a cycle, because both members' orders are."""
        first, second = random.choice(len(self.members), size=2, replace=False)
        weight = random.uniform(0.3, 0.7)
        rank = weight * self.members[first].rank + (1 - weight) * self.members[second].rank
        return np.argsort(rank, kind="stable")


def spread(elites: list[Elite]) -> float:
    """Mean distance of two of the schedules; 0 when there are fewer."""
    pairs = [first.distance(second) for k, first in enumerate(elites) for second in elites[:k]]
    return float(np.mean(pairs)) if pairs else 0.0
