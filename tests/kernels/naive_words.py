"""Naive twins of the kernels for sparse free bits: plain Python on one bit, one chain, one random word at a time."""

import numpy as np
from naive_anneal import MASK, Stream, gain_of

F32 = np.float32


def scrambled(number, key):
    x = (number * 0x9E3779B9 & 0xFFFFFFFF) ^ key
    x = (x ^ (x >> 16)) * 0x21F0AAAD & 0xFFFFFFFF
    x = (x ^ (x >> 15)) * 0x735A2D97 & 0xFFFFFFFF
    return x ^ (x >> 15)


def exponential(bits):
    """-ln u, by numpy's own logarithm."""
    return -np.log(((bits >> 8) | 1) / 2.0**24)


def visit_in_order(linear, matrix, place, bits, random, temperatures, least, exponential):
    """One chain that visits the bits in the order of their places; a bit's random number is that of its place."""
    bits, random, order = np.array(bits), Stream(random), np.argsort(place)
    for t in temperatures:
        key = random.advance() >> 32
        for i in order:
            limit = F32(F32(t) * F32(exponential(np.uint32(scrambled(int(place[i]), key)))))
            gain = gain_of(linear, matrix, bits, (i,))
            if gain <= (np.floor(limit) if linear.dtype == np.int32 else limit):
                bits[i] ^= 1
    while True:
        changes = 0
        for i in order:
            if gain_of(linear, matrix, bits, (i,)) <= -least:
                bits[i] ^= 1
                changes += 1
        if not changes:
            return bits


class Lane:
    """xorshift128+ on Python integers."""

    def __init__(self, s0, s1):
        self.s0, self.s1 = int(s0), int(s1)

    def advance(self):
        t = self.s0 ^ (self.s0 << 23 & MASK)
        t ^= self.s1 ^ (t >> 18) ^ (self.s1 >> 5)
        drawn = (t + self.s1) & MASK
        self.s0, self.s1 = self.s1, t
        return drawn


def lucky(lane, bit, digits):
    """One chain's random bit of a chance that is given by its binary digits, drawn from the last digit on."""
    if digits < 2:
        return bool(digits)
    drawn = False
    for digit in reversed(bin(digits)[3:]):
        random = bool(lane.advance() >> bit & 1)
        drawn = (random or drawn) if digit == "1" else (random and drawn)
    return drawn


def anneal_chain_of_words(linear, matrix, order, unit, bits, lanes, bit, temperatures, plan, anyone_descends):
    """One of the chains; ``anyone_descends`` says how many sweeps of descent the slowest of all chains takes."""
    bits = np.array(bits)
    a, b = lanes
    for t in temperatures:
        chances = plan(unit, t)
        for i in order:
            size = sum(abs(matrix[i])) + abs(2 * linear[i] + matrix[i].sum())
            entries = int(size) // unit
            gain = gain_of(linear, matrix, bits, (i,))
            k = int(np.floor(gain / unit))
            taken = True
            for plane in range(2 if entries < 8 else 4 if entries < 32 else 6):
                luck = lucky(b if plane % 2 else a, bit, chances[plane])
                taken &= luck or not k >> plane & 1
            if entries % 2:
                taken &= lucky(a, bit, chances[6])
            if k < 0 or taken:
                bits[i] ^= 1
    for _ in range(anyone_descends):
        for i in order:
            if gain_of(linear, matrix, bits, (i,)) < 0:
                bits[i] ^= 1
    return bits
