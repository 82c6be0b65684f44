"""Roster: who works which shift on which day, under contracts, cover by skill, wishes, fairness and a plan of now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from qopt.core.arrays import Floats
from qopt.core.errors import ModelError
from qopt.core.forms.roster import Proposal
from qopt.core.forms.roster import Roster as Form
from qopt.core.problem import Problem
from qopt.core.solution import Solution
from qopt.models.families import _roster_check as judge
from qopt.models.families._roster_document import RosterInstance
from qopt.models.families._roster_plan import plan_of, restore

__all__ = ["PLUGIN", "Roster", "RosterInstance"]


@dataclass(frozen=True)
class Roster:
    """The family of rosters."""

    name: str = "roster"
    differ: float = 0.05
    instance: type[RosterInstance] = RosterInstance
    formulations: Mapping[str, str] = field(
        default_factory=lambda: {"cells": "one binary column per person, day and shift, every rule a linear row"}
    )

    def form(self, instance: RosterInstance) -> Form:
        """The native form."""
        return instance.form

    def size(self, instance: RosterInstance, formulation: str = "auto") -> tuple[int, int]:
        """Columns, and nonzeros about, without building anything."""
        self._known(formulation)
        return instance.cells.size, instance.cells.nonzeros

    def build(self, instance: RosterInstance, *, formulation: str = "auto", pool: Any = None) -> Problem:
        """The instance as a Problem.

        Raises
        ------
        ModelError
            No such formulation.
        """
        self._known(formulation)
        return instance.cells.problem(instance.name)

    def lift(self, instance: RosterInstance, proposal: Proposal, *, formulation: str = "auto") -> Floats:
        """A proposal as columns."""
        self._known(formulation)
        return instance.cells.lift(proposal)

    def lower(self, instance: RosterInstance, values: Any, *, formulation: str = "auto") -> Proposal | None:
        """The proposal behind columns; None when they give somebody two shifts on a day."""
        self._known(formulation)
        return instance.cells.lower(values)

    def interpret(self, instance: RosterInstance, solution: Solution) -> dict[str, Any]:
        """The shifts of every person, what is not as wanted, and what it costs; see ``_roster_plan``.

        Raises
        ------
        ModelError
            Values that give somebody two shifts on a day.
        """
        proposal = solution.candidate.proposal
        if proposal is None:
            proposal = self.lower(instance, solution.values)
        if proposal is None:
            raise ModelError("the values give somebody two shifts on a day")
        return plan_of(instance, proposal)

    def restore(self, instance: RosterInstance, plan: Mapping[str, Any]) -> Proposal:
        """The proposal of a plan as ``interpret`` writes it.

        Raises
        ------
        RecordError
            It does not fit the instance.
        """
        return restore(instance, plan)

    def key(self, plan: Mapping[str, Any]) -> Any:
        """Plans are the same when everybody has the same shifts."""
        lines = {str(line["person"]): tuple(str(shift or "") for shift in line["shifts"]) for line in plan["roster"]}
        return tuple(sorted(lines.items()))

    def decisions(self, plan: Mapping[str, Any]) -> list[Any]:
        """The shift of every person on every day that has one."""
        key = self.key(plan)
        return [(person, day, shift) for person, shifts in key for day, shift in enumerate(shifts) if shift]

    def example(self) -> RosterInstance:
        """A week in a kiosk: four people and two shifts; Ada wants Wednesday off and only Cem and Dee may cash up."""
        return RosterInstance.model_validate(
            {
                "name": "kiosk-week",
                "horizon": {"start": "2026-03-02", "days": 7},
                "shifts": [
                    {"id": "early", "start": "06:00", "end": "14:00"},
                    {"id": "late", "start": "13:30", "end": "21:30"},
                ],
                "contracts": {
                    "full": {
                        "minutes": {"per": "week", "min": 1440, "max": 2400},
                        "run_of_work": {"max": 4},
                        "rest_between": "11h",
                    },
                    "half": {"minutes": {"per": "week", "max": 1440}, "run_of_rest": {"min": 2}, "rest_between": "11h"},
                },
                "staff": [
                    {"id": "ada", "contract": "full"},
                    {"id": "bo", "contract": "half", "unavailable": ["2026-03-07"]},
                    {"id": "cem", "contract": "full", "skills": ["till"]},
                    {"id": "dee", "contract": "half", "skills": ["till"]},
                ],
                "cover": [
                    {"shift": "early", "need": 1, "under": 50, "over": 2},
                    {"shift": "late", "days": "mon-fri", "need": 1, "under": 50, "over": 2},
                    {"shift": "late", "days": "fri", "need": {"till": 1}, "why": "the week is cashed up on Friday"},
                ],
                "wishes": [
                    {"who": "ada", "want": "rest", "days": "2026-03-04", "weight": 5},
                    {"who": ["cem", "dee"], "avoid": "late", "days": "sat, sun", "weight": 3},
                ],
                "fairness": {"balance": "weekends", "weight": 4},
            }
        )

    def generate(self, size: int, *, seed: int) -> RosterInstance:
        """``size`` people over about as many days, at most 28: two shifts, half of the people wanted each day."""
        rng = np.random.default_rng(seed)
        people = max(1, size)
        days = int(np.clip(size, 3, 28))
        need = max(1, people // 4)
        wishes = [
            {
                "who": int(rng.integers(people)),
                ["want", "avoid"][int(rng.integers(2))]: ["D", "N", "rest"][int(rng.integers(3))],
                "days": int(rng.integers(days)),
                "weight": int(rng.integers(1, 6)),
            }
            for _ in range(people * days // 3)
        ]
        return RosterInstance.model_validate(
            {
                "name": f"roster-{people}-{seed}",
                "horizon": {"days": days},
                "shifts": [
                    {"id": "D", "start": "07:00", "end": "19:00"},
                    {"id": "N", "start": "19:00", "end": "07:00"},
                ],
                "contracts": {
                    "all": {
                        "minutes": {"max": 720 * (days // 2 + 1)},
                        "run_of_work": {"min": min(2, days // 3), "max": 3},
                        "run_of_rest": {"min": 1 + (people > 4)},
                        "rest_between": "11h",
                    }
                },
                "staff": [
                    {"id": p, "contract": "all", "unavailable": [int(rng.integers(days))]} for p in range(people)
                ],
                "cover": [{"shift": shift, "need": need, "under": 20, "over": 1} for shift in ("D", "N")],
                "wishes": wishes,
                "fairness": {"balance": "nights", "weight": 2},
            }
        )

    def domain_check(self, instance: RosterInstance, plan: Mapping[str, Any]) -> list[str]:
        """Every rule that a plan breaks and every number it states wrongly, one sentence each."""
        return judge.faults(instance, plan)

    def _known(self, formulation: str) -> None:
        if formulation not in ("auto", *self.formulations):
            raise ModelError(f"roster has no formulation {formulation!r}; it has: {', '.join(self.formulations)}")


PLUGIN = Roster()
