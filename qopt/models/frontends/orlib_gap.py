"""OR-Library generalised assignment: the number of problems, then each as m n, costs, resources and capacities.

Costs and resources are m x n (agents by items), capacities m, all in free layout. A file with a single problem may
leave the number of problems out. The files do not say whether to minimise or to maximise. Source: J. E. Beasley,
OR-Library (1990), gapinfo.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from qopt.core.arrays import Floats
from qopt.core.errors import Issue, ModelError, Place
from qopt.core.problem import Sense
from qopt.models.families.assignment import AssignmentInstance
from qopt.models.frontends._numbers import Numbers, stem
from qopt.models.source import member_of

_SENSES = {
    "min": Sense.MINIMIZE,
    "minimize": Sense.MINIMIZE,
    "minimise": Sense.MINIMIZE,
    "max": Sense.MAXIMIZE,
    "maximize": Sense.MAXIMIZE,
    "maximise": Sense.MAXIMIZE,
}
_SILENT = (
    "the file does not say whether to minimise or to maximise: it is maximised, as gap1 to gap12 are meant "
    "(gapa to gape are minimised: --sense min)"
)


@dataclass(frozen=True)
class OrlibGap:
    """Reader of OR-Library GAP files."""

    suffixes: tuple[str, ...] = (".txt", ".gap", ".dat")

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

    def read(
        self,
        source: str | Path,
        *,
        base_dir: Path | None = None,
        member: str | None = None,
        sense: str | None = None,
    ) -> AssignmentInstance:
        """One problem of the file.

        Parameters
        ----------
        member
            Its number, from 1; needed when there are several.
        sense
            ``min`` or ``max``. None: maximised, and a note on the instance says so.
        """
        problems = _parse(source)
        file = str(source) if isinstance(source, Path) else ""
        if sense is not None and sense not in _SENSES:
            raise ModelError(Issue("sense must be min or max", str(sense), Place(file)))
        k = member_of(_names(problems), member, file)
        cost, resource, capacity = problems[k]
        worth = "cost" if sense is not None and _SENSES[sense] is Sense.MINIMIZE else "value"
        name = stem(source) + (f":{k + 1}" if len(problems) > 1 else "")
        return AssignmentInstance(
            kind="generalised",
            name=name,
            notes=() if sense is not None else (_SILENT,),
            resource=resource.T.tolist(),
            capacity=capacity.tolist(),
            **{worth: cost.T.tolist()},
        )


def _parse(source: str | Path) -> list[tuple[Floats, Floats, Floats]]:
    """Costs (agents, items), resources (agents, items) and capacities (agents,) of every problem."""
    numbers = Numbers(source)
    problems = 1 if _single(numbers.values) else numbers.count(what="the number of problems")
    out = []
    for k in range(1, problems + 1):
        m = numbers.count(what=f"problem {k}: the number of agents")
        n = numbers.count(what=f"problem {k}: the number of items")
        size = f"problem {k} of {m} agents and {n} items, the"
        cost = numbers.take(m, n, what=f"{size} costs")
        resource = numbers.take(m, n, what=f"{size} resources", least=0)
        out.append((cost, resource, numbers.take(m, what=f"{size} capacities", least=0)))
    numbers.end(what=f"{problems} problems")
    return out


def _single(values: Floats) -> bool:
    """Whether all the numbers make one problem without a number of problems in front."""
    return len(values) > 2 and len(values) == 2 + 2 * values[0] * values[1] + values[0]


def _names(problems: Sequence[tuple[Floats, Floats, Floats]]) -> list[str]:
    return [f"{k} ({len(cost)} agents, {cost.shape[1]} items)" for k, (cost, _, _) in enumerate(problems, 1)]


PLUGIN = OrlibGap()
