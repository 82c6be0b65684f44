"""``python -m benchmarks.plans.gaps FOLDER``: gaps to the best known answers on files of routing, shops and rosters.

FOLDER holds ``optima.csv`` (family, instance, best known value) beside folders of files. Every run
is one call of ``solve`` by file name, nothing else told, and ends early where the best known value is reached. The
objective is that of the plan as the second, independent judge of its family accepts it; a plan that it faults counts as
none. *1 s* and *5 s* are the gaps of what was known by then, in the same runs. Kernels are compiled before.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

import qopt
from benchmarks.results import conditions, table, write_section
from qopt.core.budget import Budget
from qopt.models.subject import as_subject

TITLE = "Plans: gaps to the best known"
HEAD = [
    "file",
    "best known",
    "seconds at most",
    "runs",
    "at best known",
    "mean gap",
    "worst gap",
    "1 s",
    "5 s",
    "proven",
]
FAMILIES = ("tsp", "cvrp", "vrptw", "jobshop", "flexible_jobshop", "rcpsp", "rostering_nrp")
LONG = {"Instance1": 60, "Instance2": 60, "Instance4": 60, "Instance5": 120, "Instance8": 120, "Instance10": 120}
LONG |= {"Instance14": 120}


class File(NamedTuple):
    """A file with its best known value."""

    family: str
    name: str
    path: Path
    best: float


class Outcome(NamedTuple):
    """One run: relative gaps at the end, after 1 s and after 5 s (infinite: nothing yet), and whether it was proven."""

    gap: float
    second: float
    five: float
    proven: bool


def files(folder: Path) -> Iterator[File]:
    """Those of ``optima.csv`` that have a value and a file of their name."""
    with (folder / "optima.csv").open(newline="") as source:
        for line in csv.DictReader(source):
            if line["family"] in FAMILIES and line["best_known"]:
                for path in sorted((folder / line["family"]).glob(f"{line['instance']}.*")):
                    if path.suffix != ".sol":
                        yield File(line["family"], line["instance"], path, float(line["best_known"]))


def measure(file: File, seconds: float, seed: int, threads: int) -> Outcome:
    """One run."""
    subject = as_subject(file.path)
    budget = Budget(seconds=seconds, target=file.best)
    result = qopt.solve(subject, budget=budget, seed=seed, threads=threads, top=1)
    if result.objective is None or subject.faults(result.solutions[0].plan):
        return Outcome(np.inf, np.inf, np.inf, False)

    def gap(value: float) -> float:
        return (value - file.best) / abs(file.best)

    def by(limit: float) -> float:
        known = [event["objective"] for event in result.record.incumbents if event["seconds"] <= limit]
        return gap(min(known)) if known else np.inf

    return Outcome(gap(result.objective), by(1.0), by(5.0), result.status is qopt.Status.OPTIMAL)


def percent(value: float) -> str:
    """Two decimals."""
    return f"{100 * value + 0.0:.2f} %" if np.isfinite(value) else "–"


def row(file: File, seconds: float, outcomes: list[Outcome]) -> list[str]:
    """The table's row of one file."""
    gaps = [outcome.gap for outcome in outcomes]
    hits = sum(gap <= 1e-9 for gap in gaps)
    early = [percent(float(np.mean([getattr(o, name) for o in outcomes]))) for name in ("second", "five")]
    return [
        *(f"{file.family} {file.name}", f"{file.best:g}", f"{seconds:g}", str(len(gaps)), str(hits)),
        *(percent(float(np.mean(gaps))), percent(max(gaps)), *early, str(sum(o.proven for o in outcomes))),
    ]


def main() -> None:
    """Measure and print; ``--write`` puts the table into RESULTS.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, default=30.0, help="per run; rosters have their own")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", nargs="*", default=[], help="families or file names")
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    circumstances, rows = conditions(["numpy", "numba", "highspy"]), []
    for file in files(arguments.folder):
        if not arguments.only or {file.family, file.name} & set(arguments.only):
            seconds = LONG.get(file.name, arguments.seconds)
            outcomes = [measure(file, seconds, seed, arguments.threads) for seed in arguments.seeds]
            rows.append(row(file, seconds, outcomes))
            print("  ".join(rows[-1]), flush=True)
    if arguments.write:
        explanation = __doc__.split("\n\n")[1].replace("\n", " ")
        words = f"{arguments.threads} threads, seeds {', '.join(map(str, arguments.seeds))}. {circumstances}"
        write_section(TITLE, f"`python -m benchmarks.plans.gaps`. {explanation}\n\n{words}\n\n{table(HEAD, rows)}")


if __name__ == "__main__":
    main()
