"""Each pass on the smallest problem that shows what it does, and what it leaves alone."""

import numpy as np
import pytest

from qopt.core.errors import CompileError
from qopt.core.names import Labels, NameTable
from qopt.core.polynomial import polynomial_of
from qopt.core.problem import Columns, Kind, Problem
from qopt.core.rows import GroupKind, Groups, Indicators, Rows
from qopt.reduce.cliques import merged_cliques
from qopt.reduce.coefficients import counted, reachable, tightened
from qopt.reduce.implications import aggregated, implications
from qopt.reduce.normalise import normalised
from qopt.reduce.presolve import presolved
from qopt.reduce.propagate import propagated
from qopt.reduce.redundant import dominated_dropped, parallel_merged, redundant_dropped
from qopt.reduce.steps import ImpossibleRow, Tag, Way
from qopt.reduce.trim import trimmed

INF = np.inf


def rows_of(*lines, price=None):
    indptr = np.concatenate([[0], np.cumsum([len(terms) for _, terms, _ in lines])]).astype(int)
    index = [c for _, terms, _ in lines for c in terms]
    value = [v for _, terms, _ in lines for v in terms.values()]
    lower, upper = [low for low, _, _ in lines], [high for _, _, high in lines]
    return Rows(indptr, index, value, lower, upper, NameTable.numbered("row", len(lines)), price)


def binaries(n, *lines, objective=None, **rest):
    rows = rest.pop("rows", None) or rows_of(*lines)
    columns = Columns.binaries(NameTable.numbered("x", n))
    return Problem.build(columns, polynomial_of(n, objective or {}), rows=rows, **rest)


def integers(lower, upper, *lines):
    n = len(lower)
    columns = Columns(np.full(n, Kind.INTEGER), np.array(lower), np.array(upper), NameTable.numbered("z", n))
    return Problem.build(columns, polynomial_of(n, {}), rows=rows_of(*lines))


def lines_of(problem):
    rows = problem.rows
    return [
        (rows.lower[k], dict(zip(*(part.tolist() for part in rows.row(k)))), rows.upper[k]) for k in range(len(rows))
    ]


def group(kind, members, n=1):
    return Groups(np.full(n, kind), [0, len(members)], members, NameTable.numbered("set", n))


def test_rows_become_the_smallest_whole_numbers():
    made = normalised(binaries(3, (-INF, {0: 0.6, 1: 0.9, 2: 1.2}, 2.0), (1.0, {0: 4.0, 1: 6.0}, INF)))
    assert lines_of(made.problem) == [(-INF, {0: 2, 1: 3, 2: 4}, 6), (1, {0: 2, 1: 3}, INF)]
    assert made.done.counts == {"rows restated": 2}
    assert list(made.done.restated) == ["row[0]", "row[1]"]


def test_fixed_columns_go_into_the_sides_and_soft_rows_stay():
    columns = Columns(np.zeros(2, np.int8), np.array([1.0, 0]), np.array([1.0, 1]), NameTable.numbered("x", 2))
    lines = [(-INF, {0: 3.0, 1: 2.0}, 4.0), (-INF, {0: 3.0, 1: 2.0}, 4.0)]
    problem = Problem.build(columns, polynomial_of(2, {}), rows=rows_of(*lines, price=[np.nan, 2.0]))
    made = normalised(problem).problem
    assert lines_of(made) == [(-INF, {1: 1}, 0), (-INF, {0: 3, 1: 2}, 4)]


def test_bounds_follow_from_rows_and_groups():
    one = group(GroupKind.EXACTLY_ONE, [0, 1, 2])
    problem = binaries(4, (1.0, {0: 1.0, 3: -1.0}, INF), groups=one)
    made = propagated(problem)
    assert made.problem.columns.lower.tolist() == [1, 0, 0, 0]
    assert made.problem.columns.upper.tolist() == [1, 0, 0, 0]
    assert made.done.counts == {"variables fixed": 4}


def test_integers_get_bounds_from_rows():
    made = propagated(integers([0.0, 0.0], [INF, 9.5], (-INF, {0: 3.0, 1: 1.0}, 20.0), (4.0, {1: 1.0}, INF)))
    assert made.problem.columns.lower.tolist() == [0, 4]
    assert made.problem.columns.upper.tolist() == [5, 9]


def test_spins_jump_over_zero():
    columns = Columns(np.full(2, Kind.SPIN), np.full(2, -1.0), np.ones(2), NameTable.numbered("s", 2))
    problem = Problem.build(columns, polynomial_of(2, {}), rows=rows_of((-1.0, {0: 2.0}, INF), (0.0, {1: 1.0}, INF)))
    assert propagated(problem).problem.columns.lower.tolist() == [1, 1]


