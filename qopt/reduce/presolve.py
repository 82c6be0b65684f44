"""Make a problem smaller before it becomes bits: the passes in order, round after round until nothing changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import isnan
from typing import Any

import numpy as np

from qopt.core.arrays import Floats
from qopt.core.names import NameTable
from qopt.core.problem import Problem
from qopt.core.rows import Rows
from qopt.reduce.cliques import merged_cliques
from qopt.reduce.coefficients import counted, reachable, tightened
from qopt.reduce.groups import with_groups
from qopt.reduce.implications import aggregated
from qopt.reduce.normalise import normalised
from qopt.reduce.propagate import propagated
from qopt.reduce.redundant import dominated_dropped, parallel_merged, redundant_dropped
from qopt.reduce.steps import Done, ImpossibleRow, Step, Tag, Way, domain
from qopt.reduce.trim import trimmed

Pass = Callable[[Problem], Step]
Judge = Callable[[Problem, Step], bool]
"""Asked of every step that changes a problem, with the problem before it; a step it refuses is left out."""

EQUIVALENT: tuple[Pass, ...] = (
    normalised,
    propagated,
    normalised,
    redundant_dropped,
    tightened,
    normalised,
    counted,
    reachable,
    parallel_merged,
    dominated_dropped,
    aggregated,
)
"""Passes that keep the feasible points and their objective, in the order of a round."""
MOST_ROUNDS = 8


@dataclass(frozen=True, eq=False)
class Presolved:
    """A problem after its passes, over the same columns.

    Parameters
    ----------
    problem
        What is left. Fixed columns have equal bounds; replaced ones are fixed and occur nowhere.
    way
        The way back for replaced columns.
    done
        What every pass that did something did, in order.
    tag
        What holds of all of them together.
    """

    problem: Problem
    way: Way = field(default_factory=Way)
    done: tuple[Done, ...] = ()

    @property
    def tag(self) -> Tag:
        """The weakest of the passes' tags."""
        order = list(Tag)
        return max((step.tag for step in self.done), key=order.index, default=Tag.EQUIVALENT)

    def entering(self, point: Floats) -> Floats:
        """A point of the given problem as a point of this one: replaced columns take the value they are fixed at.

        A point at which a replaced column is not what replaces it breaks a rule and stays as it is.
        """
        if not np.array_equal(self.way.lift(point)[0], point):
            return point
        made = np.array(point, dtype=np.float64)
        made[self.way.column] = self.problem.columns.lower[self.way.column]
        return made

    def summary(self) -> list[dict[str, Any]]:
        """What every pass did, as plain data: its name, tag, counts, and rows removed and restated by family."""
        return [
            {
                "pass": step.name,
                "tag": str(step.tag),
                "counts": dict(step.counts),
                "removed": _by_family(step.removed),
                "restated": _by_family(step.restated),
            }
            for step in self.done
        ]

    def then(self, step: Step, judge: Judge | None = None) -> Presolved:
        """One more pass behind, unless it is refused."""
        if judge is not None and step.problem is not self.problem and not judge(self.problem, step):
            return self
        done = (*self.done, step.done) if step.done.counts else self.done
        return Presolved(step.problem, self.way.then(step.way), done)


def presolved(problem: Problem, passes: Sequence[Pass] = EQUIVALENT, judge: Judge | None = None) -> Presolved:
    """Take a problem through the passes until a round changes nothing, then find its groups.

    Parameters
    ----------
    passes
        The passes of a round; the default keeps the feasible points and their objective as they are.
    judge
        Sees every step and may refuse it; None takes all.

    Raises
    ------
    ImpossibleRow
        A row that no point satisfies, with what its left side can be and what it must be, in the user's numbers.
    """
    state = Presolved(problem)
    try:
        for _ in range(MOST_ROUNDS):
            before = len(state.done)
            for each in passes:
                state = state.then(each(state.problem), judge)
            if len(state.done) == before:
                break
        state = state.then(trimmed(state.problem), judge)
        grouped = with_groups(state.problem)
        counts = {"groups found": len(grouped.groups)} if len(grouped.groups) > len(state.problem.groups) else {}
        state = state.then(Step(grouped, Done("groups", counts=counts)), judge)
        return state.then(merged_cliques(state.problem), judge)
    except ImpossibleRow as error:
        raise _in_user_numbers(error, problem, state.problem) from error


def _by_family(names: NameTable) -> dict[str, int]:
    total: Counter[str] = Counter()
    for family in names.families:
        total[family.name] += family.size
    return dict(total)


def _in_user_numbers(error: ImpossibleRow, given: Problem, now: Problem) -> ImpossibleRow:
    """The same refusal about the row as it was given, over the bounds that are left."""
    names = given.rows.names
    k = next((k for k in range(len(given.rows)) if names[k] == error.name), -1)
    if k < 0:
        return error
    one: Rows = given.rows.select([k])
    (low, high), value = error.bounds or domain(now.columns), one.value
    ends = np.sort(np.stack([value * low[one.index], value * high[one.index]]), axis=0)
    least, most = float(ends[0].sum()), float(ends[1].sum())
    lower, upper = float(one.lower[0]), float(one.upper[0])
    why = error.why
    if isnan(error.low) or (least <= upper and most >= lower):
        why = why or "whole numbers and the other rows leave it no such value"
    return ImpossibleRow(error.name, least, most, lower, upper, why)
