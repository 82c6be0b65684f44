"""Blocks and words of sparse free bits against their naive twins, with the JIT on and off."""

import os
import platform
import subprocess
import sys

import numba
import numpy as np
import pytest
from anneal_cases import case, csr
from naive_anneal import energy, gain_of
from naive_words import Lane, anneal_chain_of_words, exponential, lucky, scrambled, visit_in_order

from qopt.kernels import anneal_blocks, anneal_words
from qopt.kernels import exponential as chances
from qopt.kernels.vectors import WIDTH, lowest, packed, read, same, write
from qopt.solvers.search.blocks import Blocks
from qopt.solvers.search.words import Words, entries_of

SPARSE = {
    "whole": case(3, 150, density=0.03),
    "fractions": case(5, 90, density=0.05, whole=False),
}
SPARSE["all the same"] = SPARSE["whole"]._replace(matrix=4 * (SPARSE["whole"].matrix != 0).astype(np.int32))


def spin_case(seed, n, density, largest=1, field=0):
    """A random Ising problem with whole couplings and fields up to these sizes, as bits: (linear, matrix)."""
    random = np.random.default_rng(seed)
    upper = np.triu(random.integers(-largest, largest + 1, (n, n)), 1) * (random.random((n, n)) < density)
    couplings, fields = upper + upper.T, random.integers(-field, field + 1, n)
    return (-2 * couplings.sum(axis=1) + 2 * fields).astype(np.int32), (4 * couplings).astype(np.int32)


def test_random_bits_and_exponentials_twin():
    for number, key in ((0, 0), (1, 7), (2**32 - 1, 0x9E3779B9), (123456, 2**31)):
        assert int(chances.scrambled(np.uint32(number), np.uint32(key))) == scrambled(number, key)
    for bits in (0, 255, 1 << 8, 2**31, 2**32 - 1, 0x12345678):
        assert float(chances.exponential(np.uint32(bits))) == pytest.approx(exponential(bits), abs=1e-3)


def test_exponentials_accept_by_metropolis():
    drawn = np.array([exponential(scrambled(k, 99)) for k in range(20000)])
    for gain in (0.1, 1.0, 3.0):
        assert abs(np.mean(gain <= drawn) - np.exp(-gain)) < 0.01


def test_vectors_twin():
    a = np.random.default_rng(1).integers(0, 2**64, 3 * WIDTH, dtype=np.uint64)
    b = a.copy()

    def work(array, element):
        x, y = read(array, 0), read(array, WIDTH)
        x = (x ^ y) + (~y >> np.uint64(3) | same(element) & (x << np.uint64(5)))
        write(array, 2 * WIDTH, x)

    numba.njit(work)(a, np.uint64(0xABCDEF))
    work(b, np.uint64(0xABCDEF))
    assert np.array_equal(a, b)

    def of_flags(flags):
        return packed(flags), lowest(packed(flags))

    for places in ([0], [63], [5, 17, 40]):
        flags = np.zeros(64, np.int8)
        flags[places] = 1
        assert numba.njit(of_flags)(flags) == of_flags(flags) == (sum(1 << k for k in places), places[0])


@pytest.mark.parametrize("name", SPARSE)
def test_blocks_are_free_of_weights_twin(name):
    c = SPARSE[name]
    n, (indptr, col, _) = len(c.linear), csr(c.matrix)
    place = np.empty(n, dtype=np.int64)
    blocks = anneal_blocks.arrange(indptr, col, place)
    assert len(np.unique(place)) == n
    assert place.min() >= 0
    assert place.max() < blocks * anneal_blocks.WIDE
    block = place // anneal_blocks.WIDE
    i, j = np.nonzero(c.matrix)
    assert not np.any(block[i] == block[j])
    assert len(np.unique(block)) == blocks