@pytest.mark.parametrize(
    ("problem", "message"),
    [
        (binaries(2, (3.0, {0: 1.0, 1: 1.0}, INF)), r"row row\[0\] can never hold: it can be 0 to 2, .* at least 3"),
        (binaries(2, (3.0, {0: 2.0, 1: 2.0}, 3.0)), r"row\[0\] can never hold: it must be 3"),
        (
            binaries(2, (3.0, {0: 6.0, 1: 10.0}, 5.0)),
            r"row\[0\] can never hold: it can be 0, and must be between 3 and 5",
        ),
        (
            binaries(2, (0.5, {0: 0.5}, INF), (-INF, {0: 0.25, 1: 0.5}, 0.1)),
            r"row\[1\] can never hold: it can be 0.25, and must be at most 0.1",
        ),
        (
            binaries(3, (-INF, {0: 1.0, 1: 1.0, 2: 1.0}, 1.0), (2.0, {0: 1.0, 1: 1.0, 2: 1.0}, INF)),
            r"row\[0\] can never hold: .*row\[1\] with the same left side contradicts it",
        ),
        (
            binaries(2, (0.0, {0: 1.0, 1: -1.0}, 0.0), (1.0, {0: 1.0, 1: 1.0}, 1.0)),
            r"row\[[01]\] can never hold: .*x\[[01]\] both 0 and 1",
        ),
    ],
)
def test_impossible_rows_are_named_with_their_numbers(problem, message):
    with pytest.raises(ImpossibleRow, match=message):
        presolved(problem)
    with pytest.raises(CompileError):
        presolved(problem)


def test_rows_that_say_nothing_or_nothing_new_go():
    always = binaries(2, (-INF, {0: 1.0, 1: 1.0}, 2.0), (1.0, {0: 1.0, 1: 1.0}, INF))
    made = redundant_dropped(always)
    assert list(made.done.removed) == ["row[0]"]
    assert len(made.problem.rows) == 1
    mirrored = binaries(2, (0.0, {0: 1.0, 1: -2.0}, INF), (-1.0, {1: 2.0, 0: -1.0}, INF), (-5.0, {0: 1.0, 1: 2.0}, 1.0))
    made = parallel_merged(mirrored)
    assert lines_of(made.problem)[0] == (0.0, {0: 1, 1: -2}, 1.0)
    assert list(made.done.removed) == ["row[1]"]
    weaker = binaries(3, (-INF, {0: 3.0, 1: 2.0, 2: 2.0}, 4.0), (-INF, {2: 1.0, 1: 2.0, 0: 2.0}, 4.0))
    assert list(dominated_dropped(weaker).done.removed) == ["row[1]"]
    negative = binaries(2, (-INF, {0: -3.0, 1: 2.0}, 1.0), (-INF, {0: -4.0, 1: 2.0}, 1.0))
    assert list(dominated_dropped(negative).done.removed) == ["row[1]"]


def test_coefficients_are_cut_to_what_the_row_can_be_broken_by():
    made = tightened(binaries(3, (-INF, {0: 9.0, 1: 2.0, 2: -8.0}, 9.0)))
    assert lines_of(made.problem) == [(-INF, {0: 2, 1: 2, 2: -2}, 2)]
    made = tightened(binaries(3, (2.0, {0: 5.0, 1: 1.0, 2: 1.0}, INF)))
    assert lines_of(made.problem) == [(2.0, {0: 2, 1: 1, 2: 1}, INF)]


def test_knapsacks_that_only_count_become_counts():
    made = counted(binaries(4, (-INF, {0: 5.0, 1: 6.0, 2: 7.0, 3: 6.0}, 13.0)))
    assert lines_of(made.problem) == [(-INF, {0: 1, 1: 1, 2: 1, 3: 1}, 2)]
    made = counted(binaries(3, (-2.0, {0: -5.0, 1: 6.0, 2: 7.0}, INF)))
    assert lines_of(made.problem) == [(0.0, {0: -1, 1: 1, 2: 1}, INF)]
    either = binaries(3, (-INF, {0: 5.0, 1: 1.0, 2: 1.0}, 5.0))
    assert counted(either).problem is either


def test_sides_move_to_reachable_sums():
    made = reachable(binaries(3, (-INF, {0: 6.0, 1: 10.0, 2: 15.0}, 14.0), (12.0, {0: 6.0, 1: 10.0, 2: -15.0}, 20.0)))
    assert [(low, high) for low, _, high in lines_of(made.problem)] == [(-INF, 10), (16, 16)]
    made = reachable(integers([0.0, 0.0], [3.0, 2.0], (5.0, {0: 4.0, 1: 6.0}, 9.0)))
    assert lines_of(made.problem)[0][0] == 6.0
    assert lines_of(made.problem)[0][2] == 8.0


