"""Rich shops: the time-indexed formulation, the form, the plan's judge and plain enumeration against one another."""

import time
from itertools import product
from typing import Any

import numpy as np
import pytest
from shop_documents import random_document, random_instance

from qopt.core.forms.project import Proposal, evaluate
from qopt.core.problem import Kind
from qopt.core.solution import Candidate, Check, Origin, Solution
from qopt.core.watch import Watch
from qopt.evaluate.check import check
from qopt.milp.solve import solve
from qopt.models.families._project_serial import serial
from qopt.models.families.shop import PLUGIN, ShopInstance
from qopt.testing.families import check_answers
from qopt.testing.projects import shortest_project


def solution(values=None, proposal=None, labels=None) -> Solution:
    candidate = Candidate(Origin.EXACT, "test", values, proposal)
    return Solution(candidate, Check(True, (0.0,)), values, {}, labels=labels)


def plan_of(instance, **how):
    return PLUGIN.interpret(instance, solution(**how))


def proposals(instance, rng, count):
    """Schedules of a quick rule and times at random, near each other."""
    form = instance.project
    first = serial(form)
    for _ in range(count):
        mode = np.array([rng.integers(a, b) for a, b in zip(form.modes.start[:-1], form.modes.start[1:])])
        start = rng.integers(0, 9, form.tasks)
        if first is not None and rng.random() < 0.6:
            keep = rng.random(form.tasks) < 0.8
            mode, start = np.where(keep, first.mode, mode), np.where(keep, first.start, start)
        yield Proposal(mode, start)
    if first is not None:
        yield first


def test_all_judges_agree_on_every_proposal() -> None:
    rng = np.random.default_rng(8)
    verdicts, offered = [], 0
    for seed in range(80):
        instance = random_instance(seed)
        if instance.plain:
            continue
        form = instance.project
        problem = PLUGIN.build(instance) if PLUGIN.offers(instance) else None
        offered += problem is not None
        for proposal in proposals(instance, rng, 12):
            native = evaluate(form, proposal)
            plan = plan_of(instance, proposal=proposal)
            faults = PLUGIN.domain_check(instance, plan)
            assert (faults == []) == native.feasible, (seed, faults, native.violations)
            again = PLUGIN.restore(instance, plan)
            assert plan_of(instance, proposal=again) == plan
            verdicts.append(native.feasible)
            values = None if problem is None else PLUGIN.lift(instance, proposal)
            if values is None:
                continue
            judged = check(problem, values)
            assert judged.feasible == native.feasible, (seed, judged.violations, native.violations)
            if native.feasible:
                assert judged.levels == pytest.approx(native.levels)
            assert PLUGIN.lower(instance, values).key() == proposal.key()
            assert plan_of(instance, values=values, labels=problem.columns.names) == plan
    assert offered > 50
    assert verdicts.count(True) > 60 and verdicts.count(False) > 200


def with_soft_rules(seed: int, *, tasks: int = 3) -> ShopInstance:
    """A random document with rules that may be missed."""
    rng = np.random.default_rng(seed)
    rules = [
        {"before": ["J.0", "K.0"], "lag": int(rng.integers(-1, 3)), "lag_from": str(rng.choice(["start", "end"]))},
        {"no_wait": ["K.0", "J.0"]},
        {"start_within": ["J.0", "K.0"], "time": 1},
    ]
    soft = [rule | {"soft": int(rng.integers(1, 5))} for rule in rules if rng.random() < 0.6]
    return ShopInstance.model_validate(random_document(seed, tasks=tasks) | {"rules": soft})


