"""Every example works as it stands: documents give ranked, distinct, feasible plans, scripts run to their end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import qopt
from qopt.core import registry
from qopt.models.subject import as_subject

FOLDER = Path(__file__).resolve().parents[2] / "examples"
DOCUMENTS = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.yaml"))
SCRIPTS = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.py"))
IMPOSSIBLE = {name for name in DOCUMENTS if "impossible" in name}


@pytest.mark.parametrize("name", sorted(set(DOCUMENTS) - IMPOSSIBLE))
def test_a_document_gives_several_ranked_feasible_plans(name: str) -> None:
    subject = as_subject(FOLDER / name)
    result = qopt.solve(subject, budget=2.5, seed=1, top=4)

    assert result.objective is not None
    assert all(solution.feasible for solution in result.solutions)
    assert len({solution.key for solution in result.solutions}) == len(result.solutions) >= 2
    sign = result.sense.sign
    levels = [[sign * round(value, 9) for value in solution.levels] for solution in result.solutions]
    assert levels == sorted(levels)
    for solution in result.solutions:
        assert subject.faults(solution.plan) == ()


@pytest.mark.parametrize("name", sorted(IMPOSSIBLE))
def test_an_impossible_document_names_the_rules_that_clash(name: str) -> None:
    result = qopt.solve(FOLDER / name, budget=5.0, seed=1)

    assert result.status is qopt.Status.INFEASIBLE
    assert len(result.conflict) >= 2
    assert all(rule.message for rule in result.conflict)


def test_there_is_an_example_of_every_family() -> None:
    families = {as_subject(FOLDER / name).family_name for name in DOCUMENTS}

    assert families >= {"routing", "shop", "assignment", "knapsack", "model"}
    assert families <= set(registry.names("families"))


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_runs_to_its_end(name: str, tmp_path: Path) -> None:
    if name.startswith("pyomo"):
        pytest.importorskip("pyomo")
    done = subprocess.run(
        [sys.executable, "-W", "error::RuntimeWarning", str(FOLDER / name), "1"],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        cwd=tmp_path,
        env=os.environ | {"PYTHONIOENCODING": "utf-8"},
    )

    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) >= 2


def test_orders_become_calendars_and_the_day_goes_on_at_nine(tmp_path: Path) -> None:
    script = FOLDER / "integration" / "plan_day.py"
    command = [sys.executable, str(script), "1", str(tmp_path)]
    subprocess.run(
        command, check=True, capture_output=True, timeout=120, env=os.environ | {"PYTHONIOENCODING": "utf-8"}
    )

    for name in ("morning", "nine"):
        subject = as_subject(tmp_path / f"{name}-day.json")
        plan = json.loads((tmp_path / f"{name}.json").read_text(encoding="utf-8"))
        assert subject.faults(plan) == ()
        assert plan["unserved"] == []
        drivers = [path.stem.removeprefix(f"{name}-") for path in tmp_path.glob(f"{name}-*.ics")]
        assert {driver.rpartition("-")[0] for driver in drivers} == {route["vehicle"] for route in plan["routes"]}
        assert (tmp_path / f"{name}.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    morning, nine = (
        json.loads((tmp_path / f"{name}.json").read_text(encoding="utf-8")) for name in ("morning", "nine")
    )
    begun = {
        step["id"]: (route["vehicle"], step["start"])
        for route in morning["routes"]
        for step in route["schedule"]
        if step["start"] < "2026-03-10T09:00" and step["what"] == "visit"
    }
    now = {
        step["id"]: (route["vehicle"], step["start"])
        for route in nine["routes"]
        for step in route["schedule"]
        if step["what"] == "visit"
    }
    assert begun and begun.items() <= now.items()
    assert {line["visit"] for line in nine["changes"] if line["from"] is None} == {"4729", "4730"}
