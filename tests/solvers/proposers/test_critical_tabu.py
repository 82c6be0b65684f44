"""Tabu search for job shops: what it hands back, when it stops, and that the same seed gives the same answer."""

import itertools
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from qopt.core.budget import Budget
from qopt.core.forms.shop import Proposal, Shop, evaluate, semi_active
from qopt.core.solution import Origin
from qopt.core.watch import Watch
from qopt.solvers.bounders import branch_shop
from qopt.solvers.proposers import critical_tabu
from qopt.solvers.proposers._shop_pool import Elite, Pool, spread

INSTANCES = Path(__file__).resolve().parents[3].parent / "shared" / "instances" / "jobshop"


def shop(*jobs: list[tuple[int, int]], machines: int) -> Shop:
    flat = [task for job in jobs for task in job]
    return Shop(np.cumsum([0] + [len(job) for job in jobs]), [m for m, _ in flat], [d for _, d in flat], machines)


def square(rng: np.random.Generator, jobs: int, machines: int, longest: int = 50) -> Shop:
    order = np.concatenate([rng.permutation(machines) for _ in range(jobs)])
    return Shop(np.arange(jobs + 1) * machines, order, rng.integers(1, longest, size=jobs * machines), machines)


def watch(offers: list | None = None, clock=time.perf_counter) -> Watch:
    return Watch(clock=clock, on_offer=None if offers is None else lambda *offer: offers.append(offer))


def assert_proposals(form: Shop, proposals) -> None:
    assert 1 <= len(proposals) <= critical_tabu.PLUGIN.keep
    assert list(proposals.objectives) == sorted(proposals.objectives)
    assert len({proposal.key() for proposal in proposals.proposals}) == len(proposals)
    for proposal, objective in zip(proposals.proposals, proposals.objectives):
        check = evaluate(form, proposal)
        assert check.feasible and check.objective == objective
        assert semi_active(form, proposal.start).key() == proposal.key()


def test_small_shops_are_solved_and_all_it_says_is_true() -> None:
    rng = np.random.default_rng(21)
    for _ in range(40):
        machines = int(rng.integers(1, 5))
        jobs = [
            [(int(rng.integers(machines)), int(rng.integers(0, 9))) for _ in range(rng.integers(0, 6))]
            for _ in range(rng.integers(1, 6))
        ]
        form = shop(*jobs, machines=machines)
        offers: list = []
        found = critical_tabu.PLUGIN.propose(form, budget=Budget(work=30_000), seed=3, watch=watch(offers))
        assert_proposals(form, found)
        bound = branch_shop.PLUGIN.bound(form, incumbent=None, budget=Budget(), watch=watch())
        assert bound is not None and found.objectives[0] == bound.value
        objectives = [objective for _, objective, _ in offers]
        assert all(b < a for a, b in itertools.pairwise(objectives)) and objectives[-1] == found.objectives[0]
        for candidate, objective, backend in offers:
            assert (candidate.origin, candidate.backend, backend) == (Origin.PROPOSED, *["critical_tabu"] * 2)
            assert evaluate(form, candidate.proposal).levels == (objective,)


@pytest.mark.parametrize(
    ("form", "makespan"),
    [
        (shop([(0, 3), (1, 2)], machines=2), 5),
        (shop([(0, 3)], [(0, 4)], [(0, 5)], machines=1), 12),
        (shop([], [(0, 4)], [], machines=1), 4),
        (shop([], [], machines=2), 0),
        (shop([(0, 0), (1, 0)], machines=2), 0),
        (shop([(0, 3), (0, 4), (1, 1), (0, 2)], [(0, 5)], machines=2), 14),
        (shop([(0, 10)], [(1, 5), (0, 0), (1, 5)], machines=2), 10),
    ],
    ids=["one job", "one machine", "empty jobs", "no tasks", "no durations", "back to a machine", "no time inside"],
)
def test_shops_of_odd_shape(form: Shop, makespan: int) -> None:
    found = critical_tabu.PLUGIN.propose(form, budget=Budget(work=2000), seed=1, watch=watch())
    assert_proposals(form, found)
    assert found.objectives[0] == makespan and found.stopped_by == "done" and found.info["optimal"]


def test_work_decides_the_answer_however_the_run_is_cut() -> None:
    form = square(np.random.default_rng(5), 8, 8)
    ticks = itertools.accumulate(itertools.cycle([1e-6, 0.7, 0.002]))
    runs = [
        critical_tabu.PLUGIN.propose(form, budget=Budget(work=25_000), seed=9, watch=watch(clock=clock))
        for clock in (time.perf_counter, lambda: next(ticks))
    ]
    assert runs[0].objectives == runs[1].objectives and runs[0].info == runs[1].info
    assert [p.key() for p in runs[0].proposals] == [p.key() for p in runs[1].proposals]
    assert runs[0].stopped_by == "work" and runs[0].info["iterations"] == 25_000
    other = critical_tabu.PLUGIN.propose(form, budget=Budget(work=25_000), seed=10, watch=watch())
    assert [p.key() for p in other.proposals] != [p.key() for p in runs[0].proposals]


def test_it_starts_from_what_is_known_and_is_never_worse() -> None:
    form = square(np.random.default_rng(6), 10, 10)
    good = critical_tabu.PLUGIN.propose(form, budget=Budget(work=60_000), seed=1, watch=watch())
    loose = Proposal(good.proposals[0].start * 2)
    again = critical_tabu.PLUGIN.propose(form, budget=Budget(work=1), seed=2, watch=watch(), pool=[loose])
    assert again.objectives[0] <= good.objectives[0]


