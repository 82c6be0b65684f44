"""Naive twins of the annealing kernels: plain Python, every gain from two whole energies, no fields."""

import itertools

import numpy as np

MASK = 2**64 - 1


def energy(linear, matrix, bits):
    """linear . x + sum over pairs, with a symmetric matrix of zero diagonal."""
    x = np.asarray(bits, dtype=np.float64)
    return float(np.asarray(linear, dtype=np.float64) @ x + x @ np.asarray(matrix, dtype=np.float64) @ x / 2)


class Stream:
    """xorshift64* on Python integers."""

    def __init__(self, state):
        self.state = int(state)

    def advance(self):
        x = self.state
        x ^= x >> 12
        x = (x ^ (x << 25)) & MASK
        x ^= x >> 27
        self.state = x
        return (x * 2685821657736338717) & MASK


def splitmix(x):
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


def moves(free, sets, squares, bits):
    """The moves of one sweep, in order, each as the bits that it changes; read lazily while ``bits`` changes."""
    for k in range(free):
        yield (k,)
    for begin, end in sets:
        first = begin + int(np.flatnonzero(bits[begin:end])[0])
        for b in range(begin, end):
            if b != first:
                yield begin + int(np.flatnonzero(bits[begin:end])[0]), b
    for start, side in squares:
        for r, s in itertools.combinations(range(side), 2):
            a = int(np.flatnonzero(bits[start + r * side : start + (r + 1) * side])[0])
            b = int(np.flatnonzero(bits[start + s * side : start + (s + 1) * side])[0])
            yield start + r * side + a, start + s * side + b, start + r * side + b, start + s * side + a


def gain_of(linear, matrix, bits, changed):
    """Change of energy when the given bits are turned over."""
    after = np.array(bits)
    after[list(changed)] ^= 1
    return energy(linear, matrix, after) - energy(linear, matrix, bits)


def anneal(linear, matrix, free, sets, squares, bits, random, temperatures, table, least):
    """One chain to its end; returns the final bits and the number of moves proposed and accepted."""
    bits, random = np.array(bits), Stream(random)
    proposed = accepted = sweep = 0
    while True:
        temperature = temperatures[sweep] if sweep < len(temperatures) else 0.0
        changes = 0
        for move in moves(free, sets, squares, bits):
            proposed += 1
            gain = gain_of(linear, matrix, bits, move)
            if temperature == 0.0:
                take = gain <= -least
            elif gain <= 0:
                take = True
            elif gain > temperature * float(table[0]):
                take = False
            else:
                take = gain <= temperature * float(table[random.advance() >> 52])
            if take:
                bits[list(move)] ^= 1
                changes += 1
        accepted += changes
        if sweep >= len(temperatures) and changes == 0:
            return bits, proposed, accepted
        sweep += 1


def anneal_lane(linear, matrix, bits, random, temperatures, least, reach):
    """One lane to its end: the random number of a bit is a mix of its number and the sweep's key."""
    bits, random, f32 = np.array(bits), Stream(random), np.float32
    for t in temperatures:
        key = random.advance() >> 32
        for i in range(len(bits)):
            x = (i * 0x9E3779B9 & 0xFFFFFFFF) ^ key
            x = (x ^ (x >> 16)) * 0x21F0AAAD & 0xFFFFFFFF
            x = (x ^ (x >> 15)) * 0x735A2D97 & 0xFFFFFFFF
            gain = gain_of(linear, matrix, bits, (i,))
            y = max(f32(gain) * f32(-1.0 / (64.0 * t)), f32(-reach / 64.0))
            chance = f32(1.0) + y + y * y * f32(0.5)
            for _ in range(6):
                chance = chance * chance
            if gain <= reach * t and f32(x >> 8) * f32(2.0**-24) < chance:
                bits[i] ^= 1
    while True:
        changes = 0
        for i in range(len(bits)):
            if gain_of(linear, matrix, bits, (i,)) <= -least:
                bits[i] ^= 1
                changes += 1
        if not changes:
            return bits
