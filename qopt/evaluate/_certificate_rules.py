"""The rules of a certificate, and the energy that they make with the objective."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Any

from qopt.core.polynomial import Polynomial
from qopt.evaluate._certificate_lines import Number, exactly, expect


@dataclass(frozen=True, eq=False)
class Rule:
    """One rule as it is written down, numbers read."""

    ref: tuple[Any, ...]
    name: str
    scale: Fraction
    shape: str
    form: dict[int, int]
    constant: int
    price: Fraction
    weight: Fraction
    raw: Mapping[str, Any]

    @property
    def lent(self) -> bool:
        """Whether the price is part of the bound alone, and not of the energy."""
        return self.shape != "square"

    @property
    def loss(self) -> Fraction:
        """The most that the price can say on what is kept."""
        return max(self.price, Fraction(0)) if self.shape == "window" else Fraction(0)

    def amount(self, k: int) -> int:
        """P where the form is k."""
        return {"square": k * k, "window": k * (k - 1) // 2, "linear": abs(k)}[self.shape]


def least_of(form: Mapping[int, int], constant: int) -> int:
    """Least value of a form over all bit strings."""
    return constant + sum(min(a, 0) for a in form.values())


def distance(objective: Mapping[tuple[int, ...], Number], rules: Sequence[Rule], qubo: Polynomial) -> Fraction:
    """How far the QUBO is from objective + emitted prices + weighted rules, summed over all terms.

    Everything is added up in whole numbers of a common denominator.
    """
    expect(not len(qubo.products), "the QUBO has products of three bits")
    given: dict[tuple[int, ...], Number] = {(b,): exactly(v) for b, v in enumerate(qubo.linear.tolist()) if v}
    given |= {(i, j): exactly(v) for i, j, v in zip(qubo.row.tolist(), qubo.col.tolist(), qubo.value.tolist())}
    given[()] = exactly(qubo.offset)
    denominators = {v.denominator for part in (given, objective) for v in part.values()}
    scale = 2 * lcm(*denominators, *(r.weight.denominator * r.price.denominator for r in rules))
    total = {key: int(v * scale) for key, v in objective.items()}
    for rule in rules:
        weight = int(rule.weight * scale)
        square = {"square": weight, "window": weight // 2, "linear": 0}[rule.shape]
        line = {"square": int(rule.price * scale), "window": -(weight // 2), "linear": weight}[rule.shape]
        if rule.shape == "linear" and least_of(rule.form, rule.constant) < 0:
            line = -line
        c, items = rule.constant, list(rule.form.items())
        total[()] = total.get((), 0) + square * c * c + line * c
        for t, (b, a) in enumerate(items):
            total[(b,)] = total.get((b,), 0) + square * (a * a + 2 * a * c) + line * a
            if square:
                twice = 2 * square * a
                for other, v in items[t + 1 :]:
                    total[(b, other)] = total.get((b, other), 0) + twice * v
    off = sum(abs(total.get(key, 0) - int(given.get(key, 0) * scale)) for key in total.keys() | given.keys())
    return Fraction(off, scale)
