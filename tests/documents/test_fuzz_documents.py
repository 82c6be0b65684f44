"""Mutated documents are read or refused with ModelError; nothing else ever escapes."""

from __future__ import annotations

import json
import random

import pytest

from qopt.core import registry
from qopt.core.errors import ModelError
from qopt.models.documents import Limits, load_document
from qopt.models.formulas.faults import FormulaFault
from qopt.models.formulas.parse import choice, expression, loops
from qopt.models.frontends.document import PLUGIN
from qopt.models.schema import starter

SPECIAL = list("{}[]:,&*#?|-<>=!%@`'\"\\ \t\n.()+/^~0159eEx_") + [
    "\x00",
    "\ud800",
    "é",
    "\u2028",
    "\ufeff",
    "&a ",
    "*a",
]
PIECES = [
    "<<: ",
    "!!int ",
    "1e999",
    ".nan",
    "---\n",
    "null",
    "[[[[",
    "{{",
    "((((",
    "9**9**9",
    " for i in ",
    "lambda",
    "0x",
    "- ",
]

RICH = """problem: model
name: rich
sets: {sites: [a, b], towns: [york, leeds], days: {range: [1, 3]}}
parameters:
  need: {over: [towns], values: {york: 1, leeds: 2}}
  haul: {over: [sites, towns], values: [[1, 2], [3, 4]], default: 5}
  cap: 4
variables:
  x: {over: [sites]}
  use: {over: [sites, towns]}
  n: {over: [days], type: integer, upper: cap}
  z: {type: spin}
objective:
  - minimise: {travel: "sum(haul[s,t]*use[s,t] for s in sites for t in towns if t != 'york')", spin: "z*x['a']"}
  - {minimise: "max(need[t] for t in towns)*n[1]**2"}
constraints:
  once: {for: t in towns, one_of: "use[s,t] for s in sites"}
  fits:
    for: s in sites
    that: sum(need[t]*use[s,t] for t in towns) <= cap*x[s]
    soft: 3
    norm: quadratic
    level: 2
  grow: {for: "i in days if i < 3", that: "0 <= n[i+1] - n[i] <= 2", why: slowly}
solve: {budget: 20s, top: 5, seed: 1}
"""


def mutated(text: str, rng: random.Random) -> str:
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        at = rng.randrange(len(text) + 1)
        end = min(len(text), at + rng.choice((1, 1, 2, 5, 20)))
        kind = rng.randrange(6)
        if kind == 0:
            text = text[:at] + text[end:]
        elif kind == 1:
            text = text[:at] + rng.choice(SPECIAL) + text[at:]
        elif kind == 2:
            text = text[:at] + rng.choice(PIECES) + text[at:]
        elif kind == 3:
            text = text[:at] + rng.choice(SPECIAL) + text[end:]
        elif kind == 4:
            text = text[:at] + text[at:end] * rng.choice((2, 40)) + text[end:]
        else:
            other = rng.randrange(len(text) + 1)
            text = text[:at] + text[other : other + 12] + text[at:]
    return text


def attempt(text: str) -> bool:
    try:
        instance = PLUGIN.read(text)
        if instance.family == "model":
            registry.load("families", "model").build(instance)
    except ModelError as error:
        assert error.issues and all(issue.rule for issue in error.issues)
        str(error).encode("utf-8", "surrogatepass")
        return False
    return True


@pytest.mark.parametrize("seed", range(8))
def test_mutated_yaml_is_read_or_refused(seed):
    rng = random.Random(seed)
    read = sum(attempt(mutated(RICH, rng)) for _ in range(100))
    assert 0 < read < 100, "the mutations are neither all harmless nor all fatal"


@pytest.mark.parametrize("seed", range(4))
def test_mutated_json_is_read_or_refused(seed):
    rng = random.Random(seed)
    text = json.dumps(load_document(RICH).data, indent=1)
    assert attempt(text)
    for _ in range(100):
        attempt(mutated(text, rng))


@pytest.mark.parametrize("family", registry.names("families"))
def test_mutated_documents_of_every_family_are_read_or_refused(family):
    if not hasattr(registry.load("families", family), "instance"):
        pytest.skip(f"{family} has no documents")
    rng = random.Random(family)
    text = starter(family)
    assert attempt(text)
    for _ in range(60):
        attempt(mutated(text, rng))


def test_random_bytes_are_refused():
    rng = random.Random(5)
    for _ in range(300):
        text = "".join(rng.choice(SPECIAL + list("problem: del\n")) for _ in range(rng.randrange(60)))
        with pytest.raises(ModelError):
            PLUGIN.read(text)


def test_mutated_expressions_are_parsed_or_refused():
    rng = random.Random(3)
    good = "sum(a[i,j]*x[i]*y[j+1] for i in s for j in t if i != j and not (j < 2)) + 3*z**2 <= max(b[k] for k in s)"
    for _ in range(1500):
        text = mutated(good, rng)
        for reader in (expression, loops, choice):
            try:
                reader(text, Limits())
            except FormulaFault as fault:
                assert 0 <= fault.offset <= len(text)


@pytest.mark.parametrize(
    "text",
    [
        "-" * 1900 + "1",
        "not " * 1500 + "1",
        "2**" * 600 + "2",
        "+".join("x" * 900),
        "(" * 5000,
        "[" * 5000,
        "x[" * 900 + "1" + "]" * 900,
        "sum(" * 900 + "1" + ")" * 900,
        "1<" * 900 + "1",
        "a and " * 500 + "b",
        "9" * 5000,
        "9**9**9**9",
        "1e308*1e308",
        "x if y else z",
        "f'{x}'",
        "x" * 9999,
        "\x00",
        "x\u2028y",
        "(yield)",
        "*x",
        "x:=1",
        "x for x in x",
        "1 << 2",
        "x >> 1",
        "x if 1 << 2 else x",
    ],
)
def test_nasty_expressions_never_crash(text):
    document = f"problem: model\nvariables: {{x: {{}}}}\nobjective: {{minimise: {json.dumps(text)}}}\n"
    assert attempt(document) == (set(text) == {"x", "+"}), "only a long sum is an expression"
