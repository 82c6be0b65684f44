"""What a backend accepts, as data: asking is free and changes nothing."""

from __future__ import annotations

from dataclasses import dataclass

from qopt.core.rows import GroupKind


@dataclass(frozen=True, slots=True)
class Accepts:
    """What a sampler can search; ``compile`` lowers only the rest.

    Parameters
    ----------
    bits, couplings
        Largest numbers; None for no limit.
    degree
        Largest degree of the polynomial; None for any.
    groups
        Kinds of groups whose moves the backend keeps feasible by itself. Others become penalties.
    rows
        Whether linear rows may stay rows (carried as running activities) instead of penalties with slack.
    """

    bits: int | None = None
    couplings: int | None = None
    degree: int | None = 2
    groups: frozenset[GroupKind] = frozenset()
    rows: bool = False

    def refusals(self, *, bits: int, couplings: int = 0, degree: int = 2) -> tuple[str, ...]:
        """Why something of this size is refused, one sentence each; empty when it is accepted."""
        out = []
        if self.bits is not None and bits > self.bits:
            out.append(f"needs {bits} bits, at most {self.bits} are accepted")
        if self.couplings is not None and couplings > self.couplings:
            out.append(f"needs {couplings} couplings, at most {self.couplings} are accepted")
        if self.degree is not None and degree > self.degree:
            out.append(f"has degree {degree}, at most {self.degree} is accepted")
        return tuple(out)


QUBO = Accepts()
"""A plain QUBO: any size, degree 2, no groups, no rows."""


@dataclass(frozen=True, slots=True)
class AcceptsForm:
    """What a proposer or a bounder works on: the name of the form, and whether it also wants a plain Problem.

    Parameters
    ----------
    form
        Module name in ``core/forms``, such as ``routes``; empty for a Problem.
    """

    form: str = ""
