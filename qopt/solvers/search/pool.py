"""The best distinct points a sampler has come by, and the batch made of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qopt.core.batch import SampleBatch
from qopt.core.compiled import Compiled
from qopt.core.solution import Candidate, Origin
from qopt.core.watch import Watch


class Pool:
    """Keeps the ``keep`` best distinct rows of bits (what holds first, then by energy), and offers each new best.

    Parameters
    ----------
    backend
        Name on the offered candidates and on the batch.
    """

    def __init__(self, compiled: Compiled, watch: Watch, backend: str, keep: int) -> None:
        self._compiled, self._watch, self._backend = compiled, watch, backend
        self.keep = keep
        self._ranks: dict[bytes, tuple[float, float]] = {}
        """By the row's bits, eight to a byte."""
        self._best = (np.inf, np.inf)

    def __len__(self) -> int:
        return len(self._ranks)

    def add(self, bits: NDArray[Any], energies: NDArray[Any], violations: NDArray[Any] | None = None) -> None:
        """Take in rows (k, n) with their energies (k,) and by how much they break what is no energy (k,); None: not."""
        if len(energies) == 0:
            return
        rows = np.asarray(bits, dtype=np.int8)
        broken = np.zeros(len(rows)) if violations is None else np.asarray(violations)
        ranks = list(zip(broken.tolist(), np.asarray(energies).tolist(), strict=True))
        for row, rank in zip(rows, ranks, strict=True):
            self._ranks.setdefault(np.packbits(row).tobytes(), rank)
        if len(self._ranks) > 2 * self.keep:
            self._trim()
        best = min(range(len(ranks)), key=ranks.__getitem__)
        violation, energy = ranks[best]
        if (violation, energy + 1e-9 * max(1.0, abs(energy))) < self._best:
            self._best = ranks[best]
            values, _ = self._compiled.decode(rows[best : best + 1])
            self._watch.offer(Candidate(Origin.SAMPLED, self._backend, values=values[0]), None, self._backend)

    def _trim(self) -> None:
        best = sorted(self._ranks.items(), key=lambda item: item[1])[: self.keep]
        self._ranks = dict(best)

    def batch(self, *, seed: int, stopped_by: str, seconds: float, info: Mapping[str, Any]) -> SampleBatch:
        """The rows kept, lowest energy first, each evaluated anew from the polynomial."""
        self._trim()
        bits = np.empty((len(self._ranks), self._compiled.num_bits), dtype=np.int8)
        for k, packed in enumerate(self._ranks):
            bits[k] = np.unpackbits(np.frombuffer(packed, dtype=np.uint8), count=bits.shape[1])
        energies = self._compiled.energies(bits)
        return SampleBatch(bits, energies, self._backend, seed, stopped_by, seconds, info)


def stop_reason(watch: Watch, *, complete: bool) -> str:
    """``done`` for a search that came to its end, else what ended it: ``target``, ``cancelled`` or ``seconds``."""
    if complete:
        return "done"
    if watch.stop[0]:
        return "target" if watch.reason == "target" else "cancelled"
    return "seconds"
