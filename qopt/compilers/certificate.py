"""The proof of a QUBO as a document: everything free that the proof was made of, and every number it came to.

``qopt/evaluate/certificate.py`` reads it, shares no code with this, and says what each field has to be. All numbers are
text of whole numbers or fractions, so that nothing is rounded on the way.

What every rule, bit and step *is* gets settled while a problem is compiled, so that a compile knows whether it has a
proof; the numbers are worked out when somebody asks for the document.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from qopt.compilers._certificate_exact import (
    Energy,
    Sum,
    Under,
    aligned_shares,
    floor_of,
    highest,
    longer_shares,
    loss_of,
    slim,
    terms_of_energy,
)
from qopt.compilers._certificate_frame import Frame, Trace, form_of
from qopt.compilers._certificate_known import NoProofError, Source
from qopt.compilers._certificate_raised import ceiling_raw, products_raw, raised_terms
from qopt.compilers._certificate_reasons import Raw
from qopt.compilers._certificate_sheet import CODES, Sheet
from qopt.compilers.bounds import plain_shares, shares_in_units
from qopt.compilers.bounds_floor import Shape
from qopt.compilers.lowered import Evidence, Guarantee, Lowered, Penalties
from qopt.compilers.passes.exact import simplest
from qopt.compilers.passes.products import Gadget
from qopt.compilers.penalties.dual import grids, shapes
from qopt.compilers.tighten import Cut, Tight
from qopt.core.hashing import problem_hash, qubo_hash
from qopt.core.polynomial import Polynomial
from qopt.core.problem import Kind

SCHEMA = 3


@dataclass(frozen=True, eq=False)
class Certificate:
    """A proof that is written out when somebody asks for it."""

    source: Source
    tight: Tight
    lowered: Lowered
    penalties: Penalties
    trace: Trace
    guarantee: str
    frame: Frame

    @cached_property
    def document(self) -> Mapping[str, Any]:
        """The document, ready for JSON."""
        made = _Writer(self).document()
        return {**made, "digest": hashlib.sha256(_canonical(made).encode()).hexdigest()}

    def text(self) -> str:
        """Canonical JSON: keys sorted, one line, ends with a newline."""
        return _canonical(self.document) + "\n"


def _canonical(document: Mapping[str, Any]) -> str:
    return json.dumps(document, sort_keys=True, separators=(",", ":"))


def certified(
    source: Source, tight: Tight, lowered: Lowered, penalties: Penalties, trace: Trace, guarantee: str
) -> tuple[Certificate | None, str]:
    """The certificate of a compile, or why there is none."""
    reasons = {
        "real variables": bool((source.given.columns.kind == Kind.REAL).any()),
        "rounded rows": bool(tight.draft.rounded),
        "an encoding without proof": any(block.encoding not in CODES for block in tight.coded.blocks),
    }
    found = [f"the verifier knows no {reason}" for reason, there in reasons.items() if there]
    if not found:
        try:
            frame = Frame(source, tight, lowered, trace)
            return Certificate(source, tight, lowered, penalties, trace, guarantee, frame), ""
        except NoProofError as error:
            found = [str(error)]
    return None, f"no certificate: {', '.join(found)}"


class _Writer:
    """One document."""

    def __init__(self, certificate: Certificate) -> None:
        self.certificate, self.frame = certificate, certificate.frame
        self.tight, self.lowered = certificate.tight, certificate.lowered
        self.rules, self.sheet = self.lowered.rules, certificate.frame.sheet
        self.objective = self.sheet.objective
        self.bits = self.lowered.objective.n
        self.evidence = certificate.penalties.evidence or self._plain_evidence()
        self.unit = Fraction(self.evidence.unit)
        self.terms = raised_terms(self.objective, self.evidence.products, self.rules)
        bounded = certificate.penalties.objective or self.lowered.objective
        self.shares = aligned_shares(self.terms, bounded, self.evidence.shares, self.unit)

    def document(self) -> dict[str, Any]:
        """Every field but the digest."""
        one, e, frame = self.certificate, self.evidence, self.frame
        longer = longer_shares(self.terms, self.unit)
        under = Under(self.terms, self.bits, self.shares, longer, e.prices, self._forms(), self.unit)
        top = Fraction(e.incumbent) if e.incumbent is not None else highest(self.objective)
        above: Raw | None = None
        if e.ceiling is not None:
            above, top = ceiling_raw(e.ceiling, self.objective, self.rules, self.bits)
        margin = Fraction(e.margin)
        if not self.lowered.objective.integral:
            # Floats of the compiler may be off by some units; half of the margin is more than all of them.
            margin /= 2
        target = top + Fraction(e.allowance) + margin
        gadgets = one.trace.gadgets
        return {
            "schema": SCHEMA,
            "problem": problem_hash(one.source.given),
            "qubo": qubo_hash(one.trace.energy),
            "bits": one.trace.energy.n,
            "guarantee": one.guarantee,
            "incumbent": None if e.incumbent is None else str(Fraction(e.incumbent)),
            "witness": self._witness(),
            "allowance": str(Fraction(e.allowance)),
            "margin": str(margin),
            "target": str(target),
            "unit": str(self.unit),
            "steps": one.source.trail.steps,
            **self.sheet.raw,
            "shares": self.shares,
            "longer": longer,
            "costs": [str(c) for c in under.cost],
            "least": str(under.least),
            "splits": frame.splits(),
            "rules": list(self._rules(under, target)),
            "others": list(self._others(under, target)),
            "kept": frame.kept(),
            "cut": {"columns": self._column_cut(), "rows": self._row_cut()},
            "raised": products_raw(e.products),
            "identities": [[list(pair) for pair in zip(j.tolist(), sign.tolist())] for j, sign in e.identities],
            "ceiling": above,
            "unfolded": one.trace.unfolded,
            "gadgets": [_gadget(gadget) for gadget in gadgets],
            "rounding": str(self._rounding()),
        }

    def _witness(self) -> list[int] | None:
        found = self.tight.witness
        return None if found is None else [int(v) for v in self.certificate.source.way.lift(found)[0]]

    def _plain_evidence(self) -> Evidence:
        """What the range rule proves, in the same terms: no multipliers, every pair bounded by itself."""
        objective, penalties = self.lowered.objective, self.certificate.penalties
        level = Guarantee.of(self.certificate.guarantee)
        margin, unit, _ = grids(objective)
        if not objective.integral:
            # The range rule adds 2**-20 of the range, of which rounding must not take much.
            unit = 2.0 ** (np.floor(np.log2(margin)) - 30)
        incumbent = self.tight.incumbent if level.level in ("argmin", "top") else None
        top = Fraction(incumbent) if incumbent is not None else highest(self.objective)
        allowance = 0.0 if incumbent is None else level.above(incumbent) - incumbent
        shares = shares_in_units(objective, plain_shares(objective), unit).astype(np.int64)
        prices = np.zeros(len(self.rules.forms), dtype=np.int64)
        exact = Fraction(unit)
        aligned = aligned_shares(self.objective, objective, shares, exact)
        longer = longer_shares(self.objective, exact)
        under = Under(self.objective, self.bits, aligned, longer, prices, self._forms(), exact)
        if len(penalties.weights):
            room = Fraction(float(penalties.weights.min())) + under.least - top - Fraction(allowance)
            margin = min(margin, float(room))
        return Evidence(unit, prices, shares, incumbent, allowance, margin)

    def _forms(self) -> list[tuple[dict[int, int], int]]:
        forms = self.rules.forms
        return [(dict(form_of(forms.matrix, j)), int(forms.constant[j])) for j in range(len(forms))]

    def _rules(self, under: Under, target: Fraction) -> Iterator[Raw]:
        kinds, weights = shapes(self.rules), self.certificate.penalties.weights
        together = kinds.copy()
        for members, _ in self.evidence.identities:
            together[members] = Shape.SHARED
        losses = [loss_of(kinds[j], under.price[j]) for j in range(len(kinds))]
        room = target - under.least + sum(losses, Fraction(0))
        for j, ((form, constant), (ref, scale)) in enumerate(zip(self._forms(), self.frame.form_lines())):
            slope = under.price[j] if kinds[j] != Shape.SQUARE else Fraction(0)
            at, climb, floor = floor_of(together[j], under.climb(form, constant), room - losses[j], slope)
            weight = Fraction(float(weights[j]))
            if self.certificate.trace.unfolded and ref[0] == "product":
                weight = max(floor, abs(under.price[j]))
            yield {
                "row": ref,
                "scale": str(scale),
                "shape": Shape(kinds[j]).name.lower(),
                "form": [list(pair) for pair in form.items()],
                "constant": constant,
                "price": str(under.price[j]),
                "at": at,
                "theta": str(under.least + climb),
                "floor": str(floor),
                "weight": str(weight),
            }

    def _others(self, under: Under, target: Fraction) -> Iterator[Raw]:
        """Rules without a form: everything that breaks one is outweighed at the least value of the bound."""
        kinds, weights = shapes(self.rules), self.certificate.penalties.weights
        losses = sum((loss_of(kinds[j], under.price[j]) for j in range(len(kinds))), Fraction(0))
        floor = max(Fraction(0), target - under.least + losses)
        for raw, weight in zip(self.frame.others(), weights[len(kinds) :].tolist()):
            yield {**raw, "floor": str(floor), "weight": str(Fraction(weight))}

    # -- cuts

    def _column_cut(self) -> Raw | None:
        cut, sheet = self.tight.columns_cut, self.frame.cut_sheet
        if cut is None or sheet is None:
            return None
        columns = self.tight.problem.columns
        bounds = [[int(a), int(b)] for a, b in zip(np.ceil(columns.lower), np.floor(columns.upper))]
        return {**self._slope(cut, sheet, self.frame.cut_lines), **sheet.raw, "bounds": bounds}

    def _row_cut(self) -> Raw | None:
        cut = self.tight.rows_cut
        return None if cut is None else self._slope(cut, self.sheet, self.frame.lines)

    def _slope(self, cut: Cut, sheet: Sheet, lines: Sequence[tuple[list[Any], Fraction]]) -> Raw:
        """Prices of rows beside the sides they price, and what they come to."""
        rows, slope = cut.draft.rows, cut.slope
        low, high = np.maximum(rows.lo, rows.low), np.minimum(rows.hi, rows.high)
        priced, forms = [], []
        for r in np.flatnonzero(slope.prices).tolist():
            (ref, scale), side = lines[r], int(high[r] if slope.prices[r] > 0 else low[r])
            price = int(slope.prices[r]) * Fraction(slope.unit)
            priced.append({"row": ref, "scale": str(scale), "price": str(price), "side": side})
            forms.append((dict(form_of(rows.matrix, r)), -side))
        unit, terms = Fraction(slope.unit), sheet.objective
        shares, longer = aligned_shares(terms, cut.objective, slope.shares, unit), longer_shares(terms, unit)
        under = Under(terms, cut.draft.bits, shares, longer, slope.prices[slope.prices != 0], forms, unit)
        return {
            "unit": str(unit),
            "limit": str(Fraction(cut.limit)),
            "shares": shares,
            "longer": longer,
            "prices": priced,
            "costs": [str(c) for c in under.cost],
            "least": str(under.least),
        }

    # -- energy

    def _rounding(self) -> Fraction:
        """Sum of what the floats of the QUBO are off the exact energy."""
        one = self.certificate
        others = [self._exact_rule(rule.polynomial) for rule in self.rules.polynomials]
        forms, weights = self.rules.forms, [Fraction(w) for w in one.penalties.weights.tolist()]
        emitted = np.zeros(len(forms)) if one.penalties.multipliers is None else one.penalties.multipliers
        alphas = [w * Fraction(a) for w, a in zip(weights, forms.alpha.tolist())]
        betas = [w * Fraction(b) + Fraction(m) for w, b, m in zip(weights, forms.beta.tolist(), emitted.tolist())]
        given, gadgets = terms_of_energy(one.trace.energy), one.trace.gadgets
        numbers: list[int | Fraction] = [*alphas, *betas, *weights, *given.values()]
        numbers += [v for terms in others for v in terms.values()]
        numbers += [Fraction(v) for g in gadgets for v in (g.weight, *(c for _, c in g.terms or ()))]
        exact = Sum(self.terms, {v.denominator for v in numbers})
        for (form, constant), alpha, beta in zip(self._forms(), alphas, betas):
            exact.square(list(form.items()), constant, alpha, beta)
        for terms, weight in zip(others, weights[len(forms) :]):
            exact.add(terms, weight)
        if one.trace.unfolded:
            exact.unfold(self.sheet.factors)
        exact.quadratise(gadgets, one.trace.energy.n - len(gadgets))
        return exact.apart(given)

    @staticmethod
    def _exact_rule(p: Polynomial) -> Energy:
        return {key: slim(simplest(float(v))) for key, v in terms_of_energy(p).items()}


def _gadget(gadget: Gadget) -> Raw:
    weight = str(Fraction(gadget.weight))
    if gadget.terms is None:
        return {"kind": "and", "bits": list(gadget.factors), "weight": weight}
    terms = [[list(rest), str(Fraction(value))] for rest, value in gadget.terms]
    return {"kind": "pair", "bits": list(gadget.factors), "weight": weight, "terms": terms}
