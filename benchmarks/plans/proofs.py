"""``python -m benchmarks.plans.proofs FOLDER``: files of plain models, whether and when they are proven optimal.

Facility location, generalised assignment, knapsacks and bin packing of FOLDER, every member of a file by itself, one
call of ``solve`` each. *Proven* counts the members whose status is optimal; the value is compared with ``optima.csv``
where it says one.
"""

from __future__ import annotations

import argparse
import csv
import time
from pathlib import Path

import numpy as np

import qopt
from benchmarks.results import conditions, table, write_section
from qopt.models.subject import as_subject

TITLE = "Plans: proofs"
HEAD = ["file", "members", "proven", "other than the value listed", "seconds, median", "seconds, worst"]
MEMBERS = {"gap1": 5, "gap3": 5, "gapa": 2, "mknap1": 7, "binpack1": 20}
NAMES = {"gap1": "gap1:c515-{}", "gap3": "gap3:c525-{}", "gapa": "", "mknap1": "mknap1:{}", "binpack1": "u120_{:02d}"}


def main() -> None:
    """Measure and print; ``--write`` puts the table into RESULTS.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    with (arguments.folder / "optima.csv").open(newline="") as source:
        listed = {line["instance"]: float(line["best_known"]) for line in csv.DictReader(source) if line["best_known"]}
    circumstances, rows = conditions(["numpy", "highspy"]), []
    paths = [path for name in ("facility_cflp", "gap", "knapsack") for path in (arguments.folder / name).glob("*.txt")]
    for path in [*sorted(paths), arguments.folder / "binpacking" / "binpack1.txt"]:
        if path.stem == "gapd":  # open: no proof of its members is listed
            continue
        proven, other, spent = 0, 0, []
        count = MEMBERS.get(path.stem, 1)
        for member in range(1, count + 1):
            options = {"member": member} if path.stem in MEMBERS else {}
            began = time.perf_counter()
            result = qopt.solve(as_subject(path, **options), budget=arguments.seconds, seed=1, threads=2, top=1)
            spent.append(time.perf_counter() - began)
            proven += result.status is qopt.Status.OPTIMAL
            value = listed.get(NAMES.get(path.stem, path.stem).format(member - (path.stem == "binpack1")), np.nan)
            found = np.nan if result.objective is None else result.objective
            other += not np.isnan(value) and not np.isclose(found, value, rtol=1e-6)
        times = f"{np.median(spent):.2f}", f"{max(spent):.2f}"
        rows.append([f"{path.parent.name} {path.stem}", str(count), str(proven), str(other), *times])
        print("  ".join(rows[-1]), flush=True)
    if arguments.write:
        explanation = __doc__.split("\n\n")[1].replace("\n", " ")
        words = f"2 threads, at most {arguments.seconds:g} s. {circumstances}"
        write_section(TITLE, f"`python -m benchmarks.plans.proofs`. {explanation}\n\n{words}\n\n{table(HEAD, rows)}")


if __name__ == "__main__":
    main()
