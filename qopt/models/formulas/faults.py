"""What is wrong inside an expression, and at which of its characters."""

from __future__ import annotations


class FormulaFault(Exception):
    """One fault of an expression; the owner of the expression turns it into an issue with a place.

    Parameters
    ----------
    rule, value, suggestion
        As in ``core.errors.Issue``.
    offset
        The character of the expression's text that is at fault, from 0.
    """

    def __init__(self, rule: str, value: str = "", suggestion: str = "", offset: int = 0) -> None:
        self.rule, self.value, self.suggestion, self.offset = rule, value, suggestion, offset
        super().__init__(rule)
