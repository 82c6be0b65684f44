"""``python -m benchmarks.compile.conflicts``: is the conflict told for an infeasible model irreducible, and how fast?

Five kinds of models, 20 to 200 rows, seeds from 0; each hides one or several contradictions among rows that a planted
point keeps:

    capacity      jobs that fit nowhere together: more load than their agents hold
    precedence    start times around a cycle of waits, or a chain of waits longer than the horizon
    cover         disjoint demands under a budget that is too small
    odd           an odd cycle of x + y = 1: the relaxation is feasible at one half
    pigeons       n + 1 pigeons in n holes, pairs of them excluded: the relaxation is feasible

A conflict is *minimal* when its members alone are infeasible and become feasible when any single one is dropped, both
by a fresh HiGHS run on a model of the members alone. *Named* means that every member is a rule of the model by its own
name.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.results import conditions, table, write_section
from qopt.core.names import NameTable
from qopt.core.problem import Columns, Kind, Problem
from qopt.core.rows import Rows
from qopt.core.watch import Watch
from qopt.milp.conflict import conflict
from qopt.milp.solve import solve

TITLE = "Compile: conflicts"
SECONDS = 30.0
INF = np.inf
Line = tuple[dict[int, float], float, float]
Random = np.random.Generator


def _problem(lines: list[Line], upper: np.ndarray[Any, Any], rng: Random) -> Problem:
    """Rows in an order drawn by the seed; columns are binary where their upper bound is 1, else whole numbers."""
    lines = [lines[k] for k in rng.permutation(len(lines))]
    n = len(upper)
    kind = np.where(upper == 1, Kind.BINARY, Kind.INTEGER)
    return Problem.build(
        Columns(kind, np.zeros(n), upper, NameTable.numbered("x", n)),
        rows=Rows(
            np.concatenate([[0], np.cumsum([len(terms) for terms, _, _ in lines])]),
            [c for terms, _, _ in lines for c in terms],
            [v for terms, _, _ in lines for v in terms.values()],
            [low for _, low, _ in lines],
            [high for _, _, high in lines],
            NameTable.numbered("rule", len(lines)),
        ),
    )


def _fillers(rng: Random, planted: np.ndarray[Any, Any], count: int) -> list[Line]:
    """Rows of four columns that the planted point keeps."""
    made: list[Line] = []
    for _ in range(count):
        used = rng.choice(len(planted), size=4, replace=False)
        value = rng.integers(-4, 5, 4)
        at = float(value @ planted[used])
        slack = float(rng.integers(0, 3))
        terms = dict(zip(used.tolist(), value.astype(float).tolist()))
        made.append((terms, -INF, at + slack) if rng.random() < 0.5 else (terms, at - slack, INF))
    return made


def capacity(rng: Random, rows: int) -> Problem:
    """Some jobs are bound to two agents that cannot hold them."""
    agents = int(rng.integers(4, 8))
    jobs = rows - agents
    load = rng.integers(3, 12, jobs)
    cell = np.arange(jobs * agents).reshape(jobs, agents)
    bound = rng.choice(jobs, size=min(jobs, int(rng.integers(4, 9))), replace=False)
    lines: list[Line] = []
    for j in range(jobs):
        allowed = [0, 1] if j in bound else range(agents)
        lines.append((dict.fromkeys(cell[j, list(allowed)].tolist(), 1.0), 1.0, 1.0))
    tight = int(load[bound].sum()) // 2 - 1
    for a in range(agents):
        room = float(max(tight, 1)) if a < 2 else float(load.sum())
        lines.append((dict(zip(cell[:, a].tolist(), load.astype(float).tolist())), -INF, room))
    return _problem(lines, np.ones(jobs * agents), rng)


def precedence(rng: Random, rows: int) -> Problem:
    """A cycle of waits, or a chain that ends after the horizon."""
    n = max(8, rows // 2)
    horizon = 4 * n
    start = np.sort(rng.integers(0, horizon, n))
    lines: list[Line] = []
    while len(lines) < rows - 1:
        i, j = sorted(rng.choice(n, size=2, replace=False).tolist())
        wait = float(rng.integers(0, start[j] - start[i] + 1))
        lines.append(({j: 1.0, i: -1.0}, wait, INF))
    length = int(rng.integers(3, 8))
    chain = rng.choice(n, size=length, replace=False).tolist()
    cycle = rng.random() < 0.5
    steps = list(zip(chain, chain[1:] + (chain[:1] if cycle else [])))
    wait = 1.0 if cycle else float(np.ceil(horizon / (length - 1)) + 1)
    lines = lines[: rows - len(steps)] + [({j: 1.0, i: -1.0}, wait, INF) for i, j in steps]
    return _problem(lines, np.full(n, float(horizon)), rng)


def cover(rng: Random, rows: int) -> Problem:
    """Disjoint sets each ask for some of their members; the budget over all is one too small."""
    sets, size = int(rng.integers(3, 8)), 5
    n = max(rows, sets * size + 5)
    need = rng.integers(1, 4, sets)
    lines: list[Line] = [
        (dict.fromkeys(range(s * size, s * size + size), 1.0), float(need[s]), INF) for s in range(sets)
    ]
    lines.append((dict.fromkeys(range(n), 1.0), -INF, float(need.sum() - 1)))
    return _problem(lines + _fillers(rng, np.zeros(n, int), rows - len(lines)), np.ones(n), rng)


def odd(rng: Random, rows: int) -> Problem:
    """An odd cycle of ``x + y = 1`` among even ones."""
    n = rows
    planted = rng.integers(0, 2, n)
    order = rng.permutation(n)
    length = 2 * int(rng.integers(1, 5)) + 1
    ring = order[:length].tolist()
    lines: list[Line] = [({i: 1.0, j: 1.0}, 1.0, 1.0) for i, j in zip(ring, ring[1:] + ring[:1])]
    ones, zeros = (order[length:][planted[order[length:]] == v] for v in (1, 0))
    for i, j in zip(ones.tolist(), zeros.tolist()):
        if len(lines) < rows // 2:
            lines.append(({i: 1.0, j: 1.0}, 1.0, 1.0))
    free = np.zeros(n, dtype=int)
    free[order[length:]] = planted[order[length:]]
    rest = [line for line in _fillers(rng, free, 3 * rows) if not set(line[0]) & set(ring)]
    return _problem(lines + rest[: rows - len(lines)], np.ones(n), rng)


def pigeons(rng: Random, rows: int) -> Problem:
    """More pigeons than holes."""
    holes = 3 if rows < 60 else int(rng.integers(3, 5))
    pairs = [(p, q, h) for p in range(holes + 1) for q in range(p) for h in range(holes)]
    at = lambda p, h: p * holes + h  # noqa: E731  an index, used twice
    lines: list[Line] = [({at(p, h): 1.0 for h in range(holes)}, 1.0, INF) for p in range(holes + 1)]
    lines += [({at(p, h): 1.0, at(q, h): 1.0}, -INF, 1.0) for p, q, h in pairs]
    n = (holes + 1) * holes
    extra = max(4, rows - len(lines))
    filler = _fillers(rng, rng.integers(0, 2, extra), max(0, rows - len(lines)))
    lines += [({c + n: v for c, v in terms.items()}, low, high) for terms, low, high in filler]
    return _problem(lines, np.ones(n + extra), rng)


KINDS: dict[str, Callable[[Random, int], Problem]] = {
    made.__name__: made for made in (capacity, precedence, cover, odd, pigeons)
}


def infeasible(problem: Problem, members: set[str]) -> bool:
    """Whether the members alone have no solution: other rows left out, other bounds of whole numbers opened."""
    keep = [k for k in range(len(problem.rows)) if problem.rows.names[k] in members]
    columns = problem.columns
    opened = np.array([columns.kind[c] == Kind.INTEGER and columns.names[c] not in members for c in range(problem.n)])
    wide = replace(columns, lower=np.where(opened, -INF, columns.lower), upper=np.where(opened, INF, columns.upper))
    only = Problem.build(wide, rows=problem.rows.select(np.array(keep, dtype=np.int64)))
    watch = Watch(clock=time.perf_counter, deadline=time.perf_counter() + SECONDS)
    status = solve(only, watch=watch).status
    if status not in ("infeasible", "optimal"):
        raise RuntimeError(f"{problem.name}: {status} when {len(members)} members were tried")
    return status == "infeasible"


def judged(problem: Problem) -> tuple[float, int, bool, bool]:
    """Seconds, members, whether they are minimal, and whether all are named as the model names them."""
    began = time.perf_counter()
    told = conflict(problem, watch=Watch(clock=time.perf_counter, deadline=began + SECONDS))
    seconds = time.perf_counter() - began
    members = {violation.name for violation in told}
    known = set(problem.rows.names) | set(problem.columns.names)
    named = bool(told) and members <= known and all(v.message.startswith(v.name) for v in told)
    minimal = bool(told) and infeasible(problem, members)
    minimal = minimal and not any(infeasible(problem, members - {name}) for name in members)
    return seconds, len(members), minimal, named


def main() -> None:
    """Judge every model; rewrite the section of RESULTS.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=40)
    parser.add_argument("--only", default="")
    parser.add_argument("--no-write", action="store_true")
    options = parser.parse_args()
    circumstances = conditions(["numpy", "highspy"])
    lines, every = [], []
    for kind, make in KINDS.items():
        if options.only not in kind:
            continue
        found = []
        for seed in range(options.seeds):
            rng = np.random.default_rng([seed, len(kind)])
            found.append(judged(make(rng, int(rng.integers(20, 201)))))
            if not (found[-1][2] and found[-1][3]):
                print(f"{kind} seed {seed}: {found[-1]}", flush=True)
        every += found
        lines.append(_line(kind, found))
        print("  ".join(lines[-1]), flush=True)
    lines.append(_line("all", every))
    print("  ".join(lines[-1]))
    head = ["kind", "models", "minimal", "named", "members, mean and most", "seconds, median", "seconds, most"]
    text = " ".join(__doc__.partition("*minimal*")[2].split())
    what = f"`python -m benchmarks.compile.conflicts`. A conflict is *minimal* {text}"
    how = f"Models of 20 to 200 rows, seeds 0 to {options.seeds - 1}. {circumstances}"
    if not options.no_write:
        write_section(TITLE, f"{what}\n\n{how}\n\n{table(head, lines)}")


def _line(kind: str, found: list[tuple[float, int, bool, bool]]) -> list[str]:
    seconds, size, minimal, named = (np.array(part) for part in zip(*found))
    shares = [f"{100 * part.mean():.1f} %" for part in (minimal, named)]
    members = f"{size.mean():.1f}, {size.max()}"
    return [kind, str(len(found)), *shares, members, f"{np.median(seconds):.3f}", f"{seconds.max():.2f}"]


if __name__ == "__main__":
    main()
