"""The parts of a roster document: horizon, shifts, contracts, staff, cover, wishes, fairness, the plan of now."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, model_validator
from pydantic import Strict as Exact

from qopt.models.clock import Duration
from qopt.models.families._shop_parts import bare, spelled
from qopt.models.instance import Name, Strict

Id = Name | Annotated[int, Exact()]
Price = Annotated[float, Exact(), Field(ge=0)]
Count = Annotated[int, Exact(), Field(ge=0)]
Some = Annotated[int, Exact(), Field(ge=1)]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def _several(given: Any) -> Any:
    return given if isinstance(given, (list, tuple)) else [given]


Days = Annotated[tuple[Annotated[int, Exact(), Field(ge=0)] | Name, ...], BeforeValidator(_several)]
"""Days: numbers from 0, dates such as 2026-03-04, days of the week such as mon-fri, or all; one or a list."""

Ids = Annotated[tuple[Id, ...], BeforeValidator(_several)]


class Horizon(Strict):
    """The days of the roster.

    Parameters
    ----------
    start
        The first day: a date such as 2026-03-02, or a day of the week where the calendar does not matter.
    days
        How many.
    week_starts
        The day with which a week begins, for minutes per week.
    weekend
        The days of a weekend.
    """

    start: Name = "mon"
    days: Annotated[int, Exact(), Field(ge=1, le=1000)]
    week_starts: Weekday = "mon"
    weekend: tuple[Weekday, ...] = ("sat", "sun")


class Shift(Strict):
    """A shift.

    Parameters
    ----------
    id, label
        ``label`` is what reports call it, its id when left out.
    start, end
        Times of day; one that ends before it starts, or when it starts, ends on the next day.
    minutes
        What it counts in contracts; left out: from start to end.
    """

    id: Id
    label: Name | None = None
    start: Name | None = None
    end: Name | None = None
    minutes: Count | None = None


class Minutes(Strict):
    """Least and most minutes of work.

    Parameters
    ----------
    per
        ``horizon``, ``week`` (whole weeks of the horizon and the parts at its ends, which have no least), or a number
        of days: in any so many days in a row.
    soft
        Price of a minute too few or too many; left out: there may be none.
    """

    per: Literal["horizon", "week"] | Some = "horizon"
    min: Count = 0
    max: Count | None = None
    soft: Price | None = None


class Work(Strict):
    """Fewest and most days of work in a row. A run that touches an end of the horizon is never too short."""

    min: Some = 1
    max: Some | None = None


class Rest(Strict):
    """Fewest days off in a row. Days off that touch an end of the horizon are never too few."""

    min: Some = 1


class Weekends(Strict):
    """Most weekends with work."""

    max: Count


class Contract(Strict):
    """What people have agreed to; it holds in every plan, but for minutes with a ``soft`` price.

    Parameters
    ----------
    minutes
        Minutes of work; one limit or several.
    shifts
        Most shifts of a kind in the horizon, such as {N: 4}.
    run_of_work, run_of_rest
        Days of work in a row, and days off in a row.
    weekends
        Weekends with work.
    rest_between
        Least time between the end of a shift and the start of the next, in minutes or as 11h; at most a day.
    not_after
        Shifts that may not follow a shift on the next day, such as {N: [E, L]}.
    """

    minutes: Annotated[tuple[Minutes, ...], BeforeValidator(_several)] = ()
    shifts: dict[Name, Count] = Field(default_factory=dict)
    run_of_work: Work = Work()
    run_of_rest: Rest = Rest()
    weekends: Weekends | None = None
    rest_between: Duration = 0
    not_after: dict[Name, Ids] = Field(default_factory=dict)


class Person(Strict):
    """A person.

    Parameters
    ----------
    id, label
        ``label`` is what reports call them, their id when left out.
    contract
        Name of a contract; left out: none binds.
    skills
        What they can do; cover asks for it.
    unavailable
        Days on which they do not work.
    """

    id: Id
    label: Name | None = None
    contract: Name | None = None
    skills: tuple[Name, ...] = ()
    unavailable: Days = ()


class Need(Strict):
    """How many people a shift needs.

    Parameters
    ----------
    shift
        Of which shift.
    days
        On which days.
    need
        How many people; or by skill, such as {rn: 2, lead: 1}: someone with both counts for both.
    most
        More are not allowed.
    under, over
        Price of each person too few and too many. Without ``under`` there may be none too few; without ``over`` more
        cost nothing.
    hard
        Says that there may be none too few, which is so where ``under`` is left out.
    why
        Told where it is not met.
    """

    shift: Id
    days: Days = ("all",)
    need: Count | dict[Name, Count]
    most: Count | None = None
    under: Price | None = None
    over: Price = 0.0
    hard: Annotated[bool, Exact()] | None = None
    why: Name | None = None

    @property
    def by_skill(self) -> dict[str | None, int]:
        """How many of each skill; None for anybody."""
        asked = self.need
        return {skill: asked[skill] for skill in asked} if isinstance(asked, dict) else {None: asked}


class Wish(Strict):
    """Somebody wants or avoids a shift, ``work`` or ``rest`` on some days; ``weight`` is paid for each day without."""

    who: Ids
    want: Id | None = None
    avoid: Id | None = None
    days: Days
    weight: Price = 1.0


class Fairness(Strict):
    """Work to be spread evenly.

    Parameters
    ----------
    balance
        What is counted: ``shifts`` (all of them), ``nights`` (those that end on the next day), ``weekends`` (shifts on
        a weekend), or a shift.
    weight
        Price of each by which the most that one person has exceeds the least.
    who
        Between whom; left out: everybody.
    """

    balance: Ids
    weight: Price
    who: tuple[Id, ...] | None = None


class Pinned(Strict):
    """What must stay of the plan of now: all days before one, people, and single days of all people."""

    before: Annotated[int, Exact(), Field(ge=0)] | Name | None = None
    who: tuple[Id, ...] = ()
    days: Days = ()


class Planned(Strict):
    """A line of the plan of now: who works which shift on a day."""

    person: Id
    day: Annotated[int, Exact(), Field(ge=0)] | Name
    shift: Id


class Plan(Strict):
    """The plan of now, for changing it; who has no shift on a day has it off.

    Parameters
    ----------
    from
        A table with the columns person, day and shift, or what ``qopt solve --json`` wrote. It is read with the
        document.
    shifts
        The same plan in the document itself.
    pinned
        What must stay.
    change_cost
        The price of each day on which somebody does something else than planned.
    """

    source: Annotated[str | None, Field(alias="from")] = None
    shifts: tuple[Planned, ...] = ()
    pinned: Pinned = Pinned()
    change_cost: Price = 0.0

    @model_validator(mode="before")
    @classmethod
    def _from_file(cls, given: Any, info: ValidationInfo) -> Any:
        from qopt.models.families._roster_files import with_plan

        return with_plan(given, info)


class Objective(Strict):
    """What is made small: the sum of all prices."""

    minimise: Literal["soft_score"] = "soft_score"


AnyShift = Annotated[Shift, BeforeValidator(bare)]
AnyPerson = Annotated[Person, BeforeValidator(bare)]
AnyObjective = Annotated[Objective, BeforeValidator(spelled)]
AnyFairness = Annotated[tuple[Fairness, ...], BeforeValidator(_several)]
