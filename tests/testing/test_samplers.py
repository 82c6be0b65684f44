"""Every sampler of the registry keeps its seam; and the suite notices those that do not."""

from dataclasses import dataclass

import numpy as np
import pytest

from qopt.core import registry
from qopt.core.accepts import Accepts
from qopt.core.batch import SampleBatch
from qopt.core.errors import BackendUnavailableError
from qopt.core.rows import GroupKind
from qopt.testing.samplers import check_sampler


@pytest.mark.parametrize("name", registry.names("samplers"))
def test_sampler_conforms(name):
    try:
        check_sampler(name)
    except BackendUnavailableError as error:
        pytest.skip(str(error))


@dataclass
class Faulty:
    """Returns one row of zeros; ``fault`` says what is wrong with it."""

    fault: str
    accepts: Accepts = Accepts()
    calls: int = 0

    def sample(self, compiled, *, budget, seed, watch, initial=None):
        self.calls += 1
        bits = np.zeros((1, compiled.num_bits), dtype=np.int8)
        energies = compiled.energies(bits)
        if self.fault == "energy":
            energies = energies - 1
        if self.fault == "bits":
            bits = bits - 1
        if self.fault == "two batches" and compiled.num_bits:
            bits[0, 0] = self.calls % 2
            energies = compiled.energies(bits)
        if self.fault == "reads":
            bits, energies = np.repeat(bits, 9, axis=0), np.repeat(energies, 9)
        if self.fault == "start" and initial is not None and initial.size:
            initial[0, 0] ^= 1
        return SampleBatch(bits, energies, "faulty", seed, info={"reads": budget.reads})


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("energy", "the bits have"),
        ("bits", "bits other than 0 and 1"),
        ("two batches", "gave two batches"),
        ("reads", "came to 9 rows"),
        ("start", "changed the rows to start from"),
        ("takes everything", "took what it says it does not accept"),
    ],
)
def test_suite_notices(fault, message):
    with pytest.raises(AssertionError, match=message):
        check_sampler(Faulty(fault))


def test_suite_notices_broken_groups():
    with pytest.raises(AssertionError, match="but breaks"):
        check_sampler(Faulty("", Accepts(groups=frozenset({GroupKind.EXACTLY_ONE}))))
