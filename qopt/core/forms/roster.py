"""Roster: who works which shift on which day, under contracts, cover by skill, wishes and a plan that is being changed.

A person works at most one shift a day. What a cell says is a *duty*: 0 for a day off, s + 1 for shift s; tables over
duties have ``shifts + 1`` entries, the first for the day off.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from qopt.core.arrays import Bools, Floats, Indices, Ints, frozen, is_integral
from qopt.core.forms._roster_judge import judge
from qopt.core.solution import Check

UNBOUND = 2**40
"""A limit that nothing reaches."""


@dataclass(frozen=True, eq=False)
class Cover:
    """How many people a shift wants on a day; one line per demand, several may speak of one shift.

    Parameters
    ----------
    day, duty
        Of which cell; duties from 1 on.
    group
        Row of ``Roster.groups``: whose work counts.
    least, most
        ``UNBOUND`` for no most.
    under, over
        Price of each person too few or too many; infinity: there may be none.
    """

    day: Indices
    duty: Indices
    group: Indices
    least: Ints
    most: Ints
    under: Floats
    over: Floats

    def __post_init__(self) -> None:
        for name, kind in (("day", np.int32), ("duty", np.int32), ("group", np.int32)):
            object.__setattr__(self, name, frozen(getattr(self, name), kind))
        for name in ("least", "most"):
            object.__setattr__(self, name, frozen(getattr(self, name), np.int64))
        for name in ("under", "over"):
            object.__setattr__(self, name, frozen(getattr(self, name), np.float64))

    def __len__(self) -> int:
        return len(self.day)


@dataclass(frozen=True, eq=False)
class Totals:
    """``least <= sum of amount[duty] over the days first..last-1 <= most`` for one person per line.

    Contract minutes of any period and the most shifts of a type are both of this kind.

    Parameters
    ----------
    person, first, last
        Whose days, ``last`` not included.
    amount
        Shape (lines, shifts + 1), whole, >= 0; what a duty adds, 0 for a day off.
    price
        Of one unit too little or too much; infinity: there may be none.
    names
        What each line counts, such as ``minutes``.
    """

    person: Indices
    first: Ints
    last: Ints
    amount: Ints
    least: Ints
    most: Ints
    price: Floats
    names: tuple[str, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "person", frozen(self.person, np.int32))
        for name in ("first", "last", "amount", "least", "most"):
            object.__setattr__(self, name, frozen(getattr(self, name), np.int64))
        object.__setattr__(self, "price", frozen(self.price, np.float64))

    def __len__(self) -> int:
        return len(self.person)

    def name(self, line: int) -> str:
        """What a line counts."""
        return self.names[line] if self.names else "totals"


@dataclass(frozen=True, eq=False)
class Runs:
    """Limits of every person on successive days; all arrays have one line per person.

    Parameters
    ----------
    most_work, least_work, least_rest
        Days of work in a row, and days off in a row. A run that touches an end of the roster may go on outside: it may
        be too long, never too short.
    most_weekends
        Weekends with work.
    forbidden
        Shape (people, shifts + 1, shifts + 1): duties b that may not follow a on the next day.
    """

    most_work: Ints
    least_work: Ints
    least_rest: Ints
    most_weekends: Ints
    forbidden: Bools

    def __post_init__(self) -> None:
        for name in ("most_work", "least_work", "least_rest", "most_weekends"):
            object.__setattr__(self, name, frozen(getattr(self, name), np.int64))
        object.__setattr__(self, "forbidden", frozen(self.forbidden, np.bool_))


@dataclass(frozen=True, eq=False)
class Balance:
    """Work to be spread evenly: ``price`` for each by which the most that one person has exceeds the least.

    Parameters
    ----------
    counts
        Shape (lines, days, shifts + 1): whether the duty on the day counts.
    members
        Shape (lines, people): between whom.
    price
        Finite.
    """

    counts: Bools
    members: Bools
    price: Floats
    names: tuple[str, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        for name, kind in (("counts", np.bool_), ("members", np.bool_), ("price", np.float64)):
            object.__setattr__(self, name, frozen(getattr(self, name), kind))

    def __len__(self) -> int:
        return len(self.price)


@dataclass(frozen=True, eq=False)
class Current:
    """The plan that is being changed.

    Parameters
    ----------
    duty
        Shape (people, days), -1 for unknown.
    price
        Of doing it otherwise, infinity for a cell that is pinned.
    """

    duty: Ints
    price: Floats

    def __post_init__(self) -> None:
        object.__setattr__(self, "duty", frozen(self.duty, np.int64))
        object.__setattr__(self, "price", frozen(self.price, np.float64))


@dataclass(frozen=True, eq=False)
class Roster:
    """Everything a planner knows.

    Parameters
    ----------
    allowed
        Shape (people, days, shifts + 1): which duties a person may have; at least one.
    wish
        Same shape: what a duty costs, finite.
    cover, totals, runs, balance
        The rules.
    groups
        Shape (groups, people): who has a skill; cover counts them.
    weekend
        Shape (days,): the weekend that a day belongs to, from 0 on, -1 for none.
    current
        The plan of now, if any.
    people, duties
        Names, for violations.
    """

    allowed: Bools
    wish: Floats
    cover: Cover
    totals: Totals
    runs: Runs
    groups: Bools
    weekend: Indices
    balance: Balance
    current: Current | None = None
    people: tuple[str, ...] = field(default=(), repr=False)
    duties: tuple[str, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        for name, kind in (("allowed", np.bool_), ("wish", np.float64), ("groups", np.bool_), ("weekend", np.int32)):
            object.__setattr__(self, name, frozen(getattr(self, name), kind))
        people, days, duties = self.shape
        for name, array, shape in (
            ("wish", self.wish, self.shape),
            ("weekend", self.weekend, (days,)),
            ("forbidden", self.runs.forbidden, (people, duties, duties)),
            ("amount", self.totals.amount, (len(self.totals), duties)),
            ("counts", self.balance.counts, (len(self.balance), days, duties)),
            ("groups", self.groups, (len(self.groups), people)),
        ):
            if array.shape != shape:
                raise ValueError(f"{name} has shape {array.shape}, expected {shape}")
        if not self.allowed.any(axis=2).all():
            raise ValueError("a person may do nothing on some day, not even have it off")

    @property
    def shape(self) -> tuple[int, int, int]:
        """People, days, and duties: shifts and the day off."""
        people, days, duties = self.allowed.shape
        return people, days, duties

    @cached_property
    def integral(self) -> bool:
        """Whether the objective is a whole number for every proposal."""
        prices = [self.wish.ravel(), self.cover.under, self.cover.over, self.totals.price, self.balance.price]
        if self.current is not None:
            prices.append(self.current.price.ravel())
        every = np.concatenate(prices)
        return is_integral(every[np.isfinite(every)])

    @property
    def planned(self) -> Proposal | None:
        """The plan of now, where it says of every person what they do on every day."""
        return None if self.current is None or np.any(self.current.duty < 0) else Proposal(self.current.duty)

    def person(self, p: int) -> str:
        """Name of a person."""
        return self.people[p] if self.people else f"person {p}"

    def duty(self, k: int) -> str:
        """Name of a duty."""
        return self.duties[k] if self.duties else "rest" if k == 0 else f"shift {k - 1}"


@dataclass(frozen=True, eq=False)
class Proposal:
    """The duty of every person on every day, shape (people, days)."""

    duty: Ints

    def __post_init__(self) -> None:
        object.__setattr__(self, "duty", frozen(self.duty, np.int64))

    def key(self) -> bytes:
        """Two proposals are the same when every cell is."""
        return self.duty.tobytes()


def evaluate(form: Roster, proposal: Proposal) -> Check:
    """Judge a proposal: every rule of the planner, and what it costs."""
    return judge(form, proposal)
