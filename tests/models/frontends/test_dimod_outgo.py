"""Problems as models of dimod: read back they are the same, dimod judges points alike, what is lost is refused."""

from __future__ import annotations

import itertools
from pathlib import Path

import dimod
import numpy as np
import pytest

import qopt
from qopt.adapters.dimod import to_cqm, to_dqm
from qopt.core.errors import UnsupportedModelError
from qopt.core.hashing import problem_hash, structure_hash
from qopt.core.names import Labels, NameTable
from qopt.core.polynomial import Polynomial, polynomial_of
from qopt.core.problem import Columns, Kind, Level, Part, Problem, Sense
from qopt.core.rows import GroupKind, Groups, Indicators, Norm, PolynomialRow, Rows
from qopt.evaluate.check import check
from qopt.models.detect import read
from qopt.models.exchange import write
from qopt.models.subject import as_subject

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"


def columns() -> Columns:
    """Three binaries, a spin, an integer, an integer without an upper end, a real."""
    kind = [Kind.BINARY] * 3 + [Kind.SPIN, Kind.INTEGER, Kind.INTEGER, Kind.REAL]
    names = NameTable((Labels("x", (3,), (("a", "b", "c"),)), *(Labels(name) for name in ("s", "k", "n", "r"))))
    return Columns(kind, [0, 0, 0, -1, -2, 0, -np.inf], [1, 1, 1, 1, 3, np.inf, 2.5], names)


def mixed(**change: object) -> Problem:
    """Everything that a CQM holds."""
    names = NameTable((Labels("room", (2,)), Labels("tie"), Labels("nice", (2,), (("p", "q"),))))
    rows = Rows.of(
        [
            ({0: 2.0, 4: 1.0, 6: 0.5}, -np.inf, 4.0),
            ({1: 1.0, 5: -1.0}, -3.0, np.inf),
            ({3: 1.0, 4: 1.0}, 1.0, 1.0),
            ({4: 1.0, 6: 1.0}, -np.inf, 0.0),
            ({0: 1.0, 1: 1.0}, 2.0, 2.0),
        ],
        names,
        price=[np.nan, np.nan, np.nan, 1.5, 2.0],
        norm=[Norm.LINEAR] * 4 + [Norm.QUADRATIC],
    )
    curve = PolynomialRow(polynomial_of(7, {(0, 4): 1.0, (4, 4): 1.0, (3,): 1.0}), -np.inf, 6.0, Labels("area"))
    given: dict[str, object] = {
        "rows": rows,
        "groups": Groups.of([(GroupKind.EXACTLY_ONE, [0, 1, 2])], NameTable((Labels("choice"),))),
        "polynomial_rows": (curve,),
        **change,
    }
    aim = polynomial_of(7, {(): 2.5, (0,): 1.0, (6,): -0.25, (0, 1): 3.0, (3, 4): -2.0, (4, 4): 1.0, (4, 5): 0.5})
    return Problem.build(columns(), aim, **given)


@pytest.mark.parametrize("by_file", [True, False])
def test_a_cqm_reads_back_as_the_same_problem(by_file: bool, tmp_path: Path) -> None:
    problem = mixed()
    if by_file:
        assert write(problem, tmp_path / "m.cqm") == "cqm"
        again = read(tmp_path / "m.cqm")
    else:
        again = as_subject(to_cqm(problem)).problem()
    assert problem_hash(again) == problem_hash(problem)
    assert (again.groups.kind.tolist(), list(again.groups.names)) == ([GroupKind.EXACTLY_ONE], ["choice"])


def test_dimod_judges_points_as_we_do() -> None:
    problem, model = mixed(), to_cqm(mixed())
    rng = np.random.default_rng(5)
    verdicts = []
    for bits in itertools.product((0.0, 1.0), repeat=3):
        for spin, whole in itertools.product((-1.0, 1.0), range(-2, 4)):
            point = np.array([*bits, spin, whole, rng.integers(0, 6), rng.integers(-8, 11) / 4])
            sample = dict(zip(model.variables, point))
            ours = check(problem, point)
            told = {c.label: c.violation for c in model.iter_constraint_data(sample)}
            hard = {label: v for label, v in told.items() if not model.constraints[label].lhs.is_soft()}
            verdicts.append(ours.feasible)
            assert ours.feasible == all(v <= 1e-9 for v in hard.values())
            price = 1.5 * max(0.0, told["nice[p]"]) + 2.0 * told["nice[q]"] ** 2
            assert ours.objective == pytest.approx(model.objective.energy(sample) + price)
    assert any(verdicts) and not all(verdicts)


