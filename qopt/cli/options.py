"""Options that several commands share."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import click

FILE = click.Path(path_type=Path)


class Word(click.ParamType):
    """A number or a text, as the ``solve:`` section of a document takes it.

    Parameters
    ----------
    name
        Of the type in ``qopt.models.instance``.
    told
        What it has to be, with examples.
    """

    def __init__(self, name: str, told: str) -> None:
        self.name, self.told = name, told

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number meant, finite."""
        from pydantic import TypeAdapter, ValidationError

        from qopt.models import instance

        try:
            number: float = TypeAdapter(getattr(instance, self.name)).validate_python(_number(value))
        except ValidationError:
            number = math.inf
        if not math.isfinite(number):
            self.fail(f"{value!r} is no {self.told}.", param, ctx)
        return number


def _number(value: Any) -> Any:
    """A plain number where the text is one; a document has told numbers from texts already."""
    try:
        return float(value)
    except ValueError:
        return value


SECONDS = Word("Seconds", "duration above 0, such as 20, 20s, 1.5m or 2h")
SHARE = Word("Share", "share from 0 to 1, such as 0.05 or 5%")
COUNT = click.IntRange(min=1)

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")


def reader_options(command: Any) -> Any:
    """The options that belong to reading a file; the command takes them as ``**reader`` for ``given``."""
    for option in reversed(
        (
            click.option("--format", "format_", metavar="NAME", help="Read the file as this format."),
            click.option("--member", metavar="K", help="Which problem of a file that holds several."),
            click.option("--vehicles", metavar="N|unlimited", help="Fleet limit of a CVRPLIB file."),
            click.option("--speed", metavar="KMH", help="Speed along great circles, for VROOM without matrices."),
            click.option(
                "--sense",
                type=click.Choice(["min", "max"]),
                help="Direction of a file that does not say it (GAP, QUBO).",
            ),
        )
    ):
        command = option(command)
    return command


def given(reader: dict[str, Any]) -> dict[str, Any]:
    """The reader options that were given."""
    return {name.rstrip("_"): value for name, value in reader.items() if value is not None}
