"""The command line: one command per verb, thin over the Python API."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

import click

_COMMANDS = {
    "solve": ("qopt.cli.solve", "solve", "Solve a file: ranked, checked plans."),
    "check": ("qopt.cli.inspect", "check", "Judge a plan that anyone made."),
    "compile": ("qopt.cli.inspect", "compile_", "Compile a file to a QUBO and say what it took."),
    "explain": ("qopt.cli.inspect", "explain", "Say which rules cannot hold together."),
    "list": ("qopt.cli.inspect", "list_", "List samplers, proposers, encodings, families, formats, …"),
    "schema": ("qopt.cli.inspect", "schema", "Print the JSON Schema of a family's document."),
    "new": ("qopt.cli.inspect", "new", "Print a starter document of a family."),
    "warm-up": ("qopt.cli.warm_up", "warm_up", "Compile every kernel into the cache."),
}


class Lazy(click.Group):
    """A group whose commands are imported only when they run: ``qopt --help`` stays instant."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Commands in the order of the README."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The real command, imported now."""
        if cmd_name not in _COMMANDS:
            return None
        module, attribute, _ = _COMMANDS[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Names and one line each, without importing any of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, _, text) in _COMMANDS.items()])


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="qopt", message="qopt %(version)s")
def cli() -> None:
    """Say what you want decided; get ranked, feasible plans with a proof of how good they are.

    Exit status: 0 a feasible answer, 1 none found or infeasible, 2 the input or the call is wrong, 3 a backend failed
    and no fallback was allowed.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point of the ``qopt`` command."""
    try:
        status = cli.main(args=None if arguments is None else list(arguments), standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("interrupted", err=True)
        sys.exit(1)
    except click.ClickException as error:
        if "--json" in (sys.argv[1:] if arguments is None else arguments):
            from qopt.cli.errors import usage_document

            click.echo(usage_document(error.format_message()))
        error.show()
        sys.exit(2)
    sys.exit(status if isinstance(status, int) else 0)
