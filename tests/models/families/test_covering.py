"""The covering family against every choice of sets there is."""

from __future__ import annotations

import json
import time
from itertools import product

import numpy as np
import pytest

import qopt
from qopt.core.errors import ModelError, RecordError
from qopt.core.problem import Sense
from qopt.core.rows import GroupKind
from qopt.core.solution import Candidate, Check, Origin, Solution
from qopt.core.watch import Watch
from qopt.evaluate.check import check
from qopt.milp.solve import solve
from qopt.models.documents import load_document, validate
from qopt.models.families.covering import PLUGIN, CoveringInstance

TASKS = ("cover", "partition", "pack", "reach")


def instance(seed: int) -> CoveringInstance:
    """Four elements, seven sets; needs, prices, limits and rules between sets come and go with the seed."""
    rng = np.random.default_rng(seed)
    task = TASKS[seed % 4]
    elements = [{"id": f"e{k}", "weight": float(rng.integers(1, 9))} for k in range(4)]
    if seed % 3:
        elements[0]["need"] = 2
    if seed % 8 == 4:
        elements[1]["unmet"] = float(rng.integers(1, 5))
    parts = [[0], [0, 1], [2, 3], *(rng.choice(4, int(rng.integers(1, 4)), replace=False).tolist() for _ in range(4))]
    sets = [
        {
            "id": f"s{k}",
            "cost": float(rng.integers(1, 9)),
            "value": float(rng.integers(1, 9)),
            "covers": [f"e{e}" for e in part],
        }
        for k, part in enumerate(parts)
    ]
    data = {"name": f"small-{seed}", "task": task, "elements": elements, "sets": sets}
    if task == "reach":
        data["most_cost"] = 12.0
    if seed % 5 == 2:
        data["most_sets"] = 4
    if seed % 7 == 5:
        data |= {"apart": [["s3", "s4"]], "together": [["s5", "s6"]]}
    return CoveringInstance.model_validate(data)


def judged(given: CoveringInstance, chosen) -> tuple[bool, float]:
    """Whether a choice holds, and its objective, by the words of the document."""
    sets = [choice for choice, c in zip(given.sets, chosen) if c]
    names = {choice.id for choice in sets}
    times = {e.id: sum(e.id in choice.covers for choice in sets) for e in given.elements}
    right, value = True, 0.0
    for e in given.elements:
        short = e.need - times[e.id]
        if given.task == "cover" and e.unmet is not None:
            value += e.unmet * max(0, short)
        elif given.task in ("cover", "partition"):
            right &= short <= 0
        if given.task in ("partition", "pack"):
            right &= short >= 0
        if given.task == "reach" and short <= 0:
            value += e.weight
    right &= all(len(names & set(line)) in (0, len(line)) for line in given.together)
    right &= all(len(names & set(line)) <= 1 for line in given.apart)
    right &= given.most_cost is None or sum(choice.cost for choice in sets) <= given.most_cost
    right &= given.most_sets is None or len(sets) <= given.most_sets
    if given.task in ("cover", "partition"):
        value += sum(choice.cost for choice in sets)
    elif given.task == "pack":
        value += sum(choice.value for choice in sets)
    return right, value


@pytest.mark.parametrize("seed", range(16))
def test_every_choice_is_judged_alike_and_the_best_one_found(seed):
    """Rows, own judge and plain words agree on all 128 choices; the best is what is proven."""
    given = instance(seed)
    problem = PLUGIN.build(given)
    sign = 1 if given.task in ("cover", "partition") else -1
    assert problem.sense is (Sense.MINIMIZE if sign > 0 else Sense.MAXIMIZE)
    best = np.inf
    for chosen in product((0, 1), repeat=len(given.sets)):
        right, value = judged(given, chosen)
        names = [choice.id for choice, c in zip(given.sets, chosen) if c]
        values = PLUGIN.restore(given, {"sets": names})
        verdict = check(problem, values)
        assert verdict.feasible == right, names
        solution = Solution(Candidate(Origin.EXACT, "test", values), Check(right, (value,)), values, {})
        plan = json.loads(json.dumps(PLUGIN.interpret(given, solution)))
        assert (PLUGIN.domain_check(given, plan) == []) == right, (names, PLUGIN.domain_check(given, plan))
        if right:
            assert verdict.objective == value
            best = min(best, sign * value)
    outcome = solve(problem, watch=Watch(clock=time.perf_counter))
    if np.isinf(best):
        assert outcome.status == "infeasible"
    else:
        assert outcome.status == "optimal" and sign * outcome.objectives[0][0] == best


def test_single_needs_are_groups():
    """Partitioning is exactly-one, packing at-most-one: structure that samplers keep without slack."""
    data = {"elements": ["a", "b"], "sets": [{"id": 1, "covers": ["a", "b"]}, {"id": 2, "covers": ["a"]}]}
    for task, kind in (("partition", GroupKind.EXACTLY_ONE), ("pack", GroupKind.AT_MOST_ONE)):
        problem = PLUGIN.build(CoveringInstance.model_validate(data | {"task": task}))
        assert problem.groups.kind.tolist() == [kind, kind] and len(problem.rows) == 0


