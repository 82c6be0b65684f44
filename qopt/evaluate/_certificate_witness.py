"""A point of the problem, judged by itself in exact numbers: feasible, at what energy, and what is wanted above it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from qopt.core.polynomial import Polynomial
from qopt.core.problem import Problem
from qopt.core.rows import Norm
from qopt.evaluate._certificate_layout import expanded
from qopt.evaluate._certificate_numbers import Number, expect, meant, size, whole
from qopt.evaluate._certificate_objective import Objective, number_of
from qopt.evaluate._certificate_state import domain, line_of

_AMOUNT = re.compile(r"\+?[\d.]{1,40}([eE][+-]?\d{1,3})?%?")


def energy_of(problem: Problem, values: Any, weights: Sequence[Fraction]) -> Fraction:
    """Energy of a point, which must be feasible: every level times its weight, soft prices included, to be small."""
    expect(isinstance(values, list) and len(values) == problem.n, "the witness has not one value per column")
    point = [whole(v) for v in values]
    for c, (v, box) in enumerate(zip(point, domain(problem))):
        expect(box.holds(v), f"witness: column {c} is out of its domain")
    number = number_of(problem)
    paid: dict[int, Number] = {}
    rows, soft = problem.rows, problem.rows.soft
    groups, switched = problem.groups.as_rows(), problem.indicators
    for k in range(len(rows)):
        line = line_of(rows, k)
        activity = sum(a * point[c] for c, a in line.terms.items())
        if soft[k] and rows.price is not None:
            level, norm = (0 if part is None else int(part[k]) for part in (rows.level, rows.norm))
            cost = meant(float(rows.price[k])) * _amount(activity, line.lower, line.upper, Norm(norm))
            paid[level] = paid.get(level, 0) + cost
        else:
            expect(line.holds(activity), f"witness: {rows.names[k]} is broken")
    for k in range(len(groups)):
        line = line_of(groups, k)
        expect(line.holds(sum(a * point[c] for c, a in line.terms.items())), f"witness: {groups.names[k]} is broken")
    for k in range(len(switched)):
        line = line_of(switched.rows, k)
        holds = line.holds(sum(a * point[c] for c, a in line.terms.items()))
        expect(holds or point[switched.column[k]] != switched.active[k], f"witness: switched row {k} is broken")
    for row in problem.polynomial_rows:
        activity = _value(row.polynomial, meant, point)
        lower, upper = (None if abs(side) == float("inf") else meant(side) for side in (row.lower, row.upper))
        over = _amount(activity, lower, upper, Norm(row.norm))
        expect(row.price is not None or not over, f"witness: {row.name} is broken")
        if row.price is not None:
            paid[row.level] = paid.get(row.level, 0) + meant(float(row.price)) * over
    total = Fraction(0)
    for k, (each, weight) in enumerate(zip(problem.levels, weights)):
        total += weight * (problem.sense.sign * _value(each.total, number, point) + paid.get(k, 0))
    return total


def _amount(activity: Number, lower: Number | None, upper: Number | None, norm: Norm) -> Number:
    """How much a violation counts."""
    under, over = (0 if lower is None else lower - activity), (0 if upper is None else activity - upper)
    beyond = max(0, under, over)
    if norm == Norm.OCCURRENCE:
        return 1 if beyond > 0 else 0
    return beyond * beyond if norm == Norm.QUADRATIC else beyond


def _value(p: Polynomial, number: Any, point: Sequence[int]) -> Number:
    """A polynomial over columns at a point: every column is a constant then."""
    return expanded(p, number, [[((), v)] for v in point])[()]


def span_of(objective: Objective) -> Fraction:
    """How large an objective can be, term by term: what its rounding is measured by."""
    return Fraction(1) + sum(size(v) for v in objective.terms.values())


def allowed(guarantee: str, top: Fraction) -> Fraction:
    """How far above the incumbent the guarantee reaches."""
    if guarantee in ("argmin", "total"):
        return Fraction(0)
    head, _, tail = guarantee.partition(":")
    expect(head == "top" and _AMOUNT.fullmatch(tail) is not None, f"unknown guarantee {guarantee!r:.80}")
    amount = Fraction(tail.removesuffix("%"))
    expect(amount >= 0, f"unknown guarantee {guarantee!r}")
    return amount / 100 * abs(top) if tail.endswith("%") else amount
