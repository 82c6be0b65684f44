"""JSON that every reader takes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from qopt.cli.output import strict_json


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (float("inf"), None),
        (float("nan"), None),
        (np.float64("-inf"), None),
        (np.int64(3), 3),
        (np.array([[1.5, np.nan]]), [[1.5, None]]),
        ((1, True, None), [1, True, None]),
        ({3: {"a"}}, {"3": ["a"]}),
        (Path("x"), "x"),
        ("ü→", "ü→"),
    ],
)
def test_anything_a_record_holds_becomes_json(value: object, plain: object) -> None:
    assert json.loads(strict_json({"value": value})) == {"value": plain}


def test_no_constant_that_is_no_json_is_written() -> None:
    text = strict_json([float("nan"), float("inf"), {"x": (float("-inf"),)}])

    assert not {"NaN", "Infinity"} & set(text.replace(",", " ").split())
