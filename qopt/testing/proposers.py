"""Conformance of proposers and bounders: honest, repeatable, interruptible, and leaving alone what they are given."""

from __future__ import annotations

import threading
import time
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from qopt.core import forms, registry
from qopt.core.budget import Budget
from qopt.core.errors import NotApplicableError
from qopt.core.problem import Problem, Sense
from qopt.core.result import Bound
from qopt.core.solution import Candidate, Origin
from qopt.core.watch import Watch
from qopt.testing.brute import all_points, holds
from qopt.testing.forms import large_forms, small_forms

WORK = 2000
NOISE = 1e-6


def check_proposer(name: str) -> None:
    """Hold a proposer against its seam; raises AssertionError at the first thing it does wrong.

    What it claims of each proposal must be what the form's judge says; where an answer exists the best one is feasible;
    the same seed and work give the same answer; a known answer is never lost; a stop ends it.
    """
    proposer = registry.load("proposers", name)
    taken = 0
    for form, optimum in small_forms(proposer.accepts.form):
        if _refused(name, proposer, form):
            continue
        taken += 1
        before = _arrays(form)
        runs = [_propose(name, form, Budget(work=WORK), optimum) for _ in range(2)]
        keys = [[p.key() for p in run.proposals] for run in runs]
        assert keys[0] == keys[1] and runs[0].objectives == runs[1].objectives, (
            f"{name}: the same seed and work gave two answers"
        )
        assert len(set(keys[0])) == len(keys[0]), f"{name}: proposed the same thing twice"
        assert runs[0].stopped_by in ("work", "done"), f"{name}: limited by work, but stopped by {runs[0].stopped_by}"
        again = _propose(name, form, Budget(work=1), optimum, pool=runs[0].proposals)
        if optimum is not None:
            assert again.objectives[0] <= runs[0].objectives[0] + NOISE, f"{name}: lost the best answer of its pool"
            goal = _propose(name, form, Budget(work=50 * WORK, target=runs[0].objectives[0]), optimum)
            assert goal.objectives[0] <= runs[0].objectives[0] + NOISE, f"{name}: missed a target it had reached before"
        assert all(np.array_equal(a, b) for a, b in zip(before, _arrays(form))), f"{name}: changed the form"
    assert taken, f"{name}: refused every small form of its kind"
    _check_proposer_stops(name)


def _refused(name: str, proposer: Any, form: Any) -> bool:
    """Whether a specialist says that it does not take a form, and keeps its word."""
    refuses = getattr(proposer, "refuses", None)
    if refuses is None or not refuses(form):
        return False
    try:
        proposer.propose(form, budget=Budget(work=1), seed=1, watch=Watch(clock=time.perf_counter))
    except NotApplicableError:
        return True
    raise AssertionError(f"{name}: took a form that it says it refuses")


def check_bounder(name: str) -> None:
    """Hold a bounder against its seam; raises AssertionError at the first thing it does wrong.

    No bound, returned or reported on the way, is on the wrong side of an optimum found by enumeration, with or without
    an incumbent; a bounder may return None. The same work gives the same bound; a stop ends it.
    """
    bounder = registry.load("bounders", name)
    for subject, optimum in _subjects(bounder.accepts.form):
        if optimum is None:
            continue
        sign = subject.sense.sign if isinstance(subject, Problem) else Sense.MINIMIZE.sign
        for incumbent in (None, optimum, optimum + sign * 5):
            values = []
            for _ in range(2):
                reported: list[Bound] = []
                watch = Watch(clock=time.perf_counter, deadline=time.perf_counter() + 60, on_bound=reported.append)
                found = bounder.bound(subject, incumbent=incumbent, budget=Budget(work=WORK), watch=watch)
                for bound in [*reported, *([found] if found is not None else [])]:
                    assert isinstance(bound, Bound), f"{name}: reported {type(bound).__name__}, not a Bound"
                    assert bound.scope == "problem", f"{name}: a bound on {bound.scope} does not bound the problem"
                    assert sign * bound.value <= sign * optimum + NOISE, (
                        f"{name}: claims {bound.value}, the optimum is {optimum}"
                    )
                values.append(None if found is None else found.value)
            assert values[0] == values[1], f"{name}: the same work gave two bounds, {values}"
    if bounder.accepts.form:
        _check_bounder_stops(name, large_forms(bounder.accepts.form)[0])


