"""The ways out on a terminal: convert, and the files that compile writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from qopt.cli.errors import OK
from qopt.cli.options import FILE, given, json_option, reader_options
from qopt.cli.output import check_target, strict_json


@click.command()
@click.argument("file", type=FILE, metavar="IN")
@click.argument("out", type=FILE, metavar="OUT")
@click.option("--to", metavar="NAME", help="Format of OUT; by its suffix unless given.")
@click.option("--formulation", default="auto", show_default=True, help="How the family writes the problem.")
@reader_options
@json_option
def convert(file: Path, out: Path, to: str | None, formulation: str, as_json: bool, **reader: Any) -> int:
    """Read IN and write it as OUT, in another format.

    What the format of OUT cannot hold is refused by name. Constraints become part of a QUBO by `qopt compile`.
    """
    from qopt.models.subject import as_subject

    check_target(out, "OUT", (file,))
    return write_out(as_subject(file, **given(reader)), out, to=to, formulation=formulation, as_json=as_json)


def write_out(thing: Any, out: Path, *, to: str | None, formulation: str = "auto", as_json: bool) -> int:
    """Write a subject to a file and say so."""
    from qopt.models.exchange import write

    name = write(thing, out, to=to, formulation=formulation)
    if as_json:
        click.echo(strict_json({"status": "written", "file": str(out), "format": name}))
    else:
        click.echo(f"{out}: written as {name}")
    return OK
