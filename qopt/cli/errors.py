"""Errors as a terminal shows them: exit status, sentences, or one JSON document."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from qopt.core.errors import (
    BackendError,
    BackendUnavailableError,
    Issue,
    ModelError,
    QoptError,
)

OK, NONE_FOUND, WRONG_INPUT, BACKEND_FAILED = 0, 1, 2, 3


def status_of(error: QoptError) -> int:
    """The exit status of an error: 2 when the input or the call is wrong, 3 when a backend failed."""
    if isinstance(error, BackendError) and not isinstance(error, BackendUnavailableError):
        return BACKEND_FAILED
    return WRONG_INPUT


def error_document(error: QoptError) -> str:
    """The error as the JSON document that ``--json`` promises."""
    issues = error.issues if isinstance(error, ModelError) else (Issue(str(error)),)
    return json.dumps({"status": "error", "errors": [issue.to_dict() for issue in issues]}, indent=2)


def usage_document(message: str) -> str:
    """A wrong call as the same document."""
    return json.dumps({"status": "error", "errors": [Issue(message).to_dict()]}, indent=2)


def guarded(command: Callable[..., int]) -> Callable[..., int]:
    """Turn qopt's errors into sentences (or JSON) and an exit status; anything else is a bug."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> int:
        try:
            return command(*args, **kwargs)
        except QoptError as error:
            if kwargs.get("as_json"):
                click.echo(error_document(error))
            for line in str(error).splitlines():
                click.echo(f"error: {line}", err=True)
            return status_of(error)

    return run
