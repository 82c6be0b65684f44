"""One model through every door has one ``problem_hash``: whoever names things ``x[york,2]`` gets the same problem."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from qopt.core.hashing import problem_hash, structure_hash
from qopt.core.problem import Problem
from qopt.models.frontends.document import PLUGIN as DOCUMENTS
from qopt.models.modelling import Model
from qopt.models.subject import as_subject

PLACES, VANS = ("york", "hull", "leeds"), (1, 2)
SIZE = {"york": 4, "hull": 3, "leeds": 5}
HOLDS = {1: 6, 2: 9}
COST = {("york", 1): 3, ("york", 2): 5, ("hull", 1): 4, ("leeds", 2): -2.5}
APART = 7.5

TEXT = """
qopt: 1
problem: model
sets:
  places: [york, hull, leeds]
  vans: [1, 2]
parameters:
  size: {over: [places], values: {york: 4, hull: 3, leeds: 5}}
  holds: {over: [vans], values: {1: 6, 2: 9}}
  cost: {over: [places, vans], default: 0, values: {york: {1: 3, 2: 5}, hull: {1: 4}, leeds: {2: -2.5}}}
variables:
  x: {over: [places, vans]}
  trips: {over: [vans], type: integer, lower: 0, upper: 4}
  spare: {type: integer, lower: 0, upper: 1}
  heat: {type: real, lower: -1.5, upper: 8}
objective:
  minimise: >-
    sum(cost[p,v]*x[p,v] for p in places for v in vans) + sum(2*trips[v]**2 for v in vans) + heat + 3
    + sum(7.5*x['york',v]*x['hull',v] for v in vans)
constraints:
  once: {for: p in places, that: "sum(x[p,v] for v in vans) == 1"}
  cap: {for: v in vans, that: "sum(size[p]*x[p,v] for p in places) <= holds[v]*trips[v]"}
  warm: {that: "heat + sum(trips[v] for v in vans) >= 2 + spare"}
  pair: {that: "trips[1]*x['york',1] <= 3"}
