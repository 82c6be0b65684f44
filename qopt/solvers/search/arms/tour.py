"""Tours written as permutations: chained Lin-Kernighan where steps cost the same both ways, else annealed or-opt."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from qopt.core.arrays import Floats, Ints
from qopt.core.forms.routes import Proposal, Routes
from qopt.core.watch import run_in_chunks
from qopt.kernels import tour_directed
from qopt.kernels.rng import streams
from qopt.reduce.tours import Tour
from qopt.solvers.proposers import _routes_state as states
from qopt.solvers.search.arm import Ends, Turn
from qopt.solvers.search.assignment import inner_energies, square_points, tour_in
from qopt.solvers.search.landscape import Landscape

_ELITES = 8
_WARM = 0.02  # temperature of kicks, in mean steps
_HOT, _COLD = 0.3, 0.01  # of moved stretches, likewise
_LEGS = 32  # temperatures on the way from hot to cold
_NEAR, _LONGEST = 10, 50
_TABLE = -np.log((np.arange(4096) + 0.5) / 4096).astype(np.float32)


@dataclass(frozen=True, eq=False)
class TourSearch:
    """Search from one of the elite, or from a tour of nearest stops or at random; see ``kernels.routes_tour`` and
    ``kernels.tour_directed``."""

    landscape: Landscape
    tour: Tour

    name: ClassVar[str] = "tour"
    needs: ClassVar[int] = 0
    patient: ClassVar[bool] = False
    prior: ClassVar[float] = 1.0

    @cached_property
    def step(self) -> Floats:
        """What steps cost, moved up so that none is below 0: every tour makes the same number of them."""
        step = self.tour.step - self.tour.step[~np.eye(len(self.tour.step), dtype=bool)].min()
        np.fill_diagonal(step, 0.0)
        return step

    def known(self, turn: Turn, random: np.random.Generator) -> Ints | None:
        """The tour of one of the elite, from stop 0 on; None where there is none, and for one turn in four."""
        if not turn.elite or random.random() < 0.25:
            return None
        entry = turn.elite[min(random.integers(len(turn.elite), size=2))]
        tour = self.tour.tour(self.landscape.structure.place(entry.point))
        return np.roll(tour, -int(np.argmin(tour)))

    def spend(self, turn: Turn) -> Ends:
        """Search until the work is done or the watch ends."""
        random = np.random.default_rng([turn.seed & (2**64 - 1), turn.number])
        search = self._chained if self.tour.symmetric else self._annealed
        tours, moves = search(turn, self.known(turn, random), random)
        points = square_points(np.array([self.tour.place(tour) for tour in tours]))
        return Ends(points, inner_energies(self.landscape.couplings, points), moves, not turn.watch.expired())

    def _chained(self, turn: Turn, known: Ints | None, random: np.random.Generator) -> tuple[list[Ints], int]:
        from qopt.kernels.routes_tour import improve_tour

        n = len(self.step)
        state = states.tour_state(Routes(self.step, np.zeros(n)), 0, elites=_ELITES, stride=100, target=None)
        streams(np.uint64(turn.seed & (2**64 - 1)), turn.number, state.rng)
        if known is None:
            known = np.append(0, 1 + random.permutation(n - 1))
        states.place_tour(state, Proposal((known[1:],)))
        state.now[0]["temperature"] = _WARM * float(state.now[0]["cost"]) / n

        def step(units: int) -> int:
            done: int = improve_tour(state, units)
            return done

        kicks = step(1)
        work = None if turn.work is None else -(-turn.work // n) - kicks
        kicks += run_in_chunks(step, turn.watch, work=work, first=16)
        return [np.append(0, found.routes[0]) for _, found in states.elites(state)], kicks * n

    def _annealed(self, turn: Turn, known: Ints | None, random: np.random.Generator) -> tuple[list[Ints], int]:
        n = len(self.step)
        tour = random.permutation(n) if known is None else known
        seed = np.empty(1, dtype=np.uint64)
        streams(np.uint64(turn.seed & (2**64 - 1)), turn.number, seed)
        cost, room = np.full(2, tour_directed.length_of(self.step, tour)), np.empty(n, dtype=np.int64)
        trip = tour_directed.Trip(tour.copy(), np.argsort(tour), tour.copy(), cost, room, seed)
        mean = float(np.sort(self.step, axis=1)[:, 1 : 1 + _NEAR].mean())
        moves = 0
        for temperature, watch, work in legs(turn, max(mean, 1e-9)):

            def step(units: int, temperature: float = temperature) -> int:
                done: int = tour_directed.anneal(units, self.step, self.near, _LONGEST, temperature, _TABLE, trip)
                return done

            moves += step(1)
            moves += run_in_chunks(step, watch, work=work, first=1024)
        stops = [trip.best] if self.tour.ring else [np.roll(trip.best, -int(np.argmin(trip.best)))]
        return stops, moves

    @cached_property
    def near(self) -> NDArray[np.int64]:
        """The stops that it is cheapest to go on to from each, shape (n, at most 10)."""
        away = self.step + np.diag(np.full(len(self.step), np.inf))
        return np.ascontiguousarray(np.argsort(away, axis=1, kind="stable")[:, : min(_NEAR, len(away) - 1)])


def legs(turn: Turn, scale: float) -> list[tuple[float, Any, int | None]]:
    """Temperatures from hot to cold, each with the watch and the work of its share of the turn."""
    temperatures = np.geomspace(_HOT * scale, _COLD * scale, _LEGS).tolist()
    each = None if turn.work is None else max(1, -(-turn.work // _LEGS))
    left = turn.watch.remaining()
    ends = [(k + 1) * left / _LEGS if np.isfinite(left) else None for k in range(_LEGS)]
    return [(t, turn.watch.within(end), each) for t, end in zip(temperatures, ends, strict=True)]


def fit(landscape: Landscape) -> TourSearch | None:
    """For one square of a tour: a ring or a line of places, each paying for its neighbours."""
    tour = tour_in(landscape)
    return None if tour is None else TourSearch(landscape, tour)
