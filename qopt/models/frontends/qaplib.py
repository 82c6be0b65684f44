"""QAPLIB: the size n, then two n x n matrices A and B in free layout; minimise sum A[i,j] B[p(i),p(j)].

The ``.qap`` layout adds the optimum (negative: minus a lower bound) and the best known value behind n on the first
line; both are skipped. Source of the formats: Burkard, Karisch and Rendl, QAPLIB (1997); D. Diaz, QAP-instances.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from qopt.core.arrays import Floats
from qopt.core.errors import Issue, ModelError, Place, UnsupportedModelError
from qopt.models.families.assignment import AssignmentInstance
from qopt.models.frontends._numbers import Numbers, plain, stem
from qopt.models.source import member_of


@dataclass(frozen=True)
class Qaplib:
    """Reader and writer of QAPLIB files."""

    suffixes: tuple[str, ...] = (".dat", ".qap", ".txt")

    def accepts(self, path: Path, text: str) -> bool:
        """Whether the numbers are exactly those of one QAP, and could not be a job shop of n jobs on n machines."""
        try:
            header, _, _ = _parse(text)
        except ModelError:
            return False
        return not (len(header) == 2 and header[0] == header[1])

    def members(self, text: str) -> Sequence[str]:
        """A file holds one problem."""
        header, _, _ = _parse(text)
        return _names(header)

    def read(
        self, source: str | Path, *, base_dir: Path | None = None, member: str | None = None
    ) -> AssignmentInstance:
        """The instance: A is the flow between items, B the distance between places."""
        header, flow, distance = _parse(source)
        member_of(_names(header), member, str(source) if isinstance(source, Path) else "")
        return AssignmentInstance(kind="quadratic", name=stem(source), flow=flow.tolist(), distance=distance.tolist())

    def write(self, instance: AssignmentInstance, target: Path) -> None:
        """Write a quadratic instance without costs of placing.

        Raises
        ------
        UnsupportedModelError
            The instance holds what the format cannot.
        """
        if instance.flow is None or instance.distance is None or instance.cost is not None:
            rule = "a QAPLIB file holds a quadratic assignment without linear costs and nothing else"
            raise UnsupportedModelError(Issue(rule, instance.kind, Place(str(target))))
        blocks = ["\n".join(" ".join(plain(v) for v in row) for row in m) for m in (instance.flow, instance.distance)]
        target.write_text("\n\n".join([str(len(instance.flow)), *blocks]) + "\n", encoding="utf-8")


def _parse(source: str | Path) -> tuple[Floats, Floats, Floats]:
    """First line's numbers (n, and what stands behind it in the .qap layout), A and B."""
    numbers = Numbers(source)
    n = numbers.count(what="the size n")
    first_line = len(numbers.text.lstrip().split("\n", 1)[0].split())
    extra = len(numbers.values) - 1 - 2 * n * n
    if extra not in (1, 2) or first_line != 1 + extra:
        extra = 0
    numbers.take(extra, what="optimum and best known value")
    a = numbers.take(n, n, what=f"n = {n}: the matrix A")
    b = numbers.take(n, n, what=f"n = {n}: the matrix B")
    numbers.end(what=f"two {n} x {n} matrices")
    return numbers.values[: 1 + extra], a, b


def _names(header: Floats) -> list[str]:
    return [f"1 ({header[0]:g} items)"]


PLUGIN = Qaplib()
