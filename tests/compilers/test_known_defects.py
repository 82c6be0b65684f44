"""Defects that were reproduced in other compilers, each with the wrong answer that it gives there, and ours.

Held in ``test_compile_defects.py`` already, and not repeated here:

* dimod 0.12, default weight too small: ``test_facility_that_a_heuristic_weight_leaves_closed``. VLM, MOMC and MOC
  (one-flip bounds) give weight 1 on the same model, where an infeasible point wins by 49.
* dimod 0.12, 0.5 x + 0.5 y <= 0.9 becomes an equality, so that feasible (1, 0) costs 1.6 and infeasible (1, 1) 0.1;
  qiskit-optimization 0.7 refuses it: ``test_fractional_row_is_the_row_that_was_written``.
* dimod 0.12, ``weight=0.1`` of a soft row becomes ten times the largest bias: ``test_soft_row_is_soft``.
* qiskit-optimization 0.7, the weight of one equality grows from 41 to 861 when 20 rows x + y <= 1 are added:
  ``test_one_kind_of_rule_does_not_inflate_another``.
* qiskit-optimization 0.7, an integer of 0..3 with z <= -1 compiles without a word:
  ``test_impossible_row_is_refused_by_name``.
* OMMX 2.9, the knapsack (7, 11, 13, 17, 19, 23) with capacity 45 has its minimum at -31, the optimum being -32:
  ``test_slack_reaches_every_value_of_a_wide_row``.
* PyQUBO 1.5, 0.1 a + 0.2 b = 0.3 is reported broken at a = b = 1: ``test_decimals_mean_what_they_say``.
"""

from collections import Counter

import numpy as np
import pytest
from random_models import MODELS, names, rows_of

from qopt.compilers.compile import compile_problem
from qopt.core import registry
from qopt.core.accepts import Accepts
from qopt.core.errors import BackendContractError, CompileError
from qopt.core.forms.routes import Proposal
from qopt.core.names import Labels, NameTable
from qopt.core.polynomial import Polynomial, polynomial_of
from qopt.core.problem import Columns, Kind, Problem
from qopt.core.rows import Rows
from qopt.evaluate.check import check
from qopt.models.families.routing import PLUGIN as ROUTING
from qopt.models.families.routing import RoutingInstance
from qopt.testing.brute import all_bits, all_points, holds
from qopt.testing.encodings import check_compiled, energies

INF = np.inf
RULES = ("auto", "dual", "range")


def binaries(n, objective=None, **rest):
    return Problem.build(Columns.binaries(names("x", n)), polynomial_of(n, objective or {}), **rest)


def decoded_minimisers(compiled):
    """What the strings of lowest energy mean."""
    bits = all_bits(compiled.num_bits)
    energy = energies(compiled.polynomial, bits)
    return np.unique(compiled.decode(bits[energy <= energy.min() + 1e-9])[0], axis=0)


@pytest.mark.parametrize("rule", RULES)
def test_optimum_of_the_closed_facility_is_the_minimum(rule):
    """dimod 0.12: weight 10 for 11 clients and a door that must stay closed; open it wins at -11 + 10 = -1, not 0.

    VLM, MOMC and MOC look at one flip at a time and find that weight 1 is enough.
    """
    n = 11
    lines = [(-INF, {**dict.fromkeys(range(n), 1.0), n: -float(n)}, 0.0), (0.0, {n: 1.0}, 0.0)]
    problem = binaries(n + 1, {(k,): -1.0 for k in range(n)}, rows=rows_of(lines, n + 1))
    compiled = compile_problem(problem, penalty=rule, presolve=False)
    assert compiled.guarantee != "none"
    np.testing.assert_array_equal(decoded_minimisers(compiled), np.zeros((1, n + 1)))


@pytest.mark.parametrize("rule", RULES)
def test_offset_is_not_scaled_with_the_weight(rule):
    """dimod 0.12, ``unbalanced``: the constant of a row is added without its weight, energies are off by 6 ub.

    Here the energy of every feasible point is its objective, offset included, whatever the weight.
    """
    problem = binaries(4, {(): 11.0, (0,): -3.0, (1,): -2.0}, rows=rows_of([(-INF, {0: 2, 1: 3, 2: 4, 3: 1}, 5.0)], 4))
    points = all_points(problem)
    points = points[holds(problem, points)]
    for scale in (1.0, 7.0):
        weigh = registry.load("penalties", rule, scale=scale)
        compiled = compile_problem(problem, guarantee="top:100", incumbent=11.0, penalty=weigh, presolve=False)
        np.testing.assert_allclose(compiled.energies(compiled.encode(points)), problem.objectives(points)[:, 0])


