"""The energy that a certificate adds up to, and how far the QUBO is from it, in whole numbers of one unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import lcm
from typing import Any

from qopt.core.polynomial import Polynomial
from qopt.evaluate._certificate_numbers import Number, Terms, exactly, expect, fields, fraction, numbers, whole


class Energy:
    """A sum of terms over bits, in whole multiples of ``1 / scale``."""

    def __init__(self, start: Mapping[tuple[int, ...], Number], qubo: Polynomial, denominators: Sequence[int]) -> None:
        self.given = terms_of(qubo)
        self.scale = lcm(*{v.denominator for part in (start, self.given) for v in part.values()}, *denominators)
        self.total = self._whole(start)

    def _whole(self, part: Mapping[tuple[int, ...], Number]) -> dict[tuple[int, ...], int]:
        return {key: int(v * self.scale) for key, v in part.items() if v}

    def add(self, part: Mapping[tuple[int, ...], Number], factor: Number = 1) -> None:
        """Add terms times a factor, both of them multiples of what the scale allows."""
        total = self.total
        for key, v in part.items():
            total[key] = total.get(key, 0) + int(v * factor * self.scale)

    def square(self, form: Mapping[int, int], constant: int, alpha: Number, beta: Number) -> None:
        """Add ``alpha g**2 + beta g`` for g = form + constant."""
        total, square, line = self.total, int(alpha * self.scale), int(beta * self.scale)
        items = sorted(form.items())
        total[()] = total.get((), 0) + square * constant * constant + line * constant
        for t, (b, a) in enumerate(items):
            total[(b,)] = total.get((b,), 0) + square * (a * a + 2 * a * constant) + line * a
            if square:
                twice = 2 * square * a
                for other, v in items[t + 1 :]:
                    key = (b, other)
                    total[key] = total.get(key, 0) + twice * v

    def unfold(self, factors: Mapping[int, tuple[int, ...]]) -> None:
        """Put products in the place of the bits that stand for them, and close the gap in the numbering.

        Where every such bit is right, nothing else changes; so a bound on all bit strings holds on these.
        """
        first, count = min(factors), len(factors)
        place = {b: factors.get(b, (b if b < first else b - count,)) for key in self.total for b in key}
        made: dict[tuple[int, ...], int] = {}
        for key, v in self.total.items():
            new = tuple(sorted({b for bit in key for b in place[bit]}))
            made[new] = made.get(new, 0) + v
        self.total = made

    def quadratise(self, gadgets: Any, bits: int) -> int:
        """Replace longer products by pairs with new bits, from number ``bits`` on; returns the number of bits then.

        *and*: ``-c x1…xk = min over z of c z (k - 1 - x1 - … - xk)`` for c >= 0. *pair*: ``z = x y`` in terms of
        coefficients >= 0 that hold both, under ``w (x y - 2 x z - 2 y z + 3 z)`` with w no less than their sum: all
        that a wrong z could save. Least over the new bits, either leaves the energy what it was.
        """
        for raw in gadgets:
            kind = raw["kind"]
            if kind == "and":
                fields(raw, ("kind", "bits", "weight"), "a gadget")
                inside = self._bits(raw["bits"], bits)
                c = self._weight(raw["weight"])
                expect(len(inside) > 1, "a product of one bit")
                self._move(inside, c)
                self._move((bits,), c * (len(inside) - 1))
                for b in inside:
                    self._move((b, bits), -c)
            else:
                expect(kind == "pair", f"unknown gadget {kind!r}")
                fields(raw, ("kind", "bits", "weight", "terms"), "a gadget")
                x, y = self._bits(raw["bits"], bits)
                w, given = self._weight(raw["weight"]), 0
                for rest, text in raw["terms"]:
                    others, c = self._bits(rest, bits), self._weight(text)
                    expect(x not in others and y not in others, "a product holds a bit twice")
                    self._move(tuple(sorted((x, y, *others))), -c)
                    self._move((*others, bits), c)
                    given += c
                expect(w >= given, "the weight of a pair is too small")
                for key, factor in (((x, y), 1), ((x, bits), -2), ((y, bits), -2), ((bits,), 3)):
                    self._move(key, factor * w)
            bits += 1
        return bits

    def _bits(self, given: Any, below: int) -> tuple[int, ...]:
        inside = tuple(whole(b) for b in given)
        expect(inside == tuple(sorted(set(inside))) and all(0 <= b < below for b in inside), "bits stand in no order")
        return inside

    def _weight(self, text: Any) -> int:
        value = fraction(text) * self.scale
        expect(value.denominator == 1 and value >= 0, "a weight of a gadget is below 0")
        return int(value)

    def _move(self, key: tuple[int, ...], value: int) -> None:
        self.total[key] = self.total.get(key, 0) + value

    def distance(self) -> Fraction:
        """How far the QUBO is from this, summed over all terms."""
        total, given = {key: v for key, v in self.total.items() if v}, self._whole(self.given)
        if total == given:
            return Fraction(0)
        off = sum(abs(total.get(key, 0) - given.get(key, 0)) for key in total.keys() | given.keys())
        return Fraction(off, self.scale)


def terms_of(p: Polynomial) -> Terms:
    """A polynomial over bits as terms, exactly."""
    terms: Terms = {(b,): v for b, v in enumerate(numbers(p.linear, exactly)) if v}
    terms |= zip(zip(p.row.tolist(), p.col.tolist()), numbers(p.value, exactly))
    for t in range(len(p.products)):
        key = tuple(p.products.term(t).tolist())
        terms[key] = terms.get(key, 0) + exactly(float(p.products.coefficient[t]))
    terms[()] = exactly(p.offset)
    return terms


def weights_of(gadgets: Any) -> list[int]:
    """Denominators of all weights of gadgets."""
    texts = [raw["weight"] for raw in gadgets] + [text for raw in gadgets for _, text in raw.get("terms", [])]
    return [fraction(text).denominator for text in texts]
