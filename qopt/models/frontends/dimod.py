"""dimod models in memory: binary quadratic, quadratic, constrained quadratic and discrete quadratic models.

Variables keep their labels as names (0, 1, … become ``x[0]``, ``x[1]``, …; ``("x", "a", 2)`` becomes ``x[a,2]``).
Constraints with a weight become soft rows, discrete constraints become exactly-one groups. A discrete variable becomes
one binary for each of its cases, under the names of both, and an exactly-one group of its own name.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from qopt.core.errors import Issue, ModelError, UnsupportedModelError
from qopt.core.names import Labels, NameTable
from qopt.core.polynomial import Polynomial
from qopt.core.problem import Columns, Kind, Problem
from qopt.core.rows import GroupKind, Groups, Norm, PolynomialRow, Rows
from qopt.models.expressions.builder import Price, joined_rows
from qopt.models.frontends import _quadratic
from qopt.models.frontends._names import table
from qopt.models.frontends._quadratic import Quadratic

UNBOUNDED = {Kind.INTEGER: 2.0**53 - 1, Kind.REAL: 1e30}
"""Bounds of this size or more are dimod's way to say that there is none."""
NORMS = {"linear": Norm.LINEAR, "quadratic": Norm.QUADRATIC}


@dataclass(frozen=True)
class Dimod:
    """Door for dimod's models."""

    suffixes: tuple[str, ...] = ()
    objects: bool = True

    def accepts(self, path: Path, text: str) -> bool:
        """False: this door takes objects."""
        return False

    def members(self, text: str) -> Sequence[str]:
        """None: this door takes objects."""
        return ()

    def accepts_object(self, thing: Any) -> bool:
        """Whether the thing is a model of dimod; dimod is not imported to find out."""
        modules = (base.__module__ for base in type(thing).__mro__)
        return any(module.startswith("dimod.") for module in modules) and (
            hasattr(thing, "iter_quadratic")
            or hasattr(thing, "get_cases")
            or (hasattr(thing, "objective") and hasattr(thing, "constraints"))
        )

    def read(self, source: Any, *, base_dir: Path | None = None, member: str | None = None) -> Problem:
        """The model as a Problem to minimise.

        Parameters
        ----------
        source
            A binary, constrained, discrete or general quadratic model. Nothing in it is changed.

        Raises
        ------
        UnsupportedModelError
            A kind of variable or of penalty that a Problem cannot hold, by name.
        ModelError
            Two variables or constraints whose labels read the same, or a bias that is no finite number.
        """
        names = _names("variables", list(source.variables))
        if hasattr(source, "get_cases"):
            return _discrete(source, names)
        if hasattr(source, "to_numpy_vectors"):
            return _binary(source, names)
        columns = _columns(source, names)
        index = {label: k for k, label in enumerate(source.variables)}
        constrained = hasattr(source, "constraints")
        aim = _function(source.objective if constrained else source, index, "the objective")
        objective = _quadratic.polynomial(aim, columns.kind)
        if not constrained:
            return Problem.build(columns, objective, name="quadratic model")
        rows, curved = _rows(source, index, columns)
        groups = _groups(source, index)
        return Problem.build(columns, objective, rows=rows, groups=groups, polynomial_rows=curved, name="cqm")


def _binary(model: Any, names: NameTable) -> Problem:
    """A binary quadratic model, without a Python object per term."""
    spin = model.vartype.name == "SPIN"
    n = len(names)
    linear, (row, col, value), offset = model.to_numpy_vectors(variable_order=list(model.variables))
    if not all(np.isfinite(part).all() for part in (linear, value, offset)):
        raise ModelError(Issue("a bias is no finite number", suggestion="see the model's linear and quadratic"))
    kind = np.full(n, Kind.SPIN if spin else Kind.BINARY, dtype=np.int8)
    columns = Columns(kind, np.full(n, -1.0 if spin else 0.0), np.ones(n), names)
    objective = Polynomial.from_pairs(linear, row, col, value, offset=float(offset))
    return Problem.build(columns, objective, name="bqm")


def _discrete(model: Any, names: NameTable) -> Problem:
    """A discrete quadratic model: exactly one case of every variable."""
    starts, linear, (row, col, value), _, offset = model.to_numpy_vectors(return_offset=True)
    if not all(np.isfinite(part).all() for part in (linear, value, offset)):
        raise ModelError(Issue("a bias is no finite number", suggestion="see the model's linear and quadratic biases"))
    cases = [list(model.get_cases(label)) for label in model.variables]
    texts = [
        f"{name[:-1]},{case}]" if name.endswith("]") else f"{name}[{case}]"
        for name, own in zip(names, cases)
        for case in own
    ]
    columns = Columns.binaries(table(_distinct("cases", texts, texts)))
    objective = Polynomial.from_pairs(linear, row, col, value, offset=float(offset))
    ends = np.append(starts, len(linear))
    groups = Groups(np.full(len(cases), GroupKind.EXACTLY_ONE), ends, np.arange(len(linear), dtype=np.int32), names)
    return Problem.build(columns, objective, groups=groups, name="dqm")


