"""Quadratic programs of qiskit become the same problem: the library's own values at random points."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from qopt.core import registry
from qopt.core.errors import ModelError, UnsupportedModelError
from qopt.core.problem import Kind, Sense
from qopt.models.frontends.qiskit import PLUGIN
from qopt.models.subject import as_subject

qo = pytest.importorskip("qiskit_optimization", reason="the extra 'qaoa' is not installed")


def program():
    q = qo.QuadraticProgram("vans")
    for name in ("x[a,1]", "x[a,2]", "x[b,1]", "x[b,2]"):
        q.binary_var(name)
    q.integer_var(-3, 5.5, "k")
    q.integer_var(name="many")
    q.continuous_var(-1.5, name="r")
    q.linear_constraint({"x[a,1]": 1, "x[a,2]": 1}, "==", 1, "once[a]")
    q.linear_constraint({"k": 2, "r": -1.5, "many": 1}, "<=", 9, "cap")
    q.quadratic_constraint({"k": 1}, {("x[a,1]", "k"): 2, ("r", "r"): 1}, ">=", -4, "curve")
    q.quadratic_constraint({"k": 1}, {("x[a,1]", "x[a,1]"): 3}, "<=", 6, "flat")
    q.maximize(2.5, {"k": 1, "x[b,2]": -2}, {("k", "k"): -1, ("x[a,1]", "x[b,1]"): 4, ("x[a,2]", "x[a,2]"): 7})
    return q


def test_names_kinds_bounds_and_sense_are_kept():
    problem = as_subject(program()).problem()
    columns = problem.columns
    assert list(columns.names) == [*("x[a,1]", "x[a,2]", "x[b,1]", "x[b,2]"), "k", "many", "r"]
    assert columns.names.family("x").shape == (2, 2)
    assert columns.kind.tolist() == [Kind.BINARY] * 4 + [Kind.INTEGER] * 2 + [Kind.REAL]
    assert columns.lower.tolist() == [0, 0, 0, 0, -3, 0, -1.5]
    assert columns.upper.tolist() == [1, 1, 1, 1, 5, np.inf, np.inf]
    assert problem.sense is Sense.MAXIMIZE and problem.name == "vans"
    assert list(problem.rows.names) == ["once[a]", "cap", "flat"]
    assert [row.name for row in problem.polynomial_rows] == ["curve"]


def test_every_function_is_worth_what_the_library_says():
    q = program()
    problem = PLUGIN.read(q)
    rng = np.random.default_rng(5)
    for _ in range(30):
        point = np.concatenate([rng.integers(0, 2, 4), rng.integers(-3, 6, 2), rng.uniform(-1.5, 6, 1)])
        assert problem.objectives(point)[0, 0] == pytest.approx(q.objective.evaluate(point))
        activity = dict(zip(problem.rows.names, problem.rows.activity(point)[0]))
        for row in (*q.linear_constraints, *q.quadratic_constraints[1:]):
            assert activity[row.name] == pytest.approx(row.evaluate(point))
        curve = problem.polynomial_rows[0]
        assert curve.polynomial.evaluate(point)[0] == pytest.approx(q.quadratic_constraints[0].evaluate(point))
    assert list(zip(problem.rows.lower, problem.rows.upper)) == [(1, 1), (-np.inf, 9), (-np.inf, 6)]
    assert (curve.lower, curve.upper) == (-4, np.inf)


def test_a_program_without_anything_is_a_problem():
    problem = PLUGIN.read(qo.QuadraticProgram())
    assert problem.n == 0 and problem.name == "quadratic program" and problem.sense is Sense.MINIMIZE


def broken(what):
    q = qo.QuadraticProgram()
    k = q.integer_var(0, 4, "k")
    if what == "bounds":
        k.lowerbound, k.upperbound = 0.2, 0.8
    elif what == "coefficient":
        q.minimize(linear={"k": float("nan")})
    elif what == "side":
        q.linear_constraint({"k": 1}, "<=", float("inf"), "cap")
    elif what == "row":
        q.linear_constraint({"k": float("inf")}, "<=", 3, "cap")
    elif what == "kind":
        k._vartype = SimpleNamespace(name="SEMI")
    return q


BROKEN = {
    "bounds": (ModelError, r"no value is left for k, got bounds 0\.2 and 0\.8"),
    "coefficient": (ModelError, "the objective has a coefficient"),
    "side": (ModelError, "cap has a right side that is no finite number, got inf"),
    "row": (ModelError, "cap has a coefficient"),
    "kind": (UnsupportedModelError, "variable k is of a kind that is not carried, got SEMI"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_cannot_be_carried_is_refused_by_name(what):
    kind, message = BROKEN[what]
    with pytest.raises(kind, match=message):
        PLUGIN.read(broken(what))


def test_a_binary_of_one_value_is_an_integer():
    q = qo.QuadraticProgram()
    q.binary_var("b").lowerbound = 1
    columns = PLUGIN.read(q).columns
    assert (columns.kind[0], columns.lower[0], columns.upper[0]) == (Kind.INTEGER, 1, 1)


def test_the_door_knows_its_objects_and_takes_no_options():
    assert registry.load("formats", "qiskit") is PLUGIN
    assert PLUGIN.objects and not PLUGIN.accepts(Path("a.py"), "") and PLUGIN.accepts_object(program())
    assert not any(PLUGIN.accepts_object(thing) for thing in (3, None, program().objective, np.zeros(2)))
    with pytest.raises(ModelError, match=r"a qiskit object has no such option.*got task"):
        as_subject(program(), task="max_cut")


def test_asking_imports_no_library():
    code = (
        "import sys; from qopt.models.frontends import qiskit, networkx\n"
        "qiskit.PLUGIN.accepts_object(3), networkx.PLUGIN.accepts_object(3); print(*sys.modules)"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"qiskit", "qiskit_optimization", "networkx"} & set(loaded)
