"""``qopt solve``: what it prints, writes and returns."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from terminal import EXAMPLES, IMPOSSIBLE, STALL, VANS, run

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def vans_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stored run of the bakery."""
    path = tmp_path_factory.mktemp("runs") / "vans.json"
    with pytest.raises(SystemExit) as stop:
        from qopt.cli.main import main

        main(["solve", VANS, "--budget", "1", "--seed", "1", "--out", str(path), "--json"])
    assert stop.value.code == 0
    return path


def test_a_person_reads_verdict_table_plan_and_funnel(capfd: Capture) -> None:
    said = run(capfd, "solve", STALL, "--budget", "20", "--seed", "1", "--top", "3")

    assert said.status == 0
    lines = said.out.splitlines()
    assert lines[0] == "market-stall  knapsack, maximise"
    assert lines[1].startswith("optimal: 381, proven best by highs")
    assert lines[3].split() == ["#", "objective", "gap", "differs", "feasible", "found", "by", "times"]
    assert [line.split()[1] for line in lines[4:7]] == ["381", "374", "370"]
    assert "taken   3 × apples, 2 × pears, leeks, honey" in said.out
    assert "feasible in the end (best 381)" in said.out
    assert "\x1b" not in said.out
    assert max(len(line) for line in lines) <= 100


def test_json_is_one_document_and_nothing_else(capfd: Capture) -> None:
    said = run(capfd, "solve", STALL, "--budget", "20s", "--json", "--seed", "4", "--top", "2")

    assert said.status == 0
    document = said.document
    assert list(document)[:6] == ["status", "objective", "bound", "gap", "seconds", "stopped_by"]
    assert document["objective"] == document["solutions"][0]["objective"] == 381
    assert len(document["solutions"]) == 2
    assert document["record"]["seed"] == 4
    assert document["record"]["settings"]["budget"] == {"seconds": 20.0}


def test_notes_of_the_reader_go_to_standard_error(capfd: Capture, tmp_path: Path) -> None:
    path = tmp_path / "gap.txt"
    path.write_text("1\n2 2\n1 2\n3 1\n1 1\n1 1\n2 2\n", encoding="utf-8")
    said = run(capfd, "solve", path, "--budget", "2", "--json")

    assert said.status == 0
    assert said.document["objective"] == 5
    assert "maximis" in said.err


def test_a_run_and_a_report_are_written(capfd: Capture, tmp_path: Path) -> None:
    out, report = tmp_path / "run.json", tmp_path / "report.html"
    said = run(capfd, "solve", STALL, "--budget", "2", "--json", "--out", out, "--report", report)

    assert said.status == 0
    assert json.loads(out.read_text(encoding="utf-8")) == said.document
    assert report.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_an_impossible_document_exits_1_with_the_rules(capfd: Capture) -> None:
    told = run(capfd, "solve", IMPOSSIBLE, "--budget", "5")
    document = run(capfd, "solve", IMPOSSIBLE, "--budget", "5", "--json")

    assert told.status == document.status == 1
    assert "infeasible: no plan can keep every rule" in told.out
    assert "these rules cannot hold together" in told.out
    assert "the van may carry 250 kg" in " ".join(told.out.split())
    assert document.document["status"] == "infeasible"
    assert document.document["objective"] is None
    assert len(document.document["conflict"]) >= 2


def test_nothing_found_exits_1(capfd: Capture) -> None:
    said = run(
        capfd, "solve", VANS, "--budget", "0.3", "--proposer", "none", "--sampler", "random", "--no-repair", "--json"
    )

    assert said.status == 1
    assert said.document["status"] == "nothing_found"
    assert said.document["solutions"] == [] or not said.document["solutions"][0]["feasible"]


def test_a_run_can_be_started_from_another(capfd: Capture, vans_run: Path) -> None:
    said = run(
        capfd, "solve", VANS, "--start", vans_run, "--proposer", "none", "--sampler", "none", "--budget", "1", "--json"
    )
    known = json.loads(vans_run.read_text(encoding="utf-8"))

    assert said.status == 0
    assert said.document["objective"] <= known["objective"] + 1e-9
    assert said.document["record"]["incumbents"][0]["backend"] == "start"


def test_a_start_of_another_instance_is_refused_with_its_file(capfd: Capture, vans_run: Path) -> None:
    said = run(capfd, "solve", EXAMPLES / "meter-tour.yaml", "--start", vans_run, "--json")

    assert said.status == 2
    assert said.errors[0]["file"] == str(vans_run)
    assert "no visit of meter-tour" in said.errors[0]["rule"]


