"""``SolverFactory("qopt")`` against Pyomo's own HiGHS, and its statuses, bounds, options and refusals."""

from __future__ import annotations

import doctest
import importlib
import logging
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

import qopt
from qopt.core.errors import ModelError
from qopt.core.result import Bound, Result, Status
from qopt.core.solution import Candidate, Check, Origin, Solution

pyo = pytest.importorskip("pyomo.environ", reason="the extra 'pyomo' is not installed")
adapter = importlib.import_module("qopt.adapters.pyomo")


def warehouses(sense=1):
    """Blocks, indexed components, a mutable Param, a fixed variable and parts that are switched off."""
    m = pyo.ConcreteModel("warehouses")
    m.T = pyo.Set(initialize=["york", "leeds", "hull"])
    m.need = pyo.Param(m.T, initialize={"york": 12, "leeds": 30, "hull": 9}, mutable=True)
    m.site = pyo.Block(["north", "south"])
    for name, holds, price in (("north", 40, 120), ("south", 35, 90)):
        b = m.site[name]
        b.open = pyo.Var(domain=pyo.Binary)
        b.use = pyo.Var(m.T, bounds=(0, 1))
        b.extra = pyo.Var(domain=pyo.NonNegativeIntegers, bounds=(0, 3))
        b.fits = pyo.Constraint(expr=sum(m.need[t] * b.use[t] for t in m.T) <= holds * b.open + 5 * b.extra)
        b.price = pyo.Expression(expr=price * b.open + 20 * b.extra)
    m.once = pyo.Constraint(m.T, rule=lambda m, t: sum(m.site[s].use[t] for s in m.site) == 1)
    m.never = pyo.Constraint(expr=m.site["north"].open + m.site["south"].open <= 0)
    m.never.deactivate()
    m.site["south"].use["hull"].fix(0.25)
    haul = {"north": (4, 7, 6), "south": (9, 3, 5)}
    cost = sum(m.site[s].price for s in m.site) + sum(
        c * m.need[t] * m.site[s].use[t] for s, line in haul.items() for t, c in zip(m.T, line)
    )
    m.cost = pyo.Objective(expr=sense * cost, sense=pyo.minimize if sense > 0 else pyo.maximize)
    m.other = pyo.Objective(expr=m.site["north"].open)
    m.other.deactivate()
    return m


@pytest.mark.parametrize("sense", [1, -1])
@pytest.mark.parametrize("leeds", [30, 17, 44])
def test_the_optimum_is_that_of_highs(sense, leeds):
    ours, theirs = warehouses(sense), warehouses(sense)
    for model in (ours, theirs):
        model.need["leeds"] = leeds
    reference = pyo.SolverFactory("appsi_highs")
    if not reference.available(exception_flag=False):
        pytest.skip("this Pyomo has no HiGHS to compare with")
    reference.solve(theirs)
    results = pyo.SolverFactory("qopt").solve(ours, timelimit=20)
    pyo.assert_optimal_termination(results)
    assert pyo.value(ours.cost) == pytest.approx(pyo.value(theirs.cost), rel=1e-9)
    assert results.problem.lower_bound == pytest.approx(pyo.value(theirs.cost), rel=1e-9)
    assert results.problem.upper_bound == pytest.approx(pyo.value(theirs.cost), rel=1e-9)
    assert ours.site["south"].use["hull"].value == 0.25 and ours.site["south"].use["hull"].fixed
    assert isinstance(ours.site["north"].open.value, int)
    for row in ours.component_data_objects(pyo.Constraint, active=True):
        assert row.slack() >= -1e-6


def test_counts_and_names_are_those_of_the_model():
    problem = pyo.SolverFactory("qopt").solve(warehouses(), options={"budget": 20}).problem
    assert (problem.name, str(problem.sense)) == ("warehouses", "minimize")
    counts = (problem.number_of_variables, problem.number_of_binary_variables, problem.number_of_integer_variables)
    assert counts == (10, 2, 2) and problem.number_of_continuous_variables == 6
    assert problem.number_of_constraints == 5 and problem.number_of_objectives == 1


