"""Graphs of networkx become instances; what networkx computes by itself is what comes out."""

import subprocess
import sys
from pathlib import Path

import pytest

import qopt
from qopt.core import registry
from qopt.core.errors import ModelError, UnsupportedModelError
from qopt.models.families.graph import GraphInstance
from qopt.models.frontends.networkx import PLUGIN
from qopt.models.subject import as_subject

nx = pytest.importorskip("networkx", reason="networkx is not installed")
EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "networkx_max_cut.py"


def test_weights_are_read_where_the_task_has_them():
    g = nx.Graph(name="town")
    g.add_node("a", weight=4, size=9)
    g.add_edge("a", 7, weight=2.5, length=6)
    g.add_edge(7, "c")
    cut = PLUGIN.read(g, task="max_cut")
    assert cut.name == "town" and cut.ids == ("a", 7, "c")
    assert cut.edges == (("a", 7, 2.5), (7, "c", 1.0)) and cut.arrays.node.tolist() == [1, 1, 1]
    chosen = PLUGIN.read(g, task="independent_set", weight="size")
    assert chosen.edges == (("a", 7), (7, "c")) and chosen.arrays.node.tolist() == [9, 1, 1]
    parts = PLUGIN.read(g, task="partition", weight="length", parts=3, balance=0.5)
    assert parts.parts == 3 and parts.balance == 0.5 and parts.arrays.weight.tolist() == [6, 1]
    assert PLUGIN.read(g, task="coloring", colours=["red", "blue"]).colours == ("red", "blue")


def test_parallel_edges_count_together_and_tuples_are_called_by_their_text():
    double = nx.MultiGraph([(0, 1, {"weight": 2}), (1, 0, {"weight": 3}), (1, 2)])
    assert PLUGIN.read(double, task="max_cut").edges == ((0, 1, 5.0), (1, 2, 1.0))
    grid = PLUGIN.read(nx.grid_2d_graph(2, 2), task="colouring")
    assert grid.ids == ("0,0", "0,1", "1,0", "1,1") and grid.name == "graph"


@pytest.mark.parametrize("seed", range(3))
def test_solving_agrees_with_networkx(seed):
    g = nx.gnp_random_graph(9, 0.45, seed=seed)
    clique, weight = nx.max_weight_clique(g, weight=None)
    found = qopt.solve(g, task="clique", budget=20, seed=1, top=1)
    assert found.status == "optimal" and found.objective == weight == len(clique)
    chosen = found.solutions[0].plan["set"]
    assert all(g.has_edge(a, b) for a in chosen for b in chosen if a != b)
    apart = qopt.solve(nx.complement(g), task="independent_set", budget=20, seed=1, top=1)
    assert apart.objective == weight
    bipartite = nx.complete_bipartite_graph(3, 4)
    cut = qopt.solve(bipartite, task="max_cut", budget=20, seed=1, top=1)
    assert cut.objective == 12 and set(cut.solutions[0].plan["sides"]) == set("0123456")


def loops():
    return nx.Graph([(0, 1), (1, 1)])


BROKEN = {
    "a graph needs a task .*max_cut, independent_set": (nx.path_graph(3), {}),
    "must be|Input should be 'max_cut'": (nx.path_graph(3), {"task": "min_cut"}),
    "an edge joins two different nodes, got 1 to itself": (loops(), {"task": "max_cut"}),
    "the weight of edge 0 to 1 is a number, got 'x'": (nx.Graph([(0, 1, {"weight": "x"})]), {"task": "max_cut"}),
    "an id may occur once in nodes, got '1'": (nx.Graph([(1, "1")]), {"task": "max_cut"}),
    "finite": (nx.Graph([(0, 1, {"weight": float("nan")})]), {"task": "max_cut"}),
    "colours belongs to the task colouring": (nx.path_graph(3), {"task": "max_cut", "colours": 3}),
    "a networkx object has no such option; it has: task, weight.*got tasks": (nx.path_graph(3), {"tasks": "max_cut"}),
}


@pytest.mark.parametrize("message", BROKEN)
def test_what_cannot_be_carried_is_refused(message):
    graph, options = BROKEN[message]
    with pytest.raises(ModelError, match=message):
        as_subject(graph, **options)


def test_a_directed_graph_is_refused():
    with pytest.raises(UnsupportedModelError, match=r"a directed graph is not carried .give G.to_undirected"):
        as_subject(nx.DiGraph([(0, 1)]), task="max_cut")


def test_objects_of_qopt_take_no_options():
    instance = as_subject(nx.path_graph(3), task="max_cut").instance
    assert isinstance(instance, GraphInstance)
    for thing in (instance, as_subject(instance).problem(), qopt.Model("m")):
        with pytest.raises(ModelError, match="only files and objects of other libraries have options, got task"):
            as_subject(thing, task="max_cut")


def test_the_door_knows_its_objects():
    assert registry.load("formats", "networkx") is PLUGIN
    assert PLUGIN.accepts_object(nx.MultiGraph()) and PLUGIN.accepts_object(nx.DiGraph())
    assert not PLUGIN.accepts_object(3) and not PLUGIN.accepts_object(nx.path_graph(3).edges)


def test_the_example_script():
    """The script itself compares its answer with networkx's own size of the cut."""
    done = subprocess.run([sys.executable, str(EXAMPLE)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "optimal: 179 of 231"
