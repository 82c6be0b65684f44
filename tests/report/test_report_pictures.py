"""The chart and the map: coordinates, corners, ticks; all of it well-formed SVG."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
import pytest

from qopt.report.charts import _corners, incumbent_chart, ticks
from qopt.report.route_map import estimated_points, route_map
from qopt.report.timetable import timetable


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.0, 1.27, [0.0, 0.5, 1.0]),
        (400.0, 490.0, [400.0, 420.0, 440.0, 460.0, 480.0]),
        (-1.0, 1.0, [-1.0, -0.5, 0.0, 0.5, 1.0]),
        (0.0, 6.0, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
    ],
)
def test_ticks_are_round_numbers(low: float, high: float, expected: list[float]) -> None:
    assert ticks(low, high) == expected


@pytest.mark.parametrize("seed", range(5))
def test_ticks_are_few_and_inside_for_any_range(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(50):
        low = float(rng.normal() * 10.0 ** rng.integers(-3, 8))
        high = low + float(rng.random() + 1e-3) * 10.0 ** rng.integers(-2, 8)
        found = ticks(low, high)
        assert 1 <= len(found) <= 7
        assert all(low - 1e-6 * (high - low) <= tick <= high + 1e-6 * (high - low) for tick in found)


def test_a_step_line_holds_each_value_until_the_next() -> None:
    assert _corners([(1.0, 9.0), (3.0, 4.0)], 1.0, 5.0) == [(1.0, 9.0), (3.0, 9.0), (3.0, 4.0), (5.0, 4.0)]


def test_a_step_line_that_begins_later_takes_the_value_known_by_then() -> None:
    assert _corners([(1.0, 9.0), (2.0, 6.0), (3.0, 4.0)], 2.5, 5.0) == [(2.5, 6.0), (3.0, 6.0), (3.0, 4.0), (5.0, 4.0)]


def _event(seconds: float, value: float, origin: str = "sampled") -> dict[str, object]:
    return {"seconds": seconds, "objective": value, "origin": origin, "backend": "<b>"}


def test_the_chart_has_a_point_per_incumbent_and_a_band_to_the_bound() -> None:
    incumbents = [_event(0.5, 100.0), _event(1.0, 80.0, "repaired")]
    bounds = [{"seconds": 0.2, "bound": 60.0, "source": "x"}, {"seconds": 1.5, "bound": 70.0, "source": "x"}]
    drawing = ET.fromstring(incumbent_chart(incumbents, bounds, seconds=2.0))

    points = [(float(c.get("cx", 0)), float(c.get("cy", 0))) for c in drawing.iter("circle")]
    assert len(points) == 2
    assert points[0][0] < points[1][0]
    assert points[0][1] < points[1][1]  # smaller values stand lower
    assert {path.get("class") for path in drawing.iter("path")} == {"best", "bound", "band"}
    assert "<b>" in "".join(title.text or "" for title in drawing.iter("title"))


def test_a_first_incumbent_far_off_does_not_squeeze_the_rest_flat() -> None:
    values = [1e9, 130.0, 120.0, 110.0, 100.0]
    drawing = ET.fromstring(incumbent_chart([_event(k, v) for k, v in enumerate(values)], [], seconds=5.0))
    heights = [float(c.get("cy", 0)) for c in drawing.iter("circle")]

    assert heights[0] < heights[1] < heights[4]
    assert heights[4] - heights[1] > 20


def test_one_incumbent_alone_can_be_drawn() -> None:
    drawing = ET.fromstring(incumbent_chart([_event(0.0, 0.0)], [], seconds=0.0))

    assert len(list(drawing.iter("circle"))) == 1


PLAN = {
    "routes": [
        {"vehicle": "v1", "stops": ["b", 3], "load": 1, "cost": 5.0},
        {"vehicle": "v<2>", "stops": ["<i>"], "load": 1, "cost": 2.0},
    ]
}
POINTS = {"depot": (0.0, 0.0), "b": (10.0, 0.0), "3": (10.0, 5.0), "<i>": (0.0, 5.0)}


def test_the_map_draws_every_route_through_its_stops() -> None:
    drawing = ET.fromstring(route_map(PLAN, POINTS, "depot"))
    lines = [line.get("points", "").split() for line in drawing.iter("polyline")]

    assert [len(line) for line in lines] == [4, 3]
    assert all(line[0] == line[-1] for line in lines)
    assert [text.text for text in drawing.iter("text") if text.get("class") == "order"] == ["1", "2", "1"]
    assert {text.text for text in drawing.iter("text") if text.get("class") == "label"} == set(POINTS)
    centres = [(float(c.get("cx", 0)), float(c.get("cy", 0))) for c in drawing.iter("circle")]
    assert centres[0][1] > centres[1][1]  # north is up
    assert centres[0][0] == centres[1][0]
    _, _, width, height = (float(v) for v in drawing.get("viewBox", "").split())
    assert all(0 < x < width and 0 < y < height for x, y in centres)


def test_a_large_map_leaves_names_out_and_fades_the_legs_of_the_depot() -> None:
    points = {str(k): (float(k % 9), float(k // 9)) for k in range(81)}
    plan = {"routes": [{"vehicle": "v", "stops": list(range(1, 81)), "load": 0, "cost": 1.0}]}
    drawing = ET.fromstring(route_map(plan, points, "0"))

    assert not list(drawing.iter("text"))
    assert [line.get("class") for line in drawing.iter("polyline")] == ["leg", "leg", None]


def test_all_stops_in_one_place_can_be_drawn_and_are_named_together() -> None:
    plan = {"routes": [{"vehicle": "v", "stops": ["a"], "load": 0, "cost": 0.0}]}

    drawing = route_map(plan, {"d": (2.0, 2.0), "a": (2.0, 2.0)}, "d")
    assert "nan" not in drawing and ">d, a</text>" in drawing
    assert ">d, a, b, …</text>" in route_map(plan, dict.fromkeys("dabc", (2.0, 2.0)), "d")


def test_estimated_positions_have_the_given_distances() -> None:
    points = np.random.default_rng(1).random((12, 2))
    distance = np.linalg.norm(points[:, None] - points[None], axis=2)
    found = estimated_points(distance)

    np.testing.assert_allclose(np.linalg.norm(found[:, None] - found[None], axis=2), distance, atol=1e-9)


def test_two_places_can_be_estimated() -> None:
    assert estimated_points(np.array([[0.0, 3.0], [3.0, 0.0]])).shape == (2, 2)


def test_a_timetable_has_a_bar_for_every_stop_wait_and_rest_in_its_place() -> None:
    def step(what: str, name: str, arrive: str, start: str, leave: str) -> dict[str, str]:
        return {"what": what, "id": name} | {
            key: f"2026-03-10T{time}" for key, time in (("arrive", arrive), ("start", start), ("leave", leave))
        }

    early = [step("visit", "a<b", "08:00", "08:30", "09:00"), step("break", "rest", "09:00", "09:00", "09:20")]
    late = [step("visit", "c", "10:00", "10:00", "10:00")]
    routes = [
        {"vehicle": "v&1", "depart": "2026-03-10T07:30", "end": "2026-03-10T09:30", "schedule": early},
        {"vehicle": "v2", "depart": "2026-03-10T09:30", "end": "2026-03-10T10:30", "schedule": late},
    ]
    drawing = ET.fromstring(timetable({"routes": routes}, width=800))
    bars = [[float(bar.get(key, "nan")) for key in ("x", "width")] for bar in drawing.iter("rect")]
    told = [title.text for title in drawing.iter("title")]
    assert told == [
        "waits for 1. a<b",
        "1. a<b: Tue 10 Mar 08:30 to Tue 10 Mar 09:00",
        "break: Tue 10 Mar 09:00 to Tue 10 Mar 09:20",
        "1. c: Tue 10 Mar 10:00 to Tue 10 Mar 10:00",
    ]
    wait, stop, rest, brief = bars
    assert wait[0] + wait[1] == pytest.approx(stop[0], abs=0.2)
    assert wait[1] == pytest.approx(stop[1], abs=0.2)
    assert rest[1] / stop[1] == pytest.approx(20 / 30, abs=0.01)
    assert brief[1] == 2
    assert all(x > 0 and x + w <= 800 for x, w in bars)


def test_a_plan_without_times_has_no_timetable() -> None:
    assert timetable({"routes": [{"vehicle": "v", "stops": [1], "cost": 3}]}) == ""


def test_a_timetable_of_numbers_begins_where_the_first_vehicle_leaves() -> None:
    steps = [{"what": "visit", "id": 1, "arrive": 28900, "start": 28900, "leave": 29900}]
    route = {"vehicle": 1, "depart": 28800, "end": 30800, "schedule": steps}
    drawing = ET.fromstring(timetable({"routes": [route]}, width=600))
    (bar,) = drawing.iter("rect")
    assert float(bar.get("width", "nan")) == pytest.approx(0.5 * (600 - 24 - 23), abs=8)
