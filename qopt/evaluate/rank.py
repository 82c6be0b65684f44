"""The ranking: a total order, so that two runs can be compared line by line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from qopt.core.problem import Sense
from qopt.core.result import Bound, relative_gap
from qopt.core.solution import Origin, Solution

_ORIGIN = {origin: k for k, origin in enumerate(Origin)} | {Origin.BASELINE: -1}
"""Among equals the plan that was given stands first: nothing is changed for nothing."""


def comparable(levels: Sequence[float], sense: Sense) -> tuple[float, ...]:
    """Levels to be compared, small is good: to 12 digits, so that the order in which floats were added decides nothing.

    Whole numbers below 10**12 are compared exactly.
    """
    return tuple(sense.sign * float(f"{value:.12g}") for value in levels)


def order(solution: Solution, sense: Sense) -> tuple[Any, ...]:
    """Sort key, smallest first: feasible before infeasible; then the levels (feasible) or the total violation; then the
    origin; then the plan itself."""
    levels = comparable(solution.levels, sense)
    violation = 0.0 if solution.feasible else solution.check.total_violation
    return (not solution.feasible, violation, levels, _ORIGIN[solution.origin], repr(solution.key))


def difference(one: Counter[Any], other: Counter[Any]) -> float:
    """Share of the decisions of one plan that the other does not take, 0 to 1, counted in the longer one."""
    most = max(one.total(), other.total())
    return 1.0 - (one & other).total() / most if most else 0.0


def rank(
    solutions: Iterable[Solution],
    *,
    sense: Sense,
    top: int,
    bound: Bound | None = None,
    decisions: Callable[[Solution], Counter[Any]] | None = None,
    differ: float = 0.0,
) -> tuple[Solution, ...]:
    """The best ``top`` distinct plans, best first, with their gaps.

    Solutions with the same ``key`` are one plan: the one that stands first in the order is kept and counts the others
    in ``seen``. Infeasible answers are listed only when there is no feasible one.

    Parameters
    ----------
    decisions
        What a plan decides, entry by entry; without it nothing is said of how plans differ.
    differ
        Least share of decisions, 0 to 1, in which a plan differs from every better one that is listed; others are
        passed over.
    """
    first: dict[Any, Solution] = {}
    seen: dict[Any, int] = {}
    for solution in sorted(solutions, key=lambda s: order(s, sense)):
        first.setdefault(solution.key, solution)
        seen[solution.key] = seen.get(solution.key, 0) + solution.seen
    ordered: Sequence[Solution] = list(first.values())
    if ordered and ordered[0].feasible:
        ordered = [solution for solution in ordered if solution.feasible]
    value = None if bound is None else bound.value
    listed: list[Solution] = []
    taken: list[Counter[Any]] = []
    for s in ordered:
        if len(listed) == top:
            break
        differs = None
        if decisions is not None:
            taken.append(decisions(s))
            apart = [difference(taken[-1], better) for better in taken[:-1]]
            if min(apart, default=1.0) < differ:
                taken.pop()
                continue
            differs = apart[0] if apart else 0.0
        gap = relative_gap(s.objective, value) if s.feasible else None
        listed.append(replace(s, seen=seen[s.key], gap=gap, differs=differs))
    return tuple(listed)
