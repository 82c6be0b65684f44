"""The forms that rows take, the limits a user sets, and the report of both."""

from pathlib import Path

import numpy as np
import pytest
from random_models import names, rows_of

from qopt.compilers.compile import compile_problem
from qopt.compilers.encodings import log
from qopt.compilers.passes.forms import WindowCode, window_digits
from qopt.compilers.passes.ranges import proven_least, ranged
from qopt.compilers.penalties.range import Range
from qopt.compilers.report import plain_size, report_of
from qopt.core.accepts import Accepts
from qopt.core.errors import CompileError
from qopt.core.names import Labels, NameTable
from qopt.core.polynomial import Polynomial, polynomial_of
from qopt.core.problem import Columns, Kind, Problem
from qopt.core.rows import Rows
from qopt.reduce.steps import ImpossibleRow
from qopt.testing.encodings import check_compiled

INF = np.inf
XSH = Path(__file__).resolve().parents[2].parent / "shared" / "instances" / "cvrp" / "XSH-n20-k4-01.vrp"


def binaries(n, line, objective=None):
    worth = polynomial_of(n, objective or {(k,): -1.0 - k for k in range(n)})
    return Problem.build(Columns.binaries(names("x", n)), worth, rows=rows_of([line], n, family="cap"))


def fleet(demand, capacity, vans):
    """Every customer in one van, capacity in every van."""
    n = len(demand)
    cell = np.arange(n * vans).reshape(n, vans)
    index = np.concatenate([cell.ravel(), cell.T.ravel()])
    value = np.concatenate([np.ones(n * vans), np.tile(demand, vans)])
    indptr = np.concatenate([np.arange(n) * vans, n * vans + np.arange(vans + 1) * n])
    lower = np.concatenate([np.ones(n), np.full(vans, -INF)])
    upper = np.concatenate([np.ones(n), np.full(vans, capacity)])
    rows = Rows(indptr, index, value, lower, upper, NameTable((Labels("once", (n,)), Labels("cap", (vans,)))))
    columns = Columns.binaries(NameTable((Labels("x", (n, vans)),)))
    return Problem.build(columns, Polynomial(np.arange(n * vans) % 5.0), rows=rows)


@pytest.mark.parametrize(
    "line",
    [
        (-INF, {0: 6.0, 1: 5.0, 2: 5.0, 3: 4.0}, 9.0),
        (-INF, {0: 9.0, 1: 3.0, 2: 4.0, 3: 2.0}, 10.0),
        (0.0, {0: -6.0, 1: 5.0, 2: -5.0, 3: 4.0}, INF),
        (11.0, {0: 6.0, 1: 5.0, 2: 5.0, 3: 4.0}, INF),
    ],
)
def test_rows_that_only_forbid_pairs_take_no_slack(line):
    compiled = compile_problem(binaries(4, line), guarantee="total", presolve=False)
    assert [penalty.form for penalty in compiled.penalties] == ["pairs"]
    assert compiled.num_bits == 4
    assert set(np.abs(compiled.polynomial.value)) == {compiled.penalties[0].weight}
    check_compiled(compiled)


def test_rows_that_forbid_three_together_keep_their_slack():
    compiled = compile_problem(binaries(4, (-INF, dict.fromkeys(range(4), 2.0) | {0: 3.0}, 5.0)), presolve=False)
    assert [penalty.form for penalty in compiled.penalties] == ["slack"]


def test_full_fleet_needs_no_slack_for_its_capacities():
    """The relaxation proves that loads meet the capacity exactly when the demand fills the fleet."""
    problem = fleet(np.array([2.0, 3.0, 4.0, 5.0]), 7.0, 2)
    step = ranged(problem)
    assert step.done.counts == {"rows made equalities": 2}
    compiled = compile_problem(problem, guarantee="total")
    assert (compiled.num_bits, compiled.stats["slack_bits"]) == (4, 0), (
        "two vans: the second holds what the first does not"
    )
    check_compiled(compiled)
    roomy = compile_problem(fleet(np.array([2.0, 3.0, 4.0, 5.0]), 9.0, 2), guarantee="total")
    assert 0 < roomy.stats["slack_bits"] < compile_problem(roomy.problem, presolve=False).stats["slack_bits"]
    check_compiled(roomy)
    every = dict.fromkeys(range(4), 1.0)
    halves = rows_of([(-INF, every, 3.0), (3.0, dict.fromkeys(range(4), 2.0), 3.0)], 4)
    said = r"row\[0\] can never hold: .*and the other rows keep it between 1.5 and 1.5"
    with pytest.raises(ImpossibleRow, match=said):
        ranged(Problem.build(Columns.binaries(names("x", 4)), polynomial_of(4, {}), rows=halves))


