"""The example scripts for models written in Python run as they are, and say what enumeration says."""

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def lines_of(script: str) -> list[str]:
    done = subprocess.run([sys.executable, str(EXAMPLES / script)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_the_model_of_arrays() -> None:
    """By enumeration of the 16 loadings the three best cost 26, 27 and 28."""
    first, *plans = lines_of("python_model.py")
    assert first == "optimal, bound 26.0"
    assert [plan.split()[0] for plan in plans] == ["26", "27", "28"]
    assert "'small': ['york', 'ripon'], 'large': ['hull', 'leeds']" in plans[0]


def test_the_pyomo_model() -> None:
    """North alone holds 40 of the 51 that are needed and south 35, so both open: 210, and 192 for the hauls."""
    pytest.importorskip("pyomo.environ", reason="the extra 'pyomo' is not installed")
    assert lines_of("pyomo_model.py") == [
        "optimal: 402",
        "north: open, serves york, hull",
        "south: open, serves leeds",
    ]
