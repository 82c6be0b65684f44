"""Every encoding and every penalty rule keeps its seam."""

import pytest

from qopt.core import registry
from qopt.testing.encodings import check_encoding, check_penalty


@pytest.mark.parametrize("name", registry.names("encodings"))
def test_encoding_keeps_its_seam(name):
    check_encoding(name)


@pytest.mark.parametrize("name", registry.names("penalties"))
def test_penalty_rule_proves_what_it_says(name):
    check_penalty(name)
