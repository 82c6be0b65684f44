"""Job shop as start times and one bit for every pair of tasks that share a machine (Manne 1960)."""

from __future__ import annotations

from typing import Any

import numpy as np

from qopt.core.arrays import Floats, Ints
from qopt.core.forms.shop import Proposal, Shop
from qopt.core.names import Labels, NameTable
from qopt.core.polynomial import Polynomial
from qopt.core.problem import Columns, Kind, Problem
from qopt.core.rows import Rows
from qopt.models.families._shop_windows import Windows, machine_pairs


def size(form: Shop) -> tuple[int, int]:
    """Columns and nonzeros."""
    pairs = len(machine_pairs(form))
    followers, ends = _followers(form), _ends(form)
    return form.tasks + pairs + 1, 2 * (len(followers) + len(ends)) + 6 * pairs + 1


def build(form: Shop, windows: Windows, tasks: tuple[str, ...], name: str) -> Problem:
    """Columns ``start[task]``, ``order[a,b]`` (1: a runs before b) and ``makespan``; all whole numbers.

    A row of a pair binds for one value of its bit; for the other it is slack by the windows of the two tasks.

    Parameters
    ----------
    tasks
        A label for every task, such as ``J1,cut``.
    """
    pairs = machine_pairs(form)
    n, m = form.tasks, len(pairs)
    makespan = n + m
    first, second = pairs.T
    bit = n + np.arange(m)
    slack_first = form.duration[first] + windows.latest[first] - windows.earliest[second]
    slack_second = form.duration[second] + windows.latest[second] - windows.earliest[first]
    followers, ends = _followers(form), _ends(form)
    blocks = [
        # start[t] - start[t-1] >= duration[t-1]
        (np.stack([followers, followers - 1], 1), [1, -1], form.duration[followers - 1], None),
        # makespan - start[t] >= duration[t]
        (np.stack([np.full(len(ends), makespan), ends], 1), [1, -1], form.duration[ends], None),
        # start[b] - start[a] >= duration[a] - slack (1 - order[a,b])
        (np.stack([second, first, bit], 1), [1, -1], form.duration[first] - slack_first, -slack_first),
        # start[a] - start[b] >= duration[b] - slack order[a,b]
        (np.stack([first, second, bit], 1), [1, -1], form.duration[second], slack_second),
    ]
    texts = tuple(f"{tasks[a]},{tasks[b]}" for a, b in pairs.tolist())
    job_labels, end_labels = tuple(tasks[t] for t in followers), tuple(tasks[t] for t in ends)
    lower, upper = np.zeros(n + m + 1), np.ones(n + m + 1)
    lower[:n], upper[:n] = windows.earliest, windows.latest
    lower[makespan], upper[makespan] = windows.shortest, windows.longest
    kind = np.full(n + m + 1, Kind.INTEGER)
    kind[n : n + m] = Kind.BINARY
    families = [_family("start", tasks), _family("order", texts), Labels("makespan")]
    objective = np.zeros(n + m + 1)
    objective[makespan] = 1.0
    return Problem.build(
        Columns(kind, lower, upper, NameTable(tuple(f for f in families if f.size))),
        {"makespan": Polynomial(objective)},
        rows=_rows(blocks, [("after", job_labels), ("end", end_labels), ("before", texts), ("behind", texts)]),
        name=name,
    )


def lift(form: Shop, windows: Windows, proposal: Proposal) -> Floats | None:
    """Starts, the bits that they imply, and the makespan; None for a start outside its window."""
    first, second = machine_pairs(form).T
    if not windows.hold(proposal):
        return None
    start = proposal.start
    makespan = max(int((start + form.duration).max(initial=0)), windows.shortest)
    return np.concatenate([start, start[first] < start[second], [makespan]]).astype(np.float64)


def lower(form: Shop, values: Any) -> Proposal:
    """The starts, rounded, as they stand."""
    return Proposal(np.rint(np.asarray(values, dtype=np.float64)[: form.tasks]).astype(np.int64))


def _followers(form: Shop) -> Ints:
    """Tasks with a task before them in their job."""
    return np.flatnonzero(form.job[1:] == form.job[:-1]) + 1


def _ends(form: Shop) -> Ints:
    """The last task of every job that has one."""
    return form.indptr[1:][np.diff(form.indptr) > 0].astype(np.int64) - 1


def _family(name: str, labels: tuple[str, ...]) -> Labels:
    return Labels(name, (len(labels),), (labels,))


def _rows(blocks: list[Any], names: list[tuple[str, tuple[str, ...]]]) -> Rows:
    """Rows ``first - second (+ slack * bit) >= side`` of every block, named by its family."""
    index, value, lengths, sides = [], [], [], []
    for columns, signs, side, slack in blocks:
        coefficients = np.tile(np.array(signs, dtype=np.float64), (len(columns), 1))
        if slack is not None:
            coefficients = np.concatenate([coefficients, slack[:, None]], axis=1)
        index.append(columns.ravel())
        value.append(coefficients.ravel())
        lengths.append(np.full(len(columns), columns.shape[1]))
        sides.append(side)
    lower = np.concatenate(sides).astype(np.float64)
    return Rows(
        np.append(0, np.cumsum(np.concatenate(lengths))),
        np.concatenate(index),
        np.concatenate(value),
        lower,
        np.full(len(lower), np.inf),
        NameTable(tuple(_family(name, labels) for name, labels in names if labels)),
    )
