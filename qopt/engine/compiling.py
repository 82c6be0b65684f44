"""Compile for the samplers of a run, again when a better incumbent allows smaller penalties."""

from __future__ import annotations

import time
from typing import Any

from qopt.compilers.compile import compile_problem
from qopt.core import registry
from qopt.core.compiled import Compiled
from qopt.core.errors import CompileError, NotApplicableError
from qopt.engine.calls import attempt
from qopt.engine.run import Run

WORTHWHILE = 0.1
"""Relative change of the incumbent that is worth compiling again."""


def compiled_for(run: Run, name: str, formulation: str, *, scale: float = 1.0) -> Compiled | None:
    """The run's problem compiled for a sampler; None when the sampler cannot take it.

    Kept between rounds. What a penalty must outweigh shrinks with the best answer known (``argmin`` and ``top`` need to
    order only what is at least that good), so a clearly better incumbent is worth a new compile.

    Parameters
    ----------
    scale
        Operating point: factor on the penalty weights that are proven enough. Below 1 the sampler sees more of the
        objective and breaks more rules, which pays where repair follows; the compile then guarantees nothing.
    """
    key = (name, formulation, scale)
    known = run.incumbent()
    used = run.compiled.get(key)
    if used is not None:
        made, incumbent = used
        if made is None or not made.penalties or known is None:
            return made
        if incumbent is not None and abs(known - incumbent) <= WORTHWHILE * abs(incumbent):
            return made
    began = time.perf_counter()
    made = attempt(run, name, "sampler", lambda: _compile(run, name, formulation, known, scale))
    run.compiled[key] = (made, known)
    spent = time.perf_counter() - began
    run.record.seconds["compile"] = round(run.record.seconds.get("compile", 0.0) + spent, 4)
    if made is not None:
        _record(run, name, formulation, made)
    return made


def _compile(run: Run, name: str, formulation: str, incumbent: float | None, scale: float) -> Compiled:
    accepts = registry.load("samplers", name).accepts
    problem = run.subject.problem(formulation)
    rule: Any = registry.load("penalties", "range", scale=scale)
    wanted = run.settings.guarantee if scale >= 1 else "none"
    try:
        made = compile_problem(problem, accepts=accepts, guarantee=wanted, incumbent=incumbent, penalty=rule)
    except CompileError as error:
        # Data without an exact scale: search the rounded problem, whose answers are checked against the real one.
        if wanted == "none":
            raise
        made = compile_problem(problem, accepts=accepts, guarantee="none", incumbent=incumbent, penalty=rule)
        run.warn(f"compile for {name}: no guarantee, {error}")
    refused = accepts.refusals(bits=made.num_bits, couplings=made.num_couplings, degree=made.polynomial.degree)
    if refused:
        raise NotApplicableError(name, refused)
    return made


def _record(run: Run, name: str, formulation: str, made: Compiled) -> None:
    run.record.compiled[name] = {
        "formulation": formulation,
        "bits": made.num_bits,
        "couplings": made.num_couplings,
        "groups": len(made.groups),
        "guarantee": made.guarantee,
        "penalties": len(made.penalties),
        **made.stats,
    }
    for note in made.notes:
        run.warn(f"compile for {name}: {note}")
