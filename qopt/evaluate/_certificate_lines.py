"""What the verifier reads: numbers as text, columns over bits, and the rows of the problem over the same bits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import ceil, floor, isinf
from typing import Any, NamedTuple

from qopt.core.problem import Kind, Problem
from qopt.core.rows import Rows

Number = int | Fraction
"""An exact number: whole ones as int, which is what most are and far quicker."""


class NotProvenError(Exception):
    """A step that does not hold; the message says which."""


def expect(holds: bool, otherwise: str) -> None:
    """Raise NotProvenError unless the step holds."""
    if not holds:
        raise NotProvenError(otherwise)


def whole(value: Any) -> int:
    """A JSON whole number."""
    expect(type(value) is int, f"{value!r} is no whole number")
    return int(value)


def fraction(text: Any) -> Fraction:
    """A number as canonical text: ``-3``, ``7/4``."""
    expect(isinstance(text, str), f"{text!r} is no number as text")
    value = Fraction(text)
    expect(str(value) == text, f"{text!r} is not in lowest terms")
    return value


def meant(value: float) -> Fraction:
    """What a number in a row stands for: the simple fraction or decimal it was made from.

    Rows are read as people write them: 0.1 is one tenth and 1 / 3 one third, although no float is. A denominator of up
    to a million within 2**-50 of the shortest decimal counts as what was meant; other numbers are that decimal.
    """
    if float(value).is_integer():
        return Fraction(int(value))
    decimal = Fraction(repr(float(value)))
    if decimal.denominator <= 10**6:
        return decimal
    simple = decimal.limit_denominator(10**6)
    return simple if abs(simple - decimal) * 2**50 <= abs(decimal) else decimal


def exactly(value: float) -> Number:
    """The rational that a float is."""
    return int(value) if value.is_integer() else Fraction(value)


class Range(NamedTuple):
    """Whole numbers ``low, low + step, …, high``."""

    low: int
    high: int
    step: int


@dataclass(frozen=True, eq=False)
class Coding:
    """Columns as sums of bits: ``offset[c] + sum of form[c][b] over set bits``.

    Parameters
    ----------
    owner
        The column of every bit that stands for one.
    hot
        The bits of every one-hot column.
    """

    offset: list[int]
    form: list[dict[int, int]]
    owner: dict[int, int]
    hot: dict[int, list[int]]
    domain: list[Range]

    @property
    def bits(self) -> int:
        """Number of bits of columns."""
        return len(self.owner)

    @classmethod
    def read(cls, given: Any, domain: list[Range]) -> Coding:
        """Read ``[offset, [[bit, weight], …], code]`` per column and check that each takes exactly its domain."""
        expect(isinstance(given, list) and len(given) == len(domain), "there is not one code per column")
        made = cls([], [], {}, {}, domain)
        for c, (entry, box) in enumerate(zip(given, domain)):
            offset, pairs, code = entry
            start = fraction(offset)
            weights = [(whole(b), fraction(w)) for b, w in pairs]
            expect(start.denominator == 1 and all(w.denominator == 1 for _, w in weights), f"column {c} is not whole")
            for b, _ in weights:
                expect(b >= 0 and b not in made.owner, f"bit {b} stands for two columns")
                made.owner[b] = c
            made.offset.append(int(start))
            made.form.append({b: int(w) for b, w in weights if w})
            if code == "one-hot":
                values = sorted(int(start + w) for _, w in weights)
                expect(values == list(range(box.low, box.high + 1, box.step)), f"column {c} misses values")
                made.hot[c] = [b for b, _ in weights]
            else:
                expect(code == "digits", f"column {c} has an unknown code")
                top = int(start)
                expect(top == box.low, f"column {c} starts at another value")
                for w in sorted(int(w) for _, w in weights):
                    expect(0 < w <= top - box.low + box.step and w % box.step == 0, f"column {c} misses values")
                    top += w
                expect(top == box.high, f"column {c} ends at another value")
        expect(sorted(made.owner) == list(range(made.bits)), "the bits of columns are not numbered one by one")
        return made


@dataclass(frozen=True, eq=False)
class Line:
    """One row of the problem over columns and over bits."""

    ref: tuple[Any, ...]
    name: str
    columns: dict[int, Fraction]
    lower: Fraction | None
    upper: Fraction | None
    coding: Coding
    plain: dict[int, Fraction]

    @cached_property
    def constant(self) -> Fraction:
        """Activity with all bits clear."""
        return sum((a * self.coding.offset[c] for c, a in self.columns.items()), Fraction(0))

    def holds(self, activity: Fraction) -> bool:
        """Whether an activity lies between the sides."""
        return (self.lower is None or self.lower <= activity) and (self.upper is None or activity <= self.upper)

    def form(self, scale: Fraction) -> dict[int, int]:
        """The row over bits times a factor, which must make it whole."""
        out = {b: a * scale for b, a in self.plain.items()}
        expect(all(a.denominator == 1 for a in out.values()), f"{self.name}: the scale does not make the row whole")
        return {b: int(a) for b, a in out.items()}

    def sides(self) -> tuple[Fraction | None, Fraction | None]:
        """The sides less the constant."""
        shift = self.constant
        return (
            None if self.lower is None else self.lower - shift,
            None if self.upper is None else self.upper - shift,
        )

    def always(self) -> bool:
        """Whether the row holds on the whole domain."""
        (low, high), (lower, upper) = self._reach, self.sides()
        return (lower is None or lower <= low) and (upper is None or high <= upper)

    @cached_property
    def _reach(self) -> tuple[Fraction, Fraction]:
        low = high = Fraction(0)
        if self.ref[0] == "code":
            return low, Fraction(len(self.plain))
        for c, a in self.columns.items():
            box, start = self.coding.domain[c], self.coding.offset[c]
            ends = sorted((a * (box.low - start), a * (box.high - start)))
            low, high = low + ends[0], high + ends[1]
        return low, high

    def reach(self, scale: Fraction) -> Range:
        """Activities, less the constant and times the scale, that the domain allows."""
        low, high = self._reach
        return Range(ceil(low * scale), floor(high * scale), 1)

    def range(self, scale: Fraction) -> Range:
        """Those of them at which the row holds."""
        lower, upper = self.sides()
        low, high, _ = self.reach(scale)
        return Range(
            low if lower is None else max(low, ceil(lower * scale)),
            high if upper is None else min(high, floor(upper * scale)),
            1,
        )


class Lines:
    """The rows, the lines of the groups and the codes of one-hot columns, by their reference."""

    def __init__(self, problem: Problem, coding: Coding) -> None:
        expect(not problem.has_soft and not problem.polynomial_rows, "soft and polynomial rows have no certificate")
        expect(
            len(problem.indicators) == 0 and len(problem.levels) == 1, "switched rows and levels have no certificate"
        )
        self.problem, self.coding = problem, coding
        self.groups = problem.groups.as_rows()
        self.found: dict[tuple[Any, ...], Line] = {}

    @staticmethod
    def domain(problem: Problem) -> list[Range]:
        """The values of every column."""
        columns, out = problem.columns, []
        for kind, lower, upper in zip(columns.kind.tolist(), columns.lower.tolist(), columns.upper.tolist()):
            expect(kind != Kind.REAL and not isinf(lower) and not isinf(upper), "a column without finite whole values")
            out.append(Range(ceil(lower), floor(upper), 2 if kind == Kind.SPIN else 1))
        return out

    def line(self, ref: Any) -> Line:
        """The line that a reference names: ``["row", k]``, ``["group", k]`` (a line) or ``["code", column]``."""
        kind, k = ref
        key = (kind, whole(k))
        if key not in self.found:
            expect(k >= 0, "a reference below 0")
            if kind == "code":
                expect(k in self.coding.hot, f"column {k} has no one-hot code")
                bits = dict.fromkeys(self.coding.hot[k], Fraction(1))
                name = f"code of {self.problem.columns.names[k]}"
                self.found[key] = Line(key, name, {}, Fraction(1), Fraction(1), self.coding, bits)
            else:
                expect(kind in ("row", "group"), f"unknown reference {ref!r}")
                self.found[key] = self._made(key, self.problem.rows if kind == "row" else self.groups, k)
        return self.found[key]

    def _made(self, key: tuple[Any, ...], rows: Rows, k: int) -> Line:
        index, value = rows.row(k)
        columns = {int(c): meant(a) for c, a in zip(index.tolist(), value.tolist()) if a}
        lower, upper = float(rows.lower[k]), float(rows.upper[k])
        plain: dict[int, Fraction] = {}
        for c, a in columns.items():
            for b, w in self.coding.form[c].items():
                plain[b] = plain.get(b, Fraction(0)) + a * w
        low, high = (None if isinf(side) else meant(side) for side in (lower, upper))
        return Line(key, rows.names[k], columns, low, high, self.coding, {b: a for b, a in sorted(plain.items()) if a})

    def of_problem(self) -> Iterator[Line]:
        """Every row and every line of a group."""
        for kind, count in (("row", len(self.problem.rows)), ("group", len(self.groups))):
            for k in range(count):
                yield self.line((kind, k))

    def every(self) -> Iterator[Line]:
        """Those, and the codes."""
        yield from self.of_problem()
        for c in self.coding.hot:
            yield self.line(("code", c))


def terms_of(problem: Problem, coding: Coding | None) -> dict[tuple[int, ...], Number]:
    """The objective, to be made small, over bits (b**2 = b), or over columns when there is no coding."""
    p, sign = problem.objective, problem.sense.sign
    expect(not len(p.products), "products of three and more columns have no certificate")
    out: dict[tuple[int, ...], Number] = {(): sign * exactly(p.offset)}
    # Every column as its terms; without a coding a column is its own bit.
    if coding is None:
        parts: list[list[tuple[tuple[int, ...], int]]] = [[((c,), 1)] for c in range(problem.n)]
    else:
        parts = [
            [((), start)] * bool(start) + [((b,), w) for b, w in form.items()]
            for start, form in zip(coding.offset, coding.form)
        ]
    for c, value in enumerate(p.linear.tolist()):
        if value:
            for key, w in parts[c]:
                out[key] = out.get(key, 0) + sign * exactly(value) * w
    for i, j, value in zip(p.row.tolist(), p.col.tolist(), p.value.tolist()):
        v = sign * exactly(value)
        for one, w in parts[i]:
            for two, u in parts[j]:
                key = one + two if one < two else two if one == two else two + one
                out[key] = out.get(key, 0) + v * w * u
    return {key: v for key, v in out.items() if v or not key}
