"""The proving stages: the whole problem by HiGHS, bounds, and the next best plans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from qopt.core import registry
from qopt.core.clock import now
from qopt.core.names import Labels
from qopt.core.problem import Problem
from qopt.core.record import Call
from qopt.core.rows import Rows
from qopt.core.solution import Candidate, Origin
from qopt.engine.calls import attempt, limits, parameters
from qopt.engine.run import Run
from qopt.milp.solve import Outcome, solve


def exact(run: Run, formulation: str, seconds: float | None, *, seed: int, threads: int = 1) -> Outcome | None:
    """Branch and bound on the whole problem: answers, a bound, and perhaps the proof that nothing is feasible."""
    problem = run.subject.problem(formulation)
    watch = run.listen(formulation, within=seconds, threads=threads)
    best = run.entries(feasible=True)[:1]
    start = run.values_of(best[0], formulation) if best else None

    def incumbent(values: Any) -> None:
        run.take(Candidate(Origin.EXACT, "highs", np.asarray(values)), formulation)

    outcome: Outcome | None = attempt(
        run,
        "highs",
        "exact",
        lambda: solve(problem, watch=watch, start=start, threads=threads, seed=seed, on_incumbent=incumbent),
    )
    if outcome is None:
        return None
    for values in outcome.values:
        run.take(Candidate(Origin.EXACT, "highs", values), formulation)
    if outcome.bound is not None:
        run.take_bound(outcome.bound)
    if outcome.status == "infeasible":
        run.infeasible = True
        run.search.cancel("infeasible")
    elif outcome.status == "unbounded":
        run.unbounded = True
    elif outcome.status == "optimal" and outcome.values:
        run.prove()
    run.called(
        Call(
            "highs",
            "exact",
            outcome.seconds,
            seed,
            {"formulation": formulation, "threads": threads},
            {},
            outcome.status,
            len(outcome.values),
            {"reason": outcome.reason, "ended": run.ended(watch)},
        )
    )
    return outcome


def bound(run: Run, name: str, subject: Any, seconds: float | None, *, formulation: str = "") -> None:
    """Ask one bounder for a bound on the whole problem; answers are taken of one that ``offers`` its own."""
    bounder = registry.load("bounders", name)
    watch = run.listen(formulation, within=seconds, threads=1, offers=getattr(bounder, "offers", False))
    began = now()
    found = attempt(
        run,
        name,
        "bounder",
        lambda: bounder.bound(subject, incumbent=run.incumbent(), budget=limits(run, seconds), watch=watch),
    )
    if found is not None:
        run.take_bound(found)
    run.called(
        Call(
            name,
            "bounder",
            now() - began,
            None,
            parameters(bounder),
            {},
            run.ended(watch),
            int(found is not None),
            {} if found is None else {"bound": found.value, "proof": found.proof},
        )
    )


def vary(run: Run, formulation: str, wanted: int, seconds: float, *, seed: int) -> int:
    """The next best plans in order: solve again with the best ones cut off, until ``wanted`` are known or time is up.

    Needs a proven best answer to start from and a problem with binary columns that HiGHS takes whole.
    """
    problem = run.subject.problem(formulation)
    best = run.entries(feasible=True)[:1]
    if not best or not problem.columns.binary.any():
        return 0
    began = now()
    watch = run.watch.within(seconds, threads=1).silent()
    found = [best[0].candidate.values]
    before = len(run.pool)
    differ = run.settings.differ or 0.0
    while len(found) < wanted and not watch.expired():
        cut = _without(problem, found, differ)
        outcome = attempt(run, "highs", "exact", partial(solve, cut, watch=watch, threads=1, seed=seed))
        if outcome is None:
            break
        for values in outcome.values:
            run.take(Candidate(Origin.EXACT, "highs", values), formulation)
        if outcome.status != "optimal" or not outcome.values:
            break
        found.append(outcome.values[0])
    new = len(run.pool) - before
    spent = now() - began
    run.called(Call("highs", "alternatives", spent, seed, {}, {}, "done", new, {"in_order": len(found)}))
    return new


def _without(problem: Problem, points: Sequence[Any], differ: float = 0.0) -> Problem:
    """The problem with rows that cut off each point: at least one binary column must differ from it, and at least that
    share of those that are 1 in it."""
    binary = np.flatnonzero(problem.columns.binary)
    indptr = [problem.rows.indptr]
    stack = np.stack([np.where(p[binary] > 0.5, -1.0, 1.0) for p in points])
    ones = np.array([np.sum(p[binary] > 0.5) for p in points], dtype=np.float64)
    indptr.append(problem.rows.indptr[-1] + np.arange(1, len(points) + 1) * len(binary))
    rows = problem.rows
    extended = Rows(
        np.concatenate(indptr),
        np.concatenate([rows.index, np.tile(binary, len(points))]),
        np.concatenate([rows.value, stack.ravel()]),
        np.concatenate([rows.lower, np.maximum(1.0, np.ceil(differ * ones - 1e-9)) - ones]),
        np.concatenate([rows.upper, np.full(len(points), np.inf)]),
        rows.names.extended(Labels("known plan", (len(points),))),
        None if rows.price is None else np.concatenate([rows.price, np.full(len(points), np.nan)]),
        None if rows.norm is None else np.concatenate([rows.norm, np.zeros(len(points), np.int8)]),
        None if rows.level is None else np.concatenate([rows.level, np.zeros(len(points), np.int32)]),
    )
    return replace(problem, rows=extended)
