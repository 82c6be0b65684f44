"""Plans go back into what the judges read: each family restores its own, and names the entry that does not fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import qopt
from qopt.core import forms, registry
from qopt.core.errors import RecordError
from qopt.core.names import Labels, NameTable
from qopt.core.problem import Columns, Problem
from qopt.models.plans import from_nonzeros, nonzeros
from qopt.models.subject import Subject


def solved(name: str) -> tuple[Subject, Any]:
    subject = Subject(instance=registry.load("families", name).example())
    return subject, qopt.solve(subject, budget=2.0, seed=1, threads=1).solutions[0]


@pytest.mark.parametrize("name", registry.names("families"))
def test_a_restored_plan_is_judged_as_the_solution_was(name: str) -> None:
    subject, best = solved(name)
    restored = subject.restore(best.plan)

    if subject.form is not None:
        assert forms.evaluate(subject.form, restored).levels == pytest.approx(best.levels)
    else:
        np.testing.assert_allclose(restored, best.values)


@pytest.mark.parametrize("name", registry.names("families"))
@pytest.mark.parametrize("plan", [{}, {"values": 3}, {"routes": 1, "tasks": 1, "assignment": 1, "items": 1}])
def test_what_is_no_plan_is_refused(name: str, plan: dict[str, Any]) -> None:
    subject = Subject(instance=registry.load("families", name).example())

    with pytest.raises(RecordError, match="plan has no"):
        subject.restore(plan)


@pytest.mark.parametrize(
    ("name", "plan", "says"),
    [
        ("routing", {"routes": [{"stops": ["mill", "moon"]}]}, r"routes\[0\] stops at 'moon'"),
        ("routing", {"routes": [{"vehicle": "van"}]}, r"routes\[0\] has no list of stops"),
        ("assignment", {"assignment": [["ana", "bake"], ["bo", "fly"]]}, r"assignment\[1\] names 'fly'"),
        ("assignment", {"assignment": ["ana"]}, r"assignment\[0\] is no pair"),
        ("knapsack", {"items": ["tent", "boat"]}, r"items\[1\] is 'boat'"),
        ("knapsack", {"items": [["water", "many"]]}, r"items\[0\] needs a finite number, got 'many'"),
        ("shop", {"tasks": [{"job": "tart", "task": "dough", "start": 1e999}]}, r"tasks\[0\] needs a finite"),
        ("shop", {"tasks": [{"job": "tart", "task": "dough", "start": 1e300}]}, "no whole number"),
        ("shop", {"tasks": [{"job": "tart", "task": "dough", "start": True}]}, "finite number, got True"),
        ("shop", {"tasks": [{"job": "tart", "task": "fly", "start": 1}]}, "which fits no task of three-cakes"),
        ("shop", {"tasks": [{"job": "tart", "task": "dough", "start": 0}]}, "no start at or after 0 to task tart,bake"),
        ("model", {"values": {"open": [["west", 1]]}}, r"open\[0\] is \['west', 1\]"),
        ("model", {"values": {"shut": []}}, "a variable 'shut'; the problem has: open, use"),
        ("model", {"values": {"open": [["north", float("nan")]]}}, r"open\[0\] needs a finite number"),
        ("model", {"values": {"open": [7]}}, r"open\[0\] is 7"),
    ],
)
def test_the_entry_that_does_not_fit_is_named(name: str, plan: dict[str, Any], says: str) -> None:
    subject = Subject(instance=registry.load("families", name).example())

    with pytest.raises(RecordError, match=says):
        subject.restore(plan)


def test_a_forbidden_pair_is_named() -> None:
    instance = registry.load("families", "assignment").instance(
        items=("ana", "bo"), places=("bake", "sell"), cost=((1, None), (2, 3))
    )

    with pytest.raises(RecordError, match="ana may not go to sell"):
        Subject(instance=instance).restore({"assignment": [["ana", "sell"]]})


def test_columns_go_through_plain_data_and_back() -> None:
    names = NameTable((Labels("use", (2, 2), (("a", "b"), None)), Labels("total")))
    columns = Columns([2, 2, 2, 2, 3], [-9.0] * 5, [9.0] * 5, names)
    problem, values = Problem.build(columns), np.array([0.0, 3.0, -2.0, 0.0, 1.5])

    plan = nonzeros(problem, values)

    assert plan == {"use": [["a", 1, 3], ["b", 0, -2]], "total": [[1.5]]}
    np.testing.assert_array_equal(from_nonzeros(problem, {"values": plan}), values)
