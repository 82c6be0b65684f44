"""The feasible point nearest to a given one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from qopt.core.arrays import Bools, Floats
from qopt.core.polynomial import Polynomial
from qopt.core.problem import Level, Part, Problem
from qopt.core.watch import Watch
from qopt.milp.assembly import Source
from qopt.milp.lowering import lower
from qopt.milp.model import Model
from qopt.milp.session import Session
from qopt.milp.verify import Verifier


class Nearest:
    """Asks for the nearest feasible point again and again, with one model inside HiGHS.

    Minimises the distance, plus ``pull`` times the first level scaled so that its coefficients are about 1. The
    distance of a binary or spin column is 0 or 1; that of an integer or real one is relative to its range. An objective
    with more than ``limit`` products is replaced by its gradient at the target.

    Parameters
    ----------
    pull
        Weight of the objective; a small one only chooses among points that are about equally near.
    limit
        Most products of the objective that are linearised.
    gap
        Relative gap of the distance at which a point is near enough.
    """

    def __init__(
        self, problem: Problem, verifier: Verifier, *, pull: float = 0.1, gap: float = 0.05, limit: int = 500
    ) -> None:
        self.problem, self._verifier, self._pull, self._gap = problem, verifier, pull, gap
        self._gradient = False
        model, linearisation = lower(problem, levels=(0,), limit=limit)
        if model is None:
            flat = replace(problem, levels=(Level((Part("none", Polynomial.zero(problem.n)),)),) + problem.levels[1:])
            self._gradient = True
            model, linearisation = lower(flat, levels=(0,))
            if model is None:
                model, linearisation = lower(flat, levels=())
        self.reason = linearisation.reason
        if model is not None:
            binary = model.integer & (model.lower >= 0) & (model.upper <= 1)
            self._wide = np.flatnonzero(~binary[: problem.n])
            self._model = _with_distances(model, self._wide)
            self._objective = model.costs[0] if len(model.costs) else np.zeros(model.columns)
            self._session = Session(self._model)

    @property
    def possible(self) -> bool:
        """Whether the constraints have an exact model; ``reason`` says why not."""
        return self.reason == ""

    def find(
        self, target: ArrayLike, *, watch: Watch, free: Bools | None = None, nodes: int | None = None, seed: int = 0
    ) -> Floats | None:
        """A verified feasible point near the target, or None.

        Parameters
        ----------
        target
            Shape (columns,); need not be feasible.
        free
            Shape (columns,): columns that may move; all by default.
        """
        problem, model = self.problem, self._model
        n, wide = problem.n, self._wide
        at = np.clip(model.point(np.nan_to_num(np.asarray(target, dtype=np.float64))), model.lower[:n], model.upper[:n])
        at = np.where(model.integer[:n], np.rint(at), at)
        costs = np.zeros(model.columns)
        costs[:n] = np.where(at > 0.5, -1.0, 1.0)
        width = model.upper[wide] - model.lower[wide]
        weight = 1.0 / np.maximum(1.0, np.where(np.isfinite(width), width, np.maximum(1.0, np.abs(at[wide]))))
        costs[wide] = 0.0
        costs[model.columns - 2 * len(wide) :] = np.tile(weight, 2)
        costs[: len(self._objective)] += self._pulled(model, at)
        self._session.minimise(costs)
        held = np.zeros(n, dtype=bool) if free is None else ~free
        low, high = np.where(held, at, model.lower[:n]), np.where(held, at, model.upper[:n])
        self._session.bound_columns(np.arange(n), low, high)
        self._session.bound_rows(np.arange(model.rows - len(wide), model.rows), at[wide], at[wide])
        last: list[Floats] = []

        def keep(y: Floats) -> None:
            values = model.values(y)
            if self._verifier.accepts(values):
                last.append(values)

        run = self._session.run(watch, gap=self._gap, seed=seed, nodes=nodes, on_point=keep)
        if run.point is not None:
            keep(run.point)
        return last[-1] if last else None

    def _pulled(self, model: Model, at: Floats) -> Floats:
        """Costs of the objective, scaled."""
        costs = self._objective.copy()
        if self._gradient:
            n, p = self.problem.n, self.problem.objective
            x = model.shift + model.scale * at
            slope = p.linear.copy()
            np.add.at(slope, p.row, p.value * x[p.col])
            np.add.at(slope, p.col, p.value * x[p.row])
            for t in range(len(p.products)):
                term = p.products.term(t)
                for k, c in enumerate(term.tolist()):
                    slope[c] += float(p.products.coefficient[t] * np.prod(x[np.delete(term, k)]))
            costs[:n] += self.problem.sense.sign * slope * model.scale
        size = np.abs(costs[costs != 0])
        return costs * (self._pull / float(size.mean())) if len(size) else costs


def _with_distances(model: Model, wide: np.ndarray) -> Model:
    """The model with ``y - above + below = target`` for each wide column; the target is set as the row's sides."""
    count, first = len(wide), model.columns
    index = np.column_stack([wide, first + np.arange(count), first + count + np.arange(count)]).ravel()
    levels = len(model.costs)
    return replace(
        model,
        lower=np.concatenate([model.lower, np.zeros(2 * count)]),
        upper=np.concatenate([model.upper, np.full(2 * count, np.inf)]),
        integer=np.concatenate([model.integer, np.zeros(2 * count, dtype=bool)]),
        indptr=np.concatenate([model.indptr, model.indptr[-1] + 3 * np.arange(1, count + 1)]),
        index=np.concatenate([model.index, index]),
        value=np.concatenate([model.value, np.tile([1.0, -1.0, 1.0], count)]),
        row_lower=np.concatenate([model.row_lower, np.zeros(count)]),
        row_upper=np.concatenate([model.row_upper, np.zeros(count)]),
        source=np.concatenate([model.source, np.full(count, Source.DEFINITION)]),
        member=np.concatenate([model.member, np.full(count, -1)]),
        costs=np.concatenate([model.costs, np.zeros((levels, 2 * count))], axis=1),
    )
