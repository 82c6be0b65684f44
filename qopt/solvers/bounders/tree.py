"""Bounder ``tree``: no set of routes is shorter than the Lagrangean 1-tree (one route) or K-tree (several).

Conditions. None on the distances: the bound needs no triangle inequality, and where a distance differs by direction
the shorter one is taken. Capacity enters through the fewest routes that can carry everything, and through how many of
them can serve a single customer; it is not otherwise relaxed, so the bound of a tight fleet is several per cent low.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from qopt.core.accepts import AcceptsForm
from qopt.core.arrays import Ints
from qopt.core.budget import Budget
from qopt.core.forms.routes import Routes
from qopt.core.result import Bound
from qopt.core.watch import Watch, run_in_chunks

STATE = np.dtype([("bound", np.float64), ("goal", np.float64), ("scale", np.float64), ("stale", np.int64)])


@dataclass(frozen=True)
class Tree:
    """Held-Karp's bound for one route, Fisher's K-tree bound without capacity cuts for several.

    Parameters
    ----------
    steps
        Most steps of the subgradient ascent.
    """

    steps: int = 20_000
    accepts: AcceptsForm = AcceptsForm("routes")

    def bound(self, subject: Routes, *, incumbent: float | None, budget: Budget, watch: Watch) -> Bound | None:
        """A lower bound on the length of every feasible set of routes; None when there is no customer or no set.

        Whole distances give a whole bound, rounded up. Better bounds are reported on the way.
        """
        from qopt.kernels.routes_tree import ascend

        fewest, singles = route_counts(subject)
        if subject.n < 2 or not len(singles):
            return None
        if budget.seconds is not None and watch.deadline is None:
            watch = watch.within(budget.seconds)
        distance = np.minimum(subject.distance, subject.distance.T)
        n = subject.n
        price, best_price, slope = np.zeros(n), np.zeros(n), np.zeros(n)
        now = np.zeros(1, dtype=STATE)
        now["bound"], now["scale"] = -np.inf, 1.0
        now["goal"] = -np.inf if incumbent is None else incumbent
        found: Bound | None = None

        def step(units: int) -> int:
            nonlocal found
            did = int(ascend(distance, fewest, singles, price, best_price, slope, now, units))
            value = safe(float(now["bound"][0]), integral=subject.integral)
            if found is None or value > found.value:
                found = Bound(value, "combinatorial", source="one_tree" if fewest == len(singles) == 1 else "k_tree")
                watch.bound(found)
            closed = incumbent is not None and value >= incumbent
            return 0 if closed else did

        run_in_chunks(step, watch, work=min(self.steps, budget.work or self.steps), first=1)
        return found


def safe(value: float, *, integral: bool) -> float:
    """The bound less what rounding errors may have added; then up to a whole number where objectives are whole."""
    value -= 1e-9 * max(1.0, abs(value))
    return float(math.ceil(value - 1e-6)) if integral else value


def route_counts(form: Routes) -> tuple[int, Ints]:
    """The fewest routes K that may do, and for each K from there to the most: how many can serve one customer alone.

    With s customers alone, the other K - s routes must carry the rest: in number (at most so many of the smallest
    demands fit) and in load (the s largest demands taken away).
    """
    demand = np.sort(form.demand[1:])
    customers = len(demand)
    total = float(demand.sum())
    slack = 1e-9 * max(1.0, total)
    longest = int(np.searchsorted(np.cumsum(demand), form.capacity + slack, side="right"))
    if customers == 0 or longest == 0:
        return 1, np.zeros(0, np.int64)
    by_load = 1 if np.isinf(form.capacity) else math.ceil((total - slack) / form.capacity)
    fewest = max(1, by_load, math.ceil(customers / longest))
    alone = np.arange(customers + 1)
    rest = total - np.concatenate([[0.0], np.cumsum(demand[::-1])])
    needed = np.ceil((customers - alone) / longest)
    if np.isfinite(form.capacity):
        needed = np.maximum(needed, np.ceil((rest - slack) / form.capacity))
    routes = alone + np.maximum(needed, 0)  # fewest routes in which `alone` customers are alone
    fits = range(fewest, min(form.vehicles, customers) + 1)
    singles = [int(alone[(routes <= k) & (alone <= k)].max(initial=0)) for k in fits]
    return fewest, np.array(singles, dtype=np.int64)


PLUGIN = Tree()
