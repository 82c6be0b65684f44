"""The last pass: bits whose best value follows from others leave the polynomial (optimum-preserving)."""

from __future__ import annotations

from dataclasses import replace

from qopt.compilers.lowered import Guarantee
from qopt.compilers.size import NO_LIMITS, Limits, TooLarge
from qopt.core.compiled import Compiled
from qopt.core.errors import CompileError
from qopt.reduce.polynomial.whole import reduce_compiled


def refuse_reduction(guarantee: str, certify: bool) -> None:
    """Raise CompileError where a reduction would lose what is asked for: a ranking, or a certificate."""
    if Guarantee.of(guarantee).level not in ("argmin", "none"):
        raise CompileError(
            f"reduce keeps the best answer and loses the ranking of others, which {guarantee} asks for:"
            " leave reduce out, or ask for argmin"
        )
    if certify:
        raise CompileError("a certificate is about every bit of the QUBO: leave out reduce or certify")


def with_fewer_bits(compiled: Compiled, limits: Limits = NO_LIMITS) -> Compiled:
    """The same over the bits that are left; ``stats["reduced"]`` says how many each rule took out.

    Raises
    ------
    TooLarge
        More bits are left than the limits allow.
    """
    made, reduced = reduce_compiled(compiled)
    if limits.bits is not None and made.num_bits > limits.bits:
        raise TooLarge("bits", made.num_bits, limits.bits, f"what is left of {compiled.num_bits} bits")
    notes = compiled.notes
    if reduced.removed and made.num_bits == 0:
        notes = (*notes, "solved classically: no bit is left to decide")
    facts = {"bits_before": compiled.num_bits, "removed": dict(reduced.counts)}
    return replace(made, notes=notes, stats={**compiled.stats, "reduced": facts})
