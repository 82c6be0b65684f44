"""What a run compiles for its samplers: alternatives stay, better answers cut, large QUBOs are reduced."""

from __future__ import annotations

import itertools
import time

import numpy as np
import pytest

import qopt
from qopt.core.compiled import Compiled
from qopt.core.names import Labels, NameTable
from qopt.core.polynomial import Polynomial, polynomial_of
from qopt.core.problem import Columns, Problem, Sense
from qopt.core.rows import Rows
from qopt.core.solution import Candidate, Origin
from qopt.engine.compiling import compiled_for, fewer_bits
from qopt.engine.run import Run
from qopt.engine.settings import resolve
from qopt.evaluate.check import check
from qopt.models.instance import SolveSection
from qopt.models.subject import Subject

VALUE, WEIGHT, ROOM = (17, 11, 8, 7, 5, 3, 2), (6, 5, 4, 4, 3, 2, 2), 12
TOP = 8


def stall() -> Problem:
    rows = Rows.of([(dict(enumerate(WEIGHT)), -np.inf, ROOM)], NameTable((Labels("room"),)))
    terms = {(k,): float(v) for k, v in enumerate(VALUE)}
    columns = Columns.binaries(NameTable.numbered("take", len(VALUE)))
    return Problem.build(columns, polynomial_of(len(VALUE), terms), rows=rows, sense=Sense.MAXIMIZE, name="stall")


def feasible(problem: Problem) -> list[tuple[float, np.ndarray]]:
    """Every feasible point with its objective, best first."""
    points = (np.array(x) for x in itertools.product((0.0, 1.0), repeat=problem.n))
    judged = [(check(problem, x), x) for x in points]
    return sorted(((c.objective, x) for c, x in judged if c.feasible), key=lambda pair: -pair[0])


def cut_graph(n: int, chords: int = 0) -> Problem:
    """The largest cut of a ring with a few chords."""
    rng = np.random.default_rng(n)
    edges = {(k, (k + 1) % n) for k in range(n)} | {tuple(sorted(e)) for e in rng.integers(0, n, (chords, 2)).tolist()}
    row, col = np.array(sorted((min(e), max(e)) for e in edges if e[0] != e[1])).T
    weight = rng.integers(1, 9, len(row)).astype(float)
    linear = np.bincount(row, weight, n) + np.bincount(col, weight, n)
    columns = Columns.binaries(NameTable.numbered("x", n))
    return Problem.build(columns, Polynomial.from_pairs(linear, row, col, -2 * weight), sense=Sense.MAXIMIZE)


def run_of(problem: Problem, **given: object) -> Run:
    settings = resolve(SolveSection(), {"top": TOP, **given})
    return Run(Subject(problem=problem), settings, began=time.perf_counter(), progress=None)


def keeps(made: Compiled, known: list[tuple[float, np.ndarray]]) -> bool:
    """Whether these points have bits of their own, with the energy of their objective."""
    points = np.array([point for _, point in known])
    bits = made.encode(points)
    same = np.array_equal(made.decode(bits)[0], points)
    return same and made.energies(bits).tolist() == [-objective for objective, _ in known]


@pytest.mark.parametrize("sampler", ["anneal", "dwave_sa"])
def test_nothing_feasible_is_cut_while_fewer_plans_are_known_than_wanted(sampler: str) -> None:
    problem, run = stall(), run_of(stall())
    known = feasible(problem)
    for _, point in known[: TOP - 1]:
        run.take(Candidate(Origin.BASELINE, "test", point), "")
    made = compiled_for(run, sampler, "")
    assert made is not None and made.guarantee == {"anneal": "total", "dwave_sa": "argmin"}[sampler]
    assert keeps(made, known)


