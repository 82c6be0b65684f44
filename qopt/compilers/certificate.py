"""The proof of a QUBO as a document: everything free that the proof was made of, and every number it came to.

``qopt/evaluate/certificate.py`` reads it, shares no code with this, and says what each field has to be. All numbers are
text of whole numbers or fractions, so that nothing is rounded on the way.
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
from scipy import sparse

from qopt.compilers.bounds import plain_shares, shares_in_units
from qopt.compilers.bounds_floor import Shape, amount
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
Energy = dict[tuple[int, ...], "int | Fraction"]


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
        self.shares = _aligned(self.objective, self.lowered.objective, self.evidence.shares, self.unit)

    @cached_property
    def objective(self) -> Energy:
        """The objective over bits, exactly."""
        return _objective(self.certificate.problem, self.tight.coded)

    def document(self) -> dict[str, Any]:
        one, tight, e = self.certificate, self.tight, self.evidence
        under = _Under(self.objective, one.energy.n, self.shares, e.prices, self._forms(), self.unit)
        top = Fraction(e.incumbent) if e.incumbent is not None else _highest(self.objective)
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
        top = Fraction(incumbent) if incumbent is not None else _highest(self.objective)
        allowance = 0.0 if incumbent is None else level.above(incumbent) - incumbent
        shares = shares_in_units(objective, plain_shares(objective), unit).astype(np.int64)
        prices = np.zeros(len(self.rules.forms), dtype=np.int64)
        aligned = _aligned(self.objective, objective, shares, Fraction(unit))
        under = _Under(self.objective, objective.n, aligned, prices, self._forms(), Fraction(unit))
        if len(penalties.weights):
            room = Fraction(float(penalties.weights.min())) + under.least - top - Fraction(allowance)
            margin = min(margin, float(room))
        if margin <= 0:
            raise CompileError("no certificate: the weights are proven, but not by a bound on single terms")
        return Evidence(unit, prices, shares, incumbent, allowance, margin)

    def _forms(self) -> list[tuple[dict[int, int], int]]:
        forms = self.rules.forms
        return [(_row(forms.matrix, j), int(forms.constant[j])) for j in range(len(forms))]

    def _rules(self, under: _Under, target: Fraction) -> Iterator[dict[str, Any]]:
        forms, kinds, first = self._forms(), shapes(self.rules), self.tight.draft.bits
        weights = self.certificate.penalties.weights
        losses = [_loss(kinds[j], under.price[j]) for j in range(len(forms))]
        room = target - under.least + sum(losses, Fraction(0))
        for j, (form, constant) in enumerate(forms):
            ref, scale = self.lines.match({b: a for b, a in form.items() if b < first}, self.rules.names[j])
            lent = kinds[j] != Shape.SQUARE
            slope = under.price[j] if lent else Fraction(0)
            at, climb, floor = _floor(kinds[j], under.climb(form, constant), room - losses[j], slope)
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
        unit, terms = Fraction(slope.unit), _objective(self.certificate.problem, cut.coded)
        shares = _aligned(terms, cut.objective, slope.shares, unit)
        under = _Under(terms, cut.coded.bits, shares, chosen, forms, unit)
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
        exact = _exact_energy(self.objective, self.lowered, self.certificate.penalties)
        given = _terms(self.certificate.energy)
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
            for b, w in _entries(self.coded.matrix, c):
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


def _entries(matrix: sparse.csr_array, r: int) -> list[tuple[int, Any]]:
    span = slice(matrix.indptr[r], matrix.indptr[r + 1])
    return [(int(b), a) for b, a in zip(matrix.indices[span].tolist(), matrix.data[span].tolist()) if a]


def _row(matrix: sparse.csr_array, r: int) -> dict[int, int]:
    return {b: int(a) for b, a in _entries(matrix, r)}


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


def _terms(p: Polynomial) -> Energy:
    out: Energy = {(int(b),): _exactly(float(p.linear[b])) for b in np.flatnonzero(p.linear)}
    out |= {(i, j): _exactly(v) for i, j, v in zip(p.row.tolist(), p.col.tolist(), p.value.tolist())}
    if p.offset:
        out[()] = Fraction(p.offset)
    return out


def _highest(terms: Energy) -> Fraction:
    """The largest energy that the terms allow."""
    return Fraction(terms[()] + sum(max(v, 0) for key, v in terms.items() if key))


def _objective(problem: Problem, coded: Coded) -> Energy:
    """The objective over bits, to be made small, without a rounding."""
    p, sign = problem.objective, problem.sense.sign
    parts = [
        ({(): int(coded.offset[c])} if coded.offset[c] else {}) | {(b,): int(w) for b, w in _entries(coded.matrix, c)}
        for c in range(problem.n)
    ]
    out: Energy = {(): sign * _exactly(p.offset)}
    for c in np.flatnonzero(p.linear).tolist():
        for key, w in parts[c].items():
            out[key] = out.get(key, 0) + sign * _exactly(float(p.linear[c])) * w
    for i, j, value in zip(p.row.tolist(), p.col.tolist(), p.value.tolist()):
        for one, w in parts[i].items():
            for two, u in parts[j].items():
                key = tuple(sorted({*one, *two}))
                out[key] = out.get(key, 0) + sign * _exactly(value) * w * u
    return {key: v for key, v in out.items() if v or not key}


def _exactly(value: float) -> int | Fraction:
    return int(value) if value.is_integer() else Fraction(value)


def _pairs(terms: Energy) -> list[tuple[tuple[int, ...], int | Fraction]]:
    return sorted((key, v) for key, v in terms.items() if len(key) == 2)


def _aligned(terms: Energy, p: Polynomial, shares: Any, unit: Fraction) -> list[int]:
    """Shares in the order of the exact pairs; floats may have lost or gained a pair, or a unit of one."""
    known: dict[tuple[int, ...], int] = dict(zip(zip(p.row.tolist(), p.col.tolist()), np.asarray(shares).tolist()))
    return [min(int(known.get(key, 0)), abs(int(v // unit))) for key, v in _pairs(terms)]


def _exact_energy(objective: Energy, lowered: Lowered, penalties: Penalties) -> Energy:
    """Objective, weighted rules and emitted multipliers without a rounding."""
    out = dict(objective)
    forms = lowered.rules.forms
    emitted = penalties.multipliers
    for j in range(len(forms)):
        weight = Fraction(float(penalties.weights[j]))
        linear = weight * Fraction(float(forms.beta[j])) + (0 if emitted is None else Fraction(float(emitted[j])))
        square, line = _slim(weight * Fraction(float(forms.alpha[j]))), _slim(linear)
        constant, items = int(forms.constant[j]), [(b, int(a)) for b, a in _entries(forms.matrix, j)]
        out[()] += square * constant**2 + line * constant
        for t, (b, a) in enumerate(items):
            out[(b,)] = out.get((b,), 0) + square * (a * a + 2 * a * constant) + line * a
            for other, v in items[t + 1 :] if square else ():
                key = (b, other) if b < other else (other, b)
                out[key] = out.get(key, 0) + 2 * square * a * v
    return out


def _slim(value: Fraction) -> int | Fraction:
    """The same number, as an int where it is whole: most are, and far quicker."""
    return value.numerator if value.denominator == 1 else value


class _Under:
    """The linear function below an objective plus priced forms, exactly."""

    def __init__(
        self,
        terms: Energy,
        bits: int,
        shares: Sequence[int],
        prices: Any,
        forms: list[tuple[dict[int, int], int]],
        unit: Fraction,
    ) -> None:
        steps, base = [0] * bits, _down(terms[()], unit)
        for key, value in terms.items():
            if len(key) == 1:
                steps[key[0]] = _down(value, unit)
        for ((i, j), value), part in zip(_pairs(terms), shares):
            if value > 0:
                steps[i], steps[j], base = steps[i] + part, steps[j] + part, base - part
            else:
                steps[i], steps[j] = steps[i] - part, steps[j] + _down(value, unit) + part
        whole = [int(m) for m in np.asarray(prices).tolist()]
        for (form, constant), price in zip(forms, whole):
            base += price * constant
            for b, a in form.items():
                steps[b] += price * a
        self.price = [m * unit for m in whole]
        self.cost = [c * unit for c in steps]
        self.least = (base + sum(min(c, 0) for c in steps)) * unit

    def climb(self, form: Mapping[int, int], constant: int) -> tuple[int, list[tuple[int, Fraction]]]:
        """The form at the minimiser, and its steps ``(move, cost)``, cheapest first in either direction."""
        at = constant + sum(a for b, a in form.items() if self.cost[b] < 0)
        steps = [(-a if self.cost[b] < 0 else a, abs(self.cost[b])) for b, a in form.items()]
        return at, sorted(steps, key=lambda step: step[1] / abs(step[0]))


def _down(value: int | Fraction, unit: Fraction) -> int:
    """Units in a value, rounded down."""
    return value.numerator * unit.denominator // (value.denominator * unit.numerator)


def _loss(shape: Any, price: Fraction) -> Fraction:
    return max(price, Fraction(0)) if shape == Shape.WINDOW else Fraction(0)


def _floor(
    shape: Any, steps: tuple[int, list[tuple[int, Fraction]]], room: Fraction, slope: Fraction
) -> tuple[int, Fraction, Fraction]:
    """Where a rule needs its largest weight, the climb there and the weight; the weight is not below 0."""
    at, moves = steps
    best: tuple[Fraction, int, Fraction] | None = None

    def visit(k: int, climb: Fraction) -> None:
        nonlocal best
        p = int(amount(np.array([shape]), np.array([k]))[0])
        if p:
            need = (room + slope * k - climb) / p
            if best is None or need > best[0]:
                best = (need, k, climb)

    visit(at, Fraction(0))
    for way in (1, -1):
        start, before = at, Fraction(0)
        for move, cost in moves:
            if move * way <= 0:
                continue
            end = start + move
            q = slope - way * cost / abs(move)
            p = room - before + way * cost / abs(move) * start
            peaks = [end, -1, 1, 2, *_peaks(shape, p, q)]
            for k in {min(max(k, min(start, end)), max(start, end)) for k in peaks}:
                visit(k, before + cost * abs(k - start) / abs(move))
            start, before = end, before + cost
    if best is None:
        return at, Fraction(0), Fraction(0)
    return best[1], best[2], max(best[0], Fraction(0))


def _peaks(shape: Any, p: Fraction, q: Fraction) -> list[int]:
    """Whole numbers about the points where ``(p + q k) / P(k)`` is stationary."""
    if q == 0 or shape == Shape.LINEAR:
        return []
    if shape == Shape.SQUARE:
        roots = [float(-2 * p / q)]
    else:
        inside = float(p * p + p * q)
        roots = [(float(-p) + way * max(inside, 0.0) ** 0.5) / float(q) for way in (1, -1)]
    return [int(np.floor(r)) + d for r in roots if abs(r) < 2**40 for d in (-1, 0, 1, 2)]
