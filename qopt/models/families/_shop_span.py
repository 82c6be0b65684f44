"""From when to when a shop document reaches where its horizon does not say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from qopt.models.clock import day_and_time
from qopt.models.families._shop_calendar import day_of

if TYPE_CHECKING:
    from qopt.models.families._shop_document import ShopInstance


def first_time(shop: ShopInstance) -> str | None:
    """The first timestamp at which something is released or planned; None where the document has none.

    Also None where some have an offset from UTC and others have none: nobody can tell which is the first.
    """
    found = {text: stamp for text in _texts(shop) if (stamp := day_and_time(text)) is not None}
    aware = {stamp.tzinfo is not None for stamp in found.values()}
    return None if len(aware) != 1 else min(found, key=lambda text: (found[text], text))


def _texts(shop: ShopInstance) -> Iterator[str]:
    """Times before which nothing is done."""
    times = [job.release for job in shop.jobs]
    times += [task.release for _, task, _ in shop.tasks]
    if shop.plan is not None:
        times += [shop.plan.now, *(line.start for line in shop.plan.tasks)]
    return (time for time in times if isinstance(time, str))


def long_enough(shop: ShopInstance) -> int:
    """An end that no task needs to pass, in units after 0: one task after the other, each waiting for a week, the
    longest lag and set-up, and all of the closed days."""
    week = 7 * 86400 / shop.clock.unit
    named = [t for job in shop.jobs for t in (job.release, job.due, job.deadline) if t is not None]
    named += [task.release for _, task, _ in shop.tasks if task.release is not None]
    if shop.plan is not None:
        named += [line.start for line in shop.plan.tasks] + ([] if shop.plan.now is None else [shop.plan.now])
    wait = max([0, *(shop.length(rule.lag) for rule in shop.rules)]) + week
    for machine in shop.machines:
        if machine.setup is not None:
            lines = [machine.setup.first, *machine.setup.between.values()]
            longest = max(
                shop.length(time) for time in (machine.setup.other, *(t for line in lines for t in line.values()))
            )
            wait = max(wait, week + longest)
    work = sum(max(shop.length(way.time) for way in task.ways) + wait for _, task, _ in shop.tasks)
    shut = 0.0
    for calendar in shop.calendars.values():
        for entry in calendar.closed:
            if isinstance(entry, str):
                shut += week / 7 if day_of(entry) is not None else 0.0
            else:
                shut += shop.clock.moment(entry[1]) - shop.clock.moment(entry[0])
    return round(max([0.0, *(shop.clock.moment(t) for t in named)]) + work + shut)
