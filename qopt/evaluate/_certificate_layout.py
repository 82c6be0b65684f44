"""What stands for what: columns over bits, products over bits, and every rule of the problem as a form over them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, floor
from typing import Any

from qopt.core.polynomial import Polynomial
from qopt.evaluate._certificate_numbers import (
    Number,
    Range,
    Terms,
    expect,
    fraction,
    meant,
    numbers,
    reaches,
    weights,
    whole,
)
from qopt.evaluate._certificate_state import Line, Reference, State, line_of


@dataclass(frozen=True, eq=False)
class Coding:
    """Columns as sums of bits: ``offset[c] + sum of form[c][b] over set bits``.

    Parameters
    ----------
    owner
        The column of every bit that stands for one; a column that is a copy owns none.
    hot, walls
        The bits of every one-hot column, and of every chain ``1 … 1 0 … 0``.
    """

    offset: list[int] = field(default_factory=list)
    form: list[dict[int, int]] = field(default_factory=list)
    owner: dict[int, int] = field(default_factory=dict)
    hot: dict[int, list[int]] = field(default_factory=dict)
    walls: dict[int, list[int]] = field(default_factory=dict)

    @classmethod
    def read(cls, given: Any, state: State) -> Coding:
        """Read ``[offset, [[bit, weight], …], code]`` per column and check that each takes exactly its values."""
        expect(isinstance(given, list) and len(given) == len(state.boxes), "there is not one code per column")
        made = cls()
        for c, (entry, box) in enumerate(zip(given, state.boxes)):
            offset, pairs, code = entry
            start, bits = whole(offset), [(whole(b), whole(w)) for b, w in pairs]
            made.offset.append(start)
            made.form.append({b: w for b, w in bits if w})
            if code != "copy":
                for b, _ in bits:
                    expect(b >= 0 and b not in made.owner, f"bit {b} stands for two columns")
                    made.owner[b] = c
                made._takes(c, code, start, bits, box)
        for c, (source, scale, shift) in state.copies.items():
            expect(given[c][2] == "copy", f"column {c} is a copy")
            same = {b: scale * w for b, w in made.form[source].items()}
            expect(source not in state.copies and made.form[c] == same, f"column {c} is another copy")
            expect(made.offset[c] == shift + scale * made.offset[source], f"column {c} is another copy")
        expect(sum(entry[2] == "copy" for entry in given) == len(state.copies), "a column is no copy")
        expect(sorted(made.owner) == list(range(len(made.owner))), "the bits of columns are not numbered one by one")
        return made

    def _takes(self, c: int, code: str, start: int, bits: Sequence[tuple[int, int]], box: Range) -> None:
        """Check that a code takes exactly the values of its column."""
        expect(box.low is not None and box.high is not None, f"column {c} is open")
        assert box.low is not None and box.high is not None
        if code == "one-hot":
            values = sorted(start + w for _, w in bits)
            expect(len(values) == (box.high - box.low) // box.step + 1, f"column {c} misses values")
            expect(values == list(range(box.low, box.high + 1, box.step)), f"column {c} misses values")
            self.hot[c] = [b for b, _ in bits]
            return
        expect(code in ("digits", "wall"), f"column {c} has an unknown code")
        steps = [w // box.step for _, w in bits]
        expect(start == box.low and all(w % box.step == 0 for _, w in bits), f"column {c} is off its grid")
        expect(start + reaches(steps) * box.step == box.high, f"column {c} misses values")
        if code == "wall":
            expect(set(steps) <= {1}, f"column {c} is a chain of other weights")
            self.walls[c] = [b for b, _ in bits]


@dataclass(frozen=True, eq=False)
class Form:
    """A rule ``lower <= sum of plain + constant <= upper`` over bits; ``low`` and ``high`` are what it can be."""

    name: str
    plain: dict[int, Number]
    constant: Number
    lower: Number | None
    upper: Number | None
    low: Number
    high: Number

    def scaled(self, scale: Fraction) -> dict[int, int]:
        """The form times a factor, which must make it whole."""
        out = {b: a * scale for b, a in self.plain.items()}
        expect(all(a.denominator == 1 for a in out.values()), f"{self.name}: the scale does not make the row whole")
        return {b: int(a) for b, a in out.items()}

    def always(self) -> bool:
        """Whether the rule holds whatever the bits."""
        return (self.lower is None or self.lower <= self.low) and (self.upper is None or self.high <= self.upper)

    def reach(self, scale: Fraction) -> tuple[int, int]:
        """Ends of the activity, less the constant and times the scale."""
        return ceil((self.low - self.constant) * scale), floor((self.high - self.constant) * scale)

    def kept(self, scale: Fraction) -> tuple[int, int]:
        """Ends of the activity at which the rule holds, in the same numbers."""
        low, high = self.reach(scale)
        lower = low if self.lower is None else max(low, ceil((self.lower - self.constant) * scale))
        upper = high if self.upper is None else min(high, floor((self.upper - self.constant) * scale))
        return lower, upper


class Layout:
    """Columns and products over bits, and the forms of everything that must hold.

    Parameters
    ----------
    columns, products
        As written down: codes, and pairs of earlier bits, each of which the next bit is the product of.
    """

    def __init__(self, state: State, columns: Any, products: Any) -> None:
        self.state, self.problem = state, state.problem
        self.coding = Coding.read(columns, state)
        self.first = self.bits = len(self.coding.owner)
        self.factors: dict[int, tuple[int, ...]] = {}
        self.product_of: dict[tuple[int, ...], int] = {}
        self.pairs: list[tuple[int, int]] = []
        for x, y in products:
            expect(0 <= whole(x) < whole(y) < self.bits, "a product of other than two earlier bits")
            self.pairs.append((x, y))
            every = tuple(sorted({*self.factors.get(x, (x,)), *self.factors.get(y, (y,))}))
            self.factors[self.bits] = every
            self.product_of.setdefault(every, self.bits)
            self.bits += 1
        self.fresh: set[int] = set()
        self.found: dict[Reference, Form] = {}
        self.extra: dict[Reference, Form] = {}

    def number(self, pairs: Any) -> dict[int, int]:
        """A number of new bits: its digits."""
        digits = weights(pairs)
        expect(min(digits, default=self.bits) >= self.bits and not self.fresh & digits.keys(), "a number of known bits")
        self.fresh |= digits.keys()
        return digits

    def numbered(self) -> None:
        """Count the bits of numbers, which must be the next ones."""
        expect(self.fresh == set(range(self.bits, self.bits + len(self.fresh))), "bits of numbers are left out")
        self.bits += len(self.fresh)
        self.fresh = set()

    def form(self, ref: Reference) -> Form:
        """The form that a reference names."""
        if ref in self.extra:
            return self.extra[ref]
        if ref not in self.found:
            self.found[ref] = self._made(ref)
        return self.found[ref]

    def _made(self, ref: Reference) -> Form:
        kind = ref[0]
        if kind == "switch":
            return self.over_bits(self.name(ref), self._switched(ref))
        if kind == "code":
            bits = self.coding.hot[ref[1]]
            return Form(self.name(ref), dict.fromkeys(bits, 1), 0, 1, 1, 0, len(bits))
        if kind == "product":
            x, y = self.pairs[ref[1]]
            return Form(self.name(ref), {x: 1, y: 1, self.first + whole(ref[1]): -2}, 0, 0, 1, -2, 2)
        if kind == "curve":
            row = self.problem.polynomial_rows[whole(ref[1])]
            expect(row.price is None and ref[1] >= 0, f"{row.name} is soft")
            return self.curve(ref[1])
        return self.over_bits(self.name(ref), self.state.line(ref))

    def name(self, ref: Reference) -> str:
        """A rule in the user's words."""
        if ref[0] == "switch":
            return self.problem.indicators.rows.names[ref[1]]
        if ref[0] == "code":
            return f"code of {self.problem.columns.names[ref[1]]}"
        return self.state.name(ref)

    def over_bits(self, name: str, line: Line) -> Form:
        """A line over columns as a form over bits."""
        plain: dict[int, Number] = {}
        constant: Number = 0
        for c, a in line.terms.items():
            constant += a * self.coding.offset[c]
            for b, w in self.coding.form[c].items():
                plain[b] = plain.get(b, 0) + a * w
        low, high = self.state.reach(line.terms)
        expect(low is not None and high is not None, f"{name} holds an open column")
        return Form(name, {b: plain[b] for b in sorted(plain) if plain[b]}, constant, line.lower, line.upper, low, high)

    def _switched(self, ref: Reference) -> Line:
        """``["switch", k, side, excess]``: a side of a switched row, or anything where the switch is off."""
        _, k, side, text = ref
        switched, excess = self.problem.indicators, fraction(text)
        expect(whole(k) >= 0 and side in ("low", "high"), f"unknown reference {list(ref)!r}")
        line, (column, active) = self.switch(k)
        sign = 1 if side == "high" else -1
        end = line.upper if sign > 0 else line.lower
        expect(end is not None, f"{switched.rows.names[k]} has no such side")
        assert end is not None
        terms = {c: sign * a for c, a in line.terms.items()}
        if self.state.values(column) == (active, active):
            excess = Fraction(0)
        else:
            _, most = self.state.reach(terms)
            expect(most is not None and most <= sign * end + excess, f"{switched.rows.names[k]} binds where it is off")
        # f + M z <= end + M, with z = 1 - x where the row is on at x = 0.
        way = 1 if active else -1
        top = sign * end + (excess if active else 0)
        terms[column] = terms.get(column, 0) + way * excess
        return self.state.in_sources(Line({c: a for c, a in terms.items() if a}, None, top))

    def switch(self, k: int) -> tuple[Line, tuple[int, int]]:
        """A switched row over columns, and the column and value that switch it on."""
        switched = self.problem.indicators
        line = self.state.in_sources(line_of(switched.rows, k))
        return line, (int(switched.column[k]), int(switched.active[k]))

    def curve(self, k: int) -> Form:
        """A row of higher degree over bits and products; what it can be is judged term by term."""
        row = self.problem.polynomial_rows[k]
        terms = self.terms(row.polynomial, meant)
        constant = terms.pop((), 0)
        plain: dict[int, Number] = {}
        for key, a in terms.items():
            bit = key[0] if len(key) == 1 else self.product_of.get(key, -1 - len(plain))
            plain[bit] = plain.get(bit, 0) + a
        low, high = (constant + sum(pick(a, 0) for a in terms.values()) for pick in (min, max))
        lower, upper = (None if abs(side) == float("inf") else meant(side) for side in (row.lower, row.upper))
        return Form(row.name, plain, constant, lower, upper, low, high)

    def terms(self, p: Polynomial, number: Any) -> Terms:
        """A polynomial over columns as one over bits (b**2 = b); ``number`` reads its coefficients."""
        coding = self.coding
        parts = [
            [((), start)] * bool(start) + [((b,), w) for b, w in form.items()]
            for start, form in zip(coding.offset, coding.form)
        ]
        return expanded(p, number, parts)

    def musts(self) -> Iterator[Reference]:
        """References of everything linear that must hold, but the sides of switched rows."""
        for ref in self.state.live():
            if ref not in self.state.dropped:
                yield ref
        yield from (("code", c) for c in self.coding.hot)
        yield from (("product", t) for t in range(len(self.pairs)))
        yield from (("curve", k) for k, row in enumerate(self.problem.polynomial_rows) if row.price is None)
        yield from (ref for ref in self.extra if ref[0] in ("price", "part"))


