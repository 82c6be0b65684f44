"""A certificate of any kind of proof that is off by one unit anywhere is caught, and so is its QUBO."""

import copy
import json
from fractions import Fraction
from functools import cache

import numpy as np
import pytest
from random_models import INF, MODELS, names, polynomial, rows_of
from tangled_models import TANGLED

from qopt.compilers.compile import compile_problem
from qopt.core.accepts import Accepts
from qopt.core.errors import CompileError
from qopt.core.hashing import qubo_hash
from qopt.core.polynomial import Polynomial, Products
from qopt.core.problem import Columns, Problem
from qopt.core.rows import GroupKind
from qopt.evaluate.certificate import digest, verify

BY_NAME = {make.__name__: make for make in (*MODELS, *TANGLED)}
NATIVE = Accepts(degree=None, groups=frozenset(GroupKind), rows=True)


def steps(document):
    return {step["step"] for step in document["steps"]}


def rules(document, key="row"):
    return {rule[key][0] if key == "row" else rule[key] for rule in (*document["rules"], *document["others"])}


def pieces(document):
    return {piece["kind"] for piece in document["pieces"]}


def counted(rng):
    """Rows of almost even weights, which only say how many fit."""
    n = int(rng.integers(4, 7))
    rows = rows_of([(-INF, dict(enumerate(rng.integers(20, 24, n).astype(float).tolist())), 69.0)], n)
    return Problem.build(Columns.binaries(names("x", n)), polynomial(rng, n), rows=rows)


BY_NAME["counted"] = counted
# A class of models, options, and what the document must hold for a case to be one.
CASES = {
    "parabolas": ("soft", {}, lambda d: pieces(d) >= {"curve"}),
    "squares": ("soft", {"penalty": "dual", "presolve": False}, lambda d: pieces(d) >= {"square"}),
    "distances": ("soft", {"penalty": "dual", "presolve": False}, lambda d: pieces(d) >= {"distance"}),
    "flags": ("soft", {}, lambda d: pieces(d) >= {"flag"}),
    "switched rows": ("switched", {}, lambda d: rules(d) >= {"switch"}),
    "levels": ("levels", {}, lambda d: len(d["levels"]) > 1 and d["bits"] > 2),
    "gadgets": ("products", {"guarantee": "top:2"}, lambda d: len({g["kind"] for g in d["gadgets"]}) == 2),
    "powers": ("powers", {"encoding": "one_hot"}, lambda d: rules(d) >= {"code"} and d["gadgets"]),
    "polynomial rows": ("polynomial_rows", {}, lambda d: rules(d) >= {"curve", "product"}),
    "polynomial rows, unfolded": ("polynomial_rows", {"accepts": Accepts(degree=None)}, lambda d: d["unfolded"]),
    "one-signed rows": ("polynomial_rows", {"guarantee": "total"}, lambda d: rules(d, "shape") >= {"sign"}),
    "rows of pairs": ("wide", {"guarantee": "total"}, lambda d: rules(d, "shape") >= {"pairs"}),
    "chains": ("mixed", {"encoding": "domain_wall"}, lambda d: rules(d, "shape") >= {"chain"}),
    "groups left to the backend": ("grouped", {"accepts": NATIVE}, lambda d: d["kept"]),
    "rows left to the backend": ("wide", {"accepts": NATIVE, "presolve": False}, lambda d: d["kept"]),
    "equal columns": ("pairs", {"guarantee": "total"}, lambda d: steps(d) >= {"equal", "bounds"} and d["bits"] > 1),
    "sets from pairs": ("conflicts", {"guarantee": "total"}, lambda d: steps(d) >= {"clique", "drop"}),
    "cut coefficients": ("wide", {"guarantee": "total"}, lambda d: steps(d) >= {"tighten", "whole"}),
    "counts": ("counted", {"guarantee": "total"}, lambda d: steps(d) >= {"count"}),
    "sides": ("copies", {"guarantee": "total"}, lambda d: steps(d) >= {"sides", "drop"}),
    "bounds": ("boundless", {"guarantee": "total"}, lambda d: steps(d) >= {"bounds"} and d["bits"] > 1),
    "cuts": ("mixed", {"penalty": "dual"}, lambda d: d["cut"]["columns"] and d["bits"] > 1),
}
LARGEST = 500
# Another answer of the same energy is a witness too, and other multipliers may come to the same bound.
EQUALLY_TRUE = {"witness", "by", "unit"}


