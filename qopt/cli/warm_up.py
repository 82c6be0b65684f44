"""``qopt warm-up``: compile every kernel into the cache, once, behind a progress line."""

from __future__ import annotations

import sys
import time

import click

from qopt.cli.errors import OK


@click.command(name="warm-up")
def warm_up() -> int:
    """Compile every kernel into the cache, so that no later run waits for it."""
    from qopt.engine.warm import steps

    began = time.perf_counter()
    chosen = list(steps())
    for k, (name, step) in enumerate(chosen, start=1):
        if sys.stderr.isatty():
            click.echo(f"\r\033[Kcompiling kernels {k}/{len(chosen)}: {name}", nl=False, err=True)
        else:
            click.echo(f"compiling kernels {k}/{len(chosen)}: {name}", err=True)
        step()
    if sys.stderr.isatty():
        click.echo("\r\033[K", nl=False, err=True)
    click.echo(f"kernels are compiled ({time.perf_counter() - began:.1f} s)", err=True)
    return OK
