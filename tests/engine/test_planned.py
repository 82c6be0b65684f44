"""The plan of now is an answer, whatever the family: nothing worse is returned."""

from __future__ import annotations

from typing import Any

import pytest

import qopt
from qopt.core import forms
from qopt.models.families.roster import RosterInstance
from qopt.models.families.shop import ShopInstance
from qopt.models.subject import as_subject


def shop(**plan: Any) -> ShopInstance:
    jobs = [{"id": j, "tasks": [{"machine": m, "time": t} for m, t in line]} for j, line in JOBS.items()]
    return ShopInstance.model_validate({"machines": ["m", "n", "o"], "jobs": jobs} | ({"plan": plan} if plan else {}))


JOBS = {
    "a": [("m", 3), ("n", 2), ("o", 4)],
    "b": [("n", 4), ("o", 1), ("m", 3)],
    "c": [("o", 2), ("m", 4), ("n", 3)],
    "d": [("m", 2), ("o", 3), ("n", 4)],
}


def roster(**plan: Any) -> RosterInstance:
    cover = [{"shift": "E", "need": 1, "under": 9}, {"shift": "N", "need": 1, "under": 9}]
    return RosterInstance.model_validate(
        {
            "horizon": {"start": "2026-03-02", "days": 5},
            "shifts": [{"id": "E"}, {"id": "N"}],
            "staff": ["ada", "bo", "cem"],
            "cover": cover,
            "wishes": [{"who": "ada", "want": "N", "days": "mon-fri", "weight": 2}],
        }
        | ({"plan": plan} if plan else {})
    )


def planned(family: str) -> Any:
    """An instance with a good plan of now, whose every change costs more than it can bring."""
    if family == "shop":
        best = qopt.solve(shop(), budget=1.0, seed=1, threads=1).solutions[0].plan
        tasks = [{key: line[key] for key in ("job", "task", "machine", "start")} for line in best["tasks"]]
        return shop(tasks=tasks, change_cost=50)
    best = qopt.solve(roster(), budget=1.0, seed=1, threads=1).solutions[0].plan
    shifts = [
        {"person": line["person"], "day": day, "shift": name}
        for line in best["roster"]
        for day, name in zip(best["days"], line["shifts"])
        if name is not None
    ]
    return roster(shifts=shifts, change_cost=50)


@pytest.mark.parametrize("family", ["shop", "roster"])
def test_nothing_worse_than_the_plan_of_now_is_returned(family: str) -> None:
    subject = as_subject(planned(family))
    now = forms.evaluate(subject.form, subject.form.planned)
    result = qopt.solve(subject, budget=qopt.Budget(work=1), seed=3, threads=1, repair=False)

    assert now.feasible
    assert result.solutions[0].levels <= now.levels
    assert any(event["backend"] == "plan of now" for event in result.record.incumbents)


def test_a_plan_that_does_not_hold_is_told_and_changed() -> None:
    tasks = [
        {"job": job, "task": k, "machine": m, "start": 0} for job, line in JOBS.items() for k, (m, _) in enumerate(line)
    ]
    result = qopt.solve(shop(tasks=tasks), budget=qopt.Budget(work=200), seed=1, threads=1)

    assert result.solutions[0].feasible
    assert any(line.startswith("the plan of now does not hold as it is") for line in result.record.decisions)
