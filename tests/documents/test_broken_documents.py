"""Every broken document is refused at the place and with the rule that its first line expects; never a traceback."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from qopt.core import registry
from qopt.core.errors import ModelError
from qopt.models.documents import Limits, load_document
from qopt.models.frontends.document import PLUGIN

FILES = sorted((Path(__file__).parent / "broken").glob("*.yaml"))


def build(source: str | Path) -> object:
    """Load and build: whatever a document is refused for, it is refused by then."""
    instance = PLUGIN.read(source)
    return registry.load("families", instance.family).build(instance)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_broken_document_is_refused_at_its_place(path):
    line, column, rule = re.match(r"# expect (\d+):(\d+) (.*)", path.read_text("utf-8")).groups()
    with pytest.raises(ModelError) as caught:
        build(path)
    issues = caught.value.issues
    found = [(issue.place.line, issue.place.column) for issue in issues if rule in issue.rule]
    assert (int(line), int(column)) in found, str(caught.value)
    assert all(issue.place.file == str(path) for issue in issues)
    places = [(issue.place.line, issue.place.column) for issue in issues]
    assert places == sorted(places), "issues come in reading order"
    assert len(issues) <= 2, "one slip is not told many times"


def test_the_corpus_is_large_enough():
    assert len(FILES) >= 60


JSON = {
    "duplicate key": ('{"problem": "model",\n "name": "a", "name": "b"}', 2, 15, "stands twice"),
    "NaN": ('{"problem": "model",\n "name": NaN}', 2, 10, "finite"),
    "minus infinity": ('{"problem": "model",\n "name": -Infinity}', 2, 10, "finite"),
    "overflow": ('{"problem": "model",\n "name": 1e999}', 2, 10, "finite"),
    "trailing comma": ('{"problem": "model",\n}', 2, 1, "a key in double quotes"),
    "missing comma": ('{"problem": "model"\n "name": 1}', 2, 2, "a ',' or a '}'"),
    "missing colon": ('{"problem" "model"}', 1, 12, "a ':'"),
    "single quotes": ("{\"problem\": 'model'}", 1, 13, "not a JSON value"),
    "open quote": ('{"problem": "model', 1, 13, "a quote is not closed"),
    "cut off": ('{"problem": ', 1, 13, "ends too early"),
    "text behind": ('{"problem": "model"} x', 1, 22, "after the end"),
    "half a character": ('{"problem": "model", "name": "\\ud800"}', 1, 30, "half of a character"),
    "deep": ('{"problem": ' + "[" * 40 + "]" * 40 + "}", 1, 44, "nested 33 deep"),
    "python literal": ('{"problem": None}', 1, 13, "not a JSON value"),
    "unknown key": ('{"problem": "model",\n "variables": {"x": {"tpye": "spin"}}}', 2, 22, "unknown key"),
    "expression": (
        '{"problem": "model", "variables": {"x": {}},\n "objective": {"minimise": "2*y"}}',
        2,
        31,
        "unknown",
    ),
}


@pytest.mark.parametrize("name", JSON)
def test_broken_json_is_refused_at_its_place(name):
    text, line, column, rule = JSON[name]
    with pytest.raises(ModelError) as caught:
        build(text)
    issue = next(issue for issue in caught.value.issues if rule in issue.rule)
    assert (issue.place.line, issue.place.column) == (line, column)


def test_bytes_that_are_no_utf8_are_refused_at_their_place(tmp_path):
    path = tmp_path / "latin1.yaml"
    path.write_bytes("problem: model\nname: caf\xe9\n".encode("latin-1"))
    with pytest.raises(ModelError) as caught:
        PLUGIN.read(path)
    place = caught.value.issues[0].place
    assert "UTF-8" in caught.value.issues[0].rule
    assert (place.file, place.line, place.column) == (str(path), 2, 10)


def test_a_document_above_the_limit_is_refused_with_its_size(tmp_path):
    path = tmp_path / "large.yaml"
    path.write_text("problem: model\n" + "# remark\n" * 120_000)
    with pytest.raises(ModelError, match=r"1,080,015 bytes, at most 1,000,000"):
        PLUGIN.read(path)


def test_an_alias_as_a_key_is_refused_like_any_other():
    with pytest.raises(ModelError, match="1:1: aliases are not accepted"):
        load_document("*a:\n  b:\n*a :\n")


def test_limits_are_settings():
    with pytest.raises(ModelError, match="nested 3 deep, at most 2"):
        load_document("a:\n  b: [1]\n", limits=Limits(depth=2))
    with pytest.raises(ModelError, match="bytes, at most 3"):
        load_document("a: 1\n", limits=Limits(document_bytes=3))


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    for path in (tmp_path / "nowhere.yaml", tmp_path):
        with pytest.raises(ModelError):
            PLUGIN.read(path)


def test_all_slips_of_a_document_are_told_at_once_in_reading_order():
    text = """problem: model
nmae: slips
sets: {s: [a, a]}
variables: {x: {over: [s], type: bool}}
solve: {top: 0}
"""
    with pytest.raises(ModelError) as caught:
        PLUGIN.read(text)
    assert [issue.place.line for issue in caught.value.issues] == [2, 3, 4, 5]
    assert "did you mean name?" in caught.value.issues[0].suggestion


def test_all_slips_of_expressions_are_told_at_once():
    text = """problem: model
sets: {s: [a, b]}
variables: {x: {over: [s]}}
objective: {minimise: "sum(y[i] for i in s)"}
constraints:
  one: {that: "sum(x[i] for i in z) <= 1"}
  two: {for: i in s, that: "x[i] < 1"}
"""
    with pytest.raises(ModelError) as caught:
        build(text)
    assert [issue.place.line for issue in caught.value.issues] == [4, 6, 7]


def test_an_unknown_kind_of_problem_lists_the_known_ones():
    with pytest.raises(ModelError, match=r"known: .*knapsack"):
        PLUGIN.read("problem: zebra\nx: 1\n")
