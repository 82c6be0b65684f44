"""The whole way on small problems whose answers are known by enumeration."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import qopt
from qopt.core import registry
from qopt.core.accepts import Accepts
from qopt.core.batch import SampleBatch
from qopt.core.names import Labels, NameTable
from qopt.core.polynomial import polynomial_of
from qopt.core.problem import Columns, Level, Part, Problem, Sense
from qopt.core.rows import Rows
from qopt.engine.solve import result_document
from qopt.evaluate.check import check


def knapsack(seed: int, n: int = 8, sense: Sense = Sense.MAXIMIZE) -> Problem:
    rng = np.random.default_rng(seed)
    value, weight = rng.integers(1, 20, n), rng.integers(1, 10, n)
    rows = Rows(
        [0, n],
        np.arange(n),
        weight,
        [-np.inf],
        [float(weight.sum() // 2)],
        NameTable((Labels("weight", why="one van"),)),
    )
    terms = {(i,): float(v) for i, v in enumerate(value)}
    return Problem.build(
        Columns.binaries(NameTable.numbered("take", n)), polynomial_of(n, terms), rows=rows, sense=sense, name="van"
    )


def optima(problem: Problem, top: int) -> list[float]:
    """The best objectives by enumeration, in order."""
    points = itertools.product((0.0, 1.0), repeat=problem.n)
    good = [check(problem, np.array(x)).objective for x in points if check(problem, np.array(x)).feasible]
    return sorted(good, reverse=problem.sense is Sense.MAXIMIZE)[:top]


@pytest.mark.parametrize("sampler", ["auto", "anneal", "exact", "none"])
def test_finds_the_optimum_whoever_searches(sampler: str) -> None:
    problem = knapsack(1)
    result = qopt.solve(problem, budget=3.0, seed=1, sampler=sampler, threads=1)

    assert result.objective == optima(problem, 1)[0]
    assert result.solutions[0].feasible


def test_ranked_alternatives_are_the_next_best_in_order() -> None:
    problem = knapsack(2)
    result = qopt.solve(problem, budget=20.0, seed=1, top=4)

    assert result.status is qopt.Status.OPTIMAL
    assert [s.objective for s in result.solutions] == optima(problem, 4)
    assert len({s.key for s in result.solutions}) == 4
    assert result.gap == 0.0


def test_plans_differ_in_the_share_that_was_asked_for() -> None:
    problem = knapsack(2)
    apart = qopt.solve(problem, budget=20.0, seed=1, top=4, differ=0.5)
    taken = [set(np.flatnonzero(s.values)) for s in apart.solutions]

    assert apart.objective == optima(problem, 1)[0]
    assert [s.differs for s in apart.solutions] == [1 - len(t & taken[0]) / max(len(t), len(taken[0])) for t in taken]
    for k, one in enumerate(taken):
        assert all(2 * len(one & other) <= max(len(one), len(other)) for other in taken[:k])


def test_infeasible_is_a_status_with_the_rules_that_clash() -> None:
    names = NameTable((Labels("at least two"), Labels("at most one", why="only one ramp")))
    rows = Rows([0, 2, 4], [0, 1, 0, 1], [1, 1, 1, 1], [2, -np.inf], [np.inf, 1], names)
    result = qopt.solve(Problem.build(Columns.binaries(NameTable.numbered("x", 3)), rows=rows), budget=3.0)

    assert result.status is qopt.Status.INFEASIBLE
    assert result.objective is None
    assert {v.name for v in result.conflict} == {"at least two", "at most one"}
    assert any("only one ramp" in v.message for v in result.conflict)


def test_levels_are_kept_in_order() -> None:
    """First as few as possible, then the cheapest of those."""
    n = 4
    rows = Rows([0, n], np.arange(n), np.ones(n), [2.0], [np.inf], NameTable((Labels("two"),)))
    cost = {(i,): float(c) for i, c in enumerate([5, 1, 4, 2])}
    levels = (
        Level((Part("count", polynomial_of(n, {(i,): 1.0 for i in range(n)})),)),
        Level((Part("cost", polynomial_of(n, cost)),)),
    )
    result = qopt.solve(Problem(Columns.binaries(NameTable.numbered("x", n)), levels, rows=rows), budget=3.0)

    assert result.solutions[0].levels == (2.0, 3.0)
    assert result.status is qopt.Status.OPTIMAL


def test_a_target_ends_the_run() -> None:
    problem = knapsack(3)
    result = qopt.solve(problem, budget=qopt.Budget(seconds=20, target=1.0), sampler="anneal")

    assert result.stopped_by in ("target", "optimal")
    assert result.record.seconds["total"] < 10


def test_counted_work_gives_the_same_answer_again() -> None:
    problem = knapsack(4, n=14)
    first, second = (
        qopt.solve(problem, budget=qopt.Budget(work=50_000), seed=3, sampler="anneal", repair=False) for _ in range(2)
    )

    assert first.record.reproducible
    assert [s.key for s in first.solutions] == [s.key for s in second.solutions]


def test_a_stage_cut_by_the_clock_makes_counted_work_depend_on_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    from qopt.engine import strategy

    monkeypatch.setattr(strategy, "UNTIMED", 1e-6)
    result = qopt.solve(knapsack(4, n=14), budget=qopt.Budget(work=2_000), seed=3, sampler="random")

    assert not result.record.reproducible


@dataclass(frozen=True)
class Broken:
    """A sampler that fails."""

    accepts = Accepts()

    def sample(self, compiled: Any, **_: Any) -> SampleBatch:
        raise OSError("the device is offline")


@dataclass(frozen=True)
class Liar:
    """A sampler that claims energies its bits do not have."""

    accepts = Accepts()

    def sample(self, compiled: Any, *, seed: int, **_: Any) -> SampleBatch:
        return SampleBatch(np.zeros((1, compiled.num_bits)), np.array([-1e9]), "liar", seed)


@pytest.fixture
def plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two misbehaving samplers in the registry."""
    real, listed = registry._load, registry.names
    made = {"broken": Broken(), "liar": Liar()}
    monkeypatch.setattr(
        registry, "_load", lambda kind, name: made[name] if kind == "samplers" and name in made else real(kind, name)
    )
    monkeypatch.setattr(registry, "names", lambda kind: (*listed(kind), *made) if kind == "samplers" else listed(kind))


