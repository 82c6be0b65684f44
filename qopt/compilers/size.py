"""How large a compile came out, and refusals that name what made it large."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from qopt.compilers.lowered import Lowered, Penalties, Rules
from qopt.compilers.passes.assemble import Forms, added
from qopt.compilers.passes.encode import Coded
from qopt.core.arrays import Floats
from qopt.core.errors import CompileError
from qopt.core.names import NameTable
from qopt.core.polynomial import Polynomial

MOST_COUPLINGS = 100_000_000
"""Pairs that are expanded at most; above it a QUBO would not fit an ordinary memory."""


def coefficients(p: Polynomial) -> np.ndarray:
    """All coefficients but the constant."""
    return np.concatenate([p.linear, p.value, p.products.coefficient])


def weighed(lowered: Lowered, penalties: Penalties) -> Polynomial:
    """The energy: objective, weighted rules and emitted multipliers, of whatever degree."""
    rules = lowered.rules
    bits, forms, weights = lowered.objective.n, rules.forms, penalties.weights
    weight = weights[: len(forms)]
    emitted = np.zeros(len(forms)) if penalties.multipliers is None else penalties.multipliers
    rows = Forms(forms.matrix, forms.constant, forms.alpha * weight, forms.beta * weight + emitted)
    wanted = lowered.objective if penalties.objective is None else penalties.objective
    parts = [wanted, rows.polynomial(bits)]
    parts += [rule.polynomial.scaled(w) for rule, w in zip(rules.polynomials, weights[len(forms) :])]
    return added(parts, bits)


def precision_bits(energy: Polynomial) -> float:
    """Binary digits that tell all coefficients apart: log2(largest / common divisor + 1).

    Coefficients without a common divisor above 2**-30, or above 2**-62 of the largest, count over their smallest.
    """
    sizes = np.abs(coefficients(energy))
    sizes = sizes[sizes > 0]
    if not len(sizes):
        return 0.0
    largest = float(sizes.max())
    scale = 2.0 ** min(30, 61 - int(np.frexp(largest)[1]))
    fine = sizes * scale
    if np.array_equal(fine, np.rint(fine)):
        divisor = float(np.gcd.reduce(fine.astype(np.int64))) / scale
    else:
        divisor = float(sizes.min())
    return float(np.log2(largest / divisor + 1))


def coefficient_bits(energy: Polynomial, objective: Polynomial) -> int:
    """Bits that hold every coefficient: of the largest in whole numbers, else over the objective's smallest."""
    largest = float(np.abs(coefficients(energy)).max(initial=0.0))
    if largest == 0:
        return 0
    if objective.integral:
        return int(largest).bit_length()
    sizes = np.abs(coefficients(objective))
    smallest = sizes[sizes > 1e-12 * sizes.max(initial=0.0)].min(initial=largest)
    return int(np.ceil(np.log2(largest / smallest))) + 1


