"""Every reader of files against the contract of its seam."""

from __future__ import annotations

import io
import json
from typing import Any

import dimod
import numpy as np
import pytest

from qopt.core import registry
from qopt.testing.formats import Sample, check_format

VRP = (
    "NAME: C-n4-k2\nTYPE: CVRP\nDIMENSION: 4\nEDGE_WEIGHT_TYPE: EUC_2D\nCAPACITY: 5\nNODE_COORD_SECTION\n"
    "1 0 0\n2 0 3\n3 4 3\n4 4 0\nDEMAND_SECTION\n1 0\n2 3\n3 2\n4 4\nDEPOT_SECTION\n1\n-1\nEOF\n"
)

NRP = (
    "# remark\nSECTION_HORIZON\n7\n\nSECTION_SHIFTS\nE,480,\nL,480,E\n\nSECTION_STAFF\nann,E=7|L=2,2400,960,5,2,2,1\n"
    "bob,E=7|L=0,2400,960,5,2,2,1\n\nSECTION_DAYS_OFF\nann,3\n\nSECTION_SHIFT_ON_REQUESTS\nann,1,L,2\n\n"
    "SECTION_SHIFT_OFF_REQUESTS\nbob,2,E,3\n\nSECTION_COVER\n0,E,1,100,1\n6,L,1,100,1\n"
)

BQM = json.dumps(dimod.BinaryQuadraticModel({"a": 1.5, "b": -1}, {"ab": 2}, 0.5, "SPIN").to_serializable()) + "\n"


def packed(model: Any) -> bytes:
    with model.to_file() as file:
        return bytes(file.read())


def archive(**arrays: Any) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **{name: np.array(values) for name, values in arrays.items()})
    return file.getvalue()


def constrained() -> dimod.ConstrainedQuadraticModel:
    x, k = dimod.Binary("x"), dimod.Integer("k", upper_bound=7)
    model = dimod.ConstrainedQuadraticModel()
    model.set_objective(x * k - 2 * k + 1.5)
    model.add_constraint(x + k <= 5, label="room")
    return model


def discrete() -> dimod.DiscreteQuadraticModel:
    model = dimod.DiscreteQuadraticModel()
    model.add_variable(2, "u"), model.add_variable(3, "v")
    model.set_quadratic_case("u", 0, "v", 2, 1.5)
    return model


