"""Bounds of the verifier: a linear function below an objective, and its least value where a form is fixed."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping
from fractions import Fraction
from math import ceil
from typing import Any

from qopt.evaluate._certificate_numbers import NotProvenError, Number, expect, whole


class Bound:
    """``L = linear function below the objective + sum of price * form``.

    Parameters
    ----------
    objective
        Terms over bits.
    shares
        One whole number per pair in the order of the pairs: ``q x y >= s u (x + y - 1)`` for q > 0, and
        ``q x y >= - s u x + (s u - floor(|q|)) y`` for q < 0, with unit u.
    longer
        One list per longer product, in their order: of a negative one a whole number per factor, together its
        coefficient, ``c x y z >= - u (r x + s y + t z)``; of a positive one none, as it is at least 0.
    unit
        Coefficients are rounded down to multiples of it.
    """

    def __init__(
        self, objective: Mapping[tuple[int, ...], Number], bits: int, shares: Any, longer: Any, unit: Fraction
    ) -> None:
        expect(unit > 0, "the unit is not above 0")
        self.unit = unit
        self.steps = [0] * bits
        self.base = 0
        self.prices: dict[tuple[Any, ...], list[tuple[Mapping[int, int], int, Fraction]]] = {}
        pairs = sorted(key for key, v in objective.items() if len(key) == 2 and v)
        expect(isinstance(shares, list) and len(shares) == len(pairs), "there is not one share per pair")
        expect(all(type(share) is int for share in shares), "a share is no whole number")
        for key, value in objective.items():
            if len(key) < 2:
                if key:
                    self.steps[key[0]] += self._down(value)
                else:
                    self.base += self._down(value)
        steps, down = self.steps, self._down
        for key, part in zip(pairs, shares):
            value = objective[key]
            low = down(value)
            if not 0 <= part <= abs(low):
                raise NotProvenError("a share is not between 0 and its pair")
            i, j = key
            if value > 0:
                steps[i] += part
                steps[j] += part
                self.base -= part
            else:
                steps[i] -= part
                steps[j] += low + part
        self._products(objective, longer)
        self._least: int | None = None

    def _down(self, value: Number) -> int:
        """Units in a value, rounded down."""
        return value.numerator * self.unit.denominator // (value.denominator * self.unit.numerator)

    def _products(self, objective: Mapping[tuple[int, ...], Number], longer: Any) -> None:
        keys = sorted(key for key, v in objective.items() if len(key) > 2 and v)
        expect(isinstance(longer, list) and len(longer) == len(keys), "there is not one share per product")
        for key, parts in zip(keys, longer):
            value = objective[key]
            need = -min(self._down(value), 0)
            expect(len(parts) == (len(key) if need else 0), "there is not one share per factor")
            expect(min((whole(p) for p in parts), default=0) >= 0 and sum(parts) == need, "shares are no product's")
            for b, part in zip(key, parts):
                self.steps[b] -= part

    def add(self, form: Mapping[int, int], constant: int, price: Fraction, ref: tuple[Any, ...]) -> None:
        """Add ``price * (form + constant)``; the price is a multiple of the unit."""
        share = price / self.unit
        expect(share.denominator == 1, "a price is no multiple of the unit")
        self.base += int(share) * constant
        for b, a in form.items():
            self.steps[b] += int(share) * a
        self.prices.setdefault(ref, []).append((form, constant, price))
        self._least = None

    @property
    def costs(self) -> list[Fraction]:
        """Reduced cost of every bit."""
        return [c * self.unit for c in self.steps]

    @property
    def least(self) -> Fraction:
        """Least value over all bit strings."""
        if self._least is None:
            self._least = self.base + sum(c for c in self.steps if c < 0)
        return self._least * self.unit

    def profile(self, form: Mapping[int, int], constant: int) -> Profile:
        """The least of L as a function of the form's value."""
        return Profile(self, form, constant)

    def excludes(
        self, form: Mapping[int, int], kept: int, left: int, limit: Fraction, ref: tuple[Any, ...] = ()
    ) -> bool:
        """Whether everything feasible with ``form = left``, and further from ``kept``, lies above a limit.

        L is whole in its unit on every bit string, so that a bound of it may be rounded up. What no bit string gives is
        excluded as it is.
        """
        least, most = (sum(pick(a, 0) for a in form.values()) for pick in (min, max))
        if not least <= left <= most:
            return True
        inside, outside = (self.at(form, k, ref) for k in (kept, left))
        return outside >= inside and ceil(outside / self.unit) * self.unit > limit

    def at(self, form: Mapping[int, int], k: int, ref: tuple[Any, ...] = ()) -> Fraction:
        """A bound on the objective of everything feasible with ``form = k``; infinite effort is not made beyond reach.

        A price of the same row on the same form is against a side that k has a known distance to.
        """
        profile = self.profile(form, 0)
        value = profile(min(max(k, profile.least), profile.most))
        for known, constant, price in self.prices.get(ref, []):
            if known == form:
                value -= price * (k + constant)
        return value


class Profile:
    """Least value of L on the bit strings where a form has a value: convex, piecewise linear, exact.

    The cheapest bits move the form first, by reduced cost per unit moved; the last one in part.
    """

    def __init__(self, bound: Bound, form: Mapping[int, int], constant: int) -> None:
        self.start, self.unit = bound.least, bound.unit
        self.at = constant + sum(a for b, a in form.items() if bound.steps[b] < 0)
        moves: dict[int, list[tuple[Fraction, int, int]]] = {1: [], -1: []}
        for b, a in form.items():
            cost = bound.steps[b]
            move = -a if cost < 0 else a
            if move:
                moves[1 if move > 0 else -1].append((Fraction(abs(cost), abs(move)), abs(move), abs(cost)))
        self.sides = {}
        for way, found in moves.items():
            ends, sums, far, paid = [0], [0], 0, 0
            found.sort(key=lambda step: step[0])
            for _, size, cost in found:
                far, paid = far + size, paid + cost
                ends.append(far)
                sums.append(paid)
            self.sides[way] = (ends, sums)
        self.least, self.most = self.at - self.sides[-1][0][-1], self.at + self.sides[1][0][-1]

    def __call__(self, k: int) -> Fraction:
        ends, sums = self.sides[1 if k >= self.at else -1]
        far = abs(k - self.at)
        t = bisect_left(ends, far)
        if ends[t] == far:
            return self.start + sums[t] * self.unit
        share = Fraction(far - ends[t - 1], ends[t] - ends[t - 1])
        return self.start + (sums[t - 1] + share * (sums[t] - sums[t - 1])) * self.unit


def lowest_outside(f: Callable[[int], Fraction], least: int, most: int, kept: tuple[int, int]) -> Fraction | None:
    """Minimum of a convex function over whole numbers from ``least`` to ``most`` outside ``kept``; None without any.

    On either side the differences of a convex function grow, so the first one that is not negative is found by halving.
    """
    found = []
    for low, high in ((least, min(most, kept[0] - 1)), (max(least, kept[1] + 1), most)):
        if low > high:
            continue
        while low < high:
            middle = (low + high) // 2
            if f(middle + 1) >= f(middle):
                high = middle
            else:
                low = middle + 1
        found.append(f(low))
    return min(found) if found else None
