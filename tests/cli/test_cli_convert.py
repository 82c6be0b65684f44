"""The ways out of the command line: convert, and the files of compile."""

from __future__ import annotations

from pathlib import Path

import pytest
from terminal import EXAMPLES, STALL, run

import qopt
from qopt.core.hashing import structure_hash
from qopt.models.exchange import TARGETS
from qopt.models.subject import as_subject

Capture = pytest.CaptureFixture[str]


@pytest.mark.parametrize("to", ("lp", "mps", "qplib", "problem"))
def test_convert_writes_the_problem_of_a_document(to: str, capfd: Capture, tmp_path: Path) -> None:
    out = tmp_path / f"stall.{to}"
    told = run(capfd, "convert", STALL, out, "--to", to)

    assert told.status == 0
    assert told.out == f"{out}: written as {to}\n"
    assert structure_hash(qopt.load(out)) == structure_hash(as_subject(STALL).problem())


def test_convert_goes_by_the_suffix_and_back(capfd: Capture, tmp_path: Path) -> None:
    first, second, third = tmp_path / "a.lp", tmp_path / "b.mps", tmp_path / "c.lp"
    for source, out in ((STALL, first), (first, second), (second, third)):
        assert run(capfd, "convert", source, out, "--json").document["status"] == "written"
    assert first.read_text() == third.read_text()


def test_convert_refuses_by_name_what_a_format_cannot_hold(capfd: Capture, tmp_path: Path) -> None:
    told = run(capfd, "convert", STALL, tmp_path / "a.qubo")

    assert told.status == 2
    assert "a QUBO file cannot hold this, got" in told.err and "qopt compile" in told.err
    assert not (tmp_path / "a.qubo").exists()


def test_convert_never_overwrites_its_input(capfd: Capture, tmp_path: Path) -> None:
    source = tmp_path / "a.coo"
    source.write_text("# bits 2\n0 1 -1\n")
    told = run(capfd, "convert", source, source)

    assert told.status == 2
    assert "would overwrite an input" in told.err
    assert source.read_text() == "# bits 2\n0 1 -1\n"


@pytest.mark.parametrize("to", ("qubo", "coo", "bqm", "ising"))
def test_compile_writes_the_qubo_that_it_reports(to: str, capfd: Capture, tmp_path: Path) -> None:
    out = tmp_path / f"stall.{to}"
    said = run(capfd, "compile", STALL, "--to", to, "--out", out, "--json")
    written = qopt.load(out)

    assert said.status == 0
    assert written.n == said.document["bits"]
    assert len(written.objective.value) == said.document["couplings"]


def test_compile_writes_problems_uncompiled(capfd: Capture, tmp_path: Path) -> None:
    told = run(capfd, "compile", STALL, "--out", tmp_path / "stall.mps")

    assert told.status == 0
    assert told.out.endswith("stall.mps: written as mps\n")


def test_compile_needs_a_file_to_write_to(capfd: Capture) -> None:
    told = run(capfd, "compile", STALL, "--to", "qubo")

    assert told.status == 2
    assert "--to needs --out F" in told.err


def test_the_targets_of_compile_are_those_that_exist() -> None:
    from qopt.cli import inspect

    assert tuple(TARGETS) == inspect.TARGETS


TOUR = (
    "NAME: round\nTYPE: TSP\nDIMENSION: 4\nEDGE_WEIGHT_TYPE: EUC_2D\nNODE_COORD_SECTION\n"
    "1 0 0\n2 0 3\n3 4 3\n4 4 0\nEOF\n"
)


def test_a_certificate_and_the_problem_it_speaks_of_are_of_one_formulation(capfd: Capture, tmp_path: Path) -> None:
    source, out = (
        tmp_path / "round.tsp",
        {name: tmp_path / name for name in ("q.coo", "proof.json", "p.qopt", "arcs.qopt")},
    )
    source.write_text(TOUR)
    run(capfd, "compile", source, "--to", "coo", "--out", out["q.coo"], "--certificate", out["proof.json"])
    run(capfd, "compile", source, "--to", "problem", "--out", out["p.qopt"])
    run(capfd, "convert", source, out["arcs.qopt"])
    assert structure_hash(qopt.load(out["p.qopt"])) != structure_hash(qopt.load(out["arcs.qopt"]))

    told = run(capfd, "verify", out["proof.json"], "--problem", out["p.qopt"], "--qubo", out["q.coo"])
    assert (told.status, told.out) == (0, "proven: argmin\n")
    other = ("verify", out["proof.json"], "--problem", out["arcs.qopt"], "--qubo", out["q.coo"])
    told = run(capfd, *other)
    assert told.status == 1
    assert "the certificate is of another problem (write it by `qopt compile FILE --to problem`" in told.out
    assert "--formulation" in run(capfd, *other, "--json").document["suggestion"]


def test_constraints_reach_a_cqm_file(capfd: Capture, tmp_path: Path) -> None:
    out = tmp_path / "stall.cqm"
    tasks = EXAMPLES / "assignment_generalised.yaml"
    assert run(capfd, "compile", tasks, "--out", out).out == f"{out}: written as cqm\n"
    assert structure_hash(qopt.load(out)) == structure_hash(as_subject(tasks).problem())
    told = run(capfd, "compile", STALL, "--to", "dqm", "--out", tmp_path / "stall.dqm")
    assert told.status == 2 and "a DQM cannot hold constraints other than exactly-one groups" in told.err
