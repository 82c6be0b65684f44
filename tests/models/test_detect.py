"""Detection: exactly one reader must accept the whole file."""

from __future__ import annotations

import bz2
import dataclasses
import gzip
import lzma
from pathlib import Path

import pytest

from qopt.core import registry
from qopt.core.errors import ModelError, UnknownPluginError
from qopt.models import detect as module
from qopt.models.detect import detect, read

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "instances"
QAP = "2\n0 3\n3 0\n0 4\n4 0\n"


@dataclasses.dataclass(frozen=True)
class Fake:
    """A reader that accepts what begins with its word."""

    word: str
    suffixes: tuple[str, ...] = (".fake",)
    latin1: bool = False
    objects: bool = False

    def accepts(self, path, text):
        return text.startswith(self.word)

    def members(self, text):
        return ("only",)

    def read(self, source, *, base_dir=None, member=None, colour="red"):
        if not source.read_bytes().startswith(self.word.encode()):
            raise ModelError(f"it does not begin with {self.word}")
        return (self.word, base_dir, member, colour)


@pytest.fixture
def fakes(monkeypatch):
    """Only these readers exist: a, an (a longer a), old (Latin-1) and door (objects)."""
    known = {
        "a": Fake("a"),
        "an": Fake("an", (".an",)),
        "old": Fake("old", (".old",), latin1=True),
        "door": Fake("", objects=True),
    }
    monkeypatch.setattr(module.registry, "names", lambda kind: tuple(known))
    monkeypatch.setattr(module.registry, "load", lambda kind, name: known[name])
    return known


def refusals(call, *arguments, **options):
    with pytest.raises(ModelError) as caught:
        call(*arguments, **options)
    return caught.value.issues


def write(folder, name, data):
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def test_the_one_reader_that_accepts_reads(fakes, tmp_path):
    """It is handed the path, its folder, the member as given and the options."""
    path = write(tmp_path, "x.txt", "a rest")
    assert detect(path) == ("a", fakes["a"], "a rest")
    assert read(path) == ("a", tmp_path, None, "red")
    assert read(str(path), member=1, colour="blue") == ("a", tmp_path, "1", "blue")
    assert read(path, colour=None) == ("a", tmp_path, None, "red")


def test_several_readers_are_named(fakes, tmp_path):
    """The user decides; no order of readers does."""
    path = write(tmp_path, "x.txt", "an apple")
    (issue,) = refusals(detect, path)
    assert issue.rule == "several formats fit this file: a, an"
    assert issue.suggestion == "choose one: --format a"
    assert detect(path, format="an")[0] == "an"
    assert read(path, format="an")[0] == "an"


def test_no_reader_gives_the_objection_of_the_one_that_the_suffix_points_to(fakes, tmp_path):
    """A single reader of that suffix speaks for itself."""
    (issue,) = refusals(detect, write(tmp_path, "x.an", "b"))
    assert issue.rule == "it does not begin with an"


def test_no_reader_and_no_suffix_lists_the_formats(fakes, tmp_path):
    """Doors for objects are no formats of files."""
    (issue,) = refusals(detect, write(tmp_path, "x.zzz", "b"))
    assert issue.rule == "no format fits this file; there are: a, an, old"
    assert "--format NAME" in issue.suggestion


def test_several_readers_of_a_suffix_each_say_why_not(fakes, tmp_path):
    """One sentence per reader that the suffix points to."""
    fakes["an"] = Fake("an")
    issues = refusals(detect, write(tmp_path, "x.fake", "b"))
    assert [issue.rule for issue in issues[1:]] == [
        "not a: it does not begin with a",
        "not an: it does not begin with an",
    ]


def test_latin1_is_kept_for_formats_that_allow_it(fakes, tmp_path):
    """Others are not asked; if none wants the file, the bad byte is what is wrong."""
    assert detect(write(tmp_path, "x.txt", b"old caf\xe9"))[::2] == ("old", "old café")
    (issue,) = refusals(detect, write(tmp_path, "x.txt", b"a caf\xe9"))
    assert issue.rule == "the file is not UTF-8" and issue.value == "byte 0xe9 at byte 5"
    (issue,) = refusals(detect, write(tmp_path, "x.txt", b"a caf\xe9"), format="a")
    assert issue.rule == "the file is not UTF-8"
    assert detect(write(tmp_path, "x.txt", b"caf\xe9"), format="old")[0] == "old"


def test_unknown_options_members_and_formats_are_refused(fakes, tmp_path):
    """By name, with what there is."""
    path = write(tmp_path, "x.txt", "a")
    (issue,) = refusals(read, path, size=3)
    assert issue.rule == "format a has no such option; it has: colour" and issue.value == "--size"
    (issue,) = refusals(read, path, member="2")
    assert issue.rule == "member must be a number from 1 to 1: only"
    (issue,) = refusals(read, path, format="door")
    assert "objects in memory" in issue.rule


def test_unknown_format_lists_the_known():
    """The registry's own error."""
    with pytest.raises(UnknownPluginError, match="qaplib"):
        detect("x.txt", format="qaplab")


