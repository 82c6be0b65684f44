"""One-flip tabu search on a CUDA device, a block of threads per run.

Fields and weights are those of ``anneal_fields``, of free bits and whole numbers. A step flips the bit whose flip costs
least among those that are not tabu or would lead below the best point so far, at random where several cost the same;
it is tabu for ``tenure`` steps and up to ``spread - 1`` more. Where every bit is tabu a step waits.

    field, sign  (runs, n)  int32, int8         stream (runs,) uint64, as in ``anneal_cuda``
    until        (runs, n)  int32: a bit may be flipped from this step on
    kept         (runs, n)  int8: the best point of the run
    energy       (runs, 2)  int64: NOW and BEST

Thread t looks after the bits t, t + threads, …; the cheapest flip is the smallest of numbers that hold its cost, its
place counted from a random one, and whether the bit goes on. What a run does depends on its start and stream alone.
"""

from __future__ import annotations

import numpy as np
from numba import cuda

from qopt.kernels.rng import mix

WIDEST = 256
"""Most threads of a block; it must be a power of two."""

NOW, BEST = 0, 1

_FAR = np.int64(2**63 - 1)
_SCALE, _LOW, _HIGH = np.int64(2**32), np.uint64(2**32 - 1), np.uint64(32)


@cuda.jit(device=True)
def below_word(word, bound):
    """A whole number from 0 to bound - 1, from 32 random bits."""
    return np.int64((np.uint64(word) * np.uint64(bound)) >> _HIGH)


@cuda.jit(device=True)
def cheapest(step, start, gap, field, sign, until):
    """The number of the cheapest allowed flip among a thread's own bits; ``_FAR`` when none is allowed.

    A flip that costs less than ``gap`` leads below the best point. Places are counted from bit ``start``.
    """
    n = len(field)
    least = _FAR
    for j in range(cuda.threadIdx.x, n, cuda.blockDim.x):
        cost = np.int64(field[j]) * sign[j]
        if until[j] <= step or cost < gap:
            place = j - start if j >= start else j - start + n
            least = min(least, cost * _SCALE + 2 * place + (1 if sign[j] > 0 else 0))
    return least


@cuda.jit(device=True)
def smallest(number, shared):
    """The smallest of the numbers of all threads of a block, a power of two of them; all must call it."""
    t = cuda.threadIdx.x
    shared[t] = number
    cuda.syncthreads()
    half = cuda.blockDim.x >> 1
    while half > 0:
        if t < half:
            shared[t] = min(shared[t], shared[t + half])
        cuda.syncthreads()
        half >>= 1
    return shared[0]


@cuda.jit(device=True)
def save(sign, kept):
    """Keep a thread's own bits of the point."""
    for j in range(cuda.threadIdx.x, len(sign), cuda.blockDim.x):
        kept[j] = 1 if sign[j] < 0 else 0


@cuda.jit(cache=True)
def search(begin, end, tenure, spread, indptr, col, weight, stream, field, sign, until, kept, energy):
    """Take the steps ``begin`` to ``end - 1`` of every run. On return everything is up to date."""
    r, t, threads = cuda.blockIdx.x, cuda.threadIdx.x, cuda.blockDim.x
    shared = cuda.shared.array(WIDEST, np.int64)
    n = field.shape[1]
    now, best = energy[r, NOW], energy[r, BEST]
    unsaved = False
    for step in range(begin, end):
        noise = mix(stream[r] ^ (np.uint64(step + 1) << _HIGH))
        start = below_word(noise >> _HIGH, n)
        least = smallest(cheapest(step, start, best - now, field[r], sign[r], until[r]), shared)
        if least != _FAR:
            cost = least >> 32
            low = least & 0xFFFFFFFF
            k = start + (low >> 1)
            if k >= n:
                k -= n
            change = 1 if low & 1 else -1
            if cost >= 0 and unsaved:
                save(sign[r], kept[r])
                unsaved = False
            if k % threads == t:
                sign[r, k] = -change
                until[r, k] = step + 1 + tenure + below_word(noise & _LOW, spread)
            if weight.ndim == 2:
                change *= indptr[0]
                for i in range(t, n, threads):
                    field[r, i] += change * weight[k, i]
            else:
                for p in range(indptr[k] + t, indptr[k + 1], threads):
                    field[r, col[p]] += change * weight[p]
            now += cost
            if now < best:
                best = now
                unsaved = True
        cuda.syncthreads()
    if unsaved:
        save(sign[r], kept[r])
    if t == 0:
        energy[r, NOW] = now
        energy[r, BEST] = best
