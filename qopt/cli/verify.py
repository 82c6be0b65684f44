"""The command that checks the proof of a QUBO, and the writing of proofs."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import click

from qopt.cli.errors import NONE_FOUND, OK
from qopt.cli.options import FILE, json_option
from qopt.cli.output import strict_json


@click.command()
@click.argument("certificate", type=FILE)
@click.option("--problem", type=FILE, required=True, metavar="P.json", help="What `qopt compile --to problem` wrote.")
@click.option("--qubo", type=FILE, required=True, metavar="Q.coo", help="What `qopt compile --to coo` wrote.")
@json_option
def verify(certificate: Path, problem: Path, qubo: Path, as_json: bool) -> int:
    """Check CERTIFICATE against a problem and its QUBO in exact arithmetic.

    Nothing of the compiler is used. Exit status 0 when everything is proven, 1 when something is not.
    """
    from qopt.core.errors import Issue, ModelError, Place
    from qopt.evaluate.certificate import verify as judge
    from qopt.models.frontends.coo import PLUGIN as coo
    from qopt.models.frontends.problem import PLUGIN as problems

    given = problems.read(problem)
    energy = coo.read(qubo).objective
    try:
        document = json.loads(certificate.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ModelError(Issue("a certificate is a JSON document", str(error), Place(str(certificate)))) from error
    verdict = judge(document, given, energy)
    suggestion = _suggestion(document, given)
    if as_json:
        facts = {**dataclasses.asdict(verdict), "suggestion": suggestion}
        click.echo(strict_json({"status": "proven" if verdict.proven else "not proven", **facts}))
    elif verdict.proven:
        click.echo(f"proven: {verdict.guarantee}")
        for sentence in verdict.assumed:
            click.echo(f"provided that {sentence}")
    else:
        click.echo(f"not proven: {verdict.fault}{suggestion and f' ({suggestion})'}")
    return OK if verdict.proven else NONE_FOUND


def _suggestion(document: Any, given: Any) -> str:
    """What to do where the certificate is of another problem; empty where it is of this one."""
    from qopt.core.hashing import problem_hash

    if not isinstance(document, dict) or document.get("problem") == problem_hash(given):
        return ""
    return "write it by `qopt compile FILE --to problem`, with the --formulation that the certificate was made with"


def write_certificate(made: Any, target: Path) -> None:
    """Write the certificate of a compile.

    Raises
    ------
    CompileError
        It has none: why.
    """
    from qopt.core.errors import CompileError

    if made.certificate is None:
        reasons = [note for note in made.notes if note.startswith("no certificate")]
        raise CompileError("; ".join(reasons) or f"no certificate: the guarantee is {made.guarantee}")
    target.write_text(made.certificate.text(), encoding="utf-8")
