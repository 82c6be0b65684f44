"""Soft rules in shops: what they cost, what plans tell of them, and that both judges agree."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shop_documents import random_document

import qopt
from qopt.core.errors import ModelError
from qopt.core.forms.project import evaluate
from qopt.core.solution import Candidate, Check, Origin, Solution
from qopt.models.documents import load_document, validate
from qopt.models.families._project_serial import serial
from qopt.models.families.shop import PLUGIN, ShopInstance
from qopt.report.views import text_view

DOCUMENT = """problem: shop
units: {time: min}
machines: [saw, press]
jobs:
  - {id: A, due: 5, weight: 3, tasks: [{id: cut, machine: saw, time: 4}, {id: glue, machine: press, time: 3}]}
  - {id: B, due: 4, weight: 2, tasks: [{id: cut, machine: saw, time: 3}, {id: glue, machine: press, time: 5}]}
rules:
  - {no_wait: [A.cut, A.glue], soft: 4, name: glue, why: planed wood warps}
  - {before: [B.cut, A.cut], soft: 1, lag: 2}
  - {start_within: [B.cut, B.glue], time: 1, soft: 10}
objective: [{minimise: weighted_tardiness}, {minimise: makespan}]
"""


def read(text: str = DOCUMENT) -> ShopInstance:
    return validate(load_document(text), ShopInstance)


def plan_of(shop: ShopInstance, *starts: int) -> dict[str, Any]:
    proposal = PLUGIN.restore(shop, {"tasks": _lines(shop, *starts)})
    made = Solution(Candidate(Origin.PROPOSED, "test", proposal=proposal), Check(True, (0.0,)), None, {})
    return PLUGIN.interpret(shop, made)


def _lines(shop: ShopInstance, *starts: int) -> list[dict[str, Any]]:
    return [
        {"job": job, "task": task, "machine": machine, "start": start}
        for (job, task, machine), start in zip(shop.names, starts, strict=True)
    ]


def test_plans_list_what_is_missed_and_why() -> None:
    shop = read()
    plan = plan_of(shop, 3, 10, 0, 5)
    assert plan["rules"] == [
        {"rule": "glue", "cost": 12, "says": "glue", "why": "planed wood warps"},
        {"rule": "rules[1]", "cost": 2, "says": "before B.cut, A.cut, lag 2"},
        {"rule": "rules[2]", "cost": 10, "says": "start_within B.cut, B.glue, within 1"},
    ]
    assert plan["kpis"]["soft"] == 24 and "soft.glue" not in plan["kpis"]
    assert PLUGIN.domain_check(shop, plan) == []
    text = text_view(plan)
    assert (
        "broken at a price of 12: glue (planed wood warps)" in text
        and "price of 10: start_within B.cut, B.glue" in text
    )
    assert [line["cost"] for line in plan["jobs"]] == [24, 12] and "late: A by 8, due 5, at a price of 24" in text
    assert plan_of(shop, 5, 9, 0, 3)["rules"] == []
    hard = read(DOCUMENT.replace(", soft: 4", "").replace("soft: 1, ", "").replace(", soft: 10", ""))
    assert "rules" not in plan_of(hard, 5, 9, 0, 3)


def test_costs_are_part_of_the_first_level_or_of_their_own() -> None:
    assert read().project.levels == ((("weighted_tardiness", 1.0), ("soft", 1.0)), (("makespan", 1.0),))
    own = read(DOCUMENT.replace("{minimise: makespan}", "{minimise: soft}"))
    assert own.project.levels == ((("weighted_tardiness", 1.0),), (("soft", 1.0),))


def test_a_wrong_cost_is_found() -> None:
    shop = read()
    plan = plan_of(shop, 3, 10, 0, 5)
    plan["rules"][0]["cost"] = 3
    del plan["rules"][1]
    assert PLUGIN.domain_check(shop, plan) == [
        "glue costs 12, the plan says 3",
        "rules[1] costs 2, the plan says 0",
    ]


def test_the_search_weighs_them() -> None:
    """27: B goes first and A, late by 6, a minute too early after it; nothing else is better by enumeration."""
    result = qopt.solve(read(), budget=qopt.Budget(work=400), seed=1, proposer="project_search")
    assert result.solutions[0].levels == (27.0, 11.0)
    assert result.solutions[0].plan["rules"] == [{"rule": "rules[1]", "cost": 1, "says": "before B.cut, A.cut, lag 2"}]


@pytest.mark.parametrize("seed", range(30))
def test_both_judges_agree(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rules = [
        {"before": ["J.0", "K.0"], "lag": int(rng.integers(-1, 3)), "lag_from": str(rng.choice(["start", "end"]))},
        {"no_wait": ["K.0", "J.0"], "name": "n"},
        {"start_within": ["J.0", "K.0"], "time": 1, "name": "n"},
    ]
    soft = [rule | {"soft": int(rng.integers(1, 5))} for rule in rules if rng.random() < 0.7]
    document = random_document(seed) | {"rules": soft}
    shop = ShopInstance.model_validate(document)
    proposal = serial(shop.project)
    assert proposal is not None
    check = evaluate(shop.project, proposal)
    made = Solution(Candidate(Origin.PROPOSED, "test", proposal=proposal), Check(True, (0.0,)), None, {})
    plan = PLUGIN.interpret(shop, made)
    assert (PLUGIN.domain_check(shop, plan) == []) == check.feasible
    assert sum(line["cost"] for line in plan.get("rules", ())) == check.parts["soft"]


@pytest.mark.parametrize(
    ("old", "new", "line", "column", "rule"),
    [
        ("soft: 4", "soft: -4", 8, 38, "at least 0"),
        ("soft: 4", "sofd: 4", 8, 32, "unknown key"),
        ("{no_wait: [A.cut, A.glue]", "{no_wait: [A.cut, A.glu]", 8, 23, "there is no such task"),
        ("{minimise: makespan}", "{minimise: sofd}", 11, 56, "must be"),
    ],
)
def test_faults_stand_where_they_are(old: str, new: str, line: int, column: int, rule: str, tmp_path: Path) -> None:
    assert old in DOCUMENT
    (tmp_path / "shop.yaml").write_text(DOCUMENT.replace(old, new))
    with pytest.raises(ModelError) as caught:
        qopt.load(tmp_path / "shop.yaml")
    found = [(issue.place.line, issue.place.column, issue.rule) for issue in caught.value.issues]
    assert any(rule in told and (line, column) == (a, b) for a, b, told in found), str(caught.value)


def test_a_soft_rule_needs_single_tasks() -> None:
    text = DOCUMENT.replace("{id: A,", "{id: A, order: any,").replace("[B.cut, A.cut]", "[B.cut, A]")
    with pytest.raises(ModelError, match="needs one task"):
        read(text)
