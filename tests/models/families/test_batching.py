"""The batching family: formulations, form and the judge that walks, against every way to batch a few orders."""

from __future__ import annotations

import json
import time
from itertools import permutations

import numpy as np
import pytest

import qopt
from qopt.core.errors import ModelError, RecordError
from qopt.core.forms.batches import Proposal, evaluate, length, tour
from qopt.core.solution import Candidate, Origin, Solution
from qopt.core.watch import Watch
from qopt.evaluate.check import check
from qopt.milp.solve import solve
from qopt.models.documents import load_document, validate
from qopt.models.families.batching import PLUGIN, BatchingInstance
from qopt.testing.batches import random_batches

WALKS = ("s_shape", "return", "largest_gap", "table")


def instance(seed: int, orders: int = 5) -> BatchingInstance:
    """A few orders in five aisles of 20, or the same spots in a table; limits come and go with the seed."""
    rng = np.random.default_rng(seed)
    picks = [rng.integers(0, (5, 21), (int(rng.integers(1, 4)), 2)).tolist() for _ in range(orders)]
    walk = WALKS[seed % 4]
    trolley = {"capacity": {"kg": 9.0}} if seed % 3 else {"orders": 2}
    if seed % 5 == 1:
        trolley["count"] = 3
    data = {"name": f"small-{seed}", "trolley": trolley}
    loads = [{"load": {"kg": float(rng.integers(1, 6))}} if "capacity" in trolley else {} for _ in picks]
    if walk == "table":
        spots = sorted({tuple(p) for part in picks for p in part})
        place = [(0, 0), *spots]
        data["table"] = {
            "locations": ["depot", *(f"{a}-{p}" for a, p in spots)],
            "distance": [[float(4 * abs(a - c) + abs(b - d)) for c, d in place] for a, b in place],
        }
        picks = [[f"{a}-{p}" for a, p in part] for part in picks]
    else:
        picks = [[[a, float(p)] for a, p in part] for part in picks]
        depot = int(rng.integers(0, 5))
        data["aisles"] = {"count": 5, "length": 20.0, "pitch": 4.0, "depot": depot, "walk": walk}
    data["orders"] = [{"id": f"o{k}", "picks": part, **load} for k, (part, load) in enumerate(zip(picks, loads))]
    return BatchingInstance.model_validate(data)


def partitions(n):
    """Every way to share n orders out."""

    def grow(o, batches):
        if o == n:
            yield [list(batch) for batch in batches]
            return
        for k in range(len(batches)):
            yield from grow(o + 1, [*batches[:k], [*batches[k], o], *batches[k + 1 :]])
        yield from grow(o + 1, [*batches, [o]])

    return grow(0, [])


def holds(given: BatchingInstance, batches) -> bool:
    """Loads and counts, by the words of the document."""
    trolley = given.trolley
    if trolley.count is not None and len(batches) > trolley.count:
        return False
    for batch in batches:
        if trolley.orders is not None and len(batch) > trolley.orders:
            return False
        if trolley.capacity is not None and sum(given.orders[o].load["kg"] for o in batch) > trolley.capacity["kg"]:
            return False
    return True


def told(given, proposal):
    verdict = evaluate(given.form, proposal)
    plan = PLUGIN.interpret(given, Solution(Candidate(Origin.EXACT, "test", proposal=proposal), verdict, None, {}))
    return verdict, json.loads(json.dumps(plan))


@pytest.mark.parametrize("seed", range(16))
def test_every_batching_is_judged_alike_and_the_best_one_found(seed):
    """Form and the judge that walks agree on all 52; selection proves the best; pairs hold the same rules."""
    given = instance(seed)
    best, pool = np.inf, []
    pairs = PLUGIN.build(given, formulation="pairs")
    for batches in partitions(len(given.orders)):
        proposal = Proposal(tuple(np.array(batch) for batch in batches))
        right = holds(given, batches)
        verdict, plan = told(given, proposal)
        assert verdict.feasible == right
        assert (PLUGIN.domain_check(given, plan) == []) == right, PLUGIN.domain_check(given, plan)
        assert PLUGIN.restore(given, plan).key() == proposal.key()
        values = PLUGIN.lift(given, proposal, formulation="pairs")
        if values is not None:
            assert check(pairs, values).feasible == right
            assert PLUGIN.lower(given, values, formulation="pairs").key() == proposal.key()
        if right:
            best = min(best, verdict.objective)
            pool.append(proposal)
    for formulation, extra in (("select", {}), ("pool", {"pool": pool})):
        problem = PLUGIN.build(given, formulation=formulation, **extra)
        outcome = solve(problem, watch=Watch(clock=time.perf_counter))
        if np.isinf(best):
            assert outcome.status == "infeasible"
            continue
        assert outcome.status == "optimal" and outcome.objectives[0][0] == pytest.approx(best)
        for proposal in pool:
            values = PLUGIN.lift(given, proposal, formulation=formulation, **extra)
            assert check(problem, values).objective == pytest.approx(evaluate(given.form, proposal).objective)
            assert PLUGIN.lower(given, values, formulation=formulation, **extra).key() == proposal.key()


