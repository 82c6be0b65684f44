"""Pyomo models: linear and quadratic ones over binary, integer and real variables, and the way back.

Names are Pyomo's own, blocks and indices included. Fixed variables become columns with one value.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from qopt.core.errors import Issue, ModelError, UnsupportedModelError
from qopt.core.names import Labels, NameTable
from qopt.core.polynomial import Polynomial
from qopt.core.problem import Columns, Kind, Level, Part, Problem, Sense
from qopt.core.result import Result
from qopt.core.rows import PolynomialRow, Rows
from qopt.models.expressions.builder import joined_rows
from qopt.models.frontends import _quadratic
from qopt.models.frontends._quadratic import Quadratic

CARRIED = frozenset(
    [
        "Block",
        "BuildAction",
        "BuildCheck",
        "Constraint",
        "Expression",
        "Objective",
        "Param",
        "RangeSet",
        "Set",
        "SetOf",
        "Suffix",
        "Var",
    ]
)
"""Kinds of components that are read, or that say nothing the expanded model does not say."""


@dataclass(frozen=True)
class Pyomo:
    """Door for Pyomo's concrete models."""

    suffixes: tuple[str, ...] = ()
    objects: bool = True

    def accepts(self, path: Path, text: str) -> bool:
        """False: no file holds a Pyomo model."""
        return False

    def members(self, text: str) -> Sequence[str]:
        """None: no file holds a Pyomo model."""
        return ()

    def accepts_object(self, thing: Any) -> bool:
        """Whether the thing is a Pyomo model; Pyomo is not imported to find out."""
        modules = (base.__module__ for base in type(thing).__mro__)
        return any(module.startswith("pyomo.core.") for module in modules) and hasattr(thing, "component_data_objects")

    def read(self, source: Any, *, base_dir: Path | None = None, member: str | None = None) -> Problem:
        """The model as a Problem.

        Parameters
        ----------
        source
            A concrete Pyomo model or block. Nothing in it is changed.

        Raises
        ------
        UnsupportedModelError
            A component that is neither linear nor quadratic, or of a kind that a Problem cannot hold, by name.
        ModelError
            An abstract model, several active objectives, or numbers that are none.
        """
        if not source.is_constructed():
            suggestion = "call create_instance(data) and give its result"
            raise ModelError(Issue("an abstract model holds no data", source.name, suggestion=suggestion))
        _refuse_others(source)
        columns, index = _columns(source)
        reader = _Functions(index)
        rows, curved = _rows(source, reader, columns)
        sense, part = _objective(source, reader, columns)
        return Problem(columns, (Level((part,)),), rows, polynomial_rows=curved, sense=sense, name=source.name)

    def write_back(self, model: Any, problem: Problem, answer: ArrayLike | Result) -> None:
        """Set the model's variables to an answer; fixed variables stay.

        Parameters
        ----------
        problem
            What ``read`` made of the model.
        answer
            Values of the problem's columns, or a result whose best feasible solution is taken (none: nothing is set).
        """
        if isinstance(answer, Result):
            best = answer.solutions[0] if answer.solutions else None
            if best is None or not best.feasible or best.values is None:
                return
            answer = best.values
        values = np.asarray(answer, dtype=np.float64)
        variables = [variable for component in _components(model) for variable in component.values()]
        if len(variables) != problem.n or values.shape != (problem.n,):
            rule = f"the model has {len(variables)} variables, the problem {problem.n} columns"
            raise ModelError(Issue(rule, f"{values.shape} values", suggestion="read the model again after changing it"))
        whole = problem.columns.discrete
        for k, variable in enumerate(variables):
            if not variable.fixed:
                value = float(values[k])
                variable.set_value(round(value) if whole[k] else value, skip_validation=True)


class _Functions:
    """Pyomo expressions as functions of the columns."""

    def __init__(self, index: dict[int, int]) -> None:
        from pyomo.repn import generate_standard_repn

        self._walk = generate_standard_repn
        self._index = index

    def __call__(self, expression: Any, name: str) -> Quadratic:
        """The function of an expression that belongs to the component of that name."""
        found = self._walk(expression, quadratic=True)
        if found.nonlinear_expr is not None:
            rule = f"{name} is neither linear nor quadratic"
            suggestion = "write it with linear and quadratic terms; products of binaries become binaries with rows"
            raise UnsupportedModelError(Issue(rule, f"{found.nonlinear_expr!s:.80}", suggestion=suggestion))
        linear = [(self._column(v, name), float(c)) for c, v in zip(found.linear_coefs, found.linear_vars)]
        pairs = [
            (self._column(a, name), self._column(b, name), float(c))
            for c, (a, b) in zip(found.quadratic_coefs, found.quadratic_vars)
        ]
        numbers = [float(found.constant), *(c for _, c in linear), *(c for *_, c in pairs)]
        if not np.isfinite(numbers).all():
            raise ModelError(Issue(f"{name} has a coefficient that is no finite number"))
        return Quadratic(numbers[0], linear, pairs)

    def _column(self, variable: Any, name: str) -> int:
        column = self._index.get(id(variable))
        if column is None:
            suggestion = "activate its block, or give the model that holds it"
            rule = f"{name} uses a variable outside the active blocks of this model"
            raise ModelError(Issue(rule, variable.name, suggestion=suggestion))
        return column


