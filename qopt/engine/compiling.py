"""Compile for the samplers of a run, again when better answers allow smaller penalties and fewer bits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from qopt.compilers.bounds import MOST_SECONDS
from qopt.compilers.compile import compile_problem
from qopt.compilers.lowered import Guarantee
from qopt.compilers.passes.fewer import with_fewer_bits
from qopt.compilers.size import TooLarge
from qopt.core import registry
from qopt.core.accepts import Accepts
from qopt.core.clock import now
from qopt.core.compiled import Compiled
from qopt.core.errors import CompileError, NotApplicableError
from qopt.core.problem import Problem
from qopt.engine.calls import attempt
from qopt.engine.run import Run

WHOLE = 128
"""Bits up to which a plain QUBO is searched whole, for the sake of alternatives; a larger one is reduced first."""
SHARE = 0.05
"""Of the time left that a compile may take to be done again because better answers are known."""

RELAXING = 0.03
"""Of the whole time that each linear relaxation of a compile may take."""


@dataclass(frozen=True, eq=False)
class Made:
    """A compile of a run; None where the sampler cannot take the problem.

    Parameters
    ----------
    wanted
        Objective of the worst answer that was wanted, None when fewer were known than wanted.
    seconds
        What it took.
    """

    compiled: Compiled | None
    wanted: float | None
    seconds: float


def compiled_for(run: Run, name: str, formulation: str, *, scale: float = 1.0) -> Compiled | None:
    """The run's problem compiled for a sampler; None when the sampler cannot take it.

    As soon as as many plans are known as the run is to return, answers worse than all of these are not wanted any more:
    penalties need to outweigh less, and what only such answers use is cut off. Until then nothing feasible is.

    Parameters
    ----------
    scale
        Operating point: factor on the penalty weights that are proven enough. Below 1 the sampler sees more of the
        objective and breaks more rules, which pays where repair follows; the compile then guarantees nothing.
    """
    key = (name, formulation, scale)
    wanted = _wanted(run)
    used = run.compiled.get(key)
    if used is not None:
        made = used.compiled
        if made is None or not made.penalties or used.wanted == wanted:
            return made
        if used.seconds > SHARE * run.search.remaining():
            return made
    began = now()
    made = attempt(run, name, "sampler", lambda: _compile(run, name, formulation, wanted, scale))
    spent = now() - began
    run.compiled[key] = Made(made, wanted, spent)
    run.record.seconds["compile"] = round(run.record.seconds.get("compile", 0.0) + spent, 4)
    if made is not None:
        _record(run, name, formulation, made, scale)
    return made


def fewer_bits(run: Run, compiled: Compiled) -> Compiled | None:
    """The same with the bits left out that follow from others; None where none does, or a ranking was asked for."""
    if not _reducible(run):
        return None
    made = with_fewer_bits(compiled)
    return made if made.num_bits < compiled.num_bits else None


def _wanted(run: Run) -> float | None:
    """The objective of the worst plan that would be returned now; None while there are fewer than asked for."""
    good = run.entries(feasible=True)
    return good[run.settings.top - 1].check.objective if len(good) >= run.settings.top else None


def _reducible(run: Run) -> bool:
    return Guarantee.of(run.settings.guarantee).level in ("argmin", "none")


def _compile(run: Run, name: str, formulation: str, wanted: float | None, scale: float) -> Compiled:
    accepts = registry.load("samplers", name).accepts
    problem = run.subject.problem(formulation)
    asked = run.settings.guarantee
    try:
        made = _lowered(run, problem, accepts, asked, wanted, scale)
    except TooLarge:
        raise
    except CompileError as error:
        # Data without an exact scale: search the rounded problem, whose answers are checked against the real one.
        if asked == "none":
            raise
        made = _lowered(run, problem, accepts, "none", None, scale)
        run.warn(f"compile for {name}: no guarantee, {error}")
    refused = accepts.refusals(bits=made.num_bits, couplings=made.num_couplings, degree=made.polynomial.degree)
    if refused:
        raise NotApplicableError(name, refused)
    return made


def _lowered(
    run: Run, problem: Problem, accepts: Accepts, guarantee: str, wanted: float | None, scale: float
) -> Compiled:
    """The problem whole, or over fewer bits where it is large and the sampler does not reduce it."""
    limit = wanted if len(problem.levels) == 1 else None
    given: dict[str, Any] = {
        "accepts": accepts,
        "guarantee": guarantee,
        "incumbent": limit,
        "cut": limit is not None,
        "penalty": registry.load("penalties", "auto", scale=scale, **_limits(run)),
    }
    try:
        made = compile_problem(problem, **given)
    except TooLarge as error:
        if error.what != "bits" or not _reducible(run):
            raise
        return compile_problem(problem, reduce=True, **given)
    if accepts.groups or made.num_bits <= WHOLE:
        return made
    return fewer_bits(run, made) or made


def _limits(run: Run) -> dict[str, float]:
    """Of the linear relaxations of one compile: a share of the time, or what the rule allows itself by default."""
    seconds = run.settings.budget.seconds
    if seconds is None or run.settings.deterministic:
        return {}
    return {"seconds": min(MOST_SECONDS, RELAXING * seconds)}


def _record(run: Run, name: str, formulation: str, made: Compiled, scale: float) -> None:
    run.record.compiled[name] = {
        "formulation": formulation,
        "bits": made.num_bits,
        "couplings": made.num_couplings,
        "groups": len(made.groups),
        "guarantee": made.guarantee,
        "penalties": len(made.penalties),
        "notes": list(made.notes),
        **made.stats,
    }
    if made.guarantee == "none" and scale >= 1:
        for note in made.notes:
            run.warn(f"compile for {name}: {note}")
