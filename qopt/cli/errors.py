"""Errors as a terminal shows them: exit status, sentences, or one JSON document."""

from __future__ import annotations

import traceback

import click

from qopt.cli.output import strict_json
from qopt.core.errors import BackendError, BackendUnavailableError, Issue, ModelError, Place, QoptError, RecordError

OK, NONE_FOUND, WRONG_INPUT, BACKEND_FAILED = 0, 1, 2, 3


def fail(error: BaseException, *, as_json: bool) -> int:
    """Tell an error on standard error, and as a JSON document on standard output where that was asked for.

    Returns
    -------
    The exit status. What is no error of qopt's own is a fault of qopt: its traceback is shown.
    """
    issues: tuple[Issue, ...]
    if isinstance(error, (click.exceptions.Abort, KeyboardInterrupt)):
        issues, status = (Issue("interrupted before there was an answer"),), NONE_FOUND
    elif isinstance(error, click.ClickException):
        issues, status = (Issue(error.format_message()),), WRONG_INPUT
        if isinstance(error, click.UsageError) and error.ctx is not None:
            click.echo(f"{error.ctx.get_usage()}\n", err=True)
    elif isinstance(error, QoptError):
        issues = error.issues if isinstance(error, ModelError) else (Issue(str(error)),)
        failed = isinstance(error, BackendError) and not isinstance(error, BackendUnavailableError)
        status = BACKEND_FAILED if failed else WRONG_INPUT
    else:
        click.echo("".join(traceback.format_exception(error)), err=True, nl=False)
        issues, status = (Issue(f"a fault of qopt itself: {type(error).__name__}: {error}"),), BACKEND_FAILED
    if as_json:
        click.echo(strict_json({"status": "error", "errors": [issue.to_dict() for issue in issues]}))
    for issue in issues:
        click.echo(f"error: {issue}", err=True)
    return status


def at_file(error: RecordError, path: object) -> ModelError:
    """An error in a stored plan, with the file that holds it."""
    return ModelError(Issue(str(error), place=Place(str(path))))
