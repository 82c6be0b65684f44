"""Small runs that touch every kernel, so that numba compiles each once and keeps it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np

from qopt.core import forms, registry
from qopt.core.accepts import QUBO
from qopt.core.budget import Budget
from qopt.core.clock import now
from qopt.core.compiled import Compiled
from qopt.core.errors import BackendUnavailableError, CompileError, NotApplicableError
from qopt.core.names import Labels, NameTable
from qopt.core.polynomial import polynomial_of
from qopt.core.problem import Columns, Problem
from qopt.core.protocols import Sampler
from qopt.core.rows import GroupKind, Groups
from qopt.core.watch import Watch
from qopt.models.subject import Subject, as_subject

NATIVE: dict[str, dict[str, int]] = {"anneal": {}, "anneal_gpu": {}, "exact": {"states": 4096}, "random": {}}
"""Samplers with kernels of their own, and parameters that keep them short."""
DOCUMENTS = Path(__file__).parent / "warm_up"
"""Documents of families that have more than one form: each is of the forms that the family's example is not of."""
HARDER = 30
"""Size of generated instances: some kernels are reached only where the first bound does not close the case."""


def names() -> list[str]:
    """What there is to compile: the steps by name."""
    return [name for name, _ in steps()]


def take(k: int) -> None:
    """Take the k-th step."""
    list(steps())[k][1]()


def steps() -> Iterator[tuple[str, Callable[[], None]]]:
    """``(name, run)`` for every backend with kernels of its own."""
    families = [registry.load("families", name) for name in registry.names("families")]
    subjects = [Subject(instance=family.example()) for family in families]
    subjects += [as_subject(path) for path in sorted(DOCUMENTS.glob("*.yaml"))]
    harder = [Subject(instance=family.generate(HARDER, seed=1)) for family in families if hasattr(family, "form")]
    yield "arms", _arms_step([*subjects, *harder])  # first, as it takes longest
    for name, parameters in NATIVE.items():
        yield name, _sampler_step(name, parameters, subjects)
    for subject in [*subjects, *harder]:
        if subject.form is not None:
            for kind in ("proposers", "bounders"):
                for name in registry.names(kind):
                    if registry.load(kind, name).accepts.form == forms.name_of(subject.form):
                        yield name, _form_step(kind, name, subject)
    for name in registry.names("bounders"):
        if not registry.load("bounders", name).accepts.form:
            yield name, _problem_step(name)


PATIENCE = 20.0
"""Seconds a step may take, compiling not counted."""
TURN = 20_000
"""Moves of a turn of an arm."""
LARGEST = 3000
"""Bits of a problem that arms are tried on, at most."""


def _watch() -> Watch:
    return Watch(clock=now, deadline=now() + PATIENCE)


def _form_step(kind: str, name: str, subject: Subject) -> Callable[[], None]:
    def run() -> None:
        plugin = registry.load(kind, name)
        if kind == "proposers":
            if hasattr(plugin, "refuses") and plugin.refuses(subject.form):
                return
            plugin.propose(subject.form, budget=Budget(work=2000), seed=0, watch=_watch())
        else:
            plugin.bound(subject.form, incumbent=None, budget=Budget(), watch=_watch())

    return run


def _problem_step(name: str) -> Callable[[], None]:
    def run() -> None:
        """A quadratic assignment of three: small, and of the shape that bounders of problems look for."""
        names = NameTable((Labels("place", (3, 3)),))
        kind, members = np.array([GroupKind.PERMUTATION], np.int8), np.arange(9, dtype=np.int32)
        square = Groups(kind, np.array([0, 9]), members, NameTable((Labels("once"),)))
        costs = polynomial_of(9, [((i, j), float(i + j)) for i in range(9) for j in range(i)])
        problem = Problem.build(Columns.binaries(names), costs, groups=square)
        registry.load("bounders", name).bound(problem, incumbent=None, budget=Budget(), watch=_watch())

    return run


def _sampler_step(name: str, parameters: dict[str, int], subjects: list[Subject]) -> Callable[[], None]:
    def run() -> None:
        sampler = registry.load("samplers", name, **parameters)
        for compiled in _samples(sampler, subjects):
            try:
                if not sampler.accepts.refusals(bits=compiled.num_bits, degree=compiled.polynomial.degree):
                    sampler.sample(compiled, budget=Budget(reads=2), seed=0, watch=_watch())
            except NotApplicableError:
                continue
            except BackendUnavailableError:
                return

    return run


def _samples(sampler: Sampler, subjects: list[Subject]) -> Iterator[Compiled]:
    """What to try a sampler on: a few polynomials, then the examples, as a plain QUBO and as it likes them best."""
    from qopt.compilers.compile import compile_problem

    whole = polynomial_of(4, {(0,): -1.0, (0, 1): 2.0, (1, 2): -3.0, (2, 3): 1.0})
    sparse = polynomial_of(40, [((k, k + 1), 1.0) for k in range(39)])
    knot = polynomial_of(6, [((i, j), 2.0) for i in range(6) for j in range(i)] + [((i,), -5.0) for i in range(6)])
    for polynomial in (whole, whole.scaled(0.3), sparse, sparse.scaled(0.3), knot):
        yield Compiled.of_polynomial(polynomial)
    for subject in subjects:
        if subject.size(subject.choose("sample"))[0] <= 1000:
            for accepts in (QUBO, sampler.accepts):
                with suppress(CompileError):  # an example that is too large for the sampler
                    yield compile_problem(subject.problem(), accepts=accepts)


def _arms_step(subjects: list[Subject]) -> Callable[[], None]:
    def run() -> None:
        """Two turns of every arm on every landscape it fits: the second has what the first ones found."""
        from qopt.compilers.compile import compile_problem
        from qopt.solvers.search.arm import Entry, Turn
        from qopt.solvers.search.arms import fitting
        from qopt.solvers.search.landscape import Landscape

        sampler = registry.load("samplers", "anneal")
        random = np.random.default_rng(1)
        pairs = [((i, j), float(random.integers(-9, 10))) for i in range(80) for j in range(i)]
        ring = [((k, (k + 1) % 400), 1.0) for k in range(400)] + [((k, (k + 7) % 400), -1.0) for k in range(400)]
        made = [Compiled.of_polynomial(polynomial_of(80, pairs)), Compiled.of_polynomial(polynomial_of(400, ring))]
        for subject in subjects:
            if subject.size(subject.choose("sample"))[0] <= LARGEST:
                with suppress(CompileError):
                    made.append(compile_problem(subject.problem(), accepts=sampler.accepts))
        for compiled in made:
            landscape = Landscape.of(compiled, "anneal", sampler.accepts)
            known: list[Entry] = []
            for number in range(2):
                for arm in fitting(landscape):
                    if arm.needs <= len(known):
                        elite = tuple(sorted(known, key=lambda entry: entry.rank)[:20])
                        known += arm.spend(Turn(number, 1, elite, TURN, _watch().within(1.0))).entries()

    return run