def test_pairs_say_all_there_is_to_two_orders():
    """With trolleys for two, the objective of pairs is how far is walked."""
    given = instance(0)
    assert given.trolley.orders == 2
    problem = PLUGIN.build(given, formulation="pairs")
    seen = 0
    for batches in partitions(len(given.orders)):
        proposal = Proposal(tuple(np.array(batch) for batch in batches))
        values = PLUGIN.lift(given, proposal, formulation="pairs") if holds(given, batches) else None
        if values is not None:
            seen += 1
            assert check(problem, values).objective == pytest.approx(evaluate(given.form, proposal).objective)
    assert seen > 5


def test_pairs_prove_nothing():
    """What only comes close proposes; bounds come from the batches themselves."""
    given = instance(1)
    result = qopt.solve(given, budget=2.0, seed=1, formulation="pairs", sampler="exact", proposer="none")
    assert result.bound is None and result.status is qopt.Status.FEASIBLE
    proven = qopt.solve(given, budget=5.0, seed=1, formulation="pairs")
    exact = [call.parameters["formulation"] for call in proven.record.calls if call.role == "exact"]
    assert exact == ["select"] and any("proves nothing" in line for line in proven.record.decisions)
    assert proven.status is qopt.Status.OPTIMAL and proven.objective <= result.objective


def test_a_short_tour_by_the_table_is_the_shortest():
    """Against every order of up to six stops."""
    form = random_batches(6, seed=3, policy="table", most=6)
    for orders in ([0], [1, 2], [0, 3, 4]):
        stops = form.stops(np.array(orders))[:6]
        table = form.walks.distance
        best = min(
            sum(table[a, b] for a, b in zip((0, *line), (*line, 0))) for line in permutations([s + 1 for s in stops])
        )
        path = [0, *(tour(form.walks, stops) + 1).tolist(), 0]
        assert sum(table[a, b] for a, b in zip(path, path[1:])) == best


@pytest.mark.parametrize(
    ("walk", "metres"),
    [
        ("s_shape", 2 * 3 * 5 + 20 + 20),  # through 0 and 1, and aisle 3 as far as 8 and back: 16 more
        ("return", 2 * 3 * 5 + 2 * (15 + 12 + 8)),
        ("largest_gap", 2 * 3 * 5 + 20 + 20 + 2 * (20 - 12)),
    ],
)
def test_walks_by_hand(walk, metres):
    """Picks at 5 and 15 in aisle 0, at 12 in aisle 1, at 8 in aisle 3; depot before aisle 0."""
    given = BatchingInstance.model_validate(
        {
            "aisles": {"count": 4, "length": 20.0, "pitch": 5.0, "walk": walk},
            "orders": [{"id": 1, "picks": [[0, 5.0], [1, 12.0]]}, {"id": 2, "picks": [[0, 15.0], [3, 8.0]]}],
        }
    )
    assert length(given.form, np.array([0, 1])) == metres + (16 if walk == "s_shape" else 0)


def test_example_has_its_story():
    """The best of five orders; nobody walks more than one by one."""
    result = qopt.solve(PLUGIN.example(), budget=5.0, seed=1)
    plan = result.solutions[0].plan
    assert result.status is qopt.Status.OPTIMAL
    assert sorted(sorted(line["orders"]) for line in plan["batches"]) == [["A1", "A3", "A5"], ["A2", "A4"]]
    assert plan["distance"] < plan["alone"]


def test_too_many_batches_to_list_leave_the_other_formulations():
    """Sixty orders, many to a trolley."""
    given = PLUGIN.generate(60, seed=1)
    assert PLUGIN.offers(given) == ("pairs", "pool")
    assert PLUGIN.choose(given, "sample") == "pairs" and PLUGIN.choose(given, "exact") == "pool"
    with pytest.raises(ModelError, match="too many for 'select'"):
        PLUGIN.build(given, formulation="select")


