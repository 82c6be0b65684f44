"""``python -m benchmarks.anneal.reduction --instances DIR``: what the exact reduction does for sampler ``anneal``.

The same seconds, seeds and single thread with and without it, turn and turn about. Seconds are those of the whole call,
the reduction included; kernels are compiled and files read before. The time to a target is that of the first incumbent
offered that reaches it, in a run that may take ``LIMIT`` seconds.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.anneal.instances import read
from benchmarks.results import conditions, table, write_section
from qopt.core import registry
from qopt.core.budget import Budget
from qopt.core.compiled import Compiled
from qopt.core.watch import Watch
from qopt.reduce.polynomial.reduce import reduce_polynomial

TITLE = "Reduction before annealing"
LIMIT = 10.0


class Case(NamedTuple):
    """A file under the instance folder, the seconds of a run, and a cut to be timed."""

    path: str
    seconds: float
    target: float | None = None


CASES = (
    Case("gset/G70.txt", 0.1),
    Case("gset/G70.txt", 1.0, 9595),
    Case("gset/G55.txt", 1.0),
    Case("gset/G22.txt", 0.5),
    Case("gset/G81.txt", 1.0),
)


def cut(compiled: Compiled, seconds: float, seed: int, reduce: bool) -> float:
    """The largest cut found."""
    plugin = registry.load("samplers", "anneal", reduce=reduce)
    watch = Watch(clock=time.perf_counter)
    return -float(plugin.sample(compiled, budget=Budget(seconds=seconds), seed=seed, watch=watch).energies[0])


def time_to(compiled: Compiled, target: float, seed: int, reduce: bool) -> float:
    """Seconds to a cut of at least the target; infinite beyond ``LIMIT``."""
    began, reached = time.perf_counter(), [float("inf")]

    def offered(candidate: object, objective: float | None, backend: str) -> None:
        if -compiled.polynomial.evaluate(candidate.values)[0] >= target:  # type: ignore[attr-defined]
            reached.append(time.perf_counter() - began)
            watch.cancel("target")

    watch = Watch(clock=time.perf_counter, on_offer=offered)
    plugin = registry.load("samplers", "anneal", reduce=reduce)
    plugin.sample(compiled, budget=Budget(seconds=LIMIT), seed=seed, watch=watch)
    return min(reached)


def measure(case: Case, folder: Path, seeds: list[int]) -> list[list[str]]:
    """Two rows: with and without the reduction."""
    polynomial = read(folder / case.path)
    compiled = Compiled.of_polynomial(polynomial)
    spent = []
    for _ in range(5):
        began = time.perf_counter()
        left = reduce_polynomial(polynomial).polynomial
        spent.append(time.perf_counter() - began)
    cuts: dict[bool, list[float]] = {True: [], False: []}
    times: dict[bool, list[float]] = {True: [], False: []}
    for way in cuts:
        cut(compiled, 0.05, 0, way)
    for seed in seeds:
        for way in cuts:
            cuts[way].append(cut(compiled, case.seconds, seed, way))
            if case.target is not None and (way or len(times[way]) < 2):
                times[way].append(time_to(compiled, case.target, seed, way))
    rows = []
    for way, name in ((True, "reduced"), (False, "as it is")):
        bits, took = (str(left.n), f"{np.median(spent) * 1e3:.0f}") if way else (str(polynomial.n), "")
        found = [f"{np.mean(cuts[way]):.1f}", f"{min(cuts[way]):.0f} … {max(cuts[way]):.0f}"]
        reached = ""
        if case.target is not None:
            hits = [t for t in times[way] if t < float("inf")]
            middle = f", median {np.median(times[way]):.2f} s" if len(hits) > len(times[way]) / 2 else ""
            reached = f"{case.target:.0f}: {len(hits)} of {len(times[way])}{middle}"
        rows.append([Path(case.path).stem, name, bits, took, f"{case.seconds:g}", *found, reached])
    return rows


def main() -> None:
    """Measure every case and rewrite the section of RESULTS.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--instances", type=Path, required=True, help="folder that holds gset/")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    arguments = parser.parse_args()
    circumstances = conditions(["numpy", "numba"])
    rows = []
    for case in CASES:
        rows += measure(case, arguments.instances, arguments.seeds)
    head = ["graph", "annealed", "bits", "reduction ms", "seconds", "mean cut", "least … largest cut", "time to target"]
    seeds = ", ".join(map(str, arguments.seeds))
    explanation = __doc__.split("\n\n")[1].replace("\n", " ")
    how = f"Seeds {seeds}; ``LIMIT`` is {LIMIT:g}. {circumstances}"
    write_section(TITLE, f"`python -m benchmarks.anneal.reduction`. {explanation}\n\n{how}\n\n{table(head, rows)}")


if __name__ == "__main__":
    main()
