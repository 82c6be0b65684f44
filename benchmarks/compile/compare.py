"""``python -m benchmarks.compile.compare --peers PYTHON``: qubits, precision and exactness beside other compilers.

Five classes of models, 8, 30 and 100 columns, 20 seeds each (``models.py``). Every compiler gets the same models at its
best settings and runs in a process of its own. *Precision* is log2(max|coefficient| / gcd + 1), couplings and fields
alike, constant left out. Up to 18 qubits every bit string is tried: a compile is exact when every minimiser decodes to
an optimum of the model. Seconds are of building the model and compiling it, once, after one compile to warm up.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from benchmarks.compile.brute import MOST_BITS, energies, strings
from benchmarks.compile.models import CLASSES, SEEDS, SIZES, Document, document, documents, problem_of
from benchmarks.compile.peer_common import measured
from benchmarks.results import conditions, table, write_section
from qopt.compilers.compile import compile_problem
from qopt.compilers.penalties.auto import Auto
from qopt.core.compiled import Compiled
from qopt.core.polynomial import Polynomial, polynomial_of
from qopt.core.watch import Watch
from qopt.milp.solve import solve
from qopt.testing.brute import holds

TITLE = "Compile: size and exactness"
PEERS = ("qiskit", "dimod", "pyqubo", "ommx")
BASE = "qiskit"
Row = dict[str, Any]


class Alone(Auto):
    """The default rule without an incumbent being looked for."""

    tightens: ClassVar[bool] = False


OURS: dict[str, Callable[[Document], Compiled]] = {
    "qopt, total": lambda model: compile_problem(problem_of(model), guarantee="total"),
    "qopt, problem alone": lambda model: compile_problem(problem_of(model), penalty=Alone()),
    "qopt, greedy incumbent": lambda model: compile_problem(problem_of(model)),
}


def row_of(made: Compiled, seconds: float) -> Row:
    """What the peers' drivers say of a compile, of ours."""
    p = made.polynomial
    terms = {(k, k): v for k, v in enumerate(p.linear.tolist()) if v}
    terms |= {(i, j): v for i, j, v in zip(p.row.tolist(), p.col.tolist(), p.value.tolist())}
    row: Row = measured((p.n, terms, p.offset), None, seconds, -1)
    return row | {"compiled": made, "guarantee": made.guarantee}


def ours(models: list[Document]) -> dict[str, list[Row]]:
    """Our settings on the models."""
    out: dict[str, list[Row]] = {}
    for name, compile_one in OURS.items():
        compile_one(models[0])
        out[name] = []
        for model in models:
            began = time.perf_counter()
            made = compile_one(model)
            out[name].append(row_of(made, time.perf_counter() - began))
    return out


def theirs(peer: str, python: Path, models: list[Document]) -> tuple[dict[str, str], dict[str, list[Row]]]:
    """Versions and settings of one peer, from its driver."""
    driver = Path(__file__).with_name(f"peer_{peer}.py")
    request = json.dumps({"models": models, "brute_bits": MOST_BITS})
    done = subprocess.run([str(python), str(driver)], input=request, capture_output=True, text=True, check=True)
    answer = json.loads(done.stdout)
    return answer["versions"], answer["settings"]


def exact(model: Document, row: Row) -> bool | None:
    """Whether every minimiser decodes to an optimum; None where there are too many bits to try."""
    if "refused" in row or row["bits"] > MOST_BITS:
        return None
    problem, best = problem_of(model), optimum(model["class"], model["size"], model["seed"])
    made: Compiled | None = row.get("compiled")
    p = _polynomial(row) if made is None else made.polynomial
    energy = energies(p)
    lowest = np.flatnonzero(energy <= energy.min() + 1e-9 * max(1.0, float(np.abs(energy).max())))
    bits = strings(lowest, p.n)
    if made is None:
        values = np.stack(
            [bits[:, c] if c is not None else np.zeros(len(bits)) for c in row["columns"]], axis=1
        ).astype(np.float64)
    else:
        values, _ = made.decode(bits)
    return bool(holds(problem, values).all() and np.allclose(problem.objectives(values)[:, 0], best))


