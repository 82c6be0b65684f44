"""The compiler beside a slow reading of the same text in exact fractions."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
import pytest

from qopt.core.errors import ModelError
from qopt.core.problem import Kind
from qopt.core.rows import GroupKind, Norm
from qopt.models.documents import Limits, load_document, validate
from qopt.models.families._model_judge import Judge
from qopt.models.families.model import PLUGIN, ModelDocument
from qopt.models.subject import nonzeros

HEAD = """problem: model
sets:
  s: [p, q, r]
  t: [u, v]
  sub: [r, p]
  d: {range: [2, 4]}
parameters:
  a: {over: [s], values: [3, -1, 2]}
  b: {over: [s, t], values: [[1, 2], [0, 4], [-5, 6]]}
  e: {over: [d], values: [1, 4, 9]}
  on: {over: [s, t], values: {p: {u: 1}, r: {v: 1}}, default: 0}
  c: 7
variables:
  x: {over: [s]}
  y: {over: [s, t]}
  z: {over: [t], type: spin}
  n: {over: [d], type: integer, lower: -2, upper: 5}
  w: {over: [sub], type: integer, upper: 3}
  k: {type: integer, upper: 4}
"""


def document(rest: str = "") -> ModelDocument:
    return validate(load_document(HEAD + rest), ModelDocument)


def random_point(problem, rng):
    columns = problem.columns
    point = rng.integers(columns.lower, columns.upper + 1).astype(float)
    spin = columns.kind == Kind.SPIN
    point[spin] = rng.choice([-1.0, 1.0], spin.sum())
    return point


def judge(instance, problem, point):
    return Judge(instance, {"values": nonzeros(problem, point)})


EXPRESSIONS = [
    "sum(a[i]*x[i] for i in s)",
    "c",
    "k - 2*k + 3",
    "sum(b[i,j]*y[i,j] for i in s for j in t)",
    "sum(b[i,j]*y[i,j] for i in s for j in t if b[i,j] > 1 and i != 'q')",
    "sum(y[i,j] for i in s if a[i] > 0 for j in t if not (j == 'v') or i == 'r')",
    "sum(x[i]*x[j] for i in s for j in s if i < j)",
    "sum(x[i]*x[j]*x[l] for i in s for j in s for l in s)",
    "(sum(x[i] for i in s) - 1)**2",
    "sum((sum(y[i,j] for j in t) - 1)**2 for i in s)",
    "sum(a[i] * sum(y[i,j]*z[j] for j in t) for i in s)",
    "(sum(z[j] for j in t))**3",
    "z['u']**4 + z['u']*z['v']*z['u']",
    "x['p']**5 * k**2",
    "sum(e[i]*n[i] for i in d)",
    "sum(i*n[i] for i in d) + sum((i - 3)**2 * n[i] for i in d)",
    "sum(n[i+1] - n[i] for i in d if i < 4)",
    "sum(n[i]*n[i-1] for i in d if i > 2)",
    "sum(w[i]*x[i] for i in sub)",
    "sum(x[i] for i in s if i in sub) - sum(x[i] for i in s if i not in sub)",
    "sum(y[i,j] for i in s for j in t if on[i,j])",
    "max(a[i] for i in s)*k + min(b[i,j] for i in s for j in t)*k + abs(a['q'])*k",
    "max(3, 5, c)*k - min(c, 2)/4*k + len(s)",
    "-(-k) + +k",
    "2**3*k + 9**0.5*k + a['p']**2*k",
    "sum(max(b[i,j] for j in t)*x[i] for i in s)",
    "x['p']*0 + k - k",
    "(k + 2)*(k - 3)*(x['p'] + 1)",
    "sum(1 for i in s for j in t)",
    "sum(x[i] for i in s if a[i] > 100)",
    "1.5*k/2",
    "n[2]*n[3] + n[1+1]",
    "sum(n[i] for i in d if 1 <= i <= 3)",
]


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_an_objective_has_the_value_that_its_text_says(text):
    instance = document(f'objective: {{minimise: "{text}"}}\n')
    problem = PLUGIN.build(instance)
    rng = np.random.default_rng(7)
    for _ in range(20):
        point = random_point(problem, rng)
        assert problem.objectives(point)[0, 0] == pytest.approx(float(judge(instance, problem, point).objectives()[0]))


RULES = [
    ("i in s", "sum(y[i,j] for j in t) <= a[i]*x[i] + 1"),
    ("i in s, j in t", "y[i,j] <= x[i]"),
    ("i in s, j in t if b[i,j] > 0", "b[i,j]*y[i,j] >= 2*x[i] - 1"),
    ("i in d if i < 4", "-1 <= n[i+1] - n[i] <= i"),
    ("j in t", "5 >= sum(y[i,j]*x[i] for i in s) + z[j] >= 1"),
    ("i in s", "x[i]*k + a[i] == 3"),
    ("i in s", "a[i]*(x[i] + 1) <= x[i]"),
    (None, "sum(x[i] for i in s) == 2"),
    (None, "3 <= 2"),
    (None, "k**2 + z['u']**2 <= 9"),
    ("i in s for j in s if i != j", "x[i] + x[j] <= 1"),
    ("i in sub", "w[i] <= 3*x[i]"),
    ("i in s", "x[i]*x['p'] <= x[i]"),
]


@pytest.mark.parametrize(("loops", "text"), RULES)
def test_a_rule_is_broken_when_its_text_says_so(loops, text):
    head = f'for: "{loops}", ' if loops else ""
    instance = document(f'constraints:\n  rule: {{{head}that: "{text}"}}\n')
    problem = PLUGIN.build(instance)
    rng = np.random.default_rng(11)
    for _ in range(20):
        point = random_point(problem, rng)
        over = [
            problem.rows.lower - problem.rows.activity(point)[0],
            problem.rows.activity(point)[0] - problem.rows.upper,
        ]
        broken = [problem.rows.names[k] for k in np.flatnonzero(np.max(over, axis=0) > 1e-9)]
        for row in problem.polynomial_rows:
            value = row.polynomial.evaluate(point)[0]
            broken += [row.name] if not row.lower - 1e-9 <= value <= row.upper + 1e-9 else []
        told = [line.split(" is broken")[0] for line in judge(instance, problem, point).broken()]
        assert sorted(broken) == sorted(told)


@pytest.mark.parametrize("norm", ["linear", "quadratic", "occurrence"])
@pytest.mark.parametrize("sense", ["minimise", "maximise"])
@pytest.mark.parametrize("text", ["sum(y[i,j] for j in t) + a[i] <= x[i]", "x[i]*k <= a[i]"])
def test_a_soft_rule_costs_what_its_text_says(norm, sense, text):
    instance = document(
        f"objective: [{{{sense}: k}}, {{{sense}: \"x['p']\"}}]\n"
        f'constraints:\n  wish: {{for: i in s, that: "{text}", soft: "2 + a[i]**2", norm: {norm}, level: 2}}\n'
    )
    problem = PLUGIN.build(instance)
    rng = np.random.default_rng(5)
    for _ in range(20):
        point = random_point(problem, rng)
        assert problem.objectives(point)[0] == pytest.approx(
            [float(v) for v in judge(instance, problem, point).objectives()]
        )
        assert set(problem.parts(point)) == {"level 1", "level 2", "soft.wish"}


def test_random_expressions_agree_with_the_slow_reading():
    rng = random.Random(2)
    atoms = ["x[i]", "y[i,j]", "z[j]", "k", "a[i]", "b[i,j]", "c", "2", "0.5", "w['p']", "n[3]"]

    def make(depth: int) -> str:
        if depth == 0:
            return rng.choice(atoms)
        left, right = make(depth - 1), make(depth - 1)
        return rng.choice([f"({left} + {right})", f"({left} - {right})", f"{left}*{right}", f"-{left}", f"({left})**2"])

    points = np.random.default_rng(3)
    for _ in range(60):
        text = f"sum({make(3)} for i in s for j in t if {rng.choice(['on[i,j]', 'i != j', 'a[i] < 3', 'b[i,j]'])})"
        instance = document(f'objective: {{maximise: "{text}"}}\n')
        problem = PLUGIN.build(instance)
        for _ in range(3):
            point = random_point(problem, points)
            expected = float(judge(instance, problem, point).objectives()[0])
            assert problem.objectives(point)[0, 0] == pytest.approx(expected, rel=1e-9, abs=1e-6), text


def test_rows_of_binaries_hold_a_column_once_and_no_zeros():
    instance = document("constraints:\n  r: {for: i in s, that: \"x[i]*x[i] + x[i] + x['p'] - x['p'] <= k - k + 2\"}\n")
    rows = PLUGIN.build(instance).rows
    assert rows.value.tolist() == [2, 2, 2] and rows.index.tolist() == [0, 1, 2] and rows.upper.tolist() == [2, 2, 2]


def test_names_places_and_reasons_of_rows():
    instance = document(
        "constraints:\n"
        '  all: {for: "i in s, j in d", that: "x[i] <= n[j]", why: because}\n'
        '  some: {for: "i in s, j in d if a[i] < j", that: "x[i] <= n[j]"}\n'
        '  one: "k <= 3"\n'
        '  curved: {for: "i in s if i != \'q\'", that: "x[i]*k <= 1"}\n'
    )
    problem = PLUGIN.build(instance)
    names = list(problem.rows.names)
    assert names[:4] == ["all[p,2]", "all[p,3]", "all[p,4]", "all[q,2]"]
    assert names[9:] == ["some[p,4]", "some[q,2]", "some[q,3]", "some[q,4]", "some[r,3]", "some[r,4]", "one"]
    assert [row.name for row in problem.polynomial_rows] == ["curved[p]", "curved[r]"]
    family = problem.rows.names.families[0]
    assert (family.why, family.place.line, family.place.column) == ("because", 21, 3)


def test_one_of_becomes_groups_unless_it_is_soft_or_empty():
    rest = """constraints:
  once: {for: i in s, one_of: "y[i,j] for j in t"}
  most: {at_most_one_of: "x[i] for i in s"}
  wish: {for: i in s, one_of: "y[i,j] for j in t", soft: 2, norm: occurrence}
  none: {for: i in s, one_of: "y[i,j] for j in t if b[i,j] > 3"}
