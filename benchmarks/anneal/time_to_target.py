"""``python -m benchmarks.anneal.time_to_target FILE=ENERGY ...``: how long sampler ``anneal`` takes to a known energy.

The clock runs from the call of the sampler to the first incumbent offered that reaches the target, reduction and arrays
included; the time that checking the offers takes is taken off. Kernels are compiled and files read before. A run that
does not reach it ends after ``--seconds``. The median stands with its 95 % interval from order statistics; *99 %* is
the time in which 99 runs of 100 would reach the target if times were exponential, ln(100) x all time spent / hits, with
the 95 % interval of that (chi-square). Energies are those to be minimised: minus the cut, minus ``x Q x``.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import binom, chi2

from benchmarks.anneal.instances import read
from benchmarks.results import conditions, table, write_section
from qopt.core import registry
from qopt.core.budget import Budget
from qopt.core.clock import now
from qopt.core.compiled import Compiled
from qopt.core.watch import Watch

TITLE = "Time to target"
HEAD = [
    "instance",
    "bits",
    "target",
    "seconds at most",
    "hits",
    "median [95 %]",
    "99 % [95 %]",
    "gap when missed",
    "arms",
]


class Reached(NamedTuple):
    """Seconds until the target was reached (infinite: not), the energy at the end, and the share of time per arm."""

    seconds: float
    energy: float
    shares: dict[str, float]


def reach(
    compiled: Compiled, target: float, seconds: float, seed: int, clock: Callable[[], float], **options: Any
) -> Reached:
    """One run of ``sampler`` (``anneal``) in ``threads`` (1) with parameters of its own."""
    threads, sampler = options.pop("threads", 1), options.pop("sampler", "anneal")
    found, checking, began = [float("inf")], [0.0], clock()

    def offered(candidate: Any, objective: float | None, backend: str) -> None:
        before = clock()
        if compiled.polynomial.evaluate(candidate.values)[0] <= target + 1e-9 * abs(target) and found[0] == float(
            "inf"
        ):
            found[0] = before - began - checking[0]
            watch.cancel("target")
        checking[0] += clock() - before

    watch = Watch(clock=clock, threads=threads, on_offer=offered)
    batch = registry.load("samplers", sampler, **options).sample(
        compiled, budget=Budget(seconds=seconds), seed=seed, watch=watch
    )
    spent = {name: facts["seconds"] for name, facts in batch.info.get("arms", {}).items()}
    total = max(1e-9, sum(spent.values()))
    return Reached(found[0], float(batch.energies[0]), {name: share / total for name, share in spent.items()})


def median_interval(times: list[float]) -> tuple[float, float, float]:
    """The median, and the order statistics that hold it with 95 % certainty."""
    ordered = sorted(times)
    n = len(ordered)
    low = int(binom.ppf(0.025, n, 0.5))
    return float(np.median(ordered)), ordered[max(0, low - 1)], ordered[min(n - 1, n - low)]


def almost_sure(times: list[float], most: float) -> tuple[float, float, float]:
    """Seconds to the target at 99 %, with an interval; infinite without a hit."""
    hits = sum(t < float("inf") for t in times)
    total = sum(min(t, most) for t in times) * np.log(100.0)
    if hits == 0:
        return float("inf"), 2 * total / chi2.ppf(0.975, 2), float("inf")
    return total / hits, 2 * total / chi2.ppf(0.975, 2 * hits + 2), 2 * total / chi2.ppf(0.025, 2 * hits)


def row(name: str, bits: int, target: float, most: float, runs: list[Reached]) -> list[str]:
    """The table's row of one instance."""
    times = [run.seconds for run in runs]
    missed = [run.energy - target for run in runs if run.seconds == float("inf")]
    names = sorted({arm for run in runs for arm in run.shares})
    shares = {arm: np.mean([run.shares.get(arm, 0.0) for run in runs]) for arm in names}
    middle, sure = median_interval(times), almost_sure(times, most)
    return [
        *(name, str(bits), f"{target:.0f}", f"{most:g}", f"{len(runs) - len(missed)}/{len(runs)}"),
        *("{:.3g} [{:.3g}, {:.3g}]".format(*interval) for interval in (middle, sure)),
        f"{np.mean(missed):.1f}" if missed else "",
        ", ".join(f"{arm} {share:.0%}" for arm, share in shares.items()),
    ]


def main() -> None:
    """Measure every file named and print the table; ``--write`` puts it into RESULTS.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="+", metavar="FILE=ENERGY")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(1, 11)))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--sampler", default="anneal")
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=NUMBER", help="parameters of the sampler")
    parser.add_argument("--processor-time", action="store_true", help="for a busy machine; sums up over threads")
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    clock = time.process_time if arguments.processor_time else now
    options = {name: float(value) for name, value in (pair.split("=") for pair in arguments.set)}
    options |= {"threads": arguments.threads, "sampler": arguments.sampler}
    circumstances = conditions(["numpy", "numba"])
    rows = []
    for pair in arguments.targets:
        path, target = Path(pair.rpartition("=")[0]), float(pair.rpartition("=")[2])
        compiled = Compiled.of_polynomial(read(path))
        reach(compiled, -np.inf, 0.5, 0, clock, **options)
        runs = [reach(compiled, target, arguments.seconds, seed, clock, **options) for seed in arguments.seeds]
        rows.append(row(path.stem, compiled.num_bits, target, arguments.seconds, runs))
        print("  ".join(rows[-1]), flush=True)
    if arguments.write:
        explanation = __doc__.split("\n\n")[1].replace("\n", " ")
        seeds = ", ".join(map(str, arguments.seeds))
        measured = "processor time" if arguments.processor_time else "wall time"
        how = f"Seeds {seeds}; {arguments.threads} threads; {measured}. {circumstances}"
        write_section(
            TITLE, f"`python -m benchmarks.anneal.time_to_target`. {explanation}\n\n{how}\n\n{table(HEAD, rows)}"
        )


if __name__ == "__main__":
    main()
