"""Pyomo models become the same problem, by name and by value at random points, and take their answers back."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from qopt.core import registry
from qopt.core.errors import ModelError, UnsupportedModelError
from qopt.core.problem import Kind, Problem, Sense
from qopt.core.solution import Candidate, Check, Origin, Solution
from qopt.evaluate.check import check
from qopt.models.frontends.pyomo import PLUGIN
from qopt.models.subject import as_subject

pyo = pytest.importorskip("pyomo.environ", reason="the extra 'pyomo' is not installed")


def vans() -> Any:
    m = pyo.ConcreteModel("vans")
    m.P = pyo.Set(initialize=["york", "hull", "leeds"])
    m.V = pyo.RangeSet(2)
    m.size = pyo.Param(m.P, initialize={"york": 4, "hull": 3, "leeds": 5}, mutable=True)
    m.x = pyo.Var(m.P, m.V, domain=pyo.Binary)
    m.trips = pyo.Var(m.V, domain=pyo.NonNegativeIntegers, bounds=(None, 4))
    m.depot = pyo.Block([1, 2])
    for k in (1, 2):
        m.depot[k].heat = pyo.Var(bounds=(-2.5, 7))
        m.depot[k].warm = pyo.Constraint(expr=(1, m.depot[k].heat + 2 * m.trips[k], 9))
    m.once = pyo.Constraint(m.P, rule=lambda m, p: sum(m.x[p, v] for v in m.V) == 1)
    m.cap = pyo.Constraint(m.V, rule=lambda m, v: sum(m.size[p] * m.x[p, v] for p in m.P) + 1 <= 8 * m.trips[v])
    m.pair = pyo.Constraint(
        m.V, rule=lambda m, v: m.trips[v] * m.x["york", v] - m.x["hull", v] ** 2 >= -1 if v == 1 else m.trips[v] <= 3
    )
    m.heat = pyo.Expression(expr=sum(m.depot[k].heat for k in (1, 2)))
    m.cost = pyo.Objective(
        expr=3 * m.trips[1] ** 2 + m.heat * m.trips[2] - 7 + m.x["york", 1] * m.x["hull", 1] + m.x["york", 1] ** 2,
        sense=pyo.maximize,
    )
    return m


def set_all(model: Any, values: np.ndarray) -> None:
    variables = [v for component in model.component_objects(pyo.Var) for v in component.values()]
    for variable, value in zip(variables, values, strict=True):
        variable.set_value(float(value), skip_validation=True)


def random_point(problem: Problem, rng: np.random.Generator) -> np.ndarray:
    columns = problem.columns
    low, high = np.maximum(columns.lower, -9), np.minimum(columns.upper, 9)
    return np.where(columns.discrete, rng.integers(low.astype(int), high.astype(int) + 1), rng.uniform(low, high))


def test_names_kinds_and_bounds_are_those_of_pyomo() -> None:
    problem = PLUGIN.read(vans())
    columns = problem.columns
    assert list(columns.names) == [
        *("x[york,1]", "x[york,2]", "x[hull,1]", "x[hull,2]", "x[leeds,1]", "x[leeds,2]"),
        *("trips[1]", "trips[2]", "depot[1].heat", "depot[2].heat"),
    ]
    assert columns.names.family("x").shape == (3, 2)
    assert columns.kind.tolist() == [Kind.BINARY] * 6 + [Kind.INTEGER] * 2 + [Kind.REAL] * 2
    assert columns.lower.tolist() == [0] * 8 + [-2.5] * 2
    assert columns.upper.tolist() == [1] * 6 + [4] * 2 + [7] * 2
    assert problem.name == "vans" and problem.sense is Sense.MAXIMIZE
    assert [row.name for row in problem.polynomial_rows] == ["pair[1]"]
    assert set(problem.rows.names) == {
        *("once[york]", "once[hull]", "once[leeds]", "cap[1]", "cap[2]", "pair[2]"),
        *("depot[1].warm", "depot[2].warm"),
    }


def test_every_function_is_worth_what_pyomo_says() -> None:
    model = vans()
    problem = PLUGIN.read(model)
    rng = np.random.default_rng(2)
    rows = {row.name: row for row in model.component_data_objects(pyo.Constraint)}
    for _ in range(20):
        point = random_point(problem, rng)
        set_all(model, point)
        assert problem.objectives(point)[0, 0] == pytest.approx(pyo.value(model.cost), rel=1e-12)
        activity = problem.rows.activity(point)[0]
        mine = {
            name: (a, low, high)
            for name, a, low, high in zip(problem.rows.names, activity, problem.rows.lower, problem.rows.upper)
        }
        mine |= {r.name: (r.polynomial.evaluate(point)[0], r.lower, r.upper) for r in problem.polynomial_rows}
        assert mine.keys() == rows.keys()
        for name, (value, low, high) in mine.items():
            theirs = rows[name]
            body = pyo.value(theirs.body)
            for side, own in ((theirs.lb, low), (theirs.ub, high)):
                assert np.isfinite(own) == (side is not None)
                if side is not None:
                    assert value - own == pytest.approx(body - side, abs=1e-9)


def test_answers_go_back_and_whole_numbers_are_whole() -> None:
    model = vans()
    problem = PLUGIN.read(model)
    values = np.array([1, 0, 0, 1, 1, 0, 2.0000001, 1, 0.5, -1.5])
    PLUGIN.write_back(model, problem, values)
    assert pyo.value(model.x["leeds", 1]) == 1
    assert model.trips[1].value == 2 and isinstance(model.trips[1].value, int)
    assert model.depot[2].heat.value == -1.5
    judged = check(problem, values)
    assert judged.objective == pytest.approx(pyo.value(model.cost))


def test_a_result_writes_its_best_feasible_solution() -> None:
    from qopt.core.result import Result, Status

    model = pyo.ConcreteModel()
    model.k = pyo.Var(domain=pyo.Integers, bounds=(0, 5), initialize=4)
    problem = PLUGIN.read(model)
    values = np.array([3.0])
    candidate = Candidate(Origin.EXACT, "test", values)
    for feasible, wanted in ((False, 4), (True, 3)):
        solution = Solution(candidate, Check(feasible, (0.0,)), values, {})
        PLUGIN.write_back(model, problem, Result(Status.FEASIBLE, (solution,), None, "done", None))
        assert model.k.value == wanted
    with pytest.raises(ModelError, match="read the model again"):
        PLUGIN.write_back(model, problem, [1, 2])


def test_fixed_variables_are_columns_with_one_value() -> None:
    m = pyo.ConcreteModel()
    m.b = pyo.Var([0, 1, 2], domain=pyo.Binary)
    m.r = pyo.Var(bounds=(0, 9))
    m.b[1].fix(1)
    m.r.fix(2.5)
    m.c = pyo.Constraint(expr=m.b[0] + m.b[1] * m.b[2] + m.r <= 5)
    m.o = pyo.Objective(expr=m.r * m.b[0])
    problem = PLUGIN.read(m)
    assert list(problem.columns.names) == ["b[0]", "b[1]", "b[2]", "r"]
    assert problem.columns.names.families[0].axes == (None,)
    assert problem.columns.kind.tolist() == [Kind.BINARY, Kind.INTEGER, Kind.BINARY, Kind.REAL]
    assert problem.columns.lower.tolist() == [0, 1, 0, 2.5]
    assert problem.columns.upper.tolist() == [1, 1, 1, 2.5]
    assert problem.rows.row(0)[0].tolist() == [0, 2]
    assert problem.rows.upper.tolist() == [2.5]
    PLUGIN.write_back(m, problem, [1, 1, 0, 9])
    assert (m.b[0].value, m.b[1].value, m.r.value) == (1, 1, 2.5)


def test_what_is_switched_off_is_left_out_and_the_rest_keeps_its_names() -> None:
    m = pyo.ConcreteModel()
    m.x = pyo.Var([(1, "a"), (2, "b")], domain=pyo.Integers)
    m.row = pyo.Constraint([1, 2, 3], rule=lambda m, k: m.x[1, "a"] <= k)
    m.row[2].deactivate()
    m.off = pyo.Objective(expr=m.x[2, "b"])
    m.off.deactivate()
    m.part = pyo.Block()
    m.part.y = pyo.Var()
    m.part.deactivate()
    problem = PLUGIN.read(m)
    assert list(problem.columns.names) == ["x[1,a]", "x[2,b]"]
    assert problem.columns.lower.tolist() == [-np.inf] * 2
    assert list(problem.rows.names) == ["row[1]", "row[3]"]
    assert problem.objective.degree == 0


def broken(what: str) -> Any:
    m = pyo.ConcreteModel()
    m.x = pyo.Var([1, 2], domain=pyo.Binary)
    m.k = pyo.Var(domain=pyo.Integers)
    if what == "nonlinear row":
        m.curve = pyo.Constraint([7], rule=lambda m, _: pyo.exp(m.k) <= 3)
    elif what == "cubic objective":
        m.goal = pyo.Objective(expr=m.x[1] * m.x[2] * m.k)
    elif what == "sos":
        m.pick = pyo.SOSConstraint(var=m.x, sos=1)
    elif what == "logic":
        m.flag = pyo.BooleanVar()
    elif what == "domain":
        m.odd = pyo.Var(domain=pyo.Set(initialize=[1, 3, 7]))
    elif what == "two objectives":
        m.goal = pyo.Objective(expr=m.k)
        m.other = pyo.Objective(expr=-m.k)
    elif what == "outside":
        m.away = pyo.Block()
        m.away.y = pyo.Var()
        m.away.deactivate()
        m.row = pyo.Constraint(expr=m.away.y + m.k <= 3)
    elif what == "empty domain":
        m.none = pyo.Var(domain=pyo.Integers, bounds=(0.2, 0.8))
    elif what == "fixed to nothing":
        m.k.fix(None)
    elif what == "infinite data":
        m.row = pyo.Constraint(expr=float("inf") * m.k + m.x[1] <= 3)
    elif what == "abstract":
        return pyo.AbstractModel("shape")
    return m


BROKEN = {
    "nonlinear row": (UnsupportedModelError, r"curve\[7\] is neither linear nor quadratic, got exp\(k\)"),
    "cubic objective": (UnsupportedModelError, "goal is neither linear nor quadratic"),
    "sos": (UnsupportedModelError, "SOSConstraint is not carried, got pick"),
    "logic": (UnsupportedModelError, "BooleanVar is not carried, got flag"),
    "domain": (UnsupportedModelError, "domain of odd"),
    "two objectives": (ModelError, "one active objective, got goal, other"),
    "outside": (ModelError, "row uses a variable outside .* got away.y"),
    "empty domain": (ModelError, "no value is left for none, got bounds 0.2 and 0.8"),
    "fixed to nothing": (ModelError, "k is fixed, so it has a value, got None"),
    "infinite data": (ModelError, "row has a coefficient that is no finite number"),
    "abstract": (ModelError, "holds no data, got shape .*create_instance"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_cannot_be_carried_is_refused_by_name(what: str) -> None:
    kind, message = BROKEN[what]
    with pytest.raises(kind, match=message):
        PLUGIN.read(broken(what))


def test_the_door_knows_its_objects_and_no_files() -> None:
    assert registry.load("formats", "pyomo") is PLUGIN
    assert PLUGIN.objects and PLUGIN.suffixes == () and not PLUGIN.accepts(Path("a.py"), "")
    assert PLUGIN.accepts_object(vans()) and PLUGIN.accepts_object(pyo.AbstractModel())
    strangers = [3, None, vans().x, SimpleNamespace(component_data_objects=1), np.zeros(2)]
    assert not any(PLUGIN.accepts_object(thing) for thing in strangers)
    subject = as_subject(vans())
    assert subject.problem().name == "vans"


def test_asking_does_not_import_pyomo() -> None:
    code = "import sys; from qopt.models.frontends.pyomo import PLUGIN as p; p.accepts_object(3); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not any(name == "pyomo" or name.startswith("pyomo.") for name in loaded)
