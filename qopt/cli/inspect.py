"""The commands that look rather than solve: check, compile, explain, list, schema, new."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from qopt.cli.errors import NONE_FOUND, OK, guarded
from qopt.cli.solve import given, plain, read_plan, reader_options

KINDS = ("samplers", "proposers", "repairers", "bounders", "encodings", "penalties", "families", "formats")


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("plan", type=click.Path(path_type=Path))
@reader_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")
@guarded
def check(
    file: Path,
    plan: Path,
    format_: str | None,
    member: str | None,
    vehicles: str | None,
    sense: str | None,
    as_json: bool,
) -> int:
    """Judge PLAN (a plan, or a document of `qopt solve --json`) against FILE."""
    from qopt.engine.verbs import judge_plan
    from qopt.models.subject import as_subject

    subject = as_subject(file, **given(format_=format_, member=member, vehicles=vehicles, sense=sense))
    verdict = judge_plan(subject, json.loads(read_plan(plan)))
    violations = [{"name": v.name, "amount": v.amount, "message": v.message} for v in verdict.violations]
    if as_json:
        document = {
            "status": "feasible" if verdict.feasible else "infeasible",
            "objective": verdict.objective,
            "levels": list(verdict.levels),
            "parts": dict(verdict.parts),
            "violations": violations,
        }
        click.echo(json.dumps(document, indent=2, default=plain))
    else:
        state = "feasible" if verdict.feasible else f"{len(violations)} rules are broken"
        click.echo(f"{subject.name}: {state}, objective {verdict.objective:g}")
        for violation in verdict.violations:
            click.echo(f"  {violation.message or violation.name}")
    return OK if verdict.feasible else NONE_FOUND


@click.command(name="compile")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--guarantee", default="argmin", show_default=True, help="What the energies must guarantee.")
@click.option("--max-bits", type=int, metavar="N", help="Refuse above this many bits.")
@click.option("--encoding", default="auto", show_default=True, help="Encoding of integer columns.")
@click.option("--formulation", default="auto", show_default=True, help="How the family writes the problem.")
@reader_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")
@guarded
def compile_(
    file: Path,
    guarantee: str,
    max_bits: int | None,
    encoding: str,
    formulation: str,
    format_: str | None,
    member: str | None,
    vehicles: str | None,
    sense: str | None,
    as_json: bool,
) -> int:
    """Compile FILE to a plain QUBO and say what it took."""
    from qopt.engine.verbs import compile as compile_subject

    made = compile_subject(
        file,
        guarantee=guarantee,
        max_bits=max_bits,
        encoding=encoding,
        formulation=formulation,
        **given(format_=format_, member=member, vehicles=vehicles, sense=sense),
    )
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
    if as_json:
        click.echo(json.dumps(facts, indent=2, default=plain))
    else:
        for name, value in facts.items():
            if name != "notes":
                click.echo(f"{name.replace('_', ' '):18} {value}")
        for note in made.notes:
            click.echo(f"note: {note}")
    return OK


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--budget", type=float, default=10.0, show_default=True, metavar="SECONDS", help="Wall time.")
@reader_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")
@guarded
def explain(
    file: Path,
    budget: float,
    format_: str | None,
    member: str | None,
    vehicles: str | None,
    sense: str | None,
    as_json: bool,
) -> int:
    """Say which rules of FILE cannot hold together."""
    from qopt.engine.verbs import explain as explain_subject

    clash = explain_subject(
        file, budget=budget, **given(format_=format_, member=member, vehicles=vehicles, sense=sense)
    )
    if as_json:
        click.echo(json.dumps({"conflict": [{"name": v.name, "message": v.message} for v in clash]}, indent=2))
    elif not clash:
        click.echo("no conflict found: the rules can hold together, or the time was too short")
    else:
        click.echo("these rules cannot hold together; dropping any one of them would do:")
        for violation in clash:
            click.echo(f"  {violation.name}: {violation.message}")
    return OK if not clash else NONE_FOUND


@click.command(name="list")
@click.argument("kind", type=click.Choice(KINDS))
@guarded
def list_(kind: str) -> int:
    """List the plug-ins of a KIND; imports none of them."""
    from qopt.core import registry

    for name in registry.names(kind):
        click.echo(name)
    return OK


@click.command()
@click.argument("family")
@guarded
def schema(family: str) -> int:
    """Print the JSON Schema of a FAMILY's document."""
    from qopt.models.schema import schema as schema_of

    click.echo(json.dumps(schema_of(family), indent=2))
    return OK


@click.command()
@click.argument("family")
@guarded
def new(family: str) -> int:
    """Print a starter document of a FAMILY."""
    from qopt.models.schema import starter

    click.echo(starter(family), nl=False)
    return OK
