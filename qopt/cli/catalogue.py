"""The commands about what there is: list, schema, new."""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
from pathlib import Path
from shutil import get_terminal_size
from textwrap import wrap

import click

from qopt.cli.errors import OK
from qopt.cli.output import strict_json

KINDS = ("samplers", "proposers", "repairers", "bounders", "encodings", "penalties", "families", "formats", "exports")


@click.command(name="list")
@click.argument("kind", type=click.Choice(KINDS), required=False)
def list_(kind: str | None) -> int:
    """List the plug-ins of KIND, or of every kind.

    On a terminal each stands with the first line of its description; elsewhere names stand alone. Imports none of them.
    """
    from qopt.core import registry

    for one in KINDS if kind is None else (kind,):
        if kind is None:
            click.secho(one, bold=True)
        names = registry.names(one)
        indent = "  " if kind is None else ""
        column = len(indent) + max((len(name) for name in names), default=0) + 2
        for name in names:
            about = summary(one, name) if sys.stdout.isatty() else ""
            room = max(30, get_terminal_size().columns - column)
            lines = wrap(about, room) or [""]
            click.echo(f"{indent + name:{column}}{lines[0]}".rstrip())
            for line in lines[1:]:
                click.echo(" " * column + line)
    return OK


def summary(kind: str, name: str) -> str:
    """The first line of a plug-in module's docstring, read without running it; empty for one from another package.

    A beginning that only repeats kind and name is left out.
    """
    from qopt.core.protocols import KINDS as PACKAGES

    spec = importlib.util.find_spec(PACKAGES[kind])
    folder = Path(next(iter(spec.submodule_search_locations or ()), "")) if spec else Path()
    path = folder / f"{name}.py"
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) if path.is_file() else None
    first = (text or "").partition("\n")[0]
    return re.sub(r"^\w+ ``\w+``: ", "", first).replace("``", "")


@click.command()
@click.argument("family")
def schema(family: str) -> int:
    """Print the JSON Schema of a FAMILY's document."""
    from qopt.models.schema import schema as schema_of

    click.echo(strict_json(schema_of(family)))
    return OK


@click.command()
@click.argument("family")
def new(family: str) -> int:
    """Print a starter document of a FAMILY, which solves as it stands."""
    from qopt.models.schema import starter

    click.echo(starter(family), nl=False)
    return OK
