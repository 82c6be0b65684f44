"""Bounds of the verifier: a linear function below an objective, and its least value where a form is fixed."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from qopt.evaluate._certificate_lines import expect, whole

Terms = Mapping[tuple[int, ...], Fraction]


class Bound:
    """``L = linear function below the objective + sum of price * form``.

    Parameters
    ----------
    objective
        Terms over bits, of degree 2 at most.
    shares
        One whole number per pair in the order of the pairs: ``q x y >= s u (x + y - 1)`` for q > 0, and
        ``q x y >= - s u x + (s u - floor(|q|)) y`` for q < 0, with unit u.
    unit
        Coefficients are rounded down to multiples of it.
    """

    def __init__(self, objective: Terms, bits: int, shares: Any, unit: Fraction) -> None:
        expect(unit > 0, "the unit is not above 0")
        self.costs = [Fraction(0)] * bits
        self.base = Fraction(0)
        self.prices: dict[tuple[Any, ...], list[tuple[Mapping[int, int], int, Fraction]]] = {}
        pairs = sorted(key for key, v in objective.items() if len(key) == 2 and v)
        expect(isinstance(shares, list) and len(shares) == len(pairs), "there is not one share per pair")
        for key, value in objective.items():
            if len(key) < 2:
                down = value // unit * unit
                if key:
                    self.costs[key[0]] += down
                else:
                    self.base += down
        for (i, j), share in zip(pairs, shares):
            value, part = objective[i, j], whole(share) * unit
            low = value // unit * unit
            expect(0 <= part <= abs(low), "a share is not between 0 and its pair")
            if value > 0:
                self.costs[i] += part
                self.costs[j] += part
                self.base -= part
            else:
                self.costs[i] -= part
                self.costs[j] += low + part
        self._least: Fraction | None = None

    def add(self, form: Mapping[int, int], constant: int, price: Fraction, ref: tuple[Any, ...]) -> None:
        """Add ``price * (form + constant)``."""
        self.base += price * constant
        for b, a in form.items():
            self.costs[b] += price * a
        self.prices.setdefault(ref, []).append((form, constant, price))
        self._least = None

    @property
    def least(self) -> Fraction:
        """Least value over all bit strings."""
        if self._least is None:
            self._least = self.base + sum((c for c in self.costs if c < 0), Fraction(0))
        return self._least

    def profile(self, form: Mapping[int, int], constant: int) -> Profile:
        """The least of L as a function of the form's value."""
        return Profile(self, form, constant)

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
        self.start = bound.least
        self.at = constant + sum(a for b, a in form.items() if bound.costs[b] < 0)
        moves: dict[int, list[tuple[Fraction, int, Fraction]]] = {1: [], -1: []}
        for b, a in form.items():
            cost = bound.costs[b]
            move = -a if cost < 0 else a
            if move:
                moves[1 if move > 0 else -1].append((abs(cost) / abs(move), abs(move), abs(cost)))
        self.sides = {}
        for way, found in moves.items():
            ends, sums, far, paid = [0], [Fraction(0)], 0, Fraction(0)
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
            return self.start + sums[t]
        share = Fraction(far - ends[t - 1], ends[t] - ends[t - 1])
        return self.start + sums[t - 1] + share * (sums[t] - sums[t - 1])


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
