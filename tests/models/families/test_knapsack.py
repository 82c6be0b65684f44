"""The knapsack family against plain loops over every choice."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from pydantic import ValidationError

from qopt.core.errors import ModelError
from qopt.core.problem import Kind, Sense
from qopt.core.solution import Candidate, Check, Origin, Solution
from qopt.models.families.knapsack import PLUGIN, Item, KnapsackInstance


def solution(values):
    values = np.asarray(values, dtype=float)
    return Solution(Candidate(Origin.EXACT, "test", values), Check(True, (0.0,)), values, {})


def choices(instance):
    return product(*(range(item.copies + 1) for item in instance.items))


def fits(instance, counts):
    return all(
        sum(c * w for c, w in zip(counts, line)) <= room
        for line, room in zip(instance.weights(), instance.capacities())
    )


@pytest.mark.parametrize("seed", range(6))
def test_rows_and_objective_are_those_of_the_loops(seed):
    """Every choice of a generated instance: value, feasibility and the family's own judge."""
    instance = PLUGIN.generate(5, seed=seed)
    problem = PLUGIN.build(instance)
    assert problem.sense is Sense.MAXIMIZE
    points = np.array(list(choices(instance)), dtype=float)
    load = problem.rows.activity(points)
    holds = (load <= problem.rows.upper).all(axis=1)
    values = problem.objectives(points)[:, 0]
    for x, held, ok, value in zip(points, load, holds, values):
        assert ok == fits(instance, x)
        assert value == sum(c * item.value for c, item in zip(x, instance.items))
        plan = PLUGIN.interpret(instance, solution(x))
        assert (PLUGIN.domain_check(instance, plan) == []) == ok
        assert plan["value"] == value
        assert plan["weights"] == held.tolist()
    assert holds.any() and not holds.all()


def test_columns_are_binary_for_single_items_and_integer_for_copies():
    """Kinds, upper sides and names follow the items."""
    problem = PLUGIN.build(PLUGIN.example())
    assert problem.columns.kind.tolist() == [Kind.BINARY] * 3 + [Kind.INTEGER]
    assert problem.columns.upper.tolist() == [1, 1, 1, 3]
    assert list(problem.columns.names) == ["take[tent]", "take[stove]", "take[camera]", "take[water]"]
    assert list(problem.rows.names) == ["capacity"]


def test_example_has_its_story():
    """Stove, camera and three waters: 7 + 8 + 3 * 3 = 24; the best with the tent is 11 + 7 + 3 = 21."""
    instance = PLUGIN.example()
    best = max((c for c in choices(instance) if fits(instance, c)), key=lambda c: sum(map(_worth, c, instance.items)))
    assert best == (0, 1, 1, 3)
    plan = PLUGIN.interpret(instance, solution(best))
    assert plan == {
        "values": {"take": [["stove", 1], ["camera", 1], ["water", 3]]},
        "items": ["stove", "camera", ["water", 3]],
        "value": 24,
        "weights": [10],
    }


def _worth(count, item):
    return count * item.value


def test_three_shapes_of_capacity_give_the_same_rows():
    """Dimensions by position or by name; a named dimension that an item leaves out is 0."""
    named = KnapsackInstance(
        items=(Item(value=1, weight={"kg": 2, "litres": 3}), Item(value=2, weight={"litres": 4})),
        capacity={"kg": 5, "litres": 6},
    )
    listed = KnapsackInstance(items=(Item(value=1, weight=(2, 3)), Item(value=2, weight=(0, 4))), capacity=(5, 6))
    a, b = PLUGIN.build(named), PLUGIN.build(listed)
    for field in ("indptr", "index", "value", "upper"):
        assert getattr(a.rows, field).tolist() == getattr(b.rows, field).tolist()
    assert a.rows.indptr.tolist() == [0, 1, 3]
    assert list(a.rows.names) == ["capacity[kg]", "capacity[litres]"]
    assert list(b.rows.names) == ["capacity[0]", "capacity[1]"]


