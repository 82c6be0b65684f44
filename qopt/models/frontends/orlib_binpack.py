"""OR-Library one-dimensional bin packing (binpack): the number of problems, then each of them.

A problem is its name, a line of capacity, number of items and bins of the best known answer, and the sizes, in free
layout. The best known answer is not read. Source: J. E. Beasley, OR-Library (1990), binpackinfo; E. Falkenauer (1996).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from qopt.core.errors import Issue, ModelError, Place, UnsupportedModelError
from qopt.models.families.packing import BinKind, Item, PackingInstance
from qopt.models.frontends._numbers import number, place_of, plain, stem
from qopt.models.source import member_of, text_of

_WORD = re.compile(r"\S+", re.ASCII)


@dataclass(frozen=True)
class _Given:
    """A problem of a file."""

    name: str
    capacity: float
    sizes: tuple[float, ...]


@dataclass(frozen=True)
class OrlibBinpack:
    """Reader and writer of OR-Library binpack files."""

    suffixes: tuple[str, ...] = (".txt", ".dat")

    def accepts(self, path: Path, text: str) -> bool:
        """Whether the text is exactly one or more named problems."""
        try:
            _parse(text)
        except ModelError:
            return False
        return True

    def members(self, text: str) -> Sequence[str]:
        """One line per problem: its number, name and size."""
        return _names(_parse(text))

    def read(self, source: str | Path, *, base_dir: Path | None = None, member: str | None = None) -> PackingInstance:
        """One problem of the file; ``member`` is its number, from 1, needed when there are several."""
        problems = _parse(source)
        given = problems[member_of(_names(problems), member, str(source) if isinstance(source, Path) else "")]
        return PackingInstance(
            name=f"{stem(source)}:{given.name}" if isinstance(source, Path) else given.name,
            bins=(BinKind(id="bin", capacity=given.capacity),),
            items=tuple(Item(id=k, size=size) for k, size in enumerate(given.sizes, start=1)),
        )

    def write(self, instance: PackingInstance, target: Path) -> None:
        """Write an instance of one kind of bins in one dimension, without rules.

        Raises
        ------
        UnsupportedModelError
            The instance holds what the format cannot.
        """
        kind = instance.bins[0]
        simple = len(instance.bins) == 1 and isinstance(kind.capacity, float) and kind.cost == 1 and kind.count is None
        rules = (instance.apart, instance.together, instance.begun)
        numbered = instance.ids == list(range(1, len(instance.items) + 1)) and kind.id == "bin"
        bare = all(item.count == 1 and item.only is None for item in instance.items)
        if not simple or any(rules) or not numbered or not bare:
            rule = "a binpack file holds single items, numbered from 1, for bins of one capacity, and no rules"
            raise UnsupportedModelError(Issue(rule, place=Place(str(target))))
        sizes = [plain(size) for size in instance.sizes()[:, 0].tolist()]
        name = re.sub(r"\s+", "_", instance.name.rpartition(":")[2])
        name = name if _named(name) else f"p_{name}"
        head = f"{plain(instance.capacities()[0, 0])} {len(sizes)} 0"
        target.write_text("\n".join(["1", name, head, *sizes]) + "\n", encoding="utf-8")


def _named(word: str) -> bool:
    """Whether a word is a name: it begins with a letter."""
    return word[:1].isalpha()


def _parse(source: str | Path) -> list[_Given]:
    """Every problem of a file.

    Raises
    ------
    ModelError
        The first fault, with its line and column.
    """
    text, file = text_of(source)
    words = list(_WORD.finditer(text))
    at = 0

    def take(what: str) -> tuple[str, Place]:
        nonlocal at
        if at >= len(words):
            place = place_of(text, len(text.rstrip()), file)
            raise ModelError(Issue(f"the file ends too early: {what} is missing", place=place))
        word = words[at]
        at += 1
        return word[0], place_of(text, word.start(), file)

    def value(what: str, *, least: float = 0.0, whole: bool = False) -> float:
        word, place = take(what)
        found = number(word, place, what)
        if found < least or (whole and not found.is_integer()):
            kind = "whole number" if whole else "number"
            raise ModelError(Issue(f"{what} must be a {kind} of at least {least:g}", word, place))
        return found

    count = int(value("the number of problems", least=1, whole=True))
    problems = []
    for k in range(1, count + 1):
        name, place = take(f"problem {k}: the name")
        if not _named(name):
            raise ModelError(Issue(f"problem {k}: a name begins with a letter", name, place))
        capacity = value(f"{name}: the capacity")
        items = int(value(f"{name}: the number of items", least=1, whole=True))
        value(f"{name}: the number of bins of the best known answer", whole=True)
        sizes = []
        for i in range(1, items + 1):
            size = value(f"{name}: the size of item {i} of {items}")
            if size > capacity:
                place = place_of(text, words[at - 1].start(), file)
                raise ModelError(
                    Issue(f"{name}: no item may be above the capacity of {capacity:g}", plain(size), place)
                )
            sizes.append(size)
        problems.append(_Given(name, capacity, tuple(sizes)))
    if at < len(words):
        place = place_of(text, words[at].start(), file)
        raise ModelError(Issue(f"there is more behind {count} problems", words[at][0], place))
    return problems


def _names(problems: Sequence[_Given]) -> list[str]:
    return [f"{k} ({p.name}: {len(p.sizes)} items, capacity {p.capacity:g})" for k, p in enumerate(problems, 1)]


PLUGIN = OrlibBinpack()
