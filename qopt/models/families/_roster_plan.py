"""Plans of rosters: a line of shifts per person, what is not as wanted, and what it costs; and back to proposals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from qopt.core.errors import RecordError
from qopt.core.forms._roster_judge import tallies
from qopt.core.forms.roster import Proposal, evaluate
from qopt.models.plans import entries

if TYPE_CHECKING:
    from qopt.models.families._roster_document import RosterInstance


def plan_of(instance: RosterInstance, proposal: Proposal) -> dict[str, Any]:
    """A proposal in a planner's words, ready for JSON.

    Returns
    -------
    ``days``: dates, or numbers from 0. ``roster``: for every person the id of the shift of each day, null for a day
    off, and minutes. ``cover``: where people are missing, or more than wanted at a price. ``wishes``: those not met.
    ``fairness``: between how many people what is spread evenly, and the least and the most that one has of it.
    ``costs``: what each kind of rule costs, and ``cost``: their sum.
    """
    ids = [None, *(shift.id for shift in instance.shifts)]
    minutes = [0, *(instance.minutes(shift) for shift in instance.shifts)]
    check = evaluate(instance.form, proposal)
    duty = proposal.duty.tolist()
    return {
        "days": [instance.day_name(day) for day in range(instance.horizon.days)],
        "roster": [
            {"person": person.id}
            | ({"name": person.label} if person.label else {})
            | {"shifts": [ids[k] for k in row], "minutes": sum(minutes[k] for k in row)}
            for person, row in zip(instance.staff, duty, strict=True)
        ],
        "cover": list(_cover(instance, duty)),
        "wishes": list(_wishes(instance, duty)),
        "fairness": list(_fairness(instance, proposal)),
        "costs": {name: tidy(value) for name, value in check.parts.items() if value},
        "cost": tidy(check.objective),
    }


def tidy(value: float) -> int | float:
    """A whole number as int."""
    value = round(value, 9)
    return int(value) if value.is_integer() else value


def _cover(instance: RosterInstance, duty: list[list[int]]) -> Iterator[dict[str, Any]]:
    for need in instance.cover:
        wanted = instance.duty[str(need.shift)]
        for skill, least in need.by_skill.items():
            able = [p for p, person in enumerate(instance.staff) if skill is None or skill in person.skills]
            for day in instance.days(need.days):
                have = sum(duty[p][day] == wanted for p in able)
                cost = max(0, least - have) * (need.under or 0.0) + max(0, have - least) * need.over
                if have >= least and not cost:
                    continue
                line = {"shift": need.shift, "day": instance.day_name(day), "have": have, "need": least}
                line |= {} if skill is None else {"skill": skill}
                yield line | {"cost": tidy(cost)} | ({"why": need.why} if need.why else {})


def _wishes(instance: RosterInstance, duty: list[list[int]]) -> Iterator[dict[str, Any]]:
    for wish in instance.wishes:
        name = str(wish.avoid if wish.want is None else wish.want)
        for p in instance.numbers(wish.who):
            for day in instance.days(wish.days):
                has = duty[p][day]
                meant = {"rest": has == 0, "work": has > 0}.get(name, has == instance.duty.get(name))
                if meant == (wish.want is None) and wish.weight:
                    told = {"avoid": wish.avoid} if wish.want is None else {"want": wish.want}
                    line = {"person": instance.staff[p].id, "day": instance.day_name(day), **told}
                    yield line | {"cost": tidy(wish.weight)}


def _fairness(instance: RosterInstance, proposal: Proposal) -> Iterator[dict[str, Any]]:
    balance = instance.form.balance
    things = [(str(name), rule.weight) for rule in instance.fairness for name in rule.balance]
    for (name, weight), members, tally in zip(
        things, balance.members, tallies(instance.form, proposal.duty), strict=True
    ):
        have = tally[members]
        if len(have):
            least, most = int(have.min()), int(have.max())
            line = {"balance": name, "people": len(have), "least": least, "most": most}
            yield line | {"cost": tidy(weight * (most - least))}


def restore(instance: RosterInstance, plan: Mapping[str, Any]) -> Proposal:
    """The proposal of a plan as ``plan_of`` writes it; only the shifts are read.

    Raises
    ------
    RecordError
        A person that is missing, unknown or listed twice, a line that is too short or long, or no such shift.
    """
    duty = np.full((len(instance.staff), instance.horizon.days), -1, dtype=np.int64)
    for k, line in enumerate(entries(plan, "roster")):
        p = instance.number.get(str(line.get("person"))) if isinstance(line, Mapping) else None
        if p is None or duty[p].min() >= 0:
            raise RecordError(f"roster[{k}] names nobody of {instance.name}, or somebody twice")
        shifts = line.get("shifts")
        if not isinstance(shifts, (list, tuple)) or len(shifts) != instance.horizon.days:
            raise RecordError(f"roster[{k}] needs a shift, or null, for each of {instance.horizon.days} days")
        for day, shift in enumerate(shifts):
            if shift is not None and str(shift) not in instance.duty:
                known = ", ".join(instance.duty)
                raise RecordError(f"roster[{k}].shifts[{day}] is {shift!r}, which is no shift; there are: {known}")
            duty[p, day] = 0 if shift is None else instance.duty[str(shift)]
    missing = [str(person.id) for person, row in zip(instance.staff, duty, strict=True) if row.min() < 0]
    if missing:
        raise RecordError(f"the plan has no line for {missing[0]}")
    return Proposal(duty)
