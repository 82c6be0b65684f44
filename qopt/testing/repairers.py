"""Conformance of repairers: what they return is feasible and new, or nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from qopt.core import registry
from qopt.core.budget import Budget
from qopt.core.names import Labels, NameTable
from qopt.core.polynomial import Polynomial, polynomial_of
from qopt.core.problem import Columns, Kind, Problem, Sense
from qopt.core.rows import GroupKind, Groups, Indicators, PolynomialRow, Rows
from qopt.core.solution import Candidate, Origin
from qopt.core.watch import Watch


def check_repairer(name: str, *, problems: Sequence[Problem] | None = None, seconds: float = 20.0) -> None:
    """Hold a repairer against its seam; raises AssertionError at the first thing it does wrong.

    Parameters
    ----------
    name
        A repairer of the registry.
    problems
        Feasible problems over discrete columns; by default an assignment with capacities and a small one with every
        kind of constraint.
    seconds
        Budget of each call; the default problems take a fraction of a second.
    """
    repairer = registry.load("repairers", name)
    for problem in problems if problems is not None else (assignment(8, 3), mixture()):
        candidates = scrambled(problem, 6, seed=7)
        before = [np.array(c.values) for c in candidates]
        answers = []
        for _ in range(2):
            watch = Watch(clock=time.perf_counter, deadline=time.perf_counter() + seconds)
            found = repairer.repair(problem, candidates, budget=Budget(seconds=seconds, work=1000), seed=3, watch=watch)
            answers.append([tuple(c.values.tolist()) for c in found])
            for made in found:
                assert made.values is not None, f"{name}: a repaired Problem needs values"
                assert feasible(problem, made.values.tolist()), (
                    f"{name}: returned an infeasible point of {problem.name}"
                )
                assert made.backend == name, f"{name}: signed a candidate as {made.backend}"
                wanted = (Origin.REPAIRED, Origin.RECOMBINED)
                assert made.origin in wanted, f"{name}: {made.origin} is no origin of a repairer"
                if made.origin is Origin.REPAIRED:
                    assert any(made.parent is c for c in candidates), f"{name}: a repaired candidate names no parent"
        assert answers[0], f"{name}: made nothing of {len(candidates)} candidates for {problem.name}"
        assert answers[0] == answers[1], f"{name}: the same seed gave two answers for {problem.name}"
        assert len(set(answers[0])) == len(answers[0]), f"{name}: returned the same point twice"
        for candidate, values in zip(candidates, before):
            assert candidate.values is not None
            assert np.array_equal(candidate.values, values), f"{name}: changed a candidate it was given"
    _check_stop(name)


def _check_stop(name: str) -> None:
    """A watch that has stopped, or stops on the way, ends the call."""
    repairer, problem = registry.load("repairers", name), assignment(60, 8)
    candidates = scrambled(problem, 4, seed=1)
    watch = Watch(clock=time.perf_counter)
    watch.cancel()
    found = repairer.repair(problem, candidates, budget=Budget(), seed=1, watch=watch)
    assert len(found) == 0, f"{name}: worked on after the watch had stopped"
    watch = Watch(clock=time.perf_counter, deadline=time.perf_counter() + 60)
    timer = threading.Timer(0.2, watch.cancel)
    timer.start()
    found = repairer.repair(problem, candidates, budget=Budget(), seed=1, watch=watch)
    timer.cancel()
    timer.join()
    assert watch.remaining() > 30, f"{name}: did not end within half a minute of the stop"
    assert all(feasible(problem, c.values.tolist()) for c in found), (
        f"{name}: returned an infeasible point when stopped"
    )


def scrambled(problem: Problem, count: int, *, seed: int) -> list[Candidate]:
    """Random candidates in the columns' domains, most of them infeasible."""
    rng = np.random.default_rng(seed)
    columns = problem.columns
    points = rng.integers(columns.lower.astype(np.int64), columns.upper.astype(np.int64) + 1, (count, problem.n))
    spins = columns.kind == Kind.SPIN
    points[:, spins] = rng.choice([-1, 1], (count, int(spins.sum())))
    return [Candidate(Origin.SAMPLED, "scrambled", point.astype(np.float64)) for point in points]