@cache
def optimum(kind: str, size: int, seed: int) -> float:
    """The best objective, by HiGHS.

    Raises
    ------
    RuntimeError
        HiGHS does not prove one in a minute.
    """
    watch = Watch(clock=time.perf_counter, deadline=time.perf_counter() + 60)
    found = solve(problem_of(document(kind, size, seed)), watch=watch)
    if found.status != "optimal":
        raise RuntimeError(f"{kind}-{size}-{seed}: {found.status}")
    return float(found.objectives[0][0])


def _polynomial(row: Row) -> Polynomial:
    terms: dict[tuple[int, ...], float] = {(): row["offset"]}
    for i, j, v in row["terms"]:
        terms[(i,) if i == j else (i, j)] = v
    return polynomial_of(row["bits"], terms)


def summary(models: list[Document], rows: list[Row], base: list[Row]) -> list[str]:
    """One line: means over the seeds, relative to the base where that says more."""
    good = [(m, r, b) for m, r, b in zip(models, rows, base) if "refused" not in r]
    if not good:
        return ["refused"] + ["–"] * 6
    judged = [exact(m, r) for m, r, _ in good]
    tried = [j for j in judged if j is not None]
    mean = lambda key: float(np.mean([r[key] for _, r, _ in good]))  # noqa: E731  four times, here only
    qubits = mean("bits") / float(np.mean([b["bits"] for _, _, b in good]))
    below = float(np.mean([b["precision"] - r["precision"] for _, r, b in good]))
    return [
        f"{mean('bits'):.1f} ({100 * qubits:.0f} %)",
        f"{mean('couplings'):.0f}",
        f"{max(r['largest'] for _, r, _ in good):.3g}",
        f"{mean('precision'):.1f} ({below:+.1f})",
        str(sum(r["bits"] == 0 for _, r, _ in good)),
        f"{sum(tried)}/{len(tried)}" if tried else "–",
        f"{1e3 * mean('seconds'):.1f}",
    ]


def main() -> None:
    """Measure, print and rewrite the section of RESULTS.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", type=Path, required=True, help="Python of the peers' environment")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--no-write", action="store_true")
    options = parser.parse_args()
    circumstances = conditions(["numpy", "scipy", "highspy"])
    lines, totals, versions, unproven = [], {}, {}, 0
    for kind in CLASSES:
        for size in options.sizes:
            models = list(documents(kind, size, options.seeds))
            found: dict[str, list[Row]] = {}
            for peer in PEERS:
                version, settings = theirs(peer, options.peers, models)
                versions |= version
                found |= settings
            found |= ours(models)
            base = found[BASE]
            for name, rows in found.items():
                line = [kind, str(size), name, *summary(models, rows, base)]
                lines.append(line)
                print("  ".join(line), flush=True)
                for row, reference in zip(rows, base):
                    if "refused" not in row:
                        entry = (row["bits"] / reference["bits"], reference["precision"] - row["precision"])
                        totals.setdefault((name, size), []).append((*entry, row["precision"]))
            unproven += sum(r["guarantee"] == "none" for name in OURS for r in found[name])
    over = []
    for name in dict.fromkeys(name for name, _ in totals):
        cells = [name]
        for size in (*options.sizes, None):
            got = np.array([e for (n, s), part in totals.items() if n == name and size in (s, None) for e in part])
            cells.append(f"{100 * got[:, 0].mean():.0f} %, {got[:, 1].mean():+.1f}, {got[:, 2].max():.0f}")
        over.append(cells)
        print("  ".join(cells))
    head = ["class", "columns", "compiler", "qubits (of qiskit)", "couplings", "largest coefficient"]
    head += ["precision, bits (below qiskit)", "at 0 bits", "exact, of those tried", "ms"]
    peers = ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))
    told = f"Compiles of ours that prove nothing: {unproven}."
    body = [
        f"`python -m benchmarks.compile.compare --peers PYTHON`. {' '.join(__doc__.split(chr(10) * 2)[1].split())}",
        f"Seeds 0 to {options.seeds - 1}. {circumstances} Peers: {peers}.",
        f"Means over classes: qubits of qiskit, precision bits below qiskit, most precision bits of a model. {told}",
        table(["compiler", *(f"{size} columns" for size in options.sizes), "all"], over),
        table(head, lines),
    ]
    if not options.no_write:
        write_section(TITLE, "\n\n".join(body))


if __name__ == "__main__":
    main()
