"""The shop family: its formulations against the native form, its plans against a judge of their own, its document."""

import time

import numpy as np
import pytest
from pydantic import ValidationError

from qopt.core.budget import Budget
from qopt.core.errors import ModelError, RecordError
from qopt.core.forms.shop import Proposal, evaluate, semi_active
from qopt.core.problem import Kind
from qopt.core.rows import GroupKind
from qopt.core.solution import Candidate, Check, Origin, Solution
from qopt.core.watch import Watch
from qopt.evaluate.check import check
from qopt.milp.solve import solve
from qopt.models.families.shop import PLUGIN, ShopInstance
from qopt.models.frontends import document
from qopt.solvers.bounders import branch_shop

FORMULATIONS = tuple(PLUGIN.formulations)


def shop(jobs, machines=3) -> ShopInstance:
    """A shop from ``[[(machine, time), …], …]``."""
    return ShopInstance.model_validate(
        {
            "machines": list(range(machines)),
            "jobs": [{"id": j, "tasks": [{"machine": m, "time": t} for m, t in tasks]} for j, tasks in enumerate(jobs)],
        }
    )


def random_shop(rng, most=3, longest=4) -> ShopInstance:
    """Jobs may be empty or come back to a machine; times may be 0."""
    return shop(
        [
            [(int(rng.integers(3)), int(rng.integers(longest + 1))) for _ in range(rng.integers(0, most + 1))]
            for _ in range(rng.integers(1, 4))
        ]
    )


def solution(values=None, proposal=None, labels=None) -> Solution:
    candidate = Candidate(Origin.EXACT, "test", values, proposal)
    return Solution(candidate, Check(True, (0.0,)), values, {}, labels=labels)


def plan_of(instance, **how):
    return PLUGIN.interpret(instance, solution(**how))


def optimum(instance) -> float:
    bound = branch_shop.PLUGIN.bound(
        instance.form, incumbent=None, budget=Budget(), watch=Watch(clock=time.perf_counter)
    )
    assert bound is not None
    return bound.value


@pytest.mark.parametrize("formulation", FORMULATIONS)
def test_both_judges_agree_on_every_proposal(formulation) -> None:
    """Schedules and starts at random: the rows say the same as the form, and so does the plan's judge."""
    rng = np.random.default_rng(14)
    verdicts = []
    for _ in range(60):
        instance = random_shop(rng)
        form, windows = instance.form, instance.windows
        problem = PLUGIN.build(instance, formulation=formulation)
        starts = [semi_active(form, rng.random(form.tasks)).start]
        starts += [rng.integers(windows.earliest, windows.latest + 1) for _ in range(6)]
        starts.append(windows.latest)
        for start in starts:
            proposal = Proposal(start)
            values = PLUGIN.lift(instance, proposal, formulation=formulation)
            native = evaluate(form, proposal)
            if values is None:
                assert native.objective > windows.longest or not windows.hold(proposal)
                continue
            assert PLUGIN.lower(instance, values, formulation=formulation).key() == proposal.key()
            judged = check(problem, values)
            assert judged.feasible == native.feasible
            if native.feasible:
                assert judged.levels == native.levels
            plan = plan_of(instance, values=values, labels=problem.columns.names)
            assert plan == plan_of(instance, proposal=proposal)
            assert (PLUGIN.domain_check(instance, plan) == []) == native.feasible
            verdicts.append(native.feasible)
    assert verdicts.count(True) > 50 and verdicts.count(False) > 50


@pytest.mark.parametrize("formulation", FORMULATIONS)
def test_the_optimum_of_every_formulation_is_that_of_the_form(formulation) -> None:
    rng = np.random.default_rng(3)
    harder = [shop([[(m, int(rng.integers(1, 5))) for m in rng.permutation(3).tolist()] for _ in range(3)])] * 2
    for instance in [PLUGIN.example(), *harder, *(random_shop(rng) for _ in range(8))]:
        watch = Watch(clock=time.perf_counter)
        problem = PLUGIN.build(instance, formulation=formulation)
        outcome, best = solve(problem, watch=watch), optimum(instance)
        assert outcome.status == "optimal" and outcome.objectives[0][0] == best
        plan = plan_of(instance, values=outcome.values[0], labels=problem.columns.names)
        assert plan["makespan"] == best and PLUGIN.domain_check(instance, plan) == []