def _propose(name: str, form: Any, budget: Budget, optimum: float | None, pool: Any = ()) -> Any:
    """One run, everything it says held against the form's judge."""
    offered: list[tuple[Any, float | None, str]] = []
    watch = Watch(
        clock=time.perf_counter,
        deadline=time.perf_counter() + 60,
        on_offer=lambda candidate, objective, backend: offered.append((candidate, objective, backend)),
    )
    found = registry.load("proposers", name).propose(form, budget=budget, seed=3, watch=watch, pool=pool)
    assert len(found.proposals) == len(found.objectives) > 0, f"{name}: proposed nothing, or claims without proposals"
    assert found.proposer == name and found.seed == 3, f"{name}: signed as {found.proposer} with seed {found.seed}"
    assert list(found.objectives) == sorted(found.objectives), f"{name}: the best proposal does not come first"
    checks = [forms.evaluate(form, proposal) for proposal in found.proposals]
    claims = list(zip(found.objectives, checks))
    for candidate, objective, backend in offered:
        assert isinstance(candidate, Candidate), f"{name}: offered {type(candidate).__name__}, not a Candidate"
        assert candidate.origin is Origin.PROPOSED and candidate.backend == backend == name, f"{name}: offered unsigned"
        check = forms.evaluate(form, candidate.proposal)
        assert check.feasible, f"{name}: offered an infeasible incumbent"
        claims.append((check.objective if objective is None else objective, check))
    for claim, check in claims:
        assert abs(claim - check.objective) <= NOISE * max(1.0, abs(claim)), (
            f"{name}: claims {claim}, the judge finds {check.objective}"
        )
        if check.feasible:
            assert optimum is not None and check.objective >= optimum - NOISE, f"{name}: below the optimum {optimum}"
    if optimum is not None:
        assert checks[0].feasible, f"{name}: a feasible answer exists, the first proposal is not: {checks[0]}"
    return found


def _check_proposer_stops(name: str) -> None:
    """A watch that has stopped, or stops on the way, ends the call with an honest answer."""
    proposer = registry.load("proposers", name)
    form = next(form for form in large_forms(proposer.accepts.form) if not _refused(name, proposer, form))
    for delay in (0.0, 0.2):
        watch = Watch(clock=time.perf_counter, deadline=time.perf_counter() + 60)
        timer = threading.Timer(delay, watch.cancel)
        timer.start()
        if delay == 0.0:
            timer.join()
        found = proposer.propose(form, budget=Budget(seconds=60), seed=1, watch=watch)
        timer.cancel()
        timer.join()
        assert watch.remaining() > 30, f"{name}: did not end within half a minute of the stop"
        assert found.stopped_by == "cancelled", f"{name}: was cancelled, says it was stopped by {found.stopped_by}"
        for proposal, claim in zip(found.proposals, found.objectives):
            actual = forms.evaluate(form, proposal).objective
            assert abs(actual - claim) <= NOISE * max(1.0, abs(claim)), f"{name}: claims {claim}, it is {actual}"


def _check_bounder_stops(name: str, subject: Any) -> None:
    """A watch that stops on the way ends the call."""
    watch = Watch(clock=time.perf_counter, deadline=time.perf_counter() + 60)
    timer = threading.Timer(0.2, watch.cancel)
    timer.start()
    registry.load("bounders", name).bound(subject, incumbent=None, budget=Budget(), watch=watch)
    timer.cancel()
    timer.join()
    assert watch.remaining() > 30, f"{name}: did not end within half a minute of the stop"


def _subjects(form: str) -> list[tuple[Any, float | None]]:
    """Small forms, or small plain problems where no form is wanted, with their optima."""
    if form:
        return small_forms(form)
    assignment, knapsack = (registry.load("families", name) for name in ("assignment", "knapsack"))
    problems = [assignment.build(assignment.generate(n, seed=s, kind="quadratic")) for n, s in ((3, 1), (4, 2))]
    problems += [assignment.build(assignment.generate(3, seed=3, kind="linear"))]
    problems += [knapsack.build(knapsack.generate(6, seed=4))]
    return [(problem, _optimum(problem)) for problem in problems]


def _optimum(problem: Problem) -> float:
    points = all_points(problem)
    values = problem.objectives(points[holds(problem, points)])[:, 0]
    return float(values.min() if problem.sense is Sense.MINIMIZE else values.max())


def _arrays(form: Any) -> list[np.ndarray[Any, Any]]:
    """Copies of the arrays of a form and of its parts."""
    values = [getattr(form, field.name) for field in fields(form)]
    nested = [array for value in values if is_dataclass(value) for array in _arrays(value)]
    return [value.copy() for value in values if isinstance(value, np.ndarray)] + nested
