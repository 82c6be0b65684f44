"""A Problem as canonical JSON: everything it says, exactly, one line for each of its parts.

Numbers are the shortest decimals that read back to the same double; null is an infinite bound or an open side. Equal
problems give equal files. Names come back in the families in which they were declared; where they were declared (file
and line) does not.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from qopt.core.compiled import Compiled
from qopt.core.names import NameTable
from qopt.core.polynomial import Polynomial
from qopt.core.problem import Kind, Problem
from qopt.core.rows import GroupKind, Norm, Rows
from qopt.models.source import member_of, text_of

VERSION = 1
_BEGIN = re.compile(r'\s*\{\s*"qopt_problem"\s*:')
KEYS = (
    "qopt_problem",
    "name",
    "sense",
    "columns",
    "levels",
    "rows",
    "groups",
    "polynomial_rows",
    "indicators",
)
"""The parts of a file, in their order."""


@dataclass(frozen=True)
class ProblemFile:
    """Reader and writer of problems as JSON."""

    suffixes: tuple[str, ...] = (".qopt",)
    writes: ClassVar[str] = "problem"

    def accepts(self, path: Path, text: str) -> bool:
        """Whether the text is a JSON object whose first key is ``qopt_problem``."""
        return _BEGIN.match(text) is not None

    def members(self, text: str) -> Sequence[str]:
        """A file holds one problem."""
        return ("1",)

    def read(self, source: str | Path, *, base_dir: Path | None = None, member: str | None = None) -> Problem:
        """The problem.

        Raises
        ------
        ModelError
            Broken JSON, at its line and column; or the part that is wrong, at its line.
        """
        from qopt.models.frontends._problem_parse import ProblemParser

        text, file = text_of(source)
        member_of(("1",), member, file)
        return ProblemParser(text, file).problem()

    def write(self, thing: Problem | Compiled, target: Path) -> None:
        """Write a problem; of a compiled one its QUBO as a problem of bits."""
        problem = (
            Compiled.of_polynomial(thing.polynomial, thing.groups).problem if isinstance(thing, Compiled) else thing
        )
        target.write_text(dumps(problem), encoding="utf-8")


def dumps(problem: Problem) -> str:
    """The problem as canonical JSON."""
    parts = dict(zip(KEYS, _parts(problem)))
    lines = [
        f"{json.dumps(key)}: {json.dumps(part, ensure_ascii=False, allow_nan=False)}" for key, part in parts.items()
    ]
    return "{" + ",\n ".join(lines) + "}\n"


def _parts(problem: Problem) -> tuple[Any, ...]:
    columns, groups, switches = problem.columns, problem.groups, problem.indicators
    kinds = [Kind(kind).name.lower() for kind in columns.kind.tolist()]
    return (
        VERSION,
        problem.name,
        problem.sense.value,
        {
            "names": _families(columns.names),
            "kind": kinds,
            "lower": _numbers(columns.lower),
            "upper": _numbers(columns.upper),
            "resolution": None if columns.resolution is None else _numbers(columns.resolution),
        },
        [[[part.name, _polynomial(part.polynomial)] for part in level.parts] for level in problem.levels],
        _rows(problem.rows),
        {
            "names": _families(groups.names),
            "kind": [GroupKind(kind).name.lower() for kind in groups.kind.tolist()],
            "members": [groups.members(g).tolist() for g in range(len(groups))],
        },
        [
            {
                "name": row.name,
                "why": row.labels.why,
                "polynomial": _polynomial(row.polynomial),
                "lower": _number(row.lower),
                "upper": _number(row.upper),
                "price": None if row.price is None else _number(row.price),
                "norm": Norm(row.norm).name.lower(),
                "level": int(row.level),
            }
            for row in problem.polynomial_rows
        ],
        {"column": switches.column.tolist(), "active": switches.active.tolist(), "rows": _rows(switches.rows)},
    )


def _number(value: float) -> float | int | None:
    """Whole numbers without a point, infinities and NaN as null."""
    value = float(value)
    if not math.isfinite(value):
        return None
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def _numbers(values: Any) -> list[Any]:
    return [_number(value) for value in np.asarray(values).tolist()]


def _families(names: NameTable) -> list[dict[str, Any]]:
    """Declared families; what is empty is left out."""
    out = []
    for family in names.families:
        axes = [None if axis is None else list(axis) for axis in family.axes]
        facts = {"name": family.name, "shape": list(family.shape), "axes": axes, "why": family.why}
        out.append({key: value for key, value in facts.items() if value or key == "name"})
    return out


def _polynomial(p: Polynomial) -> dict[str, Any]:
    used = np.flatnonzero(p.linear)
    return {
        "offset": _number(p.offset),
        "linear": [used.tolist(), _numbers(p.linear[used])],
        "quadratic": [p.row.tolist(), p.col.tolist(), _numbers(p.value)],
        "products": [[p.products.term(t).tolist(), _number(p.products.coefficient[t])] for t in range(len(p.products))],
    }


def _rows(rows: Rows) -> dict[str, Any]:
    size = len(rows)
    norm = np.zeros(size, np.int8) if rows.norm is None else rows.norm
    level = np.zeros(size, np.int32) if rows.level is None else rows.level
    soft: dict[str, Any] = {}
    if rows.price is not None and rows.soft.any():
        soft = {
            "price": _numbers(rows.price),
            "norm": [Norm(kind).name.lower() for kind in norm.tolist()],
            "level": level.tolist(),
        }
    return {
        "names": _families(rows.names),
        "size": np.diff(rows.indptr).tolist(),
        "index": rows.index.tolist(),
        "value": _numbers(rows.value),
        "lower": _numbers(rows.lower),
        "upper": _numbers(rows.upper),
        **soft,
    }


PLUGIN = ProblemFile()
