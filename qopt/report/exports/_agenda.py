"""Who does what when: routing, shop and roster plans as lists of appointments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from qopt.core.errors import Issue, UnsupportedModelError
from qopt.models.clock import Clock
from qopt.models.families.roster import RosterInstance
from qopt.models.families.routing import RoutingInstance
from qopt.models.families.shop import ShopInstance
from qopt.models.subject import Subject
from qopt.report.places import Places
from qopt.report.views import loads_text

FAMILIES = ("roster", "routing", "shop")


@dataclass(frozen=True)
class Appointment:
    """Something that one vehicle, machine or person does.

    Parameters
    ----------
    who
        Whose calendar it belongs to.
    key
        The same text for the same thing in every plan of a problem.
    title, place, note
        For people; empty where there is nothing to say.
    start, end
        With an offset from UTC where the document has one or names a time zone, else local times.
    spot
        Longitude and latitude, where they are known.
    """

    who: str
    key: str
    title: str
    start: datetime
    end: datetime
    place: str = ""
    note: str = ""
    spot: tuple[float, float] | None = None


def agenda(plan: Mapping[str, Any], subject: Subject) -> list[Appointment]:
    """The appointments of a plan of one of ``FAMILIES``, in the order of their owners and times.

    Raises
    ------
    UnsupportedModelError
        As ``dated``.
    """
    dated(subject)
    instance = subject.instance
    if isinstance(instance, RoutingInstance):
        found = _routes(plan, instance, _Days(instance.clock, instance.horizon))
    elif isinstance(instance, ShopInstance):
        found = _tasks(plan, instance, _Days(instance.clock, instance.horizon))
    else:
        assert isinstance(instance, RosterInstance)
        found = _shifts(plan, instance)
    lines = list(found)
    owners = list(dict.fromkeys(line.who for line in lines))
    return sorted(lines, key=lambda line: (owners.index(line.who), line.start))


def dated(subject: Subject) -> None:
    """Refuse documents whose plans have no dates and times.

    Raises
    ------
    UnsupportedModelError
        No date, a time zone that is not known, or shifts without times.
    """
    instance: Any = subject.instance
    if not isinstance(instance, RosterInstance):
        _Days(instance.clock, instance.horizon)
        return
    if instance.start is None:
        rule = "a calendar needs dates, and the roster begins on no date"
        raise UnsupportedModelError(Issue(rule, instance.horizon.start, suggestion="begin on one: start: 2026-03-02"))
    for shift in instance.shifts:
        if instance.span(shift) is None:
            rule = "a calendar needs the times of shifts"
            raise UnsupportedModelError(Issue(rule, str(shift.id), suggestion="give the shift a start and an end"))


def begin(subject: Subject) -> datetime:
    """The begin of a document's horizon, which no plan changes."""
    instance: Any = subject.instance
    if isinstance(instance, RosterInstance):
        return datetime.combine(instance.start or date(1970, 1, 1), datetime.min.time(), UTC)
    when: datetime = instance.clock.zero
    return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)


class _Days:
    """Moments of a document as dates."""

    def __init__(self, clock: Clock, horizon: Any) -> None:
        if clock.zero is None:
            rule = "a calendar needs dates, and the document counts time from no day"
            hint = "begin the horizon on one: start: 2026-03-10T06:00"
            raise UnsupportedModelError(Issue(rule, suggestion=hint))
        self.clock, self.zero = clock, clock.zero
        self.zone: ZoneInfo | None = None
        if horizon.timezone is not None and clock.zero.tzinfo is None:
            try:
                self.zone = ZoneInfo(horizon.timezone)
            except (ZoneInfoNotFoundError, ValueError):
                hint = "write it as Europe/London, or leave it out for local times"
                raise UnsupportedModelError(Issue("no such time zone", horizon.timezone, suggestion=hint)) from None

    def of(self, moment: Any) -> datetime:
        """A moment of a plan; in UTC where that can be known."""
        when = self.zero + timedelta(seconds=round(self.clock.moment(moment) * self.clock.unit))
        if self.zone is not None:
            when = when.replace(tzinfo=self.zone)
        return when if when.tzinfo is None else when.astimezone(UTC)


