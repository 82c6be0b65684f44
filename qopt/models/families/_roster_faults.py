"""Rules between the fields of a roster document."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

from qopt.models.families._shop_calendar import DAYS
from qopt.models.faults import Fault

if TYPE_CHECKING:
    from qopt.models.families._roster_document import RosterInstance

Path = tuple[str | int, ...]
_LONGEST_REST = 24 * 60
_WORDS = ("rest", "work")
_COUNTED = ("shifts", "nights", "weekends")


def faults(roster: RosterInstance) -> list[Fault]:
    """Everything that is wrong; what later rules need is looked at first."""
    return (
        [*_start(roster), *_repeated(roster), *_times(roster)]
        or [*_contracts(roster), *_staff(roster), *_cover(roster), *_wishes(roster), *_fairness(roster)]
        or [*_days(roster), *_plan(roster)]
    )


def _start(roster: RosterInstance) -> Iterator[Fault]:
    text = roster.horizon.start
    if text not in DAYS and not _parsed(date.fromisoformat, text):
        yield ("horizon", "start"), "a roster starts on a date such as 2026-03-02 or on a day such as mon", text


def _parsed(parse: Callable[[str], Any], text: str) -> bool:
    try:
        parse(text)
    except ValueError:
        return False
    return True


def _listed(names: Iterable[Any]) -> str:
    told = [str(name) for name in names]
    return (", ".join(told[:10]) + (", …" if len(told) > 10 else "")) or "none"


def _repeated(roster: RosterInstance) -> Iterator[Fault]:
    ids = {"shifts": [shift.id for shift in roster.shifts], "staff": [person.id for person in roster.staff]}
    for key, names in ids.items():
        seen: set[str] = set()
        for k, name in enumerate(names):
            if str(name) in seen:
                yield (key, k, "id"), "this id occurs twice", name
            seen.add(str(name))
    for k, shift in enumerate(roster.shifts):
        if str(shift.id) in (*_WORDS, *_COUNTED):
            yield ("shifts", k, "id"), "this word has a meaning of its own; call the shift something else", shift.id


def _times(roster: RosterInstance) -> Iterator[Fault]:
    for k, shift in enumerate(roster.shifts):
        if (shift.start is None) != (shift.end is None):
            yield ("shifts", k), "a shift has both a start and an end, or neither", shift.id
        for key in ("start", "end"):
            text = getattr(shift, key)
            if text is not None and not (_parsed(roster.clock_time, text)):
                yield ("shifts", k, key), "a time of day is needed, such as 07:30", text


def _contracts(roster: RosterInstance) -> Iterator[Fault]:
    known = f"there is no such shift; there are: {_listed(roster.duty)}"
    for name, contract in roster.contracts.items():
        where: Path = ("contracts", name)
        for key in contract.shifts:
            if key not in roster.duty:
                yield (*where, "shifts", key), known, key
        for key, others in contract.not_after.items():
            if key not in roster.duty:
                yield (*where, "not_after", key), known, key
            for k, other in enumerate(others):
                if str(other) not in roster.duty:
                    yield (*where, "not_after", key, k), known, other
        for k, limit in enumerate(contract.minutes):
            if limit.max is not None and limit.max < limit.min:
                yield (*where, "minutes", k, "max"), f"the most is below the least, {limit.min}", limit.max
        run = contract.run_of_work
        if run.max is not None and run.max < run.min:
            yield (*where, "run_of_work", "max"), f"the most is below the least, {run.min}", run.max
        rest = roster.rest_of(contract)
        if rest > _LONGEST_REST:
            rule = "a rest between shifts is at most a day; days off in a row are run_of_rest"
            yield (*where, "rest_between"), rule, contract.rest_between
        timeless = [shift.id for shift in roster.shifts if roster.span(shift) is None]
        if rest and timeless:
            rule = f"a rest between shifts needs their start and end; {timeless[0]} has none"
            yield (*where, "rest_between"), rule, contract.rest_between
    uses = any(contract.minutes for contract in roster.contracts.values())
    for k, shift in enumerate(roster.shifts):
        if uses and shift.minutes is None and roster.span(shift) is None:
            yield ("shifts", k), "contracts count minutes, so a shift needs minutes, or start and end", shift.id


def _staff(roster: RosterInstance) -> Iterator[Fault]:
    for p, person in enumerate(roster.staff):
        if person.contract is not None and person.contract not in roster.contracts:
            rule = f"there is no such contract; there are: {_listed(roster.contracts)}"
            yield ("staff", p, "contract"), rule, person.contract


def _cover(roster: RosterInstance) -> Iterator[Fault]:
    skills = {skill for person in roster.staff for skill in person.skills}
    for k, need in enumerate(roster.cover):
        if str(need.shift) not in roster.duty:
            yield ("cover", k, "shift"), f"there is no such shift; there are: {_listed(roster.duty)}", need.shift
        if need.hard is not None and need.hard == (need.under is not None):
            rule = "cover with a price for too few is soft, cover without one is hard"
            yield ("cover", k, "hard"), rule, need.hard
        for skill in need.by_skill:
            if skill is not None and skill not in skills:
                yield ("cover", k, "need", skill), f"nobody has this skill; there are: {_listed(sorted(skills))}", skill


def _wishes(roster: RosterInstance) -> Iterator[Fault]:
    for k, wish in enumerate(roster.wishes):
        if (wish.want is None) == (wish.avoid is None):
            yield ("wishes", k), "a wish has exactly one of want and avoid", "both" if wish.want else "none"
        for key in ("want", "avoid"):
            name = getattr(wish, key)
            if name is not None and str(name) not in (*roster.duty, *_WORDS):
                rule = f"there is no such shift; there are: {_listed([*roster.duty, *_WORDS])}"
                yield ("wishes", k, key), rule, name
        yield from _people(roster, ("wishes", k, "who"), wish.who)


def _people(roster: RosterInstance, where: Path, ids: Iterable[Any]) -> Iterator[Fault]:
    for k, name in enumerate(ids):
        if str(name) not in roster.number:
            yield (*where, k), f"there is no such person; there are: {_listed(roster.number)}", name


def _fairness(roster: RosterInstance) -> Iterator[Fault]:
    for k, rule in enumerate(roster.fairness):
        for j, name in enumerate(rule.balance):
            if str(name) not in (*_COUNTED, *roster.duty):
                told = f"this cannot be balanced; there are: {_listed([*_COUNTED, *roster.duty])}"
                yield ("fairness", k, "balance", j), told, name
        yield from _people(roster, ("fairness", k, "who"), rule.who or ())


def _days(roster: RosterInstance) -> Iterator[Fault]:
    """Days that are none of the horizon."""
    told: list[tuple[Path, tuple[int | str, ...]]] = []
    told += [(("staff", p, "unavailable"), person.unavailable) for p, person in enumerate(roster.staff)]
    told += [(("cover", k, "days"), need.days) for k, need in enumerate(roster.cover)]
    told += [(("wishes", k, "days"), wish.days) for k, wish in enumerate(roster.wishes)]
    if roster.plan is not None:
        told.append((("plan", "pinned", "days"), roster.plan.pinned.days))
        before = roster.plan.pinned.before
        told += [(("plan", "pinned", "before"), (before,))] if before is not None else []
    for where, days in told:
        for k, day in enumerate(days):
            try:
                roster.days((day,))
            except ValueError as error:
                yield (where if where[-1] == "before" else (*where, k)), str(error), day


def _plan(roster: RosterInstance) -> Iterator[Fault]:
    if roster.plan is None:
        return
    seen: set[tuple[str, int]] = set()
    for k, line in enumerate(roster.plan.shifts):
        where: Path = ("plan", "shifts", k)
        if str(line.person) not in roster.number:
            yield (*where, "person"), f"there is no such person; there are: {_listed(roster.number)}", line.person
        if str(line.shift) not in roster.duty:
            yield (*where, "shift"), f"there is no such shift; there are: {_listed(roster.duty)}", line.shift
        try:
            cell = str(line.person), roster.day(line.day)
        except ValueError as error:
            yield (*where, "day"), str(error), line.day
            continue
        if cell in seen:
            yield where, "this person has a shift on that day already", f"{line.person} on {line.day}"
        seen.add(cell)
    yield from _people(roster, ("plan", "pinned", "who"), roster.plan.pinned.who)
