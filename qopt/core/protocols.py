"""The seams: one method each. A plug-in is one module with one object called ``PLUGIN`` that fits one of these.

Parameters of a plug-in are the fields of a frozen dataclass (the class of ``PLUGIN``); run-level things (budget, seed,
watch) are call arguments. ``PLUGIN`` itself is an instance with the default parameters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np

from qopt.core.accepts import Accepts, AcceptsForm
from qopt.core.arrays import Bits, Floats
from qopt.core.batch import Proposals, SampleBatch
from qopt.core.budget import Budget
from qopt.core.compiled import Compiled, Encoded
from qopt.core.problem import Problem
from qopt.core.result import Bound
from qopt.core.solution import Candidate, Solution
from qopt.core.watch import Watch


@runtime_checkable
class Sampler(Protocol):
    """Compiled -> SampleBatch. Fills ``initial`` (rows, bits) in as starting points where it can use them."""

    accepts: Accepts

    def sample(
        self, compiled: Compiled, *, budget: Budget, seed: int, watch: Watch, initial: Bits | None = None
    ) -> SampleBatch:
        """Sample; returns within the watch's deadline (and within ``budget.reads`` / ``budget.work`` if set)."""
        ...


@runtime_checkable
class Proposer(Protocol):
    """Form -> Proposals.

    Optional: ``refuses(form) -> reasons`` of a specialist that takes only some forms of its kind; where it refuses
    nothing it searches alone; data ``steady``: one call for a long time serves better than several shorter ones.
    """

    accepts: AcceptsForm

    def propose(self, form: Any, *, budget: Budget, seed: int, watch: Watch, pool: Sequence[Any] = ()) -> Proposals:
        """Search the form; ``pool`` holds proposals known so far, to start from."""
        ...


@runtime_checkable
class Repairer(Protocol):
    """Candidates -> feasible candidates near them (and, from a pool, recombined ones)."""

    def repair(
        self,
        subject: Any,
        candidates: Sequence[Candidate],
        *,
        pool: Sequence[Candidate] = (),
        budget: Budget,
        seed: int,
        watch: Watch,
    ) -> Sequence[Candidate]:
        """Repaired and recombined candidates; fewer than given, or none, is a value."""
        ...


@runtime_checkable
class Bounder(Protocol):
    """Form or Problem -> Bound on the whole problem.

    Optional data: ``offers``, that it finds answers too; ``exhausts``, that what it cannot close HiGHS will not close
    either.
    """

    accepts: AcceptsForm

    def bound(self, subject: Any, *, incumbent: float | None, budget: Budget, watch: Watch) -> Bound | None:
        """A proven bound (objective in the form's or problem's sense), or None; reports through ``watch.bound`` too."""
        ...


@runtime_checkable
class Encoding(Protocol):
    """Integer (or discretised real) columns -> bits, a block of columns at a time."""

    def encode(self, lower: Floats, upper: Floats, *, resolution: Floats) -> Encoded:
        """Encode columns taking the values ``lower, lower + resolution, …, upper``; every such value has a code and no
        code decodes outside."""
        ...

    def code(self, values: Floats, lower: Floats, upper: Floats, *, resolution: Floats) -> np.ndarray[Any, Any]:
        """The bits (block order) of given values; the inverse of ``Encoded.values`` on valid values."""
        ...


@runtime_checkable
class PenaltyRule(Protocol):
    """Weights for the rules that became penalties, with their proof."""

    def weigh(self, lowered: Any, *, guarantee: str, incumbent: float | None = None) -> Any:
        """Penalties (see ``compilers/penalties``) with the guarantee they prove, ``none`` when they prove nothing."""
        ...


@runtime_checkable
class Family(Protocol):
    """A family of problems: its instance, its problem, its plans.

    Optional: ``form(instance)`` with ``lift(instance, proposal) -> values`` and ``lower(instance, values) ->
    proposal``; ``size(instance, formulation) -> (columns, nonzeros)`` before anything is built; ``offers(instance) ->
    formulations`` where an instance does not have them all; data ``approximate``: formulations that only propose,
    their objective being close to the family's own, which the form's judge tells; ``tell(instance, plan) -> plan``
    adds to a plan that is shown what takes longer to work out than the plan itself, such as reasons;
    ``decisions(plan) -> entries`` what a plan decides, entry by entry, where the key does not consist of that; data
    ``differ``: the share of decisions (0 to 1) in which plans that are listed should differ, 0 where it is absent.
    """

    name: str
    formulations: Mapping[str, str]

    def build(self, instance: Any, *, formulation: str = "auto", pool: Any = None) -> Problem:
        """The instance as a Problem."""
        ...

    def interpret(self, instance: Any, solution: Solution) -> Mapping[str, Any]:
        """The plan of a solution, ready for JSON (DESIGN section 5)."""
        ...

    def key(self, plan: Mapping[str, Any]) -> Any:
        """Hashable; equal for plans that are the same to a person."""
        ...

    def example(self) -> Any:
        """A small instance with a known story."""
        ...

    def generate(self, size: int, *, seed: int) -> Any:
        """A random instance of about ``size`` things."""
        ...

    def domain_check(self, instance: Any, plan: Mapping[str, Any]) -> Sequence[str]:
        """Judge a plan in the family's own plain terms, sharing no code with the other judges; empty when it holds."""
        ...


@runtime_checkable
class FrontEnd(Protocol):
    """A way in (and perhaps out).

    ``accepts(path, head)`` must look at the whole file's shape, not only its suffix: detection asks every front end and
    exactly one may accept.
    """

    suffixes: tuple[str, ...]

    def accepts(self, path: Path, text: str) -> bool:
        """Whether this reader can read the whole file."""
        ...

    def members(self, text: str) -> Sequence[str]:
        """Names of the problems a file holds: one, or several to choose from with ``member``."""
        ...

    def read(self, source: Any, *, base_dir: Path | None = None, member: str | None = None, **options: Any) -> Any:
        """A Problem or a family instance."""
        ...


@runtime_checkable
class Export(Protocol):
    """Plan -> files that other programs read.

    ``suffixes`` are those of its files, ``families`` those whose plans it takes.
    """

    suffixes: tuple[str, ...]
    families: tuple[str, ...]

    def check(self, subject: Any) -> None:
        """Raise an UnsupportedModelError where plans of this subject cannot be written: asked before the search."""
        ...

    def texts(self, plan: Mapping[str, Any], subject: Any) -> Mapping[str, str]:
        """The text of every file, by what distinguishes its name; one file has none."""
        ...


KINDS: dict[str, str] = {
    "samplers": "qopt.solvers.samplers",
    "proposers": "qopt.solvers.proposers",
    "repairers": "qopt.solvers.repairers",
    "bounders": "qopt.solvers.bounders",
    "encodings": "qopt.compilers.encodings",
    "penalties": "qopt.compilers.penalties",
    "families": "qopt.models.families",
    "formats": "qopt.models.frontends",
    "exports": "qopt.report.exports",
}
"""Plug-in kinds and the package in which a file is a plug-in; also the entry-point groups ``qopt.KIND``."""
