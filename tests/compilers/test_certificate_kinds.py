"""Every compile with a guarantee has a certificate that holds, whatever the model, the encoding and the backend."""

import json
from fractions import Fraction
from functools import cache

import numpy as np
import pytest
from random_models import INF, MODELS, names, rows_of
from tangled_models import TANGLED

from qopt.compilers.compile import compile_problem
from qopt.core.accepts import QUBO, Accepts
from qopt.core.errors import CompileError
from qopt.core.polynomial import polynomial_of
from qopt.core.problem import Columns, Kind, Problem
from qopt.core.rows import GroupKind
from qopt.evaluate.certificate import verify
from qopt.testing.encodings import check_compiled

BACKENDS = (
    QUBO,
    Accepts(degree=None),
    QUBO,
    Accepts(degree=3),
    Accepts(groups=frozenset(GroupKind)),
    Accepts(degree=None, groups=frozenset(GroupKind), rows=True),
)
ENCODINGS = ("auto", "one_hot", "domain_wall", "unary")
GUARANTEES = ("argmin", "top:3", "total", "top:10%")
RULES = ("auto", "dual", "range")
SEEDS = range(15)


def options(seed):
    """Another mixture for every seed."""
    return {
        "guarantee": GUARANTEES[seed % 4],
        "accepts": BACKENDS[seed % 6],
        "encoding": ENCODINGS[(seed // 2) % 4],
        "penalty": RULES[seed % 3],
        "presolve": seed % 5 != 4,
    }


def certified(problem, **more):
    compiled = compile_problem(problem, certify=True, **more)
    assert compiled.certificate is not None, compiled.notes
    return compiled, json.loads(compiled.certificate.text())


@cache
def made(make, seed):
    """A random model of a class with its certified compile; None where it can never hold."""
    problem = make(np.random.default_rng([seed, 31]))
    try:
        return problem, *certified(problem, **options(seed))
    except CompileError as error:
        assert "can never hold" in str(error) or "no such value" in str(error)
        return None


@pytest.mark.parametrize("make", (*MODELS, *TANGLED), ids=lambda make: make.__name__)
def test_every_class_of_models_is_proven(make):
    tried = brute = 0
    for seed in SEEDS:
        if made(make, seed) is None:
            continue
        problem, compiled, document = made(make, seed)
        plain = compile_problem(problem, **options(seed))
        verdict = verify(document, problem, compiled.polynomial)
        assert verdict.proven, (seed, verdict.fault)
        assert verdict.guarantee == compiled.guarantee != "none"
        kept = len(document["kept"])
        assert bool(kept) == bool(verdict.assumed) == bool(len(compiled.groups) or len(compiled.rows))
        assert compiled.num_bits == plain.num_bits, "a certified compile takes the same steps"
        tried += 1
        if compiled.num_bits <= 11:
            energy = document["incumbent"]
            incumbent = None if energy is None else problem.sense.sign * float(Fraction(energy))
            check_compiled(compiled, incumbent=incumbent)
            brute += 1
    assert tried >= 6 and brute >= 3


def test_together_the_models_need_every_kind_of_proof():
    seen = set()
    for make in (*MODELS, *TANGLED):
        for seed in SEEDS:
            if made(make, seed) is None:
                continue
            _, _, document = made(make, seed)
            seen |= {step["step"] for step in document["steps"]}
            seen |= {rule["shape"] for rule in (*document["rules"], *document["others"])}
            seen |= {piece["kind"] for piece in document["pieces"]}
            seen |= {gadget["kind"] for gadget in document["gadgets"]}
            seen |= {column[2] for column in document["columns"]}
            seen |= {rule["row"][0] for rule in (*document["rules"], *document["kept"])}
            seen |= {f"cut of {part}" for part, cut in document["cut"].items() if cut}
            seen |= {"levels"} if len(document["levels"]) > 1 else set()
            seen |= {"unfolded"} if document["unfolded"] else set()
    steps = {"whole", "bounds", "sides", "tighten", "count", "drop", "equal", "clique"}
    shapes = {"square", "window", "linear", "pairs", "sign", "chain"}
    pieces = {"curve", "distance", "flag"} | {"and", "pair"} | {"digits", "one-hot", "wall", "copy"}
    lines = {"row", "group", "code", "switch", "curve", "product", "price"}
    cuts = {"cut of columns", "cut of rows", "levels", "unfolded"}
    missing = (steps | shapes | pieces | lines | cuts) - seen
    assert not missing


def test_long_rows_in_pieces_are_proven():
    rng = np.random.default_rng(0)
    for n, most, weights in ((60, 1000, np.ones(60)), (200, 6000, np.ones(200))):
        line = dict(enumerate(weights.tolist()))
        objective = polynomial_of(n, {(k,): float(v) for k, v in enumerate(rng.integers(1, 40, n))})
        for sides in ((20.0, 20.0), (-INF, 20.0), (12.0, 20.0)):
            rows = rows_of([(sides[0], line, sides[1])], n)
            problem = Problem.build(Columns.binaries(names("x", n)), objective, rows=rows)
            for guarantee in ("argmin", "total"):
                compiled, document = certified(problem, guarantee=guarantee, penalty="range", max_couplings=most)
                assert len(document["splits"]) == 1
                verdict = verify(document, problem, compiled.polynomial)
                assert verdict.proven, verdict.fault


def test_what_cannot_be_proven_says_so_when_it_is_compiled():
    """Real variables and rounded rows: a note and no certificate, never an error when the document is read."""
    real = Problem.build(
        Columns([Kind.BINARY, Kind.REAL], [0.0, 0.0], [1.0, 0.0], names("x", 2)), polynomial_of(2, {(0,): 1.0})
    )
    compiled = compile_problem(real, certify=True, guarantee="argmin")
    assert compiled.certificate is None
    assert any("no certificate" in note for note in compiled.notes) or compiled.guarantee == "none"
    # A side within float noise of a whole number is taken for it, which an exact reading does not do.
    rows = rows_of([(-INF, {0: 0.1, 1: 0.2}, 0.3 - 1e-11)], 2)
    noisy = Problem.build(Columns.binaries(names("x", 2)), polynomial_of(2, {(0,): -1.0, (1,): -1.0}), rows=rows)
    for presolve in (True, False):
        compiled = compile_problem(noisy, certify=True, presolve=presolve)
        if compiled.certificate is None:
            assert any("was rounded" in note for note in compiled.notes)
        else:
            assert verify(compiled.certificate.document, noisy, compiled.polynomial).proven
