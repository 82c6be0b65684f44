"""QAPLIB and OR-Library files: layouts, members, and errors with line and column."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from qopt.core.errors import ModelError, UnsupportedModelError
from qopt.core.problem import Sense
from qopt.models.families import assignment, knapsack
from qopt.models.families.assignment import AssignmentInstance
from qopt.models.families.knapsack import Item, KnapsackInstance
from qopt.models.frontends import orlib_gap, orlib_knapsack, qaplib
from qopt.models.frontends._numbers import Numbers, plain

QAP = "3\n0 1 2\n1 0 3\n2 3 0\n0 5 2\n5 0 3\n2 3 0\n"
GAP = "2\n2 3\n4 5 6\n6 5 4\n1 1 1\n2 2 2\n3 4\n1 2\n7 8\n1 1.5\n2\n"
MKNAP = "2\n3 2 0\n10 20 30.5\n1 2 3\n3 2 1\n4 5\n2 1 7\n3 4\n1 1\n1\n"
ANY = Path("file.txt")


def refusal(call, *arguments, **options):
    with pytest.raises(ModelError) as caught:
        call(*arguments, **options)
    (issue,) = caught.value.issues
    return issue


def test_qaplib_reads_flow_then_distance():
    """A is the flow between items, B the distance between places."""
    instance = qaplib.PLUGIN.read(QAP)
    assert instance.kind == "quadratic"
    assert np.array(instance.flow).tolist() == [[0, 1, 2], [1, 0, 3], [2, 3, 0]]
    assert np.array(instance.distance).tolist() == [[0, 5, 2], [5, 0, 3], [2, 3, 0]]


@pytest.mark.parametrize("header", ["3", "3 50", "3 -40 50", " 3\t50 \r"])
def test_qaplib_layouts_with_optimum_and_best_known_value(header):
    """They are skipped; line ends and blanks are free."""
    text = header + QAP[1:].replace(" ", "   ").replace("\n", "\n\n")
    assert qaplib.PLUGIN.accepts(ANY, text)
    assert qaplib.PLUGIN.read(text) == qaplib.PLUGIN.read(QAP)


def test_qaplib_in_one_line():
    """A file without line breaks has the size alone in front."""
    assert qaplib.PLUGIN.read(" ".join(QAP.split())) == qaplib.PLUGIN.read(QAP)


def test_qaplib_that_may_be_a_square_job_shop_is_read_only_on_request():
    """n jobs on n machines have as many numbers as a QAP whose optimum is n."""
    text = "2 2\n0 3 1 2\n1 4 0 1\n"
    assert not qaplib.PLUGIN.accepts(ANY, text)
    assert qaplib.PLUGIN.read(text).flow == ((0, 3), (1, 2))


@pytest.mark.parametrize(
    ("text", "line", "column", "rule"),
    [
        (QAP[:-2], 7, 4, "9 numbers are needed for n = 3: the matrix B, got 8"),
        (QAP + "7\n", 8, 1, "1 numbers too many behind two 3 x 3 matrices"),
        (QAP.replace("1 0 3", "1 0 x"), 3, 5, "a finite number is needed here, got x"),
        (QAP.replace("1 0 3", "1 0 1e999"), 3, 5, "a finite number is needed here, got 1e999"),
        (QAP.replace("1 0 3", "1 0 nan"), 3, 5, "got nan"),
        (QAP.replace("1 0 3", "1 0 1_0"), 3, 5, "got 1_0"),
        (QAP.replace("1 0 3", "1 0 1-2"), 3, 5, "got 1-2"),
        (QAP.replace("1 0 3", "1 0 ３"), 3, 5, "got ３"),
        (QAP.replace("3\n0", "2.5\n0", 1), 1, 1, "the size n must be a whole number of at least 1, got 2.5"),
        (QAP.replace("3\n0", "0\n0", 1), 1, 1, "got 0"),
        (QAP.replace("3\n0", "99999999999\n0", 1), 7, 6, "numbers are needed"),
    ],
)
def test_broken_qaplib_is_refused_at_line_and_column(text, line, column, rule):
    """The first thing that is wrong, with its place."""
    assert not qaplib.PLUGIN.accepts(ANY, text)
    issue = refusal(qaplib.PLUGIN.read, text)
    assert (issue.place.line, issue.place.column) == (line, column)
    assert rule in str(issue)


def test_gap_reads_agents_by_items_as_items_by_agents():
    """The family's matrices are items by places."""
    instance = orlib_gap.PLUGIN.read(GAP, member="1")
    assert instance.value == ((4, 6), (5, 5), (6, 4))
    assert instance.resource == ((1, 2), (1, 2), (1, 2))
    assert instance.capacity == (3, 4)
    assert orlib_gap.PLUGIN.members(GAP) == ["1 (2 agents, 3 items)", "2 (1 agents, 2 items)"]
    assert orlib_gap.PLUGIN.read(GAP, member="2").resource == ((1,), (1.5,))


def test_gap_without_a_sense_maximises_and_says_so():
    """A stated sense needs no note."""
    silent = orlib_gap.PLUGIN.read(GAP, member="1")
    assert assignment.PLUGIN.build(silent).sense is Sense.MAXIMIZE
    assert len(silent.notes) == 1 and "maximised" in silent.notes[0] and "--sense min" in silent.notes[0]
    for word, sense in (("min", Sense.MINIMIZE), ("max", Sense.MAXIMIZE), ("minimise", Sense.MINIMIZE)):
        stated = orlib_gap.PLUGIN.read(GAP, member="1", sense=word)
        assert assignment.PLUGIN.build(stated).sense is sense
        assert stated.notes == ()
    assert "sense must be min or max, got least" in str(refusal(orlib_gap.PLUGIN.read, GAP, member="1", sense="least"))


