"""TSPLIB: travelling salesmen, symmetric (TYPE TSP) or asymmetric (TYPE ATSP); the depot is the first node."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from qopt.core.errors import ModelError
from qopt.models.families.routing import RoutingInstance
from qopt.models.frontends._tsplib import TspText, expect_sections, expect_type, parse, travel
from qopt.models.source import member_of

SECTIONS = ("NODE_COORD_SECTION", "EDGE_WEIGHT_SECTION", "DISPLAY_DATA_SECTION")


@dataclass(frozen=True)
class Tsplib:
    """Reader of TSPLIB files."""

    suffixes: tuple[str, ...] = (".tsp", ".atsp")
    latin1: bool = True

    def accepts(self, path: Path, text: str) -> bool:
        """Whether the whole text is a TSP or an ATSP."""
        try:
            _instance(parse(text))
        except ModelError:
            return False
        return True

    def members(self, text: str) -> Sequence[str]:
        """A file holds one problem: its NAME."""
        return [parse(text).entry("NAME")]

    def read(self, source: str | Path, *, base_dir: Path | None = None, member: str | None = None) -> RoutingInstance:
        """The instance: one vehicle without capacity, ids as the file numbers its nodes.

        Raises
        ------
        ModelError
            The first thing that is wrong with the file, at its place.
        """
        text = parse(source)
        member_of([text.entry("NAME")], member, text.file)
        return _instance(text)


def _instance(text: TspText) -> RoutingInstance:
    expect_type(text, ("TSP", "ATSP"))
    expect_sections(text, SECTIONS)
    rule, places = travel(text)
    return RoutingInstance.model_validate({"name": text.entry("NAME"), "locations": places, "travel": rule})


PLUGIN = Tsplib()
