"""solve: equal to enumeration on everything a Problem can hold; statuses, bounds, starts, stops."""

from dataclasses import replace

import milp_cases as cases
import numpy as np
import pytest

from qopt.core.names import Labels, NameTable
from qopt.core.polynomial import Polynomial, polynomial_of
from qopt.core.problem import Columns, Kind, Level, Part, Problem, Sense
from qopt.core.rows import Indicators, Norm, PolynomialRow
from qopt.milp.solve import solve


@pytest.mark.parametrize("first", range(0, 320, 40))
def test_equals_enumeration(first):
    statuses = set()
    for seed in range(first, first + 40):
        problem = cases.random_problem(seed)
        best = cases.enumerate_best(problem)
        outcome = solve(problem, watch=cases.watch_for())
        statuses.add(outcome.status)
        if best is None:
            assert outcome.status == "infeasible", seed
            assert outcome.bound is None and not outcome.values
            continue
        assert outcome.status == "optimal", (seed, outcome.reason)
        assert list(outcome.objectives[0]) == list(best), seed
        assert outcome.bound is not None and outcome.bound.value == best[0], seed
        for values, objectives in zip(outcome.values, outcome.objectives):
            assert cases.judge(problem, values.tolist()) == (True, list(objectives)), seed
    assert statuses == {"optimal", "infeasible"}


def _mixed(seed):
    """Two reals beside three binaries and an integer: products with binaries, a soft and some hard rows."""
    rng = np.random.default_rng(seed)
    kinds = [Kind.BINARY] * 3 + [Kind.INTEGER] + [Kind.REAL] * 2
    lower, upper = [0, 0, 0, -1, -1.5, 0], [1, 1, 1, 2, 2.5, 3]
    terms = {(k,): float(rng.integers(-4, 5)) for k in range(6)}
    terms |= {(0, 4): float(rng.integers(-4, 5)), (1, 2, 5): float(rng.integers(-4, 5)), (3, 4): 2.0}
    rows = cases.rows_of(
        [
            ({c: float(rng.integers(-3, 4)) or 1.0 for c in range(6)}, -np.inf, float(rng.integers(0, 5))),
            ({3: 1.0, 4: -1.0, 5: float(rng.integers(1, 4))}, -1.0, float(rng.integers(1, 4))),
            ({4: 1.0, 5: 1.0}, 1.0, np.inf),
        ],
        price=[np.nan, np.nan, 3.0],
        norm=[0, 0, int(Norm.LINEAR)],
        level=[0, 0, 0],
    )
    sense = Sense.MAXIMIZE if seed % 2 else Sense.MINIMIZE
    return Problem.build(cases.columns_of(kinds, lower, upper), polynomial_of(6, terms), rows=rows, sense=sense)


@pytest.mark.parametrize("seed", range(6))
def test_real_columns_equal_a_grid_of_linear_programmes(seed):
    """With the discrete columns fixed the reals are a linear programme, which scipy solves."""
    from scipy.optimize import linprog

    problem = _mixed(seed)
    sign, best = problem.sense.sign, np.inf
    discrete = cases.points(Problem.build(cases.columns_of(problem.columns.kind[:4], [0, 0, 0, -1], [1, 1, 1, 2])))
    for point in discrete:
        x0 = np.array([*point, 0.0, 0.0])
        base = float(problem.objective.evaluate(x0)[0])
        slope = [float(problem.objective.evaluate(x0 + np.eye(6)[c])[0]) - base for c in (4, 5)]
        ub, rhs = [], []
        for k in (0, 1):
            index, value = problem.rows.row(k)
            full = np.zeros(6)
            full[index] = value
            rest = float(full @ x0)
            ub += [[*full[4:], 0.0], [*(-full[4:]), 0.0]]
            rhs += [problem.rows.upper[k] - rest, rest - problem.rows.lower[k]]
        ub.append([-1.0, -1.0, -1.0])
        rhs.append(-1.0)
        good = np.isfinite(rhs)
        answer = linprog(
            [sign * slope[0], sign * slope[1], 3.0],
            A_ub=np.array(ub)[good],
            b_ub=np.array(rhs)[good],
            bounds=[(-1.5, 2.5), (0, 3), (0, None)],
        )
        if answer.status == 0:
            best = min(best, sign * base + answer.fun)
    outcome = solve(problem, watch=cases.watch_for())
    assert outcome.status == "optimal"
    assert outcome.objectives[0][0] == pytest.approx(sign * best, abs=1e-6)
    assert sign * outcome.bound.value <= sign * outcome.objectives[0][0]


