"""What leaves a command: strict JSON, and files that are refused before the work rather than after it."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from qopt.core.errors import Issue, ModelError, Place


def strict_json(document: Any) -> str:
    """The document as JSON that every reader takes: numbers without a finite value become null."""
    return json.dumps(_plain(document), indent=2, ensure_ascii=False, allow_nan=False)


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(part) for part in value]
    return value if value is None or isinstance(value, (str, int)) else str(value)


def check_target(path: Path | None, option: str, inputs: tuple[Path | None, ...] = ()) -> None:
    """Refuse a file that cannot be written, or that is one of the inputs.

    Raises
    ------
    ModelError
        Says which and why.
    """
    if path is None:
        return
    if any(given is not None and given.exists() and path.exists() and path.samefile(given) for given in inputs):
        reason = f"{option} would overwrite an input"
    elif path.is_dir():
        reason = f"{option} needs a file, this is a folder"
    elif not path.absolute().parent.is_dir():
        reason = f"{option} needs a folder that exists"
    elif not os.access(path if path.exists() else path.absolute().parent, os.W_OK):
        reason = f"{option} cannot be written"
    else:
        return
    raise ModelError(Issue(reason, place=Place(str(path))))


def write(path: Path, text: str, option: str) -> bool:
    """Write a file as UTF-8; False, with a sentence on standard error, when that failed after all."""
    try:
        path.write_text(text, encoding="utf-8", newline="")  # line ends as they are, on every system
    except OSError as error:
        click.echo(f"error: {path}: {option} cannot be written: {error.strerror}", err=True)
        return False
    return True


def read_json(path: Path) -> Any:
    """The JSON document in a file.

    Raises
    ------
    ModelError
        The file cannot be read or is no JSON.
    """
    place = Place(str(path))
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(Issue("the plan cannot be read", error.strerror or "", place)) from error
    except UnicodeDecodeError as error:
        raise ModelError(Issue("a plan must be JSON in UTF-8", place=place)) from error
    except json.JSONDecodeError as error:
        place = Place(str(path), error.lineno, error.colno)
        raise ModelError(Issue(f"a plan must be JSON: {error.msg}", place=place)) from error
    except RecursionError as error:
        raise ModelError(Issue("a plan must be JSON of a sensible depth", place=place)) from error
