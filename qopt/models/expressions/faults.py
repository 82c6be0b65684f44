"""Say what is wrong with a model, at the user's own line."""

from __future__ import annotations

import sys

from qopt.core.errors import Issue, ModelError, Place

_INNER = ("qopt.models.", "numpy.", "scipy.")


def here() -> Place:
    """File and line of the nearest caller outside the modelling layer (and outside numpy, which may call us back)."""
    frame = sys._getframe(1)
    while frame.f_back is not None and f"{frame.f_globals.get('__name__', '')}.".startswith(_INNER):
        frame = frame.f_back
    return Place(frame.f_code.co_filename, frame.f_lineno)


def fault(rule: str, value: object = "", suggestion: str = "") -> ModelError:
    """The error to raise for a broken rule: placed at the user's line, with the offending value and one suggestion."""
    return ModelError(Issue(rule, str(value), here(), suggestion))