def test_soft_rules_are_products_of_starts() -> None:
    """The columns price a schedule as the form does, and their best is that of plain enumeration."""
    rng = np.random.default_rng(5)
    priced = solved = 0
    for seed in range(60):
        instance = with_soft_rules(seed)
        if not PLUGIN.offers(instance) or instance.project.soft is None:
            continue
        problem = PLUGIN.build(instance)
        for proposal in proposals(instance, rng, 8):
            values, native = PLUGIN.lift(instance, proposal), evaluate(instance.project, proposal)
            if values is not None and native.feasible:
                assert check(problem, values).levels == pytest.approx(native.levels)
                priced += native.parts["soft"] > 0
        if seed < 12:
            best = shortest_project(instance.project, 11)
            outcome = solve(problem, watch=Watch(clock=time.perf_counter))
            assert outcome.status == ("infeasible" if best is None else "optimal"), seed
            assert best is None or outcome.objectives[0] == pytest.approx(best), seed
            solved += best is not None
    assert priced > 20 and solved > 5


@pytest.mark.parametrize("block", range(3))
def test_the_optimum_is_that_of_plain_enumeration(block) -> None:
    """Every level, and whether anything is feasible at all: no best schedule is outside of the columns."""
    solved = {"optimal": 0, "infeasible": 0}
    for seed in range(100 + 10 * block, 110 + 10 * block):
        instance = random_instance(seed, tasks=3)
        if not PLUGIN.offers(instance) or instance.plain:
            continue
        problem = PLUGIN.build(instance)
        assert PLUGIN.size(instance)[0] == problem.n
        outcome = solve(problem, watch=Watch(clock=time.perf_counter))
        best = shortest_project(instance.project, 11)
        assert outcome.status == ("infeasible" if best is None else "optimal"), seed
        solved[outcome.status] += 1
        if best is not None:
            assert outcome.objectives[0] == pytest.approx(best), seed
            proposal = PLUGIN.lower(instance, outcome.values[0])
            assert evaluate(instance.project, proposal).levels == pytest.approx(best)
    assert solved["optimal"] >= 5


def test_sizes_are_never_below_what_is_built() -> None:
    for seed in range(40):
        instance = random_instance(seed)
        if not PLUGIN.offers(instance) or instance.plain:
            continue
        problem = PLUGIN.build(instance)
        columns, nonzeros = PLUGIN.size(instance)
        used = sum(np.count_nonzero(level.total.linear) for level in problem.levels)
        assert columns == problem.n and (problem.columns.kind == Kind.BINARY).all()
        assert used + len(problem.rows.index) + len(problem.groups.index) <= nonzeros


def test_the_contract_of_families_holds_for_rich_instances() -> None:
    done = 0
    for seed in range(20, 40):
        instance = random_instance(seed, tasks=3)
        problem = PLUGIN.build(instance) if PLUGIN.offers(instance) and not instance.plain else None
        if problem is not None and solve(problem, watch=Watch(clock=time.perf_counter)).status == "optimal":
            check_answers("shop", instance)
            done += 1
    assert done >= 8


def test_set_ups_are_kept_exactly() -> None:
    """Three tasks on a machine, every order and every time; and none that a third task would make shorter."""
    setup = {"between": {"red": {"blue": 3}, "blue": {"red": 1}}, "first": {"blue": 2}}
    given = (("red", 1), ("blue", 2), ("red", 2))
    tasks: list[dict[str, Any]] = [{"machine": "saw", "time": time, "family": family} for family, time in given]
    data = {"machines": [{"id": "saw", "setup": setup}], "jobs": [{"id": "J", "order": "parallel", "tasks": tasks}]}
    instance = ShopInstance.model_validate(data)
    problem, verdicts = PLUGIN.build(instance), []
    for start in product(range(9), repeat=3):
        proposal = Proposal(np.arange(3, dtype=np.int32), np.array(start))
        values = PLUGIN.lift(instance, proposal)
        native = evaluate(instance.project, proposal).feasible
        if values is not None:
            assert check(problem, values).feasible == native, start
            verdicts.append(native)
    assert verdicts.count(True) >= 4 and verdicts.count(False) > 100
    tasks[1] = {"machine": "saw", "time": 1}
    tasks[0]["family"] = "blue"
    assert PLUGIN.offers(ShopInstance.model_validate(data)) == (), (
        "a task without a family between red and blue takes 1, less than 3"
    )
