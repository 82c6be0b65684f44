"""qiskit-optimization: ``QuadraticProgramToQubo`` with its own rule, 1 + range of the objective."""

from importlib.metadata import version

from peer_common import serve
from qiskit_optimization import QuadraticProgram
from qiskit_optimization.converters import QuadraticProgramToQubo


def automatic(model):
    program = QuadraticProgram()
    names = [f"x{c}" for c in range(model["n"])]
    for name in names:
        program.binary_var(name)
    (program.maximize if model["maximize"] else program.minimize)(linear=dict(zip(names, model["linear"])))
    for columns, values, sense, side in model["rows"]:
        program.linear_constraint({names[c]: v for c, v in zip(columns, values)}, sense, side)
    qubo = QuadraticProgramToQubo().convert(program)

    def finish():
        objective = qubo.objective
        terms = {(i, i): v for i, v in objective.linear.to_dict().items()}
        for (i, j), v in objective.quadratic.to_dict().items():
            terms[i, j] = terms.get((i, j), 0) + v
        place = {v.name: k for k, v in enumerate(qubo.variables)}
        return (qubo.get_num_vars(), terms, objective.constant), [place[name] for name in names]

    return finish


if __name__ == "__main__":
    serve({"qiskit-optimization": version("qiskit-optimization")}, {"qiskit": automatic})
