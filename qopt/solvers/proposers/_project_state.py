"""A project as the arrays that its kernels work on, and the state of a search."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from qopt.core.arrays import Floats, Ints
from qopt.core.forms.project import FOREVER, Project, Proposal
from qopt.solvers.proposers._routes_state import random_state

LEVEL = 1e5
"""How much more than all levels after it a level of the objective weighs, about."""

TASK = np.dtype(
    [(name, np.int64) for name in ("release", "deadline", "family", "job", "modes", "modes_end")]
    + [(name, np.int64) for name in ("before", "before_end", "after", "after_end", "was_mode", "was_start")]
    + [("change", np.float64)]
)
"""``before`` and ``after`` are lists of lags in ``Facts.lists``; ``change`` is the price of doing it otherwise."""

MODE = np.dtype([(name, np.int64) for name in ("duration", "uses", "uses_end")])
LAG = np.dtype([(name, np.int64) for name in ("before", "after", "least", "most")] + [("from_start", np.bool_)])
JOB = np.dtype([("weight", np.float64), ("due", np.int64), ("release", np.int64)])
PLACED = np.dtype([(name, np.int64) for name in ("start", "mode", "hold")])
NOW = np.dtype([("points", np.int64)])
MEASURED = ("makespan", "weighted_tardiness", "tardy", "flow_time", "setup", "changes")


class Facts(NamedTuple):
    """For ``kernels.project_*``: n tasks, R resources."""

    task: NDArray[Any]  # (n,) of TASK
    mode: NDArray[Any]  # (modes,) of MODE
    use: Ints  # (uses, 2): resource, amount
    capacity: Ints  # (R,)
    lag: NDArray[Any]  # (lags,) of LAG
    lists: Ints
    job: NDArray[Any]  # (jobs,) of JOB
    point: Ints  # times at which closed times begin and end, the first 0, the last FAR
    closed: Ints  # (points, R): capacity where closed, else 0
    setup_of: Ints  # (R,) number of the table of set-ups, -1 for none
    setup: Ints  # (tables, families + 1, families)
    price: Floats  # (measures,) of MEASURED
    setups: NDArray[np.bool_]  # (1,)
    longest: NDArray[np.bool_]  # (1,) whether there are longest lags
    plain: NDArray[np.bool_]  # (1,) whether schedules can be justified: shortest lags and resources alone


class State(NamedTuple):
    """A schedule being made."""

    now: NDArray[Any]  # (1,) of NOW
    rng: NDArray[np.uint64]  # (1,)
    point: Ints  # (most points,)
    used: Ints  # (most points, R)
    task: NDArray[Any]  # (n,) of PLACED
    line: Ints  # (R, n) tasks of machines with set-ups, in order
    line_length: Ints  # (R,)


def facts(form: Project) -> Facts:
    """The constants of a form."""
    n, resources = form.tasks, form.resources
    task = np.zeros(n, TASK)
    task["release"], task["family"], task["job"] = np.maximum(0, form.release), form.family, form.job
    task["deadline"] = np.minimum(form.deadline, FOREVER)
    task["modes"], task["modes_end"] = form.modes.start[:-1], form.modes.start[1:]
    task["was_mode"] = task["was_start"] = -1
    now = form.current
    if now is not None:
        task["was_mode"], task["was_start"] = now.mode, now.start
        task["change"] = np.where(np.isinf(now.price), 1e12, now.price)
    lags = form.lags
    lag = np.zeros(len(lags), LAG)
    for name in ("before", "after", "least", "from_start"):
        lag[name] = getattr(lags, name)
    lag["most"] = np.minimum(lags.most, FOREVER)
    lists: list[int] = []
    for name, ends in (("before", lags.after), ("after", lags.before)):
        order = np.argsort(ends, kind="stable")
        bounds = np.searchsorted(ends[order], np.arange(n + 1)) + len(lists)
        task[name], task[name + "_end"] = bounds[:-1], bounds[1:]
        lists += order.tolist()
    mode = np.zeros(len(form.modes), MODE)
    mode["duration"] = form.modes.duration
    mode["uses"], mode["uses_end"] = form.modes.use_start[:-1], form.modes.use_start[1:]
    use = np.stack([form.modes.resource.astype(np.int64), form.modes.amount], axis=1).reshape(-1, 2)
    job = np.zeros(form.jobs, JOB)
    job["weight"], job["due"] = form.weight, np.minimum(form.due, FOREVER)
    job["release"] = FOREVER
    np.minimum.at(job["release"], form.job, np.maximum(0, form.release))
    point = np.unique(np.concatenate([[0], resources.closed_from, resources.closed_until, [FOREVER]]))
    point = point[point >= 0]
    closed = np.zeros((len(point), len(resources)), np.int64)
    for r in range(len(resources)):
        for k in range(resources.closed_start[r], resources.closed_start[r + 1]):
            inside = (point >= resources.closed_from[k]) & (point < resources.closed_until[k])
            closed[inside, r] = resources.capacity[r]
    tables = [r for r, table in enumerate(resources.setup) if table is not None]
    setup_of = np.full(len(resources), -1)
    setup_of[tables] = np.arange(len(tables))
    shaped = [np.asarray(resources.setup[r]) for r in tables]
    families = max((table.shape[1] for table in shaped), default=1)
    setup = np.zeros((len(tables), families + 1, families), np.int64)
    for k, table in enumerate(shaped):
        setup[k, : len(table) - 1, : table.shape[1]] = table[:-1]
        setup[k, -1, : table.shape[1]] = table[-1]
    longest = bool((lag["most"] < FOREVER).any())
    backward = (lag["least"] < 0).any() or lag["from_start"].any() or longest or len(tables) or len(point) > 2
    bound = (task["deadline"] < FOREVER).any() or (task["release"] > 0).any() or now is not None
    return Facts(
        task,
        mode,
        use,
        np.array(resources.capacity),
        lag,
        np.array(lists, dtype=np.int64),
        job,
        point,
        closed,
        setup_of.astype(np.int64),
        setup,
        prices(form),
        np.array([len(tables) > 0]),
        np.array([longest]),
        np.array([not (backward or bound)]),
    )


def prices(form: Project) -> Floats:
    """One price for every measure: a level outweighs the ones after it."""
    out = np.zeros(len(MEASURED))
    for k, level in enumerate(reversed(form.levels)):
        for name, weight in level:
            out[MEASURED.index(name)] += weight * LEVEL**k
    return out


def state_of(form: Project, f: Facts, seed: int) -> State:
    """A state with nothing placed."""
    points = len(f.point) + 2 * form.tasks + 2
    return State(
        np.zeros(1, NOW),
        random_state(seed),
        np.zeros(points, np.int64),
        np.zeros((points, len(form.resources)), np.int64),
        np.zeros(form.tasks, PLACED),
        np.zeros((len(form.resources), form.tasks), np.int64),
        np.zeros(len(form.resources), np.int64),
    )


def read(s: State) -> Proposal:
    """The schedule in the state."""
    return Proposal(s.task["mode"].copy(), s.task["start"].copy())