@pytest.mark.parametrize("name", SPARSE)
def test_chain_of_blocks_twin(name):
    c = SPARSE[name]
    temperatures, start = np.geomspace(9.0, 0.4, 6), c.start
    blocks = Blocks.of(c.linear, *csr(c.matrix))
    least = 1.0 if c.linear.dtype == np.int32 else 1e-6
    expected = visit_in_order(c.linear, c.matrix, blocks.place, start, 77, temperatures, least, chances.exponential)
    for chunk in (10**9, 1, 100):
        chain = blocks.chain(start, np.array([77], dtype=np.uint64))
        done = 0
        while not chain.at[anneal_blocks.ENDED]:
            done += blocks.step(chunk, chain, temperatures, least)
        assert np.array_equal(blocks.point(chain), expected)
        assert done == chain.at[anneal_blocks.SWEEP] * blocks.sweep
        assert blocks.energy(chain) == pytest.approx(energy(c.linear, c.matrix, expected))
        fresh = blocks.chain(expected, np.array([1], dtype=np.uint64))
        assert np.allclose(fresh.field[: blocks.sweep], chain.field[: blocks.sweep], atol=1e-9)


def test_digits_of_chances():
    for chance in (0.0, 1e-7, 1e-4, 0.003, 0.25, 0.4999, 0.5, 0.77, 0.9999, 1.0):
        digits = int(anneal_words.digits(chance))
        stands_for = digits if digits < 2 else int(bin(digits)[3:], 2) / 2.0 ** (len(bin(digits)) - 3)
        assert stands_for == pytest.approx(chance, rel=2.0**-anneal_words.DIGITS, abs=2.0**-18)
        if digits > 1:
            assert digits & 1


def test_lucky_bits_twin():
    random = np.random.default_rng(4).integers(1, 2**63, 2 * WIDTH, dtype=np.uint64)

    def draw(random, chance, out):
        s0, s1, bits = anneal_words.lucky(read(random, 0), read(random, WIDTH), chance)
        write(random, 0, s0)
        write(random, WIDTH, s1)
        write(out, 0, bits)

    compiled = draw if numba.config.DISABLE_JIT else numba.njit(draw)
    lanes = [Lane(random[w], random[WIDTH + w]) for w in range(WIDTH)]
    out, share = np.empty(WIDTH, np.uint64), 0
    digits = int(anneal_words.digits(0.3))
    for _ in range(40):
        compiled(random, digits, out)
        for w, lane in enumerate(lanes):
            before = (lane.s0, lane.s1)
            for bit in (0, 13, 63):
                lane.s0, lane.s1 = before
                assert lucky(lane, bit, digits) == bool(int(out[w]) >> bit & 1)
        share += sum(bin(int(word)).count("1") for word in out)
    assert abs(share / (40 * 512) - 0.3) < 0.02
    for certain in (0, 1):
        compiled(random, certain, out)
        assert set(out.tolist()) == {certain * (2**64 - 1)}


