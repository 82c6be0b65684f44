"""Status, bound, and the result of a solve."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from qopt.core.problem import Sense
from qopt.core.solution import Solution, Violation


class Status(StrEnum):
    """What is known at the end."""

    OPTIMAL = "optimal"
    FEASIBLE = "feasible"
    INFEASIBLE = "infeasible"
    UNBOUNDED = "unbounded"
    NOTHING_FOUND = "nothing_found"


@dataclass(frozen=True, slots=True)
class Bound:
    """No feasible answer is better than ``value`` (user's sense, first level).

    Parameters
    ----------
    proof
        ``highs`` (branch and bound or LP), ``exhaustive`` (all cases visited) or ``combinatorial`` (a named theorem).
    scope
        ``problem``: only bounds on the whole problem count towards a gap.
    source
        Which backend or theorem, such as ``one_tree``.
    """

    value: float
    proof: str
    scope: str = "problem"
    source: str = ""

    def __post_init__(self) -> None:
        if self.proof not in ("highs", "exhaustive", "combinatorial"):
            raise ValueError(f"unknown proof {self.proof!r}")


def relative_gap(objective: float, bound: float | None) -> float | None:
    """``|objective - bound| / max(1e-9, |objective|)``; None without a bound."""
    return None if bound is None else abs(objective - bound) / max(1e-9, abs(objective))


def closes(objective: float, bound: float | None, *, integral: bool) -> bool:
    """Whether the bound proves the objective optimal: closer than 1 when integral, else 1e-9 relative."""
    if bound is None:
        return False
    if integral:
        return abs(objective - bound) < 1 - 1e-6
    return abs(objective - bound) <= 1e-9 * max(1.0, abs(objective))


def better_bound(a: Bound | None, b: Bound | None, sense: Sense) -> Bound | None:
    """The tighter of two bounds on the whole problem; bounds of a smaller scope are ignored."""
    known = [bound for bound in (a, b) if bound is not None and bound.scope == "problem"]
    if not known:
        return None
    return max(known, key=lambda bound: sense.sign * bound.value)


@dataclass(frozen=True, eq=False)
class Result:
    """The answer to a solve.

    Parameters
    ----------
    status
        See ``Status``; ``optimal`` only with a proof.
    solutions
        Ranked, distinct plans, best first; feasible ones before infeasible ones.
    bound
        Best proven bound on the whole problem, or None.
    stopped_by
        ``optimal``, ``target``, ``seconds``, ``work``, ``interrupt`` or ``done``.
    conflict
        For an infeasible problem: rules that cannot hold together, in the user's words.
    record
        Everything needed to replay or audit the run.
    """

    status: Status
    solutions: tuple[Solution, ...]
    bound: Bound | None
    stopped_by: str
    record: Any
    sense: Sense = Sense.MINIMIZE
    conflict: tuple[Violation, ...] = field(default=())

    @property
    def gap(self) -> float | None:
        """Relative gap of the best feasible solution; None without one or without a bound."""
        if not self.solutions or not self.solutions[0].feasible or self.bound is None:
            return None
        return relative_gap(self.solutions[0].objective, self.bound.value)

    @property
    def objective(self) -> float | None:
        """Objective of the best feasible solution, None without one."""
        best = self.solutions[0] if self.solutions else None
        return best.objective if best is not None and best.feasible else None
