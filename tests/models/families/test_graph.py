"""Graph problems against enumeration in plain loops, and their documents, plans and keys."""

from __future__ import annotations

import json
import time
from itertools import product
from pathlib import Path

import numpy as np
import pytest

import qopt
from qopt.core.errors import ModelError, RecordError, UnsupportedModelError
from qopt.core.problem import Kind, Sense
from qopt.core.rows import GroupKind
from qopt.core.solution import Candidate, Origin
from qopt.core.watch import Watch
from qopt.evaluate.check import check
from qopt.milp.solve import solve
from qopt.models.documents import load_document, validate
from qopt.models.families import _graph_build
from qopt.models.families._graph_build import share
from qopt.models.families._graph_colours import greedy
from qopt.models.families.graph import PLUGIN, GraphInstance, Node
from qopt.models.subject import Subject
from qopt.testing.families import check_answers

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
TASKS = ("max_cut", "independent_set", "clique", "colouring", "partition")


def worth(graph: GraphInstance, classes: tuple[int, ...]) -> float | None:
    """What a class for every node is worth in the task, None when it is no answer. Sets are class 1."""
    number = {label: k for k, label in enumerate(graph.ids)}
    edges = [(number[edge[0]], number[edge[1]], edge[2] if len(edge) == 3 else 1.0) for edge in graph.edges]
    weight = [node.weight if isinstance(node, Node) else 1.0 for node in graph.nodes or graph.ids]
    joined = {frozenset(edge[:2]) for edge in edges}
    if graph.task in ("independent_set", "clique"):
        chosen = [v for v, taken in enumerate(classes) if taken]
        for k, a in enumerate(chosen):
            for b in chosen[:k]:
                if (frozenset((a, b)) in joined) == (graph.task == "independent_set"):
                    return None
        return sum(weight[v] for v in chosen)
    if graph.task == "colouring":
        return None if any(classes[a] == classes[b] for a, b, _ in edges) else len(set(classes))
    if graph.task == "partition":
        low, high = share(np.array(weight), graph.parts or 2, graph.balance or 0.0)
        for part in range(graph.parts or 2):
            if not low <= sum(w for w, c in zip(weight, classes) if c == part) <= high:
                return None
    return sum(w for a, b, w in edges if classes[a] != classes[b])


def best(graph: GraphInstance, classes: int) -> float:
    sign = -1 if graph.task in ("max_cut", "independent_set", "clique") else 1
    values = [worth(graph, point) for point in product(range(classes), repeat=len(graph.ids))]
    return sign * min(sign * value for value in values if value is not None)


def drawn(task: str, seed: int) -> tuple[GraphInstance, int]:
    """A random instance of 6 nodes, and how many classes are to be enumerated."""
    graph = PLUGIN.generate(6, seed=seed, task=task)
    if task == "partition":
        graph = graph.model_copy(update={"parts": 2 + seed % 2, "balance": 0.3 * (seed % 3)})
    return graph, {"colouring": 4, "partition": graph.parts or 2}.get(task, 2)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("task", TASKS)
def test_the_optimum_is_that_of_enumeration(task, seed):
    graph, classes = drawn(task, seed)
    wanted = best(graph, classes)
    subject = Subject(instance=graph)
    for formulation in subject.formulations:
        problem = PLUGIN.build(graph, formulation=formulation)
        outcome = solve(problem, watch=Watch(clock=time.perf_counter), nodes=5_000)
        assert outcome.status == "optimal"
        assert check(problem, outcome.values[0]).objective == pytest.approx(wanted, abs=1e-9)


@pytest.mark.parametrize("task", TASKS)
def test_every_task_keeps_the_contract_of_families(task):
    check_answers("graph", drawn(task, 5)[0])


@pytest.mark.parametrize("colours", [3, ["red", "green", "blue"]])
def test_a_given_number_of_colours(colours):
    """Every answer of the problem is a proper colouring and the other way round, by all 3^5 colourings of a wheel."""
    edges = [("hub", k) for k in range(4)] + [(k, (k + 1) % 4) for k in range(4)]
    graph = GraphInstance.model_validate({"task": "coloring", "colours": colours, "edges": edges})
    problem = PLUGIN.build(graph)
    assert problem.objective.degree == 0 and problem.n == 15
    assert problem.groups.kind.tolist() == [GroupKind.EXACTLY_ONE] * 5
    for point in product(range(3), repeat=5):
        values = np.eye(3)[list(point)].ravel()
        assert check(problem, values).feasible == (worth(graph, point) is not None)


def plan_of(graph, values, formulation="auto"):
    subject = Subject(instance=graph)
    problem = subject.problem(formulation)
    point = np.asarray(values, dtype=np.float64)
    solution = subject.solution(Candidate(Origin.EXACT, "test", point), check(problem, point), problem)
    return dict(solution.plan), solution.key


SQUARE = {"task": "max_cut", "edges": [["a", "b", 2], ["b", "c", 3], ["c", "d", 4], ["d", "a", 5]]}


