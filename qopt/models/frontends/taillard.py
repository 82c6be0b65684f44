"""Taillard's layout (1993): job shops as a matrix of times and one of machines, flow shops as a matrix of times.

Every problem begins with a line of words that speaks of jobs and machines, and a line of numbers that begins with how
many there are (seeds and bounds stand behind them). ``Times`` and ``Machines`` of a job shop have a row per job; the
``processing times`` of a flow shop a row per machine. Machines are numbered from 1. A file may hold several problems.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from qopt.core.errors import Issue, ModelError, Place
from qopt.models.families.shop import Job, Machine, ShopInstance, Task
from qopt.models.frontends._numbers import stem
from qopt.models.frontends._whole import Word, Words, words
from qopt.models.source import member_of, text_of

_HEAD = re.compile(r".*\bjobs\b.*\bmachines\b.*", re.IGNORECASE)
_TIMES = re.compile(r"\s*(processing\s+)?times\s*:?\s*", re.IGNORECASE)
_MACHINES = re.compile(r"\s*machines\s*:?\s*", re.IGNORECASE)

Jobs = list[list[tuple[int, int]]]
"""Machine and time of every task of every job."""


@dataclass(frozen=True)
class Taillard:
    """Reader of Taillard's files."""

    suffixes: tuple[str, ...] = (".txt", ".tai")

    def accepts(self, path: Path, text: str) -> bool:
        """Whether the whole text is problems of this layout."""
        try:
            return bool(_parsed(text, ""))
        except ModelError:
            return False

    def members(self, text: str) -> Sequence[str]:
        """The problems of the file, by number."""
        return _names(_parsed(text, ""))

    def read(self, source: str | Path, *, base_dir: Path | None = None, member: str | None = None) -> ShopInstance:
        """The instance: machines are numbered from 1, jobs and tasks from 0.

        Raises
        ------
        ModelError
            The first fault, with its line and column.
        """
        text, file = text_of(source)
        problems = _parsed(text, file)
        chosen = member_of(_names(problems), member, file)
        machines, jobs = problems[chosen]
        return ShopInstance(
            name=stem(source) if len(problems) == 1 else f"{stem(source)}-{chosen + 1}",
            machines=tuple(Machine(id=m) for m in range(1, machines + 1)),
            jobs=tuple(
                Job(id=j, tasks=tuple(Task(machine=m, time=time) for m, time in tasks)) for j, tasks in enumerate(jobs)
            ),
        )


def _names(problems: list[tuple[int, Jobs]]) -> list[str]:
    return [f"{k} ({len(jobs)} jobs, {machines} machines)" for k, (machines, jobs) in enumerate(problems, 1)]


def _parsed(text: str, file: str) -> list[tuple[int, Jobs]]:
    """Number of machines and the jobs of every problem."""
    blocks: list[dict[str, list[Word]]] = []
    now: list[Word] | None = None
    for number, line in enumerate(text.split("\n"), 1):
        if _HEAD.fullmatch(line):
            blocks.append({"head": []})
            now = blocks[-1]["head"]
        elif _TIMES.fullmatch(line) and blocks:
            now = blocks[-1].setdefault("flow" if "processing" in line.lower() else "times", [])
        elif _MACHINES.fullmatch(line) and blocks:
            now = blocks[-1].setdefault("machines", [])
        elif line.strip() and now is None:
            rule = "a problem begins with a line that names its numbers of jobs and machines"
            raise ModelError(Issue(rule, line.strip()[:40], Place(file, number, 1)))
        elif now is not None:
            now += words(line, number)
    if not blocks:
        raise ModelError(Issue("a line that names jobs and machines is missing", place=Place(file, 1, 1)))
    return [_problem(block, file) for block in blocks]


def _problem(block: dict[str, list[Word]], file: str) -> tuple[int, Jobs]:
    head = Words(block["head"], file)
    count = head.whole("the number of jobs", 1, 10**6)
    machines = head.whole("the number of machines", 1, 10**6)
    flow = "flow" in block and "machines" not in block
    numbers = Words(block.get("flow", block.get("times", [])) or block["head"][-1:], file)
    times = [numbers.whole("a time", 0, 10**9) for _ in range(count * machines)]
    numbers.end(f"{count * machines} times")
    if flow:
        return machines, [[(m + 1, times[m * count + j]) for m in range(machines)] for j in range(count)]
    orders = Words(block.get("machines", []) or block["head"][-1:], file)
    visits = [orders.whole("a machine", 1, machines) for _ in range(count * machines)]
    orders.end(f"{count * machines} machines")
    jobs = []
    for j in range(count):
        row = slice(j * machines, (j + 1) * machines)
        jobs.append(list(zip(visits[row], times[row])))
    return machines, jobs


PLUGIN = Taillard()
