"""The annealing kernels against their naive twins, with the JIT on and off."""

import os
import subprocess
import sys

import numba
import numpy as np
import pytest
from anneal_cases import arrays, case, csr, weights
from naive_anneal import Stream, anneal, anneal_lane, energy, gain_of, moves, splitmix

from qopt.kernels import anneal_chain, anneal_fields, anneal_lanes, rng

TABLE = -np.log((np.arange(4096) + 0.5) / 4096).astype(np.float32)
CASES = {
    "free": case(1, 21),
    "free, fractions": case(2, 9, whole=False),
    "free, even": case(8, 18)._replace(matrix=6 * case(8, 18).matrix),
    "free, sparse": case(3, 70, density=0.04),
    "sets": case(4, 0, sets=(3, 1, 4)),
    "square": case(5, 0, sides=(4,)),
    "all": case(6, 5, sets=(3, 2), sides=(3, 1)),
    "all, fractions": case(7, 3, sets=(4,), sides=(3,), whole=False),
}


def test_streams_twin():
    out = np.empty(4, dtype=np.uint64)
    rng.streams(np.uint64(7), 3, out)
    base = splitmix((7 + 0x9E3779B97F4A7C15) % 2**64)
    assert [int(x) for x in out] == [splitmix((base + k * 0x9E3779B97F4A7C15) % 2**64) for k in range(3, 7)]


def test_random_numbers_twin():
    state, twin = np.array([12345], dtype=np.uint64), Stream(12345)
    for _ in range(20):
        assert int(rng.advance(state)) == twin.advance()
    drawn = [int(rng.below(state, 10)) for _ in range(2000)]
    assert min(drawn) == 0
    assert max(drawn) == 9
    assert abs(np.mean(drawn) - 4.5) < 0.2
    uniform = [float(rng.unit(state)) for _ in range(2000)]
    assert min(uniform) >= 0
    assert max(uniform) < 1
    assert abs(np.mean(uniform) - 0.5) < 0.03


@pytest.mark.parametrize("dense", [True, False])
@pytest.mark.parametrize("name", CASES)
def test_fields_twin(name, dense):
    c = CASES[name]
    parts = weights(c.matrix, dense)
    field, sign = np.empty((2, len(c.linear)), dtype=c.linear.dtype)
    anneal_fields.load(c.linear, *parts, c.start, field, sign)
    assert np.array_equal(sign, 1 - 2 * c.start)
    for i in range(len(c.linear)):
        others = c.start.copy()
        others[i] = 0
        assert np.isclose(field[i], gain_of(c.linear, c.matrix, others, (i,)))
        for j in range(len(c.linear)):
            assert anneal_fields.coupling(*parts, i, j) == c.matrix[i, j]
    assert np.isclose(anneal_fields.energy_of(c.linear, field, sign), energy(c.linear, c.matrix, c.start))


@pytest.mark.parametrize("dense", [True, False])
@pytest.mark.parametrize("name", CASES)
def test_gains_twin(name, dense):
    c = CASES[name]
    couplings, layout, chain = arrays(c, dense, 1)
    expected = [gain_of(c.linear, c.matrix, c.start, m) for m in moves(c.free, c.sets, c.squares, c.start)]
    for stride, room in ((1, 100), (2, 100), (1, 3)):
        out = np.empty(room)
        count = anneal_chain.gains(couplings, layout, chain, stride, out)
        assert np.allclose(out[:count], expected[::stride][:room])
        assert count == min(room, len(expected[::stride]))


@pytest.mark.parametrize("dense", [True, False])
@pytest.mark.parametrize("name", CASES)
def test_chain_twin(name, dense):
    c = CASES[name]
    temperatures = np.geomspace(12.0, 0.5, 7)
    least = 1.0 if c.linear.dtype == np.int32 else 1e-6
    plan = anneal_chain.Plan(temperatures, TABLE, np.array([least]))
    expected, proposed, accepted = anneal(
        c.linear, c.matrix, c.free, c.sets, c.squares, c.start, 99, temperatures, TABLE, least
    )
    for chunk in (10**6, 1, 17):
        couplings, layout, chain = arrays(c, dense, 99)
        done = 0
        while not chain.at[anneal_chain.ENDED]:
            done += anneal_chain.anneal(chunk, couplings, layout, chain, plan)
        assert np.array_equal(chain.sign < 0, expected)
        assert (done, chain.at[anneal_chain.ACCEPTED]) == (proposed, accepted)
        field, sign = np.empty_like(chain.field), np.empty_like(chain.sign)
        anneal_fields.load(c.linear, *weights(c.matrix, dense), expected, field, sign)
        assert np.allclose(field, chain.field, atol=1e-9)
        assert np.array_equal(np.flatnonzero(expected[c.free : c.free + sum(e - b for b, e in c.sets)]) + c.free,
                              chain.chosen)  # fmt: skip


@pytest.mark.parametrize("lanes", [1, 3, 16])
@pytest.mark.parametrize("name", ["free", "free, fractions", "free, sparse"])
def test_lanes_twin(name, lanes):
    c = CASES[name]
    n, number = len(c.linear), c.linear.dtype
    parts = csr(c.matrix)
    temperatures = np.geomspace(9.0, 0.4, 5)
    least = 1.0 if number == np.int32 else 1e-6
    starts = np.random.default_rng(5).integers(0, 2, (lanes, n), dtype=np.int8)
    random = np.arange(11, 11 + lanes, dtype=np.uint64)
    expected = [
        anneal_lane(c.linear, c.matrix, starts[k], random[k], temperatures, least, anneal_lanes.REACH)
        for k in range(lanes)
    ]
    for chunk in (10**6, 1, 5 * lanes):
        field, sign = np.empty((2, n, lanes), dtype=number)
        anneal_lanes.load(c.linear, *parts, starts, field, sign)
        state, at = random.copy(), np.zeros(4, dtype=np.int64)
        key, delta = np.zeros(lanes, np.uint32), np.zeros(lanes, number)
        while not at[anneal_lanes.ENDED]:
            anneal_lanes.anneal(chunk, *parts, temperatures, least, field, sign, state, key, delta, at)
        assert np.array_equal(sign.T < 0, expected)
        energies = np.empty(lanes)
        anneal_lanes.energies_of(c.linear, field, sign, energies)
        assert np.allclose(energies, [energy(c.linear, c.matrix, bits) for bits in expected])


def test_lanes_accept_by_metropolis():
    """At gain g and temperature T about exp(-g / T) of many proposals are taken; none beyond the limit."""
    lanes, cooling = 64, np.float32(-1 / 64.0)
    key, delta = np.empty(lanes, np.uint32), np.empty(lanes, np.int32)
    random = np.random.default_rng(3)
    for gain, limit in ((-1, 12), (0, 12), (1, 12), (3, 12), (2, 1)):
        taken = 0
        for bit in range(400):
            key[:] = random.integers(0, 2**32, lanes, dtype=np.uint32)
            field, sign = np.full((401, lanes), gain, np.int32), np.ones((401, lanes), np.int32)
            anneal_lanes.accept(key, bit, cooling, np.int32(limit), field, sign, delta)
            taken += delta.sum()
            assert np.array_equal(sign[bit], 1 - 2 * delta)
        expected = min(1.0, np.exp(-gain)) if gain <= limit else 0.0
        assert abs(taken / (400 * lanes) - expected) < 0.01


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="this run is the one without JIT")
def test_twins_hold_without_the_jit():
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "ignore::RuntimeWarning",
         "-k", "twin and not without", __file__],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    assert "passed" in done.stdout