def test_earlier_levels_matter_infinitely_more():
    columns = Columns.binaries(NameTable.numbered("x", 4))
    count = Level((Part("count", Polynomial(np.ones(4))),))
    cost = Level((Part("cost", Polynomial(np.array([9.0, 1.0, 8.0, 2.0]))),))
    rows = cases.rows_of([({0: 2.0, 1: 1.0, 2: 2.0, 3: 1.0}, 2.0, np.inf)])
    outcome = solve(Problem(columns, (count, cost), rows), watch=cases.watch_for())
    assert list(outcome.objectives[0]) == [1.0, 8.0]
    outcome = solve(Problem(columns, (cost, count), rows), watch=cases.watch_for())
    assert list(outcome.objectives[0]) == [3.0, 2.0]
    first = solve(Problem(columns, (count, cost), rows), watch=cases.watch_for(), level=0)
    assert first.status == "optimal" and first.objectives[0][0] == 1.0


def test_no_columns_and_no_rows_are_problems_too():
    nothing = Problem.build(cases.columns_of([], [], []), polynomial_of(0, {(): 3.0}))
    outcome = solve(nothing, watch=cases.watch_for())
    assert outcome.status == "optimal" and outcome.objectives[0][0] == outcome.bound.value == 3.0
    columns = Columns.binaries(NameTable.numbered("x", 2))
    empty_row = Problem.build(columns, rows=cases.rows_of([({}, 1.0, 2.0)]))
    assert solve(empty_row, watch=cases.watch_for()).status == "infeasible"


def test_unbounded_is_told_from_infeasible():
    columns = cases.columns_of([Kind.INTEGER, Kind.BINARY], [0, 0], [np.inf, 1])
    free = Problem.build(columns, polynomial_of(2, {(0,): -1.0}))
    assert solve(free, watch=cases.watch_for()).status == "unbounded"
    rows = cases.rows_of([({0: 2.0, 1: 2.0}, 1.0, 1.0)])
    assert solve(replace(free, rows=rows), watch=cases.watch_for()).status == "infeasible"


@pytest.mark.parametrize(
    ("kinds", "terms", "word"),
    [
        ([Kind.REAL, Kind.REAL], {(0, 1): 1.0}, "real variables"),
        ([Kind.REAL, Kind.REAL], {(0, 0): 1.0}, "real variables"),
        ([Kind.INTEGER, Kind.INTEGER], {(0, 1): 1.0}, "range is too wide"),
        ([Kind.BINARY, Kind.INTEGER], {(0, 1): 1.0}, "no finite bounds"),
    ],
)
def test_what_has_no_linear_model_is_refused_by_name(kinds, terms, word):
    upper = [1.0 if kind == Kind.BINARY else np.inf for kind in kinds]
    outcome = solve(
        Problem.build(cases.columns_of(kinds, [0, 0], upper), polynomial_of(2, terms)), watch=cases.watch_for()
    )
    assert outcome.status == "not_representable"
    assert word in outcome.reason and "x[" in outcome.reason
    assert outcome.bound is None


def test_indicator_and_soft_rows_without_bounds_are_refused_by_name():
    columns = cases.columns_of([Kind.BINARY, Kind.INTEGER], [0, 0], [1, np.inf])
    when = Indicators([0], [1], cases.rows_of([({1: 1.0}, -np.inf, 3.0)], name="when"))
    outcome = solve(Problem.build(columns, indicators=when), watch=cases.watch_for())
    assert outcome.status == "not_representable" and "when[0]" in outcome.reason
    soft = cases.rows_of([({1: 1.0}, -np.inf, 3.0)], name="late", price=[1.0], norm=[int(Norm.OCCURRENCE)], level=[0])
    outcome = solve(Problem.build(columns, rows=soft), watch=cases.watch_for())
    assert outcome.status == "not_representable" and "late[0]" in outcome.reason


def test_products_are_counted_against_the_limit_and_fixed_ones_are_free():
    n = 12
    rng = np.random.default_rng(0)
    terms = {(i, j): float(rng.integers(-9, 10)) for i in range(n) for j in range(i)}
    problem = Problem.build(Columns.binaries(NameTable.numbered("x", n)), polynomial_of(n, terms))
    outcome = solve(problem, watch=cases.watch_for(), limit=20)
    assert outcome.status == "not_representable" and "at most 20" in outcome.reason
    fixed = np.full(n, np.nan)
    fixed[4:] = rng.integers(0, 2, n - 4)
    outcome = solve(problem, watch=cases.watch_for(), limit=20, fixed=fixed)
    best = min(float(problem.objective.evaluate([*map(int, f"{k:04b}"), *fixed[4:]])[0]) for k in range(16))
    assert outcome.objectives[0][0] == best
    assert outcome.bound is None, "a bound with columns fixed says nothing of the whole problem"


