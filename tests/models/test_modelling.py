"""What a Model becomes: columns, rows, groups, levels, names, places."""

import inspect

import numpy as np
import pytest

import qopt
from qopt.core.errors import ModelError
from qopt.core.problem import Kind, Sense
from qopt.core.rows import GroupKind, Norm
from qopt.core.solution import Candidate, Check, Origin, Solution
from qopt.evaluate.check import check
from qopt.models.modelling import Model, evaluate

PARCELS, VANS = ["york", "hull", "leeds"], ["v1", "v2"]


def test_the_public_face_of_the_design_builds() -> None:
    rng = np.random.default_rng(3)
    n, k = 4, 2
    cost, size, cap, D = rng.integers(1, 9, (n, k)), rng.integers(1, 5, n), np.array([9, 8]), rng.integers(0, 9, (k, k))
    nxt = np.roll(np.arange(n), -1)
    m = qopt.Model("vans")
    x = m.binary("x", shape=(n, k))
    m.minimize((cost * x).sum(), name="travel")
    m.add("once", x.sum(axis=1) == 1)
    m.add("cap", size @ x <= cap)
    m.minimize(((x @ D) * x[nxt, :]).sum(), name="hops")
    problem = m.problem()
    assert problem.name == "vans"
    assert list(problem.rows.names) == ["once[0]", "once[1]", "once[2]", "once[3]", "cap[0]", "cap[1]"]
    values = rng.integers(0, 2, (n, k))
    judged = check(problem, values.ravel())
    assert judged.parts == {
        "travel": (cost * values).sum(),
        "hops": sum(D[a, b] * values[t, a] * values[nxt[t], b] for t in range(n) for a in range(k) for b in range(k)),
    }
    broken = {f"once[{t}]" for t in range(n) if values[t].sum() != 1}
    broken |= {f"cap[{v}]" for v in range(k) if size @ values[:, v] > cap[v]}
    assert {violation.name for violation in judged.violations} == broken


def test_columns_stand_in_the_order_of_declaration() -> None:
    m = Model()
    m.spin("s")
    m.integer("k", [[-1], [-2]], [[3], [4]], (2, 1))
    m.real("r", 0, 2.5, resolution=0.5)
    m.binary("b", labels=["a", "b"])
    columns = m.problem().columns
    assert list(columns.names) == ["s", "k[0,0]", "k[1,0]", "r", "b[a]", "b[b]"]
    assert columns.kind.tolist() == [Kind.SPIN, Kind.INTEGER, Kind.INTEGER, Kind.REAL, Kind.BINARY, Kind.BINARY]
    assert columns.lower.tolist() == [-1, -1, -2, 0, 0, 0]
    assert columns.upper.tolist() == [1, 3, 4, 2.5, 1, 1]
    assert columns.steps().tolist() == [2, 1, 1, 0.5, 1, 1]


def test_labels_pick_and_name() -> None:
    m = Model()
    x = m.binary("x", labels=[PARCELS, VANS])
    assert x["york", 1].columns == 1
    assert x["leeds", "v1"].columns == 4
    assert x[:, "v2"].columns.tolist() == [1, 3, 5]
    assert x[["leeds", "york"]].columns.tolist() == [[4, 5], [0, 1]]
    assert x[..., "v2"].columns.tolist() == x[None, ..., "v2"].columns[0].tolist() == [1, 3, 5]
    assert x[np.array(["hull"]), "v2"].columns.tolist() == [3]
    m.add("once", x.sum(axis=1) == 1)
    m.add("load", np.array([4, 5, 6]) @ x <= 9)
    m.add("some", x[["leeds", "york"], :].sum(axis=1) + 0 <= 2)
    m.add("cell", 2 * x[::2, None] <= 2)
    m.add("mixed", np.array([1, 2]) * x[np.array([True, False, True]), :] <= 2)
    m.add("plain", x @ np.ones((2, 2)) <= 2)
    names = list(m.problem().rows.names)
    assert names == [
        *("once[york]", "once[hull]", "once[leeds]", "load[v1]", "load[v2]", "some[leeds]", "some[york]"),
        *("cell[york,0,v1]", "cell[york,0,v2]", "cell[leeds,0,v1]", "cell[leeds,0,v2]"),
        *("mixed[york,v1]", "mixed[york,v2]", "mixed[leeds,v1]", "mixed[leeds,v2]"),
        *(f"plain[{p},{k}]" for p in PARCELS for k in range(2)),
    ]


