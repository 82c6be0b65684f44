"""``python -m benchmarks.compile.exactness``: every bit string of thousands of small compiles of every class.

The generators behind ``tests/compilers`` and the five classes of ``models.py`` at 8 columns, seeds from 0. Every model
is compiled at ``argmin`` and at ``top:10%``, each with and without presolve; every second one with an incumbent that is
a feasible point drawn by the seed, the others with what the compiler finds by itself. A compile of at most 18 bits must

* have its lowest energy at the optimum, and only there: every minimiser decodes to an optimal feasible point;
* give every feasible point up to the limit of ``top`` its objective as lowest energy, and nothing else one as low;
* prove what was asked, or say in its notes that it does not;
* refuse only what has no feasible point.

Truth is plain enumeration of the problem's domain (``qopt.testing.brute``), which shares nothing with the compiler.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.compile.brute import MOST_BITS, energies, strings
from benchmarks.compile.models import CLASSES, document, problem_of
from benchmarks.results import conditions, table, write_section
from qopt.compilers.compile import compile_problem
from qopt.core.arrays import Floats
from qopt.core.compiled import Compiled
from qopt.core.errors import CompileError
from qopt.core.problem import Problem
from qopt.testing.brute import all_points, holds, lexicographic

TITLE = "Compile: every bit string"
GENERATORS = Path(__file__).parents[2] / "tests" / "compilers" / "random_models.py"
SETTINGS = [(guarantee, presolve) for guarantee in ("argmin", "top:10%") for presolve in (True, False)]
MOST_POINTS = 200_000


@dataclass(frozen=True, eq=False)
class Truth:
    """The feasible points of a problem and their levels, to be made small."""

    points: Floats
    levels: Floats

    @property
    def energy(self) -> Floats:
        """The first level."""
        return self.levels[:, 0]


def truth_of(problem: Problem) -> Truth:
    """By enumeration."""
    points = all_points(problem)
    points = points[holds(problem, points)]
    return Truth(points, problem.sense.sign * problem.objectives(points))


def fault(made: Compiled, guarantee: str, truth: Truth, incumbent: float | None) -> str:
    """What is wrong with a compile, in words; empty when nothing is."""
    if made.guarantee == "none":
        told = any("proven: none" in note or "holds only approximately" in note for note in made.notes)
        return "" if told else "nothing is proven, and no note says so"
    if made.guarantee not in ("total", guarantee):
        return f"asked for {guarantee}, proven {made.guarantee}"
    energy = energies(made.polynomial)
    noise = 1e-9 * max(1.0, float(np.abs(energy).max()))
    low = np.flatnonzero(energy <= energy.min() + noise)
    values, _ = made.decode(strings(low, made.num_bits))
    if not holds(made.problem, values).all():
        return "a minimiser decodes to something infeasible"
    best = truth.levels[np.argmin(lexicographic(truth.levels))]
    if not np.allclose(made.problem.sense.sign * made.problem.objectives(values), best, atol=1e-9):
        return "a minimiser decodes to no optimum"
    if not guarantee.startswith("top") or truth.levels.shape[1] > 1:
        return ""
    known = made.problem.sense.sign * incumbent if incumbent is not None else float(truth.energy.min())
    return _order_fault(made, energy, truth, known + 0.1 * abs(known), noise)


def _order_fault(made: Compiled, energy: Floats, truth: Truth, limit: float, noise: float) -> str:
    """Points and bit strings up to a limit must be the same, each at its objective."""
    wanted = truth.energy <= limit + noise
    low = np.flatnonzero(energy <= truth.energy[wanted].max(initial=-np.inf) + noise)
    values, _ = made.decode(strings(low, made.num_bits))
    if not holds(made.problem, values).all():
        return "something infeasible lies among the answers"
    own = made.problem.sense.sign * made.problem.objectives(values)[:, 0]
    if (energy[low] < own - noise).any():
        return "a bit string lies below the objective of its point"
    least: dict[tuple[int, ...], float] = {}
    for key, e in zip(np.rint(values * 1e6).astype(np.int64).tolist(), energy[low].tolist()):
        least[tuple(key)] = min(e, least.get(tuple(key), np.inf))
    for key, e in zip(np.rint(truth.points[wanted] * 1e6).astype(np.int64).tolist(), truth.energy[wanted].tolist()):
        if abs(least.get(tuple(key), np.inf) - e) > noise:
            return "a feasible point below the limit has not its objective as lowest energy"
    return ""


def makers() -> dict[str, Callable[[int], Problem]]:
    """Every class of problem by name, each a function of a seed."""
    spec = importlib.util.spec_from_file_location("random_models", GENERATORS)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    out: dict[str, Callable[[int], Problem]] = {
        made.__name__: lambda seed, made=made: made(np.random.default_rng([seed, 2026])) for made in module.MODELS
    }
    out |= {f"{kind}, 8 columns": lambda seed, kind=kind: problem_of(document(kind, 8, seed)) for kind in CLASSES}
    return out


def examine(name: str, seed: int, problem: Problem, count: Counter[str], faults: list[str]) -> None:
    """Compile one model in every setting and hold it against the truth."""
    truth = truth_of(problem)
    rng = np.random.default_rng([seed, 1])
    drawn = None
    if seed % 2 and len(truth.energy) and truth.levels.shape[1] == 1:
        drawn = float(problem.sense.sign * truth.energy[rng.integers(len(truth.energy))])
    for guarantee, presolve in SETTINGS:
        try:
            made = compile_problem(problem, guarantee=guarantee, presolve=presolve, incumbent=drawn)
        except CompileError as error:
            count["refused"] += 1
            if len(truth.energy):
                faults.append(f"{name} {seed} {guarantee} presolve={presolve}: refused although feasible: {error}")
            continue
        except Exception as error:  # noqa: BLE001  a crash is a counterexample
            count["tried"] += 1
            faults.append(f"{name} {seed} {guarantee} presolve={presolve}: crash: {type(error).__name__}: {error}")
            continue
        if made.num_bits > MOST_BITS:
            count["too many bits"] += 1
            continue
        if not len(truth.energy):
            count["infeasible"] += 1
            continue
        count["tried"] += 1
        count[f"proven {made.guarantee.partition(':')[0]}"] += 1
        wrong = fault(made, guarantee, truth, drawn)
        if wrong:
            faults.append(f"{name} {seed} {guarantee} presolve={presolve} incumbent={drawn}: {wrong}")


def main() -> int:
    """Try the models; print the counterexamples and rewrite the section of RESULTS.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=550, help="models of each class")
    parser.add_argument("--only", default="")
    parser.add_argument("--no-write", action="store_true")
    options = parser.parse_args()
    circumstances = conditions(["numpy", "scipy", "highspy"])
    began = time.perf_counter()
    lines: list[list[str]] = []
    faults: list[str] = []
    total: Counter[str] = Counter()
    for name, make in makers().items():
        if options.only not in name:
            continue
        count: Counter[str] = Counter()
        before = len(faults)
        for seed in range(options.seeds):
            problem = make(seed)
            reach = np.prod(problem.columns.upper - problem.columns.lower + 1)
            if reach > MOST_POINTS:
                count["too many points"] += 1
                continue
            count["models"] += 1
            examine(name, seed, problem, count, faults)
        total += count
        keys = ("models", "tried", "proven argmin", "proven top", "proven total", "proven none")
        line = [name, *(str(count[k]) for k in keys)]
        line += [str(count["refused"] + count["infeasible"]), str(count["too many bits"]), str(len(faults) - before)]
        lines.append(line)
        print("  ".join(line), *faults[before : before + 5], sep="\n    ", flush=True)
    seconds = time.perf_counter() - began
    exact = 100 * (1 - len(faults) / max(1, total["tried"]))
    verdict = (
        f"{total['models']} models, {total['tried']} compiles of at most {MOST_BITS} bits tried: {exact:.4g} % exact,"
        f" {len(faults)} counterexamples; {seconds:.0f} s on one thread."
    )
    print(verdict)
    head = ["class", "models", "compiles tried", "proven argmin", "top", "total", "none, said so"]
    head += ["no feasible point", "above 18 bits", "counterexamples"]
    what, _, rest = __doc__.partition("\n\n")[2].partition("\n\nTruth")
    parts = [f"`python -m benchmarks.compile.exactness`. {what}", f"Truth{rest.rstrip()} {circumstances}"]
    parts += [f"**{verdict}**", table(head, lines), "\n".join(f"* {line}" for line in faults[:40])]
    if not options.no_write:
        write_section(TITLE, "\n\n".join(part for part in parts if part))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