def test_rows_keep_the_names_that_the_user_gave():
    """dimod 0.12: slack variables and messages carry a UUID; OMMX: ``ConstraintID(7)``."""
    table = NameTable((Labels("capacity", (2,), (("north", "south"),)),))
    rows = Rows([0, 3, 6], [0, 1, 2, 0, 1, 2], [3, 4, 5, 4, 3, 6], [-INF, -INF], [7, 8], table)
    problem = binaries(3, {(k,): -1.0 for k in range(3)}, rows=rows)
    compiled = compile_problem(problem, penalty="range", presolve=False)
    assert {penalty.name.partition(" ")[0] for penalty in compiled.penalties} == {"capacity[north]", "capacity[south]"}
    never = Rows([0, 3, 6], rows.index, rows.value, [-INF, 19.0], [7, INF], table)
    with pytest.raises(CompileError, match=r"capacity\[south\]"):
        compile_problem(binaries(3, rows=never))


def test_weight_of_decimal_data_comes_from_the_data():
    """qiskit-optimization 0.7: an equality with decimals gets weight 1e5 whatever the objective.

    With a prize of 1e6 for breaking it, the minimum is then infeasible.
    """
    rows = rows_of([(0.5, {0: 0.5, 1: 0.5}, 0.5)], 2)
    compiled = compile_problem(binaries(2, {(0,): -1e6, (1,): -1e6 + 1}, rows=rows))
    check_compiled(compiled)
    np.testing.assert_array_equal(decoded_minimisers(compiled), [[1.0, 0.0]])


@pytest.mark.parametrize("formulation", ["position", "arcs"])
def test_routing_has_capacities_and_no_row_per_subset(formulation):
    """qiskit-optimization 0.7, vehicle routing: no capacities, and 2**(n-1) subtour rows (32,768 at 16 stops)."""
    n = 16
    xy = np.random.default_rng(1).integers(0, 100, (n, 2))
    instance = RoutingInstance.model_validate(
        {
            "name": "sixteen",
            "locations": [f"s{k}" for k in range(n)],
            "travel": {"matrix": np.abs(xy[:, None] - xy[None]).sum(axis=2).tolist()},
            "fleet": [{"id": "van", "count": 3, "capacity": 20}],
            "visits": [{"id": f"s{k}", "deliver": 4} for k in range(1, n)],
        }
    )
    problem = ROUTING.build(instance, formulation=formulation)
    assert len(problem.rows) + len(problem.groups) + len(problem.indicators.rows) < 4 * n * n
    stops = np.arange(1, n)
    even, overloaded = (Proposal(tuple(np.split(stops, cuts))) for cuts in ([5, 10], [6, 10]))
    for proposal, fits in ((even, True), (overloaded, False)):
        values = ROUTING.lift(instance, proposal, formulation=formulation)
        assert check(problem, values).feasible == fits


@pytest.mark.parametrize("make", MODELS[:4], ids=lambda make: make.__name__)
def test_default_weight_is_exact_on_the_classes_where_weight_one_fails(make):
    """OMMX 2.9 and Amplify 1.7 (weight 1): 16 of 48 exact; knapsack 5/12, choose-k 7/12, linking 0/12, mixed 4/12."""
    seen = Counter()
    for seed in range(12):
        problem = make(np.random.default_rng([seed, 48]))
        points = all_points(problem)
        points = points[holds(problem, points)]
        if not len(points):
            seen["infeasible"] += 1
            continue
        sign = problem.sense.sign
        compiled = compile_problem(problem)
        assert compiled.guarantee != "none"
        if compiled.num_bits > 16:
            continue
        values = decoded_minimisers(compiled)
        assert holds(problem, values).all()
        best = (sign * problem.objectives(points)).min()
        np.testing.assert_allclose(sign * problem.objectives(values), best)
        seen["exact"] += 1
    assert seen["exact"] >= 5


def test_products_keep_their_meaning_beside_large_coefficients():
    """PyQUBO 1.5 (issue 107): the reduction of a cubic term has strength 5, so with coefficient -100 the ground state
    is -98 with the product's own rule broken."""
    problem = binaries(4, {(0, 1, 2): -100.0, (0, 1, 3): 60.0, (0,): 30.0, (1,): 30.0, (2,): 41.0, (3,): -1.0})
    compiled = compile_problem(problem)
    check_compiled(compiled)
    truth = problem.objectives(all_points(problem))[:, 0].min()
    assert energies(compiled.polynomial, all_bits(compiled.num_bits)).min() == pytest.approx(truth)


