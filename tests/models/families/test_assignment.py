"""The assignment family against plain loops over every plan."""

from __future__ import annotations

from itertools import permutations, product
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from qopt.core.errors import ModelError, UnsupportedModelError
from qopt.core.problem import Sense
from qopt.core.rows import GroupKind
from qopt.core.solution import Candidate, Check, Origin, Solution
from qopt.models.families import assignment
from qopt.models.families.assignment import PLUGIN, AssignmentInstance, flow_times_distance

SHARED = Path(__file__).resolve().parents[3].parent / "shared" / "instances"


def solution(values):
    values = np.asarray(values, dtype=float)
    return Solution(Candidate(Origin.EXACT, "test", values), Check(True, (0.0,)), values, {})


def feasible_points(problem):
    """Every 0-1 point that satisfies groups and rows, by trying all of them."""
    for bits in product((0, 1), repeat=problem.n):
        x = np.array(bits, dtype=float)
        sums_hold = all(
            x[columns].sum() == 1 if kind == GroupKind.EXACTLY_ONE else x[columns].sum() <= 1
            for _, kind, columns in problem.groups.simple()
        )
        load = problem.rows.activity(x)[0]
        if sums_hold and (load >= problem.rows.lower).all() and (load <= problem.rows.upper).all():
            yield x


def optimum(problem):
    return problem.sense.sign * min(problem.sense.sign * problem.objectives(x)[0, 0] for x in feasible_points(problem))


def linear_optimum(matrix, best):
    """The best total of a rectangular matrix (None forbidden) in which the shorter side is assigned completely."""
    if len(matrix) > len(matrix[0]):
        matrix = [list(line) for line in zip(*matrix)]
    totals = []
    for places in permutations(range(len(matrix[0])), len(matrix)):
        chosen = [matrix[i][p] for i, p in enumerate(places)]
        if None not in chosen:
            totals.append(sum(chosen))
    return best(totals)


LINEAR = [
    [[4, 1, 3], [2, 0, 5], [3, 2, 2]],
    [[4, None, 3], [2, 0, None], [None, 2, 2]],
    [[4, 1, 3, 7], [2, 0, 5, 1]],
    [[4, 1], [2, None], [3, 2], [1, 9]],
    [[1, None, 5], [2, None, 1]],
]


@pytest.mark.parametrize("matrix", LINEAR)
@pytest.mark.parametrize("worth", ["cost", "value"])
def test_linear_optimum_is_that_of_all_permutations(matrix, worth):
    """Square, rectangular either way, with forbidden pairs; minimised and maximised."""
    problem = PLUGIN.build(AssignmentInstance(**{worth: matrix}))
    assert problem.sense is (Sense.MINIMIZE if worth == "cost" else Sense.MAXIMIZE)
    assert optimum(problem) == linear_optimum(matrix, min if worth == "cost" else max)


def test_feasible_points_are_the_plans_the_domain_check_takes():
    """Both judges agree on every point of a small generalised instance with a forbidden pair."""
    instance = AssignmentInstance(
        kind="generalised",
        items=("a", "b", "c"),
        places=("x", "y"),
        cost=((1, 2), (3, None), (2, 2)),
        resource=((2, 1), (2, 1), (1, 3)),
        capacity=(4, 3),
    )
    problem = PLUGIN.build(instance)
    good = {x.tobytes() for x in feasible_points(problem)}
    for bits in product((0.0, 1.0), repeat=problem.n):
        plan = PLUGIN.interpret(instance, solution(bits))
        assert (PLUGIN.domain_check(instance, plan) == []) == (np.array(bits).tobytes() in good), plan
    assert good


@pytest.mark.parametrize("seed", [1, 4, 7])
def test_generalised_optimum_is_that_of_all_plans(seed):
    """The cheapest of all ways to give every item an agent."""
    instance = PLUGIN.generate(5, seed=seed, kind="generalised")
    n, m = instance.shape
    assert (n, m) == (5, 1)
    instance = instance.model_copy(
        update={
            "cost": tuple((*row, row[0] - 3.0 + i) for i, row in enumerate(instance.cost)),
            "resource": tuple((row[0], 30.0 - row[0]) for row in instance.resource),
            "capacity": (instance.capacity[0] / 2, instance.capacity[0]),
        }
    )
    totals = []
    for agents in product(range(2), repeat=n):
        load = [sum(instance.resource[i][p] for i in range(n) if agents[i] == p) for p in range(2)]
        if all(load[p] <= instance.capacity[p] for p in range(2)):
            totals.append(sum(instance.cost[i][agents[i]] for i in range(n)))
    assert optimum(PLUGIN.build(instance)) == min(totals)


