"""Certificates of raised objectives, identities and ceilings: proven as compiled, and no unit of any may be off."""

from __future__ import annotations

import copy
import json
from fractions import Fraction

import numpy as np
import pytest

from qopt.compilers.compile import compile_problem
from qopt.core.names import NameTable
from qopt.core.polynomial import Polynomial
from qopt.core.problem import Columns, Problem
from qopt.core.rows import GroupKind, Groups
from qopt.evaluate.certificate import digest, verify


def tour(rng, n=4, scale=1.0) -> Problem:
    """x[step, city] with distances between steps."""
    k, (i, j) = np.arange(n), np.nonzero(~np.eye(n, dtype=bool))
    row, col = (k[:, None] * n + i).ravel(), (np.roll(k, -1)[:, None] * n + j).ravel()
    distance = rng.integers(10, 60, (n, n)) * scale
    objective = Polynomial.from_pairs(np.zeros(n * n), row, col, np.tile(distance[i, j], n), offset=3.0 * scale)
    order = Groups.of([(GroupKind.PERMUTATION, range(n * n))], NameTable.numbered("order", 1))
    return Problem.build(Columns.binaries(NameTable.numbered("x", n * n)), objective, groups=order)


def quarters(rng) -> Problem:
    return tour(rng, 3, 0.25)


def decimals(rng) -> Problem:
    return tour(rng, 3, 0.1)


def sorts(rng) -> Problem:
    """One of each of three sets, at most one of a fourth across them, and any pairs."""
    n = 7
    sets = [(GroupKind.EXACTLY_ONE, part.tolist()) for part in np.array_split(rng.permutation(n), 3)]
    sets.append((GroupKind.AT_MOST_ONE, rng.choice(n, size=4, replace=False).tolist()))
    row, col = np.triu_indices(n, 1)
    value = rng.integers(2, 30, len(row)).astype(float)
    objective = Polynomial.from_pairs(rng.integers(-9, 10, n).astype(float), row, col, value)
    groups = Groups.of(sets, NameTable.numbered("set", 4))
    return Problem.build(Columns.binaries(NameTable.numbered("x", n)), objective, groups=groups)


MAKERS = (tour, quarters, decimals, sorts)


def certified(problem, **options):
    compiled = compile_problem(problem, certify=True, **options)
    assert compiled.certificate is not None, compiled.notes
    return compiled, json.loads(compiled.certificate.text())


@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)
def test_what_is_compiled_is_proven(make):
    seen: set[str] = set()
    for seed in range(6):
        problem = make(np.random.default_rng([seed, 31]))
        for guarantee in ("argmin", "top:10%", "total"):
            compiled, document = certified(problem, guarantee=guarantee, penalty=("dual", "auto")[seed % 2])
            verdict = verify(document, problem, compiled.polynomial)
            assert verdict.proven, verdict.fault
            assert verdict.guarantee == compiled.guarantee and not verdict.assumed
            ceiling = document["ceiling"]
            seen |= {"raised"} if document["raised"] else set()
            seen |= {"identities"} if document["identities"] else set()
            seen |= {ceiling["kind"]} if ceiling else set()
            seen |= {"raised ceiling"} if ceiling and ceiling.get("raised") else set()
    # Multiples of a power of two that decimals are not would take more digits than they spare.
    assert make is decimals or "raised" in seen
    assert make is sorts or "identities" in seen
    assert {"relaxed", "raised ceiling"} <= seen


def test_blocks_are_proven_where_no_relaxation_is_solved(monkeypatch):
    monkeypatch.setattr("qopt.compilers.ceiling.MOST_ENTRIES", -1)
    for make in MAKERS:
        problem = make(np.random.default_rng(32))
        compiled, document = certified(problem, guarantee="total", penalty="dual")
        assert document["ceiling"]["kind"] == "blocks"
        verdict = verify(document, problem, compiled.polynomial)
        assert verdict.proven, verdict.fault
        # One group less: the pairs of its bits are then bounded by themselves, which is more.
        fewer = copy.deepcopy(document)
        if fewer["ceiling"]["rules"]:
            fewer["ceiling"]["rules"].pop()
            fewer["digest"] = digest(fewer)
            assert not verify(fewer, problem, compiled.polynomial).proven


