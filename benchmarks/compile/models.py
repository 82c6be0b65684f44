"""Seeded models of five classes of linear programs over binaries, as plain documents and as problems.

    knapsack   one capacity, uncorrelated values                          maximise
    gap        every job on one agent, a capacity per agent               minimise cost
    choose     choose exactly k of n within a capacity                    minimise cost
    linking    every client at one site, ``sum_j x[i,j] <= m y[i]``       minimise opening and serving
    mixed      rows with coefficients -4..4 and all three senses          minimise

All data are whole numbers and every model has a feasible point. A document holds what every compiler understands,
``{"name", "class", "size", "seed", "n", "maximize", "linear": [n], "rows": [[columns, values, sense, side], …]}``, with
sense ``<=``, ``>=`` or ``==``; all columns are binary.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from qopt.core.names import NameTable
from qopt.core.polynomial import Polynomial
from qopt.core.problem import Columns, Problem, Sense
from qopt.core.rows import Rows

Document = dict[str, Any]
Line = tuple[list[int], list[int], str, int]
Random = np.random.Generator

SIZES = (8, 30, 100)
SEEDS = 20
SHAPES = {8: (2, 4), 30: (3, 10), 100: (5, 20)}
"""Agents and jobs of a GAP of so many columns."""
SITES = {8: (2, 3), 30: (5, 5), 100: (10, 9)}
"""Sites and clients of a linking model of so many columns, one more per site."""


def _line(terms: dict[int, int], sense: str, side: int) -> Line:
    return list(terms), [int(v) for v in terms.values()], sense, int(side)


def _weights(rng: Random, n: int) -> np.ndarray:
    return rng.integers(1, 10 if n <= 8 else 51, n)


def _knapsack(rng: Random, n: int) -> tuple[bool, np.ndarray, list[Line]]:
    weight = _weights(rng, n)
    return True, rng.integers(1, 21 if n <= 8 else 101, n), [_line(dict(enumerate(weight)), "<=", weight.sum() // 2)]


def _gap(rng: Random, n: int) -> tuple[bool, np.ndarray, list[Line]]:
    agents, jobs = SHAPES[n]
    cost, load = rng.integers(5, 26, (agents, jobs)), rng.integers(5, 26, (agents, jobs))
    cell = np.arange(n).reshape(agents, jobs)
    lines = [_line({int(c): 1 for c in cell[:, j]}, "==", 1) for j in range(jobs)]
    planted = np.argsort(rng.random(jobs)) % agents
    for a in range(agents):
        room = max(int(0.8 * load[a].sum() / agents), int(load[a, planted == a].sum()), int(load[a].max()))
        lines.append(_line(dict(zip(cell[a].tolist(), load[a].tolist())), "<=", room))
    return False, cost.ravel(), lines


def _choose(rng: Random, n: int) -> tuple[bool, np.ndarray, list[Line]]:
    weight, k = _weights(rng, n), n // 3 + 1
    room = max(int(np.sort(weight)[:k].sum()), int(0.8 * weight.mean() * k))
    lines = [_line(dict.fromkeys(range(n), 1), "==", k), _line(dict(enumerate(weight)), "<=", room)]
    return False, rng.integers(1, 21 if n <= 8 else 101, n), lines


def _linking(rng: Random, n: int) -> tuple[bool, np.ndarray, list[Line]]:
    sites, clients = SITES[n]
    cell = sites + np.arange(sites * clients).reshape(sites, clients)
    lines = [_line({int(c): 1 for c in cell[:, j]}, "==", 1) for j in range(clients)]
    lines += [_line({**dict.fromkeys(cell[i].tolist(), 1), i: -clients}, "<=", 0) for i in range(sites)]
    return False, np.concatenate([rng.integers(10, 31, sites), rng.integers(1, 21, sites * clients)]), lines


def _mixed(rng: Random, n: int) -> tuple[bool, np.ndarray, list[Line]]:
    planted, lines = rng.integers(0, 2, n), []
    for _ in range(2 if n <= 8 else n // 6):
        used = rng.choice(n, size=min(n, int(rng.integers(3, 9))), replace=False)
        value = rng.choice([-4, -3, -2, -1, 1, 2, 3, 4], len(used))
        sense, at = str(rng.choice(["<=", ">=", "=="], p=[0.4, 0.4, 0.2])), int(value @ planted[used])
        side = at + {"<=": 1, ">=": -1, "==": 0}[sense] * int(rng.integers(0, 3))
        lines.append(_line(dict(zip(used.tolist(), value.tolist())), sense, side))
    return False, rng.integers(-20, 21, n), lines


CLASSES: dict[str, Callable[[Random, int], tuple[bool, np.ndarray, list[Line]]]] = {
    "knapsack": _knapsack,
    "gap": _gap,
    "choose": _choose,
    "linking": _linking,
    "mixed": _mixed,
}


def document(kind: str, size: int, seed: int) -> Document:
    """One model; the same arguments always give the same one."""
    rng = np.random.default_rng([list(CLASSES).index(kind), size, seed])
    maximize, linear, lines = CLASSES[kind](rng, size)
    return {
        "name": f"{kind}-{size}-{seed}",
        "class": kind,
        "size": size,
        "seed": seed,
        "n": size,
        "maximize": maximize,
        "linear": [int(v) for v in linear],
        "rows": lines,
    }


def documents(kind: str, size: int, seeds: int = SEEDS) -> Iterator[Document]:
    """The models of one class and size, seeds from 0."""
    return (document(kind, size, seed) for seed in range(seeds))


def problem_of(model: Document) -> Problem:
    """The document as a problem."""
    rows = model["rows"]
    side = np.array([line[3] for line in rows], dtype=np.float64)
    sense = np.array([line[2] for line in rows])
    return Problem.build(
        Columns.binaries(NameTable.numbered("x", model["n"])),
        Polynomial(np.array(model["linear"], dtype=np.float64)),
        rows=Rows(
            np.concatenate([[0], np.cumsum([len(line[0]) for line in rows])]),
            [c for line in rows for c in line[0]],
            [v for line in rows for v in line[1]],
            np.where(sense == "<=", -np.inf, side),
            np.where(sense == ">=", np.inf, side),
            NameTable.numbered("row", len(rows)),
        ),
        sense=Sense.MAXIMIZE if model["maximize"] else Sense.MINIMIZE,
        name=model["name"],
    )