@pytest.mark.skipif(not XSH.exists(), reason="the shared instances are not beside this checkout")
def test_published_fleet_instance_needs_no_capacity_slack():
    head, tail = XSH.read_text().split("DEMAND_SECTION")
    capacity = float(next(line for line in head.splitlines() if "CAPACITY" in line).split(":")[1])
    demand = np.array([float(line.split()[1]) for line in tail.split("DEPOT")[0].splitlines() if line.strip()])
    problem = fleet(demand[demand > 0], capacity, 4)
    assert demand.sum() == 4 * capacity
    compiled = compile_problem(problem)
    assert (compiled.num_bits, compiled.stats["slack_bits"]) == (4 * int((demand > 0).sum()), 0)
    assert compile_problem(problem, presolve=False, penalty="range").stats["slack_bits"] == 28


def test_range_bounds_hold_whatever_the_prices():
    from scipy import sparse

    rng = np.random.default_rng(2)
    points = (np.arange(64)[:, None] >> np.arange(6) & 1).astype(float)
    tried = 0
    for _ in range(40):
        a = sparse.csr_array(rng.integers(-3, 4, (3, 6)).astype(float))
        lower, upper = np.array([-2.0, -INF, 0.0]), np.array([3.0, 2.0, 0.0])
        cost = rng.integers(-5, 6, 6).astype(float)
        activity = points @ a.T.toarray()
        inside = points[((activity >= lower) & (activity <= upper)).all(axis=1)]
        if len(inside):
            bound = proven_least(rng.normal(size=3), a, lower, upper, cost, np.zeros(6), np.ones(6))
            assert -INF < bound <= (inside @ cost).min()
            tried += 1
    assert tried > 20


@pytest.mark.parametrize("widest", [None, 1, 2, 4, 8])
def test_digits_reach_every_number(widest):
    for top in range(60):
        values, tops = np.arange(top + 1)[:, None], np.array([top])
        _, weight = log.digits(tops, widest)
        assert weight.sum() == top and (widest is None or (weight <= widest).all())
        np.testing.assert_array_equal(log.code(values, tops, widest) @ weight, values[:, 0])
        if top >= 2:
            _, weight = window_digits(tops, widest)
            left = values[:, 0] - WindowCode(widest)(values, tops) @ weight
            assert weight.sum() == top - 1 and set(left.tolist()) <= {0, 1}


def test_coefficient_limit_buys_short_digits_with_bits():
    columns = Columns(
        np.array([Kind.INTEGER] * 2, np.int8), np.zeros(2), np.array([12.0, 9.0]), NameTable.numbered("z", 2)
    )
    rows = rows_of([(-INF, {0: 1.0, 1: 1.0}, 13.0)], 2, family="cap")
    problem = Problem.build(columns, polynomial_of(2, {(0,): -1.0, (1,): -1.0}), rows=rows)
    free = compile_problem(problem, guarantee="total", penalty=Range())
    short = compile_problem(problem, guarantee="total", penalty=Range(), max_coefficient_bits=8)
    assert free.stats["coefficient_bits"] > 8 >= short.stats["coefficient_bits"]
    assert short.num_bits > free.num_bits
    assert {block.encoding for block in short.blocks if len(block.columns)} <= {"bounded", "unary", "bit"}
    values, valid = short.decode(short.encode(np.array([7.0, 6.0])))
    assert valid.all() and values.tolist() == [[7.0, 6.0]]
    with pytest.raises(
        CompileError, match=r"needs \d+ coefficient bits, at most 2 are allowed; .*cap \d+.*smaller digits"
    ):
        compile_problem(problem, guarantee="total", max_coefficient_bits=2)


def test_coupling_limit_splits_long_rows_into_pieces_that_count():
    n = 400
    problem = binaries(n, (120.0, dict.fromkeys(range(n), 1.0), 120.0))
    whole = compile_problem(problem, guarantee="total")
    split = compile_problem(problem, guarantee="total", max_couplings=30_000)
    assert whole.num_couplings == n * (n - 1) // 2
    assert split.num_couplings <= 30_000 and split.stats["slack_bits"] < n // 4
    rng = np.random.default_rng(0)
    for count in (120, 119, 300):
        point = np.zeros(n)
        point[rng.choice(n, count, replace=False)] = 1
        bits = split.encode(point)
        objective = problem.objectives(point[None])[0, 0]
        if count == 120:
            assert split.energies(bits)[0] == objective
        else:
            assert split.energies(bits)[0] > whole.energies(whole.encode(np.r_[np.ones(120), np.zeros(280)]))[0]
    with pytest.raises(CompileError, match=r"couplings, at most 500 are allowed; most are taken by: cap"):
        compile_problem(problem, guarantee="total", max_couplings=500)


