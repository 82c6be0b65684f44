"""Dense QUBOs as numpy archives: ``n``, and ``upper``, the upper triangle of a symmetric Q in the order of
``numpy.triu_indices(n)``, its diagonal included; the largest ``x' Q x`` is wanted.

Entries beside the diagonal count twice. The layout is that of regenerated instances of Palubeckis (2004), which are
maximised; ``--sense min`` is for others.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from qopt.core.arrays import Floats
from qopt.core.errors import Issue, ModelError, Place
from qopt.core.problem import Problem
from qopt.models.frontends._numbers import stem
from qopt.models.frontends._pairs import Pairs, direction, pair_problem
from qopt.models.source import LIMIT, member_of, read_bytes


@dataclass(frozen=True)
class Npz:
    """Reader of .npz files."""

    suffixes: tuple[str, ...] = (".npz",)
    magic: bytes = b"PK\x03\x04"

    def accepts(self, path: Path, text: str) -> bool:
        """False: these files are known by their first bytes."""
        return False

    def members(self, text: str) -> Sequence[str]:
        """A file holds one model."""
        return ("1",)

    def read(
        self,
        source: str | Path,
        *,
        base_dir: Path | None = None,
        member: str | None = None,
        sense: str = "max",
    ) -> Problem:
        """The model as a Problem over ``x[0]``, ``x[1]``, …

        Parameters
        ----------
        sense
            ``max`` (the default) or ``min``.

        Raises
        ------
        ModelError
            No archive of numpy, or one with other arrays in it.
        """
        data, file = (source.encode(), "") if isinstance(source, str) else (read_bytes(source), str(source))
        member_of(("1",), member, file)
        n, upper = _triangle(data, Place(file, 1, 1))
        row, col = np.triu_indices(n)
        some = np.flatnonzero(upper)
        pairs = Pairs(row[some], col[some], upper[some]).doubled()
        return pair_problem(n, pairs, sense=direction(sense, file), name=stem(source))


def _triangle(data: bytes, place: Place) -> tuple[int, Floats]:
    """The number of variables, and the coefficients as they are listed."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            size = sum(entry.file_size for entry in packed.infolist())
        if size > LIMIT:
            raise ModelError(Issue(f"a file may hold at most {LIMIT:,} bytes once unpacked", f"{size:,}", place))
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            found: dict[str, Any] = {name: arrays[name] for name in ("n", "upper") if name in arrays}
    except (zipfile.BadZipFile, ValueError, EOFError, OSError) as error:
        raise ModelError(Issue("this is no archive of numpy", str(error), place)) from error
    if len(found) < 2 or found["n"].size != 1:
        rule = "a dense QUBO is an archive of the number n and the array upper, the upper triangle of Q"
        raise ModelError(Issue(rule, ", ".join(found) or "neither", place))
    n, upper = found["n"].ravel()[0], found["upper"]
    if not (np.issubdtype(upper.dtype, np.number) and n == int(n) > 0 and upper.shape == (int(n) * (int(n) + 1) // 2,)):
        rule = "upper has n (n + 1) / 2 numbers, those of numpy.triu_indices(n)"
        raise ModelError(Issue(rule, f"n = {n}, upper of shape {upper.shape}", place))
    values = upper.astype(np.float64)
    if not np.isfinite(values).all():
        raise ModelError(Issue("a finite number is needed at every place of upper", place=place))
    return int(n), values


PLUGIN = Npz()