def leaves(node, path=()):
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    if not items and not isinstance(node, (dict, list)):
        yield path, node
    for key, each in items:
        yield from leaves(each, (*path, key))


def changed(document, path, value):
    made = copy.deepcopy(document)
    place = made
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    made["digest"] = digest(made)
    return made


@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)
@pytest.mark.parametrize("guarantee", ["argmin", "total"])
def test_every_number_that_is_off_by_one_unit_is_caught(make, guarantee):
    problem = make(np.random.default_rng(33))
    compiled, document = certified(problem, guarantee=guarantee, penalty="dual")
    assert verify(document, problem, compiled.polynomial).proven
    unit, cases, free = Fraction(document["unit"]), 0, 0
    for field in ("raised", "identities", "ceiling", "least", "target", "incumbent"):
        for path, value in leaves(document[field], (field,)):
            if value in (None, "relaxed", "blocks"):
                wrong = [0]
            elif isinstance(value, str):
                # A ceiling bounded in another unit may be as true as in its own.
                wrong = [str(Fraction(value) + way * unit) for way in (1, -1) if path != ("ceiling", "unit")]
            else:
                wrong = [value + 1, value - 1]
            for other in wrong:
                verdict = verify(changed(document, path, other), problem, compiled.polynomial)
                # Where pairs tie, other multipliers of a ceiling may come to the same costs: as good a proof.
                assert not verdict.proven or path[:2] == ("ceiling", "raised"), (path, other)
                free += verdict.proven
                cases += 1
    for field in ("raised", "ceiling"):
        if document[field] is not None:
            forged = changed(document, (field,), None)
            assert not verify(forged, problem, compiled.polynomial).proven
            cases += 1
    if document["identities"]:
        forged = changed(document, ("identities",), [])
        assert not verify(forged, problem, compiled.polynomial).proven
    assert cases >= 20 and free * 20 <= cases


def test_what_is_no_exactly_one_rule_multiplies_nothing():
    """A product with a rule that may be kept at 0 would change what answers cost."""
    caught = 0
    for seed in range(12):
        problem = sorts(np.random.default_rng([seed, 34]))
        compiled, document = certified(problem, penalty="dual")
        loose = [j for j, rule in enumerate(document["rules"]) if rule["shape"] == "window"]
        if document["raised"] is None or not loose:
            continue
        forged = copy.deepcopy(document)
        forged["raised"]["products"][0][1] = loose[0]
        forged["digest"] = digest(forged)
        verdict = verify(forged, problem, compiled.polynomial)
        assert not verdict.proven and "no exactly-one rule" in verdict.fault
        caught += 1
    assert caught


def test_weights_of_an_identity_are_those_of_its_neediest_rule(monkeypatch):
    """Each weight is enough for its own rule, but one lies below what another member of the identity leans on."""
    from qopt.compilers.penalties import dual

    weigh, wanted = dual._weigh, {}

    def uneven(*given):
        made = weigh(*given)
        for j, weight in wanted.items():
            made.weights[j] = weight
        return made

    monkeypatch.setattr(dual, "_weigh", uneven)
    # Without multipliers the bits that gain are set where nothing is forbidden, so that rules differ in what they need.
    monkeypatch.setattr(dual, "MOST_PRODUCTS", 0)
    caught = 0
    for seed in range(10):
        rng = np.random.default_rng([seed, 35])
        plain = tour(rng, 3)
        gains = Polynomial(rng.integers(-60, 5, 9).astype(float))
        problem = Problem.build(plain.columns, Polynomial.sum([plain.objective, gains]), groups=plain.groups)
        wanted.clear()
        _, document = certified(problem, penalty="dual", guarantee="total")
        floors = {j: Fraction(rule["floor"]) for j, rule in enumerate(document["rules"])}
        least = min(floors, key=lambda j: floors[j])
        own = -(-floors[least] // 1)
        if not document["identities"] or own >= max(floors.values()):
            continue
        wanted[least] = float(own)
        compiled, document = certified(problem, penalty="dual", guarantee="total")
        verdict = verify(document, problem, compiled.polynomial)
        assert not verdict.proven and "a weight of an identity is too small" in verdict.fault
        caught += 1
    assert caught