def test_target_and_stop() -> None:
    form = square(np.random.default_rng(7), 10, 10)
    easy = critical_tabu.PLUGIN.propose(form, budget=Budget(target=900.0), seed=1, watch=watch())
    assert easy.stopped_by == "target" and easy.objectives[0] <= 900
    stopped = watch()
    stopped.cancel()
    found = critical_tabu.PLUGIN.propose(form, budget=Budget(), seed=1, watch=stopped)
    assert_proposals(form, found)
    assert found.stopped_by == "cancelled"


def test_after_a_proof_it_looks_for_other_schedules_as_short() -> None:
    form = shop(*[[(0, 5), (1, 1)] for _ in range(5)], machines=2)
    found = critical_tabu.PLUGIN.propose(form, budget=Budget(), seed=1, watch=watch())
    assert found.stopped_by == "done" and found.objectives.count(26.0) > 5


def test_the_pool_keeps_the_short_and_the_different() -> None:
    pool = Pool(size=2, apart=1.0)
    a, b, one = np.array([0, 1, 2, 3]), np.array([3, 2, 1, 0]), np.zeros(4, dtype=np.int32)
    pool.add(Elite.of(10, a, one))
    pool.add(Elite.of(11, a + 5, one))
    assert [m.makespan for m in pool.members] == [10]
    pool.add(Elite.of(9, a + 5, one))
    pool.add(Elite.of(12, b, one))
    assert [m.makespan for m in pool.members] == [9, 12]
    assert sorted(pool.blend(np.random.default_rng(1))) == [0, 1, 2, 3]
    assert pool.add(Elite.of(8, np.array([1, 0, 3, 2]), one))
    assert not pool.add(Elite.of(10, np.array([0, 2, 1, 3]), one))
    assert [m.makespan for m in pool.members] == [8, 9]
    assert spread(pool.members) == 1.0 and spread(pool.members[:1]) == 0.0
    pool.part(1.5)
    assert [m.makespan for m in pool.members] == [8] and pool.apart == 1.5


def test_schedules_differ_by_the_orders_of_their_machines_alone() -> None:
    machine = np.array([1, 0, 1, 0, 1])
    first = Elite.of(9, np.array([0, 1, 2, 3, 4]), machine)
    assert first.place.tolist() == [0, 0, 1, 1, 2]
    assert first.distance(Elite.of(9, np.array([0, 5, 2, 6, 4]), machine)) == 0.0
    assert first.distance(Elite.of(9, np.array([4, 1, 2, 3, 0]), machine)) == 4 / 5


def test_the_pool_draws_together_as_the_work_is_used_up_and_then_begins_anew() -> None:
    form = square(np.random.default_rng(3), 10, 10)
    plugin = critical_tabu.CriticalTabu(patience=50, elites=4, wide=0.8, apart=0.1, cycle=60)
    run = critical_tabu.Run(plugin, form, Budget(work=10**9), 1, watch(), ())
    distances, cycles = [], 0
    for _ in range(400):
        before = len(run.random_rounds)
        run.step(50)
        if len(run.random_rounds) < before:
            cycles += 1
            assert min(distances) == 0.1 and distances == sorted(distances, reverse=True) and distances[0] > 0.4
            assert run.best == min(makespan for makespan, _ in run.archive.values())
            distances.clear()
        elif len(run.random_rounds) >= 4:
            distances.append(run.pool.apart)
    assert cycles >= 2
    half = critical_tabu.Run(plugin, form, Budget(work=1000), 1, watch(), ())
    half.step(500)
    assert half._used() == 0.5
    timed = critical_tabu.Run(plugin, form, Budget(), 1, Watch(clock=itertools.count(0.0).__next__, deadline=10.0), ())
    assert timed._used() == 0.1


def test_a_blend_of_two_schedules_keeps_every_order_they_share() -> None:
    rng = np.random.default_rng(8)
    form = square(rng, 6, 5)
    pool = Pool(size=2, apart=0.1)
    for _ in range(2):
        plan = semi_active(form, rng.random(form.tasks))
        pool.add(Elite.of(int(evaluate(form, plan).objective), plan.start, form.machine))
    first, second = pool.members
    for _ in range(20):
        place = np.argsort(pool.blend(rng))
        shared = (first.rank[:, None] < first.rank) & (second.rank[:, None] < second.rank)
        assert (place[:, None] < place)[shared].all()


def test_the_same_without_the_compiler() -> None:
    code = (
        "from test_critical_tabu import *; form = square(np.random.default_rng(1), 5, 4);"
        "r = critical_tabu.CriticalTabu(patience=60).propose(form, budget=Budget(work=400), seed=2, watch=watch());"
        "print(r.objectives, r.info, [p.key() for p in r.proposals])"
    )
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(Path(__file__).parent)}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    form = square(np.random.default_rng(1), 5, 4)
    plugin = critical_tabu.CriticalTabu(patience=60)
    found = plugin.propose(form, budget=Budget(work=400), seed=2, watch=watch())
    assert run.stdout.strip() == f"{found.objectives} {found.info} {[p.key() for p in found.proposals]}"


@pytest.mark.parametrize(
    ("name", "at_most"), [("ft06", 55), ("la01", 666), ("la06", 926), ("la16", 950), ("ft10", 944)]
)
def test_published_instances(name: str, at_most: int) -> None:
    path = INSTANCES / f"{name}.txt"
    if not path.exists():
        pytest.skip(f"{path} is not there")
    lines = [[int(x) for x in line.split()] for line in path.read_text().splitlines() if not line.startswith("#")]
    form = shop(*[list(zip(row[::2], row[1::2])) for row in lines[1:] if row], machines=lines[0][1])
    found = critical_tabu.PLUGIN.propose(form, budget=Budget(work=200_000), seed=1, watch=watch())
    assert_proposals(form, found)
    assert found.objectives[0] <= at_most
