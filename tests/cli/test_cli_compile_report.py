"""``qopt compile`` with a report and with limits."""

from pathlib import Path

import pytest
from terminal import run

KNAPSACKS = Path(__file__).resolve().parents[2] / "examples" / "knapsack_multidimensional.yaml"


def test_report_prints_rules_passes_and_totals(capfd):
    said = run(capfd, "compile", KNAPSACKS, "--report")
    assert said.status == 0
    lines = [line.split() for line in said.out.splitlines()]
    assert ["total", "this", "compile", "plain", "range", "rule"] in lines
    assert any(line[:3] == ["capacity", "3", "slack"] for line in lines)
    assert any(line[:3] == ["whole", "numbers:", "1"] for line in lines)
    bits = next(line for line in lines if line[:1] == ["bits"] and len(line) == 3)
    assert int(bits[1]) < int(bits[2])


def test_report_is_data_with_json(capfd):
    report = run(capfd, "compile", KNAPSACKS, "--report", "--json", "--no-presolve").document["report"]
    assert report["passes"] == []
    assert [family["family"] for family in report["families"]] == ["capacity"]
    assert report["size"]["bits"] <= report["plain"]["bits"]


@pytest.mark.parametrize("words", ["couplings", "coefficient bits"])
def test_limits_are_refused_with_numbers(capfd, words):
    said = run(capfd, "compile", KNAPSACKS, f"--max-{words.replace(' ', '-')}", 3)
    assert said.status == 2
    assert f"{words}, at most 3 are allowed; most are taken by:" in said.err


def test_bits_that_follow_from_others_leave_when_asked(capfd):
    cut = KNAPSACKS.with_name("graph_max_cut.yaml")
    whole = run(capfd, "compile", cut, "--json").document
    fewer = run(capfd, "compile", cut, "--json", "--reduce", "--report", "--max-bits", 3).document
    assert (whole["bits"], fewer["bits"]) == (8, 0)
    step = fewer["report"]["passes"][-1]
    assert (step["pass"], step["tag"]) == ("reduce", "optimum-preserving")
    assert step["counts"]["of 8 bits follow from others"] == 8
    said = run(capfd, "compile", cut, "--reduce", "--report")
    assert "reduce (optimum-preserving): 8 of 8 bits follow from others, " in said.out
    assert "solved classically" in said.out
    assert run(capfd, "compile", cut, "--max-bits", 3).status == 2, "without it the whole has to fit"
    assert "ask for argmin" in run(capfd, "compile", cut, "--reduce", "--guarantee", "total").err
