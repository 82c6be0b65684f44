"""Weights by duality: every bit string of many models, bounds against enumeration, and points found by greed."""

from fractions import Fraction

import numpy as np
import pytest
from random_models import MODELS, knapsack, rows_of
from scipy import sparse

from qopt.compilers.bounds import ascended, climbs, linear_below, plain_shares, reach, reduced, relaxed
from qopt.compilers.bounds_floor import Shape, amount, floors
from qopt.compilers.compile import compile_problem
from qopt.compilers.incumbent import greedy
from qopt.compilers.penalties.dual import Dual
from qopt.core.accepts import QUBO, Accepts
from qopt.core.errors import CompileError
from qopt.core.names import NameTable
from qopt.core.polynomial import Polynomial, polynomial_of
from qopt.core.problem import Columns, Problem, Sense
from qopt.core.rows import GroupKind
from qopt.testing.brute import all_bits, all_points, holds
from qopt.testing.encodings import check_compiled, energies

ENCODINGS = ("auto", "one_hot", "unary", "domain_wall")
BACKENDS = (
    QUBO,
    QUBO,
    Accepts(degree=None, groups=frozenset(GroupKind), rows=True),
    Accepts(degree=3),
    Accepts(groups=frozenset([GroupKind.EXACTLY_ONE])),
)
CASES = (
    (None, "argmin"),
    ("best", "argmin"),
    ("best", "top:2"),
    ("middle", "argmin"),
    ("middle", "top:10%"),
    ("worst", "argmin"),
    ("worst", "top:2"),
)


