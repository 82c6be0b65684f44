"""Soft rows as a certificate has them: how each became energy, and the energy it became."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from qopt.compilers._certificate_exact import Energy, Number, entries
from qopt.compilers._certificate_known import Known
from qopt.compilers._certificate_reasons import Raw, Ref
from qopt.compilers.passes.soft import Pieces
from qopt.core.rows import Norm

Soft = tuple[Ref, Known, Number, Norm, int]
"""A soft row: what it goes by, itself over bits, price, norm and level."""


def piece(block: Pieces, i: int, every: Sequence[Soft]) -> tuple[Raw, tuple[int, Energy]]:
    rows, kind = block.rows, block.kind
    ref, known, price, norm, level = every[int(block.origin[i])]
    form = dict(entries(rows.matrix, i))
    scale = _ratio(form, known.terms)
    raw: Raw = {"row": ref, "kind": kind, "scale": str(scale)}
    ends = [int(getattr(rows, k)[i]) for k in ("lo", "hi", "low", "high")]
    lo, hi, low, high = ends
    start, end = max(lo, low), min(hi, high)
    more = {} if block.more is None else dict(entries(block.more, i))
    less = {} if block.less is None else dict(entries(block.less, i))
    if kind == "curve":
        costs = [_cost(known, Fraction(min(low + t, high)) / scale, price, norm) for t in range(3)]
        return raw, (level, _parabola(form, low, high, costs))
    if kind == "square":
        raw |= {"low": start, "slack": _pairs(more)}
        both = {**form, **{b: -w for b, w in more.items()}}
        return raw, (level, _squared(both, -start, price / scale**2))
    if kind == "distance":
        raw |= {"low": start, "high": end, "over": _pairs(more), "under": _pairs(less)}
        return raw, (level, {(b,): price / scale * w for b, w in {**more, **less}.items()})
    sign = 1 if kind == "high" else -1
    top, last = (hi, high) if sign > 0 else (-lo, -low)
    most = last - top
    (bit,) = more
    raw |= {"kind": "flag", "side": kind, "bit": bit, "most": most, "high": top}
    return raw, (level, {(bit,): price})


def _ratio(form: Mapping[int, int], terms: Mapping[int, Number]) -> Fraction:
    """The factor between a whole form and the row it was made from."""
    return next((Fraction(a) / terms[b] for b, a in form.items() if terms.get(b)), Fraction(1))


def _cost(row: Known, activity: Fraction, price: Number, norm: Norm) -> Number:
    """The price of a soft row at an activity less its constant."""
    f = activity + row.constant
    under, over = (0 if row.lower is None else row.lower - f), (0 if row.upper is None else f - row.upper)
    beyond = max(under, over, 0)
    if norm == Norm.OCCURRENCE:
        return price if beyond else 0
    return price * (beyond * beyond if norm == Norm.QUADRATIC else beyond)


def _parabola(form: Mapping[int, int], low: int, high: int, costs: Sequence[Number]) -> Energy:
    """The parabola over a form that has these values at ``low`` and behind it."""
    bend = (costs[2] - 2 * costs[1] + costs[0]) / Fraction(2) if high - low >= 2 else Fraction(0)
    slope = costs[1] - costs[0] - bend
    made = _squared(form, -low, bend)
    for b, a in form.items():
        made[(b,)] = made.get((b,), 0) + slope * int(a)
    made[()] = made.get((), 0) - slope * low + costs[0]
    return made


def _pairs(digits: Mapping[int, int]) -> list[list[int]]:
    return [[b, int(w)] for b, w in sorted(digits.items())]


def _squared(form: Mapping[int, int], constant: int, alpha: Number) -> Energy:
    """``alpha (form + constant)**2``."""
    items = sorted((b, int(a)) for b, a in form.items())
    made: Energy = {(): alpha * constant * constant}
    for t, (b, a) in enumerate(items):
        made[(b,)] = alpha * (a * a + 2 * a * constant)
        made |= {(b, other): 2 * alpha * a * v for other, v in items[t + 1 :]}
    return made
