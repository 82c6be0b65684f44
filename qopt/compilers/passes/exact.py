"""Whole numbers behind floats: the fraction a person meant, and the common scale that makes them whole."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from functools import lru_cache
from math import lcm

EXACT = 2**53
"""Whole numbers up to this size are exact in float64."""


@lru_cache(maxsize=65536)
def simplest(value: float) -> Fraction:
    """The fraction with denominator up to 10**6 within a few units in the last place, else the shortest decimal.

    So 0.1 is 1/10, 0.1 + 0.2 is 3/10 and 1 / 3 is 1/3, although no float is any of them.
    """
    if float(value).is_integer():
        return Fraction(int(value))
    decimal = Fraction(repr(float(value)))
    if decimal.denominator <= 10**6:
        return decimal
    near = decimal.limit_denominator(10**6)
    return near if abs(near - decimal) <= Fraction(abs(decimal)) / 2**50 else decimal


def common_scale(values: Iterable[Fraction]) -> int | None:
    """The least whole number that makes all of them whole; None above 2**53."""
    scale = 1
    for value in values:
        scale = lcm(scale, value.denominator)
        if scale > EXACT:
            return None
    return scale