CQM, DQM = packed(constrained()), packed(discrete())
PROBLEM = """{"qopt_problem": 1,
 "name": "small",
 "sense": "maximize",
 "columns": {"names": [{"name": "x", "shape": [2]}, {"name": "t"}], "kind": ["binary", "binary", "real"], "lower": [0, 0, null], "upper": [1, 1, 2.5], "resolution": [0, 0, 0.5]},
 "levels": [[["travel", {"offset": 1.5, "linear": [[0], [3]], "quadratic": [[0], [2], [-1]], "products": [[[0, 1, 2], 4]]}]]],
 "rows": {"names": [{"name": "cap"}], "size": [2], "index": [0, 2], "value": [1, 2], "lower": [null], "upper": [2], "price": [7], "norm": ["quadratic"], "level": [0]},
 "groups": {"names": [{"name": "one"}], "kind": ["exactly_one"], "members": [[0, 1]]},
 "polynomial_rows": [{"name": "round", "why": "so", "polynomial": {"offset": 0, "linear": [[], []], "quadratic": [[2], [2], [1]], "products": []}, "lower": null, "upper": 4, "price": null, "norm": "linear", "level": 0}],
 "indicators": {"column": [1], "active": [1], "rows": {"names": [{"name": "when"}], "size": [1], "index": [2], "value": [1], "lower": [null], "upper": [1]}}}
"""  # noqa: E501
PROBLEM_FAULTS = (
    ('"sense": "maximize"', '"sense": "upwards"'),
    ('"sense": "maximize",', '"sense": "maximize"'),
    ('"sense": "maximize",', ""),
    ('"qopt_problem": 1', '"qopt_problem": 2'),
    ('"binary", "binary"', '"binary", "boolean"'),
    ('"lower": [0, 0, null]', '"lower": [0, 0]'),
    ("[[0], [3]]", "[[3], [3]]"),
    ("[[0], [3]]", "[[0.5], [3]]"),
    ("[[0], [3]]", "[[0], [1e999]]"),
    ("[[0, 1, 2], 4]", "[[0, 1, 9], 4]"),
    ('"index": [0, 2]', '"index": [0, 3]'),
    ('"index": [0, 2]', '"index": [0]'),
    ('"members": [[0, 1]]', '"members": [[0, 2]]'),
    ('"norm": "linear"', '"norm": "cubic"'),
)
LP = """\\ a remark
Maximize
 profit: 2 x + 3 y - z + 4 + [ 2 x ^ 2 - 6 x * y ] / 2
   + 7 w
Subject To
 one: x + y + z <= 10
 two: -5 <= x - y <= 5
 round: x + [ x ^ 2 + 3 x * y ] <= 5
 when: b = 1 -> x + y <= 3
Bounds
 -inf <= x <= 5
 y free
 1 <= w <= 9
Generals
 w
Binaries
 b
End
"""
LP_FAULTS = (
    ("Maximize", "Optimize"),
    ("3 y", "3 y 4"),
    ("3 y", "3 y z"),
    ("3 y", "1e999 y"),
    ("- 6 x * y", "- 6 x"),
    ("] / 2", "]"),
    ("5\n when", "5 ] / 2\n when"),
    ("<= 10", ""),
    ("<= 10", "<= <= 10"),
    ("-5 <= x - y <= 5", "-5 <= x - y >= 5"),
    ("-5 <= x - y <= 5", "x <= x - y <= 5"),
    ("two:", "one:"),
    ("b = 1 ->", "b = 2 ->"),
    ("b = 1 ->", "2 b = 1 ->"),
    ("y free", "y free 3"),
    (" 1 <= w", " 1 <= 2 w"),
    (" -inf <= x <= 5", " x <= -5"),
    ("Generals\n w", "Generals\n w 3"),
    ("Bounds", "Semi-Continuous"),
    ("Bounds", "SOS"),
    ("Bounds", "Maximize"),
    ("End\n", "End\nx\n"),
    ("x - y <=", "x - <="),
    ("x - y <=", "x § y <="),
    ("* y ] <= 5", "* y <= 5"),
)
MPS = """* a remark
NAME small
OBJSENSE
    MAX
ROWS
 N COST
 L one
 G two
 E three
 L round
COLUMNS
 x COST 2 one 1
 x two 1
 y COST 3 one 1
 y three -1 round 2
 MARK 'MARKER' 'INTORG'
 w COST 1.5 three 1
 b two 1
 MARK 'MARKER' 'INTEND'
RHS
 RHS one 10 two -5
 RHS COST -4
RANGES
 RNG two 7.5
BOUNDS
 MI BND x
 UP BND x 5
 LO BND w 1
 UP BND w 9
 BV BND b
QUADOBJ
 x x 2
 x y -3
QCMATRIX round
 x x 1
 x y 1.5
 y x 1.5
INDICATORS
 IF one b 1
ENDATA
"""
MPS_FAULTS = (
    ("ENDATA\n", ""),
    ("    MAX", "    UPWARDS"),
    (" L one", " X one"),
    (" L one", " L"),
    (" G two", " G one"),
    (" x two 1", " x four 1"),
    (" x two 1", " x two one"),
    (" x two 1", " x two 1e999"),
    (" x two 1", " x two"),
    (" x two 1", " x one 1"),
    (" b two 1", " x two 1"),
    ("'INTORG'", "'SOSORG'"),
    (" RHS COST -4", " OTHER COST -4"),
    (" RNG two 7.5", " RNG COST 7.5"),
    (" MI BND x\n UP BND x 5", " UP BND x -5"),
    (" UP BND w 9", " SC BND w 9"),
    (" UP BND w 9", " UPPER BND w 9"),
    (" UP BND w 9", " UP BND v 9"),
    (" UP BND w 9", " UP"),
    (" x y -3", " x y -3\n y x -3"),
    (" y x 1.5", " y x 2.5"),
    ("QCMATRIX round", "QCMATRIX"),
    ("QCMATRIX round", "QCMATRIX COST"),
    (" IF one b 1", " IF one b 2"),
    (" IF one b 1", " IF COST b 1"),
    ("QUADOBJ", "SOS1"),
    ("QUADOBJ", "SURPRISE"),
    ("RHS\n RHS one", "BOUNDS\n RHS one"),
)
TAILLARD = """Nb of jobs, Nb of Machines, Time seed, Machine seed, Upper bound, Lower bound
 2 3 7 8 12 10
Times
 4 5 6
 7 8 9
Machines
 1 2 3
 3 1 2
number of jobs, number of machines, initial seed, upper bound and lower bound :
 3 2 9 20 18
processing times :
 1 2 3
 4 5 6
"""
TAILLARD_FAULTS = (
    ("Times\n", ""),
    ("Machines\n 1", "Machines\n 4"),
    (" 7 8 9\n", " 7 8\n"),
    (" 4 5 6\n 7", " 4 5 x\n 7"),
    ("\n 3 1 2", "\n 3 1 2 1"),
    (" 2 3 7", " 0 3 7"),
    ("Nb of jobs", "3 2\nNb of jobs"),
)
PSPLIB = """****************
projects                      :  1
jobs (incl. supersource/sink ):  3
RESOURCES
  - renewable                 :  2   R
  - nonrenewable              :  0   N
  - doubly constrained        :  0   D
****************
PRECEDENCE RELATIONS:
jobnr.    #modes  #successors   successors
   1        1          1           2
   2        2          1           3
   3        1          0
****************
REQUESTS/DURATIONS:
jobnr. mode duration  R 1  R 2
----------------
  1      1     0       0    0
  2      1     8       4    0
         2     9       1    1
  3      1     0       0    0
****************
RESOURCEAVAILABILITIES:
  R 1  R 2
    4    2
****************
"""
PSPLIB_FAULTS = (
    ("- nonrenewable              :  0", "- nonrenewable              :  1"),
    ("jobs (incl. supersource/sink ):  3", "jobs (incl. supersource/sink ):  4"),
    ("   2        2          1           3", "   2        2          1           2"),
    ("   2        2          1           3", "   2        3          1           3"),
    ("  2      1     8       4    0", "  2      1     8       5    0"),
    ("  2      1     8       4    0", "  2      1     8       4"),
    ("    4    2\n", "    4\n"),
    ("  3      1     0       0    0", "  3      1     0       0    0 5"),
)
QPLIB = """small
QGQ
maximize
3 # variables
2 # constraints
2 # quadratic terms in the objective
1 1 2
2 1 -6
0 # linear terms in the objective
1
3 7
4.5 # constant
1 # quadratic terms in the constraints
2 2 1 3
3 # linear terms in the constraints
1 1 1
1 2 -1
2 3 1
1e30 # infinity
-1e30 # left
1
1 -5
10 # right
0
-1e30 # lower
1
2 0
9 # upper
1
3 1
1 # types
1
1 0
0
0
0
0
0
0
1
3 w
0
"""
QPLIB_FAULTS = (
    ("QGQ", "QGX"),
    ("maximize", "maximise it"),
    ("3 # variables", "3.5"),
    ("3 # variables", "3 4"),
    ("1 1 2\n", "1 4 2\n"),
    ("1 1 2\n", "1 x 2\n"),
    ("1 1 2\n", "1 2\n"),
    ("2 1 -6", "1 1 -6"),
    ("2 1 -6", "1 1 1e999"),
    ("1 2 -1", "1 1 -1"),
    ("3 7", "4 7"),
    ("1 0\n0", "1 3\n0"),
    ("3 w\n0\n", "3 w\n0\n0\n"),
    ("3 w", "4 w"),
    ("3 w", "3 x[0]"),
    ("3 w\n0\n", ""),
    ("2 # quadratic", "100 # quadratic"),
)

