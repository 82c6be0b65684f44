"""Solve a problem with HiGHS, level after level, and believe nothing that is not verified."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike

from qopt.core.arrays import Floats, frozen
from qopt.core.problem import Problem
from qopt.core.result import Bound
from qopt.core.watch import Watch
from qopt.milp.lowering import LIMIT, lower
from qopt.milp.session import Run, Session
from qopt.milp.verify import Verifier

_SECOND_OPINION = 5.0


@dataclass(frozen=True, eq=False)
class Outcome:
    """What is known after a solve.

    Parameters
    ----------
    status
        ``optimal``, ``infeasible`` (claimed by two different runs), ``unbounded``, ``feasible``, ``nothing_found`` or
        ``not_representable``.
    values
        Distinct verified points, best first, shape (columns,) each.
    objectives
        Their levels in the user's sense, shape (levels,) each.
    bound
        On the whole problem, first level, user's sense; None without one, and always when columns were fixed or a
        cutoff was given.
    seconds
        By the watch's clock.
    reason
        Why the status is not ``optimal``, in one sentence.
    """

    status: str
    values: tuple[Floats, ...] = ()
    objectives: tuple[Floats, ...] = ()
    bound: Bound | None = None
    seconds: float = 0.0
    reason: str = ""


def solve(
    problem: Problem,
    *,
    watch: Watch,
    start: ArrayLike | None = None,
    threads: int = 1,
    gap: float = 0.0,
    level: int | None = None,
    cutoff: float | None = None,
    fixed: ArrayLike | None = None,
    on_incumbent: Callable[[Floats], None] | None = None,
    seed: int = 0,
    nodes: int | None = None,
    limit: int = LIMIT,
) -> Outcome:
    """Solve by branch and bound.

    Parameters
    ----------
    watch
        Stop and deadline; read every few milliseconds.
    start
        Shape (columns,): a point to start from. A feasible one is among the values returned.
    gap
        Relative gap at which to be content; 0 for a proof.
    level
        The last level to optimise; all of them by default, each held at its optimum while the next is solved.
    cutoff
        Only points whose first level is at least this good (user's sense) are looked for.
    fixed
        Shape (columns,): values of fixed columns, NaN for free ones.
    on_incumbent
        Called with the values of each verified improving point of the first level.
    nodes
        Most branch-and-bound nodes of each run, instead of (or besides) the deadline.
    limit
        Most products that are linearised.
    """
    return _Solve(problem, watch, threads, gap, seed, nodes, on_incumbent).run(
        start=None if start is None else np.asarray(start, dtype=np.float64),
        last=len(problem.levels) - 1 if level is None else level,
        cutoff=cutoff,
        fixed=None if fixed is None else np.asarray(fixed, dtype=np.float64),
        limit=limit,
    )


@dataclass(eq=False)
class _Solve:
    problem: Problem
    watch: Watch
    threads: int
    gap: float
    seed: int
    nodes: int | None
    on_incumbent: Callable[[Floats], None] | None
    found: dict[bytes, tuple[tuple[float, ...], Floats, Floats]] = field(default_factory=dict)

    def run(
        self, *, start: Floats | None, last: int, cutoff: float | None, fixed: Floats | None, limit: int
    ) -> Outcome:
        began = self.watch.clock()
        levels = range(last + 1)
        model, linearisation = lower(self.problem, limit=limit, levels=levels, fixed=fixed)
        if model is None:
            return Outcome("not_representable", reason=linearisation.reason)
        self.model, self.verifier = model, Verifier(self.problem)
        self.fixed = fixed
        if start is not None:
            self._keep(start)
        whole = fixed is None and cutoff is None
        outcome = replace(self._levels(start, cutoff, whole), seconds=self.watch.clock() - began)
        best = sorted(self.found.values(), key=lambda entry: entry[0])
        return replace(outcome, values=tuple(e[1] for e in best), objectives=tuple(e[2] for e in best))

    def _levels(self, start: Floats | None, cutoff: float | None, whole: bool) -> Outcome:
        model, sign = self.model, self.problem.sense.sign
        if np.any(model.lower > model.upper):
            c = int(np.flatnonzero(model.lower > model.upper)[0])
            name = self.problem.columns.names[c] if c < self.problem.n else "an added column"
            return Outcome("infeasible", reason=f"{name} has no value between its bounds")
        session = Session(model, threads=self.threads)
        if cutoff is not None:
            session.add_row(-np.inf, sign * cutoff - model.offsets[0], model.costs[0])
        bound: Bound | None = None
        for k in range(len(model.levels)):
            session.minimise(model.costs[k], float(model.offsets[k]))
            guess = self._best() if self.found else start
            if guess is not None:
                session.start(np.arange(self.problem.n), model.point(guess))
            run = self._run(session, announce=k == 0)
            if k == 0 and whole:
                bound = self._bound(run)
            if run.state in ("infeasible", "unbounded") and k == 0:
                return self._extreme(run, cutoff)
            value = self._best_level(k)
            if run.state != "optimal" or value is None or not _meets(run.bound, value, self.gap):
                return self._unfinished(run, bound)
            hold = self._ceiling(k, value)
            session.add_row(-np.inf, hold - float(model.offsets[k]), model.costs[k])
        status = "optimal" if self.gap == 0 else "feasible"
        return Outcome(status, bound=bound, reason="" if status == "optimal" else f"stopped at a gap of {self.gap:g}")

    def _run(self, session: Session, *, announce: bool) -> Run:
        """One run; when its best point does not stand up to verification, again with tighter tolerances."""

        def once(tight: bool) -> Run:
            return session.run(
                self.watch,
                gap=self.gap,
                seed=self.seed,
                nodes=self.nodes,
                tight=tight,
                on_point=lambda y: self._incumbent(y, announce),
            )

        run = once(tight=False)
        if self._stands(session, run) or self.watch.expired():
            return run
        again = once(tight=True)
        return again if self._stands(session, again) and again.state == "optimal" else run

    def _stands(self, session: Session, run: Run) -> bool:
        return run.point is None or self._keep(self.model.values(run.point)) or self._polish(session, run.point)

    def _incumbent(self, y: Floats, announce: bool) -> None:
        values = self.model.values(y)
        if self._keep(values) and announce and self.on_incumbent is not None:
            self.on_incumbent(values)

    def _keep(self, values: Floats) -> bool:
        """Keep a point that is verified and respects the fixed columns."""
        values = np.array(values, dtype=np.float64)
        key = values.tobytes()
        if key in self.found:
            return True
        if self.fixed is not None:
            given = ~np.isnan(self.fixed)
            if not np.allclose(values[given], self.fixed[given], rtol=0, atol=1e-6):
                return False
        if not self.verifier.accepts(values):
            return False
        objectives = self.problem.objectives(values)[0]
        rank = tuple((self.problem.sense.sign * objectives).tolist())
        self.found[key] = (rank, frozen(values, np.float64), frozen(objectives, np.float64))
        return True

    def _polish(self, session: Session, y: Floats) -> bool:
        """Round the integers, then let the relaxation place the rest."""
        model = self.model
        if model.integer.all():
            return False
        integers = np.flatnonzero(model.integer)
        session.bound_columns(integers, np.rint(y[integers]), np.rint(y[integers]))
        run = session.run(self.watch.within(1.0), relaxed=True, tight=True)
        session.bound_columns(integers, model.lower[integers], model.upper[integers])
        return run.point is not None and self._keep(model.values(run.point))

    def _best(self) -> Floats:
        return min(self.found.values(), key=lambda entry: entry[0])[1]

    def _best_level(self, k: int) -> float | None:
        """Level k of the best point, small is good; None without one."""
        return min(self.found.values(), key=lambda entry: entry[0])[0][k] if self.found else None

    def _ceiling(self, k: int, value: float) -> float:
        """Up to where level k may rise while later levels are solved."""
        if self.problem.integral:
            return value + 0.5
        return value + 1e-9 * max(1.0, abs(value))

    def _bound(self, run: Run) -> Bound | None:
        """The run's dual bound in the user's sense; rounded up where the objective is whole."""
        value = run.bound
        if not np.isfinite(value):
            return None
        if self.problem.integral and abs(value) < 2**40:
            value = float(np.ceil(value - 1e-6 - 1e-9 * abs(value)))
        best = self._best_level(0)
        if best is not None:
            value = min(value, best)
        return Bound(self.problem.sense.sign * value + 0.0, "highs", "problem", "highs")

    def _unfinished(self, run: Run, bound: Bound | None) -> Outcome:
        why = {
            "seconds": "stopped by the deadline or on request",
            "nodes": "stopped by the limit on nodes",
            "optimal": "HiGHS claims an optimum that does not stand up to exact verification",
        }.get(run.state, f"HiGHS ended as {run.state}")
        return Outcome("feasible" if self.found else "nothing_found", bound=bound, reason=why)

    def _extreme(self, run: Run, cutoff: float | None) -> Outcome:
        """Infeasible or unbounded: ask again in another way before it is said."""
        status = "feasible" if self.found else "nothing_found"
        if cutoff is not None and run.state == "infeasible":
            return Outcome(status, reason=f"nothing as good as the cutoff {cutoff:g} was found")
        if self.found and run.state == "infeasible":
            return Outcome(status, reason="HiGHS claims infeasible against a verified point")
        again = Session(self.model, threads=self.threads)
        again.minimise(np.zeros(self.model.columns))
        watch = self.watch.within(_SECOND_OPINION)
        second = again.run(watch, relaxed=True, presolve=False, seed=self.seed + 1)
        if second.state != "infeasible":
            second = again.run(
                watch, presolve=False, seed=self.seed + 1, nodes=self.nodes, on_point=lambda y: self._incumbent(y, True)
            )
        if second.point is not None and not self._keep(self.model.values(second.point)):
            self._polish(again, second.point)
        if second.state == "infeasible":
            return Outcome("infeasible", reason="no point satisfies every constraint (two runs of HiGHS agree)")
        if run.state == "unbounded" and self.found:
            return Outcome("unbounded", reason="the objective improves without end")
        status = "feasible" if self.found else "nothing_found"
        return Outcome(status, reason=f"HiGHS claims {run.state}; a second run without presolve did not confirm it")


def _meets(bound: float, value: float, gap: float) -> bool:
    """Whether a bound and a verified value agree as closely as HiGHS's tolerances allow."""
    return abs(value - bound) <= max(1e-6, gap) * max(1.0, abs(value)) * (1.0 + 1e-9)
