"""The live line, and Ctrl-C in a real process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading

import pytest
from terminal import VANS

from qopt.cli.progress import Live


def test_the_line_holds_time_best_gap_and_who_and_never_wraps() -> None:
    live = Live(seconds=10.0, quiet=False)
    assert "searching" in live.line(200)
    live({"kind": "bound", "bound": 90.0})
    live({"kind": "incumbent", "seconds": 0.1, "objective": 100.0, "backend": "tabu", "origin": "proposed"})

    assert live.line(200).endswith("best 100  gap 10 %  by tabu")
    assert "of 10 s" in live.line(200)
    for width in (10, 40, 79):
        assert len(live.line(width)) <= width


def test_without_a_terminal_each_incumbent_is_a_line(capfd: pytest.CaptureFixture[str]) -> None:
    event = {"kind": "incumbent", "seconds": 0.25, "objective": 100.0, "backend": "tabu", "origin": "proposed"}
    for quiet in (False, True):
        with Live(seconds=None, quiet=quiet) as live:
            live(event)
            live({"kind": "fallback", "text": "x failed"})

    out, err = capfd.readouterr()
    assert out == ""
    assert err == "   0.25 s           100  tabu (proposed)\nfallback: x failed\n"


def _interrupted(*words: str) -> tuple[int, str, str]:
    """Run ``qopt solve`` on the bakery for a minute, interrupt it at its first incumbent and once more, wait."""
    process = subprocess.Popen(
        [sys.executable, "-c", "from qopt.cli.main import main; main()", "solve", VANS, "--budget", "60", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env=os.environ | {"PYTHONIOENCODING": "utf-8"},
    )
    assert process.stderr is not None
    first = process.stderr.readline()
    process.send_signal(signal.SIGINT)
    again = threading.Timer(0.1, process.send_signal, (signal.SIGINT,))
    again.start()
    out, err = process.communicate(timeout=50)
    again.cancel()
    return process.returncode, out, first + err


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")
def test_interrupted_half_way_it_prints_the_best_so_far() -> None:
    status, out, err = _interrupted("--sampler", "anneal", "--proposer", "none", "--out", os.devnull)

    assert status == 0, err
    assert "interrupted" in out.splitlines()[1] + out.splitlines()[2]
    assert "best plan" in out
    assert "Traceback" not in err


def test_the_document_of_an_interrupted_run_says_so() -> None:
    """In this process: the signal arrives in the waiting main thread, as it does from a terminal."""
    import qopt
    from qopt.cli.output import strict_json
    from qopt.engine.solve import result_document

    sent = threading.Event()

    def at_first_incumbent(event: dict[str, object]) -> None:
        if event["kind"] == "incumbent" and not sent.is_set():
            sent.set()
            os.kill(os.getpid(), signal.SIGINT)

    result = qopt.solve(VANS, budget=30.0, seed=1, sampler="anneal", proposer="none", progress=at_first_incumbent)
    document = json.loads(strict_json(result_document(result)))

    assert document["stopped_by"] == "interrupt"
    assert document["solutions"][0]["feasible"]
    assert document["record"]["reproducible"] is False
