"""The command line: one command per verb, thin over the Python API."""

from __future__ import annotations

import importlib
import os
import signal
import sys
import threading
from collections.abc import Sequence

import click

_COMMANDS = {
    "solve": ("qopt.cli.solve", "solve", "Solve a file: ranked, checked plans."),
    "check": ("qopt.cli.inspect", "check", "Judge a plan that anyone made."),
    "explain": ("qopt.cli.inspect", "explain", "Say which rules cannot hold together."),
    "compile": ("qopt.cli.inspect", "compile_", "Compile a file to a QUBO and say what it took."),
    "export": ("qopt.cli.export", "export", "Write a plan as a table, a map or calendars."),
    "convert": ("qopt.cli.convert", "convert", "Write a file in another format."),
    "verify": ("qopt.cli.verify", "verify", "Check the proof of a QUBO in exact arithmetic."),
    "new": ("qopt.cli.catalogue", "new", "Print a starter document of a family."),
    "schema": ("qopt.cli.catalogue", "schema", "Print the JSON Schema of a family's document."),
    "list": ("qopt.cli.catalogue", "list_", "List samplers, proposers, encodings, families, formats, exports, …"),
    "warm-up": ("qopt.cli.warm_up", "warm_up", "Compile every kernel into the cache."),
}


class Lazy(click.Group):
    """A group whose commands are imported only when they run: ``qopt --help`` stays instant."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Commands in the order in which people need them."""
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


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="qopt", message="qopt %(version)s")
def cli() -> None:
    """Say what you want decided; get ranked, feasible plans with a proof of how good they are.

    \b
    Exit status: 0  a feasible answer, also after Ctrl-C
                 1  none found, or infeasible
                 2  the input or the call is wrong
                 3  a backend failed and no fallback was allowed
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point of the ``qopt`` command: runs it and exits with its status."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        status = cli.main(args=words, prog_name="qopt", standalone_mode=False)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001  the last place that can tell it
        from qopt.cli.errors import fail

        status = fail(error, as_json="--json" in words)
    code = status if isinstance(status, int) else 0
    if arguments is None:
        _leave(code)
    sys.exit(code)


def _leave(code: int) -> None:
    """Exit at once: the answer is out, so neither a late Ctrl-C nor a thread that still searches may change that."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if threading.active_count() > 1:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)
