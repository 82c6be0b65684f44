"""Names that arrive one by one, as a table of families."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import groupby

from qopt.core.names import Labels, NameTable
from qopt.models.frontends._quadratic import family

_INDEXED = re.compile(r"([^\[\]]+)\[([^\[\]]+)\]\Z")


def table(texts: Sequence[str]) -> NameTable:
    """The same names, those like ``x[a,b]`` that stand together as one family ``x``: a grid where they form one.

    A family whose members stand apart, or whose name somebody else has, is left as single names, so that no two
    families are called the same.
    """
    found = [match[1] if (match := _INDEXED.match(text)) else None for text in texts]
    runs = [(base, list(run)) for base, run in groupby(range(len(texts)), found.__getitem__)]
    taken = {text for text, base in zip(texts, found) if base is None}
    times = Counter(base for base, _ in runs)
    families: list[Labels] = []
    for base, run in runs:
        if base is None or base in taken or times[base] > 1:
            families += [Labels(texts[k]) for k in run]
        else:
            families.append(family(base, [_index(texts[k]) for k in run]))
    return NameTable(tuple(families))


def _index(text: str) -> tuple[str | int, ...]:
    """The index of ``x[york,2]``, numbers as numbers."""
    parts = text[text.index("[") + 1 : -1].split(",")
    return tuple(int(part) if part.isdecimal() and str(int(part)) == part else part for part in parts)
