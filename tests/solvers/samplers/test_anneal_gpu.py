"""Sampler ``anneal_gpu``: exact energies, the same reads however they are cut, in time; and absent without a device."""

import os
import subprocess
import sys
import time

import numba
import numpy as np
import pytest
from numba import cuda

import qopt
from qopt.core import registry
from qopt.core.budget import Budget
from qopt.core.compiled import Compiled
from qopt.core.errors import BackendUnavailableError, ModelError
from qopt.core.solution import Origin
from qopt.core.watch import Watch
from qopt.engine import warm
from qopt.solvers.samplers import anneal_gpu
from qopt.testing.samplers import check_sampler, random_polynomial

sys.setswitchinterval(1e-5)  # the simulator's threads wait for one another at every barrier

needs_cuda = pytest.mark.skipif(not cuda.is_available(), reason="no CUDA device; the simulator stands in for it below")


def problem(n, seed=3, **options):
    return Compiled.of_polynomial(random_polynomial(n, seed, **options))


def sample(compiled, *, budget=None, seed=1, watch=None, initial=None, **parameters):
    plugin = registry.load("samplers", "anneal-gpu", **{"threads": 2, "replicas": 4, **parameters})
    watch = watch or Watch(clock=time.perf_counter)
    return plugin.sample(compiled, budget=budget or Budget(), seed=seed, watch=watch, initial=initial)


def lowest(compiled):
    return qopt.sample(compiled, sampler="exact", budget=60).energies[0]


@needs_cuda
def test_simulated_it_keeps_its_seam():
    check_sampler(registry.load("samplers", "anneal_gpu", sweeps=5, steps=4, replicas=3, threads=2))


@needs_cuda
@pytest.mark.parametrize("options", [{}, {"whole": False}, {"density": 0.04}, {"density": 0.04, "whole": False}])
def test_simulated_energies_are_exact_and_small_problems_solved(options):
    compiled = problem(14, **options)
    batch = sample(compiled, budget=Budget(reads=4), sweeps=20, steps=20)
    assert np.array_equal(batch.energies, compiled.energies(batch.bits))
    assert batch.energies[0] == lowest(compiled)
    assert batch.info["layout"] == ("sparse" if "density" in options else "dense")
    assert batch.info["reads"] == 4
    assert batch.info["moves_proposed"] >= 4 * 14 * 40
    assert batch.stopped_by == "done"


@needs_cuda
def test_simulated_reads_do_not_depend_on_what_runs_beside_them():
    compiled = problem(10)
    alone, *others = (
        sample(compiled, budget=Budget(reads=3), sweeps=3, steps=3, replicas=replicas, threads=threads)
        for replicas, threads in ((3, 4), (1, 1), (2, 8))
    )
    for other in others:
        assert np.array_equal(alone.bits, other.bits)
    assert not np.array_equal(alone.bits, sample(compiled, budget=Budget(reads=3), seed=2, sweeps=3, steps=3).bits)


@needs_cuda
def test_simulated_work_bounds_sweeps_and_steps(monkeypatch):
    dense, sparse = problem(10), problem(20, density=0.04)
    batch = sample(dense, budget=Budget(work=400))
    assert (batch.info["reads"], batch.info["sweeps"], batch.info["steps"]) == (1, 20, 20)
    assert batch.stopped_by == "work"
    batch = sample(sparse, budget=Budget(work=1200, reads=3))
    assert (batch.info["reads"], batch.info["sweeps"], batch.info["steps"]) == (3, 20, 0)
    monkeypatch.setattr(anneal_gpu, "SWEEPS", 10)
    batch = sample(dense, budget=Budget(work=300))
    assert (batch.info["reads"], batch.info["sweeps"], batch.info["steps"]) == (3, 5, 5)
    batch = sample(dense, budget=Budget(work=800), steps=3)
    assert (batch.info["reads"], batch.info["sweeps"], batch.info["steps"]) == (4, 17, 3)


