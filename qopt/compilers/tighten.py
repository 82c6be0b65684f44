"""Lower a problem, find an incumbent and prices, and lower it again where they cut something off."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from qopt.compilers.bounds import MOST_SECONDS, Prices, plain_shares, relaxed, unit_for
from qopt.compilers.incumbent import MOST_ENTRIES, greedy
from qopt.compilers.lowered import Guarantee
from qopt.compilers.passes.assemble import widened
from qopt.compilers.passes.cut import Limit, Slope, cut_columns, cut_rows
from qopt.compilers.passes.encode import Coded
from qopt.compilers.passes.fill import BitMatrix, Encoder
from qopt.compilers.passes.integers import IntegerRows
from qopt.compilers.passes.levels import combined
from qopt.compilers.passes.lower import Draft, lower
from qopt.compilers.penalties.dual import grids
from qopt.core.accepts import Accepts
from qopt.core.arrays import Bools, Floats
from qopt.core.errors import CompileError
from qopt.core.polynomial import Polynomial
from qopt.core.problem import Columns, Problem
from qopt.core.rows import Groups

_NOISE = 2.0**-40
"""Relative rounding error allowed to the energy of an incumbent with coefficients that are not whole."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of a tightening.

    Parameters
    ----------
    incumbent
        Objective of a feasible point in the user's sense, its values, or None.
    cuts
        Whether columns and rows may be narrowed.
    looks
        Whether an incumbent and prices are worth their time; they never are for *total* and *none*.
    seconds
        For the relaxation that gives the prices.
    """

    guarantee: Guarantee
    incumbent: float | ArrayLike | None
    cuts: bool
    looks: bool
    seconds: float = MOST_SECONDS


@dataclass(frozen=True, eq=False)
class Cut:
    """The bits, the rows and the energy that a cut was computed over, its prices, and the energy that it keeps."""

    coded: Coded
    draft: Draft
    objective: Polynomial
    level_weights: tuple[float, ...]
    slope: Slope
    limit: float


@dataclass(frozen=True, eq=False)
class Tight:
    """A problem over bits, with what is known of its best answers.

    Parameters
    ----------
    problem
        With narrower columns where ``cut_of_columns`` says so.
    incumbent, witness
        Energy of a feasible point, and its column values where they are known.
    prices
        Of the relaxation, one per row of the draft.
    limit
        Energy up to which answers are kept by the cuts.
    columns_cut, rows_cut
        What the cuts were computed from, where there was something to cut.
    """

    problem: Problem
    coded: Coded
    draft: Draft
    objective: Polynomial
    level_weights: tuple[float, ...]
    ordered: bool
    incumbent: float | None = None
    witness: Floats | None = None
    prices: Prices | None = None
    limit: float = np.inf
    columns_cut: Cut | None = None
    rows_cut: Cut | None = None
    notes: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)

    def prices_of(self, chosen: Bools, rows: int, forms: int) -> Prices | None:
        """The prices of chosen rows, zeros behind them up to the number of forms; None where rows were split."""
        if self.prices is None or rows != int(chosen.sum()):
            return None
        of_forms = np.zeros(forms)
        of_forms[:rows] = self.prices.rows[chosen]
        return replace(self.prices, rows=of_forms)


def tightened(problem: Problem, code: Callable[[Columns], Coded], accepts: Accepts, wanted: Wanted) -> Tight:
    """Lower a problem for a backend, tightened as far as wanted.

    Raises
    ------
    CompileError
        A row that can never hold or has no exact scale; an incumbent that breaks a rule, or that nothing reaches.
    """
    tight = _lowered(problem, code, accepts, wanted)
    tight = _with_incumbent(tight, wanted)
    # With several levels a distance from the incumbent is one between weighed sums, which nobody means.
    levels = ("argmin", "top") if len(problem.levels) == 1 else ("argmin",)
    if not wanted.looks or wanted.guarantee.level not in levels or tight.draft.rounded:
        return tight
    if not wanted.cuts and not _weighs(tight, accepts):
        return tight
    tight = _priced(tight, wanted.seconds)
    if tight.incumbent is None:
        tight = _searched(tight)
    if tight.incumbent is None or not wanted.cuts or tight.coded.notes:
        return tight
    tight = _with_columns_cut(tight, _limit(tight, wanted), code, accepts, wanted)
    # A row that a backend keeps takes no slack bits, so that a narrower one would only hinder its moves.
    return tight if accepts.rows else _with_rows_cut(tight, _limit(tight, wanted))


def _weighs(tight: Tight, accepts: Accepts) -> bool:
    """Whether anything at all becomes a penalty."""
    lifted = tight.draft.lifted
    codes = any(block.encoded.validity is not None for block in tight.coded.blocks)
    rows = len(tight.draft.rows) > 0 and not accepts.rows
    return rows or codes or len(lifted.pairs) > 0 or len(lifted.rules) > 0


def _limit(tight: Tight, wanted: Wanted) -> Limit:
    assert tight.prices is not None
    _, unit, steps = grids(tight.objective)
    fine = unit_for(tight.prices, tight.objective, tight.draft.rows.matrix, min(unit, *steps) / 256)
    return Limit(_kept_up_to(tight, wanted), fine)


def _kept_up_to(tight: Tight, wanted: Wanted) -> float:
    """The energy up to which answers are wanted."""
    assert tight.incumbent is not None
    value = wanted.guarantee.above(tight.incumbent)
    if value != tight.incumbent:
        # Above the sum for certain: a limit may be raised.
        value += _NOISE * max(1.0, abs(value))
    return value


def _lowered(problem: Problem, code: Callable[[Columns], Coded], accepts: Accepts, wanted: Wanted) -> Tight:
    rounding = wanted.guarantee.level == "none"
    coded = code(problem.columns)
    draft = lower(problem, coded, accepts, rounding=rounding)
    return Tight(problem, coded, draft, *combined(draft.levels, rounding=rounding))


def _with_incumbent(tight: Tight, wanted: Wanted) -> Tight:
    given = wanted.incumbent
    if given is None:
        return tight
    if np.ndim(given) == 0:
        energy = tight.problem.sense.sign * float(np.asarray(given))
        return tight if len(tight.problem.levels) > 1 else replace(tight, incumbent=energy)
    values = np.asarray(given, dtype=np.float64)
    if values.shape != (tight.problem.n,):
        raise CompileError(f"an incumbent has {tight.problem.n} values, got {values.shape}")
    draft = tight.draft
    fills = (draft.lifted.fill, *draft.priced.fills)
    bits = Encoder(tight.coded, fills, draft.bits, slice(0, 0))(values)
    decoded = _values(tight.coded, bits)
    if not np.array_equal(decoded, values) or not _keeps(tight, bits):
        raise CompileError("the incumbent that was given breaks a rule of the problem")
    return _with_point(tight, bits)


def _with_point(tight: Tight, bits: BitMatrix) -> Tight:
    energy = float(tight.objective.evaluate(bits)[0])
    if not tight.objective.integral:
        # Above the exact energy for certain: an upper end stays true when it is raised.
        p = tight.objective
        span = abs(p.offset) + sum(float(np.abs(part).sum()) for part in (p.linear, p.value, p.products.coefficient))
        energy += _NOISE * span
    return replace(tight, incumbent=energy, witness=_values(tight.coded, bits))


def _values(coded: Coded, bits: BitMatrix) -> Floats:
    values: Floats = coded.matrix @ bits[: coded.bits].astype(np.float64) + coded.offset
    return values


def _keeps(tight: Tight, bits: BitMatrix) -> bool:
    """Whether bits of columns, products and violations keep every rule."""
    draft, whole = tight.draft, bits.astype(np.int64)
    rows = draft.rows
    activity = widened(rows.matrix, len(whole)) @ whole
    if ((activity < rows.lo) | (activity > rows.hi)).any():
        return False
    for block in tight.coded.blocks:
        if not block.encoded.valid(bits[block.bits]).all():
            return False
    kept = rows_of_groups(draft.groups, len(whole))
    activity = kept.matrix @ whole
    if ((activity < kept.lo) | (activity > kept.hi)).any():
        return False
    rules = [rule.polynomial for rule in draft.lifted.rules]
    return all(float(p.evaluate(bits[: p.n])[0]) == 0 for p in rules)


def rows_of_groups(groups: Groups, bits: int) -> IntegerRows:
    """Groups over bits as rows, line by line."""
    rows = groups.as_rows()
    matrix = sparse.csr_array((rows.value.astype(np.int64), rows.index, rows.indptr), shape=(len(rows), bits))
    size = np.diff(rows.indptr)
    lo, hi = np.where(np.isfinite(rows.lower), rows.lower, 0).astype(np.int64), rows.upper.astype(np.int64)
    zero = np.zeros(len(rows))
    return IntegerRows(matrix, lo, hi, np.zeros_like(size), size, zero, zero + 1, rows.names)


def _priced(tight: Tight, seconds: float) -> Tight:
    rows = tight.draft.rows
    lower = np.where(rows.lo <= rows.low, -np.inf, rows.lo)
    upper = np.where(rows.hi >= rows.high, np.inf, rows.hi)
    objective = tight.objective
    prices = relaxed(objective, rows.matrix, lower, upper, seconds=seconds)
    if prices is None:
        prices = Prices(np.zeros(len(rows)), plain_shares(objective), np.full(objective.n, 0.5), np.nan)
    return replace(tight, prices=prices)


def _searched(tight: Tight) -> Tight:
    """An incumbent by greed over the bits of columns; products and violations follow from them."""
    draft, coded = tight.draft, tight.coded
    prices = tight.prices
    assert prices is not None
    rows, n = draft.rows, coded.bits
    if rows.matrix.nnz > MOST_ENTRIES:
        return tight
    owner = np.repeat(np.arange(len(rows)), np.diff(rows.matrix.indptr))
    plain = np.bincount(owner[rows.matrix.indices >= n], minlength=len(rows)) == 0
    known = IntegerRows.concat([rows.select(plain), rows_of_groups(draft.groups, n)], draft.bits)
    matrix = sparse.csr_array((known.matrix.data, known.matrix.indices, known.matrix.indptr), shape=(len(known), n))
    hint = None if np.isnan(prices.value) else prices.point[:n]
    whole = tight.objective.integral and hint is not None
    enough = float(np.ceil(prices.value - 1e-6)) if whole else -np.inf
    found = greedy(_first(tight.objective, n), matrix, known.lo, known.hi, hint, enough)
    if found is None:
        return tight
    bits = np.zeros((1, draft.bits), dtype=np.int8)
    bits[0, :n] = found
    for fill in (draft.lifted.fill, *draft.priced.fills):
        fill.fill(bits)
    return _with_point(tight, bits[0]) if _keeps(tight, bits[0]) else tight


def _first(p: Polynomial, n: int) -> Polynomial:
    """The terms of degree 1 and 2 over the first n bits."""
    inside = (p.row < n) & (p.col < n)
    return Polynomial(p.linear[:n], p.row[inside], p.col[inside], p.value[inside])


def _with_columns_cut(
    tight: Tight, limit: Limit, code: Callable[[Columns], Coded], accepts: Accepts, wanted: Wanted
) -> Tight:
    assert tight.prices is not None
    columns = tight.problem.columns
    cut = cut_columns(columns, tight.coded, tight.objective, tight.draft.rows, tight.prices, limit)
    if cut is None:
        return tight
    made, slope = cut
    again = _lowered(replace(tight.problem, columns=made), code, accepts, wanted)
    fixed = int(((made.lower == made.upper) & (columns.lower < columns.upper)).sum())
    narrowed = int(((made.lower != columns.lower) | (made.upper != columns.upper)).sum()) - fixed
    note = f"{fixed} variables fixed and {narrowed} narrowed: answers worse than the limit {limit.value:g} are left out"
    again = replace(again, incumbent=tight.incumbent, witness=tight.witness)
    if len(again.problem.levels) > 1:
        again = _with_incumbent(again, replace(wanted, incumbent=tight.witness))
    again = replace(
        again,
        limit=limit.value,
        columns_cut=Cut(tight.coded, tight.draft, tight.objective, tight.level_weights, slope, limit.value),
        notes=(note,),
        facts={
            "limit": _kept_up_to(again, wanted),
            "fixed": fixed,
            "narrowed": narrowed,
            "rows": 0,
            "bits_before": tight.coded.bits,
        },
    )
    return _priced(again, wanted.seconds)


def _with_rows_cut(tight: Tight, limit: Limit) -> Tight:
    assert tight.prices is not None
    cut = cut_rows(tight.objective, tight.draft.rows, tight.prices, limit)
    if cut is None:
        return tight
    rows, slope = cut
    count = int(((rows.lo != tight.draft.rows.lo) | (rows.hi != tight.draft.rows.hi)).sum())
    note = f"{count} rows narrowed to what answers up to the limit {limit.value:g} can have (optimum-preserving)"
    facts = {"limit": limit.value, "fixed": 0, "narrowed": 0, **tight.facts, "rows": count}
    return replace(
        tight,
        draft=replace(tight.draft, rows=rows),
        limit=limit.value,
        rows_cut=Cut(tight.coded, tight.draft, tight.objective, tight.level_weights, slope, limit.value),
        notes=(*tight.notes, note),
        facts=facts,
    )
