"""Jobs of other files in shop documents, plans of now, and where time begins and ends when no horizon says it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import qopt
from qopt.core.errors import ModelError
from qopt.core.forms.project import FOREVER
from qopt.core.forms.project import evaluate as judge
from qopt.models.documents import load_document, validate
from qopt.models.families._project_serial import serial
from qopt.models.families.shop import PLUGIN, ShopInstance

TWO = "2 2\n0 3 1 2\n1 4 0 1\n"
ONE = "1 2\n0 3 1 2\n"
DOCUMENT = """problem: shop
machines:
  - {id: saw, calendar: day}
  - {id: press, setup: {file: setups.csv, from: wood, to: wood, time: minutes}}
calendars:
  day: {weekly: {mon-fri: [["06:00", "14:00"]]}, closed: ["2026-03-10"]}
jobs:
  - id: A
    release: "2026-03-09T06:00"
    due: "2026-03-09T14:00"
    tasks:
      - {id: cut, machine: saw, time: 400, family: oak}
      - {id: trim, machine: saw, time: 200}
      - {id: glue, machine: press, time: 30, family: pine}
  - id: B
    weight: 2
    import: {format: jsplib, file: two.txt}
  - {id: C, tasks: [{machine: press, time: 20, family: oak}]}
rules:
  - {before: [A.cut, B.1], lag: 10}
