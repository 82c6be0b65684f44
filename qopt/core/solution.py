"""Candidates, their checks, and solutions: the same answer unjudged, judged and ranked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np

from qopt.core.arrays import Floats, frozen


class Origin(StrEnum):
    """Where an answer came from; a repaired answer is never shown as sampled."""

    SAMPLED = "sampled"
    PROPOSED = "proposed"
    REPAIRED = "repaired"
    RECOMBINED = "recombined"
    EXACT = "exact"
    BASELINE = "baseline"


@dataclass(frozen=True, eq=False)
class Candidate:
    """An answer nobody has judged yet: values of the problem's columns, or a proposal of the form.

    Parameters
    ----------
    origin, backend
        How it was made and by which backend.
    values
        Shape (columns,), or None when the answer is a proposal.
    proposal
        A proposal of the form, or None when the answer is values.
    parent
        The candidate it was repaired from, if any.
    """

    origin: Origin
    backend: str
    values: Floats | None = None
    proposal: Any = None
    parent: Candidate | None = None

    def __post_init__(self) -> None:
        if (self.values is None) == (self.proposal is None):
            raise ValueError("a candidate holds either values or a proposal")
        if self.values is not None:
            object.__setattr__(self, "values", frozen(self.values, np.float64))


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule: its name in the user's words, by how much, and a sentence for people."""

    name: str
    amount: float
    message: str = ""


@dataclass(frozen=True, eq=False)
class Check:
    """What the judge says of one candidate.

    Parameters
    ----------
    feasible
        Whether every hard rule holds (soft rules never count).
    levels
        Exact objective of each level, in the user's sense.
    violations
        Hard rules that are broken; empty exactly when feasible.
    parts
        Named parts of the objective, soft rules as ``soft.NAME``.
    tolerance
        Largest tolerance that was used; 0 when everything was judged in integers.
    """

    feasible: bool
    levels: tuple[float, ...]
    violations: tuple[Violation, ...] = ()
    parts: Mapping[str, float] = field(default_factory=dict)
    tolerance: float = 0.0

    @property
    def objective(self) -> float:
        """The first level."""
        return self.levels[0]

    @property
    def total_violation(self) -> float:
        """Sum of the amounts of the broken rules."""
        return float(sum(v.amount for v in self.violations))


@dataclass(frozen=True, eq=False)
class Solution:
    """A checked answer in its place in the ranking.

    Parameters
    ----------
    candidate, check
        The answer and its judgement.
    values
        Values of the problem's columns; None for a form whose problem was not built.
    plan
        The answer in the family's words, ready for JSON (DESIGN section 5).
    key
        Two solutions with the same key are the same plan.
    gap
        ``|objective - bound| / max(1e-9, |objective|)``; None without a bound.
    seen
        How many candidates came to this same plan.
    differs
        Share of its decisions, 0 to 1, that the best plan takes otherwise; None outside a ranking.
    """

    candidate: Candidate
    check: Check
    values: Floats | None
    plan: Mapping[str, Any]
    key: Any = None
    gap: float | None = None
    seen: int = 1
    labels: Any = None
    differs: float | None = None

    @property
    def objective(self) -> float:
        """Objective of the first level, in the user's sense."""
        return self.check.objective

    @property
    def levels(self) -> tuple[float, ...]:
        """Objective of every level."""
        return self.check.levels

    @property
    def feasible(self) -> bool:
        """Whether every hard rule holds."""
        return self.check.feasible

    @property
    def origin(self) -> Origin:
        """How the answer was made."""
        return self.candidate.origin

    @property
    def backend(self) -> str:
        """Which backend made it."""
        return self.candidate.backend

    def __getitem__(self, family: Any) -> Any:
        """Values of a variable family by name, or of a model's array or expression, in its shape."""
        if self.values is None or self.labels is None:
            raise KeyError(f"this solution has a plan but no column values: read .plan (asked for {family!r})")
        evaluate = getattr(family, "evaluate", None)
        if evaluate is not None:
            return evaluate(self.values)
        name = family if isinstance(family, str) else getattr(family, "name", None)
        if name is None:
            raise KeyError(f"{family!r} names no variable family")
        labels = self.labels.family(name)
        return self.values[self.labels.span(name)].reshape(labels.shape)
