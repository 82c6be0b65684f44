"""The generic model: data in every shape, its example's story, and the example files."""

from __future__ import annotations

import json
import time
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from qopt.core.errors import ModelError
from qopt.core.solution import Candidate, Origin
from qopt.core.watch import Watch
from qopt.evaluate.check import check
from qopt.milp.conflict import conflict
from qopt.milp.solve import solve
from qopt.models.families._model_judge import Judge
from qopt.models.families.model import PLUGIN
from qopt.models.frontends.document import PLUGIN as DOCUMENTS
from qopt.models.subject import Subject, nonzeros

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"


def values_of(parameter: str, folder=None, sets: str = "{s: [p, q], t: [u, v, w]}"):
    text = f"problem: model\nsets: {sets}\nparameters:\n  a: {parameter}\nvariables: {{x: {{}}}}\n"
    return DOCUMENTS.read(text, base_dir=folder).parameters["a"].values.plain()


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("{values: 4}", 4),
        ("{over: [s], values: [1, 2.5]}", [1, 2.5]),
        ("{over: [s], values: {q: 1, p: 2}}", [2, 1]),
        ("{over: [s], default: 7}", [7, 7]),
        ("{over: [s], values: {q: 1}, default: 7}", [7, 1]),
        ("{over: [s, t], values: [[1, 2, 3], [4, 5, 6]]}", [[1, 2, 3], [4, 5, 6]]),
        ("{over: [s, t], values: {q: [4, 5, 6], p: {w: 3, u: 1, v: 2}}}", [[1, 2, 3], [4, 5, 6]]),
        ("{over: [s, t], values: {q: {v: 5}}, default: 0}", [[0, 0, 0], [0, 5, 0]]),
        ("{over: [s, s], values: [[1, 2], [3, 4]]}", [[1, 2], [3, 4]]),
    ],
)
def test_values_in_the_document(written, expected):
    assert values_of(written) == expected


def test_keys_of_ranges_and_of_numbers_are_elements():
    assert values_of("{over: [s], values: {4: 1, 3: 2, 5: 0}}", sets="{s: {range: [3, 5]}}") == [2, 1, 0]
    assert values_of("{over: [s], values: {007: 1, no: 2, 12:30: 3}}", sets="{s: [007, no, 12:30]}") == [1, 2, 3]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("{over: [s], file: one.csv, row: name, column: cost}", [3, 4]),
        ("{over: [s], file: one.csv, column: cost}", [3, 4]),
        ("{over: [s], file: one.csv, index: [name], value: cost}", [3, 4]),
        ("{over: [s, t], file: long.csv, row: a, column: b, value: c}", [[1, 2, 3], [4, 5, 6]]),
        ("{over: [t, s], file: long.csv, index: [b, a], value: c}", [[1, 4], [2, 5], [3, 6]]),
        ("{over: [s, t], file: wide.csv, row: a}", [[1, 2, 3], [4, 5, 6]]),
    ],
)
def test_values_in_a_table(tmp_path, written, expected):
    (tmp_path / "one.csv").write_text("name,cost\nq,4\np,3\n")
    (tmp_path / "long.csv").write_text("a,b,c\np,u,1\np,v,2\np,w,3\nq,u,4\nq,v,5\nq,w,6\nelsewhere,u,9\n")
    (tmp_path / "wide.csv").write_text("a,v,u,w,z\np,2,1,3,0\nq,5,4,6,0\n")
    assert values_of(written, tmp_path) == expected


@pytest.mark.parametrize(
    ("written", "text", "rule", "place"),
    [
        ("{over: [s], file: t.csv, row: k, column: v}", "k,v\np,1\nq,x\n", "finite number", ("t.csv", 3, 3)),
        ("{over: [s], file: t.csv, row: k, column: v}", "k,v\np,1\np,2\nq,3\n", "given twice", ("t.csv", 3, 1)),
        ("{over: [s], file: t.csv, row: k, column: v}", "k,v\np,1\n", "a[q] has no value", ("", 4, 24)),
        ("{over: [s], file: t.csv, row: k, column: v, default: 0}", "k,v\npp,1\n", "no element of s", ("t.csv", 2, 1)),
        ("{over: [s], file: t.csv, row: k, column: w}", "k,v\np,1\n", "no such column", ("", 4, 47)),
        ("{over: [s, s], file: t.csv, row: k}", "k,p,q\np,1,2\np,3,4\nq,5,6\n", "given twice", ("t.csv", 3, 1)),
    ],
)
def test_slips_in_tables_are_told_at_their_place(tmp_path, written, text, rule, place):
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(ModelError) as caught:
        values_of(written, tmp_path)
    issue = caught.value.issues[0]
    assert rule in issue.rule
    assert (issue.place.file, issue.place.line, issue.place.column) == place


