"""``python -m benchmarks.anneal.gpu --instances DIR``: sampler ``anneal_gpu`` beside ``anneal`` on the same files.

Rates are proposals per second of wall time of the whole call: building arrays, the pilot that tunes the temperatures,
copies to and from the device, the final descent and evaluating the rows anew are in it; a tabu step proposes every bit.
Neither side reduces the problem there, and the CPU side uses every core it is given. Times to a target are as in
``benchmarks.anneal.time_to_target``, each sampler as it is by default (so the CPU side reduces first) but for the reads
side by side on the device, which are those of the rates. Kernels are compiled and files read before.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.anneal.instances import read
from benchmarks.anneal.time_to_target import HEAD as TARGET_HEAD
from benchmarks.anneal.time_to_target import reach, row
from benchmarks.results import conditions, table, write_section
from qopt.core import registry
from qopt.core.budget import Budget
from qopt.core.compiled import Compiled
from qopt.core.polynomial import Polynomial
from qopt.core.watch import Watch
from qopt.engine.environment import cores

TITLE = "Annealing on a GPU"
RATE_HEAD = ["instance", "bits", "sampler", "reads", "sweeps", "tabu steps", "Mprop/s", "mean energy", "best"]


class Case(NamedTuple):
    """A file under the instance folder; sweeps and tabu steps of a rate; the energy to reach, and within how long."""

    file: str
    sweeps: int
    steps: int
    target: float
    seconds: float


CASES = (
    Case("gset/G22.txt", 1000, 0, -13359, 10),
    Case("gset/G81.txt", 1000, 0, -14030, 20),
    Case("dense/p3000.1.npz", 200, 2000, -3931583, 10),
)
READS = 1024


class Way(NamedTuple):
    """A sampler with parameters of its own."""

    name: str
    sampler: str
    options: dict[str, Any]


def ways(case: Case, reads: int) -> list[Way]:
    """What is compared: annealing on either side, and tabu steps on the device where the case has them."""
    device = {"sweeps": case.sweeps, "steps": 0, "replicas": reads, "keep": 20}
    found = [
        Way("anneal", "anneal", {"sweeps": case.sweeps, "reduce": False, "keep": 20}),
        Way("anneal_gpu", "anneal_gpu", device),
    ]
    if case.steps:
        found.append(Way("anneal_gpu, tabu", "anneal_gpu", device | {"sweeps": 1, "steps": case.steps}))
    return found


def rates(name: str, compiled: Compiled, case: Case, reads: int, seeds: list[int]) -> list[list[str]]:
    """A row per way: the rate of the median call."""
    rows = []
    for way in ways(case, reads):
        plugin = registry.load("samplers", way.sampler, **way.options)
        found = []
        for seed in [0, *seeds]:  # the first call compiles
            began = time.perf_counter()
            watch = Watch(clock=time.perf_counter, threads=cores())
            batch = plugin.sample(compiled, budget=Budget(reads=reads), seed=seed, watch=watch)
            found.append((batch.info["moves_proposed"] / (time.perf_counter() - began), batch))
        found = found[1:]
        mean = np.mean([batch.info["mean_energy"] for _, batch in found])
        best = min(batch.energies[0] for _, batch in found)
        lengths = (str(way.options["sweeps"]), str(way.options.get("steps", 0)))
        rate = np.median([rate for rate, _ in found]) / 1e6
        rows.append(
            [name, str(compiled.num_bits), way.name, str(reads), *lengths, f"{rate:.4g}", f"{mean:.1f}", f"{best:.0f}"]
        )
    return rows


def targets(name: str, compiled: Compiled, case: Case, reads: int, seeds: list[int]) -> list[list[str]]:
    """A row per sampler, of times to the target."""
    rows = []
    for sampler, own in (("anneal", {}), ("anneal_gpu", {"replicas": reads})):
        options = {"sampler": sampler, "threads": cores(), **own}
        reach(compiled, -np.inf, 0.5, 0, time.perf_counter, **options)
        runs = [reach(compiled, case.target, case.seconds, seed, time.perf_counter, **options) for seed in seeds]
        rows.append(row(f"{name}, {sampler}", compiled.num_bits, case.target, case.seconds, runs))
    return rows


def device_name() -> str:
    """What the device calls itself.

    Raises
    ------
    BackendUnavailableError
        There is none.
    """
    plugin = registry.load("samplers", "anneal_gpu", sweeps=1)
    one = Compiled.of_polynomial(Polynomial(np.array([-1.0])))
    return str(plugin.sample(one, budget=Budget(reads=1), seed=0, watch=Watch(clock=time.perf_counter)).info["device"])


def main() -> None:
    """Measure, print, and rewrite the section of RESULTS.md when all cases were measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--instances", type=Path, required=True, help="folder that holds gset/ and dense/")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--reads", type=int, default=READS)
    parser.add_argument("--only", nargs="+", metavar="NAME", help="cases by name; nothing is written then")
    arguments = parser.parse_args()
    circumstances = f"{device_name()}; {conditions(['numpy', 'numba'])}"
    of_rates, of_targets = [], []
    for case in CASES:
        name = Path(case.file).stem
        if arguments.only and name not in arguments.only:
            continue
        compiled = Compiled.of_polynomial(read(arguments.instances / case.file))
        of_rates += rates(name, compiled, case, arguments.reads, arguments.seeds)
        of_targets += targets(name, compiled, case, arguments.reads, arguments.seeds)
        for line in (*of_rates[-len(ways(case, 1)) :], *of_targets[-2:]):
            print("  ".join(line), flush=True)
    if not arguments.only:
        explanation = __doc__.split("\n\n")[1].replace("\n", " ")
        how = f"Seeds {', '.join(map(str, arguments.seeds))}; {cores()} threads of the CPU. {circumstances}"
        tables = f"{table(RATE_HEAD, of_rates)}\n\n{table(TARGET_HEAD, of_targets)}"
        write_section(TITLE, f"`python -m benchmarks.anneal.gpu`. {explanation}\n\n{how}\n\n{tables}")


if __name__ == "__main__":
    main()
