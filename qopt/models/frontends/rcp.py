"""RCP: projects with limited resources in Patterson's layout (1984): numbers alone, in free layout.

The numbers of activities and of resources; the capacities; then for every activity its duration, what it uses of every
resource, and how many activities come after it, by their numbers from 1. The first and the last are dummies without
duration: where the project begins and ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from qopt.core.errors import ModelError
from qopt.models.families.shop import ShopInstance
from qopt.models.frontends._activities import Activity, instance_of
from qopt.models.frontends._numbers import stem
from qopt.models.frontends._whole import Words, lines
from qopt.models.source import member_of, text_of

MOST_RESOURCES = 1000


@dataclass(frozen=True)
class Rcp:
    """Reader of Patterson files."""

    suffixes: tuple[str, ...] = (".rcp",)

    def accepts(self, path: Path, text: str) -> bool:
        """Whether the numbers are exactly those of one project that begins and ends in a dummy."""
        head = text[:200].split()[:2]
        if len(head) < 2 or not all(word.isdigit() for word in head) or int(head[1]) > MOST_RESOURCES:
            return False
        try:
            _parsed(text, "")
        except ModelError:
            return False
        return True

    def members(self, text: str) -> Sequence[str]:
        """A file holds one problem."""
        capacities, activities = _parsed(text, "")
        return [f"1 ({len(activities)} activities, {len(capacities)} resources)"]

    def read(self, source: str | Path, *, base_dir: Path | None = None, member: str | None = None) -> ShopInstance:
        """The instance: one job, whose tasks are the activities.

        Raises
        ------
        ModelError
            The first fault, with its line and column.
        """
        text, file = text_of(source)
        capacities, activities = _parsed(text, file)
        member_of(["1"], member, file)
        return instance_of(stem(source), capacities, activities)


def _parsed(text: str, file: str) -> tuple[list[int], list[Activity]]:
    numbers = Words([word for line in lines(text) for word in line], file)
    count = numbers.whole("the number of activities", 2, 10**6)
    resources = numbers.whole("the number of resources", 0, MOST_RESOURCES)
    capacities = [numbers.whole("a capacity") for _ in range(resources)]
    activities = []
    for k in range(1, count + 1):
        dummy = k in (1, count)
        duration = numbers.whole("the duration of the dummy" if dummy else "a duration", 0, 0 if dummy else 10**9)
        uses = [numbers.whole("an amount of a resource", 0, capacity) for capacity in capacities]
        after = numbers.whole("the number of successors", 0, 0 if k == count else count - 1)
        later = [numbers.whole("a successor", 2, count) for _ in range(after)]
        if k in later or len(set(later)) < after:
            numbers.next -= 1
            numbers.refuse("an activity comes before itself, or twice before another", str(later[-1]))
        activities.append(Activity(((duration, uses),), later))
    numbers.end("the last activity")
    return capacities, activities


PLUGIN = Rcp()
