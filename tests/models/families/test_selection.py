"""Selections against plain enumeration: every subset of tiny random instances, and every reason borne out."""

from __future__ import annotations

import json
from itertools import product

import numpy as np
import pytest

import qopt
from qopt.core.errors import ModelError, RecordError
from qopt.core.problem import Sense
from qopt.core.solution import Candidate, Check, Origin, Solution
from qopt.evaluate.check import check
from qopt.models.documents import load_document, validate
from qopt.models.families._selection_reasons import left_out
from qopt.models.families.selection import PLUGIN, Board, SelectionInstance, Standing


def solution(values):
    values = np.asarray(values, dtype=float)
    return Solution(Candidate(Origin.EXACT, "test", values), Check(True, (0.0,)), values, {})


def drawn(seed: int) -> SelectionInstance:
    """A tiny instance with every rule now and then."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(3, 8))
    ids = [f"i{k}" for k in range(n)]

    def pick(count: int) -> list[str]:
        return rng.choice(ids, count, replace=False).tolist()

    half = 0.5 if seed % 3 == 0 else 1.0
    document = {
        "items": [
            {
                "id": name,
                "score": half * int(rng.integers(-2, 15)),
                "cost": [half * int(rng.integers(0, 9)), int(rng.integers(3))],
            }
            | ({"groups": {"g": "ab"[int(rng.integers(2))]}} if rng.random() < 0.8 else {})
            for name in ids
        ],
        "budget": [half * int(rng.integers(5, 20)), int(rng.integers(2, 9))],
        "redundancy": [[*pick(2), int(rng.integers(0, 8))] for _ in range(int(rng.integers(4)))],
        "synergy": [[*pick(2), int(rng.integers(0, 8))] for _ in range(int(rng.integers(4)))],
        "requires": [pick(2) for _ in range(int(rng.integers(3)))],
        "incompatible": [pick(int(rng.integers(2, 4)))] if rng.random() < 0.6 else [],
        "must": pick(1) if rng.random() < 0.3 else [],
    }
    free = [name for name in ids if name not in document["must"]]
    if rng.random() < 0.3:
        document["never"] = [free[0]]
    if rng.random() < 0.5:
        document["count"] = {"min": int(rng.integers(0, 2)), "max": int(rng.integers(2, n + 1))}
    if any("groups" in item for item in document["items"]):
        document["groups"] = {"g": {"each": {"min": int(rng.integers(0, 2)), "max": int(rng.integers(1, 4))}}}
    if rng.random() < 0.4:
        alike = np.round(rng.random((n, n)), 2)
        document["similarity"] = {"matrix": ((alike + alike.T) / 2).tolist(), "weight": 2.0, "above": 0.4}
    return SelectionInstance.model_validate(document)


def judged(instance: SelectionInstance, x) -> tuple[bool, float]:
    """Whether a subset keeps every rule, and its value, by arithmetic on the document."""
    chosen = [item for item, taken in zip(instance.items, x) if taken]
    ids = {item.id for item in chosen}
    value = sum(item.score for item in chosen)
    value += sum(bonus for a, b, bonus in instance.synergy if {a, b} <= ids)
    value -= sum(loss for a, b, loss in instance.redundancy if {a, b} <= ids)
    if instance.similarity is not None:
        alike, n = instance.similarity, len(instance.items)
        pairs = [alike.matrix[i][j] for i in range(n) for j in range(i) if x[i] and x[j]]
        value -= alike.weight * sum(near for near in pairs if near > alike.above)
    rules = [sum(item.cost[d] for item in chosen) <= instance.budget[d] for d in range(2)]
    rules += [len(chosen) >= instance.count.min, instance.count.max is None or len(chosen) <= instance.count.max]
    for limits in instance.groups.values():
        for group in {item.groups["g"] for item in instance.items if "g" in item.groups}:
            inside = sum(item.groups.get("g") == group for item in chosen)
            rules.append(limits["each"].min <= inside <= limits["each"].max)
    rules += [len(ids & set(several)) <= 1 for several in instance.incompatible]
    rules += [a not in ids or b in ids for a, b in instance.requires]
    rules += [name in ids for name in instance.must] + [name not in ids for name in instance.never]
    return all(rules), value


def subsets(instance: SelectionInstance):
    return product((0, 1), repeat=len(instance.items))


SEEDS = range(60)


@pytest.mark.parametrize("seed", SEEDS)
def test_rows_groups_objective_and_judge_are_those_of_the_arithmetic(seed):
    instance = drawn(seed)
    problem = PLUGIN.build(instance)
    assert problem.sense is Sense.MAXIMIZE
    for x in subsets(instance):
        values = np.array(x, dtype=float)
        verdict, (allowed, value) = check(problem, values), judged(instance, x)
        assert verdict.feasible == allowed, (x, verdict.violations)
        assert verdict.objective == pytest.approx(value, abs=1e-9)
        plan = json.loads(json.dumps(PLUGIN.interpret(instance, solution(values))))
        assert (PLUGIN.domain_check(instance, plan) == []) == allowed, (x, PLUGIN.domain_check(instance, plan))
        assert PLUGIN.restore(instance, plan).tolist() == values.tolist()


def test_the_random_instances_have_good_and_bad_selections():
    verdicts = [{judged(drawn(seed), x)[0] for x in subsets(drawn(seed))} for seed in SEEDS]
    assert sum(found == {True, False} for found in verdicts) >= 35


@pytest.mark.parametrize("seed", SEEDS)
def test_every_reason_is_borne_out(seed):
    """Of every allowed subset: exchanges keep the rules and cost what is said; what is impossible, no subset does."""
    instance = drawn(seed)
    ids, board = instance.ids, Board(instance)
    allowed = {x: judged(instance, x) for x in subsets(instance)}
    for x, (fine, value) in allowed.items():
        if not fine:
            continue
        told = left_out(board, Standing(board, np.array(x, dtype=bool)))
        assert {entry["item"] for entry in told} == {name for name, taken in zip(ids, x) if not taken}
        for entry in told:
            at = ids.index(entry["item"])
            if entry["code"].startswith(("IMPOSSIBLE", "NEVER", "REQUIRES")):
                assert not any(fine and other[at] for other, (fine, _) in allowed.items()), entry
                continue
            with_it = list(x)
            with_it[at] = 1
            for name in entry.get("with", ()):
                with_it[ids.index(name)] = 1
            if entry["code"] in ("SCORE", "EQUAL"):
                assert entry["price"] >= -1e-9
            elif entry["code"] != "SEARCH_LIMIT":
                plain = list(x)
                for k in board.closure([at]):
                    plain[k] = 1
                assert not judged(instance, plain)[0], "adding it alone breaks a rule"
            if "price" in entry:
                for name in entry.get("without", ()):
                    with_it[ids.index(name)] = 0
                fine, other = judged(instance, with_it)
                assert fine and with_it[at], entry
                assert value - other == pytest.approx(entry["price"], abs=1e-6), entry
                assert (entry["price"] < -1e-9) == (entry["code"] == "SEARCH_LIMIT")


@pytest.mark.parametrize("seed", range(20))
def test_an_optimum_has_no_search_limit_and_single_exchanges_are_the_best_ones(seed):
    instance = drawn(seed)
    allowed = {x: judged(instance, x)[1] for x in subsets(instance) if judged(instance, x)[0]}
    if not allowed:
        return
    best = max(allowed, key=allowed.__getitem__)
    board = Board(instance)
    for entry in left_out(board, Standing(board, np.array(best, dtype=bool))):
        assert entry["code"] != "SEARCH_LIMIT"
        at = instance.ids.index(entry["item"])
        swaps = []
        for k, taken in enumerate(best):
            other = list(best)
            other[at], other[k] = 1, 0
            if taken and tuple(other) in allowed:
                swaps.append(allowed[best] - allowed[tuple(other)])
        if swaps and "price" in entry and "with" not in entry:
            assert entry["price"] <= min(swaps) + 1e-9


@pytest.mark.parametrize("seed", range(20))
def test_what_selected_items_add_is_what_is_lost_without_them(seed):
    instance = drawn(seed)
    for x in subsets(instance):
        fine, value = judged(instance, x)
        if not fine:
            continue
        plan = PLUGIN.tell(instance, PLUGIN.interpret(instance, solution(x)))
        assert PLUGIN.domain_check(instance, json.loads(json.dumps(plan))) == []
        for entry in plan["taken"]:
            other = list(x)
            other[instance.ids.index(entry["item"])] = 0
            fine, without = judged(instance, other)
            assert value - without == pytest.approx(entry["adds"], abs=1e-6)
            assert ("code" in entry) == (not fine), entry


def test_the_example_tells_its_story():
    result = qopt.solve(PLUGIN.example(), budget=2.0, seed=1, top=2)
    plan = result.solutions[0].plan
    assert plan["selected"] == ["storms", "bread"] and result.objective == 15
    (gales, cheese) = plan["left_out"]
    assert gales["item"] == "gales" and gales["code"] == "BUDGET.budget"
    assert gales["reason"] == "over budget: adding it needs 20 more of the budget; it would replace storms and lose 1"
    assert cheese["reason"].startswith("over budget: adding it needs 10 more") and cheese["price"] == 1


def test_codes_and_sentences():
    document = {
        "items": [{"id": name, "score": score, "groups": {"kind": kind}} for name, score, kind in (
            ("a", 9, "x"), ("b", 5, "x"), ("c", 4, "y"), ("d", 3, "y"), ("e", 2, "z"), ("f", 1, "z"), ("g", 0, "w"))],
        "groups": {"kind": {"x": {"max": 1}, "z": {"min": 1}}},
        "incompatible": [["c", "d"]],
        "requires": [["f", "b"]],
        "redundancy": [["g", "a", 0.5]],
        "never": ["e"],
        "must": ["b"],
    }  # fmt: skip
    instance = SelectionInstance.model_validate(document)
    plan = PLUGIN.tell(instance, PLUGIN.interpret(instance, solution([0, 1, 1, 0, 0, 1, 0])))
    told = {entry["item"]: (entry["code"], entry["reason"]) for entry in plan["left_out"]}
    assert told == {
        "a": ("IMPOSSIBLE.GROUP_FULL", "kind x is full (1 of 1), even alone beside what must be selected"),
        "d": ("INCOMPATIBLE", "incompatible with c; it would replace c and lose 1"),
        "e": ("NEVER", "it is not to be selected"),
        "g": ("EQUAL", "score too low (0); it could be added at no loss"),
    }
    kept = {entry["item"]: entry.get("code") for entry in plan["taken"]}
    assert kept == {"b": "MUST", "c": None, "f": "MINIMUM"}
    score = instance.model_copy(
        update={"items": (*instance.items[:6], instance.items[6].model_copy(update={"score": -1}))}
    )
    low = PLUGIN.tell(score, PLUGIN.interpret(score, solution([0, 1, 1, 0, 0, 1, 0])))["left_out"][-1]
    assert (low["code"], low["reason"]) == ("SCORE", "score too low (-1); adding it would lose 1")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"selected": ["storms", "talk"]}, "there is no item talk"),
        ({"selected": ["bread", "bread"]}, "bread is selected twice"),
        ({"selected": ["storms", "gales"]}, "0 of topic food are selected, at least 1"),
        ({"selected": ["storms", "bread", "cheese"]}, "70 of budget are spent, there are 60"),
        ({"value": 7}, "the plan states a value of 7, it is 15"),
        ({"spent": {"budget": 40}}, "the plan states 40 for budget, it is 50"),
        ({"left_out": [{"item": "bread"}]}, "bread is listed as left out, but is selected"),
        (
            {"left_out": [{"item": "gales", "without": ["storms"], "price": 2}]},
            "the exchange for gales is priced at 2, it costs 1",
        ),
        (
            {"left_out": [{"item": "gales", "without": ["bread"], "price": 2}]},
            "the exchange for gales breaks a rule: 0 of topic food are selected, at least 1",
        ),
    ],
)
def test_the_judge_names_what_is_wrong(change, sentence):
    good = {"selected": ["storms", "bread"], "value": 15.0, "spent": {"budget": 50.0}}
    assert PLUGIN.domain_check(PLUGIN.example(), good) == []
    assert sentence in PLUGIN.domain_check(PLUGIN.example(), good | change)


HEAD = "problem: selection\n"
ITEMS = "items: [{id: a, score: 1, groups: {g: x}}, {id: b, score: 2}]\n"


@pytest.mark.parametrize(
    ("text", "line", "column", "rule"),
    [
        (HEAD + "items: [{id: a, score: 1}, {id: a, score: 2}]\n", 2, 33, "ids must differ"),
        (HEAD + "items: [{id: a}]\n", 2, 9, "a score is needed, here or under scores"),
        (HEAD + "items: [{id: a, score: 1, cost: 2}]\n", 2, 33, "a cost needs a budget"),
        (
            HEAD + "items: [{id: a, score: 1, cost: 2}]\nbudget: {euro: 3}\n",
            2,
            33,
            "cost needs names, as budget has: euro",
        ),
        (HEAD + ITEMS + "redundancy: [[a, c, 1]]\n", 3, 18, "there is no such item"),
        (HEAD + ITEMS + "synergy: [[a, a, 1]]\n", 3, 11, "an item stands twice here"),
        (HEAD + ITEMS + "synergy: [[a, b, -1]]\n", 3, 18, "must be at least 0"),
        (HEAD + ITEMS + "incompatible: [[a]]\n", 3, 16, "two items at least are needed"),
        (HEAD + ITEMS + "requires: [[a, x]]\n", 3, 16, "there is no such item"),
        (HEAD + ITEMS + "must: [a]\nnever: [a]\n", 4, 9, "this item must be selected, says must"),
        (HEAD + ITEMS + "groups: {h: {x: {max: 1}}}\n", 3, 13, "no item has this grouping"),
        (HEAD + ITEMS + "groups: {g: {y: {max: 1}}}\n", 3, 17, "no item is in this group"),
        (HEAD + ITEMS + "groups: {g: {x: {min: 2, max: 1}}}\n", 3, 23, "min is above max, which is 1"),
        (HEAD + ITEMS + "count: {min: 3, max: 2}\n", 3, 14, "min is above max, which is 2"),
        (HEAD + ITEMS + "similarity: {matrix: [[1]]}\n", 3, 22, "a matrix of 2 by 2 numbers is needed"),
        (HEAD + ITEMS + "similarity: {matrix: [[1, 2], [3, 1]]}\n", 3, 32, "the mirrored entry is another"),
        (HEAD + ITEMS + "similarity: {matrix: {a: {c: 1}}}\n", 3, 30, "there is no such item"),
        (HEAD + ITEMS + "similarity: {matrix: {a: {b: 1}, b: {a: 2}}}\n", 3, 30, "the entry of b and a is another"),
        (HEAD + ITEMS + "bugdet: 3\n", 3, 1, "unknown key"),
    ],
)
def test_a_slip_is_told_at_its_place(text, line, column, rule):
    with pytest.raises(ModelError) as caught:
        validate(load_document(text), SelectionInstance)
    found = [(issue.place.line, issue.place.column, issue.rule) for issue in caught.value.issues]
    assert any((at, where) == (line, column) and rule in told for at, where, told in found), found


def test_scores_of_a_model_and_similarities_by_name(tmp_path):
    (tmp_path / "scores.csv").write_text("id,model\na,0.5\n7,0.25\n")
    text = HEAD + "items: [{id: a}, {id: 7}, {id: c, score: 2}]\nscores: {table: scores.csv}\n"
    text += "similarity: {matrix: {a: {c: 0.5, '7': 0.1}}, weight: 2, above: 0.2}\n"
    instance = validate(load_document(text, base_dir=tmp_path), SelectionInstance)
    assert instance.values() == [0.5, 0.25, 2] and instance.overlaps() == {(0, 2): 1.0}
    plan = PLUGIN.interpret(instance, solution([1, 1, 1]))
    assert plan["value"] == 1.75 and plan["selected"] == ["a", 7, "c"]
    assert PLUGIN.domain_check(instance, plan) == []


def test_many_items_are_explained_without_exchanges_beyond_the_best():
    instance = PLUGIN.generate(400, seed=2)
    plan = PLUGIN.tell(instance, PLUGIN.interpret(instance, solution(np.zeros(400))))
    assert len(plan["left_out"]) == 400 and PLUGIN.domain_check(instance, plan) == []


def test_plans_that_cannot_be_read_are_refused():
    with pytest.raises(RecordError, match="which is no item"):
        PLUGIN.restore(PLUGIN.example(), {"selected": ["talk"]})
    with pytest.raises(ModelError, match="it has: take"):
        PLUGIN.build(PLUGIN.example(), formulation="bits")


def test_only_plans_that_are_shown_are_told_in_full():
    """What takes time to say is said of the best plans, once the search is over."""
    result = qopt.solve(PLUGIN.example(), budget=2.0, seed=1, top=3)
    assert all("left_out" in one.plan and "taken" in one.plan for one in result.solutions)
    assert all("left_out" in line["plan"] for line in result.record.solutions)
    assert "left_out" not in PLUGIN.interpret(PLUGIN.example(), solution([1, 0, 1, 0]))
