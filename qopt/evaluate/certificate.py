"""Check the proof of a QUBO in exact arithmetic, from the problem, the QUBO and the certificate alone.

Nothing of the compiler is used. What is checked, and what it shows:

1. The hashes are those of the problem and of the QUBO that were handed in.
2. Every column is a sum of its own bits that takes exactly the values of its domain, or of the narrower one that a cut
   allows, where the cut's bound shows that no answer up to the limit has another value.
3. Every rule is one row (or line of a group) of the problem in whole numbers, kept exactly where the row holds, or on
   less where the cut's bound allows it; every row without a rule holds on the whole domain.
4. The linear function L below the objective, with the rules' prices, has the reduced costs and the least value that are
   written down; so have theta(k), the least of L where a rule's form is k, and the floor that follows from it.
5. ``theta(k) - M + m - s k + weight * P(k) >= target`` for every whole k at which a rule is broken. Its left side is
   convex in k, so that its minimum is found by bisection: all k are checked, however far the form reaches.
6. Objective, weighted rules and emitted prices add up, term by term, to the QUBO.

Then everything that breaks a rule lies at or above the target, and everything else is at its objective. The formulas
are in ``compilers/penalties/dual.py`` and in ``docs``; the names of the fields are those of the schema below.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any

from qopt.core.hashing import problem_hash, qubo_hash
from qopt.core.polynomial import Polynomial
from qopt.core.problem import Problem
from qopt.evaluate._certificate_bounds import Bound, lowest_outside
from qopt.evaluate._certificate_lines import (
    Coding,
    Lines,
    NotProvenError,
    Range,
    expect,
    fraction,
    terms_of,
    whole,
)
from qopt.evaluate._certificate_rules import Rule, distance, least_of

SCHEMA = 1
_FIELDS = frozenset(
    [
        "digest",
        "schema",
        "problem",
        "qubo",
        "bits",
        "guarantee",
        "incumbent",
        "witness",
        "allowance",
        "margin",
        "target",
        "unit",
        "columns",
        "shares",
        "costs",
        "least",
        "rules",
        "cut",
        "rounding",
    ]
)
_RULE = frozenset(["row", "scale", "shape", "form", "constant", "price", "at", "theta", "floor", "weight"])
_CUT = frozenset(["unit", "limit", "shares", "prices", "costs", "least"])
_NOISE = Fraction(1, 2**38)


@dataclass(frozen=True)
class Verdict:
    """What a certificate is worth.

    Parameters
    ----------
    proven
        Whether every step holds.
    guarantee
        What is proven then: ``argmin``, ``top:…`` or ``total``.
    fault
        The first thing that does not hold; empty when proven.
    assumed
        What the proof takes for granted, one sentence each: that an answer as good as the incumbent exists, where the
        certificate carries none.
    """

    proven: bool
    guarantee: str
    fault: str = ""
    assumed: tuple[str, ...] = ()


def digest(document: Mapping[str, Any]) -> str:
    """SHA-256 of a document as canonical JSON without its digest: tells damage from a proof that was always wrong."""
    body = {key: value for key, value in document.items() if key != "digest"}
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def verify(document: Any, problem: Problem, qubo: Polynomial) -> Verdict:
    """Check a certificate (the parsed JSON document) against a problem and the energy of its QUBO."""
    try:
        checker = _Checker(document, problem, qubo)
        assumed = checker.run()
    except NotProvenError as fault:
        return Verdict(False, "none", str(fault))
    except (KeyError, IndexError, TypeError, AttributeError, ValueError, ZeroDivisionError, OverflowError) as fault:
        return Verdict(False, "none", f"the certificate is malformed: {type(fault).__name__}: {fault}")
    return Verdict(True, str(document["guarantee"]), "", assumed)


class _Checker:
    """One run, in the order of the module's text."""

    def __init__(self, document: Any, problem: Problem, qubo: Polynomial) -> None:
        expect(isinstance(document, Mapping), "a certificate is a JSON object")
        expect(document.get("schema") == SCHEMA, f"schema {document.get('schema')!r} is not {SCHEMA}")
        expect(document.get("digest") == digest(document), "the certificate was changed: its digest differs")
        expect(frozenset(document) == _FIELDS, f"fields are not those of schema {SCHEMA}")
        self.doc, self.problem, self.qubo = document, problem, qubo
        self.sign = problem.sense.sign

    def run(self) -> tuple[str, ...]:
        doc = self.doc
        expect(doc["problem"] == problem_hash(self.problem), "the certificate is of another problem")
        expect(doc["qubo"] == qubo_hash(self.qubo), "the certificate is of another QUBO")
        expect(whole(doc["bits"]) == self.qubo.n, "the number of bits is not that of the QUBO")
        self.unit = fraction(doc["unit"])
        expect(self.unit > 0, "the unit is not above 0")
        cut = doc["cut"]
        expect(isinstance(cut, Mapping) and set(cut) == {"columns", "rows"}, "cut holds columns and rows")
        domain = Lines.domain(self.problem)
        if cut["columns"] is not None:
            domain = self._narrowed(cut["columns"], domain)
        self.coding = Coding.read(doc["columns"], domain)
        self.lines = Lines(self.problem, self.coding)
        self.objective = terms_of(self.problem, self.coding)
        assumed = self._target()
        self.rules = [self._rule(raw) for raw in doc["rules"]]
        self._cover()
        self._bounds()
        self._energy()
        return assumed

    # -- 2: columns and their cut

    def _narrowed(self, cut: Any, domain: list[Range]) -> list[Range]:
        """The domain after the cut of columns, once its bound has been shown to allow it."""
        expect(frozenset(cut) == _CUT | {"columns", "bounds"}, "the cut of columns has other fields")
        coding = Coding.read(cut["columns"], domain)
        bound, limit = self._slope(cut, coding, Lines(self.problem, coding)), fraction(cut["limit"])
        expect(len(cut["bounds"]) == len(domain), "the cut has not one pair of bounds per column")
        made = []
        for c, (old, (low, high)) in enumerate(zip(domain, cut["bounds"])):
            new = Range(whole(low), whole(high), old.step)
            expect(old.low <= new.low <= new.high <= old.high, f"column {c} is not narrowed but moved")
            expect(
                (new.low - old.low) % old.step == 0 == (old.high - new.high) % old.step, f"column {c} is off its grid"
            )
            offset, form = coding.offset[c], coding.form[c]
            for end, way, edge in ((new.low, -1, old.low), (new.high, 1, old.high)):
                if end != edge:
                    step = way * old.step
                    inside, outside = (bound.at(form, k - offset) for k in (end, end + step))
                    expect(outside > limit and outside >= inside, f"column {c} is cut where answers may lie")
            made.append(new)
        return made

    def _slope(self, cut: Any, coding: Coding, lines: Lines) -> Bound:
        """The bound that a cut starts from: prices of rows against sides that nothing feasible passes."""
        unit = fraction(cut["unit"])
        bound = Bound(terms_of(self.problem, coding), coding.bits, cut["shares"], unit)
        for raw in cut["prices"]:
            expect(frozenset(raw) == {"row", "scale", "price", "side"}, "a price has other fields")
            line = lines.line(raw["row"])
            scale, price, side = fraction(raw["scale"]), fraction(raw["price"]), whole(raw["side"])
            expect(scale > 0 and price != 0, f"{line.name}: scale and price must not be 0")
            holds = line.range(scale)
            expect(side >= holds.high if price > 0 else side <= holds.low, f"{line.name}: a price on the wrong side")
            bound.add(line.form(scale), -side, price, tuple(raw["row"]))
        self._same(bound, cut, "the cut")
        return bound

    def _same(self, bound: Bound, given: Mapping[str, Any], what: str) -> None:
        expect([str(c) for c in bound.costs] == list(given["costs"]), f"{what}: reduced costs differ")
        expect(str(bound.least) == given["least"], f"{what}: the least value differs")

    # -- what is to be outweighed

    def _target(self) -> tuple[str, ...]:
        """Read and check incumbent, allowance, margin and target."""
        doc = self.doc
        assumed: tuple[str, ...] = ()
        self.margin, allowance = fraction(doc["margin"]), fraction(doc["allowance"])
        expect(self.margin > 0, "the margin is not above 0")
        guarantee = str(doc["guarantee"])
        if doc["incumbent"] is None:
            expect(guarantee == "total", f"{guarantee} needs an incumbent")
            top = Fraction(self.objective[()]) + sum(max(v, 0) for key, v in self.objective.items() if key)
            wanted = Fraction(0)
        else:
            expect(guarantee != "total", "total takes no incumbent")
            top = fraction(doc["incumbent"])
            wanted = _allowed(guarantee, top)
        noise = _NOISE * max(Fraction(1), abs(top) + wanted)
        expect(abs(allowance - wanted) <= noise, "the allowance is not that of the guarantee")
        expect(allowance + self.margin > wanted, "the margin is within the rounding of the allowance")
        self.reach = top + wanted
        self.target = top + allowance + self.margin
        expect(str(self.target) == doc["target"], "the target is not incumbent + allowance + margin")
        if doc["witness"] is not None:
            energy = self._witness(doc["witness"])
            boxes = [max(abs(box.low), abs(box.high)) for box in Lines.domain(self.problem)]
            span = Fraction(1)
            for key, value in terms_of(self.problem, None).items():
                span += max(value, -value) * _product(boxes, key)
            if doc["incumbent"] is not None:
                expect(energy <= top <= energy + 16 * _NOISE * span, "the incumbent is not the energy of its witness")
        elif doc["incumbent"] is not None:
            assumed = (f"some feasible answer has an energy of at most {doc['incumbent']}",)
        for part in ("columns", "rows"):
            cut = doc["cut"][part]
            if cut is not None:
                limit = fraction(cut["limit"])
                expect(doc["incumbent"] is not None, "a cut needs an incumbent")
                expect(self.reach <= limit <= self.reach + noise, "the limit of a cut is not incumbent + allowance")
        return assumed

    def _witness(self, values: Any) -> Fraction:
        """Energy of the witness, which must be feasible."""
        expect(isinstance(values, list) and len(values) == self.problem.n, "the witness has not one value per column")
        point = [whole(v) for v in values]
        for c, (v, box) in enumerate(zip(point, Lines.domain(self.problem))):
            expect(
                box.low <= v <= box.high and (v - box.low) % box.step == 0, f"witness: column {c} is out of its domain"
            )
        for line in self.lines.of_problem():
            activity = sum((a * point[c] for c, a in line.columns.items()), Fraction(0))
            expect(line.holds(activity), f"witness: {line.name} is broken")
        return Fraction(sum(v * _product(point, key) for key, v in terms_of(self.problem, None).items()))

    # -- 3: rules

    def _rule(self, raw: Any) -> Rule:
        expect(isinstance(raw, Mapping) and frozenset(raw) == _RULE, "a rule has other fields")
        ref = tuple(raw["row"])
        line = self.lines.line(raw["row"])
        expect(raw["shape"] in ("square", "window", "linear"), f"{line.name}: unknown shape")
        form = {whole(b): whole(a) for b, a in raw["form"]}
        expect(len(form) == len(raw["form"]) and list(form) == sorted(form), f"{line.name}: a bit stands twice")
        price, weight, scale = (fraction(raw[k]) for k in ("price", "weight", "scale"))
        expect(price % self.unit == 0, f"{line.name}: the price is no multiple of the unit")
        expect(scale > 0 and weight >= 0, f"{line.name}: scale or weight is negative")
        return Rule(ref, line.name, scale, raw["shape"], form, whole(raw["constant"]), price, weight, raw)

    def _cover(self) -> None:
        """Rules and rows say the same, up to what the cut allows."""
        used = set(self.coding.owner)
        ruled = set()
        cut = self.doc["cut"]["rows"]
        bound = limit = None
        if cut is not None:
            expect(frozenset(cut) == _CUT, "the cut of rows has other fields")
            bound, limit = self._slope(cut, self.coding, self.lines), fraction(cut["limit"])
        for rule in self.rules:
            expect(rule.ref not in ruled, f"{rule.name} has two rules")
            ruled.add(rule.ref)
            line = self.lines.line(rule.ref)
            plain = {b: a for b, a in rule.form.items() if b in self.coding.owner}
            slack = {b: -a for b, a in rule.form.items() if b not in self.coding.owner}
            expect(plain == line.form(rule.scale), f"{rule.name}: the form is not the row times its scale")
            expect(not used & set(slack) and min(slack.values(), default=1) > 0, f"{rule.name}: slack bits are shared")
            used |= set(slack)
            kept = self._kept(rule, sorted(slack.values()))
            reach, holds = line.reach(rule.scale), line.range(rule.scale)
            low, high = max(kept.low, reach.low), min(kept.high, reach.high)
            expect(holds.low <= low <= high <= holds.high, f"{rule.name}: kept where the row is broken")
            for end, way, edge in ((low, -1, holds.low), (high, 1, holds.high)):
                if end != edge:
                    expect(bound is not None, f"{rule.name}: broken where the row holds")
                    assert bound is not None and limit is not None
                    inside, outside = (bound.at(plain, k, rule.ref) for k in (end, end + way))
                    expect(outside > limit and outside >= inside, f"{rule.name}: slack is cut where answers may lie")
        expect(used == set(range(self.qubo.n)), "a bit belongs to no column and no rule")
        for line in self.lines.every():
            if line.ref not in ruled:
                expect(line.always(), f"{line.name} has no rule and can be broken")

    def _kept(self, rule: Rule, slack: list[int]) -> Range:
        """The activities, without slack, at which some slack keeps the rule."""
        if rule.shape == "linear":
            expect(not slack, f"{rule.name}: a linear rule with slack")
            sign = 1 if least_of(rule.form, rule.constant) >= 0 else -1
            expect(
                sign > 0 or least_of({b: -a for b, a in rule.form.items()}, -rule.constant) >= 0,
                f"{rule.name}: a linear rule that can be negative",
            )
            expect(sign * rule.price >= 0, f"{rule.name}: a price against the rule's sign")
            return Range(-rule.constant, -rule.constant, 1)
        room = 1 if rule.shape == "window" else 0
        for digit in slack:
            expect(digit <= room + 1, f"{rule.name}: the slack digits leave a gap")
            room += digit
        return Range(-rule.constant, -rule.constant + room, 1)

    # -- 4 and 5: bounds

    def _bounds(self) -> None:
        bound = Bound(self.objective, self.qubo.n, self.doc["shares"], self.unit)
        for rule in self.rules:
            bound.add(rule.form, rule.constant, rule.price, rule.ref)
        self._same(bound, self.doc, "the bound")
        losses = sum((rule.loss for rule in self.rules), Fraction(0))
        for rule in self.rules:
            if rule.lent:
                expect(rule.weight >= abs(rule.price), f"{rule.name}: lends more than its weight")
            given = losses - rule.loss
            slope = rule.price if rule.lent else Fraction(0)
            profile = bound.profile(rule.form, rule.constant)

            def above(
                k: int, weight: Fraction, rule: Any = rule, p: Any = profile, g: Any = given, s: Any = slope
            ) -> Fraction:
                return p(k) - g - s * k + weight * rule.amount(k) - self.target

            at, floor = whole(rule.raw["at"]), fraction(rule.raw["floor"])
            expect(profile.least <= at <= profile.most, f"{rule.name}: its form never is {at}")
            expect(str(profile(at)) == rule.raw["theta"], f"{rule.name}: theta at {at} differs")
            if floor > 0:
                expect(above(at, floor) == 0, f"{rule.name}: the floor is not what theta asks for")
            else:
                expect(floor == 0, f"{rule.name}: a floor below 0")
            kept = (0, 1) if rule.shape == "window" else (0, 0)
            # A larger weight only adds where the rule is broken, so that the floor's inequality is the weight's too.
            lowest = lowest_outside(partial(above, weight=floor), profile.least, profile.most, kept)
            expect(lowest is None or lowest >= 0, f"{rule.name}: the floor is too small")
            expect(rule.weight >= floor, f"{rule.name}: the weight is too small")

    # -- 6: energy

    def _energy(self) -> None:
        """Compare the sum of everything with the QUBO."""
        rounding = distance(self.objective, self.rules, self.qubo)
        expect(str(rounding) == self.doc["rounding"], "the QUBO is not objective + prices + weighted rules")
        expect(2 * rounding < self.margin, "the QUBO is rounded by more than the margin allows")


def _product(point: list[int], key: tuple[int, ...]) -> int:
    out = 1
    for c in key:
        out *= point[c]
    return out


def _allowed(guarantee: str, top: Fraction) -> Fraction:
    """How far above the incumbent the guarantee reaches."""
    if guarantee in ("argmin", "total"):
        return Fraction(0)
    head, _, tail = guarantee.partition(":")
    expect(head == "top" and tail != "", f"unknown guarantee {guarantee!r}")
    amount = Fraction(tail.removesuffix("%"))
    expect(amount >= 0, f"unknown guarantee {guarantee!r}")
    return amount / 100 * abs(top) if tail.endswith("%") else amount
