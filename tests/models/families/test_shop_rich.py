"""Rich shop documents: what they become, where they are refused, and the plans they give."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qopt.core.errors import ModelError, RecordError
from qopt.core.forms.project import FOREVER, Project, Proposal, evaluate
from qopt.core.forms.shop import Shop
from qopt.core.solution import Candidate, Check, Origin, Solution
from qopt.models.clock import Clock
from qopt.models.documents import load_document, validate
from qopt.models.documents.write import to_yaml
from qopt.models.families._project_serial import serial
from qopt.models.families._shop_calendar import closed, days_of, hours_of
from qopt.models.families._shop_parts import Calendar
from qopt.models.families.shop import PLUGIN, ShopInstance
from qopt.models.frontends import document

DOCUMENT = """qopt: 1
problem: shop
name: cell-4-week-11
units: {time: min}
horizon: {start: "2026-03-09T06:00", end: "2026-03-14T00:00"}
machines:
  - {id: lathe, calendar: day-shift}
  - {id: mill, calendar: day-shift, setup: {between: {steel: {brass: 20}}, first: {steel: 5m}, other: 10}}
  - {id: oven, capacity: 3}
resources:
  - {id: fitters, capacity: 2}
calendars:
  day-shift: {weekly: {mon-fri: [["06:00", "14:00"]]}, closed: ["2026-03-13"]}
  repair: [["2026-03-10T08:00", "2026-03-10T10:00"]]
jobs:
  - id: J1
    release: "2026-03-09T07:00"
    due: "2026-03-10T14:00"
    weight: 3
    tasks:
      - {id: cut, machine: lathe, time: 40, family: steel}
      - {id: face, any_of: [{machine: mill, time: 55, uses: {fitters: 1}}, {machine: lathe, time: 1.5h}], family: brass}
      - {id: cure, machine: oven, time: 120, start_within: 30m}
  - id: J2
    order: any
    tasks: [{machine: mill, time: 60, family: steel}, {time: 15, uses: {fitters: 2}}]
rules:
  - {no_wait: [J1.face, J1.cure]}
  - {before: [J1.cut, J2.0], lag: 10, lag_from: start, why: the blank is cut for both}
objective:
  - {minimise: weighted_tardiness}
  - {minimise: tardy, weight: 5}
  - {minimize: makespan}
