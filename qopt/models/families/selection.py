"""Selection: which items to take by their scores, under budgets, groups and rules, and why not the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from qopt.core.arrays import Floats
from qopt.core.errors import ModelError, RecordError
from qopt.core.problem import Problem
from qopt.core.solution import Solution
from qopt.models.families import _selection_check as judge
from qopt.models.families._selection_board import Board, Standing
from qopt.models.families._selection_build import problem_of
from qopt.models.families._selection_document import SelectionInstance
from qopt.models.families._selection_reasons import left_out, taken
from qopt.models.plans import entries

__all__ = ["PLUGIN", "Selection", "SelectionInstance"]


@dataclass(frozen=True)
class Selection:
    """The family of selections: what to do with the scores of a model."""

    name: str = "selection"
    instance: type[SelectionInstance] = SelectionInstance
    formulations: Mapping[str, str] = field(
        default_factory=lambda: {"take": "one binary column per item; pairs that overlap or help are products"}
    )

    def size(self, instance: SelectionInstance, formulation: str = "take") -> tuple[int, int]:
        """Columns, and nonzeros of objective, rows and groups together (an upper bound)."""
        n = len(instance.items)
        pairs = len(instance.overlaps()) + len(instance.helps())
        sets = (
            sum(map(len, instance.incompatible)) + 2 * len(instance.requires) + len(instance.must) + len(instance.never)
        )
        return n, n * (2 + len(instance.budgets()[0]) + len(instance.groups)) + pairs + sets

    def build(self, instance: SelectionInstance, *, formulation: str = "auto", pool: Any = None) -> Problem:
        """The instance as a Problem over ``take[item]``.

        Raises
        ------
        ModelError
            No such formulation.
        """
        if formulation not in ("auto", *self.formulations):
            raise ModelError(f"selection has no formulation {formulation!r}; it has: {', '.join(self.formulations)}")
        return problem_of(instance)

    def interpret(self, instance: SelectionInstance, solution: Solution) -> dict[str, Any]:
        """What is selected and what that is worth, what it takes of the budgets, and how many are of each group."""
        assert solution.values is not None
        chosen = np.flatnonzero(solution.values > 0.5).tolist()
        inside = set(chosen)
        score = sum(value for k, value in enumerate(instance.values()) if k in inside)
        synergy = sum(value for (i, j), value in instance.helps().items() if i in inside and j in inside)
        overlap = sum(value for (i, j), value in instance.overlaps().items() if i in inside and j in inside)
        costs = instance.costs()
        spent = {name: sum(costs[k][d] for k in chosen) for d, name in enumerate(instance.budgets()[0])}
        groups: dict[str, dict[str, int]] = {}
        for grouping, group, _, members in instance.grouped():
            groups.setdefault(grouping, {})[group] = len(inside.intersection(members))
        return {
            "selected": [instance.items[k].id for k in chosen],
            "value": float(score + synergy - overlap),
            "score": float(score),
            "synergy": float(synergy),
            "redundancy": float(overlap),
            "spent": {name: float(value) for name, value in spent.items()},
            "groups": groups,
        }

    def tell(self, instance: SelectionInstance, plan: Mapping[str, Any]) -> dict[str, Any]:
        """The plan with what every selected item adds, and with the reason why each of the others is left out."""
        board = Board(instance)
        standing = Standing(board, self.restore(instance, plan) > 0.5)
        return {**plan, "taken": taken(board, standing), "left_out": left_out(board, standing)}

    def restore(self, instance: SelectionInstance, plan: Mapping[str, Any]) -> Floats:
        """A plan's selected items as column values.

        Raises
        ------
        RecordError
            No list of them, or an entry that is no item.
        """
        place = {name: k for k, name in enumerate(instance.ids)}
        values = np.zeros(len(place))
        for k, name in enumerate(entries(plan, "selected")):
            if str(name) not in place:
                raise RecordError(f"selected[{k}] is {name!r}, which is no item of {instance.name}")
            values[place[str(name)]] = 1.0
        return values

    def key(self, plan: Mapping[str, Any]) -> Any:
        """Two plans are the same when they select the same items."""
        return tuple(sorted(str(name) for name in plan["selected"]))

    def example(self) -> SelectionInstance:
        """Four talks for an evening of 60 minutes: the two best tell the same story, so the third is taken instead."""
        return SelectionInstance.model_validate(
            {
                "name": "evening-of-talks",
                "items": [
                    {"id": "storms", "score": 9, "cost": 30, "groups": {"topic": "weather"}},
                    {"id": "gales", "score": 8, "cost": 30, "groups": {"topic": "weather"}},
                    {"id": "bread", "score": 6, "cost": 20, "groups": {"topic": "food"}},
                    {"id": "cheese", "score": 5, "cost": 20, "groups": {"topic": "food"}},
                ],
                "budget": 60,
                "redundancy": [["storms", "gales", 5]],
                "synergy": [["bread", "cheese", 1]],
                "groups": {"topic": {"each": {"max": 2}, "food": {"min": 1}}},
            }
        )

    def generate(self, size: int, *, seed: int) -> SelectionInstance:
        """``size`` items with two budgets, three regions, pairs that overlap or help, and a few rules between items."""
        rng = np.random.default_rng(seed)
        n = max(1, size)
        items = [
            {
                "id": f"i{k}",
                "score": int(rng.integers(5, 40)),
                "cost": {"euro": int(rng.integers(1, 20)), "days": int(rng.integers(0, 5))},
                "groups": {"region": "abc"[int(rng.integers(3))]},
            }
            for k in range(n)
        ]
        pairs = [
            [f"i{a}", f"i{b}", int(rng.integers(1, 15))] for a in range(n) for b in range(a) if rng.random() < 3 / n
        ]
        document: dict[str, Any] = {
            "name": f"selection-{size}-{seed}",
            "items": items,
            "budget": {"euro": 5 * n, "days": n + 2},
            "groups": {"region": {"each": {"max": max(1, n // 3)}}},
            "redundancy": pairs[::2],
            "synergy": pairs[1::2],
        }
        if n > 3:
            document |= {"requires": [["i0", "i1"]], "incompatible": [["i2", "i3"]], "never": ["i3"][: seed % 2]}
        return SelectionInstance.model_validate(document)

    def domain_check(self, instance: SelectionInstance, plan: Mapping[str, Any]) -> list[str]:
        """Every rule that a plan breaks, and every number and every priced reason that does not hold."""
        return judge.faults(instance, plan)


PLUGIN = Selection()
