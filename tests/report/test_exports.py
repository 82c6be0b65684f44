"""Plans as files of other programs: every export against its seam, and each read back by the letter of its format."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import qopt
from qopt.core import registry
from qopt.core.errors import ModelError, UnsupportedModelError
from qopt.models.families.roster import RosterInstance
from qopt.models.families.routing import RoutingInstance
from qopt.models.families.shop import ShopInstance
from qopt.models.subject import Subject, as_subject
from qopt.report.exports.icalendar import folded
from qopt.report.save import exporter, save
from qopt.testing.exports import check_export

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
DAY = EXAMPLES / "bakery-day.yaml"
WEEK = EXAMPLES / "workshop-week.yaml"


def kiosk() -> RosterInstance:
    """Three days with a shift that ends after midnight."""
    return RosterInstance.model_validate(
        {
            "name": "kiosk",
            "horizon": {"start": "2026-03-02", "days": 3},
            "shifts": [{"id": "E", "start": "06:00", "end": "14:00"}, {"id": "N", "start": "22:00", "end": "07:30"}],
            "staff": ["ada", "bo", "cem"],
            "cover": [{"shift": "E", "need": 1, "under": 9}, {"shift": "N", "need": 1, "under": 9}],
        }
    )


@cache
def solved(path: Path | None) -> tuple[Subject, qopt.Result]:
    """The subject in a file, the kiosk for none, and a quick result."""
    subject = as_subject(kiosk() if path is None else path)
    return subject, qopt.solve(subject, budget=0.4, seed=1, threads=1, repair=False)


def one_van(**change: Any) -> RoutingInstance:
    """A van that serves two customers with names that formats must escape; one has no room."""
    return RoutingInstance.model_validate(
        {
            "name": "Käse; Brot, & Co",
            "units": {"time": "min"},
            "horizon": {"start": "2026-03-28T22:00", "timezone": "Europe/Berlin"},
            "locations": [
                {"id": "depot", "lat": 52.5, "lon": 13.4},
                {"id": "a", "lat": 52.51, "lon": 13.41},
                {"id": "b", "lat": 52.6, "lon": 13.3},
            ],
            "travel": {"haversine": {"speed": 30}},
            "fleet": [{"id": "van", "label": "Jörg, \\ tester", "capacity": 3, "cost": {"per_hour": 10}}],
            "visits": [
                {"id": "a", "label": "Ä" * 60 + "; left, \n right", "deliver": 2, "service": 240},
                {"id": "b", "deliver": 2, "service": 5},
            ],
            "objective": [{"minimise": "unserved"}, {"minimise": "cost"}],
            **change,
        }
    )


def plan_of(instance: Any) -> dict[str, Any]:
    result = qopt.solve(instance, budget=qopt.Budget(work=300), seed=1, threads=1)
    return dict(result.solutions[0].plan)


@pytest.mark.parametrize("name", registry.names("exports"))
def test_every_export_keeps_the_contract_of_its_seam(name: str, tmp_path: Path) -> None:
    for family in registry.load("exports", name).families:
        if family in ("roster", "shop"):
            subject, result = solved(None if family == "roster" else WEEK)
        else:
            plugin = registry.load("families", family)
            subject = Subject(instance=one_van() if family == "routing" else plugin.example())
            result = qopt.solve(subject, budget=0.4, seed=1, threads=1, repair=False)
        check_export(name, result.solutions[0].plan, subject, tmp_path)


def test_the_contract_notices_an_export_that_writes_its_plan_in_two_ways(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    subject, texts = Subject(instance=one_van()), iter("abc")
    plugin = registry.load("exports", "csv")
    monkeypatch.setattr(type(plugin), "texts", lambda *_: {"": next(texts)})
    with pytest.raises(AssertionError, match="in two ways"):
        check_export("csv", plan_of(subject.instance), subject, tmp_path)


def test_the_format_is_that_of_the_suffix(tmp_path: Path) -> None:
    subject = Subject(instance=one_van())
    assert exporter(None, Path("x.GEOJSON"), subject) is registry.load("exports", "geojson")
    assert exporter(None, Path("day.vroom.json"), subject) is registry.load("exports", "vroom")
    with pytest.raises(ModelError, match="no format of plans"):
        exporter(None, Path("x.docx"), subject)
    with pytest.raises(ModelError, match="the result has"):
        save(solved(DAY)[1], tmp_path / "x.csv", DAY, number=99)


# -- tables ----------------------------------------------------------------------------------------------------------


def rows(path: Path) -> list[dict[str, str]]:
    text = path.read_bytes().decode()
    assert text.count("\r\n") == text.count("\r") == len(text.splitlines()) - text.count(", \n ")
    return list(csv.DictReader(io.StringIO(text)))


def test_a_row_for_every_stop_in_order_and_for_what_nobody_does(tmp_path: Path) -> None:
    instance = one_van()
    plan = plan_of(instance)
    (file,) = save(plan, tmp_path / "plan.csv", instance)
    found = rows(file)
    stops = [(route["vehicle"], str(step["id"])) for route in plan["routes"] for step in route["schedule"]]
    assert [(row["vehicle"], row["visit"]) for row in found if row["vehicle"]] == stops
    (missing,) = [row for row in found if not row["vehicle"]]
    assert missing["visit"] == plan["unserved"][0]["visit"]
    assert "room" in missing["reason"]
    row = next(row for row in found if row["visit"] == "b")
    assert (row["lon"], row["lat"]) == ("13.3", "52.6")


def test_rows_of_shops_and_rosters(tmp_path: Path) -> None:
    for path, columns, count in (
        (WEEK, ["job", "task", "machine", "start", "end"], lambda plan: len(plan["tasks"])),
        (
            None,
            ["person", "day", "shift"],
            lambda plan: sum(name is not None for line in plan["roster"] for name in line["shifts"]),
        ),
    ):
        subject, result = solved(path)
        (file,) = save(result, tmp_path / "plan.csv", subject)
        found = rows(file)
        assert list(found[0])[: len(columns)] == columns
        assert len(found) == count(result.solutions[0].plan)


# -- maps ------------------------------------------------------------------------------------------------------------


def test_features_are_lines_and_points_in_degrees(tmp_path: Path) -> None:
    subject, result = solved(DAY)
    plan = result.solutions[0].plan
    (file,) = save(result, tmp_path / "plan.geojson", subject)
    collection = json.loads(file.read_text(encoding="utf-8"))
    assert collection["type"] == "FeatureCollection"
    lines = [f for f in collection["features"] if f["geometry"]["type"] == "LineString"]
    assert [f["properties"]["vehicle"] for f in lines] == [route["vehicle"] for route in plan["routes"]]
    places = {place.id: [place.lon, place.lat] for place in subject.instance.locations}
    at = {str(v.id): v.id if v.at is None else v.at for v in subject.instance.stops}
    for line, route in zip(lines, plan["routes"]):
        stops = [places[at[str(stop)]] for stop in route["stops"]]
        assert line["geometry"]["coordinates"] == [places["bakery"], *stops, places["bakery"]]
    points = {f["properties"].get("visit"): f for f in collection["features"] if f["geometry"]["type"] == "Point"}
    assert points.keys() == {*at, None}
    assert points["cafe"]["geometry"]["coordinates"] == [-1.079, 53.962]


def test_places_without_degrees_are_no_map(tmp_path: Path) -> None:
    flat = [{"id": name, "x": k, "y": 0} for k, name in enumerate(("depot", "a", "b"))]
    plane = one_van(locations=flat, travel={"euclidean": {}})
    bare = one_van(locations=["depot", "a", "b"], travel={"matrix": [[0, 1, 1], [1, 0, 1], [1, 1, 0]]})
    for instance in (plane, bare):
        with pytest.raises(UnsupportedModelError, match="longitude and latitude"):
            save({"routes": []}, tmp_path / "plan.geojson", instance)
    given = one_van(travel={"matrix": [[0, 1, 1], [1, 0, 1], [1, 1, 0]]})
    assert save(plan_of(given), tmp_path / "plan.geojson", given)


# -- calendars -------------------------------------------------------------------------------------------------------


def events(text: str) -> list[dict[str, str]]:
    """Unfolded and unescaped events of one calendar, after every rule of form has been checked."""
    assert text.endswith("\r\n") and text.count("\r\n") == text.count("\n") == text.count("\r")
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    lines = text.replace("\r\n ", "").removesuffix("\r\n").split("\r\n")
    assert lines[0] == "BEGIN:VCALENDAR" and lines[-1] == "END:VCALENDAR"
    head = lines[: lines.index("BEGIN:VEVENT")]
    assert {"VERSION:2.0", "PRODID:-//qopt//plan//EN"} <= set(head)
    found: list[dict[str, str]] = []
    for line in lines[len(head) : -1]:
        name, _, value = line.partition(":")
        if line == "BEGIN:VEVENT":
            found.append({})
        elif name != "END":
            assert name not in found[-1]
            assert re.fullmatch(r"(\\[\\;,n]|[^\\;,])*", value) or name == "GEO", line
            found[-1][name] = re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], value)
    for event in found:
        assert {"UID", "DTSTAMP", "DTSTART", "SUMMARY"} <= event.keys()
        assert "DTEND" not in event or event["DTEND"] > event["DTSTART"]
    assert len({event["UID"] for event in found}) == len(found)
    return found


def moment(text: str) -> datetime:
    zone = UTC if text.endswith("Z") else None
    return datetime.strptime(text.removesuffix("Z"), "%Y%m%dT%H%M%S").replace(tzinfo=zone)


def test_a_drivers_calendar_in_universal_time_across_the_change_of_clocks(tmp_path: Path) -> None:
    """22:00 in Berlin is 21:00 in UTC on the eve; four hours of work later the clocks have changed."""
    instance = one_van(visits=[{"id": "a", "label": "Ä" * 60 + "; left, \n right", "service": 300}])
    (file,) = save(plan_of(instance), tmp_path / "plan.ics", instance)
    assert file.name == "plan-van-Jörg-tester.ics"
    found = events(file.read_bytes().decode())
    assert [event["SUMMARY"].split()[0] for event in found] == ["leave", "Ä" * 60 + ";", "back"]
    assert moment(found[0]["DTSTART"]) >= datetime(2026, 3, 28, 21, tzinfo=UTC)
    assert found[1]["SUMMARY"] == "Ä" * 60 + "; left, \n right (a)"
    assert found[1]["GEO"] == "52.510000;13.410000"
    plain = one_van(visits=[{"id": "a", "service": 300}], horizon={"start": "2026-03-28T22:00"})
    (file,) = save(plan_of(plain), tmp_path / "local.ics", plain)
    local = events(file.read_bytes().decode())[0]["DTSTART"]
    assert not local.endswith("Z")
    assert moment(local) >= datetime(2026, 3, 28, 22)


def test_a_calendar_for_each_driver_with_what_the_plan_says(tmp_path: Path) -> None:
    subject, result = solved(DAY)
    plan = result.solutions[0].plan
    files = save(result, tmp_path / "plan.ics", subject)
    assert [file.name for file in files] == [f"plan-{route['vehicle']}.ics" for route in plan["routes"]]
    for file, route in zip(files, plan["routes"]):
        found = events(file.read_bytes().decode())
        inner = found[1:-1]
        told = [(step["id"] if step["what"] == "visit" else step["what"], step["start"]) for step in route["schedule"]]
        zone = timedelta(0)  # London in March
        starts = [(moment(event["DTSTART"]) + zone).strftime("%Y-%m-%dT%H:%M:%S") for event in inner]
        assert list(zip([event["SUMMARY"] for event in inner], starts)) == told
    again = [file.read_bytes() for file in save(result, tmp_path / "again.ics", subject)]
    assert again == [file.read_bytes() for file in files]


def test_shifts_and_tasks_have_calendars_of_their_own(tmp_path: Path) -> None:
    subject, result = solved(None)
    plan = result.solutions[0].plan
    files = {file.name: file for file in save(result, tmp_path / "ward.ics", subject)}
    for line in plan["roster"]:
        worked = [(day, name) for day, name in zip(plan["days"], line["shifts"]) if name is not None]
        found = events(files[f"ward-{line['person']}.ics"].read_bytes().decode()) if worked else []
        assert [moment(event["DTSTART"]).date().isoformat() for event in found] == [day for day, _ in worked]
        for event, (_, name) in zip(found, worked):
            hours = (moment(event["DTEND"]) - moment(event["DTSTART"])).total_seconds() / 3600
            assert hours == {"E": 8, "N": 9.5}[name]
    subject, result = solved(WEEK)
    tasks = result.solutions[0].plan["tasks"]
    for file in save(result, tmp_path / "shop.ics", subject):
        machine = file.stem.removeprefix("shop-").split("-")[0]
        found = events(file.read_bytes().decode())
        mine = [t for t in tasks if str(t["machine"]) == machine or machine in map(str, t.get("uses") or {})]
        assert len(found) == len(mine) or "-" in machine


def test_no_calendar_without_dates(tmp_path: Path) -> None:
    timeless = one_van(horizon=None)
    with pytest.raises(UnsupportedModelError, match="from no day"):
        save({"routes": []}, tmp_path / "x.ics", timeless)
    with pytest.raises(UnsupportedModelError, match="no such time zone"):
        save({"routes": []}, tmp_path / "x.ics", one_van(horizon={"start": "2026-03-28T22:00", "timezone": "Mars/X"}))
    shop = ShopInstance.model_validate({"machines": ["m"], "jobs": [{"id": 1, "tasks": [{"machine": "m", "time": 3}]}]})
    with pytest.raises(UnsupportedModelError, match="from no day"):
        save({"tasks": []}, tmp_path / "x.ics", shop)


@pytest.mark.parametrize("text", ["", "a" * 74, "a" * 75, "a" * 76, "a" * 500, "ä" * 200, "a" + "€" * 99, "🚚" * 60])
def test_folding_keeps_every_character_and_75_octets(text: str) -> None:
    lines = folded(text).split("\r\n ")
    assert "".join(lines) == text
    assert all(len(line.encode()) <= 75 - (k > 0) for k, line in enumerate(lines))
    assert all(len(line.encode()) > 70 for line in lines[:-1])
