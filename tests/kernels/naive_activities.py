"""Naive twin of ``activities_chain``: plain Python, every gain from two whole energies, every price from all rows."""

import numpy as np
from naive_terms import Twin

RUN = 64


class Chain:
    """One chain over a polynomial under rows ``lower <= matrix @ x <= upper``, free bits first, then sets, squares."""

    def __init__(self, energy, matrix, lower, upper, free, sets, squares, bits, price, random):
        self.energy, self.matrix, self.lower, self.upper = energy, matrix, lower, upper
        self.free, self.sets, self.squares = free, sets, squares
        self.bits, self.price, self.random = np.array(bits), np.array(price), Twin(random)
        self.best, self.best_energy, self.changes = None, np.inf, 0
        self.keep()

    def violations(self, bits):
        activity = self.matrix @ bits
        return np.maximum(0.0, np.maximum(activity - self.upper, self.lower - activity))

    def keep(self):
        if not self.violations(self.bits).any() and self.energy(self.bits) < self.best_energy:
            self.best, self.best_energy = self.bits.copy(), self.energy(self.bits)

    def propose(self, changed, temperature, table, least):
        after = self.bits.copy()
        after[list(changed)] ^= 1
        gain = self.energy(after) - self.energy(self.bits)
        price = float(self.price @ (self.violations(after) - self.violations(self.bits)))
        total = gain + price
        if temperature == 0.0:
            take = total <= -least
        elif total <= 0:
            take = True
        elif total > temperature * float(table[0]):
            take = False
        else:
            take = total <= temperature * float(table[self.random.advance() >> 52])
        if take:
            if gain >= 0 or price > 0:
                self.keep()
            self.bits = after
            self.changes += 1
        return take

    def on(self, begin, end):
        return begin + int(np.flatnonzero(self.bits[begin:end])[0])

    def trade_bits(self):
        i = self.random.below(self.free)
        rows = np.flatnonzero(self.matrix[:, i])
        if not len(rows):
            return None
        members = np.flatnonzero(self.matrix[rows[self.random.below(len(rows))]])
        j = int(members[self.random.below(len(members))])
        return None if j >= self.free or self.bits[i] == self.bits[j] else (i, j)

    def sweep(self, temperature, table, least):
        """All sites once; returns the number of moves proposed, as the kernel counts them."""
        proposed, rest = 0, (temperature, table, least)
        for k in range(self.free):
            self.propose((k,), *rest)
        for begin, end in self.sets:
            first = self.on(begin, end)
            for b in range(begin, end):
                if b != first:
                    self.propose((self.on(begin, end), b), *rest)
                    proposed += 1
        for start, side in self.squares:
            for r in range(side):
                for s in range(r + 1, side):
                    row_r, row_s = start + r * side, start + s * side
                    a, b = self.on(row_r, row_r + side) - row_r, self.on(row_s, row_s + side) - row_s
                    self.propose((row_r + a, row_s + b, row_r + b, row_s + a), *rest)
                    proposed += 1
        if self.matrix.any():
            for _ in range(-(-self.free // RUN) * min(RUN, self.free)):
                pair = self.trade_bits()
                if pair:
                    self.propose(pair, *rest)
                proposed += 1
            for begin, end in self.sets:
                other_begin, other_end = self.sets[self.random.below(len(self.sets))]
                a, b = self.on(begin, end) - begin, self.on(other_begin, other_end) - other_begin
                if a != b and end - begin == other_end - other_begin:
                    self.propose((begin + a, other_begin + b, begin + b, other_begin + a), *rest)
                proposed += 1
        return proposed + self.free

    def anneal(self, temperatures, table, least, settle, patience, rate, limit):
        """To its end; returns the number of moves proposed."""
        proposed, t, extra = 0, 0, 0
        while True:
            self.changes = 0
            proposed += self.sweep(temperatures[t] if t < len(temperatures) else 0.0, table, least)
            if t >= len(temperatures):
                self.keep()
                if not self.changes:
                    return proposed
            elif t >= settle:
                broken = self.violations(self.bits) > 0
                self.price = np.clip(self.price * np.where(broken, rate[0], rate[1]), limit[:, 0], limit[:, 1])
                if t == len(temperatures) - 1 and broken.any() and extra < patience:
                    extra += 1
                    t -= 1
                self.keep()
            else:
                self.keep()
            t += 1
