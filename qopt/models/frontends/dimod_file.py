"""dimod's BQMs: what ``BinaryQuadraticModel.to_file`` writes, and their JSON.

Models are read as the door ``dimod`` takes them from memory. Written are a compiled QUBO with its bits as 0, 1, …, and
a plain problem with its variables' names. The files of other models are ``cqm`` and ``dqm``.
"""

from __future__ import annotations

import io
import json
import re
import struct
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from qopt.core.compiled import Compiled
from qopt.core.errors import Issue, ModelError, Place
from qopt.core.problem import Problem
from qopt.models.frontends._numbers import place_of, stem
from qopt.models.frontends._pairs import minimised
from qopt.models.source import decoded, member_of, read_bytes

_JSON = re.compile(r'\s*\{(?:[^{}]|\{[^{}]*\})*?"type"\s*:\s*"BinaryQuadraticModel"')
MAGIC = b"DIMODBQM"


@dataclass(frozen=True)
class DimodFile:
    """Reader and writer of BQMs."""

    suffixes: tuple[str, ...] = (".bqm",)
    magic: bytes = MAGIC
    writes: ClassVar[str] = "qubo"

    def accepts(self, path: Path, text: str) -> bool:
        """Whether the text is the JSON of a BQM; other files are known by their first bytes."""
        return text.lstrip().startswith("{") and _JSON.match(text[:4000]) is not None

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
        model = packed_model(data, file, "BinaryQuadraticModel") if data.startswith(MAGIC) else _told(data, file)
        return replace(door.read(model), name=stem(source))

    def write(self, thing: Problem | Compiled, target: Path) -> None:
        """Write a compiled QUBO, or a problem of binary variables (or of spins) without constraints, as a BQM.

        With the suffix .json as JSON, else as ``BinaryQuadraticModel.to_file`` does.

        Raises
        ------
        UnsupportedModelError
            There is more to it than a BQM holds.
        """
        import dimod

        p, spin = minimised(thing, target, spins=True)
        numbers = list(range(p.n))
        names = numbers if isinstance(thing, Compiled) else list(thing.columns.names)
        labels = numbers if names == [f"x[{k}]" for k in numbers] else names
        bqm = dimod.BinaryQuadraticModel.from_numpy_vectors(
            p.linear, (p.row, p.col, p.value), p.offset, dimod.SPIN if spin else dimod.BINARY, variable_order=labels
        )
        if target.suffix.lower() == ".json":
            target.write_text(json.dumps(bqm.to_serializable()) + "\n", encoding="utf-8")
            return
        with bqm.to_file() as file:
            target.write_bytes(file.read())


_FAULTS = (ValueError, TypeError, LookupError, EOFError, RuntimeError, struct.error, zipfile.BadZipFile)
"""What dimod raises at a file that is broken somewhere."""


def packed_model(data: bytes, file: str, kind: str) -> Any:
    """The model that a class of dimod's reads from the bytes of its file."""
    import dimod

    try:
        return getattr(dimod, kind).from_file(io.BytesIO(data))
    except _FAULTS as error:
        raise _unread(error, file) from error


def _told(data: bytes, file: str) -> Any:
    """The BQM that a JSON text tells."""
    import dimod

    text = decoded(data, file)
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        place = place_of(text, error.pos, file)
        raise ModelError(Issue(f"the JSON of the model is broken: {error.msg}", place=place)) from error
    if not isinstance(document, dict) or document.get("type") != "BinaryQuadraticModel":
        raise ModelError(Issue("this is no model of dimod", place=Place(file, 1, 1)))
    try:
        return dimod.BinaryQuadraticModel.from_serializable(document)
    except _FAULTS as error:
        raise _unread(error, file) from error


def _unread(error: Exception, file: str) -> ModelError:
    what = f"{type(error).__name__}: {error}"
    return ModelError(Issue("dimod cannot read the model", what, Place(file, 1, 1)))


PLUGIN = DimodFile()