@pytest.mark.parametrize(
    "name",
    ["assignment_generalised", "assignment_linear", "graph_colouring", "knapsack_multidimensional"],
)
def test_examples_reach_dimod_and_come_back(name: str) -> None:
    subject = as_subject(EXAMPLES / f"{name}.yaml")
    problem = subject.problem(subject.choose("exact"))
    if problem.sense is Sense.MAXIMIZE:
        turned = tuple(Level(tuple(Part(p.name, p.polynomial.scaled(-1.0)) for p in lv.parts)) for lv in problem.levels)
        problem = Problem(
            problem.columns, turned, problem.rows, problem.groups, problem.polynomial_rows, name=problem.name
        )
    again = as_subject(to_cqm(subject)).problem()
    assert structure_hash(again) == structure_hash(problem)


def test_a_maximum_goes_out_turned_and_a_row_of_two_sides_as_two() -> None:
    rows = Rows.of([({0: 1.0, 1: 2.0}, 1.0, 2.0)], NameTable((Labels("between"),)))
    names = NameTable.numbered("x", 2)
    problem = Problem.build(
        Columns.binaries(names), polynomial_of(2, {(0,): 3.0, (0, 1): 1.0}), rows=rows, sense=Sense.MAXIMIZE
    )
    model = to_cqm(problem)
    assert list(model.variables) == [0, 1] and list(model.constraints) == ["between", "between_2"]
    best = dimod.ExactCQMSolver().sample_cqm(model)
    assert best.filter(lambda row: row.is_feasible).first.energy == -3.0 == -qopt.solve(problem, budget=2.0).objective


def test_groups_that_share_a_variable_stay_rules() -> None:
    groups = Groups.of(
        [(GroupKind.EXACTLY_ONE, [0, 1]), (GroupKind.EXACTLY_ONE, [1, 2]), (GroupKind.AT_MOST_ONE, [0, 2])],
        NameTable((Labels("one", (3,)),)),
    )
    problem = Problem.build(Columns.binaries(NameTable.numbered("y", 3)), groups=groups)
    model = to_cqm(problem)
    assert model.discrete == {"one[0]"}
    assert problem_hash(as_subject(model).problem()) == problem_hash(problem)
    square = Groups.of([(GroupKind.PERMUTATION, list(range(9)))], NameTable((Labels("once"),)))
    tour = Problem.build(Columns.binaries(NameTable.numbered("y", 9)), groups=square)
    assert structure_hash(as_subject(to_cqm(tour)).problem()) == structure_hash(tour)


def test_a_dqm_reads_back_as_the_same_problem(tmp_path: Path) -> None:
    model = dimod.DiscreteQuadraticModel()
    for label, cases in (("u", 2), (("v", 1), 3)):
        model.add_variable(cases, label)
    model.set_linear("u", [0.5, -1.0])
    model.set_quadratic_case("u", 1, ("v", 1), 2, -2.5)
    model.offset = 4.0
    problem = as_subject(model).problem()
    write(problem, tmp_path / "m.dqm")
    for again in (read(tmp_path / "m.dqm"), as_subject(to_dqm(problem)).problem()):
        assert problem_hash(again) == problem_hash(problem)


