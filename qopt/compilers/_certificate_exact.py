"""The numbers of a certificate, computed again without a rounding: energies, bounds and floors as fractions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from scipy import sparse

from qopt.compilers.bounds_floor import Shape, amount
from qopt.compilers.lowered import Lowered, Penalties
from qopt.compilers.passes.encode import Coded
from qopt.core.polynomial import Polynomial
from qopt.core.problem import Problem

Energy = dict[tuple[int, ...], "int | Fraction"]
"""Terms of an energy over bits: sorted tuples of bits to exact numbers, the constant under ``()``."""


def entries(matrix: sparse.csr_array, r: int) -> list[tuple[int, Any]]:
    """Bits and nonzero coefficients of a row."""
    span = slice(matrix.indptr[r], matrix.indptr[r + 1])
    return [(int(b), a) for b, a in zip(matrix.indices[span].tolist(), matrix.data[span].tolist()) if a]


def terms_of_energy(p: Polynomial) -> Energy:
    out: Energy = {(int(b),): _exactly(float(p.linear[b])) for b in np.flatnonzero(p.linear)}
    out |= {(i, j): _exactly(v) for i, j, v in zip(p.row.tolist(), p.col.tolist(), p.value.tolist())}
    if p.offset:
        out[()] = Fraction(p.offset)
    return out


def highest(terms: Energy) -> Fraction:
    """The largest energy that the terms allow."""
    return Fraction(terms[()] + sum(max(v, 0) for key, v in terms.items() if key))


def exact_objective(problem: Problem, coded: Coded) -> Energy:
    """The objective over bits, to be made small, without a rounding."""
    p, sign = problem.objective, problem.sense.sign
    parts = [
        ({(): int(coded.offset[c])} if coded.offset[c] else {}) | {(b,): int(w) for b, w in entries(coded.matrix, c)}
        for c in range(problem.n)
    ]
    out: Energy = {(): sign * _exactly(p.offset)}
    for c in np.flatnonzero(p.linear).tolist():
        for key, w in parts[c].items():
            out[key] = out.get(key, 0) + sign * _exactly(float(p.linear[c])) * w
    for i, j, value in zip(p.row.tolist(), p.col.tolist(), p.value.tolist()):
        for one, w in parts[i].items():
            for two, u in parts[j].items():
                key = tuple(sorted({*one, *two}))
                out[key] = out.get(key, 0) + sign * _exactly(value) * w * u
    return {key: v for key, v in out.items() if v or not key}


def _exactly(value: float) -> int | Fraction:
    return int(value) if value.is_integer() else Fraction(value)


def _pairs(terms: Energy) -> list[tuple[tuple[int, ...], int | Fraction]]:
    return sorted((key, v) for key, v in terms.items() if len(key) == 2)


def aligned_shares(terms: Energy, p: Polynomial, shares: Any, unit: Fraction) -> list[int]:
    """Shares in the order of the exact pairs; floats may have lost or gained a pair, or a unit of one."""
    known: dict[tuple[int, ...], int] = dict(zip(zip(p.row.tolist(), p.col.tolist()), np.asarray(shares).tolist()))
    return [min(int(known.get(key, 0)), abs(int(v // unit))) for key, v in _pairs(terms)]


def exact_energy(objective: Energy, lowered: Lowered, penalties: Penalties) -> Energy:
    """Objective, weighted rules and emitted multipliers without a rounding."""
    out = dict(objective)
    forms = lowered.rules.forms
    emitted = penalties.multipliers
    for j in range(len(forms)):
        weight = Fraction(float(penalties.weights[j]))
        linear = weight * Fraction(float(forms.beta[j])) + (0 if emitted is None else Fraction(float(emitted[j])))
        square, line = _slim(weight * Fraction(float(forms.alpha[j]))), _slim(linear)
        constant, items = int(forms.constant[j]), [(b, int(a)) for b, a in entries(forms.matrix, j)]
        out[()] += square * constant**2 + line * constant
        for t, (b, a) in enumerate(items):
            out[(b,)] = out.get((b,), 0) + square * (a * a + 2 * a * constant) + line * a
            for other, v in items[t + 1 :] if square else ():
                key = (b, other) if b < other else (other, b)
                out[key] = out.get(key, 0) + 2 * square * a * v
    return out


def _slim(value: Fraction) -> int | Fraction:
    """The same number, as an int where it is whole: most are, and far quicker."""
    return value.numerator if value.denominator == 1 else value


class Under:
    """The linear function below an objective plus priced forms, exactly."""

    def __init__(
        self,
        terms: Energy,
        bits: int,
        shares: Sequence[int],
        prices: Any,
        forms: list[tuple[dict[int, int], int]],
        unit: Fraction,
    ) -> None:
        steps, base = [0] * bits, _down(terms[()], unit)
        for key, value in terms.items():
            if len(key) == 1:
                steps[key[0]] = _down(value, unit)
        for ((i, j), value), part in zip(_pairs(terms), shares):
            if value > 0:
                steps[i], steps[j], base = steps[i] + part, steps[j] + part, base - part
            else:
                steps[i], steps[j] = steps[i] - part, steps[j] + _down(value, unit) + part
        whole = [int(m) for m in np.asarray(prices).tolist()]
        for (form, constant), price in zip(forms, whole):
            base += price * constant
            for b, a in form.items():
                steps[b] += price * a
        self.price = [m * unit for m in whole]
        self.cost = [c * unit for c in steps]
        self.least = (base + sum(min(c, 0) for c in steps)) * unit

    def climb(self, form: Mapping[int, int], constant: int) -> tuple[int, list[tuple[int, Fraction]]]:
        """The form at the minimiser, and its steps ``(move, cost)``, cheapest first in either direction."""
        at = constant + sum(a for b, a in form.items() if self.cost[b] < 0)
        steps = [(-a if self.cost[b] < 0 else a, abs(self.cost[b])) for b, a in form.items()]
        return at, sorted(steps, key=lambda step: step[1] / abs(step[0]))


def _down(value: int | Fraction, unit: Fraction) -> int:
    """Units in a value, rounded down."""
    return value.numerator * unit.denominator // (value.denominator * unit.numerator)


def loss_of(shape: Any, price: Fraction) -> Fraction:
    return max(price, Fraction(0)) if shape == Shape.WINDOW else Fraction(0)


def floor_of(
    shape: Any, steps: tuple[int, list[tuple[int, Fraction]]], room: Fraction, slope: Fraction
) -> tuple[int, Fraction, Fraction]:
    """Where a rule needs its largest weight, the climb there and the weight; the weight is not below 0."""
    at, moves = steps
    best: tuple[Fraction, int, Fraction] | None = None

    def visit(k: int, climb: Fraction) -> None:
        nonlocal best
        p = int(amount(np.array([shape]), np.array([k]))[0])
        if p:
            need = (room + slope * k - climb) / p
            if best is None or need > best[0]:
                best = (need, k, climb)

    visit(at, Fraction(0))
    for way in (1, -1):
        start, before = at, Fraction(0)
        for move, cost in moves:
            if move * way <= 0:
                continue
            end = start + move
            q = slope - way * cost / abs(move)
            p = room - before + way * cost / abs(move) * start
            peaks = [end, -1, 1, 2, *_peaks(shape, p, q)]
            for k in {min(max(k, min(start, end)), max(start, end)) for k in peaks}:
                visit(k, before + cost * abs(k - start) / abs(move))
            start, before = end, before + cost
    if best is None:
        return at, Fraction(0), Fraction(0)
    return best[1], best[2], max(best[0], Fraction(0))


def _peaks(shape: Any, p: Fraction, q: Fraction) -> list[int]:
    """Whole numbers about the points where ``(p + q k) / P(k)`` is stationary."""
    if q == 0 or shape == Shape.LINEAR:
        return []
    if shape == Shape.SQUARE:
        roots = [float(-2 * p / q)]
    else:
        inside = float(p * p + p * q)
        roots = [(float(-p) + way * max(inside, 0.0) ** 0.5) / float(q) for way in (1, -1)]
    return [int(np.floor(r)) + d for r in roots if abs(r) < 2**40 for d in (-1, 0, 1, 2)]
