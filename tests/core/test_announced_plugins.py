"""Plug-ins of other packages: found by their entry points, which are looked up once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

CODE = """
import importlib.metadata
calls = []
real = importlib.metadata.entry_points
importlib.metadata.entry_points = lambda **given: calls.append(given) or real(**given)
from qopt.core import registry
assert "loaded_dice" in registry.names("samplers"), registry.names("samplers")
assert "loaded_dice" not in registry.names("proposers")
assert "dice" not in __import__("sys").modules, "listing imports nothing"
assert registry.load("samplers", "loaded_dice") == "the sampler"
assert registry.load("samplers", "random").accepts is not None
assert len(calls) == 1, calls
"""


def test_another_package_adds_a_sampler(tmp_path: Path) -> None:
    (tmp_path / "dice.py").write_text('PLUGIN = "the sampler"\n', encoding="utf-8")
    facts = tmp_path / "dice-1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: dice\nVersion: 1.0\n", encoding="utf-8")
    (facts / "entry_points.txt").write_text("[qopt.samplers]\nloaded_dice = dice:PLUGIN\n", encoding="utf-8")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n{CODE}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
