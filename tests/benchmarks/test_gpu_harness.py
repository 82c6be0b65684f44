"""The benchmark of the CUDA sampler runs, on the simulator of a device, and counts what it says it counts."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

CODE = """
import sys
sys.setswitchinterval(1e-5)
from benchmarks.anneal import gpu
from qopt.core.compiled import Compiled
from qopt.testing.samplers import random_polynomial

assert gpu.device_name() == "simulator"
compiled = Compiled.of_polynomial(random_polynomial(4, 3))
lowest = gpu.registry.load("samplers", "exact").sample(
    compiled, budget=gpu.Budget(), seed=0, watch=gpu.Watch(clock=gpu.time.perf_counter)
).energies[0]
case = gpu.Case("tiny", 3, 2, lowest, 0.3)
rows = gpu.rates("tiny", compiled, case, 2, [1])
assert [row[2] for row in rows] == ["anneal", "anneal_gpu", "anneal_gpu, tabu"]
assert [row[4:6] for row in rows] == [["3", "0"], ["3", "0"], ["1", "2"]]
assert all(len(row) == len(gpu.RATE_HEAD) and float(row[6]) > 0 for row in rows)
rows = gpu.targets("tiny", compiled, case._replace(seconds=0.2), 2, [1])
assert [row[0] for row in rows] == ["tiny, anneal", "tiny, anneal_gpu"]
assert all(len(row) == len(gpu.TARGET_HEAD) and row[4] == "1/1" for row in rows), rows
"""


def test_the_harness_compares_both_sides():
    environment = {**os.environ, "NUMBA_ENABLE_CUDASIM": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", CODE], env=environment, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
