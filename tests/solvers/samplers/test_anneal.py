"""Sampler ``anneal``: optimal on small problems, feasible by construction, the same whatever it is cut into."""

import itertools
import time
from pathlib import Path

import numpy as np
import pytest

from qopt.core import registry
from qopt.core.budget import Budget
from qopt.core.compiled import Compiled
from qopt.core.errors import ModelError, NotApplicableError
from qopt.core.polynomial import Polynomial, polynomial_of
from qopt.core.rows import GroupKind
from qopt.core.watch import Watch
from qopt.solvers.samplers import anneal
from qopt.testing.samplers import groups_of, random_polynomial

INSTANCES = Path(__file__).resolve().parents[3].parent / "shared" / "instances"
ONE, MOST, SQUARE = GroupKind.EXACTLY_ONE, GroupKind.AT_MOST_ONE, GroupKind.PERMUTATION


def endless(**kwargs):
    return Watch(clock=time.perf_counter, **kwargs)


def sample(compiled, *, budget=None, seed=1, watch=None, initial=None, **parameters):
    plugin = registry.load("samplers", "anneal", **parameters)
    return plugin.sample(compiled, budget=budget or Budget(), seed=seed, watch=watch or endless(), initial=initial)


def lowest(compiled):
    """The smallest energy over all points that satisfy the groups, by enumeration."""
    points = np.array(list(itertools.product((0, 1), repeat=compiled.num_bits)), dtype=np.int8)
    for _, kind, members in compiled.groups.simple():
        count = points[:, members].sum(axis=1)
        points = points[count == 1 if kind is ONE else count <= 1]
    return compiled.energies(points).min()


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(
    "groups",
    [
        None,
        groups_of((ONE, [0, 3, 7]), (ONE, [1, 2, 11, 10])),
        groups_of((MOST, [0, 3, 7]), (MOST, [5, 4])),
        groups_of((SQUARE, [11, 10, 9, 8, 7, 6, 5, 4, 3]), (ONE, [0, 1])),
    ],
    ids=["free", "exactly-one", "at-most-one", "permutation"],
)
def test_finds_the_optimum_of_twelve_bits(groups, seed):
    compiled = Compiled.of_polynomial(random_polynomial(12, seed, whole=seed % 2 == 0), groups)
    batch = sample(compiled, budget=Budget(reads=8), sweeps=200)
    assert batch.energies[0] == pytest.approx(lowest(compiled))


def test_sparse_problem_side_by_side_and_one_by_one():
    """A chain of couplings: many reads go through the vector lanes, few do not, both find the minimum."""
    n = 60
    terms = {(k, k + 1): (-1) ** (k % 3) for k in range(n - 1)} | {(k,): 0.5 - (k % 2) for k in range(n)}
    compiled = Compiled.of_polynomial(polynomial_of(n, terms))
    exact = registry.load("samplers", "dwave_tree").sample(compiled, budget=Budget(), seed=0, watch=endless())
    for reads in (4, 32):
        batch = sample(compiled, budget=Budget(reads=reads), sweeps=400)
        assert batch.info["layout"] == "sparse"
        assert batch.energies[0] == exact.energies[0]


@pytest.mark.parametrize("density", [1.0, 0.05])
def test_reads_do_not_depend_on_how_a_run_is_cut(density):
    """A clock that jumps makes every chunk as small as it gets; the answer is the same bit for bit."""
    compiled = Compiled.of_polynomial(random_polynomial(50, 3, density=density))
    ticks = itertools.count()
    slow = Watch(clock=lambda: next(ticks) * 0.5)
    fast = sample(compiled, budget=Budget(reads=20), sweeps=50)
    slow = sample(compiled, budget=Budget(reads=20), sweeps=50, watch=slow)
    assert np.array_equal(fast.bits, slow.bits)
    assert fast.info["moves_proposed"] == slow.info["moves_proposed"]


@pytest.mark.parametrize("reads", [4, 12, 70])
@pytest.mark.parametrize("density", [1.0, 0.05])
def test_threads_do_not_change_the_reads(density, reads):
    compiled = Compiled.of_polynomial(random_polynomial(50, 3, density=density))
    runs = [sample(compiled, budget=Budget(reads=reads), sweeps=30, watch=endless(threads=t)) for t in (1, 3)]
    assert np.array_equal(runs[0].bits, runs[1].bits)
    assert runs[0].info["reads"] == runs[1].info["reads"] == reads