@pytest.mark.parametrize("symmetric", [True, False])
def test_quadratic_objective_is_that_of_the_formula(symmetric):
    """Every permutation of 4 pays sum A[i,k] B[p(i),p(k)] + cost, diagonals included."""
    rng = np.random.default_rng(3)
    flow, distance, cost = (rng.integers(-4, 9, (4, 4)).astype(float) for _ in range(3))
    if symmetric:
        flow, distance = flow + flow.T, distance + distance.T
    instance = AssignmentInstance(kind="quadratic", flow=flow.tolist(), distance=distance.tolist(), cost=cost.tolist())
    problem = PLUGIN.build(instance)
    for p in permutations(range(4)):
        x = np.zeros((4, 4))
        x[range(4), p] = 1
        expected = sum(flow[i][k] * distance[p[i]][p[k]] for i in range(4) for k in range(4))
        expected += sum(cost[i][p[i]] for i in range(4))
        assert problem.objectives(x.ravel())[0, 0] == expected
        assert sum(problem.parts(x.ravel()).values()) == expected


def test_pairs_are_merged_sorted_and_only_between_different_items_and_places():
    """Row below column, strictly ascending, no pair inside a line of the square, and the size estimate holds."""
    instance = PLUGIN.generate(6, seed=2, kind="quadratic")
    problem = PLUGIN.build(instance)
    row, col = problem.objective.row.astype(int), problem.objective.col.astype(int)
    assert (np.diff(row * 36 + col) > 0).all() and (row < col).all()
    assert (row // 6 != col // 6).all() and (row % 6 != col % 6).all()
    assert len(row) <= PLUGIN.size(instance)[1]


def test_flow_without_any_pair_is_linear():
    """No flow between different items: only the diagonal is left."""
    polynomial = flow_times_distance(np.diag([2.0, 3.0]), np.diag([5.0, 7.0]))
    assert len(polynomial.value) == 0
    assert polynomial.linear.tolist() == [10.0, 14.0, 15.0, 21.0]


def test_quadratic_too_large_is_refused(monkeypatch):
    """The limit is stated with the number that breaks it."""
    monkeypatch.setattr(assignment, "MOST_PAIRS", 100)
    with pytest.raises(UnsupportedModelError, match=r"at most 100 pairs.*with 6 items"):
        PLUGIN.build(PLUGIN.generate(6, seed=2, kind="quadratic"))


def test_names_carry_the_ids():
    """Columns, groups and rows speak the instance's words; forbidden pairs have no column."""
    problem = PLUGIN.build(PLUGIN.example())
    assert list(problem.columns.names)[:2] == ["assign[ana,bake]", "assign[ana,drive]"]
    assert list(problem.groups.names) == ["permutation"]
    instance = AssignmentInstance(
        kind="generalised", places=("x", "y"), cost=((1, None), (2, 3)), resource=((1, 1), (0, 1)), capacity=(4, 3)
    )
    problem = PLUGIN.build(instance)
    assert list(problem.columns.names) == ["assign[0,x]", "assign[1,x]", "assign[1,y]"]
    assert list(problem.groups.names) == ["place_of[0]", "place_of[1]"]
    assert list(problem.rows.names) == ["capacity[x]", "capacity[y]"]
    assert problem.rows.row(0)[0].tolist() == [0]  # item 1 uses nothing of x


def test_plan_names_items_places_and_loads():
    """The plan is in the instance's ids; loads and capacities stand beside the agents."""
    plan = PLUGIN.interpret(PLUGIN.example(), solution([0, 1, 0, 1, 0, 0, 0, 0, 1]))
    assert plan == {"assignment": [["ana", "drive"], ["bo", "bake"], ["cleo", "sell"]]}
    instance = AssignmentInstance(
        kind="generalised", cost=((1, None), (2, 3)), resource=((1, 1), (2.5, 1)), capacity=(4, 3)
    )
    plan = PLUGIN.interpret(instance, solution([1, 1, 0]))
    assert plan["assignment"] == [[0, 0], [1, 0]]
    assert plan["loads"] == [{"place": 0, "load": 3.5, "capacity": 4}, {"place": 1, "load": 0, "capacity": 3}]


def test_example_has_its_story():
    """Drive to Ana, bake to Bo, sell to Cleo: 1 + 2 + 2 = 5."""
    assert optimum(PLUGIN.build(PLUGIN.example())) == 5


def test_key_forgets_the_order():
    """The same pairs in another order are the same plan."""
    assert PLUGIN.key({"assignment": [[0, 1], [1, 0]]}) == PLUGIN.key({"assignment": [[1, 0], [0, 1]]})
    assert PLUGIN.key({"assignment": [[0, 1], [1, 0]]}) != PLUGIN.key({"assignment": [[0, 0], [1, 1]]})


@pytest.mark.parametrize(
    ("plan", "sentence"),
    [
        ([["ana", "bake"], ["bo", "sell"]], "item cleo has no place"),
        ([["ana", "bake"], ["bo", "bake"], ["cleo", "sell"]], "place bake has 2 items"),
        ([["ana", "bake"], ["ana", "sell"], ["bo", "drive"]], "item ana goes to more than one place"),
        ([["zoe", "bake"]], "zoe to bake: there is no such item or place"),
    ],
)
def test_domain_check_names_the_broken_rule(plan, sentence):
    """One sentence per broken rule."""
    assert sentence in PLUGIN.domain_check(PLUGIN.example(), {"assignment": plan})


def test_domain_check_of_more_items_than_places():
    """Every place needs an item, and an item may stay behind."""
    instance = AssignmentInstance(cost=[[1, 2], [3, None], [5, 6]])
    assert PLUGIN.domain_check(instance, {"assignment": [[2, 0], [0, 1]]}) == []
    assert PLUGIN.domain_check(instance, {"assignment": [[2, 0]]}) == ["place 1 has no item"]
    assert PLUGIN.domain_check(instance, {"assignment": [[2, 0], [1, 1]]}) == ["item 1 may not go to place 1"]


@pytest.mark.parametrize("seed", range(6))
def test_generated_instances_build_and_repeat(seed):
    """The same seed gives the same instance, every kind is met, and a JSON round trip changes nothing."""
    instance = PLUGIN.generate(7, seed=seed)
    assert instance == PLUGIN.generate(7, seed=seed)
    assert instance.kind == ("linear", "generalised", "quadratic")[seed % 3]
    assert AssignmentInstance.model_validate_json(instance.model_dump_json()) == instance
    problem = PLUGIN.build(instance, formulation="assign")
    assert problem.n == PLUGIN.size(instance)[0]


def test_unknown_formulation_is_refused():
    """By name, with those that exist."""
    with pytest.raises(ModelError, match="no formulation 'arcs'; it has: assign"):
        PLUGIN.build(PLUGIN.example(), formulation="arcs")


SQUARE = [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    ("document", "where", "rule"),
    [
        ({}, (), "exactly one of cost"),
        ({"cost": SQUARE, "value": SQUARE}, ("value",), "exactly one of cost"),
        ({"cost": [[1, 2], [3]]}, ("cost", 1), "every row of cost needs 2 numbers"),
        ({"cost": [[]]}, ("cost", 0), "needs 1 numbers"),
        ({"cost": SQUARE, "items": ["a"]}, ("items",), "items needs 2 ids"),
        ({"cost": SQUARE, "places": ["a", "a"]}, ("places", 1), "an id may occur once"),
        ({"cost": [[1, 2], [None, None]]}, ("cost", 1), "every item needs a place"),
        ({"value": [[1, None], [3, None]]}, ("value",), "every place needs an item"),
        ({"cost": SQUARE, "flow": SQUARE}, ("flow",), "a linear assignment has no flow"),
        ({"cost": SQUARE, "kind": "generalised"}, ("kind",), "needs resource and capacity"),
        (
            {"cost": SQUARE, "kind": "generalised", "resource": SQUARE, "capacity": [1]},
            ("capacity",),
            "capacity needs 2 numbers",
        ),
        (
            {"cost": SQUARE, "kind": "generalised", "resource": [[1, 2], [3, -4]], "capacity": [1, 2]},
            ("resource", 1, 1),
            "greater than or equal to 0",
        ),
        ({"kind": "quadratic", "flow": SQUARE}, ("kind",), "needs distance"),
        ({"kind": "quadratic", "flow": SQUARE, "distance": [[1, 2]]}, ("distance",), "needs 2 rows"),
        (
            {"kind": "quadratic", "flow": SQUARE, "distance": SQUARE, "cost": [[1, None], [1, 1]]},
            ("cost", 0, 1),
            "forbids no pair",
        ),
        ({"kind": "quadratic", "flow": SQUARE, "distance": SQUARE, "value": SQUARE}, ("value",), "has no value"),
        ({"cost": [[1, "2"], [3, 4]]}, ("cost", 0, 1), "valid number"),
        ({"cost": [[1, True], [3, 4]]}, ("cost", 0, 1), "valid number"),
        ({"cost": [[1, float("nan")], [3, 4]]}, ("cost", 0, 1), "finite"),
        ({"cost": SQUARE, "prize": 1}, ("prize",), "Extra inputs"),
    ],
)
def test_broken_documents_are_refused_at_the_key(document, where, rule):
    """Every fault is reported at the key and position that broke it."""
    with pytest.raises(ValidationError) as caught:
        AssignmentInstance.model_validate(document)
    assert any(e["loc"] == where and rule in e["msg"] for e in caught.value.errors()), caught.value.errors()


def test_both_spellings_of_generalised():
    """The American spelling means the same."""
    document = {"cost": SQUARE, "resource": SQUARE, "capacity": [9, 9], "kind": "generalized"}
    assert AssignmentInstance.model_validate(document).kind == "generalised"


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared benchmark instances are not here")
@pytest.mark.parametrize("name", ["nug12", "chr12a", "had12", "tai12a", "esc16a", "nug20", "nug30"])
def test_published_permutations_have_their_published_value(name):
    """QAPLIB's permutations (1-based: A's item i at B's place p(i); for nug30 the inverse) have their stated value."""
    from qopt.models.frontends import qaplib

    stated = (SHARED / "qap" / "solutions.csv").read_text().splitlines()
    _, n, value, permutation = next(line for line in stated if line.startswith(name)).split(",")
    problem = PLUGIN.build(qaplib.PLUGIN.read(SHARED / "qap" / f"{name}.txt"))
    x = np.zeros((int(n), int(n)))
    x[range(int(n)), [int(p) - 1 for p in permutation.split()]] = 1
    if name == "nug30":
        x = x.T
    assert problem.objectives(x.ravel())[0, 0] == float(value)
