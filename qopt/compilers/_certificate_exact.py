"""The numbers of a certificate, computed again without a rounding: energies, bounds and floors as fractions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from math import lcm
from typing import Any

import numpy as np
from scipy import sparse

from qopt.compilers.bounds_floor import Shape
from qopt.compilers.passes.exact import simplest
from qopt.compilers.passes.products import Gadget
from qopt.core.polynomial import Polynomial

Number = int | Fraction
Energy = dict[tuple[int, ...], Number]
"""Terms of an energy over bits: sorted tuples of bits to exact numbers, the constant under ``()``."""
Parts = Sequence[Sequence[tuple[tuple[int, ...], int]]]
"""Every column as a sum of terms over bits."""


def entries(matrix: sparse.csr_array, r: int) -> list[tuple[int, Any]]:
    """Bits and nonzero coefficients of a row."""
    span = slice(matrix.indptr[r], matrix.indptr[r + 1])
    return [(int(b), a) for b, a in zip(matrix.indices[span].tolist(), matrix.data[span].tolist()) if a]


def terms_of_energy(p: Polynomial) -> Energy:
    """The terms of an energy as it is."""
    out: Energy = {(int(b),): exactly(float(p.linear[b])) for b in np.flatnonzero(p.linear)}
    out |= {(i, j): exactly(v) for i, j, v in zip(p.row.tolist(), p.col.tolist(), p.value.tolist())}
    for t in range(len(p.products)):
        out[tuple(p.products.term(t).tolist())] = exactly(float(p.products.coefficient[t]))
    out[()] = exactly(p.offset)
    return out


def highest(terms: Energy) -> Fraction:
    """The largest energy that the terms allow."""
    return Fraction(terms[()] + sum(max(v, 0) for key, v in terms.items() if key))


def over_bits(p: Polynomial, parts: Parts, number: Callable[[float], Number]) -> Energy:
    """A polynomial over columns as terms over bits (b**2 = b); ``number`` reads its coefficients."""
    out: Energy = {(): number(p.offset)}
    for c in np.flatnonzero(p.linear).tolist():
        value = number(float(p.linear[c]))
        for key, w in parts[c]:
            out[key] = out.get(key, 0) + value * w
    for i, j, given in zip(p.row.tolist(), p.col.tolist(), p.value.tolist()):
        value = number(given)
        for one, w in parts[i]:
            for two, u in parts[j]:
                key = tuple(sorted({*one, *two}))
                out[key] = out.get(key, 0) + value * w * u
    for t in range(len(p.products)):
        term: Energy = {(): number(float(p.products.coefficient[t]))}
        for c in p.products.term(t).tolist():
            grown: Energy = {}
            for before, value in term.items():
                for key, w in parts[c]:
                    both = tuple(sorted({*before, *key}))
                    grown[both] = grown.get(both, 0) + value * w
            term = grown
        for key, value in term.items():
            out[key] = out.get(key, 0) + value
    return {key: v for key, v in out.items() if v or not key}


def exactly(value: float) -> Number:
    """The rational that a float is."""
    return int(value) if value.is_integer() else Fraction(value)


def as_meant(value: float) -> Number:
    """The decimal or simple fraction that a float was made from."""
    return slim(simplest(value))


def aligned_shares(terms: Energy, p: Polynomial, shares: Any, unit: Fraction) -> list[int]:
    """Shares in the order of the exact pairs; floats may have lost or gained a pair, or a unit of one."""
    known: dict[tuple[int, ...], int] = dict(zip(zip(p.row.tolist(), p.col.tolist()), np.asarray(shares).tolist()))
    return [min(int(known.get(key, 0)), abs(int(v // unit))) for key, v in _of_size(terms, 2)]


def longer_shares(terms: Energy, unit: Fraction) -> list[list[int]]:
    """What each factor of a negative product takes of it, as even as whole units allow; none of a positive one."""
    out = []
    for key, value in _longer(terms):
        need = -min(_down(value, unit), 0)
        each = -(-need // len(key))
        out.append([min(each, max(need - each * t, 0)) for t in range(len(key))] if need else [])
    return out


def _of_size(terms: Energy, size: int) -> list[tuple[tuple[int, ...], Number]]:
    return sorted((key, v) for key, v in terms.items() if len(key) == size and v)


def _longer(terms: Energy) -> list[tuple[tuple[int, ...], Number]]:
    return sorted((key, v) for key, v in terms.items() if len(key) > 2 and v)


class Sum:
    """A sum of energies in whole multiples of ``1 / scale``, so that nothing is rounded and little is slow."""

    def __init__(self, start: Energy, denominators: Iterable[int]) -> None:
        self.scale = lcm(*{v.denominator for v in start.values()}, *denominators)
        self.total: dict[tuple[int, ...], int] = {}
        self.add(start)

    def add(self, terms: Energy, factor: Number = 1) -> None:
        """Add an energy times a factor."""
        total, scale = self.total, self.scale
        for key, v in terms.items():
            total[key] = total.get(key, 0) + int(v * factor * scale)

    def square(self, form: Sequence[tuple[int, int]], constant: int, alpha: Number, beta: Number) -> None:
        """Add ``alpha g**2 + beta g`` for a form g, its bits ascending."""
        total, square, line = self.total, int(alpha * self.scale), int(beta * self.scale)
        total[()] = total.get((), 0) + square * constant * constant + line * constant
        for t, (b, a) in enumerate(form):
            total[(b,)] = total.get((b,), 0) + square * (a * a + 2 * a * constant) + line * a
            twice = 2 * square * a
            for other, v in form[t + 1 :] if square else ():
                total[b, other] = total.get((b, other), 0) + twice * v

    def unfold(self, factors: Mapping[int, tuple[int, ...]]) -> None:
        """Put products in the place of their bits, and close the gap."""
        first, count = min(factors), len(factors)
        out: dict[tuple[int, ...], int] = {}
        for key, v in self.total.items():
            bits = {b for bit in key for b in factors.get(bit, (bit if bit < first else bit - count,))}
            new = tuple(sorted(bits))
            out[new] = out.get(new, 0) + v
        self.total = out

    def quadratise(self, gadgets: Sequence[Gadget], start: int) -> None:
        """Replace products by pairs with new bits from ``start`` on, with the weights that were given to them."""
        for z, gadget in enumerate(gadgets, start):
            weight = exactly(gadget.weight)
            if gadget.terms is None:
                made: Energy = {gadget.factors: weight, (z,): weight * (len(gadget.factors) - 1)}
                self.add(made | {(b, z): -weight for b in gadget.factors})
                continue
            x, y = gadget.factors
            for rest, given in gadget.terms:
                self.add({tuple(sorted((x, y, *rest))): -exactly(given), (*rest, z): exactly(given)})
            self.add({(x, y): weight, (x, z): -2 * weight, (y, z): -2 * weight, (z,): 3 * weight})

    def apart(self, other: Energy) -> Fraction:
        """How far another energy is from this one, summed over all terms."""
        self.add(other, -1)
        return Fraction(sum(abs(v) for v in self.total.values()), self.scale)


def slim(value: Fraction) -> Number:
    """The same number, as an int where it is whole: most are, and far quicker."""
    return value.numerator if value.denominator == 1 else value


class Under:
    """The linear function below an objective plus priced forms, exactly."""

    def __init__(
        self,
        terms: Energy,
        bits: int,
        shares: Sequence[int],
        longer: Sequence[Sequence[int]],
        prices: Any,
        forms: list[tuple[dict[int, int], int]],
        unit: Fraction,
    ) -> None:
        steps, base = [0] * bits, _down(terms[()], unit)
        for key, value in terms.items():
            if len(key) == 1:
                steps[key[0]] = _down(value, unit)
        for ((i, j), value), part in zip(_of_size(terms, 2), shares):
            if value > 0:
                steps[i], steps[j], base = steps[i] + part, steps[j] + part, base - part
            else:
                steps[i], steps[j] = steps[i] - part, steps[j] + _down(value, unit) + part
        for (key, _), parts in zip(_longer(terms), longer):
            for b, part in zip(key, parts):
                steps[b] -= part
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


def _down(value: Number, unit: Fraction) -> int:
    """Units in a value, rounded down."""
    return value.numerator * unit.denominator // (value.denominator * unit.numerator)


def loss_of(shape: Any, price: Fraction) -> Fraction:
    """The most that a lent price says on what is kept."""
    return max(price, Fraction(0)) if shape == Shape.WINDOW else Fraction(0)


def floor_of(
    shape: Any, steps: tuple[int, list[tuple[int, Fraction]]], room: Fraction, slope: Fraction
) -> tuple[int, Fraction, Fraction]:
    """Where a rule needs its largest weight, the climb there and the weight; the weight is not below 0.

    Floats find the few places that can be it, exact numbers tell these apart.
    """
    at, moves = steps
    kind, free, tilt = Shape(shape), float(room), float(slope)
    found: list[tuple[float, int, Fraction, Fraction]] = []

    def visit(k: int, far: float, before: Fraction, rest: Fraction) -> None:
        p = _amount(kind, k)
        if p:
            found.append(((free + tilt * k - far) / p, k, before, rest))

    visit(at, 0.0, Fraction(0), Fraction(0))
    for way in (1, -1):
        start, before = at, Fraction(0)
        for move, cost in moves:
            if move * way <= 0:
                continue
            end, each, far = start + move, cost / abs(move), float(before)
            q = tilt - way * float(each)
            p = free - far + way * float(each) * start
            low, high = min(start, end), max(start, end)
            for k in {min(max(k, low), high) for k in (end, -1, 1, 2, *_peaks(kind, p, q))}:
                visit(k, far + float(each) * abs(k - start), before, each * abs(k - start))
            start, before = end, before + cost
    if not found:
        return at, Fraction(0), Fraction(0)
    near = max(found)[0] - 1e-9 * (1.0 + abs(free))
    best: tuple[Fraction, int, Fraction] | None = None
    for guess, k, before, rest in found:
        if guess >= near:
            climb = before + rest
            need = (room + slope * k - climb) / _amount(kind, k)
            if best is None or need > best[0]:
                best = (need, k, climb)
    assert best is not None
    return best[1], best[2], max(best[0], Fraction(0))


def _amount(shape: Shape, k: int) -> int:
    """How much a rule grows with its form, as ``bounds_floor.amount`` has it, of any size."""
    if shape is Shape.LINEAR:
        return abs(k)
    if shape is Shape.WINDOW:
        return k * (k - 1) // 2
    return k * k if shape is Shape.SQUARE else k * k + abs(k)


def _peaks(shape: Shape, p: float, q: float) -> list[int]:
    """Whole numbers about the points where ``(p + q k) / P(k)`` is stationary."""
    if q == 0 or shape is Shape.LINEAR:
        return []
    if shape is Shape.SQUARE:
        roots = [-2 * p / q]
    else:
        bends = (q, -q) if shape is Shape.SHARED else (q,)
        inside = [max(p * p + p * bend, 0.0) for bend in bends]
        roots = [(-p + way * square**0.5) / q for square in inside for way in (1, -1)]
    return [int(np.floor(r)) + d for r in roots if abs(r) < 2**40 for d in (-1, 0, 1, 2)]
