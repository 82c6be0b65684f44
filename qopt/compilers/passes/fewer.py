"""The last pass: bits whose best value follows from others leave the polynomial (optimum-preserving)."""

from __future__ import annotations

from dataclasses import replace

from qopt.compilers.lowered import Guarantee
from qopt.compilers.size import NO_LIMITS, Limits, TooLarge, coefficient_bits
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
        What is left is larger than the limits allow.
    """
    made, reduced = reduce_compiled(compiled)
    size = coefficient_bits(made.polynomial, made.polynomial)
    needed = {"bits": made.num_bits, "couplings": made.num_couplings, "coefficient bits": size}
    allowed = (limits.bits, limits.couplings, limits.coefficient_bits)
    for (what, have), most in zip(needed.items(), allowed):
        if most is not None and have > most:
            raise TooLarge(what, have, most, f"what is left of {compiled.num_bits} bits")
    notes = compiled.notes
    if reduced.removed and made.num_bits == 0:
        notes = (*notes, "solved classically: no bit is left to decide")
    facts = {"bits_before": compiled.num_bits, "removed": dict(reduced.counts)}
    stats = {**compiled.stats, "coefficient_bits": size if reduced.removed else compiled.stats["coefficient_bits"]}
    return replace(made, notes=notes, stats={**stats, "reduced": facts})
