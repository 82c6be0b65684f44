"""Problem -> Compiled: the passes, in order.

    presolve rows and columns that say less become fewer                         reduce/presolve.py, passes/ranges.py
    encode   columns become bits                                                 passes/encode.py
    lower    every rule a row in whole numbers, groups of the backend kept       passes/lower.py
    cut      an incumbent and the relaxation narrow columns and rows             tighten.py, passes/cut.py
    forms    rows that the backend does not keep become rules, with slack bits   passes/forms.py
    weigh    a penalty rule gives every rule its weight                          penalties/NAME.py
    emit     objective and weighted rules as one polynomial of accepted degree   here, passes/products.py
    reduce   bits that follow from others leave the polynomial, when asked       passes/fewer.py

Every pass is a pure function of what the one before it made; ``passes/fill.py`` is the way in for known points and
``Compiled.blocks`` the way back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import ArrayLike

from qopt.compilers._certificate_reasons import Trail
from qopt.compilers._certificate_trail import takes
from qopt.compilers.bounds import MOST_SECONDS
from qopt.compilers.certificate import Source, Trace, certified
from qopt.compilers.lowered import Guarantee, Lowered, Penalties, PolynomialRule, Rules
from qopt.compilers.passes.assemble import added, stacked
from qopt.compilers.passes.covers import pair_rows, pair_rules
from qopt.compilers.passes.encode import Coded, encode, restored
from qopt.compilers.passes.fewer import refuse_reduction, with_fewer_bits
from qopt.compilers.passes.fill import Encoder, FillProducts
from qopt.compilers.passes.forms import rules_of
from qopt.compilers.passes.integers import IntegerRows
from qopt.compilers.passes.lower import Draft
from qopt.compilers.passes.products import Gadget, put_back, quadratised
from qopt.compilers.passes.ranges import ranged
from qopt.compilers.passes.split import split_rows
from qopt.compilers.size import (
    Limits,
    Plan,
    TooLarge,
    coefficient_bits,
    least_of,
    plans,
    refuse_bits,
    refuse_couplings,
    refuse_energy,
    rule_summary,
    weighed,
)
from qopt.compilers.tighten import Tight, Wanted, tightened
from qopt.core import registry
from qopt.core.accepts import QUBO, Accepts
from qopt.core.arrays import no_floats, no_indices
from qopt.core.compiled import Block, Compiled, Encoded, Penalty
from qopt.core.names import NameTable
from qopt.core.polynomial import Polynomial
from qopt.core.problem import Problem
from qopt.core.protocols import PenaltyRule
from qopt.core.rows import Rows
from qopt.reduce.presolve import Presolved, presolved


def compile_problem(
    problem: Problem,
    *,
    accepts: Accepts = QUBO,
    guarantee: str = "argmin",
    encoding: str | Mapping[str, str] = "auto",
    max_bits: int | None = None,
    max_couplings: int | None = None,
    max_coefficient_bits: int | None = None,
    penalty: str | PenaltyRule = "auto",
    incumbent: float | ArrayLike | None = None,
    presolve: bool = True,
    cut: bool = True,
    certify: bool = False,
    reduce: bool = False,
) -> Compiled:
    """Lower a problem as far as a backend needs.

    Parameters
    ----------
    accepts
        What the backend takes; groups, rows and products that it takes stay what they are.
    guarantee
        ``argmin``, ``top:X%``, ``top:X``, ``total`` or ``none``. More may be proven than was asked. ``none`` also
        accepts data without an exact scale, rounded.
    encoding
        Of columns with more than two values: a plug-in's name, ``auto`` (log), or one per family of columns.
    max_bits, max_couplings, max_coefficient_bits
        Refuse above these. Encodings and forms are chosen to fit: the shortest first, which take the fewest bits; where
        coefficients are too long, slack and ``auto`` encodings with smaller digits; where couplings are too many, long
        rows split into pieces that meet in counters.
    penalty
        The rule that weighs: a plug-in's name, or one with parameters. ``auto`` takes ``dual`` where it proves what is
        asked with smaller coefficients, else ``range``; ``range`` solves no relaxation.
    incumbent
        Objective of a known feasible point in the user's sense, or its values; makes ``argmin`` and ``top`` cheaper to
        prove. An objective alone is not used with several levels. Without one, rules that tighten look for a point
        greedily.
    presolve
        Whether rows and columns are simplified first (``reduce/presolve.py``, equivalent).
    cut
        Whether a presolve also narrows columns and rows to what ``argmin`` and ``top`` can want, given the incumbent
        (optimum-preserving); without it every feasible answer keeps its bits.
    certify
        Take only steps that ``qopt.evaluate.certificate`` can check, and attach the certificate, written when its
        ``document`` is asked for. A note says why where there is none.
    reduce
        Whether bits whose best value follows from others leave the polynomial at the end (optimum-preserving; only with
        ``argmin`` or ``none``). Energies of other feasible points than the best may then be below their objectives.
        Limits of bits speak of what is left.

    Returns
    -------
    Energies are to be minimised; with one level they equal ``sense.sign * objective`` on every feasible point. What is
    proven is in ``guarantee``; what was lost on the way is in ``notes``.

    Raises
    ------
    CompileError
        An impossible row, a column without bounds, data without an exact scale; each by name. A size above a limit:
        needed, allowed and what takes most.
    """
    weigh: PenaltyRule = registry.load("penalties", penalty) if isinstance(penalty, str) else penalty
    if reduce:
        refuse_reduction(guarantee, certify)
    trail = Trail.of(problem) if certify else None
    judge = None if trail is None else partial(takes, trail)
    state = presolved(problem, judge=judge) if presolve else Presolved(problem)
    if presolve and not accepts.rows:
        state = state.then(ranged(state.problem), judge)
    if incumbent is not None and np.ndim(incumbent) == 1:
        incumbent = state.entering(np.asarray(incumbent, dtype=np.float64))
    looks, seconds = bool(getattr(weigh, "tightens", False)), float(getattr(weigh, "seconds", MOST_SECONDS))
    wanted = Wanted(Guarantee.of(guarantee), incumbent, presolve and cut, looks, seconds)
    limits = Limits(least_of(max_bits, accepts.bits), max_couplings, max_coefficient_bits)
    refusals: list[TooLarge] = []
    for plan in plans(limits):
        try:
            tight = tightened(state.problem, partial(encode, encoding=plan.encoding(encoding)), accepts, wanted)
            bounds = replace(limits, bits=None) if reduce else limits
            made = compiled_by(problem, state, tight, plan, accepts, guarantee, weigh, bounds, trail)
            return with_fewer_bits(made, limits) if reduce else made
        except TooLarge as error:
            refusals.append(error)
            if error.what == "bits" and plan == Plan():
                break
    raise refusals[0] if len(refusals) == 1 else refusals[0].after(refusals[1:])


def compiled_by(
    problem: Problem,
    state: Presolved,
    tight: Tight,
    plan: Plan,
    accepts: Accepts,
    guarantee: str,
    weigh: PenaltyRule,
    limits: Limits,
    trail: Trail | None = None,
) -> Compiled:
    """From rows in whole numbers to an energy, in the digits and pieces of a plan; with its proof where there is a
    trail of the presolve.

    Raises
    ------
    TooLarge
        A size above a limit.
    """
    rounding = Guarantee.of(guarantee).level == "none"
    source, coded, draft = tight.problem, tight.coded, tight.draft
    objective, level_weights, ordered = tight.objective, tight.level_weights, tight.ordered

    products = draft.with_products(coded)
    stay = ~products if accepts.rows else np.zeros(len(products), dtype=bool)
    pairs = pair_rows(draft.rows) & ~stay & (not plan.plain)
    chosen = ~stay & ~pairs
    rows, counters, pieces = split_rows(draft.rows.select(chosen), draft.bits, plan.piece)
    rules, slack = rules_of(rows, rows.matrix.shape[1], plan.widest, plain=plan.plain)
    bits = rows.matrix.shape[1] + int(rules.slack_bits.sum())
    rules = _all_rules(rules, draft, coded, bits, pair_rules(draft.rows.select(pairs), bits))
    refuse_bits(source.columns.names, coded, rules, bits, limits)
    refuse_couplings(rules, limits)
    prices = tight.prices_of(chosen, len(rows), len(rules.forms))
    lowered = Lowered(added([objective], bits), rules, prices)
    penalties: Penalties = weigh.weigh(lowered, guarantee=guarantee, incumbent=tight.incumbent)

    emitted = _emit(lowered, penalties, draft, coded, accepts, bits)
    final_bits = emitted.energy.n
    refuse_bits(source.columns.names, coded, rules, final_bits, limits)
    refuse_energy(emitted.energy, lowered, penalties, limits)
    size = coefficient_bits(emitted.energy, objective)
    notes = [*coded.notes, *tight.notes, *_notes(draft, level_weights, ordered, size)]
    exact = ordered and not draft.rounded and not coded.notes and size <= 53
    proven = penalties.guarantee if exact else "none"
    if tight.facts and proven == "total":
        # What was cut off is in no order.
        proven = guarantee
    if final_bits == 0:
        notes.append("solved classically: no bit is left to decide")
    if proven == "none" and not rounding:
        notes.append(f"asked for {guarantee}, proven: none")
    certificate = None
    if trail is not None and proven != "none":
        start = Source(problem, state.problem, state.way, trail)
        trace = Trace(emitted.energy, emitted.unfolded, emitted.gadgets, stay, pairs, pieces)
        certificate, missing = certified(start, tight, lowered, penalties, trace, proven)
        notes += [missing] if missing else []
    ancillas = tuple(gadget.factors for gadget in emitted.gadgets)
    slack_bits = bits - draft.lifted.bits
    ancilla_bits = final_bits - coded.bits - slack_bits
    return Compiled(
        problem=problem,
        polynomial=emitted.energy,
        groups=draft.groups,
        rows=_left(draft.rows.select(stay), emitted.dropped),
        blocks=restored(coded.blocks, state.way) + _blocks(coded.bits, emitted.products, slack_bits, final_bits),
        penalties=_records(rules, penalties, emitted.products > 0 or not draft.lifted.pairs),
        guarantee=proven,
        certificate=certificate,
        notes=tuple(notes),
        stats={
            "column_bits": coded.bits,
            "slack_bits": slack_bits,
            "ancilla_bits": ancilla_bits,
            "rows_kept": int(stay.sum()),
            "groups_kept": len(draft.groups),
            "coefficient_bits": size,
            "level_weights": list(level_weights),
            "penalty": dict(penalties.proof),
            "presolve": state.summary(),
            "rules": rule_summary(rules, penalties),
            "cut": dict(tight.facts),
        },
        _encoder=Encoder(
            coded,
            (draft.lifted.fill, *draft.priced.fills, counters, slack, FillProducts(bits, ancillas)),
            bits + len(ancillas),
            emitted.dropped,
        ),
    )


def _all_rules(rows: Rules, draft: Draft, coded: Coded, bits: int, forbidden: tuple[PolynomialRule, ...]) -> Rules:
    """Rules of rows first, then those of product bits, of one-signed polynomial rows, of pairs and of encodings."""
    pairs = len(draft.lifted.pairs)
    validity = tuple(
        PolynomialRule(f"{block.encoding} codes", "validity", _shifted(block.encoded.validity, block.start, bits))
        for block in coded.blocks
        if block.encoded.validity is not None
    )
    return Rules(
        stacked([rows.forms, draft.lifted.products], bits),
        NameTable(rows.names.families + NameTable.numbered("product", pairs).families),
        rows.form + ("product",) * pairs,
        np.concatenate([rows.slack_bits, np.zeros(pairs, np.int64)]),
        draft.lifted.rules + forbidden + validity,
    )


def _shifted(p: Polynomial, start: int, bits: int) -> Polynomial:
    linear = np.zeros(bits)
    linear[start : start + p.n] = p.linear
    return Polynomial(linear, p.row + start, p.col + start, p.value, offset=p.offset)


@dataclass(frozen=True, eq=False)
class _Emitted:
    """The energy over its final bits, and which of the bits used on the way are no longer there.

    Parameters
    ----------
    products
        Number of product bits that stayed bits.
    gadgets
        The bits behind all others.
    """

    energy: Polynomial
    products: int
    gadgets: tuple[Gadget, ...]
    dropped: slice

    @property
    def unfolded(self) -> bool:
        """Whether product bits were replaced by what they stand for."""
        return self.dropped.stop > self.dropped.start


def _emit(lowered: Lowered, penalties: Penalties, draft: Draft, coded: Coded, accepts: Accepts, bits: int) -> _Emitted:
    """Objective plus weighted rules, of the degree that the backend takes."""
    rules, pairs = lowered.rules, draft.lifted.pairs
    weights = np.array(penalties.weights)
    forms = len(rules.forms)
    # A backend that takes any degree gets its products back, so that z = x y need not be said.
    unfold = accepts.degree is None and len(pairs) > 0
    if unfold:
        weights[forms - len(pairs) : forms] = 0.0
    energy = weighed(lowered, replace(penalties, weights=weights))
    if unfold:
        factors: dict[int, tuple[int, ...]] = {}
        for t, (x, y) in enumerate(pairs):
            factors[coded.bits + t] = (*factors.get(x, (x,)), *factors.get(y, (y,)))
        energy = put_back(energy, factors, coded.bits, len(pairs))
        return _Emitted(energy, 0, (), slice(coded.bits, coded.bits + len(pairs)))
    gadgets: tuple[Gadget, ...] = ()
    if accepts.degree is not None and energy.degree > accepts.degree:
        energy, gadgets = quadratised(energy)
    return _Emitted(energy, len(pairs), gadgets, slice(0, 0))


def _notes(draft: Draft, level_weights: tuple[float, ...], ordered: bool, size: int) -> list[str]:
    notes = []
    if len(level_weights) > 1:
        weights = ", ".join(f"{w:g}" for w in level_weights)
        notes.append(f"the levels of the objective are added with weights {weights}")
    if not ordered:
        notes.append("a level of the objective has no exact step, so the order of levels holds only approximately")
    if draft.rounded:
        notes.append(f"rows without an exact scale were rounded: {', '.join(draft.rounded[:5])}")
    if size > 53:
        notes.append(f"coefficients span {size} bits, a float holds 53: energies are rounded")
    return notes


def _left(rows: IntegerRows, dropped: slice) -> Rows:
    """Rows for the backend, over the final bits, open where a side cannot be broken."""
    index = rows.matrix.indices.astype(np.int64)
    index = np.where(index >= dropped.stop, index - (dropped.stop - dropped.start), index)
    return Rows(
        rows.matrix.indptr,
        index,
        rows.matrix.data,
        np.where(rows.lo <= rows.low, -np.inf, rows.lo),
        np.where(rows.hi >= rows.high, np.inf, rows.hi),
        rows.names,
    )


def _blocks(start: int, products: int, slack: int, end: int) -> tuple[Block, ...]:
    """The bits that stand for no column: products, violations and slack, ancillas."""
    blocks = []
    for name, count in (("ancilla", products), ("slack", slack), ("ancilla", end - start - products - slack)):
        if count:
            nothing = Encoded(count, np.zeros(1, np.int64), no_indices(), no_floats(), no_floats())
            blocks.append(Block(name, no_indices(), start, nothing))
            start += count
    return tuple(blocks)


def _records(rules: Rules, penalties: Penalties, with_products: bool) -> tuple[Penalty, ...]:
    weights = penalties.weights.tolist()
    records = [
        Penalty(name, weight, form, slack)
        for name, weight, form, slack in zip(rules.names, weights, rules.form, rules.slack_bits.tolist())
        if with_products or form != "product"
    ]
    forms = len(rules.forms)
    return tuple(records) + tuple(
        Penalty(rule.name, weight, rule.form) for rule, weight in zip(rules.polynomials, weights[forms:])
    )
