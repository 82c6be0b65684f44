"""The verifier against a compiler that is wrong and consistent: only the argument itself can tell."""

import json

import numpy as np
import pytest

from qopt.compilers.compile import compile_problem
from qopt.compilers.passes import levels
from qopt.core.hashing import problem_hash
from qopt.core.names import Labels, NameTable
from qopt.core.polynomial import Polynomial, polynomial_of
from qopt.core.problem import Columns, Kind, Level, Part, Problem
from qopt.core.rows import Indicators, Norm, PolynomialRow, Rows
from qopt.evaluate._certificate_energy import Energy
from qopt.evaluate._certificate_layout import Layout
from qopt.evaluate._certificate_numbers import NotProvenError
from qopt.evaluate._certificate_objective import Objective
from qopt.evaluate._certificate_state import State
from qopt.evaluate.certificate import digest, verify
from qopt.testing.brute import all_bits

INF = np.inf


def names(n, family="x"):
    return NameTable.numbered(family, n)


def rows_of(lines, **more):
    return Rows.of(lines, names(len(lines), "row"), **more)


def forged(document, problem):
    """A document that says to be about another problem."""
    damaged = {**document, "problem": problem_hash(problem), "witness": None}
    return {**damaged, "digest": digest(damaged)}


def switched(side):
    when = Indicators([0], [1], rows_of([({1: 2.0, 2: 3.0, 3: 4.0}, -INF, side)]))
    return Problem.build(Columns.binaries(names(4)), OBJECTIVE, indicators=when)


def curved(side):
    row = PolynomialRow(polynomial_of(4, {(0, 1): 2.0, (2,): 3.0, (3,): 4.0}), -INF, side, Labels("curve"))
    return Problem.build(Columns.binaries(names(4)), OBJECTIVE, polynomial_rows=(row,))


def signed(side):
    row = PolynomialRow(polynomial_of(4, {(0, 1): 2.0, (2, 3): 3.0}), -INF, side, Labels("curve"))
    return Problem.build(Columns.binaries(names(4)), OBJECTIVE, polynomial_rows=(row,))


def plain(side):
    return Problem.build(Columns.binaries(names(4)), OBJECTIVE, rows=rows_of([({0: 2.0, 1: 3.0, 2: 4.0}, -INF, side)]))


def counted(side):
    return Problem.build(Columns.binaries(names(4)), OBJECTIVE, rows=rows_of([({0: 4.0, 1: 4.0, 2: 5.0}, -INF, side)]))


OBJECTIVE = polynomial_of(4, {(0,): -3.0, (1,): -4.0, (2,): -5.0, (3,): -2.0, (0, 2): 1.0})