"""


def read(text: str = DOCUMENT) -> ShopInstance:
    instance = document.PLUGIN.read(text)
    assert isinstance(instance, ShopInstance)
    return instance


def plan_of(instance: ShopInstance, proposal: Any) -> dict[str, Any]:
    made = Solution(Candidate(Origin.PROPOSED, "test", proposal=proposal), Check(True, (0.0,)), None, {})
    return PLUGIN.interpret(instance, made)


def first_plan(instance: ShopInstance) -> dict[str, Any]:
    proposal = serial(instance.project)
    assert proposal is not None
    return plan_of(instance, proposal)


def test_a_document_is_the_project_that_it_describes() -> None:
    form = read().form
    assert isinstance(form, Project)
    assert form.modes.duration.tolist() == [40, 55, 90, 120, 60, 15]
    assert [form.modes.uses(m) for m in range(6)] == [
        [(0, 1)],
        [(1, 1), (3, 1)],
        [(0, 1)],
        [(2, 1)],
        [(1, 1), (4, 1)],
        [(3, 2), (4, 1)],
    ], "the last resource keeps the tasks of J2 apart"
    assert form.resources.capacity.tolist() == [1, 1, 3, 2, 1]
    assert form.release.tolist() == [60, 60, 60, 0, 0] and (form.deadline == 6840).all()
    assert form.due.tolist() == [1920, FOREVER] and form.weight.tolist() == [3, 1]
    assert form.levels == ((("weighted_tardiness", 1.0), ("tardy", 5.0)), (("makespan", 1.0),))
    lags = form.lags
    lines = zip(
        lags.before.tolist(), lags.after.tolist(), lags.from_start.tolist(), lags.least.tolist(), lags.most.tolist()
    )
    assert list(lines) == [
        (0, 1, False, 0, FOREVER),
        (1, 2, False, 0, 30),
        (1, 2, False, 0, 0),
        (0, 3, True, 10, FOREVER),
    ]
    setup = form.resources.setup[1]
    assert setup is not None and setup.tolist() == [[0, 10], [20, 0], [0, 5]], "brass, steel, and first"
    shut = slice(*form.resources.closed_start[:2])
    low, high = form.resources.closed_from[shut].tolist(), form.resources.closed_until[shut].tolist()
    assert list(zip(low, high)) == [(480, 1440), (1920, 2880), (3360, 4320), (4800, 6840)]


def test_small_shops_keep_their_form() -> None:
    rich = {"machines": ["a"], "jobs": [{"id": 1, "tasks": [{"machine": "a", "time": "1h"}]}]}
    assert isinstance(ShopInstance.model_validate(rich).form, Shop)
    for extra in (
        {"horizon": {"start": 0}},
        {"resources": [{"id": "r", "capacity": 1}]},
        {"objective": [{"minimise": "flow_time"}]},
        {"machines": [{"id": "a", "capacity": 2}]},
        {"jobs": [{"id": 1, "due": 9, "tasks": rich["jobs"][0]["tasks"]}]},
        {"plan": {"tasks": [{"job": 1, "task": 0, "machine": "a", "start": 3}]}},
    ):
        assert isinstance(ShopInstance.model_validate(rich | extra).form, Project)


def test_documents_read_back_the_same() -> None:
    instance = read()
    for full in (False, True):
        data = instance.model_dump(mode="json", by_alias=True, exclude_none=not full, exclude_defaults=not full)
        for text in (json.dumps({"problem": "shop"} | data), to_yaml({"problem": "shop"} | data)):
            again = validate(load_document(text), ShopInstance)
            assert again == instance and again.project.modes.duration.tolist() == [40, 55, 90, 120, 60, 15]


@pytest.mark.parametrize(
    ("old", "new", "line", "column", "rule"),
    [
        ("calendar: day-shift}\n", "calendar: nights}\n", 7, 27, "there is no such calendar; there are: day-shift"),
        ("{fitters: 2}}]", "{fitter: 2}}]", 26, 81, "there is no such resource"),
        ("{fitters: 2}}]", "{fitters: 3}}]", 26, 82, "never more than 2"),
        ("capacity: 3", "capacity: 3, setup: 5", 9, 36, "only machines that take one task at a time"),
        ("{id: fitters,", "{id: mill,", 11, 10, "none of a machine"),
        ("mon-fri:", "weekdays:", 13, 34, "days are written as mon-fri"),
        ('"14:00"]]}', '"14 h"]]}', 13, 34, "two times of day"),
        ('"2026-03-13"', '"2026-02-30"', 13, 65, "day"),
        ('closed: ["2026-03-13"]', "closed: [sunday]", 13, 65, "a closed day is written"),
        ('"2026-03-10T10:00"', '"2026-03-10T08:00"', 14, 12, "ends before it begins"),
        ('release: "2026-03-09T07:00"', 'release: "2026-03-08T07:00"', 17, 14, "before time 0"),
        ("30m", "30s", 23, 60, "no whole number of units"),
        ("time: 1.5h", "time: 1.5", 22, 99, "whole number"),
        ("no_wait: [J1.face, J1.cure]", "no_wait: [J1.face, J1.cur]", 28, 25, "there is no such task"),
        ("no_wait: [J1.face, J1.cure]", "no_wait: [J1.face, J1.face]", 28, 15, "two different tasks"),
        ("no_wait: [J1.face, J1.cure]", "start_within: [J1.face, J1.cure]", 28, 5, "needs a time"),
        ("no_wait: [J1.face, J1.cure]", "no_wait: [J1.face, J1.cure], lag: 3", 28, 5, "only before has a lag"),
        ("no_wait: [J1.face, J1.cure]", "no_wait: [J1.face, J1.cure], before: [J1.cut, J2.0]", 28, 5, "exactly one"),
        ("minimize: makespan", "minimize: tardy", 33, 5, "minimised already"),
        (
            "{machine: lathe, time: 1.5h}",
            "{machine: mill, time: 55m, uses: {fitters: 1}}",
            22,
            76,
            "stands there already",
        ),
        ("any_of:", "time: 3, any_of:", 22, 9, "a task has any_of, or"),
        ("time: 15, ", "", 26, 55, "a task needs a time"),
        ("units: {time: min}", "units: {time: pieces}", 4, 15, "need units.time such as"),
        ("lag: 10", "lag: -10 x", 29, 35, "a duration is"),
    ],
)
def test_faults_stand_where_they_are(old: str, new: str, line: int, column: int, rule: str) -> None:
    assert old in DOCUMENT
    with pytest.raises(ModelError) as caught:
        read(DOCUMENT.replace(old, new))
    found = [(issue.place.line, issue.place.column, issue.rule) for issue in caught.value.issues]
    assert any(rule in told and (line, column) == (a, b) for a, b, told in found), found


def test_a_plan_tells_times_lateness_and_uses() -> None:
    instance = read()
    plan = first_plan(instance)
    assert plan["tasks"][0]["start"] == "2026-03-09T07:00:00" and plan["tasks"][0]["end"] == "2026-03-09T07:40:00"
    assert plan["jobs"][0]["due"] == "2026-03-10T14:00:00" and "due" not in plan["jobs"][1]
    assert plan["tasks"][4]["machine"] is None and plan["tasks"][4]["uses"] == {"fitters": 2}
    told = {line["machine"]: line for line in plan["machines"]}
    assert told["oven"] == {"machine": "oven", "capacity": 3} and told["fitters"]["capacity"] == 2
    assert told.keys() <= {"lathe", "mill", "oven", "fitters"}
    assert json.loads(json.dumps(plan, allow_nan=False)) == plan
    assert plan["kpis"]["makespan"] == plan["makespan"]


def test_plans_are_the_same_where_ways_and_orders_are() -> None:
    instance = read()
    form = instance.project
    first = serial(form)
    assert first is not None
    key = PLUGIN.key(plan_of(instance, first))
    assert key == PLUGIN.key(plan_of(instance, Proposal(first.mode, first.start + 1)))
    other = np.array([0, 2, 3, 4, 5])
    assert key != PLUGIN.key(
        plan_of(instance, Proposal(np.where(first.mode == other, [0, 1, 3, 4, 5], other), first.start))
    )


def test_a_plan_of_anyone_is_restored_and_judged() -> None:
    instance = read()
    first = serial(instance.project)
    assert first is not None
    plan = plan_of(instance, first)
    bare = {"tasks": [{k: v for k, v in line.items() if k not in ("end", "uses")} for line in plan["tasks"]]}
    assert PLUGIN.restore(instance, bare).key() == first.key()
    lines = plan["tasks"]
    for broken, message in (
        ({}, "no list of 'tasks'"),
        ({"tasks": lines[1:]}, "does not say when to do J1.cut"),
        ({"tasks": [*lines, lines[0]]}, "a second time"),
        ({"tasks": [lines[0] | {"machine": "mill"}]}, "which the document does not allow"),
        ({"tasks": [lines[0] | {"task": "saw"}]}, "fits no task"),
        ({"tasks": [lines[0] | {"start": "noon"}]}, "the start of tasks"),
        ({"tasks": [lines[0] | {"start": 1.5}]}, "no whole number"),
        ({"tasks": [7]}, "fits no task"),
    ):
        with pytest.raises(RecordError, match=message):
            PLUGIN.restore(instance, broken)


JUDGED = {
    "machines": ["saw", {"id": "oven", "capacity": 2, "calendar": "shut"}],
    "resources": [{"id": "men", "capacity": 2}],
    "calendars": {"shut": [[10, 12]]},
    "jobs": [
        {
            "id": "a",
            "release": 1,
            "due": 9,
            "tasks": [
                {"id": "x", "machine": "saw", "time": 3, "family": "red"},
                {"id": "y", "machine": "oven", "time": 4, "uses": {"men": 1}, "start_within": 2},
            ],
        },
        {"id": "b", "deadline": 20, "tasks": [{"id": "x", "machine": "saw", "time": 2, "family": "blue"}]},
    ],
    "rules": [{"before": ["a.x", "b.x"], "lag": 1, "why": "red before blue"}],
    "objective": [{"minimise": "weighted_tardiness"}],
}


def judged() -> tuple[ShopInstance, dict[str, Any]]:
    """The shop with its best plan: a.x 1-4, a.y 4-8, b.x 5-7."""
    data = json.loads(json.dumps(JUDGED))
    data["machines"][0] = {"id": "saw", "setup": 1}
    instance = ShopInstance.model_validate(data)
    plan = plan_of(instance, Proposal(np.array([0, 1, 2]), np.array([1, 4, 5])))
    return instance, plan


@pytest.mark.parametrize(
    ("task", "change", "sentence"),
    [
        (0, {"start": 0, "end": 3}, "a.x starts before it may"),
        (0, {"end": 5}, "a.x takes 4, it needs 3"),
        (0, {"machine": "oven"}, "a.x cannot be done on oven with {}"),
        (1, {"start": 3, "end": 7}, "a.y starts before a.x has ended"),
        (1, {"start": 7, "end": 11}, "a.y starts later than 2 after a.x"),
        (1, {"start": 7, "end": 11}, "a.y runs while oven is closed"),
        (2, {"start": 4, "end": 6}, "too early: red before blue"),
        (2, {"start": 4, "end": 6}, "saw is not set up for b.x when it starts"),
        (2, {"start": 3, "end": 5}, "2 of saw are used as b.x starts, there are 1"),
        (2, {"start": 19, "end": 21}, "b.x ends after 20"),
        (2, {"task": "z"}, "b.z is planned but not in the document"),
        (2, {"task": "z"}, "b.x is not planned"),
        (2, {"job": "a"}, "a.x is planned twice"),
    ],
)
def test_the_judge_names_what_is_wrong(task: int, change: dict[str, Any], sentence: str) -> None:
    instance, plan = judged()
    assert PLUGIN.domain_check(instance, plan) == []
    plan["tasks"][task] |= change
    assert sentence in PLUGIN.domain_check(instance, plan)


def test_the_judge_believes_no_number() -> None:
    instance, plan = judged()
    assert PLUGIN.domain_check(instance, plan | {"makespan": 7}) == [
        "the makespan is stated as 7, the last task ends at 8"
    ]
    late = [plan["jobs"][0] | {"late": 3}, plan["jobs"][1] | {"end": 8}]
    assert PLUGIN.domain_check(instance, plan | {"jobs": late}) == [
        "job a is 0 late, the plan says 3",
        "job b ends at 7, the plan says 8 of b",
    ]
    assert "the weighted tardiness is stated as 4, it is 0" in PLUGIN.domain_check(
        instance, plan | {"kpis": {"weighted_tardiness": 4}}
    )


def test_what_is_pinned_stays_and_changes_have_a_price(tmp_path: Path) -> None:
    """A plan from a file; at time 5 two tasks have begun, and the rest may move for 2 each."""
    plan = judged()[1]
    (tmp_path / "today.json").write_text(json.dumps({"solutions": [{"plan": plan}]}))
    text = (
        to_yaml({"problem": "shop", **JUDGED})
        + "plan: {from: today.json, now: 5, pinned: {running: true}, change_cost: 2}\n"
    )
    (tmp_path / "shop.yaml").write_text(text)
    changed = validate(load_document(tmp_path / "shop.yaml"), ShopInstance)
    form = changed.project
    assert form.levels == ((("weighted_tardiness", 1.0), ("changes", 1.0)),)
    assert form.current is not None and form.current.start.tolist() == [1, 4, 5]
    assert np.isinf(form.current.price).tolist() == [True, True, False] and form.release.tolist() == [1, 1, 5]
    moved = Proposal(np.array([0, 1, 2]), np.array([1, 4, 6]))
    check = evaluate(form, moved)
    assert check.feasible and check.levels == (2.0,) and PLUGIN.domain_check(changed, plan_of(changed, moved)) == []
    shifted = Proposal(np.array([0, 1, 2]), np.array([2, 5, 6]))
    assert not evaluate(form, shifted).feasible
    assert "a.x is pinned and not done as it was planned" in PLUGIN.domain_check(changed, plan_of(changed, shifted))
    values = PLUGIN.lift(changed, moved)
    assert values is not None and PLUGIN.build(changed).objectives(values)[0].tolist() == [2.0]
    assert PLUGIN.lift(changed, shifted) is None


@pytest.mark.parametrize(
    ("plan", "rule"),
    [
        ("{from: missing.json}", "there is no such plan file"),
        ("{from: ../today.json}", "must lie in the folder"),
        ("{from: bad.json}", "this is no JSON"),
        ("{from: none.json}", "has a list of tasks"),
        ("{tasks: [{job: a, task: q, start: 3}]}", "there is no such task"),
        ("{tasks: [{job: a, task: x, machine: oven, start: 3}]}", "cannot be done in this way"),
        ("{pinned: {running: true}}", "plan.now must say when"),
        ("{pinned: {tasks: [a.q]}}", "there is no such task"),
    ],
)
def test_faults_of_plans(plan: str, rule: str, tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text("{")
    (tmp_path / "none.json").write_text("{}")
    (tmp_path / "shop.yaml").write_text(to_yaml({"problem": "shop", **JUDGED}) + f"plan: {plan}\n")
    with pytest.raises(ModelError, match=rule) as caught:
        validate(load_document(tmp_path / "shop.yaml"), ShopInstance)
    last = len((tmp_path / "shop.yaml").read_text().splitlines())
    assert caught.value.issues[0].place.line == last


def test_jobs_of_other_files_are_imported(tmp_path: Path) -> None:
    (tmp_path / "two.txt").write_text("2 2\n0 3 1 2\n1 4 0 1\n")
    (tmp_path / "four.rcp").write_text("4 1\n3\n0 0 1 2\n4 3 1 3\n2 1 1 4\n0 0 0\n")
    text = """problem: shop
