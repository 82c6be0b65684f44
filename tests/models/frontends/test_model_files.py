"""LP, MPS, QPLIB and JSON files: the same model through every door, and as HiGHS reads it."""

from __future__ import annotations

import time

import highspy
import numpy as np
import pytest
from model_cases import random_model

from qopt.core import registry
from qopt.core.errors import ModelError, UnsupportedModelError
from qopt.core.hashing import problem_hash, structure_hash
from qopt.core.names import Labels, NameTable
from qopt.core.polynomial import polynomial_of
from qopt.core.problem import Columns, Kind, Level, Part, Problem
from qopt.core.rows import Indicators, PolynomialRow, Rows
from qopt.core.watch import Watch
from qopt.milp.solve import solve
from qopt.models.detect import detect, read

DOORS = ("lp", "mps", "qplib", "problem")


def through(problem, door, folder, **options):
    """The problem written and read again by one format."""
    path = folder / f"model.{'qopt' if door == 'problem' else door}"
    registry.load("formats", door).write(problem, path)
    assert detect(path)[0] == door
    return read(path, **options)


def optimum(problem):
    found = solve(problem, watch=Watch(clock=time.perf_counter, deadline=time.perf_counter() + 20))
    return found.status, float(found.objectives[0][0]) if found.objectives else None


def as_lp(folder, text):
    path = folder / "written.lp"
    path.write_text(text, encoding="utf-8")
    return read(path)


def as_mps(folder, text, **options):
    path = folder / "written.mps"
    path.write_text(text, encoding="utf-8")
    return read(path, **options)


@pytest.mark.parametrize("door", DOORS)
def test_every_door_keeps_the_structure(door, tmp_path):
    """To the last bit of every number; and the names where the format can hold them."""
    for seed in range(60):
        problem = random_model(seed, conditions=door != "qplib" and seed % 3 == 0, domain=np.inf)
        again = through(problem, door, tmp_path)
        assert structure_hash(again) == structure_hash(problem), seed
        if door != "lp":
            assert problem_hash(again) == problem_hash(problem), seed


def test_doors_one_after_another(tmp_path):
    """LP to MPS to QPLIB to JSON and back to LP: still the same, and the file is the same text."""
    for seed in range(10):
        problem = through(random_model(seed), "lp", tmp_path)
        text = (tmp_path / "model.lp").read_text()
        for door in ("mps", "qplib", "problem", "lp"):
            again = through(problem, door, tmp_path)
            assert problem_hash(again) == problem_hash(problem)
        assert (tmp_path / "model.lp").read_text().splitlines()[1:] == text.splitlines()[1:]


@pytest.mark.parametrize("door", ("lp", "mps", "qplib"))
def test_the_optimum_is_the_same_through_every_door(door, tmp_path):
    """By HiGHS, on linear models and on products of binaries."""
    solved = 0
    for seed in range(12):
        problem = random_model(seed, curved=False)
        status, value = optimum(problem)
        again = optimum(through(problem, door, tmp_path))
        assert again[0] == status
        if value is not None:
            assert again[1] == pytest.approx(value, abs=1e-7)
            solved += status == "optimal"
    assert solved >= 4


def highs_reads(path):
    """What HiGHS itself finds in a file: columns, rows, optimum."""
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    assert highs.readModel(str(path)) == highspy.HighsStatus.kOk
    model = highs.getLp()
    highs.run()
    info = highs.getInfo()
    feasible = info.primal_solution_status == highspy.kSolutionStatusFeasible
    return model, info.objective_function_value if feasible else None


def one_sided(problem):
    """The problem with rows of one side or of two equal ones: HiGHS's reader of LP files does not know ranges."""
    rows = problem.rows
    lower = np.where((rows.lower != rows.upper) & np.isfinite(rows.upper), -np.inf, rows.lower)
    flat = Rows(rows.indptr, rows.index, rows.value, lower, rows.upper, rows.names)
    return Problem(problem.columns, problem.levels, flat, problem.groups, sense=problem.sense, name=problem.name)


@pytest.mark.parametrize("door", ("lp", "mps"))
def test_highs_reads_what_is_written(door, tmp_path):
    """An independent reader finds the same columns, rows, bounds and optimum."""
    for seed in range(25):
        problem = random_model(seed, curved=False)
        problem = one_sided(problem) if door == "lp" else problem
        path = tmp_path / f"model.{door}"
        registry.load("formats", door).write(problem, path)
        model, value = highs_reads(path)
        assert list(model.col_lower_) == problem.columns.lower.tolist()
        assert list(model.col_upper_) == problem.columns.upper.tolist()
        assert model.num_row_ == len(problem.rows) + len(problem.groups)
        assert list(model.row_lower_)[: len(problem.rows)] == problem.rows.lower.tolist()
        assert np.array(model.row_upper_)[: len(problem.rows)] == pytest.approx(problem.rows.upper, abs=1e-12)
        status, expected = optimum(problem)
        if status == "optimal":
            assert value == pytest.approx(expected, abs=1e-6)


