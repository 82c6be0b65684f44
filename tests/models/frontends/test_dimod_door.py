"""dimod models become the same problem: dimod's own energies and constraint values at random samples."""

import subprocess
import sys
from pathlib import Path

import dimod
import numpy as np
import pytest

from qopt.core import registry
from qopt.core.errors import ModelError, UnsupportedModelError
from qopt.core.problem import Kind, Problem, Sense
from qopt.core.rows import GroupKind, Norm
from qopt.evaluate.check import check
from qopt.models.frontends.dimod import PLUGIN
from qopt.models.subject import as_subject


def constrained() -> dimod.ConstrainedQuadraticModel:
    m = dimod.ConstrainedQuadraticModel()
    x, y, s = dimod.Binary("x"), dimod.Binary(("y", 2, "b")), dimod.Spin("s")
    k, r = dimod.Integer("k", lower_bound=-2, upper_bound=7), dimod.Real("r", upper_bound=5)
    m.set_objective(x * y + 2 * k * k - 3 * s * k + r - x + 3)
    m.add_constraint(x + k + 0.5 * r <= 5, label="room")
    m.add_constraint(k * x - s + 1 >= 1, label="area")
    m.add_constraint(k - 2 * y == 1, label="tie", weight=3)
    m.add_constraint(x * y + y <= 1, label=("few", 1), weight=2, penalty="quadratic")
    m.add_discrete(["d0", "d1", "d2"], label="choice")
    return m


def random_point(problem: Problem, rng: np.random.Generator) -> np.ndarray:
    columns = problem.columns
    low, high = np.maximum(columns.lower, -9), np.minimum(columns.upper, 9)
    point = np.where(columns.discrete, rng.integers(low.astype(int), high.astype(int) + 1), rng.uniform(low, high))
    return np.where(columns.kind == Kind.SPIN, rng.choice([-1, 1], problem.n), point)


@pytest.mark.parametrize("vartype", ["BINARY", "SPIN"])
@pytest.mark.parametrize("labels", [list(range(6)), ["a", 3, ("t", 0), "d", "e", "f"]])
def test_a_bqm_has_the_same_energy_at_every_point(vartype: str, labels: list[object]) -> None:
    bqm = dimod.generators.gnm_random_bqm(6, 9, vartype, random_state=4).relabel_variables(
        dict(enumerate(labels)), inplace=False
    )
    bqm.offset = 2.5
    problem = PLUGIN.read(bqm)
    low = 0 if vartype == "BINARY" else -1
    points = low + (1 - low) * ((np.arange(64)[:, None] >> np.arange(6)) & 1)
    wanted = bqm.energies((points, list(bqm.variables)))
    np.testing.assert_allclose(problem.objectives(points)[:, 0], wanted, atol=1e-12)
    assert (problem.columns.kind == Kind[vartype]).all()
    names = {"a", "3", "t[0]", "d", "e", "f"} if "a" in labels else {f"x[{k}]" for k in range(6)}
    assert set(problem.columns.names) == names
    assert problem.sense is Sense.MINIMIZE


def test_a_quadratic_model_of_integers_keeps_its_bounds() -> None:
    qm = dimod.QuadraticModel()
    qm.add_variable("INTEGER", "i", lower_bound=-3, upper_bound=4)
    qm.add_variable("INTEGER", "free")
    qm.add_variable("REAL", "r")
    qm.add_quadratic("i", "i", 2)
    qm.add_quadratic("i", "free", -1)
    qm.add_linear("r", 1.5)
    problem = PLUGIN.read(qm)
    assert problem.columns.lower.tolist() == [-3, 0, 0]
    assert problem.columns.upper.tolist() == [4, np.inf, np.inf]
    assert problem.objectives([3, 5, 2])[0, 0] == qm.energy({"i": 3, "free": 5, "r": 2}) == 6


def test_a_cqm_has_the_same_objective_and_constraints() -> None:
    cqm = constrained()
    problem = PLUGIN.read(cqm)
    assert set(problem.columns.names) == {"x", "y[2,b]", "s", "k", "r", "d0", "d1", "d2"}
    rng = np.random.default_rng(6)
    for _ in range(40):
        point = random_point(problem, rng)
        sample = dict(zip(cqm.variables, point))
        judged = check(problem, point)
        assert judged.parts["objective"] == pytest.approx(cqm.objective.energy(sample))
        over = {v.label: max(v.violation, 0.0) for v in cqm.iter_constraint_data(sample)}
        assert judged.parts["soft.tie"] == pytest.approx(3 * over["tie"])
        assert judged.parts["soft.few[1]"] == pytest.approx(2 * over["few", 1] ** 2)
        broken = {label for label in ("room", "area", "choice") if over[label] > 1e-6}
        assert {violation.name for violation in judged.violations} == broken
    tie = list(problem.rows.names).index("tie")
    assert problem.rows.norm is not None and problem.rows.norm[tie] == Norm.LINEAR
    assert {row.name: row.norm for row in problem.polynomial_rows} == {"area": Norm.LINEAR, "few[1]": Norm.QUADRATIC}