def test_circles_of_implications_are_one_variable():
    problem = binaries(
        4,
        (-INF, {0: 1.0, 1: -1.0}, 0.0),
        (-INF, {1: 1.0, 2: -1.0}, 0.0),
        (-INF, {2: 1.0, 0: -1.0}, 0.0),
        (1.0, {2: 1.0, 3: 1.0}, 1.0),
        objective={(0, 3): 5.0, (1,): 2.0, (3,): 1.0, (0, 1, 3): 7.0},
    )
    assert len(implications(problem).tail) == 10
    made = aggregated(problem)
    assert dict(zip(made.way.column.tolist(), made.way.scale.tolist())) == {1: 1, 2: 1, 3: -1}
    p = made.problem.objective
    assert (p.linear.tolist(), p.offset, len(p.value), len(p.products)) == ([1, 0, 0, 0], 1, 0, 0)
    np.testing.assert_array_equal(made.way.lift([[1, 0, 0, 0], [0, 0, 0, 0]]), [[1, 1, 1, 0], [0, 0, 0, 1]])


def test_complements_of_grouped_columns_stay_and_switches_turn():
    both = Groups(np.full(2, GroupKind.EXACTLY_ONE), [0, 3, 6], [0, 1, 2, 3, 4, 5], NameTable.numbered("one", 2))
    stays = binaries(6, (1.0, {0: 1.0, 3: 1.0}, 1.0), groups=both)
    assert aggregated(stays).problem is stays
    when = Indicators([1], [1], rows_of((-INF, {2: 1.0}, 0.0)))
    made = aggregated(binaries(3, (1.0, {0: 1.0, 1: 1.0}, 1.0), indicators=when)).problem
    assert (made.indicators.column.tolist(), made.indicators.active.tolist()) == ([0], [0])


def test_ways_compose():
    first = Way([1], [2], [-1.0], [1.0])
    later = Way([2], [0], [-1.0], [1.0])
    both = first.then(later)
    point = np.array([[1.0, 0, 0], [0, 0, 0]])
    np.testing.assert_array_equal(both.lift(point), first.lift(later.lift(point)))
    np.testing.assert_array_equal(both.lift(point), [[1, 1, 0], [0, 0, 1]])


def test_pairs_merge_into_sets_and_pairs_inside_groups_go():
    pairs = [(0, 1), (0, 2), (1, 2), (2, 3), (4, 5)]
    kinds = [GroupKind.AT_MOST_ONE] * 5 + [GroupKind.EXACTLY_ONE]
    members = [c for pair in pairs for c in pair] + [4, 5, 6]
    groups = Groups(np.array(kinds), [0, 2, 4, 6, 8, 10, 13], members, NameTable((Labels("pair", (6,)),)))
    made = merged_cliques(binaries(7, groups=groups))
    found = {tuple(made.problem.groups.members(g).tolist()) for g in range(len(made.problem.groups))}
    assert found == {(4, 5, 6), (0, 1, 2), (2, 3)}
    assert list(made.problem.groups.names) == ["pair[5]", "pair[0]…pair[2]", "pair[3]"]


def test_groups_lose_fixed_columns():
    columns = Columns(np.zeros(4, np.int8), np.zeros(4), np.array([1.0, 1, 0, 1]), NameTable.numbered("x", 4))
    square = group(GroupKind.PERMUTATION, [0, 1, 2, 3])
    problem = Problem.build(columns, polynomial_of(4, {}), groups=square)
    made = trimmed(problem).problem.groups
    assert made.kind.tolist() == [GroupKind.EXACTLY_ONE] * 4
    assert [made.members(g).tolist() for g in range(4)] == [[0, 1], [3], [0], [1, 3]]
    assert presolved(problem).problem.columns.lower.tolist() == [1, 0, 0, 1]


def test_the_weakest_tag_counts_and_the_summary_is_plain():
    made = presolved(binaries(3, (-INF, {0: 2.0, 1: 2.0, 2: 2.0}, 5.0)))
    assert made.tag is Tag.EQUIVALENT
    first = made.summary()[0]
    assert (first["pass"], first["tag"], first["restated"]) == ("whole numbers", "equivalent", {"row": 1})


def test_an_untouched_problem_is_handed_back():
    problem = binaries(4, (-INF, {0: 3.0, 1: 5.0, 2: 7.0, 3: 1.0}, 9.0), objective={(0, 1): 1.0})
    made = presolved(problem)
    assert made.problem.rows is problem.rows and made.done == ()
