"""The harness of the compile benchmarks: it counts rightly, and it notices what it is there to notice."""

import json
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from benchmarks.compile import brute, compare, conflicts, exactness, models, peer_common  # noqa: E402
from qopt.compilers.compile import compile_problem  # noqa: E402
from qopt.core.polynomial import polynomial_of  # noqa: E402
from qopt.core.watch import Watch  # noqa: E402
from qopt.milp.solve import solve  # noqa: E402


def test_energies_by_doubling_are_those_of_the_polynomial():
    p = polynomial_of(5, {(): 2.0, (0,): -1.5, (4,): 3.0, (0, 3): 4.0, (1, 4): -2.0, (2, 3): 0.5})
    every = brute.strings(np.arange(32), 5)
    np.testing.assert_array_equal(brute.energies(p), p.evaluate(every))
    with pytest.raises(ValueError, match="19 bits"):
        brute.energies(polynomial_of(19, {}))


@pytest.mark.parametrize("kind", models.CLASSES)
def test_models_are_feasible_and_the_same_for_the_same_seed(kind):
    seen = set()
    for size in models.SIZES:
        for seed in range(2):
            made = models.document(kind, size, seed)
            assert made == models.document(kind, size, seed)
            assert made["n"] == len(made["linear"]) == size
            seen.add(json.dumps(made, sort_keys=True))
            watch = Watch(clock=time.perf_counter, deadline=time.perf_counter() + 60)
            assert solve(models.problem_of(made), watch=watch, gap=0.5).values
    assert len(seen) == 2 * len(models.SIZES)


def test_precision_counts_multiples_of_the_common_divisor():
    assert peer_common.precision([6.0, -18.0, 0.0]) == (18.0, 2.0)
    assert peer_common.precision([0.25, 0.75]) == (0.75, 2.0)
    assert peer_common.precision([]) == (0.0, 0.0)


def test_a_compile_of_the_objective_alone_is_a_counterexample():
    """What a weight of 0 gives."""
    model = models.document("knapsack", 8, 0)
    problem = models.problem_of(model)
    made = compile_problem(problem, penalty="range", presolve=False)
    truth = exactness.truth_of(problem)
    assert exactness.fault(made, "argmin", truth, None) == ""
    assert compare.exact(model, compare.row_of(made, 0.0))
    assert made.polynomial.n > problem.n
    bare = polynomial_of(made.num_bits, {(k,): -float(v) for k, v in enumerate(model["linear"])})
    broken = replace(made, polynomial=bare)
    assert exactness.fault(broken, "argmin", truth, None) == "a minimiser decodes to something infeasible"
    assert not compare.exact(model, compare.row_of(broken, 0.0))
    silent = replace(made, guarantee="none", notes=())
    assert "no note" in exactness.fault(silent, "argmin", truth, None)


def test_a_wrong_order_below_the_limit_is_a_counterexample():
    problem = models.problem_of(models.document("knapsack", 8, 1))
    truth = exactness.truth_of(problem)
    made = compile_problem(problem, guarantee="top:10%", penalty="range", presolve=False)
    assert exactness.fault(made, "top:10%", truth, None) == ""
    best, second = np.unique(truth.energy)[:2]
    assert second <= best + 0.1 * abs(best)
    point = made.encode(truth.points[truth.energy == second][:1])[0]
    bit = int(np.flatnonzero(point[: problem.n])[0])
    p = made.polynomial
    shifted = p.linear + 0.01 * (np.arange(p.n) == bit)
    wrong = replace(made, polynomial=replace(p, linear=shifted))
    assert "objective" in exactness.fault(wrong, "top:10%", truth, None)


@pytest.mark.parametrize("kind", conflicts.KINDS)
def test_hidden_contradictions_are_real_and_superfluous_members_are_noticed(kind):
    problem = conflicts.KINDS[kind](np.random.default_rng([3, 1]), 24)
    assert conflicts.infeasible(problem, set(problem.rows.names) | set(problem.columns.names))
    assert not conflicts.infeasible(problem, {problem.rows.names[0]})
    _, members, minimal, named = conflicts.judged(problem)
    assert members > 1 and minimal and named
