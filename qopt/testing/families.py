"""The contract of a family: its instances are documents, its formulations agree, and its plans pass its judge."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from qopt.core import registry
from qopt.core.arrays import Floats
from qopt.core.errors import ModelError
from qopt.core.forms import evaluate
from qopt.core.problem import Problem
from qopt.core.solution import Candidate, Check, Origin
from qopt.core.watch import Watch
from qopt.evaluate.check import check
from qopt.milp.solve import solve
from qopt.models.documents import load_document, validate
from qopt.models.documents.write import to_yaml
from qopt.models.instance import Instance
from qopt.models.schema import schema, starter
from qopt.models.subject import Subject

_NODES = 2_000  # branch-and-bound nodes at most for a small instance
_LARGE = 400  # columns; a larger formulation is built but not solved here


def check_family(name: str) -> None:
    """Check a family against its contract.

    Raises
    ------
    AssertionError
        The rule that is broken.
    """
    family: Any = registry.load("families", name)
    assert dataclasses.is_dataclass(type(family)), f"{name}: PLUGIN must be a frozen dataclass instance"
    assert family.name == name, f"{name}: the plug-in calls itself {family.name!r}"
    assert family.formulations, f"{name}: a family has at least one formulation"
    assert all(family.formulations.values()), f"{name}: every formulation is told in one sentence"
    check_instances(name)
    check_documents(name)
    for instance in _instances(family):
        check_answers(name, instance)


def _instances(family: Any) -> Iterator[Instance]:
    """The example and a few small random instances."""
    yield family.example()
    for size, seed in ((3, 1), (5, 2), (6, 3)):
        yield family.generate(size, seed=seed)


def check_instances(name: str) -> None:
    """Examples and generated instances: of the family's class, the same for the same seed, different for another."""
    family: Any = registry.load("families", name)
    for instance in _instances(family):
        assert isinstance(instance, family.instance), f"{name}: {type(instance).__name__} is not the family's class"
        assert instance.family == instance.problem == name, f"{name}: an instance says {instance.family!r}"
    assert family.example() == family.example(), f"{name}: the example changes"
    assert family.generate(6, seed=3) == family.generate(6, seed=3), f"{name}: the same seed gives two instances"
    drawn = {family.generate(6, seed=seed).model_dump_json(exclude={"name"}) for seed in range(5)}
    assert len(drawn) > 1, f"{name}: every seed gives the same instance"
    small, large = (family.generate(size, seed=1).model_dump_json() for size in (4, 40))
    assert len(small) < len(large), f"{name}: size means nothing to the generator"


def check_documents(name: str) -> None:
    """Instances as YAML and as JSON read back as the same instance; schema and starter document fit the class."""
    family: Any = registry.load("families", name)
    for instance in _instances(family):
        for full in (False, True):
            data = instance.model_dump(mode="json", by_alias=True, exclude_none=not full, exclude_defaults=not full)
            data = {"problem": name} | data
            for text in (json.dumps(data), to_yaml(data)):
                again = validate(load_document(text), family.instance)
                assert again == instance, f"{name}: an instance changes on its way through a document"
    begun = validate(load_document(starter(name)), family.instance)
    example = family.example()
    assert begun.model_copy(update={"solve": example.solve}) == example, f"{name}: the starter is not the example"
    described = schema(name)
    assert described["properties"]["problem"]["const"] == name
    unknown = [key for key in load_document(starter(name)).data if key not in described["properties"]]
    assert not unknown, f"{name}: the schema does not know {unknown}"
    try:
        validate(load_document(json.dumps({"problem": name, "no_such_key": 1})), family.instance)
    except ModelError as error:
        assert any("no_such_key" in issue.value for issue in error.issues), f"{name}: an unknown key is not named"
    else:
        raise AssertionError(f"{name} takes a key that it does not have")


def check_answers(name: str, instance: Instance) -> None:
    """Best answers of every formulation have one objective, and plans that the family's own judge accepts."""
    family: Any = registry.load("families", name)
    subject = Subject(instance=instance)
    best: dict[str, float] = {}
    pool: list[Any] = []
    assert set(subject.formulations) <= set(family.formulations), f"{name}: a formulation is not told"
    for formulation in sorted(subject.formulations, key=lambda f: f == "pool"):
        if formulation == "pool" and not pool:
            continue
        given = tuple(pool) if formulation == "pool" else None
        problem: Problem = family.build(instance, formulation=formulation, pool=given)
        assert isinstance(problem, Problem), f"{name}: {formulation} builds a {type(problem).__name__}"
        assert len(set(problem.columns.names)) == problem.n, f"{name}: {formulation} gives two columns one name"
        _check_size(family, instance, formulation, problem)
        if problem.n > _LARGE:
            continue
        outcome = solve(problem, watch=Watch(clock=time.perf_counter), nodes=_NODES)
        assert outcome.values, f"{name}: {formulation} has no answer: {outcome.status} {outcome.reason}"
        values = outcome.values[0]
        judged = _check_answer(family, subject, problem, values)
        if outcome.status == "optimal" and subject.faithful(formulation):
            best[formulation] = judged.objective
        if hasattr(family, "form"):
            pool.append(_check_form(family, subject, formulation, values, judged, given))
        _check_spoilt(family, subject, problem, values)
    spread = max(best.values(), default=0.0) - min(best.values(), default=0.0)
    assert spread <= 1e-6 * max(1.0, *map(abs, best.values()), 0.0), f"{name}: formulations disagree: {best}"
    try:
        family.build(instance, formulation="no-such-formulation")
    except ModelError as error:
        assert all(known in str(error) for known in family.formulations), f"{name}: the refusal lists no formulations"
    else:
        raise AssertionError(f"{name} builds a formulation that it does not have")


