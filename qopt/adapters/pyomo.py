"""``pyomo.SolverFactory("qopt")``: qopt as a solver of Pyomo, registered by importing this module.

Examples
--------
>>> import pyomo.environ as pyo
>>> import qopt.adapters.pyomo
>>> m = pyo.ConcreteModel()
>>> m.x = pyo.Var([1, 2, 3], domain=pyo.Binary)
>>> m.fits = pyo.Constraint(expr=2 * m.x[1] + 3 * m.x[2] + 4 * m.x[3] <= 6)
>>> m.worth = pyo.Objective(expr=3 * m.x[1] + 4 * m.x[2] + 5 * m.x[3], sense=pyo.maximize)
>>> results = pyo.SolverFactory("qopt").solve(m, timelimit=10)
>>> print(results.solver.termination_condition, pyo.value(m.worth))
optimal 8
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np

import qopt
from qopt.core.arrays import Floats
from qopt.core.errors import BackendUnavailableError, Issue, ModelError
from qopt.core.problem import Kind, Problem, Sense
from qopt.core.result import Result, Status
from qopt.models.frontends.pyomo import PLUGIN as DOOR

try:
    from pyomo.common.collections import Bunch
    from pyomo.core.base.symbol_map import SymbolMap
    from pyomo.core.staleflag import StaleFlagManager
    from pyomo.opt import ProblemSense, SolutionStatus, SolverResults, SolverStatus, TerminationCondition
    from pyomo.opt import SolverFactory as Factory
    from pyomo.opt.results.solution import Solution
except ImportError as missing:
    raise BackendUnavailableError("qopt.adapters.pyomo", "pyomo") from missing

LOG = logging.getLogger(__name__)
OPTIONS = ("budget", "seed", "sampler", "top", "threads")
"""Options of the solver: those of ``qopt.solve`` of the same name."""

_ENDED = {
    "seconds": (SolverStatus.aborted, TerminationCondition.maxTimeLimit),
    "work": (SolverStatus.aborted, TerminationCondition.maxEvaluations),
    "interrupt": (SolverStatus.aborted, TerminationCondition.userInterrupt),
}
"""Outcomes without a proof, by what ended the run."""


@Factory.register("qopt", doc="qopt: declarative optimization with a QUBO compiler")
class QoptSolver:
    """A solver as Pyomo's ``SolverFactory`` hands it out.

    Parameters
    ----------
    options
        Of every solve, by name: see ``OPTIONS``.
    """

    name = "qopt"

    def __init__(self, **options: Any) -> None:
        options.pop("type", None)
        self.options = Bunch(**_checked(options))
        self.result: Result | None = None

    def available(self, exception_flag: bool = True) -> bool:
        """True: qopt needs nothing that is not installed with it."""
        return True

    def license_is_valid(self) -> bool:
        """True: there is no licence to check."""
        return True

    def version(self) -> tuple[int, ...]:
        """qopt's version."""
        return tuple(int(part) for part in qopt.__version__.split(".")[:3])

    def set_options(self, text: str) -> None:
        """Refuse options in one text."""
        raise ModelError(Issue("options are given by name", text, suggestion="set solver.options['seed'] = 1"))

    def __enter__(self) -> QoptSolver:
        return self

    def __exit__(self, *error: object) -> None:
        return None

    def solve(
        self,
        model: Any,
        *,
        tee: bool = False,
        timelimit: float | None = None,
        load_solutions: bool = True,
        warmstart: bool = False,
        options: Mapping[str, Any] | None = None,
    ) -> SolverResults:
        """Solve a concrete model.

        Parameters
        ----------
        model
            A concrete model or block; see ``models/frontends/pyomo.py`` for what is carried and what refused.
        tee
            Whether incumbents and bounds are written to standard output as they come.
        timelimit
            Seconds: Pyomo's word for ``budget``, of which only one may be given.
        load_solutions
            Whether the best solution is written into the model. False: the feasible ones are kept in ``results``, for
            ``model.solutions.load_from(results)``, which takes the best, and ``model.solutions.select(k)``.
        warmstart
            Whether the variables' values are a point to start from.
        options
            Options of this solve, on top of the solver's own.

        Returns
        -------
        Status, termination condition, bounds and counts in Pyomo's terms; ``solver.result`` keeps qopt's own result.

        Raises
        ------
        ModelError
            An option that does not exist, a model that is not carried, or a variable without a value to start from.
        """
        settings = _checked({**self.options, **(options or {})})
        if timelimit is not None:
            if "budget" in settings:
                raise ModelError(Issue("timelimit and budget say the same; one may be given", f"{timelimit}"))
            settings["budget"] = float(timelimit)
        problem = DOOR.read(model)
        start = _values(model) if warmstart else None
        result = qopt.solve(problem, start=start, progress=_tell if tee else None, **settings)
        self.result = result
        results = _results(problem, result)
        results.problem.number_of_objectives = sum(1 for _ in _active(model, "Objective"))
        if not load_solutions:
            _keep(results, model, problem, result)
        elif result.objective is None or result.status is Status.UNBOUNDED:
            LOG.warning("%s keeps its values: %s", problem.name, results.solver.termination_message)
        else:
            StaleFlagManager.mark_all_as_stale()
            DOOR.write_back(model, problem, result)
        return results


