"""Annealed chains by the 512: free bits, small whole weights, one chain per bit of eight uint64 (multi-spin coding).

A flip of bit i costs ``sum of w_ij (x_i xor x_j)`` plus a constant, with a ghost bit that is always 0 standing for the
linear part. With unit-size entries, each either counting where the two differ or where they agree, that is

    gain = unit * (count - entries / 2)        entries: how many bit i has; count: how many of them count

and the counts of all chains are added up by full adders, plane by plane. Let k be count minus half the entries, rounded
up: below 0 the flip is taken, and else with chance ``exp(-gain / T)``, which is the product over the set binary digits
b of k of ``exp(-unit * 2**b / T)`` (and of ``exp(-unit / 2T)`` where the entries are odd). So every chain needs one
random bit of each of these chances, and no two chains or bits ever share one.

    indptr (n+2,) int64, entry (m,) uint32   CSR: the bit at the other end, times 2, plus 1 where equal bits count; a
                                             weight of w units is w entries. Bit 0 is the ghost and has no entries; at
                                             most ``MOST`` entries per bit, other ends ascending.
    x      ((n+1) * WIDTH,) uint64           eight words per bit
    random (4 * WIDTH,)     uint64           two xorshift128+ in every one of the 64-bit lanes, so that neither waits
    at     (4,)                              SWEEP, BIT, CHANGES (whether the descent's sweep changed any), ENDED

Sources: Isakov, Zintchenko, Rønnow & Troyer (2015) on multi-spin coding; xorshift128+ from Vigna (2017).
"""

from __future__ import annotations

import numpy as np
from numba import njit

from qopt.kernels.vectors import WIDTH, read, same, write

CHAINS = 64 * WIDTH
PLANES = 7
MOST = 2**PLANES - 1
"""Entries of a bit at most, so that k fits into the planes in two's complement."""

SWEEP, BIT, CHANGES, ENDED = 0, 1, 2, 3
DIGITS = 9
"""Binary digits of a chance that are drawn, from the first that is set; none is drawn beyond ``_LAST``."""

_LAST = 18
_0, _1 = np.uint64(0), np.uint64(1)
_5, _18, _23 = np.uint64(5), np.uint64(18), np.uint64(23)
_ALL = np.uint64(0xFFFFFFFFFFFFFFFF)


