"""What a penalty rule is given and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from qopt.compilers.bounds import Prices
from qopt.compilers.passes.assemble import Forms
from qopt.core.arrays import Floats, Ints
from qopt.core.errors import CompileError
from qopt.core.names import NameTable
from qopt.core.polynomial import Polynomial


@dataclass(frozen=True, slots=True)
class Guarantee:
    """What is asked of the QUBO's order: ``argmin``, ``top:5%``, ``top:10``, ``total`` or ``none``.

    ``argmin``: a minimiser of the QUBO decodes to an optimum. ``top``: every answer within the amount of the incumbent
    (or the share of its absolute value) is ranked rightly and below everything infeasible. ``total``: everything
    feasible lies below everything infeasible.
    """

    level: str
    amount: float = 0.0
    relative: bool = False

    @classmethod
    def of(cls, text: str) -> Guarantee:
        """Read a guarantee; CompileError when there is no such."""
        if text in ("argmin", "total", "none"):
            return cls(text)
        head, _, tail = text.partition(":")
        try:
            amount = float(tail.removesuffix("%"))
        except ValueError:
            amount = -1.0
        if head != "top" or not 0 <= amount < np.inf:
            raise CompileError(f"unknown guarantee {text!r} (argmin, top:5%, top:10, total or none)")
        relative = tail.endswith("%")
        return cls("top", amount / 100 if relative else amount, relative)

    def above(self, incumbent: float) -> float:
        """The energy up to which the order must be right, from that of a feasible point."""
        return incumbent + (self.amount * abs(incumbent) if self.relative else self.amount)


@dataclass(frozen=True, eq=False)
class PolynomialRule:
    """A rule that is a polynomial over bits already: never negative, 0 where it holds, at least 1 where it does not."""

    name: str
    form: str
    polynomial: Polynomial


@dataclass(frozen=True, eq=False)
class Rules:
    """Everything that is penalised.

    Every rule is 0 on the bit strings that keep it, at least 1 on all others, and negative nowhere, on any bit string:
    valid codes or not, right slack or not.

    Parameters
    ----------
    forms
        Rules of the shape ``alpha * g**2 + beta * g``.
    names, form, slack_bits
        One per form.
    polynomials
        Rules of any other shape.
    """

    forms: Forms
    names: NameTable
    form: tuple[str, ...]
    slack_bits: Ints
    polynomials: tuple[PolynomialRule, ...] = ()

    def __len__(self) -> int:
        return len(self.forms) + len(self.polynomials)


@dataclass(frozen=True, eq=False)
class Lowered:
    """A problem over bits, before weights: objective energy and rules.

    Parameters
    ----------
    objective
        Energy of the objective, to be made small, as a multilinear polynomial over the bits; soft prices and combined
        levels included, penalties not.
    rules
        What must hold.
    prices
        Of the linear relaxation, one per form of the rules, where one was solved before.
    """

    objective: Polynomial
    rules: Rules
    prices: Prices | None = None


@dataclass(frozen=True, eq=False)
class Evidence:
    """Everything free that a bound was computed from: given the same, anybody computes the same.

    Parameters
    ----------
    unit
        A power of two; prices and shares are whole multiples of it.
    prices
        Multiplier of each form in the bound, in units.
    shares
        One number per pair of the objective (``bounds.linear_below``), in units.
    incumbent, allowance, margin
        Everything that breaks a rule has an energy of at least their sum. ``incumbent`` is None for *total*: then the
        value of ``ceiling`` stands in its place, or without one the largest energy that the objective's terms allow.
    ceiling
        What everything kept is at most (``ceiling.Ceiling``), and what that was computed from.
    products
        What the objective was raised with (``raised.Products``); None where it was bounded as it is.
    identities
        Forms and signs of the squares that add up to nothing.
    """

    unit: float
    prices: Ints
    shares: Ints
    incumbent: float | None
    allowance: float
    margin: float
    ceiling: Any = None
    products: Any = None
    identities: tuple[tuple[Ints, Ints], ...] = ()


@dataclass(frozen=True, eq=False)
class Penalties:
    """Weights, and what they prove.

    Parameters
    ----------
    weights
        One per rule: forms first, then polynomials.
    guarantee
        ``total``, ``argmin``, ``top:…`` or ``none``.
    proof
        The numbers of the proof, for the record.
    multipliers
        One per form, added to the energy times the form; not 0 only where the form is 0 on everything kept.
    evidence
        What an independent proof starts from; None when there is none.
    objective
        What stands in the energy in place of the objective: the same on everything kept (``raised.py``). None for the
        objective itself.
    """

    weights: Floats
    guarantee: str
    proof: Mapping[str, Any] = field(default_factory=dict)
    multipliers: Floats | None = None
    evidence: Evidence | None = None
    objective: Polynomial | None = None
