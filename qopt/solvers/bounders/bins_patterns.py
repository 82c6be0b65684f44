"""A bound on packings from the linear choice among all ways to fill a bin, found column by column.

The relaxed master chooses among known patterns; its prices p of the types ask for the pattern that is worth most, kind
by kind. Whatever the prices, no pattern of kind k is worth more than v_k, so p divided by the largest v_k / c_k (or by
1) is feasible for the dual of the choice among *all* patterns, and its value bounds every packing (Farley, 1990). So
every such round gives a bound, not only the last one; rounds in which greedy patterns are worth their bin need none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from qopt.core.accepts import AcceptsForm
from qopt.core.arrays import Floats, Ints, is_integral
from qopt.core.budget import Budget
from qopt.core.forms.bins import NOISE, Bins, first_fit
from qopt.core.names import Labels, NameTable
from qopt.core.polynomial import Polynomial
from qopt.core.problem import Columns, Kind, Problem, Sense
from qopt.core.result import Bound
from qopt.core.rows import Rows
from qopt.core.watch import Watch
from qopt.milp.relax import relax
from qopt.milp.solve import solve
from qopt.solvers.bounders.bins_fill import whole_cost

_MARGIN = 1e-6
"""What a pattern's worth may be off by, relative: tolerances of the solver that finds it."""

_GAIN = 1e-3
"""What a greedy pattern must be worth above its bin, relative, to be taken without a look for the best one."""
_POWERS = (0.6, 0.8, 1.0, 1.3)


@dataclass(frozen=True)
class BinsPatterns:
    """Column generation where types conflict, or sizes have several dimensions or are no whole numbers.

    Elsewhere the formulation ``arcs`` has the same relaxation at once.

    Parameters
    ----------
    rounds
        Most rounds.
    """

    rounds: int = 2_000
    accepts: AcceptsForm = AcceptsForm("bins")

    def bound(self, subject: Bins, *, incumbent: float | None, budget: Budget, watch: Watch) -> Bound | None:
        """The best bound of all rounds; ends early where the incumbent is met."""
        form = subject
        plain = form.size.shape[1] == 1 and form.allowed.all() and not form.conflict.any() and is_integral(form.size)
        if plain or form.cost.min() <= 0 or not form.allowed.any(axis=1).all():
            return None
        kinds, counts = _begin(form)
        best = -np.inf
        for _ in range(self.rounds):
            if watch.expired() or (incumbent is not None and whole_cost(form, best) >= incumbent - 1e-9):
                break
            master = relax(_master(form, kinds, counts), watch=watch)
            if master.status != "optimal":
                break
            prices = np.maximum(master.row_duals, 0.0)
            quick = [(k, row) for k in range(form.kinds) for row in _greedy(form, k, prices)]
            new = [(k, row) for k, row in quick if prices @ row > form.cost[k] * (1 + _GAIN)]
            if new:
                kinds, counts = _more(kinds, counts, new)
                continue
            worth = [_worth(form, k, prices, watch) for k in range(form.kinds)]
            if any(value is None for value, _ in worth):
                break
            ratio = max(float(value or 0.0) / float(cost) for (value, _), cost in zip(worth, form.cost))
            found = float(prices @ form.count) / max(1.0, ratio * (1 + _MARGIN)) * (1 - 1e-9)
            if found > best:
                best = found
                watch.bound(Bound(whole_cost(form, best), "highs", source="patterns"))
            new = [
                (k, row) for k, (_, rows) in enumerate(worth) for row in rows if prices @ row > form.cost[k] + _MARGIN
            ]
            if not new:
                break
            kinds, counts = _more(kinds, counts, new)
        return Bound(whole_cost(form, best), "highs", source="patterns") if np.isfinite(best) else None