@pytest.mark.usefixtures("plugins")
@pytest.mark.parametrize(("sampler", "says"), [("broken", "offline"), ("liar", "claims energy")])
def test_a_failing_backend_is_replaced_and_written_down(sampler: str, says: str) -> None:
    problem = knapsack(5)
    result = qopt.solve(problem, budget=4.0, sampler=sampler, threads=1)

    assert result.objective == optima(problem, 1)[0]
    assert any(says in line for line in result.record.fallbacks)
    assert result.solutions[0].origin is qopt.Origin.EXACT


@pytest.mark.usefixtures("plugins")
@pytest.mark.parametrize("threads", [1, 2])
def test_a_failing_backend_is_an_error_when_no_fallback_is_allowed(threads: int) -> None:
    with pytest.raises(qopt.BackendError, match="offline"):
        qopt.solve(knapsack(5), budget=4.0, sampler="broken", fallback=False, threads=threads)


def test_a_sampler_too_small_for_the_problem_is_refused_with_numbers() -> None:
    with pytest.raises(qopt.CompileError, match=r"needs 4. bits, at most 20 are allowed"):
        qopt.solve(knapsack(1, n=40), budget=3.0, sampler="qaoa", fallback=False, repair=False)


def test_the_document_is_plain_json_with_the_promised_fields() -> None:
    document = json.loads(json.dumps(result_document(qopt.solve(knapsack(6), budget=2.0, seed=5))))

    assert {"status", "objective", "bound", "gap", "seconds", "stopped_by", "solutions", "record"} <= set(document)
    assert {"objective", "feasible", "origin", "plan"} <= set(document["solutions"][0])
    record = document["record"]
    assert record["schema"] == 1
    assert record["seed"] == 5
    assert record["problem_hash"]
    assert record["funnel"]["feasible_after_repair"] >= 1
    assert record["environment"]["cores"] >= 1
    assert record["seconds"]["total"] > 0


def test_an_infeasible_start_is_said_and_a_feasible_one_is_kept() -> None:
    problem = knapsack(7)
    nothing = np.zeros(problem.n)
    kept = qopt.solve(problem, budget=1.0, start=nothing, sampler="none", proposer="none", top=50)
    refused = qopt.solve(problem, budget=1.0, start=np.ones(problem.n), sampler="none")

    assert any(s.backend == "start" for s in kept.solutions) or kept.solutions[-1].objective >= 0
    assert any("start plan is not feasible" in line for line in refused.record.warnings)


def test_labelled_access_to_the_values() -> None:
    result = qopt.solve(knapsack(1), budget=2.0)

    assert result.solutions[0]["take"].shape == (8,)
    with pytest.raises(KeyError):
        _ = result.solutions[0]["leave"]
