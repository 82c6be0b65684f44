"""A reduction at work: the arrays of its kernels, and the order in which they are run.

spins with at most three couplings, or one that outweighs the others     kernels/reduce_spins.py
spins that feel the same                                                 kernels/reduce_twins.py
pieces that are nearly trees                                             kernels/reduce_tables.py
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qopt.core.arrays import Bools, Ints, frozen
from qopt.core.polynomial import Polynomial, Products
from qopt.core.watch import Watch, run_in_chunks
from qopt.kernels import reduce_graph, reduce_spins, reduce_tables, reduce_twins
from qopt.kernels.reduce_graph import FREE, GONE, KEPT
from qopt.reduce.polynomial.grid import Grid, survey_of
from qopt.reduce.polynomial.reduced import Reduced

RULES = ("degree 0", "degree 1", "degree 2", "degree 3", "persistency", "contraction", "twins", "tables")
"""Names of the rules, in the order of the numbers in ``kernels.reduce_spins``."""

WIDTH = 20
"""Most spins around one that is summed out."""

_MOST_ROUNDS = 16


class Reduction:
    """Spins on a grid, some of which must stay.

    Parameters
    ----------
    stays
        Shape (n,): mask of the spins to leave alone.
    """

    def __init__(self, grid: Grid, stays: Bools) -> None:
        n, m = len(grid.field), len(grid.weight)
        self.grid = grid
        self.graph = reduce_graph.Graph(
            field=grid.field.copy(),
            total=np.empty(n, dtype=np.int64),
            head=np.empty(n, dtype=np.int32),
            degree=np.empty(n, dtype=np.int32),
            weight=np.empty(m, dtype=np.int64),
            to=np.empty(2 * m, dtype=np.int32),
            next=np.empty(2 * m, dtype=np.int32),
            prev=np.empty(2 * m, dtype=np.int32),
            spare=np.empty(m + 1, dtype=np.int32),
            state=np.where(stays, KEPT, FREE).astype(np.int8),
        )
        reduce_graph.load(grid.row, grid.col, grid.weight, self.graph)
        self.records = reduce_spins.Records(
            spin=np.empty(n, dtype=np.int32),
            rule=np.empty(n, dtype=np.int8),
            source=np.empty((n, 3), dtype=np.int32),
            factor=np.empty((n, 3), dtype=np.int64),
        )
        total, largest, degree = survey_of(grid.row, grid.col, grid.weight, grid.field)
        first = np.flatnonzero(~stays & ((degree <= 3) | (2 * largest >= total)))
        queued = np.zeros(n, dtype=bool)
        queued[first] = True
        self.work = reduce_spins.Work(
            at=np.array([grid.constant, 0, 0, len(first), 0], dtype=np.int64),
            queue=np.concatenate([first, np.zeros(n - len(first))]).astype(np.int32),
            queued=queued,
            mark=np.full(n, -1, dtype=np.int32),
            star=np.empty(n, dtype=np.int32),
            starred=np.zeros(n, dtype=bool),
        )

    def run(self, cells: int, watch: Watch | None) -> None:
        """Everything, until nothing more is found or the watch expires; ``cells`` bounds the tables."""
        for _ in range(_MOST_ROUNDS):
            self.eliminate(watch)
            if (watch is not None and watch.expired()) or not self.merge_twins():
                break
        self.solve_pieces(cells, watch)

    @property
    def removed(self) -> int:
        """Spins taken out so far."""
        return int(self.work.at[reduce_spins.RECORDS])

    def eliminate(self, watch: Watch | None = None) -> None:
        """Look at the spins of the queue until it is empty."""

        def step(units: int) -> int:
            done: int = reduce_spins.eliminate(units, self.graph, self.records, self.work)
            return done

        if watch is None:
            step(2**62)
        else:
            run_in_chunks(step, watch, first=4096)

    def merge_twins(self) -> int:
        """One pass over all twins; returns how many were merged."""
        n = len(self.graph.field)
        signature, sign = np.empty(n, dtype=np.uint64), np.empty(n, dtype=np.int64)
        reduce_twins.signatures(self.graph, signature)
        free = np.flatnonzero(self.graph.state == FREE).astype(np.int32)
        order = free[np.argsort(np.minimum(signature[free], -signature[free]), kind="stable")]
        merged: int = reduce_twins.merge_strangers(order, signature, sign, self.graph, self.records, self.work)
        merged += reduce_twins.merge_neighbours(signature, self.graph, self.records, self.work)
        return merged

    def solve_pieces(self, cells: int, watch: Watch | None = None) -> None:
        """Solve the components without spins that must stay, the smallest first, while their tables fit."""
        label = np.empty(len(self.graph.field), dtype=np.int32)
        count = reduce_tables.components(self.graph, label)
        order = np.argsort(label, kind="stable")[np.count_nonzero(label < 0) :]
        pieces = np.split(order, np.cumsum(np.bincount(label[order], minlength=count))[:-1]) if count else []
        place = np.empty(len(label), dtype=np.int32)
        for members in sorted(pieces, key=len):
            if cells <= 0 or (watch is not None and watch.expired()):
                break
            if (self.graph.state[members] == FREE).all():
                cells -= self._solve(members, place, cells)

    def _solve(self, members: NDArray[np.int64], place: NDArray[np.int32], cells: int) -> int:
        """Solve one piece if that takes at most so many cells; returns the cells used."""
        graph, n = self.graph, len(members)
        half_edges = int(graph.degree[members].sum())
        indptr, order = np.empty(n + 1, dtype=np.int64), np.empty(n, dtype=np.int32)
        col, weight = np.empty(half_edges, dtype=np.int32), np.empty(half_edges, dtype=np.int64)
        place[members] = np.arange(n)
        reduce_tables.gather(graph, members, place, indptr, col, weight)
        start, near = np.empty(n + 1, dtype=np.int64), np.empty(3 * half_edges + WIDTH * WIDTH, dtype=np.int32)
        used: int = reduce_tables.plan_order(indptr, col, WIDTH, cells, order, start, near)
        if used < 0:
            return 0
        spin = np.empty(n, dtype=np.int8)
        reduce_tables.solve(graph.field[members], indptr, col, weight, order, start, near, used, spin)
        for i, sign in zip(members.tolist(), spin.tolist()):
            reduce_spins.fix(graph, self.records, self.work, i, sign, reduce_spins.SOLVED)
        return used

    def result(self, polynomial: Polynomial) -> Reduced:
        """What is left, in terms of the polynomial that the grid was made of."""
        graph, records = self.graph, self.records
        made = self.removed
        kept = np.flatnonzero(graph.state != GONE)
        place = np.zeros(polynomial.n, dtype=np.int32)
        place[kept] = np.arange(len(kept))
        row, col, weight = self._edges()
        constant = int(self.work.at[reduce_spins.CONSTANT])
        left, lost = self.grid.polynomial(
            place[row], place[col], weight, graph.field[kept], constant, polynomial.offset
        )
        if len(polynomial.products):
            p = polynomial.products
            products = Products(p.indptr, place[p.index], p.coefficient)
            left = Polynomial(left.linear, left.row, left.col, left.value, products, left.offset)
        taken = np.bincount(records.rule[:made], minlength=len(RULES)).tolist()
        return Reduced(
            polynomial=left,
            kept=frozen(kept, np.int64),
            bits=polynomial.n,
            spin=frozen(records.spin[:made], np.int32),
            source=frozen(records.source[:made], np.int32),
            factor=frozen(records.factor[:made], np.int64),
            counts={rule: count for rule, count in zip(RULES, taken) if count},
            error=self.grid.rounded + lost,
        )

    def _edges(self) -> tuple[NDArray[np.int32], NDArray[np.int32], Ints]:
        """The edges in use."""
        graph = self.graph
        used = np.ones(len(graph.weight), dtype=bool)
        used[graph.spare[: graph.spare[-1]]] = False
        e = np.flatnonzero(used)
        return graph.to[2 * e + 1], graph.to[2 * e], graph.weight[e]
