"""Groups found among rows say the same as the rows, and keep their names."""

import numpy as np
import pytest

from qopt.core.names import Labels, NameTable
from qopt.core.polynomial import Polynomial
from qopt.core.problem import Columns, Kind, Problem
from qopt.core.rows import GroupKind, Groups, Rows
from qopt.reduce.groups import with_groups
from qopt.testing.brute import all_points, holds

INF = np.inf


def rows_of(lines, families=None, price=None):
    indptr = np.concatenate([[0], np.cumsum([len(t) for _, t, _ in lines])]).astype(int)
    return Rows(
        indptr,
        [c for _, t, _ in lines for c in t],
        [v for _, t, _ in lines for v in t.values()],
        [low for low, _, _ in lines],
        [high for _, _, high in lines],
        NameTable(families or (Labels("row", (len(lines),)),)),
        price,
    )


def ones(*columns):
    return dict.fromkeys(columns, 1.0)


def square(side, extra=()):
    cells = np.arange(side * side).reshape(side, side)
    lines = [(1.0, ones(*line.tolist()), 1.0) for line in (*cells, *cells.T)]
    families = (Labels("city", (side,)), Labels("place", (side,)))
    return lines + list(extra), families + ((Labels("rest", (len(extra),)),) if extra else ())


def problem_of(n, lines, families=None, kind=None, price=None, groups=None):
    kind = np.zeros(n, np.int8) if kind is None else np.asarray(kind, np.int8)
    columns = Columns(kind, np.zeros(n), np.ones(n), NameTable.numbered("x", n))
    return Problem.build(columns, Polynomial.zero(n), rows=rows_of(lines, families, price), groups=groups or Groups())


def test_rows_that_are_groups_become_groups_with_their_names():
    lines = [(1.0, ones(0, 1), 1.0), (-INF, ones(1, 2, 3), 1.0), (-INF, ones(0, 3), 2.0), (0.2, ones(2, 3), 1.7)]
    found = with_groups(problem_of(4, lines))
    assert found.groups.kind.tolist() == [GroupKind.EXACTLY_ONE, GroupKind.AT_MOST_ONE, GroupKind.EXACTLY_ONE]
    assert list(found.groups.names) == ["row[0]", "row[1]", "row[3]"]
    assert list(found.rows.names) == ["row[2]"]
    assert found.groups.members(1).tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    "case",
    [
        {"lines": [(1.0, {0: 1.0, 1: 2.0}, 1.0)]},
        {"lines": [(1.0, ones(0, 1), 1.0)], "kind": [Kind.BINARY, Kind.INTEGER]},
        {"lines": [(1.0, ones(0, 1), 1.0)], "price": [3.0]},
        {"lines": [(1.0, ones(0), 1.0)]},
        {"lines": [(1.0, ones(0, 1), 2.0)]},
        {"lines": [(2.0, ones(0, 1), 1.0)]},
    ],
    ids=["weighted", "integer column", "soft", "single", "one or two", "impossible"],
)
def test_other_rows_stay_rows(case):
    problem = problem_of(2, **case)
    found = with_groups(problem)
    assert len(found.groups) == 0
    assert len(found.rows) == 1


@pytest.mark.parametrize("side", [2, 3, 5])
def test_a_square_of_exactly_one_rows_is_a_permutation(side):
    found = with_groups(problem_of(side * side, *square(side)))
    assert found.groups.kind.tolist() == [GroupKind.PERMUTATION]
    assert found.groups.members(0).tolist() == list(range(side * side))
    assert list(found.groups.names) == ["city and place"]
    assert len(found.rows) == 0


def test_squares_are_found_in_shuffled_columns_beside_other_groups():
    rng = np.random.default_rng(4)
    order = rng.permutation(20)
    lines = []
    for cells in (order[:9].reshape(3, 3), order[9:13].reshape(2, 2)):
        lines += [(1.0, ones(*line.tolist()), 1.0) for line in (*cells, *cells.T)]
    lines += [(1.0, ones(*order[13:16].tolist()), 1.0), (-INF, ones(int(order[0]), int(order[17])), 1.0)]
    lines = [lines[k] for k in rng.permutation(len(lines))]
    problem = problem_of(20, lines)
    found = with_groups(problem)
    assert sorted(found.groups.kind.tolist()) == [0, 1, 2, 2]
    points = (rng.random((2000, 20)) < 0.3).astype(float)
    for cells in (order[:9].reshape(3, 3), order[9:13].reshape(2, 2)):
        points[:1000, cells.ravel()] = 0
        for point in points[:1000]:
            point[cells[np.arange(len(cells)), rng.permutation(len(cells))]] = 1
    points[:1000, order[13:16]] = 0
    points[np.arange(1000), order[13:16][rng.integers(0, 3, 1000)]] = 1
    verdict = holds(problem, points)
    assert verdict.any()
    np.testing.assert_array_equal(holds(found, points), verdict)


def test_a_square_with_a_column_in_a_third_exactly_one_row_is_no_permutation():
    lines, families = square(3, extra=[(1.0, ones(0, 9), 1.0)])
    found = with_groups(problem_of(10, lines, families))
    assert GroupKind.PERMUTATION not in found.groups.kind
    assert len(found.groups) == 7


def test_a_square_with_a_column_more_in_one_row_is_no_permutation():
    lines = [(1.0, ones(0, 1, 4), 1.0), (1.0, ones(2, 3), 1.0), (1.0, ones(0, 2), 1.0), (1.0, ones(1, 3), 1.0)]
    problem = problem_of(5, lines)
    found = with_groups(problem)
    points = all_points(problem)
    assert len(found.groups) == 4
    np.testing.assert_array_equal(holds(found, points), holds(problem, points))


def test_a_six_cycle_of_pairs_is_no_square():
    """Every column in two groups and every group of the right size, but the groups form a ring."""
    ring = [(1.0, ones(k, (k + 1) % 6), 1.0) for k in range(6)]
    problem = problem_of(6, ring)
    found = with_groups(problem)
    assert GroupKind.PERMUTATION not in found.groups.kind
    points = all_points(problem)
    np.testing.assert_array_equal(holds(found, points), holds(problem, points))


def test_given_groups_stay_and_join_squares():
    cells = np.arange(4).reshape(2, 2)
    given = Groups(np.zeros(2), [0, 2, 4], cells.ravel(), NameTable.numbered("given", 2))
    lines = [(1.0, ones(*line.tolist()), 1.0) for line in cells.T]
    found = with_groups(problem_of(4, lines, groups=given))
    assert found.groups.kind.tolist() == [GroupKind.PERMUTATION]
    assert list(found.groups.names) == ["given and row"]