def test_we_read_what_highs_writes(tmp_path):
    """Its own LP and MPS files, of a random model with a convex objective."""
    for seed in range(10):
        problem = random_model(seed, curved=False)
        registry.load("formats", "mps").write(problem, tmp_path / "ours.mps")
        highs = highspy.Highs()
        highs.setOptionValue("output_flag", False)
        highs.readModel(str(tmp_path / "ours.mps"))
        for suffix in ("mps", "lp"):
            highs.writeModel(str(tmp_path / f"theirs.{suffix}"))
            again = read(tmp_path / f"theirs.{suffix}")
            status, value = optimum(problem)
            assert optimum(again) == (status, pytest.approx(value, abs=1e-6) if value is not None else None)


LP = r"""\ Problem name: tiny
min
 3 x1 + 2x2 - 1.5e1 z + 7 - 2
 + [ x1 ^2 - 4 x1*x2 + 2 x2^2 ]/2
st
 both: x1 + 2
       + x2 >= 4 z
 -2 <= x1 - z <= 8
 6 >= x2
 x1 + x1 = 3
bounds
 x1 <= 1e30
 -4 <= z <= +infinity
 x2 free
 x1 >= 1
integer
 z
end
"""


def test_an_lp_file_says_what_it_says(tmp_path):
    """Every number where a person would look for it."""
    problem = as_lp(tmp_path, LP)
    assert problem.name == "tiny" and list(problem.columns.names) == ["x1", "x2", "z"]
    assert problem.columns.kind.tolist() == [Kind.REAL, Kind.REAL, Kind.INTEGER]
    assert problem.columns.lower.tolist() == [1, -np.inf, -4] and np.isinf(problem.columns.upper).all()
    point = np.array([2.0, -1.0, 3.0])
    assert problem.objectives(point)[0, 0] == 6 - 2 - 45 + 5 + (4 + 8 + 2) / 2
    assert list(problem.rows.names) == ["both", "c2", "c3", "c4"]
    assert problem.rows.activity(point)[0].tolist() == [2 - 1 - 12, -1, -1, 4]
    assert problem.rows.lower.tolist() == [-2, -2, -np.inf, 3]
    assert problem.rows.upper.tolist() == [np.inf, 8, 6, 3]
    assert [problem.rows.names.locate(k)[0].place.line for k in range(4)] == [6, 8, 9, 10]


def test_mps_bounds_and_ranges_of_every_kind(tmp_path):
    """Each type of bound and each sign of a range, as the format defines them."""
    columns = "\n".join(f" {name} OBJ 1" for name in "abcdefgh")
    text = (
        "NAME t\nROWS\n N OBJ\n L l\n G g\n E p\n E m\nCOLUMNS\n"
        f"{columns}\n M1 'MARKER' 'INTORG'\n i OBJ 1 l 1\n j OBJ 1 g 1\n k OBJ 1 p 1 m 1\n M2 'MARKER' 'INTEND'\n"
        "RHS\n l 4 g 5\n p 6 m 7\nRANGES\n l 1 g 2\n p 3 m -3\nBOUNDS\n UP BND a 4\n LO BND b -2\n FX BND c 3\n"
        " FR BND d\n MI BND e\n UP BND e -1\n PL BND f\n BV BND g\n UI BND h 9\n UP BND j 5\n LO BND k 2\nENDATA\n"
    )
    problem = as_mps(tmp_path, text)
    inf = np.inf
    assert problem.columns.lower.tolist() == [0, -2, 3, -inf, -inf, 0, 0, 0, 0, 0, 2]
    assert problem.columns.upper.tolist() == [4, inf, 3, inf, -1, inf, 1, 9, 1, 5, inf]
    whole = [Kind.BINARY, Kind.INTEGER, Kind.BINARY, Kind.INTEGER, Kind.INTEGER]
    assert problem.columns.kind.tolist() == [Kind.REAL] * 6 + whole
    assert problem.rows.lower.tolist() == [3, 5, 6, 4] and problem.rows.upper.tolist() == [4, 7, 9, 7]