@pytest.mark.parametrize("make", MODELS, ids=lambda make: make.__name__)
def test_every_bit_string_with_good_poor_and_no_incumbents(make):
    tried = rules = 0
    for seed in range(12):
        problem = make(np.random.default_rng([seed, 7]))
        points = all_points(problem)
        points = points[holds(problem, points)]
        if not len(points):
            continue
        values = np.sort(problem.sense.sign * problem.objectives(points)[:, 0])
        known = {"best": values[0], "middle": values[len(values) // 3], "worst": values[-1]}
        for which, guarantee in CASES:
            incumbent = None if which is None else float(problem.sense.sign * known[which])
            compiled = compile_problem(
                problem,
                guarantee=guarantee,
                incumbent=incumbent,
                penalty=("auto", "dual")[seed % 2],
                encoding=ENCODINGS[seed % len(ENCODINGS)],
                accepts=BACKENDS[seed % len(BACKENDS)],
                presolve=seed % 3 != 0,
            )
            assert compiled.guarantee in (guarantee, "total")
            if compiled.num_bits <= 12:
                check_compiled(compiled, incumbent=incumbent)
                tried += 1
                rules += compiled.stats["penalty"]["rule"] == "dual"
    assert tried >= 20
    assert rules or make.__name__ in ("free", "levels")


def test_weights_below_the_floor_break_the_order():
    """The harness itself: half the proven weights put something infeasible among the answers, for some model."""
    from dataclasses import replace

    caught = 0
    for seed in range(12):
        problem = knapsack(np.random.default_rng([seed, 1]))
        made = compile_problem(problem, penalty=Dual(scale=0.3), presolve=False)
        assert made.guarantee == "none"
        try:
            check_compiled(replace(made, guarantee="argmin"))
        except AssertionError:
            caught += 1
    assert caught


def random_forms(rng, n, count):
    dense = rng.integers(-4, 5, (count, n))
    return sparse.csr_array(dense), rng.integers(-3, 4, count)


@pytest.mark.parametrize("seed", range(20))
def test_bounds_lie_below_everything(seed):
    rng = np.random.default_rng(seed)
    n = 6
    pairs = [(i, j) for i in range(n) for j in range(i + 1, n) if rng.random() < 0.5]
    terms = {(k,): float(rng.integers(-9, 10)) / 4 for k in range(n)} | {p: float(rng.integers(-9, 10)) for p in pairs}
    objective = polynomial_of(n, terms | {(0, 1, 2): -2.0, (3, 4, 5): 1.5, (): 0.75})
    shares = np.where(objective.value > 0, rng.random(len(objective.value)), rng.random(len(objective.value)))
    matrix, constant = random_forms(rng, n, 3)
    price = rng.integers(-6, 7, 3)
    unit = 0.5
    bits = all_bits(n)
    linear, base = linear_below(objective, shares, unit)
    own = energies(objective, bits)
    assert ((bits @ linear + base) * unit <= own).all()
    under = reduced(objective, shares, unit, matrix, constant, price)
    total = bits @ linear + base + (bits @ matrix.toarray().T + constant) @ price
    assert under.least == total.min()
    steps = climbs(matrix, constant, under)
    for j in range(3):
        form = bits @ matrix.toarray()[j] + constant[j]
        for budget in (0, 3, 11):
            low, high = reach(steps, budget)
            near = total <= under.least + budget
            assert low[j] <= form[near].min() and form[near].max() <= high[j]


@pytest.mark.parametrize("seed", range(30))
def test_floors_are_the_largest_quotient_over_all_whole_numbers(seed):
    """Against the relaxed knapsack solved anew, in fractions, for every value that the form can have."""
    rng = np.random.default_rng([seed, 3])
    n = 5
    objective = Polynomial(rng.integers(-12, 13, n).astype(float))
    matrix = sparse.csr_array(rng.integers(-6, 7, (3, n)))
    constant = rng.integers(-3, 4, 3)
    shape = np.array([Shape.SQUARE, Shape.WINDOW, Shape.LINEAR], dtype=np.int8)
    under = reduced(objective, plain_shares(objective), 1.0, matrix, constant, np.zeros(3, np.int64))
    steps = climbs(matrix, constant, under)
    room, slope = rng.integers(-5, 60, 3), rng.integers(-4, 5, 3) * (shape != Shape.SQUARE)
    found = floors(shape, room, slope, steps)
    for j in range(3):
        row = matrix.toarray()[j]
        at = int(steps.at[j])
        lowest = constant[j] + np.minimum(row, 0).sum()
        highest = constant[j] + np.maximum(row, 0).sum()
        needed = Fraction(0)
        for k in range(int(lowest), int(highest) + 1):
            left, climb, way = abs(k - at), Fraction(0), 1 if k > at else -1
            moves = [(-a if c < 0 else a, abs(int(c))) for a, c in zip(row.tolist(), under.cost.tolist()) if a]
            for move, cost in sorted(moves, key=lambda m: Fraction(m[1], abs(m[0]))):
                if move * way > 0 and left:
                    used = min(left, abs(move))
                    climb += Fraction(cost * used, abs(move))
                    left -= used
            p = int(amount(shape[j : j + 1], np.array([k]))[0])
            if p:
                needed = max(needed, (int(room[j]) + int(slope[j]) * k - climb) / p)
        assert needed <= found[j] <= needed + 1


def test_greed_finds_points_of_common_shapes():
    found = tried = 0
    for make in MODELS:
        if make.__name__ not in ("knapsack", "choose_k", "linking", "assignment"):
            continue
        for seed in range(20):
            problem = make(np.random.default_rng([seed, 5]))
            points = all_points(problem)
            points = points[holds(problem, points)]
            if not len(points):
                continue
            tried += 1
            proof = compile_problem(problem, penalty="dual").stats["penalty"]
            best = (problem.sense.sign * problem.objectives(points)[:, 0]).min()
            if "incumbent" in proof:
                found += 1
                assert proof["incumbent"] >= best
    assert found == tried >= 60


def test_greed_gives_up_where_rows_contradict():
    matrix = sparse.csr_array(np.array([[1, 1, 1], [2, 2, 2]]))
    nothing = greedy(Polynomial(np.ones(3)), matrix, np.array([1, 5]), np.array([3, 5]))
    assert nothing is None


def test_incumbent_as_values_is_judged():
    problem = knapsack(np.random.default_rng(2))
    good = compile_problem(problem, incumbent=np.zeros(problem.n), presolve=False)
    assert good.stats["penalty"]["incumbent"] == 0
    with pytest.raises(CompileError, match="breaks a rule"):
        compile_problem(problem, incumbent=np.ones(problem.n), presolve=False)


def test_incumbent_better_than_anything_is_refused():
    problem = knapsack(np.random.default_rng(2))
    with pytest.raises(CompileError, match=r"below|as good as"):
        compile_problem(problem, incumbent=1000.0)


def test_the_weight_follows_the_gap_and_not_the_range():
    """Thirty items of which any fits: the range of the objective is thousands, what a broken row gains is small."""
    rng = np.random.default_rng(0)
    n = 30
    weight, value = rng.integers(10, 60, n), rng.integers(100, 200, n)
    line = dict(enumerate(weight.astype(float).tolist()))
    problem = Problem.build(
        Columns.binaries(NameTable.numbered("x", n)),
        polynomial_of(n, {(k,): float(v) for k, v in enumerate(value)}),
        rows=rows_of([(-np.inf, line, float(weight.sum() // 2))], n),
        sense=Sense.MAXIMIZE,
    )
    ranged, dual = (compile_problem(problem, penalty=rule) for rule in ("range", "dual"))
    assert max(p.weight for p in dual.penalties) * 20 < max(p.weight for p in ranged.penalties)
    assert dual.num_bits < ranged.num_bits


def test_subgradients_climb_towards_the_relaxation_and_stay_valid():
    """Rows too many for the simplex method get multipliers from an ascent: not above the relaxed optimum, but near."""
    for seed in range(5):
        rng = np.random.default_rng([seed, 8])
        n, m = 40, 25
        matrix = sparse.csr_array(rng.integers(0, 6, (m, n)) * (rng.random((m, n)) < 0.3))
        upper = np.maximum(6.0, np.asarray(matrix.sum(axis=1)) // 3)
        lower = np.full(m, -np.inf)
        objective = Polynomial(-rng.integers(1, 30, n).astype(float))
        exact = relaxed(objective, matrix, lower, upper)
        climbed = ascended(objective, matrix, lower, upper)
        alone = float(np.minimum(objective.linear, 0).sum())
        assert (climbed.rows >= 0).all()
        cost = objective.linear + matrix.T @ climbed.rows
        assert np.isclose(np.minimum(cost, 0).sum() - climbed.rows @ upper, climbed.value)
        assert climbed.value <= exact.value + 1e-6
        assert exact.value - climbed.value < 0.2 * (exact.value - alone)
