"""``python -m benchmarks.anneal.labs``: low-autocorrelation sequences, written with products of spins.

Find N signs whose aperiodic autocorrelations C_1 … C_{N-1} have the smallest sum of squares. The model is the formula,
in our API; nothing is quadratised: sampler ``anneal`` is handed a polynomial of degree four. Seconds are those inside
the sampler until the first incumbent of the optimum (Packebusch & Mertens, 2016), one thread, kernels compiled before;
building the model and compiling it are told apart. Published through the QUBO of QOBLIB (ancillas and penalties): ABS2
on two A100 finds the optimum of N = 30 after 592 s, and of N = 35 and 40 not within 600 s.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

import qopt
from benchmarks.results import conditions, table, write_section
from qopt.compilers.compile import compile_problem
from qopt.core import registry
from qopt.core.budget import Budget
from qopt.core.clock import now
from qopt.core.compiled import Compiled
from qopt.core.problem import Problem
from qopt.core.watch import Watch

TITLE = "Low-autocorrelation sequences by products of spins"
LIMIT = 20.0
OPTIMA = {20: 26, 25: 36, 30: 59, 35: 73, 40: 108, 45: 118}


def model(n: int) -> Problem:
    """The sum of squared autocorrelations of n spins."""
    m = qopt.Model("labs")
    s = m.spin("s", shape=n)
    m.minimize(sum((s[: n - k] * s[k:]).sum() ** 2 for k in range(1, n)))
    return m.problem()


def seconds_to(compiled: Compiled, target: float, seed: int) -> float:
    """Seconds to the target inside the sampler; infinite beyond ``LIMIT``."""
    reached = [float("inf")]

    def offered(candidate: Any, objective: float | None, backend: str) -> None:
        if compiled.problem.objectives(candidate.values[None])[0, 0] <= target:
            reached.append(now() - began)
            watch.cancel("target")

    watch = Watch(clock=now, on_offer=offered)
    began = now()
    registry.load("samplers", "anneal").sample(compiled, budget=Budget(seconds=LIMIT), seed=seed, watch=watch)
    return min(reached)


def measure(n: int, seeds: list[int]) -> list[str]:
    """One row: sizes, model and compile seconds, seconds to the optimum."""
    began = now()
    problem = model(n)
    built = now()
    compiled = compile_problem(problem, accepts=registry.load("samplers", "anneal").accepts)
    done = now()
    found = np.array([seconds_to(compiled, OPTIMA[n], seed) for seed in seeds])
    hits = int(np.isfinite(found).sum())
    middle = f"{np.median(found):.3f}" if 2 * hits > len(found) else ""
    most = f"{found.max():.3f}" if hits == len(found) else f"above {LIMIT:g}"
    sizes = [str(n), str(len(problem.objective.products)), f"{built - began:.3f}", f"{done - built:.3f}"]
    return [*sizes, str(OPTIMA[n]), f"{hits} of {len(found)}", middle, most]


def main() -> None:
    """Measure every length and rewrite the section of RESULTS.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lengths", type=int, nargs="+", default=[30, 35, 40])
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(1, 11)))
    arguments = parser.parse_args()
    measure(20, [0])
    circumstances = conditions(["numpy", "numba"])
    rows = []
    for n in arguments.lengths:
        rows.append(measure(n, arguments.seeds))
        print("  ".join(rows[-1]), flush=True)
    head = ["N", "products of four spins", "model, s", "compile, s", "optimum", "found"]
    head += ["seconds to it, median", "most"]
    seeds = ", ".join(map(str, arguments.seeds))
    explanation = __doc__.split("\n\n")[1].replace("\n", " ")
    how = f"Seeds {seeds}; ``LIMIT`` is {LIMIT:g}. {circumstances}"
    write_section(TITLE, f"`python -m benchmarks.anneal.labs`. {explanation}\n\n{how}\n\n{table(head, rows)}")


if __name__ == "__main__":
    main()