def test_discrete_constraints_are_groups() -> None:
    problem = PLUGIN.read(constrained())
    groups, names = problem.groups, problem.columns.names
    assert list(groups.names) == ["choice"] and groups.kind.tolist() == [GroupKind.EXACTLY_ONE]
    assert {names[int(c)] for c in groups.members(0)} == {"d0", "d1", "d2"}
    assert "choice" not in set(problem.rows.names)


def test_numbered_constraints_and_no_constraints() -> None:
    cqm = dimod.ConstrainedQuadraticModel()
    cqm.set_objective(dimod.Spin(0) * dimod.Spin(1))
    assert len(PLUGIN.read(cqm).rows) == 0
    cqm.add_constraint(dimod.Spin(0) + dimod.Spin(1) <= 0, label=0)
    problem = PLUGIN.read(cqm)
    assert list(problem.rows.names) == ["c[0]"]
    assert problem.rows.upper.tolist() == [0]


def test_labels_that_read_the_same_are_refused() -> None:
    with pytest.raises(ModelError, match="two variables read the same, got '3'"):
        PLUGIN.read(dimod.BinaryQuadraticModel({3: 1, "3": 2}, {}, 0, "BINARY"))


def test_a_bias_that_is_no_finite_number_is_refused() -> None:
    with pytest.raises(ModelError, match="no finite number"):
        PLUGIN.read(dimod.BinaryQuadraticModel({"a": np.nan}, {}, 0, "BINARY"))
    cqm = constrained()
    cqm.constraints["room"].lhs.set_linear("x", np.inf)
    with pytest.raises(ModelError, match="constraint 'room' has a bias"):
        PLUGIN.read(cqm)


def test_an_unknown_penalty_is_refused_by_name() -> None:
    class Odd:
        def is_soft(self) -> bool:
            return True

        def penalty(self) -> str:
            return "cubic"

    from qopt.models.frontends.dimod import _price

    with pytest.raises(UnsupportedModelError, match="penalty of constraint 'few' is not carried, got cubic"):
        _price("few", Odd())


def test_the_door_knows_its_objects_and_no_files() -> None:
    assert registry.load("formats", "dimod") is PLUGIN
    assert PLUGIN.objects and PLUGIN.suffixes == () and not PLUGIN.accepts(Path("a.lp"), "")
    models = [constrained(), dimod.BinaryQuadraticModel("SPIN"), dimod.QuadraticModel(), dimod.Binary("x")]
    assert all(PLUGIN.accepts_object(model) for model in models)
    assert not any(PLUGIN.accepts_object(thing) for thing in (3, None, dimod.SPIN, dimod.ExactSolver(), np.zeros(2)))
    assert as_subject(constrained()).problem().n == 8


def test_asking_does_not_import_dimod() -> None:
    code = "import sys; from qopt.models.frontends.dimod import PLUGIN as p; p.accepts_object(3); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not any(name == "dimod" or name.startswith("dimod.") for name in loaded)


def discrete() -> dimod.DiscreteQuadraticModel:
    model = dimod.CaseLabelDQM()
    model.add_variable(["red", "blue"], label="front", shared_labels=True)
    model.add_variable(3, label=("door", 1))
    model.add_variable(["oak", "elm"], label="wood")
    model.set_linear("front", [2, -1.5])
    model.set_linear_case(("door", 1), 2, 4)
    model.set_quadratic_case("front", "red", ("door", 1), 1, -3)
    model.set_quadratic_case("front", "blue", "wood", 1, 5)
    model.offset = 0.5
    return model


def test_discrete_variables_are_groups_under_the_names_of_their_cases() -> None:
    problem = as_subject(discrete()).problem()
    names = ["front[red]", "front[blue]", *(f"door[1,{k}]" for k in range(3)), "wood[oak]", "wood[elm]"]
    assert list(problem.columns.names) == names
    assert problem.columns.names.family("front").axes == (("red", "blue"),)
    assert list(problem.groups.names) == ["front", "door[1]", "wood"]
    assert [problem.groups.members(g).tolist() for g in range(3)] == [[0, 1], [2, 3, 4], [5, 6]]
    assert set(problem.groups.kind) == {GroupKind.EXACTLY_ONE}


def test_discrete_energies_are_those_of_dimod() -> None:
    model = discrete()
    problem = PLUGIN.read(model)
    for front in range(2):
        for door in range(3):
            for wood in range(2):
                point = np.concatenate([np.eye(2)[front], np.eye(3)[door], np.eye(2)[wood]])
                judged = check(problem, point)
                assert judged.feasible
                energy = dimod.DiscreteQuadraticModel.energy(model, {"front": front, ("door", 1): door, "wood": wood})
                assert judged.objective == energy
    assert not check(problem, np.array([1, 1, 1, 0, 0, 1, 0])).feasible


def test_discrete_variables_without_labels_are_a_grid() -> None:
    model = dimod.DiscreteQuadraticModel()
    for _ in range(2):
        model.add_variable(3)
    model.set_quadratic(0, 1, {(k, k): 1 for k in range(3)})
    names = PLUGIN.read(model).columns.names
    assert [(family.name, family.shape) for family in names.families] == [("x", (2, 3))]
