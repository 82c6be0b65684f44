"""How large a document may be. Every limit is a setting, and a refusal says the counted number."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of what is read; anything above is refused before memory is spent on it.

    Parameters
    ----------
    document_bytes
        Size of a YAML or JSON text in UTF-8.
    depth
        Nesting of the document, and of brackets and operators inside one expression.
    expression_chars, expression_nodes
        Length of one expression and number of its parts (names, numbers, operations).
    terms
        Terms of all expressions of a document together, counted before they are expanded; also the largest number of
        columns, of rows and of elements of a set.
    table_bytes
        Size of one CSV file.
    tables_anywhere
        Whether a table may lie outside the folder of the document.
    """

    document_bytes: int = 1_000_000
    depth: int = 32
    expression_chars: int = 10_000
    expression_nodes: int = 2_000
    terms: int = 10_000_000
    table_bytes: int = 100_000_000
    tables_anywhere: bool = False


DEFAULT = Limits()
"""The limits when nobody sets others."""
