"""The linear relaxation with its prices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qopt.core.arrays import Floats
from qopt.core.problem import Problem
from qopt.core.watch import Watch
from qopt.milp.assembly import Source
from qopt.milp.lowering import LIMIT, lower
from qopt.milp.session import Session


@dataclass(frozen=True, eq=False)
class Relaxation:
    """The first level over the relaxed model.

    Parameters
    ----------
    status
        ``optimal``, ``infeasible``, ``unbounded``, ``nothing_found`` or ``not_representable``.
    objective
        User's sense; a bound on the whole problem. NaN unless optimal.
    values
        Shape (columns,), not rounded.
    row_duals, reduced_costs
        Change of the objective (user's sense) per unit of a row's side, shape (rows,), 0 for soft rows, and per unit of
        a column.
    """

    status: str
    objective: float
    values: Floats
    row_duals: Floats
    reduced_costs: Floats
    reason: str = ""


def relax(problem: Problem, *, watch: Watch, fixed: Floats | None = None, limit: int = LIMIT) -> Relaxation:
    """Solve the linear relaxation of the first level.

    Parameters
    ----------
    fixed
        Shape (columns,): values of fixed columns, NaN for free ones.
    limit
        Most products that are linearised.
    """
    model, linearisation = lower(problem, limit=limit, levels=(0,), fixed=fixed)
    nothing = np.full(problem.n, np.nan)
    if model is None:
        return Relaxation("not_representable", np.nan, nothing, np.empty(0), nothing, linearisation.reason)
    if np.any(model.lower > model.upper):
        return Relaxation("infeasible", np.nan, nothing, np.empty(0), nothing, "a column has no value in its bounds")
    session = Session(model)
    session.minimise(model.costs[0], float(model.offsets[0]))
    run = session.run(watch, relaxed=True)
    if run.state != "optimal" or run.point is None:
        status = run.state if run.state in ("infeasible", "unbounded") else "nothing_found"
        return Relaxation(status, np.nan, nothing, np.empty(0), nothing, f"HiGHS ended as {run.state}")
    sign = problem.sense.sign
    row_dual, reduced = session.duals()
    duals = np.zeros(len(problem.rows))
    hard = (model.source == Source.ROW) & ~np.append(problem.rows.soft, False)[model.member]
    duals[model.member[hard]] = sign * row_dual[hard]
    values = model.shift + model.scale * run.point[: problem.n]
    return Relaxation("optimal", sign * run.objective, values, duals, sign * reduced[: problem.n] / model.scale)
