"""The plain judge of rosters: a second opinion that shares no code with the form or the formulation."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qopt.models.families._roster_document import RosterInstance
    from qopt.models.families._roster_parts import Contract, Minutes, Need, Shift

Row = list[Any]
"""The ids of the shifts of one person as texts, None for a day off."""


def faults(instance: RosterInstance, plan: Mapping[str, Any]) -> list[str]:
    """Every rule that a plan breaks and every number it states wrongly, one sentence each."""
    rows: dict[str, Row] = {}
    broken: list[str] = []
    for line in plan["roster"]:
        if len(line["shifts"]) != instance.horizon.days:
            broken.append(f"{line['person']} has {len(line['shifts'])} days, the horizon has {instance.horizon.days}")
        rows[str(line["person"])] = [None if shift is None else str(shift) for shift in line["shifts"]]
    if broken or sorted(rows) != sorted(str(person.id) for person in instance.staff):
        return [*broken, *(["the roster does not list every person once"] if not broken else [])]
    shifts = {str(shift.id): shift for shift in instance.shifts}
    unknown = {shift for row in rows.values() for shift in row if shift is not None} - set(shifts)
    if unknown:
        return [f"there is no shift {sorted(unknown)[0]}"]
    costs = {"minutes": 0.0}
    for person, line in zip(instance.staff, plan["roster"], strict=True):
        row, contract = rows[str(person.id)], instance.contract(person)
        broken += [
            f"{person.id} works on {instance.day_text(day)}" for day in instance.days(person.unavailable) if row[day]
        ]
        told = [*_orders(instance, contract, row, shifts), *_lengths(contract, row), *_limits(instance, contract, row)]
        for price, sentence in _minutes(instance, contract, row):
            told += [sentence] if math.isinf(price) else []
            costs["minutes"] += 0.0 if math.isinf(price) else price
        broken += [f"{person.id} {sentence}" for sentence in told]
        worked = sum(instance.minutes(shifts[shift]) for shift in row if shift)
        if line["minutes"] != worked:
            broken.append(f"{person.id} is said to work {line['minutes']} minutes, it is {worked}")
    costs["cover"] = 0.0
    for need in instance.cover:
        for price, sentence in _need(instance, need, rows):
            broken += [sentence] if math.isinf(price) else []
            costs["cover"] += 0.0 if math.isinf(price) else price
    costs["wishes"] = _wishes(instance, rows)
    spread = list(_fairness(instance, rows))
    costs["fairness"] = math.fsum(price for *_, price in spread)
    claims = [(line["balance"], line["least"], line["most"]) for line in plan.get("fairness", ())]
    broken += [
        f"{thing} are said to be {claim[1]} to {claim[2]} each, it is {least} to {most}"
        for claim, (thing, least, most, _) in zip(claims, spread)
        if claim != (thing, least, most)
    ]
    costs["changes"], pinned = _changes(instance, rows)
    cost = math.fsum(costs.values())
    if not math.isclose(cost, plan["cost"], rel_tol=1e-9, abs_tol=1e-6):
        broken.append(f"the plan states a cost of {plan['cost']:g}, it is {cost:g}")
    return broken + pinned


def _orders(instance: RosterInstance, contract: Contract, row: Row, shifts: Mapping[str, Shift]) -> Iterator[str]:
    """Shifts that may not follow each other, and rests that are too short."""
    never = {(before, str(after)) for before, others in contract.not_after.items() for after in others}
    rest = instance.rest_of(contract)
    for day, (one, two) in enumerate(zip(row, row[1:])):
        if one is None or two is None:
            continue
        if (one, two) in never:
            yield f"has {two} after {one} on {instance.day_text(day + 1)}"
        spans = instance.span(shifts[one]), instance.span(shifts[two])
        if rest and spans[0] is not None and spans[1] is not None:
            between = 24 * 60 - spans[0][1] + spans[1][0]
            if between < rest:
                yield f"rests {between} minutes before {instance.day_text(day + 1)}, {rest} are needed"


def _lengths(contract: Contract, row: Row) -> Iterator[str]:
    """Runs that are too long or, with days around them, too short."""
    text = "".join("w" if shift else "r" for shift in row)
    most = contract.run_of_work.max
    for part in text.split("r"):
        if most is not None and len(part) > most:
            yield f"works {len(part)} days in a row, at most {most} are allowed"
    for part in text.split("r")[1:-1]:
        if 0 < len(part) < contract.run_of_work.min:
            yield f"works {len(part)} days in a row, at least {contract.run_of_work.min} are needed"
    for part in text.split("w")[1:-1]:
        if 0 < len(part) < contract.run_of_rest.min:
            yield f"has {len(part)} days off in a row, at least {contract.run_of_rest.min} are needed"


def _limits(instance: RosterInstance, contract: Contract, row: Row) -> Iterator[str]:
    """Shifts of a kind, and weekends."""
    for name, most in contract.shifts.items():
        if row.count(name) > most:
            yield f"has {row.count(name)} times {name}, at most {most} are allowed"
    if contract.weekends is not None:
        worked = {k for k, shift in zip(instance.weekends, row, strict=True) if shift and k >= 0}
        if len(worked) > contract.weekends.max:
            yield f"works on {len(worked)} weekends, at most {contract.weekends.max} are allowed"


def _minutes(instance: RosterInstance, contract: Contract, row: Row) -> Iterator[tuple[float, str]]:
    """Price (infinite for a hard limit) and sentence of every period with too few or too many minutes."""
    length = {str(shift.id): instance.minutes(shift) for shift in instance.shifts}
    day_minutes = [length[shift] if shift else 0 for shift in row]
    for limit in contract.minutes:
        for first, last in _periods(instance, limit):
            worked = sum(day_minutes[first:last])
            whole = limit.per == "horizon" or last - first == (7 if limit.per == "week" else limit.per)
            off = max(0, limit.min - worked) if whole else 0
            off += max(0, worked - limit.max) if limit.max is not None else 0
            if off:
                price = math.inf if limit.soft is None else off * limit.soft
                span = f"from {instance.day_text(first)} to {instance.day_text(last - 1)}"
                yield price, f"works {worked} minutes {span}, {off} outside the limits"


def _periods(instance: RosterInstance, limit: Minutes) -> list[tuple[int, int]]:
    days = instance.horizon.days
    if limit.per == "horizon":
        return [(0, days)]
    if limit.per == "week":
        names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
        cuts = [d for d in range(1, days) if names[instance.weekday(d)] == instance.horizon.week_starts]
        return list(zip([0, *cuts], [*cuts, days], strict=True))
    return [(d, d + limit.per) for d in range(days - limit.per + 1)] or [(0, days)]


def _need(instance: RosterInstance, need: Need, rows: Mapping[str, Row]) -> Iterator[tuple[float, str]]:
    """Price (infinite for a hard rule) and sentence of every day that is not covered as asked."""
    for day in instance.days(need.days):
        here = [person for person in instance.staff if rows[str(person.id)][day] == str(need.shift)]
        for skill, least in need.by_skill.items():
            have = sum(1 for person in here if skill is None or skill in person.skills)
            if have < least:
                price = math.inf if need.under is None else (least - have) * need.under
                yield (
                    price,
                    f"{need.shift} on {instance.day_text(day)} has {have} {skill or 'people'}, {least} are needed",
                )
            elif have > least:
                yield (have - least) * need.over, ""
        if need.most is not None and len(here) > need.most:
            yield (
                math.inf,
                f"{need.shift} on {instance.day_text(day)} has {len(here)} people, at most {need.most} are allowed",
            )


def _wishes(instance: RosterInstance, rows: Mapping[str, Row]) -> float:
    prices = []
    for wish in instance.wishes:
        name = str(wish.want if wish.want is not None else wish.avoid)
        for who in wish.who:
            for day in instance.days(wish.days):
                shift = rows[str(who)][day]
                true = shift is None if name == "rest" else shift is not None if name == "work" else shift == name
                prices.append(wish.weight if true != (wish.want is not None) else 0.0)
    return math.fsum(prices)


def _fairness(instance: RosterInstance, rows: Mapping[str, Row]) -> Iterator[tuple[str, int, int, float]]:
    """What is balanced, the least and the most that somebody has of it, and what that costs."""
    night = {str(shift.id) for shift in instance.shifts if instance.overnight(shift)}
    for rule in instance.fairness:
        who = [str(name) for name in rule.who] if rule.who is not None else list(rows)
        for thing in rule.balance:
            have = []
            for name in who:
                cells = list(zip(rows[name], instance.weekends, strict=True))
                if thing == "shifts":
                    have.append(sum(1 for shift, _ in cells if shift))
                elif thing == "nights":
                    have.append(sum(1 for shift, _ in cells if shift in night))
                elif thing == "weekends":
                    have.append(sum(1 for shift, weekend in cells if shift and weekend >= 0))
                else:
                    have.append(sum(1 for shift, _ in cells if shift == str(thing)))
            if have:
                yield str(thing), min(have), max(have), rule.weight * (max(have) - min(have))


def _changes(instance: RosterInstance, rows: Mapping[str, Row]) -> tuple[float, list[str]]:
    """Price of what is done otherwise than planned, and pins that are broken."""
    plan = instance.plan
    if plan is None:
        return 0.0, []
    now = {(str(line.person), instance.day(line.day)): str(line.shift) for line in plan.shifts}
    stays = instance.days(plan.pinned.days)
    stays += range(0 if plan.pinned.before is None else instance.day(plan.pinned.before))
    people = {str(name) for name in plan.pinned.who}
    moved, broken = 0, []
    for name, row in rows.items():
        for day, shift in enumerate(row):
            if shift == now.get((name, day)):
                continue
            if day in stays or name in people:
                broken.append(f"{name} is pinned on {instance.day_text(day)} and does something else")
            else:
                moved += 1
    return moved * plan.change_cost, broken