def test_what_is_worse_than_every_wanted_plan_is_cut() -> None:
    problem, run = stall(), run_of(stall())
    known = feasible(problem)
    whole = compiled_for(run, "dwave_sa", "")
    for _, point in known[:TOP]:
        run.take(Candidate(Origin.BASELINE, "test", point), "")
    made = compiled_for(run, "dwave_sa", "")
    assert whole is not None and made is not None
    assert made.num_bits < whole.num_bits
    assert keeps(made, known[:TOP]) and not keeps(made, known)
    assert run.record.warnings == [], "a cut is a fact of the record, not a warning"
    assert compiled_for(run, "dwave_sa", "") is made, "nothing better is known, so nothing is compiled again"


def test_the_operating_scale_shrinks_the_proven_weights() -> None:
    run = run_of(stall())
    proven, light = (compiled_for(run, "dwave_sa", "", scale=scale) for scale in (1.0, 0.5))
    assert proven is not None and light is not None
    assert (proven.guarantee, light.guarantee) == ("argmin", "none")
    assert [p.weight for p in light.penalties] == [0.5 * p.weight for p in proven.penalties]
    assert run.record.warnings == []


def test_nothing_is_relaxed_where_nothing_is_weighed(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*args: object, **given: object) -> None:
        raise AssertionError("a relaxation was solved")

    monkeypatch.setattr("qopt.compilers.bounds.relax", never)
    made = compiled_for(run_of(cut_graph(30, chords=40)), "anneal", "")
    assert made is not None and (made.guarantee, made.penalties) == ("total", ())
    weighed = run_of(stall())
    assert compiled_for(weighed, "dwave_sa", "") is None
    assert "a relaxation was solved" in str(weighed.failures[0])


@pytest.mark.parametrize("sampler", ["exact", "dwave_greedy"])
def test_a_qubo_of_many_bits_is_reduced_first(sampler: str) -> None:
    """Nothing is left of a ring, which is then solved, whoever was asked to sample it."""
    problem = cut_graph(200)
    result = qopt.solve(problem, budget=5.0, seed=1, sampler=sampler, threads=1, repair=False, fallback=False)
    assert result.status is qopt.Status.OPTIMAL and result.bound is not None
    assert (result.bound.proof, result.bound.source) == ("exhaustive", sampler)
    weight = problem.objective.value / -2
    assert result.objective == weight.sum() - weight.min() * (len(weight) % 2)
    assert result.record.compiled[sampler]["reduced"]["bits_before"] == 200
    assert result.record.compiled[sampler]["bits"] == 0


def test_what_is_left_of_a_large_qubo_decodes_to_all_of_it() -> None:
    problem, run = cut_graph(300, chords=500), run_of(cut_graph(300, chords=500))
    made = compiled_for(run, "dwave_sa", "")
    assert made is not None and 0 < made.num_bits < 300
    batch = qopt.sample(made, sampler="dwave_greedy", budget=qopt.Budget(reads=20), seed=1)
    values, valid = made.decode(batch.bits)
    assert valid.all()
    assert problem.objectives(values)[:, 0].tolist() == (-batch.energies).tolist()
    again = made.encode(values)
    assert np.array_equal(again, batch.bits), "rows to start from are the bits that are left"


def test_few_bits_stay_whole_for_the_sake_of_alternatives() -> None:
    run = run_of(cut_graph(100))
    made = compiled_for(run, "dwave_sa", "")
    assert made is not None and made.num_bits == 100


def test_exact_takes_what_has_too_many_points_once_it_is_reduced() -> None:
    """60 bits have more points than it visits; with a ranking asked for they have to stay."""
    problem = cut_graph(60, chords=6)
    given = {"budget": 5.0, "seed": 1, "sampler": "exact", "threads": 1, "repair": False, "fallback": False}
    result = qopt.solve(problem, **given)
    assert result.status is qopt.Status.OPTIMAL
    best = qopt.solve(problem, budget=qopt.Budget(reads=200), seed=1, sampler="anneal", repair=False).objective
    assert result.objective == best
    with pytest.raises(qopt.NotApplicableError, match="points"):
        qopt.solve(problem, guarantee="total", **given)
    assert fewer_bits(run_of(problem, guarantee="total"), qopt.compile(problem)) is None