machines: [saw, {id: 0, label: lathe}]
imports:
  - {file: two.txt, format: jsplib, prefix: ft-}
  - {file: four.rcp}
jobs: [{id: own, tasks: [{machine: saw, time: 3}]}]
rules: [{before: [own.0, ft-1.0]}, {before: [own.0, project.1]}]
"""
    (tmp_path / "shop.yaml").write_text(text)
    instance = validate(load_document(tmp_path / "shop.yaml"), ShopInstance)
    assert [str(machine.id) for machine in instance.machines] == ["saw", "0", "1"]
    assert [str(job.id) for job in instance.jobs] == ["own", "ft-0", "ft-1", "project"]
    assert len(instance.rules) == 5 and instance.project.tasks == 9 and instance.imports == ()
    for old, new, line, rule in (
        ("two.txt", "three.txt", 4, "no such job file"),
        ("jsplib", "jsplip", 4, "no such format"),
        ("file: four.rcp", "fil: four.rcp", 5, "file"),
        ("own.0, ft-1.0", "own.0, ft-9.0", 7, "there is no such task"),
    ):
        (tmp_path / "shop.yaml").write_text(text.replace(old, new))
        with pytest.raises(ModelError, match=rule) as caught:
            validate(load_document(tmp_path / "shop.yaml"), ShopInstance)
        assert caught.value.issues[0].place.line == line, str(caught.value)


def test_setups_of_a_table(tmp_path: Path) -> None:
    (tmp_path / "setups.csv").write_text("was,next,minutes\nred,blue,4\nblue,red,7\n")
    data = json.loads(json.dumps(JUDGED))
    data["machines"][0] = {"id": "saw", "setup": {"file": "setups.csv", "from": "was", "to": "next", "time": "minutes"}}
    (tmp_path / "shop.yaml").write_text(to_yaml({"problem": "shop", **data}))
    table = validate(load_document(tmp_path / "shop.yaml"), ShopInstance).project.resources.setup[0]
    assert table is not None and table.tolist() == [[0, 7], [4, 0], [0, 0]], "blue, red, and first"
    (tmp_path / "setups.csv").write_text("was,next,minutes\nred,blue,4\nblue,red,7.5\n")
    with pytest.raises(ModelError, match="not negative") as caught:
        validate(load_document(tmp_path / "shop.yaml"), ShopInstance)
    assert caught.value.issues[0].place.line == 3 and caught.value.issues[0].place.file == "setups.csv"


def test_days_and_hours() -> None:
    assert (
        days_of("mon-fri") == [0, 1, 2, 3, 4]
        and days_of("sat-mon, wed") == [5, 6, 0, 2]
        and days_of("all") == [*range(7)]
    )
    assert hours_of(("06:00", "14:30")) == (360, 870) and hours_of(("22:00", "06:00")) == (1320, 1800)
    assert hours_of(("18:00", "24:00")) == (1080, 1440)


def test_night_shifts_go_over_midnight() -> None:
    from datetime import datetime

    clock = Clock(60.0, datetime(2026, 3, 9, 2))  # a Monday, in the night shift that began on Sunday
    nights = Calendar(weekly={"all": [("22:00", "06:00")]})
    assert closed(nights, clock, 2880) == [(240, 1200), (1680, 2640)]
    assert closed(Calendar(closed=["2026-03-09"]), clock, 2880) == [(0, 1320)]
    coarse = Clock(3600.0, datetime(2026, 3, 9))
    half = Calendar(weekly={"mon": [("06:30", "08:30")]})
    assert closed(half, coarse, 24) == [(0, 7), (8, 24)], "part of an hour is closed"


def test_clock_texts_need_no_day() -> None:
    data = {
        "horizon": {"start": "06:00", "end": "15:00"},
        "machines": ["saw"],
        "jobs": [{"id": 1, "due": "07:30", "tasks": [{"machine": "saw", "time": 95}]}],
    }
    plan = first_plan(ShopInstance.model_validate(data))
    assert plan["tasks"][0]["start"] == "06:00" and plan["jobs"][0] == {
        "job": 1,
        "end": "07:35",
        "due": "07:30",
        "late": 5,
    }


def test_a_shop_that_nothing_bounds_has_no_formulation() -> None:
    data = {
        "machines": [{"id": "saw", "setup": 2}],
        "jobs": [{"id": 1, "tasks": [{"machine": "saw", "time": 3, "family": "a"}]}],
        "objective": [{"minimise": "setup"}],
    }
    instance = ShopInstance.model_validate(data)
    assert PLUGIN.offers(instance) == () and PLUGIN.size(instance)[0] >= 10**9
    with pytest.raises(ModelError, match="no time-indexed formulation"):
        PLUGIN.build(instance)
