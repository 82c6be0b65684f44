"""What the verifier reads: exact numbers as text, whole numbers, digits, and how to say that a step does not hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import Any, NamedTuple

from qopt.core.arrays import Floats, is_integral

Number = int | Fraction
"""An exact number: whole ones as int, which is what most are and far quicker."""
Terms = dict[tuple[int, ...], Number]
"""A polynomial: sorted tuples of distinct bits to coefficients, the constant under ``()``."""


_CANONICAL = re.compile(r"-?\d{1,4000}(/\d{1,4000})?")


class NotProvenError(Exception):
    """A step that does not hold; the message says which."""


def expect(holds: bool, otherwise: str) -> None:
    """Raise NotProvenError unless the step holds."""
    if not holds:
        raise NotProvenError(otherwise)


def fields(raw: Any, names: Iterable[str], what: str) -> None:
    """Refuse anything but an object with exactly these fields."""
    expect(isinstance(raw, Mapping) and raw.keys() == set(names), f"{what} has other fields")


def whole(value: Any) -> int:
    """A JSON whole number."""
    expect(type(value) is int, f"{value!r} is no whole number")
    return int(value)


def fraction(text: Any) -> Fraction:
    """A number as canonical text: ``-3``, ``7/4``."""
    expect(isinstance(text, str) and _CANONICAL.fullmatch(text) is not None, f"{text!r:.80} is no number as text")
    value = Fraction(text)
    expect(str(value) == text, f"{text!r} is not in lowest terms")
    return value


def meant(value: float) -> Number:
    """What a number in a row stands for: the simple fraction or decimal it was made from.

    Rows are read as people write them: 0.1 is one tenth and 1 / 3 one third, although no float is. A denominator of up
    to a million within 2**-50 of the shortest decimal counts as what was meant; other numbers are that decimal.
    """
    if float(value).is_integer():
        return int(value)
    decimal = Fraction(repr(float(value)))
    if decimal.denominator <= 10**6:
        return decimal
    simple = decimal.limit_denominator(10**6)
    return simple if abs(simple - decimal) * 2**50 <= abs(decimal) else decimal


def exactly(value: float) -> Number:
    """The rational that a float is."""
    return int(value) if value.is_integer() else Fraction(value)


def numbers(values: Floats, number: Callable[[float], Number]) -> list[Number]:
    """Many numbers read at once; those that are whole need no care."""
    if is_integral(values):
        return list(values.astype("int64").tolist())
    return [number(v) for v in values.tolist()]


def size(value: Number) -> Number:
    """A number without its sign."""
    return value if value >= 0 else -value


class Range(NamedTuple):
    """Whole numbers ``low, low + step, …, high``; None for an end that is open."""

    low: int | None
    high: int | None
    step: int = 1

    def holds(self, value: int) -> bool:
        """Whether a value is one of them."""
        inside = (self.low is None or self.low <= value) and (self.high is None or value <= self.high)
        start = self.low if self.low is not None else self.high or 0
        return inside and (value - start) % self.step == 0


def weights(pairs: Any) -> dict[int, int]:
    """``[[bit, whole number other than 0], …]``, bits ascending."""
    made = {whole(bit): whole(weight) for bit, weight in pairs}
    ascending = list(made) == sorted(made) and len(made) == len(pairs)
    expect(ascending and all(made.values()) and min(made, default=0) >= 0, "bits of a form stand in no order")
    return made


def reaches(digits: Iterable[int], room: int = 0) -> int:
    """The largest number that digits write such that every number from 0 to it is met or passed by at most ``room``."""
    for digit in sorted(digits):
        expect(0 < digit <= room + 1, "digits leave a gap")
        room += digit
    return room
