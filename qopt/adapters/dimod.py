"""qopt's samplers as a ``dimod.Sampler``: the annealer under the words of D-Wave's, and any other by its name; and
problems as dimod's models.

Examples
--------
>>> import dimod
>>> from qopt.adapters.dimod import AnnealSampler, QoptSampler
>>> bqm = dimod.BinaryQuadraticModel.from_ising({"a": 1}, {("a", "b"): 2})
>>> print(AnnealSampler().sample(bqm, num_reads=10, num_sweeps=100, seed=1).first.energy)
-3.0
>>> print(QoptSampler("exact").sample(bqm, num_reads=10).first.energy)
-3.0
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import dimod
import numpy as np

import qopt
from qopt.core.arrays import Bits
from qopt.core.batch import SampleBatch
from qopt.core.errors import Issue, ModelError
from qopt.core.problem import Problem
from qopt.models.frontends._dimod_outgo import cqm_of, dqm_of
from qopt.models.subject import as_subject

READS = 32
"""Reads of a call that limits neither reads nor time."""


class QoptSampler(dimod.Sampler):
    """A sampler of qopt behind dimod's interface.

    Parameters
    ----------
    sampler
        Name of a sampler; see ``qopt list samplers``.
    threads
        Threads it may use; default the cores at hand.
    """

    def __init__(self, sampler: str = "anneal", *, threads: int | None = None) -> None:
        self.sampler, self.threads = sampler, threads

    @property
    def parameters(self) -> dict[str, list[str]]:
        """Keywords of ``sample``, as dimod wants them: no property of the sampler limits any."""
        return {"num_reads": [], "seed": [], "time_limit": [], "initial_states": []}

    @property
    def properties(self) -> dict[str, Any]:
        """Which sampler of which version this is."""
        return {"sampler": self.sampler, "version": qopt.__version__}

    def sample(
        self,
        bqm: dimod.BinaryQuadraticModel,
        *,
        num_reads: int | None = None,
        seed: int = 0,
        time_limit: float | None = None,
        initial_states: Any = None,
    ) -> dimod.SampleSet:
        """Sample a binary quadratic model.

        Parameters
        ----------
        num_reads
            Independent reads, and the most samples returned; 32 when there is no ``time_limit`` either.
        seed
            Where randomness starts: the same seed and number of reads give the same samples.
        time_limit
            Seconds.
        initial_states
            Samples to start from, as dimod takes them, with a value for every variable.

        Returns
        -------
        Distinct samples, lowest energy first; ``info`` holds what the sampler says of its run.

        Raises
        ------
        ModelError
            Initial states that lack a variable, or a number out of range.
        NotApplicableError
            A model that the sampler does not accept, such as one that is too large.
        """
        if num_reads is None and time_limit is None:
            num_reads = READS
        labels = list(bqm.variables)
        keep = {} if num_reads is None or self.sampler != "anneal" else {"keep": num_reads}
        batch = qopt.sample(
            bqm,
            sampler=self.sampler,
            budget=qopt.Budget(reads=num_reads, seconds=time_limit),
            seed=seed,
            threads=self.threads,
            initial=None if initial_states is None else _bits(initial_states, labels),
            **keep,
        )
        return _sample_set(batch, bqm, num_reads)


class AnnealSampler(dimod.Sampler, dimod.Initialized):
    """The sampler ``anneal`` under the words of ``dwave.samplers.SimulatedAnnealingSampler``.

    Code written for that one runs with its import changed. What differs:

    * Rows are distinct, lowest energy first; reads that end at the same point are one row, and ``info["reads"]`` says
      how many there were. The model is reduced exactly before it is annealed, so that rows are not Boltzmann samples.
    * A read from a given state descends from it, and is then annealed at half the schedule; the state itself is among
      the rows where it is as good as they are.
    * The default schedule is tuned to the model, and reads run on every core. The seed alone fixes the rows,
      whatever the number of threads.
    * ``time_limit`` is new. A custom ``beta_schedule``, several sweeps per beta, ``randomize_order``, Gibbs acceptance
      and ``interrupt_function`` are refused by name; keywords that neither knows are left out with a warning.

    Parameters
    ----------
    threads
        Threads it may use; default the cores at hand.
    """

    def __init__(self, *, threads: int | None = None) -> None:
        self.threads = threads

    @property
    def parameters(self) -> dict[str, list[str]]:
        """Keywords of ``sample``, each with the properties that limit it."""
        free = ("beta_range", "num_reads", "num_sweeps", "num_sweeps_per_beta", "beta_schedule", "seed", "time_limit")
        fixed = ("interrupt_function", "randomize_order", "proposal_acceptance_criteria")
        states = ("initial_states", "initial_states_generator")
        return {"beta_schedule_type": ["beta_schedule_options"], **{name: [] for name in (*free, *fixed, *states)}}

    @property
    def properties(self) -> dict[str, Any]:
        """The schedules there are, and which version of which sampler this is."""
        return {"beta_schedule_options": ("linear", "geometric"), "sampler": "anneal", "version": qopt.__version__}

    def sample(
        self,
        bqm: dimod.BinaryQuadraticModel,
        beta_range: Sequence[float] | None = None,
        num_reads: int | None = None,
        num_sweeps: int | None = None,
        num_sweeps_per_beta: int = 1,
        beta_schedule_type: str = "geometric",
        seed: int | None = None,
        interrupt_function: Callable[[], bool] | None = None,
        beta_schedule: Sequence[float] | None = None,
        initial_states: Any = None,
        initial_states_generator: str = "random",
        randomize_order: bool = False,
        proposal_acceptance_criteria: str = "Metropolis",
        *,
        time_limit: float | None = None,
        **kwargs: Any,
    ) -> dimod.SampleSet:
        """Anneal a binary quadratic model.

        Parameters
        ----------
        beta_range
            Inverse temperatures of the first and last sweep, above 0, in 1 / energy; tuned to the model by default.
        num_reads
            Reads. Default: as many as there are initial states, else 1; with a ``time_limit`` as many as it allows.
        num_sweeps
            Sweeps of a read; 1000 by default, and with nothing but a ``time_limit`` as many as serve best.
        beta_schedule_type
            ``geometric`` or ``linear``; with neither this nor a ``beta_range`` the schedule is tuned to the model.
        seed
            A whole number from 0 up; drawn when not given, and told in ``info``.
        initial_states
            Samples to start from, as dimod takes them, with a value for every variable.
        initial_states_generator
            Where the other reads start when there are fewer states than reads: ``random``, ``tile`` (the states again
            and again) or ``none`` (a ValueError).
        time_limit
            Seconds. Searches other than annealing take part when neither reads nor a schedule are asked for.

        Returns
        -------
        Distinct samples, lowest energy first; ``info`` says what was done.

        Raises
        ------
        ModelError
            A number out of range, initial states that lack a variable, or a bias that is no finite number.
        ValueError
            Something of D-Wave's that this sampler does not have.
        """
        self.remove_unknown_kwargs(**kwargs)
        _refuse(
            interrupt_function=interrupt_function is not None,
            beta_schedule=beta_schedule is not None or beta_schedule_type == "custom",
            beta_schedule_type=beta_schedule_type not in ("geometric", "linear", "custom"),
            num_sweeps_per_beta=num_sweeps_per_beta != 1,
            randomize_order=bool(randomize_order),
            proposal_acceptance_criteria=proposal_acceptance_criteria != "Metropolis",
        )
        states = None if initial_states is None else _bits(initial_states, list(bqm.variables))
        if num_reads is None and time_limit is None:
            num_reads = 1 if states is None else len(states)
        hottest, coldest = (None, None) if beta_range is None else beta_range
        given: dict[str, Any] = {"sweeps": num_sweeps, "beta_min": hottest, "beta_max": coldest, "keep": num_reads}
        if beta_range is not None or beta_schedule_type != "geometric":
            given["schedule"] = beta_schedule_type
        batch = qopt.sample(
            _finite(bqm),
            sampler="anneal",
            budget=qopt.Budget(reads=num_reads, seconds=time_limit),
            seed=int(np.random.SeedSequence().generate_state(1)[0]) if seed is None else seed,
            threads=self.threads,
            initial=_starts(states, num_reads, initial_states_generator),
            **{name: value for name, value in given.items() if value is not None},
        )
        return _sample_set(batch, bqm, num_reads)


def to_cqm(subject: Any, *, formulation: str = "auto", **options: Any) -> dimod.ConstrainedQuadraticModel:
    """Anything that ``qopt.load`` takes as a constrained quadratic model, which is minimised.

    Parameters
    ----------
    formulation
        How a family writes its problem; ``auto`` takes the one for exact solvers.
    options
        As of ``qopt.load``.

    Raises
    ------
    UnsupportedModelError
        What the model cannot hold, by name.
    """
    return cqm_of(_problem(subject, formulation, options))


def to_dqm(subject: Any, *, formulation: str = "auto", **options: Any) -> dimod.DiscreteQuadraticModel:
    """Anything that ``qopt.load`` takes as a discrete quadratic model, if all it says is exactly one of each group.

    Variables are called as the groups; parameters and errors as of ``to_cqm``.
    """
    return dqm_of(_problem(subject, formulation, options))


def _problem(thing: Any, formulation: str, options: Mapping[str, Any]) -> Problem:
    subject = as_subject(thing, **options)
    return subject.problem(subject.choose("exact", formulation))


_INSTEAD = {
    "interrupt_function": "give a time_limit",
    "beta_schedule": "give a beta_range, and geometric or linear as beta_schedule_type",
    "beta_schedule_type": "it is geometric or linear",
    "num_sweeps_per_beta": "every sweep has a temperature of its own",
    "randomize_order": "sweeps go through the variables in order",
    "proposal_acceptance_criteria": "there is Metropolis alone",
}


def _refuse(**asked: bool) -> None:
    """Refuse what the annealer does not have, by name and with what to do instead."""
    for name in (name for name, wanted in asked.items() if wanted):
        raise ValueError(f"{name} is not supported: {_INSTEAD[name]}")


def _finite(bqm: dimod.BinaryQuadraticModel) -> dimod.BinaryQuadraticModel:
    """The model, whose biases are finite numbers."""
    vectors: Any = bqm.to_numpy_vectors()
    linear, (_, _, value), offset = vectors
    if np.isfinite(linear).all() and np.isfinite(value).all() and np.isfinite(offset):
        return bqm
    biases = [*bqm.iter_linear(), *(((u, v), bias) for u, v, bias in bqm.iter_quadratic()), ("offset", bqm.offset)]
    place, bias = next((place, bias) for place, bias in biases if not np.isfinite(bias))
    raise ModelError(Issue(f"a bias must be a finite number, that of {place!r} is not", f"{bias}"))


def _starts(states: Bits | None, reads: int | None, generator: str) -> Bits | None:
    """The states to start from, as many as there are reads at most."""
    if generator not in ("random", "tile", "none"):
        raise ValueError(f"initial_states_generator must be random, tile or none, got {generator!r}")
    count = 0 if states is None else len(states)
    if reads is not None and count < reads and generator != "random":
        if generator == "none" or states is None or not count:
            raise ValueError(f"{count} initial states for {reads} reads, and initial_states_generator is {generator!r}")
        return np.resize(states, (reads, states.shape[1]))
    return states if states is None or reads is None else states[:reads]


def _sample_set(batch: SampleBatch, bqm: dimod.BinaryQuadraticModel, reads: int | None) -> dimod.SampleSet:
    """A batch as dimod's samples of the model, with the energies that it gives them."""
    labels, bits = list(bqm.variables), batch.bits[:reads]
    values = 2 * bits - 1 if bqm.vartype is dimod.SPIN else bits
    return dimod.SampleSet.from_samples(
        (values, labels),
        vartype=bqm.vartype,
        energy=bqm.energies((values, labels)),
        sort_labels=False,
        info={"sampler": batch.sampler, "seed": batch.seed, "stopped_by": batch.stopped_by, **batch.info},
    )


def _bits(states: Any, labels: list[Any]) -> Bits:
    """Samples as rows of bits in the order of the labels."""
    if isinstance(states, Sequence) and states and all(isinstance(state, Mapping) for state in states):
        # one by one: dimod 0.12 mixes up the values of mappings whose keys stand in different orders
        return np.vstack([_bits(dict(state), labels) for state in states])
    values, names = dimod.as_samples(states)
    column = {name: k for k, name in enumerate(names)}
    missing = [label for label in labels if label not in column]
    if missing:
        raise ModelError(Issue("initial states have a value for every variable", f"none for {missing[0]!r}"))
    return np.asarray(values[:, [column[label] for label in labels]] > 0, dtype=np.int8)