@pytest.mark.parametrize("formulation", FORMULATIONS)
def test_sizes_are_those_of_what_is_built(formulation) -> None:
    rng = np.random.default_rng(5)
    for instance in [PLUGIN.example(), *(random_shop(rng) for _ in range(30))]:
        columns, nonzeros = PLUGIN.size(instance, formulation)
        problem = PLUGIN.build(instance, formulation=formulation)
        used = np.count_nonzero(problem.objective.linear) + len(problem.rows.index) + len(problem.groups.index)
        assert columns == problem.n
        if formulation == "disjunctive":
            assert nonzeros == used
        else:
            busy = int(
                (PLUGIN.form(instance).duration * (instance.windows.latest - instance.windows.earliest + 1)).sum()
            )
            assert used <= nonzeros <= used + busy + problem.n


def test_every_column_of_the_time_indexed_formulation_is_one_bit_in_a_choice() -> None:
    problem = PLUGIN.build(PLUGIN.example())
    assert (problem.columns.kind == Kind.BINARY).all() and len(problem.rows) == 0
    exact = [columns for _, kind, columns in problem.groups.simple() if kind == GroupKind.EXACTLY_ONE]
    assert np.sort(np.concatenate(exact)).tolist() == list(range(problem.n))
    assert list(problem.columns.names)[:2] == ["start[tart,dough,0]", "start[tart,dough,1]"]
    assert "machine[oven,9]" in list(problem.groups.names)


def test_the_names_of_the_disjunctive_formulation_are_the_documents() -> None:
    problem = PLUGIN.build(PLUGIN.example(), formulation="disjunctive")
    assert {"start[tart,bake]", "order[tart,bake,sponge,bake]", "makespan"} <= set(problem.columns.names)
    assert {"after[tart,bake]", "end[torte,bake]", "before[tart,bake,sponge,bake]"} <= set(problem.rows.names)


def test_a_schedule_with_idle_time_and_a_generous_makespan() -> None:
    """The columns may say more than the plan needs: the plan states its own makespan."""
    shops = (PLUGIN.generate(3, seed=seed) for seed in range(100))
    loose = next(s for s in shops if optimum(s) < s.windows.longest)
    for formulation in FORMULATIONS:
        problem = PLUGIN.build(loose, formulation=formulation)
        best = solve(problem, watch=Watch(clock=time.perf_counter)).values[0].copy()
        if formulation == "disjunctive":
            best[-1] = loose.windows.longest
        else:
            best[problem.columns.names.span("makespan")] = 0
            best[-1] = 1
        assert check(problem, best).feasible
        assert check(problem, best).objective == loose.windows.longest
        plan = plan_of(loose, values=best, labels=problem.columns.names)
        assert plan["makespan"] < loose.windows.longest and PLUGIN.domain_check(loose, plan) == []


def test_values_without_exactly_one_start_describe_no_plan() -> None:
    instance = PLUGIN.example()
    values = PLUGIN.lift(instance, semi_active(instance.form, -instance.form.tail))
    values[0] = 1 - values[0]
    assert PLUGIN.lower(instance, values) is None
    with pytest.raises(ModelError, match="no start or several"):
        PLUGIN.interpret(instance, solution(values=values))


def test_the_example_has_the_story_it_tells() -> None:
    instance = PLUGIN.example()
    assert optimum(instance) == 26
    plan = plan_of(instance, proposal=semi_active(instance.form, -instance.form.tail))
    assert plan["makespan"] == 26
    assert plan["tasks"][0] == {"job": "tart", "task": "dough", "machine": "mixer", "start": 2, "end": 5}
    oven = sorted((line["start"], line["job"]) for line in plan["tasks"] if line["machine"] == "oven")
    assert oven[0][0] == 2 and oven[-1][1] == "torte"


def test_generated_shops_are_random_but_repeatable() -> None:
    for size in (1, 4, 20):
        instance = PLUGIN.generate(size, seed=2)
        assert len(instance.jobs) == size and instance == PLUGIN.generate(size, seed=2)
        assert instance != PLUGIN.generate(size, seed=3)


def test_plans_are_the_same_when_the_machines_take_the_same_orders() -> None:
    instance = PLUGIN.example()
    form = instance.form
    start = semi_active(form, -form.tail).start
    plan = plan_of(instance, proposal=Proposal(start))
    assert PLUGIN.key(plan) == PLUGIN.key(plan_of(instance, proposal=Proposal(start * 2)))
    other = plan_of(instance, proposal=semi_active(form, form.duration))
    assert PLUGIN.domain_check(instance, other) == [] and PLUGIN.key(other) != PLUGIN.key(plan)


