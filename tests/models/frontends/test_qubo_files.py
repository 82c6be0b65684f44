"""Files of QUBOs, Ising models and cuts: their conventions, every way round, and the known values of the libraries."""

from __future__ import annotations

import io
import json
from pathlib import Path

import dimod
import numpy as np
import pytest

import qopt
from qopt.core.compiled import Compiled
from qopt.core.errors import ModelError, UnsupportedModelError
from qopt.core.hashing import problem_hash, structure_hash
from qopt.core.names import Labels, NameTable
from qopt.core.polynomial import Polynomial, polynomial_of
from qopt.core.problem import Columns, Kind, Problem, Sense
from qopt.core.rows import Rows
from qopt.models.detect import read
from qopt.models.exchange import write, writer_of
from qopt.models.subject import Subject
from qopt.testing.brute import all_bits

QUBO = Path(__file__).resolve().parents[3].parent / "shared" / "instances" / "qubo"
here = pytest.mark.skipif(not QUBO.is_dir(), reason="the shared benchmark instances are not here")
FORMATS = {"qubo": "qubo", "coo": "coo", "qs": "qs", "dimod_file": "bqm", "ising": "ising", "problem": "qopt"}


def random_polynomial(rng, n):
    """Numbers with all of a double's digits, some zero."""
    row, col = np.triu_indices(n, 1)
    value = rng.normal(size=len(row)) * (rng.random(len(row)) < 0.5)
    linear = rng.normal(size=n) * (rng.random(n) < 0.7)
    return Polynomial.from_pairs(linear, row, col, value, offset=float(rng.normal()))


def energies(problem, bits):
    """Objectives at bits, spins s = 2 b - 1, small is good."""
    spin = problem.columns.kind == Kind.SPIN
    return problem.sense.sign * problem.objectives(np.where(spin, 2 * bits - 1, bits))[:, 0]


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_keeps_the_energy_of_every_answer(name, tmp_path):
    """Offset included; of compiled QUBOs, and of plain problems whose direction is turned."""
    rng = np.random.default_rng(11)
    bits = all_bits(6)
    for k in range(8):
        made = Compiled.of_polynomial(random_polynomial(rng, 6))
        path = tmp_path / f"{k}.{FORMATS[name]}"
        assert write(made, path) == name
        again = read(path)
        assert energies(again, bits) == pytest.approx(made.energies(bits), abs=1e-12)
        if name != "ising":
            assert structure_hash(again) == structure_hash(made.problem)
        upwards = Problem.build(made.problem.columns, made.polynomial, sense=Sense.MAXIMIZE)
        write(upwards, path)
        assert energies(read(path), bits) == pytest.approx(-made.energies(bits), abs=1e-12)


@pytest.mark.parametrize("suffix", ("coo", "bqm", "ising"))
def test_squares_of_spins_are_one_and_of_bits_themselves(suffix, tmp_path):
    """Whatever a problem calls them, a file of pairs has none."""
    bits = all_bits(2)
    for kind, lower in ((Kind.SPIN, -1.0), (Kind.BINARY, 0.0)):
        columns = Columns([kind] * 2, [lower] * 2, [1.0] * 2, NameTable.numbered("x", 2))
        problem = Problem.build(columns, polynomial_of(2, {(0,): 1.0, (0, 0): 5.0, (1, 1): -2.0, (0, 1): 0.5}))
        write(problem, tmp_path / f"a.{suffix}")
        assert energies(read(tmp_path / f"a.{suffix}"), bits).tolist() == energies(problem, bits).tolist()


def test_biqmac_files_have_no_constant(tmp_path):
    """What the format loses is refused; the rest comes back, halved and doubled."""
    made = Compiled.of_polynomial(polynomial_of(3, {(0,): -1.0, (0, 2): 3.0, (1, 2): 0.1}))
    write(made, tmp_path / "a.sparse")
    assert (tmp_path / "a.sparse").read_text() == "3 3\n1 1 -1\n1 3 1.5\n2 3 0.05\n"
    assert structure_hash(read(tmp_path / "a.sparse")) == structure_hash(made.problem)
    shifted = Compiled.of_polynomial(polynomial_of(1, {(): 2.0}))
    with pytest.raises(UnsupportedModelError, match="cannot hold a constant, got 2"):
        write(shifted, tmp_path / "b.sparse")


