"""A roster document as the form ``roster``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from qopt.core.forms.roster import UNBOUND, Balance, Cover, Current, Roster, Runs, Totals
from qopt.models.families._shop_calendar import DAYS

if TYPE_CHECKING:
    from qopt.models.families._roster_document import RosterInstance
    from qopt.models.families._roster_parts import Minutes


def roster(instance: RosterInstance) -> Roster:
    """The form: people, days and shifts by their places in the document."""
    people, days, duties = len(instance.staff), instance.horizon.days, len(instance.shifts) + 1
    allowed = np.ones((people, days, duties), bool)
    for p, person in enumerate(instance.staff):
        allowed[p, instance.days(person.unavailable), 1:] = False
    return Roster(
        allowed=allowed,
        wish=_wishes(instance, people, days, duties),
        cover=_cover(instance),
        totals=_totals(instance),
        runs=_runs(instance),
        groups=_groups(instance),
        weekend=np.array(instance.weekends, dtype=np.int32),
        balance=_balance(instance),
        current=_current(instance),
        people=tuple(str(person.label or person.id) for person in instance.staff),
        duties=("rest", *(str(shift.label or shift.id) for shift in instance.shifts)),
    )


def _wishes(instance: RosterInstance, people: int, days: int, duties: int) -> Any:
    wish = np.zeros((people, days, duties))
    for entry in instance.wishes:
        name = entry.avoid if entry.want is None else entry.want
        meant = np.zeros(duties, bool)
        meant[_meant(instance, str(name))] = True
        paid = np.where(meant == (entry.want is None), entry.weight, 0.0)
        for p in instance.numbers(entry.who):
            wish[p, instance.days(entry.days)] += paid
    return wish


def _meant(instance: RosterInstance, name: str) -> Any:
    """The duties that a wish names."""
    if name in ("rest", "work"):
        return 0 if name == "rest" else slice(1, None)
    return instance.duty[name]


def skills(instance: RosterInstance) -> list[str | None]:
    """Whom cover counts: everybody, and each skill that it asks for."""
    asked = {skill for need in instance.cover for skill in need.by_skill if skill is not None}
    return [None, *sorted(asked)]


def _groups(instance: RosterInstance) -> Any:
    return np.array([[g is None or g in person.skills for person in instance.staff] for g in skills(instance)])


def _cover(instance: RosterInstance) -> Cover:
    group = {skill: k for k, skill in enumerate(skills(instance))}
    lines: list[tuple[Any, ...]] = []
    for need in instance.cover:
        under = np.inf if need.under is None else need.under
        duty = instance.duty[str(need.shift)]
        for day in instance.days(need.days):
            for skill, least in need.by_skill.items():
                most = least if need.over else UNBOUND
                lines.append((day, duty, group[skill], least, most, under, need.over))
            if need.most is not None:
                lines.append((day, duty, 0, 0, need.most, 0.0, np.inf))
    return Cover(*_columns(lines, 7))


def _columns(lines: list[tuple[Any, ...]], count: int) -> list[Any]:
    """The columns of a table, as arrays."""
    return [np.array([line[k] for line in lines]) for k in range(count)]


def _totals(instance: RosterInstance) -> Totals:
    minutes = [0, *(instance.minutes(shift) for shift in instance.shifts)]
    duties, days = len(minutes), instance.horizon.days
    lines: list[tuple[Any, ...]] = []
    for p, person in enumerate(instance.staff):
        contract = instance.contract(person)
        for limit in contract.minutes:
            price = np.inf if limit.soft is None else limit.soft
            for first, last, least in periods(instance, limit):
                most = UNBOUND if limit.max is None else limit.max
                lines.append((p, first, last, minutes, least, most, price, "minutes"))
        for name, most in contract.shifts.items():
            one = [int(k == instance.duty[name]) for k in range(duties)]
            lines.append((p, 0, days, one, 0, most, np.inf, f"shifts {name}"))
    person_, first_, last_, amount, least_, most_, price_, names = _columns(lines, 8)
    return Totals(person_, first_, last_, amount.reshape(-1, duties), least_, most_, price_, tuple(names.tolist()))


def periods(instance: RosterInstance, limit: Minutes) -> Iterator[tuple[int, int, int]]:
    """First day, day behind the last and least minutes of the periods of a limit."""
    days = instance.horizon.days
    if limit.per == "horizon":
        yield 0, days, limit.min
    elif limit.per == "week":
        begins = DAYS.index(instance.horizon.week_starts)
        starts = [day for day in range(days) if day == 0 or instance.weekday(day) == begins]
        for first, last in zip(starts, [*starts[1:], days], strict=True):
            yield first, last, limit.min if last - first == 7 else 0
    else:
        for first in range(max(1, days - limit.per + 1)):
            last = min(first + limit.per, days)
            yield first, last, limit.min if last - first == limit.per else 0


def _runs(instance: RosterInstance) -> Runs:
    contracts = [instance.contract(person) for person in instance.staff]
    duties = len(instance.shifts) + 1
    forbidden = np.zeros((len(contracts), duties, duties), bool)
    known: dict[str | None, Any] = {}
    for p, (person, contract) in enumerate(zip(instance.staff, contracts, strict=True)):
        if person.contract not in known:
            table = [[not instance.follows(contract, a, b) for b in instance.shifts] for a in instance.shifts]
            known[person.contract] = np.array(table)
        forbidden[p, 1:, 1:] = known[person.contract]
    return Runs(
        np.array([UNBOUND if c.run_of_work.max is None else c.run_of_work.max for c in contracts]),
        np.array([c.run_of_work.min for c in contracts]),
        np.array([c.run_of_rest.min for c in contracts]),
        np.array([UNBOUND if c.weekends is None else c.weekends.max for c in contracts]),
        forbidden,
    )


def _balance(instance: RosterInstance) -> Balance:
    people, days, duties = len(instance.staff), instance.horizon.days, len(instance.shifts) + 1
    counts, members, prices, names = [], [], [], []
    for rule in instance.fairness:
        for name in rule.balance:
            there = np.zeros((days, duties), bool)
            there[:, 1:] = counted(instance, str(name))
            counts.append(there)
            members.append(np.isin(np.arange(people), instance.numbers(rule.who)))
            prices.append(rule.weight)
            names.append(str(name))
    shaped = np.array(counts).reshape(-1, days, duties), np.array(members).reshape(-1, people)
    return Balance(*shaped, np.array(prices), tuple(f"{name},{k}" for k, name in enumerate(names)))


def counted(instance: RosterInstance, name: str) -> Any:
    """Which shifts count on which days, shape (days, shifts)."""
    out = np.zeros((instance.horizon.days, len(instance.shifts)), bool)
    if name == "weekends":
        out[np.array(instance.weekends) >= 0] = True
    elif name == "nights":
        out[:, [instance.overnight(shift) for shift in instance.shifts]] = True
    elif name == "shifts":
        out[:] = True
    else:
        out[:, instance.duty[name] - 1] = True
    return out


def _current(instance: RosterInstance) -> Current | None:
    plan = instance.plan
    if plan is None:
        return None
    shape = len(instance.staff), instance.horizon.days
    duty, price = np.zeros(shape, np.int64), np.full(shape, plan.change_cost)
    for line in plan.shifts:
        duty[instance.number[str(line.person)], instance.day(line.day)] = instance.duty[str(line.shift)]
    pinned = plan.pinned
    if pinned.before is not None:
        price[:, : instance.day(pinned.before)] = np.inf
    price[instance.numbers(pinned.who)] = np.inf
    price[:, instance.days(pinned.days)] = np.inf
    return Current(duty, price)
