"""The rules of a certificate: each says what one row, line, code or product says, and nothing is left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from qopt.evaluate._certificate_bounds import Bound
from qopt.evaluate._certificate_layout import Form, Layout
from qopt.evaluate._certificate_numbers import Number, Terms, expect, fields, fraction, meant, reaches, weights, whole
from qopt.evaluate._certificate_state import Reference, reference

_RULE = ("row", "scale", "shape", "form", "constant", "price", "at", "theta", "floor", "weight")
_OTHER = ("row", "scale", "shape", "kept", "floor", "weight")
_KEPT = ("row", "scale", "form", "low", "high")


@dataclass(frozen=True, eq=False)
class Rule:
    """One rule over a form as it is written down, numbers read."""

    ref: Reference
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

    def parabola(self) -> tuple[Fraction, Fraction]:
        """``alpha`` and ``beta`` of ``alpha g**2 + beta g``: weighted rule and emitted price over the form g."""
        weight = self.weight
        if self.shape == "square":
            return weight, self.price
        if self.shape == "window":
            return weight / 2, -weight / 2
        return Fraction(0), weight if least_of(self.form, self.constant) >= 0 else -weight


@dataclass(frozen=True, eq=False)
class Other:
    """A rule of another shape: a polynomial that is never negative, 0 where it holds and at least 1 elsewhere."""

    ref: Reference
    name: str
    terms: Terms
    weight: Fraction
    floor: Fraction


@dataclass(frozen=True, eq=False)
class Cut:
    """A bound on everything feasible, and the energy up to which answers are kept."""

    bound: Bound
    limit: Fraction


class Rules:
    """Everything that is penalised or left to the backend, over the bits of a layout and slack behind them."""

    def __init__(self, layout: Layout, doc: Mapping[str, Any], unit: Fraction, cut: Cut | None) -> None:
        self.layout, self.unit, self.cut = layout, unit, cut
        self.whole_forms: dict[Reference, Form] = {}
        for i, raw in enumerate(doc["splits"]):
            self._split(i, raw)
        layout.numbered()
        self.ruled: set[Reference] = set()
        self.bits = layout.bits
        self.forms = [self._rule(raw) for raw in doc["rules"]]
        self.others = [self._other(raw) for raw in doc["others"]]
        self.kept = [self._keep(raw) for raw in doc["kept"]]
        self._nothing_left()

    def _enter(self, raw: Any, names: tuple[str, ...]) -> tuple[Reference, Fraction, str]:
        fields(raw, names, "a rule")
        ref, scale = reference(raw["row"]), fraction(raw["scale"])
        name = self.layout.name(ref)
        expect(ref not in self.ruled, f"{name} has two rules")
        expect(scale > 0, f"{name}: the scale is not above 0")
        self.ruled.add(ref)
        return ref, scale, name

    def _split(self, i: int, raw: Any) -> None:
        """A long row as counters that add up to it, and a rule per counter that makes it count its piece."""
        fields(raw, ("row", "scale", "parts"), "a split row")
        ref, scale = reference(raw["row"]), fraction(raw["scale"])
        form = self.layout.form(ref)
        expect(ref not in self.whole_forms and scale > 0, f"{form.name} is split twice")
        rest = form.scaled(scale)
        plain: dict[int, Number] = {}
        start = 0
        for j, (given, digits) in enumerate(raw["parts"]):
            part, counter = weights(given), self.layout.number(digits)
            expect(all(rest.pop(b, None) == a for b, a in part.items()), f"{form.name}: pieces of another row")
            least, most = (sum(pick(a, 0) for a in part.values()) for pick in (min, max))
            top = reaches(counter.values())
            expect(top >= most - least, f"{form.name}: a counter is too short")
            both: dict[int, Number] = {**part, **{b: -w for b, w in counter.items()}}
            self.layout.extra["part", i, j] = Form(form.name, both, 0, least, least, least - top, most)
            plain |= {b: w / scale for b, w in counter.items()}
            start += least
        expect(not rest, f"{form.name}: a term is in no piece")
        constant = form.constant + start / scale
        self.whole_forms[ref] = form
        self.layout.extra[ref] = Form(form.name, plain, constant, form.lower, form.upper, form.low, form.high)

    # -- rules over forms

    def _rule(self, raw: Any) -> Rule:
        """Read a rule and compare what it keeps with what its row says."""
        ref, scale, name = self._enter(raw, _RULE)
        expect(raw["shape"] in ("square", "window", "linear"), f"{name}: unknown shape")
        price, weight = fraction(raw["price"]), fraction(raw["weight"])
        expect(price % self.unit == 0, f"{name}: the price is no multiple of the unit")
        expect(weight >= 0, f"{name}: the weight is negative")
        rule = Rule(ref, name, scale, raw["shape"], weights(raw["form"]), whole(raw["constant"]), price, weight, raw)
        form = self.layout.form(ref)
        plain = {b: a for b, a in rule.form.items() if b < self.layout.bits}
        slack = {b: -a for b, a in rule.form.items() if b >= self.layout.bits}
        expect(plain == form.scaled(scale), f"{name}: the form is not the row times its scale")
        new = list(range(self.bits, self.bits + len(slack)))
        expect(list(slack) == new and min(slack.values(), default=1) > 0, f"{name}: slack bits are shared")
        self.bits += len(slack)
        low, high = self._keeps(rule, sorted(slack.values()))
        first, last = form.reach(scale)
        self._says(ref, form, scale, max(low, first), min(high, last))
        return rule

    def _keeps(self, rule: Rule, slack: list[int]) -> tuple[int, int]:
        """Ends of the activities, without slack, at which some slack keeps the rule."""
        if rule.shape == "linear":
            expect(not slack, f"{rule.name}: a linear rule with slack")
            sign = 1 if least_of(rule.form, rule.constant) >= 0 else -1
            turned = least_of({b: -a for b, a in rule.form.items()}, -rule.constant)
            expect(sign > 0 or turned >= 0, f"{rule.name}: a linear rule that can be negative")
            expect(sign * rule.price >= 0, f"{rule.name}: a price against the rule's sign")
            return -rule.constant, -rule.constant
        return -rule.constant, -rule.constant + reaches(slack, 1 if rule.shape == "window" else 0)

    def _says(self, ref: Reference, form: Form, scale: Fraction, low: int, high: int) -> None:
        """Compare the activities from ``low`` to ``high`` with those at which a row holds, or may be wanted."""
        holds = form.kept(scale)
        expect(holds[0] <= low <= high <= holds[1], f"{form.name}: kept where the row is broken")
        for end, way, edge in ((low, -1, holds[0]), (high, 1, holds[1])):
            if end != edge:
                expect(self.cut is not None, f"{form.name}: broken where the row holds")
                assert self.cut is not None
                given = self.whole_forms.get(ref, form)
                shift = (form.constant - given.constant) * scale
                plain = given.scaled(scale)
                kept = int(end + shift)
                beyond = self.cut.bound.excludes(plain, kept, kept + way, self.cut.limit, ref)
                expect(beyond, f"{form.name}: slack is cut where answers may lie")

    # -- rules of other shapes

    def _other(self, raw: Any) -> Other:
        ref, scale, name = self._enter(raw, _OTHER)
        shape = raw["shape"]
        expect(shape in ("pairs", "sign", "chain"), f"{name}: unknown shape")
        terms = {"pairs": self._pairs, "sign": self._sign, "chain": self._chain}[shape](ref, scale, raw["kept"])
        weight, floor = fraction(raw["weight"]), fraction(raw["floor"])
        return Other(ref, name, terms, weight, floor)

    def _pairs(self, ref: Reference, scale: Fraction, kept: Any) -> Terms:
        """The products of all two literals that do not fit together, of a row that forbids no more than such pairs.

        Let i be the heaviest of some literals no two of which clash: the others are lighter and fit beside i, so where
        i and all that fit beside it keep the row, for every i, these literals do.
        """
        form = self.layout.form(ref)
        plain, (first, last) = form.scaled(scale), form.reach(scale)
        (end, side), above = kept, kept[0] == "high"
        expect(end in ("low", "high"), f"unknown end {end!r}")
        low, high = (first, whole(side)) if above else (whole(side), last)
        self._says(ref, form, scale, low, high)
        least, most = (sum(pick(a, 0) for a in plain.values()) for pick in (min, max))
        expect(low <= least if above else high >= most, f"{form.name} can be broken on two sides")
        side = high - least if above else most - low
        literals = sorted((abs(a), b, (a < 0) == above) for b, a in plain.items())
        terms: Terms = {(): 0}
        for i, (weight, b, turned) in enumerate(literals):
            expect(weight + sum(a for a, _, _ in literals[:i] if a + weight <= side) <= side, f"{form.name}: not pairs")
            for other, c, flipped in literals[:i]:
                if weight + other > side:
                    _add_product(terms, (b, turned), (c, flipped))
        return terms

    def _sign(self, ref: Reference, scale: Fraction, kept: Any) -> Terms:
        """A polynomial row of which only one end of what it can be is allowed: the distance to that end."""
        expect(ref[0] == "curve" and kept is None, f"{list(ref)!r} is no polynomial row")
        form = self.layout.form(ref)
        low, high = form.kept(scale)
        first, last = form.reach(scale)
        row = self.layout.problem.polynomial_rows[ref[1]]
        terms = {key: v * scale for key, v in self.layout.terms(row.polynomial, meant).items() if key}
        expect(all(v.denominator == 1 for v in terms.values()), f"{form.name}: the scale does not make the row whole")
        expect(low == high and low in (first, last), f"{form.name} allows more than one end")
        sign = 1 if low == first else -1
        return {(): -sign * low, **{key: sign * v for key, v in terms.items()}}

    def _chain(self, ref: Reference, scale: Fraction, kept: Any) -> Terms:
        """The number of rises ``0 then 1`` in the chains of some columns, none in the right code of any value."""
        expect(ref[0] == "chain" and scale == 1 and kept is None, f"{list(ref)!r} is no chain")
        terms: Terms = {(): 0}
        for c in ref[1:]:
            bits = self.layout.coding.walls[whole(c)]
            for b, after in zip(bits, bits[1:]):
                _add_product(terms, (b, True), (after, False))
        return terms

    # -- what the backend keeps, and what is left

    def _keep(self, raw: Any) -> Reference:
        ref, scale, name = self._enter(raw, _KEPT)
        form = self.layout.form(ref)
        expect(weights(raw["form"]) == form.scaled(scale), f"{name}: what is kept is not the row times its scale")
        first, last = form.reach(scale)
        low = first if raw["low"] is None else max(first, whole(raw["low"]))
        high = last if raw["high"] is None else min(last, whole(raw["high"]))
        expect((low, high) == form.kept(scale), f"{name}: what is kept is not what the row says")
        return ref

    def _nothing_left(self) -> None:
        """Everything that must hold has a rule or always does."""
        for ref in self.layout.musts():
            if ref not in self.ruled:
                expect(self.layout.form(ref).always(), f"{self.layout.name(ref)} has no rule and can be broken")
        state = self.layout.state
        sides = {ref[1:3] for ref in self.ruled if ref[0] == "switch"}
        for k in range(len(self.layout.problem.indicators)):
            line, (column, active) = self.layout.switch(k)
            low, high = state.reach(line.terms)
            for name, excess in (
                ("low", None if line.lower is None else line.lower - low),
                ("high", None if line.upper is None else high - line.upper),
            ):
                on = state.values(column) != (1 - active, 1 - active)
                if on and excess is not None and excess > 0 and (k, name) not in sides:
                    idle = self.layout.form(("switch", k, name, str(excess))).always()
                    expect(idle, f"switched row {k} has no rule and can be broken")
        chains = [c for ref in self.ruled if ref[0] == "chain" for c in ref[1:]]
        long = [c for c, bits in self.layout.coding.walls.items() if len(bits) > 1]
        expect(sorted(c for c in chains if c in long) == sorted(long), "a chain has no rule")


def _add_product(terms: Terms, one: tuple[int, bool], two: tuple[int, bool]) -> None:
    """Add the product of two literals, each a bit or (where flagged) its complement."""
    (b, turned), (c, flipped) = one, two
    s, t = 1 - 2 * turned, 1 - 2 * flipped
    key = (b, c) if b < c else (c, b)
    for term, value in ((key, s * t), ((b,), s * flipped), ((c,), t * turned), ((), turned * flipped)):
        terms[term] = terms.get(term, 0) + int(value)


def least_of(form: Mapping[int, int], constant: int) -> int:
    """Least value of a form over all bit strings."""
    return constant + sum(min(a, 0) for a in form.values())
