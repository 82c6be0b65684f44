"""``python -m benchmarks.anneal.rates --instances DIR``: sampler ``anneal`` beside dwave-samplers' simulated annealing.

Same sweeps, one thread, each side's own default temperatures. A proposal is one flip looked at; the rate is proposals
per second of the whole call, for both: ours includes reducing the problem, building its arrays, the pilot that tunes
the temperatures, the final descent and evaluating the rows anew; theirs the conversion to Ising form and the sample
set. *One after the other* are calls of so few reads that each is a chain of its own; *side by side* are calls of 512
reads. Their reads always come one after the other. Kernels are compiled before; files are read before. Seconds are
processor time, which other work on the machine changes least; the calls of the sides take turns.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.anneal.instances import random_graph, read, torus
from benchmarks.results import conditions, table, write_section
from qopt.core import registry
from qopt.core.budget import Budget
from qopt.core.compiled import Compiled
from qopt.core.polynomial import Polynomial
from qopt.core.watch import Watch

TITLE = "Annealing rates"
HEAD = [
    "instance",
    "bits",
    "sweeps",
    "sampler",
    "reads",
    "Mprop/s",
    "mean energy ± standard error",
    "best",
    "rate, ours / theirs",
]


class Case(NamedTuple):
    """A file under the instance folder, or a generator; sweeps; reads per call of our two ways (0: left out) and of
    theirs."""

    source: str | Callable[[], Polynomial]
    name: str
    sweeps: int
    single: int
    beside: int
    theirs: int


CASES = (
    Case("gset/G22.txt", "G22", 1000, 20, 512, 20),
    Case("gset/G81.txt", "G81", 1000, 20, 512, 20),
    Case(lambda: torus(50, 1), "torus 50 x 50", 1000, 20, 512, 20),
    Case(lambda: random_graph(2000, 0.01, 1), "random graph, 2000", 1000, 20, 512, 20),
    Case("dense/p3000.1.npz", "p3000.1", 200, 4, 0, 4),
)


class Call(NamedTuple):
    """Seconds of a call, the number of its reads, the mean energy of them, and the energies of the rows."""

    seconds: float
    reads: int
    mean: float
    energies: np.ndarray


def ours(compiled: Compiled, sweeps: int, reads: int) -> Callable[[int], Call]:
    """A function of the seed that runs sampler ``anneal``, without reduction so that all bits are proposed."""
    plugin = registry.load("samplers", "anneal", sweeps=sweeps, keep=reads, reduce=False)

    def run(seed: int) -> Call:
        watch = Watch(clock=time.process_time)
        began = time.process_time()
        batch = plugin.sample(compiled, budget=Budget(reads=reads), seed=seed, watch=watch)
        return Call(time.process_time() - began, batch.info["reads"], batch.info["mean_energy"], batch.energies)

    return run


def theirs(compiled: Compiled, sweeps: int, reads: int) -> Callable[[int], Call]:
    """A function of the seed that runs ``SimulatedAnnealingSampler`` on a BQM made before."""
    from dwave.samplers import SimulatedAnnealingSampler

    bqm = compiled.to_bqm()

    def run(seed: int) -> Call:
        began = time.process_time()
        found = SimulatedAnnealingSampler().sample(bqm, num_sweeps=sweeps, num_reads=reads, seed=seed)
        energies = np.asarray(found.record.energy)
        return Call(time.process_time() - began, reads, float(energies.mean()), energies)

    return run


def measure(case: Case, folder: Path, seeds: list[int]) -> list[list[str]]:
    """The rows of a case: the rate of the median call; means and standard errors over all reads."""
    polynomial = case.source() if callable(case.source) else read(folder / case.source)
    compiled = Compiled.of_polynomial(polynomial)
    ways = {
        "qopt anneal, one after the other": (ours, case.single),
        "qopt anneal, side by side": (ours, case.beside),
        "dwave-samplers SA": (theirs, case.theirs),
    }
    runs = {name: make(compiled, case.sweeps, reads) for name, (make, reads) in ways.items() if reads}
    for name in runs:
        if ways[name][0] is ours:
            ours(compiled, 2, ways[name][1])(0)
    found: dict[str, list[Call]] = {name: [] for name in runs}
    for seed in seeds:  # turn and turn about, so that all meet the same load
        for name, run in runs.items():
            found[name].append(run(seed))
    rates = {
        name: float(np.median([compiled.num_bits * case.sweeps * call.reads / call.seconds for call in calls]))
        for name, calls in found.items()
    }
    rows = []
    for name, calls in found.items():
        reads = sum(call.reads for call in calls)
        mean = sum(call.mean * call.reads for call in calls) / reads
        error = np.std(np.concatenate([call.energies for call in calls])) / reads**0.5
        ratio = rates[name] / rates["dwave-samplers SA"]
        rows.append(
            [case.name, str(compiled.num_bits), str(case.sweeps), name, str(reads), f"{rates[name] / 1e6:.1f}"]
            + [f"{mean:.1f} ± {error:.1f}", f"{min(call.energies.min() for call in calls):.0f}"]
            + ["" if ways[name][0] is theirs else f"{ratio:.1f}"]
        )
    return rows


def main() -> None:
    """Measure the cases asked for and rewrite the section of RESULTS.md when they are all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--instances", type=Path, required=True, help="folder that holds gset/ and dense/")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    parser.add_argument("--only", nargs="+", metavar="NAME", help="cases by name; nothing is written then")
    arguments = parser.parse_args()
    circumstances = conditions(["numpy", "numba", "dwave-samplers"])
    rows = []
    for case in CASES:
        if not arguments.only or case.name in arguments.only:
            measured = measure(case, arguments.instances, arguments.seeds)
            print("\n".join("  ".join(row) for row in measured), flush=True)
            rows += measured
    if not arguments.only:
        explanation = __doc__.split("\n\n")[1].replace("\n", " ")
        seeds = ", ".join(str(seed) for seed in arguments.seeds)
        how = f"One call per seed and way; seeds {seeds}. {circumstances}"
        write_section(TITLE, f"`python -m benchmarks.anneal.rates`. {explanation}\n\n{how}\n\n{table(HEAD, rows)}")


if __name__ == "__main__":
    main()
