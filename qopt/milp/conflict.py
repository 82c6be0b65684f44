"""Why nothing is feasible: a set of rules that cannot hold together, in the user's words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from qopt.core.arrays import Bools, Floats, Indices
from qopt.core.names import NameTable
from qopt.core.polynomial import Polynomial
from qopt.core.problem import Kind, Problem
from qopt.core.rows import GroupKind
from qopt.core.solution import Violation
from qopt.core.watch import Watch
from qopt.milp.assembly import Source
from qopt.milp.lowering import lower
from qopt.milp.model import Model
from qopt.milp.session import Session

_TERMS = 8


@dataclass(frozen=True, slots=True)
class _Rule:
    """One rule of the user: the rows of the model that say it, or the bounds of one column."""

    source: Source | None
    member: int
    rows: tuple[int, ...] = ()


def conflict(problem: Problem, *, watch: Watch) -> tuple[Violation, ...]:
    """Rules that cannot hold together, none of which can be spared.

    Rules are hard rows, groups, polynomial rows, indicator rows, and declared bounds of integer and real variables
    (those of variables inside products and indicator rows are taken for granted, because the model rests on them).
    HiGHS's irreducible conflict of the relaxation narrows the search where the relaxation is infeasible already; then
    rules are left out by halves (QuickXplain: Junker, 2004), each question being a feasibility problem for HiGHS.

    Returns
    -------
    One entry per rule, named as the user named it; the message gives the rule, its place and its reason. Empty when
    the problem is feasible, or when the time did not suffice to show that it is not. When the time ends on the way, the
    rules are in conflict but some may be spared.
    """
    model, _ = lower(problem, levels=())
    if model is None:
        return ()
    empty = np.flatnonzero(model.lower[: problem.n] > model.upper[: problem.n])
    if len(empty):
        return (_told(problem, _Rule(None, int(empty[0]))),)
    search = _Search(model, watch)
    rules = search.rules
    if not search.infeasible(rules):
        return ()
    narrowed = search.of_relaxation()
    if narrowed and search.infeasible(narrowed):
        rules = narrowed
    found = _explain(search.infeasible, rules)
    return tuple(_told(problem, rule) for rule in sorted(found, key=rules.index))


def _explain(infeasible: Callable[[Sequence[_Rule]], bool], rules: Sequence[_Rule]) -> list[_Rule]:
    """QuickXplain: an irreducible infeasible part of infeasible rules."""

    def narrow(held: list[_Rule], grown: bool, rest: Sequence[_Rule]) -> list[_Rule]:
        if grown and infeasible(held):
            return []
        if len(rest) == 1:
            return list(rest)
        first, second = rest[: len(rest) // 2], rest[len(rest) // 2 :]
        part = narrow(held + list(first), True, second)
        return narrow(held + part, bool(part), first) + part

    return narrow([], True, rules) if rules else []


class _Search:
    """Feasibility questions about subsets of the rules."""

    def __init__(self, model: Model, watch: Watch) -> None:
        self._model, self._watch = model, watch
        self._session = Session(model)
        problem = model.problem
        ranked: dict[tuple[int, int], list[int]] = {}
        for row in np.flatnonzero(model.source != Source.DEFINITION).tolist():
            ranked.setdefault((int(model.source[row]), int(model.member[row])), []).append(row)
        self.rules = [_Rule(Source(s), member, tuple(rows)) for (s, member), rows in ranked.items()]
        movable = np.isin(problem.columns.kind, (Kind.INTEGER, Kind.REAL)) & ~_taken_for_granted(model)
        bounded = np.isfinite(problem.columns.lower) | np.isfinite(problem.columns.upper)
        self.rules += [_Rule(None, int(c)) for c in np.flatnonzero(movable & bounded)]
        self._rows = np.flatnonzero(model.source != Source.DEFINITION)
        self._columns = np.flatnonzero(movable & bounded)

    def infeasible(self, rules: Sequence[_Rule]) -> bool:
        """Whether HiGHS shows that these rules cannot hold together; not knowing counts as no."""
        if self._watch.expired():
            return False
        model, session = self._model, self._session
        kept_rows = np.zeros(model.rows, dtype=bool)
        kept_rows[[row for rule in rules for row in rule.rows]] = True
        kept_columns = np.zeros(model.columns, dtype=bool)
        kept_columns[[rule.member for rule in rules if rule.source is None]] = True
        rows, columns = self._rows, self._columns
        session.bound_rows(
            rows,
            np.where(kept_rows[rows], model.row_lower[rows], -np.inf),
            np.where(kept_rows[rows], model.row_upper[rows], np.inf),
        )
        session.bound_columns(
            columns,
            np.where(kept_columns[columns], model.lower[columns], -np.inf),
            np.where(kept_columns[columns], model.upper[columns], np.inf),
        )
        return session.run(self._watch).state == "infeasible"

    def of_relaxation(self) -> list[_Rule]:
        """Rules in HiGHS's own conflict of the relaxation; none when the relaxation is feasible."""
        if self._watch.expired() or self._session.run(self._watch, relaxed=True).state != "infeasible":
            return []
        rows, columns = (set(found.tolist()) for found in self._session.conflict(self._watch))
        return [r for r in self.rules if (r.member in columns if r.source is None else rows & set(r.rows))]


