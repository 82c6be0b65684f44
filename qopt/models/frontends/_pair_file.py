"""What readers of files of ``i j value`` have in common: one model a file, its direction an option."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from qopt.core.problem import Problem
from qopt.models.frontends._numbers import stem
from qopt.models.frontends._pairs import Pairs, direction, pair_problem
from qopt.models.source import member_of, text_of


@dataclass(frozen=True, eq=False)
class Terms:
    """What a file says: ``offset + sum(value * x[i] * x[j])`` over n bits, or over n spins."""

    n: int
    pairs: Pairs
    offset: float = 0.0
    spin: bool = False


class PairFile(ABC):
    """A format that lists a quadratic function. A subclass says which files are its own, and what one says."""

    latin1: bool = False
    writes: ClassVar[str] = "qubo"

    @abstractmethod
    def terms(self, text: str, file: str) -> Terms:
        """What the text says; ModelError at the first fault, with its line and column."""

    def members(self, text: str) -> Sequence[str]:
        """A file holds one model."""
        return ("1",)

    def read(
        self,
        source: str | Path,
        *,
        base_dir: Path | None = None,
        member: str | None = None,
        sense: str | None = None,
    ) -> Problem:
        """The model as a Problem over ``x[0]``, ``x[1]``, …

        Parameters
        ----------
        sense
            ``min`` (the default) or ``max``.

        Raises
        ------
        ModelError
            The first fault, with its line and column.
        """
        text, file = text_of(source, latin1=self.latin1)
        member_of(("1",), member, file)
        told = self.terms(text, file)
        aim = direction(sense, file)
        return pair_problem(told.n, told.pairs, offset=told.offset, sense=aim, spin=told.spin, name=stem(source))
