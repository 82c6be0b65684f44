"""Bounds of the job shop against the true optimum, found by trying every order of places."""

import os
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from qopt.core.budget import Budget
from qopt.core.forms.shop import Shop, evaluate
from qopt.core.watch import Watch
from qopt.solvers.bounders import branch_shop, one_machine
from qopt.solvers.bounders.one_machine import fullest_machine, jackson, longest_job

# Fisher & Thompson (1963), printed in every textbook: 6 jobs, 6 machines, least makespan 55
FT06 = """2 1 0 3 1 6 3 7 5 3 4 6  1 8 2 5 4 10 5 10 0 10 3 4  2 5 3 4 5 8 0 9 1 1 4 7
          1 5 0 5 2 5 3 3 4 8 5 9  2 9 1 3 4 5 5 4 0 3 3 1     1 3 3 3 5 9 0 10 4 4 2 1"""


def ft06() -> Shop:
    numbers = np.array(FT06.split(), dtype=int)
    return Shop(np.arange(7) * 6, numbers[::2], numbers[1::2], 6)


def random_shop(rng: np.random.Generator) -> Shop:
    """Half of them 3 jobs over 4 machines; in the others jobs may be empty or come back, durations may be 0."""
    if rng.random() < 0.5:
        order = np.concatenate([rng.permutation(4) for _ in range(3)])
        return Shop(np.arange(4) * 4, order, rng.integers(1, 7, size=12), 4)
    machines = int(rng.integers(1, 4))
    sizes = rng.integers(0, 4, size=rng.integers(1, 5))
    n = int(sizes.sum())
    return Shop(np.append(0, np.cumsum(sizes)), rng.integers(machines, size=n), rng.integers(0, 7, size=n), machines)


def optimum(form: Shop) -> int:
    """Least makespan over every way to place the jobs' tasks one by one as early as possible."""

    @cache
    def best(done: tuple[int, ...], ready: tuple[int, ...], free: tuple[int, ...]) -> int:
        least = None
        for j in range(form.jobs):
            t = form.indptr[j] + done[j]
            if t == form.indptr[j + 1]:
                continue
            m, d = form.machine[t], int(form.duration[t])
            end = ready[j] if d == 0 else max(ready[j], free[m]) + d
            after = free if d == 0 else free[:m] + (end,) + free[m + 1 :]
            value = best(done[:j] + (done[j] + 1,) + done[j + 1 :], ready[:j] + (end,) + ready[j + 1 :], after)
            least = value if least is None else min(least, value)
        return max(ready, default=0) if least is None else least

    return best((0,) * form.jobs, (0,) * form.jobs, (0,) * form.machines)


def watched(offers: list | None = None, bounds: list | None = None) -> Watch:
    return Watch(
        clock=time.perf_counter,
        on_offer=None if offers is None else lambda candidate, objective, _: offers.append((candidate, objective)),
        on_bound=None if bounds is None else bounds.append,
    )


def test_exhaustion_equals_the_optimum_and_no_bound_is_above_it() -> None:
    rng = np.random.default_rng(11)
    raised = 0
    for _ in range(160):
        form = random_shop(rng)
        true = optimum(form)
        assert longest_job(form) <= true and fullest_machine(form) <= jackson(form) <= true
        for incumbent in (None, float(true), float(true + 3)):
            bound = branch_shop.PLUGIN.bound(form, incumbent=incumbent, budget=Budget(), watch=watched())
            assert bound is not None and bound.value == true, (form.indptr, form.machine, form.duration)
        simple = one_machine.PLUGIN.bound(form, incumbent=None, budget=Budget(), watch=watched())
        assert simple is not None and simple.value == max(longest_job(form), jackson(form)) <= true
        assert simple.proof == "combinatorial"
        raised += true > simple.value
    assert raised > 30


