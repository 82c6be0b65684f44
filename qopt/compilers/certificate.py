"""The proof of a QUBO as a document: everything free that the proof was made of, and every number it came to.

``qopt/evaluate/certificate.py`` reads it, shares no code with this, and says what each field has to be. All numbers are
text of whole numbers or fractions, so that nothing is rounded on the way.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from scipy import sparse

from qopt.compilers._certificate_exact import (
    Energy,
    Under,
    aligned_shares,
    entries,
    exact_energy,
    exact_objective,
    floor_of,
    highest,
    loss_of,
    terms_of_energy,
)
from qopt.compilers.bounds import plain_shares, shares_in_units
from qopt.compilers.bounds_floor import Shape
from qopt.compilers.lowered import Evidence, Guarantee, Lowered, Penalties
from qopt.compilers.passes.encode import Coded
from qopt.compilers.passes.exact import simplest
from qopt.compilers.penalties.dual import grids, shapes
from qopt.compilers.tighten import Cut, Tight
from qopt.core.errors import CompileError
from qopt.core.hashing import problem_hash, qubo_hash
from qopt.core.polynomial import Polynomial
from qopt.core.problem import Kind, Problem
from qopt.core.rows import Groups, Rows

SCHEMA = 1
_CODES = {"bit": "digits", "log": "digits", "unary": "digits", "bounded": "digits", "one_hot": "one-hot"}
Terms = dict[int, Fraction]


@dataclass(frozen=True, eq=False)
class Certificate:
    """A proof that is written out when somebody asks for it.

    Parameters
    ----------
    problem
        As it was handed in.
    energy
        The QUBO.
    """

    problem: Problem
    tight: Tight
    lowered: Lowered
    penalties: Penalties
    energy: Polynomial
    guarantee: str

    @cached_property
    def document(self) -> Mapping[str, Any]:
        """The document, ready for JSON.

        Raises
        ------
        CompileError
            A part of the compile that the document cannot say, by name.
        """
        made = _Writer(self).document()
        return {**made, "digest": hashlib.sha256(_canonical(made).encode()).hexdigest()}

    def text(self) -> str:
        """Canonical JSON: keys sorted, one line, ends with a newline."""
        return _canonical(self.document) + "\n"


def _canonical(document: Mapping[str, Any]) -> str:
    return json.dumps(document, sort_keys=True, separators=(",", ":"))


def unprovable(problem: Problem, tight: Tight, lowered: Lowered, energy: Polynomial) -> str:
    """Why no certificate can be written; empty when one can."""
    reasons = {
        "several levels": len(problem.levels) > 1,
        "soft rows": problem.has_soft,
        "polynomial rows": bool(problem.polynomial_rows),
        "switched rows": len(problem.indicators) > 0,
        "real variables": bool((problem.columns.kind == Kind.REAL).any()),
        "rounded rows": bool(tight.draft.rounded),
        "products of three and more": problem.objective.degree > 2 or energy.degree > 2,
        "groups or rows kept by the backend": len(tight.draft.groups) > 0,
        "rules of special shapes": bool(lowered.rules.polynomials),
        "an encoding without proof": any(block.encoding not in _CODES for block in tight.coded.blocks),
    }
    found = [reason for reason, there in reasons.items() if there]
    return f"no certificate: the verifier knows no {', no '.join(found)}" if found else ""


class _Writer:
    """One document."""

    def __init__(self, certificate: Certificate) -> None:
        self.certificate = certificate
        self.tight, self.lowered = certificate.tight, certificate.lowered
        self.rules = self.lowered.rules
        self.evidence = certificate.penalties.evidence or self._plain_evidence()
        self.unit = Fraction(self.evidence.unit)
        self.lines = _Lines(certificate.problem, self.tight.coded)
        self.shares = aligned_shares(self.objective, self.lowered.objective, self.evidence.shares, self.unit)

    @cached_property
    def objective(self) -> Energy:
        """The objective over bits, exactly."""
        return exact_objective(self.certificate.problem, self.tight.coded)

    def document(self) -> dict[str, Any]:
        one, tight, e = self.certificate, self.tight, self.evidence
        under = Under(self.objective, one.energy.n, self.shares, e.prices, self._forms(), self.unit)
        top = Fraction(e.incumbent) if e.incumbent is not None else highest(self.objective)
        target = top + Fraction(e.allowance) + Fraction(e.margin)
        witness = None if tight.witness is None else [int(v) for v in tight.witness]
        return {
            "schema": SCHEMA,
            "problem": problem_hash(one.problem),
            "qubo": qubo_hash(one.energy),
            "bits": one.energy.n,
            "guarantee": one.guarantee,
            "incumbent": None if e.incumbent is None else str(Fraction(e.incumbent)),
            "witness": witness,
            "allowance": str(Fraction(e.allowance)),
            "margin": str(Fraction(e.margin)),
            "target": str(target),
            "unit": str(self.unit),
            "columns": _columns(tight.coded),
            "shares": self.shares,
            "costs": [str(c) for c in under.cost],
            "least": str(under.least),
            "rules": list(self._rules(under, target)),
            "cut": {"columns": self._column_cut(), "rows": self._slope(tight.rows_cut)},
            "rounding": str(self._rounding()),
        }

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
        aligned = aligned_shares(self.objective, objective, shares, Fraction(unit))
        under = Under(self.objective, objective.n, aligned, prices, self._forms(), Fraction(unit))
        if len(penalties.weights):
            room = Fraction(float(penalties.weights.min())) + under.least - top - Fraction(allowance)
            margin = min(margin, float(room))
        if margin <= 0:
            raise CompileError("no certificate: the weights are proven, but not by a bound on single terms")
        return Evidence(unit, prices, shares, incumbent, allowance, margin)

    def _forms(self) -> list[tuple[dict[int, int], int]]:
        forms = self.rules.forms
        return [(_row(forms.matrix, j), int(forms.constant[j])) for j in range(len(forms))]

    def _rules(self, under: Under, target: Fraction) -> Iterator[dict[str, Any]]:
        forms, kinds, first = self._forms(), shapes(self.rules), self.tight.draft.bits
        weights = self.certificate.penalties.weights
        losses = [loss_of(kinds[j], under.price[j]) for j in range(len(forms))]
        room = target - under.least + sum(losses, Fraction(0))
        for j, (form, constant) in enumerate(forms):
            ref, scale = self.lines.match({b: a for b, a in form.items() if b < first}, self.rules.names[j])
            lent = kinds[j] != Shape.SQUARE
            slope = under.price[j] if lent else Fraction(0)
            at, climb, floor = floor_of(kinds[j], under.climb(form, constant), room - losses[j], slope)
            yield {
                "row": ref,
                "scale": str(scale),
                "shape": Shape(kinds[j]).name.lower(),
                "form": sorted([b, int(a)] for b, a in form.items()),
                "constant": constant,
                "price": str(under.price[j]),
                "at": at,
                "theta": str(under.least + climb),
                "floor": str(floor),
                "weight": str(Fraction(float(weights[j]))),
            }

    def _column_cut(self) -> Any:
        cut = self.tight.columns_cut
        if cut is None:
            return None
        columns = self.tight.problem.columns
        bounds = [[int(a), int(b)] for a, b in zip(np.ceil(columns.lower), np.floor(columns.upper))]
        return {**self._slope(cut), "columns": _columns(cut.coded), "bounds": bounds}

    def _slope(self, cut: Cut | None) -> Any:
        """Prices of rows beside the sides they price, and what they come to; None without a cut."""
        if cut is None:
            return None
        lines, rows, slope = _Lines(self.certificate.problem, cut.coded), cut.rows, cut.slope
        low, high = np.maximum(rows.lo, rows.low), np.minimum(rows.hi, rows.high)
        priced, forms = [], []
        for r in np.flatnonzero(slope.prices).tolist():
            form = _row(rows.matrix, r)
            ref, scale = lines.match(form, rows.names[r])
            side = int(high[r] if slope.prices[r] > 0 else low[r])
            price = int(slope.prices[r]) * Fraction(slope.unit)
            priced.append({"row": ref, "scale": str(scale), "price": str(price), "side": side})
            forms.append((form, -side))
        chosen = slope.prices[slope.prices != 0]
        unit, terms = Fraction(slope.unit), exact_objective(self.certificate.problem, cut.coded)
        shares = aligned_shares(terms, cut.objective, slope.shares, unit)
        under = Under(terms, cut.coded.bits, shares, chosen, forms, unit)
        return {
            "unit": str(Fraction(slope.unit)),
            "limit": str(Fraction(self.tight.limit)),
            "shares": shares,
            "prices": priced,
            "costs": [str(c) for c in under.cost],
            "least": str(under.least),
        }

    def _rounding(self) -> Fraction:
        """Sum of what the floats of the QUBO are off the exact energy."""
        exact = exact_energy(self.objective, self.lowered, self.certificate.penalties)
        given = terms_of_energy(self.certificate.energy)
        off: int | Fraction = 0
        for key in exact.keys() | given.keys():
            apart = exact.get(key, 0) - given.get(key, 0)
            off += max(apart, -apart)
        return Fraction(off)


class _Lines:
    """The rows and groups of a problem over the bits of its columns, found again by their coefficients."""

    def __init__(self, problem: Problem, coded: Coded) -> None:
        self.coded = coded
        self.known: dict[Any, list[tuple[list[Any], Fraction, str]]] = {}
        for ref, rows, k in _every_line(problem):
            self._enter(self._over_bits(rows, k), ref, rows.names[k])
        for c, block, members in _one_hots(coded):
            self._enter(dict.fromkeys((int(b) + block for b in members), Fraction(1)), ["code", c], "")

    def match(self, form: Mapping[int, int], name: str) -> tuple[list[Any], Fraction]:
        """The line that a whole form is a multiple of, and the factor; of several alike the one of that name."""
        key, factor = _primitive({b: Fraction(a) for b, a in form.items()})
        found = self.known.get(key)
        if not found:
            raise CompileError(f"no certificate: rule {name} is no row of the problem")
        named = [line for line in found if line[2] == name]
        ref, own, _ = (named or found)[0]
        if not named and len(found) > 1:
            found.pop(0)
        return ref, factor / own

    def _enter(self, terms: Terms, ref: list[Any], name: str) -> None:
        if terms:
            key, factor = _primitive(terms)
            self.known.setdefault(key, []).append((ref, factor, name))

    def _over_bits(self, rows: Rows, k: int) -> Terms:
        index, value = rows.row(k)
        out: Terms = {}
        for c, a in zip(index.tolist(), value.tolist()):
            for b, w in entries(self.coded.matrix, c):
                out[b] = out.get(b, Fraction(0)) + simplest(a) * Fraction(w)
        return {b: a for b, a in out.items() if a}


def _every_line(problem: Problem) -> Iterator[tuple[list[Any], Rows, int]]:
    for r in range(len(problem.rows)):
        yield ["row", r], problem.rows, r
    groups: Groups = problem.groups
    rows = groups.as_rows()
    for line in range(len(rows)):
        yield ["group", line], rows, line


def _one_hots(coded: Coded) -> Iterator[tuple[int, int, Any]]:
    for block in coded.blocks:
        if block.encoding == "one_hot":
            for g, (_, _, members) in enumerate(block.encoded.groups.simple()):
                yield int(block.columns[g]), block.start, members


def _primitive(terms: Mapping[int, Fraction]) -> tuple[Any, Fraction]:
    """Terms divided by the coefficient of their lowest bit, and that coefficient."""
    items = sorted((b, a) for b, a in terms.items() if a)
    head = abs(items[0][1])
    return tuple((b, a / head) for b, a in items), head


def _row(matrix: sparse.csr_array, r: int) -> dict[int, int]:
    return {b: int(a) for b, a in entries(matrix, r)}


def _columns(coded: Coded) -> list[Any]:
    """``[offset, [[bit, weight], …], code]`` per column."""
    code = ["digits"] * len(coded.step)
    for block in coded.blocks:
        for c in block.columns.tolist():
            code[c] = _CODES[block.encoding]
    out = []
    for c in range(len(coded.step)):
        span = slice(coded.matrix.indptr[c], coded.matrix.indptr[c + 1])
        # A one-hot bit of weight 0 is a bit of the column too.
        bits = zip(coded.matrix.indices[span].tolist(), coded.matrix.data[span].tolist())
        out.append([str(Fraction(float(coded.offset[c]))), [[b, str(Fraction(w))] for b, w in bits], code[c]])
    return out