@pytest.mark.parametrize("data", [b"", b" \n", b"\0\1\2"])
def test_what_is_no_text_is_refused_at_the_file(data, tmp_path):
    """Before any reader is asked."""
    path = write(tmp_path, "x.txt", data)
    (issue,) = refusals(read, path)
    assert issue.place.file == str(path)


def test_errors_of_members_name_the_file(tmp_path):
    """A forced format that cannot even count its problems."""
    path = write(tmp_path, "x.txt", QAP + "9 9 9")
    (issue,) = refusals(read, path, format="orlib_gap")
    assert issue.place.file == str(path) and issue.place.line > 0


def test_a_file_of_two_formats_is_read_only_as_asked(tmp_path):
    """Nine numbers: GAP with 2 agents and 1 item, or a knapsack with 2 items in 1 dimension."""
    path = write(tmp_path, "x.txt", "1\n2 1 7\n1 2 3\n4 5\n")
    (issue,) = refusals(read, path)
    assert issue.rule == "several formats fit this file: orlib_gap, orlib_knapsack"
    assert read(path, format="orlib_gap").capacity == (4, 5)
    assert read(path, format="orlib_knapsack").capacity == (5,)


def test_a_suffix_decides_between_readers_that_accept(fakes, tmp_path):
    """When one of them alone claims it; else the user decides."""
    assert detect(write(tmp_path, "x.an", "an apple"))[0] == "an"
    fakes["a"] = Fake("a", (".an", ".fake"))
    (issue,) = refusals(detect, write(tmp_path, "x.an", "an apple"))
    assert issue.rule == "several formats fit this file: a, an"


def test_a_matrix_and_a_graph_are_told_apart_by_loops_and_suffix(tmp_path):
    """The same numbers mean a quadratic form to be minimised or a cut to be maximised."""
    graph, matrix = "3 2\n1 2 1\n1 3 1\n", "3 2\n1 1 1\n1 3 1\n"
    assert detect(write(tmp_path, "x.txt", graph))[0] == "gset"
    assert detect(write(tmp_path, "x.sparse", graph))[0] == "biqmac"
    assert detect(write(tmp_path, "x.txt", matrix))[0] == "biqmac"
    assert detect(write(tmp_path, "x.qs", matrix))[0] == "qs"
    assert detect(write(tmp_path, "x", graph))[0] == "gset"
    assert detect(write(tmp_path, "x.txt", "# ObjectiveOffset 1\n" + matrix))[0] == "qs"
    assert detect(write(tmp_path, "x.txt", "# bits 4\n" + graph[4:]))[0] == "coo"


@pytest.mark.parametrize("suffix", [".gz", ".xz", ".bz2"])
def test_packed_files_are_unpacked(suffix, tmp_path):
    """The suffix before the packer's counts for detection; a broken archive is refused."""
    pack = {".gz": gzip.compress, ".xz": lzma.compress, ".bz2": bz2.compress}[suffix]
    path = write(tmp_path, f"x.sparse{suffix}", pack(b"2 1\n1 2 3\n"))
    assert detect(path)[::2] == ("biqmac", "2 1\n1 2 3\n")
    assert read(path).name == "x"
    whole = pack(b"2 1\n1 2 3\n" * 100)
    (issue,) = refusals(detect, write(tmp_path, f"y.sparse{suffix}", whole[: len(whole) // 2]))
    assert issue.rule == "the packed file is broken"


EXPECTED = {
    "tsp": "tsplib",
    "cvrp": "cvrplib",
    "jobshop": "jsplib",
    "qap": "qaplib",
    "gap": "orlib_gap",
    "knapsack": "orlib_knapsack",
    "binpacking": "orlib_binpack",
}
OTHERS = ("dwave3d_", "sprint")
"""Beginnings of the names of shared files that no reader takes."""

EXPECTED_QUBO = {
    "gset": "gset",
    "mqlib_hard": "gset",
    "gka": "biqmac",
    "beasley": "qubo",
    "qoblib": "qs",
    "qplib": "qplib",
    "qap": "qaplib",
    "tsp": "tsplib",
}


def shared_files():
    return sorted(p for p in SHARED.rglob("*") if p.is_file()) if SHARED.is_dir() else []


def expected_format(path):
    if path.suffix in (".sol", ".csv") or path.name.startswith(OTHERS):
        return None
    if path.parent.parent == SHARED / "qubo":
        return EXPECTED_QUBO.get(path.parent.name)
    return EXPECTED.get(path.parent.name) if path.parent.parent == SHARED else None


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared benchmark instances are not here")
@pytest.mark.parametrize("name", sorted({*EXPECTED.values(), *EXPECTED_QUBO.values()}))
def test_every_shared_file_of_a_format_is_detected(name):
    """By exactly one reader, the right one."""
    if name not in registry.names("formats"):
        pytest.skip(f"there is no reader {name}")
    files = [path for path in shared_files() if expected_format(path) == name]
    assert files
    assert {path.name: detect(path)[0] for path in files} == dict.fromkeys((p.name for p in files), name)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared benchmark instances are not here")
def test_shared_files_of_other_formats_are_refused():
    """With a sentence, not by the wrong reader."""
    files = [path for path in shared_files() if path.name.startswith(OTHERS)]
    assert files
    for path in files:
        issues = refusals(detect, path)
        assert issues[0].place.file == str(path)