def test_choices_become_a_dqm_whose_energies_are_objectives() -> None:
    """Columns in another order than the groups, and a product of two cases of one variable, which is 0."""
    groups = Groups.of(
        [(GroupKind.EXACTLY_ONE, [3, 0]), (GroupKind.EXACTLY_ONE, [1, 4, 2])], NameTable((Labels("g", (2,)),))
    )
    aim = polynomial_of(5, {(): 1.0, (0,): 2.0, (3,): -1.0, (0, 1): 4.0, (3, 4): -3.0, (0, 3): 9.0, (1, 2): 9.0})
    problem = Problem.build(Columns.binaries(NameTable.numbered("x", 5)), aim, groups=groups)
    model = to_dqm(problem)
    assert list(model.variables) == ["g[0]", "g[1]"]
    for first, second in itertools.product(range(2), range(3)):
        point = np.zeros(5)
        point[[[3, 0][first], [1, 4, 2][second]]] = 1.0
        assert model.energy({"g[0]": first, "g[1]": second}) == problem.objectives(point)[0, 0]
    upwards = Problem.build(problem.columns, aim, groups=groups, sense=Sense.MAXIMIZE)
    assert to_dqm(upwards).energy({"g[0]": 0, "g[1]": 1}) == -model.energy({"g[0]": 0, "g[1]": 1})


def soft(norm: Norm, column: int) -> Rows:
    return Rows.of([({column: 1.0}, 2.0, 2.0)], NameTable((Labels("wish"),)), price=[1.0], norm=[norm])


NAMES = NameTable((Labels("when"),))
CASES = {
    "a price per occurrence.*wish": lambda: mixed(rows=soft(Norm.OCCURRENCE, 0)),
    "a quadratic price.*wish": lambda: mixed(rows=soft(Norm.QUADRATIC, 4)),
    "constraints with a condition.*when": lambda: mixed(
        indicators=Indicators([0], [1], Rows.of([({1: 1.0}, 0.0, 0.0)], NAMES))
    ),
    r"products of more than two variables.*x\[a\] \* x\[b\] \* k": lambda: Problem.build(
        columns(), polynomial_of(7, {(0, 1, 4): 1.0})
    ),
    r"products of real variables in its objective.*x\[a\] \* r": lambda: Problem.build(
        columns(), polynomial_of(7, {(0, 6): 1.0})
    ),
    "several levels of objectives": lambda: Problem(columns(), (Level((Part("a", Polynomial.zero(7)),)),) * 2),
}


@pytest.mark.parametrize("told", CASES)
def test_what_a_cqm_cannot_hold_is_refused_by_name(told: str) -> None:
    with pytest.raises(UnsupportedModelError, match=f"a CQM cannot hold {told}"):
        to_cqm(CASES[told]())


@pytest.mark.parametrize(
    ("groups", "rows", "told"),
    [
        ([(GroupKind.EXACTLY_ONE, [0, 1])], Rows(), r"a variable that is in no exactly-one group.*x\[2\]"),
        ([(GroupKind.EXACTLY_ONE, [0, 1, 2]), (GroupKind.EXACTLY_ONE, [1, 2])], Rows(), r"overlapping.*x\[1\]"),
        ([(GroupKind.EXACTLY_ONE, [0, 1]), (GroupKind.AT_MOST_ONE, [2])], Rows(), r"other than exactly-one.*one\[1\]"),
        ([(GroupKind.EXACTLY_ONE, [0, 1, 2])], Rows.of([({0: 1.0}, 0.0, 1.0)], NAMES), "other than exactly-one.*when"),
    ],
)
def test_what_a_dqm_cannot_hold_is_refused_by_name(groups: list, rows: Rows, told: str) -> None:
    made = Groups.of(groups, NameTable((Labels("one", (len(groups),)),)))
    problem = Problem.build(Columns.binaries(NameTable.numbered("x", 3)), groups=made, rows=rows)
    with pytest.raises(UnsupportedModelError, match=f"a DQM cannot hold .*{told}"):
        to_dqm(problem)


def test_a_compiled_qubo_goes_out_as_a_cqm_without_constraints(tmp_path: Path) -> None:
    made = qopt.compile(EXAMPLES / "knapsack.yaml")
    write(made, tmp_path / "q.cqm", to="cqm")
    again = read(tmp_path / "q.cqm")
    bits = np.random.default_rng(2).integers(0, 2, (20, made.num_bits))
    assert again.objectives(bits)[:, 0] == pytest.approx(made.energies(bits))
    assert not len(again.rows)