def test_key_forgets_the_order():
    """The same counts in another order are the same plan; another count is another plan."""
    assert PLUGIN.key({"values": {"take": [[0, 1], [2, 3]]}}) == PLUGIN.key({"values": {"take": [[2, 3], [0, 1]]}})
    assert PLUGIN.key({"values": {"take": [[0, 1]]}}) != PLUGIN.key({"values": {"take": [[0, 2]]}})


@pytest.mark.parametrize(
    ("items", "value", "sentence"),
    [
        (["tent", "stove", "camera"], 26, "dimension 0 holds 13, its capacity is 10"),
        ([["water", 4]], 12, "item water is taken 4 times, there are 3"),
        (["kite"], 0, "there is no item kite"),
        (["tent"], 12, "the plan states a value of 12, its items are worth 11"),
    ],
)
def test_domain_check_names_the_broken_rule(items, value, sentence):
    """One sentence per broken rule."""
    assert sentence in PLUGIN.domain_check(PLUGIN.example(), {"items": items, "value": value})


def test_generated_instances_repeat_and_survive_json():
    """The same seed gives the same instance, and a JSON round trip changes nothing."""
    for seed in range(4):
        instance = PLUGIN.generate(8, seed=seed)
        assert instance == PLUGIN.generate(8, seed=seed)
        assert KnapsackInstance.model_validate_json(instance.model_dump_json()) == instance
        assert PLUGIN.build(instance, formulation="take").n == PLUGIN.size(instance)[0]


def test_unknown_formulation_is_refused():
    """By name, with those that exist."""
    with pytest.raises(ModelError, match="no formulation 'bits'; it has: take"):
        PLUGIN.build(PLUGIN.example(), formulation="bits")


@pytest.mark.parametrize(
    ("document", "where", "rule"),
    [
        ({"items": [], "capacity": 1}, ("items",), "items may not be empty"),
        ({"items": [{"value": 1, "weight": 1}]}, ("capacity",), "required"),
        ({"items": [{"value": 1, "weight": 1}], "capacity": []}, ("capacity",), "capacity may not be empty"),
        ({"items": [{"value": 1, "weight": [1, 2]}], "capacity": 5}, ("items", 0, "weight"), "needs one number"),
        ({"items": [{"value": 1, "weight": [1]}], "capacity": [5, 6]}, ("items", 0, "weight"), "a list of 2 numbers"),
        ({"items": [{"value": 1, "weight": 1}], "capacity": {"kg": 5}}, ("items", 0, "weight"), "needs names"),
        (
            {"items": [{"value": 1, "weight": {"kq": 1}}], "capacity": {"kg": 5}},
            ("items", 0, "weight"),
            "capacity has no kq; it has: kg",
        ),
        (
            {"items": [{"id": "a", "value": 1, "weight": 1}, {"id": "a", "value": 1, "weight": 1}], "capacity": 5},
            ("items", 1, "id"),
            "an id may occur once",
        ),
        ({"items": [{"value": 1, "weight": 1, "copies": 0}], "capacity": 1}, ("items", 0, "copies"), "greater than"),
        ({"items": [{"value": 1, "weight": -1}], "capacity": 1}, ("items", 0, "weight"), "at least 0"),
        ({"items": [{"value": 1, "weight": "1"}], "capacity": 1}, ("items", 0, "weight"), "a finite number"),
        ({"items": [{"value": 1, "weight": [0, True]}], "capacity": [1, 1]}, ("items", 0, "weight", 1), "a finite"),
        ({"items": [{"value": 1, "weight": 1}], "capacity": {"kg": float("inf")}}, ("capacity", "kg"), "a finite"),
        ({"items": [{"value": "1", "weight": 1}], "capacity": 1}, ("items", 0, "value"), "valid number"),
        ({"items": [{"value": 1, "weight": 1, "price": 2}], "capacity": 1}, ("items", 0, "price"), "Extra inputs"),
    ],
)
def test_broken_documents_are_refused_at_the_key(document, where, rule):
    """Every fault is reported at the key and position that broke it."""
    with pytest.raises(ValidationError) as caught:
        KnapsackInstance.model_validate(document)
    assert any(e["loc"] == where and rule in e["msg"] for e in caught.value.errors()), caught.value.errors()
    assert len(caught.value.errors()) == 1