def test_rows_may_come_as_a_list_a_generator_or_a_dict() -> None:
    m = Model()
    x = m.binary("x", labels=[PARCELS, VANS])
    m.add("list", [x[0].sum() <= 1, x[1].sum() >= 1])
    m.add("each", (x[k].sum() == 1 for k in range(3)))
    m.add("van", {van: x[:, van].sum() <= 2 for van in VANS})
    rows = m.problem().rows
    assert list(rows.names) == ["list[0]", "list[1]", "each[0]", "each[1]", "each[2]", "van[v1]", "van[v2]"]
    assert rows.lower.tolist() == [-np.inf, 1, 1, 1, 1, -np.inf, -np.inf]
    assert rows.upper.tolist() == [1, np.inf, 1, 1, 1, 2, 2]
    assert rows.row(6)[0].tolist() == [1, 3, 5]


def test_two_sided_rows() -> None:
    m = Model()
    k = m.integer("k", 0, 9, 3)
    m.add("win", 2 * k + 1, lower=3, upper=[5, 7, np.inf])
    rows = m.problem().rows
    assert rows.lower.tolist() == [2, 2, 2]
    assert rows.upper.tolist() == [4, 6, np.inf]


def test_rows_of_higher_degree_stay_products_and_linear_ones_stay_rows() -> None:
    m = Model()
    k = m.integer("k", 0, 9, 2)
    m.add("area", np.stack([k[0] * k[1] - 3, k[0] + 3]) <= 12, soft=2, norm="quadratic", why="the yard is small")
    problem = m.problem()
    (row,) = problem.polynomial_rows
    assert (row.name, row.lower, row.upper) == ("area[0]", -np.inf, 15)
    assert (row.price, row.norm, row.labels.why) == (2, Norm.QUADRATIC, "the yard is small")
    assert list(problem.rows.names) == ["area[1]"]
    assert problem.rows.upper.tolist() == [9]
    assert check(problem, [9, 3]).levels == (2 * 12**2,)


def test_soft_rows_cost_what_they_say() -> None:
    m = Model()
    k = m.integer("k", 0, 9, 2)
    m.minimize(k.sum())
    m.minimize(k[0], name="second", level=1)
    m.add("goal", k >= [4, 2], soft=[10, 1])
    m.add("square", k[0] >= 3, soft=2, norm="quadratic", level=1)
    m.add("once", k[1] >= 5, soft=7, norm="occurrence")
    m.add("hard", k <= 8)
    problem = m.problem()
    judged = check(problem, [1, 1])
    assert judged.feasible
    assert judged.levels == (2 + 10 * 3 + 1 * 1 + 7, 1 + 2 * 2**2)
    assert judged.parts == {"objective": 2, "second": 1, "soft.goal": 31, "soft.square": 8, "soft.once": 7}
    assert problem.rows.soft.tolist() == [True] * 4 + [False] * 2


def test_a_level_may_consist_of_prices_alone() -> None:
    m = Model()
    k = m.integer("k", 0, 9)
    m.add("goal", k >= 4, soft=1)
    m.add("later", k**2 <= 4, soft=1, level=1)
    assert check(m.problem(), [3]).levels == (1, 5)


def test_parts_add_up_and_keep_their_names() -> None:
    m = Model()
    x = m.binary("x", 3)
    m.maximize(x.sum() + 2, name="reach")
    m.maximize(-(x[0] * x[1] * x[2]), name="crowd")
    m.maximize((x[0] - 1)[None], name="tie", level=1)
    problem = m.problem()
    assert problem.sense is Sense.MAXIMIZE
    assert problem.objectives([1, 1, 1]).tolist() == [[4, 0]]
    assert problem.parts([1, 1, 1]) == {"reach": 5, "crowd": -1, "tie": 0}


def test_groups_are_named_and_hold_the_right_columns() -> None:
    m = Model()
    x = m.binary("x", labels=[PARCELS, VANS])
    y = m.binary("y", (2, 2))
    m.exactly_one("once", x, axis=1, why="nothing twice")
    m.at_most_one("van", x[:2], axis=0)
    m.at_most_one("all", np.concatenate([x[:, 0], y[:, 1]]))
    m.permutation("tour", y.T)
    groups = m.problem().groups
    found = {groups.names[g]: (GroupKind(groups.kind[g]), groups.members(g).tolist()) for g in range(len(groups))}
    assert found == {
        "once[york]": (GroupKind.EXACTLY_ONE, [0, 1]),
        "once[hull]": (GroupKind.EXACTLY_ONE, [2, 3]),
        "once[leeds]": (GroupKind.EXACTLY_ONE, [4, 5]),
        "van[v1]": (GroupKind.AT_MOST_ONE, [0, 2]),
        "van[v2]": (GroupKind.AT_MOST_ONE, [1, 3]),
        "all": (GroupKind.AT_MOST_ONE, [0, 2, 4, 7, 9]),
        "tour": (GroupKind.PERMUTATION, [6, 8, 7, 9]),
    }
    assert groups.names.family("once").why == "nothing twice"