def _checked(options: Mapping[str, Any]) -> dict[str, Any]:
    for name in options:
        if name not in OPTIONS:
            raise ModelError(Issue(f"solver qopt has no such option; it has: {', '.join(OPTIONS)}", str(name)))
    return {name: value for name, value in options.items() if value is not None}


def _active(model: Any, kind: str) -> Any:
    import pyomo.environ as pyo

    return model.component_data_objects(getattr(pyo, kind), active=True, descend_into=True)


def _variables(model: Any) -> list[Any]:
    """Variables in the order of the problem's columns."""
    import pyomo.environ as pyo

    return [
        variable
        for component in model.component_objects(pyo.Var, active=True, descend_into=True)
        for variable in component.values()
    ]


def _values(model: Any) -> Floats:
    """Values of the variables, to start from."""
    variables = _variables(model)
    for variable in variables:
        if variable.value is None:
            raise ModelError(Issue("a warm start needs a value for every variable", f"{variable.name} has none"))
    return np.array([variable.value for variable in variables], dtype=np.float64)


def _tell(event: Mapping[str, Any]) -> None:
    """One line of the run's progress."""
    if event["kind"] == "incumbent":
        sys.stdout.write(f"{event['seconds']:8.2f} s  objective {event['objective']:.10g}  ({event['backend']})\n")
    elif event["kind"] == "bound":
        sys.stdout.write(f"{event['seconds']:8.2f} s  bound     {event['bound']:.10g}\n")


def _outcome(result: Result) -> tuple[SolverStatus, TerminationCondition, SolutionStatus]:
    """Our status in Pyomo's three terms."""
    if result.status is Status.OPTIMAL:
        return SolverStatus.ok, TerminationCondition.optimal, SolutionStatus.optimal
    if result.status is Status.INFEASIBLE:
        return SolverStatus.warning, TerminationCondition.infeasible, SolutionStatus.infeasible
    if result.status is Status.UNBOUNDED:
        return SolverStatus.warning, TerminationCondition.unbounded, SolutionStatus.unbounded
    if result.status is Status.FEASIBLE:
        ended = _ENDED.get(result.stopped_by, (SolverStatus.ok, TerminationCondition.feasible))
        return *ended, SolutionStatus.feasible
    ended = _ENDED.get(result.stopped_by, (SolverStatus.warning, TerminationCondition.noSolution))
    return *ended, SolutionStatus.unknown


def _results(problem: Problem, result: Result) -> SolverResults:
    out = SolverResults()
    status, condition, _ = _outcome(result)
    out.solver.name = "qopt"
    out.solver.status = status
    out.solver.termination_condition = condition
    out.solver.termination_message = f"{result.status}, stopped by {result.stopped_by}"
    if result.conflict:
        out.solver.termination_message += ": " + "; ".join(rule.message or rule.name for rule in result.conflict)
    out.solver.wallclock_time = sum(result.record.seconds.values())
    about = out.problem
    about.name = problem.name
    about.sense = ProblemSense.minimize if problem.sense is Sense.MINIMIZE else ProblemSense.maximize
    about.number_of_variables = problem.n
    about.number_of_binary_variables = int(problem.columns.binary.sum())
    about.number_of_integer_variables = int((problem.columns.kind == Kind.INTEGER).sum())
    about.number_of_continuous_variables = int((problem.columns.kind == Kind.REAL).sum())
    about.number_of_constraints = len(problem.rows) + len(problem.polynomial_rows)
    about.number_of_nonzeros = len(problem.rows.value)
    incumbent, bound = result.objective, None if result.bound is None else result.bound.value
    lower, upper = (bound, incumbent) if problem.sense is Sense.MINIMIZE else (incumbent, bound)
    about.lower_bound = -np.inf if lower is None else lower
    about.upper_bound = np.inf if upper is None else upper
    return out


def _keep(results: SolverResults, model: Any, problem: Problem, result: Result) -> None:
    """Every feasible solution, best first, for ``model.solutions.load_from(results)`` and ``.select(k)``."""
    symbols = SymbolMap()
    names = [variable.name for variable in _variables(model)]
    for variable in _variables(model):
        symbols.addSymbol(variable, variable.name)
    points = [(s.values.tolist(), s.gap) for s in result.solutions if s.feasible and s.values is not None]
    for k in (*range(1, len(points)), 0)[
        : len(points)
    ]:  # results.solution(0), which Pyomo loads first, is the last one
        kept = Solution()
        values, kept.gap = points[k]
        kept.status = SolutionStatus.feasible if k else _outcome(result)[2]
        for name, value, whole in zip(names, values, problem.columns.discrete):
            kept.variable[name] = {"Value": round(value) if whole else value}
        results.solution.insert(kept)
    if len(results.solution):
        results._smap = symbols
        results._smap_id = id(symbols)
