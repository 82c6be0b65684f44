"""OR-Library multidimensional knapsack (mknap): the number of problems, then each of them.

A problem is n m optimum, then n values, m x n weights (dimensions by items) and m capacities, all in free layout; the
optimum is 0 where it is unknown, and skipped. Source: J. E. Beasley, OR-Library (1990), mknapinfo.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from qopt.core.arrays import Floats
from qopt.core.errors import Issue, ModelError, Place, UnsupportedModelError
from qopt.models.families.knapsack import Item, KnapsackInstance
from qopt.models.frontends._numbers import Numbers, plain, stem
from qopt.models.source import member_of


@dataclass(frozen=True)
class OrlibKnapsack:
    """Reader and writer of OR-Library mknap files."""

    suffixes: tuple[str, ...] = (".txt", ".dat")

    def accepts(self, path: Path, text: str) -> bool:
        """Whether the numbers are exactly those of one or more problems."""
        try:
            _parse(text)
        except ModelError:
            return False
        return True

    def members(self, text: str) -> Sequence[str]:
        """One line per problem: its number and size."""
        return _names(_parse(text))

    def read(self, source: str | Path, *, base_dir: Path | None = None, member: str | None = None) -> KnapsackInstance:
        """One problem of the file; ``member`` is its number, from 1, needed when there are several."""
        problems = _parse(source)
        k = member_of(_names(problems), member, str(source) if isinstance(source, Path) else "")
        values, weights, capacity = problems[k]
        items = tuple(
            Item(value=value, weight=tuple(weight)) for value, weight in zip(values.tolist(), weights.T.tolist())
        )
        name = stem(source) + (f":{k + 1}" if len(problems) > 1 else "")
        return KnapsackInstance(name=name, items=items, capacity=tuple(capacity.tolist()))

    def write(self, instance: KnapsackInstance, target: Path) -> None:
        """Write an instance whose items exist once and have no ids.

        Raises
        ------
        UnsupportedModelError
            The instance holds what the format cannot.
        """
        for k, item in enumerate(instance.items):
            if item.copies != 1 or item.id is not None:
                rule = "an mknap file holds items without ids, each once"
                raise UnsupportedModelError(Issue(rule, place=Place(str(target), path=f"items[{k}]")))
        weights, capacity = instance.weights(), instance.capacities()
        blocks: list[Sequence[float]] = [
            [len(instance.items), len(capacity), 0],
            [item.value for item in instance.items],
            *weights,
            capacity,
        ]
        lines = ["1", *(" ".join(plain(v) for v in block) for block in blocks)]
        target.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _parse(source: str | Path) -> list[tuple[Floats, Floats, Floats]]:
    """Values (items,), weights (dimensions, items) and capacities (dimensions,) of every problem."""
    numbers = Numbers(source)
    problems = numbers.count(what="the number of problems")
    out = []
    for k in range(1, problems + 1):
        n = numbers.count(what=f"problem {k}: the number of items")
        m = numbers.count(what=f"problem {k}: the number of dimensions")
        size = f"problem {k} of {n} items in {m} dimensions, the"
        numbers.take(1, what=f"{size} optimum")
        values = numbers.take(n, what=f"{size} values")
        weights = numbers.take(m, n, what=f"{size} weights", least=0)
        out.append((values, weights, numbers.take(m, what=f"{size} capacities", least=0)))
    numbers.end(what=f"{problems} problems")
    return out


def _names(problems: Sequence[tuple[Floats, Floats, Floats]]) -> list[str]:
    return [
        f"{k} ({len(values)} items, {len(weights)} dimensions)" for k, (values, weights, _) in enumerate(problems, 1)
    ]


PLUGIN = OrlibKnapsack()
