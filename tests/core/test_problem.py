"""Names, rows, groups, soft prices and hashes of a Problem."""

from __future__ import annotations

import numpy as np
import pytest

from qopt.core.hashing import problem_hash, structure_hash
from qopt.core.names import Labels, NameTable
from qopt.core.polynomial import polynomial_of
from qopt.core.problem import Columns, Level, Part, Problem, Sense
from qopt.core.rows import GroupKind, Groups, Norm, PolynomialRow, Rows

XY = NameTable((Labels("x", (2, 2), (("a", "b"), None)), Labels("y")))


def one_row(coefficients: dict[int, float], lower: float, upper: float, name: str = "r", **more: object) -> Rows:
    index = list(coefficients)
    return Rows(
        [0, len(index)], index, list(coefficients.values()), [lower], [upper], NameTable((Labels(name),)), **more
    )


def test_names_are_made_from_families() -> None:
    assert list(XY) == ["x[a,0]", "x[a,1]", "x[b,0]", "x[b,1]", "y"]
    assert XY[3] == "x[b,1]"
    assert XY.span("y") == slice(4, 5)


def test_a_row_is_named_when_a_sides_are_wrong() -> None:
    with pytest.raises(ValueError, match="2 rows but 1 names"):
        Rows([0, 0, 0], [], [], [0, 0], [1, 1], NameTable((Labels("r"),)))


@pytest.mark.parametrize(
    ("norm", "expected"), [(Norm.LINEAR, 3.0 * 2), (Norm.QUADRATIC, 3.0 * 4), (Norm.OCCURRENCE, 3.0)]
)
def test_soft_rows_cost_by_their_norm(norm: Norm, expected: float) -> None:
    """x0 + x1 + x2 <= 1 at (1,1,1) is broken by 2; the price is 3."""
    rows = one_row({0: 1, 1: 1, 2: 1}, -np.inf, 1, price=[3.0], norm=[norm])
    problem = Problem.build(Columns.binaries(NameTable.numbered("x", 3)), polynomial_of(3, {(0,): 10.0}), rows=rows)

    assert problem.objectives([1, 1, 1]).tolist() == [[10.0 + expected]]
    assert problem.parts([1, 1, 1]) == {"objective": 10.0, "soft.r": expected}
    assert problem.objectives([1, 0, 0]).tolist() == [[10.0]]


def test_soft_rows_lower_a_maximised_objective() -> None:
    rows = one_row({0: 1, 1: 1}, -np.inf, 1, price=[3.0])
    columns = Columns.binaries(NameTable.numbered("x", 2))
    problem = Problem.build(columns, polynomial_of(2, {(0,): 10.0, (1,): 10.0}), rows=rows, sense=Sense.MAXIMIZE)

    assert problem.objectives([1, 1]).tolist() == [[17.0]]


def test_soft_prices_go_to_their_level() -> None:
    rows = one_row({0: 1}, -np.inf, 0, price=[5.0], level=[1])
    columns = Columns.binaries(NameTable.numbered("x", 1))
    levels = tuple(Level((Part(name, polynomial_of(1, {(0,): 1.0})),)) for name in ("first", "second"))
    problem = Problem(columns, levels, rows=rows)

    assert problem.objectives([1]).tolist() == [[1.0, 6.0]]


def test_permutation_is_rows_and_columns_of_a_square() -> None:
    groups = Groups([GroupKind.PERMUTATION], [0, 4], [0, 1, 2, 3], NameTable((Labels("p"),)))
    sets = [members.tolist() for _, _, members in groups.simple()]

    assert sets == [[0, 1], [2, 3], [0, 2], [1, 3]]
    assert groups.as_rows().lower.tolist() == [1.0] * 4


def test_a_group_of_non_binaries_is_refused() -> None:
    columns = Columns([2], [0], [3], NameTable.numbered("x", 1))
    with pytest.raises(ValueError, match="not binary"):
        Problem.build(columns, groups=Groups([0], [0, 1], [0], NameTable((Labels("g"),))))


