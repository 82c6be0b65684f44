"""The commands that look rather than solve: check, compile, explain."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from qopt.cli.errors import NONE_FOUND, OK, at_file
from qopt.cli.options import COUNT, FILE, SECONDS, given, json_option, reader_options
from qopt.cli.output import check_target, read_json, strict_json

TARGETS = ("qubo", "coo", "bqm", "cqm", "dqm", "ising", "lp", "mps", "qplib", "problem")


@click.command()
@click.argument("file", type=FILE)
@click.argument("run", type=FILE, metavar="RUN.json")
@reader_options
@json_option
def check(file: Path, run: Path, as_json: bool, **reader: Any) -> int:
    """Judge a plan against FILE.

    RUN.json is a document of `qopt solve --json` (its best plan is judged), or a plan that anyone made. Two judges that
    share no code read it. Exit status 1 when a rule is broken.
    """
    from qopt.core.errors import RecordError
    from qopt.engine.verbs import best_plan, judge_plan
    from qopt.models.subject import as_subject

    subject = as_subject(file, **given(reader))
    document = read_json(run)
    try:
        verdict, faults = judge_plan(subject, best_plan(document))
    except RecordError as error:
        raise at_file(error, run) from error
    feasible = verdict.feasible and not faults
    claimed = document.get("objective") if "solutions" in document else None
    differs = isinstance(claimed, (int, float)) and abs(claimed - verdict.objective) > 1e-6 * max(1.0, abs(claimed))
    if as_json:
        facts = {
            "status": "feasible" if feasible else "infeasible",
            "objective": verdict.objective,
            "claimed": claimed,
            "levels": verdict.levels,
            "parts": verdict.parts,
            "violations": [{"name": v.name, "amount": v.amount, "message": v.message} for v in verdict.violations],
            "faults": faults,
        }
        click.echo(strict_json(facts))
        return OK if feasible else NONE_FOUND
    from rich.text import Text

    from qopt.cli.show import console, hanging, printable, rule_lines
    from qopt.report.tables import number

    out = console()
    state = ("feasible", "bold green") if feasible else ("infeasible", "bold red")
    value = f": {' / '.join(number(level) for level in verdict.levels)}"
    out.print(Text.assemble((printable(subject.name), "bold"), (f"  {subject.family_name}", "dim")))
    out.print(Text.assemble(state, value))
    lines = [line for fault in faults for line in hanging("", fault, out.width - 2)]
    for line in lines or rule_lines(verdict.violations, out.width):
        out.print(Text(f"  {printable(line)}"))
    if differs:
        out.print(Text(f"warning: the document claims {number(claimed)}", "yellow"))
    return OK if feasible else NONE_FOUND


@click.command(name="compile")
@click.argument("file", type=FILE)
@click.option("--guarantee", default="argmin", show_default=True, help="What the energies must guarantee.")
@click.option("--max-bits", type=COUNT, metavar="N", help="Refuse more bits than this.")
@click.option("--max-couplings", type=COUNT, metavar="N", help="Fit into this many couplings, or refuse.")
@click.option("--max-coefficient-bits", type=COUNT, metavar="N", help="Fit coefficients into so many bits, or refuse.")
@click.option("--encoding", default="auto", show_default=True, help="Encoding of integer variables.")
@click.option("--penalty", default="auto", show_default=True, help="Rule that weighs: dual, range or auto.")
@click.option("--formulation", default="auto", show_default=True, help="How the family writes the problem.")
@click.option("--presolve/--no-presolve", default=True, show_default=True, help="Simplify the problem first.")
@click.option("--reduce/--no-reduce", default=False, show_default=True, help="Leave out bits that follow from others.")
@click.option(
    "--report", "with_report", is_flag=True, help="Show every rule, every pass and a plain compile beside it."
)
@click.option("--to", type=click.Choice(TARGETS), help="Format of --out; by its suffix unless given.")
@click.option(
    "--out", type=FILE, metavar="F", help="Write the QUBO (or the problem: cqm, dqm, lp, mps, qplib, problem) to F."
)
@click.option("--certificate", type=FILE, metavar="F", help="Write the proof for `qopt verify` to this file.")
@reader_options
@json_option
def compile_(
    file: Path,
    guarantee: str,
    max_bits: int | None,
    max_couplings: int | None,
    max_coefficient_bits: int | None,
    encoding: str,
    penalty: str,
    formulation: str,
    presolve: bool,
    reduce: bool,
    with_report: bool,
    to: str | None,
    out: Path | None,
    certificate: Path | None,
    as_json: bool,
    **reader: Any,
) -> int:
    """Compile FILE to a plain QUBO and say what it took."""
    if to is not None and out is None:
        raise click.UsageError("--to needs --out F")
    if out is not None:
        from qopt.cli.convert import write_out
        from qopt.models.exchange import write, writer_of, writes
        from qopt.models.subject import as_subject

        check_target(out, "--out", (file,))
        format, writer = writer_of(to, out)
        if writes(writer) != "qubo":
            subject = as_subject(file, **given(reader))
            if format == "problem":  # the one that a certificate of this command speaks of
                formulation = subject.choose("sample", formulation)
            return write_out(subject, out, to=to, formulation=formulation or "auto", as_json=as_json)
    if certificate is not None:
        check_target(certificate, "--certificate", (file,))
    from qopt.engine.verbs import compile as compile_subject

    made = compile_subject(
        file,
        guarantee=guarantee,
        max_bits=max_bits,
        max_couplings=max_couplings,
        max_coefficient_bits=max_coefficient_bits,
        encoding=encoding,
        penalty=penalty,
        formulation=formulation,
        presolve=presolve,
        certify=certificate is not None,
        reduce=reduce,
        **given(reader),
    )
    if certificate is not None:
        from qopt.cli.verify import write_certificate

        write_certificate(made, certificate)
    if out is not None:
        write(made, out, to=to)
    facts: dict[str, Any] = {
        "bits": made.num_bits,
        "couplings": made.num_couplings,
        "guarantee": made.guarantee,
        "slack_bits": sum(p.slack_bits for p in made.penalties),
        "penalties": len(made.penalties),
        "largest_weight": max((p.weight for p in made.penalties), default=0.0),
        **made.stats,
        "notes": list(made.notes),
    }
    report = None
    if with_report:
        from qopt.compilers.report import report_of

        report = report_of(made)
        facts["report"] = report.to_dict()
    if as_json:
        click.echo(strict_json(facts))
        return OK
    from qopt.report.tables import number

    if report is not None:
        from qopt.cli.compile_table import show_report
        from qopt.cli.show import console

        show_report(report, console())
    shown = {name: value for name, value in facts.items() if isinstance(value, (int, float, str))}
    width = max(len(name) for name in shown)
    for name, value in shown.items():
        click.echo(f"{name.replace('_', ' '):{width}}  {value if isinstance(value, str) else number(value)}")
    for note in made.notes:
        click.echo(f"note: {note}")
    return OK


@click.command()
@click.argument("file", type=FILE)
@click.option("--budget", type=SECONDS, default=10.0, show_default=True, metavar="SECONDS", help="Wall time.")
@reader_options
@json_option
def explain(file: Path, budget: float, as_json: bool, **reader: Any) -> int:
    """Say which rules of FILE cannot hold together, if any. Exit status 1 when some cannot."""
    from qopt.engine.verbs import explain as explain_subject
    from qopt.models.subject import as_subject

    subject = as_subject(file, **given(reader))
    clash = explain_subject(subject, budget=budget)
    if as_json:
        state = "infeasible" if clash else "no conflict found"
        rules = [{"name": v.name, "message": v.message} for v in clash]
        click.echo(strict_json({"status": state, "conflict": rules}))
    elif not clash:
        click.echo(f"{subject.name}: no conflict found; the rules can hold together, or the time was too short")
    else:
        from qopt.cli.show import console, printable, rule_lines

        click.echo(f"{printable(subject.name)}: these rules cannot hold together; without any one of them the rest can")
        for line in rule_lines(clash, console().width):
            click.echo(f"  {printable(line)}")
    return NONE_FOUND if clash else OK
