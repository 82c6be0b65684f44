"""``qopt solve``."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qopt.cli.errors import NONE_FOUND, OK, WRONG_INPUT, at_file
from qopt.cli.options import COUNT, FILE, SECONDS, SHARE, given, json_option, reader_options
from qopt.cli.output import check_target, read_json, strict_json, write

if TYPE_CHECKING:
    from qopt.core.result import Result
    from qopt.models.subject import Subject


@click.command()
@click.argument("file", type=FILE)
@click.option(
    "--budget", type=SECONDS, metavar="SECONDS", help="Wall time from the call to the answer; also 20s, 1.5m."
)
@click.option("--seed", type=click.IntRange(min=0), metavar="N", help="Where randomness starts.")
@click.option("--top", type=COUNT, metavar="K", help="Most distinct plans to return.")
@click.option("--differ", type=SHARE, metavar="SHARE", help="Least share of decisions in which plans differ: 5%.")
@click.option("--sampler", metavar="NAME", help="Sampler, several with commas, auto or none.")
@click.option("--proposer", metavar="NAME", help="Proposer, several with commas, auto or none.")
@click.option("--formulation", metavar="NAME", help="How the family writes the problem.")
@click.option("--threads", type=COUNT, metavar="N", help="Threads for all searches together.")
@click.option("--work", type=COUNT, metavar="N", help="Limit counted work: the same seed gives the same answer.")
@click.option("--start", type=FILE, metavar="PLAN.json", help="Start from this plan, or from a run's best.")
@click.option("--no-repair", is_flag=True, help="Take samples as they are.")
@click.option("--no-fallback", is_flag=True, help="Exit 3 when a backend fails; do not replace it.")
@reader_options
@json_option
@click.option("--out", type=FILE, metavar="RUN.json", help="Write the JSON document here.")
@click.option("--report", type=FILE, metavar="OUT.html", help="Write a report of one HTML page here.")
@click.option(
    "--export", type=FILE, metavar="PLAN.csv", multiple=True, help="Write the best plan: .csv, .geojson, .ics, …"
)
@click.option("--as", "export_as", metavar="NAME", help="Format of --export, where its suffix does not tell.")
def solve(
    file: Path,
    budget: float | None,
    seed: int | None,
    top: int | None,
    differ: float | None,
    sampler: str | None,
    proposer: str | None,
    formulation: str | None,
    threads: int | None,
    work: int | None,
    start: Path | None,
    no_repair: bool,
    no_fallback: bool,
    as_json: bool,
    out: Path | None,
    report: Path | None,
    export: tuple[Path, ...],
    export_as: str | None,
    **reader: Any,
) -> int:
    """Solve FILE: search, check, repair, bound and rank.

    Ctrl-C ends the search and gives the best plans so far. What is given here wins over the file's own `solve:`
    section.
    """
    from qopt.cli.progress import Live
    from qopt.core.budget import Budget
    from qopt.engine.solve import solve as run
    from qopt.engine.solve import undisturbed
    from qopt.models.subject import as_subject
    from qopt.report.save import exporter

    check_target(out, "--out", (file, start))
    check_target(report, "--report", (file, start))
    for path in export:
        check_target(path, "--export", (file, start))
    written = [path for path in (out, report, *export) if path is not None]
    if len(set(written)) < len(written):
        raise click.UsageError("--out, --report and --export name the same file.")
    subject = as_subject(file, **given(reader))
    exports = [(path, exporter(export_as, path, subject)) for path in export]
    known = None if start is None else _restored(subject, start)
    for note in subject.notes if as_json else ():
        click.echo(f"note: {note}", err=True)
    limit: Any = budget if work is None else Budget(seconds=budget, work=work)
    with Live(seconds=budget or subject.settings.budget, quiet=as_json) as live:
        result = run(
            subject,
            budget=limit,
            seed=seed,
            top=top,
            differ=differ,
            sampler=sampler,
            proposer=proposer,
            repair=not no_repair,
            formulation=formulation,
            threads=threads,
            fallback=not no_fallback,
            start=known,
            progress=live,
        )
    with undisturbed() if result.stopped_by == "interrupt" else nullcontext():
        return _told(result, subject, as_json=as_json, out=out, report=report, exports=exports)


def _told(
    result: Result,
    subject: Subject,
    *,
    as_json: bool,
    out: Path | None,
    report: Path | None,
    exports: Sequence[tuple[Path, Any]],
) -> int:
    """Write and print a result; the exit status."""
    from qopt.engine.solve import result_document

    text = strict_json(result_document(result))
    written = out is None or write(out, text + "\n", "--out")
    if report is not None:
        from qopt.report.html import page

        written &= write(report, page(result, subject), "--report")
    for path, exporter in exports if result.objective is not None else ():
        written &= _exported(result, subject, path, exporter)
    if as_json:
        click.echo(text)
    else:
        from qopt.cli.show import console, show_result

        show_result(result, subject, console())
    if not written:
        return WRONG_INPUT
    return OK if result.objective is not None else NONE_FOUND


def _exported(result: Result, subject: Subject, path: Path, exporter: Any) -> bool:
    """Write the best plan; False, with a sentence on standard error, where that fails."""
    from qopt.core.errors import ModelError
    from qopt.report.save import targets

    try:
        files = targets(path, exporter.texts(result.solutions[0].plan, subject))
    except ModelError as error:
        click.echo(f"error: {path}: {error}", err=True)
        return False
    written = [write(file, text, "--export") for file, text in files.items()]
    return all(written)


def _restored(subject: Any, path: Path) -> Any:
    """The plan in a file, in the terms of the subject; what does not fit is told with the file's name."""
    from qopt.core.errors import RecordError
    from qopt.engine.verbs import best_plan

    try:
        return subject.restore(best_plan(read_json(path)))
    except RecordError as error:
        raise at_file(error, path) from error
