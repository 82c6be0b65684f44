"""The parts of a routing document: places, travel, vehicles, visits, shipments, rules, objective, plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BeforeValidator, Discriminator, Field, Tag
from pydantic import Strict as Exact

from qopt.models import travel
from qopt.models.clock import Duration, Moment
from qopt.models.instance import Name, Strict

Number = Annotated[float, Exact()]
Amount = Annotated[float, Exact(), Field(ge=0)]
Id = Name | Annotated[int, Exact()]
Loads = Amount | dict[str, Amount]
Window = tuple[Moment, Moment]
Rows = tuple[tuple[Amount, ...], ...]
ANYWHERE = "anywhere"
"""Where a vehicle starts or ends at its first or last visit."""


class Units(Strict):
    """What numbers are counted in: ``time`` (s, min, h), ``distance`` for people and for haversine (km, m, mi)."""

    time: Literal["s", "min", "h"] = "min"
    distance: Name = "km"


class Horizon(Strict):
    """The time in question; numbers and clock texts count from ``start``. ``timezone`` is for people and calendars."""

    start: Moment
    end: Moment | None = None
    timezone: Name | None = None


class Location(Strict):
    """A place: ``x`` and ``y`` in the plane, or ``lat`` and ``lon``; with a matrix for maps alone. ``label`` is
    its address, for calendars."""

    id: Id
    label: Name | None = None
    x: Number | None = None
    y: Number | None = None
    lat: Number | None = None
    lon: Number | None = None


def _or_file(schema: dict[str, Any]) -> None:
    schema["anyOf"].insert(0, {"type": "string"})


class Matrix(Strict):
    """Travel times and distances between the locations, in their order; one of the two is enough. The name of a file
    stands for the table in it: ids of locations in its header and its first column, or the columns ``from``, ``to``
    and what it takes."""

    time: Annotated[Rows | None, Field(json_schema_extra=_or_file)] = None
    distance: Annotated[Rows | None, Field(json_schema_extra=_or_file)] = None


def _shape(given: Any) -> str:
    return "named" if isinstance(given, (dict, Matrix)) else "rows"


AnyMatrix = Annotated[Annotated[Matrix, Tag("named")] | Annotated[Rows, Tag("rows")], Discriminator(_shape)]


class Euclidean(Strict):
    """Straight lines in the plane; ``nearest`` rounds a half up (EUC_2D of TSPLIB), ``up`` is its CEIL_2D, ``down1``
    cuts after one decimal (the DIMACS convention for time windows). ``speed`` is distance per unit of time."""

    rounding: travel.Rounding = "none"
    speed: Annotated[float, Exact(), Field(gt=0)] = 1.0


class Haversine(Strict):
    """Great circles between ``lat`` and ``lon`` in degrees, in ``units.distance`` (km, m or mi).

    Parameters
    ----------
    speed
        Distance per hour.
    detour
        What roads are longer than great circles.
    """

    speed: Annotated[float, Exact(), Field(gt=0)]
    detour: Annotated[float, Exact(), Field(ge=1)] = 1.0


class Geo(Strict):
    """TSPLIB's GEO: whole kilometres on a sphere; ``lat`` and ``lon`` are written DDD.MM, degrees and minutes."""


class Att(Strict):
    """TSPLIB's ATT: the length in the plane over the root of 10, rounded up."""


class Travel(Strict):
    """What it takes to go from one location to another: exactly one of the five."""

    matrix: Annotated[AnyMatrix | None, Field(json_schema_extra=_or_file)] = None
    euclidean: Euclidean | None = None
    haversine: Haversine | None = None
    geo: Geo | None = None
    att: Att | None = None


class Break(Strict):
    """A rest of the driver, taken once in every used route, wherever the vehicle is then; it begins ``between`` two
    times, or within one of several ``windows``."""

    id: Id | None = None
    duration: Duration
    between: Window | None = None
    windows: tuple[Window, ...] = ()

    @property
    def openings(self) -> tuple[Window, ...]:
        """The windows, however they were written."""
        return self.windows if self.between is None else (self.between, *self.windows)


class Most(Strict):
    """Limits of one route."""

    distance: Amount | None = None
    duration: Duration | None = None
    stops: Annotated[int, Exact(), Field(ge=0)] | None = None


class Cost(Strict):
    """What a vehicle costs: ``fixed`` when it is used, per unit of distance (``per_km`` says the same), per hour, and
    per hour beyond ``overtime_after`` on top."""

    fixed: Amount = 0.0
    per_distance: Annotated[float, Exact(), Field(ge=0, alias="per_km")] = 0.0
    per_hour: Amount = 0.0
    overtime_per_hour: Amount = 0.0
    overtime_after: Duration | None = None