def _check_size(family: Any, instance: Instance, formulation: str, problem: Problem) -> None:
    """The number of columns is known before anything is built; a pool's is not."""
    if hasattr(family, "size") and formulation != "pool":
        columns, nonzeros = family.size(instance, formulation)
        assert columns == problem.n, f"{family.name}: {formulation} has {problem.n} columns, {columns} were foretold"
        assert nonzeros >= 0


def _plan(subject: Subject, problem: Problem, values: Floats) -> tuple[Check, dict[str, Any], Any]:
    judged = check(problem, values)
    solution = subject.solution(Candidate(Origin.EXACT, "test", values=values), judged, problem)
    return judged, dict(solution.plan), solution.key


def _check_answer(family: Any, subject: Subject, problem: Problem, values: Floats) -> Check:
    """A feasible answer has a plan that is JSON, has a key, and passes the family's judge."""
    judged, plan, key = _plan(subject, problem, values)
    assert judged.feasible, f"{family.name}: the answer breaks {judged.violations[:2]}"
    through = json.loads(json.dumps(plan, allow_nan=False))
    assert key == family.key(through), f"{family.name}: the key of a plan changes on its way through JSON"
    hash(key)
    faults = family.domain_check(subject.instance, through)
    assert not list(faults), f"{family.name}: the judge finds {list(faults)[:2]} in a feasible plan"
    return judged


def _check_form(
    family: Any, subject: Subject, formulation: str, values: Floats, judged: Check, pool: tuple[Any, ...] | None
) -> Any:
    """The same answer as a proposal of the form: feasible there, with the same objective, and back again."""
    instance = subject.instance
    extra = {} if pool is None else {"pool": pool}
    form = family.form(instance)
    proposal = family.lower(instance, values, formulation=formulation, **extra)
    assert proposal is not None, f"{family.name}: {formulation} cannot lower a feasible answer"
    its = evaluate(form, proposal)
    assert its.feasible, f"{family.name}: the form says {its.violations[:2]} of a feasible answer"
    close = abs(its.objective - judged.objective) <= 1e-6 * max(1.0, abs(its.objective))
    close |= not subject.faithful(formulation)
    assert close, f"{family.name}: {formulation} says {judged.objective}, the form {its.objective}"
    again = family.lift(instance, proposal, formulation=formulation, **extra)
    assert again is not None, f"{family.name}: {formulation} cannot lift the proposal that it gave"
    problem = family.build(instance, formulation=formulation, **extra)
    assert check(problem, again).feasible, f"{family.name}: {formulation} lifts a proposal to an infeasible point"
    return proposal


def _check_spoilt(family: Any, subject: Subject, problem: Problem, values: Floats) -> None:
    """Answers with one column changed: whatever the problem's judge allows, the family's own judge allows as well.

    Where a family has no form and one formulation, the two judges must agree both ways.
    """
    exact = not hasattr(family, "form") and len(family.formulations) == 1
    rng = np.random.default_rng(17)
    columns = problem.columns
    caught = 0
    changed = rng.choice(problem.n, min(problem.n, 30), replace=False)
    for c in changed.tolist():
        spoilt = np.array(values)
        other = columns.upper[c] if spoilt[c] == columns.lower[c] else columns.lower[c]
        spoilt[c] = other if np.isfinite(other) else spoilt[c] + 1
        try:
            judged, plan, _ = _plan(subject, problem, spoilt)
        except ModelError:
            caught += 1  # values that describe no plan at all
            assert not check(problem, spoilt).feasible, f"{family.name}: a feasible answer has no plan"
            continue
        faults = list(family.domain_check(subject.instance, plan))
        assert not (judged.feasible and faults), f"{family.name}: feasible, but the judge says {faults[:2]}"
        if exact:
            assert judged.feasible or faults, f"{family.name}: the judge overlooks {judged.violations[:2]}"
        caught += bool(faults)
    hard = len(problem.groups) or np.any(~problem.rows.soft)
    assert caught or not hard, f"{family.name}: the judge never finds fault with a spoilt plan"