plan: {from: floor.json, pinned: {running: true}}
"""
FLOOR = {"now": "2026-03-09T06:20", "tasks": [{"job": "A", "task": "cut", "start": "2026-03-09T06:00"}]}


def read(folder: Path, text: str = DOCUMENT, *, jobs: str = TWO, floor: object = FLOOR) -> ShopInstance:
    (folder / "setups.csv").write_text("wood,wood,minutes\noak,pine,15\npine,oak,25\n")
    (folder / "two.txt").write_text(jobs)
    (folder / "floor.json").write_text(json.dumps(floor))
    (folder / "shop.yaml").write_text(text)
    return validate(load_document(folder / "shop.yaml"), ShopInstance)


def test_a_job_imports_the_jobs_of_a_file(tmp_path: Path) -> None:
    shop = read(tmp_path)
    assert [str(job.id) for job in shop.jobs] == ["A", "B.0", "B.1", "C"]
    assert [str(machine.id) for machine in shop.machines] == ["saw", "press", "0", "1"]
    assert [job.weight for job in shop.jobs] == [1, 2, 2, 1], "what the entry says holds for each of them"
    assert [task.time for task in shop.jobs[2].tasks] == [4, 1]


def test_a_file_with_one_job_is_that_job(tmp_path: Path) -> None:
    shop = read(tmp_path, DOCUMENT, jobs=ONE)
    assert [str(job.id) for job in shop.jobs] == ["A", "B", "C"]
    assert shop.links == ((0, 0, 4),), "B.1 is the second task of B"


def test_rules_may_name_jobs(tmp_path: Path) -> None:
    shop = read(tmp_path)
    assert shop.links == ((0, 0, 5),), "B.1 is a job, so its first task waits"
    both = read(tmp_path, DOCUMENT.replace("[A.cut, B.1]", "[A, B.1]"))
    assert both.links == ((0, 2, 5),), "the last task of A comes before the first of B.1"
    early = read(tmp_path, DOCUMENT.replace("[A.cut, B.1], lag: 10", "[A, B.1], lag: 10, lag_from: start"))
    assert early.links == ((0, 0, 5),)
    loose = read(tmp_path, DOCUMENT.replace("weight: 2", "order: parallel").replace("[A.cut, B.1]", "[B.0, B.1]"))
    assert loose.links == ((0, 3, 5), (0, 3, 6), (0, 4, 5), (0, 4, 6))


def test_rules_between_jobs_are_judged_alike(tmp_path: Path) -> None:
    """The judge of the form and that of plans agree about jobs that rules name, listed or not."""
    for order in ("listed", "parallel", "any"):
        text = DOCUMENT.replace("weight: 2", f"order: {order}").replace("[A.cut, B.1], lag: 10", "[B.0, B.1], lag: 3")
        shop = read(tmp_path, text[: text.index("plan:")])
        proposal = serial(shop.project)
        assert proposal is not None and judge(shop.project, proposal).feasible
        solution = qopt.solve(shop, budget=qopt.Budget(work=200), seed=1, proposer="project_search").solutions[0]
        assert PLUGIN.domain_check(shop, solution.plan) == []
        ends = {(str(t["job"]), str(t["task"])): (t["start"], t["end"]) for t in solution.plan["tasks"]}
        last = max(ends["B.0", "0"][1], ends["B.0", "1"][1])
        broken = json.loads(json.dumps(solution.plan))
        for line in broken["tasks"]:
            if str(line["job"]) == "B.1" and line["start"] == min(ends["B.1", "0"][0], ends["B.1", "1"][0]):
                line["start"], line["end"] = last, shop.clock.text(shop.clock.moment(last) + _took(shop, line))
        assert any("too early" in fault for fault in PLUGIN.domain_check(shop, broken))


def _took(shop: ShopInstance, line: dict[str, str]) -> float:
    return shop.clock.moment(line["end"]) - shop.clock.moment(line["start"])


def test_time_counts_from_the_first_time_that_is_named(tmp_path: Path) -> None:
    shop = read(tmp_path)
    assert shop.horizon is not None and shop.horizon.start == "2026-03-09T06:00"
    assert "time counts from 2026-03-09T06:00" in shop.notes[-1]
    assert shop.project.release.tolist() == [0, 20, 20, 20, 20, 20, 20, 20], "the first one runs, now is 20"
    earlier = {"now": FLOOR["now"], "tasks": [{"job": "C", "task": 0, "start": "2026-03-09T05:30"}]}
    assert read(tmp_path, floor=earlier).horizon.start == "2026-03-09T05:30"  # type: ignore[union-attr]


def test_calendars_without_an_end_reach_far_enough(tmp_path: Path) -> None:
    shop = read(tmp_path)
    assert shop.end is not None and shop.end > 7 * 1440 and (shop.project.deadline <= shop.end).all()
    plan = qopt.solve(shop, budget=qopt.Budget(work=200), seed=1, proposer="project_search").solutions[0].plan
    spans = {(line["job"], line["task"]): (line["start"], line["end"]) for line in plan["tasks"]}
    assert spans["A", "cut"] == ("2026-03-09T06:00:00", "2026-03-09T12:40:00"), "it runs as planned"
    assert spans["A", "trim"] == ("2026-03-11T06:00:00", "2026-03-11T09:20:00"), "Tuesday is closed"
    assert PLUGIN.domain_check(shop, plan) == []


def test_without_calendars_nothing_ends_time(tmp_path: Path) -> None:
    text = DOCUMENT.replace(", calendar: day", "")
    text = text.replace(text[text.index("calendars:") : text.index("jobs:")], "")
    shop = read(tmp_path, text)
    assert shop.end is None and (shop.project.deadline == FOREVER).all()


def test_set_ups_of_two_columns_of_one_name(tmp_path: Path) -> None:
    table = read(tmp_path).project.resources.setup[1]
    assert table is not None and table.tolist() == [[0, 15], [25, 0], [0, 0]], "oak, pine, and first"


@pytest.mark.parametrize(
    ("old", "new", "line", "column", "rule"),
    [
        ("file: two.txt", "file: too.txt", 17, 36, "there is no such job file"),
        ("format: jsplib", "format: jsplob", 17, 22, "no such format"),
        ("file: two.txt", "fil: two.txt", 17, 30, "unknown key"),
        ("    import: {", "    tasks: []\n    import: {", 18, 5, "a job has tasks, or imports them"),
        ("    import: {format: jsplib, file: two.txt}\n", "", 15, 5, "a job needs tasks, or import"),
        ("B.1]", "B.2]", 20, 22, "there is no such task or job"),
        ("before: [A.cut, B.1], lag: 10", "before: [A.cut, A]", 20, 14, "two different tasks"),
        ("due: ", "due: June", 10, 10, "a time is"),
        ("to: wood, time: minutes", "to: wood, time: hours", 1, 1, "no such column"),
        ("to: wood, time: minutes", "to: wood, time: 5", 4, 71, "must be text"),
        ("machine: press, time: 20", "machine: pres, time: 20", 18, 31, "a machine that is not listed"),
    ],
)
def test_faults_stand_where_they_are(old: str, new: str, line: int, column: int, rule: str, tmp_path: Path) -> None:
    assert old in DOCUMENT
    with pytest.raises(ModelError) as caught:
        read(tmp_path, DOCUMENT.replace(old, new))
    found = [(issue.place.line, issue.place.column, issue.rule) for issue in caught.value.issues]
    assert any(rule in told and (line, column) == (a, b) for a, b, told in found), str(caught.value)


def test_a_job_without_an_order_is_no_single_task(tmp_path: Path) -> None:
    text = DOCUMENT.replace("weight: 2", "order: any").replace("before: [A.cut, B.1], lag: 10", "no_wait: [A.cut, B.1]")
    with pytest.raises(ModelError, match="needs one task"):
        read(tmp_path, text)


def test_one_column_is_not_two(tmp_path: Path) -> None:
    read(tmp_path)
    (tmp_path / "setups.csv").write_text("wood,next,minutes\noak,pine,15\n")
    with pytest.raises(ModelError, match="from and to name the same column") as caught:
        validate(load_document(tmp_path / "shop.yaml"), ShopInstance)
    assert caught.value.issues[0].place.line == 4


def test_opening_hours_need_a_day_to_count_from() -> None:
    text = 'problem: shop\ncalendars: {day: {weekly: {mon: [["06:00", "14:00"]]}}}\n'
    text += "machines: [{id: saw, calendar: day}]\njobs: [{id: A, tasks: [{machine: saw, time: 3}]}]\n"
    with pytest.raises(ModelError, match="a horizon whose start names a day, or a release that does") as caught:
        validate(load_document(text), ShopInstance)
    assert (caught.value.issues[0].place.line, caught.value.issues[0].place.column) == (2, 18)


def test_files_of_jobs_need_a_document_with_a_folder() -> None:
    job = {"id": "A", "import": {"file": "two.txt"}}
    with pytest.raises(ValueError, match="read as a document is loaded"):
        ShopInstance.model_validate({"jobs": [job]})
