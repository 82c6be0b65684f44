"""``python -m benchmarks.plans.rivals FOLDER --peers PYTHON``: plans of qopt beside PyVRP, OR-Tools and CP-SAT.

Equal wall time for everybody, who takes turns on the file; two threads for ours and CP-SAT, one for PyVRP and OR-Tools
routing, which have no more to use. Every side stops early only where it has proven its answer, or ours where it reaches
the best known value. *Gap* is the mean gap to the best known value over the seeds.
"""

from __future__ import annotations

import argparse
import re
import subprocess
from pathlib import Path

import numpy as np

from benchmarks.plans.gaps import File, files, measure, percent
from benchmarks.results import conditions, table, write_section

TITLE = "Plans: beside other solvers"
HEAD = ["file", "seconds", "runs", "qopt", "PyVRP", "OR-Tools", "CP-SAT"]
SIDE = Path(__file__).with_name("rival_side.py")
TOOLS = {
    "cvrp": ("pyvrp", "ortools"),
    "vrptw": ("pyvrp", "ortools"),
    "jobshop": ("cpsat",),
    "flexible_jobshop": ("cpsat",),
}


def peer(python: Path, tool: str, file: File, seconds: float, seed: int) -> float:
    """The relative gap of one run; infinite without a plan."""
    fleet = re.search(r"^(?!X-).*-k(\d+)", file.name)
    words = [python, SIDE, tool, file.path.resolve(), seconds, seed, fleet.group(1) if fleet else 0]
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{tool} on {file.name}: {done.stderr[-500:]}")
    last = done.stdout.split()[-1]
    return float("inf") if last == "none" else (float(last) - file.best) / file.best


def main() -> None:
    """Measure and print; ``--write`` puts the table into RESULTS.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--peers", type=Path, required=True, help="Python of the peers' environment")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    parser.add_argument("--only", nargs="*", default=[], help="families or file names")
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    circumstances, rows = conditions(["numpy", "numba", "highspy"]), []
    for file in files(arguments.folder):
        if file.family not in TOOLS or (arguments.only and not {file.family, file.name} & set(arguments.only)):
            continue
        gaps: dict[str, list[float]] = {}
        for seed in arguments.seeds:
            gaps.setdefault("qopt", []).append(measure(file, arguments.seconds, seed, 2).gap)
            for tool in TOOLS[file.family]:
                gaps.setdefault(tool, []).append(peer(arguments.peers, tool, file, arguments.seconds, seed))
        shown = [
            percent(float(np.mean(gaps[side]))) if side in gaps else ""
            for side in ("qopt", "pyvrp", "ortools", "cpsat")
        ]
        rows.append([f"{file.family} {file.name}", f"{arguments.seconds:g}", str(len(arguments.seeds)), *shown])
        print("  ".join(rows[-1]), flush=True)
    if arguments.write:
        explanation = __doc__.split("\n\n")[1].replace("\n", " ")
        words = f"Seeds {', '.join(map(str, arguments.seeds))}. {circumstances}"
        write_section(TITLE, f"`python -m benchmarks.plans.rivals`. {explanation}\n\n{words}\n\n{table(HEAD, rows)}")


if __name__ == "__main__":
    main()
