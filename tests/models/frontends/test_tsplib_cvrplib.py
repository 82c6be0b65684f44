"""TSPLIB and CVRPLIB files: read whole, or refused at the place."""

from pathlib import Path

import numpy as np
import pytest

from qopt.core.errors import ModelError, UnsupportedModelError
from qopt.core.forms.routes import Proposal, evaluate
from qopt.models.detect import detect, read
from qopt.models.frontends.cvrplib import PLUGIN as cvrplib
from qopt.models.frontends.tsplib import PLUGIN as tsplib

INSTANCES = Path(__file__).resolve().parents[3].parent / "shared" / "instances"

TSP = """NAME : four
COMMENT : four corners : and a remark
TYPE : TSP
DIMENSION : 4
EDGE_WEIGHT_TYPE : EUC_2D
NODE_COORD_SECTION
1 0 0
2 3 0
3 3.0 4e0
7 0 4
EOF
"""
MATRIX = """NAME: m
TYPE: TSP
DIMENSION: 3
EDGE_WEIGHT_TYPE: EXPLICIT
EDGE_WEIGHT_FORMAT: {form}
EDGE_WEIGHT_SECTION
{numbers}
EOF
"""
VRP = """# a remark
NAME : five-k2
TYPE : CVRP
DIMENSION : 4
EDGE_WEIGHT_TYPE : EUC_2D
CAPACITY : 10
NODE_COORD_SECTION
1 0 0
2 3 0
3 3 4
4 0 4
DEMAND_SECTION
1 0
2 6
3 4
4 5
DEPOT_SECTION
 1
 -1
EOF
"""


def test_tour_file():
    made = tsplib.read(TSP)
    assert made.name == "four"
    assert made.depot == 1
    assert [visit.id for visit in made.stops] == [2, 3, 7]
    assert (made.form.vehicles, made.form.capacity) == (1, np.inf)
    assert made.form.distance.tolist() == [[0, 3, 5, 4], [3, 0, 4, 5], [5, 4, 0, 3], [4, 5, 3, 0]]


@pytest.mark.parametrize(
    ("form", "numbers"),
    [
        ("FULL_MATRIX", "0 1 2\n1 0 3\n2 3 0"),
        ("UPPER_ROW", "1 2 3"),
        ("UPPER_DIAG_ROW", "0 1 2 0 3\n 0"),
        ("LOWER_ROW", "1\n2 3"),
        ("LOWER_DIAG_ROW", "0 1 0\n2 3 0"),
    ],
)
def test_matrix_file(form, numbers):
    made = tsplib.read(MATRIX.format(form=form, numbers=numbers))
    assert made.form.distance.tolist() == [[0, 1, 2], [1, 0, 3], [2, 3, 0]]
    assert [made.depot, *(visit.id for visit in made.stops)] == [0, 1, 2]  # the file numbers no node


def test_nodes_of_a_matrix_file_are_numbered_by_its_display_data():
    text = MATRIX.format(form="UPPER_ROW", numbers="1 2 3\nDISPLAY_DATA_SECTION\n1 0 0\n2 0 0\n3 1 1")
    assert [visit.id for visit in tsplib.read(text).stops] == [2, 3]


def test_asymmetric_file_keeps_both_directions():
    text = MATRIX.format(form="FULL_MATRIX", numbers="99 1 2 3 99 4 5 6 99").replace("TYPE: TSP", "TYPE: ATSP")
    assert tsplib.read(text).form.distance.tolist() == [[0, 1, 2], [3, 0, 4], [5, 6, 0]]


def test_vehicle_file():
    made = cvrplib.read(VRP)
    assert (made.form.vehicles, made.form.capacity) == (2, 10)
    assert made.form.demand.tolist() == [0, 6, 4, 5]
    assert "at most 2 routes" in made.notes[0]
    assert evaluate(made.form, Proposal(([1, 2], [3]))).objective == 3 + 4 + 5 + 4 + 4