def expanded(p: Polynomial, number: Any, parts: Sequence[Sequence[tuple[tuple[int, ...], int]]]) -> Terms:
    """A polynomial with every column written as a sum of terms."""
    out: Terms = {(): number(p.offset)}
    for c, exact in enumerate(numbers(p.linear, number)):
        for key, w in parts[c] if exact else ():
            out[key] = out.get(key, 0) + exact * w
    for i, j, v in zip(p.row.tolist(), p.col.tolist(), numbers(p.value, number)):
        for one, w in parts[i]:
            for two, u in parts[j]:
                key = one + two if one < two else two if one == two else two + one
                out[key] = out.get(key, 0) + v * w * u
    for t in range(len(p.products)):
        grown: Terms = {(): number(float(p.products.coefficient[t]))}
        for c in p.products.term(t).tolist():
            before, grown = grown, {}
            for key, v in before.items():
                for one, w in parts[c]:
                    longer = tuple(sorted({*key, *one}))
                    grown[longer] = grown.get(longer, 0) + v * w
        for key, v in grown.items():
            out[key] = out.get(key, 0) + v
    return {key: v for key, v in out.items() if v or not key}


def at(terms: Mapping[tuple[int, ...], Number], point: Sequence[int]) -> Number:
    """The value of a polynomial at a point."""
    total: Number = 0
    for key, v in terms.items():
        for c in key:
            v = v * point[c]
        total += v
    return total
