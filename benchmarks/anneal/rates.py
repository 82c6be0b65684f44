"""``python -m benchmarks.anneal.rates --instances DIR``: sampler ``anneal`` beside dwave-samplers' simulated annealing.

Same sweeps, same reads, one thread, each side's own default temperatures. A proposal is one flip looked at; the rate is
proposals per second of the whole call, for both: ours includes building its arrays, tuning the temperatures, the final
descent and evaluating the rows anew; theirs the conversion to Ising form and the sample set. The rate of the sampling
alone, as each library reports it, stands beside it. Kernels are compiled before; files are read before.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.anneal.instances import read
from benchmarks.results import conditions, table, write_section
from qopt.core import registry
from qopt.core.budget import Budget
from qopt.core.compiled import Compiled
from qopt.core.watch import Watch

TITLE = "Annealing rates"


class Case(NamedTuple):
    """A file under the instance folder, and what is asked of both sides."""

    path: str
    sweeps: int
    reads: int


CASES = (
    Case("gset/G22.txt", 1000, 64),
    Case("gset/G22.txt", 1000, 1),
    Case("gset/G81.txt", 1000, 64),
    Case("gset/G81.txt", 1000, 1),
    Case("dense/p3000.1.npz", 200, 4),
)


class Run(NamedTuple):
    """Seconds of the whole call and of the sampling alone; mean and lowest energy over the reads."""

    call: float
    sampling: float
    mean: float
    best: float


def ours(compiled: Compiled, sweeps: int, reads: int) -> Callable[[int], Run]:
    """A function of the seed that runs sampler ``anneal``."""
    plugin = registry.load("samplers", "anneal", sweeps=sweeps)

    def run(seed: int) -> Run:
        watch = Watch(clock=time.perf_counter)
        began = time.perf_counter()
        batch = plugin.sample(compiled, budget=Budget(reads=reads), seed=seed, watch=watch)
        call = time.perf_counter() - began
        return Run(call, batch.info["sampling_seconds"], batch.info["mean_energy"], float(batch.energies[0]))

    return run


def theirs(compiled: Compiled, sweeps: int, reads: int) -> Callable[[int], Run]:
    """A function of the seed that runs ``SimulatedAnnealingSampler`` on a BQM made before."""
    from dwave.samplers import SimulatedAnnealingSampler

    bqm = compiled.to_bqm()

    def run(seed: int) -> Run:
        began = time.perf_counter()
        found = SimulatedAnnealingSampler().sample(bqm, num_sweeps=sweeps, num_reads=reads, seed=seed)
        call = time.perf_counter() - began
        energies = found.record.energy
        return Run(call, found.info["timing"]["sampling_ns"] / 1e9, float(energies.mean()), float(energies.min()))

    return run


def measure(case: Case, folder: Path, seeds: list[int]) -> list[list[str]]:
    """The two rows of a case: medians of the times, means of the mean energies, lowest of all."""
    compiled = Compiled.of_polynomial(read(folder / case.path))
    proposals = compiled.num_bits * case.sweeps * case.reads
    ours(compiled, 1, case.reads)(0)
    sides = {"qopt anneal": ours, "dwave-samplers SA": theirs}
    runs = {name: make(compiled, case.sweeps, case.reads) for name, make in sides.items()}
    taken: dict[str, list[Run]] = {name: [] for name in sides}
    for seed in seeds:  # turn and turn about, so that both meet the same load
        for name, run in runs.items():
            taken[name].append(run(seed))
    rows, rates = [], []
    for name, found in taken.items():
        call, sampling = np.median([r.call for r in found]), np.median([r.sampling for r in found])
        rates.append((proposals / call / 1e6, proposals / sampling / 1e6))
        mean, spread = np.mean([r.mean for r in found]), np.std([r.mean for r in found])
        size = [Path(case.path).stem, str(compiled.num_bits), str(case.sweeps), str(case.reads), name]
        speed = [f"{call:.3f}", f"{rates[-1][0]:.1f}", f"{rates[-1][1]:.1f}"]
        rows.append([*size, *speed, f"{mean:.1f} ± {spread:.1f}", f"{min(r.best for r in found):.0f}"])
    ratio = f"{rates[0][0] / rates[1][0]:.1f} ({rates[0][1] / rates[1][1]:.1f})"
    return [[*rows[0], ratio], [*rows[1], ""]]


def main() -> None:
    """Measure every case and rewrite the section of RESULTS.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--instances", type=Path, required=True, help="folder that holds gset/ and dense/")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    arguments = parser.parse_args()
    circumstances = conditions(["numpy", "numba", "dwave-samplers"])
    rows = []
    for case in CASES:
        rows += measure(case, arguments.instances, arguments.seeds)
        print("\n".join("  ".join(row) for row in rows[-2:]), flush=True)
    head = ["instance", "bits", "sweeps", "reads", "sampler", "seconds per call", "Mprop/s, call"]
    head += ["Mprop/s, sampling", "mean energy ± between seeds", "best", "rate, ours / theirs: call (sampling)"]
    explanation = __doc__.split("\n\n")[1].replace("\n", " ")
    seeds = ", ".join(str(seed) for seed in arguments.seeds)
    how = f"Seeds {seeds}; median of the times. {circumstances}"
    write_section(TITLE, f"`python -m benchmarks.anneal.rates`. {explanation}\n\n{how}\n\n{table(head, rows)}")


if __name__ == "__main__":
    main()
