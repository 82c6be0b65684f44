"""How large a compile came out, and refusals that name what made it large."""

from __future__ import annotations

from collections import Counter

import numpy as np

from qopt.compilers.lowered import Lowered, Penalties, Rules
from qopt.compilers.passes.assemble import Forms, added
from qopt.compilers.passes.encode import Coded
from qopt.core.accepts import Accepts
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
    parts = [lowered.objective, rows.polynomial(bits)]
    parts += [rule.polynomial.scaled(w) for rule, w in zip(rules.polynomials, weights[len(forms) :])]
    return added(parts, bits)


def precision_bits(energy: Polynomial) -> float:
    """Binary digits that tell all coefficients apart: log2(largest / common divisor + 1).

    Coefficients without a common divisor above 2**-30 count over their smallest.
    """
    sizes = np.abs(coefficients(energy))
    sizes = sizes[sizes > 0]
    if not len(sizes):
        return 0.0
    fine = sizes * 2.0**30
    if fine.max() < 2.0**62 and np.array_equal(fine, np.rint(fine)):
        divisor = float(np.gcd.reduce(fine.astype(np.int64))) / 2.0**30
    else:
        divisor = float(sizes.min())
    return float(np.log2(sizes.max() / divisor + 1))


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


def refuse_bits(
    names: NameTable, coded: Coded, rules: Rules, bits: int, max_bits: int | None, accepts: Accepts
) -> None:
    """Refuse more bits than allowed.

    Raises
    ------
    CompileError
        Needed, allowed, and the families of columns and rules that take most.
    """
    allowed = min((limit for limit in (max_bits, accepts.bits) if limit is not None), default=None)
    if allowed is None or bits <= allowed:
        return
    taken: Counter[str] = Counter()
    for column, count in enumerate(np.diff(coded.matrix.indptr).tolist()):
        taken[names.locate(column)[0].name] += count
    for k in np.flatnonzero(rules.slack_bits).tolist():
        taken[f"slack of {rules.names.locate(k)[0].name}"] += int(rules.slack_bits[k])
    rest = bits - sum(taken.values())
    if rest:
        taken["products and violations"] = rest
    worst = ", ".join(f"{name} {count}" for name, count in taken.most_common(4))
    raise CompileError(f"needs {bits} bits, at most {allowed} are allowed; most are taken by: {worst}")


def refuse_couplings(rules: Rules) -> None:
    """Refuse rows whose squares would not fit in memory.

    Raises
    ------
    CompileError
        The number of pairs, and the row that makes most of them.
    """
    pairs = rules.forms.couplings()
    total = float(pairs.sum())
    if total > MOST_COUPLINGS:
        worst = int(np.argmax(pairs))
        raise CompileError(
            f"the penalties have {total:.3g} couplings, at most {MOST_COUPLINGS:.3g} are laid out;"
            f" {rules.names[worst]} alone has {pairs[worst]:.3g}"
        )
