"""Run the commands a first user would, on real files, and print what each shows.

    python -m benchmarks.acceptance --instances DIR [--only TEXT]

DIR holds the public benchmark files in folders jobshop, tsp, cvrp, qap, gap and knapsack. Every command runs in a
process of its own, as a user would run it; the exit status is 1 when a line misses its target.
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Document = dict[str, Any]
QOPT = [sys.executable, "-c", "from qopt.cli.main import main; main()"]
CIRCLE = 20


def solve(arguments: list[str]) -> tuple[int, Document, float]:
    """Run ``qopt solve … --seed 1 --json``: exit status, document, wall seconds of the whole process."""
    began = time.perf_counter()
    done = subprocess.run([*QOPT, "solve", *arguments, "--seed", "1", "--json"], capture_output=True, text=True)
    spent = time.perf_counter() - began
    if not done.stdout.strip():
        raise SystemExit(f"no output from: qopt solve {' '.join(arguments)}\n{done.stderr}")
    return done.returncode, json.loads(done.stdout), spent


def interrupted(arguments: list[str], after: float) -> tuple[int, Document, float]:
    """The same, with Ctrl-C after some seconds; the time is that from the signal to the end."""
    command = [*QOPT, "solve", *arguments, "--seed", "1", "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    time.sleep(after)
    process.send_signal(signal.SIGINT)
    began = time.perf_counter()
    out, _ = process.communicate(timeout=60)
    return process.returncode, json.loads(out), time.perf_counter() - began


def at_most(value: float) -> Callable[[Document], bool]:
    """The best feasible objective is no more than this."""
    return lambda d: d["objective"] is not None and d["objective"] <= value + 1e-9


def four_routes(value: float) -> Callable[[Document], bool]:
    """Feasible with at most four routes and an objective of no more than this."""
    return lambda d: at_most(value)(d) and len(d["solutions"][0]["plan"]["routes"]) <= 4


def proven(document: Document) -> bool:
    """The status is optimal."""
    return bool(document["status"] == "optimal")


def funnel(document: Document) -> str:
    """The funnel in a few words."""
    f = document["record"]["funnel"]
    stages = f"{f['sampled']}/{f['distinct']}/{f['feasible_before_repair']}/{f['feasible_after_repair']}"
    origins = ", ".join(f"{key} {line['best']:g}" for key, line in f["by_origin"].items())
    return f"{stages} ({origins})"


def raw(document: Document) -> bool:
    """Every distinct sample was feasible as it came, nothing was repaired, and the gap is stated."""
    f = document["record"]["funnel"]
    return f["distinct"] > 0 and f["distinct"] == f["feasible_before_repair"] and document["gap"] is not None


def circle_file(folder: Path) -> Path:
    """A 20-city tour in the plane, written as TSPLIB."""
    import math

    lines = [
        f"NAME: ring{CIRCLE}",
        "TYPE: TSP",
        f"DIMENSION: {CIRCLE}",
        "EDGE_WEIGHT_TYPE: EUC_2D",
        "NODE_COORD_SECTION",
    ]
    for k in range(CIRCLE):
        angle, radius = 2 * math.pi * k * 7 / CIRCLE, 100 + 30 * math.sin(5 * k)
        lines.append(f"{k + 1} {radius * math.cos(angle):.2f} {radius * math.sin(angle):.2f}")
    path = folder / "ring.tsp"
    path.write_text("\n".join([*lines, "EOF", ""]), encoding="utf-8")
    return path


def cases(instances: Path, scratch: Path) -> list[tuple[str, list[str], str, Callable[[Document], bool]]]:
    """``(name, arguments, target, test)`` of every line."""

    def file(name: str) -> str:
        return str(instances / name)

    def case(
        name: str, path: str, options: str, target: str, test: Callable[[Document], bool]
    ) -> tuple[str, list[str], str, Callable[[Document], bool]]:
        return name, [path, *options.split()], target, test

    ring, tight = str(circle_file(scratch)), file("cvrp/E-n22-k4.vrp")
    sampled, raw_sampled = "--proposer none --sampler anneal --budget 30", "--no-repair --sampler anneal --budget 10"
    ft06, gap, sack = file("jobshop/ft06.txt"), file("gap/gap1.txt"), file("knapsack/mknap1.txt")
    return [
        case("ft06", ft06, "--budget 20", "optimal, 55", lambda d: proven(d) and d["objective"] == 55),
        case("burma14", file("tsp/burma14.tsp"), "--budget 10", "3323", at_most(3323)),
        case("E-n22-k4", tight, "--budget 20", "<= 4 routes, within 2 % of 375", four_routes(375 * 1.02)),
        case("E-n22-k4 by sampling", tight, sampled, "feasible, funnel", four_routes(float("inf"))),
        case("nug12", file("qap/nug12.txt"), "--budget 10", "578", at_most(578)),
        case("nug12 raw", file("qap/nug12.txt"), raw_sampled, "100 % feasible, gap stated", raw),
        case("20-city tour raw", ring, f"{raw_sampled} --proposer none", "100 % feasible, gap stated", raw),
        case("gap1 member 1", gap, "--member 1 --budget 10", "optimal", proven),
        case("mknap1 member 3", sack, "--member 3 --budget 10", "optimal", proven),
    ]


def main() -> int:
    """Run every case; print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--instances", type=Path, required=True)
    parser.add_argument("--scratch", type=Path, default=Path("out"))
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    options.scratch.mkdir(parents=True, exist_ok=True)
    missed = 0
    print("| command | target | reached | status | bound | gap | seconds | funnel |\n|---|---|---|---|---|---|---|---|")
    for name, arguments, target, test in cases(options.instances, options.scratch):
        if options.only not in name:
            continue
        _, document, _ = solve(arguments)
        good = test(document)
        missed += not good
        gap = "–" if document["gap"] is None else f"{100 * document['gap']:.2f} %"
        print(
            f"| {name} | {target} | {document['objective']} {'✓' if good else '✗'} | {document['status']} | "
            f"{document['bound']} | {gap} | {document['seconds']:.1f} | {funnel(document)} |",
            flush=True,
        )
    if options.only in "Ctrl-C":
        code, document, spent = interrupted([str(options.instances / "cvrp/X-n101-k25.vrp"), "--budget", "20"], 8.0)
        good = code == 0 and spent <= 1.0 and document["objective"] is not None
        missed += not good
        print(f"| Ctrl-C half way | best so far, exit 0, within 1 s | {document['objective']}, exit {code}, "
              f"{spent:.2f} s {'✓' if good else '✗'} | {document['status']} | | | | |")  # fmt: skip
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
