"""``python -m benchmarks.anneal.goals FOLDER``: the goals of the annealer, one row each, by the sampler itself.

FOLDER holds the folders ``gset``, ``dense``, ``qplib`` and ``qap`` of benchmark files. A row is a problem, a time and
an energy to reach within it (minus the cut for cuts): how many seeds reached it, the median time to it, and the mean
energy at the end. The clock runs inside the sampler, reduction and arrays included; kernels are compiled before.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

import qopt
from benchmarks.anneal.instances import random_graph, read, torus
from benchmarks.anneal.time_to_target import reach
from benchmarks.results import conditions, table, write_section
from qopt.compilers.compile import compile_problem
from qopt.core import registry
from qopt.core.budget import Budget
from qopt.core.clock import now
from qopt.core.compiled import Compiled
from qopt.core.forms.routes import Routes
from qopt.core.polynomial import Polynomial
from qopt.core.watch import Watch

TITLE = "Goals of the annealer"
HEAD = ["problem", "bits", "target", "within, s", "threads", "hits", "median, s", "mean at the end"]


class Goal(NamedTuple):
    """A problem, the energy to reach, seconds, threads."""

    name: str
    make: Callable[[], Compiled]
    target: float
    seconds: float
    threads: int = 1


def bqp(n: int, density: float, seed: int) -> Polynomial:
    """Whole weights from -100 to 100, made as Beasley's are, turned for minimising; pairs count twice."""
    random = np.random.default_rng(seed)
    i, j = np.triu_indices(n, 1)
    keep = random.random(len(i)) < density
    value = random.integers(-100, 101, int(keep.sum()))
    linear = random.integers(-100, 101, n)
    return Polynomial.from_pairs(-linear.astype(float), i[keep], j[keep], -2.0 * value)


def native(path: Path) -> Compiled:
    """A family's file compiled as far as the annealer needs: its groups stay."""
    problem = qopt.load(path)
    made = problem if isinstance(problem, qopt.Problem) else registry.load("families", problem.family).build(problem)
    return compile_problem(made, accepts=registry.load("samplers", "anneal").accepts)


def cities(n: int) -> np.ndarray:
    """Whole distances between n random cities."""
    spot = np.random.default_rng(n).integers(0, 1000, (n, 2))
    return np.rint(np.sqrt(((spot[:, None] - spot[None]) ** 2).sum(axis=2)))


def tour(n: int) -> Compiled:
    """A tour of n random cities as the plain assignment-form model: which city at which place."""
    m = qopt.Model("tour")
    x = m.binary("x", shape=(n, n))
    m.exactly_one("city", x, axis=1)
    m.exactly_one("place", x, axis=0)
    m.minimize((x * (cities(n) @ np.roll(x, -1, axis=1))).sum())
    return compile_problem(m.problem(), accepts=registry.load("samplers", "anneal").accepts)


def shortest(n: int) -> float:
    """Length of the best tour that the search over routes finds in three seconds."""
    form = Routes(cities(n), np.zeros(n))
    watch = Watch(clock=now)
    return (
        registry.load("proposers", "ruin_recreate")
        .propose(form, budget=Budget(seconds=3.0), seed=1, watch=watch)
        .objectives[0]
    )


def goals(folder: Path) -> Iterator[Goal]:
    """All of them."""

    def plain(path: str) -> Callable[[], Compiled]:
        return lambda: Compiled.of_polynomial(read(folder / path))

    yield Goal("p3000.1", plain("dense/p3000.1.npz"), -3931583, 10)
    yield Goal("bqp 2500", lambda: Compiled.of_polynomial(bqp(2500, 0.1, 1)), -1439231, 10)
    yield Goal("G22, mean", plain("gset/G22.txt"), -13356, 0.5)
    yield Goal("G22", plain("gset/G22.txt"), -13359, 10)
    yield Goal("G70, early", plain("gset/G70.txt"), -9590, 0.1)
    yield Goal("G70", plain("gset/G70.txt"), -9595, 6)
    yield Goal("G55", plain("gset/G55.txt"), -10294, 20, 2)
    yield Goal("G81", plain("gset/G81.txt"), -14018, 20, 2)
    yield Goal("random 2000", lambda: Compiled.of_polynomial(random_graph(2000, 0.01, 1)), -6692, 0.1)
    yield Goal("torus 50", lambda: Compiled.of_polynomial(torus(50, 1)), -3504, 0.1)
    for name, target in (("3506", -806), ("3850", -2022), ("5881", -25305)):
        yield Goal(f"QPLIB {name}", plain(f"qplib/QPLIB_{name}.qplib"), target, 10)
    yield Goal("nug30", lambda: native(folder / "qap/nug30.qap"), 6124, 5)
    yield Goal("tai40a, 0.1 %", lambda: native(folder / "qap/tai40a.qap"), 3142509, 10)
    yield Goal("sko64", lambda: native(folder / "qap/sko64.qap"), 48498, 10)
    yield Goal("tour 50", lambda: tour(50), 1.01 * shortest(50), 10)


def measure(goal: Goal, seeds: list[int], clock: Callable[[], float]) -> list[str]:
    """One row."""
    compiled = goal.make()
    reach(compiled, -np.inf, 0.5, 0, now, threads=goal.threads)
    runs = [reach(compiled, goal.target, goal.seconds, seed, clock, threads=goal.threads) for seed in seeds]
    times = [run.seconds for run in runs]
    hits = sum(np.isfinite(times))
    middle = float(np.median(times))
    return [
        *(goal.name, str(compiled.num_bits), f"{goal.target:g}", f"{goal.seconds:g}", str(goal.threads)),
        *(f"{hits} of {len(runs)}", f"{middle:.3f}" if np.isfinite(middle) else ""),
        f"{np.mean([run.energy for run in runs]):.1f}",
    ]


def main() -> None:
    """Measure and print; ``--write`` puts the table into RESULTS.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(1, 11)))
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--processor-time", action="store_true", help="of one thread: what other work changes least")
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    circumstances, rows = conditions(["numpy", "numba"]), []
    for goal in goals(arguments.folder):
        if not arguments.only or any(goal.name.startswith(name) for name in arguments.only):
            rows.append(
                measure(
                    goal, arguments.seeds, time.process_time if arguments.processor_time and goal.threads == 1 else now
                )
            )
            print("  ".join(rows[-1]), flush=True)
    if arguments.write:
        explanation = __doc__.split("\n\n")[1].replace("\n", " ")
        seeds = ", ".join(map(str, arguments.seeds))
        if arguments.processor_time:
            explanation += " Seconds of one thread are processor time."
        body = f"`python -m benchmarks.anneal.goals`. {explanation}\n\nSeeds {seeds}. {circumstances}"
        write_section(TITLE, f"{body}\n\n{table(HEAD, rows)}")


if __name__ == "__main__":
    main()