def choice(limit=6, sense=None):
    m = pyo.ConcreteModel("choice")
    m.x = pyo.Var([1, 2, 3], domain=pyo.Binary)
    m.fits = pyo.Constraint(expr=2 * m.x[1] + 3 * m.x[2] + 4 * m.x[3] <= limit)
    m.some = pyo.Constraint(expr=m.x[1] + m.x[2] + m.x[3] >= 1)
    m.worth = pyo.Objective(expr=3 * m.x[1] + 4 * m.x[2] + 5 * m.x[3] - m.x[1] * m.x[2], sense=sense or pyo.maximize)
    return m


def test_an_impossible_model_keeps_its_values_and_says_why(caplog):
    m = choice(limit=1)
    for v in m.x.values():
        v.set_value(1)
    with caplog.at_level(logging.WARNING, logger="qopt"):
        results = pyo.SolverFactory("qopt").solve(m, timelimit=20)
    assert results.solver.termination_condition == pyo.TerminationCondition.infeasible
    assert results.solver.status == pyo.SolverStatus.warning
    assert "fits" in results.solver.termination_message and "choice keeps its values: infeasible" in caplog.text
    assert [v.value for v in m.x.values()] == [1, 1, 1]


def test_an_unbounded_model_is_called_so():
    m = pyo.ConcreteModel()
    m.k = pyo.Var(domain=pyo.NonNegativeIntegers)
    m.goal = pyo.Objective(expr=m.k, sense=pyo.maximize)
    results = pyo.SolverFactory("qopt").solve(m, timelimit=20)
    assert results.solver.termination_condition == pyo.TerminationCondition.unbounded
    assert m.k.value is None


def made(status, stopped_by, bound=None, sense=qopt.Sense.MAXIMIZE):
    point = np.array([1.0, 0.0, 1.0])
    best = Solution(Candidate(Origin.SAMPLED, "anneal", point), Check(True, (8.0,)), point, {})
    found = (best,) if status in (Status.OPTIMAL, Status.FEASIBLE) else ()
    record = SimpleNamespace(seconds={"search": 1.5})
    return Result(status, found, None if bound is None else Bound(bound, "highs"), stopped_by, record, sense)


OUTCOMES = [
    (Status.OPTIMAL, "optimal", "ok", "optimal"),
    (Status.FEASIBLE, "seconds", "aborted", "maxTimeLimit"),
    (Status.FEASIBLE, "done", "ok", "feasible"),
    (Status.FEASIBLE, "target", "ok", "feasible"),
    (Status.FEASIBLE, "interrupt", "aborted", "userInterrupt"),
    (Status.FEASIBLE, "work", "aborted", "maxEvaluations"),
    (Status.NOTHING_FOUND, "seconds", "aborted", "maxTimeLimit"),
    (Status.NOTHING_FOUND, "done", "warning", "noSolution"),
]


@pytest.mark.parametrize(("status", "stopped_by", "solver_status", "condition"), OUTCOMES)
def test_every_outcome_has_its_terms(status, stopped_by, solver_status, condition, monkeypatch):
    monkeypatch.setattr(qopt, "solve", lambda *_, **__: made(status, stopped_by, 9.5))
    m = choice()
    results = pyo.SolverFactory("qopt").solve(m)
    assert (str(results.solver.status), str(results.solver.termination_condition)) == (solver_status, condition)
    found = status in (Status.OPTIMAL, Status.FEASIBLE)
    assert [v.value for v in m.x.values()] == ([1, 0, 1] if found else [None] * 3)
    assert results.problem.upper_bound == 9.5 and results.problem.lower_bound == (8 if found else -np.inf)
    assert results.solver.wallclock_time == 1.5


def test_bounds_of_a_minimisation_stand_the_other_way_round(monkeypatch):
    monkeypatch.setattr(qopt, "solve", lambda *_, **__: made(Status.FEASIBLE, "done", 7.5))
    problem = pyo.SolverFactory("qopt").solve(choice(sense=pyo.minimize)).problem
    assert (problem.lower_bound, problem.upper_bound) == (7.5, 8)