@pytest.mark.parametrize(
    ("name", "more", "vehicles", "expected"),
    [
        ("five-k2", "", None, 2),
        ("XSH-n4-k3-01", "", None, 3),
        ("X-n4-k2", "", None, "unlimited"),
        ("plain", "", None, "unlimited"),
        ("five-k2", "", "unlimited", "unlimited"),
        ("five-k2", "", 5, 5),
        ("five-k2", "", "5", 5),
        ("five-k2", "VEHICLES : 4\n", None, 4),
    ],
)
def test_fleet_limit(name, more, vehicles, expected):
    text = VRP.replace("five-k2", name).replace("TYPE : CVRP", f"{more}TYPE : CVRP")
    assert cvrplib.read(text, vehicles=vehicles).vehicle.count == expected


@pytest.mark.parametrize("vehicles", ["0", "-1", "two", "1.5", ""])
def test_fleet_limit_that_is_none(vehicles):
    with pytest.raises(ModelError, match="a number from 1, or unlimited"):
        cvrplib.read(VRP, vehicles=vehicles)


BROKEN_TSP = {
    "no TYPE": ("TYPE : TSP\n", "", (10, 1), "no TYPE", ""),
    "other TYPE": ("TYPE : TSP", "TYPE : HCP", (3, 8), "TYPE TSP or ATSP", "HCP"),
    "no NAME": ("NAME : four\n", "", (10, 1), "no NAME", ""),
    "no DIMENSION": ("DIMENSION : 4\n", "", (10, 1), "no DIMENSION", ""),
    "DIMENSION in words": (": 4\n", ": four\n", (4, 13), "whole number >= 2", "four"),
    "DIMENSION of 1": (": 4\n", ": 1\n", (4, 13), "whole number >= 2", "1"),
    "too few nodes": (": 4\n", ": 5\n", (10, 1), "needs 5 lines", "4"),
    "too many nodes": (": 4\n", ": 3\n", (10, 1), "needs 3 lines", "4"),
    "no coordinates": ("7 0 4", "7 0", (10, 4), "a node and two coordinates", "2 words"),
    "three coordinates": ("7 0 4", "7 0 4 4", (10, 8), "a node and two coordinates", "4 words"),
    "no number": ("2 3 0", "2 x 0", (8, 3), "finite number", "x"),
    "infinite": ("2 3 0", "2 1e999 0", (8, 3), "finite number", "1e999"),
    "not a number": ("2 3 0", "2 nan 0", (8, 3), "finite number", "nan"),
    "foreign digits": ("2 3 0", "2 ٣ 0", (8, 3), "finite number", "٣"),
    "half a node": ("2 3 0", "2.5 3 0", (8, 1), "whole number", "2.5"),
    "node twice": ("7 0 4", "3 0 4", (10, 1), "stands in line 9", "3"),
    "no section": ("NODE_COORD_SECTION\n", "", (6, 1), "KEYWORD : value", "1 0 0"),
    "misspelt section": ("NODE_COORD_SECTION", "NODE_CORD_SECTION", (6, 1), "not read", "NODE_CORD_SECTION"),
    "foreign section": ("EOF", "FIXED_EDGES_SECTION\n1 2\n-1\nEOF", (11, 1), "not read", "FIXED_EDGES_SECTION"),
    "section of a CVRP": ("EOF", "DEMAND_SECTION\n1 0\nEOF", (11, 1), "no such section", "DEMAND_SECTION"),
    "keyword of a CVRP": ("DIMENSION", "CAPACITY : 3\nDIMENSION", (4, 12), "no CAPACITY", "3"),
    "misspelt keyword": ("DIMENSION", "DIMENSIONS", (4, 1), "not read", "DIMENSIONS"),
    "keyword twice": ("DIMENSION : 4", "DIMENSION : 4\nDIMENSION : 4", (5, 1), "stands in line 4", "4"),
    "section twice": ("EOF", "NODE_COORD_SECTION\nEOF", (11, 1), "stands in line 6", "NODE_COORD_SECTION"),
    "unknown weights": ("EUC_2D", "EUC_4D", (5, 20), "EDGE_WEIGHT_TYPE is not read", "EUC_4D"),
    "no weights": ("EDGE_WEIGHT_TYPE : EUC_2D\n", "", (10, 1), "no EDGE_WEIGHT_TYPE", ""),
    "matrix and points": ("EOF", "EDGE_WEIGHT_SECTION\n1 2\nEOF", (11, 1), "has no such", "EDGE_WEIGHT_SECTION"),
    "behind EOF": ("EOF\n", "EOF\nNAME : five\n", (12, 1), "follow EOF", "NAME : five"),
    "words": ("TYPE : TSP", "what is this", (3, 1), "KEYWORD : value", "what is this"),
}
FULL = MATRIX.format(form="FULL_MATRIX", numbers="0 1 2\n1 0 3\n2 3 0")
BROKEN_MATRIX = {
    "no format": ("EDGE_WEIGHT_FORMAT: FULL_MATRIX\n", "", (9, 1), "no EDGE_WEIGHT_FORMAT", ""),
    "unknown format": ("FULL_MATRIX", "UPPER_COL", (5, 21), "must be one of FULL_MATRIX", "UPPER_COL"),
    "too few weights": ("2 3 0", "2 3", (9, 4), "needs 9 numbers", "8"),
    "too many weights": ("2 3 0", "2 3 0 1", (9, 8), "needs 9 numbers", "10"),
    "weight in words": ("1 0 3", "1 0 far", (8, 5), "finite number", "far"),
    "negative weight": ("1 0 3", "1 0 -3", (8, 5), "at least 0", "-3"),
    "endless weight": ("1 0 3", "1 0 1e400", (8, 5), "finite number", "1e400"),
    "underscored weight": ("1 0 3", "1 0 1_0", (8, 5), "finite number", "1_0"),
    "no weights": ("EDGE_WEIGHT_SECTION\n0 1 2\n1 0 3\n2 3 0\n", "", (6, 1), "no EDGE_WEIGHT_SECTION", ""),
}
BROKEN_VRP = {
    "a TSP": ("TYPE : CVRP", "TYPE : TSP", (3, 8), "TYPE CVRP", "TSP"),
    "a VRPTW": ("TYPE : CVRP", "TYPE : VRPTW", (3, 8), "TYPE CVRP", "VRPTW"),
    "no CAPACITY": ("CAPACITY : 10\n", "", (19, 1), "no CAPACITY", ""),
    "CAPACITY of nothing": ("CAPACITY : 10", "CAPACITY : 0", (6, 12), "whole number >= 1", "0"),
    "too heavy": ("2 6", "2 60", (14, 3), "between 0 and the capacity, 10", "60"),
    "negative demand": ("2 6", "2 -6", (14, 3), "between 0 and the capacity, 10", "-6"),
    "demand in words": ("2 6", "2 six", (14, 3), "finite number", "six"),
    "demand of nobody": ("2 6", "9 6", (14, 1), "no such node", "9"),
    "a demand too few": ("4 5\n", "", (15, 1), "needs 4 lines", "3"),
    "no demands": ("DEMAND_SECTION\n1 0\n2 6\n3 4\n4 5\n", "", (15, 1), "no DEMAND_SECTION", ""),
    "no depot": ("DEPOT_SECTION\n 1\n -1\n", "", (17, 1), "no DEPOT_SECTION", ""),
    "endless depots": (" -1\n", "", (18, 3), "ends with -1", ""),
    "empty depots": (" 1\n -1\n", "", (17, 1), "ends with -1", ""),
    "two depots": (" 1\n", " 1\n 2\n", (19, 2), "exactly one depot", "2"),
    "depot of nobody": (" 1\n", " 8\n", (18, 2), "no such node", "8"),
    "depot with a demand": (" 1\n", " 2\n", (18, 2), "depot has no demand", "6 at node 2"),
    "time windows": ("EOF", "TIME_WINDOW_SECTION\n1 0 9\nEOF", (20, 1), "not read", "TIME_WINDOW_SECTION"),
    "longest route": ("CAPACITY", "DISTANCE : 9\nCAPACITY", (6, 1), "not read", "DISTANCE"),
    "VEHICLES of none": ("CAPACITY", "VEHICLES : 0\nCAPACITY", (6, 12), "whole number >= 1", "0"),
}
BROKEN = [
    pytest.param(reader, suffix, whole, *case, id=f"{suffix}: {name}")
    for reader, suffix, whole, cases in (
        (tsplib, ".tsp", TSP, BROKEN_TSP),
        (tsplib, ".tsp", FULL, BROKEN_MATRIX),
        (cvrplib, ".vrp", VRP, BROKEN_VRP),
    )
    for name, case in cases.items()
]


