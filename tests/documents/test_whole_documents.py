"""Documents as people write them, beside the files that they name: each loads, solves and passes its judge."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

import qopt
from qopt.core import registry
from qopt.core.errors import ModelError
from qopt.models.documents import load_document
from qopt.models.documents.write import to_yaml

DRAFTS = Path(__file__).resolve().parents[2].parent / "shared" / "dsl"
PLACES = ("depot", "cafe-12", "shop-3", "dairy")
MINUTES = ((0, 9, 12, 14), (9, 0, 6, 17), (12, 6, 0, 19), (14, 17, 19, 0))


def _square(rows: tuple[tuple[int, ...], ...]) -> str:
    lines = [",".join(("id", *PLACES)), *(",".join((a, *map(str, row))) for a, row in zip(PLACES, rows, strict=True))]
    return "\n".join(lines) + "\n"


def _stop(visit: str, start: str) -> dict[str, Any]:
    return {"stops": [visit], "schedule": [{"what": "visit", "id": visit, "start": f"2026-03-10T{start}"}]}


FILES = {
    "sites.csv": "site,cost,capacity\nnorth,100,40\nsouth,80,25\neast,60,20\n",
    "haul.csv": "site,town,cost\n"
    + "".join(
        f"{site},{town},{cost}\n"
        for site, town, cost in zip(
            ["north"] * 3 + ["south"] * 3 + ["east"] * 3, ["york", "leeds", "hull"] * 3, (4, 6, 9, 8, 5, 7, 9, 8, 3)
        )
    ),
    "mill_setups.csv": "family,family,minutes\nsteel,brass,25\nbrass,steel,35\n",
    "ft06.txt": "6 6\n2 1 0 3 1 6 3 7 5 3 4 6\n1 8 2 5 4 10 5 10 0 10 3 4\n2 5 3 4 5 8 0 9 1 1 4 7\n"
    "1 5 0 5 2 5 3 3 4 8 5 9\n2 9 1 3 4 5 5 4 0 3 3 1\n1 3 3 3 5 9 0 10 4 4 2 1\n",
    "shopfloor.json": json.dumps(
        {"now": "2026-03-09T06:30", "tasks": [{"job": "J1", "task": "cut", "start": "2026-03-09T06:00"}]}
    ),
    "published.csv": "person,day,shift\namy,2026-03-02,N\nben,2026-03-02,N\namy,2026-03-03,N\nben,2026-03-03,N\n",
    "stops.csv": "stop,lon,lat\n"
    + "".join(f"{name},{-0.1 - k / 50},{51.5 + k / 100}\n" for k, name in enumerate(PLACES)),
    "minutes.csv": _square(MINUTES),
    "km.csv": _square(tuple(tuple(m // 2 for m in row) for row in MINUTES)),
    "yesterday-plan.json": json.dumps(
        {
            "routes": [
                {"vehicle": "van-1"} | _stop("cafe-12", "07:00"),
                {"vehicle": "van-2"} | _stop("returns-3", "09:30"),
            ]
        }
    ),
}
"""What the drafts name."""

WAREHOUSES = """problem: model
sets: {sites: {file: sites.csv, column: site}, towns: [york, leeds, hull]}
parameters:
  open_cost: {over: [sites], file: sites.csv, column: cost}
  size: {over: [sites], file: sites.csv, column: capacity}
  need: {over: [towns], values: {york: 12, leeds: 30, hull: 9}}
  haul: {over: [sites, towns], file: haul.csv, row: site, column: town, value: cost}
variables: {open: {over: [sites], type: binary}, use: {over: [sites, towns], type: binary}}
objective:
  minimise: sum(open_cost[s]*open[s] for s in sites) + sum(haul[s,t]*use[s,t] for s in sites for t in towns)
constraints:
  one_site: {for: t in towns, that: "sum(use[s,t] for s in sites) == 1"}
  fits: {for: s in sites, that: "sum(need[t]*use[s,t] for t in towns) <= size[s]*open[s]"}
  spread: {that: "sum(open[s] for s in sites) <= 1", soft: 50, why: "planning permission for one site"}
"""
WARD = """problem: roster
horizon: {start: 2026-03-02, days: 7}
shifts: [{id: E, start: "07:00", end: "15:00"}, {id: N, start: "22:00", end: "07:30"}]
contracts: {half: {minutes: {per: week, max: 2280}, rest_between: 660, not_after: {N: [E]}, run_of_work: {max: 3}}}
staff: [{id: amy, contract: half, unavailable: [2026-03-08]}, {id: ben, contract: half}, {id: cat, contract: half}]
cover:
  - {shift: E, days: mon-fri, need: 1, under: 100, over: 1}
  - {shift: N, days: all, need: 1, hard: true}
