"""A Compiled with fewer bits: its polynomial reduced, what the backend keeps left alone, and the way back in decode."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from qopt.core.arrays import Bits, Floats
from qopt.core.compiled import Compiled
from qopt.core.watch import Watch
from qopt.reduce.polynomial.reduce import reduce_polynomial
from qopt.reduce.polynomial.reduced import Reduced


@dataclass(frozen=True, eq=False)
class _Encoder:
    """Bits that are left, of points of the problem."""

    encoder: Callable[[Floats], np.ndarray[Any, Any]]
    reduced: Reduced

    def __call__(self, values: Floats) -> Bits:
        left = self.reduced.restrict(self.encoder(values))
        return left[0] if np.ndim(values) == 1 else left


def reduce_compiled(compiled: Compiled, *, watch: Watch | None = None) -> tuple[Compiled, Reduced]:
    """The same problem over fewer bits; those of groups and rows stay.

    A minimiser decodes to one of the given Compiled; other points are lost, so that ``top`` and ``total`` become
    ``argmin``, and the energy of an encoded point may differ from its objective. Certificates speak of all bits and do
    not come along. Returned as it is when nothing can be taken out.
    """
    keep = np.concatenate([compiled.groups.index, compiled.rows.index])
    reduced = reduce_polynomial(compiled.polynomial, keep=keep, watch=watch)
    if not reduced.removed:
        return compiled, reduced
    place = np.zeros(compiled.num_bits, dtype=np.int32)
    place[reduced.kept] = np.arange(len(reduced.kept))
    encoder, restore = compiled._encoder, compiled._restore
    made = replace(
        compiled,
        polynomial=reduced.polynomial,
        groups=replace(compiled.groups, index=place[compiled.groups.index]),
        rows=replace(compiled.rows, index=place[compiled.rows.index]),
        guarantee="none" if compiled.guarantee == "none" else "argmin",
        certificate=None,
        _encoder=None if encoder is None else _Encoder(encoder, reduced),
        _restore=reduced.restore if restore is None else lambda bits: restore(reduced.restore(bits)),
    )
    return made, reduced
