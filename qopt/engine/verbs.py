"""The other verbs: load, compile, sample, explain, check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qopt.compilers.compile import compile_problem
from qopt.core import forms, registry
from qopt.core.accepts import QUBO, Accepts
from qopt.core.arrays import Bits
from qopt.core.batch import SampleBatch
from qopt.core.budget import Budget
from qopt.core.clock import now
from qopt.core.compiled import Compiled
from qopt.core.errors import ModelError, NotApplicableError, RecordError
from qopt.core.solution import Candidate, Check, Origin, Solution, Violation
from qopt.core.watch import Watch
from qopt.engine.environment import cores
from qopt.evaluate.check import check as judge
from qopt.milp.conflict import conflict
from qopt.models.subject import Subject, as_subject


def load(source: Any, **options: Any) -> Any:
    """A family instance or a Problem from a file of any known format (by content), or from a model object.

    Parameters
    ----------
    options
        ``format``, ``member`` and the reader's own options.

    Raises
    ------
    ModelError
        No reader, or several, accept the file; or the file is broken: every issue with file, line and column.
    """
    subject = as_subject(source, **options)
    return subject.instance if subject.instance is not None else subject.problem()


def compile(  # the public name of the verb
    subject: Any,
    *,
    guarantee: str = "argmin",
    accepts: Accepts = QUBO,
    max_bits: int | None = None,
    max_couplings: int | None = None,
    max_coefficient_bits: int | None = None,
    encoding: str = "auto",
    formulation: str = "auto",
    penalty: str = "auto",
    presolve: bool = True,
    certify: bool = False,
    reduce: bool = False,
    incumbent: Any = None,
    **options: Any,
) -> Compiled:
    """Compile for a backend that accepts what ``accepts`` says; a plain QUBO by default.

    Parameters
    ----------
    guarantee
        ``argmin``, ``top:X``, ``top:X%``, ``total`` or ``none``: what must hold of the energies.
    max_bits, max_couplings, max_coefficient_bits
        Encodings and forms are chosen to fit; refuse (CompileError) where none does.
    encoding
        Name of the encoding of integer columns, or ``auto``: the fewest bits that fit the limits.
    penalty
        The rule that weighs: ``dual``, ``range`` (solves no relaxation) or ``auto``, the better of the two.
    presolve
        Whether the problem is simplified first and narrowed to what the guarantee can ask for.
    certify
        Take only steps that ``qopt verify`` can check, and attach the certificate.
    reduce
        Whether bits whose best value follows from others leave the QUBO: fewer bits and the same best answers, but no
        ranking of others; only with ``argmin`` or ``none``.
    incumbent
        Objective or values of a feasible answer; without one ``argmin`` and ``top`` look for one greedily, never by
        solving the problem.

    Raises
    ------
    CompileError
        Not possible as asked; the message says what was needed and what allowed.
    """
    target = as_subject(subject, **options)
    problem = target.problem(formulation)
    return compile_problem(
        problem,
        accepts=accepts,
        guarantee=guarantee,
        encoding=encoding,
        max_bits=max_bits,
        max_couplings=max_couplings,
        max_coefficient_bits=max_coefficient_bits,
        penalty=penalty,
        presolve=presolve,
        certify=certify,
        reduce=reduce,
        incumbent=incumbent,
    )


def sample(
    subject: Any,
    *,
    sampler: str = "anneal",
    budget: float | Budget = 1.0,
    seed: int = 0,
    threads: int | None = None,
    initial: Bits | None = None,
    **parameters: Any,
) -> SampleBatch:
    """Sample a Compiled, or a dimod BQM, with one sampler; no repair, no ranking.

    Parameters
    ----------
    initial
        Rows of bits to start from, for samplers that can.
    parameters
        The sampler's own, such as ``sweeps`` and ``keep`` of ``anneal``.

    Returns
    -------
    ``bits`` 0/1 with columns in ``bqm.variables`` order for a BQM, ``energies`` in the terms of what was handed in.

    Raises
    ------
    NotApplicableError
        The sampler does not accept it.
    ModelError
        A parameter that the sampler does not have.
    """
    compiled = subject if isinstance(subject, Compiled) else _of_bqm(subject)
    plugin = registry.load("samplers", sampler, **parameters)
    refused = plugin.accepts.refusals(
        bits=compiled.num_bits, couplings=compiled.num_couplings, degree=compiled.polynomial.degree
    )
    if refused:
        raise NotApplicableError(sampler, refused)
    limit = Budget.of(budget)
    clock = now
    deadline = None if limit.seconds is None else clock() + limit.seconds
    watch = Watch(clock=clock, deadline=deadline, threads=threads or cores())
    batch: SampleBatch = plugin.sample(compiled, budget=limit, seed=seed, watch=watch, initial=initial)
    compiled.verify(batch.bits, batch.energies, sampler)
    return batch


def _of_bqm(bqm: Any) -> Compiled:
    from qopt.core.polynomial import Polynomial

    if not hasattr(bqm, "to_numpy_vectors"):
        raise ModelError(f"sample takes a Compiled or a dimod BQM, got a {type(bqm).__name__}")
    binary = bqm if bqm.vartype.name == "BINARY" else bqm.change_vartype("BINARY", inplace=False)
    linear, (row, col, value), offset = binary.to_numpy_vectors(variable_order=list(bqm.variables))
    return Compiled.of_polynomial(Polynomial.from_pairs(linear, row, col, value, offset=float(offset), binary=True))


def explain(subject: Any, *, budget: float = 10.0, formulation: str = "auto", **options: Any) -> tuple[Violation, ...]:
    """Why nothing is feasible: an irreducible set of rules that cannot hold together, in the user's words.

    Returns
    -------
    The conflicting rules; empty when a feasible answer exists or no conflict was found within the budget.
    """
    target = as_subject(subject, **options)
    clock = now
    watch = Watch(clock=clock, deadline=clock() + budget, threads=1)
    return conflict(target.problem(target.choose("explain", formulation)), watch=watch)


def check(subject: Any, plan: Mapping[str, Any], **options: Any) -> Check:
    """Judge a plan that anyone made.

    Parameters
    ----------
    plan
        A plan in the family's words, or a document of ``qopt solve --json`` (its best plan is judged).

    Raises
    ------
    RecordError
        The document holds no plan, or an entry that does not fit the subject.
    """
    verdict, _ = judge_plan(as_subject(subject, **options), best_plan(plan))
    return verdict


def best_plan(document: Any) -> Mapping[str, Any]:
    """The plan that a document holds: its best solution's, or the document itself.

    Raises
    ------
    RecordError
        There is none.
    """
    if isinstance(document, Mapping) and "solutions" in document:
        solutions = document["solutions"]
        if not isinstance(solutions, Sequence) or not solutions:
            raise RecordError("the document holds no solution")
        document = solutions[0].get("plan") if isinstance(solutions[0], Mapping) else None
    if not isinstance(document, Mapping):
        raise RecordError('a plan is an object by name, such as {"routes": …}, or a document of qopt solve --json')
    return document


def judge_plan(subject: Subject, plan: Mapping[str, Any]) -> tuple[Check, tuple[str, ...]]:
    """The check of a plan, and what the family's own judge says against it, in its own words.

    Raises
    ------
    RecordError
        An entry that does not fit the subject.
    """
    solution = judged(subject, plan)
    return solution.check, subject.faults(solution.plan)


def judged(subject: Subject, plan: Mapping[str, Any]) -> Solution:
    """A plan that anyone made, with its check and with everything that the family tells of its plans.

    Raises
    ------
    RecordError
        An entry that does not fit the subject.
    """
    restored = subject.restore(plan)
    if subject.form is not None:
        verdict = forms.evaluate(subject.form, restored)
        candidate, problem = Candidate(Origin.BASELINE, "plan", proposal=restored), None
    else:
        problem = subject.problem()
        verdict = judge(problem, restored)
        candidate = Candidate(Origin.BASELINE, "plan", restored)
    return subject.told(subject.solution(candidate, verdict, problem))