def _routes(plan: Mapping[str, Any], instance: RoutingInstance, days: _Days) -> Iterator[Appointment]:
    places = Places.of(instance)
    visits = {str(visit.id): visit for visit in instance.stops}
    labels = {str(vehicle.id): vehicle.label for vehicle in instance.fleet}
    address = {place.id: place.label or str(place.id) for place in instance.locations}
    geographic = places.kind == "degrees"
    ends = {"pickup": "pick up", "delivery": "hand over"}
    carried = {f"{s.id}.{end}": [(word, s.load)] for s in instance.shipments for end, word in ends.items()}
    for route in plan["routes"]:
        steps = route["schedule"]
        label = labels.get(str(route["kind"]))
        who = str(route["vehicle"]) if label is None else f"{route['vehicle']} {label}"
        start, end = places.ends(route)
        first = steps[0]
        if start is not None:
            title = f"leave {start} for {_name(first, visits)}"
            spot = places.spots[start] if geographic else None
            left, there = days.of(route["depart"]), days.of(first["arrive"])
            yield Appointment(who, f"{route['vehicle']} leaves", title, left, there, address[start], _load(route), spot)
        for step in steps:
            visit = visits.get(str(step["id"])) if step["what"] == "visit" else None
            where = "" if visit is None else address[places.location(visit.id)]
            spot = places.spots[places.location(visit.id)] if visit is not None and geographic else None
            key = f"{step['what']} {step['id']}" + ("" if visit is not None else f" of {route['vehicle']}")
            note = _visit_note(step, visit, days, carried)
            yield Appointment(
                who, key, _name(step, visits), days.of(step["start"]), days.of(step["leave"]), where, note, spot
            )
        if end is not None:
            spot, back = (places.spots[end] if geographic else None), days.of(route["end"])
            yield Appointment(who, f"{route['vehicle']} ends", f"back at {end}", back, back, address[end], "", spot)


def _name(step: Mapping[str, Any], visits: Mapping[str, Any]) -> str:
    """What people call a step."""
    if step["what"] != "visit":
        return str(step["what"])
    label = visits[str(step["id"])].label
    return str(step["id"]) if label is None else f"{label} ({step['id']})"


def _load(route: Mapping[str, Any]) -> str:
    text = loads_text([route.get("load")])[0]
    return f"load: {text}" if route.get("load") else ""


def _visit_note(step: Mapping[str, Any], visit: Any, days: _Days, carried: Mapping[str, Any]) -> str:
    """What is brought and taken, and when the vehicle is there where it waits."""
    lines = []
    amounts = [] if visit is None else [("deliver", visit.deliver), ("collect", visit.collect)]
    amounts += carried.get(str(step["id"]), []) if visit is not None else []
    lines += [f"{word}: {loads_text([amount])[0]}" for word, amount in amounts if amount]
    wait = days.of(step["start"]) - days.of(step["arrive"])
    if wait >= timedelta(minutes=1):
        lines.append(f"arrive {wait // timedelta(minutes=1)} min earlier and wait")
    if "late" in step:
        lines.append("later than the window allows")
    return "\n".join(lines)


def _tasks(plan: Mapping[str, Any], instance: ShopInstance, days: _Days) -> Iterator[Appointment]:
    machines = {str(machine.id): machine.label for machine in instance.machines}
    jobs = {str(job.id): getattr(job, "label", None) for job in instance.jobs}
    owners = [*machines, *(str(resource.id) for resource in instance.resources)]
    lines: dict[str, list[Appointment]] = {name: [] for name in owners}
    for task in plan["tasks"]:
        job = str(task["job"])
        title = f"{jobs.get(job) or job}: {task['task']}"
        start, end = days.of(task["start"]), days.of(task["end"])
        used = {str(name): amount for name, amount in (task.get("uses") or {}).items()}
        note = f"with {', '.join(f'{amount} {name}' for name, amount in used.items())}" if used else ""
        for name in dict.fromkeys([*([] if task["machine"] is None else [str(task["machine"])]), *used]):
            label = machines.get(name)
            who = name if label is None else f"{name} {label}"
            place = "" if task["machine"] is None or name == str(task["machine"]) else str(task["machine"])
            lines[name].append(Appointment(who, f"{job} {task['task']} on {name}", title, start, end, place, note))
    for line in lines.values():
        yield from line


def _shifts(plan: Mapping[str, Any], instance: RosterInstance) -> Iterator[Appointment]:
    shifts = {str(shift.id): shift for shift in instance.shifts}
    for line in plan["roster"]:
        for day, name in zip(plan["days"], line["shifts"], strict=True):
            if name is None:
                continue
            span = instance.span(shifts[str(name)])
            assert span is not None  # ``dated`` has seen to it
            midnight = datetime.combine(date.fromisoformat(day), datetime.min.time())
            start, end = (midnight + timedelta(minutes=minutes) for minutes in span)
            title = shifts[str(name)].label or str(name)
            yield Appointment(str(line["person"]), f"{line['person']} on {day}", title, start, end)