def test_work_limits_the_moves():
    compiled = Compiled.of_polynomial(random_polynomial(40, 1))
    for work in (1, 10_000, 100_000):
        batch = sample(compiled, budget=Budget(work=work))
        again = sample(compiled, budget=Budget(work=work))
        assert np.array_equal(batch.bits, again.bits)
        assert batch.info["moves_proposed"] <= 1.2 * work + 40 * 40, "the descents at the end come on top"
        assert batch.stopped_by == "work"
    assert sample(compiled, budget=Budget(work=100_000, reads=3)).info["reads"] == 3


def test_starts_from_rows_given():
    """The minimum itself, handed in, is never lost; rows that break groups are mended."""
    compiled = Compiled.of_polynomial(random_polynomial(12, 5), groups_of((SQUARE, list(range(9))), (MOST, [9, 10])))
    best = sample(compiled, budget=Budget(reads=20)).bits[:1]
    kept = sample(compiled, budget=Budget(reads=1), sweeps=1, initial=best, beta_min=1e-9, beta_max=1e-9)
    assert kept.energies[0] == compiled.energies(best)[0]
    broken = np.ones((3, 12), dtype=np.int8)
    mended = sample(compiled, budget=Budget(reads=1), initial=broken)
    assert (mended.bits[:, :9].reshape(-1, 3, 3).sum(axis=1) == 1).all()


def test_deadline_alone_runs_until_it_comes():
    compiled = Compiled.of_polynomial(random_polynomial(30, 2))
    watch = endless(deadline=time.perf_counter() + 0.3)
    batch = sample(compiled, watch=watch)
    assert batch.stopped_by == "seconds"
    assert watch.remaining() < 0.15
    assert batch.info["reads"] >= 8


def test_offers_each_new_best():
    compiled = Compiled.of_polynomial(random_polynomial(30, 4))
    offers = []
    watch = endless(on_offer=lambda candidate, objective, backend: offers.append((candidate, backend)))
    batch = sample(compiled, budget=Budget(reads=20), watch=watch)
    energies = [compiled.problem.objectives(candidate.values)[0, 0] for candidate, _ in offers]
    assert energies == sorted(energies, reverse=True)
    assert energies[-1] == batch.energies[0]
    assert {backend for _, backend in offers} == {"anneal"}


def test_temperatures_asked_for_are_used():
    compiled = Compiled.of_polynomial(random_polynomial(10, 4).scaled(0.01))
    for schedule in ("geometric", "linear"):
        batch = sample(compiled, budget=Budget(reads=1), beta_min=2.0, beta_max=7.0, schedule=schedule)
        assert batch.info["beta_range"] == pytest.approx([2.0, 7.0])


def test_wrong_parameters_and_problems_are_refused():
    for wrong in ({"reads": 0}, {"sweeps": -1}, {"beta_min": 0.0}, {"schedule": "cubic"}, {"keep": 0}):
        with pytest.raises(ModelError, match="sampler anneal"):
            anneal.Anneal(**wrong)
    shared = Compiled.of_polynomial(Polynomial.zero(3), groups_of((ONE, [0, 1]), (ONE, [1, 2])))
    with pytest.raises(NotApplicableError, match="share a bit"):
        sample(shared)
    empty = Compiled.of_polynomial(Polynomial.zero(3), groups_of((ONE, [])))
    with pytest.raises(NotApplicableError, match="empty group"):
        sample(empty)


def test_nug12_as_a_permutation():
    """A quadratic assignment from a file: every row is an assignment, and 578 is the proven optimum."""
    path = INSTANCES / "qap" / "nug12.txt"
    if not path.exists():
        pytest.skip(f"no {path.name} beside the project")
    numbers = np.array(path.read_text().split(), dtype=float)
    n = int(numbers[0])
    flow, distance = numbers[-2 * n * n :].reshape(2, n, n)
    weight = np.einsum("ij,pq->ipjq", flow, distance).reshape(n * n, n * n)
    i, j = np.nonzero(weight)
    polynomial = Polynomial.from_pairs(np.zeros(n * n), i, j, weight[i, j], binary=True)
    compiled = Compiled.of_polynomial(polynomial, groups_of((SQUARE, list(range(n * n)))))
    batch = sample(compiled, budget=Budget(work=2_000_000))
    assert batch.energies[0] == 578
    squares = batch.bits.reshape(-1, n, n)
    assert (squares.sum(axis=1) == 1).all()
    assert (squares.sum(axis=2) == 1).all()
