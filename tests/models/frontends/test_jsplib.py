"""JSPLIB files: the layout, what is no job shop, errors with line and column."""

from pathlib import Path

import pytest

from qopt.core.errors import ModelError, UnsupportedModelError
from qopt.models.families.shop import PLUGIN as FAMILY
from qopt.models.frontends.jsplib import PLUGIN

INSTANCES = Path(__file__).resolve().parents[3].parent / "shared" / "instances"
ANY = Path("file.txt")
TEXT = "2 3\n0 4  1 5\t2 6\n 2 7 0 8 1 0 \n"


def test_the_layout() -> None:
    instance = PLUGIN.read(TEXT)
    assert instance.names == ((0, 0, 0), (0, 1, 1), (0, 2, 2), (1, 0, 2), (1, 1, 0), (1, 2, 1))
    assert instance.form.duration.tolist() == [4, 5, 6, 7, 8, 0]
    assert [machine.id for machine in instance.machines] == [0, 1, 2]
    assert PLUGIN.accepts(ANY, TEXT) and PLUGIN.members(TEXT) == ["1 (2 jobs, 3 machines)"]


def test_remarks_blank_lines_and_line_ends() -> None:
    text = "# two jobs\n\n+2 3 # J M\r\n0 4  1 5\t2 6\r\n#\n\n 2 7 0 8 1 0"
    assert PLUGIN.read(text) == PLUGIN.read(TEXT)


def test_the_name_is_the_files(tmp_path: Path) -> None:
    path = tmp_path / "ft99.txt"
    path.write_text(TEXT)
    assert PLUGIN.read(path).name == "ft99"


def test_what_is_written_reads_back(tmp_path: Path) -> None:
    instance = FAMILY.generate(4, seed=1)
    PLUGIN.write(instance, tmp_path / "a.txt")
    assert PLUGIN.read(tmp_path / "a.txt").model_copy(update={"name": instance.name}) == instance
    with pytest.raises(UnsupportedModelError, match="visit every machine once"):
        PLUGIN.write(FAMILY.example(), tmp_path / "b.txt")


@pytest.mark.parametrize(
    ("text", "line", "column", "rule", "suggestion"),
    [
        ("", 1, 1, "a job shop is needed", ""),
        ("# nothing\n", 1, 1, "a job shop is needed", ""),
        ("2\n0 4\n", 1, 1, "the first line holds", ""),
        ("2 3 1.5\n0 4 1 5 2 6\n2 7 0 8 1 0\n", 1, 1, "the first line holds", "flexible job shop"),
        ("0 3\n", 1, 1, "the number of jobs must be a whole number of at least 1", ""),
        ("2 three\n", 1, 3, "the number of machines must be a whole number", ""),
        ("2 3\n0 4 1 5 2 6\n", 2, 1, "2 jobs are announced, the file ends after 1", ""),
        (TEXT + "0 1 1 1 2 1\n", 4, 1, "2 jobs are announced, here is one line more", ""),
        ("2 3\n0 4 1 5 2\n2 7 0 8 1 0\n", 2, 9, "job 0 needs 3 pairs of machine and duration, 6 numbers", ""),
        ("2 3\n0 4 1 5 2 6\n2 7 0 8 1 0 2 1\n", 3, 11, "job 1 needs 3 pairs", ""),
        ("2 3\n0 4 1 5 3 6\n2 7 0 8 1 0\n", 2, 9, "numbered from 0 to 2", "numbers from 1"),
        ("2 3\n0 4 1 5 9 6\n2 7 0 8 1 0\n", 2, 9, "numbered from 0 to 2", ""),
        ("2 3\n0 4 1 5 2 -6\n2 7 0 8 1 0\n", 2, 11, "a duration must be a whole number of at least 0", ""),
        ("2 3\n0 4 1 5 2 6.5\n2 7 0 8 1 0\n", 2, 11, "a duration must be a whole number of at least 0", ""),
        ("2 3\n0 4 1 5 2 ten\n2 7 0 8 1 0\n", 2, 11, "a duration must be a whole number of at least 0", ""),
        ("2 3\n-1 4 1 5 2 6\n2 7 0 8 1 0\n", 2, 1, "a machine must be a whole number of at least 0", ""),
        ("2 3\n0 4 1 5 1 6\n2 7 0 8 1 0\n", 2, 9, "job 0 visits machine 1 twice", "YAML"),
        ("1 1\n0 9999999999999999999\n", 2, 3, "a duration must be a whole number", ""),
        ("1 1\n0 99999999999999999\n", 2, 1, "all durations together may be at most", ""),
    ],
)
def test_faults_have_a_place(text, line, column, rule, suggestion, tmp_path: Path) -> None:
    assert not PLUGIN.accepts(ANY, text)
    with pytest.raises(ModelError) as caught:
        PLUGIN.read(text)
    (issue,) = caught.value.issues
    assert (issue.place.line, issue.place.column) == (line, column)
    assert rule in issue.rule and suggestion in issue.suggestion
    if text.strip():
        path = tmp_path / "broken.txt"
        path.write_text(text)
        with pytest.raises(ModelError, match=r"broken\.txt"):
            PLUGIN.read(path)


def test_only_job_shops_are_accepted() -> None:
    """Of all the published files of every kind, exactly the job shops."""
    if not INSTANCES.exists():
        pytest.skip(f"{INSTANCES} is not there")
    files = [p for p in INSTANCES.rglob("*") if p.is_file() and p.stat().st_size < 2_000_000]
    accepted = set()
    for path in files:
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        if PLUGIN.accepts(path, text):
            accepted.add(path)
    assert accepted == set((INSTANCES / "jobshop").glob("*.txt")) and len(accepted) >= 10
    ft06 = PLUGIN.read(INSTANCES / "jobshop" / "ft06.txt")
    assert (ft06.form.jobs, ft06.form.machines, int(ft06.form.duration.sum())) == (6, 6, 197)
