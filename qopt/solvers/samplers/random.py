"""Sampler ``random``: uniform points that satisfy the groups; what any search must beat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from qopt.core.accepts import Accepts
from qopt.core.arrays import Bits
from qopt.core.batch import SampleBatch
from qopt.core.budget import Budget
from qopt.core.compiled import Compiled
from qopt.core.errors import ModelError
from qopt.core.rows import GroupKind
from qopt.core.watch import Watch
from qopt.solvers._structure import Structure
from qopt.solvers.search.pool import Pool, stop_reason

NAME = "random"
_BLOCK_BITS = 2**20


@dataclass(frozen=True)
class Random:
    """Independent uniform rows, all of them returned, equal ones too.

    Parameters
    ----------
    reads
        Number of rows, at least 1; ``budget.reads`` wins. A deadline may cut it short, at one block or more.
    """

    reads: int = 1000

    accepts: ClassVar[Accepts] = Accepts(
        degree=None, groups=frozenset({GroupKind.EXACTLY_ONE, GroupKind.AT_MOST_ONE, GroupKind.PERMUTATION})
    )

    def __post_init__(self) -> None:
        if not self.reads > 0:
            raise ModelError(f"sampler {NAME}: reads must be above 0, got {self.reads!r}")

    def sample(
        self, compiled: Compiled, *, budget: Budget, seed: int, watch: Watch, initial: Bits | None = None
    ) -> SampleBatch:
        """Draw rows; ``initial`` plays no part.

        Raises
        ------
        NotApplicableError
            Rows are left, or two groups share a bit.
        """
        began = watch.clock()
        watch = watch.within(budget.seconds)
        structure = Structure.of(compiled, NAME, self.accepts)
        reads = budget.reads or self.reads
        random = np.random.default_rng(seed & (2**64 - 1))
        pool = Pool(compiled, watch, NAME, keep=1)
        block = max(1, min(256, _BLOCK_BITS // (structure.size + compiled.num_couplings + 1)))
        rows, energies, drawn = [], [], 0
        while drawn < reads and (drawn == 0 or not watch.expired()):
            rows.append(structure.outer(structure.random_points(random, min(block, reads - drawn))))
            energies.append(compiled.energies(rows[-1]))
            pool.add(rows[-1], energies[-1])
            drawn += len(rows[-1])
        return SampleBatch(
            np.concatenate(rows),
            np.concatenate(energies),
            NAME,
            seed,
            stop_reason(watch, complete=drawn == reads),
            watch.clock() - began,
            {"reads": drawn},
        )


PLUGIN = Random()
