"""The parts of the door: expansion, verification, relaxation, nearest points."""

import milp_cases as cases
import numpy as np
import pytest

from qopt.core.names import NameTable
from qopt.core.polynomial import Polynomial, polynomial_of
from qopt.core.problem import Columns, Kind, Problem, Sense
from qopt.core.watch import Watch
from qopt.milp.expansion import Substitution, expand, terms_of, unique_rows
from qopt.milp.lowering import lower
from qopt.milp.nearest import Nearest
from qopt.milp.relax import relax
from qopt.milp.session import Session
from qopt.milp.verify import Verifier


def _monomials(expanded, y):
    total = expanded.constant[0]
    for factors, coefficient in zip(expanded.factors, expanded.coefficient):
        total += coefficient * np.prod([y[a] for a in factors if a >= 0])
    return total + sum(v * y[a] for a, v in zip(expanded.linear_atom, expanded.linear_value))


@pytest.mark.parametrize("seed", range(10))
def test_expansion_is_substitution(seed):
    rng = np.random.default_rng(seed)
    # Columns: a binary, a spin, a constant, an integer in two bits, and one that is its own wide atom.
    substitution = Substitution(
        np.array([0, 1, 2, 2, 4, 5]),
        np.array([0, 1, 2, 3, 4]),
        np.array([1.0, 2.0, 1.0, 2.0, 1.0]),
        np.array([0.0, -1.0, 3.0, -1.0, 0.0]),
        np.array([True, True, True, True, False]),
    )
    terms = {
        tuple(sorted(int(c) for c in rng.integers(0, 5, rng.integers(2, 5)))): float(rng.integers(-5, 6))
        for _ in range(8)
    }
    polynomial = polynomial_of(5, terms)
    expanded = expand(terms_of([polynomial], np.zeros(polynomial.n, dtype=bool)), substitution, 1, limit=10_000)
    seen = [tuple(f) for f in expanded.factors]
    assert len(set(seen)) == len(seen)
    for _ in range(20):
        y = np.append(rng.integers(0, 2, 4), rng.uniform(-2, 2))
        x = np.array([y[0], 2 * y[1] - 1, 3.0, -1 + y[2] + 2 * y[3], y[4]])
        assert _monomials(expanded, y) == pytest.approx(float(polynomial.evaluate(x)[0]))


def test_expansion_gives_up_before_it_grows_too_large():
    polynomial = polynomial_of(3, {(0, 1): 1.0, (1, 2): 1.0})
    one = Substitution(np.arange(4), np.arange(3), np.ones(3), np.ones(3), np.ones(3, dtype=bool))
    assert expand(terms_of([polynomial], np.zeros(polynomial.n, dtype=bool)), one, 1, limit=7) is None
    assert expand(terms_of([polynomial], np.zeros(polynomial.n, dtype=bool)), one, 1, limit=8) is not None


def test_unique_rows_is_numpy_unique():
    matrix = np.random.default_rng(0).integers(-1, 3, (200, 3))
    table, rank = unique_rows(matrix)
    assert np.array_equal(table[rank], matrix)
    assert len(table) == len(np.unique(matrix, axis=0))


def test_verifier_is_the_plain_judge():
    judged = set()
    for seed in range(60):
        problem = cases.random_problem(seed, tightness=0.7)
        verifier = Verifier(problem)
        for x in list(cases.points(problem))[::7]:
            judged.add(verdict := cases.judge(problem, x)[0])
            assert verifier.accepts(x) == verdict, seed
    assert judged == {True, False}


def test_verifier_refuses_values_outside_the_domain():
    problem = Problem.build(cases.columns_of([Kind.BINARY, Kind.SPIN, Kind.INTEGER], [0, -1, 0], [1, 1, 5]))
    verifier = Verifier(problem)
    assert verifier.accepts([1, -1, 5])
    for wrong in ([0.5, 1, 0], [0, 0, 0], [0, 1, 6], [0, 1, np.nan], [0, 1]):
        assert not verifier.accepts(wrong)