@pytest.mark.parametrize(("reader", "suffix", "whole", "old", "new", "place", "rule", "value"), BROKEN)
def test_broken_file(reader, suffix, whole, old, new, place, rule, value, tmp_path):
    """Refused by the reader and by detection alike, with file, line, column, rule and value."""
    assert old in whole
    assert reader.accepts(Path("x"), whole)
    text = whole.replace(old, new, 1)
    path = tmp_path / f"broken{suffix}"
    path.write_text(text, encoding="utf-8")
    assert not reader.accepts(path, text)
    with pytest.raises(ModelError) as caught:
        reader.read(path)
    issue = caught.value.issues[0]
    assert (issue.place.file, issue.place.line, issue.place.column) == (str(path), *place), str(issue)
    assert rule in issue.rule
    assert issue.value == value
    if (suffix, new) != (".vrp", "TYPE : TSP"):
        with pytest.raises(ModelError) as caught:
            read(path)
        assert caught.value.issues[0] == issue


@pytest.mark.parametrize(
    ("reader", "text", "suggestion"),
    [
        (tsplib, TSP.replace("NODE_COORD_SECTION", "NODE_CORD_SECTION"), "NODE_COORD_SECTION"),
        (tsplib, TSP.replace("DIMENSION", "DIMENSIONS"), "DIMENSION?"),
        (tsplib, TSP.replace("EUC_2D", "EUC_4D"), "EUC_2D"),
        (tsplib, TSP.replace("EUC_2D", "XRAY1"), "these are read: EUC_2D"),
    ],
)
def test_what_is_not_read_is_named_with_a_suggestion(reader, text, suggestion):
    with pytest.raises(UnsupportedModelError) as caught:
        reader.read(text)
    assert suggestion in caught.value.issues[0].suggestion


