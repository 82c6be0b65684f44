"""FJSP: flexible job shops; jobs and machines, then a line per job with its tasks and, for each, where it can be done.

The first line holds the numbers of jobs and machines, and perhaps the mean number of machines per task. A job's line is
its number of tasks; for each the number of its ways, then pairs of machine and time. Machines are numbered from 1.
Source of the layout: Brandimarte (1993).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qopt.core.errors import Issue, ModelError, Place, UnsupportedModelError
from qopt.models.families._shop_parts import Way
from qopt.models.families.shop import Job, Machine, ShopInstance, Task
from qopt.models.frontends import jsplib
from qopt.models.frontends._numbers import stem
from qopt.models.frontends._whole import Word, Words, lines
from qopt.models.source import member_of, text_of

Ways = list[tuple[int, int]]
"""Machine and time of every way of a task."""


@dataclass(frozen=True)
class Fjsp:
    """Reader and writer of FJSP files."""

    suffixes: tuple[str, ...] = (".fjs", ".txt")

    def accepts(self, path: Path, text: str) -> bool:
        """Whether the whole text is one flexible job shop, and is not a JSPLIB file."""
        rows = [line for line in text.splitlines() if line.strip()]
        if not rows or rows[0].split()[0] != str(len(rows) - 1):
            return False
        try:
            _parsed(text, "")
        except ModelError:
            return False
        return not jsplib.PLUGIN.accepts(path, text)

    def members(self, text: str) -> Sequence[str]:
        """A file holds one problem."""
        machines, jobs = _parsed(text, "")
        return [f"1 ({len(jobs)} jobs, {machines} machines)"]

    def read(self, source: str | Path, *, base_dir: Path | None = None, member: str | None = None) -> ShopInstance:
        """The instance: machines are numbered from 1, jobs and tasks from 0.

        Raises
        ------
        ModelError
            The first fault, with its line and column.
        """
        text, file = text_of(source)
        machines, jobs = _parsed(text, file)
        member_of([f"1 ({len(jobs)} jobs)"], member, file)
        return ShopInstance(
            name=stem(source),
            machines=tuple(Machine(id=m) for m in range(1, machines + 1)),
            jobs=tuple(Job(id=j, tasks=tuple(map(_task, tasks))) for j, tasks in enumerate(jobs)),
        )

    def write(self, instance: ShopInstance, target: Path) -> None:
        """Write an instance of numbered jobs and machines, tasks in order, and nothing else but their ways.

        Raises
        ------
        UnsupportedModelError
            The instance holds what the format cannot.
        """
        count = len(instance.machines)
        rule = "an FJSP file holds numbered jobs and machines, the ways to do each task, and nothing else"
        rest = instance.model_dump(exclude_defaults=True, exclude={"qopt", "problem", "name", "notes", "solve", "jobs"})
        if rest != {"machines": tuple({"id": m} for m in range(1, count + 1))}:
            raise UnsupportedModelError(Issue(rule, ", ".join(rest), Place(str(target))))
        out = [f"{len(instance.jobs)} {count}"]
        for j, job in enumerate(instance.jobs):
            same = Job(id=j, tasks=tuple(_task([_pair(way) for way in task.ways]) for task in job.tasks))
            whole = all(isinstance(way.time, int) for task in job.tasks for way in task.ways)
            if same != job or not job.tasks or not whole:
                raise UnsupportedModelError(Issue(rule, str(job.id), Place(str(target), path=f"jobs[{j}]")))
            ways = [[len(task.ways), *(x for way in task.ways for x in _pair(way))] for task in job.tasks]
            out.append(" ".join(str(x) for x in [len(job.tasks), *(x for line in ways for x in line)]))
        target.write_text("\n".join(out) + "\n", encoding="utf-8")


def _pair(way: Way) -> tuple[Any, Any]:
    return way.machine, way.time


def _task(ways: Ways) -> Task:
    if len(ways) == 1:
        return Task(machine=ways[0][0], time=ways[0][1])
    return Task(any_of=tuple(Way(machine=machine, time=time) for machine, time in ways))


def _parsed(text: str, file: str) -> tuple[int, list[list[Ways]]]:
    """Number of machines, and the ways of every task of every job."""
    found = lines(text)
    head = Words(found[0] if found else [], file)
    count = head.whole("the number of jobs", 1)
    machines = head.whole("the number of machines", 1)
    if head.left:
        mean = head.given[2]
        if head.left > 1 or not mean.text.replace(".", "", 1).isdigit():
            head.refuse("behind the numbers of jobs and machines stands the mean number of ways alone", mean.text[:40])
    rows = found[1:]
    if len(rows) != count:
        last = Words([rows[count][0] if len(rows) > count else found[-1][0]], file)
        last.refuse(f"{count} jobs are announced, the file has {len(rows)} lines for them")
    return machines, [_job(row, machines, file) for row in rows]


def _job(row: list[Word], machines: int, file: str) -> list[Ways]:
    numbers = Words(row, file)
    tasks: list[Ways] = []
    for _ in range(numbers.whole("the number of tasks", 1, len(row))):
        ways: Ways = []
        for _ in range(numbers.whole("the number of ways to do a task", 1, len(row))):
            machine = numbers.whole("a machine", 1, machines)
            ways.append((machine, numbers.whole("a time", 0, 10**9)))
            if ways[-1] in ways[:-1]:
                numbers.next -= 2
                numbers.refuse("the same way to do a task stands twice", f"{machine}")
        tasks.append(ways)
    numbers.end("the last task of this job")
    return tasks


PLUGIN = Fjsp()