VROOM = (
    '{"vehicles": [{"id": 7, "start_index": 0, "end_index": 0, "capacity": [4], "skills": [1],\n'
    ' "breaks": [{"id": 1, "service": 60, "time_windows": [[0, 900], [1200, 1500]]}],\n'
    ' "steps": [{"type": "job", "id": 3}]}],\n'
    ' "jobs": [{"id": 3, "location_index": 1, "delivery": [2], "service": 30, "priority": 9,\n'
    ' "time_windows": [[0, 600]]}],\n'
    ' "shipments": [{"amount": [1], "pickup": {"id": 3, "location_index": 2},\n'
    ' "delivery": {"id": 4, "location_index": 1}}],\n'
    ' "matrices": {"car": {"durations": [[0, 5, 9], [5, 0, 7], [9, 7, 0]]}}}\n'
)
VROOM_FAULTS = (
    ('"id": 7', '"id": "7"'),
    ('"id": 7', '"id": 7, "colour": "red"'),
    ('"service": 60', '"service": 60, "max_load": [2]'),
    ('"start_index": 0, "end_index": 0, ', ""),
    ('"end_index": 0', '"end_index": 3'),
    ("[[0, 600]]", "[[600, 0]]"),
    ("[[0, 600]]", "[[0]]"),
    ('"delivery": [2]', '"delivery": [2, 1]'),
    ('"priority": 9', '"priority": 101'),
    ('"type": "job", "id": 3', '"type": "job", "id": 4'),
    ('"car": {"durations"', '"bike": {"durations"'),
    ("[5, 0, 7]", "[5, 0]"),
    ("[5, 0, 7]", "[5, null, 7]"),
    ("}}}\n", "}}\n"),
)

