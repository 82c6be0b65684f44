"""Native forms: one file each, with its arrays, its ``Proposal`` and its judge ``evaluate(form, proposal) -> Check``.

The module's name is the form's name; ``name_of(form)`` gives it back.
"""

from __future__ import annotations

import importlib
from typing import Any

from qopt.core.solution import Check


def name_of(form: Any) -> str:
    """Name of the form's module, such as ``routes``; empty when the object is no form."""
    module = type(form).__module__
    return module.rsplit(".", 1)[1] if module.startswith(__name__ + ".") else ""


def evaluate(form: Any, proposal: Any) -> Check:
    """The form's own judge."""
    check: Check = importlib.import_module(type(form).__module__).evaluate(form, proposal)
    return check
