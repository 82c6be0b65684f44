"""The commands beside solve: check, explain, compile, list, schema, new; and help."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from terminal import IMPOSSIBLE, STALL, VANS, run

from qopt.core import registry

Capture = pytest.CaptureFixture[str]
GOOD = {"items": ["honey", ["apples", 3]]}
HEAVY = {"items": ["flowers", ["potatoes", 4]]}
VAN_PLAN = {
    "routes": [
        {"stops": ["bridge", "harbour", "docks", "kiln"]},
        {"stops": ["castle", "inn", "garden"]},
        {"stops": ["east-gate", "forge", "juniper", "abbey", "library"]},
    ]
}


def stored(folder: Path, document: Any) -> Path:
    path = folder / "plan.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    return path


def test_check_judges_a_plan_that_anyone_wrote(capfd: Capture, tmp_path: Path) -> None:
    told = run(capfd, "check", STALL, stored(tmp_path, GOOD))
    said = run(capfd, "check", STALL, stored(tmp_path, GOOD), "--json")

    assert told.status == said.status == 0
    assert told.out == "market-stall  knapsack\nfeasible: 231\n"
    assert said.document["status"] == "feasible"
    assert said.document["objective"] == 45 + 3 * 62
    assert said.document["violations"] == said.document["faults"] == []


def test_check_of_routes_needs_stops_alone(capfd: Capture, tmp_path: Path) -> None:
    said = run(capfd, "check", VANS, stored(tmp_path, VAN_PLAN), "--json")

    assert said.status == 0
    assert said.document["objective"] == pytest.approx(44.128, abs=1e-3)


def test_check_tells_broken_rules_in_the_words_of_the_document(capfd: Capture, tmp_path: Path) -> None:
    told = run(capfd, "check", STALL, stored(tmp_path, HEAVY))
    said = run(capfd, "check", STALL, stored(tmp_path, HEAVY), "--json")

    assert told.status == said.status == 1
    assert told.out.splitlines()[1] == "infeasible: 368"
    assert "holds 310, its capacity is 240" in told.out
    assert said.document["status"] == "infeasible"
    assert said.document["violations"][0]["amount"] == pytest.approx(70.0)
    assert any("310" in fault for fault in said.document["faults"])


def test_check_names_visits_by_their_own_ids(capfd: Capture, tmp_path: Path) -> None:
    plan = {"routes": [*VAN_PLAN["routes"][:2], {"stops": ["east-gate", "forge", "juniper", "abbey"]}]}
    said = run(capfd, "check", VANS, stored(tmp_path, plan))

    assert said.status == 1
    assert "visit library is made 0 times" in said.out


def test_check_reads_a_run_and_doubts_what_it_claims(capfd: Capture, tmp_path: Path) -> None:
    document = {"status": "feasible", "objective": 999, "solutions": [{"objective": 999, "plan": GOOD}]}
    told = run(capfd, "check", STALL, stored(tmp_path, document))
    said = run(capfd, "check", STALL, stored(tmp_path, document), "--json")

    assert told.status == 0
    assert "the document claims 999" in told.out
    assert (said.document["objective"], said.document["claimed"]) == (231, 999)


@pytest.mark.parametrize(
    ("document", "says", "line"),
    [
        ("{", "a plan must be JSON", 1),
        ("[1,\n2,,]", "a plan must be JSON", 2),
        ("", "a plan must be JSON", 1),
        ("[" * 100_000, "depth", 0),
        ([1, 2], "a plan is an object by name", 0),
        ("3", "a plan is an object by name", 0),
        ({}, "no list of 'items'", 0),
        ({"solutions": []}, "the document holds no solution", 0),
        ({"solutions": [3]}, "a plan is an object by name", 0),
        ({"solutions": {}}, "the document holds no solution", 0),
        ({"items": ["boat"]}, "items[0] is 'boat', which is no item of market-stall", 0),
        (VAN_PLAN, "no list of 'items'", 0),
        ('{"items": [["apples", NaN]]}', "items[0] needs a finite number", 0),
    ],
)
def test_check_refuses_what_is_no_plan_of_this_file(
    document: Any, says: str, line: int, capfd: Capture, tmp_path: Path
) -> None:
    path = stored(tmp_path, document)
    said = run(capfd, "check", STALL, path, "--json")

    assert said.status == 2
    assert says in said.errors[0]["rule"]
    assert (said.errors[0]["file"], said.errors[0]["line"]) == (str(path), line)
    assert "Traceback" not in said.err


def test_check_refuses_a_plan_that_is_no_text(capfd: Capture, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_bytes(b"\xff\xfe{}")
    said = run(capfd, "check", STALL, path, "--json")

    assert said.status == 2
    assert "UTF-8" in said.errors[0]["rule"]


def test_explain_names_the_rules(capfd: Capture) -> None:
    told, said = run(capfd, "explain", IMPOSSIBLE), run(capfd, "explain", IMPOSSIBLE, "--json")

    assert told.status == said.status == 1
    assert "these rules cannot hold together" in told.out
    assert {rule["name"] for rule in said.document["conflict"]} >= {"payload"}


def test_explain_finds_nothing_where_nothing_clashes(capfd: Capture) -> None:
    told, said = run(capfd, "explain", STALL), run(capfd, "explain", STALL, "--json")

    assert told.status == said.status == 0
    assert "no conflict found" in told.out
    assert said.document == {"status": "no conflict found", "conflict": []}


def test_compile_says_what_it_took(capfd: Capture) -> None:
    told, said = run(capfd, "compile", STALL), run(capfd, "compile", STALL, "--json")

    assert told.status == said.status == 0
    assert said.document["bits"] == said.document["column_bits"] + said.document["slack_bits"] > 0
    assert said.document["couplings"] <= said.document["bits"] * (said.document["bits"] - 1) // 2
    assert f"bits {said.document['bits']}" in " ".join(told.out.split())


def test_compile_refuses_more_bits_than_allowed(capfd: Capture) -> None:
    said = run(capfd, "compile", STALL, "--max-bits", "3", "--json")

    assert said.status == 2
    assert "at most 3 are allowed" in said.errors[0]["rule"]


@pytest.mark.parametrize(
    "words", [("compile", STALL, "--max-bits", "0"), ("explain", STALL, "--budget", "never"), ("fly",), ()]
)
def test_wrong_calls_of_any_command_give_the_document_too(words: tuple[str, ...], capfd: Capture) -> None:
    said = run(capfd, *words, "--json")

    assert said.status == 2
    assert said.errors[0]["rule"]


@pytest.mark.parametrize("kind", ["samplers", "proposers", "encodings", "families", "formats"])
def test_list_gives_names_alone_where_nobody_looks(kind: str, capfd: Capture) -> None:
    said = run(capfd, "list", kind)

    assert said.status == 0
    assert said.out.split() == list(registry.names(kind))


def test_list_describes_plug_ins_without_importing_them() -> None:
    from qopt.cli.catalogue import KINDS, summary

    for kind in KINDS:
        for name in registry.names(kind):
            assert len(summary(kind, name)) > 10, f"{kind} {name} has no description"
    assert summary("samplers", "nobody") == ""


def test_list_without_a_kind_gives_all(capfd: Capture) -> None:
    said = run(capfd, "list")

    assert said.status == 0
    assert {"samplers", "families", "anneal", "routing"} <= set(said.out.split())


@pytest.mark.parametrize("family", registry.names("families"))
def test_new_prints_a_document_that_solves_and_fits_its_schema(family: str, capfd: Capture, tmp_path: Path) -> None:
    path = tmp_path / "new.yaml"
    printed = run(capfd, "new", family)
    path.write_text(printed.out, encoding="utf-8")
    solved, schema = run(capfd, "solve", path, "--budget", "1", "--json"), run(capfd, "schema", family)

    assert printed.status == solved.status == schema.status == 0
    assert solved.document["solutions"][0]["feasible"]
    assert schema.document["properties"]["problem"]["const"] == family


@pytest.mark.parametrize("command", ["new", "schema"])
def test_an_unknown_family_is_refused_with_those_that_exist(command: str, capfd: Capture) -> None:
    said = run(capfd, command, "origami")

    assert said.status == 2
    assert "no family named 'origami'; there are: " in said.err


def test_help_and_version(capfd: Capture) -> None:
    for words in (
        (),
        ("solve",),
        ("check",),
        ("explain",),
        ("compile",),
        ("list",),
        ("schema",),
        ("new",),
        ("warm-up",),
    ):
        said = run(capfd, *words, "--help")
        assert said.status == 0
        assert said.out.startswith("Usage: qopt")
    assert run(capfd, "--version").out.startswith("qopt ")


def test_help_imports_nothing_heavy() -> None:
    """What makes ``qopt --help`` quick: no numeric library on the way to any command's help."""
    script = (
        "import sys, contextlib, io\n"
        "from qopt.cli.main import main\n"
        "for words in ('--help', 'solve --help', 'check --help', 'compile --help', 'list samplers'):\n"
        "    with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):\n"
        "        main(words.split())\n"
        "print(*sorted({'numba', 'highspy', 'scipy', 'pydantic', 'dimod', 'rich'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)

    assert done.stdout.strip() == ""


def test_every_command_is_listed_with_its_help() -> None:
    from qopt.cli.main import _COMMANDS, cli

    context = click.Context(cli)
    for name in _COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        assert command.name == name
        assert command.help
