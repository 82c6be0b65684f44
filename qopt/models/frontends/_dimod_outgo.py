"""Problems as models of dimod: a constrained quadratic model, or a discrete one where everything is a choice.

Both are minimised: a problem to maximise goes out with its signs turned. Two-sided rows become two constraints.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qopt.core.compiled import Compiled
from qopt.core.errors import Issue, Place, UnsupportedModelError
from qopt.core.polynomial import Polynomial
from qopt.core.problem import Columns, Kind, Problem, Sense
from qopt.core.rows import GroupKind, Groups, Norm, Rows
from qopt.models.frontends._outgo import Names, carried
from qopt.models.frontends.dimod import UNBOUNDED

if TYPE_CHECKING:
    import dimod

_VARTYPE: dict[Kind, Any] = {kind: kind.name for kind in Kind}
_PENALTY = {Norm.LINEAR: "linear", Norm.QUADRATIC: "quadratic"}
Fault = tuple[str, str, str]
"""What cannot be held, its name, and what to do about it."""


def cqm_of(thing: Problem | Compiled, target: Path | str = "") -> dimod.ConstrainedQuadraticModel:
    """A problem as a constrained quadratic model; a compiled one as its QUBO.

    Variables are called as their columns, or 0, 1, … for ``x[0]``, ``x[1]``, …; exactly-one groups that share no
    variable become discrete constraints, other groups linear ones.

    Raises
    ------
    UnsupportedModelError
        What the model cannot hold, by name: products of three and more, products of reals in the objective, conditions,
        levels of objectives, and prices per occurrence.
    """
    import dimod

    problem = carried(thing, Path(target), "a CQM", conditions=False, extras=True, infinite=UNBOUNDED[Kind.INTEGER])
    _refuse("a CQM", _beyond_cqm(problem), target)
    labels = labels_of(problem.columns)
    model = dimod.ConstrainedQuadraticModel()
    for label, kind, lower, upper in zip(labels, *_domains(problem.columns)):
        model.add_variable(_VARTYPE[Kind(kind)], label, **_bounds(Kind(kind), lower, upper))
    aim = problem.objective if problem.sense is Sense.MINIMIZE else problem.objective.scaled(-1.0)
    model.set_objective(_terms(aim, labels, problem.columns.kind))
    names = Names(str)
    rest = _add_choices(model, problem.groups, labels, names)
    for lines in (_lines(rest, labels), _lines(problem.rows, labels), _curves(problem, labels)):
        for name, terms, lower, upper, soft in lines:
            for sense, side in _sides(lower, upper):
                model.add_constraint_from_iterable(terms, sense, side, label=names.of(name), **soft)
    return model


def dqm_of(thing: Problem | Compiled, target: Path | str = "") -> dimod.DiscreteQuadraticModel:
    """A problem as a discrete quadratic model: every exactly-one group a variable, its columns the cases 0, 1, ….

    Variables are called as their groups. Products of two cases of one variable, which are 0, are left out.

    Raises
    ------
    UnsupportedModelError
        What the model cannot hold, by name: a column that is in no exactly-one group or in several, and any constraint
        besides.
    """
    import dimod

    problem = carried(thing, Path(target), "a DQM", conditions=False)
    _refuse("a DQM", _beyond_dqm(problem), target)
    groups, aim = problem.groups, problem.objective
    if problem.sense is Sense.MAXIMIZE:
        aim = aim.scaled(-1.0)
    place = np.empty(problem.n, dtype=np.int64)
    place[groups.index] = np.arange(problem.n)
    owner = np.repeat(np.arange(len(groups)), np.diff(groups.indptr))
    linear, square = aim.linear.copy(), aim.row == aim.col
    np.add.at(linear, aim.row[square], aim.value[square])
    row, col = place[aim.row], place[aim.col]
    apart = owner[row] != owner[col]
    names = Names(str)
    return dimod.DiscreteQuadraticModel.from_numpy_vectors(
        groups.indptr[:-1].copy(),
        linear[groups.index],
        (row[apart], col[apart], aim.value[apart]),
        labels=[names.of(name) for name in groups.names],
        offset=aim.offset,
    )


def labels_of(columns: Columns) -> list[Hashable]:
    """Labels of variables: the names of the columns, or 0, 1, … where these are ``x[0]``, ``x[1]``, …."""
    names = list(columns.names)
    numbers: list[Hashable] = list(range(len(names)))
    return numbers if names == [f"x[{k}]" for k in numbers] else [*names]


def _refuse(format: str, faults: Iterator[Fault], target: Path | str) -> None:
    issues = [Issue(f"{format} cannot hold {what}", name, Place(str(target)), hint) for what, name, hint in faults]
    if issues:
        raise UnsupportedModelError(issues)


def _beyond_cqm(problem: Problem) -> Iterator[Fault]:
    columns, rows = problem.columns, problem.rows
    real = columns.kind == Kind.REAL
    mixed = np.flatnonzero(real[problem.objective.row] | real[problem.objective.col])
    for e in mixed[:1].tolist():
        pair = " * ".join(columns.names[int(part[e])] for part in (problem.objective.row, problem.objective.col))
        yield "products of real variables in its objective", pair, "make the variable an integer one"
    norms = np.zeros(len(rows), np.int8) if rows.norm is None else rows.norm
    priced: list[tuple[str, Norm, NDArray[Any]]] = [
        (rows.names[k], Norm(norms[k]), rows.row(k)[0]) for k in np.flatnonzero(rows.soft).tolist()
    ]
    priced += [(r.name, r.norm, r.polynomial.columns()) for r in problem.polynomial_rows if r.price is not None]
    for name, norm, used in priced:
        if norm is Norm.OCCURRENCE:
            yield "a price per occurrence", name, "make the price linear or quadratic"
        elif norm is Norm.QUADRATIC and not columns.binary[used].all():
            yield "a quadratic price of a constraint on other than binary variables", name, "make the price linear"


def _beyond_dqm(problem: Problem) -> Iterator[Fault]:
    groups, columns = problem.groups, problem.columns
    others = [*(problem.rows.names[k] for k in range(len(problem.rows))), *(r.name for r in problem.polynomial_rows)]
    others += [groups.names[g] for g in np.flatnonzero(groups.kind != GroupKind.EXACTLY_ONE).tolist()]
    for name in others:
        yield "constraints other than exactly-one groups", name, "write a .cqm, or compile it first"
    times = np.bincount(groups.index, minlength=problem.n)
    for c in np.flatnonzero(times != 1)[:1].tolist():
        rule = "a variable that is in no exactly-one group" if times[c] == 0 else "overlapping exactly-one groups"
        yield rule, columns.names[c], "write a .cqm, or compile it first"


def _domains(columns: Columns) -> tuple[list[int], list[float], list[float]]:
    return columns.kind.tolist(), columns.lower.tolist(), columns.upper.tolist()


def _bounds(kind: Kind, lower: float, upper: float) -> dict[str, float]:
    """Bounds as dimod wants them: none of bits and spins, large numbers for infinite ones."""
    none = UNBOUNDED.get(kind)
    return {} if none is None else {"lower_bound": max(lower, -none), "upper_bound": min(upper, none)}


def _terms(p: Polynomial, labels: Sequence[Hashable], kind: NDArray[np.int8]) -> list[tuple[Any, ...]]:
    """The terms of a polynomial of degree 2: ``(u, v, bias)``, ``(u, bias)`` and ``(offset,)``; no squares of bits."""
    linear, offset = p.linear.copy(), p.offset
    square = p.row == p.col
    bit, spin = (square & (kind[p.row] == of) for of in (Kind.BINARY, Kind.SPIN))
    np.add.at(linear, p.row[bit], p.value[bit])
    offset += float(p.value[spin].sum())
    some, rest = np.flatnonzero(linear), np.flatnonzero(~bit & ~spin)
    out: list[tuple[Any, ...]] = [(labels[k], v) for k, v in zip(some.tolist(), linear[some].tolist())]
    pairs = zip(p.row[rest].tolist(), p.col[rest].tolist(), p.value[rest].tolist())
    out += [(labels[i], labels[j], v) for i, j, v in pairs]
    return [*out, (offset,)] if offset else out


def _add_choices(model: Any, groups: Groups, labels: Sequence[Hashable], names: Names) -> Rows:
    """Add the exactly-one groups that share no variable; returns what is left of the groups, as rows."""
    lines = groups.as_rows()
    taken: set[int] = set()
    left = []
    for k, (_, kind, members) in enumerate(groups.simple()):
        columns = members.tolist()
        if kind is GroupKind.EXACTLY_ONE and taken.isdisjoint(columns):
            taken.update(columns)
            model.add_discrete_from_iterable([labels[c] for c in columns], label=names.of(lines.names[k]))
        else:
            left.append(k)
    return lines.select(left)


Line = tuple[str, list[tuple[Any, ...]], float, float, dict[str, Any]]
"""Name, terms, lower and upper side, and the price of a constraint."""


def _lines(rows: Rows, labels: Sequence[Hashable]) -> Iterator[Line]:
    for k in range(len(rows)):
        index, value = rows.row(k)
        terms: list[tuple[Any, ...]] = [(labels[c], v) for c, v in zip(index.tolist(), value.tolist())]
        price = np.nan if rows.price is None else float(rows.price[k])
        norm = Norm.LINEAR if rows.norm is None else Norm(rows.norm[k])
        yield rows.names[k], terms, float(rows.lower[k]), float(rows.upper[k]), _soft(price, norm)


def _curves(problem: Problem, labels: Sequence[Hashable]) -> Iterator[Line]:
    for row in problem.polynomial_rows:
        terms = _terms(row.polynomial, labels, problem.columns.kind)
        price = np.nan if row.price is None else row.price
        yield row.name, terms, row.lower, row.upper, _soft(price, row.norm)


def _soft(price: float, norm: Norm) -> dict[str, Any]:
    return {} if np.isnan(price) else {"weight": price, "penalty": _PENALTY[norm]}


def _sides(lower: float, upper: float) -> Iterator[tuple[str, float]]:
    if lower == upper:
        yield "==", lower
        return
    if np.isfinite(lower):
        yield ">=", lower
    if np.isfinite(upper):
        yield "<=", upper
