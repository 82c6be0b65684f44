"""The plan of now in a routing document: what the vehicles do today, and what of it must stay."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, model_validator
from pydantic import Strict as Exact

from qopt.models.clock import Moment
from qopt.models.families._routing_parts import Amount, Id
from qopt.models.instance import Name, Strict
from qopt.models.plan_files import plan_in_file


class Pinned(Strict):
    """What must stay.

    Parameters
    ----------
    before
        All that the plan begins before this time is done and stays as it is, and nothing else begins before it.
    first
        By vehicle of the plan: how many of its stops are done and stay first in this order, or the last one of them.
    visits
        Visits, or shipments, that stay with their vehicles.
    """

    before: Moment | None = None
    first: dict[str, Annotated[int, Exact(), Field(ge=0)] | Name] = Field(default_factory=dict)
    visits: tuple[Id, ...] = ()


class PlannedStep(Strict):
    """A visit, break or reload of the plan of now; ``start`` where its time is known."""

    id: Id
    what: Literal["visit", "break", "reload"] = "visit"
    start: Moment | None = None


class PlannedRoute(Strict):
    """A route of the plan of now.

    Parameters
    ----------
    vehicle
        Its vehicle, such as van-2, the second of the kind van; van where there is only one.
    kind
        The kind of vehicle, where its name does not tell.
    depart
        When it leaves.
    stops
        Its visits in order.
    schedule
        The same with breaks, reloads and times, where they are known.
    """

    vehicle: Id
    kind: Id | None = None
    depart: Moment | None = None
    stops: tuple[Id, ...] = ()
    schedule: tuple[PlannedStep, ...] = ()

    @property
    def steps(self) -> tuple[PlannedStep, ...]:
        """The schedule, or the stops without times."""
        return self.schedule or tuple(PlannedStep(id=stop) for stop in self.stops)


class Plan(Strict):
    """The plan of now, for changing it. Visits that it has and the document has not are off.

    Parameters
    ----------
    from
        A file with a plan of this problem, or what ``qopt solve --json`` wrote. It is read with the document.
    routes
        The same plan in the document itself.
    pinned
        What must stay.
    change_cost
        The price of making one visit by another vehicle, or not any more; part of the cost.
    """

    source: Annotated[str | None, Field(alias="from")] = None
    routes: tuple[PlannedRoute, ...] = ()
    pinned: Pinned = Pinned()
    change_cost: Amount = 0.0

    @model_validator(mode="before")
    @classmethod
    def _from_file(cls, given: Any, info: ValidationInfo) -> Any:
        if not isinstance(given, dict) or not isinstance(given.get("from"), str):
            return given
        found = plan_in_file(given["from"], "routes", info, given)
        rest = {key: value for key, value in given.items() if key != "from"}
        return rest | {"routes": [_read(route) for route in found["routes"]]}


def _read(route: Any) -> Any:
    """What of a route in a file says who does what when; loads, costs and the like are worked out anew."""
    if not isinstance(route, Mapping):
        return route
    kept = {key: route[key] for key in ("vehicle", "kind", "depart", "stops", "schedule") if key in route}
    if isinstance(kept.get("schedule"), list):
        steps = [{key: step[key] for key in ("id", "what", "start") if key in step} for step in kept["schedule"]]
        kept["schedule"] = steps
    return kept
