"""What backends hand back: raw samples of bits, or proposals of a form. Nothing here is judged yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from qopt.core.arrays import Bits, Floats, frozen


@dataclass(frozen=True, eq=False)
class SampleBatch:
    """Samples of a Compiled (or of a dimod BQM), lowest claimed energy first.

    Parameters
    ----------
    bits
        Zeros and ones, shape (rows, n). A spin s is ``2 b - 1``.
    energies
        Claimed by the backend, offset included, to be minimised; shape (rows,). ``Compiled.energies`` re-computes them.
    sampler
        The backend's name.
    seed
        The seed it was given.
    stopped_by
        ``done``, ``seconds``, ``work``, ``target`` or ``cancelled``.
    seconds
        Time spent inside the backend.
    info
        Facts for the record, in the field's plain names: sweeps, reads, shots, depth, qubits, …
    """

    bits: Bits
    energies: Floats
    sampler: str
    seed: int
    stopped_by: str = "done"
    seconds: float = 0.0
    info: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        bits = np.atleast_2d(np.asarray(self.bits))
        energies = np.asarray(self.energies, dtype=np.float64).ravel()
        if len(bits) != len(energies):
            raise ValueError(f"{len(bits)} rows of bits but {len(energies)} energies")
        if len(energies) > 1 and np.any(energies[1:] < energies[:-1]):
            order = np.argsort(energies, kind="stable")
            bits, energies = bits[order], energies[order]
        object.__setattr__(self, "bits", frozen(bits, np.int8))
        object.__setattr__(self, "energies", frozen(energies, np.float64))

    def __len__(self) -> int:
        return len(self.energies)


@dataclass(frozen=True, eq=False)
class Proposals:
    """Proposals of a form, best first by the proposer's own account.

    Parameters
    ----------
    proposals
        Proposals of the form's type.
    objectives
        Claimed objectives in the form's terms (made small), same length.
    proposer, seed, stopped_by, seconds, info
        As in ``SampleBatch``.
    """

    proposals: tuple[Any, ...]
    objectives: tuple[float, ...]
    proposer: str
    seed: int
    stopped_by: str = "done"
    seconds: float = 0.0
    info: Mapping[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.proposals)
