"""``qopt warm-up``: compile every kernel into the cache, once, behind a progress line."""

from __future__ import annotations

import multiprocessing
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed

import click

from qopt.cli.errors import OK


@click.command(name="warm-up")
def warm_up() -> int:
    """Compile every kernel into the cache, so that no later run waits for it."""
    from qopt.engine.environment import cores
    from qopt.engine.warm import names, take

    began = time.perf_counter()
    chosen = names()
    # The compiler holds a lock of its process: side by side it goes only in processes of their own.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(cores(), len(chosen)), mp_context=context) as workers:
        running = {workers.submit(take, k): name for k, name in enumerate(chosen)}
        for done, future in enumerate(as_completed(running), start=1):
            future.result()
            if sys.stderr.isatty():
                click.echo(f"\r\033[Kcompiling kernels {done}/{len(chosen)}: {running[future]}", nl=False, err=True)
            else:
                click.echo(f"compiled kernels {done}/{len(chosen)}: {running[future]}", err=True)
    if sys.stderr.isatty():
        click.echo("\r\033[K", nl=False, err=True)
    click.echo(f"kernels are compiled ({time.perf_counter() - began:.1f} s)", err=True)
    return OK