def test_a_plan_can_be_restored_and_wrong_ones_are_refused() -> None:
    instance = PLUGIN.example()
    start = semi_active(instance.form, -instance.form.tail).start
    plan = plan_of(instance, proposal=Proposal(start))
    assert PLUGIN.restore(instance, {"tasks": plan["tasks"][::-1]}).start.tolist() == start.tolist()
    for broken, message in (
        ({}, "no list of 'tasks'"),
        ({"tasks": plan["tasks"][1:]}, "no start at or after 0 to task tart,dough"),
        ({"tasks": [plan["tasks"][0] | {"job": "pie"}]}, "fits no task"),
        ({"tasks": [plan["tasks"][0] | {"start": 1.5}]}, "fits no task"),
        ({"tasks": [3]}, "fits no task"),
    ):
        with pytest.raises(RecordError, match=message):
            PLUGIN.restore(instance, broken)


@pytest.mark.parametrize(
    ("line", "change", "sentence"),
    [
        (1, {"machine": "mixer"}, "task bake of job tart runs on mixer, it needs oven"),
        (0, {"start": 3}, "task dough of job tart takes 2, it needs 3"),
        (0, {"start": -1, "end": 2}, "task dough of job tart starts at -1, before time 0"),
        (1, {"start": 3, "end": 11}, "job tart: task bake starts before task dough has ended"),
        (1, {"start": 7, "end": 15}, "machine oven: task bake of job tart starts before bake of sponge has ended"),
        (1, {"task": "boil"}, "task boil of job tart is planned but not in the document"),
        (1, {"job": "sponge"}, "task bake of job sponge is planned twice"),
    ],
)
def test_the_domain_check_names_what_is_wrong(line, change, sentence) -> None:
    instance = PLUGIN.example()
    plan = plan_of(instance, proposal=semi_active(instance.form, -instance.form.tail))
    assert PLUGIN.domain_check(instance, plan) == []
    plan["tasks"][line] |= change
    assert sentence in PLUGIN.domain_check(instance, plan)


def test_the_domain_check_reads_the_makespan_and_misses_no_task() -> None:
    instance = PLUGIN.example()
    plan = plan_of(instance, proposal=semi_active(instance.form, -instance.form.tail))
    assert PLUGIN.domain_check(instance, plan | {"makespan": 25}) == [
        "the makespan is stated as 25, the last task ends at 26"
    ]
    assert PLUGIN.domain_check(instance, plan | {"tasks": plan["tasks"][1:]}) == [
        "task dough of job tart is not planned"
    ]


DOCUMENT = """qopt: 1
problem: shop
name: cell-4
units: {time: min}
machines: [lathe, {id: mill, label: big mill}, oven]
jobs:
  - id: J1
    tasks:
      - {id: cut, machine: lathe, time: 40}
      - {id: cure, machine: oven, time: 120}
  - {id: 7, label: spare part, tasks: [{machine: mill, time: 55}]}
objective:
  - {minimize: makespan}
solve: {budget: 5s}
"""


def test_a_document() -> None:
    instance = document.PLUGIN.read(DOCUMENT)
    assert instance.names == (("J1", "cut", "lathe"), ("J1", "cure", "oven"), (7, 0, "mill"))
    assert instance.form.duration.tolist() == [40, 120, 55] and instance.form.machine.tolist() == [0, 2, 1]
    assert instance.machines[1].label == "big mill" and instance.objective[0].minimise == "makespan"


@pytest.mark.parametrize(
    ("old", "new", "line", "rule"),
    [
        ("machine: oven", "machine: furnace", 10, "not listed; there are: lathe, mill, oven"),
        ("time: 120", "time: -1", 10, "at least 0"),
        ("time: 120", "time: 1.5", 10, ""),
        ("time: 120", "time: ten", 10, ""),
        ("id: 7", 'id: "J1"', 11, "every job needs an id of its own"),
        ("id: cure", "id: cut", 10, "every task of a job needs an id of its own"),
        ("oven]", "mill]", 5, "every machine needs an id of its own"),
        ("time: 55", "time: 9007199254740993", 7, "all times together"),
        ("minimize: makespan", "minimize: cost", 13, "makespan"),
        ("machine: mill", "machin: mill", 11, ""),
        ("[lathe, {id: mill, label: big mill}, oven]", "[]", 5, ""),
    ],
)
def test_faults_are_reported_where_they_stand(old, new, line, rule) -> None:
    assert old in DOCUMENT
    with pytest.raises(ModelError) as caught:
        document.PLUGIN.read(DOCUMENT.replace(old, new))
    assert caught.value.issues[0].place.line == line, str(caught.value)
    assert rule in str(caught.value)


def test_faults_between_fields_are_refused_in_python_too() -> None:
    with pytest.raises(ValidationError, match="every machine needs an id of its own"):
        ShopInstance.model_validate({"machines": ["a", "a"], "jobs": [{"id": 1, "tasks": []}]})
    with pytest.raises(ModelError, match="no formulation 'cubic'"):
        PLUGIN.build(PLUGIN.example(), formulation="cubic")