def test_structure_names_the_columns_of_every_constraint():
    problem = next(p for p in map(cases.random_problem, range(100)) if len(p.indicators) and len(p.groups))
    verifier = Verifier(problem)
    assert verifier.structure.shape == (len(verifier.broken(problem.columns.lower)), problem.n)
    last = set(verifier.structure[-1].indices.tolist())
    assert last == {int(problem.indicators.column[0]), *problem.indicators.rows.row(0)[0].tolist()}


def test_relaxation_prices_a_knapsack():
    problem = Problem.build(
        Columns.binaries(NameTable.numbered("x", 3)),
        Polynomial(np.array([6.0, 5.0, 1.0])),
        rows=cases.rows_of([({0: 2.0, 1: 2.0, 2: 2.0}, -np.inf, 3.0)]),
        sense=Sense.MAXIMIZE,
    )
    found = relax(problem, watch=cases.watch_for())
    assert found.status == "optimal"
    assert found.objective == pytest.approx(8.5)
    assert found.values == pytest.approx([1.0, 0.5, 0.0])
    assert found.row_duals == pytest.approx([2.5])
    assert found.reduced_costs == pytest.approx([1.0, 0.0, -4.0])


def test_feasibility_alone_needs_no_products_of_the_objective():
    problem = Problem.build(Columns.binaries(NameTable.numbered("x", 3)), polynomial_of(3, {(0, 1): 1.0, (1, 2): 1.0}))
    assert lower(problem, limit=1) == (None, lower(problem, limit=1)[1])
    model, linearisation = lower(problem, limit=1, levels=())
    assert model is not None and linearisation.exact and model.columns == 3


@pytest.mark.parametrize("pull", [0.0, 0.01])
def test_nearest_point_by_enumeration(pull):
    checked = 0
    for seed in range(120):
        problem = cases.random_problem(seed, tightness=0.8)
        feasible = [x for x in cases.points(problem) if cases.judge(problem, x)[0]]
        if not feasible or (problem.columns.kind == Kind.INTEGER).any():
            continue
        rng = np.random.default_rng(seed)
        steps = problem.columns.steps()
        target = problem.columns.lower + steps * rng.integers(0, 2, problem.n)
        least = min(float((np.abs(np.array(x) - target) / steps).sum()) for x in feasible)
        found = Nearest(problem, Verifier(problem), pull=pull, gap=0.0).find(target, watch=cases.watch_for())
        assert cases.judge(problem, found.tolist())[0]
        assert float((np.abs(found - target) / steps).sum()) == least, seed
        checked += 1
    assert checked > 10


def test_nearest_keeps_what_is_not_free_and_says_when_it_cannot():
    rows = cases.rows_of([({0: 1.0, 1: 1.0, 2: 1.0}, 2.0, np.inf)])
    problem = Problem.build(Columns.binaries(NameTable.numbered("x", 3)), rows=rows)
    nearest = Nearest(problem, Verifier(problem))
    free = np.array([True, True, False])
    assert nearest.find([0, 0, 0], watch=cases.watch_for(), free=free).tolist() == [1, 1, 0]
    assert nearest.find([0, 0, 0], watch=cases.watch_for(), free=free & [True, False, False]) is None
    assert sum(nearest.find([0, 0, 0], watch=cases.watch_for())) == 2


def test_time_limits_of_later_runs_do_not_count_the_earlier_ones(monkeypatch):
    """HiGHS compares its limit with the time of all runs of one instance."""
    model, _ = lower(cases.random_problem(0))
    assert model is not None
    session = Session(model)
    session.minimise(model.costs[0])
    limits = []
    plain = session._set
    monkeypatch.setattr(session, "_set", lambda option, value: limits.append((option, value)) or plain(option, value))
    watch = Watch(clock=lambda: 0.0, deadline=5.0)
    for _ in range(2):
        before = session._highs.getRunTime()
        session.run(watch, relaxed=True)
        assert dict(limits)["time_limit"] == before + 5.0
    assert before > 0.0
