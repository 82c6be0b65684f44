"""Where the stops of a routing plan are, and where its routes begin and end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qopt.core.arrays import Floats
from qopt.models.families._routing_parts import ANYWHERE
from qopt.models.families.routing import RoutingInstance
from qopt.report.route_map import estimated_points

Spot = tuple[float, float]


@dataclass(frozen=True)
class Places:
    """Positions of an instance.

    Parameters
    ----------
    kind
        ``degrees``: (longitude, latitude); ``plane``: (x, y); ``estimated`` from travel where there are no coordinates.
    """

    instance: RoutingInstance
    kind: str
    spots: Mapping[str | int, Spot]

    @classmethod
    def of(cls, instance: RoutingInstance) -> Places:
        """The positions of every location."""
        places, rule = instance.locations, instance.travel
        for kind, pairs in (
            ("degrees", [(place.lon, place.lat) for place in places]),
            ("plane", [(place.x, place.y) for place in places]),
        ):
            if all(None not in pair for pair in pairs):
                kind = "plane" if rule.geo is not None else kind  # GEO writes degrees and minutes
                return cls(instance, kind, {p.id: (float(a or 0), float(b or 0)) for p, (a, b) in zip(places, pairs)})
        points: Floats = estimated_points(instance.matrices[0].copy())
        return cls(instance, "estimated", {p.id: (float(x), float(y)) for p, (x, y) in zip(places, points)})

    def location(self, visit: Any) -> str | int:
        """The location of a visit."""
        return self.at[str(visit)]

    @property
    def at(self) -> dict[str, str | int]:
        """The location of every visit, by its id as text."""
        return {str(visit.id): visit.id if visit.at is None else visit.at for visit in self.instance.stops}

    def ends(self, route: Mapping[str, Any]) -> tuple[str | int | None, str | int | None]:
        """The locations where a route begins and ends; None where that is its first or its last visit."""
        fleet = self.instance.fleet
        vehicle = next((v for v in fleet if str(v.id) == str(route.get("kind"))), fleet[0])
        start = self.instance.locations[0].id if vehicle.start is None else vehicle.start
        end = start if vehicle.end is None else vehicle.end
        return (None if start == ANYWHERE else start), (None if end == ANYWHERE else end)

    def path(self, route: Mapping[str, Any]) -> list[Spot]:
        """The corners of a route."""
        start, end = self.ends(route)
        where = self.at
        line = [start, *(where[str(stop)] for stop in route["stops"]), end]
        return [self.spots[place] for place in line if place is not None]
