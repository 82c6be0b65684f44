"""The verifier accepts what the compiler proves, and nothing that is off by one unit anywhere."""

import copy
import json
from fractions import Fraction

import numpy as np
import pytest

from qopt.cli.main import main
from qopt.compilers.compile import compile_problem
from qopt.core.errors import CompileError
from qopt.core.hashing import qubo_hash
from qopt.core.names import NameTable
from qopt.core.polynomial import Polynomial, polynomial_of
from qopt.core.problem import Columns, Kind, Problem, Sense
from qopt.core.rows import Rows
from qopt.evaluate.certificate import digest, verify
from qopt.models.frontends.coo import PLUGIN as COO
from qopt.models.frontends.problem import PLUGIN as PROBLEMS


def rows_of(lines, name="row"):
    indptr = np.concatenate([[0], np.cumsum([len(terms) for _, terms, _ in lines])]).astype(int)
    index = [c for _, terms, _ in lines for c in terms]
    value = [v for _, terms, _ in lines for v in terms.values()]
    lower, upper = [low for low, _, _ in lines], [high for _, _, high in lines]
    return Rows(indptr, index, value, lower, upper, NameTable.numbered(name, len(lines)))


def knapsack(rng):
    n = int(rng.integers(4, 9))
    weight = {k: float(v) for k, v in enumerate(rng.integers(2, 15, n))}
    terms = {(k,): float(v) for k, v in enumerate(rng.integers(3, 20, n))}
    rows = rows_of([(-np.inf, weight, float(sum(weight.values()) // 2))])
    return Problem.build(Columns.binaries(NameTable.numbered("x", n)), polynomial_of(n, terms), rows=rows,
                         sense=Sense.MAXIMIZE)  # fmt: skip


def choose(rng):
    n = 6
    terms = {(k,): float(v) for k, v in enumerate(rng.integers(-9, 9, n))}
    terms |= {(i, j): float(rng.integers(-4, 5)) for i in range(n) for j in range(i + 1, n) if rng.random() < 0.4}
    weight = {k: float(v) for k, v in enumerate(rng.integers(1, 7, n))}
    rows = rows_of([(2.0, dict.fromkeys(range(n), 1.0), 2.0), (-np.inf, weight, 8.0)])
    return Problem.build(Columns.binaries(NameTable.numbered("x", n)), polynomial_of(n, terms), rows=rows)


def assign(rng):
    n = 8
    terms = {(k,): float(v) for k, v in enumerate(rng.integers(5, 30, n))}
    size = rng.integers(3, 9, n)
    lines = [(1.0, {2 * k: 1.0, 2 * k + 1: 1.0}, 1.0) for k in range(n // 2)]
    lines += [(-np.inf, {2 * k + p: float(size[2 * k + p]) for k in range(n // 2)}, 16.0) for p in (0, 1)]
    return Problem.build(Columns.binaries(NameTable.numbered("x", n)), polynomial_of(n, terms), rows=rows_of(lines))


def mixed(rng):
    kind = np.array([Kind.INTEGER, Kind.BINARY, Kind.SPIN, Kind.INTEGER], np.int8)
    columns = Columns(kind, np.array([-2.0, 0, -1, 0]), np.array([3.0, 1, 1, 6]), NameTable.numbered("z", 4))
    terms = {(0,): 1.5, (0, 1): float(rng.integers(-4, 5)), (0, 2): 1.25, (3,): float(rng.integers(-5, 6)), (): 0.3}
    rows = rows_of([(-np.inf, {0: 0.1, 1: -0.4, 3: 0.2}, 0.7), (-3.0, {0: 2.0, 2: 1.0, 3: 1.0}, np.inf)])
    return Problem.build(columns, polynomial_of(4, terms), rows=rows)


MAKERS = (knapsack, choose, assign, mixed)


def certified(problem, **options):
    compiled = compile_problem(problem, certify=True, **options)
    assert compiled.certificate is not None, compiled.notes
    return compiled, json.loads(compiled.certificate.text())


@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)
def test_what_is_compiled_is_proven(make):
    for seed in range(2):
        problem = make(np.random.default_rng([seed, 1]))
        for guarantee in ("argmin", "top:3", "top:7.5%", "total"):
            for rule in ("auto", "dual", "range"):
                for encoding in ("auto", "one_hot", "unary"):
                    compiled, document = certified(problem, guarantee=guarantee, penalty=rule, encoding=encoding)
                    verdict = verify(document, problem, compiled.polynomial)
                    assert verdict.proven, verdict.fault
                    assert verdict.guarantee == compiled.guarantee and not verdict.assumed


def leaves(node, path=()):
    if isinstance(node, dict):
        for key in sorted(node):
            yield from leaves(node[key], (*path, key))
    elif isinstance(node, list):
        for k, each in enumerate(node):
            yield from leaves(each, (*path, k))
    else:
        yield path, node


def changed(document, path, value):
    made = copy.deepcopy(document)
    place = made
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return made


def wrong_values(path, value, unit):
    """The value one unit off, or another word."""
    if isinstance(value, bool) or value is None:
        return [0]
    if isinstance(value, int):
        return [value + 1, value - 1]
    if path[0] == "guarantee":
        return [word for word in ("argmin", "total", "top:3", "top:4", "top:9%") if word != value]
    try:
        number = Fraction(value)
    except ValueError:
        return [value + "x"]
    return [str(number + unit), str(number - unit)]


# Another answer of the same energy is a witness too, a bound that was rounded to a finer unit may lie on a coarser, and
# other multipliers may come to the same bound.
EQUALLY_TRUE = {"witness", "unit", "by"}


@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)
def test_every_field_that_is_off_by_one_unit_is_caught(make):
    cases = 0
    for seed, (guarantee, rule) in enumerate((("argmin", "dual"), ("top:3", "dual"), ("total", "range"))):
        problem = make(np.random.default_rng([seed, 2]))
        compiled, document = certified(problem, guarantee=guarantee, penalty=rule)
        unit = Fraction(document["unit"])
        for path, value in leaves(document):
            for wrong in wrong_values(path, value, unit):
                damaged = changed(document, path, wrong)
                assert not verify(damaged, problem, compiled.polynomial).proven, (path, value, wrong)
                if path[0] == "digest" or EQUALLY_TRUE & set(path):
                    continue
                # A forger computes the digest anew.
                forged = {**damaged, "digest": digest(damaged)}
                assert not verify(forged, problem, compiled.polynomial).proven, (path, value, wrong)
                cases += 1
        for path in [()] + [path[:-1] for path, _ in leaves(document) if isinstance(path[-1], str)]:
            inner = copy.deepcopy(document)
            place = inner
            for key in path:
                place = place[key]
            place["more"] = 1
            inner["digest"] = digest(inner)
            assert not verify(inner, problem, compiled.polynomial).proven
    assert cases >= 125


def test_every_coefficient_of_the_qubo_is_compared():
    cases = 0
    for make in MAKERS:
        for seed in range(2):
            problem = make(np.random.default_rng([seed, 3]))
            compiled, document = certified(problem, penalty=("dual", "range")[seed % 2])
            p = compiled.polynomial
            numbers = np.concatenate([p.linear, p.value, [p.offset]])
            unit = float(Fraction(document["unit"]))
            for k in range(len(numbers)):
                for way in (unit, -unit):
                    other = numbers.copy()
                    other[k] += way
                    end = p.n + len(p.value)
                    wrong = Polynomial(other[: p.n], p.row, p.col, other[p.n : end], offset=other[-1])
                    assert not verify(document, problem, wrong).proven
                    forged = {**document, "qubo": qubo_hash(wrong)}
                    forged["digest"] = digest(forged)
                    verdict = verify(forged, problem, wrong)
                    assert not verdict.proven and "QUBO" in verdict.fault
                    cases += 1
    assert cases >= 150


def test_a_weight_below_its_floor_is_caught_also_where_the_qubo_follows():
    """A consistent forgery: weight and QUBO are both one unit lower, so only the inequality can tell."""
    caught = 0
    for seed in range(6):
        problem = knapsack(np.random.default_rng([seed, 4]))
        compiled, document = certified(problem, penalty="dual", presolve=False)
        rule = document["rules"][0]
        step = Fraction(document["unit"])
        lower = Fraction(rule["floor"]) - step
        change = float(Fraction(rule["weight"]) - lower)
        form = dict(map(tuple, rule["form"]))
        g = np.array([form.get(b, 0) for b in range(compiled.num_bits)], dtype=float)
        c = float(rule["constant"])
        half = {"square": (1.0, 0.0), "window": (0.5, -0.5), "linear": (0.0, 1.0)}[rule["shape"]]
        p = compiled.polynomial
        linear = p.linear - change * (half[0] * (g * g + 2 * c * g) + half[1] * g)
        value = p.value - change * half[0] * 2 * g[p.row] * g[p.col]
        other = Polynomial(linear, p.row, p.col, value, offset=p.offset - change * (half[0] * c * c + half[1] * c))
        forged = changed(document, ("rules", 0, "weight"), str(lower))
        forged["qubo"] = qubo_hash(other)
        forged["digest"] = digest(forged)
        verdict = verify(forged, problem, other)
        assert not verdict.proven and ("weight is too small" in verdict.fault or "lends" in verdict.fault)
        caught += 1
    assert caught == 6


def test_another_problem_is_not_proven():
    problem = knapsack(np.random.default_rng(0))
    compiled, document = certified(problem)
    rows = rows_of([(-np.inf, {0: 1.0}, 0.0)])
    other = Problem.build(problem.columns, problem.objective, rows=rows, sense=problem.sense)
    assert not verify(document, other, compiled.polynomial).proven


def test_an_incumbent_without_witness_is_said_to_be_assumed():
    problem = knapsack(np.random.default_rng(1))
    found, _ = certified(problem)
    best = -found.stats["penalty"]["incumbent"]
    compiled, document = certified(problem, incumbent=best)
    verdict = verify(document, problem, compiled.polynomial)
    assert verdict.proven and "energy of at most" in verdict.assumed[0]


@pytest.mark.parametrize("document", [None, [], {}, {"schema": 1}, {"schema": 2}, 3, "x"])
def test_malformed_documents_are_not_proven(document):
    problem = knapsack(np.random.default_rng(0))
    assert not verify(document, problem, compile_problem(problem).polynomial).proven


def test_numbers_that_fit_no_memory_are_refused_before_they_are_read():
    problem = knapsack(np.random.default_rng(0))
    compiled, document = certified(problem)
    for key, value in (("margin", "1e999999999"), ("unit", "1/1e999999999"), ("guarantee", "top:1e-999999999")):
        damaged = {**document, key: value}
        assert not verify({**damaged, "digest": digest(damaged)}, problem, compiled.polynomial).proven


def test_truncated_documents_are_not_proven():
    problem = choose(np.random.default_rng(0))
    compiled, document = certified(problem)
    for key in document:
        if key != "digest":
            less = {k: v for k, v in document.items() if k != key}
            less["digest"] = digest(less)
            assert not verify(less, problem, compiled.polynomial).proven
    for key in ("columns", "rules", "shares", "costs", "witness"):
        if document[key]:
            less = {**document, key: document[key][:-1]}
            less["digest"] = digest(less)
            assert not verify(less, problem, compiled.polynomial).proven


def test_verify_from_files(tmp_path, capsys):
    problem = assign(np.random.default_rng(5))
    compiled = compile_problem(problem, certify=True)
    paths = [tmp_path / name for name in ("proof.json", "p.qopt", "q.coo")]
    paths[0].write_text(compiled.certificate.text(), encoding="utf-8")
    PROBLEMS.write(problem, paths[1])
    COO.write(compiled, paths[2])

    def run():
        with pytest.raises(SystemExit) as end:
            main(["verify", str(paths[0]), "--problem", str(paths[1]), "--qubo", str(paths[2])])
        return end.value.code, capsys.readouterr().out

    assert run() == (0, "proven: argmin\n")
    text = paths[2].read_text().splitlines()
    head, _, value = text[-1].rpartition(" ")
    paths[2].write_text("\n".join([*text[:-1], f"{head} {float(value) + 1}"]) + "\n")
    code, said = run()
    assert code == 1 and "another QUBO" in said


def test_cuts_that_take_more_than_the_bound_allows_are_caught(monkeypatch):
    """A compiler with a wrong cut: everything it writes down agrees, only the bound does not allow it."""
    from qopt.compilers.passes import cut

    honest = cut._budget
    monkeypatch.setattr(cut, "_budget", lambda *facts: honest(*facts) // 8)
    faults = []
    for seed in range(12):
        for make in (knapsack, assign):
            problem = make(np.random.default_rng([seed, 6]))
            try:
                compiled, document = certified(problem, guarantee="top:3", penalty="dual")
            except CompileError:
                continue
            faults.append(verify(document, problem, compiled.polynomial).fault)
    assert sum("column" in fault and "cut where answers may lie" in fault for fault in faults) >= 3
    assert any("slack is cut where answers may lie" in fault for fault in faults)
