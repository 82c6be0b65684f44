"""``qopt compile --penalty``: the rule that weighs is the user's to choose."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from qopt.cli.main import main

KNAPSACK = Path(__file__).resolve().parents[2] / "examples" / "knapsack.yaml"


def compiled(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, dict[str, Any]]:
    with pytest.raises(SystemExit) as ended:
        main(["compile", str(KNAPSACK), "--json", *options])
    return int(str(ended.value.code)), json.loads(capsys.readouterr().out)


def test_the_range_rule_cuts_nothing_and_the_dual_rule_needs_fewer_bits(capsys: pytest.CaptureFixture[str]) -> None:
    _, plain = compiled(capsys, "--penalty", "range")
    _, tight = compiled(capsys, "--penalty", "dual")

    assert (plain["guarantee"], tight["guarantee"]) == ("total", "argmin")
    assert tight["bits"] < plain["bits"]


def test_an_unknown_rule_is_refused_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    code, document = compiled(capsys, "--penalty", "guess")

    assert (code, document["status"]) == (2, "error")
    assert "guess" in document["errors"][0]["rule"]
