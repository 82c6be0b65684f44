"""Rows carried as running activities: what a move does to their violation, at O(1) per row it touches.

    activity of row c = sum over its bits of value * x        violation = how far it lies outside lower .. upper

The rows are held twice, by bit (``at``, ``row``, ``value``; rows ascending inside a bit) and by row (``start``,
``bit``). What a broken row costs is ``price * violation``: a state of the search, not of the problem. Activity, price
and sides of row c lie side by side in ``ledger[c]``, shape (m, 4) float64.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

ACTIVITY, PRICE, LOWER, UPPER = 0, 1, 2, 3
_NONE = np.int32(2**31 - 1)


class Rows(NamedTuple):
    """``at`` (n+1,), ``row`` int32, ``value`` float64 by bit; ``start`` (m+1,), ``bit`` int32 by row."""

    at: Any
    row: Any
    value: Any
    start: Any
    bit: Any


@njit(cache=True, nogil=True, inline="always")
def violation(activity, lower, upper):
    """How far an activity lies outside its sides."""
    return max(0.0, activity - upper, lower - activity)


@njit(cache=True, nogil=True)
def load_activities(at, row, value, sign, ledger):
    """Activities of the point with these signs (``1 - 2 x``); returns the number of broken rows."""
    for c in range(len(ledger)):
        ledger[c, ACTIVITY] = 0.0
    for k in range(len(sign)):
        if sign[k] < 0:
            for p in range(at[k], at[k + 1]):
                ledger[row[p], ACTIVITY] += value[p]
    broken = 0
    for c in range(len(ledger)):
        broken += violation(ledger[c, ACTIVITY], ledger[c, LOWER], ledger[c, UPPER]) > 0.0
    return broken


@njit(cache=True, nogil=True)
def turn_activities(at, row, value, ledger, k, step):
    """Account for bit k going on (``step`` 1) or off (-1); returns the change of the number of broken rows."""
    change = 0
    for p in range(at[k], at[k + 1]):
        line = ledger[row[p]]
        change -= violation(line[ACTIVITY], line[LOWER], line[UPPER]) > 0.0
        line[ACTIVITY] += step * value[p]
        change += violation(line[ACTIVITY], line[LOWER], line[UPPER]) > 0.0
    return change


@njit(cache=True, nogil=True, inline="always")
def _rise(line, change):
    """Change of a row's price when its activity changes."""
    now, lower, upper = line[ACTIVITY], line[LOWER], line[UPPER]
    return line[PRICE] * (violation(now + change, lower, upper) - violation(now, lower, upper))


@njit(cache=True, nogil=True)
def flip_price(at, row, value, ledger, k, step):
    """Change of the price when bit k goes on (``step`` 1) or off (-1)."""
    total = 0.0
    for p in range(at[k], at[k + 1]):
        total += _rise(ledger[row[p]], step * value[p])
    return total


@njit(cache=True, nogil=True)
def shift_price(at, row, value, ledger, off, on):
    """Change of the price when one bit goes off and another on."""
    total = 0.0
    p, q, p_end, q_end = at[off], at[on], at[off + 1], at[on + 1]
    while p < p_end or q < q_end:
        first = row[p] if p < p_end else _NONE
        second = row[q] if q < q_end else _NONE
        change = 0.0
        if first <= second:
            change -= value[p]
            p += 1
        if second <= first:
            change += value[q]
            q += 1
        total += _rise(ledger[min(first, second)], change)
    return total


@njit(cache=True, nogil=True)
def exchange_price(at, row, value, ledger, off_a, off_b, on_a, on_b):
    """Change of the price when two bits go off and two on; the activities come back as they were."""
    total = shift_price(at, row, value, ledger, off_a, on_a)
    for p in range(at[off_a], at[off_a + 1]):
        ledger[row[p], ACTIVITY] -= value[p]
    for p in range(at[on_a], at[on_a + 1]):
        ledger[row[p], ACTIVITY] += value[p]
    total += shift_price(at, row, value, ledger, off_b, on_b)
    for p in range(at[on_a], at[on_a + 1]):
        ledger[row[p], ACTIVITY] -= value[p]
    for p in range(at[off_a], at[off_a + 1]):
        ledger[row[p], ACTIVITY] += value[p]
    return total
