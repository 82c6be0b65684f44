"""``qopt export``: a plan of a stored run as a file that other programs read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from qopt.cli.errors import OK, at_file
from qopt.cli.options import COUNT, FILE, given, json_option, reader_options
from qopt.cli.output import check_target, read_json, strict_json


@click.command()
@click.argument("file", type=FILE)
@click.argument("run", type=FILE, metavar="RUN.json")
@click.argument("out", type=FILE, metavar="OUT")
@click.option("--as", "name", metavar="NAME", help="Format of OUT; by its suffix unless given.")
@click.option("--plan", "number", type=COUNT, default=1, show_default=True, help="Which plan of the run.")
@reader_options
@json_option
def export(file: Path, run: Path, out: Path, name: str | None, number: int, as_json: bool, **reader: Any) -> int:
    """Write a plan of RUN.json, made for FILE, as OUT: a table, a map, calendars.

    RUN.json is a document of `qopt solve --json`, or a plan that anyone made. A format of several files puts their
    names behind that of OUT.
    """
    from qopt.core.errors import RecordError
    from qopt.engine.verbs import best_plan, judged
    from qopt.models.subject import as_subject
    from qopt.report.save import save

    check_target(out, "OUT", (file, run))
    subject = as_subject(file, **given(reader))
    document = read_json(run)
    if isinstance(document, Mapping) and isinstance(document.get("solutions"), Sequence):
        document = {"solutions": document["solutions"][number - 1 : number]}
    try:
        plan = judged(subject, best_plan(document)).plan
    except RecordError as error:
        raise at_file(error, run) from error
    files = save(plan, out, subject, format=name)
    if as_json:
        click.echo(strict_json({"status": "written", "files": [str(path) for path in files]}))
    else:
        for path in files:
            click.echo(f"{path}: written")
    return OK
