"""Check the proof of a QUBO in exact arithmetic, from the problem, the QUBO and the certificate alone.

Nothing of the compiler is used. What is checked, and what it shows:

1. The hashes are those of the problem and of the QUBO that were handed in.
2. Every step of the presolve follows from what was known before it (``_certificate_steps``).
3. Every column is a sum of its own bits that takes exactly the values of its domain, or of the narrower one that a cut
   allows, where the cut's bound shows that no answer up to the limit has another value (``_certificate_layout``).
4. Least over the bits of their numbers, soft rows cost their price, and every level of the objective outweighs those
   behind it (``_certificate_objective``).
5. Every rule is one row, line, code, product or switched side in whole numbers, kept exactly where that holds, or on
   less where the cut's bound allows it; everything without a rule always holds, or is left to the backend
   (``_certificate_rules``).
6. Products of a bit and an exactly-one rule may be added to the objective, and pairs left out that no rule on at most
   one of its bits allows: that changes nothing on what is kept. Without an incumbent, what everything kept is at most
   is shown instead (``_certificate_raised``).
7. The linear function L below the objective, with the rules' prices, has the reduced costs and the least value that are
   written down; so have theta(k), the least of L where a rule's form is k, and the floor that follows from it.
8. ``theta(k) - M + m - s k + weight * P(k) >= target`` for every whole k at which a rule is broken. Its left side is
   convex in k, so that its minimum is found by bisection: all k are checked, however far the form reaches. Squares
   whose forms add up to nothing count as ``k**2 + abs(k)``, and have the weights for it.
9. Objective, weighted rules and emitted prices add up, term by term, to the QUBO, after products went back into the
   place of their bits or longer products became pairs, where that was done (``_certificate_energy``).

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
from qopt.evaluate._certificate_energy import Energy, weights_of
from qopt.evaluate._certificate_layout import Layout
from qopt.evaluate._certificate_numbers import NotProvenError, Range, expect, fields, fraction, whole
from qopt.evaluate._certificate_objective import Objective
from qopt.evaluate._certificate_raised import ceiling, raised, shared
from qopt.evaluate._certificate_rules import Cut, Rule, Rules
from qopt.evaluate._certificate_state import State, reference
from qopt.evaluate._certificate_steps import retraced
from qopt.evaluate._certificate_witness import allowed, energy_of, span_of

SCHEMA = 3
_LAYOUT = ("columns", "products", "pieces", "levels")
_BOUND = ("shares", "longer", "costs", "least")
_FIELDS = (
    *("digest", "schema", "problem", "qubo", "bits", "guarantee", "incumbent", "witness", "allowance", "margin"),
    *("target", "unit", "steps", *_LAYOUT, *_BOUND, "splits", "rules", "others", "kept", "cut"),
    *("raised", "identities", "ceiling", "unfolded", "gadgets", "rounding"),
)
_CUT = ("unit", "limit", "prices", *_BOUND)
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
        certificate carries none; that a backend keeps what was left to it.
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
    except (LookupError, TypeError, AttributeError, ValueError, ArithmeticError) as fault:
        return Verdict(False, "none", f"the certificate is malformed: {type(fault).__name__}: {fault}")
    return Verdict(True, str(document["guarantee"]), "", assumed)


class _Checker:
    """One run, in the order of the module's text."""

    def __init__(self, document: Any, problem: Problem, qubo: Polynomial) -> None:
        expect(isinstance(document, Mapping), "a certificate is a JSON object")
        expect(document.get("schema") == SCHEMA, f"schema {document.get('schema')!r} is not {SCHEMA}")
        expect(document.get("digest") == digest(document), "the certificate was changed: its digest differs")
        fields(document, _FIELDS, "the certificate")
        self.doc, self.problem, self.qubo = document, problem, qubo
        self.cut_objective: Objective | None = None

    def run(self) -> tuple[str, ...]:
        doc = self.doc
        expect(doc["problem"] == problem_hash(self.problem), "the certificate is of another problem")
        expect(doc["qubo"] == qubo_hash(self.qubo), "the certificate is of another QUBO")
        expect(whole(doc["bits"]) == self.qubo.n, "the number of bits is not that of the QUBO")
        self.unit = fraction(doc["unit"])
        expect(self.unit > 0, "the unit is not above 0")
        fields(doc["cut"], ("columns", "rows"), "the cut")
        self.state = State(self.problem)
        retraced(self.state, doc["steps"])
        if doc["cut"]["columns"] is not None:
            self._narrow(doc["cut"]["columns"])
        self.layout = Layout(self.state, doc["columns"], doc["products"])
        self.objective = Objective(self.layout, doc["pieces"], doc["levels"])
        cut = doc["cut"]["rows"]
        if cut is not None:
            fields(cut, _CUT, "the cut of rows")
        slope = None if cut is None else self._slope(cut, self.layout, self.objective)
        self.rules = Rules(self.layout, doc, self.unit, slope)
        self.terms = raised(self.objective.terms, doc["raised"], self.rules.forms)
        self.shared = shared(doc["identities"], self.rules.forms)
        assumed = self._target()
        self._bounds()
        self._energy()
        kept = len(self.rules.kept)
        return assumed + ((f"the backend keeps the {kept} rules that were left to it",) if kept else ())

    # -- cuts

    def _narrow(self, cut: Any) -> None:
        """Take the cut of columns, once its bound has been shown to allow it."""
        fields(cut, (*_CUT, *_LAYOUT, "bounds"), "the cut of columns")
        layout = Layout(self.state, cut["columns"], cut["products"])
        self.cut_objective = Objective(layout, cut["pieces"], cut["levels"])
        slope = self._slope(cut, layout, self.cut_objective)
        boxes, coding, made = self.state.boxes, layout.coding, []
        expect(len(cut["bounds"]) == len(boxes), "the cut has not one pair of bounds per column")
        for c, (old, (low, high)) in enumerate(zip(boxes, cut["bounds"])):
            new = Range(whole(low), whole(high), old.step)
            expect(old.holds(whole(low)) and old.holds(whole(high)) and low <= high, f"column {c} is moved, not cut")
            for end, way, edge in ((low, -1, old.low), (high, 1, old.high)):
                if end != edge:
                    kept = end - coding.offset[c]
                    beyond = slope.bound.excludes(coding.form[c], kept, kept + way * old.step, slope.limit)
                    expect(beyond, f"column {c} is cut where answers may lie")
            made.append(new)
        self.state.boxes = made

    def _slope(self, cut: Any, layout: Layout, objective: Objective) -> Cut:
        """The bound that a cut starts from: prices of rows against sides that nothing feasible passes."""
        unit = fraction(cut["unit"])
        bound = Bound(objective.terms, layout.bits, cut["shares"], cut["longer"], unit)
        for raw in cut["prices"]:
            fields(raw, ("row", "scale", "price", "side"), "a price")
            ref = reference(raw["row"])
            form = layout.form(ref)
            scale, price, side = fraction(raw["scale"]), fraction(raw["price"]), whole(raw["side"])
            expect(scale > 0 and price != 0, f"{form.name}: scale and price must not be 0")
            low, high = form.kept(scale)
            expect(side >= high if price > 0 else side <= low, f"{form.name}: a price on the wrong side")
            bound.add(form.scaled(scale), -side, price, ref)
        self._same(bound, cut, "the cut")
        return Cut(bound, fraction(cut["limit"]))

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
            rules = self.rules
            top = ceiling(doc["ceiling"], self.objective.terms, rules.forms, rules.bits, self._same)
            wanted = Fraction(0)
        else:
            expect(doc["ceiling"] is None, "a ceiling beside an incumbent")
            expect(guarantee != "total", "total takes no incumbent")
            top = fraction(doc["incumbent"])
            wanted = allowed(guarantee, top)
        noise = _NOISE * max(Fraction(1), abs(top) + wanted)
        expect(abs(allowance - wanted) <= noise, "the allowance is not that of the guarantee")
        expect(allowance + self.margin > wanted, "the margin is within the rounding of the allowance")
        self.target = top + allowance + self.margin
        expect(str(self.target) == doc["target"], "the target is not incumbent + allowance + margin")
        if doc["witness"] is not None:
            energy = energy_of(self.problem, doc["witness"], self.objective.weights)
            if doc["incumbent"] is not None:
                span = span_of(self.cut_objective or self.objective)
                expect(energy <= top <= energy + 16 * _NOISE * span, "the incumbent is not the energy of its witness")
        elif doc["incumbent"] is not None:
            assumed = (f"some feasible answer has an energy of at most {doc['incumbent']}",)
        for part, objective in (("columns", self.cut_objective), ("rows", self.objective)):
            cut = doc["cut"][part]
            if cut is None or objective is None:
                continue
            limit, reach, more = fraction(cut["limit"]), top + wanted, noise
            expect(doc["incumbent"] is not None, "a cut needs an incumbent")
            if len(objective.weights) > 1:
                # Levels may have had other weights then, so that the same answer had another energy.
                expect(guarantee == "argmin" and doc["witness"] is not None, "a cut of levels needs a witness")
                reach = energy_of(self.problem, doc["witness"], objective.weights)
                more = 16 * _NOISE * span_of(objective)
            expect(reach <= limit <= reach + more, "the limit of a cut is not incumbent + allowance")
        return assumed

    # -- bounds

    def _bounds(self) -> None:
        doc, rules = self.doc, self.rules.forms
        bound = Bound(self.terms, self.rules.bits, doc["shares"], doc["longer"], self.unit)
        for rule in rules:
            bound.add(rule.form, rule.constant, rule.price, rule.ref)
        self._same(bound, doc, "the bound")
        losses = sum((rule.loss for rule in rules), Fraction(0))
        for j, rule in enumerate(rules):
            self._outweighs(rule, bound, losses - rule.loss, j in self.shared)
        for other in self.rules.others:
            need = max(Fraction(0), self.target - (bound.least - losses))
            expect(other.floor == need, f"{other.name}: the floor is not what the bound asks for")
            expect(other.weight >= need, f"{other.name}: the weight is too small")

    def _outweighs(self, rule: Rule, bound: Bound, given: Fraction, shared: bool) -> None:
        """Check floor and weight of one rule.

        ``given`` is what the prices of the others say at most; a shared rule is never broken without others like it.
        """
        if rule.lent:
            expect(rule.weight >= abs(rule.price), f"{rule.name}: lends more than its weight")
        slope = rule.price if rule.lent else Fraction(0)
        profile = bound.profile(rule.form, rule.constant)

        def above(k: int, weight: Fraction) -> Fraction:
            return profile(k) - given - slope * k + weight * (rule.amount(k) + abs(k) * shared) - self.target

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
        if self.doc["unfolded"] and rule.ref[0] == "product":
            # Nothing of it is left in the QUBO, so that it weighs what it must and no more.
            expect(rule.weight == max(floor, abs(rule.price)), f"{rule.name}: the weight is not needed")

    # -- energy

    def _energy(self) -> None:
        """Compare the sum of everything with the QUBO."""
        doc, rules = self.doc, self.rules
        parabolas = [rule.parabola() for rule in rules.forms]
        numbers = [v.denominator for pair in parabolas for v in pair]
        numbers += [other.weight.denominator for other in rules.others] + weights_of(doc["gadgets"])
        energy = Energy(self.terms, self.qubo, numbers)
        for rule, (alpha, beta) in zip(rules.forms, parabolas):
            energy.square(rule.form, rule.constant, alpha, beta)
        for other in rules.others:
            energy.add(other.terms, other.weight)
        bits = rules.bits
        expect(type(doc["unfolded"]) is bool, "unfolded is true or false")
        if doc["unfolded"]:
            expect(bool(self.layout.factors), "there are no products to unfold")
            energy.unfold(self.layout.factors)
            bits -= len(self.layout.factors)
        expect(energy.quadratise(doc["gadgets"], bits) == self.qubo.n, "a bit belongs to no column and no rule")
        rounding = energy.distance()
        expect(str(rounding) == doc["rounding"], "the QUBO is not objective + prices + weighted rules")
        expect(2 * rounding < self.margin, "the QUBO is rounded by more than the margin allows")
        slack = self.objective.slack
        expect(slack is None or 2 * rounding < slack, "the QUBO is rounded by more than a level outweighs the next")
