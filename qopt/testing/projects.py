"""Small projects with every rule of the form, and their best schedules by plain enumeration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np

from qopt.core.forms.project import FOREVER, Lags, Modes, Project, Proposal, Resources, evaluate

Mode = tuple[int, Mapping[int, int]]
"""Duration, and the amount of each resource."""


def project_of(
    tasks: Sequence[Sequence[Mode]],
    capacity: Sequence[int],
    lags: Sequence[tuple[Any, ...]] = (),
    *,
    jobs: Any = None,
    closed: Sequence[tuple[int, int, int]] = (),
    setup: Sequence[Any] = (),
    **more: Any,
) -> Project:
    """A project from its tasks (each a list of modes), capacities and lags.

    Parameters
    ----------
    lags
        ``(before, after)``, then what differs from ``from_start=False, least=0, most=FOREVER``.
    closed
        ``(resource, from, until)``.
    more
        Fields of the form; what is left out binds nothing.
    """
    modes = [mode for ways in tasks for mode in ways]
    uses = [list(use.items()) for _, use in modes]
    n = len(tasks)
    job: Any = np.zeros(n) if jobs is None else np.array(jobs)
    count = int(job.max(initial=0)) + 1
    shut = [sorted((low, high) for r, low, high in closed if r == k) for k in range(len(capacity))]
    lines = [(*lag, *(False, 0, FOREVER)[len(lag) - 2 :]) for lag in lags]
    columns: list[Any] = list(zip(*lines)) if lines else [[], [], [], [], []]
    given = {
        "release": np.zeros(n),
        "deadline": np.full(n, FOREVER),
        "due": np.full(count, FOREVER),
        "weight": np.ones(count),
        "family": np.full(n, -1),
    }
    return Project(
        Modes(
            np.concatenate([[0], np.cumsum([len(ways) for ways in tasks])]),
            np.array([duration for duration, _ in modes]),
            np.concatenate([[0], np.cumsum([len(use) for use in uses])]),
            np.array([r for use in uses for r, _ in use]),
            np.array([a for use in uses for _, a in use]),
        ),
        Resources(
            np.array(capacity),
            np.concatenate([[0], np.cumsum([len(s) for s in shut])]),
            np.array([s[0] for part in shut for s in part]),
            np.array([s[1] for part in shut for s in part]),
            tuple(setup),
        ),
        Lags(*(np.array(column) for column in columns)),
        job,
        **{**given, **more},
    )


def random_project(n: int, *, seed: int, rich: bool = True) -> Project:
    """Tasks on a machine and two resources in two jobs; with ``rich`` also modes, set-ups, a calendar, longest lags and
    due dates."""
    rng = np.random.default_rng(seed)
    tasks: list[list[Mode]] = []
    for _ in range(n):
        ways: list[Mode] = []
        for _ in range(1 + int(rich and rng.random() < 0.4)):
            use = {int(rng.integers(0, 3)): 1}
            if rng.random() < 0.4:
                use[2] = int(rng.integers(1, 3))
            ways.append((int(rng.integers(1, 4)), use))
        tasks.append(ways)
    lags: list[tuple[Any, ...]] = [(a, b) for a in range(n) for b in range(a + 1, n) if rng.random() < 1.2 / n]
    more: dict[str, Any] = {}
    if rich:
        lags = [(a, b, False, int(rng.integers(0, 2)), int(rng.choice([4, FOREVER]))) for a, b in lags]
        more["closed"] = [(1, 3, 5)]
        more["family"] = rng.integers(0, 2, n)
        more["setup"] = (np.array([[0, 2], [1, 0], [0, 1]]), None, None)
        more["due"], more["weight"] = np.array([4, 6]), np.array([2.0, 1.0])
        objectives: list[Any] = [(("makespan", 1.0),), (("weighted_tardiness", 1.0), ("flow_time", 0.5))]
        rng.shuffle(objectives)
        more["levels"] = tuple(objectives)
        more["release"] = rng.integers(0, 3, n)
    jobs = np.concatenate([[0, 1], rng.integers(0, 2, n)])[:n]
    return project_of(tasks, [1, 1, 2], lags, jobs=jobs, **({"due": np.full(2, FOREVER), "weight": np.ones(2)} | more))


def flexible_shop(jobs: int, machines: int, *, seed: int) -> Project:
    """A flexible job shop: as many tasks to a job as there are machines, each on up to three of them."""
    rng = np.random.default_rng(seed)
    each = machines
    tasks: list[list[Mode]] = []
    for _ in range(jobs * each):
        chosen = rng.choice(machines, min(machines, int(rng.integers(1, 4))), replace=False)
        tasks.append([(int(rng.integers(1, 4)), {int(m): 1}) for m in chosen])
    lags = [(t, t + 1) for t in range(len(tasks) - 1) if (t + 1) % each]
    return project_of(tasks, [1] * machines, lags, jobs=np.repeat(np.arange(jobs), each))


def shortest_project(form: Project, horizon: int) -> tuple[float, ...] | None:
    """Levels of the best of all schedules that start within the horizon; None where nothing is feasible."""
    best: tuple[float, ...] | None = None
    ways = [range(form.modes.start[t], form.modes.start[t + 1]) for t in range(form.tasks)]
    for mode in product(*ways):
        for start in product(range(horizon), repeat=form.tasks):
            check = evaluate(form, Proposal(np.array(mode), np.array(start)))
            if check.feasible and (best is None or check.levels < best):
                best = check.levels
    return best