def test_a_larger_shop_needs_branching_and_offers_what_it_finds() -> None:
    rng = np.random.default_rng(4)
    form = Shop(np.arange(5) * 3, np.concatenate([rng.permutation(3) for _ in range(4)]), rng.integers(1, 9, 12), 3)
    offers: list = []
    bounds: list = []
    bound = branch_shop.PLUGIN.bound(form, incumbent=None, budget=Budget(), watch=watched(offers, bounds))
    assert bound is not None and bound.value == optimum(form)
    assert [b.value for b in bounds] == sorted(b.value for b in bounds) and bounds[-1] == bound
    for candidate, objective in offers:
        check = evaluate(form, candidate.proposal)
        assert check.feasible and check.objective == objective >= bound.value


def test_ft06_is_proven() -> None:
    bound = branch_shop.PLUGIN.bound(ft06(), incumbent=55.0, budget=Budget(work=10_000), watch=watched())
    assert bound is not None and (bound.value, bound.proof, bound.source) == (55.0, "exhaustive", "branch_shop")
    alone = branch_shop.PLUGIN.bound(ft06(), incumbent=None, budget=Budget(work=10_000), watch=watched())
    assert alone == bound


def test_work_limits_the_search_and_decides_its_course() -> None:
    rng = np.random.default_rng(8)
    form = Shop(
        np.arange(11) * 10, np.concatenate([rng.permutation(10) for _ in range(10)]), rng.integers(1, 99, 100), 10
    )
    found = []
    for _ in range(2):
        bounds: list = []
        branch_shop.PLUGIN.bound(form, incumbent=None, budget=Budget(work=700), watch=watched(None, bounds))
        found.append(bounds[-1])
    assert found[0] == found[1] and found[0].value >= jackson(form)


def test_a_stopped_watch_gives_the_combinatorial_bound() -> None:
    watch = watched()
    watch.cancel()
    bound = branch_shop.PLUGIN.bound(ft06(), incumbent=None, budget=Budget(), watch=watch)
    assert bound is not None and (bound.value, bound.proof) == (52.0, "combinatorial")


def test_too_little_memory_gives_up_instead_of_searching_on() -> None:
    small = branch_shop.BranchShop(megabytes=0.001)
    bound = small.bound(ft06(), incumbent=60.0, budget=Budget(), watch=watched())
    assert bound is not None and 52.0 <= bound.value <= 55.0


@pytest.mark.parametrize(
    ("jobs", "source", "value"),
    [
        ([[(0, 5), (1, 5)]], "job_length", 10.0),
        ([[(0, 5)], [(0, 7)], []], "machine_load", 12.0),
        ([[(1, 4), (0, 2)], [(0, 6), (1, 1)]], "machine_load", 8.0),
        ([[(1, 5), (0, 3), (2, 4)], [(3, 5), (0, 3), (4, 4)], [(0, 1)]], "jackson_preemptive", 15.0),
        ([], "job_length", 0.0),
    ],
)
def test_the_simplest_rule_that_reaches_the_value_is_named(jobs: list, source: str, value: float) -> None:
    indptr = np.cumsum([0] + [len(job) for job in jobs])
    flat = [task for job in jobs for task in job]
    form = Shop(indptr, [m for m, _ in flat], [d for _, d in flat], 5)
    bound = one_machine.PLUGIN.bound(form, incumbent=None, budget=Budget(), watch=watched())
    assert bound is not None and (bound.source, bound.value) == (source, value)


def test_the_search_is_the_same_without_the_compiler() -> None:
    code = (
        "import time; from test_branch_shop import *;"
        "b = branch_shop.BranchShop(turn=8).bound(ft06(), incumbent=None, budget=Budget(work=60), watch=watched());"
        "print(b.value, b.proof)"
    )
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(Path(__file__).parent)}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    bound = branch_shop.BranchShop(turn=8).bound(ft06(), incumbent=None, budget=Budget(work=60), watch=watched())
    assert bound is not None and run.stdout.split() == [str(bound.value), bound.proof]