def test_plans_say_what_they_decide():
    cut, _ = plan_of(GraphInstance.model_validate(SQUARE), [1, 0, 0, 1])
    assert cut == {
        "values": {"side": [["a", 1], ["d", 1]]},
        "sides": {"a": 1, "b": 0, "c": 0, "d": 1},
        "cut": 6,
    }
    spins, _ = plan_of(GraphInstance.model_validate(SQUARE), [1, -1, -1, 1], "spins")
    assert spins["sides"] == cut["sides"] and spins["cut"] == 6
    pick = {"task": "independent_set", "nodes": [{"id": "a", "weight": 2.5}, "b", 7], "edges": [["a", "b"]]}
    chosen, _ = plan_of(GraphInstance.model_validate(pick), [1, 0, 1])
    assert chosen["set"] == ["a", 7] and chosen["weight"] == 3.5
    two = {"task": "colouring", "colours": ["red", "blue"], "edges": [["a", "b"], ["b", "c"]]}
    colours, _ = plan_of(GraphInstance.model_validate(two), [1, 0, 0, 1, 1, 0])
    assert colours["colours"] == {"a": "red", "b": "blue", "c": "red"} and colours["used"] == 2
    halves, _ = plan_of(GraphInstance.model_validate(SQUARE | {"task": "partition"}), [1, 0, 1, 0, 0, 1, 0, 1])
    assert halves["parts"] == {"a": 0, "b": 0, "c": 1, "d": 1} and halves["cut"] == 8


def test_a_node_without_or_with_two_colours_is_seen_by_the_judge():
    graph = GraphInstance.model_validate(
        {"task": "colouring", "colours": 2, "edges": [["a", "b"]], "nodes": ["a", "b"]}
    )
    plan, _ = plan_of(graph, [1, 1, 0, 0])
    assert plan["colours"] == {"a": [0, 1]}
    assert PLUGIN.domain_check(graph, plan) == ["a has 2 colours", "b has no colour"]


def test_plans_that_differ_in_names_alone_are_the_same():
    graph = GraphInstance.model_validate(SQUARE)
    assert plan_of(graph, [1, 0, 0, 1])[1] == plan_of(graph, [0, 1, 1, 0])[1] != plan_of(graph, [1, 0, 1, 0])[1]
    assert plan_of(graph, [1, 0, 0, 1])[1] == plan_of(graph, [-1, 1, 1, -1], "spins")[1]
    keys = {PLUGIN.key({"colours": {"a": x, "b": y, "c": x}}) for x, y in (("red", "blue"), ("blue", "red"), (0, 1))}
    assert len(keys) == 1 and keys != {PLUGIN.key({"colours": {"a": 0, "b": 1, "c": 1}})}
    assert PLUGIN.key({"set": [3, 1]}) == PLUGIN.key({"set": ["1", "3"]}) != PLUGIN.key({"set": [1]})


@pytest.mark.parametrize("task", TASKS)
def test_plans_come_back_as_values(task):
    graph, _ = drawn(task, 2)
    problem = PLUGIN.build(graph)
    values = solve(problem, watch=Watch(clock=time.perf_counter), nodes=5_000).values[0]
    plan, key = plan_of(graph, values)
    again = PLUGIN.restore(graph, plan)
    assert check(problem, again).feasible
    assert check(problem, again).objective == check(problem, values).objective
    assert plan_of(graph, again)[1] == key


def test_colours_of_any_name_come_back_in_their_order():
    graph = GraphInstance.model_validate({"task": "colouring", "edges": [["a", "b"], ["b", "c"], ["c", "a"]]})
    values = PLUGIN.restore(graph, {"colours": {"b": "teal", "a": "gold", "c": 9}})
    assert values.tolist() == [1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1, 1]
    for colours, message in (
        ({"x": 1}, "names 'x', which is no node"),
        ({"a": 1, "b": 2, "c": 3, "d": 4}, "names 'd'"),
        (3, "no 'colours' by node"),
    ):
        with pytest.raises(RecordError, match=message):
            PLUGIN.restore(graph, {"colours": colours})
    with pytest.raises(RecordError, match="node c has 2; there are: 0, 1"):
        PLUGIN.restore(GraphInstance.model_validate(SQUARE), {"sides": {"a": 0, "b": 1, "c": 2, "d": 0}})
    with pytest.raises(RecordError, match="3 nodes have one, unnamed has 4"):
        PLUGIN.restore(GraphInstance.model_validate(SQUARE), {"sides": {"a": 0, "b": 1, "c": 1}})


