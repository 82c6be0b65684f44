"""Solomon's files: what they say, where they are wrong, and what their published solutions cost."""

import re
from pathlib import Path

import numpy as np
import pytest

from qopt.core.errors import ModelError
from qopt.core.forms.fleet import Proposal, Tour, evaluate
from qopt.models.families._routing_check import leg
from qopt.models.frontends.solomon import PLUGIN, ROUNDINGS

FOLDER = Path(__file__).resolve().parents[3].parent / "shared" / "instances" / "vrptw"
TEXT = """small

VEHICLE
NUMBER     CAPACITY
  3         10

CUSTOMER
CUST NO.  XCOORD.  YCOORD.  DEMAND  READY TIME  DUE DATE  SERVICE TIME

 0   0  0  0   0  100  0
 1   3  4  6  10   20  5
 2   1  1  5   0   90  2.5
"""


def test_reads_everything() -> None:
    instance = PLUGIN.read(TEXT)
    assert (instance.name, instance.vehicle.count, instance.vehicle.capacity) == ("small", 3, 10)
    form = instance.form
    assert form.distance[0, 0].tolist() == [0, 5, 1.4]
    assert form.items.latest.tolist() == [20, 90]
    assert form.items.service.tolist() == [5, 2.5]
    check = evaluate(form, Proposal((Tour(0, np.array([0])), Tour(0, np.array([1])))))
    assert check.feasible
    assert check.objective == pytest.approx(12.8)
    assert not evaluate(form, Proposal((Tour(0, np.array([0, 1])),))).feasible
    assert PLUGIN.read(TEXT, rounding="none").form.distance[0, 0, 2] == pytest.approx(2**0.5)
    assert PLUGIN.read(TEXT, vehicles="unlimited").vehicle.count == "unlimited"


@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_both_judges_measure_by_the_same_rule(rounding: str) -> None:
    instance = PLUGIN.read(TEXT, rounding=rounding)
    legs = [[leg(instance, i, j) for j in range(3)] for i in range(3)]
    assert instance.form.distance[0].tolist() == legs


@pytest.mark.parametrize(
    ("old", "new", "line", "rule"),
    [
        ("VEHICLE", "TRUCK", 3, "VEHICLE is expected"),
        ("  3         10", "  3", 5, "2 numbers are expected"),
        ("  3         10", "  0         10", 5, "whole number from 1"),
        (" 1   3  4  6", " 1   3  x  6", 11, "y is expected"),
        (" 1   3  4  6", " 1   3  4  16", 11, "above the capacity"),
        (" 1   3  4  6", " 2   3  4  6", 12, "different"),
        ("10   20", "30   20", 11, "before its ready time"),
        ("0   0  0  0   0", "0   0  0  4   0", 10, "depot without demand"),
    ],
)
def test_faults_are_named_at_their_line(old: str, new: str, line: int, rule: str) -> None:
    text = TEXT.replace(old, new, 1)
    assert not PLUGIN.accepts(Path("x.txt"), text)
    with pytest.raises(ModelError, match=rule) as caught:
        PLUGIN.read(text)
    assert caught.value.issues[0].place.line == line


@pytest.mark.parametrize("name", ["C101", "R101", "R201", "C1_2_1"])
def test_published_solutions_cost_what_they_say(name: str) -> None:
    if not (FOLDER / f"{name}.txt").exists():
        pytest.skip(f"no {name}.txt beside the project")
    form = PLUGIN.read(FOLDER / f"{name}.txt").form
    text = (FOLDER / f"{name}.sol").read_text()
    routes = [[int(c) - 1 for c in line.split()] for line in re.findall(r"Route #\d+:(.*)", text)]
    check = evaluate(form, Proposal(tuple(Tour(0, np.array(route)) for route in routes)))
    assert check.feasible
    assert check.objective == pytest.approx(float(re.search(r"[Cc]ost (\S+)", text)[1]), abs=1e-6)
