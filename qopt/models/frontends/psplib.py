"""PSPLIB: projects with limited resources in the layout of ProGen, .sm with one mode per activity and .mm with several.

Read are the sections of precedences, of requests and durations, and of availabilities. Due dates of projects are left
out, as in the literature; non-renewable resources are refused. Source of the format: Kolisch and Sprecher (1997).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from qopt.core.errors import Issue, ModelError, Place, UnsupportedModelError
from qopt.models.families.shop import ShopInstance
from qopt.models.frontends._activities import Activity, instance_of
from qopt.models.frontends._numbers import stem
from qopt.models.frontends._whole import Word, Words, words
from qopt.models.source import member_of, text_of

_COUNT = re.compile(r"\s*(jobs|- (?:renewable|nonrenewable|doubly constrained))\b[^:]*:\s*(\d+)", re.ASCII)
_SECTIONS = ("PRECEDENCE RELATIONS", "REQUESTS/DURATIONS", "RESOURCEAVAILABILITIES")
_RULE = re.compile(r"\s*[*-]{5,}\s*")


@dataclass(frozen=True)
class Psplib:
    """Reader of PSPLIB files."""

    suffixes: tuple[str, ...] = (".sm", ".mm")

    def accepts(self, path: Path, text: str) -> bool:
        """Whether the text has the three sections of a project."""
        return all(f"\n{name}" in text for name in _SECTIONS)

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
        UnsupportedModelError
            Non-renewable or doubly constrained resources.
        """
        text, file = text_of(source)
        capacities, activities = _parsed(text, file)
        member_of(["1"], member, file)
        return instance_of(stem(source), capacities, activities)


def _parsed(text: str, file: str) -> tuple[list[int], list[Activity]]:
    counts, sections = _sections(text, file)
    count, resources = counts.get("jobs"), counts.get("- renewable")
    if count is None or resources is None:
        what = "jobs (incl. supersource/sink)" if count is None else "- renewable"
        raise ModelError(Issue(f"the line '{what} : number' is missing", place=Place(file, 1, 1)))
    later, modes = _precedences(sections["PRECEDENCE RELATIONS"], count, file)
    room = Words(sections["RESOURCEAVAILABILITIES"], file)
    capacities = [room.whole("a capacity") for _ in range(resources)]
    room.end("the capacities")
    ways = _requests(sections["REQUESTS/DURATIONS"], modes, capacities, file)
    return capacities, [Activity(way, after) for way, after in zip(ways, later)]


def _sections(text: str, file: str) -> tuple[dict[str, int], dict[str, list[Word]]]:
    """Counts of the header, and the numbers of the three sections without their headings."""
    counts: dict[str, int] = {}
    sections: dict[str, list[Word]] = {}
    now: list[Word] | None = None
    skip = False
    for number, line in enumerate(text.split("\n"), 1):
        found = _COUNT.match(line)
        name = next((name for name in _SECTIONS if line.startswith(name)), None)
        if name is not None:
            now = sections.setdefault(name, [])
            skip = True
        elif _RULE.fullmatch(line):
            now = now if now is not None and line.lstrip().startswith("-") else None
        elif now is not None and skip and line.strip():
            skip = False  # the headings of the columns
        elif now is not None:
            now += words(line, number)
        elif found and now is None:
            counts[found[1]] = int(found[2])
            if found[1].startswith("- ") and found[1] != "- renewable" and int(found[2]):
                rule = "only renewable resources are supported"
                raise UnsupportedModelError(Issue(rule, found[1][2:], Place(file, number, found.start(1) + 3)))
    for name in _SECTIONS:
        if not sections.get(name):
            raise ModelError(Issue(f"the section {name} is missing or empty", place=Place(file, 1, 1)))
    return counts, sections


def _precedences(given: list[Word], count: int, file: str) -> tuple[list[list[int]], list[int]]:
    """Successors and number of modes of every activity."""
    numbers = Words(given, file)
    later, modes = [], []
    for k in range(1, count + 1):
        numbers.whole("the number of an activity, in order,", k, k)
        modes.append(numbers.whole("the number of modes", 1, 10**4))
        after = numbers.whole("the number of successors", 0, count)
        later.append([numbers.whole("a successor", 1, count) for _ in range(after)])
        if k in later[-1] or len(set(later[-1])) < after:
            numbers.next -= 1
            numbers.refuse("an activity comes before itself, or twice before another", str(later[-1][-1]))
    numbers.end("the last activity")
    return later, modes


def _requests(
    given: list[Word], modes: list[int], capacities: list[int], file: str
) -> list[list[tuple[int, list[int]]]]:
    """Duration and amounts of every mode of every activity."""
    numbers = Words(given, file)
    ways = []
    for k, count in enumerate(modes, 1):
        numbers.whole("the number of an activity, in order,", k, k)
        found = []
        for mode in range(1, count + 1):
            numbers.whole("the number of a mode, in order,", mode, mode)
            duration = numbers.whole("a duration", 0, 10**9)
            found.append((duration, [numbers.whole("an amount of a resource", 0, most) for most in capacities]))
        ways.append(found)
    numbers.end("the last activity")
    return ways


PLUGIN = Psplib()
