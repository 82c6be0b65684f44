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
    + [(name, np.int64) for name in ("before", "before_end", "soft_end", "after", "after_end", "was_mode", "was_start")]
    + [("change", np.float64)]
)
"""``before`` and ``after`` are lists of lags in ``Facts.lists``, soft ones behind ``before_end``; ``change`` is the
price of doing it otherwise. Behind the tasks of the form stand genes: see ``kernels.project_place``."""

MODE = np.dtype([(name, np.int64) for name in ("duration", "uses", "uses_end")])
LAG = np.dtype(
    [(name, np.int64) for name in ("before", "after", "least", "most", "gene")]
    + [("price", np.float64), ("from_start", np.bool_)]
)
"""``gene`` is -1 for a lag that must be kept."""
JOB = np.dtype([("weight", np.float64), ("due", np.int64), ("release", np.int64)])
PLACED = np.dtype([(name, np.int64) for name in ("start", "mode", "hold")])
NOW = np.dtype([("points", np.int64)])
MEASURED = ("makespan", "weighted_tardiness", "tardy", "flow_time", "setup", "changes", "soft")


class Facts(NamedTuple):
    """For ``kernels.project_*``: n tasks with the genes, R resources."""

    task: NDArray[Any]  # (n,) of TASK
    mode: NDArray[Any]  # (modes + 2 genes,) of MODE
    use: Ints  # (uses, 2): resource, amount
    capacity: Ints  # (R,)
    lag: NDArray[Any]  # (lags,) of LAG
    soft: Ints  # (1,) the first soft lag; all behind it are soft
    lists: Ints
    job: NDArray[Any]  # (jobs + 1,) of JOB, the last one for genes
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
    lag, task = _lags(form), np.zeros(n + genes(form), TASK)
    own, gene = task[:n], task[n:]
    own["release"], own["family"], own["job"] = np.maximum(0, form.release), form.family, form.job
    own["deadline"] = np.minimum(form.deadline, FOREVER)
    own["modes"], own["modes_end"] = form.modes.start[:-1], form.modes.start[1:]
    gene["family"], gene["job"], gene["deadline"] = -1, form.jobs, FOREVER
    gene["modes"] = len(form.modes) + 2 * np.arange(len(gene))
    gene["modes_end"] = gene["modes"] + 2
    task["was_mode"] = task["was_start"] = -1
    now = form.current
    if now is not None:
        own["was_mode"], own["was_start"] = now.mode, now.start
        own["change"] = np.where(np.isinf(now.price), 1e12, now.price)
    before, soft, after = ([list[int]() for _ in task] for _ in range(3))
    for k, (a, b, number) in enumerate(zip(lag["before"].tolist(), lag["after"].tolist(), lag["gene"].tolist())):
        (before if number < 0 else soft)[b].append(k)
        if number < 0:
            after[a].append(k)
    lists: list[int] = []
    for t in range(len(task)):
        task[t]["before"], task[t]["before_end"] = len(lists), len(lists) + len(before[t])
        task[t]["soft_end"] = task[t]["after"] = len(lists) + len(before[t]) + len(soft[t])
        lists += [*before[t], *soft[t], *after[t]]
        task[t]["after_end"] = len(lists)
    mode = np.zeros(len(form.modes) + 2 * len(gene), MODE)
    ways = mode[: len(form.modes)]
    ways["duration"] = form.modes.duration
    ways["uses"], ways["uses_end"] = form.modes.use_start[:-1], form.modes.use_start[1:]
    use = np.stack([form.modes.resource.astype(np.int64), form.modes.amount], axis=1).reshape(-1, 2)
    job = np.zeros(form.jobs + 1, JOB)
    job["weight"][:-1], job["due"][:-1] = form.weight, np.minimum(form.due, FOREVER)
    job["due"][-1] = job["release"] = FOREVER
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
    backward = backward or len(gene) > 0
    bound = (task["deadline"] < FOREVER).any() or (task["release"] > 0).any() or now is not None
    return Facts(
        task,
        mode,
        use,
        np.array(resources.capacity),
        lag,
        np.array([len(form.lags)]),
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


def genes(form: Project) -> int:
    """How many soft lags there are."""
    return 0 if form.soft is None else len(form.soft.lags)


def _lags(form: Project) -> NDArray[Any]:
    """The lags, then the soft ones with the numbers of their genes."""
    hard = len(form.lags)
    out = np.zeros(hard + genes(form), LAG)
    out["gene"][:hard] = -1
    for lags, part in ((form.lags, out[:hard]), (None if form.soft is None else form.soft.lags, out[hard:])):
        for name in ("before", "after", "least", "from_start"):
            if lags is not None:
                part[name] = getattr(lags, name)
                part["most"] = np.minimum(lags.most, FOREVER)
    if form.soft is not None:
        out["gene"][hard:] = form.tasks + np.arange(genes(form))
        out["price"][hard:] = form.soft.price
    return out


def with_genes(form: Project, f: Facts, proposal: Proposal) -> tuple[Ints, Ints]:
    """Modes and starts of a proposal with its genes: what keeps a soft lag keeps it."""
    soft = f.lag[f.soft[0] :]
    end = proposal.start + form.modes.duration[proposal.mode]
    before = soft["before"]
    gap = proposal.start[soft["after"]] - np.where(soft["from_start"], proposal.start[before], end[before])
    let_go = (gap < soft["least"]) | (gap > soft["most"])
    mode = np.concatenate([proposal.mode.astype(np.int64), f.task["modes"][form.tasks :] + let_go])
    return mode, np.concatenate([proposal.start, np.zeros(len(soft), np.int64)])


def prices(form: Project) -> Floats:
    """One price for every measure: a level outweighs the ones after it."""
    out = np.zeros(len(MEASURED))
    for k, level in enumerate(reversed(form.levels)):
        for name, weight in level:
            out[MEASURED.index(name)] += weight * LEVEL**k
    return out


def state_of(form: Project, f: Facts, seed: int) -> State:
    """A state with nothing placed."""
    points, n = len(f.point) + 2 * form.tasks + 2, len(f.task)
    return State(
        np.zeros(1, NOW),
        random_state(seed),
        np.zeros(points, np.int64),
        np.zeros((points, len(form.resources)), np.int64),
        np.zeros(n, PLACED),
        np.zeros((len(form.resources), n), np.int64),
        np.zeros(len(form.resources), np.int64),
    )
