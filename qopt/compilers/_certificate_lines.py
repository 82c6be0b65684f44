"""Which line of a problem every row over bits is: found again by what it says, not by where it stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from math import ceil, floor, gcd, lcm
from typing import Any

import numpy as np

from qopt.compilers._certificate_exact import entries, terms_of_energy
from qopt.compilers._certificate_known import Known, NoProofError, Terms
from qopt.compilers._certificate_reasons import Raw, Ref
from qopt.compilers._certificate_sheet import Sheet, exact_row
from qopt.compilers.passes.integers import IntegerRows
from qopt.core.polynomial import Polynomial


def references(sheet: Sheet, rows: IntegerRows) -> list[tuple[Ref, Fraction]]:
    """Of every row over these bits the line of the problem that it says, and its factor.

    Raises
    ------
    NoProofError
        A row that says something else than any line, or a line without a row that does not always hold.
    """
    known: dict[Any, list[Known]] = {}
    for line in _every_line(sheet):
        known.setdefault(_primitive(line.terms)[0], []).append(line)
    found = []
    for r in range(len(rows)):
        key, head = _primitive(dict(entries(rows.matrix, r)))
        alike = [line for line in known.get(key, []) if not key or _same(line, head, rows, r)]
        if not alike:
            raise NoProofError(f"row {rows.names[r]} was rounded")
        line = next((line for line in alike if line.name == rows.names[r]), alike[0])
        known[key].remove(line)
        found.append((line.ref, head / _primitive(line.terms)[1]))
    signs = [["curve", k] for k in sheet.draft.lifted.signs]
    for line in (line for left in known.values() for line in left):
        if not line.idle and line.ref not in signs and not _off(sheet, line.ref):
            raise NoProofError(f"row {line.name} was rounded")
    return found


def _off(sheet: Sheet, ref: Ref) -> bool:
    """Whether a reference is to a row whose switch is off for good."""
    if ref[0] != "switch":
        return False
    switched = sheet.source.problem.indicators
    low, high = sheet.values[int(switched.column[ref[1]])]
    return low == high != int(switched.active[ref[1]])


def _every_line(sheet: Sheet) -> Iterator[Known]:
    source = sheet.source
    problem, trail = source.problem, source.trail
    for k in np.flatnonzero(~problem.rows.soft).tolist():
        yield sheet.over_bits(trail.rows[k], problem.rows.names[k], *exact_row(problem.rows, k))
    lines = problem.groups.as_rows()
    for k in range(len(lines)):
        yield sheet.over_bits(trail.lines[k], lines.names[k], *exact_row(lines, k))
    for block in sheet.coded.blocks:
        if block.encoding == "one_hot":
            for g, (_, _, members) in enumerate(block.encoded.groups.simple()):
                terms: Terms = dict.fromkeys((int(b) + block.start for b in members), 1)
                ref = ["code", int(block.columns[g])]
                yield Known(ref, f"{block.encoding} code {g}", terms, 0, 1, 1)
    for k in range(len(problem.indicators)):
        yield from _switched(sheet, k)
    for k, row in enumerate(source.given.polynomial_rows):
        if row.price is None:
            yield sheet.curve(k)
    for i, (raw, _) in enumerate(sheet.pieces):
        if raw["kind"] in ("distance", "flag"):
            yield _tied(sheet, i, raw)


def _tied(sheet: Sheet, i: int, raw: Raw) -> Known:
    """The rule that ties the numbers of a soft piece to its row."""
    terms: Terms = {b: a * Fraction(raw["scale"]) for b, a in _of(sheet, raw["row"]).terms.items()}
    low = None if raw["kind"] == "flag" else Fraction(raw["low"])
    if raw["kind"] == "flag":
        sign = 1 if raw["side"] == "high" else -1
        terms = {b: sign * a for b, a in terms.items()} | {raw["bit"]: Fraction(-raw["most"])}
    else:
        terms |= {b: Fraction(-w) for b, w in raw["over"]} | {b: Fraction(w) for b, w in raw["under"]}
    return Known(["price", i], "", terms, Fraction(0), low, Fraction(raw["high"]))


def _of(sheet: Sheet, ref: Ref) -> Known:
    return next(known for name, known, *_ in sheet.soft if name == ref)


def _switched(sheet: Sheet, k: int) -> Iterator[Known]:
    """The sides of a switched row, each with what it is given where the switch is off."""
    problem, coded = sheet.source.problem, sheet.coded
    switched = problem.indicators
    terms, lower, upper = exact_row(switched.rows, k)
    column, active = int(switched.column[k]), int(switched.active[k])
    index = switched.rows.row(k)[0].tolist()
    step = {c: int(coded.step[c]) for c in index}
    sizes = [terms[c] * step[c] for c in index if c in terms]
    common = lcm(*(a.denominator for a in sizes)) if sizes else 1
    scale = Fraction(common, gcd(*(int(a * common) for a in sizes)) or 1)
    for side, end, sign in (("high", upper, 1), ("low", lower, -1)):
        if end is None:
            continue
        start = sum((sign * a * int(coded.lower[c]) for c, a in terms.items()), Fraction(0))
        most = sum((max(sign * a * step[c] * int(coded.top[c]), Fraction(0)) for c, a in terms.items()), Fraction(0))
        excess = (most * scale - floor((sign * end - start) * scale)) / scale
        if coded.plain[column] < 0:
            excess = Fraction(0)
        made = {c: sign * a for c, a in terms.items()}
        made[column] = made.get(column, Fraction(0)) + (excess if active else -excess)
        top = sign * end + (excess if active else 0)
        ref = ["switch", k, side, str(excess)]
        yield sheet.over_bits(ref, switched.rows.names[k], made, None, top)


def signed(sheet: Sheet, k: int, p: Polynomial) -> tuple[Ref, Fraction]:
    """The polynomial row that a rule is, up to its sign, and the factor between them.

    Raises
    ------
    NoProofError
        The rule says something else.
    """
    row = sheet.source.given.polynomial_rows[k]
    exact, made = sheet.curve_terms(row.polynomial), terms_of_energy(p)
    ratios = {Fraction(made.get(key, 0)) / Fraction(v) for key, v in exact.items() if key}
    same = {key for key in made if key} == {key for key in exact if key}
    if len(ratios) != 1 or not same:
        raise NoProofError(f"row {row.name} was rounded")
    return ["curve", k], abs(ratios.pop())


def _primitive(terms: Mapping[int, Any]) -> tuple[Any, Fraction]:
    """Terms in the smallest whole numbers, and the factor between them."""
    scale = lcm(*(a.denominator for a in terms.values()))
    whole = {b: int(a * scale) for b, a in terms.items()}
    head = gcd(*whole.values()) or 1
    return tuple((b, whole[b] // head) for b in sorted(whole)), Fraction(head, scale)


def _same(line: Known, head: Fraction, rows: IntegerRows, r: int) -> bool:
    """Whether a row in whole numbers holds exactly where a line does."""
    scale = head / _primitive(line.terms)[1]
    lo, hi, low, high = (int(getattr(rows, k)[r]) for k in ("lo", "hi", "low", "high"))
    lower = low if line.lower is None else ceil((line.lower - line.constant) * scale)
    upper = high if line.upper is None else floor((line.upper - line.constant) * scale)
    return max(lower, low) == max(lo, low) and min(upper, high) == min(hi, high)
