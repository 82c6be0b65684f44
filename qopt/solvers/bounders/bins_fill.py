"""Bounds on packings from sizes alone: what the items take in sum, which halves cannot pair up, who may not meet."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np

from qopt.core.accepts import AcceptsForm
from qopt.core.arrays import Floats, Ints
from qopt.core.budget import Budget
from qopt.core.forms.bins import Bins
from qopt.core.result import Bound
from qopt.core.watch import Watch

_SLACK = 1e-6
"""Bins that a float may be off by: so much is taken off before rounding up."""


@dataclass(frozen=True)
class BinsFill:
    """The largest of the continuous bound, Martello and Toth's L2 (1990) and a clique of conflicts; milliseconds."""

    accepts: AcceptsForm = AcceptsForm("bins")

    def bound(self, subject: Bins, *, incumbent: float | None, budget: Budget, watch: Watch) -> Bound | None:
        """The largest of the three; the incumbent is not used."""
        found = max(
            (
                Bound(continuous(subject), "combinatorial", source="continuous"),
                Bound(priced(subject, halves(subject)), "combinatorial", source="martello_toth_l2"),
                Bound(priced(subject, clique(subject)), "combinatorial", source="conflict_clique"),
            ),
            key=lambda bound: bound.value,
        )
        watch.bound(found)
        return found


def priced(form: Bins, bins: int) -> float:
    """What so many bins cost at least: the cheapest first, within their limits."""
    cost, left = 0.0, bins
    for k in np.argsort(form.cost, kind="stable").tolist():
        taken = min(left, int(form.limit[k]))
        cost, left = cost + taken * float(form.cost[k]), left - taken
    return cost


def continuous(form: Bins) -> float:
    """The cheapest room for all that has to go in, dimension by dimension, as if items and bins could be cut."""
    best = 0.0
    for d in range(form.size.shape[1]):
        need, cost = float(form.count @ form.size[:, d]) * (1 - 1e-12), 0.0
        room = form.capacity[:, d]
        useful = np.flatnonzero(room > 0)
        for k in useful[np.argsort(form.cost[useful] / room[useful], kind="stable")].tolist():
            share = min(need / float(room[k]), float(form.limit[k]))
            cost, need = cost + share * float(form.cost[k]), need - share * float(room[k])
        best = max(best, cost)
    return whole_cost(form, best)


def whole_cost(form: Bins, value: float) -> float:
    """The least cost of bins that is not below a bound: a multiple of what all costs are multiples of."""
    step = float(np.gcd.reduce(form.cost.astype(np.int64))) if form.integral else 0.0
    return step * ceil(value / step - _SLACK) if step > 0 and np.isfinite(value) else value * (1 - 1e-9)


def halves(form: Bins) -> int:
    """L2: with a cut c, items above capacity - c are alone, those above one half do not pair up, and of those from c
    to one half what does not fit beside the latter needs bins of its own; the best over cuts and dimensions."""
    return max(
        (_halves(form.size[:, d], form.count, float(form.capacity[:, d].max())) for d in range(form.size.shape[1])),
        default=0,
    )


def _halves(size: Floats, count: Ints, room: float) -> int:
    if room <= 0:
        return 0
    best = 0
    for cut in np.unique(np.append(size[size <= room / 2], 0.0)).tolist():
        alone, large = size > room - cut, size > room / 2
        middle = (size >= cut) & ~large
        large &= ~alone
        pairs = int(count[large].sum())
        free = pairs * room - float(count[large] @ size[large])
        rest = (float(count[middle] @ size[middle]) - free) / room
        best = max(best, int(count[alone].sum()) + pairs + max(0, ceil(rest - _SLACK)))
    return best


def clique(form: Bins) -> int:
    """Copies of which no two may share a bin, gathered greedily from each type in turn; for the first 200 types."""
    if not form.conflict.any():
        return int(form.copies > 0)
    best = 1
    degree = form.conflict @ form.count
    order = np.argsort(-degree, kind="stable")
    for first in order[:200].tolist():
        members = [first]
        open_ = form.conflict[first].copy()
        for t in order.tolist():
            if open_[t] and t != first:
                members.append(t)
                open_ &= form.conflict[t]
        best = max(best, sum(int(form.count[t]) if form.conflict[t, t] else 1 for t in members))
    return best


PLUGIN = BinsFill()
