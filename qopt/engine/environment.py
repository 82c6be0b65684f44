"""Facts about the machine and the software, for the record."""

from __future__ import annotations

import os
import platform
import resource
import subprocess
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

LIBRARIES = (
    "qopt",
    "numpy",
    "scipy",
    "numba",
    "highspy",
    "dimod",
    "dwave-samplers",
    "pyomo",
    "qiskit",
    "qiskit-optimization",
)


def cores() -> int:
    """Cores this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else (os.cpu_count() or 1)


@cache
def environment() -> dict[str, Any]:
    """Python, platform, processor, cores, versions of the libraries that matter, and the checkout's commit if any."""
    versions = {}
    for name in LIBRARIES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return {
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "processor": _processor(),
        "cores": cores(),
        "versions": versions,
        "commit": _commit(),
    }


def usage() -> tuple[float, float]:
    """CPU seconds of this process and its children so far, and its peak memory in MB."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
    unit = 1024 if sys.platform != "darwin" else 1024 * 1024
    return seconds, own.ru_maxrss / unit


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        return platform.processor()
    return platform.processor()


def _commit() -> str:
    folder = Path(__file__).resolve().parents[2]
    if not (folder / ".git").exists():
        return ""
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, timeout=2
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()