def test_gap_with_a_single_problem_and_no_number_of_problems():
    """m n at once; there is one problem and no member to choose."""
    single = GAP[GAP.index("2 3") : GAP.index("1 2\n7")]
    assert orlib_gap.PLUGIN.accepts(ANY, single)
    assert orlib_gap.PLUGIN.read(single).value == orlib_gap.PLUGIN.read(GAP, member="1").value


@pytest.mark.parametrize(
    ("text", "line", "column", "rule"),
    [
        (GAP[:-3], 10, 6, "1 numbers are needed for problem 2 of 1 agents and 2 items, the capacities, got 0"),
        (GAP + "1 2 3\n", 12, 1, "3 numbers too many behind 2 problems"),
        (GAP.replace("1 1 1", "1 -1 1"), 5, 3, "at least 0, got -1"),
        (GAP.replace("2 3\n4", "2.5 3\n4"), 2, 1, "problem 1: the number of agents must be a whole number"),
        (GAP.replace("6 5 4", "6 5 four"), 4, 5, "got four"),
    ],
)
def test_broken_gap_is_refused_at_line_and_column(text, line, column, rule):
    """The first thing that is wrong, with its place."""
    assert not orlib_gap.PLUGIN.accepts(ANY, text)
    issue = refusal(orlib_gap.PLUGIN.read, text, member="1")
    assert (issue.place.line, issue.place.column) == (line, column)
    assert rule in str(issue)


def test_knapsack_reads_dimensions_by_items():
    """Weights stand row by row, a dimension each; the stated optimum is skipped; decimals are kept."""
    instance = orlib_knapsack.PLUGIN.read(MKNAP, member="1")
    assert [item.value for item in instance.items] == [10, 20, 30.5]
    assert [item.weight for item in instance.items] == [(1, 3), (2, 2), (3, 1)]
    assert instance.capacity == (4, 5)
    assert orlib_knapsack.PLUGIN.members(MKNAP) == ["1 (3 items, 2 dimensions)", "2 (2 items, 1 dimensions)"]
    problem = knapsack.PLUGIN.build(instance)
    assert problem.rows.activity([1, 1, 0]).tolist() == [[3, 5]]


@pytest.mark.parametrize(
    ("text", "line", "column", "rule"),
    [
        (MKNAP[:-3], 9, 4, "1 numbers are needed for problem 2 of 2 items in 1 dimensions, the capacities, got 0"),
        (MKNAP.replace("1 2 3", "1 -2 3"), 4, 3, "at least 0, got -2"),
        (MKNAP.replace("3 2 0", "3 0 0"), 2, 3, "the number of dimensions must be a whole number of at least 1"),
        (MKNAP.replace("20", "2O"), 3, 4, "got 2O"),
    ],
)
def test_broken_knapsack_is_refused_at_line_and_column(text, line, column, rule):
    """The first thing that is wrong, with its place."""
    assert not orlib_knapsack.PLUGIN.accepts(ANY, text)
    issue = refusal(orlib_knapsack.PLUGIN.read, text, member="1")
    assert (issue.place.line, issue.place.column) == (line, column)
    assert rule in str(issue)


@pytest.mark.parametrize("member", ["0", "3", "-1", "one", "1.0", "²"])
def test_members_outside_the_file_are_refused_with_the_list(member):
    """The problems that there are stand in the message."""
    issue = refusal(orlib_gap.PLUGIN.read, GAP, member=member)
    assert "from 1 to 2: 1 (2 agents, 3 items); 2 (1 agents, 2 items)" in str(issue)
    assert issue.value == member


def test_several_problems_need_a_member():
    """The suggestion says how to choose."""
    issue = refusal(orlib_knapsack.PLUGIN.read, MKNAP)
    assert "the file holds 2 problems" in issue.rule and "--member K" in issue.suggestion


def test_errors_name_the_file(tmp_path):
    """A path in, a path in the message, and the file's name is the instance's."""
    path = tmp_path / "small.dat"
    path.write_text(QAP)
    assert qaplib.PLUGIN.read(path).name == "small"
    path.write_text(QAP + "x")
    assert refusal(qaplib.PLUGIN.read, path).place.file == str(path)


def test_writers_refuse_what_their_format_cannot_hold(tmp_path):
    """Nothing is dropped silently."""
    with pytest.raises(UnsupportedModelError, match="without linear costs"):
        qaplib.PLUGIN.write(AssignmentInstance(cost=[[1.0]]), tmp_path / "x")
    copies = KnapsackInstance(items=(Item(value=1, weight=1, copies=2),), capacity=1)
    with pytest.raises(UnsupportedModelError, match=r"items\[0\].*each once"):
        orlib_knapsack.PLUGIN.write(copies, tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_plain_numbers_read_back_the_same():
    """Whole numbers without a point, others to the last bit."""
    for value in (0.0, -3.0, 0.1, 1e22, 1 / 3, -2.5e-300):
        assert float(plain(value)) == value
    assert plain(5.0) == "5"


def test_numbers_know_their_places():
    """Line and column of every token, and of the end."""
    numbers = Numbers("1 22\r\n\n  333\n")
    assert [(p.line, p.column) for p in map(numbers.place, range(4))] == [(1, 1), (1, 3), (3, 3), (3, 6)]
