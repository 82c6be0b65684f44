"""Memetic tabu search over exactly-one and at-most-one sets: the best shift that is not tabu, from children of two."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from qopt.core.arrays import Bits, Ints
from qopt.core.watch import run_in_chunks
from qopt.kernels import set_tabu
from qopt.kernels.rng import streams
from qopt.solvers.search.arm import Ends, Turn
from qopt.solvers.search.assignment import inner_energies
from qopt.solvers.search.breeding import Member, breed
from qopt.solvers.search.landscape import Landscape

_LEAST, _STEPS = 1000, 40  # steps of a run: that many, or so many per site if these are more
_SHORT, _LONG, _SPREAD = 2, 0.2, 10  # least tenure, largest share of the sites in one, and by how much it varies


@dataclass(frozen=True, eq=False)
class SetTabu:
    """Tabu runs by shifts and flips from children of a pool that starts as the elite; see ``kernels.set_tabu``."""

    landscape: Landscape

    name: ClassVar[str] = "sets"
    needs: ClassVar[int] = 0
    patient: ClassVar[bool] = False
    prior: ClassVar[float] = 0.6

    @cached_property
    def sites(self) -> set_tabu.Sites:
        """The landscape for the kernel."""
        structure, c = self.landscape.structure, self.landscape.couplings
        start = np.concatenate([np.arange(structure.free), structure.set_start])
        owner = np.repeat(np.arange(len(start) - 1), np.diff(start))
        free = np.array([structure.free], dtype=np.int64)
        return set_tabu.Sites(c.linear, c.indptr, c.col, c.weight, start, owner, free)

    def genes(self, point: Bits) -> Ints:
        """The bit of every site that is on, -1 for a free bit that is off."""
        structure = self.landscape.structure
        free = np.where(point[: structure.free] != 0, np.arange(structure.free), -1)
        return np.concatenate([free, structure.chosen(point)])

    def points(self, genes: NDArray[np.int64]) -> Bits:
        """Inner points of genes: (rows, sites) -> (rows, size)."""
        points = np.zeros((len(genes), self.landscape.structure.size), dtype=np.int8)
        row, site = np.nonzero(genes >= 0)
        points[row, genes[row, site]] = 1
        return points

    def empty(self, seed: int, number: int) -> set_tabu.Run:
        """A run to be given a point and begun."""
        n, count = self.landscape.structure.size, len(self.sites.start) - 1
        random = np.empty(1, dtype=np.uint64)
        streams(np.uint64(seed & (2**64 - 1)), number, random)
        chosen, due, best = np.zeros((3, count), dtype=np.int64)
        return set_tabu.Run(
            np.zeros(n, dtype=self.sites.linear.dtype),
            chosen,
            np.zeros(n, dtype=np.int64),
            np.zeros((count, 2)),
            np.zeros((count, 2), dtype=np.int64),
            due,
            np.zeros(count, dtype=np.int8),
            best,
            np.zeros(2),
            np.zeros(2, dtype=np.int64),
            random,
        )

    def spend(self, turn: Turn) -> Ends:
        """Run after run until the work is done or the watch ends; the best of the runs."""
        structure, sites = self.landscape.structure, self.sites
        random = np.random.default_rng([turn.seed & (2**64 - 1), turn.number])
        run = self.empty(turn.seed, turn.number)
        count = len(run.chosen)
        plan = np.array([0, 0, max(_LEAST, _STEPS * count)])

        def step(units: int) -> int:
            done: int = set_tabu.search(units, sites, run, plan)
            return done

        def search(
            first: NDArray[np.int64] | None, second: NDArray[np.int64] | None, most: int | None
        ) -> tuple[Member, int]:
            if first is None or second is None:
                run.chosen[:] = self.genes(structure.random_points(random, 1)[0])
            else:
                run.chosen[:] = np.where(random.random(count) < 0.5, first, second)
            plan[0] = random.integers(_SHORT, max(_SHORT + 2, int(_LONG * count)))
            plan[1] = plan[0] + _SPREAD
            set_tabu.begin(sites, run)
            step(1)
            run_in_chunks(step, turn.watch, work=None if most is None else max(0, most - int(run.at[set_tabu.LOOKED])))
            return Member(float(run.energy[1]), run.best.copy()), int(run.at[set_tabu.LOOKED])

        known = [Member(entry.energy, self.genes(entry.point)) for entry in turn.elite]
        found, moves = breed(turn, known, random, search)
        points = self.points(np.array([member.genes for member in found]))
        return Ends(points, inner_energies(self.landscape.couplings, points), moves, not turn.watch.expired())


def fit(landscape: Landscape) -> SetTabu | None:
    """For sets, beside free bits or not, where pairs say it all."""
    structure = landscape.structure
    return SetTabu(landscape) if landscape.plain and structure.sets > 0 and len(structure.side) == 0 else None