@njit(cache=True, nogil=True)
def fill(order, place, row, col, weight, ghost, unit, indptr, entry):
    """Write the entries of all bits, in the order of their places; ``row``, ``col`` and ``weight`` are CSR of the bits.

    ``ghost`` (n,) is the weight to the ghost, ``indptr`` as above; a row's other ends come out ascending.
    """
    for k in range(len(order)):
        i = order[k]
        p = indptr[k + 1]
        for _ in range(abs(ghost[i]) // unit):
            entry[p] = np.uint32(ghost[i] < 0)
            p += 1
        for q in range(row[i], row[i + 1]):
            other = np.uint32(2 * place[col[q]] + (weight[q] < 0))
            times = abs(np.int64(weight[q])) // unit
            last = p + times - 1
            while last - times >= indptr[k + 1] and entry[last - times] > other:
                entry[last] = entry[last - times]
                last -= 1
            for t in range(times):
                entry[last - t] = other
            p += times


@njit(cache=True, nogil=True)
def digits(chance):
    """A chance in [0, 1] as the number whose binary digits, behind a leading one, are those of the chance.

    Two or more stand for chances in between; 0 and 1 for chances that round to 0 and to 1.
    """
    length = 0
    while length < _LAST and chance * 2.0 ** (length + 1) < 1.0:
        length += 1
    length = min(_LAST, length + DIGITS)
    rounded = np.int64(chance * 2.0**length + 0.5)
    if rounded == 0 or rounded >= np.int64(1) << length:
        return np.int64(rounded > 0)
    while rounded & 1 == 0:
        rounded >>= 1
        length -= 1
    return rounded | (np.int64(1) << length)


@njit(cache=True, nogil=True)
def plan(unit, temperature):
    """The digits of the chances of a gain of 1, 2, 4, 8, 16, 32 and of half a unit."""
    t = unit / temperature
    return (
        digits(np.exp(-t)),
        digits(np.exp(-2.0 * t)),
        digits(np.exp(-4.0 * t)),
        digits(np.exp(-8.0 * t)),
        digits(np.exp(-16.0 * t)),
        digits(np.exp(-32.0 * t)),
        digits(np.exp(-0.5 * t)),
    )


@njit(cache=True, nogil=True)
def lucky(s0, s1, chance):
    """The random state after drawing, and bits that are set with the chance of the given digits."""
    bits = same(_0 - np.uint64(chance == 1))
    while chance > 1:
        t = s0 ^ (s0 << _23)
        t = t ^ s1 ^ (t >> _18) ^ (s1 >> _5)
        drawn = t + s1
        s0, s1 = s1, t
        if chance & 1:
            bits = bits | drawn
        else:
            bits = bits & drawn
        chance >>= 1
    return s0, s1, bits


@njit(cache=True, nogil=True)
def count(entry, begin, end, x, own, start):
    """The seven planes of ``start`` plus how many of the entries count, in two's complement."""
    p0, p1, p2 = (
        same(_0 - np.uint64(start & 1)),
        same(_0 - np.uint64(start >> 1 & 1)),
        same(_0 - np.uint64(start >> 2 & 1)),
    )
    p3, p4 = same(_0 - np.uint64(start >> 3 & 1)), same(_0 - np.uint64(start >> 4 & 1))
    p5, p6 = same(_0 - np.uint64(start >> 5 & 1)), same(_0 - np.uint64(start >> 6 & 1))
    p = begin
    while p + 7 <= end:
        a, b, c = counted(entry[p], x, own), counted(entry[p + 1], x, own), counted(entry[p + 2], x, own)
        d, e, f = counted(entry[p + 3], x, own), counted(entry[p + 4], x, own), counted(entry[p + 5], x, own)
        g = counted(entry[p + 6], x, own)
        u, v = a ^ b ^ c, d ^ e ^ f
        ones, twos_u, twos_v, twos = u ^ v ^ g, majority(a, b, c), majority(d, e, f), majority(u, v, g)
        fours = majority(twos_u, twos_v, twos)
        twos = twos_u ^ twos_v ^ twos
        p0, p1, p2, p3, p4, p5, p6 = added(p0, p1, p2, p3, p4, p5, p6, ones, twos, fours)
        p += 7
    while p + 3 <= end:
        a, b, c = counted(entry[p], x, own), counted(entry[p + 1], x, own), counted(entry[p + 2], x, own)
        p0, p1, p2, p3, p4, p5, p6 = added(p0, p1, p2, p3, p4, p5, p6, a ^ b ^ c, majority(a, b, c), same(_0))
        p += 3
    while p < end:
        a = counted(entry[p], x, own)
        p0, p1, p2, p3, p4, p5, p6 = added(p0, p1, p2, p3, p4, p5, p6, a, same(_0), same(_0))
        p += 1
    return p0, p1, p2, p3, p4, p5, p6


@njit(cache=True, nogil=True)
def digit(number, plane):
    """A binary digit of the same number in all chains."""
    return same(_0 - np.uint64((number >> plane) & 1))


@njit(cache=True, nogil=True)
def counted(entry, x, own):
    """In which chains an entry of a bit (whose words are ``own``) counts."""
    return read(x, np.int64(entry >> np.uint32(1)) * WIDTH) ^ own ^ same(_0 - np.uint64(entry & np.uint32(1)))


@njit(cache=True, nogil=True)
def majority(a, b, c):
    """What a full adder carries."""
    return (a & b) | (a & c) | (b & c)


@njit(cache=True, nogil=True)
def added(p0, p1, p2, p3, p4, p5, p6, ones, twos, fours):
    """The planes plus ones + 2 twos + 4 fours."""
    carry, p0 = p0 & ones, p0 ^ ones
    above, p1 = majority(p1, twos, carry), p1 ^ twos ^ carry
    carry, p2 = majority(p2, fours, above), p2 ^ fours ^ above
    above, p3 = p3 & carry, p3 ^ carry
    carry, p4 = p4 & above, p4 ^ above
    above, p5 = p5 & carry, p5 ^ carry
    return p0, p1, p2, p3, p4, p5, p6 ^ above


@njit(cache=True, nogil=True)
def anneal(units, indptr, entry, unit, temperature, x, random, at):
    """Propose at least ``units`` bits (each in all chains) from where they stand; returns how many.

    Sweep t has temperature ``temperature[t]``; then all chains descend until a whole sweep changes none of them, which
    is the end: fewer than ``units`` are done.
    """
    n, sweeps = len(indptr) - 2, len(temperature)
    s0, s1 = read(random, 0), read(random, WIDTH)
    t0, t1 = read(random, 2 * WIDTH), read(random, 3 * WIDTH)
    done = 0
    while done < units and at[ENDED] == 0:
        hot = at[SWEEP] < sweeps
        c0, c1, c2, c3, c4, c5, half = plan(unit, temperature[at[SWEEP]] if hot else 1.0)
        begin = at[BIT]
        end = min(n, begin + units - done)
        changes = same(_0)
        for i in range(begin + 1, end + 1):
            first, last = indptr[i], indptr[i + 1]
            own = read(x, i * WIDTH)
            k0, k1, k2, k3, k4, k5, turned = count(entry, first, last, x, own, -((last - first + 1) >> 1))
            if hot:
                s0, s1, bits = lucky(s0, s1, c0)
                taken = bits | ~k0
                t0, t1, bits = lucky(t0, t1, c1)
                taken = taken & (bits | ~k1)
                if last - first >= 8:
                    s0, s1, bits = lucky(s0, s1, c2)
                    taken = taken & (bits | ~k2)
                    t0, t1, bits = lucky(t0, t1, c3)
                    taken = taken & (bits | ~k3)
                if last - first >= 32:
                    s0, s1, bits = lucky(s0, s1, c4)
                    taken = taken & (bits | ~k4)
                    t0, t1, bits = lucky(t0, t1, c5)
                    taken = taken & (bits | ~k5)
                if (last - first) & 1:
                    s0, s1, bits = lucky(s0, s1, half)
                    taken = taken & bits
                turned = turned | taken
            changes = changes | turned
            write(x, i * WIDTH, own ^ turned)
        done += end - begin
        at[BIT] = end
        at[CHANGES] |= some(changes, x)
        if end == n:
            if not hot and at[CHANGES] == 0:
                at[ENDED] = 1
            at[SWEEP] += 1
            at[BIT] = 0
            at[CHANGES] = 0
    write(random, 0, s0)
    write(random, WIDTH, s1)
    write(random, 2 * WIDTH, t0)
    write(random, 3 * WIDTH, t1)
    return done


@njit(cache=True, nogil=True)
def some(bits, x):
    """Whether any bit is set, as 0 or 1; the ghost's words of ``x`` serve as room and are 0 again."""
    write(x, 0, bits)
    found = 0
    for k in range(WIDTH):
        if x[k] != _0:
            found = 1
    write(x, 0, same(_0))
    return found


@njit(cache=True, nogil=True)
def total(indptr, entry, x, planes):
    """Count the entries of all bits, each pair once, in all chains: ``planes`` (wide, WIDTH) are the binary digits."""
    planes[:] = _0
    flat = planes.ravel()
    for i in range(1, len(indptr) - 1):
        first = last = indptr[i]
        while last < indptr[i + 1] and np.int64(entry[last] >> np.uint32(1)) < i:
            last += 1
        sums = count(entry, first, last, x, read(x, i * WIDTH), 0)
        carry = same(_0)
        for b in range(len(planes)):
            here = read(flat, b * WIDTH)
            if b < PLANES:
                more = sums[b]
                write(flat, b * WIDTH, here ^ more ^ carry)
                carry = majority(here, more, carry)
            else:
                write(flat, b * WIDTH, here ^ carry)
                carry = here & carry
