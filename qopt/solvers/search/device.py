"""Free bits on a CUDA device: many reads annealed side by side, and tabu search from where they end."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import numpy as np
from numba import cuda
from numpy.typing import NDArray

from qopt.core.arrays import Bits, Floats, Ints
from qopt.core.clock import now
from qopt.core.watch import Watch, run_in_chunks
from qopt.kernels import anneal_cuda, tabu_cuda
from qopt.kernels.anneal_chain import ENDED, SWEEP
from qopt.kernels.colouring import colours
from qopt.kernels.rng import streams
from qopt.solvers.search.arm import Ends
from qopt.solvers.search.couplings import Couplings
from qopt.solvers.search.pacing import Run

_BITS_PER_THREAD = 4
_SHARE, _SPREAD = 100, 10  # the tenure of ``search.walk``
_FINER = 2.0**9  # from fields of 2**20 at most, as ``Couplings`` makes those of fractions, to 2**29


def whole(couplings: Couplings) -> Couplings:
    """The same in whole numbers: fractions are rounded to 2**-29 of the largest field that they can make."""
    if couplings.exact:
        return couplings
    linear, weight = (np.rint(_FINER * a).astype(np.int32) for a in (couplings.linear, couplings.weight))
    return replace(couplings, linear=linear, weight=weight, factor=_FINER * couplings.factor)


class Device:
    """Whole couplings of free bits, at least one, laid out on the current device.

    Parameters
    ----------
    threads
        Of the block of a read, a power of two up to ``tabu_cuda.WIDEST``. None: by the number of bits.
    """

    def __init__(self, couplings: Couplings, threads: int | None = None) -> None:
        n = len(couplings.linear)
        self.size = n
        self.threads = threads or min(tabu_cuda.WIDEST, 1 << max(0, (n - 1) // _BITS_PER_THREAD).bit_length())
        self._order: Ints = np.arange(n)
        begins, indptr, col, weight = np.array([0, n]), couplings.indptr, couplings.col, couplings.weight
        if not couplings.dense:
            self._order, begins, indptr, col, weight = _by_colour(indptr, col, weight)
        self._own = couplings.linear[self._order]
        self.linear, self.colour = _held(self._own), _held(begins)
        self.weights = _held(indptr), _held(col), _held(weight)
        self._compile()

    @property
    def name(self) -> str:
        """What the device calls itself; the simulator says nothing."""
        name = getattr(cuda.current_context().device, "name", "simulator")
        return name.decode() if isinstance(name, bytes) else str(name)

    def launch(self, kernel: Any, blocks: int, *arguments: Any) -> None:
        """Run a kernel, a block per read, to its end."""
        with warnings.catch_warnings():  # a few reads are asked for as such
            warnings.filterwarnings("ignore", "Grid size")
            kernel[blocks, self.threads](*arguments)
        cuda.synchronize()

    def inner(self, points: Bits) -> Any:
        """Signs on the device, from points (reads, size)."""
        return _held((1 - 2 * points[:, self._order]).astype(np.int8))

    def outer(self, on: NDArray[Any]) -> Bits:
        """Points (reads, size), from bits in the device's order."""
        points = np.empty(on.shape, dtype=np.int8)
        points[:, self._order] = on
        return points

    def energies(self, sign: Any, field: Any) -> Ints:
        """Inner energies of reads, exact: each bit that is on counts half of both its field and its linear part."""
        both = field.copy_to_host().astype(np.int64) + self._own
        energies: Ints = (both * (sign.copy_to_host() < 0)).sum(axis=1) // 2
        return energies

    def _compile(self) -> None:
        """Run every kernel on a single read, the clock of runs standing still."""
        now.pause()
        try:
            reads = Reads(self, np.zeros((1, self.size), np.int8), seed=0, first=0)
            reads.run.step(1, np.zeros(0))
            Tabu(reads).steps(1)
        finally:
            now.resume()


