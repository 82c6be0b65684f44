"""Plans as text: every family's own view, its width, and what is cut off."""

from __future__ import annotations

from typing import Any

import pytest

from qopt.report.views import LINES, text_view

ROUTES: dict[str, Any] = {
    "routes": [
        {"vehicle": "van-1", "stops": ["a b", "c", "d"], "load": 16, "cost": 15.65},
        {"vehicle": "van-10", "stops": ["e"], "load": 9, "cost": 4},
    ],
    "unserved": [{"visit": "f", "reason": "no route makes this visit"}],
}


def test_routes_stand_in_a_table_with_their_stops_in_order() -> None:
    assert text_view(ROUTES).splitlines() == [
        "vehicle  load   cost  visits  in this order",
        "van-1      16  15.65       3  a b → c → d",
        "van-10      9   4.00       1  e",
        "not visited: f (no route makes this visit)",
    ]


def test_a_tour_has_no_column_of_loads() -> None:
    tour = {"routes": [{"vehicle": "v", "stops": [1, 2], "load": 0, "cost": 7}], "unserved": []}

    assert text_view(tour).splitlines()[1] == "v           7       2  1 → 2"


def test_a_long_route_is_cut_and_says_by_how_much() -> None:
    long = {"routes": [{"vehicle": "v", "stops": list(range(1000, 1200)), "load": 0, "cost": 7}], "unserved": []}
    text = text_view(long, width=80)
    shown = sum(str(stop) in text for stop in range(1000, 1200))

    assert max(len(line) for line in text.splitlines()) <= 80
    assert f"… and {200 - shown} more" in text


def test_an_assignment_stands_in_columns_read_downwards() -> None:
    plan = {"assignment": [["ann", 1], ["bob", 2], ["cleo", 3]]}

    assert text_view(plan, width=24).splitlines() == ["ann  → 1   cleo → 3", "bob  → 2"]
    assert text_view({"assignment": []}) == "nothing"


def test_a_generalised_assignment_shows_loads_and_capacities() -> None:
    plan = {
        "assignment": [["a", "p"], ["b", "p"]],
        "loads": [{"place": "p", "load": 7, "capacity": 10}, {"place": "q", "load": 0, "capacity": 4.5}],
    }

    assert text_view(plan).splitlines() == [
        "place  load    of  items",
        "p         7  10.0  a, b",
        "q         0   4.5  nothing",
    ]


def test_a_selection_names_copies_and_weights() -> None:
    plan = {"values": {}, "items": ["tent", ["water", 3]], "value": 20, "weights": [9, 1.5]}

    assert text_view(plan).splitlines() == ["taken   tent, 3 × water", "weight  9, 1.5"]
    assert text_view({"items": []}) == "taken   nothing"


def test_plain_values_are_grouped_by_variable_and_ones_left_out() -> None:
    plan = {
        "values": {"open": [["north", 1]], "use": [["n", "york", 1], ["n", "hull", 1]], "kg": [["a", 3.5]], "z": [[4]]}
    }

    assert text_view(plan).splitlines() == [
        "open  [north]",
        "use   [n,york] [n,hull]",
        "kg    [a] = 3.5",
        "z     4",
    ]
    assert text_view({"values": {"open": []}}) == "open  all 0"


def test_a_schedule_is_a_gantt_chart() -> None:
    plan = {"tasks": [{"job": "a", "task": 0, "machine": "saw", "start": 0, "end": 4}], "makespan": 4}

    assert text_view(plan, width=60).splitlines()[0].startswith("saw │aaaa")


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_view_is_wider_than_asked(width: int) -> None:
    many = {"values": {"x": [[f"item-{k}", 1] for k in range(300)]}}
    lines = text_view(many, width=width).splitlines()

    assert max(len(line) for line in lines) <= width
    assert len(lines) <= LINES + 1


def test_a_plan_of_no_known_shape_has_no_text() -> None:
    assert text_view({}) == ""


def test_bins_stand_with_their_loads_and_what_they_hold() -> None:
    plan = {
        "bins": [
            {"bin": "box-1", "kind": "box", "items": [["a", 2], ["b", 1]], "load": {"kg": 3, "litres": 4.5}},
            {"bin": "sack-1", "kind": "sack", "items": [["c", 1]], "load": {"kg": 10, "litres": 0}},
        ],
        "unpacked": [["d", 3]],
    }

    assert text_view(plan).splitlines() == [
        "bin                 load  holds",
        "box-1   3 kg, 4.5 litres  2 × a, b",
        "sack-1             10 kg  c",
        "not packed  3 × d",
    ]


def test_chosen_sets_stand_with_what_they_leave_out() -> None:
    plan = {
        "sets": ["a", "b"],
        "cost": 7,
        "unmet": 0,
        "uncovered": [{"element": "x", "times": 0, "need": 1, "reason": "MOST_SETS: 2 sets are chosen already"}],
    }

    assert text_view(plan).splitlines() == [
        "chosen  a, b",
        "        cost 7",
        "x has 0 of 1: MOST_SETS: 2 sets are chosen already",
    ]


def test_batches_stand_with_their_walks() -> None:
    plan = {
        "batches": [
            {"batch": 1, "orders": ["a", "b"], "load": 12, "distance": 84.5, "walk": [[0, 3]]},
            {"batch": 2, "orders": ["c"], "load": 7, "distance": 10, "walk": [[1, 5]]},
        ],
        "unpicked": ["d"],
        "distance": 94.5,
        "alone": 130,
    }

    assert text_view(plan).splitlines() == [
        "batch  load  walk  orders",
        "    1    12  84.5  a, b",
        "    2     7  10.0  c",
        "not picked  d",
        "walked 94.5; one by one it would be 130",
    ]