wishes: [{who: amy, want: E, days: 2026-03-05, weight: 2}]
fairness: {balance: [nights, weekends], weight: 10}
plan: {from: published.csv, pinned: {before: 2026-03-04}, change_cost: 25}
objective: {minimise: soft_score}
"""
CELL = """problem: shop
units: {time: min}
machines:
  - {id: lathe, calendar: shift}
  - {id: mill, calendar: shift, setup: {file: mill_setups.csv, from: family, to: family, time: minutes}}
calendars: {shift: {weekly: {mon-fri: [["06:00", "08:00"]]}, closed: ["2026-03-10"]}}
jobs:
  - id: J1
    release: "2026-03-09T06:00"
    due: "2026-03-09T08:00"
    weight: 3
    tasks:
      - {id: cut, machine: lathe, time: 40, family: steel}
      - {id: face, any_of: [{machine: mill, time: 90}, {machine: lathe, time: 1.5h}], start_within: 2days}
  - {id: J2, import: {format: jsplib, file: ft06.txt}}
rules:
  - {before: [J1.cut, J2.0], lag: 10}
  - {before: [J2.1, J1.face], soft: 2, why: the mill is busy then}
objective: [{minimise: weighted_tardiness}, {minimise: makespan}]
plan: {from: shopfloor.json, pinned: {running: true}}
"""
VANS = """problem: routing
units: {time: min, distance: km}
horizon: {start: "2026-03-10T06:00", end: "2026-03-10T18:00", timezone: Europe/London}
locations: {file: stops.csv, id: stop, lon: lon, lat: lat}
travel: {matrix: {time: minutes.csv, distance: km.csv}}
loads: [crates]
fleet: [{id: van, count: 2, start: depot, capacity: {crates: 60}, cost: {fixed: 40, per_km: 0.45}, trips: 2}]
visits:
  - {id: cafe-12, deliver: {crates: 6}, service: 8, windows: [["07:00", "09:30"], ["14:00", "15:00"]]}
  - {id: returns-3, at: shop-3, collect: {crates: 10}, service: 5, optional: {penalty: 60}}
shipments: [{id: s1, load: {crates: 4}, pickup: {at: dairy}, delivery: {at: cafe-12}}]
rules: [{keep_together: [cafe-12, s1]}, {before: [returns-3, cafe-12], soft: 20, why: empties first}]
objective: [{minimise: unserved}, {minimise: cost}]
plan: {from: yesterday-plan.json, pinned: {before: "2026-03-10T09:00", visits: [cafe-12]}, change_cost: 15}
"""
WARD_FILES = {"published.csv": "person,day,shift\namy,2026-03-02,N\nben,2026-03-03,N\ncat,2026-03-03,E\n"}


def solve(folder: Path, text: str, files: dict[str, str]) -> tuple[Any, Any]:
    """The instance, and what a short search makes of it."""
    for name, content in files.items():
        (folder / name).write_text(content, "utf-8")
    (folder / "document.yaml").write_text(text, "utf-8")
    instance = qopt.load(folder / "document.yaml")
    return instance, qopt.solve(instance, budget=qopt.Budget(seconds=5.0, work=300), seed=1, top=2)


def plans_of(instance: Any, result: Any) -> list[Any]:
    """The plans, every one of which passes the family's own judge."""
    family = registry.load("families", instance.family)
    for solution in result.solutions:
        assert solution.feasible and family.domain_check(instance, solution.plan) == []
    return [solution.plan for solution in result.solutions]


def test_a_model_over_tables(tmp_path: Path) -> None:
    _, result = solve(tmp_path, WAREHOUSES, FILES)
    assert result.status == "optimal" and result.solutions[0].objective == 234, "two sites at 184, and a price of 50"


def test_a_roster_with_a_published_plan(tmp_path: Path) -> None:
    instance, result = solve(tmp_path, WARD, WARD_FILES)
    lines = {line["person"]: line["shifts"][:2] for line in plans_of(instance, result)[0]["roster"]}
    assert lines == {"amy": ["N", None], "ben": [None, "N"], "cat": [None, "E"]}, "what is pinned stays"


def test_a_shop_with_imported_jobs_and_a_plan_of_now(tmp_path: Path) -> None:
    instance, result = solve(tmp_path, CELL, FILES)
    plan = plans_of(instance, result)[0]
    spans = {(line["job"], line["task"]): (line["start"], line["end"]) for line in plan["tasks"]}
    assert spans["J1", "cut"][0] == "2026-03-09T06:00:00", "it runs"
    assert spans["J1", "face"] == ("2026-03-11T06:00:00", "2026-03-11T07:30:00"), "Monday is too short, Tuesday closed"
    assert len(spans) == 38 and plan["jobs"][0]["cost"] == 3 * (2 * 1440 - 30) and plan["rules"] == []