class TooLarge(CompileError):
    """A size above its limit.

    Parameters
    ----------
    what
        ``bits``, ``couplings`` or ``coefficient bits``.
    """

    def __init__(self, what: str, needed: float, allowed: float, worst: str, tried: str = "") -> None:
        self.what, self.needed, self.allowed, self.worst = what, needed, allowed, worst
        super().__init__(
            f"needs {needed:.15g} {what}, at most {allowed:.15g} are allowed; most are taken by: {worst}{tried}"
        )

    def after(self, others: list[TooLarge]) -> TooLarge:
        """The same refusal, with what the other plans would have needed."""
        sizes = dict.fromkeys(f"{error.needed:.15g} {error.what}" for error in others)
        tried = f" (with smaller digits or shorter rows: {', '.join(sizes)})"
        return TooLarge(self.what, self.needed, self.allowed, self.worst, tried)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a compile may take; None for no limit."""

    bits: int | None = None
    couplings: int | None = None
    coefficient_bits: int | None = None


NO_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Plan:
    """Choices that trade bits for something else.

    Parameters
    ----------
    widest
        Largest digit of slack numbers and of columns whose encoding is ``auto``; None for plain binary digits.
    piece
        Longer rows are split into pieces of about so many bits; None to leave them whole.
    plain
        Nothing but squares with slack: what a compiler without a ladder of forms would do.
    """

    widest: int | None = None
    piece: int | None = None
    plain: bool = False

    def encoding(self, given: str | Mapping[str, str]) -> str | Mapping[str, str]:
        """The encoding of columns: the one that was given, or for ``auto`` the one with these digits."""
        return {None: given, 4: "bounded", 1: "unary"}[self.widest] if given == "auto" else given


def plans(limits: Limits) -> Iterator[Plan]:
    """Plans worth trying under these limits, fewest bits first."""
    digits = (None, 4, 1) if limits.coefficient_bits is not None else (None,)
    pieces = (None, 64, 16) if limits.couplings is not None else (None,)
    for piece in pieces:
        for widest in digits:
            yield Plan(widest, piece)


def least_of(*limits: int | None) -> int | None:
    """The tightest of some limits; None when there is none."""
    return min((limit for limit in limits if limit is not None), default=None)


def refuse_bits(names: NameTable, coded: Coded, rules: Rules, bits: int, limits: Limits) -> None:
    """Refuse more bits than allowed.

    Raises
    ------
    TooLarge
        Needed, allowed, and the families of columns and rules that take most.
    """
    if limits.bits is None or bits <= limits.bits:
        return
    taken: Counter[str] = Counter()
    for column, count in enumerate(np.diff(coded.matrix.indptr).tolist()):
        taken[names.locate(column)[0].name] += count
    for k in np.flatnonzero(rules.slack_bits).tolist():
        taken[f"slack of {rules.names.locate(k)[0].name}"] += int(rules.slack_bits[k])
    rest = bits - sum(taken.values())
    if rest:
        taken["products, violations and counters"] = rest
    raise TooLarge("bits", bits, limits.bits, _worst(taken))


def refuse_couplings(rules: Rules, limits: Limits) -> None:
    """Refuse rows whose squares would not fit in memory, or alone make more couplings than allowed.

    Raises
    ------
    TooLarge
        The number of pairs, and the families of rules that make most of them.
    """
    pairs = rules.forms.couplings()
    total = float(pairs.sum())
    # Pairs of different rules may coincide, so only one rule's own are sure to stay.
    if total > MOST_COUPLINGS:
        raise TooLarge("couplings", total, MOST_COUPLINGS, _worst(_couplings(rules)))
    if limits.couplings is not None and pairs.max(initial=0.0) > limits.couplings:
        raise TooLarge("couplings", float(pairs.max()), limits.couplings, _worst(_couplings(rules)))


def refuse_energy(energy: Polynomial, lowered: Lowered, penalties: Penalties, limits: Limits) -> None:
    """Refuse an energy of more couplings or longer coefficients than allowed.

    Raises
    ------
    TooLarge
        Needed, allowed, and what makes most couplings or the largest coefficients.
    """
    couplings = len(energy.value) + len(energy.products)
    if limits.couplings is not None and couplings > limits.couplings:
        taken = _couplings(lowered.rules)
        taken["objective"] = len(lowered.objective.value) + len(lowered.objective.products)
        raise TooLarge("couplings", couplings, limits.couplings, _worst(taken))
    size = coefficient_bits(energy, lowered.objective)
    if limits.coefficient_bits is not None and size > limits.coefficient_bits:
        raise TooLarge("coefficient bits", size, limits.coefficient_bits, _worst(_sizes(lowered, penalties)))


def _worst(taken: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in taken.most_common(4) if count)


def _couplings(rules: Rules) -> Counter[str]:
    taken: Counter[str] = Counter()
    for k, count in enumerate(rules.forms.couplings().astype(int).tolist()):
        taken[rules.names.locate(k)[0].name] += count
    for rule in rules.polynomials:
        taken[rule.name.partition("[")[0]] += len(rule.polynomial.value) + len(rule.polynomial.products)
    return taken


def _sizes(lowered: Lowered, penalties: Penalties) -> Counter[str]:
    """Digits before the point of about the largest coefficient that each family makes."""
    rules = lowered.rules
    taken: Counter[str] = Counter()
    taken["objective"] = _digits_of(float(np.abs(coefficients(lowered.objective)).max(initial=0.0)))
    for k, size in enumerate(largest_of(rules, penalties).tolist()):
        family = rules.names.locate(k)[0].name
        taken[family] = max(taken[family], _digits_of(size))
    return taken


def largest_of(rules: Rules, penalties: Penalties) -> Floats:
    """About the largest coefficient that each form makes, from its largest entry."""
    forms = rules.forms
    owner = np.repeat(np.arange(len(forms)), np.diff(forms.matrix.indptr))
    entry = np.zeros(len(forms))
    np.maximum.at(entry, owner, np.abs(forms.matrix.data).astype(np.float64))
    alpha, beta = np.abs(forms.alpha), np.abs(forms.beta)
    weight = penalties.weights[: len(forms)]
    emitted = 0.0 if penalties.multipliers is None else np.abs(penalties.multipliers[: len(forms)])
    both = np.maximum(entry, np.abs(forms.constant))
    return np.asarray(weight * (2 * alpha * entry * both + beta * entry) + emitted * entry, dtype=np.float64)


def rule_summary(rules: Rules, penalties: Penalties) -> list[dict[str, Any]]:
    """Rules by family, as plain data for a report: how many, their forms, slack bits, weights, multipliers, digits."""
    largest = largest_of(rules, penalties).tolist()
    multipliers = penalties.multipliers
    made: dict[str, dict[str, Any]] = {}

    def enter(name: str, form: str, slack: int, weight: float, multiplier: float, size: float) -> None:
        start = {"rules": 0, "forms": {}, "slack_bits": 0, "weight": [weight] * 2, "multiplier": [multiplier] * 2}
        entry = made.setdefault(name, {"family": name, **start, "coefficient_bits": 0})
        entry["rules"] += 1
        entry["forms"][form] = entry["forms"].get(form, 0) + 1
        entry["slack_bits"] += slack
        for key, value in (("weight", weight), ("multiplier", multiplier)):
            entry[key] = [min(entry[key][0], value), max(entry[key][1], value)]
        entry["coefficient_bits"] = max(entry["coefficient_bits"], _digits_of(size))

    weights, slack = penalties.weights.tolist(), rules.slack_bits.tolist()
    for k in range(len(rules.forms)):
        family = rules.names.locate(k)[0].name.partition("[")[0]
        enter(family, rules.form[k], slack[k], weights[k], 0.0 if multipliers is None else multipliers[k], largest[k])
    for rule, weight in zip(rules.polynomials, weights[len(rules.forms) :]):
        size = weight * float(np.abs(coefficients(rule.polynomial)).max(initial=0.0))
        enter(rule.name.partition("[")[0], rule.form, 0, weight, 0.0, size)
    return list(made.values())


def _digits_of(value: float) -> int:
    return int(value).bit_length()