def _taken_for_granted(model: Model) -> Bools:
    """Columns of the problem whose bounds are inside the rows that define products, bits and switches."""
    entry = np.repeat(np.arange(model.rows), np.diff(model.indptr))
    built = np.isin(model.source, (Source.DEFINITION, Source.INDICATOR))[entry]
    mask = np.zeros(model.columns, dtype=bool)
    mask[model.index[built]] = True
    return mask[: model.problem.n]


def _told(problem: Problem, rule: _Rule) -> Violation:
    """A rule as the user wrote it."""
    if rule.source is None:
        name = problem.columns.names[rule.member]
        low, high = problem.columns.lower[rule.member], problem.columns.upper[rule.member]
        labels, _ = problem.columns.names.locate(rule.member)
        return Violation(name, 0.0, _sentence(name, _between(name, low, high), str(labels.place), ""))
    columns = problem.columns.names
    if rule.source is Source.POLYNOMIAL:
        row = problem.polynomial_rows[rule.member]
        formula = _between(_polynomial(row.polynomial, columns), row.lower, row.upper)
        return Violation(row.name, 0.0, _sentence(row.name, formula, str(row.labels.place), row.labels.why))
    if rule.source is Source.GROUP:
        names, g = problem.groups.names, rule.member
        kind, members = GroupKind(problem.groups.kind[g]), problem.groups.members(g)
        listed = _listed([columns[int(c)] for c in members[: _TERMS + 1]], len(members))
        formula = f"{kind.name.lower().replace('_', ' ')} of {listed}"
    else:
        table = problem.rows if rule.source is Source.ROW else problem.indicators.rows
        names = table.names
        formula = _between(
            _linear(*table.row(rule.member), columns), table.lower[rule.member], table.upper[rule.member]
        )
        if rule.source is Source.INDICATOR:
            switch = columns[int(problem.indicators.column[rule.member])]
            formula = f"if {switch} = {int(problem.indicators.active[rule.member])} then {formula}"
    labels, position = names.locate(rule.member)
    name = labels.text(position)
    return Violation(name, 0.0, _sentence(name, formula, str(labels.place), labels.why))


def _sentence(name: str, formula: str, place: str, why: str) -> str:
    text = f"{name}: {formula}"
    if place:
        text += f" ({place})"
    return f"{text}: {why}" if why else text


def _between(middle: str, low: float, high: float) -> str:
    if low == high:
        return f"{middle} = {low:g}"
    if np.isinf(low):
        return f"{middle} <= {high:g}"
    if np.isinf(high):
        return f"{middle} >= {low:g}"
    return f"{low:g} <= {middle} <= {high:g}"


def _linear(index: Indices, value: Floats, columns: NameTable) -> str:
    return _sum([(float(v), columns[int(c)]) for c, v in zip(index[: _TERMS + 1], value)], len(index))


def _polynomial(p: Polynomial, columns: NameTable) -> str:
    terms = [(float(p.linear[c]), columns[int(c)]) for c in np.flatnonzero(p.linear)]
    terms += [(float(v), f"{columns[int(i)]} * {columns[int(j)]}") for i, j, v in zip(p.row, p.col, p.value)]
    for t in range(len(p.products)):
        factors = " * ".join(columns[int(c)] for c in p.products.term(t))
        terms.append((float(p.products.coefficient[t]), factors))
    if p.offset:
        terms.append((p.offset, ""))
    return _sum(terms[: _TERMS + 1], len(terms))


def _sum(terms: Sequence[tuple[float, str]], count: int) -> str:
    out = ""
    for k, (value, name) in enumerate(terms[:_TERMS]):
        sign = ("-" if value < 0 else "") if k == 0 else (" - " if value < 0 else " + ")
        size = f"{abs(value):g}" if abs(value) != 1 or not name else ""
        out += sign + " ".join(part for part in (size, name) if part)
    return out + (f" + … ({count} terms)" if count > _TERMS else "") if out else "0"


def _listed(names: Sequence[str], count: int) -> str:
    return ", ".join(names[:_TERMS]) + (f", … ({count} in all)" if count > _TERMS else "")
