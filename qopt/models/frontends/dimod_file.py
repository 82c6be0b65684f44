"""dimod's own files: what ``to_file`` of a BQM, CQM or DQM writes, and the JSON of a BQM.

Which of them a file is stands in its first bytes. Models are read as the door ``dimod`` takes them from memory. Written
is a BQM: of a compiled QUBO with its bits as 0, 1, …, of a plain problem with its variables' names.
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
_MODELS = {
    b"DIMODBQM": "BinaryQuadraticModel",
    b"DIMODCQM": "ConstrainedQuadraticModel",
    b"DIMODDQM": "DiscreteQuadraticModel",
}


@dataclass(frozen=True)
class DimodFile:
    """Reader and writer of dimod's files."""

    suffixes: tuple[str, ...] = (".bqm", ".cqm", ".dqm")
    magic: tuple[bytes, ...] = tuple(_MODELS)
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
        return replace(door.read(_model(data, file)), name=stem(source))

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


def _model(data: bytes, file: str) -> Any:
    """The model that dimod finds in the data."""
    import dimod

    kind = _MODELS.get(data[:8])
    place = Place(file, 1, 1)
    try:
        if kind is not None:
            return getattr(dimod, kind).from_file(io.BytesIO(data))
        text = decoded(data, file)
        document = json.loads(text)
        if not isinstance(document, dict) or document.get("type") != "BinaryQuadraticModel":
            raise ModelError(Issue("this is no model of dimod", place=place))
        return dimod.BinaryQuadraticModel.from_serializable(document)
    except json.JSONDecodeError as error:
        place = place if kind is not None else place_of(text, error.pos, file)
        raise ModelError(Issue(f"the JSON of the model is broken: {error.msg}", place=place)) from error
    except ModelError:
        raise
    except (ValueError, TypeError, LookupError, EOFError, RuntimeError, struct.error, zipfile.BadZipFile) as error:
        raise ModelError(Issue("dimod cannot read the model", f"{type(error).__name__}: {error}", place)) from error


PLUGIN = DimodFile()