def test_cutoff_gives_no_bound_and_no_claim_of_infeasibility():
    problem = Problem.build(Columns.binaries(NameTable.numbered("x", 3)), Polynomial(np.array([1.0, 2.0, 3.0])))
    outcome = solve(problem, watch=cases.watch_for(), cutoff=-1.0)
    assert outcome.status == "nothing_found" and outcome.bound is None
    assert "cutoff" in outcome.reason


def _knapsacks(n=120, m=20, seed=3):
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 100, (m, n)).astype(float)
    rows = cases.rows_of([(dict(enumerate(line)), -np.inf, float(line.sum() // 2)) for line in sizes], name="size")
    profit = Polynomial(rng.integers(50, 100, n).astype(float))
    columns = Columns.binaries(NameTable.numbered("take", n))
    return Problem.build(columns, profit, rows=rows, sense=Sense.MAXIMIZE)


def test_stop_keeps_the_incumbent_and_an_honest_bound():
    problem, watch = _knapsacks(), cases.watch_for(60.0)
    seen = []

    def first(values):
        seen.append(np.array(values))
        watch.cancel()

    outcome = solve(problem, watch=watch, on_incumbent=first)
    assert seen and watch.remaining() > 30
    assert outcome.status == "feasible" and "request" in outcome.reason
    assert cases.judge(problem, outcome.values[0].tolist())[0]
    assert outcome.bound is None or outcome.bound.value >= outcome.objectives[0][0]


def test_never_worse_than_a_feasible_start():
    problem = _knapsacks()
    good = solve(problem, watch=cases.watch_for(), nodes=20).values[0]
    again = solve(problem, watch=cases.watch_for(), nodes=1, start=good)
    assert problem.objectives(again.values[0])[0, 0] >= problem.objectives(good)[0, 0]


def test_the_same_seed_and_nodes_give_the_same_answer():
    first, second = (solve(_knapsacks(), watch=cases.watch_for(), nodes=30, seed=5) for _ in range(2))
    assert np.array_equal(first.values[0], second.values[0])
    assert first.bound == second.bound


def test_threads_may_change_from_run_to_run():
    problem = cases.random_problem(1)
    answers = [solve(problem, watch=cases.watch_for(), threads=t).objectives[0] for t in (1, 2, 1)]
    assert all(np.array_equal(answers[0], other) for other in answers)


def test_an_exception_of_the_listener_comes_out():
    def broken(values):
        raise LookupError("listener")

    with pytest.raises(LookupError, match="listener"):
        solve(_knapsacks(), watch=cases.watch_for(), on_incumbent=broken, nodes=20)


def test_tiny_costs_are_not_lost_in_tolerances():
    problem = Problem.build(
        Columns.binaries(NameTable.numbered("x", 3)),
        Polynomial(np.array([3e-9, 1e-9, 2e-9])),
        rows=cases.rows_of([({0: 1.0, 1: 1.0, 2: 1.0}, 2.0, np.inf)]),
    )
    outcome = solve(problem, watch=cases.watch_for())
    assert outcome.values[0].tolist() == [0.0, 1.0, 1.0]


def test_soft_polynomial_row_with_quadratic_price():
    columns = cases.columns_of([Kind.INTEGER, Kind.INTEGER], [0, 0], [4, 4])
    curved = PolynomialRow(polynomial_of(2, {(0, 1): 1.0}), -np.inf, 2.0, Labels("curved"), 1.0, Norm.QUADRATIC)
    problem = Problem.build(
        columns, polynomial_of(2, {(0,): 3.0, (1,): 3.0}), polynomial_rows=(curved,), sense=Sense.MAXIMIZE
    )
    outcome = solve(problem, watch=cases.watch_for())
    assert list(outcome.objectives[0]) == list(cases.enumerate_best(problem))


def test_bound_is_rounded_only_where_the_objective_is_whole():
    """A soft polynomial row with a fractional side makes prices fractional: the bound must not be rounded up."""
    columns = Columns.binaries(NameTable.numbered("x", 2))
    curved = PolynomialRow(polynomial_of(2, {(0, 1): 1.0}), 1.5, np.inf, Labels("curved"), 1.0)
    problem = Problem.build(columns, polynomial_rows=(curved,))
    outcome = solve(problem, watch=cases.watch_for())
    assert not problem.integral
    assert outcome.status == "optimal" and outcome.bound.value == outcome.objectives[0][0] == 0.5
