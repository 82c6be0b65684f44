"""Quadratic programs of qiskit-optimization in memory: names, kinds, bounds, senses and all constraints are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from qopt.core.errors import Issue, ModelError, UnsupportedModelError
from qopt.core.names import Labels
from qopt.core.problem import Columns, Kind, Problem, Sense
from qopt.core.rows import PolynomialRow, Rows
from qopt.models.expressions.builder import joined_rows
from qopt.models.frontends import _quadratic
from qopt.models.frontends._names import table
from qopt.models.frontends._quadratic import Quadratic

KINDS = {"BINARY": Kind.BINARY, "INTEGER": Kind.INTEGER, "CONTINUOUS": Kind.REAL}
INFINITY = 1e20
"""Bounds of this size or more are the library's way to say that there is none."""


@dataclass(frozen=True)
class Qiskit:
    """Door for ``qiskit_optimization.QuadraticProgram``."""

    suffixes: tuple[str, ...] = ()
    objects: bool = True

    def accepts(self, path: Path, text: str) -> bool:
        """False: this door takes objects."""
        return False

    def members(self, text: str) -> Sequence[str]:
        """None: this door takes objects."""
        return ()

    def accepts_object(self, thing: Any) -> bool:
        """Whether the thing is a quadratic program; the library is not imported to find out."""
        modules = (base.__module__ for base in type(thing).__mro__)
        return any(module.startswith("qiskit_optimization.") for module in modules) and (
            hasattr(thing, "quadratic_constraints") and hasattr(thing, "objective")
        )

    def read(self, source: Any, *, base_dir: Path | None = None, member: str | None = None) -> Problem:
        """The program as a Problem.

        Parameters
        ----------
        source
            A QuadraticProgram. Nothing in it is changed.

        Raises
        ------
        UnsupportedModelError
            A kind of variable that a Problem cannot hold, by name.
        ModelError
            A number that is not finite, or bounds that leave no value, by name.
        """
        columns = _columns(source)
        objective = _quadratic.polynomial(_function(source.objective, "the objective"), columns.kind)
        linear: list[Rows] = []
        curved: list[PolynomialRow] = []
        for row in (*source.linear_constraints, *source.quadratic_constraints):
            function = _function(row, row.name)
            side = np.array([float(row.rhs)])
            if not np.isfinite(side).all():
                raise ModelError(Issue(f"{row.name} has a right side that is no finite number", str(row.rhs)))
            lower = np.array([-np.inf]) if row.sense.name == "LE" else side
            upper = np.array([np.inf]) if row.sense.name == "GE" else side
            some, rest = _quadratic.rows([function], lower, upper, Labels(row.name), columns.kind)
            linear += some
            curved += rest
        return Problem.build(
            columns,
            objective,
            rows=joined_rows(linear),
            polynomial_rows=tuple(curved),
            sense=Sense.MINIMIZE if source.objective.sense.name == "MINIMIZE" else Sense.MAXIMIZE,
            name=source.name or "quadratic program",
        )


def _columns(program: Any) -> Columns:
    kinds, lowers, uppers = [], [], []
    for variable in program.variables:
        if variable.vartype.name not in KINDS:
            rule = f"variable {variable.name} is of a kind that is not carried"
            raise UnsupportedModelError(Issue(rule, variable.vartype.name))
        kind, lower, upper = KINDS[variable.vartype.name], float(variable.lowerbound), float(variable.upperbound)
        if kind is Kind.INTEGER:
            lower, upper = float(np.ceil(lower)), float(np.floor(upper))
        if kind is Kind.BINARY and (lower, upper) != (0, 1):
            kind = Kind.INTEGER  # one value only
        if not lower <= upper:
            rule = f"no value is left for {variable.name}"
            raise ModelError(Issue(rule, f"bounds {variable.lowerbound} and {variable.upperbound}"))
        kinds.append(kind)
        lowers.append(-np.inf if lower <= -INFINITY else lower)
        uppers.append(np.inf if upper >= INFINITY else upper)
    names = table([variable.name for variable in program.variables])
    return Columns(np.array(kinds, np.int8), np.array(lowers), np.array(uppers), names)


def _function(part: Any, what: str) -> Quadratic:
    """The objective or a constraint's left side."""
    linear = [(int(k), float(value)) for k, value in part.linear.to_dict().items()]
    found = getattr(part, "quadratic", None)
    pairs = [] if found is None else [(int(i), int(j), float(v)) for (i, j), v in found.to_dict().items()]
    constant = float(getattr(part, "constant", 0.0))
    if not np.isfinite([constant, *(value for _, value in linear), *(value for *_, value in pairs)]).all():
        raise ModelError(Issue(f"{what} has a coefficient that is no finite number"))
    return Quadratic(constant, linear, pairs)


PLUGIN = Qiskit()
