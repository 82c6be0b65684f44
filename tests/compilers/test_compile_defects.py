"""Defects found in other range-penalty compilers (shared study, section 2.2), and the refusals that replace them."""

import numpy as np
import pytest
from random_models import names, rows_of

from qopt.compilers import compile as compiler
from qopt.core.accepts import Accepts
from qopt.core.errors import CompileError
from qopt.core.names import Labels, NameTable
from qopt.core.polynomial import Polynomial, polynomial_of
from qopt.core.problem import Columns, Kind, Problem, Sense
from qopt.core.rows import GroupKind, Groups, Indicators, PolynomialRow
from qopt.testing.encodings import check_compiled, energies

INF = np.inf


def compile_problem(problem, **rest):
    """With range penalties, which lose no feasible point."""
    return compiler.compile_problem(problem, **{"penalty": "range", **rest})


def binaries(n, objective=None, **rest):
    return Problem.build(Columns.binaries(names("x", n)), polynomial_of(n, objective or {}), **rest)


def integer(lower, upper, objective, **rest):
    columns = Columns(np.array([Kind.INTEGER], np.int8), np.array([lower]), np.array([upper]), names("z", 1))
    return Problem.build(columns, polynomial_of(1, objective), **rest)


def test_facility_that_a_heuristic_weight_leaves_closed():
    """min -sum x_i with sum x_i <= 50 y and y = 0 forced: ten times the largest bias is not enough at 51 variables."""
    n = 50
    lines = [(-INF, {**dict.fromkeys(range(n), 1.0), n: -50.0}, 0.0), (0.0, {n: 1.0}, 0.0)]
    problem = binaries(n + 1, {(k,): -1.0 for k in range(n)}, rows=rows_of(lines, n + 1))
    simplified = compile_problem(problem)
    assert simplified.num_bits == 0
    assert any("solved classically" in note for note in simplified.notes)
    np.testing.assert_array_equal(simplified.decode(np.zeros((1, 0)))[0], np.zeros((1, n + 1)))
    compiled = compile_problem(problem, presolve=False)
    everything_open = compiled.encode(np.append(np.ones(n), 0.0))
    nothing = compiled.encode(np.zeros(n + 1))
    assert compiled.energies(nothing) == 0
    assert compiled.energies(everything_open) > 0
    assert compiled.guarantee == "total"


def test_fractional_row_is_the_row_that_was_written():
    problem = binaries(2, {(0,): -1.0, (1,): -1.0}, rows=rows_of([(-INF, {0: 0.5, 1: 0.5}, 0.9)], 2))
    compiled = compile_problem(problem)
    check_compiled(compiled)
    assert compiled.num_bits == 2
    np.testing.assert_array_equal(energies(compiled.polynomial, np.array([[0, 0], [1, 0], [0, 1]])), [0, -1, -1])
    assert compiled.energies([1, 1]) > 0


def test_decimals_mean_what_they_say():
    problem = binaries(2, {(0,): 1.0}, rows=rows_of([(0.3, {0: 0.1, 1: 0.2}, 0.3)], 2))
    check_compiled(compile_problem(problem))
    compiled = compile_problem(problem, presolve=False)
    assert compiled.energies([1, 1]) == 1
    check_compiled(compiled)


@pytest.mark.parametrize(("coefficient", "side"), [(0.7, 0.7 * 3), (0.1, 0.1 + 0.2), (1 / 3, 1.0)])
def test_float_noise_in_a_side_does_not_cut_a_point_off(coefficient, side):
    """0.7 * 3 is 2.0999999999999996, and three times 0.7 must still fit."""
    problem = binaries(4, {(0,): 1.0}, rows=rows_of([(-INF, dict.fromkeys(range(4), coefficient), side)], 4))
    compiled = compile_problem(problem)
    assert compiled.energies(compiled.encode(np.array([1.0, 1, 1, 0]))) == 1
    check_compiled(compiled)


