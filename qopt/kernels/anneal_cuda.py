"""Annealed reads on a CUDA device, a block of threads per read: bits in order, for a matrix or colour by colour.

Fields and weights are those of ``anneal_fields``, of free bits and whole numbers, for every read its own row:

    field, sign  (reads, n)  int32, int8
    stream       (reads,)    uint64, a random stream of its own for each read (``rng.streams``); it is never advanced
    moved        (reads,)    int32, whether the last sweep changed anything; 1 before a descent

The random number of a bit is a mix of its place, the sweep and the stream. So a read is the same whatever the number of
threads, of other reads and of launches: it is the chain that visits one bit after the other. Whole numbers are added
in any order to the same sum. ``temperature`` (sweeps,) float32 holds those of the sweeps of a launch, 0 for a descent.

For a matrix, thread t looks after the bits t, t + threads, …: their fields and signs are nobody else's. All that the
threads tell each other is which bit turns, by the smallest ``2 k + (bit k goes on)``. For lists of neighbours, bits are
ordered by colour (``colouring``), ``colour`` (colours + 1,) saying where each begins, and those of one turn at once.
"""

from __future__ import annotations

import numpy as np
from numba import cuda

from qopt.kernels.exponential import exponential, scrambled
from qopt.kernels.rng import mix

_NONE = np.int32(2**31 - 1)
_TOP = np.float32(2.0**30)
_HIGH = np.uint64(32)


@cuda.jit(device=True)
def limit_of(bit, key, temperature):
    """The largest gain that a bit accepts: exponential, of the temperature's size; -1 in a descent."""
    if temperature <= np.float32(0.0):
        return np.int32(-1)
    number = np.uint32(scrambled(np.uint32(bit), key))
    return np.int32(min(temperature * np.float32(exponential(number)), _TOP))


@cuda.jit(device=True)
def visit_matrix(unit, weight, temperature, key, field, sign, slot):
    """A sweep of one read by its block: as many bits as threads are looked at together, and the first of them that
    accepts is turned, until none does. Returns whether any was.

    ``slot`` (3,) is shared: threads meet once per look, so the one before may still be read when the next but one is
    made ready.
    """
    t, threads, n = cuda.threadIdx.x, cuda.blockDim.x, len(field)
    if t == 0:
        for q in range(3):
            slot[q] = _NONE
    cuda.syncthreads()
    changed = q = 0
    for first in range(0, n, threads):
        j = first + t
        ahead = first
        limit = limit_of(j, key, temperature)
        while True:
            if ahead <= j < n and field[j] * sign[j] <= limit:
                cuda.atomic.min(slot, q, np.int32(2 * j + (1 if sign[j] > 0 else 0)))
            cuda.syncthreads()
            found = slot[q]
            if t == 0:
                slot[(q + 2) % 3] = _NONE
            q = (q + 1) % 3
            if found == _NONE:
                break
            k = found >> 1
            change = unit if found & 1 else -unit
            for i in range(t, n, threads):
                field[i] += change * weight[k, i]
            if j == k:
                sign[j] = -sign[j]
            ahead = k + 1
            changed = 1
    return changed


@cuda.jit(device=True)
def visit_colours(colour, indptr, col, weight, temperature, key, field, sign):
    """A sweep of one read by its block, colour after colour; returns whether any bit was turned."""
    t, threads = cuda.threadIdx.x, cuda.blockDim.x
    changed = 0
    for c in range(len(colour) - 1):
        turned = 0
        for j in range(colour[c] + t, colour[c + 1], threads):
            change = sign[j]
            if field[j] * change <= limit_of(j, key, temperature):
                sign[j] = -change
                for p in range(indptr[j], indptr[j + 1]):
                    cuda.atomic.add(field, col[p], np.int32(change * weight[p]))
                turned = 1
        changed |= cuda.syncthreads_or(turned)
    return changed


@cuda.jit(cache=True)
def load(linear, indptr, col, weight, field, sign):
    """Fields of the points that the signs say, a block per read."""
    r = cuda.blockIdx.x
    n = field.shape[1]
    for i in range(cuda.threadIdx.x, n, cuda.blockDim.x):
        total = np.int64(linear[i])
        if weight.ndim == 2:
            for k in range(n):
                if sign[r, k] < 0:
                    total += indptr[0] * weight[k, i]
        else:
            for p in range(indptr[i], indptr[i + 1]):
                if sign[r, col[p]] < 0:
                    total += weight[p]
        field[r, i] = total


@cuda.jit(cache=True)
def anneal(begin, temperature, colour, indptr, col, weight, stream, field, sign, moved):
    """Sweep every read once at each temperature, the first sweep being number ``begin`` of the read.

    A read that descends rests once a sweep of the descent has changed nothing.
    """
    r = cuda.blockIdx.x
    slot = cuda.shared.array(3, np.int32)
    changed = moved[r]
    for k in range(len(temperature)):
        t = temperature[k]
        if t <= np.float32(0.0) and changed == 0:
            break
        key = np.uint32(mix(stream[r] ^ np.uint64(begin + k)) >> _HIGH)
        if weight.ndim == 2:
            changed = visit_matrix(indptr[0], weight, t, key, field[r], sign[r], slot)
        else:
            changed = visit_colours(colour, indptr, col, weight, t, key, field[r], sign[r])
        if t > np.float32(0.0):
            changed = 1
    if cuda.threadIdx.x == 0:
        moved[r] = changed
