"""qopt's samplers as a ``dimod.Sampler``.

Examples
--------
>>> import dimod
>>> from qopt.adapters.dimod import QoptSampler
>>> bqm = dimod.BinaryQuadraticModel.from_ising({"a": 1}, {("a", "b"): 2})
>>> print(QoptSampler().sample(bqm, num_reads=10, seed=1).first.energy)
-3.0
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dimod
import numpy as np

import qopt
from qopt.core.arrays import Bits
from qopt.core.errors import Issue, ModelError

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
        bits, energies = batch.bits[:num_reads], batch.energies[:num_reads]
        spin = bqm.vartype is dimod.SPIN
        return dimod.SampleSet.from_samples(
            (2 * bits - 1 if spin else bits, labels),
            vartype=bqm.vartype,
            energy=energies,
            sort_labels=False,
            info={"sampler": batch.sampler, "seed": seed, "stopped_by": batch.stopped_by, **batch.info},
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
