"""The annealer under the words of D-Wave's: dimod's own tests, the same code with one import changed, composites."""

from __future__ import annotations

import inspect
import unittest

import dimod
import numpy as np
import pytest
from dimod import testing
from dwave.samplers import SimulatedAnnealingSampler

from qopt.adapters.dimod import AnnealSampler
from qopt.core.errors import ModelError


@testing.load_sampler_bqm_tests(AnnealSampler)
class TestAsDimodDoes(unittest.TestCase):
    """dimod's tests of every sampler, one method each."""


def drawn(vartype: str, n: int = 14, seed: int = 4) -> dimod.BinaryQuadraticModel:
    """Biases with all of a double's digits, labels of several kinds."""
    rng = np.random.default_rng(seed)
    labels = [("x", k) if k % 3 else (k if k % 2 else f"v{k}") for k in range(n)]
    pairs = {(labels[i], labels[j]): rng.normal() for i in range(n) for j in range(i)}
    return dimod.BinaryQuadraticModel({label: rng.normal() for label in labels}, pairs, 0.25, vartype)


def test_the_interface_is_that_of_dwaves_sampler() -> None:
    testing.assert_sampler_api(AnnealSampler())
    ours, theirs = (
        inspect.signature(sampler.sample).parameters for sampler in (AnnealSampler, SimulatedAnnealingSampler)
    )
    common = [name for name in ours if name != "time_limit"]
    assert common == list(theirs), "the same names in the same order"
    given = {name: p.default for name, p in theirs.items()}
    assert {name: ours[name].default for name in common} == given
    assert set(AnnealSampler().parameters) == set(SimulatedAnnealingSampler().parameters) | {"time_limit"}
    assert isinstance(AnnealSampler(), dimod.Initialized)


@pytest.mark.parametrize("sampler", [AnnealSampler, SimulatedAnnealingSampler])
@pytest.mark.parametrize("vartype", ["SPIN", "BINARY"])
def test_the_same_code_finds_the_same_optimum(sampler: type[dimod.Sampler], vartype: str) -> None:
    bqm = drawn(vartype)
    schedule = {"beta_range": [0.1, 8.0], "beta_schedule_type": "linear", "num_sweeps": 400}
    found = sampler().sample(bqm, num_reads=20, seed=7, **schedule)
    assert found.first.energy == pytest.approx(dimod.ExactSolver().sample(bqm).first.energy)
    assert found.vartype is bqm.vartype and set(found.variables) == set(bqm.variables)
    again = sampler().sample_ising(*bqm.to_ising()[:2], num_reads=20, num_sweeps=400, seed=7)
    assert again.first.energy + bqm.to_ising()[2] == pytest.approx(found.first.energy)


def test_rows_are_distinct_and_info_tells_how_many_reads_there_were() -> None:
    bqm = drawn("SPIN")
    found = AnnealSampler().sample(bqm, num_reads=50, seed=2)
    assert found.info["reads"] >= 50 >= len(found) == len(np.unique(found.record.sample, axis=0))
    assert found.record.energy.tolist() == bqm.energies(found).tolist() == sorted(found.record.energy)
    assert list(found.variables) == list(bqm.variables)
    one = AnnealSampler().sample(bqm, seed=2)
    assert len(one) == 1, "one read, as D-Wave's sampler makes when nothing is said"


def test_the_seed_fixes_the_rows_at_any_number_of_threads() -> None:
    bqm = drawn("SPIN", 40)
    one, again = (AnnealSampler(threads=t).sample(bqm, num_reads=6, num_sweeps=3, seed=5) for t in (1, 2))
    assert np.array_equal(one.record.sample, again.record.sample)
    free = [AnnealSampler().sample(bqm, num_reads=6, num_sweeps=3) for _ in range(2)]
    assert free[0].info["seed"] != free[1].info["seed"]
    told = AnnealSampler().sample(bqm, num_reads=6, num_sweeps=3, seed=free[0].info["seed"])
    assert np.array_equal(told.record.sample, free[0].record.sample), "a drawn seed is told"


def test_a_schedule_is_used() -> None:
    found = AnnealSampler().sample(drawn("SPIN", 40), num_reads=2, num_sweeps=17, beta_range=(0.5, 3.0), seed=1)
    assert found.info["sweeps"] == 17
    assert found.info["beta_range"] == pytest.approx([0.5, 3.0])