"""


def by_model() -> Problem:
    m = Model("vans")
    x = m.binary("x", labels=[PLACES, [str(v) for v in VANS]])
    trips = m.integer("trips", labels=[[str(v) for v in VANS]], lower=0, upper=4)
    spare = m.integer("spare", lower=0, upper=1)
    heat = m.real("heat", lower=-1.5, upper=8)
    cost = np.array([[COST.get((p, v), 0) for v in VANS] for p in PLACES])
    m.minimize((cost * x).sum() + 2 * (trips * trips).sum() + heat + 3, name="travel")
    m.minimize(APART * (x[0] * x[1]).sum(), name="apart")
    m.add("once", x.sum(axis=1) == 1)
    m.add("cap", np.array(list(SIZE.values())) @ x <= np.array(list(HOLDS.values())) * trips)
    m.add("warm", heat + trips.sum() >= 2 + spare)
    m.add("pair", trips[0] * x[0, 0] <= 3)
    return m.problem()


def by_document() -> Problem:
    return as_subject(DOCUMENTS.read(TEXT)).problem()


def by_pyomo() -> Problem:
    pyo = pytest.importorskip("pyomo.environ", reason="the extra 'pyomo' is not installed")
    m = pyo.ConcreteModel()
    m.heat = pyo.Var(bounds=(-1.5, 8))
    m.spare = pyo.Var(domain=pyo.Binary)
    m.trips = pyo.Var(VANS, domain=pyo.NonNegativeIntegers, bounds=(0, 4))
    m.x = pyo.Var(PLACES, VANS, domain=pyo.Binary)
    m.once = pyo.Constraint(PLACES, rule=lambda m, p: sum(m.x[p, v] for v in VANS) == 1)
    m.cap = pyo.Constraint(VANS, rule=lambda m, v: sum(SIZE[p] * m.x[p, v] for p in PLACES) <= HOLDS[v] * m.trips[v])
    m.warm = pyo.Constraint(expr=m.heat + sum(m.trips[v] for v in VANS) >= 2 + m.spare)
    m.pair = pyo.Constraint(expr=m.trips[1] * m.x["york", 1] <= 3)
    m.cost = pyo.Objective(
        expr=sum(c * m.x[p, v] for (p, v), c in COST.items())
        + sum(2 * m.trips[v] ** 2 + APART * m.x["york", v] * m.x["hull", v] for v in VANS)
        + m.heat
        + 3
    )
    return as_subject(m).problem()


def by_dimod(label: Callable[..., Any]) -> Problem:
    dimod = pytest.importorskip("dimod", reason="dimod is not installed")
    x = {(p, v): dimod.Binary(label("x", p, v)) for p in PLACES for v in VANS}
    trips = {v: dimod.Integer(label("trips", v), upper_bound=4) for v in VANS}
    heat, spare = dimod.Real("heat", lower_bound=-1.5, upper_bound=8), dimod.Integer("spare", upper_bound=1)
    m = dimod.ConstrainedQuadraticModel()
    m.set_objective(
        sum(c * x[key] for key, c in COST.items())
        + sum(2 * trips[v] * trips[v] + APART * x["york", v] * x["hull", v] for v in VANS)
        + heat
        + 3
    )
    for v in VANS:
        load = sum(SIZE[p] * x[p, v] for p in PLACES) - HOLDS[v] * trips[v]
        m.add_constraint(load <= 0, label=label("cap", v))
    for p in PLACES:
        m.add_discrete([label("x", p, v) for v in VANS], label=label("once", p))
    m.add_constraint(heat + sum(trips.values()) - spare >= 2, label="warm")
    m.add_constraint(trips[1] * x["york", 1] <= 3, label="pair")
    return as_subject(m).problem()


def by_qiskit() -> Problem:
    qo = pytest.importorskip("qiskit_optimization", reason="the extra 'qaoa' is not installed")
    q = qo.QuadraticProgram()
    for p in PLACES:
        for v in VANS:
            q.binary_var(f"x[{p},{v}]")
    for v in VANS:
        q.integer_var(0, 4, f"trips[{v}]")
    q.integer_var(0, 1, "spare")
    q.continuous_var(-1.5, 8, "heat")
    for p in PLACES:
        q.linear_constraint({f"x[{p},{v}]": 1 for v in VANS}, "==", 1, f"once[{p}]")
    for v in VANS:
        load = {f"x[{p},{v}]": size for p, size in SIZE.items()} | {f"trips[{v}]": -HOLDS[v]}
        q.linear_constraint(load, "<=", 0, f"cap[{v}]")
    q.linear_constraint({"heat": 1, "trips[1]": 1, "trips[2]": 1, "spare": -1}, ">=", 2, "warm")
    q.quadratic_constraint({}, {("trips[1]", "x[york,1]"): 1}, "<=", 3, "pair")
    q.minimize(
        3,
        {f"x[{p},{v}]": c for (p, v), c in COST.items()} | {"heat": 1},
        {(f"trips[{v}]", f"trips[{v}]"): 2 for v in VANS} | {(f"x[york,{v}]", f"x[hull,{v}]"): APART for v in VANS},
    )
    return as_subject(q).problem()


def as_tuple(*parts: Any) -> Any:
    return parts


def as_text(name: str, *index: Any) -> str:
    return f"{name}[{','.join(map(str, index))}]"


DOORS: dict[str, Callable[[], Problem]] = {
    "document": by_document,
    "pyomo": by_pyomo,
    "dimod, tuples": lambda: by_dimod(as_tuple),
    "dimod, texts": lambda: by_dimod(as_text),
    "qiskit": by_qiskit,
}


@pytest.mark.parametrize("door", DOORS)
def test_every_door_gives_the_problem_of_the_python_model(door):
    one, other = by_model(), DOORS[door]()
    assert sorted(one.columns.names) == sorted(other.columns.names)
    assert problem_hash(one) == problem_hash(other)


@pytest.mark.parametrize("door", ["document", "qiskit"])
def test_doors_that_declare_in_the_same_order_have_one_structure_too(door):
    assert structure_hash(by_model()) == structure_hash(DOORS[door]())


def test_the_hash_would_notice_another_model(monkeypatch):
    before = problem_hash(by_model())
    monkeypatch.setitem(SIZE, "hull", 2)
    assert problem_hash(by_model()) != before


@pytest.mark.parametrize("door", ["document", "pyomo", "qiskit"])
def test_answers_can_be_asked_for_by_family(door):
    """Where the door declares its variables family by family; a dimod model lists them as its terms use them."""
    names = DOORS[door]().columns.names
    assert names.family("x").shape == (3, 2) and names.family("trips").axes == (("1", "2"),)
