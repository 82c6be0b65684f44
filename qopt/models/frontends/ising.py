"""Ising models as JSON: ``{"h": [...], "J": [[i, j, value], ...], "offset": c}``, spins numbered from 0.

The energy ``c + sum(h[i] s[i]) + sum(J s[i] s[j])`` over spins -1 and +1 is minimised. Bit b of a compiled QUBO is the
spin ``s = 2 b - 1``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from qopt.core.compiled import Compiled
from qopt.core.errors import Issue, ModelError, Place
from qopt.core.ising import ising
from qopt.core.polynomial import Polynomial
from qopt.core.problem import Problem
from qopt.models.frontends._numbers import place_of, stem
from qopt.models.frontends._pairs import Pairs, minimised, pair_problem
from qopt.models.source import member_of, text_of

_BEGIN = re.compile(r'\s*\{\s*"h"\s*:')
_KEYS = ("h", "J", "offset")


@dataclass(frozen=True)
class Ising:
    """Reader and writer of Ising models."""

    suffixes: tuple[str, ...] = (".ising",)
    writes: ClassVar[str] = "qubo"

    def accepts(self, path: Path, text: str) -> bool:
        """Whether the text is a JSON object whose first key is ``h``."""
        return _BEGIN.match(text) is not None

    def members(self, text: str) -> Sequence[str]:
        """A file holds one model."""
        return ("1",)

    def read(self, source: str | Path, *, base_dir: Path | None = None, member: str | None = None) -> Problem:
        """The model as a Problem over spins ``x[0]``, ``x[1]``, …

        Raises
        ------
        ModelError
            Broken JSON, at its line and column; or the part that is wrong, at its line.
        """
        text, file = text_of(source)
        member_of(("1",), member, file)
        try:
            document = json.loads(text)
        except json.JSONDecodeError as error:
            issue = Issue(f"the JSON is broken: {error.msg}", place=place_of(text, error.pos, file))
            raise ModelError(issue) from error
        if not isinstance(document, dict) or sorted(document) != sorted(_KEYS):
            raise ModelError(Issue("an Ising model has the keys h, J and offset", place=Place(file, 1, 1)))
        fields = _numbers(document["h"], (-1,), "h", text, file)
        couplings = _numbers(document["J"], (-1, 3), "J", text, file)
        offset = _numbers(document["offset"], (), "offset", text, file)
        n = len(fields)
        index = couplings[:, :2]
        bad = ((index != np.rint(index)) | (index < 0) | (index >= n)).any(axis=1) | (index[:, 0] == index[:, 1])
        key = np.unique(index.min(axis=1, initial=n) * n + index.max(axis=1, initial=-1))
        if bad.any() or len(key) < len(index):
            shown = json.dumps(document["J"][int(np.argmax(bad))]) if bad.any() else "a pair twice"
            rule = f"J holds [i, j, value] with two different spins from 0 to {n - 1}, each pair once"
            raise ModelError(Issue(rule, shown, _place("J", text, file)))
        row, col = np.concatenate([np.tile(np.arange(n), (2, 1)), index.T.astype(np.int64)], axis=1)
        pairs = Pairs(row, col, np.concatenate([fields, couplings[:, 2]]))
        return pair_problem(n, pairs, offset=float(offset), spin=True, name=stem(source))

    def write(self, thing: Problem | Compiled, target: Path) -> None:
        """Write a compiled QUBO, or a problem of binary variables or of spins without constraints.

        Raises
        ------
        UnsupportedModelError
            There is more to it than an Ising model holds.
        """
        target.write_text(json.dumps(_document(*minimised(thing, target, spins=True))) + "\n", encoding="utf-8")


def _document(polynomial: Polynomial, spin: bool) -> dict[str, Any]:
    p = polynomial
    fields, (row, col, value), offset = (p.linear, (p.row, p.col, p.value), p.offset) if spin else ising(p)
    couplings = [list(entry) for entry in zip(row.tolist(), col.tolist(), value.tolist())]
    return {"h": fields.tolist(), "J": couplings, "offset": offset}


def _place(key: str, text: str, file: str) -> Place:
    found = re.search(rf'"{key}"\s*:', text)
    return place_of(text, 0 if found is None else found.start(), file)


def _numbers(value: Any, shape: tuple[int, ...], key: str, text: str, file: str) -> np.ndarray[Any, Any]:
    """Finite numbers of that shape; an empty list fits every one."""
    try:
        array = np.array(value, dtype=np.float64)
        array = array.reshape(0, *shape[1:]) if array.size == 0 and shape else array
        fine = len(array.shape) == len(shape) and array.shape[1:] == shape[1:] and bool(np.isfinite(array).all())
    except (ValueError, TypeError):
        fine = False
    if not fine:
        what = "a finite number" if not shape else "a list of finite numbers" if len(shape) == 1 else "[i, j, value]"
        raise ModelError(Issue(f"{key} must be {what}", place=_place(key, text, file)))
    return array


PLUGIN = Ising()