@pytest.mark.parametrize("option", ["--out", "--report"])
def test_what_cannot_be_written_is_refused_before_the_search(
    option: str, capfd: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def searched(*_: object, **__: object) -> None:
        raise AssertionError("the search began")

    monkeypatch.setattr("qopt.engine.solve.solve", searched)
    copy = tmp_path / "copy.yaml"
    copy.write_text(Path(STALL).read_text(encoding="utf-8"), encoding="utf-8")
    for target, rule in (
        (tmp_path, "needs a file, this is a folder"),
        (tmp_path / "no" / "such" / "x", "needs a folder that exists"),
        (copy, "would overwrite an input"),
    ):
        said = run(capfd, "solve", copy, "--budget", "5", option, target, "--json")
        assert said.status == 2
        assert said.errors[0]["rule"] == f"{option} {rule}"
        assert said.errors[0]["file"] == str(target)


def test_a_disk_that_fails_at_the_end_does_not_lose_the_answer(
    capfd: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    said = run(capfd, "solve", STALL, "--budget", "2", "--json", "--out", tmp_path / "x.json")

    assert said.status == 2
    assert said.document["objective"] == 381
    assert "--out cannot be written: No space left on device" in said.err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--budget", "x"), "'x' is no duration above 0"),
        (("--differ", "101%"), "no share from 0 to 1"),
        (("--differ", "half"), "no share from 0 to 1"),
        (("--budget", "nan"), "no duration above 0"),
        (("--budget", "0"), "no duration above 0"),
        (("--budget", "-3s"), "no duration above 0"),
        (("--budget", "inf"), "no duration above 0"),
        (("--top", "0"), "--top"),
        (("--seed", "-1"), "--seed"),
        (("--work", "1.5"), "--work"),
        (("--nonsense",), "No such option"),
        (("--sampler", "magic"), "no sampler named 'magic'; there are: auto, none"),
        (("--proposer", "magic"), "no proposer named 'magic'"),
        (("--formulation", "magic"), "no formulation 'magic'"),
        (("--format", "magic"), "no format named 'magic'"),
        (("--member", "7"), "7"),
        (("--vehicles", "2"), "vehicles"),
        (("another.yaml",), "unexpected extra argument"),
        (("--start", "/no/such/plan.json"), "cannot be read"),
    ],
)
def test_a_wrong_call_exits_2_with_the_reason(words: tuple[str, ...], says: str, capfd: Capture) -> None:
    told = run(capfd, "solve", STALL, *words)
    said = run(capfd, "solve", STALL, *words, "--json")

    assert told.status == said.status == 2
    assert says in said.errors[0]["rule"] + said.errors[0]["value"]
    assert told.out == ""
    assert "error: " in told.err
    assert "Traceback" not in told.err + said.err


def test_a_missing_file_is_named(capfd: Capture) -> None:
    said = run(capfd, "solve", "/no/such/file.yaml", "--json")

    assert said.status == 2
    assert said.errors[0]["file"] == "/no/such/file.yaml"


def test_a_broken_document_is_told_with_line_and_column(capfd: Capture, tmp_path: Path) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text(
        "qopt: 1\nproblem: knapsack\ncapacity: 3\nitems:\n  - {id: a, value: x, weight: 1}\n", encoding="utf-8"
    )
    said = run(capfd, "solve", path, "--json")

    assert said.status == 2
    assert (said.errors[0]["file"], said.errors[0]["line"]) == (str(path), 5)
    assert said.errors[0]["column"] > 1


def test_a_failing_backend_exits_3_only_without_fallback(capfd: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    from qopt.core import registry

    def offline(*_: object, **__: object) -> None:
        raise OSError("the device is offline")

    monkeypatch.setattr(type(registry.load("samplers", "random")), "sample", offline)
    call = ("solve", STALL, "--sampler", "random", "--budget", "2", "--json")
    replaced, failed = run(capfd, *call), run(capfd, *call, "--no-fallback")

    assert (replaced.status, failed.status) == (0, 3)
    assert any("offline" in line for line in replaced.document["record"]["fallbacks"])
    assert "the device is offline" in failed.errors[0]["rule"]


def test_a_fault_of_qopt_itself_is_told_as_one(capfd: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr("qopt.engine.solve.solve", broken)
    said = run(capfd, "solve", STALL, "--json")

    assert said.status == 3
    assert "a fault of qopt itself: ZeroDivisionError: oops" in said.errors[0]["rule"]
    assert "Traceback" in said.err


def test_an_interrupt_before_any_answer_is_no_traceback(capfd: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("qopt.models.subject.as_subject", interrupted)
    said = run(capfd, "solve", STALL, "--json")

    assert said.status == 1
    assert said.errors[0]["rule"] == "interrupted before there was an answer"
    assert "Traceback" not in said.err


def test_names_are_printed_literally_and_cannot_move_the_cursor(capfd: Capture, tmp_path: Path) -> None:
    from qopt.cli.show import printable

    path = tmp_path / "odd.json"
    odd = {
        "qopt": 1,
        "problem": "knapsack",
        "name": "[red]x[/]",
        "capacity": 3,
        "items": [{"id": "[b]", "value": 1, "weight": 1}],
    }
    path.write_text(json.dumps(odd), encoding="utf-8")
    said = run(capfd, "solve", path, "--budget", "1")

    assert said.out.startswith("[red]x[/]  knapsack")
    assert "taken   [b]" in said.out
    assert printable("a\x1b[2Jb\n") == "a�[2Jb\n"
