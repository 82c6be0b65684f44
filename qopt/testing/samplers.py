"""Conformance of samplers: true energies, repeatable, feasible where they promise it, interruptible, and leaving alone
what they are given."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qopt.core import registry
from qopt.core.batch import SampleBatch
from qopt.core.budget import Budget
from qopt.core.compiled import Compiled
from qopt.core.errors import NotApplicableError
from qopt.core.names import NameTable
from qopt.core.polynomial import Polynomial, polynomial_of
from qopt.core.protocols import Sampler
from qopt.core.rows import GroupKind, Groups
from qopt.core.solution import Candidate, Origin
from qopt.core.watch import Watch

READS = 3
ENDLESS = 10**9
PATIENCE = 60.0


def check_sampler(sampler: str | Sampler) -> None:
    """Hold a sampler against its seam; raises AssertionError at the first thing it does wrong.

    Every row is zeros and ones, its energy is that of its bits, the lowest come first; the same seed and reads give the
    same batch; groups that it accepts hold in every row; rows to start from are taken; nothing handed in is changed;
    ``budget.reads`` (unless it counts shots) and ``watch.stop`` are kept; problems without bits, with one bit and
    without couplings work; what it does not accept is refused by NotApplicableError, and so may be what it finds too
    hard for a reason that no size tells.

    Parameters
    ----------
    sampler
        A name of the registry, or a plug-in.

    Raises
    ------
    BackendUnavailableError
        Its optional library is missing: there is nothing to check.
    """
    name, plugin = (sampler, registry.load("samplers", sampler)) if isinstance(sampler, str) else ("sampler", sampler)
    assert isinstance(plugin, Sampler), f"{name}: has no sample() or does not say what it accepts"
    taken = 0
    for case, compiled in accepted_problems(plugin):
        where = f"{name} on {case}"
        before = _copies(compiled)
        try:
            first, again = (_sample(where, plugin, compiled, Budget(reads=READS)) for _ in range(2))
        except NotApplicableError as refused:
            assert refused.reasons, f"{where}: refused without a reason"
            continue
        taken += 1
        assert np.array_equal(first.bits, again.bits), f"{where}: the same seed and reads gave two batches"
        assert np.array_equal(first.energies, again.energies), f"{where}: the same bits got two energies"
        if "reads" in first.info and "shots" not in first.info:
            assert first.info["reads"] == READS, f"{where}: {READS} reads asked, {first.info['reads']} made"
            assert len(first) <= READS, f"{where}: {READS} reads came to {len(first)} rows"
        _sample(where, plugin, compiled, Budget(reads=READS), initial=first.bits[:2])
        held = zip(before, _copies(compiled))
        assert all(np.array_equal(a, b) for a, b in held), f"{where}: changed the problem"
        _check_stop(where, plugin, compiled)
    assert taken, f"{name}: refused every problem that it says it accepts"
    _check_refusals(name, plugin)


def accepted_problems(plugin: Sampler) -> Iterator[tuple[str, Compiled]]:
    """Small problems, those that the sampler accepts: ``(what it is, compiled)``."""
    for case, compiled in _problems():
        if _accepts(plugin, compiled):
            yield case, compiled


def _copies(compiled: Compiled) -> list[NDArray[Any]]:
    p, g = compiled.polynomial, compiled.groups
    return [array.copy() for array in (p.linear, p.row, p.col, p.value, g.kind, g.indptr, g.index)]


def _accepts(plugin: Sampler, compiled: Compiled) -> bool:
    kinds = {GroupKind(int(kind)) for kind in compiled.groups.kind}
    degree = max(2, compiled.polynomial.degree)
    refusals = plugin.accepts.refusals(bits=compiled.num_bits, couplings=compiled.num_couplings, degree=degree)
    return kinds <= plugin.accepts.groups and not refusals


def random_polynomial(n: int, seed: int, *, density: float = 1.0, whole: bool = True) -> Polynomial:
    """A random quadratic polynomial; whole coefficients from -9 to 9, else normal ones."""
    random = np.random.default_rng(seed)
    i, j = np.triu_indices(n, 1)
    keep = random.random(len(i)) < density
    i, j = i[keep], j[keep]
    numbers = random.integers(-9, 10, n + len(i)).astype(float) if whole else random.normal(size=n + len(i))
    return Polynomial.from_pairs(numbers[:n], i, j, numbers[n:], offset=3.0 if whole else 0.25)


def groups_of(*members: tuple[GroupKind, list[int]]) -> Groups:
    """Groups from ``(kind, bits)`` pairs."""
    indptr = np.concatenate([[0], np.cumsum([len(bits) for _, bits in members])])
    index = [bit for _, bits in members for bit in bits]
    kinds = np.array([kind for kind, _ in members], dtype=np.int8)
    return Groups(kinds, indptr, np.array(index, dtype=np.int32), NameTable.numbered("group", len(members)))


def _problems() -> Iterator[tuple[str, Compiled]]:
    plain = Compiled.of_polynomial
    one, most, square = GroupKind.EXACTLY_ONE, GroupKind.AT_MOST_ONE, GroupKind.PERMUTATION
    yield "no bits", plain(Polynomial.zero(0))
    yield "one bit", plain(Polynomial(np.array([-2.0]), offset=5.0))
    yield "one bit that costs nothing", plain(Polynomial.zero(1))
    yield "no couplings", plain(Polynomial(np.array([1.0, -1.0, 0.0, -3.0])))
    yield "a bit outside every term", plain(polynomial_of(5, {(0, 1): 2, (1, 3): -3, (0,): -1}))
    yield "dense, whole", plain(random_polynomial(8, 1))
    yield "dense, fractions", plain(random_polynomial(8, 2, whole=False))
    yield "sparse, whole", plain(random_polynomial(60, 3, density=0.05))
    yield "exactly-one", plain(random_polynomial(9, 4), groups_of((one, [5, 0, 2]), (one, [1, 7]), (one, [8])))
    yield "at-most-one", plain(random_polynomial(7, 5), groups_of((most, [6, 0, 3]), (most, [1])))
    yield "permutation", plain(random_polynomial(11, 6), groups_of((square, [9, 8, 7, 6, 5, 4, 3, 2, 1])))
    mixed = groups_of((square, [0, 3, 6, 9]), (one, [1, 2]), (most, [4, 5, 10]))
    yield "every kind of group", plain(random_polynomial(12, 7, whole=False), mixed)
    yield "degree 3", plain(polynomial_of(4, {(0, 1, 2): -3, (1, 3): 1, (0,): 1}))


def _sample(
    where: str, plugin: Sampler, compiled: Compiled, budget: Budget, initial: NDArray[Any] | None = None
) -> SampleBatch:
    """One run, everything it hands back held against the problem."""
    offered: list[Candidate] = []
    watch = Watch(
        clock=time.perf_counter,
        deadline=time.perf_counter() + PATIENCE,
        on_offer=lambda candidate, objective, backend: offered.append(candidate),
    )
    given = None if initial is None else initial.copy()
    batch = plugin.sample(compiled, budget=budget, seed=3, watch=watch, initial=given)
    unchanged = given is None or initial is None or np.array_equal(given, initial)
    assert unchanged, f"{where}: changed the rows to start from"
    _check_batch(where, compiled, batch, plugin)
    assert batch.seed == 3, f"{where}: was given seed 3, says {batch.seed}"
    for candidate in offered:
        assert isinstance(candidate, Candidate), f"{where}: offered {type(candidate).__name__}, not a Candidate"
        assert candidate.origin in (Origin.SAMPLED, Origin.EXACT), f"{where}: offered as {candidate.origin}"
        shape = None if candidate.values is None else candidate.values.shape
        assert shape == (compiled.problem.n,), f"{where}: offered values of shape {shape}"
    return batch


def _check_batch(where: str, compiled: Compiled, batch: SampleBatch, plugin: Sampler) -> None:
    assert isinstance(batch, SampleBatch), f"{where}: returned {type(batch).__name__}, not a SampleBatch"
    assert len(batch) > 0, f"{where}: returned no row"
    assert batch.bits.shape == (len(batch), compiled.num_bits), f"{where}: bits have shape {batch.bits.shape}"
    assert np.isin(batch.bits, (0, 1)).all(), f"{where}: bits other than 0 and 1"
    true = compiled.energies(batch.bits)
    assert np.allclose(batch.energies, true, rtol=1e-9, atol=1e-6), (
        f"{where}: claims {batch.energies[0]}, the bits have {true[0]}"
    )
    assert np.all(np.diff(batch.energies) >= 0), f"{where}: the lowest energy does not come first"
    for g, kind, members in compiled.groups.simple():
        count = batch.bits[:, members].sum(axis=1)
        ok = count == 1 if kind is GroupKind.EXACTLY_ONE else count <= 1
        assert ok.all(), f"{where}: accepts {kind.name} groups, but breaks {compiled.groups.names[g]}"


def _check_stop(where: str, plugin: Sampler, compiled: Compiled) -> None:
    """A watch that has stopped, or stops at the first incumbent, ends the call with an honest batch."""
    for at_once in (True, False):
        watch = _stopping(at_once)
        batch = plugin.sample(compiled, budget=Budget(reads=ENDLESS), seed=1, watch=watch)
        assert watch.remaining() > PATIENCE / 2, f"{where}: did not end soon after the stop"
        _check_batch(where, compiled, batch, plugin)
        assert batch.stopped_by in ("cancelled", "done"), f"{where}: was cancelled, says {batch.stopped_by}"


def _stopping(at_once: bool) -> Watch:
    """A watch that has been cancelled, or is by the first incumbent."""
    watch = Watch(clock=time.perf_counter, deadline=time.perf_counter() + PATIENCE, on_offer=lambda *_: watch.cancel())
    if at_once:
        watch.cancel()
    return watch


def _check_refusals(name: str, plugin: Sampler) -> None:
    """What is outside ``accepts`` is refused."""
    for case, compiled in _problems():
        if _accepts(plugin, compiled):
            continue
        watch = Watch(clock=time.perf_counter, deadline=time.perf_counter() + PATIENCE)
        try:
            plugin.sample(compiled, budget=Budget(reads=1), seed=1, watch=watch)
        except NotApplicableError:
            continue
        raise AssertionError(f"{name} on {case}: took what it says it does not accept")
