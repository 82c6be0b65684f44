"""Paths between members of the elite, and tabu search from the middle of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from qopt.solvers.search.arm import Ends, Turn
from qopt.solvers.search.arms.tabu import suits
from qopt.solvers.search.elite import Elite
from qopt.solvers.search.landscape import Landscape
from qopt.solvers.search.walk import Walk

PATIENCE = 5
"""Steps without a new best after which a walk gives up, in numbers of bits: many short walks, not few long ones."""

_MEMBERS = 20
_APART = 200  # members differ in at least one bit of so many


@dataclass(frozen=True, eq=False)
class Relink:
    """Path relinking: a child of two members is what tabu search finds from the best point between them.

    A child that is good enough is a member for the rest of the turn.
    """

    landscape: Landscape

    name: ClassVar[str] = "relink"
    needs: ClassVar[int] = 2
    patient: ClassVar[bool] = False

    @property
    def prior(self) -> float:
        """Likely to pay on a dense landscape."""
        return 0.9 if self.landscape.couplings.dense else 0.5

    def spend(self, turn: Turn) -> Ends:
        """Children of random pairs until the turn is over."""
        n = self.landscape.structure.size
        random = np.random.default_rng([turn.seed, turn.number, 3])
        walk = Walk(self.landscape.couplings, turn.seed, turn.number, turn.watch, turn.work)
        members = Elite(_MEMBERS, n // _APART)
        for entry in turn.elite:
            members.add(entry)
        while True:
            known = members.snapshot()
            one, other = random.choice(len(known), 2, replace=False) if len(known) > 1 else (0, 0)
            walk.between(known[one].point, known[other].point)
            members.add(walk.improve(PATIENCE * n))
            if walk.over or len(members) < 2:
                return walk.ends


def fit(landscape: Landscape) -> Relink | None:
    """Where tabu search suits."""
    return Relink(landscape) if suits(landscape) else None
