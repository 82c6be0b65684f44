"""JSON Schemas and starter documents of every family."""

from __future__ import annotations

import json

import pytest

from qopt.core import registry
from qopt.core.errors import UnknownPluginError
from qopt.models.frontends.document import PLUGIN as DOCUMENTS
from qopt.models.frontends.document import families
from qopt.models.schema import described, schema, starter


@pytest.mark.parametrize("name", families())
def test_a_schema_describes_every_key(name):
    found = schema(name)
    json.dumps(found, allow_nan=False)
    assert found["required"][0] == "problem" and found["additionalProperties"] is False
    bare = [key for key, value in found["properties"].items() if "description" not in value]
    assert bare == [], "every key of the document has a description"


@pytest.mark.parametrize("name", families())
def test_a_starter_loads_and_builds(name):
    text = starter(name)
    assert text.startswith("# ") and max(map(len, text.splitlines())) <= 130
    family = registry.load("families", name)
    assert family.build(DOCUMENTS.read(text)).n > 0


def test_descriptions_come_from_the_docstrings():
    texts = described(registry.load("families", "model").instance)
    assert texts["sets"].startswith("What things there are")
    assert texts["solve"].startswith("How to solve it")


def test_an_unknown_family_is_refused_with_the_known_ones():
    with pytest.raises(UnknownPluginError, match="knapsack"):
        schema("no-such-family")
