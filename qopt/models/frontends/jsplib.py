"""JSPLIB: jobs and machines, then a line per job of (machine, duration) pairs; machines are numbered from 0.

Lines that begin with ``#`` are remarks, and so is what follows a ``#`` in a line; blanks are free. In this format every
job visits every machine once. Source of the layout: Lawrence (1984) and OR-Library; JSPLIB (van Hoorn 2018).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from qopt.core.errors import Issue, ModelError, Place, UnsupportedModelError
from qopt.models.families._shop_document import LONGEST
from qopt.models.families.shop import Job, Machine, ShopInstance, Task
from qopt.models.source import member_of, text_of

_WORD = re.compile(r"\S+")
_WHOLE = re.compile(r"[+-]?\d+", re.ASCII)


@dataclass(frozen=True)
class Jsplib:
    """Reader and writer of JSPLIB files."""

    suffixes: tuple[str, ...] = (".txt", ".jsp")

    def accepts(self, path: Path, text: str) -> bool:
        """Whether the whole text is one job shop in which every job visits every machine once."""
        try:
            _Reader(text, "").jobs()
        except ModelError:
            return False
        return True

    def members(self, text: str) -> Sequence[str]:
        """A file holds one problem."""
        return _names(_Reader(text, "").jobs())

    def read(self, source: str | Path, *, base_dir: Path | None = None, member: str | None = None) -> ShopInstance:
        """The instance: jobs, tasks and machines are numbered from 0.

        Raises
        ------
        ModelError
            The first fault, with its line and column.
        """
        text, file = text_of(source)
        jobs = _Reader(text, file).jobs()
        member_of(_names(jobs), member, file)
        return ShopInstance(
            name=source.stem if isinstance(source, Path) else "unnamed",
            machines=tuple(Machine(id=m) for m in range(len(jobs[0]))),
            jobs=tuple(
                Job(id=j, tasks=tuple(Task(machine=m, time=d) for m, d in tasks)) for j, tasks in enumerate(jobs)
            ),
        )

    def write(self, instance: ShopInstance, target: Path) -> None:
        """Write an instance whose jobs visit every machine once and whose ids are its numbers.

        Raises
        ------
        UnsupportedModelError
            The instance holds what the format cannot.
        """
        size = len(instance.machines)
        if not instance.plain:
            rule = "a JSPLIB file holds machines, jobs in order and their times, and nothing else"
            raise UnsupportedModelError(Issue(rule, instance.name, Place(str(target))))
        for j, job in enumerate(instance.jobs):
            machines = sorted(str(task.machine) for task in job.tasks)
            ids = [job.id, *(task.id for task in job.tasks)]
            if machines != sorted(str(m) for m in range(size)) or ids != [j] + [None] * size:
                rule = "a JSPLIB file holds numbered jobs that visit every machine once, numbered from 0, and no ids"
                raise UnsupportedModelError(Issue(rule, str(job.id), Place(str(target), path=f"jobs[{j}]")))
        lines = [f"{len(instance.jobs)} {size}"]
        lines += [
            " ".join(f"{task.machine} {instance.length(task.ways[0].time)}" for task in job.tasks)
            for job in instance.jobs
        ]
        target.write_text("\n".join(lines) + "\n", encoding="utf-8")


class _Reader:
    """The lines of a text that hold something, as (line number, what stands there before a remark)."""

    def __init__(self, text: str, file: str) -> None:
        self.file = file
        found = []
        for number, line in enumerate(text.split("\n"), 1):
            content = line.split("#", 1)[0]
            if content and not content.isspace():
                found.append((number, content))
        self.lines = found

    def jobs(self) -> list[list[tuple[int, int]]]:
        """Machine and duration of every task of every job."""
        if not self.lines:
            self._refuse("a job shop is needed: the numbers of jobs and machines come first", "", 1, 1)
        number, content = self.lines[0]
        head = _words(content[:400])
        if len(head) != 2:
            rule = "the first line holds the numbers of jobs and of machines, and nothing else"
            hint = "a flexible job shop (.fjs) is another format" if len(head) == 3 else ""
            self._refuse(rule, " ".join(word for _, word in head[:8]), number, head[0][0], hint)
        count, machines = (self._whole(number, word, what, 1) for word, what in zip(head, ("jobs", "machines")))
        lines = self.lines[1:]
        if len(lines) > count:
            self._refuse(f"{count} jobs are announced, here is one line more", "", lines[count][0], 1)
        if len(lines) < count:
            last = self.lines[-1][0]
            self._refuse(f"{count} jobs are announced, the file ends after {len(lines)}", "", last, 1)
        jobs = [self._job(j, machines, number, _words(content)) for j, (number, content) in enumerate(lines)]
        total = sum(duration for tasks in jobs for _, duration in tasks)
        if total > LONGEST:
            number, content = lines[0]
            self._refuse(
                f"all durations together may be at most {LONGEST:,}", f"{total:,}", number, _words(content)[0][0]
            )
        return jobs

    def _job(self, j: int, machines: int, number: int, words: list[tuple[int, str]]) -> list[tuple[int, int]]:
        """The tasks of one line."""
        if len(words) != 2 * machines:
            rule = f"job {j} needs {machines} pairs of machine and duration, {2 * machines} numbers"
            self._refuse(rule, f"{len(words)}", number, words[min(len(words), 2 * machines) - 1][0])
        tasks: list[tuple[int, int]] = []
        for k in range(machines):
            machine = self._whole(number, words[2 * k], "a machine", 0)
            if machine >= machines:
                hint = "machines are numbered from 0; numbers from 1 are those of flexible job shops (.fjs)"
                rule = f"machines are numbered from 0 to {machines - 1}"
                self._refuse(rule, str(machine), number, words[2 * k][0], hint if machine == machines else "")
            if any(machine == other for other, _ in tasks):
                rule = f"job {j} visits machine {machine} twice; every job visits every machine once"
                self._refuse(rule, "", number, words[2 * k][0], "write such a shop as a YAML document")
            tasks.append((machine, self._whole(number, words[2 * k + 1], "a duration", 0)))
        return tasks

    def _whole(self, number: int, word: tuple[int, str], what: str, least: int) -> int:
        """A whole number of at least ``least``."""
        column, text = word
        if not _WHOLE.fullmatch(text) or len(text) > 18 or int(text) < least:
            named = what if what.startswith("a ") else f"the number of {what}"
            shown = text if len(text) <= 40 else text[:40] + "…"
            self._refuse(f"{named} must be a whole number of at least {least}", shown, number, column)
        return int(text)

    def _refuse(self, rule: str, value: str, line: int, column: int, suggestion: str = "") -> NoReturn:
        raise ModelError(Issue(rule, value, Place(self.file, line, column), suggestion))


def _words(content: str) -> list[tuple[int, str]]:
    """The words of a line with their columns."""
    return [(word.start() + 1, word[0]) for word in _WORD.finditer(content)]


def _names(jobs: Sequence[Sequence[tuple[int, int]]]) -> list[str]:
    return [f"1 ({len(jobs)} jobs, {len(jobs[0])} machines)"]


PLUGIN = Jsplib()