def _begin(form: Bins) -> tuple[Ints, Ints]:
    """Patterns to begin with: every type alone in the cheapest kind that may hold it, and the bins of first fit."""
    priced = np.where(form.allowed, form.cost, np.inf)
    kinds, counts = priced.argmin(axis=1), np.eye(form.types, dtype=np.int64)
    greedy = first_fit(form)
    if greedy is not None:
        kinds = np.append(kinds, greedy.kind)
        counts = np.vstack([counts, *(np.bincount(b, minlength=form.types) for b in greedy.bins)])
    return kinds, counts


def _more(kinds: Ints, counts: Ints, new: list[tuple[int, Ints]]) -> tuple[Ints, Ints]:
    """The patterns and some more."""
    return np.append(kinds, [k for k, _ in new]), np.vstack([counts, *(row for _, row in new)])


def _greedy(form: Bins, kind: int, prices: Floats) -> list[Ints]:
    """Patterns of a kind filled by price for the size, the size counting for less, as it is, and for more."""
    out = []
    worthy = np.flatnonzero((prices > 0) & form.allowed[:, kind])
    size = np.maximum(form.weight[worthy], 1e-9)
    for power in _POWERS:
        row, load = np.zeros(form.types, dtype=np.int64), np.zeros(form.size.shape[1])
        shut = np.zeros(form.types, dtype=bool)
        for t in worthy[np.argsort(-prices[worthy] / size**power, kind="stable")].tolist():
            while not shut[t] and row[t] < form.count[t] and form.fits(load + form.size[t], kind):
                row[t] += 1
                load = load + form.size[t]
                shut |= form.conflict[t]
        out.append(row)
    return out


def _master(form: Bins, kinds: Ints, counts: Ints) -> Problem:
    """The choice among some patterns, in parts."""
    n = len(kinds)
    columns = Columns(
        np.full(n, Kind.REAL, np.int8), np.zeros(n), np.full(n, float(form.copies)), NameTable.numbered("pattern", n)
    )
    row, column = np.nonzero(counts.T)
    rows = Rows(
        np.append(0, np.cumsum(np.bincount(row, minlength=form.types))),
        column.astype(np.int32),
        counts.T[row, column].astype(np.float64),
        form.count.astype(np.float64),
        np.full(form.types, np.inf),
        NameTable.numbered("packed", form.types),
    )
    return Problem.build(columns, Polynomial(form.cost[kinds]), rows=rows)


def _worth(form: Bins, kind: int, prices: Floats, watch: Watch) -> tuple[float | None, list[Ints]]:
    """What no pattern of a kind is worth more than, and the valuable ones that were met; None where it is not known."""
    room = form.capacity[kind]
    most = np.where(form.allowed[:, kind], form.count, 0)
    most = np.where(np.diag(form.conflict), np.minimum(most, 1), most)
    columns = Columns(
        np.full(form.types, Kind.INTEGER, np.int8), np.zeros(form.types), most, NameTable.numbered("take", form.types)
    )
    lines = list(_limits(form, room, most))
    problem = Problem.build(
        columns,
        Polynomial(prices),
        rows=Rows.of(lines, NameTable((Labels("limit", (len(lines),)),))),
        sense=Sense.MAXIMIZE,
    )
    outcome = solve(problem, watch=watch)
    if outcome.bound is None:
        return None, []
    return outcome.bound.value, [np.rint(values).astype(np.int64) for values in outcome.values[:5]]


def _limits(form: Bins, room: Floats, most: Ints) -> Iterator[tuple[dict[int, float], float, float]]:
    """Room in every dimension; two types in conflict share their most copies (for single copies, exactly the rule)."""
    for d, capacity in enumerate(room.tolist()):
        used = np.flatnonzero(form.size[:, d])
        yield {int(t): float(form.size[t, d]) for t in used}, -np.inf, capacity * (1 + NOISE) + NOISE
    for a, b in zip(*np.nonzero(np.triu(form.conflict, 1))):
        if most[a] and most[b]:
            yield {int(a): 1.0 / float(most[a]), int(b): 1.0 / float(most[b])}, -np.inf, 1.0


PLUGIN = BinsPatterns()