def test_float_sums_are_judged_as_decimals():
    """PyQUBO 1.5: 0.1 a + 0.2 b = 0.3 at a = b = 1 is reported broken, 0.1 + 0.2 being no 0.3 in floats."""
    problem = binaries(2, rows=rows_of([(0.3, {0: 0.1, 1: 0.2}, 0.3)], 2))
    assert check(problem, [1.0, 1.0]).feasible
    assert not check(problem, [0.0, 1.0]).feasible


def test_other_columns_than_binaries_are_encoded_or_refused():
    """openqaoa: the TypeError for variables that are not binary is made and never raised; bits stand for integers."""
    kinds = np.array([Kind.INTEGER, Kind.SPIN, Kind.BINARY], np.int8)
    columns = Columns(kinds, np.array([-2.0, -1, 0]), np.array([3.0, 1, 1]), names("z", 3))
    problem = Problem.build(columns, polynomial_of(3, {(0, 1): 2.0, (0,): 1.0, (1, 2): -3.0}))
    compiled = compile_problem(problem)
    check_compiled(compiled)
    assert set(decoded_minimisers(compiled)[:, 1].tolist()) <= {-1.0, 1.0}
    field, (row, col, coupling), offset = compiled.to_ising()
    bits = all_bits(compiled.num_bits)
    spins = 2.0 * bits - 1
    ising = spins @ field + (spins[:, row] * spins[:, col]) @ coupling + offset
    np.testing.assert_allclose(ising, compiled.energies(bits))
    kept = compile_problem(binaries(2, rows=rows_of([(-INF, {0: 2.0, 1: 3.0}, 3.0)], 2)), accepts=Accepts(rows=True))
    if len(kept.rows) or len(kept.groups):
        with pytest.raises(BackendContractError, match="only a plain QUBO"):
            kept.to_ising()


def test_grid_slack_leaves_no_floor_under_feasible_points():
    """ToQUBO.jl (issues 205, 208, 212): slack of a row with reals lies on a grid that misses feasible points, which
    then pay; the weight was raised from 26,101 to 1e7 by hand. Here every point of the grid has exactly its objective,
    and the note says that reals prove nothing."""
    kinds = np.array([Kind.REAL, Kind.BINARY], np.int8)
    columns = Columns(kinds, np.zeros(2), np.array([1.0, 1.0]), names("r", 2), np.array([0.125, 0.0]))
    rows = rows_of([(-INF, {0: 1.0, 1: 0.3}, 1.05)], 2)
    problem = Problem.build(columns, polynomial_of(2, {(0,): -1.0, (1,): -0.4}), rows=rows)
    compiled = compile_problem(problem)
    assert compiled.guarantee == "none"
    assert any("real variables" in note for note in compiled.notes)
    points = all_points(problem)
    points = points[holds(problem, points)]
    np.testing.assert_allclose(compiled.energies(compiled.encode(points)), problem.objectives(points)[:, 0])


@pytest.mark.parametrize("rule", RULES)
def test_one_flip_is_not_enough_to_leave_a_broken_row(rule):
    """VLM, MOMC and MOC weigh what one flip gains. Leaving x1 + … + x6 = 3 y takes several flips at once."""
    n = 6
    lines = [(0.0, {**dict.fromkeys(range(n), 1.0), n: -3.0}, 0.0), (0.0, {n: 1.0}, 0.0)]
    objective = {(k,): -1.0 for k in range(n)} | {(n,): 5.0}
    problem = binaries(n + 1, objective, rows=rows_of(lines, n + 1))
    compiled = compile_problem(problem, penalty=rule, presolve=False)
    check_compiled(compiled, incumbent=0.0)
    np.testing.assert_array_equal(decoded_minimisers(compiled), np.zeros((1, n + 1)))


def test_a_weight_too_small_is_never_called_proven():
    """Every peer with a weight of its own choice emits it without a word; ours says that nothing is proven."""
    problem = Problem.build(
        Columns.binaries(names("x", 3)), Polynomial(-np.ones(3)), rows=rows_of([(-INF, {0: 2, 1: 3, 2: 4}, 5.0)], 3)
    )
    for rule in RULES:
        compiled = compile_problem(problem, penalty=registry.load("penalties", rule, scale=0.1))
        if compiled.penalties:
            assert compiled.guarantee == "none"
            assert any("proven: none" in note for note in compiled.notes)
