"""Run the command line in this process: its exit status, what it printed, and what it told."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from qopt.cli.main import main

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
STALL = str(EXAMPLES / "knapsack.yaml")
VANS = str(EXAMPLES / "bakery-vans.yaml")
IMPOSSIBLE = str(EXAMPLES / "market-van-impossible.yaml")


@dataclass(frozen=True)
class Said:
    """What a call of the command line left."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """Standard output as one JSON document, and nothing else."""
        found: dict[str, Any] = json.loads(self.out, parse_constant=_refuse)
        return found

    @property
    def errors(self) -> list[dict[str, Any]]:
        """The issues of an error document."""
        assert self.document["status"] == "error"
        errors: list[dict[str, Any]] = self.document["errors"]
        assert all({"file", "line", "column", "rule", "value", "suggestion"} <= set(error) for error in errors)
        return errors


def _refuse(name: str) -> None:
    raise AssertionError(f"{name} is no JSON")


def run(capfd: pytest.CaptureFixture[str], *words: object) -> Said:
    """Call ``qopt`` with these words."""
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    out, err = capfd.readouterr()
    code = stop.value.code
    return Said(code if isinstance(code, int) else -1, out, err)
