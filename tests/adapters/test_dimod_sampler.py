"""qopt as a dimod sampler: dimod's own tests of samplers, seeds, limits and starts."""

from __future__ import annotations

import doctest
import importlib
import unittest

import numpy as np
import pytest

import qopt
from qopt.core.errors import ModelError, NotApplicableError

dimod = pytest.importorskip("dimod", reason="dimod is not installed")
testing = pytest.importorskip("dimod.testing", reason="this dimod has no tests of samplers")
adapter = importlib.import_module("qopt.adapters.dimod")


@testing.load_sampler_bqm_tests(adapter.QoptSampler)
class TestAsDimodDoes(unittest.TestCase):
    """dimod's tests of every sampler, one method each."""


def test_the_interface_is_that_of_a_sampler():
    sampler = adapter.QoptSampler()
    testing.assert_sampler_api(sampler)
    assert sampler.properties["sampler"] == "anneal"


def drawn(vartype, n=12):
    rng = np.random.default_rng(4)
    linear = {f"v{k}": int(rng.integers(-5, 6)) for k in range(n)}
    pairs = {(f"v{i}", f"v{j}"): int(rng.integers(-5, 6)) for i in range(n) for j in range(i)}
    return dimod.BinaryQuadraticModel(linear, pairs, 1.5, vartype)


@pytest.mark.parametrize("vartype", ["SPIN", "BINARY"])
def test_the_lowest_energy_is_that_of_enumeration(vartype):
    bqm = drawn(vartype)
    found = adapter.QoptSampler().sample(bqm, num_reads=20, seed=3)
    assert found.first.energy == dimod.ExactSolver().sample(bqm).first.energy
    assert found.vartype is bqm.vartype and list(found.variables) == list(bqm.variables)
    assert found.record.energy.tolist() == bqm.energies(found).tolist() == sorted(found.record.energy)
    assert len(np.unique(found.record.sample, axis=0)) == len(found) <= 20


def test_the_seed_fixes_the_samples():
    bqm, sampler = drawn("SPIN", 150), adapter.QoptSampler(threads=2)
    one, again, other = (sampler.sample(bqm, num_reads=5, seed=seed).record.sample for seed in (1, 1, 2))
    assert np.array_equal(one, again) and not np.array_equal(one, other)


def test_reads_and_time_are_limits():
    sampler, bqm = adapter.QoptSampler(), drawn("SPIN")
    assert sampler.sample(bqm, num_reads=1).info["reads"] == 1 and len(sampler.sample(bqm, num_reads=1)) == 1
    assert sampler.sample(bqm).info["reads"] == adapter.READS
    assert sampler.sample(drawn("SPIN", 60), time_limit=0.05).info["stopped_by"] == "seconds"
    many = sampler.sample(dimod.BinaryQuadraticModel(dict.fromkeys(range(12), 0), {}, 0, "BINARY"), num_reads=300)
    assert len(many) > 200, "as many as were asked for, where there are so many"


@pytest.mark.parametrize("low", [0, -1])
def test_starts_are_bits_in_the_order_of_the_variables(low, monkeypatch):
    seen, sample = [], qopt.sample
    monkeypatch.setattr(qopt, "sample", lambda *args, **given: seen.append(given) or sample(*args, **given))
    bqm = dimod.BinaryQuadraticModel({"a": 1, "b": 1, "c": 1}, {}, 0, "SPIN" if low else "BINARY")
    starts = [{"c": 1, "a": low, "b": 1}, {"a": 1, "b": low, "c": low}]
    adapter.QoptSampler().sample(bqm, num_reads=2, seed=1, initial_states=starts)
    assert seen[0]["initial"].tolist() == [[0, 1, 1], [1, 0, 0]]
    assert seen[0]["budget"].reads == 2 and seen[0]["seed"] == 1


def test_a_start_is_searched_from():
    """One read of one sweep does not end at the best of 200 long ones, unless it starts there."""
    bqm = drawn("SPIN", 60)
    best = adapter.QoptSampler().sample(bqm, num_reads=200, seed=1).first
    short = {"sampler": "anneal", "budget": qopt.Budget(reads=1), "seed": 5, "sweeps": 1}
    start = np.array([[(best.sample[v] + 1) // 2 for v in bqm.variables]], dtype=np.int8)
    assert qopt.sample(bqm, **short).energies[0] > best.energy
    assert qopt.sample(bqm, **short, initial=start).energies[0] <= best.energy


def test_what_does_not_exist_is_refused_by_name():
    sampler, bqm = adapter.QoptSampler(), drawn("SPIN", 3)
    with pytest.raises(TypeError, match="beta_range"):
        sampler.sample(bqm, beta_range=(1, 2))
    with pytest.raises(TypeError, match="beta_range"):
        sampler.sample_ising({"a": 1}, {}, beta_range=(1, 2))
    with pytest.raises(ModelError, match="got none for 'v2'"):
        sampler.sample(bqm, initial_states={"v0": 1, "v1": 1})
    with pytest.raises(ModelError, match="reads must be above 0"):
        sampler.sample(bqm, num_reads=0)


def test_other_samplers_serve_as_well():
    bqm = drawn("BINARY", 8)
    exact = adapter.QoptSampler("exact").sample(bqm, num_reads=3)
    assert exact.info["sampler"] == "exact" and exact.first.energy == dimod.ExactSolver().sample(bqm).first.energy
    with pytest.raises(NotApplicableError, match="exact does not accept"):
        adapter.QoptSampler("exact").sample(drawn("BINARY", 40))


def test_the_example_of_the_module():
    done = doctest.testmod(adapter)
    assert done.attempted > 3 and done.failed == 0