def may_be_true(document, path):
    """Whether a change can give another proof of the same: a step may be as true of the next row, and a parabola the
    same one between finer points."""
    if "pieces" in path and path[-1] == "scale":
        place = document
        for key in path[:-1]:
            place = place[key]
        return place["kind"] == "curve"
    return bool(EQUALLY_TRUE & set(path)) or path[0] in ("digest", "schema") or path[0::2] == ("steps", "row")


@cache
def case(name):
    """The first model of the class that the case is about."""
    make, options, wanted = CASES[name]
    for seed in range(80):
        problem = BY_NAME[make](np.random.default_rng([seed, 77]))
        try:
            compiled = compile_problem(problem, certify=True, **options)
        except CompileError:
            continue
        assert compiled.certificate is not None, compiled.notes
        document = json.loads(compiled.certificate.text())
        if wanted(document) and sum(1 for _ in leaves(document)) <= LARGEST:
            verdict = verify(document, problem, compiled.polynomial)
            assert verdict.proven, verdict.fault
            return problem, compiled, document
    raise AssertionError(f"no model is a case of {name}")


def leaves(node, path=()):
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    if not isinstance(node, (dict, list)):
        yield path, node
    for key, child in children:
        yield from leaves(child, (*path, key))


def forged(document, path, value):
    made = copy.deepcopy(document)
    place = made
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return {**made, "digest": digest(made)}


def wrong_values(value, unit):
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, value - 1]
    try:
        number = Fraction(value)
    except (TypeError, ValueError):
        return []
    return [str(number + unit), str(number - unit)]


@pytest.mark.parametrize("name", CASES)
def test_numbers_that_are_off_by_one_unit_are_caught(name):
    problem, compiled, document = case(name)
    unit, tried = Fraction(document["unit"]), 0
    for path, value in leaves(document):
        if may_be_true(document, path):
            continue
        for wrong in wrong_values(value, unit):
            verdict = verify(forged(document, path, wrong), problem, compiled.polynomial)
            assert not verdict.proven, (path, value, wrong)
            tried += 1
    assert tried >= 30


@pytest.mark.parametrize("name", CASES)
def test_coefficients_that_are_off_by_one_unit_are_caught(name):
    problem, compiled, document = case(name)
    p, unit = compiled.polynomial, float(Fraction(document["unit"]))
    parts = np.concatenate([p.linear, p.value, p.products.coefficient, [p.offset]])
    ends = np.cumsum([p.n, len(p.value), len(p.products)])
    for k in range(len(parts)):
        for way in (unit, -unit):
            other = parts.copy()
            other[k] += way
            linear, value, longer, offset = np.split(other, ends)
            products = Products(p.products.indptr, p.products.index, longer)
            wrong = Polynomial(linear, p.row, p.col, value, products, float(offset[0]))
            assert not verify(document, problem, wrong).proven
            damaged = {**document, "qubo": qubo_hash(wrong)}
            verdict = verify({**damaged, "digest": digest(damaged)}, problem, wrong)
            assert not verdict.proven and "QUBO" in verdict.fault


@pytest.mark.parametrize("name", ["chains", "one-signed rows", "rows of pairs"])
def test_weights_below_their_floor_are_caught_also_where_the_qubo_follows(name):
    """Weight and QUBO of a rule without a form are both lower, so that only the inequality can tell."""
    problem, compiled, document = case(name)
    certificate, caught = compiled.certificate, 0
    forms = len(certificate.lowered.rules.forms)
    for k, rule in enumerate(document["others"]):
        lower = Fraction(rule["floor"]) - Fraction(document["unit"])
        change = float(Fraction(rule["weight"]) - lower)
        p = certificate.lowered.rules.polynomials[k].polynomial
        other = Polynomial.sum([compiled.polynomial, p.scaled(-change)])
        damaged = forged(document, ("others", k, "weight"), str(lower))
        damaged["qubo"] = qubo_hash(other)
        damaged["digest"] = digest(damaged)
        verdict = verify(damaged, problem, other)
        assert not verdict.proven and "weight is too small" in verdict.fault
        caught += 1
    assert caught == len(certificate.penalties.weights) - forms >= 1


def test_steps_that_are_left_out_are_missed():
    """Without any one of its steps a proof does not hold, unless the step says what the others say as well."""
    missed = kept = 0
    for name in ("equal columns", "sets from pairs", "cut coefficients", "counts", "sides", "bounds"):
        problem, compiled, document = case(name)
        for k in range(len(document["steps"])):
            less = {**document, "steps": [s for t, s in enumerate(document["steps"]) if t != k]}
            verdict = verify({**less, "digest": digest(less)}, problem, compiled.polynomial)
            missed, kept = missed + (not verdict.proven), kept + verdict.proven
    assert missed >= 3 * kept and missed >= 8, (missed, kept)
