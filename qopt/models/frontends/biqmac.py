"""BiqMac's ``.sparse``: ``n m``, then m lines ``i j q`` of one triangle of Q, numbered from 1; minimise ``x' Q x``.

Entries of two different indices count twice. Lines that begin with # are remarks. The layout is that of a rudy graph
(``gset``), which means something else; a file with loops, or with the suffix .sparse, is of this format. Source: A.
Wiegele, Biq Mac Library (2007).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from qopt.core.compiled import Compiled
from qopt.core.errors import Issue, ModelError, Place, UnsupportedModelError
from qopt.core.problem import Problem
from qopt.models.frontends._numbers import stem
from qopt.models.frontends._pairs import (
    declared,
    direction,
    lines,
    minimised,
    pair_problem,
    sparse,
    triples,
)
from qopt.models.source import member_of, text_of


@dataclass(frozen=True)
class Biqmac:
    """Reader and writer of .sparse files."""

    suffixes: tuple[str, ...] = (".sparse",)
    latin1: bool = True
    writes: ClassVar[str] = "qubo"

    def accepts(self, path: Path, text: str) -> bool:
        """Whether the whole text is one sparse matrix: with the suffix .sparse, or with an entry on the diagonal."""
        if declared(text):
            return False
        try:
            _, pairs = sparse(text, "")
        except ModelError:
            return False
        return path.suffix.lower() in self.suffixes or bool(pairs.diagonal.any())

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
        text, file = text_of(source, latin1=True)
        member_of(("1",), member, file)
        n, pairs = sparse(text, file)
        return pair_problem(n, pairs.doubled(), sense=direction(sense, file), name=stem(source))

    def write(self, thing: Problem | Compiled, target: Path) -> None:
        """Write a compiled QUBO, or a problem of binary variables without constraints, if it has no constant.

        Raises
        ------
        UnsupportedModelError
            There is more to it than the format holds.
        """
        polynomial, _ = minimised(thing, target)
        if polynomial.offset:
            rule = "a BiqMac file cannot hold a constant"
            raise UnsupportedModelError(Issue(rule, f"{polynomial.offset:g}", Place(str(target)), "write .coo or .qs"))
        pairs = triples(polynomial).halved()
        target.write_text(f"{polynomial.n} {len(pairs.value)}\n" + lines(pairs, 1), encoding="utf-8")


PLUGIN = Biqmac()