def test_routes_with_matrices_of_tables_and_a_plan_of_now(tmp_path: Path) -> None:
    instance, result = solve(tmp_path, VANS, FILES)
    plan = plans_of(instance, result)[0]
    assert plan["unserved"] == [] and plan["routes"][0]["stops"][0] == "cafe-12"
    assert plan["rules"] == [
        {"rule": "rules[1]", "cost": 20, "says": "before returns-3, cafe-12", "why": "empties first"}
    ]


ODD: list[Any] = [None, True, 3, -1, 2.5, "x", "", [], {}, [1], {"a": 1}, "two", "J1", "07:30", "2026-03-09", 1e300]
ODD += ["minutes.csv", "ft06.txt", {"file": "ft06.txt"}, {"file": "sites.csv"}, {"table": "km.csv", "columns": ["id"]}]
KEYS = ["file", "table", "import", "soft", "x", "from", "columns", "shifts"]


def _mutated(data: Any, rng: random.Random) -> Any:
    """The data with a part left out, replaced or added somewhere."""
    if isinstance(data, (dict, list)) and data and rng.random() < 0.8:
        key = rng.choice(list(data) if isinstance(data, dict) else range(len(data)))
        out = dict(data) if isinstance(data, dict) else list(data)
        if rng.random() < 0.2:
            del out[key]
        else:
            out[key] = _mutated(data[key], rng)
        return out
    return data | {rng.choice(KEYS): rng.choice(ODD)} if isinstance(data, dict) and data else rng.choice(ODD)


@pytest.mark.parametrize("text", [WAREHOUSES, WARD, CELL, VANS])
def test_whatever_is_wrong_has_its_place(text: str, tmp_path: Path) -> None:
    for name, content in (FILES | WARD_FILES).items():
        (tmp_path / name).write_text(content, "utf-8")
    rng, data, refused = random.Random(7), load_document(text).data, 0
    for _ in range(150):
        (tmp_path / "document.yaml").write_text(to_yaml({**_mutated(data, rng), "problem": data["problem"]}), "utf-8")
        try:
            qopt.load(tmp_path / "document.yaml")
        except ModelError as error:
            refused += 1
            assert all(issue.place.file and issue.place.line for issue in error.issues), str(error)
    assert refused > 50


@pytest.fixture
def draft(request: pytest.FixtureRequest) -> str:
    path = DRAFTS / f"{request.param}.yaml"
    if not path.is_file():
        pytest.skip("the drafts are not here")
    return path.read_text("utf-8")


@pytest.mark.parametrize("draft", ["generic"], indirect=True)
def test_the_draft_of_a_model(draft: str, tmp_path: Path) -> None:
    _, result = solve(tmp_path, draft, FILES)
    assert result.status == "optimal" and result.solutions[0].objective == 184


@pytest.mark.parametrize("draft", ["jobshop"], indirect=True)
def test_the_draft_of_a_shop(draft: str, tmp_path: Path) -> None:
    instance, result = solve(tmp_path, draft, FILES)
    plan = plans_of(instance, result)[0]
    assert result.solutions[0].levels == (0.0, 215.0), "in time, and J1 goes through without a wait"
    assert plan["tasks"][0]["start"] == "2026-03-09T06:00:00" and len(plan["tasks"]) == 39


@pytest.mark.parametrize("draft", ["routing"], indirect=True)
def test_the_draft_of_routes(draft: str, tmp_path: Path) -> None:
    instance, result = solve(tmp_path, draft, FILES)
    plan = plans_of(instance, result)[0]
    assert plan["unserved"] == [] and plan["routes"][0]["stops"][0] == "cafe-12", "what is pinned stays first"


@pytest.mark.parametrize("draft", ["roster"], indirect=True)
def test_the_draft_of_a_roster(draft: str, tmp_path: Path) -> None:
    """Two people cannot cover every night: that is found out, and with more of them the draft has its plans."""
    _, result = solve(tmp_path, draft, FILES)
    assert result.status == "infeasible" and result.conflict
    staff = [f"  - {{id: {name}, contract: full-time, skills: [rn, lead]}}\n" for name in ("cat", "dan", "eve", "fay")]
    nights = ["amy,ben"] * 3 + ["cat,dan"] * 3 + ["eve,fay"]
    lines = [f"{name},2026-03-0{k},N\n" for k, pair in enumerate(nights, 2) for name in pair.split(",")]
    text = draft.replace("cover:\n", "".join(staff) + "cover:\n").replace("min: 2100", "min: 0")
    files = {"published.csv": "person,day,shift\n" + "".join(lines)}
    instance, result = solve(tmp_path, text, files)
    assert plans_of(instance, result)