class Reads:
    """Reads side by side, from a point each, to be driven as ``pacing`` does.

    Parameters
    ----------
    points
        Shape (reads, size).
    seed, first
        Read k draws from stream ``first + k`` of the seed.
    """

    def __init__(self, device: Device, points: Bits, *, seed: int, first: int) -> None:
        reads = len(points)
        random = np.empty(reads, dtype=np.uint64)
        streams(np.uint64(seed & (2**64 - 1)), first, random)
        self.device = device
        self.stream = cuda.to_device(random)
        self.sign = device.inner(points)
        self.field = cuda.device_array((reads, device.size), np.int32)
        self._moved = cuda.to_device(np.ones(reads, dtype=np.int32))
        device.launch(anneal_cuda.load, reads, device.linear, *device.weights, self.field, self.sign)
        self.run = Run(self._step, np.zeros(5, dtype=np.int64), reads * device.size)

    def __len__(self) -> int:
        return len(self.stream)

    def _step(self, units: int, temperatures: Floats) -> int:
        """Whole sweeps of all reads, at least one; none once every read has ended."""
        device, at, sweeps = self.device, self.run.at, -(-units // self.run.sweep)
        if at[ENDED]:
            return 0
        begin = int(at[SWEEP])
        mine = np.zeros(sweeps, dtype=np.float32)
        hot = temperatures[begin : begin + sweeps]
        mine[: len(hot)] = hot
        device.launch(
            anneal_cuda.anneal, len(self), begin, cuda.to_device(mine), device.colour, *device.weights,
            self.stream, self.field, self.sign, self._moved,
        )  # fmt: skip
        at[SWEEP] = begin + sweeps
        at[ENDED] = at[SWEEP] > len(temperatures) and not self._moved.copy_to_host().any()
        return sweeps * self.run.sweep

    def energies(self) -> Ints:
        """The inner energy of every read."""
        return self.device.energies(self.sign, self.field)

    def ends(self, moves: int, *, complete: bool) -> Ends:
        """Where the reads stand."""
        points = self.device.outer(self.sign.copy_to_host() < 0)
        return Ends(points, self.energies().astype(np.float64), moves, complete)


class Tabu:
    """Tabu search from where reads stand, which it moves on."""

    def __init__(self, reads: Reads) -> None:
        self.reads, shape = reads, reads.field.shape
        self._taken, self._until = 0, cuda.to_device(np.zeros(shape, dtype=np.int32))
        self._kept = cuda.to_device((reads.sign.copy_to_host() < 0).astype(np.int8))
        self._energy = cuda.to_device(np.repeat(reads.energies()[:, None], 2, axis=1))

    def steps(self, count: int) -> None:
        """So many steps of every run."""
        reads, device, begin = self.reads, self.reads.device, self._taken
        self._taken += count
        device.launch(
            tabu_cuda.search, len(reads), begin, self._taken, device.size // _SHARE, _SPREAD, *device.weights,
            reads.stream, reads.field, reads.sign, self._until, self._kept, self._energy,
        )  # fmt: skip

    def search(self, steps: int | None, watch: Watch) -> int:
        """So many steps of every run (None: no limit), until the watch expires; returns the moves looked at."""

        def step(units: int) -> int:
            self.steps(units)
            return units

        each = self.reads.run.sweep
        return each * run_in_chunks(step, watch, work=steps, first=1)

    def ends(self, moves: int, *, complete: bool) -> Ends:
        """The best point of every run."""
        points = self.reads.device.outer(self._kept.copy_to_host())
        energies = self._energy.copy_to_host()[:, tabu_cuda.BEST]
        return Ends(points, energies.astype(np.float64), moves, complete)


def _by_colour(indptr: Ints, col: NDArray[np.int32], weight: NDArray[Any]) -> tuple[Ints, Ints, Ints, Any, Any]:
    """The bits in order of colour, where each colour begins, and the lists of neighbours in that order."""
    n = len(indptr) - 1
    colour = np.empty(n, dtype=np.int64)
    count = colours(indptr, col, colour)
    order = np.argsort(colour, kind="stable")
    begins = np.searchsorted(colour[order], np.arange(count + 1))
    place = np.empty(n, dtype=np.int64)
    place[order] = np.arange(n)
    degree = np.diff(indptr)[order]
    start = np.concatenate([[0], np.cumsum(degree)])
    entry = np.repeat(indptr[order] - start[:-1], degree) + np.arange(len(col))
    return order, begins, start, place[col[entry]].astype(np.int32), weight[entry]


def _held(array: NDArray[Any]) -> Any:
    """An array on the device; one without entries gets one that nobody reads."""
    return cuda.to_device(np.ascontiguousarray(array if array.size else np.zeros(1, array.dtype)))
