"""Load a document, and check it against the pydantic class of its family."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from qopt.core.errors import Issue, ModelError, Place
from qopt.models.documents.faults import Faults
from qopt.models.documents.issues import issues_of
from qopt.models.documents.limits import DEFAULT, Limits
from qopt.models.documents.nodes import Positions
from qopt.models.instance import Instance, Source
from qopt.models.source import decoded, read_bytes

AnyInstance = TypeVar("AnyInstance", bound=Instance)


@dataclass(frozen=True, eq=False)
class Document:
    """A document as plain data, with the place of everything in it.

    Parameters
    ----------
    positions
        Where every key and value stands.
    file
        The file's name as the user wrote it; empty for text without a file.
    base_dir
        The folder that table files are looked for in; None where tables are not allowed.
    limits
        How large it and its expressions may be.
    """

    positions: Positions
    file: str = ""
    base_dir: Path | None = None
    limits: Limits = field(default=DEFAULT)

    @cached_property
    def data(self) -> Any:
        """Dicts with text keys, lists, and None, bool, int, float or str."""
        return self.positions.root.plain()

    def place(self, path: Sequence[str | int], offset: int | None = None, *, key: bool = False) -> Place:
        """The place of a value, of a character inside a text value, or of the last key of the path."""
        return self.positions.key(path) if key else self.positions.value(path, offset)


def load_document(
    source: str | Path, *, base_dir: Path | None = None, name: str = "", limits: Limits = DEFAULT
) -> Document:
    """Read a YAML or JSON document.

    Parameters
    ----------
    source
        A ``Path`` is read; a ``str`` is the text itself.
    base_dir
        Where table files are looked for. Default: the file's own folder; nowhere for a text.
    name
        What to call the document in messages; default: the path as given.

    Raises
    ------
    ModelError
        Every fault found, each with file, line and column.
    """
    if isinstance(source, Path):
        name, suffix = name or str(source), source.suffix.lower()
        base_dir = source.parent if base_dir is None else base_dir
        if source.is_file():
            _refuse_large(source.stat().st_size, name, limits)
        text = decoded(read_bytes(source), name)
    else:
        text, suffix = source.removeprefix("\ufeff"), ""
        _refuse_large(len(text.encode("utf-8", "surrogatepass")), name, limits)
    faults = Faults(text, name)
    if suffix == ".json" or (suffix not in (".yaml", ".yml") and is_json(text)):
        from qopt.models.documents.json_text import read_json

        root = read_json(text, faults, limits)
    else:
        from qopt.models.documents.yaml_text import read_yaml

        root = read_yaml(text, faults, limits)
    if not isinstance(root.value, dict):
        suggestion = "begin with 'problem: …'; `qopt new FAMILY` writes a start"
        faults.stop(root.start, "a document is a mapping of keys to values", suggestion=suggestion)
    return Document(Positions(root, text, name), name, base_dir, limits)


def validate(document: Document, instance: type[AnyInstance]) -> AnyInstance:
    """The document as an instance of its family, with every file that it names in the place of the name.

    Raises
    ------
    ModelError
        Every fault found, in reading order.
    """
    from qopt.models.records import with_tables

    document = instance.unfolded(with_tables(document, instance))
    try:
        checked = instance.model_validate(document.data, context={"document": document})
    except ValidationError as error:
        raise ModelError(issues_of(error, document.positions, instance)) from None
    return checked.sourced(Source(document))


def _refuse_large(size: int, name: str, limits: Limits) -> None:
    if size > limits.document_bytes:
        rule = f"the document has {size:,} bytes, at most {limits.document_bytes:,} are accepted"
        raise ModelError(Issue(rule, place=Place(name), suggestion="move tables to CSV files"))


def is_json(text: str) -> bool:
    """Whether a text is JSON rather than YAML in flow style: it begins with ``{"`` or is ``{}``."""
    start = text.lstrip()
    return start.startswith("{") and start[1:].lstrip()[:1] in ('"', "}")
