"""The shop form: its judge and its left-shifted schedules, against plain definitions."""

import numpy as np
import pytest

from qopt.core.forms.shop import Proposal, Shop, evaluate, semi_active


def shop(*jobs: list[tuple[int, int]], machines: int | None = None) -> Shop:
    indptr = np.cumsum([0] + [len(job) for job in jobs])
    machine = [m for job in jobs for m, _ in job]
    duration = [d for job in jobs for _, d in job]
    return Shop(indptr, machine, duration, machines or max(machine, default=-1) + 1)


def overlaps(form: Shop, start: np.ndarray) -> bool:
    """Whether two tasks with time on a machine share any of it: every pair, by definition."""
    end = start + form.duration
    for a in range(form.tasks):
        for b in range(a):
            same = form.machine[a] == form.machine[b] and form.duration[a] > 0 and form.duration[b] > 0
            if same and start[a] < end[b] and start[b] < end[a]:
                return True
    return False


def test_the_judge_sees_every_overlap_and_no_other() -> None:
    rng = np.random.default_rng(5)
    seen = set()
    for _ in range(400):
        form = shop(*([(int(m), int(d))] for m, d in zip(rng.integers(2, size=4), rng.integers(4, size=4))), machines=2)
        start = rng.integers(8, size=4)
        check = evaluate(form, Proposal(start))
        assert check.feasible == (not overlaps(form, start))
        seen.add(check.feasible)
    assert seen == {True, False}


def test_an_overlap_around_a_task_without_duration_is_seen() -> None:
    form = shop([(0, 10)], [(0, 0)], [(0, 2)])
    check = evaluate(form, Proposal(np.array([0, 5, 7])))
    assert [violation.name for violation in check.violations] == ["machine"]
    assert evaluate(form, Proposal(np.array([0, 5, 10]))).feasible


def test_job_order_and_time_zero_are_judged() -> None:
    form = shop([(0, 3), (1, 2)])
    assert [v.amount for v in evaluate(form, Proposal(np.array([0, 1]))).violations] == [2.0]
    assert [v.amount for v in evaluate(form, Proposal(np.array([-1, 4]))).violations] == [1.0]
    assert evaluate(form, Proposal(np.array([0, 3]))).levels == (5.0,)
    with pytest.raises(ValueError, match="1 starts for 2 tasks"):
        evaluate(form, Proposal(np.array([0])))


def test_any_priority_gives_a_feasible_left_shifted_schedule() -> None:
    rng = np.random.default_rng(2)
    for _ in range(60):
        jobs = [
            [(int(rng.integers(3)), int(rng.integers(5))) for _ in range(rng.integers(0, 5))]
            for _ in range(rng.integers(1, 5))
        ]
        form = shop(*jobs, machines=3)
        plan = semi_active(form, rng.random(form.tasks))
        check = evaluate(form, plan)
        assert check.feasible, check.violations
        late = Proposal(plan.start * 2)
        assert evaluate(form, late).feasible
        again = semi_active(form, late.start)
        assert evaluate(form, again).objective <= check.objective


def test_no_tasks_at_all() -> None:
    form = Shop(np.array([0, 0]), np.array([]), np.array([]), 0)
    assert semi_active(form, []).start.shape == (0,)
    assert evaluate(form, semi_active(form, [])).levels == (0.0,)


def test_heads_and_tails_follow_the_jobs() -> None:
    form = shop([(0, 3), (1, 0), (0, 2)], [], [(1, 4)])
    assert form.head.tolist() == [0, 3, 3, 0]
    assert form.tail.tolist() == [2, 2, 0, 0]


def test_tasks_without_duration_can_be_left_out_and_put_back() -> None:
    rng = np.random.default_rng(9)
    for _ in range(40):
        jobs = [[(int(rng.integers(2)), int(rng.integers(3))) for _ in range(rng.integers(0, 5))] for _ in range(3)]
        form = shop(*jobs, machines=2)
        busy = form.busy()
        assert (busy.duration > 0).all() and busy.duration.sum() == form.duration.sum()
        assert busy.jobs == form.jobs
        plan = semi_active(busy, rng.random(busy.tasks))
        check = evaluate(form, form.with_idle(plan.start))
        assert check.feasible and check.levels == evaluate(busy, plan).levels
