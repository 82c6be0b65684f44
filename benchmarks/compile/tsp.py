"""``python -m benchmarks.compile.tsp --peers PYTHON``: the assignment form of a tour, built and compiled.

x[k, i] binary, every city once, every step one city, distances between steps: 424,800 couplings at n = 60, 1,980,000
at n = 100. Every compiler in a process of its own, after a tour of 6 cities to warm up; seconds of one run each, of
ours and bare numpy the median of five processes. Memory is the growth of the process's peak over the call, per
coupling. Peers get a weight (4); ours proves ``total``.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.compile.peer_tsp import TOOLS, measure
from benchmarks.results import conditions, table, write_section
from qopt.compilers.compile import compile_problem
from qopt.core.names import Labels, NameTable
from qopt.core.polynomial import Polynomial
from qopt.core.problem import Columns, Problem
from qopt.core.rows import Rows
from qopt.models.modelling import Model

TITLE = "Compile: tours in assignment form"
RUNS = 5
TIMEOUT = 400
Measured = Callable[[], tuple[int, int]]


def model(n: int, D: Any) -> tuple[float, Measured]:
    """As a user writes it in Python."""
    m = Model("tour")
    x = m.binary("x", shape=(n, n))
    m.minimize(((x @ D) * x[np.roll(np.arange(n), -1), :]).sum(), name="travel")
    m.add("step", x.sum(axis=1) == 1)
    m.add("city", x.sum(axis=0) == 1)
    problem = m.problem()
    built = time.perf_counter()
    made = compile_problem(problem, guarantee="total")
    assert made.guarantee == "total"
    return built, lambda: (made.num_bits, made.num_couplings)


def arrays(n: int, D: Any) -> tuple[float, Measured]:
    """As a family builds it: arrays straight into a Problem."""
    step, bits = np.arange(n), n * n
    i, j = np.nonzero(~np.eye(n, dtype=bool))
    row, col = (step[:, None] * n + i).ravel(), (np.roll(step, -1)[:, None] * n + j).ravel()
    travel = Polynomial.from_pairs(np.zeros(bits), row, col, np.tile(D[i, j], n))
    cell = np.arange(bits).reshape(n, n)
    rows = Rows(
        np.arange(0, 2 * bits + 1, n),
        np.concatenate([cell.ravel(), cell.T.ravel()]),
        np.ones(2 * bits),
        np.ones(2 * n),
        np.ones(2 * n),
        NameTable((Labels("step", (n,)), Labels("city", (n,)))),
    )
    problem = Problem.build(Columns.binaries(NameTable((Labels("x", (n, n)),))), travel, rows=rows)
    built = time.perf_counter()
    made = compile_problem(problem, guarantee="total")
    assert made.guarantee == "total"
    return built, lambda: (made.num_bits, made.num_couplings)


OURS = {"qopt, Python model": model, "qopt, arrays": arrays}


def measured(name: str, n: int, python: Path) -> dict[str, Any] | str:
    """The document of one process, or what stopped it."""
    if name in OURS:
        command = [sys.executable, "-m", "benchmarks.compile.tsp", "--one", name, str(n)]
    else:
        command = [str(python), str(Path(__file__).with_name("peer_tsp.py")), name, str(n)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        return f"more than {TIMEOUT} s"
    if done.returncode:
        return f"failed: {done.stderr.strip().splitlines()[-1][:80]}"
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def main() -> None:
    """Measure everybody; rewrite the section of RESULTS.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", type=Path, help="Python of the peers' environment")
    parser.add_argument("--sizes", type=int, nargs="+", default=[60, 100])
    parser.add_argument("--one", nargs=2, metavar=("NAME", "N"))
    parser.add_argument("--no-write", action="store_true")
    options = parser.parse_args()
    if options.one:
        json.dump(measure(OURS[options.one[0]], int(options.one[1])), sys.stdout)
        return
    circumstances = conditions(["numpy", "scipy"])
    lines, versions = [], {}
    for n in options.sizes:
        for name in [*OURS, *reversed(TOOLS)] if options.peers else OURS:
            runs = [measured(name, n, options.peers) for _ in range(RUNS if name in OURS or name == "numpy" else 1)]
            good = [run for run in runs if isinstance(run, dict)]
            if not good:
                lines.append([str(n), name, *["–"] * 5, str(runs[0])])
            else:
                versions[name] = good[0].get("version", "")
                build, made, size = (
                    float(np.median([r[key] for r in good])) for key in ("build", "compile", "bytes_per_nonzero")
                )
                total = float(np.median([r["build"] + r["compile"] for r in good]))
                seconds = [f"{build:.3f}", f"{made:.3f}", f"{total:.3f}"]
                lines.append([str(n), name, f"{good[0]['couplings']:,}", *seconds, f"{size:.0f}", ""])
            print("  ".join(lines[-1]), flush=True)
    head = ["n", "compiler", "couplings", "build, s", "compile, s", "both, s", "peak bytes per coupling", ""]
    peers = ", ".join(f"{name} {version}" for name, version in versions.items() if version)
    text = " ".join(__doc__.split("\n\n")[1].split())
    how = f"{circumstances} Peers: {peers}."
    if not options.no_write:
        write_section(
            TITLE, f"`python -m benchmarks.compile.tsp --peers PYTHON`. {text}\n\n{how}\n\n{table(head, lines)}"
        )


if __name__ == "__main__":
    main()
