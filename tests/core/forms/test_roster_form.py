"""The form ``roster``: each rule alone, and its judge against the judge of its columns."""

import time

import numpy as np
import pytest

from qopt.core.forms.roster import Current, Proposal, evaluate
from qopt.core.forms.roster_cells import Cells
from qopt.core.watch import Watch
from qopt.evaluate.check import check
from qopt.milp.solve import solve
from qopt.testing.forms import small_forms
from qopt.testing.rosters import random_roster, roster_of

CLOSED = np.array([[[True, False, False]] + [[True] * 3] * 6])


def judged(form, *rows):
    return evaluate(form, Proposal(np.array(rows)))


@pytest.mark.parametrize(
    ("rule", "good", "bad", "name", "amount"),
    [
        ({"most_work": 3}, [1, 1, 1, 0, 1, 1, 1], [0, 1, 1, 1, 1, 1, 0], "run of work", 2),
        ({"most_work": 3}, [1, 1, 1, 0, 0, 0, 0], [0, 0, 0, 1, 1, 1, 1], "run of work", 1),
        ({"least_work": 3}, [1, 0, 1, 1, 1, 0, 1], [1, 0, 2, 2, 0, 1, 1], "run of work", 1),
        ({"least_rest": 3}, [0, 1, 0, 0, 0, 1, 0], [1, 0, 0, 1, 1, 0, 0], "run of rest", 1),
        ({"most_weekends": 0}, [1, 1, 1, 1, 1, 0, 0], [0, 0, 0, 0, 0, 1, 1], "weekends", 1),
        ({"forbidden": [(2, 1)]}, [1, 2, 2, 0, 1, 2, 0], [0, 2, 1, 0, 2, 1, 0], "successions", 2),
        ({"allowed": CLOSED}, [0, 2, 2, 0, 1, 2, 0], [1, 2, 1, 0, 2, 1, 0], "available", 1),
        ({"totals": [(0, 1, 4, [0, 8, 6], 8, 14, np.inf)]}, [1, 1, 2, 0, 1, 1, 1], [1, 2, 0, 0, 1, 1, 1], "totals", 2),
        ({"totals": [(0, 1, 4, [0, 8, 6], 8, 14, np.inf)]}, [1, 1, 2, 0, 1, 1, 1], [0, 1, 1, 1, 0, 0, 0], "totals", 10),
        ({"cover": [(2, 1, 0, 1, 1, np.inf, np.inf)]}, [0, 0, 1, 0, 0, 0, 0], [1, 1, 2, 1, 1, 1, 1], "cover", 1),
    ],
)
def test_each_hard_rule_is_noticed_with_its_amount(rule, good, bad, name, amount):
    form = roster_of(1, 7, 2, **rule)
    assert judged(form, good).feasible
    found = judged(form, bad)
    assert {v.name for v in found.violations} == {name}
    assert found.total_violation == amount
    for row in (good, bad):
        proposal = Proposal(np.array([row]))
        cells = Cells(form)
        assert check(cells.problem(), cells.lift(proposal)).feasible == evaluate(form, proposal).feasible


def test_soft_rules_are_paid_part_by_part():
    cover = [(0, 1, 0, 2, 2, 5.0, 1.0), (1, 1, 1, 1, 1, 7.0, 3.0)]
    counts = np.zeros((2, 2), bool)
    counts[:, 1] = True
    form = roster_of(
        3,
        2,
        1,
        cover=cover,
        groups=np.array([[True] * 3, [False, False, True]]),
        totals=[(0, 0, 2, [0, 1], 2, 2, 0.5)],
        balance=[(counts, np.array([True, True, False]), 10.0)],
        wish=np.arange(12.0).reshape(3, 2, 2),
        current=Current(np.array([[1, 1], [-1, 1], [0, 0]]), np.array([[2.0, np.inf], [2.0, 2.0], [2.0, 2.0]])),
    )
    found = judged(form, [1, 1], [1, 0], [1, 1])
    assert found.feasible
    # Three people where two are wanted; wishes 1+3+5+6+9+11; tallies 2 and 1; three of the five known cells moved.
    assert found.parts == {"wishes": 35.0, "under": 0.0, "over": 1.0, "totals": 0.0, "changes": 6.0, "fairness": 10.0}
    assert found.objective == 52.0
    moved = judged(form, [1, 0], [1, 0], [0, 0])
    assert [v.name for v in moved.violations] == ["pinned"]
    assert moved.parts["under"] == 7.0 and moved.parts["totals"] == 0.5


@pytest.mark.parametrize("seed", range(6))
def test_both_judges_agree_on_random_plans(seed):
    """Whatever the plan, the form and its columns call it feasible alike and state one objective."""
    form = random_roster(3, 6, 2, seed=seed, rich=True)
    cells, rng = Cells(form), np.random.default_rng(seed)
    problem = cells.problem()
    assert problem.n == cells.size
    feasible = list(solve(problem, watch=Watch(clock=time.perf_counter), nodes=20).values)
    plans = [Proposal(rng.integers(0, 3, (3, 6))) for _ in range(40)]
    plans += [found for values in feasible if (found := cells.lower(values)) is not None]
    for plan in plans:
        mine, theirs = evaluate(form, plan), check(problem, cells.lift(plan))
        assert mine.feasible == theirs.feasible
        assert mine.objective == pytest.approx(theirs.objective)
        back = cells.lower(cells.lift(plan))
        assert back is not None and back.key() == plan.key()


def test_columns_have_the_optimum_of_enumeration():
    for form, optimum in small_forms("roster"):
        outcome = solve(Cells(form).problem(), watch=Watch(clock=time.perf_counter))
        assert outcome.status == ("infeasible" if optimum is None else "optimal")
        if optimum is not None:
            assert outcome.objectives[0][0] == pytest.approx(optimum)


def test_two_shifts_on_a_day_are_no_proposal():
    cells = Cells(roster_of(1, 2, 2))
    assert cells.lower(np.array([1.0, 1.0, 0.0, 0.0])) is None


def test_arrays_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="wish has shape"):
        roster_of(1, 2, 2, wish=np.zeros((1, 2, 2)))
    with pytest.raises(ValueError, match="may do nothing"):
        roster_of(1, 2, 2, allowed=np.zeros((1, 2, 3)))
