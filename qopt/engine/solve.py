"""``solve``: from anything that can be loaded to ranked, checked plans."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

from qopt.core.budget import Budget
from qopt.core.clock import now
from qopt.core.errors import QoptError
from qopt.core.hashing import problem_hash, structure_hash
from qopt.core.problem import Problem
from qopt.core.result import Result, Status
from qopt.core.solution import Candidate, Origin, Solution, Violation
from qopt.engine.environment import usage
from qopt.engine.run import Progress, Run
from qopt.engine.settings import resolve
from qopt.engine.strategy import Strategy
from qopt.engine.verbs import best_plan
from qopt.evaluate.rank import rank
from qopt.milp.conflict import conflict
from qopt.models.subject import Subject, as_subject

HASHED_NONZEROS = 2_000_000
"""Problems above this are not hashed inside a solve."""


def solve(
    subject: Any,
    *,
    budget: float | Budget | None = None,
    seed: int | None = None,
    top: int | None = None,
    differ: float | None = None,
    sampler: str | Sequence[str] | None = None,
    proposer: str | Sequence[str] | None = None,
    repair: bool = True,
    strategy: str = "auto",
    formulation: str | None = None,
    guarantee: str | None = None,
    start: Any = None,
    threads: int | None = None,
    deterministic: bool = False,
    fallback: bool = True,
    progress: Progress | None = None,
    **options: Any,
) -> Result:
    """Solve a problem: search, check, repair, bound and rank.

    Parameters
    ----------
    subject
        A path, a family instance, a Model, a Problem, a Pyomo model or a dimod model.
    budget
        Seconds, or a ``Budget``. Default: what the document says, else 10 s.
    seed
        Default: what the document says, else 0.
    top
        Most distinct plans to return; default 5.
    differ
        Least share of its decisions, 0 to 1, in which a plan returned differs from each better one. Default: 0.05 for
        routes, shops and rosters, so that the next plan is not the best one with a visit moved; else 0.
    sampler, proposer
        A name, several, ``auto`` or ``none``. Naming a sampler leaves the search to it: HiGHS then only repairs and
        bounds.
    repair
        Whether infeasible samples are repaired and the pool of answers recombined.
    formulation
        How a family writes the problem; ``auto`` chooses.
    guarantee
        What the compiled QUBO must guarantee; see ``compile``.
    start
        A plan to start from: column values, a Solution, or a plan in the family's words.
    threads
        Threads for all searches together; default the cores at hand.
    deterministic
        Limit by counted work, so that the same seed gives the same answer anywhere.
    fallback
        Whether a failing backend, or one that finds nothing, is replaced by the classical search.
    progress
        Called with a dict for each incumbent, bound, decision and fallback, from the searching threads.
    options
        For files: ``format``, ``member`` and the reader's own options.

    Returns
    -------
    A Result. Infeasible, nothing found and out of time are statuses, not errors. Ctrl-C ends the search and returns the
    best so far.

    Raises
    ------
    ModelError
        The input or a setting is wrong.
    BackendError
        A backend failed and ``fallback`` is False.
    """
    began, paused = now(), now.paused
    cpu_before, _ = usage()
    target = as_subject(subject, **options)
    loaded = now() - began
    settings = resolve(
        target.settings,
        {
            "budget": budget,
            "seed": seed,
            "top": top,
            "differ": differ,
            "sampler": sampler,
            "proposer": proposer,
            "repair": repair,
            "strategy": strategy,
            "formulation": formulation,
            "guarantee": guarantee,
            "threads": threads,
            "deterministic": deterministic,
            "fallback": fallback,
        },
    )
    run = Run(target, settings, began=began, progress=progress)
    run.record.seconds["load"] = round(loaded, 4)
    _take_planned(run)
    if start is not None:
        _take_start(run, start)
    with undisturbed() if _supervise(run, Strategy(run)) else nullcontext():
        result = _finish(run, cpu_before)
    if now.paused > paused:
        run.record.seconds["kernels"] = round(now.paused - paused, 4)
    return result


def _take_planned(run: Run) -> None:
    """The plan of now, where the form has one, is an answer: no worse one is returned."""
    planned = getattr(run.subject.form, "planned", None)
    if planned is None:
        return
    entry = run.take(Candidate(Origin.BASELINE, "plan of now", proposal=planned), "")
    if entry is not None and not entry.check.feasible:
        broken = "; ".join(v.message for v in entry.check.violations[:3])
        run.decide(f"the plan of now does not hold as it is: {broken}")


def _take_start(run: Run, start: Any) -> None:
    subject = run.subject
    formulation = subject.choose("sample", run.settings.formulation)
    if isinstance(start, Solution):
        run.take(start.candidate, formulation)
        return
    if isinstance(start, Mapping):
        start = subject.restore(best_plan(start))
    if hasattr(start, "key") and subject.form is not None:
        entry = run.take(Candidate(Origin.BASELINE, "start", proposal=start), formulation)
    else:
        entry = run.take(Candidate(Origin.BASELINE, "start", start), formulation)
    if entry is None or not entry.check.feasible:
        broken = "" if entry is None else "; ".join(v.message for v in entry.check.violations[:3])
        run.warn(f"the start plan is not feasible: {broken}")


@contextmanager
def undisturbed() -> Iterator[None]:
    """Leave a further Ctrl-C unheard for the moment it takes to tell the answer of an interrupted run."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _supervise(run: Run, strategy: Strategy) -> bool:
    """Run the strategy in a worker thread, so that Ctrl-C is taken at once; whether it was interrupted."""
    interrupted = False
    errors: list[BaseException] = []
    done = threading.Event()

    def work() -> None:
        try:
            strategy.execute()
        except BaseException as error:  # noqa: BLE001  handed to the waiting thread
            errors.append(error)
        finally:
            done.set()

    worker = threading.Thread(target=work, name="qopt-search", daemon=True)
    worker.start()
    try:
        while not done.wait(0.05):
            pass
    except KeyboardInterrupt:
        interrupted = True
        with undisturbed():
            run.interrupt()
            done.wait(0.4)
    if errors:
        raise errors[0]
    return interrupted


