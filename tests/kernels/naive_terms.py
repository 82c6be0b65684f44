"""Naive twins of the kernels for products: plain Python, every gain from two whole energies."""

import numpy as np
from naive_anneal import Stream


class Twin(Stream):
    """The same random numbers."""

    def below(self, bound):
        return ((self.advance() >> 33) * bound) >> 31


def gains(energy, bits):
    """What it costs to turn over each bit."""
    now, out = energy(bits), []
    for i in range(len(bits)):
        after = np.array(bits)
        after[i] ^= 1
        out.append(energy(after) - now)
    return out


def tabu(energy, n, members, steps, tenure, spread, random, count):
    """``count`` steps of tabu search from an empty pool; returns the pool, its energies and the run's best energy."""
    random = Twin(random)
    pool, worth = [None] * members, [np.inf] * members
    best = best_energy = None
    step = end = 0
    for _ in range(count):
        if step >= end:
            if best is not None:
                place = random.below(members)
                if not any(p is not None and np.array_equal(p, best) for p in pool):
                    if np.inf in worth:
                        place = members - 1 - worth[::-1].index(np.inf)
                    if best_energy <= worth[place]:
                        pool[place], worth[place] = best.copy(), best_energy
            bits = begin(n, pool, worth, random)
            now = best_energy = energy(bits)
            best, until, step = bits.copy(), [0] * n, 0
            end = steps // 2 + random.below(steps + 1)
        least, chosen, ties = np.inf, -1, 0
        for i, gain in enumerate(gains(energy, bits)):
            if gain <= least and (until[i] <= step or gain < best_energy - now):
                if gain < least:
                    least, chosen, ties = gain, i, 1
                else:
                    ties += 1
                    if random.below(ties) == 0:
                        chosen = i
        if chosen < 0:
            chosen = random.below(n)
        bits[chosen] ^= 1
        now = energy(bits)
        until[chosen] = step + 1 + tenure + random.below(spread + 1)
        step += 1
        if now < best_energy:
            best, best_energy = bits.copy(), now
    return pool, worth, best, best_energy


def begin(n, pool, worth, random):
    """The first point of a run."""
    if np.inf in worth:
        return np.array([random.advance() >> 63 for _ in range(n)])
    parents = []
    for _ in range(2):
        a, b = random.below(len(pool)), random.below(len(pool))
        parents.append(pool[a if worth[a] <= worth[b] else b])
    child = np.array([parents[0][i] if random.advance() >> 63 else parents[1][i] for i in range(n)])
    for i in range(n):
        if random.below(n) == 0:
            child[i] ^= 1
    return child
