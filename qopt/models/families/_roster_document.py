"""The document of a roster: its fields, how it counts days and minutes, and the form that it becomes."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cached_property
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from qopt.core.forms.roster import Roster
from qopt.core.forms.roster_cells import Cells
from qopt.models.clock import Clock
from qopt.models.families._roster_parts import (
    AnyFairness,
    AnyObjective,
    AnyPerson,
    AnyShift,
    Contract,
    Fairness,
    Horizon,
    Id,
    Minutes,
    Need,
    Objective,
    Person,
    Plan,
    Planned,
    Rest,
    Shift,
    Weekends,
    Wish,
    Work,
)
from qopt.models.families._shop_calendar import DAYS, days_of
from qopt.models.faults import refuse
from qopt.models.instance import Instance, Name

__all__ = [
    "Contract",
    "Fairness",
    "Horizon",
    "Minutes",
    "Need",
    "Person",
    "Plan",
    "Planned",
    "Rest",
    "RosterInstance",
    "Shift",
    "Weekends",
    "Wish",
    "Work",
]

REST, WORK = "rest", "work"
"""What a wish may name besides a shift."""

_DAY = 24 * 60
_CLOCK = Clock()


class RosterInstance(Instance):
    """Who works which shift on which day; nobody works more than one shift a day.

    What was worked before the first day can be part of the roster: begin it earlier and pin those days.

    Parameters
    ----------
    horizon
        The days.
    shifts
        The shifts; a bare id where nothing else matters.
    contracts
        What people have agreed to, by name.
    staff
        The people; a bare id where nothing else matters.
    cover
        How many people each shift needs.
    wishes
        What people would like.
    fairness
        What is to be spread evenly.
    plan
        The plan of now, for changing it.
    objective
        What is made small: the sum of all prices.
    """

    family: ClassVar[str] = "roster"

    problem: Literal["roster"] = "roster"
    horizon: Horizon
    shifts: tuple[AnyShift, ...] = Field(min_length=1)
    contracts: dict[Name, Contract] = Field(default_factory=dict)
    staff: tuple[AnyPerson, ...] = Field(min_length=1)
    cover: tuple[Need, ...] = ()
    wishes: tuple[Wish, ...] = ()
    fairness: AnyFairness = ()
    plan: Plan | None = None
    objective: AnyObjective = Objective()

    @classmethod
    def unfolded(cls, document: Any) -> Any:
        """The document with the table of shifts that its plan names."""
        from qopt.models.families._roster_files import with_shifts

        return with_shifts(document)

    @model_validator(mode="after")
    def _consistent(self) -> RosterInstance:
        from qopt.models.families._roster_faults import faults

        refuse("roster", faults(self))
        return self

    @cached_property
    def start(self) -> date | None:
        """The first day; None where the horizon names a day of the week."""
        return None if self.horizon.start in DAYS else date.fromisoformat(self.horizon.start)

    def weekday(self, day: int) -> int:
        """Day of the week of a day of the horizon, from 0 for Monday."""
        first = DAYS.index(self.horizon.start) if self.start is None else self.start.weekday()
        return (first + day) % 7

    def day_name(self, day: int) -> str | int:
        """A day as plans write it: its date, or its number."""
        return day if self.start is None else (self.start + timedelta(days=day)).isoformat()

    def day_text(self, day: int) -> str:
        """A day in a sentence: its date, or day and its number."""
        return f"day {day}" if self.start is None else str(self.day_name(day))

    def day(self, told: int | str) -> int:
        """Number of a day of the document.

        Raises
        ------
        ValueError
            No day of the horizon.
        """
        if isinstance(told, str):
            if self.start is None:
                raise ValueError("a date needs a horizon that starts on one")
            told = (date.fromisoformat(told.strip()) - self.start).days
        if not 0 <= told < self.horizon.days:
            raise ValueError(f"this is no day of the horizon of {self.horizon.days} days")
        return told

    def days(self, told: tuple[int | str, ...]) -> list[int]:
        """Numbers of days of the document, ascending.

        Raises
        ------
        ValueError
            A day outside the horizon, or a text that names none.
        """
        found: set[int] = set()
        for entry in told:
            if isinstance(entry, str) and not entry[:1].isdigit():
                wanted = days_of(entry)
                found |= {day for day in range(self.horizon.days) if self.weekday(day) in wanted}
            else:
                found.add(self.day(entry))
        return sorted(found)

    @cached_property
    def weekends(self) -> list[int]:
        """The weekend of every day, from 0 on, -1 for none: days of a weekend in a row are one."""
        there = [DAYS[self.weekday(day)] in self.horizon.weekend for day in range(self.horizon.days)]
        out, number = [], -1
        for day, inside in enumerate(there):
            number += inside and (day == 0 or not there[day - 1])
            out.append(number if inside else -1)
        return out

    @staticmethod
    def clock_time(text: str) -> int:
        """Minutes after midnight of a time of day.

        Raises
        ------
        ValueError
            It is none.
        """
        return round(_CLOCK.moment(text))

    def span(self, shift: Shift) -> tuple[int, int] | None:
        """Minutes after midnight at which a shift begins and ends; None where the document does not say."""
        if shift.start is None or shift.end is None:
            return None
        low, high = self.clock_time(shift.start), self.clock_time(shift.end)
        return low, high if high > low else high + _DAY

    def minutes(self, shift: Shift) -> int:
        """What a shift counts in contracts; 0 where the document does not say."""
        span = self.span(shift)
        if shift.minutes is not None:
            return shift.minutes
        return 0 if span is None else span[1] - span[0]

    def overnight(self, shift: Shift) -> bool:
        """Whether a shift ends on the next day."""
        span = self.span(shift)
        return span is not None and span[1] > _DAY

    def contract(self, person: Person) -> Contract:
        """What a person has agreed to."""
        return Contract() if person.contract is None else self.contracts[person.contract]

    def follows(self, contract: Contract, first: Shift, second: Shift) -> bool:
        """Whether a contract lets the second shift follow the first on the next day."""
        if str(second.id) in {str(name) for name in contract.not_after.get(str(first.id), ())}:
            return False
        rest = self.rest_of(contract)
        one, two = self.span(first), self.span(second)
        return not rest or one is None or two is None or two[0] + _DAY - one[1] >= rest

    def rest_of(self, contract: Contract) -> int:
        """Least minutes between two shifts."""
        return round(_CLOCK.duration(contract.rest_between))

    @cached_property
    def duty(self) -> dict[str, int]:
        """Number of a duty by the id of its shift."""
        return {str(shift.id): k for k, shift in enumerate(self.shifts, start=1)}

    @cached_property
    def number(self) -> dict[str, int]:
        """Number of a person by id."""
        return {str(person.id): k for k, person in enumerate(self.staff)}

    def numbers(self, ids: tuple[Id, ...] | None) -> list[int]:
        """Numbers of people by their ids; everybody for None."""
        return list(range(len(self.staff))) if ids is None else [self.number[str(name)] for name in ids]

    @cached_property
    def form(self) -> Roster:
        """The native form."""
        from qopt.models.families._roster_form import roster

        return roster(self)

    @cached_property
    def cells(self) -> Cells:
        """Where the columns of the formulation are."""
        days = tuple(str(self.day_name(day)) for day in range(self.horizon.days))
        return Cells(self.form, tuple(self.number), days, tuple(self.duty))