@pytest.mark.parametrize(
    ("n", "density", "largest", "field"), [(24, 0.2, 1, 0), (18, 0.3, 2, 3), (40, 0.9, 1, 2), (10, 0.0, 1, 1)]
)
def test_words_twin(n, density, largest, field):
    """Every chain ends where its own single bits, drawn from the same words, lead it."""
    linear, matrix = spin_case(n, n, density, largest, field)
    words = Words.of(linear, *csr(matrix))
    assert words is not None
    temperatures = np.geomspace(9.0, 0.8, 3)
    chosen = (0, 77, 511) if n < 40 else (300,)
    order = np.argsort(words.place)
    for chunk in (10**9, 7):
        state = words.state(seed=5, first=0)
        lanes = state.random.reshape(4, WIDTH).copy()
        starts = words.points(state, np.arange(512))
        while not state.at[anneal_words.ENDED]:
            words.step(chunk, state, temperatures)
        ends, energies = words.points(state, np.arange(512)), words.energies(state)
        descents = int(state.at[anneal_words.SWEEP]) - len(temperatures)
        for k in chosen:
            a, b = (Lane(*lanes[g : g + 2, k // 64]) for g in (0, 2))
            expected = anneal_chain_of_words(
                linear, matrix, order, words.unit, starts[k], (a, b), k % 64, temperatures, anneal_words.plan, descents
            )
            assert np.array_equal(ends[k], expected)
            assert energies[k] == energy(linear, matrix, expected)
        for k in range(0, 512, 37):
            gains = [gain_of(linear, matrix, ends[k], (i,)) for i in range(n)]
            assert min(gains) >= 0, "a local minimum"


def test_entries_say_what_flips_cost():
    linear, matrix = spin_case(2, 12, 0.5, 2, 3)
    entries = entries_of(linear, *csr(matrix))
    assert entries is not None
    x = np.random.default_rng(1).integers(0, 2, 12)
    for i in range(12):
        place = entries.place[i]
        own = entries.entry[entries.indptr[place] : entries.indptr[place + 1]]
        bit = np.zeros(13, dtype=np.int64)
        bit[entries.place] = x
        counting = sum((bit[e >> 1] ^ bit[place]) ^ (e & 1) for e in own.tolist())
        assert entries.unit * (counting - len(own) / 2) == gain_of(linear, matrix, x, (i,))


def test_words_do_not_take_what_does_not_fit():
    linear, matrix = spin_case(2, 12, 0.5, 40, 3)
    assert Words.of(linear, *csr(matrix)) is None
    c = SPARSE["fractions"]
    assert Words.of(c.linear, *csr(c.matrix)) is None


def test_words_are_as_good_as_the_chains_one_by_one():
    """On a torus of signs the mean over 512 chains side by side is that of chains one by one, and they differ."""
    side, random = 12, np.random.default_rng(8)
    n = side * side
    matrix = np.zeros((n, n), dtype=np.int32)
    for i, j in np.ndindex(side, side):
        for k in (((i + 1) % side) * side + j, i * side + (j + 1) % side):
            matrix[i * side + j, k] = matrix[k, i * side + j] = 4 * random.choice((-1, 1))
    linear = (-matrix.sum(axis=1) // 2).astype(np.int32)
    parts, temperatures = csr(matrix), np.geomspace(6.0, 1.0, 30)
    words, blocks = Words.of(linear, *parts), Blocks.of(linear, *parts)
    state = words.state(seed=1, first=0)
    words.step(10**9, state, temperatures)
    together = words.energies(state)
    single = []
    for k in range(200):
        start = random.integers(0, 2, n, dtype=np.int8)
        chain = blocks.chain(start, np.array([k + 1], dtype=np.uint64))
        blocks.step(10**9, chain, temperatures, 1.0)
        single.append(blocks.energy(chain))
    error = np.hypot(np.std(single) / 200**0.5, np.std(together) / 512**0.5)
    assert abs(np.mean(single) - np.mean(together)) < 3 * error
    assert np.std(together) == pytest.approx(np.std(single), rel=0.2)
    assert len(np.unique(words.points(state, np.arange(512)), axis=0)) > 500
    correlation = np.corrcoef(2.0 * words.points(state, np.arange(512)) - 1)
    assert abs(correlation[np.triu_indices(512, 1)]).mean() < 0.3


@pytest.mark.skipif(numba.config.DISABLE_JIT or platform.machine() != "x86_64", reason="looks into code of x86-64")
def test_vectors_are_held_in_vector_registers():
    @numba.njit
    def count(x):
        return anneal_words.majority(read(x, 0), read(x, WIDTH), read(x, 2 * WIDTH)) ^ read(x, 3 * WIDTH)

    @numba.njit
    def work(x):
        write(x, 0, count(x))

    work(np.zeros(4 * WIDTH, dtype=np.uint64))
    code = next(iter(work.inspect_asm().values()))
    wide = max(code.count("zmm") * 4, code.count("ymm") * 2, code.count("xmm"))
    assert wide >= 16, "four vectors are read, and none of them element by element"


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="this run is the one without JIT")
def test_twins_hold_without_the_jit():
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "ignore::RuntimeWarning",
         "-k", "twin and not without", __file__],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    assert "passed" in done.stdout