def test_example_has_its_story():
    """Hill and port for 6; mill, park and gate do for 5."""
    result = qopt.solve(PLUGIN.example(), budget=2.0, seed=1)
    assert result.status is qopt.Status.OPTIMAL
    assert sorted(result.solutions[0].plan["sets"]) == ["gate", "mill", "park"]
    assert result.objective == 5


@pytest.mark.parametrize(
    ("more", "chosen", "reason"),
    [
        ({"most_sets": 1}, ["x"], "MOST_SETS: 1 sets are chosen already"),
        ({"most_cost": 5.0}, ["x"], "MOST_COST: y costs 3, 2 is left"),
        ({"most_cost": 9.0, "apart": [["x", "y"]]}, ["x"], "APART: y may not be chosen beside x"),
        ({"most_cost": 9.0}, ["x"], "COST: y would add it for 3"),
        ({"most_cost": 9.0}, ["x", "y"], "NO_SET: too few sets hold it"),
    ],
)
def test_what_is_not_reached_has_a_reason(more, chosen, reason):
    """The first rule that stands in the way of the cheapest set that would help."""
    data = {
        "task": "reach",
        "elements": ["a", "b", "nobody"],
        "sets": [{"id": "x", "cost": 3, "covers": ["a"]}, {"id": "y", "cost": 3, "covers": ["b"]}],
    }
    given = CoveringInstance.model_validate(data | more)
    values = PLUGIN.restore(given, {"sets": chosen})
    plan = PLUGIN.interpret(given, Solution(Candidate(Origin.EXACT, "t", values), Check(True, (0.0,)), values, {}))
    wanted = "nobody" if "NO_SET" in reason else "b"
    assert [line["reason"] for line in plan["uncovered"] if line["element"] == wanted] == [reason]


@pytest.mark.parametrize(
    ("change", "path", "rule"),
    [
        ({"elements": []}, "elements", "at least one entry"),
        ({"elements": ["a", "b", "c", "a"]}, "elements[3]", "an id may occur once"),
        ({"elements": ["a", "b", "c", "d"]}, "elements[3]", "none of the sets in the document hold it, it needs 1"),
        (
            {"elements": ["a", "b", {"id": "c", "need": 2}]},
            "elements[2]",
            "only 1 of the sets in the document hold it, it needs 2",
        ),
        ({"elements": ["a", "b", {"id": "c", "need": 0}]}, "elements[2].need", "must be at least 1"),
        ({"sets": [{"id": "x", "covers": ["a", "b", "d"]}]}, "sets[0].covers[2]", "there is no such element"),
        ({"sets": [{"id": "x", "covers": ["a", "b", "c", "a"]}]}, "sets[0].covers[3]", "a set holds an element once"),
        ({"task": "reach"}, "task", "reach needs a limit"),
        ({"task": "packing"}, "task", "must be cover, partition, pack or reach"),
        ({"task": "pack", "elements": ["a", "b", {"id": "c", "unmet": 2}]}, "elements[2].unmet", "task: cover"),
        ({"apart": [["x", "z"]]}, "apart[0][1]", "there is no such set"),
        ({"most_sets": 0}, "most_sets", "must be at least 1"),
        ({"budget": 3}, "budget", "unknown key"),
    ],
)
def test_mistakes_in_a_document_are_named_where_they_stand(change, path, rule):
    """Line, column, the rule, and the value."""
    data = {
        "problem": "covering",
        "elements": ["a", "b", "c"],
        "sets": [{"id": "x", "covers": ["a", "b"]}, {"id": "y", "covers": ["b", "c"]}],
    } | change
    with pytest.raises(ModelError) as caught:
        validate(load_document(json.dumps(data, indent=1), name="cover.json"), CoveringInstance)
    issue = caught.value.issues[0]
    assert issue.place.path == path and issue.place.line > 0 and issue.place.column > 0
    assert rule in str(issue)


@pytest.mark.parametrize(("plan", "what"), [({}, "no list of 'sets'"), ({"sets": ["x"]}, "no set of stations")])
def test_a_plan_that_cannot_be_read_is_refused(plan, what):
    """With the entry that is wrong."""
    with pytest.raises(RecordError, match=what):
        PLUGIN.restore(PLUGIN.example(), plan)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        ({"cost": 1}, "the plan states 1 for cost, it is 5"),
        ({"sets": ["gate", "mill"]}, "south is in 0 chosen sets, it needs 1"),
        ({"sets": ["gate", "mill", "park", "park"]}, "park is chosen 2 times"),
        ({"sets": ["moon"]}, "there is no set moon"),
        ({"uncovered": [{"element": "west", "times": 0}]}, "the plan states that west is in 0 chosen sets, it is in 1"),
    ],
)
def test_the_judge_names_what_is_wrong(spoil, sentence):
    """One sentence per fault."""
    plan = {"sets": ["gate", "mill", "park"], "cost": 5, "unmet": 0, "uncovered": []}
    assert PLUGIN.domain_check(PLUGIN.example(), plan) == []
    assert sentence in PLUGIN.domain_check(PLUGIN.example(), plan | spoil)