def _columns(model: Any, names: NameTable) -> Columns:
    kinds: list[Kind] = []
    lowers: list[float] = []
    uppers: list[float] = []
    for label in model.variables:
        vartype = model.vartype(label).name
        if vartype not in Kind.__members__:
            raise UnsupportedModelError(Issue(f"variable {label!r} is of a kind that is not carried", vartype))
        kind = Kind[vartype]
        lower, upper = (-1.0, 1.0) if kind is Kind.SPIN else (model.lower_bound(label), model.upper_bound(label))
        none = UNBOUNDED.get(kind, np.inf)
        kinds.append(kind)
        lowers.append(-np.inf if lower <= -none else lower)
        uppers.append(np.inf if upper >= none else upper)
    return Columns(np.array(kinds, np.int8), np.array(lowers), np.array(uppers), names)


def _function(model: Any, index: dict[Hashable, int], what: str) -> Quadratic:
    linear = [(index[label], float(bias)) for label, bias in model.iter_linear() if bias]
    pairs = [(index[a], index[b], float(bias)) for a, b, bias in model.iter_quadratic()]
    numbers = [float(model.offset), *(bias for _, bias in linear), *(bias for *_, bias in pairs)]
    if not np.isfinite(numbers).all():
        raise ModelError(Issue(f"{what} has a bias that is no finite number"))
    return Quadratic(numbers[0], linear, pairs)


def _rows(model: Any, index: dict[Hashable, int], columns: Columns) -> tuple[Rows, tuple[PolynomialRow, ...]]:
    linear: list[Rows] = []
    curved: list[PolynomialRow] = []
    chosen = [(label, row) for label, row in model.constraints.items() if not row.lhs.is_discrete()]
    names = _names("constraints", [label for label, _ in chosen])
    for name, (label, row) in zip(names, chosen):
        function = _function(row.lhs, index, f"constraint {label!r}")
        side = np.array([float(row.rhs)])
        lower = np.array([-np.inf]) if row.sense.name == "Le" else side
        upper = np.array([np.inf]) if row.sense.name == "Ge" else side
        some, rest = _quadratic.rows([function], lower, upper, Labels(name), columns.kind, _price(label, row.lhs))
        linear += some
        curved += rest
    return joined_rows(linear), tuple(curved)


def _price(label: Hashable, constraint: Any) -> Price | None:
    if not constraint.is_soft():
        return None
    if constraint.penalty() not in NORMS:
        raise UnsupportedModelError(Issue(f"the penalty of constraint {label!r} is not carried", constraint.penalty()))
    return Price(np.array([float(constraint.weight())]), NORMS[constraint.penalty()], 0)


def _groups(model: Any, index: dict[Hashable, int]) -> Groups:
    chosen = [(label, row.lhs) for label, row in model.constraints.items() if row.lhs.is_discrete()]
    if not chosen:
        return Groups()
    members = [[index[label] for label, _ in lhs.iter_linear()] for _, lhs in chosen]
    return Groups(
        np.full(len(chosen), GroupKind.EXACTLY_ONE),
        np.cumsum([0] + [len(group) for group in members]),
        np.concatenate(members),
        _names("constraints", [label for label, _ in chosen]),
    )


def _names(what: str, labels: list[Hashable]) -> NameTable:
    """Names of variables or constraints; 0, 1, … stand for a numbered family."""
    if labels == list(range(len(labels))):
        return NameTable.numbered("x" if what == "variables" else "c", len(labels))
    return table(_distinct(what, labels, [_text(label) for label in labels]))


def _distinct(what: str, labels: Sequence[Hashable], texts: list[str]) -> list[str]:
    if len(set(texts)) < len(texts):
        double = next(label for k, label in enumerate(labels) if texts[k] in texts[:k])
        raise ModelError(Issue(f"two {what} read the same", repr(double), suggestion="relabel one of them"))
    return texts


def _text(label: Hashable) -> str:
    """A label as a name: ``("x", 1, 2)`` reads ``x[1,2]``."""
    if isinstance(label, tuple) and len(label) > 1 and isinstance(label[0], str):
        return f"{label[0]}[{','.join(map(str, label[1:]))}]"
    return str(label)


PLUGIN = Dimod()
