"""The reduction of spins done the obvious way: a matrix of Python integers, every claim checked by enumeration."""

from __future__ import annotations

import itertools

import numpy as np

from qopt.kernels.reduce_spins import DEGREE_3, SOLVED, TWIN


class Naive:
    """Couplings of n spins and of number n, which is always +1, as ``matrix[i][j] == matrix[j][i]``."""

    def __init__(self, grid, stays):
        n = len(grid.field)
        self.n, self.stays, self.constant = n, stays, grid.constant
        self.matrix = np.zeros((n + 1, n + 1), dtype=object)
        for i, j, w in zip(grid.row.tolist(), grid.col.tolist(), grid.weight.tolist()):
            self.matrix[i, j] += w
            self.matrix[j, i] += w
        self.matrix[:n, n] = self.matrix[n, :n] = [int(f) for f in grid.field]
        self.gone = np.zeros(n + 1, dtype=bool)

    def around(self, i):
        return [int(j) for j in np.flatnonzero(self.matrix[i] != 0)]

    def left_behind(self, i):
        """{subset of the neighbours of i: coefficient} of min over s_i of s_i F, and the best s_i at every point."""
        near = self.around(i)
        points = list(itertools.product((-1, 1), repeat=len(near)))
        force = [sum(self.matrix[i, u] * y for u, y in zip(near, point)) for point in points]
        terms = {}
        for size in range(len(near) + 1):
            for chosen in itertools.combinations(range(len(near)), size):
                total = sum(-abs(f) * int(np.prod([p[c] for c in chosen])) for f, p in zip(force, points))
                if total:
                    assert total % len(points) == 0
                    terms[tuple(near[c] for c in chosen)] = total // len(points)
        best = [{-1, 1} if f == 0 else {-1 if f > 0 else 1} for f in force]
        return terms, points, near, best

    def reducible(self, i):
        """Whether a rule for single spins applies to i: what it leaves behind is quadratic and whole."""
        sizes = sorted(abs(v) for v in self.matrix[i])
        if 2 * sizes[-1] >= sum(sizes):
            return True
        return len(self.around(i)) == 3 and sum(sizes) % 2 == 0

    def replace(self, i, u, sign):
        """s_i becomes sign * s_u."""
        self.constant += sign * self.matrix[i, u]
        row = self.matrix[i].copy()
        row[u] = 0
        self.matrix[u] += sign * row
        self.matrix[:, u] += sign * row
        self.matrix[i] = 0
        self.matrix[:, i] = 0

    def replay(self, spin, rule, source, factor):
        """Do what a record says, having checked that it may be done."""
        assert not self.stays[spin]
        assert not self.gone[spin]
        if rule == DEGREE_3:
            terms, points, near, best = self.left_behind(spin)
            assert sorted(source) == near
            for point, allowed in zip(points, best):
                s = dict(zip(near, point))
                force = sum(f * s[u] for u, f in zip(source, factor))
                assert (-1 if force > 0 else 1) in allowed
            self.matrix[spin] = 0
            self.matrix[:, spin] = 0
            for chosen, value in terms.items():
                if len(chosen) == 0:
                    self.constant += value
                else:
                    assert len(chosen) == 2
                    i, j = chosen
                    self.matrix[i, j] += value
                    self.matrix[j, i] += value
        else:
            u, sign = source[0], -factor[0]
            assert sign in (-1, 1)
            assert list(factor[1:]) == [0, 0]
            if rule == TWIN:
                others = [w for w in range(self.n + 1) if w not in (spin, u)]
                mine, theirs = self.matrix[spin, others], sign * self.matrix[u, others]
                assert (np.outer(mine, theirs) == np.outer(theirs, mine)).all(), "rows are not proportional"
                assert sum(mine * theirs) > 0, "rows point apart"
                assert sign * self.matrix[spin, u] <= 0
                assert not self.stays[u]
            elif rule != SOLVED:
                dominated = [self.dominates(a, b, sign) for a, b in ((spin, u), (u, spin)) if a < self.n]
                assert any(dominated)
            self.replace(spin, u, sign)
        self.gone[spin] = True

    def dominates(self, i, u, sign):
        """Whether s_i = sign * s_u is best whatever the neighbours of i are, and i may be replaced."""
        sizes = [abs(v) for v in self.matrix[i]]
        return not self.stays[i] and 2 * sizes[u] >= sum(sizes) and sign * self.matrix[i, u] <= 0


def least(field, matrix):
    """Minimum of ``field . s + s matrix s / 2`` by enumeration."""
    points = np.array(list(itertools.product((-1, 1), repeat=len(field)))).reshape(-1, len(field))
    return int((points @ field + np.einsum("ki,ij,kj->k", points, matrix, points) // 2).min())