def test_conventions_of_the_text_formats(tmp_path):
    """Numbering from 0 or 1, pairs that count once or twice, and who minimises."""
    texts = {
        "a.qubo": "p qubo 0 3 1 1\n1 1 5\n1 2 7\n",
        "a.coo": "# bits 3\n1 1 5\n1 2 7\n",
        "a.qs": "# ObjectiveOffset 0\n3 2\n2 2 5\n2 3 3.5\n",
        "a.sparse": "3 2\n2 2 5\n2 3 3.5\n",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
        problem = read(tmp_path / name)
        assert problem.sense is Sense.MINIMIZE
        assert problem.objectives([0, 1, 1])[0, 0] == 12 and problem.objectives([1, 1, 0])[0, 0] == 5
        assert read(tmp_path / name, sense="max").sense is Sense.MAXIMIZE
        with pytest.raises(ModelError, match="sense must be min or max"):
            read(tmp_path / name, sense="up")
    (tmp_path / "g.txt").write_text("3 2\n1 2 5\n2 3 -3\n")
    cut = read(tmp_path / "g.txt")
    assert cut.sense is Sense.MAXIMIZE
    assert [cut.objectives(x)[0, 0] for x in ([0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1])] == [0, 5, 2, -3]


def test_a_cut_can_be_written_from_a_file_of_pairs(tmp_path):
    """If it is one: every linear term must balance its products."""
    (tmp_path / "g.txt").write_text("4 3\n1 2 5\n2 3 -3.5\n1 4 2\n")
    cut = read(tmp_path / "g.txt")
    write(cut, tmp_path / "g.qubo")
    pairs = read(tmp_path / "g.qubo")
    write(pairs, tmp_path / "h.txt", to="gset")
    assert structure_hash(read(tmp_path / "h.txt")) == structure_hash(cut)
    broken = polynomial_of(2, {(0,): -1.0, (1,): -2.0, (0, 1): 2.0})
    with pytest.raises(UnsupportedModelError, match="the linear term of variable 1"):
        write(Compiled.of_polynomial(broken), tmp_path / "i.txt", to="gset")


def test_dimod_reads_our_files_and_we_read_its_files(tmp_path):
    """COO, binary and JSON; labels are the names."""
    from dimod.serialization import coo

    bqm = dimod.BinaryQuadraticModel({"a": 1.5, "b": -1, "c": 0}, {"ab": 2, "bc": -0.25}, 0.5, "SPIN")
    (tmp_path / "a.bqm").write_bytes(stored(bqm))
    (tmp_path / "a.json").write_text(json.dumps(bqm.to_serializable()))
    problem = read(tmp_path / "a.bqm")
    assert list(problem.columns.names) == ["a", "b", "c"] and problem.name == "a"
    assert problem_hash(read(tmp_path / "a.json")) == problem_hash(problem)
    for name in ("b.bqm", "b.json"):
        write(problem, tmp_path / name, to="bqm")
        assert problem_hash(read(tmp_path / name)) == problem_hash(problem)
    assert dimod.BinaryQuadraticModel.from_file(io.BytesIO((tmp_path / "b.bqm").read_bytes())) == bqm
    numbered = bqm.relabel_variables({"a": 0, "b": 1, "c": 2}, inplace=False)
    (tmp_path / "c.txt").write_text(coo.dumps(numbered, vartype_header=True))
    assert structure_hash(read(tmp_path / "c.txt")) == structure_hash(Problem.build(problem.columns, shifted(problem)))
    write(read(tmp_path / "c.txt"), tmp_path / "c.coo")
    again = coo.loads((tmp_path / "c.coo").read_text())
    assert again.linear == {0: 1.5, 1: -1, 2: 0} and again.vartype is dimod.SPIN


def stored(model):
    with model.to_file() as file:
        return file.read()


def shifted(problem):
    """The objective without its constant, which dimod's COO text leaves out."""
    p = problem.objective
    return Polynomial(p.linear, p.row, p.col, p.value)


def test_constrained_and_discrete_models_of_dimod(tmp_path):
    """As the door for models in memory takes them."""
    from qopt.models.frontends.dimod import PLUGIN as door

    model = dimod.ConstrainedQuadraticModel()
    x, i = dimod.Binary("x"), dimod.Integer("i", upper_bound=7)
    model.set_objective(x * i - 2 * i)
    model.add_constraint(x + i <= 3, label="cap")
    (tmp_path / "m.cqm").write_bytes(stored(model))
    assert problem_hash(read(tmp_path / "m.cqm")) == problem_hash(door.read(model))
    cases = dimod.DiscreteQuadraticModel()
    cases.add_variable(3, "v")
    cases.set_linear("v", [1, 2, -1])
    (tmp_path / "m.dqm").write_bytes(stored(cases))
    assert problem_hash(read(tmp_path / "m.dqm")) == problem_hash(door.read(cases))


@pytest.mark.parametrize(
    "data", [b"DIMODBQM\1", b"DIMODBQM\2\0\xff\xff\xff\x7fjunk", b"DIMODCQM\2\0\1\0\0\0{}", b"DIMODDQM12345678"]
)
def test_broken_files_of_dimod_are_refused_at_the_file(data, tmp_path):
    """Whatever dimod raises."""
    path = tmp_path / "broken.bqm"
    path.write_bytes(data)
    with pytest.raises(ModelError) as caught:
        read(path)
    assert caught.value.issues[0].place.file == str(path)


def test_what_no_file_of_pairs_holds_is_refused_by_name(tmp_path):
    """Constraints, other variables, levels, products of three."""
    x = Columns.binaries(NameTable.numbered("x", 3))
    rule = Rows([0, 1], [0], [1.0], [0.0], [0.5], NameTable((Labels("rule"),)))
    cases = {
        "1 constraint": Problem.build(x, rows=rule),
        r"integer variable x\[0\]": Problem.build(Columns([2, 0], [0, 0], [9, 1], NameTable.numbered("x", 2))),
        "degree 3": Problem.build(x, polynomial_of(3, {(0, 1, 2): 1.0})),
    }
    for words, problem in cases.items():
        with pytest.raises(UnsupportedModelError, match=words):
            write(problem, tmp_path / "a.qubo")
    spins = Problem.build(Columns([1], [-1], [1], NameTable.numbered("s", 1)))
    with pytest.raises(UnsupportedModelError, match=r"spin variable s\[0\]"):
        write(spins, tmp_path / "a.qubo")
    write(spins, tmp_path / "a.coo")


def test_the_suffix_names_the_format_or_the_user_does(tmp_path):
    """Several formats, none, and one that is only read."""
    assert writer_of(None, Path("a.lp"))[0] == "lp" and writer_of("bqm", Path("a"))[0] == "dimod_file"
    with pytest.raises(ModelError, match="several formats have this suffix"):
        writer_of(None, tmp_path / "a.txt")
    with pytest.raises(ModelError, match="no format has this suffix"):
        writer_of(None, tmp_path / "a.zip")
    with pytest.raises(ModelError, match="only read"):
        writer_of("orlib_gap", tmp_path / "a.txt")
    with pytest.raises(UnsupportedModelError, match="assignment instance, got a problem"):
        write(Subject(problem=Problem.build(Columns.binaries(NameTable()))), tmp_path / "a", to="qaplib")


@here
@pytest.mark.parametrize(
    ("file", "best", "options"),
    [
        ("beasley/bqp50_1.qubo", 2098, {"sense": "max"}),
        ("beasley/bqp100_1.qubo", 7970, {"sense": "max"}),
        ("gka/gka10b.sparse", -154, {}),
        ("qplib/QPLIB_5881.qplib", 25305, {}),
        ("qoblib/mis_C125-9.qs.xz", -34, {}),
        ("qoblib/ms_03_050_002.qs.xz", 0, {}),
        ("mqlib_hard/g000762.txt", 7919449, {}),
    ],
)
def test_known_values_are_reached_and_not_passed(file, best, options):
    """A wrong doubling, direction or constant would miss them."""
    compiled = qopt.compile(qopt.load(QUBO / file, **options), guarantee="none", presolve=False)
    limit = qopt.Budget(work=10_000_000, seconds=30)
    batch = qopt.sample(compiled, sampler="anneal", budget=limit, seed=1)
    values, _ = compiled.decode(batch.bits[:1])
    assert compiled.problem.objectives(values)[0, 0] == best


@here
def test_large_files_are_read_as_arrays():
    """The largest of each kind, whole."""
    cut = read(QUBO / "gset" / "G81.txt")
    assert (cut.n, len(cut.objective.value)) == (20_000, 40_000)
    dense = read(QUBO / "gka" / "gka5f.sparse")
    assert (dense.n, len(dense.objective.value)) == (500, 123_521)
    labs = read(QUBO / "qoblib" / "labs060.qs.xz")
    assert (labs.n, len(labs.objective.value)) == (1830, 133_200)
    assert labs.objective.offset == 70210