@needs_cuda
@pytest.mark.parametrize("n", [9, 24])
def test_simulated_deadline_and_stop_are_kept(n):
    compiled = problem(n, density=1.0 if n == 9 else 0.04)
    sample(compiled, budget=Budget(work=1))
    began = time.perf_counter()
    batch = sample(compiled, budget=Budget(seconds=1.0), replicas=2)
    assert time.perf_counter() - began < 5.0
    assert batch.stopped_by == "seconds"
    assert batch.info["reads"] > 2
    watch = Watch(clock=time.perf_counter, on_offer=lambda *_: watch.cancel())
    batch = sample(compiled, watch=watch, budget=Budget(reads=10**6), sweeps=2, steps=2)
    assert batch.stopped_by == "cancelled"
    assert batch.info["reads"] == 4


@needs_cuda
def test_simulated_rows_to_start_from_are_searched_from():
    compiled = problem(10)
    best = qopt.sample(compiled, sampler="exact", budget=60).bits[:1]
    near = best.copy()
    near[0, 3] ^= 1
    batch = sample(compiled, budget=Budget(reads=1), sweeps=1, steps=0, initial=near)
    assert batch.info["reads"] == 3  # the row itself, the minimum below it, and a read
    assert (batch.bits == near).all(axis=1).any()
    assert batch.energies[0] == lowest(compiled)


@needs_cuda
def test_simulated_solve_takes_it_by_name_and_work():
    m = qopt.Model("pairs")
    x = m.binary("x", shape=9)
    weight = np.triu(np.random.default_rng(5).integers(-9, 10, (9, 9)))
    m.minimize((x * (weight @ x)).sum())
    budget = Budget(work=1500)
    result, again = (qopt.solve(m, sampler="anneal-gpu", budget=budget, seed=4, repair=False) for _ in range(2))
    calls = [call for call in result.record.calls if call.role == "sampler"]
    assert [call.backend for call in calls] == ["anneal_gpu"]
    assert calls[0].info["moves_proposed"] >= 1400
    assert result.solutions[0].origin is Origin.SAMPLED
    assert result.solutions[0].objective == qopt.solve(m, sampler="exact", budget=20).objective
    assert [s.objective for s in again.solutions] == [s.objective for s in result.solutions]


@pytest.mark.skipif(cuda.is_available(), reason="there is a CUDA device")
def test_without_a_device_it_says_so():
    with pytest.raises(BackendUnavailableError, match=r"anneal_gpu needs a CUDA device .*qopt\[gpu\]"):
        sample(problem(5))


@pytest.mark.skipif(cuda.is_available(), reason="there is a CUDA device")
def test_a_warm_up_without_a_device_passes_over_it():
    name, parameters, example_that_fails = "anneal_gpu", warm.NATIVE["anneal_gpu"], [None]
    warm._sampler_step(name, parameters, example_that_fails)()
    with pytest.raises(AttributeError):
        warm._sampler_step("random", {}, example_that_fails)()


@pytest.mark.parametrize(
    "wrong",
    [{"reads": 0}, {"sweeps": 0}, {"steps": -1}, {"replicas": 0}, {"keep": 0}, {"threads": 3}, {"threads": 512}],
)
def test_parameters_out_of_range_are_refused(wrong):
    with pytest.raises(ModelError, match=f"sampler anneal_gpu: {next(iter(wrong))} must be"):
        registry.load("samplers", "anneal_gpu", **wrong)


def test_nothing_of_it_is_imported_by_other_samplers():
    code = (
        "import sys, qopt; from qopt.core import registry; from qopt.core.compiled import Compiled\n"
        "from qopt.testing.samplers import random_polynomial\n"
        "registry.load('samplers', 'anneal-gpu')\n"
        "qopt.sample(Compiled.of_polynomial(random_polynomial(20, 1)), budget=qopt.Budget(work=2000))\n"
        "made = [name for name in sys.modules if 'cuda' in name or name == 'qopt.solvers.search.device']\n"
        "assert not made, made"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(bool(numba.config.ENABLE_CUDASIM), reason="this run is the one on the simulator")
def test_it_works_on_the_simulator():
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "simulated", __file__],
        env={**os.environ, "NUMBA_ENABLE_CUDASIM": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    assert "skipped" not in done.stdout
