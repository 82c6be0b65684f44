"""The searching stages: propose, sample, repair, recombine.

Each takes a run and a share of time, calls backends through their seams, hands every answer to the run, and writes the
call down.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from qopt.core import registry
from qopt.core.batch import SampleBatch
from qopt.core.clock import now
from qopt.core.compiled import Compiled
from qopt.core.errors import NotApplicableError
from qopt.core.record import Call
from qopt.core.result import Bound
from qopt.core.solution import Candidate, Origin
from qopt.engine.calls import attempt, limits, parameters, plain
from qopt.engine.compiling import compiled_for, fewer_bits
from qopt.engine.run import Run
from qopt.milp.solve import solve

Draw = Callable[[Compiled], tuple[Compiled, SampleBatch]]


def propose(run: Run, name: str, seconds: float | None, *, seed: int, threads: int = 1, late: bool = False) -> int:
    """Search the form; returns how many proposals came back."""
    proposer = registry.load("proposers", name)
    pool = [entry.candidate.proposal for entry in run.entries(feasible=True)[:20]]
    watch = run.listen("", within=seconds, threads=threads, late=late)
    budget = limits(run, seconds)
    batch = attempt(
        run,
        name,
        "proposer",
        lambda: proposer.propose(run.subject.form, budget=budget, seed=seed, watch=watch, pool=pool),
    )
    if batch is None:
        return 0
    run.record.funnel.sampled += len(batch)
    for proposal in batch.proposals:
        run.take(Candidate(Origin.PROPOSED, name, proposal=proposal), "")
    run.called(
        Call(
            name,
            "proposer",
            batch.seconds,
            seed,
            parameters(proposer),
            plain(budget),
            batch.stopped_by,
            len(batch),
            dict(batch.info),
        )
    )
    return len(batch)


def sample(
    run: Run,
    name: str,
    formulation: str,
    seconds: float | None,
    *,
    seed: int,
    threads: int = 1,
    scale: float = 1.0,
    late: bool = False,
) -> int:
    """Compile, sample, decode; returns how many rows came back. ``scale`` as in ``compiled_for``."""
    made = compiled_for(run, name, formulation, scale=scale)
    if made is None:
        return 0
    sampler = registry.load("samplers", name)
    watch = run.listen(formulation, within=seconds, threads=threads, late=late)
    budget = limits(run, seconds)

    def draw(chosen: Compiled) -> tuple[Compiled, SampleBatch]:
        start = None if late else _starts(run, chosen, formulation)
        return chosen, sampler.sample(chosen, budget=budget, seed=seed, watch=watch, initial=start)

    drawn = attempt(run, name, "sampler", lambda: _drawn(run, draw, made))
    if drawn is None:
        return 0
    compiled, batch = drawn
    energies = attempt(run, name, "sampler", lambda: compiled.verify(batch.bits, batch.energies, name))
    if energies is None:
        return 0
    run.record.funnel.sampled += int(batch.info.get("reads", len(batch)))
    _, first = np.unique(batch.bits, axis=0, return_index=True)
    values, _ = compiled.decode(batch.bits[np.sort(first)[:500]])
    for row in values:
        run.take(Candidate(Origin.SAMPLED, name, row), formulation)
    run.called(
        Call(
            name,
            "sampler",
            batch.seconds,
            seed,
            parameters(sampler),
            plain(budget),
            batch.stopped_by,
            len(batch),
            dict(batch.info),
        )
    )
    exhaustive = (batch.info.get("exhaustive") or compiled.num_bits == 0) and run.subject.faithful(formulation)
    if exhaustive and compiled.guarantee != "none" and not len(compiled.rows):
        _exhausted(run, compiled, float(energies.min()), name)
    return len(batch)


def _drawn(run: Run, draw: Draw, compiled: Compiled) -> tuple[Compiled, SampleBatch]:
    """A batch, and what it is a batch of: the compiled problem, or fewer bits of it where it is too large."""
    try:
        return draw(compiled)
    except NotApplicableError:
        smaller = fewer_bits(run, compiled)
        if smaller is None:
            raise
        return draw(smaller)


def _exhausted(run: Run, compiled: Compiled, lowest: float, name: str) -> None:
    """All states were visited, and the compile guarantees that the lowest one is the optimum."""
    if len(compiled.problem.levels) == 1:
        value = run.subject.sense.sign * lowest
        run.take_bound(Bound(value, "exhaustive", source=name))


def _starts(run: Run, compiled: Compiled, formulation: str) -> Any:
    rows = []
    for entry in run.entries(feasible=True)[:8]:
        values = run.values_of(entry, formulation)
        bits = None if values is None else compiled.encode(values)
        if bits is not None:
            rows.append(np.asarray(bits, dtype=np.int8))
    return np.stack(rows) if rows else None


def repair(run: Run, formulation: str, seconds: float | None, *, seed: int) -> int:
    """Repair the best infeasible answers and recombine the feasible ones; returns how many new answers came back."""
    problem = run.subject.problem(formulation)
    broken = [e.candidate for e in run.entries(feasible=False, formulation=formulation)]
    if run.subject.form is not None:
        broken = [c.parent or c for c in broken] + [c for where, c in run.unlowered if where == formulation]
        broken = [c for c in broken if c.values is not None]
    good = []
    for entry in run.entries(feasible=True)[:20]:
        values = run.values_of(entry, formulation)
        if values is not None:
            good.append(Candidate(entry.candidate.origin, entry.candidate.backend, values))
    if not broken and len(good) < 2:
        return 0
    repairer = registry.load("repairers", "highs")
    watch = run.listen(formulation, within=seconds, threads=1)
    budget = limits(run, seconds)
    began = now()
    mended = attempt(
        run,
        "highs",
        "repairer",
        lambda: repairer.repair(problem, broken[:40], pool=good, budget=budget, seed=seed, watch=watch),
    )
    if mended is None:
        return 0
    for candidate in mended:
        run.take(candidate, formulation)
    run.called(
        Call(
            "highs",
            "repairer",
            now() - began,
            seed,
            parameters(repairer),
            plain(budget),
            run.ended(watch),
            len(mended),
            {"broken": len(broken), "pool": len(good)},
        )
    )
    return len(mended)


def recombine(run: Run, seconds: float | None, *, seed: int) -> int:
    """Choose among the parts of all pooled proposals (the ``pool`` formulation); never a bound on the whole problem."""
    subject = run.subject
    if "pool" not in subject.formulations:
        return 0
    proposals = [e.candidate.proposal for e in run.entries()[:400] if e.candidate.proposal is not None]
    if len(proposals) < 2:
        return 0
    began = now()
    problem = subject.problem("pool", pool=proposals)
    watch = run.listen("pool", within=seconds, threads=1).silent()
    outcome = attempt(run, "pool", "repairer", lambda: solve(problem, watch=watch, start=None, threads=1, seed=seed))
    if outcome is None:
        return 0
    count = 0
    for values in outcome.values:
        proposal = subject.lower(values, "pool", pool=proposals)
        if proposal is not None:
            run.take(Candidate(Origin.RECOMBINED, "highs", proposal=proposal), "")
            count += 1
    run.called(
        Call(
            "pool",
            "repairer",
            now() - began,
            seed,
            {"columns": problem.n},
            {},
            outcome.status,
            count,
            {"proposals": len(proposals), "ended": run.ended(watch)},
        )
    )
    return count