"""
    problem = PLUGIN.build(document(rest))
    kinds = problem.groups.kind.tolist()
    assert kinds == [GroupKind.EXACTLY_ONE] * 3 + [GroupKind.AT_MOST_ONE]
    assert problem.groups.members(1).tolist() == [5, 6]
    assert list(problem.rows.names) == ["wish[p]", "wish[q]", "wish[r]", "none[p]", "none[q]", "none[r]"]
    assert np.isnan(problem.rows.price[3:]).all() and problem.rows.norm[0] == Norm.OCCURRENCE


def test_bounds_of_data_stand_without_an_index():
    text = """problem: model
sets: {s: [p, q], d: {range: [1, 2]}}
parameters:
  low: {over: [s], values: [-2, 1.5]}
  cap: {over: [s, d], values: [[1, 2], [3, 4.5]]}
variables:
  n: {over: [s, d], type: integer, lower: low, upper: 2*cap}
  r: {over: [d, s], type: real, lower: -1, upper: "max(cap, 2)", resolution: 0.25}
"""
    columns = PLUGIN.build(validate(load_document(text), ModelDocument)).columns
    assert columns.lower.tolist() == [-2, -2, 2, 2, -1, -1, -1, -1]
    assert columns.upper.tolist() == [2, 4, 6, 9, 2, 3, 2, 4.5]
    assert columns.resolution.tolist() == [0] * 4 + [0.25] * 4


def test_terms_are_counted_before_they_are_made():
    text = """problem: model
