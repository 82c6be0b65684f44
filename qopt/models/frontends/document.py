"""YAML and JSON documents: ``problem:`` says the family, the family's class says what else may stand there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qopt.core import registry
from qopt.core.errors import Issue, ModelError, Place
from qopt.models.instance import Instance

_YAML = re.compile(r"""^(["']?)problem\1[ \t]*:""", re.MULTILINE)
_FLOW = re.compile(r"""[{,]\s*(["']?)problem\1\s*:""")


@dataclass(frozen=True)
class DocumentFormat:
    """Documents of every family."""

    suffixes: tuple[str, ...] = (".yaml", ".yml", ".json")

    def accepts(self, path: Path, text: str) -> bool:
        """Whether a text has a key ``problem``. A YAML file is always taken, to be told what it lacks."""
        if path.suffix.lower() in (".yaml", ".yml"):
            return True
        flow = text.lstrip("\ufeff \t\r\n").startswith("{")
        return bool((_FLOW if flow else _YAML).search(text))

    def members(self, text: str) -> Sequence[str]:
        """A document holds one problem."""
        return ("document",)

    def read(self, source: Any, *, base_dir: Path | None = None, member: str | None = None) -> Instance:
        """The instance that a document describes.

        Parameters
        ----------
        source
            A ``Path``, or the text itself as a ``str``.
        base_dir
            Where tables are looked for; default: the folder of the document.
        member
            Only ``None`` or ``"1"``.

        Raises
        ------
        ModelError
            Every fault found, in reading order, each with file, line, column, rule, value and suggestion.
        """
        from qopt.models.documents import load_document, validate

        document = load_document(source, base_dir=base_dir)
        if member not in (None, "1"):
            raise ModelError(Issue("a document holds one problem", str(member), Place(document.file), "leave it out"))
        return validate(document, self._class(document))

    def _class(self, document: Any) -> type[Instance]:
        """The instance class of the family that ``problem:`` names."""
        from qopt.models.documents.issues import closest

        known = families()
        kind = document.data.get("problem")
        if kind is None:
            near = closest("problem", [key for key in document.data if key != "problem"])
            hint = near.replace("?", ", which should be 'problem'?") if near.startswith("did") else ""
            suggestion = hint or f"add 'problem: KIND', one of: {', '.join(known)}"
            raise ModelError(Issue("the key problem is missing", place=document.place(()), suggestion=suggestion))
        if not isinstance(kind, str) or kind not in known:
            suggestion = closest(str(kind), known)
            if suggestion.startswith("did"):
                suggestion += f" known: {', '.join(known)}"
            place = document.place(("problem",))
            raise ModelError(
                Issue("an unknown kind of problem", document.positions.written(("problem",)), place, suggestion)
            )
        instance: type[Instance] = registry.load("families", kind).instance
        return instance


def families() -> list[str]:
    """Families whose instances can be written as documents."""
    return [name for name in registry.names("families") if hasattr(registry.load("families", name), "instance")]


PLUGIN = DocumentFormat()
