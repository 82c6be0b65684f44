"""The numbers of a parameter as a document and an instance hold them, and the issues of a section."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

from qopt.core.errors import Issue, ModelError, Place
from qopt.models.documents.nodes import summary
from qopt.models.instance import path_text


class Values:
    """The numbers of a parameter: raw as written until the sets are known, then one dense read-only array."""

    def __init__(self, raw: Any) -> None:
        self.raw = raw

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Values) and bool(np.array_equal(np.asarray(self.raw), np.asarray(other.raw)))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Values({summary(self.plain())})"

    def plain(self) -> Any:
        """Nested lists of numbers, or as written."""
        return self.raw.tolist() if isinstance(self.raw, np.ndarray) else self.raw


_SCHEMA = {
    "description": "a number, nested lists of numbers, or nested mappings from elements to numbers",
    "anyOf": [{"type": "number"}, {"type": "array"}, {"type": "object"}],
}
Grid = Annotated[
    Values,
    PlainValidator(lambda given: given if isinstance(given, Values) else Values(given)),
    PlainSerializer(lambda values: values.plain()),
    WithJsonSchema(_SCHEMA),
]


class Issues:
    """Issues of one section, each under the path of what it speaks of."""

    def __init__(self) -> None:
        self.found: list[Issue] = []

    def add(self, path: Sequence[str | int], rule: str, value: str = "", suggestion: str = "") -> None:
        self.found.append(Issue(rule, value, Place(path=path_text(path)), suggestion))

    def take(self, path: Sequence[str | int], error: ModelError) -> None:
        """Issues of a table: those without a place of their own belong to the key that names the table."""
        for issue in error.issues:
            here = Place(path=path_text(path))
            place = issue.place if issue.place.file else here
            self.found.append(Issue(issue.rule, issue.value, place, issue.suggestion))

    def stop_if_any(self) -> None:
        if self.found:
            raise ModelError(self.found)