FIXED = """NAME          blanks
ROWS
 N  COST
 L  LIM 1
COLUMNS
    X 1       COST               1.5   LIM 1              1.0
    Y         LIM 1              2.0
RHS
    RHS       LIM 1              4.0
BOUNDS
 UP BND       X 1                4.0
ENDATA
"""


def test_the_fixed_layout_of_mps_has_names_with_blanks(tmp_path):
    """Found without being asked for; a free file is never read by columns when that fits no better."""
    problem = as_mps(tmp_path, FIXED)
    assert list(problem.columns.names) == ["X 1", "Y"] and list(problem.rows.names) == ["LIM 1"]
    assert problem.rows.value.tolist() == [1, 2] and problem.columns.upper.tolist() == [4, np.inf]
    with pytest.raises(ModelError, match=r"written\.mps:4:"):
        as_mps(tmp_path, FIXED, layout="free")
    with pytest.raises(ModelError, match="blanks are needed between the fields"):
        as_mps(tmp_path, FIXED.replace("    Y         LIM", "    Y       toLIM"), layout="fixed")


def test_matrices_of_mps_count_as_their_sections_say(tmp_path):
    """QUADOBJ lists one triangle, QMATRIX both, each of x'Qx / 2; QCMATRIX lists both of x'Qx."""
    base = "NAME t\nROWS\n N OBJ\n L r\nCOLUMNS\n x OBJ 1 r 1\n y OBJ 1\nRHS\n r 9\nBOUNDS\n{}ENDATA\n"
    one = as_mps(tmp_path, base.format("QUADOBJ\n x x 3\n y x 5\n"))
    both = as_mps(tmp_path, base.format("QMATRIX\n x x 3\n y x 5\n x y 5\n"))
    row = as_mps(tmp_path, base.format("QCMATRIX r\n x x 3\n y x 5\n x y 5\n"))
    point = np.array([2.0, 10.0])
    assert one.objectives(point)[0, 0] == both.objectives(point)[0, 0] == 12 + 3 * 4 / 2 + 5 * 20
    assert row.polynomial_rows[0].polynomial.evaluate(point)[0] == 2 + 3 * 4 + 2 * 5 * 20


def test_names_that_lp_cannot_hold_stay_apart(tmp_path):
    """Keywords, numbers, blanks, long names, and two that become the same."""
    names = ["free", "st", "3x", "e5", "a b", "a_b", "x[1]", "x(1)", "n" * 400, "n" * 401, "é", "-", "inf"]
    columns = Columns.binaries(NameTable(tuple(Labels(name) for name in names)))
    linear = polynomial_of(len(names), {(k,): float(k + 1) for k in range(len(names))})
    problem = Problem.build(columns, linear)
    assert structure_hash(through(problem, "lp", tmp_path)) == structure_hash(problem)
    assert structure_hash(through(problem, "mps", tmp_path)) == structure_hash(problem)
    assert highs_reads(tmp_path / "model.lp")[0].num_col_ == len(names)


def test_ranges_of_mps_come_back_to_the_last_bit(tmp_path):
    """Although the format stores one side and a width."""
    rng = np.random.default_rng(5)
    ends = np.round(rng.normal(size=(2, 400)) * 10.0 ** rng.integers(-9, 9, (2, 400)), 12)
    low, high = np.append(ends.min(axis=0), -1e19), np.append(ends.max(axis=0), 1e-300)
    rows = Rows(np.arange(402), np.zeros(401, int), np.ones(401), low, high, NameTable.numbered("r", 401))
    real = Columns([Kind.REAL], [-np.inf], [np.inf], NameTable.numbered("x", 1))
    again = through(Problem.build(real, rows=rows), "mps", tmp_path)
    assert again.rows.lower.tolist() == low.tolist() and again.rows.upper.tolist() == high.tolist()


def test_rows_without_terms_and_without_sides(tmp_path):
    """The first stay; the second say nothing and are left out."""
    columns = Columns.binaries(NameTable.numbered("x", 1))
    empty = Rows([0, 0], [], [], [-np.inf], [3.0], NameTable((Labels("empty"),)))
    for door in DOORS:
        problem = Problem.build(columns, rows=empty)
        assert structure_hash(through(problem, door, tmp_path)) == structure_hash(problem)
    registry.load("formats", "lp").write(Problem.build(columns, rows=empty), tmp_path / "empty.lp")
    assert " empty: + 0 x(0) <= 3\n" in (tmp_path / "empty.lp").read_text()
    free = Rows([0, 1], [0], [2.0], [-np.inf], [np.inf], NameTable((Labels("free"),)))
    for door in ("lp", "mps", "qplib"):
        assert len(through(Problem.build(columns, rows=free), door, tmp_path).rows) == 0


