"""Gilmore-Lawler bound of a quadratic objective over a permutation, raised by dual ascent.

Write a = (i, p) for "i takes place p", and the objective over permutations x as ``sum l_a x_a + sum q_ab x_a x_b``,
each unordered pair once. Split every price in two, q_ab = c_ab + c_ba, in any way. Then

    objective = sum_a x_a (l_a + sum_b c_ab x_b) >= sum_a x_a (l_a + w_a) >= the least assignment by l + w

where w_a is the least assignment by c_a over the other rows and columns: given x_a = 1, the rest of x is such an
assignment. This holds for every split, whatever the sign of the prices, so it serves flows and distances as well as
tours in position form. Rows and groups besides the permutation, and prices of soft rows, only make answers fewer or
worse, so they cannot break the bound. Pairs inside a row or column of the square never hold both and are left out.

Dual ascent (kernel ``lap_ascent``) changes the split and moves constants between l, c and the bound without changing
the objective of any permutation. All of it is in integers: prices are multiplied by a power of two and rounded down,
which can only lower the bound, so the bound is exact arithmetic, not a float that is nearly right.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qopt.core.accepts import AcceptsForm
from qopt.core.budget import Budget
from qopt.core.problem import Problem
from qopt.core.result import Bound, closes
from qopt.core.rows import GroupKind
from qopt.core.watch import Watch, run_in_chunks
from qopt.kernels.lap_ascent import BOUND, CURSOR, ROUNDS, ascend

_HEADROOM = 58
"""Sums of scaled prices stay below 2**58."""


@dataclass(frozen=True)
class GilmoreLawler:
    """Bounder for Problems whose columns are one permutation and whose objective is quadratic.

    Parameters
    ----------
    rounds
        Most rounds of dual ascent; the first gives the plain Gilmore-Lawler bound. O(side^5) each.
    stall
        Rounds that must raise the bound by a thousandth of what all rounds before raised it, else the ascent ends.
    max_side
        Largest permutation; memory is 8 * side^4 bytes (0.13 GB at 64).
    """

    rounds: int = 2000
    stall: int = 50
    max_side: int = 64
    accepts: AcceptsForm = AcceptsForm("")

    def bound(self, subject: Problem, *, incumbent: float | None, budget: Budget, watch: Watch) -> Bound | None:
        """The bound, or None where the problem is of another kind or time ends within the first round."""
        square = self._square(subject)
        if square is None:
            return None
        ascent = _Ascent(subject, square)
        best: list[Bound] = []

        def step(units: int) -> int:
            done = 0
            while done < units and not ascent.finished:
                done += ascent.advance(units - done)
                if ascent.round_ended:
                    value = ascent.value()
                    if not best or (value - best[-1].value) * subject.sense.sign > 1e-4 * abs(best[-1].value):
                        best.append(Bound(value, "combinatorial", source="gilmore_lawler"))
                        watch.bound(best[-1])
                    proved = incumbent is not None and closes(incumbent, value, integral=subject.integral)
                    ascent.finished = proved or ascent.rounds >= self.rounds or ascent.stalled(self.stall)
            return done

        run_in_chunks(step, watch, work=budget.work, first=max(1, 1_000_000 // ascent.side**3))
        return best[-1] if best else None

    def _square(self, problem: Problem) -> NDArray[Any] | None:
        """The columns of the one permutation that holds them all, row by row; None for any other problem."""
        groups = np.flatnonzero(problem.groups.kind == GroupKind.PERMUTATION)
        if len(groups) == 0 or len(problem.objective.products):
            return None
        columns = problem.groups.members(int(groups[0]))
        side = problem.groups.side(int(groups[0]))
        if side > self.max_side or len(columns) != problem.n or len(np.unique(columns)) != problem.n:
            return None
        return columns.reshape(side, side)


class _Ascent:
    """The state of the ascent for one problem, always minimising."""

    def __init__(self, problem: Problem, square: NDArray[Any]) -> None:
        self.sense, self.integral = problem.sense, problem.integral
        self.side = n = len(square)
        polynomial = problem.objective.scaled(self.sense.sign)
        self.offset = polynomial.offset
        position = np.empty(n * n, dtype=np.int64)
        position[square.ravel()] = np.arange(n * n)
        linear = polynomial.linear[square.ravel()]
        a, b, price = position[polynomial.row], position[polynomial.col], polynomial.value
        same = a == b  # the square of a binary column is the column
        np.add.at(linear, a[same], price[same])
        apart = (a // n != b // n) & (a % n != b % n)
        a, b, price = a[apart], b[apart], price[apart]
        most = n * np.abs(linear).max(initial=0.0) + n * n * np.abs(price).max(initial=0.0)
        self.exponent = _HEADROOM - math.frexp(4.0 * n * max(most, 1e-300))[1]
        whole = np.floor(np.ldexp(price, self.exponent)).astype(np.int64)
        pair = np.zeros((n * n, n * n), dtype=np.int64)
        pair[a, b] = whole // 2
        pair[b, a] = whole - whole // 2
        self.pair = pair.reshape(n, n, n, n)
        self.leader = np.floor(np.ldexp(linear, self.exponent)).astype(np.int64).reshape(n, n)
        self.order = np.arange(n * n)
        self.state = np.zeros(3, dtype=np.int64)
        self.rng = np.array([0x9E3779B97F4A7C15], dtype=np.uint64)
        self.history: list[int] = []
        self.finished = False

    @property
    def rounds(self) -> int:
        """Rounds done."""
        return int(self.state[ROUNDS])

    @property
    def round_ended(self) -> bool:
        """Whether the bound holds and the next step begins a round."""
        return self.state[CURSOR] == 0 and self.rounds > 0

    def advance(self, units: int) -> int:
        """At most ``units`` submatrices, not beyond the end of the round."""
        left = self.side**2 - int(self.state[CURSOR])
        done = int(ascend(self.pair, self.leader, self.order, self.state, self.rng, min(units, left)))
        if self.round_ended:
            self.history.append(int(self.state[BOUND]))
        return done

    def stalled(self, rounds: int) -> bool:
        """Whether the last rounds raised the bound by less than a thousandth of what all of them did."""
        past = self.history
        return len(past) > rounds and past[-1] - past[-1 - rounds] <= (past[-1] - past[0]) / 1000

    def value(self) -> float:
        """The bound in the user's sense: rounded to the next whole number where every objective is one."""
        exact = Fraction(int(self.state[BOUND])) / Fraction(2) ** self.exponent + Fraction(self.offset)
        if self.integral:
            return float(self.sense.sign * math.ceil(exact))
        low = float(exact)
        return self.sense.sign * (math.nextafter(low, -math.inf) if Fraction(low) > exact else low)


PLUGIN = GilmoreLawler()