BASE = {
    "problem": "batching",
    "aisles": {"count": 3, "length": 10, "pitch": 2},
    "trolley": {"capacity": 5},
    "orders": [{"id": "a", "picks": [[0, 1]]}, {"id": "b", "picks": [[2, 9]], "load": 3}],
}
TABLE = {"locations": ["depot", "x"], "distance": [[0, 3], [3, 0]]}


@pytest.mark.parametrize(
    ("change", "path", "rule"),
    [
        ({"aisles": None}, "", "exactly one of aisles and table is needed"),
        ({"table": TABLE}, "table", "exactly one of aisles and table is needed"),
        ({"orders": []}, "orders", "at least one entry"),
        ({"orders": [{"id": "a", "picks": [[3, 1]]}]}, "orders[0].picks[0][0]", "aisles are numbered 0 to 2, got 3"),
        ({"orders": [{"id": "a", "picks": [[0, 11]]}]}, "orders[0].picks[0][1]", "an aisle is 10 long, got 11"),
        ({"orders": [{"id": "a", "picks": ["x"]}]}, "orders[0].picks[0]", "[aisle, distance from the front]"),
        ({"orders": [{"id": "a", "picks": []}]}, "orders[0].picks", "at least one entry"),
        ({"orders": [{"id": "a", "picks": [[0, 1]], "load": 6}]}, "orders[0].load", "too much for a trolley"),
        ({"orders": [{"id": "a", "picks": [[0, 1]], "load": [1]}]}, "orders[0].load", "load needs one number"),
        ({"orders": [{"id": "a", "picks": [[0, 1]]}, {"id": "a", "picks": [[0, 1]]}]}, "orders[1].id", "once"),
        ({"trolley": {}}, "orders[1].load", "a load needs a capacity"),
        ({"aisles": {"count": 3, "length": 10, "pitch": 2, "depot": 3}}, "aisles.depot", "numbered 0 to 2"),
        ({"aisles": {"count": 3, "length": 10, "pitch": 2, "walk": "zigzag"}}, "aisles.walk", "must be s_shape"),
        (
            {"aisles": None, "table": TABLE, "orders": [{"id": "a", "picks": ["y"]}]},
            "orders[0].picks[0]",
            "no such location",
        ),
        (
            {"aisles": None, "table": TABLE | {"distance": [[0, 3], [4, 0]]}},
            "table.distance[1][0]",
            "distances are the same both ways",
        ),
        ({"aisles": None, "table": TABLE | {"distance": [[0, 3]]}}, "table.distance", "one row for each of 2"),
        ({"colour": 1}, "colour", "unknown key"),
    ],
)
def test_mistakes_in_a_document_are_named_where_they_stand(change, path, rule):
    """Line, column, the rule, and the value."""
    data = {key: value for key, value in (BASE | change).items() if value is not None}
    with pytest.raises(ModelError) as caught:
        validate(load_document(json.dumps(data, indent=1), name="pick.json"), BatchingInstance)
    issue = caught.value.issues[0]
    assert issue.place.path == path and issue.place.line > 0 and issue.place.column > 0
    assert rule in str(issue)


@pytest.mark.parametrize(
    ("plan", "what"),
    [({}, "no list of 'batches'"), ({"batches": [4]}, "no list of orders"), ({"batches": [{"orders": ["Z"]}]}, "'Z'")],
)
def test_a_plan_that_cannot_be_read_is_refused(plan, what):
    """With the entry that is wrong."""
    with pytest.raises(RecordError, match=what):
        PLUGIN.restore(PLUGIN.example(), plan)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda plan: plan["batches"][0].update(distance=1), "states a walk of 1"),
        (lambda plan: plan.update(distance=1), "the plan states walks of 1 together"),
        (lambda plan: plan["batches"].pop(), "is in 0 batches"),
        (lambda plan: plan["batches"][0]["walk"].pop(), "does not come past every pick once"),
        (lambda plan: plan["batches"][0].update(load=1), "states a load of 1"),
        (lambda plan: plan["batches"][0]["orders"].append("Z"), "there is no order Z"),
    ],
)
def test_the_judge_names_what_is_wrong(spoil, sentence):
    """One sentence per fault."""
    given = PLUGIN.example()
    _, plan = told(given, Proposal((np.array([0, 2, 4]), np.array([1, 3]))))
    assert PLUGIN.domain_check(given, plan) == []
    spoil(plan)
    assert any(sentence in fault for fault in PLUGIN.domain_check(given, plan))
