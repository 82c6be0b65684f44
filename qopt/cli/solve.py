"""``qopt solve``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from qopt.cli.errors import NONE_FOUND, OK, guarded


def reader_options(command: Any) -> Any:
    """The options that belong to reading a file."""
    for option in reversed(
        (
            click.option("--format", "format_", metavar="NAME", help="Read the file with this reader."),
            click.option("--member", metavar="K", help="Which problem of a file that holds several."),
            click.option("--vehicles", metavar="N|unlimited", help="Fleet limit of a CVRPLIB file."),
            click.option("--sense", type=click.Choice(["min", "max"]), help="Sense of an OR-Library GAP file."),
        )
    ):
        command = option(command)
    return command


def given(**options: Any) -> dict[str, Any]:
    """The reader options that were given."""
    return {name.rstrip("_"): value for name, value in options.items() if value is not None}


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--sampler", metavar="NAME", help="Sampler, several with commas, auto or none.")
@click.option("--proposer", metavar="NAME", help="Proposer, several with commas, auto or none.")
@click.option("--budget", type=float, metavar="SECONDS", help="Wall time from the call to the answer.")
@click.option("--work", type=int, metavar="N", help="Limit by counted work: the same seed gives the same answer.")
@click.option("--threads", type=int, metavar="N", help="Threads for all searches together.")
@click.option("--seed", type=int, metavar="N", help="Random seed.")
@click.option("--top", type=int, metavar="K", help="Most distinct plans to return.")
@click.option("--formulation", metavar="NAME", help="How the family writes the problem.")
@click.option("--no-repair", is_flag=True, help="Take samples as they are.")
@click.option("--no-fallback", is_flag=True, help="Fail (exit 3) when a backend fails.")
@click.option("--start", type=click.Path(path_type=Path), metavar="PLAN.json", help="Start from this plan.")
@reader_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")
@click.option("--out", type=click.Path(path_type=Path), metavar="RUN.json", help="Write the JSON document here.")
@click.option("--report", type=click.Path(path_type=Path), metavar="OUT.html", help="Write an HTML report here.")
@guarded
def solve(
    file: Path,
    sampler: str | None,
    proposer: str | None,
    budget: float | None,
    work: int | None,
    threads: int | None,
    seed: int | None,
    top: int | None,
    formulation: str | None,
    no_repair: bool,
    no_fallback: bool,
    start: Path | None,
    format_: str | None,
    member: str | None,
    vehicles: str | None,
    sense: str | None,
    as_json: bool,
    out: Path | None,
    report: Path | None,
) -> int:
    """Solve FILE: search, check, repair, bound and rank."""
    from qopt.cli.progress import Live
    from qopt.core.budget import Budget
    from qopt.engine.solve import result_document
    from qopt.engine.solve import solve as run
    from qopt.models.subject import as_subject

    subject = as_subject(file, **given(format_=format_, member=member, vehicles=vehicles, sense=sense))
    for note in subject.notes if as_json else ():
        click.echo(f"note: {note}", err=True)
    limit: Any = budget
    if work is not None:
        limit = Budget(seconds=budget, work=work)
    with Live(subject.name, seconds=budget or subject.settings.budget, quiet=as_json) as live:
        result = run(
            subject,
            budget=limit,
            seed=seed,
            top=top,
            sampler=sampler,
            proposer=proposer,
            repair=not no_repair,
            formulation=formulation,
            threads=threads,
            fallback=not no_fallback,
            start=None if start is None else json.loads(read_plan(start)),
            progress=live,
        )
    document = result_document(result)
    text = json.dumps(document, indent=2, default=plain)
    if out is not None:
        out.write_text(text + "\n", encoding="utf-8")
    if report is not None:
        from qopt.report.html import page

        report.write_text(page(result, subject), encoding="utf-8")
    if as_json:
        click.echo(text)
    else:
        from qopt.cli.show import show_result

        show_result(result, subject)
    return OK if result.objective is not None else NONE_FOUND


def read_plan(path: Path) -> str:
    """The text of a plan file.

    Raises
    ------
    ModelError
        The file cannot be read or is no JSON.
    """
    from qopt.core.errors import Issue, ModelError, Place

    try:
        text = path.read_text(encoding="utf-8")
        json.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(Issue("a plan file must be readable", str(error), Place(str(path)))) from error
    except json.JSONDecodeError as error:
        place = Place(str(path), error.lineno, error.colno)
        raise ModelError(Issue("a plan file must be JSON", error.msg, place)) from error
    return text


def plain(value: Any) -> Any:
    """numpy scalars and arrays as JSON numbers."""
    if hasattr(value, "tolist"):
        return value.tolist()
    return str(value)