def _finish(run: Run, cpu_before: float) -> Result:
    subject, record = run.subject, run.record
    differ = subject.differ if run.settings.differ is None else run.settings.differ
    ranked = rank(
        run.solutions(differ),
        sense=subject.sense,
        top=run.settings.top,
        bound=run.bound,
        decisions=subject.decisions,
        differ=differ,
    )
    solutions = tuple(subject.told(solution) for solution in ranked)
    found = bool(solutions) and solutions[0].feasible
    clash: tuple[Violation, ...] = ()
    if run.unbounded:
        status = Status.UNBOUNDED
    elif found:
        status = Status.OPTIMAL if run.proven else Status.FEASIBLE
        if run.infeasible:
            run.warn("HiGHS claimed that nothing is feasible, yet a feasible plan passed every check")
    elif run.infeasible:
        status = Status.INFEASIBLE
        clash = explain_problem(subject.problem(subject.choose("explain", run.settings.formulation)), run)
    else:
        status = Status.NOTHING_FOUND
        if run.failures:
            raise run.failures[0]
        _refused(run)
    stopped_by = run.watch.reason or run.search.reason
    if not stopped_by:
        if run.search.expired():
            stopped_by = "seconds"
        else:
            stopped_by = "work" if run.settings.deterministic else "done"
    run.count()
    cpu, peak = usage()
    record.cpu_seconds, record.peak_memory_mb = round(cpu - cpu_before, 3), round(peak, 1)
    record.reproducible = run.settings.deterministic and not run.timed and stopped_by not in ("seconds", "interrupt")
    _hash(run)
    record.solutions = [solution_document(solution) for solution in solutions]
    record.seconds["total"] = round(now() - run.began, 4)
    result = Result(status, solutions, run.bound, stopped_by, record, subject.sense, clash)
    subject.write_back(result)
    return result


def _refused(run: Run) -> None:
    """Nothing ran at all because every backend refused: that is the caller's mistake, so say it as an error."""
    searched = any(call.role in ("sampler", "proposer", "exact") for call in run.record.calls)
    if run.refusals and not searched:
        raise run.refusals[0]


def _hash(run: Run) -> None:
    subject = run.subject
    formulation = run.record.formulation
    _, nonzeros = subject.size(formulation)
    if nonzeros > HASHED_NONZEROS or (subject.form is not None and not subject.built(formulation)):
        return
    problem = subject.problem(formulation)
    run.record.problem_hash = problem_hash(problem)
    run.record.structure_hash = structure_hash(problem)


def explain_problem(problem: Problem, run: Run) -> tuple[Violation, ...]:
    """Rules that cannot hold together, in the user's words."""
    try:
        return conflict(problem, watch=run.watch.within(max(1.0, min(10.0, run.watch.remaining()))).silent())
    except QoptError as error:
        run.warn(f"the conflict could not be narrowed down: {error}")
        return ()


def solution_document(solution: Solution) -> dict[str, Any]:
    """A solution as plain data (DESIGN section 5)."""
    return {
        "objective": solution.objective,
        "levels": list(solution.levels),
        "feasible": solution.feasible,
        "origin": solution.origin.value,
        "backend": solution.backend,
        "gap": solution.gap,
        "differs": solution.differs,
        "seen": solution.seen,
        "parts": dict(solution.check.parts),
        "violations": [{"name": v.name, "amount": v.amount, "message": v.message} for v in solution.check.violations],
        "plan": solution.plan,
    }


def result_document(result: Result) -> dict[str, Any]:
    """A result as one JSON document: what ``qopt solve --json`` prints."""
    return {
        "status": result.status.value,
        "objective": result.objective,
        "bound": None if result.bound is None else result.bound.value,
        "gap": result.gap,
        "seconds": result.record.seconds.get("total"),
        "stopped_by": result.stopped_by,
        "solutions": result.record.solutions,
        "conflict": [{"name": v.name, "message": v.message} for v in result.conflict],
        "record": {k: v for k, v in result.record.to_dict().items() if k != "solutions"},
    }


__all__ = ["Subject", "result_document", "solution_document", "solve"]
