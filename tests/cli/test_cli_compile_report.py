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
