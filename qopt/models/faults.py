"""Refuse a document with every fault at the key it belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

Fault = tuple[tuple[str | int, ...], str, Any]
"""Where (path of keys and 0-based positions inside the document), the broken rule, and the offending value."""


def refuse(title: str, faults: Sequence[Fault]) -> None:
    """Raise all faults at once; do nothing when there are none.

    A validator that looks at several fields calls this, so that a rule *between* fields is still reported at the key
    and position that broke it.

    Raises
    ------
    pydantic.ValidationError
        One line error per fault. Raised inside a pydantic validator it is merged into the document's own error.
    """
    if faults:
        details: list[InitErrorDetails] = [
            {"type": PydanticCustomError("rule", "{rule}", {"rule": rule}), "loc": where, "input": value}
            for where, rule, value in faults
        ]
        raise ValidationError.from_exception_data(title, details)