def test_latin1_remarks_are_read(tmp_path):
    path = tmp_path / "umlaut.tsp"
    path.write_bytes(TSP.replace("four corners", "Grötschel").encode("latin-1"))
    assert detect(path)[0] == "tsplib"
    assert read(path).name == "four"


def test_each_file_has_one_reader(tmp_path):
    path = tmp_path / "x.txt"
    for name, text in (("tsplib", TSP), ("tsplib", FULL), ("cvrplib", VRP)):
        path.write_text(text)
        assert detect(path)[0] == name
    assert read(path, vehicles="3").vehicle.count == 3
    path.write_text(TSP)
    with pytest.raises(ModelError, match="no such option"):
        read(path, vehicles="3")


@pytest.mark.parametrize("folder", ["tsp", "cvrp"])
def test_every_shared_file_has_exactly_its_reader(folder):
    if not INSTANCES.exists():
        pytest.skip("the shared benchmark instances are not here")
    paths = [p for p in sorted((INSTANCES / folder).iterdir()) if p.suffix in (".tsp", ".vrp")]
    assert len(paths) > 10
    for path in paths:
        text = path.read_text()
        assert (tsplib.accepts(path, text), cvrplib.accepts(path, text)) == (folder == "tsp", folder == "cvrp")
        made = (tsplib if folder == "tsp" else cvrplib).read(path)
        assert made.form.integral
        assert made.form.symmetric


@pytest.mark.parametrize("name", ["X-n101-k25", "X-n200-k36", "X-n502-k39", "XSH-n20-k4-01", "XSH-n20-k4-21"])
def test_published_solutions_cost_what_they_say(name):
    path = INSTANCES / "cvrp" / f"{name}.sol"
    if not path.exists():
        pytest.skip("the shared benchmark instances are not here")
    lines = path.read_text().split("\n")
    routes = [np.array(line.split(":")[1].split(), dtype=np.int64) for line in lines if line.startswith("Route")]
    cost = next(float(line.split()[1]) for line in lines if line.startswith("Cost"))
    check = evaluate(cvrplib.read(path.with_suffix(".vrp")).form, Proposal(tuple(routes)))
    assert check.feasible
    assert check.objective == cost
