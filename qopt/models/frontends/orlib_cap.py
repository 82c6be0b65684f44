"""OR-Library capacitated warehouse location (cap): sites with capacity and cost, then customers.

m n, then m lines of capacity and opening cost, then for each customer its demand and m costs of serving all of it, in
free layout. Demand may be split between sites. Source: J. E. Beasley, OR-Library (1990), capinfo.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from qopt.core.arrays import Floats
from qopt.core.errors import Issue, ModelError
from qopt.models.families.facility import Customer, FacilityInstance, Site
from qopt.models.frontends._numbers import Numbers, stem
from qopt.models.source import member_of


@dataclass(frozen=True)
class OrlibCap:
    """Reader of OR-Library cap files."""

    suffixes: tuple[str, ...] = (".txt", ".dat")

    def accepts(self, path: Path, text: str) -> bool:
        """Whether the numbers are exactly those of one problem."""
        try:
            _parse(text)
        except ModelError:
            return False
        return True

    def members(self, text: str) -> Sequence[str]:
        """A file holds one problem."""
        return [_name(_parse(text))]

    def read(self, source: str | Path, *, base_dir: Path | None = None, member: str | None = None) -> FacilityInstance:
        """The instance; sites and customers are numbered from 1.

        Raises
        ------
        ModelError
            The first fault, with its line and column.
        """
        parsed = _parse(source)
        member_of([_name(parsed)], member, str(source) if isinstance(source, Path) else "")
        sites, people = parsed
        return FacilityInstance(
            name=stem(source),
            sites=tuple(
                Site(id=k, capacity=line[0], open_cost=line[1]) for k, line in enumerate(sites.tolist(), start=1)
            ),
            customers=tuple(
                Customer(id=k, demand=line[0], cost=tuple(line[1:])) for k, line in enumerate(people.tolist(), start=1)
            ),
            split=True,
        )


def _parse(source: str | Path) -> tuple[Floats, Floats]:
    """Capacity and cost of the sites (sites, 2); demand and costs of the customers (customers, 1 + sites)."""
    numbers = Numbers(source)
    head = next((line.split() for line in numbers.text.split("\n") if line.strip()), [])
    if len(head) != 2:
        rule = "the first line holds the numbers of sites and customers, nothing else"
        raise ModelError(Issue(rule, " ".join(head)[:60], numbers.place(0)))
    m = numbers.count(what="the number of sites")
    n = numbers.count(what="the number of customers")
    sites = numbers.take(m, 2, what=f"capacity and cost of {m} sites", least=0)
    people = numbers.take(n, m + 1, what=f"demand and costs of {n} customers", least=0)
    numbers.end(what=f"{m} sites and {n} customers")
    return sites, people


def _name(parsed: tuple[Floats, Floats]) -> str:
    return f"{len(parsed[0])} sites, {len(parsed[1])} customers"


PLUGIN = OrlibCap()
