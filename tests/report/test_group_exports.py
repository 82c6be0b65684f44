"""Bins, batches and chosen sets as tables."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

import qopt
from qopt.core import registry
from qopt.models.subject import Subject
from qopt.report.exports.csv import PLUGIN


def rows_of(plan: Any, subject: Subject) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(PLUGIN.texts(plan, subject)[""])))


def best(family: str) -> tuple[Any, Subject]:
    subject = Subject(instance=registry.load("families", family).example())
    return qopt.solve(subject, budget=2.0, seed=1).solutions[0].plan, subject


def test_a_row_for_every_item_of_every_bin() -> None:
    plan, subject = best("packing")
    rows = rows_of(plan, subject)

    told = [(row["bin"], row["item"], int(row["copies"])) for row in rows]
    assert told == [(line["bin"], item, count) for line in plan["bins"] for item, count in line["items"]]
    assert sum(count for *_, count in told) == sum(item.count for item in subject.instance.items)
    plan = {"bins": [], "unpacked": [["lamp", 2]]}
    assert rows_of(plan, subject) == [{"bin": "", "kind": "", "item": "lamp", "copies": "2"}]


def test_a_row_for_every_place_of_a_walk() -> None:
    plan, subject = best("batching")
    rows = rows_of(plan, subject)

    assert [(int(row["aisle"]), float(row["from front"])) for row in rows] == [
        (spot[0], spot[1]) for line in plan["batches"] for spot in line["walk"]
    ]
    places = {order.id: {tuple(pick) for pick in order.picks} for order in subject.instance.orders}
    for row in rows:
        for name in row["orders"].split("; "):
            assert (int(row["aisle"]), float(row["from front"])) in places[name]
    assert sum(len(row["orders"].split("; ")) for row in rows) == sum(map(len, places.values()))


def test_a_row_for_every_chosen_set_and_for_what_is_not_covered() -> None:
    plan, subject = best("covering")

    assert [row["set"] for row in rows_of(plan, subject)] == list(plan["sets"])
    short = plan | {"uncovered": [{"element": "west", "times": 0, "need": 1, "reason": "COST: gate"}]}
    assert rows_of(short, subject)[-1] == {"set": "", "cost": "", "covers": "west", "reason": "COST: gate"}


@pytest.mark.parametrize("family", ["packing", "batching", "covering"])
def test_plans_of_the_family_are_taken(family: str) -> None:
    assert family in PLUGIN.families
