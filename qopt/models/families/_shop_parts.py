"""The parts of a shop document: machines, resources, calendars, set-ups, jobs and tasks, rules, objective, plan."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, model_validator
from pydantic import Strict as Exact

from qopt.core.errors import Issue, ModelError, Place
from qopt.models.clock import Moment, seconds_of
from qopt.models.instance import Name, Strict

Id = Name | Annotated[int, Exact()]


def _text(value: str) -> str:
    if seconds_of(value) is None:
        raise ValueError("a duration is a whole number that is not negative, or a text such as 30s, 5m or PT1H30M")
    return value


def _signed(value: str) -> str:
    return value if value.startswith("-") and _text(value[1:]) else _text(value)


Text = Annotated[str, Exact(), AfterValidator(_text)]
Time = Annotated[int, Exact(), Field(ge=0)] | Text
"""A duration: a whole number of ``units.time``, or a text with its own unit."""

Lag = Annotated[int, Exact()] | Annotated[str, Exact(), AfterValidator(_signed)]
"""The same, perhaps negative, such as -2 or -30m."""

Amount = Annotated[int, Exact(), Field(ge=1)]
Price = Annotated[float, Exact(), Field(ge=0)]
Window = tuple[Moment, Moment]

MEASURES = ("makespan", "weighted_tardiness", "tardy", "flow_time", "setup", "changes", "soft")
"""What an objective may make small, as in ``core.forms.project``."""


class Units(Strict):
    """What the numbers of the document are counted in, such as min, h or 5 min; any word where no clock matters."""

    time: Name


class Horizon(Strict):
    """The time in question: nothing starts before ``start`` or ends after ``end``; a start with a day is time 0."""

    start: Moment
    end: Moment | None = None
    timezone: Name | None = None


class Calendar(Strict):
    """When something is open.

    Parameters
    ----------
    weekly
        Opening hours by days, such as ``mon-fri`` or ``sat, sun``; all else is closed. Left out: always open.
    closed
        Days such as 2026-03-13, and stretches of time.
    """

    weekly: dict[Name, tuple[tuple[Name, Name], ...]] = Field(default_factory=dict)
    closed: tuple[Name | Window, ...] = ()


def _stretches(given: Any) -> Any:
    """A bare list stands for the stretches in which it is closed."""
    return {"closed": given} if isinstance(given, (list, tuple)) else given


AnyCalendar = Annotated[Calendar, BeforeValidator(_stretches)]


class Setup(Strict):
    """Time between two tasks on a machine, by their families; a task without a family needs none.

    Parameters
    ----------
    between
        From family to family: what is not named takes ``other``, and nothing between tasks of one family.
    first
        For the first task of the machine; what is not named takes nothing.
    other
        Between two different families.
    file
        A table of ``between``, with the names of its columns in ``from``, ``to`` and ``time``; of two columns of one
        name the first is ``from``. It is read with the document.
    """

    between: dict[Name, dict[Name, Time]] = Field(default_factory=dict)
    first: dict[Name, Time] = Field(default_factory=dict)
    other: Time = 0
    file: str | None = None
    source: Annotated[str, Field(alias="from")] = "from"
    to: str = "to"
    time: str = "time"

    @model_validator(mode="before")
    @classmethod
    def _from_table(cls, given: Any, info: ValidationInfo) -> Any:
        if isinstance(given, (int, str)) and not isinstance(given, bool):
            return {"other": given}
        if not isinstance(given, dict) or not isinstance(given.get("file"), str):
            return given
        if "between" in given:
            place = Place(path="between")
            raise ModelError(Issue("set-ups are in a table or in the document", place=place, suggestion="keep one"))
        rest = {key: value for key, value in given.items() if key not in ("file", "from", "to", "time")}
        names = [given.get(key, key) for key in ("from", "to", "time")]
        if not all(isinstance(name, str) for name in names):
            return given  # to be told at the key
        return rest | {"between": _table(given["file"], names, info)}


def _table(file: str, names: list[str], info: ValidationInfo) -> dict[str, dict[str, int]]:
    """Set-ups of a table, by the families in its first two columns."""
    from qopt.models.documents.limits import DEFAULT
    from qopt.models.source import decoded, read_bytes
    from qopt.models.tables import beside, parse_csv

    document = (info.context or {}).get("document")
    base, limits = (None, DEFAULT) if document is None else (document.base_dir, document.limits)
    same = names[0] if names[0] == names[1] else ""
    table = parse_csv(decoded(read_bytes(beside(base, file, limits)), file), file, twice=same)
    source, to, time = (table.column(name) for name in names)
    if same:
        if same not in table.header[source + 1 :]:
            rule = f"from and to name the same column, and {file} has one of that name"
            raise ModelError(Issue(rule, same, Place(path="to"), "name two columns"))
        to = table.header.index(same, source + 1)
    out: dict[str, dict[str, int]] = {}
    for k, value in enumerate(table.numbers(time).tolist()):
        if not value.is_integer() or value < 0:
            rule = "a set-up takes a whole number that is not negative"
            raise ModelError(Issue(rule, table.rows[k][time], table.place(k, time)))
        line = out.setdefault(table.rows[k][source], {})
        if table.rows[k][to] in line:
            raise ModelError(Issue("the same pair of families stands twice", place=table.place(k, source)))
        line[table.rows[k][to]] = int(value)
    return out


class Machine(Strict):
    """A machine takes one task at a time.

    Parameters
    ----------
    id, label
        ``label`` is what reports call it, its id when left out.
    capacity
        How many tasks it takes at a time.
    calendar
        When it is open: the name of a calendar. A task does not run across a closed time.
    setup
        Time between two tasks, by their families; a number is the time between any two different ones.
    """

    id: Id
    label: Name | None = None
    capacity: Amount = 1
    calendar: Name | None = None
    setup: Setup | None = None


class Resource(Strict):
    """Something of which tasks use an amount while they run, such as people; ``capacity`` is how much there is."""

    id: Id
    label: Name | None = None
    capacity: Annotated[int, Exact(), Field(ge=0)]
    calendar: Name | None = None


class Way(Strict):
    """One of several ways to do a task: a machine, the time it takes there, and amounts of resources."""

    machine: Id | None = None
    time: Time
    uses: dict[Name, Amount] = Field(default_factory=dict)


class Task(Strict):
    """A task keeps its machine and what it uses for ``time``, without a break; a time of 0 takes no place there.

    Parameters
    ----------
    id
        Unique in the job; left out: its number, from 0.
    machine
        Id of the machine; left out: it needs none.
    time
        A whole number >= 0, in ``units.time``, or a text such as 90m.
    uses
        Amounts of resources.
    any_of
        Ways to do it, instead of ``machine``, ``time`` and ``uses``.
    family
        For set-ups.
    start_within
        It starts at most so long after the task before it in its job has ended.
    release, deadline
        No start before, no end after.
    """

    id: Id | None = None
    machine: Id | None = None
    time: Time | None = None
    uses: dict[Name, Amount] = Field(default_factory=dict)
    any_of: tuple[Way, ...] | None = Field(default=None, min_length=1)
    family: Name | None = None
    start_within: Time | None = None
    release: Moment | None = None
    deadline: Moment | None = None

    @property
    def ways(self) -> tuple[Way, ...]:
        """The ways to do it: at least one once the document is checked."""
        if self.any_of is not None:
            return self.any_of
        return (Way(machine=self.machine, time=0 if self.time is None else self.time, uses=self.uses),)


class Import(Strict):
    """Jobs of a file in another format, such as jsplib, fjsp or psplib; they and what they need come after the rest.

    Parameters
    ----------
    file, format, member
        As for ``qopt solve``; the format is detected where it is left out.
    prefix
        Put before the ids of the jobs.
    """

    file: str
    format: Name | None = None
    member: Annotated[int, Exact()] | None = None
    prefix: str = ""


class Job(Strict):
    """Tasks that belong together.

    Parameters
    ----------
    id, label
        ``label`` is what reports call it, its id when left out.
    release, deadline
        No task starts before, none ends after.
    due, weight
        When it should have ended, and what lateness weighs.
    order
        ``listed``: tasks run one after another as listed. ``any``: one after another in any order (an open shop).
        ``parallel``: only rules order them.
    import
        A file in another format whose job this is, instead of ``tasks``. Of a file with several jobs it makes ID.0,
        ID.1 and so on, by their ids in the file.
    """

    id: Id
    label: Name | None = None
    release: Moment | None = None
    due: Moment | None = None
    deadline: Moment | None = None
    weight: Price = 1.0
    order: Literal["listed", "any", "parallel"] = "listed"
    tasks: tuple[Task, ...] = ()
    source: Annotated[Import | None, Field(alias="import")] = None


class Rule(Strict):
    """A rule between two tasks, each named JOB.TASK, or jobs: exactly one of the three.

    The first job stands for its last task, the second for its first one (for all, where they have no order).

    Parameters
    ----------
    before
        The second starts at least ``lag`` after the first has ended (a negative lag lets them overlap).
    no_wait
        The second starts just when the first ends.
    start_within
        The second starts after the first has ended, at most ``time`` after it.
    lag_from
        What a lag counts from: the ``end`` or the ``start`` of the first.
    soft
        Price of each unit of time by which the second task starts too early or too late; added to the first level,
        unless the objective names ``soft``. Left out: the rule is kept.
    name, why
        What plans call the rule, and say where it is missed.
    """

    before: tuple[Name, Name] | None = None
    no_wait: tuple[Name, Name] | None = None
    start_within: tuple[Name, Name] | None = None
    lag: Lag = 0
    lag_from: Literal["end", "start"] = "end"
    time: Time | None = None
    soft: Price | None = None
    name: Name | None = None
    why: Name | None = None

    def kinds(self) -> Iterator[str]:
        """Which of the three it is; exactly one once the document is checked."""
        return (name for name in ("before", "no_wait", "start_within") if getattr(self, name) is not None)

    @property
    def says(self) -> str:
        """The rule in a few words."""
        lag = f", lag {self.lag}" if self.lag else f", within {self.time}" if self.time is not None else ""
        return f"{next(self.kinds())} {', '.join(self.pair)}{lag}"

    @property
    def pair(self) -> tuple[str, str]:
        """The two tasks."""
        found: tuple[str, str] = getattr(self, next(self.kinds()))
        return found


class Objective(Strict):
    """One thing made small; a ``weight`` puts it into the level of the entry before, else it is a level of its own."""

    minimise: Literal["makespan", "weighted_tardiness", "tardy", "flow_time", "setup", "changes", "soft"] = "makespan"
    weight: Annotated[float, Exact(), Field(gt=0)] | None = None


def bare(given: Any) -> Any:
    """A bare id stands for a machine without a label."""
    return {"id": given} if isinstance(given, (str, int)) and not isinstance(given, bool) else given


def spelled(given: Any) -> Any:
    """``minimize`` is ``minimise``."""
    if isinstance(given, dict) and "minimize" in given and "minimise" not in given:
        return {"minimise" if key == "minimize" else key: value for key, value in given.items()}
    return given


AnyMachine = Annotated[Machine, BeforeValidator(bare)]
AnyObjective = Annotated[Objective, BeforeValidator(spelled)]
