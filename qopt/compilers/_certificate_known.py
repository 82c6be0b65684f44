"""What a certificate starts from: the problem before and after its presolve, and its lines over bits."""

from __future__ import annotations

from dataclasses import dataclass

from qopt.compilers._certificate_exact import Number
from qopt.compilers._certificate_reasons import Ref, Trail
from qopt.core.problem import Problem
from qopt.reduce.steps import Way

Terms = dict[int, Number]
"""Bits, or columns, to coefficients."""


@dataclass(frozen=True, eq=False)
class Known:
    """A rule of the problem over bits: ``lower <= terms + constant <= upper``; ``reach`` is what it can be."""

    ref: Ref
    name: str
    terms: Terms
    constant: Number
    lower: Number | None
    upper: Number | None
    reach: tuple[Number, Number] | None = None

    @property
    def idle(self) -> bool:
        """Whether it holds whatever the values of the columns."""
        if self.reach is None:
            return False
        above = self.lower is None or self.lower <= self.reach[0]
        return above and (self.upper is None or self.reach[1] <= self.upper)


class NoProofError(Exception):
    """Something that the document cannot say; the message says what."""


@dataclass(frozen=True, eq=False)
class Source:
    """Where a compile started: the problem as it was given, and as its presolve left it.

    Parameters
    ----------
    way
        From the points of the one to those of the other.
    trail
        The steps between them.
    """

    given: Problem
    problem: Problem
    way: Way
    trail: Trail