def _refuse_others(model: Any) -> None:
    for kind in sorted(model.collect_ctypes(active=True, descend_into=True), key=lambda kind: kind.__name__):
        if kind.__name__ not in CARRIED:
            first = next(model.component_objects(kind, active=True, descend_into=True))
            rule = f"a Pyomo {kind.__name__} is not carried"
            raise UnsupportedModelError(Issue(rule, first.name, suggestion="transform it into constraints first"))


def _components(model: Any, kind: str = "Var") -> Iterator[Any]:
    """Components of a kind in the active blocks, in the order of declaration."""
    import pyomo.environ as pyo

    yield from model.component_objects(getattr(pyo, kind), active=True, descend_into=True)


def _columns(model: Any) -> tuple[Columns, dict[int, int]]:
    """The columns, and the column of each variable by identity."""
    families: list[Labels] = []
    index: dict[int, int] = {}
    kinds: list[Kind] = []
    lowers: list[float] = []
    uppers: list[float] = []
    for component in _components(model):
        keys = list(component.keys())
        if not keys:
            continue
        families.append(_quadratic.family(component.name, keys))
        for variable in component.values():
            kind, lower, upper = _domain(variable)
            index[id(variable)] = len(kinds)
            kinds.append(kind)
            lowers.append(lower)
            uppers.append(upper)
    return Columns(np.array(kinds, np.int8), np.array(lowers), np.array(uppers), NameTable(tuple(families))), index


def _domain(variable: Any) -> tuple[Kind, float, float]:
    """Kind and bounds of a column; a binary that can take one value only is an integer, as columns go."""
    step = variable.domain.get_interval()[2]
    if step not in (0, 1):
        suggestion = "use Binary, Integers or Reals with bounds; for listed values a binary for each"
        rule = f"the domain of {variable.name} is no interval of whole or real numbers"
        raise UnsupportedModelError(Issue(rule, variable.domain.name, suggestion=suggestion))
    low, high = variable.bounds
    lower, upper = (-np.inf if low is None else float(low)), (np.inf if high is None else float(high))
    if variable.fixed:
        if variable.value is None or not np.isfinite(float(variable.value)):
            raise ModelError(Issue(f"{variable.name} is fixed, so it has a value", str(variable.value)))
        lower = upper = float(variable.value)
    if step == 1:
        lower, upper = float(np.ceil(lower - 1e-9)), float(np.floor(upper + 1e-9))
    if not lower <= upper:
        raise ModelError(Issue(f"no value is left for {variable.name}", f"bounds {low} and {high}"))
    if step == 0:
        return Kind.REAL, lower, upper
    return (Kind.BINARY if (lower, upper) == (0, 1) else Kind.INTEGER), lower, upper


def _rows(model: Any, reader: _Functions, columns: Columns) -> tuple[Rows, tuple[PolynomialRow, ...]]:
    linear: list[Rows] = []
    curved: list[PolynomialRow] = []
    for component in _components(model, "Constraint"):
        active = [(key, row) for key, row in component.items() if row.active]
        if not active:
            continue
        functions = [reader(row.body, row.name) for _, row in active]
        lower = np.array([-np.inf if row.lb is None else float(row.lb) for _, row in active])
        upper = np.array([np.inf if row.ub is None else float(row.ub) for _, row in active])
        labels = _quadratic.family(component.name, [key for key, _ in active])
        some, rest = _quadratic.rows(functions, lower, upper, labels, columns.kind)
        linear += some
        curved += rest
    return joined_rows(linear), tuple(curved)


def _objective(model: Any, reader: _Functions, columns: Columns) -> tuple[Sense, Part]:
    found = [row for component in _components(model, "Objective") for row in component.values() if row.active]
    if len(found) > 1:
        names = ", ".join(row.name for row in found)
        raise ModelError(Issue("a model has one active objective", names, suggestion="deactivate all but one"))
    if not found:
        return Sense.MINIMIZE, Part("objective", Polynomial.zero(len(columns)))
    (row,) = found
    sense = Sense.MINIMIZE if row.is_minimizing() else Sense.MAXIMIZE
    return sense, Part(row.name, _quadratic.polynomial(reader(row.expr, row.name), columns.kind))


PLUGIN = Pyomo()