def test_a_categorical_is_a_labelled_group() -> None:
    m = Model()
    one = m.categorical("mode", ["air", "sea"])
    many = m.categorical("colour", ["red", "green", "blue"], 2, axes=[["wall", "door"]])
    m.minimize(one["sea"] + many["door", "blue"])
    problem = m.problem()
    assert list(problem.columns.names)[:4] == ["mode[air]", "mode[sea]", "colour[wall,red]", "colour[wall,green]"]
    assert list(problem.groups.names) == ["mode", "colour[wall]", "colour[door]"]
    assert problem.groups.members(2).tolist() == [5, 6, 7]
    assert problem.objective.columns().tolist() == [1, 7]


def test_indicators_bind_where_the_binary_says() -> None:
    m = Model()
    x = m.binary("open", labels=[["a", "b"]])
    k = m.integer("k", 0, 9, 2)
    m.indicator("use", x, k <= 3)
    m.indicator("shut", x["a"], k.sum() == 0, active=False, why="no staff")
    problem = m.problem()
    found = problem.indicators
    assert list(found.rows.names) == ["use[0]", "use[1]", "shut"]
    assert (found.column.tolist(), found.active.tolist()) == ([0, 1, 0], [1, 1, 0])
    assert check(problem, [1, 0, 3, 9]).feasible
    assert {v.name for v in check(problem, [0, 1, 0, 4]).violations} == {"use[1]", "shut"}


def test_places_are_those_of_the_caller() -> None:
    m = Model()
    frame = inspect.currentframe()
    assert frame is not None
    x = m.binary("x", 2); line = frame.f_lineno  # fmt: skip # noqa: E702
    m.add("a", [x[k] <= 1 for k in range(2)])
    m.exactly_one("b", x)
    problem = m.problem()
    families = [problem.columns.names.family("x"), problem.rows.names.family("a"), problem.groups.names.family("b")]
    assert [family.place.line for family in families] == [line, line + 1, line + 2]
    assert {family.place.file for family in families} == {__file__}


def test_the_problem_is_kept_until_the_model_changes() -> None:
    m = Model()
    x = m.binary("x", 2)
    m.minimize(x.sum())
    first = m.problem()
    assert m.problem() is first
    changes = [
        lambda: m.binary("y"),
        lambda: m.minimize(x[0], name="more"),
        lambda: m.add("a", x[0] <= x[1]),
        lambda: m.exactly_one("b", x),
        lambda: m.indicator("c", x[0], x[1] <= 0),
    ]
    for change in changes:
        change()
        assert m.problem() is not first
        first = m.problem()
    assert (first.n, len(first.rows), len(first.groups), len(first.indicators)) == (3, 1, 1, 1)


def test_a_refused_call_changes_nothing() -> None:
    m = Model()
    x = m.binary("x", 2)
    before = m.problem()
    calls = [
        lambda: m.integer("k", 3, 2),
        lambda: m.minimize(x, level=4),
        lambda: m.add("a", x <= 1, soft=-1),
        lambda: m.exactly_one("a", x[[0, 0]]),
        lambda: m.indicator("a", x, x[0] <= 1),
    ]
    for call in calls:
        with pytest.raises(ModelError):
            call()
    assert m.problem() is before
    m.add("a", x <= 1)


def test_an_empty_model_and_empty_families_are_problems() -> None:
    m = Model()
    assert m.problem().n == 0
    x = m.binary("x", (0, 3))
    m.minimize((2 * x).sum())
    m.add("none", x.sum(axis=1) == 1)
    problem = m.problem()
    assert (problem.n, len(problem.rows)) == (0, 0)
    m.add("empty", x.sum(axis=0) <= 1)
    assert list(m.problem().rows.names) == ["empty[0]", "empty[1]", "empty[2]"]


def test_spellings_minimise_and_maximise() -> None:
    m = Model()
    m.maximise(m.binary("x"))
    assert m.problem().sense is Sense.MAXIMIZE
    assert repr(m) == "<Model 'problem': 1 columns, rules none>"


def test_a_solution_answers_for_arrays_parts_and_expressions() -> None:
    m = Model()
    x = m.binary("x", labels=[PARCELS, VANS])
    k = m.integer("k", 0, 9)
    values = np.array([1, 0, 0, 1, 1, 0, 7.0])
    candidate = Candidate(Origin.EXACT, "test", values)
    best = Solution(candidate, Check(True, (0.0,)), values, {}, labels=m.problem().columns.names)
    assert best[x].tolist() == best["x"].tolist() == [[1, 0], [0, 1], [1, 0]]
    assert best[x["hull"]].tolist() == [0, 1]
    assert best[k] == 7
    assert best[(x.sum(axis=0) * k)].tolist() == [14, 7]
    assert evaluate(x.sum() * k, best) == 21
    with pytest.raises(ModelError, match="one number for each of the model's 7 columns"):
        evaluate(k, [1, 2])
