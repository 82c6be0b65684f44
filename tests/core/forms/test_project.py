"""The form ``project``: a job shop is the same there as in ``shop``, and every further rule binds."""

import numpy as np
import pytest

from qopt.core.forms import project, shop
from qopt.core.forms.project import FOREVER, Current, Proposal
from qopt.testing.projects import project_of


def violated(form, mode, start):
    return {v.name for v in project.evaluate(form, Proposal(np.array(mode), np.array(start))).violations}


@pytest.mark.parametrize("seed", range(20))
def test_a_job_shop_is_judged_as_in_shop(seed):
    random = np.random.default_rng(seed)
    jobs, machines = 3, 3
    machine = np.concatenate([random.permutation(machines) for _ in range(jobs)])
    duration = random.integers(1, 9, jobs * machines)
    old = shop.Shop(np.arange(jobs + 1) * machines, machine, duration, machines)
    chain = [(t, t + 1) for t in range(jobs * machines - 1) if (t + 1) % machines]
    new = project_of(
        [[(int(d), {int(m): 1})] for d, m in zip(duration, machine)],
        [1] * machines,
        chain,
        jobs=np.repeat(np.arange(jobs), machines),
    )
    start = shop.semi_active(old, random.random(jobs * machines)).start
    for moved in (start, np.maximum(0, start + random.integers(-1, 2, len(start)))):
        before = shop.evaluate(old, shop.Proposal(moved))
        after = project.evaluate(new, Proposal(np.arange(len(moved)), moved))
        assert before.feasible == after.feasible
        assert before.objective == after.objective


def test_resources_calendars_and_setups():
    work = [[(3, {0: 2})], [(3, {0: 2})], [(2, {1: 1}), (4, {2: 1})]]
    form = project_of(work, [3, 1, 1], closed=[(1, 2, 5)])
    assert violated(form, [0, 1, 2], [0, 3, 0]) == set()
    assert violated(form, [0, 1, 2], [0, 2, 0]) == {"capacity"}
    assert violated(form, [0, 1, 2], [0, 3, 1]) == {"calendar"}
    assert violated(form, [0, 1, 3], [0, 3, 1]) == set()
    assert violated(form, [0, 1, 1], [0, 3, 5]) == {"modes"}
    table = np.array([[0, 4], [1, 0], [2, 2]])
    form = project_of([[(1, {0: 1})]] * 3, [1], setup=(table,), family=np.array([0, 1, -1]))
    assert violated(form, [0, 1, 2], [2, 7, 8]) == set()
    assert violated(form, [0, 1, 2], [2, 6, 8]) == {"setup"}
    assert violated(form, [0, 1, 2], [1, 7, 8]) == {"setup"}
    check = project.evaluate(form, Proposal(np.arange(3), np.array([2, 7, 8])))
    assert check.parts["setup"] == 6


def test_lags_times_and_objectives():
    tasks = [[(2, {})], [(3, {})]]
    form = project_of(tasks, [], [(0, 1, False, 0, 0)])
    assert violated(form, [0, 1], [0, 2]) == set()
    assert violated(form, [0, 1], [0, 3]) == {"start within"}
    assert violated(form, [0, 1], [0, 1]) == {"order"}
    form = project_of(tasks, [], [(0, 1, True, 1, 4)], release=np.array([1, 0]), deadline=np.array([FOREVER, 6]))
    assert violated(form, [0, 1], [0, 1]) == {"release"}
    assert violated(form, [0, 1], [3, 4]) == {"deadline"}
    levels = ((("weighted_tardiness", 2.0),), (("flow_time", 1.0), ("tardy", 10.0)))
    form = project_of(tasks, [], jobs=[0, 1], due=np.array([1, FOREVER]), weight=np.array([3.0, 1.0]), levels=levels)
    assert project.evaluate(form, Proposal(np.array([0, 1]), np.array([2, 4]))).levels == (18.0, 4 + 7 + 30)


def test_what_is_pinned_stays():
    now = Current(np.array([0, 1]), np.array([0, 4]), np.array([np.inf, 5.0]))
    form = project_of([[(2, {})], [(3, {})]], [], current=now, levels=((("changes", 1.0),),))
    assert violated(form, [0, 1], [1, 4]) == {"pinned"}
    assert project.evaluate(form, Proposal(np.array([0, 1]), np.array([0, 5]))).levels == (5.0,)