def test_product_row_of_one_sign_needs_no_new_bit():
    curve = PolynomialRow(polynomial_of(3, {(0, 1): 2.0, (0, 1, 2): 1.0}), -INF, 0.0, Labels("curve"))
    compiled = compile_problem(
        binaries(3, {(0,): -1.0, (1,): -1.0}, polynomial_rows=(curve,)), accepts=Accepts(degree=3)
    )
    assert compiled.num_bits == 3
    check_compiled(compiled)


@pytest.mark.parametrize("extra", [0, 2, 5, 10, 20])
def test_one_kind_of_rule_does_not_inflate_another(extra):
    lines = [(3.0, dict.fromkeys(range(40), 1.0), 3.0)]
    lines += [(-INF, {2 * k: 1.0, 2 * k + 1: 1.0}, 1.0) for k in range(extra)]
    problem = binaries(40, {(k,): -1.0 for k in range(40)}, rows=rows_of(lines, 40))
    weights = {penalty.weight for penalty in compile_problem(problem).penalties}
    assert weights == {41.0}


def test_impossible_row_is_refused_by_name():
    problem = integer(0.0, 3.0, {(0,): 1.0}, rows=rows_of([(-INF, {0: 1.0}, -1.0)], 1, family="below"))
    with pytest.raises(CompileError, match=r"row below\[0\] can never hold: it can be 0 to 3.* at most -1"):
        compile_problem(problem)


def test_row_without_whole_solution_is_refused():
    problem = binaries(2, rows=rows_of([(3.0, {0: 2.0, 1: 2.0}, 3.0)], 2))
    with pytest.raises(CompileError, match="can never hold"):
        compile_problem(problem)


def test_impossible_polynomial_row_and_empty_group_are_refused():
    curve = PolynomialRow(polynomial_of(2, {(0, 1): 1.0}), 2.0, INF, Labels("curve"))
    with pytest.raises(CompileError, match="row curve can never hold"):
        compile_problem(binaries(2, polynomial_rows=(curve,)))
    nobody = Groups(np.array([GroupKind.EXACTLY_ONE]), [0, 0], [], NameTable.numbered("one", 1))
    with pytest.raises(CompileError, match=r"one\[0\] can never hold"):
        compile_problem(binaries(2, groups=nobody))


def test_always_true_row_takes_no_slack_and_no_penalty():
    lines = [(-INF, {0: 3.0, 1: 4.0, 2: -2.0}, 7.0), (-5.0, {0: 1.0}, 5.0)]
    compiled = compile_problem(binaries(3, {(0,): 1.0}, rows=rows_of(lines, 3)))
    assert compiled.num_bits == 3
    assert not compiled.penalties


def test_soft_row_is_soft():
    """A price of 0.1 is 0.1 per unit, not ten times the hardest bias."""
    soft = rows_of([(-INF, {0: 1.0, 1: 1.0, 2: 1.0, 3: 1.0}, 1.0)], 4, price=[0.1])
    compiled = compile_problem(binaries(4, {(k,): -1.0 for k in range(4)}, rows=soft))
    point = compiled.encode(np.ones(4))
    assert compiled.energies(point)[0] == pytest.approx(-4 + 0.3)
    check_compiled(compiled)


def test_slack_reaches_every_value_of_a_wide_row():
    """No grid is laid over the slack: the knapsack optimum is -32, not the -31 of a range cut to 31 steps."""
    weight = (7, 11, 13, 17, 19, 23)
    problem = binaries(
        6,
        {(k,): float(v) for k, v in enumerate((5, 8, 9, 12, 13, 16))},
        rows=rows_of([(-INF, {k: float(w) for k, w in enumerate(weight)}, 45.0)], 6),
        sense=Sense.MAXIMIZE,
    )
    check_compiled(compile_problem(problem))


