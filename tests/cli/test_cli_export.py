"""``qopt solve --export`` and ``qopt export``: plans as files of other programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from terminal import EXAMPLES, STALL, VANS, run

Capture = pytest.CaptureFixture[str]
DAY = str(EXAMPLES / "bakery-day.yaml")


def test_a_plan_is_written_as_a_table_a_map_and_calendars(capfd: Capture, tmp_path: Path) -> None:
    names = [tmp_path / name for name in ("plan.csv", "plan.geojson", "plan.ics")]
    options = [word for name in names for word in ("--export", name)]
    said = run(capfd, "solve", DAY, "--budget", "1", "--json", *options)

    assert said.status == 0
    routes = said.document["solutions"][0]["plan"]["routes"]
    calendars = [f"plan-{route['vehicle']}.ics" for route in routes]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["plan.csv", "plan.geojson", *calendars])
    assert (
        (tmp_path / "plan.csv").read_text(encoding="utf-8").startswith("vehicle,position,what,visit,location,lon,lat")
    )
    assert json.loads((tmp_path / "plan.geojson").read_text(encoding="utf-8"))["type"] == "FeatureCollection"


def test_vroom_in_and_vroom_out(capfd: Capture, tmp_path: Path) -> None:
    table = [[0, 5, 9], [5, 0, 7], [9, 7, 0]]
    problem = {
        "vehicles": [{"id": 7, "start_index": 0, "end_index": 0}],
        "jobs": [{"id": 3, "location_index": 1}, {"id": 4, "location_index": 2}],
        "matrices": {"car": {"durations": table}},
    }
    path, out = tmp_path / "day.vroom.json", tmp_path / "solution.json"
    path.write_text(json.dumps(problem), encoding="utf-8")
    said = run(capfd, "solve", path, "--budget", "1", "--export", out, "--as", "vroom")

    assert said.status == 0
    solution = json.loads(out.read_text(encoding="utf-8"))
    assert solution["summary"]["cost"] == 21
    assert [step.get("id") for step in solution["routes"][0]["steps"]] in ([None, 3, 4, None], [None, 4, 3, None])


@pytest.mark.parametrize(
    ("file", "options", "words"),
    [
        (DAY, ["--export", "plan.docx"], "no format of plans has this suffix"),
        (DAY, ["--export", "plan.json"], "no format of plans has this suffix"),
        (DAY, ["--export", "plan.json", "--as", "word"], "no export named 'word'"),
        (DAY, ["--export", "plan.vroom"], "VROOM has no reloads"),
        (VANS, ["--export", "plan.ics"], "a calendar needs dates"),
        (STALL, ["--export", "plan.geojson"], "geojson holds plans of routing"),
    ],
)
def test_what_cannot_be_written_is_refused_before_the_search(
    capfd: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, options: list[str], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    said = run(capfd, "solve", file, "--budget", "60", "--json", *options)

    assert said.status == 2
    assert words in said.errors[0]["rule"]
    assert list(tmp_path.iterdir()) == []


def test_one_file_is_not_written_twice(capfd: Capture, tmp_path: Path) -> None:
    out = tmp_path / "plan.csv"
    assert run(capfd, "solve", DAY, "--out", out, "--export", out).status == 2
    assert run(capfd, "solve", DAY, "--export", out, "--export", out).status == 2
    assert run(capfd, "solve", DAY, "--export", tmp_path / "no" / "plan.csv").status == 2


def test_a_stored_run_and_anyones_plan_are_exported_later(capfd: Capture, tmp_path: Path) -> None:
    stored, out = tmp_path / "run.json", tmp_path / "plan.csv"
    document = run(capfd, "solve", DAY, "--budget", "1", "--json", "--out", stored).document
    said = run(capfd, "export", DAY, stored, out, "--plan", "2", "--json")

    assert said.status == 0
    assert said.document == {"status": "written", "files": [str(out)]}
    lines = out.read_text(encoding="utf-8").splitlines()[1:]
    told = [line for route in document["solutions"][1]["plan"]["routes"] for line in route["schedule"]]
    assert [line.split(",")[3] for line in lines][: len(told)] == [
        str(step["id"]) if step["what"] == "visit" else "" for step in told
    ]
    anyones = tmp_path / "mine.json"
    anyones.write_text('{"routes": [{"vehicle": "van-1", "stops": ["cafe", "school"]}]}', encoding="utf-8")
    assert run(capfd, "export", DAY, anyones, tmp_path / "mine.ics").status == 0
    assert b"SUMMARY:school" in (tmp_path / "mine-van-1.ics").read_bytes()
    assert run(capfd, "export", DAY, stored, out, "--plan", "99").status == 2
    assert run(capfd, "export", DAY, stored, stored, "--as", "csv").status == 2