def uncarried():
    """Problems that LP and MPS cannot hold, and what is said of each."""
    x, s = Columns.binaries(NameTable.numbered("x", 3)), NameTable((Labels("s"),))
    row = Rows([0, 1], [0], [1.0], [-np.inf], [0.0], NameTable((Labels("gentle"),)), np.array([2.0]))
    two = Rows([0, 1], [0], [1.0], [0.0], [1.0], NameTable((Labels("both"),)))
    zero = polynomial_of(3, {})
    cube = polynomial_of(3, {(0, 1, 2): 1.0})
    yield "spin variables, got s", Problem.build(Columns([Kind.SPIN], [-1], [1], s))
    yield "several levels", Problem(x, tuple(Level((Part(p, zero),)) for p in "ab"))
    yield r"more than two variables, got x\[0\] \* x\[1\] \* x\[2\]", Problem.build(x, cube)
    yield "soft constraints, got gentle", Problem.build(x, rows=row)
    curved = PolynomialRow(polynomial_of(3, {(0, 1): 1.0}), 0.0, 1.0, Labels("bent"), 3.0)
    yield "soft constraints, got bent", Problem.build(x, polynomial_rows=(curved,))
    cubic = PolynomialRow(cube, 0.0, 1.0, Labels("cubic"))
    yield "more than two variables, got cubic", Problem.build(x, polynomial_rows=(cubic,))
    yield "condition.* got both", Problem.build(x, indicators=Indicators([1], [1], two))


@pytest.mark.parametrize("door", ("lp", "mps"))
def test_numbers_that_readers_take_for_infinity_are_refused(door, tmp_path):
    """Finite sides and bounds of 1e20 or more would be lost on the way."""
    names = NameTable((Labels("far"),))
    wide = Problem.build(Columns([Kind.REAL], [0.0], [1e20], names))
    rows = Rows([0, 1], [0], [1.0], [-1e25], [1.0], NameTable((Labels("deep"),)))
    deep = Problem.build(Columns([Kind.REAL], [0.0], [1.0], names), rows=rows)
    for name, problem in (("far", wide), ("deep", deep)):
        with pytest.raises(UnsupportedModelError, match=f"finite bounds .* got {name}"):
            registry.load("formats", door).write(problem, tmp_path / "a")
        assert problem_hash(through(problem, "qplib", tmp_path)) == problem_hash(problem)


@pytest.mark.parametrize("door", ("lp", "mps", "qplib"))
@pytest.mark.parametrize(("words", "problem"), list(uncarried()))
def test_what_a_format_cannot_hold_is_refused_by_name(door, words, problem, tmp_path):
    """And nothing is written."""
    with pytest.raises(UnsupportedModelError, match=words):
        registry.load("formats", door).write(problem, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    again = through(problem, "problem", tmp_path)
    assert problem_hash(again) == problem_hash(problem)


QPLIB = (
    "tiny # name\nQGQ\nmaximize\n3\n2 # rows\n2 # Q\n1 1 3\n2 1 5\n0\n1\n3 7\n4.5\n2 # Q of rows\n2 2 2 3\n2 3 1 4\n"
    "2 # A\n1 1 1\n2 2 -1\n1e30\n-1e30\n1\n1 -5\n10\n1\n1 1e30\n-1e30\n1\n2 0\n9\n1\n2 1\n1\n1\n1 0\n"
    "0\n0\n0\n0\n0\n0\n1\n3 w\n1\n2 round\n"
)


def test_a_qplib_file_says_what_it_says(tmp_path):
    """Entries off the diagonal count whole, those on it half; defaults, infinity and names."""
    (tmp_path / "tiny.qplib").write_text(QPLIB)
    problem = read(tmp_path / "tiny.qplib")
    assert problem.columns.kind.tolist() == [Kind.REAL, Kind.BINARY, Kind.INTEGER]
    assert list(problem.columns.names) == ["x[0]", "x[1]", "w"] and problem.name == "tiny"
    assert problem.columns.lower.tolist() == [-np.inf, 0, -np.inf] and problem.columns.upper.tolist() == [9, 1, 9]
    point = np.array([2.0, 1.0, 10.0])
    assert problem.objectives(point)[0, 0] == 3 * 4 / 2 + 5 * 2 + 70 + 4.5
    assert problem.rows.lower.tolist() == [-5] and problem.rows.upper.tolist() == [np.inf]
    (row,) = problem.polynomial_rows
    assert (row.name, row.lower, row.upper) == ("round", -np.inf, 10)
    assert row.polynomial.evaluate(point)[0] == -1 + 3 / 2 + 4 * 20
