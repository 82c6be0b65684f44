"""One file per arm: a way of searching a landscape, from the elite it is shown."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qopt.solvers.search.arm import Arm
    from qopt.solvers.search.landscape import Landscape


def fitting(landscape: Landscape) -> list[Arm]:
    """The arms that can search a landscape, by file name; every module here has ``fit(landscape) -> Arm | None``."""
    names = sorted(info.name for info in pkgutil.iter_modules(__path__) if not info.name.startswith("_"))
    made = [import_module(f"{__name__}.{name}").fit(landscape) for name in names]
    return [arm for arm in made if arm is not None]