BROKEN = {
    "an edge ends at nodes of the graph": {"nodes": ["a", "b"], "edges": [["a", "z"]]},
    "an edge joins two different nodes": {"edges": [["a", "a"]]},
    "an edge may occur once; add its weights up": {"edges": [["a", "b"], ["b", "a", 2]]},
    "an id may occur once in nodes": {"nodes": [1, "1"], "edges": []},
    "nodes have no weight in the task max_cut": {"nodes": [{"id": "a", "weight": 3}, "b"], "edges": [["a", "b"]]},
    "edges have no weight in the task colouring": {"task": "colouring", "edges": [["a", "b", 2]]},
    "colours belongs to the task colouring, this one is max_cut": {"edges": [["a", "b"]], "colours": 2},
    "a graph of 2 nodes has at most as many parts": {"task": "partition", "parts": 3, "edges": [["a", "b"]]},
    "a graph has nodes": {"edges": []},
    "at least one colour is needed": {"task": "colouring", "colours": [], "edges": [["a", "b"]]},
}


@pytest.mark.parametrize("rule", BROKEN)
def test_a_broken_document_is_refused_at_its_place(rule):
    text = json.dumps({"problem": "graph", "task": "max_cut"} | BROKEN[rule])
    with pytest.raises(ModelError) as found:
        validate(load_document(text), GraphInstance)
    assert len(found.value.issues) == 1
    assert rule in str(found.value.issues[0]) and found.value.issues[0].place.line == 1


def test_a_formulation_of_another_task_is_refused():
    with pytest.raises(ModelError, match="clique has no formulation 'spins'; it has: bits"):
        PLUGIN.build(PLUGIN.generate(5, seed=1, task="clique"), formulation="spins")


def test_arrays_of_edges_are_merged_and_checked():
    graph = GraphInstance.from_arrays("max_cut", 3, [0, 1, 1], [1, 0, 2], [2.0, 3.0, -1.0], name="small")
    assert graph.name == "small" and graph.ids == (0, 1, 2) and graph.edges == ((0, 1, 5.0), (1, 2, -1.0))
    named = GraphInstance.from_arrays("clique", ["u", "v"], [0], [1], node_weight=[4, 5])
    assert named.edges == (("u", "v"),) and named.arrays.node.tolist() == [4, 5]
    with pytest.raises(ModelError, match=r"a position in 0\.\.1, got 2"):
        GraphInstance.from_arrays("max_cut", 2, [0], [2])
    with pytest.raises(ModelError, match=r"a position in 0\.\.1, got -1"):
        GraphInstance.from_arrays("max_cut", 2, [-1], [1])


def test_spins_and_bits_are_columns_of_their_kind():
    graph = GraphInstance.model_validate(SQUARE)
    bits, spins = (PLUGIN.build(graph, formulation=name) for name in ("bits", "spins"))
    assert bits.sense is spins.sense is Sense.MAXIMIZE
    assert bits.columns.kind.tolist() == [Kind.BINARY] * 4 and spins.columns.kind.tolist() == [Kind.SPIN] * 4
    assert list(bits.columns.names) == ["side[a]", "side[b]", "side[c]", "side[d]"]
    assert bits.integral and list(bits.parts([1, 0, 0, 0])) == ["cut"]
    for point in product((0, 1), repeat=4):
        assert bits.objectives(point) == spins.objectives(2 * np.array(point) - 1)


def test_the_greedy_colouring_is_proper_and_finds_two_colours_where_two_are_enough():
    """DSATUR is exact on bipartite graphs (Brélaz 1979)."""
    rng = np.random.default_rng(8)
    for seed in range(20):
        first, second = rng.integers(0, 15, 60), rng.integers(15, 30, 60)
        assert max(greedy(30, first, second)) == 1, seed
        any_first, any_second = np.nonzero(np.triu(rng.random((25, 25)) < 0.4, 1))
        colour = greedy(25, any_first, any_second)
        assert all(colour[a] != colour[b] for a, b in zip(any_first, any_second))
        assert set(colour) == set(range(max(colour) + 1))


def test_shares_round_outwards_where_weights_are_whole():
    assert share(np.ones(10), 3, 0.0) == (3, 4)
    assert share(np.array([1.0, 2.0, 3.0]), 2, 0.5) == (1, 5)
    assert share(np.array([0.5, 1.0]), 2, 0.5) == (0.375, 1.125)


def test_what_is_too_large_is_refused_before_it_is_built(monkeypatch):
    monkeypatch.setattr(_graph_build, "MOST_NONZEROS", 10)
    with pytest.raises(UnsupportedModelError, match="at most 10 nonzeros"):
        PLUGIN.build(PLUGIN.generate(20, seed=1, task="clique"))


@pytest.mark.parametrize(
    ("name", "classes"), [("max_cut", 2), ("colouring", 3), ("independent_set", 2), ("partition", 2)]
)
def test_the_examples_have_the_optimum_of_enumeration(name, classes):
    path = EXAMPLES / f"graph_{name}.yaml"
    graph = validate(load_document(path), GraphInstance)
    result = qopt.solve(path, budget=20, seed=1, top=1)
    assert result.status == "optimal" and result.objective == best(graph, classes)
    assert PLUGIN.domain_check(graph, result.solutions[0].plan) == []