@pytest.mark.parametrize(("presolve", "guarantee"), [(True, "total"), (False, "total"), (True, "argmin")])
@pytest.mark.parametrize(
    ("make", "right", "tighter"),
    [(plain, 6.0, 5.0), (switched, 6.0, 4.0), (curved, 6.0, 5.0), (signed, 2.0, 0.0), (counted, 9.0, 8.0)],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_proof_of_a_looser_rule_is_no_proof(make, right, tighter, presolve, guarantee):
    compiled = compile_problem(make(right), certify=True, guarantee=guarantee, presolve=presolve)
    document = json.loads(compiled.certificate.text())
    assert verify(forged(document, make(right)), make(right), compiled.polynomial).proven
    verdict = verify(forged(document, make(tighter)), make(tighter), compiled.polynomial)
    assert not verdict.proven and "QUBO" not in verdict.fault, verdict.fault
    if guarantee != "total":
        return
    # And the other way round: a stricter rule forbids what is feasible.
    compiled = compile_problem(make(tighter), certify=True, guarantee="total", presolve=presolve)
    document = json.loads(compiled.certificate.text())
    verdict = verify(forged(document, make(right)), make(right), compiled.polynomial)
    assert not verdict.proven and "QUBO" not in verdict.fault, verdict.fault


def test_a_switched_row_says_nothing_where_it_is_off():
    columns = [[0, [[k, 1]], "digits"] for k in range(4)]
    layout = Layout(State(switched(6.0)), columns, [])
    form = layout.form(("switch", 0, "high", "3"))
    bits = all_bits(4)
    activity = sum(float(a) * bits[:, b] for b, a in form.plain.items())
    holds = 2 * bits[:, 1] + 3 * bits[:, 2] + 4 * bits[:, 3] <= 6
    assert np.array_equal(activity <= float(form.upper), holds | (bits[:, 0] == 0))
    with pytest.raises(NotProvenError, match="binds where it is off"):
        layout.form(("switch", 0, "high", "2"))


def test_levels_that_can_be_outvoted_are_caught(monkeypatch):
    made = tuple(
        Level((Part(f"level{k}", polynomial_of(3, {(0,): 1.0, (1,): -2.0, (2,): 3.0 - k}).scaled(1.0 + k)),))
        for k in range(2)
    )
    problem = Problem(Columns.binaries(names(3)), made)
    assert proven(problem)
    monkeypatch.setattr(levels, "_range", lambda p: float(np.abs(p.linear).sum()) / 8)
    verdict = proven(problem)
    assert not verdict.proven and "outweigh" in verdict.fault


def proven(problem, **options):
    compiled = compile_problem(problem, certify=True, guarantee="total", **options)
    return verify(json.loads(compiled.certificate.text()), problem, compiled.polynomial)


# -- soft rows


def soft(norm, lower, upper):
    """A row ``x0 + 2 x1 + 3 x2`` of an integer and two binaries, 0 to 8, with price 2."""
    kinds = np.array([Kind.INTEGER, Kind.BINARY, Kind.BINARY], np.int8)
    columns = Columns(kinds, np.zeros(3), np.array([3.0, 1.0, 1.0]), names(3))
    rows = rows_of([({0: 1.0, 1: 2.0, 2: 3.0}, lower, upper)], price=[2.0], norm=[norm])
    return Problem.build(columns, Polynomial.zero(3), rows=rows)


COLUMNS = [[0, [[2, 1], [3, 2]], "digits"], [0, [[0, 1]], "digits"], [0, [[1, 1]], "digits"]]
ROW = {"row": ["row", 0], "scale": "1"}
SQUARE = {**ROW, "kind": "square", "low": 2, "slack": [[4, 1], [5, 1]]}
DISTANCE = {
    **ROW,
    "kind": "distance",
    "low": 2,
    "high": 4,
    "over": [[4, 1], [5, 2], [6, 1]],
    "under": [[7, 1], [8, 1]],
}
HIGH = {**ROW, "kind": "flag", "side": "high", "high": 4, "most": 4, "bit": 4}
LOW = {**ROW, "kind": "flag", "side": "low", "high": -2, "most": 2, "bit": 5}
PIECES = {
    "squares": (
        Norm.QUADRATIC,
        [SQUARE],
        [
            [],
            [SQUARE, SQUARE],
            [{**SQUARE, "low": 1}],
            [{**SQUARE, "slack": [[4, 1]]}],
            [{**SQUARE, "slack": [[4, 2]]}],
            [{**SQUARE, "slack": [[4, 1], [5, 2]]}],
            [{**SQUARE, "slack": [[5, 1], [6, 1]]}],
            [{**ROW, "kind": "curve"}],
        ],
    ),
    "distances": (
        Norm.LINEAR,
        [DISTANCE],
        [
            [],
            [{**DISTANCE, "low": 1}],
            [{**DISTANCE, "high": 5}],
            [{**DISTANCE, "high": 3}],
            [{**DISTANCE, "over": [[4, 1], [5, 2]], "under": [[6, 1], [7, 1]]}],
            [{**DISTANCE, "over": [[4, 2], [5, 2]], "under": [[6, 1], [7, 1]]}],
            [{**DISTANCE, "under": [[7, 1]]}],
            [SQUARE],
            [{**ROW, "kind": "curve"}],
        ],
    ),
    "flags": (
        Norm.OCCURRENCE,
        [HIGH, LOW],
        [
            [HIGH],
            [LOW],
            [HIGH, {**LOW, "bit": 4}],
            [{**HIGH, "most": 3}, LOW],
            [{**HIGH, "high": 5}, LOW],
            [HIGH, {**LOW, "high": -3}],
            [HIGH, {**LOW, "side": "high"}],
            [DISTANCE],
            [{**ROW, "kind": "curve"}],
        ],
    ),
}


@pytest.mark.parametrize("name", PIECES)
def test_soft_rows_cost_what_they_say(name):
    """Least over the right new bits the energy is the price; other pieces are refused."""
    norm, right, wrong = PIECES[name]
    problem = soft(norm, 2.0, 4.0)

    def read(pieces):
        layout = Layout(State(problem), COLUMNS, [])
        return layout, Objective(layout, pieces, ["1"])

    layout, objective = read(right)
    bits = all_bits(layout.bits)
    energy = np.array([float(sum(v for key, v in objective.terms.items() if all(b[list(key)]))) for b in bits])
    ok = np.ones(len(bits), dtype=bool)
    for form in layout.extra.values():
        activity = np.array([sum(a * int(b[k]) for k, a in form.plain.items()) for b in bits])
        ok &= (activity >= (-INF if form.lower is None else form.lower)) & (activity <= form.upper)
    values = np.stack([bits[:, 2] + 2 * bits[:, 3], bits[:, 0], bits[:, 1]], axis=1)
    price = problem.objectives(values)[:, 0]
    assert (energy[ok] >= price[ok] - 1e-12).all()
    for point in np.unique(values, axis=0):
        here = ok & (values == point).all(axis=1)
        assert np.isclose(energy[here].min(), price[here][0])
    for pieces in wrong:
        with pytest.raises(NotProvenError):
            read(pieces)


# -- gadgets


@pytest.mark.parametrize("seed", range(30))
def test_gadgets_that_are_taken_change_nothing(seed):
    """Least over the new bits, whatever gadget is taken leaves the energy what it was on every bit string."""
    rng = np.random.default_rng(seed)
    n = 5
    terms = {(): 0}
    for _ in range(6):
        key = tuple(sorted(rng.choice(n, size=int(rng.integers(1, 5)), replace=False).tolist()))
        terms[key] = int(rng.integers(-4, 5))
    energy = Energy(terms, Polynomial.zero(n), [])
    before, gadgets, bits = value(energy.total, all_bits(n)), [], n
    for _ in range(3):
        inside = sorted(rng.choice(bits, size=int(rng.integers(2, 4)), replace=False).tolist())
        weight = int(rng.integers(0, 6))
        raw = {"kind": "and", "bits": inside, "weight": str(weight)}
        if rng.random() < 0.6:
            others = [b for b in range(bits) if b not in inside[:2]]
            lines = [[sorted(rng.choice(others, size=1).tolist()), str(int(rng.integers(0, 4)))] for _ in range(2)]
            raw = {"kind": "pair", "bits": inside[:2], "weight": str(weight), "terms": lines}
        trial = Energy(terms, Polynomial.zero(n), [])
        try:
            trial.quadratise([*gadgets, raw], n)
        except NotProvenError:
            assert raw["kind"] == "pair" and weight < sum(int(c) for _, c in raw["terms"])
            continue
        gadgets.append(raw)
        bits += 1
        after = value(trial.total, all_bits(bits)).reshape(-1, 2**n)
        assert np.array_equal(after.min(axis=0), before)


def value(terms, bits):
    return sum(v * bits[:, list(key)].all(axis=1).astype(int) for key, v in terms.items())


def test_a_cut_of_rows_does_not_excuse_a_rule_that_keeps_too_much():
    """The row ends below what its cut rule keeps, while everything beyond the rule lies above the limit."""
    tried = 0
    for seed in range(12):
        rng = np.random.default_rng([seed, 8])
        n = int(rng.integers(6, 9))
        size = {k: float(v) for k, v in enumerate(rng.integers(2, 9, n))}
        cost = polynomial_of(n, {(k,): float(v) for k, v in enumerate(rng.integers(5, 12, n))})
        lower = float(sum(size.values()) // 3)

        def problem(upper, size=size, cost=cost, n=n, lower=lower):
            return Problem.build(Columns.binaries(names(n)), cost, rows=rows_of([(size, lower, upper)]))

        compiled = compile_problem(problem(lower + 12), certify=True, guarantee="top:2", penalty="dual")
        document = json.loads(compiled.certificate.text())
        if document["cut"]["rows"] is None or document["steps"]:
            continue
        kept = -document["rules"][0]["constant"] + sum(-a for b, a in document["rules"][0]["form"] if a < 0)
        for upper in range(int(lower), kept):
            other = problem(float(upper))
            assert not verify(forged(document, other), other, compiled.polynomial).proven
            tried += 1
    assert tried