def test_split_rows_are_exact(monkeypatch):
    """Pieces of two bits on rows short enough to try every bit string."""
    from qopt.compilers import size

    monkeypatch.setattr(size, "plans", lambda limits: iter([size.Plan(piece=2)]))
    monkeypatch.setattr("qopt.compilers.compile.plans", size.plans)
    for line in ((3.0, dict.fromkeys(range(7), 1.0), 3.0), (-INF, {k: 1.0 + k % 2 for k in range(7)}, 4.0)):
        compiled = compile_problem(binaries(7, line), guarantee="total")
        assert compiled.stats["slack_bits"] >= 4
        check_compiled(compiled)


def test_bits_are_refused_with_needed_allowed_and_worst():
    problem = binaries(6, (-INF, {k: 5.0 + k for k in range(6)}, 21.0))
    with pytest.raises(
        CompileError, match=r"needs \d+ bits, at most 7 are allowed; most are taken by: x 6, slack of cap"
    ):
        compile_problem(problem, guarantee="total", max_bits=7)
    with pytest.raises(CompileError, match="at most 5 are allowed"):
        compile_problem(problem, guarantee="total", accepts=Accepts(bits=5))


def test_report_names_families_passes_and_the_plain_size():
    lines = [
        (-INF, {0: 6.0, 1: 10.0, 2: 14.0, 3: 9.0}, 21.0),
        (-INF, {0: 1.0, 1: 1.0}, 2.0),
        (1.0, {2: 2.0, 3: 2.0}, INF),
    ]
    rows = rows_of(lines, 4)
    rows = Rows(
        rows.indptr,
        rows.index,
        rows.value,
        rows.lower,
        rows.upper,
        NameTable((Labels("cap", (1,)), Labels("idle", (1,)), Labels("cover", (1,)))),
    )
    problem = Problem.build(Columns.binaries(names("x", 4)), polynomial_of(4, {(0,): -3.0, (2,): 2.0}), rows=rows)
    compiled = compile_problem(problem, guarantee="total")
    report = report_of(compiled)
    by_name = {family.family: family for family in report.families}
    assert by_name["idle"].rules == 0 and by_name["idle"].removed == {"always true": 1}
    assert by_name["cover"].forms == {"window": 1} and by_name["cover"].slack_bits == 0
    assert sum(family.slack_bits for family in report.families) == compiled.stats["slack_bits"]
    assert by_name["cap"].weight == (compiled.penalties[0].weight,) * 2
    assert "whole numbers" in {step["pass"] for step in report.passes}
    assert report.plain is not None and report.plain.bits > report.size.bits == compiled.num_bits
    assert report.to_dict()["size"]["couplings"] == compiled.num_couplings
    assert not report.solved


def test_plain_size_is_a_square_with_slack_for_every_row():
    lines = (-INF, {0: 1.0, 1: 1.0, 2: 1.0}, 1.0)
    size, refusal = plain_size(binaries(3, lines))
    assert (size.bits, size.couplings, refusal) == (4, 6, "")
    unbounded = Columns(np.array([Kind.INTEGER], np.int8), np.zeros(1), np.array([INF]), names("z", 1))
    problem = Problem.build(unbounded, polynomial_of(1, {(0,): -1.0}), rows=rows_of([(-INF, {0: 2.0}, 9.0)], 1))
    report = report_of(compile_problem(problem, guarantee="total"))
    assert report.plain is None and "no upper bound" in report.plain_refusal
    assert report.size.bits == 3


def test_nothing_left_is_solved_classically():
    compiled = compile_problem(binaries(3, (3.0, dict.fromkeys(range(3), 1.0), INF)))
    report = report_of(compiled)
    assert report.solved and report.size.bits == 0
    assert any("solved classically" in note for note in compiled.notes)
    np.testing.assert_array_equal(compiled.decode(np.zeros((1, 0)))[0], np.ones((1, 3)))
    assert compiled.energies(np.zeros((1, 0))) == [-6.0]


def test_replaced_columns_come_back_and_incumbents_go_in():
    lines = [(1.0, {0: 1.0, 1: 1.0}, 1.0), (0.0, {1: 1.0, 2: -1.0}, 0.0), (-INF, {0: 2.0, 3: 3.0, 4: 4.0}, 6.0)]
    problem = Problem.build(
        Columns.binaries(names("x", 5)), polynomial_of(5, {(k,): -1.0 - k for k in range(5)}), rows=rows_of(lines, 5)
    )
    compiled = compile_problem(problem, guarantee="total")
    assert compiled.stats["column_bits"] == 3
    check_compiled(compiled)
    best = np.array([0.0, 1, 1, 0, 1])
    compile_problem(problem, incumbent=best)
    with pytest.raises(CompileError, match="breaks a rule"):
        compile_problem(problem, incumbent=np.array([1.0, 1, 1, 0, 0]))
