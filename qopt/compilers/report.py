"""What a compile did, as data: every family of rules, every pass, and what a plain compile would have taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from qopt.compilers.compile import compiled_by
from qopt.compilers.lowered import Guarantee
from qopt.compilers.passes.encode import encode
from qopt.compilers.penalties.range import Range
from qopt.compilers.size import Limits, Plan
from qopt.compilers.tighten import Wanted, tightened
from qopt.core.accepts import QUBO
from qopt.core.compiled import Compiled
from qopt.core.errors import CompileError
from qopt.core.problem import Problem
from qopt.reduce.presolve import Presolved


@dataclass(frozen=True, slots=True)
class Size:
    """How large a compile is."""

    bits: int
    couplings: int
    coefficient_bits: int

    @classmethod
    def of(cls, compiled: Compiled) -> Size:
        """The size of a compile."""
        return cls(compiled.num_bits, compiled.num_couplings, int(compiled.stats["coefficient_bits"]))


@dataclass(frozen=True, slots=True)
class FamilyOfRules:
    """The rules of one family.

    Parameters
    ----------
    rules
        How many were penalised; 0 for a family of which presolve left nothing.
    forms
        How many of each form: ``linear``, ``equality``, ``window``, ``slack``, ``pairs``, …
    slack_bits
        Of all of them.
    weight, multiplier
        Least and greatest.
    coefficient_bits
        Of about the largest coefficient that one of them makes by itself.
    removed
        Rows that each pass removed, by the pass's name.
    """

    family: str
    rules: int
    forms: Mapping[str, int]
    slack_bits: int
    weight: tuple[float, float]
    multiplier: tuple[float, float]
    coefficient_bits: int
    removed: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class CompileReport:
    """What a compile did.

    Parameters
    ----------
    families
        In the order of the rules, families of which nothing is left behind them.
    passes
        What every pass of the presolve did, and the reduction at the end: name, tag and counts.
    size, plain
        This compile's, and that of the usual one: no presolve, a square with slack for every row, one weight above the
        range of the objective. None where the usual one cannot take the problem; ``plain_refusal`` says why.
    """

    guarantee: str
    families: tuple[FamilyOfRules, ...]
    passes: tuple[Mapping[str, Any], ...]
    size: Size
    plain: Size | None
    plain_refusal: str
    notes: tuple[str, ...]

    @property
    def solved(self) -> bool:
        """Whether no bit was left to decide."""
        return self.size.bits == 0

    def to_dict(self) -> dict[str, Any]:
        """The report as plain data."""
        return asdict(self)


def report_of(compiled: Compiled) -> CompileReport:
    """The report of a compile; compiles its problem once more, the plain way, to compare.

    Reads ``compiled.stats`` and the problem, nothing of the bits.
    """
    removed: dict[str, dict[str, int]] = {}
    for step in compiled.stats["presolve"]:
        for family, count in step["removed"].items():
            of = removed.setdefault(family.partition("[")[0], {})
            of[step["pass"]] = of.get(step["pass"], 0) + count
    families = [_family(entry, removed.pop(entry["family"], {})) for entry in compiled.stats["rules"]]
    nothing = {"rules": 0, "forms": {}, "slack_bits": 0, "weight": (0, 0), "multiplier": (0, 0), "coefficient_bits": 0}
    families += [_family({"family": family, **nothing}, passes) for family, passes in removed.items()]
    plain, refusal = plain_size(compiled.problem)
    passes = tuple({key: step[key] for key in ("pass", "tag", "counts")} for step in compiled.stats["presolve"])
    passes += _reduction(compiled.stats.get("reduced"))
    return CompileReport(compiled.guarantee, tuple(families), passes, Size.of(compiled), plain, refusal, compiled.notes)


def _reduction(facts: Mapping[str, Any] | None) -> tuple[dict[str, Any], ...]:
    """The reduction at the end as a pass; nothing where none was asked for, or nothing came of it."""
    if not facts or not facts["removed"]:
        return ()
    gone = sum(facts["removed"].values())
    counts = {f"of {facts['bits_before']} bits follow from others": gone, **facts["removed"]}
    return ({"pass": "reduce", "tag": "optimum-preserving", "counts": counts},)


def _family(entry: Mapping[str, Any], removed: Mapping[str, int]) -> FamilyOfRules:
    low_high = {key: (float(entry[key][0]), float(entry[key][1])) for key in ("weight", "multiplier")}
    return FamilyOfRules(**{**entry, **low_high, "removed": dict(removed)})


def plain_size(problem: Problem) -> tuple[Size | None, str]:
    """What the usual compile of a problem takes, or why it is refused."""
    wanted = Wanted(Guarantee.of("total"), None, cuts=False, looks=False)
    try:
        tight = tightened(problem, partial(encode, encoding="auto"), QUBO, wanted)
        made = compiled_by(problem, Presolved(problem), tight, Plan(plain=True), QUBO, "total", Range(), Limits())
    except CompileError as error:
        return None, str(error)
    return Size.of(made), ""