@pytest.mark.parametrize(
    ("line", "slack"),
    [
        ((-INF, {0: 1.0, 1: 1.0, 2: 1.0, 3: 1.0}, 1.0), 0),
        ((3.0, {0: 1.0, 1: 1.0, 2: 1.0, 3: 1.0}, INF), 0),
        ((-INF, {0: 1.0, 1: -1.0}, 0.0), 0),
        ((1.0, {0: 1.0, 1: 1.0}, INF), 0),
        ((2.0, {0: 1.0, 1: 1.0, 2: 1.0, 3: 1.0}, 2.0), 0),
        ((0.0, {0: 1.0, 1: 1.0, 2: 1.0, 3: 1.0}, 0.0), 0),
        ((-INF, {0: 1.0, 1: 1.0, 2: 1.0, 3: 1.0}, 2.0), 1),
        ((-INF, {0: 1.0, 1: 1.0, 2: 1.0, 3: 1.0}, 3.0), 1),
        ((-INF, {0: 6.0, 1: 10.0, 2: 4.0, 3: 8.0}, 15.0), 2),
    ],
)
def test_slack_bits_of_known_rows(line, slack):
    compiled = compile_problem(binaries(4, {(0,): -1.0, (1,): 2.0}, rows=rows_of([line], 4)), presolve=False)
    assert compiled.stats["slack_bits"] == slack == compiled.penalties[0].slack_bits
    check_compiled(compiled)


def test_data_without_exact_scale_are_refused_or_said_to_be_rounded():
    weight = np.random.default_rng(3).random(4)
    lines = [(-INF, dict(enumerate(weight.tolist())), 1.2)]
    problem = binaries(4, {(k,): -1.0 for k in range(4)}, rows=rows_of(lines, 4, family="cap"))
    with pytest.raises(CompileError, match=r"row cap\[0\] has no exact scale"):
        compile_problem(problem)
    compiled = compile_problem(problem, guarantee="none")
    assert compiled.guarantee == "none"
    assert any("rounded: cap[0]" in note for note in compiled.notes)
    compiled = compile_problem(problem, accepts=Accepts(rows=True), guarantee="none")
    assert len(compiled.rows) == 1


def test_unbounded_column_is_refused_by_name():
    with pytest.raises(CompileError, match=r"variable z\[0\] has no upper bound"):
        compile_problem(integer(0.0, INF, {(0,): 1.0}))


def test_too_many_bits_are_refused_with_the_worst_offenders():
    lines = [(-INF, {0: 1.0}, 900.0)]
    problem = integer(0.0, 1000.0, {(0,): 1.0}, rows=rows_of(lines, 1, family="cap"))
    with pytest.raises(CompileError, match=r"needs 19 bits, at most 12 are allowed; .*z 10, slack of cap 9"):
        compile_problem(problem, max_bits=12, presolve=False)
    with pytest.raises(CompileError, match="at most 3"):
        compile_problem(problem, accepts=Accepts(bits=3))
    assert compile_problem(problem, max_bits=12).num_bits == 10


def test_levels_without_common_divisor_are_refused_or_marked():
    from qopt.core.problem import Level, Part

    rng = np.random.default_rng(0)
    parts = [Level((Part(f"p{k}", Polynomial(rng.random(3))),)) for k in range(2)]
    problem = Problem(Columns.binaries(names("x", 3)), tuple(parts))
    with pytest.raises(CompileError, match="level 1 of the objective"):
        compile_problem(problem)
    assert any("only approximately" in note for note in compile_problem(problem, guarantee="none").notes)