SAMPLES = {
    "vroom": Sample("day.json", VROOM, tuple(VROOM.replace(old, new) for old, new in VROOM_FAULTS)),
    "solomon": Sample(
        "small.txt",
        "small\n\nVEHICLE\nNUMBER CAPACITY\n 3 10\n\nCUSTOMER\nCUST NO.\n\n 0 0 0 0 0 100 0\n 1 3 4 6 10 20 5\n",
        broken=(
            "small\n\nTRUCK\nNUMBER CAPACITY\n 3 10\n\nCUSTOMER\nCUST NO.\n\n 0 0 0 0 0 100 0\n 1 3 4 6 10 20 5\n",
            "small\n\nVEHICLE\nNUMBER CAPACITY\n 3 10\n\nCUSTOMER\nCUST NO.\n\n 0 0 0 0 0 100 0\n 1 3 4 60 10 20 5\n",
            "small\n\nVEHICLE\nNUMBER CAPACITY\n 3 10\n\nCUSTOMER\nCUST NO.\n\n 0 0 0 0 0 100 0\n 1 3 4 6 10 x 5\n",
        ),
    ),
    "orlib_binpack": Sample(
        "bins.txt",
        "2\n u_00 \n 10 3 2\n4\n6\n 2.5\nt_01\n 100.0 2 1\n36.6 63.4\n",
        (
            "2\n u_00 \n 10 3 2\n4\n6\n 2.5\n",
            "1\n u_00 \n 10 3 2\n4\n6\n",
            "1\n u_00 \n 10 3 2\n4\n16\n2\n",
            "1\n u_00 \n 10 2 2\n4\n6\n2\n",
            "1\n 7 \n 10 2 2\n4\n6\n",
            "1\n u_00 \n 10 2.5 2\n4\n6\n",
        ),
    ),
    "orlib_cap": Sample(
        "caps.txt",
        "2 3\n 50 7.5\n 60 0\n 10\n 1 2\n 20\n 3 4.5\n 30\n 5 6\n",
        broken=("2 3\n50 7.5\n60 0\n10\n1 2\n20\n3 4.5\n", "2 1\n50 7\n60 0\n10\n1 x\n", "1 1\n50 7\n10\n-1\n"),
    ),
    "qaplib": Sample(
        "three.dat",
        "3\n\n0 1 2\n1 0 3\n2 3 0\n\n0 5 2\n5 0 3\n2.5 3 0\n",
        ("3\n0 1 2\n1 0 3\n2 3 0\n0 5 2\n5 0 3\n2 3\n", "3\n0 1 2\n1 x 3\n2 3 0\n0 5 2\n5 0 3\n2 3 0\n", "2.5\n1 2\n"),
    ),
    "orlib_gap": Sample(
        "two.txt",
        "2\n2 3\n 4 5 6\n 6 5 4\n 1 1 1\n 2 2 2\n 3 4\n1 2\n 7 8\n 1 1.5\n 2\n",
        ("2\n2 3\n4 5 6\n6 5 4\n1 1 1\n2 2 2\n3 4\n", "1\n1 2\n7 8\n1 -1\n2\n", "1\n1 2\n7 8\n1 1\n2\n9 9 9\n"),
    ),
    "orlib_knapsack": Sample(
        "two.txt",
        "2\n3 2 0\n 10 20 30.5\n 1 2 3\n 3 2 1\n 4 5\n2 1 7\n 3 4\n 1 1\n 1\n",
        ("2\n3 2 0\n10 20 30\n1 2 3\n3 2 1\n4 5\n", "1\n2 1 0\n1 2\n1 1e999\n1\n", "1\n2 1 0\n1 2\n1 -1\n1\n"),
    ),
    "nrp": Sample(
        "ward.txt",
        NRP,
        (
            NRP.replace("E,480,\n", "E,480\n"),
            NRP.replace("ann,3", "ann,30"),
            NRP.replace("L,480,E", "L,480,X"),
            NRP.replace("SECTION_COVER", "SECTION_COVERS"),
        ),
    ),
    "jsplib": Sample(
        "two.txt",
        "2 2\n0 3 1 2\n1 4 0 1\n",
        ("2 2\n0 3 1 2\n1 4\n", "2 2\n0 3 1 2\n1 x 0 1\n", "2 2\n0 3 5 2\n1 4 0 1\n"),
    ),
    "fjsp": Sample(
        "two.fjs",
        "2 2 1.5\n2 2 1 3 2 4 1 2 2\n1 1 2 5\n",
        (
            "2 2 1.5\n1 1 2 5\n",
            "2 2\n2 2 1 3 2 4 1 2 2\n1 1 3 5\n",
            "2 2\n2 2 1 3 2 4 1 2 2\n1 1 2 x\n",
            "2 2\n2 2 1 3 2 4 1 2 2\n1 1 2 5 6\n",
            "2 3\n1 2 1 3 1 3\n1 1 2 5\n",
        ),
    ),
    "taillard": Sample("one.tai", TAILLARD, tuple(TAILLARD.replace(old, new) for old, new in TAILLARD_FAULTS)),
    "rcp": Sample(
        "four.rcp",
        "4 2\n3 1\n0 0 0 2 2 3\n4 3 0 1 4\n2 1 1 1 4\n0 0 0 0\n",
        (
            "4 2\n3 1\n0 0 0 2 2 3\n4 3 0 1 4\n2 1 1 1 4\n0 0 0\n",
            "4 2\n3 1\n0 0 0 2 2 3\n4 4 0 1 4\n2 1 1 1 4\n0 0 0 0\n",
            "4 2\n3 1\n0 0 0 2 2 3\n4 3 0 1 5\n2 1 1 1 4\n0 0 0 0\n",
            "4 2\n3 1\n0 0 0 2 2 3\n4 3 0 1 2\n2 1 1 1 4\n0 0 0 0\n",
            "4 2\n3 1\n0 0 0 2 2 3\n4 3 0 1 4\n2 1 1 1 4\n0 0 0 0 7\n",
        ),
    ),
    "psplib": Sample("three.sm", PSPLIB, tuple(PSPLIB.replace(old, new) for old, new in PSPLIB_FAULTS)),
    "tsplib": Sample(
        "four.tsp",
        "NAME: four\nTYPE: TSP\nDIMENSION: 4\nEDGE_WEIGHT_TYPE: EUC_2D\nNODE_COORD_SECTION\n"
        "1 0 0\n2 0 3\n3 4 3\n4 4 0\nEOF\n",
        (
            "NAME: four\nTYPE: TSP\nDIMENSION: 4\nEDGE_WEIGHT_TYPE: EUC_2D\nNODE_COORD_SECTION\n1 0 0\n2 0 3\nEOF\n",
            "NAME: four\nTYPE: TSP\nDIMENSION: four\nEDGE_WEIGHT_TYPE: EUC_2D\nNODE_COORD_SECTION\n1 0 0\nEOF\n",
        ),
    ),
    "cvrplib": Sample("C-n4-k2.vrp", VRP, (VRP.replace("4 4 0", "4 4 x"), VRP.replace("4 4\nDEPOT", "4 y\nDEPOT"))),
    "dimod_file": Sample("two.bqm", BQM, (BQM[:-4], BQM.replace("1.5", "true, 1"), BQM.replace('["a", "b"]', '["a"]'))),
    "cqm": Sample("small.cqm", CQM, (CQM[:-9], CQM[:40], b"DIMODCQM", CQM.replace(b"objective", b"subjective"))),
    "dqm": Sample("small.dqm", DQM, (DQM[: len(DQM) // 2], DQM[:40], b"DIMODDQM")),
    "npz": Sample(
        "three.npz",
        archive(n=3, upper=[1, 0, -2, 4, 5, 0]),
        (
            archive(n=3, upper=[1, 0, -2, 4, 5, 0])[:-9],
            archive(n=3, upper=[1, 0, -2, 4, 5]),
            archive(n=2.5, upper=[1, 0, -2]),
            archive(n=2, upper=[1, np.nan, -2]),
            archive(n=2, upper=["a", "b", "c"]),
            archive(n=[2, 2], upper=[1, 0, -2]),
            archive(m=2, upper=[1, 0, -2]),
        ),
    ),
    "problem": Sample("small.qopt", PROBLEM, tuple(PROBLEM.replace(old, new) for old, new in PROBLEM_FAULTS)),
    "ising": Sample(
        "three.ising",
        '{"h": [1, 0, -0.5],\n "J": [[0, 2, 1.5], [2, 1, -1]],\n "offset": 2}\n',
        (
            '{"h": [1, 0],\n "J": [[0, 2, 1.5]],\n "offset": 2}',
            '{"h": [1, 0],\n "J": [[0, 0, 1.5]],\n "offset": 2}',
            '{"h": [1, 0],\n "J": [[0, 1, 1.5], [1, 0, 2]],\n "offset": 2}',
            '{"h": [1, 0],\n "J": [[0, 1]],\n "offset": 2}',
            '{"h": [1, "x"],\n "J": [],\n "offset": 2}',
            '{"h": [1, 0],\n "J": [],\n "offset": 1e999}',
            '{"h": [1, 0],\n "J": []}',
            '{"h": [1, 0],\n "J": [], "offset": 2',
        ),
    ),
    "lp": Sample("small.lp", LP, tuple(LP.replace(old, new) for old, new in LP_FAULTS)),
    "mps": Sample("small.mps", MPS, tuple(MPS.replace(old, new) for old, new in MPS_FAULTS)),
    "qplib": Sample("small.qplib", QPLIB, tuple(QPLIB.replace(old, new) for old, new in QPLIB_FAULTS)),
    "qubo": Sample(
        "three.qubo",
        "c a remark\np qubo 0 3 2 1\n0 0 -1\n2 2 2.5\nc another\n0 2 2.25\n",
        (
            "p qubo 0 3 1 1\n0 0 -1\n0 3 2\n",
            "p qubo 0 3 1 1\n0 0 -1\n",
            "p qubo 0 3 1 1\n0 1 -1\n1 1 1\n",
            "p qubo 0 3 x 1\n",
            "p qubo 3 1 1\n0 0 1\n0 1 1\n",
            "c offset y\np qubo 0 1 1 0\n0 0 1\n",
        ),
    ),
    "qs": Sample(
        "three.qs",
        "# ObjectiveOffset -2.5\n# Vars Non-zeros\n3 3\n1 1 -1\n1 3 2.25\n2 2 4\n",
        (
            "# ObjectiveOffset 0\n3 2\n1 1 -1\n0 3 2\n",
            "# ObjectiveOffset zero\n3 1\n1 1 -1\n",
            "# ObjectiveOffset 0\n3 1\n1 1 -1\n1 2 2\n",
            "# ObjectiveOffset 0\n3 2\n2 1 -1\n1 2 2\n",
        ),
    ),
    "biqmac": Sample(
        "three.sparse",
        "3 3\n1 1 -1\n1 3 2.25\n2 2 4\n",
        ("3 3\n1 1 -1\n1 3 2.25\n", "3 2\n1 1 -1\n1 4 2\n", "3 2\n1 1 -1\n1 1 2\n", "3 2\n1 1.5 -1\n1 1 2\n"),
    ),
    "gset": Sample(
        "three.txt",
        "# MQLib\n3 2 J\n1 3 1.5\n1 2 -1\n",
        ("3 2\n1 3 1\n1 4 1\n", "3.5 1\n1 2 1\n", "3 2\n1 2 1\n2 1 1\n", "3 2\n1 2 1\n1 3 w\n", "3 2\n1 2 1\n"),
    ),
    "coo": Sample(
        "three.coo",
        "# bits 3\n# offset -0.5\n0 0 -1\n# a remark\n0 2 2.25\n",
        ("# bits 2\n0 2 1\n", "# bits 2\n# offset x\n0 1 1\n", "# bits 2\n0 1 1\n1 0 1\n", "# bits 2\n0 1\n"),
    ),
    "document": Sample(
        "hike.yaml",
        "qopt: 1\nproblem: knapsack\nitems:\n  - {id: tent, value: 11, weight: 6}\n  - {value: 7, weight: 3}\n"
        "capacity: 8\n",
        (
            "qopt: 1\nproblem: knapsack\nitems:\n  - {id: tent, value: 11, weight: -6}\ncapacity: 8\n",
            "qopt: 1\nproblem: knapsack\nitems: [\ncapacity: 8\n",
            "qopt: 1\nproblem: knapsacks\ncapacity: 8\n",
        ),
    ),
}


@pytest.mark.parametrize("name", registry.names("formats"))
def test_format_keeps_its_contract(name, tmp_path):
    """Its own files whole and nothing else; broken ones refused at a line."""
    if getattr(registry.load("formats", name), "objects", False):
        pytest.skip("reads objects, not files")
    assert name in SAMPLES, f"format {name} needs a sample in this file"
    check_format(name, SAMPLES[name], tmp_path)


def test_the_contract_notices_a_sample_of_another_format(tmp_path):
    """A GAP file handed in as a knapsack file is noticed."""
    with pytest.raises(AssertionError, match="is taken for orlib_gap"):
        check_format("orlib_knapsack", SAMPLES["orlib_gap"], tmp_path)


def test_the_contract_notices_broken_texts_that_are_whole(tmp_path):
    """A text that reads well cannot pass as a broken one."""
    sample = SAMPLES["qaplib"]
    with pytest.raises(AssertionError, match="qaplib reads broken text 0"):
        check_format("qaplib", Sample(sample.file, sample.text, (sample.text,)), tmp_path)