def test_time_is_a_limit() -> None:
    found = AnnealSampler().sample(drawn("SPIN", 60), time_limit=0.1, seed=1)
    assert found.info["stopped_by"] == "seconds" and len(found) >= 1


def test_states_to_start_from() -> None:
    bqm = drawn("BINARY", 60)
    best = AnnealSampler().sample(bqm, num_reads=100, seed=1).first
    short = {"num_sweeps": 1, "seed": 9}
    assert AnnealSampler().sample(bqm, num_reads=1, **short).first.energy > best.energy
    for states in (
        best.sample,
        [dict(reversed(best.sample.items()))],
        dimod.SampleSet.from_samples_bqm(best.sample, bqm),
    ):
        assert AnnealSampler().sample(bqm, initial_states=states, **short).first.energy <= best.energy
    tiled = AnnealSampler().sample(
        bqm, num_reads=3, initial_states=best.sample, initial_states_generator="tile", **short
    )
    assert tiled.first.energy <= best.energy
    with pytest.raises(ValueError, match="1 initial states for 3 reads"):
        AnnealSampler().sample(bqm, num_reads=3, initial_states=best.sample, initial_states_generator="none")
    with pytest.raises(ValueError, match="0 initial states for 3 reads"):
        AnnealSampler().sample(bqm, num_reads=3, initial_states_generator="tile")
    with pytest.raises(ValueError, match="must be random, tile or none"):
        AnnealSampler().sample(bqm, initial_states_generator="tiled")


@pytest.mark.parametrize(
    "given",
    [
        {"num_sweeps_per_beta": 2},
        {"beta_schedule": [0.1, 1.0]},
        {"randomize_order": True},
        {"proposal_acceptance_criteria": "Gibbs"},
        {"interrupt_function": lambda: False},
    ],
    ids=lambda given: next(iter(given)),
)
def test_what_the_annealer_does_not_have_is_refused_by_name(given: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(given))} is not supported: "):
        AnnealSampler().sample(drawn("SPIN", 3), **given)


def test_wrong_values_are_refused_and_unknown_words_warned_of() -> None:
    sampler, bqm = AnnealSampler(), drawn("SPIN", 3)
    with pytest.raises(ValueError, match="beta_schedule_type is not supported: it is geometric or linear"):
        sampler.sample(bqm, beta_schedule_type="cubic")
    with pytest.raises(ModelError, match="sweeps must be above 0"):
        sampler.sample(bqm, num_sweeps=0)
    with pytest.raises(ModelError, match="that of 'b' is not, got nan"):
        sampler.sample_ising({"b": float("nan")}, {("a", "b"): 1.0})
    with pytest.warns(dimod.exceptions.SamplerUnknownArgWarning, match="chain_strength"):
        sampler.sample(bqm, chain_strength=2)


def test_composites_of_dimod_wrap_it() -> None:
    tracked = dimod.TrackingComposite(AnnealSampler())
    tracked.sample_qubo({("a", "b"): -1.0}, num_reads=4, seed=1)
    assert tracked.input["num_reads"] == 4 and tracked.output.first.energy == -1.0
    cubic = dimod.BinaryPolynomial({"a": -1, "abc": 2.5, "bc": -1.5}, "BINARY")
    found = dimod.HigherOrderComposite(AnnealSampler()).sample_poly(cubic, num_reads=10, seed=1)
    assert found.first.energy == dimod.ExactPolySolver().sample_poly(cubic).first.energy == -1.5
    fixed = dimod.StructureComposite(AnnealSampler(), ["a", "b"], [("a", "b")])
    assert fixed.sample_ising({"a": 1.0}, {("a", "b"): 1.0}, num_reads=2, seed=1).first.energy == -2.0


def test_composites_of_dwave_preprocessing_wrap_it() -> None:
    composites = pytest.importorskip("dwave.preprocessing", reason="dwave-preprocessing is not installed")
    bqm = drawn("SPIN")
    sampler = composites.SpinReversalTransformComposite(AnnealSampler())
    found = sampler.sample(bqm, num_reads=5, num_spin_reversal_transforms=2)
    assert found.first.energy == pytest.approx(dimod.ExactSolver().sample(bqm).first.energy)
