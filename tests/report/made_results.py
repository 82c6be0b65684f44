"""Results made by hand: nothing is solved, so every number on a report is known."""

from __future__ import annotations

from typing import Any

import numpy as np

from qopt.core import registry
from qopt.core.problem import Sense
from qopt.core.record import Call, Funnel, RunRecord
from qopt.core.result import Bound, Result, Status
from qopt.core.solution import Candidate, Check, Origin, Solution, Violation
from qopt.models.subject import Subject

EVIL = "<script>alert(1)</script>&\"'[bold]"


def solution(
    plan: dict[str, Any],
    *levels: float,
    parts: dict[str, float] | None = None,
    broken: tuple[Violation, ...] = (),
    origin: Origin = Origin.SAMPLED,
    backend: str = "anneal",
    gap: float | None = None,
    differs: float | None = None,
) -> Solution:
    check = Check(not broken, levels, broken, parts or {})
    return Solution(Candidate(origin, backend, np.zeros(1)), check, None, plan, str(plan), gap, seen=3, differs=differs)


def result(*solutions: Solution, status: Status = Status.FEASIBLE, **changes: Any) -> Result:
    record = RunRecord(
        run_id="r1",
        problem="p",
        seed=7,
        started="2026-01-02T03:04:05+00:00",
        calls=[Call("anneal", "sampler", 1.5, returned=9, stopped_by="seconds")],
        funnel=Funnel(120, 40, 39, 10, 12, 50.0, 44.5, {"sampled:anneal": {"plans": 12, "best": 44.5}}),
        seconds={"total": 2.04},
        decisions=["anneal searches the compiled problem"],
    )
    for name in ("incumbents", "bounds", "warnings", "fallbacks"):
        if name in changes:
            setattr(record, name, changes.pop(name))
    given = {"bound": None, "stopped_by": "seconds", "sense": Sense.MINIMIZE} | changes
    return Result(status, solutions, record=record, **given)


def bound(value: float, source: str = "k_tree") -> Bound:
    return Bound(value, "combinatorial", source=source)


def subject_of(family: str) -> Subject:
    return Subject(instance=registry.load("families", family).example())
