"""qopt: say what you want decided; get ranked, feasible plans with a proof of how good they are.

The public names are those of ``__all__``. They are imported when first used, so that ``import qopt`` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qopt.core.accepts import QUBO, Accepts
    from qopt.core.batch import SampleBatch
    from qopt.core.budget import Budget
    from qopt.core.compiled import Compiled
    from qopt.core.errors import BackendError, CompileError, ModelError, NotApplicableError, QoptError, RecordError
    from qopt.core.problem import Problem, Sense
    from qopt.core.result import Bound, Result, Status
    from qopt.core.solution import Check, Origin, Solution
    from qopt.engine.solve import solve
    from qopt.engine.verbs import check, compile, explain, load, sample
    from qopt.models.modelling import Model
    from qopt.report.save import save

_WHERE = {
    "Accepts": "core.accepts",
    "BackendError": "core.errors",
    "Bound": "core.result",
    "Budget": "core.budget",
    "Check": "core.solution",
    "CompileError": "core.errors",
    "Compiled": "core.compiled",
    "Model": "models.modelling",
    "ModelError": "core.errors",
    "NotApplicableError": "core.errors",
    "Origin": "core.solution",
    "Problem": "core.problem",
    "QUBO": "core.accepts",
    "QoptError": "core.errors",
    "RecordError": "core.errors",
    "Result": "core.result",
    "SampleBatch": "core.batch",
    "Sense": "core.problem",
    "Solution": "core.solution",
    "Status": "core.result",
    "check": "engine.verbs",
    "compile": "engine.verbs",
    "explain": "engine.verbs",
    "load": "engine.verbs",
    "sample": "engine.verbs",
    "save": "report.save",
    "solve": "engine.solve",
}

__version__ = "0.1.0"
__all__ = [
    "QUBO",
    "Accepts",
    "BackendError",
    "Bound",
    "Budget",
    "Check",
    "CompileError",
    "Compiled",
    "Model",
    "ModelError",
    "NotApplicableError",
    "Origin",
    "Problem",
    "QoptError",
    "RecordError",
    "Result",
    "SampleBatch",
    "Sense",
    "Solution",
    "Status",
    "check",
    "compile",
    "explain",
    "load",
    "sample",
    "save",
    "solve",
]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'qopt' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"qopt.{_WHERE[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
