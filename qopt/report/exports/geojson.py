"""Routes on the map (RFC 7946): a line per route, a point per stop, depot and visit that nobody makes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qopt.core.errors import Issue, UnsupportedModelError
from qopt.models.families.routing import RoutingInstance
from qopt.models.subject import Subject
from qopt.report.gantt import COLOURS
from qopt.report.places import Places, Spot


@dataclass(frozen=True)
class GeoJson:
    """Writer of routes as features; lines are straight, and have the words of the simplestyle specification."""

    suffixes: tuple[str, ...] = (".geojson",)
    families: tuple[str, ...] = ("routing",)

    def check(self, subject: Subject) -> None:
        """Refuse locations without longitude and latitude in degrees."""
        places = _places(subject)
        if places.kind != "degrees":
            rule = "GeoJSON needs the longitude and latitude of every location, in degrees"
            hint = "give lat and lon; with a matrix they are for maps alone"
            raise UnsupportedModelError(Issue(rule, {"plane": "x and y"}.get(places.kind, "none"), suggestion=hint))

    def texts(self, plan: Mapping[str, Any], subject: Subject) -> dict[str, str]:
        """The collection of features, under no name."""
        places = _places(subject)
        lines = ",\n".join(json.dumps(feature, ensure_ascii=False) for feature in _features(plan, places))
        return {"": f'{{"type": "FeatureCollection", "features": [\n{lines}\n]}}\n'}


def _places(subject: Subject) -> Places:
    instance = subject.instance
    assert isinstance(instance, RoutingInstance)
    return Places.of(instance)


def _features(plan: Mapping[str, Any], places: Places) -> Iterator[dict[str, Any]]:
    labels = {str(visit.id): visit.label for visit in places.instance.stops}
    depots: dict[Any, None] = {}
    for k, route in enumerate(plan["routes"]):
        colour = COLOURS[k % len(COLOURS)]
        line = places.path(route)
        told = {key: value for key, value in route.items() if key not in ("schedule", "stops")}
        yield _feature("LineString", line if len(line) > 1 else line * 2, **told, stroke=colour)
        steps = route.get("schedule", [{"what": "visit", "id": stop} for stop in route["stops"]])
        visits = [step for step in steps if step["what"] == "visit"]
        for position, step in enumerate(visits, start=1):
            times = {key: step[key] for key in ("arrive", "start", "leave", "late", "load") if key in step}
            label = labels.get(str(step["id"]))
            named = {"visit": step["id"], **({"label": label} if label else {})}
            spot = places.spots[places.location(step["id"])]
            colours = {"marker-color": colour}
            yield _feature("Point", spot, **named, vehicle=route["vehicle"], position=position, **times, **colours)
        depots |= dict.fromkeys(end for end in places.ends(route) if end is not None)
    for depot in depots:
        yield _feature("Point", places.spots[depot], depot=depot)
    for line in plan.get("unserved", ()):
        yield _feature("Point", places.spots[places.location(line["visit"])], **line)


def _feature(shape: str, coordinates: Spot | Sequence[Spot], /, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "geometry": {"type": shape, "coordinates": coordinates}, "properties": properties}


PLUGIN = GeoJson()
