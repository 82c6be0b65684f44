"""One HiGHS instance holding one model: bounds and costs change, runs follow one another.

HiGHS releases the GIL while it runs and calls back every millisecond or so; stop and deadline are read there. Each
Python thread has its own HiGHS scheduler, whose number of threads is fixed until it is reset.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np
from highspy import _core

from qopt.core.arrays import Floats, Ints
from qopt.core.errors import BackendError
from qopt.core.watch import Watch
from qopt.milp.model import Model

_Event = highspy.cb.HighsCallbackType
_State = highspy.HighsModelStatus
_scheduler = threading.local()
_OUTCOMES = {
    _State.kOptimal: "optimal",
    _State.kModelEmpty: "optimal",
    _State.kInfeasible: "infeasible",
    _State.kUnbounded: "unbounded",
    _State.kUnboundedOrInfeasible: "unbounded",
    _State.kTimeLimit: "seconds",
    _State.kInterrupt: "seconds",
    _State.kSolutionLimit: "nodes",
    _State.kIterationLimit: "nodes",
}


@dataclass(frozen=True, eq=False)
class Run:
    """What one run of HiGHS claims.

    Parameters
    ----------
    state
        ``optimal``, ``infeasible``, ``unbounded`` (or infeasible: HiGHS does not always know), ``seconds`` (deadline or
        stop), ``nodes`` or ``failed``.
    point
        Columns of the model, or None.
    objective, bound
        Of the costs that were set, offset included; the bound is -inf when there is none.
    """

    state: str
    point: Floats | None
    objective: float
    bound: float


class Session:
    """A model inside HiGHS.

    Parameters
    ----------
    model
        Passed once; later changes go through the methods.
    threads
        Threads of a run.
    """

    def __init__(self, model: Model, *, threads: int = 1) -> None:
        self.model = model
        self._highs = _core._Highs()
        self._set("output_flag", False)
        self._set("mip_abs_gap", 0.0)
        self._threads = threads
        self._factor, self._offset = 1.0, 0.0
        self._integer = bool(model.integer.any())
        self._extra_rows = 0
        status = self._highs.passModel(
            model.columns,
            model.rows,
            len(model.value),
            int(highspy.MatrixFormat.kRowwise),
            int(highspy.ObjSense.kMinimize),
            0.0,
            np.zeros(model.columns),
            model.lower,
            model.upper,
            model.row_lower,
            model.row_upper,
            model.indptr.astype(np.int32),
            model.index.astype(np.int32),
            model.value,
            model.integer.astype(np.int32),
        )
        if status == highspy.HighsStatus.kError:
            raise BackendError(f"HiGHS refused a model of {model.columns} columns and {model.rows} rows")

    def _set(self, option: str, value: Any) -> None:
        if self._highs.setOptionValue(option, value) != highspy.HighsStatus.kOk:
            raise BackendError(f"HiGHS {self._highs.version()} refused the option {option} = {value!r}")

    def minimise(self, costs: Floats, offset: float = 0.0) -> None:
        """Set the objective. Costs far from 1 are scaled by a power of two, because tolerances are absolute."""
        largest = float(np.abs(costs).max(initial=0.0))
        self._factor = 1.0 if largest == 0 or 1e-2 <= largest <= 1e7 else 2.0 ** (10 - np.ceil(np.log2(largest)))
        self._offset = offset
        count = len(costs)
        self._highs.changeColsCost(count, np.arange(count, dtype=np.int32), costs * self._factor)

    def bound_columns(self, columns: Ints, lower: Floats, upper: Floats) -> None:
        """Change the bounds of some columns."""
        self._highs.changeColsBounds(len(columns), columns.astype(np.int32), lower, upper)

    def bound_rows(self, rows: Ints, lower: Floats, upper: Floats) -> None:
        """Change the sides of some rows."""
        # The stubs of highspy do not list it.
        change = self._highs.changeRowsBounds  # type: ignore[attr-defined]
        change(len(rows), rows.astype(np.int32), lower, upper)

    def add_row(self, lower: float, upper: float, costs: Floats) -> None:
        """One more row over all columns, such as an earlier level held at its optimum."""
        used = np.flatnonzero(costs)
        largest = float(np.abs(costs[used]).max(initial=1.0))
        factor = 1.0 if 1e-2 <= largest <= 1e7 else 2.0 ** (10 - np.ceil(np.log2(largest)))
        kept = used[np.abs(costs[used] * factor) > 1e-9]
        values = costs[kept] * factor
        self._highs.addRow(lower * factor, upper * factor, len(kept), kept.astype(np.int32), values)

    def add_columns(self, costs: Floats, indptr: Ints, index: Ints, value: Floats) -> None:
        """More columns of real numbers >= 0, by their rows (CSC); they stand behind those of the model."""
        count = len(costs)
        lower, upper = np.zeros(count), np.full(count, np.inf)
        scaled = np.asarray(costs, dtype=np.float64) * self._factor
        starts, rows = np.asarray(indptr[:-1], dtype=np.int32), np.asarray(index, dtype=np.int32)
        self._highs.addCols(count, scaled, lower, upper, len(rows), starts, rows, np.asarray(value, dtype=np.float64))

    def start(self, columns: Ints, point: Floats) -> None:
        """A starting point, given on some columns."""
        self._highs.setSolution(len(columns), columns.astype(np.int32), np.asarray(point, dtype=np.float64))

    def run(
        self,
        watch: Watch,
        *,
        gap: float = 0.0,
        seed: int = 0,
        nodes: int | None = None,
        presolve: bool = True,
        relaxed: bool = False,
        tight: bool = False,
        on_point: Callable[[Floats], None] | None = None,
    ) -> Run:
        """Run to the end, the deadline or ``watch.stop``.

        Parameters
        ----------
        nodes
            Most branch-and-bound nodes: a limit that is the same on every machine.
        relaxed
            Leave integrality out.
        tight
            Feasibility tolerance 1e-9 instead of 1e-6.
        on_point
            Called with each improving point, from inside HiGHS.
        """
        if watch.expired():
            return Run("seconds", None, np.inf, -np.inf)
        if getattr(_scheduler, "threads", self._threads) != self._threads:
            self._highs.resetGlobalScheduler(True)
        _scheduler.threads = self._threads
        self._set("threads", self._threads)
        self._set("mip_rel_gap", gap)
        self._set("random_seed", int(seed) % (2**31 - 1))
        self._set("mip_max_nodes", 2**31 - 1 if nodes is None else int(nodes))
        self._set("presolve", "choose" if presolve else "off")
        self._set("solve_relaxation", relaxed)
        self._set("mip_feasibility_tolerance", 1e-9 if tight else 1e-6)
        self._set("primal_feasibility_tolerance", 1e-9 if tight else 1e-7)
        # HiGHS counts the time of all runs since the model was passed.
        self._set("time_limit", self._highs.getRunTime() + min(watch.remaining(), 1e7))
        failures: list[BaseException] = []

        def on_event(event: Any, _message: str, out: Any, into: Any, _data: Any) -> None:
            # HiGHS is written in another language: an exception must not travel through its frames.
            try:
                if event == _Event.kCallbackMipImprovingSolution:
                    if on_point is not None:
                        on_point(np.array(out.mip_solution))
                elif failures or watch.expired():
                    into.user_interrupt = True
            except BaseException as failure:  # noqa: BLE001 - raised again below
                failures.append(failure)

        events = [_Event.kCallbackMipInterrupt, _Event.kCallbackSimplexInterrupt, _Event.kCallbackIpmInterrupt]
        events += [_Event.kCallbackMipImprovingSolution] if on_point is not None else []
        self._highs.setCallback(on_event, None)
        for event in events:
            self._highs.startCallback(event)
        try:
            self._highs.run()
        finally:
            for event in events:
                self._highs.stopCallback(event)
        if failures:
            raise failures[0]
        return self._claims(relaxed)

    def _claims(self, relaxed: bool) -> Run:
        info, solution = self._highs.getInfo(), self._highs.getSolution()
        state = _OUTCOMES.get(self._highs.getModelStatus(), "failed")
        usable = info.primal_solution_status == highspy.kSolutionStatusFeasible and solution.value_valid
        point = np.array(solution.col_value) if usable else None
        if self._highs.getModelStatus() == _State.kModelEmpty:
            return Run(state, np.zeros(self.model.columns), self._offset, self._offset)
        objective = info.objective_function_value / self._factor + self._offset if usable else np.inf
        bound = -np.inf
        if self._integer and not relaxed:
            bound = info.mip_dual_bound / self._factor + self._offset if state != "infeasible" else np.inf
        elif state == "optimal":
            bound = objective
        if not bound < 1e100 and state != "infeasible":
            bound = -np.inf
        return Run(state, point, objective, bound)

    def duals(self) -> tuple[Floats, Floats]:
        """Row duals and reduced costs of the last relaxed run, for the costs that were set."""
        solution = self._highs.getSolution()
        return np.array(solution.row_dual) / self._factor, np.array(solution.col_dual) / self._factor

    def conflict(self, watch: Watch) -> tuple[Ints, Ints]:
        """Rows and columns that HiGHS finds in a conflict of the relaxation; empty when it finds none."""
        strategy = highspy.IisStrategy
        wanted = strategy.kIisStrategyFromLp, strategy.kIisStrategyIrreducible, strategy.kIisStrategyRelaxation
        self._set("iis_strategy", sum(int(flag.value) for flag in wanted))
        self._set("iis_time_limit", min(watch.remaining(), 1e7))
        status, iis = self._highs.getIis()
        if status == highspy.HighsStatus.kError:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        return np.array(iis.row_index_, dtype=np.int64), np.array(iis.col_index_, dtype=np.int64)
