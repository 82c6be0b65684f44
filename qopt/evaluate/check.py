"""The judge of feasibility and the exact value of every level, for values of a problem's columns."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike

from qopt.core.arrays import Bools, Floats, is_integral
from qopt.core.problem import Kind, Problem, violation
from qopt.core.rows import GroupKind, Rows
from qopt.core.solution import Check, Violation

ROUNDING = 1e-6
"""An integer column may be this far from a whole number; it is rounded first, and judged rounded."""
TOLERANCE = 1e-6
"""Rows that are not integer may be broken by this much times max(1, |activity|)."""


def rounded(problem: Problem, values: ArrayLike) -> Floats:
    """Values with the discrete columns rounded where they are within ``ROUNDING`` of a whole number."""
    x = np.array(values, dtype=np.float64)
    whole = np.rint(x)
    close = problem.columns.discrete & (np.abs(x - whole) <= ROUNDING)
    return np.where(close, whole, x)


def check(problem: Problem, values: ArrayLike) -> Check:
    """Judge one point.

    Parameters
    ----------
    values
        Shape (columns,), in column order.

    Returns
    -------
    Feasibility by the hard rules alone, every level in the user's sense with soft prices, and each broken rule by name.
    Rows with whole coefficients over discrete columns are judged exactly in integers.
    """
    x = rounded(problem, values)
    if x.shape != (problem.n,):
        raise ValueError(f"values have shape {x.shape}, expected {(problem.n,)}")
    broken = _columns(problem, x)
    tolerance = _rows(problem, problem.rows, x, ~problem.rows.soft, broken)
    for g, kind, members in problem.groups.simple():
        count = float(x[members].sum())
        if count > 1 or (kind is GroupKind.EXACTLY_ONE and count < 1):
            wanted = "exactly one" if kind is GroupKind.EXACTLY_ONE else "at most one"
            chosen = [problem.columns.names[int(c)] for c in members if x[c] > 0.5][:4]
            detail = f": {', '.join(chosen)}" if chosen else ""
            text = f"{_name(problem.groups.names, g)}: {wanted} may be chosen, {count:g} are{detail}"
            broken.append(Violation(problem.groups.names[g], abs(count - 1), text))
    for row in problem.polynomial_rows:
        if row.price is None:
            activity = float(row.polynomial.evaluate(x)[0])
            exact = row.polynomial.integral and bool(problem.columns.discrete[row.polynomial.columns()].all())
            slack = 0.0 if exact else TOLERANCE * max(1.0, abs(activity))
            tolerance = max(tolerance, slack)
            over = float(violation(np.array([activity]), np.float64(row.lower), np.float64(row.upper))[0])
            if over > slack:
                _judge(row.name, row.labels.why, activity, row.lower, row.upper, over, broken)
    if len(problem.indicators):
        active = x[problem.indicators.column] == problem.indicators.active
        tolerance = max(tolerance, _rows(problem, problem.indicators.rows, x, active, broken))
    levels = tuple(float(v) for v in problem.objectives(x)[0])
    return Check(not broken, levels, tuple(broken), problem.parts(x), tolerance)


def feasible(problem: Problem, points: ArrayLike) -> Bools:
    """Which rows of ``points`` (rows, columns) satisfy every hard rule; the same verdict as ``check``, in bulk."""
    matrix = np.atleast_2d(np.asarray(points, dtype=np.float64))
    x = np.stack([rounded(problem, row) for row in matrix]) if len(matrix) else matrix
    columns = problem.columns
    ok = np.all((x >= columns.lower - TOLERANCE) & (x <= columns.upper + TOLERANCE), axis=1)
    ok &= np.all(~columns.discrete | (x == np.rint(x)), axis=1)
    spins = columns.kind == Kind.SPIN
    ok &= np.all(np.abs(x[:, spins]) == 1, axis=1)
    for _, kind, members in problem.groups.simple():
        count = x[:, members].sum(axis=1)
        ok &= count <= 1
        if kind is GroupKind.EXACTLY_ONE:
            ok &= count >= 1
    hard = ~problem.rows.soft
    if hard.any():
        over = violation(problem.rows.activity(x), problem.rows.lower, problem.rows.upper)
        suspect = ok & (over[:, hard] > 0).any(axis=1)
    else:
        suspect = np.zeros(len(x), dtype=bool)
    if problem.polynomial_rows or len(problem.indicators):
        suspect = ok.copy()
    for k in np.flatnonzero(suspect):
        ok[k] = check(problem, x[k]).feasible
    return ok


def _name(names: object, k: int) -> str:
    labels, position = names.locate(k)  # type: ignore[attr-defined]
    text = labels.text(position)
    return f"{text} ({labels.why})" if labels.why else text


def _columns(problem: Problem, x: Floats) -> list[Violation]:
    columns, out = problem.columns, []
    slack = np.where(columns.discrete, 0.0, TOLERANCE * np.maximum(1.0, np.abs(x)))
    bad = ~np.isfinite(x) | (x < columns.lower - slack) | (x > columns.upper + slack)
    bad |= columns.discrete & (x != np.rint(x))
    bad |= (columns.kind == Kind.SPIN) & (np.abs(x) != 1)
    for c in np.flatnonzero(bad).tolist():
        low, high = columns.lower[c], columns.upper[c]
        kind = Kind(columns.kind[c]).name.lower()
        amount = float(violation(x[c : c + 1], low, high)[0]) or float(abs(x[c] - np.rint(x[c]))) or 1.0
        name = columns.names[c]
        out.append(Violation(name, amount, f"{name} = {x[c]:g} is no {kind} value from {low:g} to {high:g}"))
    return out


def _rows(problem: Problem, rows: Rows, x: Floats, judged: Bools, broken: list[Violation]) -> float:
    """Judge the rows of the mask; append what is broken; return the largest tolerance used."""
    if not judged.any():
        return 0.0
    activity = rows.activity(x)[0]
    over = violation(activity, rows.lower, rows.upper)
    size = np.bincount(rows.row_of_entry(), weights=np.abs(rows.value * x[rows.index]), minlength=len(rows))
    tolerance = 0.0
    # A sum of whole numbers whose absolute values add up to less than 2**53 is exact in float64.
    suspects = np.flatnonzero(judged & ((over > 0) | (size >= 2**53)))
    for k in suspects.tolist():
        index, value = rows.row(k)
        exact = is_integral(value) and bool(problem.columns.discrete[index].all())
        if exact and size[k] >= 2**53:
            over[k] = _exact_violation(value, x[index], rows.lower[k], rows.upper[k])
        slack = 0.0 if exact else TOLERANCE * max(1.0, abs(activity[k]))
        tolerance = max(tolerance, slack)
        if over[k] > slack:
            labels, position = rows.names.locate(k)
            _judge(labels.text(position), labels.why, activity[k], rows.lower[k], rows.upper[k], over[k], broken)
    return tolerance


def _exact_violation(value: Floats, x: Floats, lower: float, upper: float) -> float:
    total = sum((Fraction(float(a)) * Fraction(float(b)) for a, b in zip(value, x)), Fraction(0))
    below = Fraction(float(lower)) - total if np.isfinite(lower) else Fraction(0)
    above = total - Fraction(float(upper)) if np.isfinite(upper) else Fraction(0)
    return float(max(below, above, Fraction(0)))


def _judge(
    name: str, why: str, activity: float, lower: float, upper: float, amount: float, broken: list[Violation]
) -> None:
    """Write down a broken row."""
    side = lower if activity < lower else upper
    wanted = "exactly" if lower == upper else ("at least" if activity < lower else "at most")
    reason = f" ({why})" if why else ""
    broken.append(Violation(name, float(amount), f"{name}{reason}: is {activity:g}, must be {wanted} {side:g}"))
