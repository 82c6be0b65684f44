"""``python -m benchmarks.anneal.rivals FOLDER --peers PYTHON``: sampler ``anneal`` beside other annealers and MQLib.

Every side has the same seconds of wall time on one thread and the same seeds; one run goes at a time. Rivals choose the
best of several settings with the first seed (sweeps 100, 1,000 and 10,000; tabu tenures; modes of bifurcation; four
heuristics of MQLib), ours runs as it comes. Energies are to be minimised: minus the cut, minus ``x Q x``. *Gap* is the
mean gap to the best energy that any side found, in per mille; *best* says in how many runs that energy was reached. A
rival's own conversion of the model is not counted, nor is reading files; kernels are compiled before.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.anneal.goals import bqp
from benchmarks.anneal.instances import random_graph, read, torus
from benchmarks.anneal.time_to_target import reach
from benchmarks.results import conditions, table, write_section
from qopt.core.clock import now
from qopt.core.compiled import Compiled
from qopt.core.polynomial import Polynomial

TITLE = "Beside other annealers"
HEAD = ["instance", "bits", "seconds", "side", "setting", "gap, ‰", "best"]
SIDE = Path(__file__).with_name("rival_side.py")
TOOLS = ("dwave SA", "OpenJij SA", "dwave tabu", "simulated bifurcation")
MOST_DENSE = 4000
"""Bits up to which D-Wave's tabu search and simulated bifurcation are run: they hold the whole matrix."""
HEURISTICS = ("BURER2002", "PALUBECKIS2004bMST2", "GLOVER2010", "LU2010")


class Runs(NamedTuple):
    """What one side reached, one energy per seed, and its setting."""

    side: str
    setting: str
    energies: list[float]


def problems(folder: Path) -> Iterator[tuple[str, Polynomial, float]]:
    """Name, energy, seconds."""
    yield "G22", read(folder / "gset/G22.txt"), 1.0
    yield "G55", read(folder / "gset/G55.txt"), 3.0
    yield "G70", read(folder / "gset/G70.txt"), 1.0
    yield "G81", read(folder / "gset/G81.txt"), 5.0
    yield "random 2000", random_graph(2000, 0.01, 1), 0.5
    yield "torus 50", torus(50, 1), 0.5
    yield "bqp 2500", bqp(2500, 0.1, 1), 2.0
    yield "p3000.1", read(folder / "dense/p3000.1.npz"), 3.0


def ours(polynomial: Polynomial, seconds: float, seeds: int) -> Runs:
    """Sampler ``anneal`` as it comes."""
    compiled = Compiled.of_polynomial(polynomial)
    reach(compiled, -np.inf, min(0.5, seconds), 0, now)
    found = [reach(compiled, -np.inf, seconds, seed, now).energy for seed in range(1, seeds + 1)]
    return Runs("qopt anneal", "", found)


def peer(tool: str, python: Path, polynomial: Polynomial, seconds: float, seeds: int) -> Runs | None:
    """A Python package of the peers' environment; None where it is not installed."""
    p = polynomial
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "problem.npz")
        np.savez(path, linear=p.linear, row=p.row, col=p.col, value=p.value, offset=p.offset)
        command = [str(python), str(SIDE), tool, str(seconds), str(seeds), str(path)]
        one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        done = subprocess.run(command, capture_output=True, text=True, env=os.environ | one)
    if "ModuleNotFoundError" in done.stderr:
        return None
    if done.returncode:
        raise RuntimeError(f"{tool}: {done.stderr[-800:]}")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return Runs(tool, lines[0]["setting"], [line["energy"] for line in lines])


def mqlib(binary: Path, polynomial: Polynomial, seconds: float, seeds: int) -> Runs:
    """The best of the heuristics with the first seed; a graph is handed over as max-cut, anything else as QUBO."""
    p = polynomial
    n = p.n
    field = p.linear + (np.bincount(p.row, p.value, n) + np.bincount(p.col, p.value, n)) / 2
    cut = not field.any()
    if cut:
        entries = zip(p.row + 1, p.col + 1, p.value / 2)
    else:
        entries = [(i + 1, i + 1, -c) for i, c in enumerate(p.linear) if c]
        entries += zip(p.row + 1, p.col + 1, -p.value / 2)
    lines = [f"{i} {j} {w:g}" for i, j, w in entries]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "problem.txt")
        path.write_text("\n".join([f"{n} {len(lines)}", *lines]) + "\n")

        def run(heuristic: str, seed: int) -> float:
            words = [binary, "-fM" if cut else "-fQ", path, "-h", heuristic, "-r", seconds, "-s", seed]
            done = subprocess.run(list(map(str, words)), capture_output=True, text=True, check=True)
            return p.offset - float(done.stdout.split(",")[3])

        first = {heuristic: run(heuristic, 1) for heuristic in HEURISTICS}
        best = min(first, key=first.__getitem__)
        found = [first[best]] + [run(best, seed) for seed in range(2, seeds + 1)]
    return Runs("MQLib", best, found)


def rows_of(name: str, polynomial: Polynomial, seconds: float, sides: list[Runs]) -> list[list[str]]:
    """One row per side."""
    best = min(min(side.energies) for side in sides)
    rows = []
    for side in sides:
        gap = float(np.mean([energy - best for energy in side.energies])) / abs(best)
        hits = sum(energy <= best + 1e-6 * abs(best) for energy in side.energies)
        reached = f"{hits} of {len(side.energies)}"
        rows.append([name, str(polynomial.n), f"{seconds:g}", side.side, side.setting, f"{1000 * gap:.2f}", reached])
    return rows


def main() -> None:
    """Measure and print; ``--write`` puts the table into RESULTS.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--peers", type=Path, nargs="+", required=True, help="Pythons of the peers' environments")
    parser.add_argument("--mqlib", type=Path, help="its binary")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    circumstances, rows = conditions(["numpy", "numba"]), []
    for name, polynomial, seconds in problems(arguments.folder):
        if arguments.only and name not in arguments.only:
            continue
        sides = [ours(polynomial, seconds, arguments.seeds)]
        for tool in TOOLS[: 4 if polynomial.n <= MOST_DENSE else 2]:
            tried = (peer(tool, python, polynomial, seconds, arguments.seeds) for python in arguments.peers)
            sides += [next((runs for runs in tried if runs is not None), Runs(tool, "", []))]
        if arguments.mqlib:
            sides.append(mqlib(arguments.mqlib, polynomial, seconds, arguments.seeds))
        rows += rows_of(name, polynomial, seconds, [side for side in sides if side.energies])
        print("\n".join("  ".join(row) for row in rows[-len(sides) :]), flush=True)
    if arguments.write:
        explanation = __doc__.split("\n\n")[1].replace("\n", " ")
        body = f"`python -m benchmarks.anneal.rivals`. {explanation}\n\n{arguments.seeds} seeds. {circumstances}"
        write_section(TITLE, f"{body}\n\n{table(HEAD, rows)}")


if __name__ == "__main__":
    main()
