"""conflict: infeasible as a whole, feasible without any one of its members, in the user's words."""

from dataclasses import replace

import milp_cases as cases
import numpy as np

from qopt.core.errors import Place
from qopt.core.names import Labels, NameTable
from qopt.core.problem import Columns, Kind, Problem
from qopt.core.rows import GroupKind, Groups, Indicators, Rows
from qopt.milp.conflict import conflict


def only(problem, names):
    """The problem with no other rules than the named ones."""
    keep = np.array([k for k in range(len(problem.rows)) if problem.rows.names[k] in names], dtype=int)
    return replace(
        problem,
        rows=problem.rows.select(keep),
        groups=problem.groups if any(n in names for n in problem.groups.names) else Groups(),
        polynomial_rows=tuple(r for r in problem.polynomial_rows if r.name in names),
        indicators=problem.indicators if "when[0]" in names else Indicators(),
    )


def test_irreducible_by_enumeration():
    explained = minimal = 0
    for seed in range(200):
        problem = cases.random_problem(seed, tightness=0.9)
        if cases.enumerate_best(problem) is not None:
            continue
        names = [v.name for v in conflict(problem, watch=cases.watch_for())]
        rules = [name for name in names if not name.startswith("x[")]
        explained += 1
        assert names and cases.enumerate_best(only(problem, rules)) is None, seed
        minimal += all(
            cases.enumerate_best(only(problem, [r for r in rules if r != left])) is not None for left in rules
        )
    assert explained >= 60
    assert minimal >= 0.95 * explained


def test_feasible_problems_have_no_conflict():
    feasible = [p for p in map(cases.random_problem, range(40)) if cases.enumerate_best(p) is not None]
    assert len(feasible) > 10
    assert all(conflict(problem, watch=cases.watch_for()) == () for problem in feasible)


def test_is_told_in_the_users_words():
    place = Place("vans.yaml", 12, 5)
    columns = Columns.binaries(NameTable((Labels("use", (2, 2), (("ann", "bob"), ("north", "south"))),)))
    rows = Rows(
        [0, 2, 4, 6],
        [0, 2, 1, 3, 0, 3],
        [3, 4, 1, 1, 1, 1],
        [-np.inf] * 3,
        [6, 0, 5],
        NameTable((Labels("load", (2,), (("north", "south"),), place, "the van is small"), Labels("idle"))),
    )
    once = NameTable((Labels("once", (2,), (("ann", "bob"),)),))
    groups = Groups([GroupKind.EXACTLY_ONE] * 2, [0, 2, 4], [0, 1, 2, 3], once)
    told = conflict(Problem.build(columns, rows=rows, groups=groups), watch=cases.watch_for())
    assert [v.name for v in told] == ["load[north]", "load[south]", "once[ann]", "once[bob]"]
    assert told[0].message == (
        "load[north]: 3 use[ann,north] + 4 use[bob,north] <= 6 (vans.yaml:12:5): the van is small"
    )
    assert told[2].message == "once[ann]: exactly one of use[ann,north], use[ann,south]"


def test_declared_bounds_are_rules_too():
    columns = cases.columns_of([Kind.INTEGER, Kind.REAL], [0, 0], [3, 2])
    rows = cases.rows_of([({0: 1.0, 1: 1.0}, 6.0, np.inf), ({0: 1.0}, -np.inf, 7.0)], name="need")
    told = conflict(Problem.build(columns, rows=rows), watch=cases.watch_for())
    assert {v.name for v in told} == {"need[0]", "x[0]", "x[1]"}
    columns = cases.columns_of([Kind.INTEGER], [0.2], [0.8])
    assert [v.name for v in conflict(Problem.build(columns), watch=cases.watch_for())] == ["x[0]"]


def test_soft_rows_are_never_blamed():
    columns = Columns.binaries(NameTable.numbered("x", 2))
    entries = [({0: 1.0, 1: 1.0}, 2.0, np.inf), ({0: 1.0}, -np.inf, 0.0), ({1: 1.0}, -np.inf, 0.0)]
    rows = cases.rows_of(entries, price=[np.nan, 5.0, np.nan], norm=[0, 0, 0], level=[0, 0, 0])
    told = conflict(Problem.build(columns, rows=rows), watch=cases.watch_for())
    assert [v.name for v in told] == ["r[0]", "r[2]"]


def test_without_time_nothing_is_claimed():
    watch = cases.watch_for()
    watch.cancel()
    rows = cases.rows_of([({0: 1.0}, 1.0, np.inf), ({0: 1.0}, -np.inf, 0.0)])
    problem = Problem.build(Columns.binaries(NameTable.numbered("x", 1)), rows=rows)
    assert conflict(problem, watch=watch) == ()
