"""dimod's constrained quadratic models: what ``ConstrainedQuadraticModel.to_file`` writes.

Models are read as the door ``dimod`` takes them from memory; what of a problem they hold is said in
``_dimod_outgo.cqm_of``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from qopt.core.compiled import Compiled
from qopt.core.problem import Problem
from qopt.models.frontends._numbers import stem
from qopt.models.frontends.dimod_file import packed_model
from qopt.models.source import member_of, read_bytes


@dataclass(frozen=True)
class Cqm:
    """Reader and writer of .cqm files."""

    suffixes: tuple[str, ...] = (".cqm",)
    magic: bytes = b"DIMODCQM"
    writes: ClassVar[str] = "problem"

    def accepts(self, path: Path, text: str) -> bool:
        """False: these files are known by their first bytes."""
        return False

    def members(self, text: str) -> Sequence[str]:
        """A file holds one model."""
        return ("1",)

    def read(self, source: str | Path, *, base_dir: Path | None = None, member: str | None = None) -> Problem:
        """The model as a Problem to minimise.

        Raises
        ------
        ModelError
            dimod cannot read it.
        UnsupportedModelError
            Something that a Problem cannot hold.
        """
        from qopt.models.frontends.dimod import PLUGIN as door

        data, file = (source.encode(), "") if isinstance(source, str) else (read_bytes(source), str(source))
        member_of(("1",), member, file)
        return replace(door.read(packed_model(data, file, "ConstrainedQuadraticModel")), name=stem(source))

    def write(self, thing: Problem | Compiled, target: Path) -> None:
        """Write a problem, or a compiled one as its QUBO.

        Raises
        ------
        UnsupportedModelError
            What the model cannot hold, by name.
        """
        from qopt.models.frontends._dimod_outgo import cqm_of

        with cqm_of(thing, target).to_file() as file:
            target.write_bytes(file.read())


PLUGIN = Cqm()