def shuffled(order: list[int]) -> Problem:
    """The same model with its columns declared in another order."""
    names = ["a", "b", "c"]
    place = {k: order.index(k) for k in range(3)}
    table = NameTable(tuple(Labels(names[k]) for k in order))
    terms = {(place[0],): 1.0, tuple(sorted((place[0], place[1]))): 2.0, (place[2],): -1.0}
    rows = one_row({place[0]: 1.0, place[2]: 4.0}, -np.inf, 3.0)
    return Problem.build(Columns.binaries(table), polynomial_of(3, terms), rows=rows)


def test_problem_hash_ignores_the_order_of_declaration() -> None:
    assert problem_hash(shuffled([0, 1, 2])) == problem_hash(shuffled([2, 0, 1]))
    assert structure_hash(shuffled([0, 1, 2])) != structure_hash(shuffled([2, 0, 1]))


def test_a_row_with_its_signs_changed_is_the_same_row() -> None:
    columns = Columns.binaries(NameTable.numbered("x", 3))

    def linear(sign: float, low: float, high: float) -> str:
        row = one_row({0: 2.0 * sign, 2: -3.0 * sign}, *((low, high) if sign > 0 else (-high, -low)))
        return problem_hash(Problem.build(columns, rows=row))

    def curved(terms: dict[tuple[int, ...], float], sign: float, low: float, high: float) -> str:
        polynomial = polynomial_of(3, {key: sign * value for key, value in terms.items()})
        sides = (low, high) if sign > 0 else (-high, -low)
        rows = (PolynomialRow(polynomial, *sides, Labels("r")),)
        return structure_hash(Problem.build(columns, polynomial_rows=rows))

    sides = [(-np.inf, 4.0), (4.0, np.inf), (1.0, 4.0), (4.0, 4.0), (-np.inf, np.inf)]
    for make in (
        linear,
        lambda *rest: curved({(0, 1): 1.0, (2,): -2.0}, *rest),
        lambda *rest: curved({(0, 1): 1.0, (0, 2): -2.0}, *rest),
        lambda *rest: curved({(0, 1, 2): -1.0}, *rest),
    ):
        for low, high in sides:
            assert make(1.0, low, high) == make(-1.0, low, high)
        assert len({make(1.0, low, high) for low, high in sides}) == len(sides)


def test_problem_hash_sees_every_number() -> None:
    base = Problem.build(Columns.binaries(XY), polynomial_of(5, {(0,): 1.0}), rows=one_row({0: 1.0}, 0, 1))
    hashes = {problem_hash(base)}
    hashes.add(problem_hash(Problem.build(base.columns, polynomial_of(5, {(0,): 2.0}), rows=base.rows)))
    hashes.add(problem_hash(Problem.build(base.columns, base.objective, rows=one_row({0: 2.0}, 0, 1))))
    hashes.add(problem_hash(Problem.build(base.columns, base.objective, rows=one_row({0: 1.0}, 0, 2))))
    hashes.add(problem_hash(Problem.build(base.columns, base.objective, rows=one_row({1: 1.0}, 0, 1))))
    hashes.add(problem_hash(Problem.build(base.columns, base.objective, rows=one_row({0: 1.0}, 0, 1, price=[1.0]))))
    hashes.add(problem_hash(Problem.build(base.columns, base.objective, rows=base.rows, sense=Sense.MAXIMIZE)))

    assert len(hashes) == 7


def test_integral_means_objectives_differ_by_one() -> None:
    columns = Columns.binaries(NameTable.numbered("x", 2))

    assert Problem.build(columns, polynomial_of(2, {(0, 1): 3.0})).integral
    assert not Problem.build(columns, polynomial_of(2, {(0, 1): 0.5})).integral
    assert not Problem.build(columns, rows=one_row({0: 0.5}, -np.inf, 0, price=[1.0])).integral
