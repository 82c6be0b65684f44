"""Naive twins of the CUDA kernels: one read, one bit at a time, every cost from the matrix."""

import numpy as np
from naive_anneal import energy, gain_of, splitmix
from naive_words import scrambled

F32 = np.float32


def colours(matrix):
    """The first colour that no neighbour has, bit after bit."""
    out = []
    for i in range(len(matrix)):
        taken = {out[j] for j in range(i) if matrix[i, j]}
        out.append(next(c for c in range(len(matrix)) if c not in taken))
    return np.array(out, dtype=np.int64)


def anneal(linear, matrix, order, bits, stream, temperatures, exponential):
    """One read that visits the bits in an order, then descends; a bit's random number is that of its place."""
    bits = np.array(bits)
    for sweep, t in enumerate(temperatures):
        key = splitmix(int(stream) ^ sweep) >> 32
        for place, i in enumerate(order):
            limit = F32(t) * F32(exponential(np.uint32(scrambled(place, key))))
            if gain_of(linear, matrix, bits, (i,)) <= np.floor(limit):
                bits[i] ^= 1
    changed = True
    while changed:
        changed = False
        for i in order:
            if gain_of(linear, matrix, bits, (i,)) < 0:
                bits[i] ^= 1
                changed = True
    return bits


def tabu(linear, matrix, order, bits, stream, steps, tenure, spread):
    """Tabu search; returns where it stands, the best point and its energy, and the steps that had to wait."""
    bits, n = np.array(bits), len(bits)
    until = np.zeros(n, dtype=int)
    best, kept, waited = energy(linear, matrix, bits), np.array(bits), 0
    for step in range(steps):
        noise = splitmix(int(stream) ^ (step + 1) << 32)
        start, more = (noise >> 32) * n >> 32, (noise % 2**32) * spread >> 32
        now = energy(linear, matrix, bits)
        cost = {place: gain_of(linear, matrix, bits, (i,)) for place, i in enumerate(order)}
        allowed = [p for p in cost if until[order[p]] <= step or now + cost[p] < best]
        if not allowed:
            waited += 1
            continue
        k = order[min(allowed, key=lambda p: (cost[p], (p - start) % n))]
        bits[k] ^= 1
        until[k] = step + 1 + tenure + more
        if energy(linear, matrix, bits) < best:
            best, kept = energy(linear, matrix, bits), np.array(bits)
    return bits, kept, best, waited