def test_reals_stand_on_their_grid_and_prove_nothing():
    kinds = np.array([Kind.REAL, Kind.REAL, Kind.BINARY], np.int8)
    columns = Columns(kinds, np.zeros(3), np.array([1.0, 0.5, 1.0]), names("r", 3), np.array([0.1, 0.1, 0.0]))
    lines = [(1.0, {0: 1.0, 1: 1.0, 2: 0.3}, 1.0), (-INF, {0: 1.0, 2: -0.7}, 0.0)]
    problem = Problem.build(columns, polynomial_of(3, {(0,): -1.0, (2,): 0.5}), rows=rows_of(lines, 3))
    compiled = compile_problem(problem)
    assert compiled.guarantee == "none"
    assert any("real variables" in note for note in compiled.notes)
    values, valid = compiled.decode(compiled.encode(np.array([0.5, 0.2, 1.0])))
    assert valid.all()
    np.testing.assert_allclose(values[0], [0.5, 0.2, 1.0])
    check_compiled(compiled)


def test_columns_with_one_value_take_no_bit_and_groups_over_them_hold():
    columns = Columns(np.zeros(3, np.int8), np.array([0.0, 0, 0]), np.array([1.0, 1, 0]), names("x", 3))
    groups = Groups(np.array([GroupKind.EXACTLY_ONE]), [0, 3], [0, 1, 2], NameTable.numbered("one", 1))
    problem = Problem.build(columns, polynomial_of(3, {(0,): 2.0, (1,): 1.0}), groups=groups)
    compiled = compile_problem(problem, accepts=Accepts(groups=frozenset(GroupKind)))
    assert compiled.num_bits == 2
    check_compiled(compiled)


def test_indicator_behind_a_fixed_column():
    columns = Columns(np.zeros(2, np.int8), np.array([1.0, 0]), np.array([1.0, 1]), names("x", 2))
    never = Indicators([0], [1], rows_of([(2.0, {1: 1.0}, INF)], 2, family="when"))
    with pytest.raises(CompileError, match=r"when\[0\] can never hold"):
        compile_problem(Problem.build(columns, indicators=never))
    compiled = compile_problem(Problem.build(columns, indicators=Indicators([0], [0], never.rows)))
    assert compiled.num_bits == 1
    check_compiled(compiled)
    decided = Columns(np.zeros(2, np.int8), np.array([1.0, 0]), np.array([1.0, 0]), names("x", 2))
    compiled = compile_problem(Problem.build(decided, indicators=Indicators([0], [0], never.rows)))
    assert compiled.num_bits == 0


@pytest.mark.parametrize("n", [0, 1])
def test_constants_only(n):
    compiled = compile_problem(binaries(n, {(): 5.0}))
    assert compiled.num_bits == n
    np.testing.assert_array_equal(compiled.energies(np.zeros((1, n))), [5.0])
    check_compiled(compiled)


def test_coefficients_above_53_bits_are_never_silent():
    lines = [(3.0, dict.fromkeys(range(6), 1.0), 3.0)]
    problem = binaries(6, {(0,): 2.0**52, (1,): 1.0}, rows=rows_of(lines, 6))
    compiled = compile_problem(problem)
    assert compiled.stats["coefficient_bits"] > 53
    assert compiled.guarantee == "none"
    assert any("a float holds 53" in note for note in compiled.notes)


def test_unknown_words_are_refused():
    problem = integer(0.0, 5.0, {(0,): 1.0})
    with pytest.raises(CompileError, match="unknown guarantee 'best'"):
        compile_problem(problem, guarantee="best")
    with pytest.raises(LookupError, match="no encoding named 'gray'"):
        compile_problem(problem, encoding="gray")
    with pytest.raises(CompileError, match="no family"):
        compile_problem(problem, encoding={"y": "log"})
    with pytest.raises(CompileError, match="below"):
        compile_problem(problem, incumbent=-7.0)


def test_encoding_by_family():
    columns = Columns(
        np.full(2, Kind.INTEGER), np.zeros(2), np.full(2, 5.0), NameTable((Labels("a", (1,)), Labels("b", (1,))))
    )
    compiled = compile_problem(Problem.build(columns), encoding={"a": "one_hot"})
    assert [(block.encoding, block.encoded.bits) for block in compiled.blocks] == [("one_hot", 6), ("log", 3)]