def assignment(jobs: int, machines: int) -> Problem:
    """Each job on one machine, machines with capacities: minimise cost."""
    rng = np.random.default_rng(jobs)
    n = jobs * machines
    size, cost = rng.integers(1, 6, jobs), rng.integers(1, 20, n)
    columns = Columns.binaries(NameTable((Labels("use", (jobs, machines)),)))
    grid = np.arange(n).reshape(jobs, machines)
    rows = Rows(
        np.arange(0, n + 1, jobs),
        grid.T.ravel().astype(np.int32),
        np.tile(size, machines),
        np.full(machines, -np.inf),
        np.full(machines, np.ceil(1.2 * size.sum() / machines)),
        NameTable((Labels("capacity", (machines,)),)),
    )
    once = NameTable((Labels("once", (jobs,)),))
    groups = Groups.of([(GroupKind.EXACTLY_ONE, line.tolist()) for line in grid], once)
    return Problem.build(columns, Polynomial(cost.astype(np.float64)), rows=rows, groups=groups, name="assignment")


def mixture() -> Problem:
    """Binaries, spins and integers under every kind of hard constraint; maximise a cubic."""
    kinds = [Kind.BINARY] * 8 + [Kind.SPIN] * 2 + [Kind.INTEGER] * 2
    lower, upper = [0.0] * 8 + [-1.0] * 2 + [-2.0, 0.0], [1.0] * 8 + [1.0] * 2 + [3.0, 5.0]
    columns = Columns(np.array(kinds), np.array(lower), np.array(upper), NameTable.numbered("x", 12))
    objective = polynomial_of(12, {(0, 4, 5): 5.0, (1, 8): 3.0, (8, 9): -2.0, (10,): 1.0, (4, 11): 2.0, (6,): -1.0})
    sets = [(GroupKind.PERMUTATION, [0, 1, 2, 3]), (GroupKind.AT_MOST_ONE, [4, 5, 6])]
    groups = Groups.of(sets, NameTable((Labels("order"), Labels("few"))))
    names = NameTable((Labels("balance"), Labels("least")))
    rows = Rows.of([({4: 2, 8: 1, 10: 1, 11: 1}, 1, 4), ({5: 1, 6: 1, 7: 1}, 1, np.inf)], names)
    curved = PolynomialRow(polynomial_of(12, [((10, 11), 1.0), ((7, 8), 2.0)]), -4.0, 6.0, Labels("curved"))
    when = Rows.of([({10: 1, 11: -1}, 0, np.inf)], NameTable((Labels("when"),)))
    indicators = Indicators(np.array([4], np.int32), np.array([1], np.int8), when)
    return Problem.build(
        columns,
        objective,
        rows=rows,
        groups=groups,
        polynomial_rows=(curved,),
        indicators=indicators,
        sense=Sense.MAXIMIZE,
        name="mixture",
    )


def feasible(problem: Problem, point: Sequence[float]) -> bool:
    """The suite's own judge, in fractions, for discrete columns; it shares no code with any other."""
    x = [Fraction(v) for v in point]
    for kind, low, high, v in zip(problem.columns.kind, problem.columns.lower, problem.columns.upper, x):
        if v.denominator != 1 or not low <= v <= high or (kind == Kind.SPIN and v == 0):
            return False
    rows, switched = problem.rows, problem.indicators.rows
    judged = [(rows, k) for k in range(len(rows)) if rows.price is None or np.isnan(rows.price[k])]
    judged += [
        (switched, k)
        for k in range(len(switched))
        if x[int(problem.indicators.column[k])] == int(problem.indicators.active[k])
    ]
    for table, k in judged:
        activity = sum((Fraction(float(a)) * x[c] for c, a in zip(*table.row(k))), Fraction(0))
        if not table.lower[k] <= activity <= table.upper[k]:
            return False
    for row in problem.polynomial_rows:
        if row.price is None and not row.lower <= _exact(row.polynomial, x) <= row.upper:
            return False
    for g in range(len(problem.groups)):
        members = [x[c] for c in problem.groups.members(g)]
        lines = [members]
        if problem.groups.kind[g] == GroupKind.PERMUTATION:
            side = problem.groups.side(g)
            lines = [members[k * side : (k + 1) * side] for k in range(side)] + [members[k::side] for k in range(side)]
        least = 0 if problem.groups.kind[g] == GroupKind.AT_MOST_ONE else 1
        if not all(least <= sum(line) <= 1 for line in lines):
            return False
    return True


def _exact(p: Polynomial, x: Sequence[Fraction]) -> Fraction:
    total = Fraction(p.offset)
    for c in np.flatnonzero(p.linear).tolist():
        total += Fraction(float(p.linear[c])) * x[c]
    for i, j, value in zip(p.row, p.col, p.value):
        total += Fraction(float(value)) * x[i] * x[j]
    for t in range(len(p.products)):
        term = Fraction(float(p.products.coefficient[t]))
        for c in p.products.term(t):
            term *= x[c]
        total += term
    return total