sets: {i: {range: [1, 2000]}}
variables: {x: {over: [i]}}
objective: {minimise: "(sum(x[a] for a in i))**%d"}
"""
    problem = PLUGIN.build(validate(load_document(text % 2), ModelDocument))
    assert len(problem.objective.value) == 2000 * 1999 // 2
    with pytest.raises(ModelError, match=r"8,00\d,\d+,\d+ terms up to here, at most 10,000,000"):
        PLUGIN.build(validate(load_document(text % 3), ModelDocument))
    limited = load_document(text % 2, limits=Limits(terms=3_000_000))
    with pytest.raises(ModelError, match="4,002,000 terms up to here, at most 3,000,000"):
        PLUGIN.build(validate(limited, ModelDocument))


def test_conditions_early_in_the_loops_spare_terms():
    text = """problem: model
sets: {i: {range: [1, 3000]}, j: {range: [1, 3000]}}
variables: {x: {over: [i]}}
objective: {minimise: "sum(x[a]*x[b]*%s for a in i if a <= 3 for b in j if b == a + 1 for c in j)"}
"""
    problem = PLUGIN.build(validate(load_document(text % "c"), ModelDocument))
    assert problem.objective.value.tolist() == [3000 * 3001 / 2] * 3


def test_a_tenth_is_the_float_that_it_is():
    problem = PLUGIN.build(document("objective: {minimise: 0.1*k}\n"))
    assert Fraction(problem.objective.linear[-1]) == Fraction(0.1)
