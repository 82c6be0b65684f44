"""``python -m benchmarks.compile.speed``: shapes on which compilers have choked, with presolve on.

One row of 1,000 terms (unit, small and wide coefficients); 2**18 sparse binaries under pair rows, covers and short
knapsacks; the same small compile 1,000 times, with the growth of resident memory. Seconds of one run in a warm process.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.results import conditions, table, write_section
from qopt.compilers.compile import compile_problem
from qopt.core.compiled import Compiled
from qopt.core.names import Labels, NameTable
from qopt.core.polynomial import Polynomial
from qopt.core.problem import Columns, Problem
from qopt.core.rows import Rows

TITLE = "Compile: long rows, many columns, many compiles"
COLUMNS = 2**18
LOOPS = 1_000


def one_row(coefficients: np.ndarray[Any, Any], upper: float, lower: float = -np.inf) -> Problem:
    """Maximise a linear objective under one row."""
    n = len(coefficients)
    rows = Rows([0, n], np.arange(n), coefficients, [lower], [upper], NameTable.numbered("row", 1))
    worth = np.random.default_rng(1).integers(1, 100, n)
    return Problem.build(Columns.binaries(NameTable.numbered("x", n)), Polynomial(-worth.astype(float)), rows=rows)


def sparse(n: int, seed: int) -> Problem:
    """Rows of two and of eight of n binaries, and a sparse quadratic objective."""
    rng = np.random.default_rng(seed)
    sizes, index, value, lower, upper = [], [], [], [], []
    for size, count, low, high in ((2, n // 4, -np.inf, 1.0), (3, n // 8, 1.0, np.inf), (8, n // 32, -np.inf, 40.0)):
        sizes.append(np.full(count, size))
        # Distinct columns inside each row: a random start and steps of its own.
        start, step = rng.integers(0, n, (count, 1)), 2 * rng.integers(0, n // 32, (count, 1)) + 1
        index.append(((start + step * np.arange(size)) % n).ravel())
        value.append(rng.integers(5, 20, count * size).astype(float) if size == 8 else np.ones(count * size))
        lower.append(np.full(count, low))
        upper.append(np.full(count, high))
    lengths = np.concatenate(sizes)
    families = tuple(Labels(name, (len(part),)) for name, part in zip(("apart", "cover", "load"), sizes))
    indptr = np.concatenate([[0], np.cumsum(lengths)])
    parts = [np.concatenate(part) for part in (index, value, lower, upper)]
    rows = Rows(indptr, *parts, NameTable(families))
    pairs = rng.integers(0, n, (2, n))
    linear = rng.integers(-9, 10, n).astype(float)
    objective = Polynomial.from_pairs(linear, *pairs, rng.integers(-3, 4, n), binary=True)
    return Problem.build(Columns.binaries(NameTable.numbered("x", n)), objective, rows=rows)


def resident() -> int:
    """Bytes of this process in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def measured(name: str, make: Callable[[], Problem], **options: Any) -> list[str]:
    """One line of the table."""
    problem = make()
    began = time.perf_counter()
    compiled: Compiled = compile_problem(problem, **options)
    seconds = time.perf_counter() - began
    asked = ", ".join(str(v) for v in options.values()) or "argmin"
    return [name, asked, f"{seconds:.3f}", f"{compiled.num_bits:,}", f"{compiled.num_couplings:,}", compiled.guarantee]


def loop(count: int) -> tuple[float, float]:
    """Seconds per compile, and growth of resident memory after a tenth of them, as a share."""
    rng = np.random.default_rng(3)
    problem = one_row(rng.integers(5, 60, 40).astype(float), 300.0)
    began = time.perf_counter()
    for _ in range(count // 10):
        compile_problem(problem)
    before = resident()
    for _ in range(count - count // 10):
        compile_problem(problem)
    return (time.perf_counter() - began) / count, resident() / before - 1


def main() -> None:
    """Measure, and write the section."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--no-write", action="store_true", help="print only")
    arguments = parser.parse_args()
    head = conditions(["numpy", "scipy", "highspy"])
    rng = np.random.default_rng(0)
    compile_problem(one_row(np.arange(1.0, 9.0), 11.0))
    small, wide = rng.integers(1, 50, 1000).astype(float), rng.integers(1, 10**6, 1000).astype(float)
    lines = []
    for guarantee in ("argmin", "total"):
        options = {"guarantee": guarantee}
        lines.append(measured("row of 1,000, sum = 300", lambda: one_row(np.ones(1000), 300.0, 300.0), **options))
        lines.append(measured("row of 1,000, 1 to 49", lambda: one_row(small, float(small.sum() // 2)), **options))
        lines.append(measured("row of 1,000, up to 10**6", lambda: one_row(wide, float(wide.sum() // 2)), **options))
        lines.append(measured("2**18 sparse binaries", lambda: sparse(COLUMNS, 5), **options))
    each, growth = loop(LOOPS)
    body = head + "\n\n" + table(["model", "guarantee", "seconds", "bits", "couplings", "proven"], lines)
    body += f"\n\n{LOOPS:,} compiles of a knapsack of 40: {each * 1000:.1f} ms each, resident memory {growth:+.1%}"
    body += f" from compile {LOOPS // 10} to {LOOPS}."
    print(body)
    if not arguments.no_write:
        write_section(TITLE, body)


if __name__ == "__main__":
    main()