def test_a_set_from_a_table_keeps_its_order_and_refuses_doubles(tmp_path):
    (tmp_path / "t.csv").write_text("k,v\nq,1\np,2\n")
    text = "problem: model\nsets: {s: {file: t.csv, column: k}}\nvariables: {x: {over: [s]}}\n"
    instance = DOCUMENTS.read(text, base_dir=tmp_path)
    assert list(PLUGIN.build(instance).columns.names) == ["x[q]", "x[p]"]
    (tmp_path / "t.csv").write_text("k,v\nq,1\np,2\nq,3\n")
    with pytest.raises(ModelError, match=r"t\.csv:4:1: the same element stands twice"):
        DOCUMENTS.read(text, base_dir=tmp_path)


def test_an_instance_holds_its_tables_itself(tmp_path):
    (tmp_path / "t.csv").write_text("k,v\nq,1\np,2\n")
    text = (
        "problem: model\nsets: {s: {file: t.csv, column: k}}\n"
        "parameters: {a: {over: [s], file: t.csv, column: v}}\nvariables: {x: {over: [s]}}\n"
    )
    instance = DOCUMENTS.read(text, base_dir=tmp_path)
    written = json.dumps(instance.model_dump(mode="json", by_alias=True))
    assert "t.csv" not in written and DOCUMENTS.read(written) == instance


def test_the_story_of_the_example():
    instance = PLUGIN.example()
    problem = PLUGIN.build(instance)
    points = np.array(list(product((0, 1), repeat=problem.n)), dtype=float)
    values = problem.objectives(points)[:, 0]
    best, middle = np.inf, np.inf
    for k in np.argsort(values, kind="stable")[: len(values) // 2]:
        plan = {"values": nonzeros(problem, points[k])}
        if PLUGIN.domain_check(instance, plan):
            continue
        best = min(best, values[k])
        if plan["values"]["open"] == [["middle", 1]]:
            middle = min(middle, values[k])
        if np.isfinite(middle):
            break
    assert (best, middle) == (46, 50)


def test_ids_of_plans_are_those_of_the_document():
    text = """problem: model
sets: {d: {range: [3, 4]}, s: [007, no]}
variables: {x: {over: [d, s]}, n: {type: integer, upper: 9}, r: {type: real, upper: 1}, z: {type: spin}}
"""
    instance = DOCUMENTS.read(text)
    problem = PLUGIN.build(instance)
    values = np.array([0, 1, 1, 0, 7, 0.25, -1.0])
    found = Subject(instance=instance).solution(
        Candidate(Origin.EXACT, "test", values=values), check(problem, values), problem
    )
    assert found.plan["values"] == {"x": [[3, "no", 1], [4, "007", 1]], "n": [[7]], "r": [[0.25]], "z": [[-1]]}


@pytest.mark.parametrize(("name", "expected"), [("depots/depots.yaml", 3830), ("garden-watering.yaml", 9)])
def test_examples_have_the_answer_that_they_are_written_for(name, expected):
    instance = DOCUMENTS.read(EXAMPLES / name)
    problem = PLUGIN.build(instance)
    outcome = solve(problem, watch=Watch(clock=time.perf_counter))
    assert outcome.status == "optimal" and outcome.objectives[0][0] == pytest.approx(expected)
    plan = {"values": nonzeros(problem, outcome.values[0])}
    assert PLUGIN.domain_check(instance, plan) == []
    assert float(Judge(instance, plan).objectives()[0]) == pytest.approx(expected)


def test_the_impossible_example_names_the_rules_in_its_own_words():
    problem = PLUGIN.build(DOCUMENTS.read(EXAMPLES / "market-van-impossible.yaml"))
    watch = Watch(clock=time.perf_counter)
    assert solve(problem, watch=watch).status == "infeasible"
    told = conflict(problem, watch=watch)
    assert {violation.name.split("[")[0] for violation in told} == {"payload", "promised"}
    assert any("the van may carry 250 kg" in violation.message for violation in told)


def test_the_judge_finds_each_kind_of_fault():
    text = """problem: model
sets: {s: [p, q]}
parameters: {cap: {over: [s], values: [2, 3]}}
variables: {x: {over: [s]}, n: {over: [s], type: integer, lower: -1, upper: cap}, z: {type: spin}}
constraints: {r: {for: i in s, that: "n[i] <= 2*x[i] + 1", why: so it is}}
"""
    instance = DOCUMENTS.read(text)
    good = {"values": {"x": [["p", 1]], "n": [["p", 2], ["q", -1]], "z": [[1]]}}
    assert PLUGIN.domain_check(instance, good) == []
    for change, told in [
        ({"x": [["p", 2]]}, "x[p] is 2, it must be 0 or 1"),
        ({"x": []}, "r[p] is broken by 1: so it is"),
        ({"n": [["q", 1.5], ["p", 0]]}, "n[q] is 1.5, it must be whole"),
        ({"n": [["p", 3]]}, "n[p] is 3, above its bound 2"),
        ({"n": [["p", -2]]}, "n[p] is -2, below its bound -1"),
        ({"z": []}, "z is 0, it must be -1 or 1"),
        ({"y": [[1]]}, "the plan names y, which is no variable"),
        ({"x": [["r", 1], ["p", 1]]}, "x has no index ('r',)"),
    ]:
        assert told in PLUGIN.domain_check(instance, {"values": good["values"] | change})
