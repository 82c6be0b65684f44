"""The objective over bits: prices of soft rows as pieces of energy, and levels under weights that keep their order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import gcd
from typing import Any

from qopt.core.problem import Problem
from qopt.core.rows import Norm
from qopt.evaluate._certificate_layout import Form, Layout
from qopt.evaluate._certificate_numbers import (
    Number,
    Terms,
    exactly,
    expect,
    fields,
    fraction,
    meant,
    reaches,
    size,
    whole,
)
from qopt.evaluate._certificate_state import line_of, reference

_PIECES = {
    "curve": ("row", "kind", "scale"),
    "square": ("row", "kind", "scale", "low", "slack"),
    "distance": ("row", "kind", "scale", "low", "high", "over", "under"),
    "flag": ("row", "kind", "scale", "high", "side", "most", "bit"),
}


@dataclass(frozen=True, eq=False)
class Soft:
    """A soft row over bits."""

    form: Form
    price: Number
    norm: Norm
    level: int

    def cost(self, activity: Number) -> Number:
        """The price of an activity."""
        lower, upper = self.form.lower, self.form.upper
        under = 0 if lower is None else lower - activity
        over = max(0, under, 0 if upper is None else activity - upper)
        if self.norm == Norm.OCCURRENCE:
            return self.price if over > 0 else 0
        return self.price * (over * over if self.norm == Norm.QUADRATIC else over)

    def breaks(self) -> tuple[bool, bool]:
        """Whether the lower and the upper side can be broken."""
        f = self.form
        return f.lower is not None and f.low < f.lower, f.upper is not None and f.high > f.upper


class Objective:
    """The levels over the bits of a layout, soft prices included, to be made small.

    Parameters
    ----------
    layout
        Takes up the bits of the pieces, and the rules that tie them to their rows.
    pieces, level_weights
        As written down.
    """

    def __init__(self, layout: Layout, pieces: Any, level_weights: Any) -> None:
        problem = layout.problem
        self.layout, number = layout, number_of(problem)
        self.levels: list[Terms] = []
        for level in problem.levels:
            terms = layout.terms(level.total, number)
            self.levels.append({key: problem.sense.sign * v for key, v in terms.items()})
        self.paid: dict[tuple[Any, ...], list[Any]] = {}
        for i, raw in enumerate(pieces):
            self._piece(i, raw)
        layout.numbered()
        for ref, soft in _every_soft(layout):
            self._pays(ref, soft)
        self.weights = [fraction(text) for text in level_weights]
        self.slack: Fraction | None = None
        self.terms = self._ordered()

    def _ordered(self) -> Terms:
        """All levels under their weights, each of which outweighs everything behind it by ``slack`` at least."""
        expect(len(self.weights) == len(self.levels), "there is not one weight per level")
        expect(self.weights[-1] == 1, "the weight of the last level is not 1")
        expect(all(w.denominator == 1 and w > 0 for w in self.weights), "a weight of a level is not whole")
        total = dict(self.levels[-1])
        for weight, terms in reversed(list(zip(self.weights[:-1], self.levels[:-1]))):
            sizes = [size(v) for key, v in terms.items() if key and v]
            if sizes:
                room = weight * _divisor(sizes) - sum(size(v) for key, v in total.items() if key)
                expect(room > 0, "a level of the objective does not outweigh those behind it")
                self.slack = room if self.slack is None else min(self.slack, room)
            for key, v in terms.items():
                total[key] = total.get(key, 0) + v * weight.numerator
        return {key: v for key, v in total.items() if v or not key}

    # -- soft rows

    def _piece(self, i: int, raw: Any) -> None:
        expect(raw["kind"] in _PIECES, f"unknown piece {raw['kind']!r}")
        fields(raw, _PIECES[raw["kind"]], "a piece of a soft row")
        ref, scale = reference(raw["row"]), fraction(raw["scale"])
        soft = soft_of(self.layout, ref)
        expect(scale > 0 and bool(soft.form.plain or scale == 1), f"{soft.form.name}: a scale that is not needed")
        expect(min(soft.form.plain, default=0) >= 0, f"{soft.form.name} holds a product without a bit")
        kind = raw["kind"] if raw["kind"] != "flag" else raw["side"]
        expect(kind not in self.paid.setdefault(ref, []), f"{soft.form.name} is paid twice")
        self.paid[ref].append(kind)
        energy = {"curve": self._curve, "square": self._square, "distance": self._distance, "flag": self._flag}
        made = energy[raw["kind"]](soft, scale, raw, ("price", i))
        level = self.levels[soft.level]
        for key, v in made.items():
            level[key] = level.get(key, 0) + v

    def _pays(self, ref: tuple[Any, ...], soft: Soft) -> None:
        """Every soft row is paid for, once."""
        kinds = self.paid.get(ref, [])
        below, above = soft.breaks()
        if "low" in kinds or "high" in kinds:
            expect(sorted(kinds) == ["high"] * above + ["low"] * below, f"{soft.form.name} is paid otherwise")
        else:
            expect(len(kinds) == 1 or not (kinds or (soft.price and (below or above))), f"{soft.form.name} is free")

    def _curve(self, soft: Soft, scale: Fraction, raw: Any, ref: Any) -> Terms:
        """A parabola that meets the price of every activity, or the one parabola that the price is."""
        f = soft.form
        (low, high), form = f.reach(scale), f.scaled(scale)
        expect(low == (f.low - f.constant) * scale, f"{f.name}: the scale does not make the row whole")
        beyond = (f.lower is not None and f.high <= f.lower) or (f.upper is not None and f.low >= f.upper)
        plain = beyond and soft.norm != Norm.OCCURRENCE
        expect(high - low <= 2 or plain, f"{f.name}: its price is no parabola")
        cost = [soft.cost(f.low + Fraction(min(t, high - low)) / scale) for t in range(3)]
        bend = (cost[2] - 2 * cost[1] + cost[0]) / Fraction(2) if high - low >= 2 else Fraction(0)
        return squared(form, -low, bend, cost[1] - cost[0] - bend, cost[0])

    def _square(self, soft: Soft, scale: Fraction, raw: Any, ref: Any) -> Terms:
        """``price (f - low - slack)**2``, least over the slack the squared distance to the sides."""
        f, form = soft.form, soft.form.scaled(scale)
        slack = self.layout.number(raw["slack"])
        low, high = whole(raw["low"]), whole(raw["low"]) + reaches(slack.values())
        expect(soft.norm == Norm.QUADRATIC and soft.price >= 0, f"{f.name} has another norm")
        _sides(soft, scale, low, high)
        return squared(form | {b: -w for b, w in slack.items()}, -low, soft.price / scale**2, 0, 0)

    def _distance(self, soft: Soft, scale: Fraction, raw: Any, ref: Any) -> Terms:
        """``price (over + under)`` under the rule ``low <= f - over + under <= high``."""
        f, form = soft.form, soft.form.scaled(scale)
        over, under = self.layout.number(raw["over"]), self.layout.number(raw["under"])
        low, high, (first, last) = whole(raw["low"]), whole(raw["high"]), f.reach(scale)
        expect(soft.norm == Norm.LINEAR and soft.price >= 0 and low <= high, f"{f.name} has another norm")
        _sides(soft, scale, low, high)
        most = [reaches(digits.values()) for digits in (over, under)]
        expect(most[0] >= last - high and most[1] >= low - first, f"{f.name}: its distance reaches too short")
        plain: dict[int, Number] = {**form, **{b: -w for b, w in over.items()}, **under}
        self.layout.extra[ref] = Form(f.name, plain, 0, low, high, first - most[0], last + most[1])
        price = soft.price / scale
        return {(b,): price * w for digits in (over, under) for b, w in digits.items()}

    def _flag(self, soft: Soft, scale: Fraction, raw: Any, ref: Any) -> Terms:
        """``price flag`` for a side, under the rule ``side f - most flag <= high``."""
        f, sign = soft.form, {"high": 1, "low": -1}[raw["side"]]
        form = {b: sign * a for b, a in f.scaled(scale).items()}
        (bit,) = self.layout.number([[whole(raw["bit"]), 1]])
        high, most = whole(raw["high"]), whole(raw["most"])
        ends = [sign * end for end in f.reach(scale)][::sign]
        side = f.upper if sign > 0 else f.lower
        expect(soft.norm == Norm.OCCURRENCE and soft.price >= 0, f"{f.name} has another norm")
        expect(side is not None and high == sign * (side - f.constant) * scale, f"{f.name}: a side differs")
        expect(most == ends[1] - high and most > 0, f"{f.name}: its flag reaches elsewhere")
        # Below the first of these lies nothing whose flag is right.
        first = min(ends[0], high + 1 - most)
        self.layout.extra[ref] = Form(f.name, {**form, bit: -most}, 0, None, high, first, ends[1])
        return {(bit,): soft.price}


def number_of(problem: Problem) -> Any:
    """How numbers of the objective are read: as the rationals they are, with several levels as they were meant.

    Levels tie where decimals are equal, although sums of floats may differ in the last digit.
    """
    return exactly if len(problem.levels) == 1 else meant


def soft_of(layout: Layout, ref: tuple[Any, ...]) -> Soft:
    """The soft row that a reference names."""
    kind, k = ref
    expect(kind in ("row", "curve") and whole(k) >= 0, f"unknown reference {list(ref)!r}")
    if kind == "curve":
        row = layout.problem.polynomial_rows[k]
        expect(row.price is not None, f"{row.name} is not soft")
        return Soft(layout.curve(k), meant(float(row.price or 0.0)), Norm(row.norm), row.level)
    rows = layout.problem.rows
    expect(bool(rows.soft[k]) and rows.price is not None, f"{rows.names[k]} is not soft")
    assert rows.price is not None
    form = layout.over_bits(rows.names[k], layout.state.in_sources(line_of(rows, k)))
    norm = Norm.LINEAR if rows.norm is None else Norm(int(rows.norm[k]))
    return Soft(form, meant(float(rows.price[k])), norm, 0 if rows.level is None else int(rows.level[k]))


def _every_soft(layout: Layout) -> list[tuple[tuple[Any, ...], Soft]]:
    problem = layout.problem
    refs = [("row", k) for k in range(len(problem.rows)) if problem.rows.soft[k]]
    refs += [("curve", k) for k, row in enumerate(problem.polynomial_rows) if row.price is not None]
    return [(ref, soft_of(layout, ref)) for ref in refs]


def _sides(soft: Soft, scale: Fraction, low: int, high: int) -> None:
    """Check that ``low`` and ``high`` are the sides where these can be broken, and beyond reach elsewhere."""
    f = soft.form
    first, last = f.reach(scale)
    below, above = soft.breaks()
    right_low = low == (f.lower - f.constant) * scale if below and f.lower is not None else low <= first
    right_high = high == (f.upper - f.constant) * scale if above and f.upper is not None else high >= last
    expect(right_low and right_high, f"{f.name}: a side of its price differs")


def _divisor(sizes: list[Number]) -> Fraction:
    """The largest number that all are whole multiples of."""
    common = 1
    for v in sizes:
        common = common * v.denominator // gcd(common, v.denominator)
    return Fraction(gcd(*(int(v * common) for v in sizes)), common)


def squared(form: Mapping[int, int], constant: int, alpha: Number, beta: Number, start: Number) -> Terms:
    """``alpha g**2 + beta g + start`` for g = form + constant, as terms."""
    out: Terms = {(): alpha * constant * constant + beta * constant + start}
    items = sorted(form.items())
    for t, (b, a) in enumerate(items):
        out[(b,)] = alpha * (a * a + 2 * a * constant) + beta * a
        if alpha:
            for other, v in items[t + 1 :]:
                out[b, other] = 2 * alpha * a * v
    return {key: v for key, v in out.items() if v or not key}