class Vehicle(Strict):
    """A kind of vehicle.

    Parameters
    ----------
    label
        What calendars and lists call it, such as the driver's name.
    count
        How many there are: a hard limit.
    start, end
        Locations; ``anywhere``: at the first, after the last visit. Default: the first location, and the start.
    capacity
        A number, or one per load; what is not named has no limit.
    shift
        No departure before, no return after.
    profile
        The entry of ``profiles`` that it travels by; ``travel`` when left out.
    speed_factor
        Travel times are divided by it.
    trips
        Most trips; between two it reloads at its start, for ``reload`` of time.
    cost
        Default: the distance.
    """

    id: Id = "vehicle"
    label: Name | None = None
    count: Annotated[int, Exact(), Field(ge=1)] | Literal["unlimited"] = 1
    start: Id | None = None
    end: Id | None = None
    capacity: Loads | None = None
    shift: Window | None = None
    breaks: tuple[Break, ...] = ()
    most: Annotated[Most, Field(alias="max")] = Most()
    cost: Cost | None = None
    skills: tuple[Name, ...] = ()
    profile: Name | None = None
    speed_factor: Annotated[float, Exact(), Field(gt=0)] = 1.0
    trips: Annotated[int, Exact(), Field(ge=1)] = 1
    reload: Duration = 0.0

    @property
    def break_names(self) -> list[str]:
        """What plans call its breaks."""
        nameless = sum(rest.id is None for rest in self.breaks)
        plain = [
            f"the break of {self.id}" if nameless < 2 else f"break {j} of {self.id}" for j in range(1, 1 + nameless)
        ]
        return [plain.pop(0) if rest.id is None else str(rest.id) for rest in self.breaks]


class Optional(Strict):
    """What leaving it out costs."""

    penalty: Amount = 0.0


class Visit(Strict):
    """Something to be done at a location, once.

    Parameters
    ----------
    label
        What calendars and lists call it, such as the customer's name.
    at
        The location of the same id when left out.
    deliver, collect
        Loads brought from where the trip begins, and taken to where it ends.
    service, setup
        Time it takes; ``setup`` on top where the vehicle comes from another location.
    windows
        It starts within one of them.
    late
        Price per hour of starting after the last window; left out: it may not.
    skills
        All of them must be the vehicle's.
    optional
        Whether it may be left out, and what that costs.
    priority
        What leaving it out counts where ``unserved`` is minimised.
    """

    id: Id
    label: Name | None = None
    at: Id | None = None
    deliver: Loads = 0.0
    collect: Loads = 0.0
    service: Duration = 0.0
    setup: Duration = 0.0
    windows: tuple[Window, ...] = ()
    late: Amount | None = None
    skills: tuple[Name, ...] = ()
    optional: Optional | None = None
    priority: Annotated[float, Exact(), Field(ge=0)] = 1.0


class End(Strict):
    """The pickup or the delivery of a shipment: a visit without loads of its own."""

    label: Name | None = None
    at: Id
    service: Duration = 0.0
    setup: Duration = 0.0
    windows: tuple[Window, ...] = ()
    late: Amount | None = None


class Shipment(Strict):
    """Goods that one vehicle picks up and then delivers; its visits are ``ID.pickup`` and ``ID.delivery``."""

    id: Id
    load: Loads = 0.0
    pickup: End
    delivery: End
    skills: tuple[Name, ...] = ()
    optional: Optional | None = None
    priority: Annotated[float, Exact(), Field(ge=0)] = 1.0


class Rule(Strict):
    """A rule between visits (or shipments): exactly one of the three; hard, or ``soft`` at a price.

    ``keep_together``: by one vehicle. ``keep_apart``: no two by one vehicle. ``before``: the first has ended when the
    second starts. ``why`` is told where the rule is broken.
    """

    keep_together: tuple[Id, ...] | None = Field(default=None, min_length=2)
    keep_apart: tuple[Id, ...] | None = Field(default=None, min_length=2)
    before: tuple[Id, Id] | None = None
    soft: Amount | None = None
    why: Name | None = None
    name: Name | None = None

    @property
    def words(self) -> dict[str, str]:
        """What plans say of the rule where it is broken."""
        kinds = ("keep_together", "keep_apart", "before")
        told = next(f"{kind} {', '.join(map(str, found))}" for kind in kinds if (found := getattr(self, kind)))
        return {"says": self.name or told} | ({} if self.why is None else {"why": self.why})


MEASURES = ("unserved", "cost", "distance", "duration", "vehicles", "duration_spread", "end")


class Objective(Strict):
    """One thing made small; a ``weight`` puts it into the level of the entry before, else it is a level of its own."""

    minimise: Literal["unserved", "cost", "distance", "duration", "vehicles", "duration_spread", "end"]
    weight: Annotated[float, Exact(), Field(gt=0)] | None = None


def amounts(load: Loads, names: Sequence[str]) -> list[float]:
    """One number per load: a plain number is of the first one, a load that is not named is 0."""
    if isinstance(load, Mapping):
        return [float(load.get(name, 0.0)) for name in names] or [0.0]
    return [float(load), *([0.0] * (max(1, len(names)) - 1))]


def limits(capacity: Loads, names: Sequence[str]) -> list[float]:
    """The same of a capacity: what is not named has no limit."""
    if isinstance(capacity, Mapping):
        return [float(capacity.get(name, np.inf)) for name in names] or [np.inf]
    return [float(capacity), *([np.inf] * (max(1, len(names)) - 1))]


def spelled(given: Any) -> Any:
    """``minimize`` is ``minimise``."""
    if isinstance(given, dict) and "minimize" in given and "minimise" not in given:
        return {"minimise" if key == "minimize" else key: value for key, value in given.items()}
    return given


def bare(given: Any) -> Any:
    """A bare id stands for a location without coordinates."""
    return {"id": given} if isinstance(given, (str, int)) and not isinstance(given, bool) else given


AnyLocation = Annotated[Location, BeforeValidator(bare)]
AnyObjective = Annotated[Objective, BeforeValidator(spelled)]