def test_solutions_can_be_loaded_later_and_one_after_another():
    m = choice()
    results = pyo.SolverFactory("qopt").solve(m, load_solutions=False, options={"budget": 20, "top": 3, "seed": 2})
    assert [v.value for v in m.x.values()] == [None] * 3 and len(results.solution) == 3
    m.solutions.load_from(results)
    assert pyo.value(m.worth) == 8 and m.x[3].value == 1
    found = []
    for k in range(3):
        m.solutions.select(k)
        assert results.solution(k).variable["x[1]"]["Value"] == m.x[1].value
        found.append((pyo.value(m.worth), [v.value for v in m.x.values()]))
    assert found == [(8, [1, 0, 1]), (6, [1, 1, 0]), (5, [0, 0, 1])]


def test_options_reach_the_solve(monkeypatch):
    seen = []
    monkeypatch.setattr(qopt, "solve", lambda problem, **given: seen.append(given) or made(Status.FEASIBLE, "done"))
    solver = pyo.SolverFactory("qopt", seed=4)
    solver.options["threads"] = 2
    solver.solve(choice(), timelimit=3, options={"seed": 5, "sampler": "anneal"})
    solver.solve(choice(), options={"budget": 7, "top": None})
    common = {"start": None, "progress": None, "threads": 2}
    assert seen == [common | {"seed": 5, "sampler": "anneal", "budget": 3.0}, common | {"seed": 4, "budget": 7}]
    assert solver.result.status is Status.FEASIBLE


def test_a_warm_start_takes_the_values_of_the_variables(monkeypatch):
    seen = []
    monkeypatch.setattr(qopt, "solve", lambda problem, **given: seen.append(given) or made(Status.FEASIBLE, "done"))
    m = choice()
    with pytest.raises(ModelError, match=r"a value for every variable, got x\[1\] has none"):
        pyo.SolverFactory("qopt").solve(m, warmstart=True)
    for k, v in m.x.items():
        v.set_value(k % 2)
    pyo.SolverFactory("qopt").solve(m, warmstart=True)
    assert seen[0]["start"].tolist() == [1, 0, 1]


def test_what_does_not_exist_is_refused_by_name():
    solver = pyo.SolverFactory("qopt")
    with pytest.raises(ModelError, match=r"no such option; it has: budget, seed, .*got mipgap"):
        solver.solve(choice(), options={"mipgap": 0.1})
    with pytest.raises(ModelError, match="timelimit and budget"):
        solver.solve(choice(), timelimit=3, options={"budget": 3})
    with pytest.raises(TypeError, match="keepfiles"):
        solver.solve(choice(), keepfiles=True)
    with pytest.raises(ModelError, match="options are given by name"):
        solver.set_options("seed=1")


def test_tee_tells_of_incumbents_and_bounds(capsys):
    pyo.SolverFactory("qopt").solve(choice(), timelimit=20, tee=True)
    lines = capsys.readouterr().out.splitlines()
    assert any("objective 8" in line for line in lines) and any("bound     8" in line for line in lines)


def test_the_factory_knows_the_solver():
    with pyo.SolverFactory("qopt") as solver:
        assert solver.available() and solver.license_is_valid() and solver.name == "qopt"
        assert solver.version() == tuple(int(part) for part in qopt.__version__.split("."))


def test_the_problem_is_the_one_that_solve_sees():
    solver = pyo.SolverFactory("qopt")
    solver.solve(choice(), timelimit=20)
    direct = qopt.solve(choice(), budget=20)
    m = qopt.Model("choice")
    x = m.binary("x", labels=[["1", "2", "3"]])
    m.maximize(3 * x[0] + 4 * x[1] + 5 * x[2] - x[0] * x[1])
    m.add("fits", 2 * x[0] + 3 * x[1] + 4 * x[2] <= 6)
    m.add("some", x.sum() >= 1)
    own = qopt.solve(m, budget=20)
    assert solver.result.record.problem_hash == direct.record.problem_hash == own.record.problem_hash != ""


def test_the_example_of_the_module():
    done = doctest.testmod(adapter)
    assert done.attempted > 5 and done.failed == 0


def test_without_pyomo_the_extra_is_named():
    code = (
        "import sys; sys.modules['pyomo'] = None\n"
        "from qopt.core.errors import BackendUnavailableError\n"
        "try:\n    import qopt.adapters.pyomo\nexcept BackendUnavailableError as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'qopt[pyomo]'" in done.stdout
